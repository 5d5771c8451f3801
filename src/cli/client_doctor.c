/*
 * `doubletour client doctor URL`: follows the redirect that an application's sign-in begins with, up to this server's
 * authorization endpoint, and compares the request with the registered client.  It does not sign in.
 */
#include "cli/client.h"
#include "cli/json.h"
#include "cli/redirects.h"

#include "config/values.h"
#include "oidc/redirect.h"
#include "oidc/redirect_difference.h"
#include "oidc/request.h"

#define AUTHORIZATION_PATH "/api/oidc/authorization"
enum { TEXT_MAX = 32 * 1024, STATE_COLUMNS = 9, WHAT_COLUMNS = 15 };

enum client_doctor_state { DOCTOR_GOOD = 0, DOCTOR_NOTE, DOCTOR_DIFFERS };

/* One examination. */
struct client_doctor {
	struct client_request *r;
	struct redirects way;
	str endpoint; /* this server's authorization endpoint */
	struct oidc_request request;
	struct oidc_client client;
	size_t differences;
	struct buf text, mend; /* of the next finding */
};

static void
client_doctor_wipe(struct client_doctor *d)
{
	redirects_wipe(&d->way);
	buf_wipe(&d->text);
	buf_wipe(&d->mend);
}

/* --- findings ----------------------------------------------------------------------------------------------------- */

/* Append texts up to NULL to one of the two texts of the next finding. */
#define client_doctor_text(d, ...) client_doctor_put(&(d)->text, (const str[]){ __VA_ARGS__, { NULL, 0 } })
#define client_doctor_mend(d, ...) client_doctor_put(&(d)->mend, (const str[]){ __VA_ARGS__, { NULL, 0 } })

static void
client_doctor_put(struct buf *out, const str *texts)
{
	for (; texts->p != NULL; texts++)
		buf_put(out, *texts);
}

static err
client_doctor_finding_json(struct client_doctor *d, enum client_doctor_state state, const char *what)
{
	static const char *const states[] = { "good", "note", "differs" };
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };

	cli_json_text(&line, "state", str_of(states[state]));
	cli_json_text(&line, "what", str_of(what));
	cli_json_text(&line, "finding", buf_str(&d->text));
	cli_json_text(&line, "command", buf_str(&d->mend));
	return cli_json_put(&line, &d->r->out);
}

static void
client_doctor_finding_line(struct client_doctor *d, enum client_doctor_state state, const char *what)
{
	static const char *const states[] = { "good", "note", "DIFFERS" };
	struct buf *out = &d->r->out;

	cli_column(out, str_of(states[state]), STATE_COLUMNS);
	cli_column(out, str_of(what), WHAT_COLUMNS);
	buf_put_visible(out, buf_str(&d->text));
	buf_put_byte(out, '\n');
	if (d->mend.n == 0)
		return;
	cli_column(out, STR(""), STATE_COLUMNS + WHAT_COLUMNS);
	buf_put_visible(out, buf_str(&d->mend));
	buf_put_byte(out, '\n');
}

/* Print what client_doctor_text and client_doctor_mend have gathered. */
static err
client_doctor_find(struct client_doctor *d, enum client_doctor_state state, const char *what)
{
	err e = ERR_OK;

	TRY(buf_check(&d->text));
	TRY(buf_check(&d->mend));
	d->differences += state == DOCTOR_DIFFERS;
	if (d->r->json)
		e = client_doctor_finding_json(d, state, what);
	else
		client_doctor_finding_line(d, state, what);
	buf_clear(&d->text);
	buf_clear(&d->mend);
	return e == ERR_OK ? buf_check(&d->r->out) : e;
}

/* `doubletour client set CLIENT 'KEY=VALUE'` */
static void
client_doctor_mend_set(struct client_doctor *d, const char *assignment, str value)
{
	bool plain = !str_has_byte(value, '\'');

	if (plain)
		client_doctor_mend(d, STR("doubletour client set "), d->client.client_id, STR(" '"), str_of(assignment),
				   value, STR("'"));
}

/* --- the way ------------------------------------------------------------------------------------------------------ */

static err
client_doctor_way_nowhere(struct client_doctor *d)
{
	client_doctor_text(d, redirects_address(d->way.url));
	buf_printf(&d->text, " answers %d and redirects no further.", d->way.status);
	client_doctor_text(d, STR("  Give the address behind the application's sign-in button.  If a script makes the "
				  "redirect, give the address that the browser reaches on this server."));
	return client_doctor_find(d, DOCTOR_DIFFERS, "redirect");
}

static err
client_doctor_way_host(struct client_doctor *d)
{
	client_doctor_text(d, STR("The application uses "), redirects_address(d->way.url),
			   STR(".  The authorization endpoint is "), d->endpoint,
			   STR(".  Enter the endpoint or the issuer in the application again."));
	return client_doctor_find(d, DOCTOR_DIFFERS, "endpoint");
}

