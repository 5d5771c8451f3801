#include "web/core/client_request.h"

#include "web/core/apps.h"
#include "web/core/ask.h"
#include "web/core/cookies.h"
#include "web/core/language.h"

enum { ADDRESS_MAX = sizeof(AUTHORIZATION_PATH) + OIDC_PARAMETERS_MAX + sizeof("&seal=") + OIDC_SEAL_MAX };

_Static_assert((int)ADDRESS_MAX <= (int)RETURN_TO_MAX_BYTES, "the keeper stores each request with its seal");

bool
client_request_is(str next)
{
	return str_starts(next, STR(AUTHORIZATION_PATH "?"));
}

/* --- the parameters ----------------------------------------------------------------------------------------------- */

/* Bytes that a browser or this server reads differently in an address: they are the same percent-encoded. */
static bool
client_request_byte_fits(char byte)
{
	unsigned char c = (unsigned char)byte;

	return c > ' ' && c < 0x7f && c != '"' && c != '#' && c != '<' && c != '>' && c != '\\';
}

static void
client_request_put_parameter(struct buf *out, str parameter)
{
	if (out->n > 0)
		buf_put_byte(out, '&');
	for (size_t i = 0; i < parameter.n; i++) {
		if (client_request_byte_fits(parameter.p[i]))
			buf_put_byte(out, parameter.p[i]);
		else
			buf_put_percent(out, str_bytes(parameter.p + i, 1));
	}
}

err
client_request_read(str text, struct arena *arena, struct client_request *ret_request)
{
	CLEANUP(buf_wipe) struct buf parameters = BUF(OIDC_PARAMETERS_MAX);
	struct client_request request = { .posted = false };

	while (text.n > 0) {
		str parameter = str_cut(&text, '&'), value = parameter, name = str_cut(&value, '=');
		if (str_equal(name, STR("seal"))) {
			request.seal = value;
			request.posted = true;
		} else if (parameter.n > 0 && !str_equal(name, STR("recovery"))) {
			client_request_put_parameter(&parameters, parameter);
		}
	}
	TRY(buf_check(&parameters));
	if (request.seal.n > OIDC_SEAL_MAX)
		return ERR_TOO_LONG;
	TRY(arena_copy(arena, buf_str(&parameters), &request.parameters));
	*ret_request = request;
	return ERR_OK;
}

void
client_request_put(const struct client_request *request, struct buf *out)
{
	buf_put(out, STR(AUTHORIZATION_PATH "?"));
	buf_put(out, request->parameters);
	if (!request->posted)
		return;
	buf_put(out, STR("&seal="));
	buf_put(out, request->seal);
}

err
client_request_return_to(struct arena *arena, const struct client_request *request, str *ret_address)
{
	CLEANUP(buf_wipe) struct buf address = BUF(ADDRESS_MAX);
	struct client_request posted = *request;

	posted.posted = true;
	client_request_put(&posted, &address);
	TRY(buf_check(&address));
	return arena_copy(arena, buf_str(&address), ret_address);
}

/* --- the application ---------------------------------------------------------------------------------------------- */

/* "wiki.example.org" of https://wiki.example.org/callback; the scheme of a URI without a host. */
static str
client_request_host(str uri)
{
	str rest = uri, scheme = str_cut(&rest, ':'), path, host;

	if (!str_starts(rest, STR("//")))
		return scheme;
	path = str_from(rest, 2);
	host = str_cut(&path, '/');
	host = str_cut(&host, '?');
	return host.n > 0 ? host : scheme;
}

void
exchange_client(struct exchange *x, str name, str redirect_uri)
{
	x->client =
	    (struct page_continue){ .name = name, .host = client_request_host(redirect_uri), .seal = app_seal(name) };
}

void
exchange_client_language(struct exchange *x, uint32_t language)
{
	enum config_language chosen;

	if (language != PREFERRED_BROWSER && !language_of(exchange_cookie(x, COOKIE_LANGUAGE), &chosen))
		x->language = language == PREFERRED_FR ? LANGUAGE_FR : LANGUAGE_EN;
}

err
exchange_client_ask(struct exchange *x, struct channel *keeper)
{
	struct client_request request = { .posted = false };
	struct oidc_request_body body;
	struct oidc_step_body step = { 0 };
	enum verdict verdict = VERDICT_REFUSED;

	if (!client_request_is(x->next) ||
	    client_request_read(str_from(x->next, sizeof(AUTHORIZATION_PATH)), x->rq->arena, &request) != ERR_OK)
		return ERR_OK;
	body = (struct oidc_request_body){ request.parameters, request.seal };
	TRY(exchange_ask(x, keeper, QUESTION_OIDC_CHECK, &body, &verdict, &step));
	if (verdict != VERDICT_PASSED || step.outcome == OIDC_PAGE)
		return ERR_OK;
	exchange_client_language(x, step.language);
	exchange_client(x, step.name, step.redirect_uri);
	return ERR_OK;
}
