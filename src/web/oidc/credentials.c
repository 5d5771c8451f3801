#include "web/oidc/credentials.h"

enum { BASIC_MAX = 4 * (OIDC_CLIENT_ID_MAX + OIDC_SECRET_MAX) };

str
credentials_bounded(str text, size_t max)
{
	bool good = text.n <= max && !str_has_control(text) && str_utf8_valid(text);

	return good ? text : STR("?");
}

/* The bytes after "Basic ", decoded.  ERR_INVALID: another scheme, or not base64. */
static err
credentials_basic_decode(struct exchange *x, str header, str *ret_text)
{
	str letters = header;
	str scheme = str_cut(&letters, ' ');
	char *bytes = arena_alloc(x->rq->arena, BASIC_MAX);
	size_t n = 0;

	if (bytes == NULL)
		return ERR_MEMORY;
	letters = str_trim(letters);
	for (int padding = 0; padding < 2 && str_ends(letters, STR("=")); padding++)
		letters.n--;
	if (!str_equal_nocase(scheme, STR("Basic")) || letters.n == 0)
		return ERR_INVALID;
	TRY(str_base64(letters, BASIC_MAX, bytes, &n));
	*ret_text = str_bytes(bytes, n);
	return ERR_OK;
}

/* A half that is not form-encoded stays as it is. */
static err
credentials_form_decode(struct exchange *x, str raw, str *ret_text)
{
	char *out = arena_alloc(x->rq->arena, raw.n + 1);
	size_t n = 0;

	*ret_text = raw;
	if (out == NULL)
		return ERR_MEMORY;
	for (size_t at = 0; at < raw.n;)
		if (!str_form_next(raw, &at, &out[n++]))
			return ERR_OK;
	*ret_text = str_bytes(out, n);
	return ERR_OK;
}

/* Some clients without a secret send Basic with an empty one. */
static void
credentials_bound(struct credentials *c)
{
	c->auth = c->client_secret.n > 0 ? OIDC_AUTH_BASIC : OIDC_AUTH_NONE;
	c->client_id = credentials_bounded(c->client_id, OIDC_CLIENT_ID_MAX);
	c->raw_id = credentials_bounded(c->raw_id, OIDC_CLIENT_ID_MAX);
	c->client_secret = credentials_bounded(c->client_secret, OIDC_SECRET_MAX);
	c->raw_secret = credentials_bounded(c->raw_secret, OIDC_SECRET_MAX);
}

static err
credentials_read_basic(struct exchange *x, struct credentials *ret_credentials)
{
	struct credentials c = { .auth = OIDC_AUTH_BASIC };
	str rest = { 0 };

	TRY(credentials_basic_decode(x, request_header(x->rq, "Authorization"), &rest));
	c.raw_id = str_cut(&rest, ':');
	c.raw_secret = rest;
	if (rest.p == NULL || c.raw_id.n == 0)
		return ERR_INVALID;
	TRY(credentials_form_decode(x, c.raw_id, &c.client_id));
	TRY(credentials_form_decode(x, c.raw_secret, &c.client_secret));
	credentials_bound(&c);
	*ret_credentials = c;
	return ERR_OK;
}

static enum oidc_error
credentials_read_body(str id, str secret, struct credentials *ret_credentials)
{
	*ret_credentials = (struct credentials){ .auth = secret.n > 0 ? OIDC_AUTH_POST : OIDC_AUTH_NONE,
						 .client_id = credentials_bounded(id, OIDC_CLIENT_ID_MAX),
						 .client_secret = credentials_bounded(secret, OIDC_SECRET_MAX) };
	return id.n > 0 ? OIDC_OK : OIDC_INVALID_CLIENT;
}

/* The client_id may be in the body too, if it is the same. */
static bool
credentials_agree(const struct credentials *basic, str id)
{
	return id.n == 0 || str_equal(id, basic->client_id) || str_equal(id, basic->raw_id);
}

err
credentials_read(struct exchange *x, str id, str secret, struct credentials *ret_credentials,
		 enum oidc_error *ret_error)
{
	size_t headers = request_header_count(x->rq, "Authorization");
	err e;

	*ret_error = OIDC_INVALID_REQUEST;
	if (headers == 0) {
		*ret_error = credentials_read_body(id, secret, ret_credentials);
		return ERR_OK;
	}
	if (headers > 1 || secret.n > 0)
		return ERR_OK;
	e = credentials_read_basic(x, ret_credentials);
	if (e == ERR_OK)
		*ret_error = credentials_agree(ret_credentials, id) ? OIDC_OK : OIDC_INVALID_REQUEST;
	else if (e == ERR_INVALID || e == ERR_TOO_LONG)
		*ret_error = OIDC_INVALID_CLIENT;
	else
		return e;
	return ERR_OK;
}