static err
client_doctor_way_ends(struct client_doctor *d)
{
	switch (d->way.end) {
	case REDIRECTS_NONE:
		return client_doctor_way_nowhere(d);
	case REDIRECTS_HOST:
		return client_doctor_way_host(d);
	case REDIRECTS_INSECURE:
		client_doctor_text(
		    d, STR("The way leads to "), redirects_address(d->way.url),
		    STR(", which has no TLS.  It was not followed.  Give the address that the browser reaches on this "
			"server."));
		break;
	case REDIRECTS_SCHEME:
		client_doctor_text(d, STR("The way leads to "), redirects_address(d->way.url),
				   STR(", which is not a web page."));
		break;
	case REDIRECTS_MANY:
		client_doctor_text(d, STR("The application redirects more than 10 times.  The last address was "),
				   redirects_address(d->way.url), STR("."));
		break;
	default:
		client_doctor_text(d, redirects_address(d->way.url), STR(" cannot be reached: "),
				   str_of(d->way.trouble));
	}
	return client_doctor_find(d, DOCTOR_DIFFERS, "redirect");
}

/* --- the client --------------------------------------------------------------------------------------------------- */

static err
client_doctor_client_unknown(struct client_doctor *d)
{
	if (d->request.client_id.n == 0)
		client_doctor_text(d, STR("The request has no client_id.  Enter it in the application."));
	else
		client_doctor_text(
		    d, STR("There is no client "), d->request.client_id,
		    STR(".  Enter the client id of a registered client in the application.  The list of clients:"));
	client_doctor_mend(d, STR("doubletour client list"));
	return client_doctor_find(d, DOCTOR_DIFFERS, "client_id");
}

/* *ret_found false: a finding says so. */
static err
client_doctor_client(struct client_doctor *d, bool *ret_found)
{
	struct why why = { "" };
	struct client_view view;
	err e = d->request.client_id.n == 0
		    ? ERR_NOT_FOUND
		    : client_admin_find(d->r->admin->thread, d->request.client_id, &d->r->arena, &why, &view);

	*ret_found = e == ERR_OK;
	if (e == ERR_NOT_FOUND)
		return client_doctor_client_unknown(d);
	if (e != ERR_OK)
		return why_set(&d->r->admin->why, e, "%s", why.text);
	d->client = view.client;
	client_doctor_text(d, d->client.client_id, STR(" ("), d->client.name, STR(")"));
	if (!d->client.disabled)
		return client_doctor_find(d, DOCTOR_GOOD, "client_id");
	client_doctor_text(d, STR(" is disabled.  To accept its requests again:"));
	client_doctor_mend(d, STR("doubletour client enable "), d->client.client_id);
	return client_doctor_find(d, DOCTOR_DIFFERS, "client_id");
}

/* --- the redirect URI --------------------------------------------------------------------------------------------- */

/* "the scheme and the path" */
static void
client_doctor_put_parts(struct client_doctor *d, unsigned bits)
{
	static const char *const parts[REDIRECT_PART_COUNT] = { "the scheme", "the host", "the port", "the path" };
	bool first = true;

	for (unsigned i = 0; i < REDIRECT_PART_COUNT; i++) {
		if ((bits & 1u << i) == 0)
			continue;
		client_doctor_text(d, first ? STR("") : STR(" and "), str_of(parts[i]));
		first = false;
	}
}

/* The usual reason of a difference: the application does not know its own address. */
static void
client_doctor_put_reason(struct client_doctor *d, unsigned bits)
{
	if ((bits & 1u << REDIRECT_PART_SCHEME) != 0 && str_starts(d->request.redirect_uri, STR("http:")))
		client_doctor_text(
		    d, STR("  The application takes its own address for http: set its public address, or let the "
			   "proxy send X-Forwarded-Proto."));
	else if ((bits & (1u << REDIRECT_PART_HOST | 1u << REDIRECT_PART_PORT)) != 0)
		client_doctor_text(d, STR("  If this is not its address, set the public address in the application."));
}

static err
client_doctor_uri_differs(struct client_doctor *d)
{
	unsigned bits = 0;
	str asked = d->request.redirect_uri, near = redirect_nearest(d->client.redirect_uris, asked, &bits);
	enum redirect_problem problem = redirect_check(asked, d->client.insecure_redirect);

	client_doctor_text(d, STR("The application asks for "), asked, STR(", which is not registered.  "), near,
			   STR(" is.  They differ in "));
	client_doctor_put_parts(d, bits);
	client_doctor_text(d, STR("."));
	client_doctor_put_reason(d, bits);
	if (problem == REDIRECT_GOOD) {
		client_doctor_text(d, STR("  To register it too:"));
		client_doctor_mend_set(d, "redirect_uris+=", asked);
	} else if (problem == REDIRECT_INSECURE) {
		client_doctor_text(d, STR("  In a home network only, this registers it without TLS:"));
		client_doctor_mend_set(d, "insecure_redirect=yes' 'redirect_uris+=", asked);
	} else
		client_doctor_text(d, STR("  It cannot be registered: "), str_of(redirect_problem_text(problem)),
				   STR("."));
	return client_doctor_find(d, DOCTOR_DIFFERS, "redirect_uri");
}

static err
client_doctor_uri(struct client_doctor *d)
{
	if (d->request.redirect_uri.n == 0) {
		client_doctor_text(d, STR("The request has no redirect_uri.  The application must send it."));
		return client_doctor_find(d, DOCTOR_DIFFERS, "redirect_uri");
	}
	if (!redirect_is_registered(d->client.redirect_uris, d->request.redirect_uri))
		return client_doctor_uri_differs(d);
	client_doctor_text(d, d->request.redirect_uri);
	return client_doctor_find(d, DOCTOR_GOOD, "redirect_uri");
}

/* --- scopes ------------------------------------------------------------------------------------------------------- */

static err
client_doctor_scopes_refused(struct client_doctor *d, unsigned refused)
{
	CLEANUP(buf_wipe) struct buf list = BUF(OIDC_SCOPES_MAX), all = BUF(OIDC_SCOPES_MAX);

	oidc_scopes_put(&list, refused);
	oidc_scopes_put(&all, d->client.scopes | refused);
	TRY(buf_check(&list));
	TRY(buf_check(&all));
	client_doctor_text(d, STR("The application asks for "), buf_str(&list),
			   STR(", which this client may not have.  It is left out.  To allow it:"));
	client_doctor_mend_set(d, "scopes=", buf_str(&all));
	return client_doctor_find(d, DOCTOR_DIFFERS, "scope");
}

/* Words that this server does not know as scopes. */
static err
client_doctor_scopes_unknown(struct client_doctor *d)
{
	CLEANUP(buf_wipe) struct buf list = BUF(OIDC_PARAMETERS_MAX);
	str rest = d->request.scope;

	while (rest.n > 0) {
		str word = str_cut(&rest, ' ');
		if (word.n == 0 || oidc_scopes_read(word) != 0)
			continue;
		buf_put_byte(&list, ' ');
		buf_put(&list, word);
	}
	TRY(buf_check(&list));
	if (list.n == 0)
		return ERR_OK;
	client_doctor_text(d, STR("Unknown here, and left out:"), buf_str(&list));
	return client_doctor_find(d, DOCTOR_NOTE, "scope");
}

static err
client_doctor_scopes_unused(struct client_doctor *d, unsigned unused)
{
	CLEANUP(buf_wipe) struct buf list = BUF(OIDC_SCOPES_MAX);

	oidc_scopes_put(&list, unused);
	TRY(buf_check(&list));
	client_doctor_text(d, STR("Allowed, but the application does not ask for it: "), buf_str(&list));
	return client_doctor_find(d, DOCTOR_NOTE, "scope");
}

static err
client_doctor_scopes(struct client_doctor *d)
{
	unsigned asked = oidc_scopes_read(d->request.scope), refused = asked & ~d->client.scopes;

	if ((asked & OIDC_SCOPE_OPENID) == 0) {
		client_doctor_text(d, STR("scope has no openid: \""), d->request.scope,
				   STR("\".  Add openid to the scopes in the application."));
		return client_doctor_find(d, DOCTOR_DIFFERS, "scope");
	}
	if (refused == 0) {
		client_doctor_text(d, d->request.scope);
		TRY(client_doctor_find(d, DOCTOR_GOOD, "scope"));
	} else
		TRY(client_doctor_scopes_refused(d, refused));
	TRY(client_doctor_scopes_unknown(d));
	if ((d->client.scopes & ~asked) != 0)
		return client_doctor_scopes_unused(d, d->client.scopes & ~asked);
	return ERR_OK;
}

/* --- PKCE and the type -------------------------------------------------------------------------------------------- */

static err
client_doctor_pkce_missing(struct client_doctor *d)
{
	if (d->client.pkce_optional && !d->client.public) {
		client_doctor_text(d, STR("The application sends no PKCE, and this client may go without."));
		return client_doctor_find(d, DOCTOR_NOTE, "PKCE");
	}
	if (d->client.public) {
		client_doctor_text(
		    d, STR("The application sends no PKCE, which a public client needs.  Switch PKCE on in the "
			   "application."));
		return client_doctor_find(d, DOCTOR_DIFFERS, "PKCE");
	}
	client_doctor_text(
	    d, STR("The application sends no PKCE.  Switch PKCE (S256) on in the application.  If it has no such "
		   "setting:"));
	client_doctor_mend_set(d, "pkce=optional", STR(""));
	return client_doctor_find(d, DOCTOR_DIFFERS, "PKCE");
}

static err
client_doctor_pkce(struct client_doctor *d)
{
	if (d->request.code_challenge.n == 0)
		return client_doctor_pkce_missing(d);
	if (!str_equal(d->request.code_challenge_method, STR("S256"))) {
		client_doctor_text(d, STR("The application uses the PKCE method "),
				   d->request.code_challenge_method.n > 0 ? d->request.code_challenge_method
									  : STR("plain"),
				   STR(".  Choose S256 in the application."));
		return client_doctor_find(d, DOCTOR_DIFFERS, "PKCE");
	}
	client_doctor_text(d, STR("S256"));
	if (!d->client.pkce_optional)
		return client_doctor_find(d, DOCTOR_GOOD, "PKCE");
	client_doctor_text(d, STR(".  The application sends PKCE, so this client can require it:"));
	client_doctor_mend_set(d, "pkce=required", STR(""));
	return client_doctor_find(d, DOCTOR_NOTE, "PKCE");
}

static err
client_doctor_type(struct client_doctor *d)
{
	if (str_equal(d->request.response_type, STR("code"))) {
		client_doctor_text(d, STR("code"));
		return client_doctor_find(d, DOCTOR_GOOD, "response_type");
	}
	client_doctor_text(d, STR("The application asks for \""), d->request.response_type,
			   STR("\".  Only code is supported: choose the authorization code flow in the application."));
	return client_doctor_find(d, DOCTOR_DIFFERS, "response_type");
}

/* Faults that the comparisons above do not name. */
static err
client_doctor_rest(struct client_doctor *d)
{
	const char *description = "";

	if (d->differences > 0 || oidc_request_check(&d->client, &d->r->arena, &d->request, &description) == OIDC_OK)
		return ERR_OK;
	client_doctor_text(d, STR("This server refuses the request: "), str_of(description));
	return client_doctor_find(d, DOCTOR_DIFFERS, "request");
}

/* --- the examination ---------------------------------------------------------------------------------------------- */

static err
client_doctor_compare(struct client_doctor *d)
{
	enum oidc_problem problem = OIDC_PROBLEM_NONE;
	str parameters = d->way.url;
	bool found = false;

	(void)str_cut(&parameters, '?');
	TRY(oidc_request_read(parameters, &d->r->arena, &d->request, &problem));
	if (problem != OIDC_PROBLEM_NONE) {
		client_doctor_text(d, problem == OIDC_PROBLEM_TWICE
					  ? STR("A parameter of the request occurs twice.")
					  : STR("The parameters of the request are malformed."));
		return client_doctor_find(d, DOCTOR_DIFFERS, "request");
	}
	TRY(client_doctor_client(d, &found));
	if (!found)
		return ERR_OK;
	TRY(client_doctor_uri(d));
	TRY(client_doctor_type(d));
	TRY(client_doctor_scopes(d));
	TRY(client_doctor_pkce(d));
	return client_doctor_rest(d);
}

static void
client_doctor_summary(struct client_doctor *d)
{
	if (d->r->json)
		return;
	if (d->differences == 0)
		buf_put(&d->r->out, STR("Nothing differs.\n"));
	else {
		cli_count(&d->r->out, (int64_t)d->differences, "difference", NULL);
		buf_put(&d->r->out, STR(".\n"));
	}
}

static err
client_doctor_endpoint(struct client_doctor *d)
{
	CLEANUP(buf_wipe) struct buf endpoint = BUF(CONFIG_TEXT_MAX + 64);

	buf_put(&endpoint, str_of(d->r->config->public_origin));
	buf_put(&endpoint, STR(AUTHORIZATION_PATH));
	TRY(buf_check(&endpoint));
	return arena_copy(&d->r->arena, buf_str(&endpoint), &d->endpoint);
}

err
client_doctor(struct client_request *r)
{
	CLEANUP(client_doctor_wipe)
	struct client_doctor d = { .r = r,
				   .way = { .ca = r->ca, .arena = ARENA(1024 * 1024) },
				   .text = BUF(TEXT_MAX),
				   .mend = BUF(TEXT_MAX) };

	TRY(client_doctor_endpoint(&d));
	d.way.stop = d.endpoint;
	TRY(redirects_follow(&d.way, r->client_id, &r->admin->why));
	if (d.way.end == REDIRECTS_STOPPED)
		TRY(client_doctor_compare(&d));
	else
		TRY(client_doctor_way_ends(&d));
	client_doctor_summary(&d);
	r->failed = d.differences > 0;
	return buf_check(&r->out);
}
