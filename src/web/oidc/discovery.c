/*
 * Discovery: the provider's metadata (OpenID Connect Discovery 1.0 s3, RFC 8414 s2) and its public
 * keys (RFC 7517 s5).  The metadata names only what works.
 */
#include "web/core/ask.h"
#include "web/core/host.h"
#include "web/oidc/api.h"
#include "web/pages/handlers.h"

/* Applications ask again after this time.  A withdrawn key must disappear soon. */
enum { METADATA_MAX_AGE_S = 3600, KEYS_MAX_AGE_S = 300 };

/* --- metadata ----------------------------------------------------------------------------------------------------- */

static const struct {
	const char *name, *path;
} endpoints[] = {
	{ "authorization_endpoint", "/api/oidc/authorization" },
	{ "token_endpoint", "/api/oidc/token" },
	{ "userinfo_endpoint", "/api/oidc/userinfo" },
	{ "introspection_endpoint", "/api/oidc/introspection" },
	{ "revocation_endpoint", "/api/oidc/revocation" },
	{ "end_session_endpoint", "/api/oidc/end-session" },
	{ "jwks_uri", "/jwks.json" },
};

/* The words of a list have a space between. */
static const struct {
	const char *name, *words;
} lists[] = {
	{ "response_types_supported", "code" },
	{ "response_modes_supported", "query fragment form_post" },
	{ "grant_types_supported", "authorization_code refresh_token" },
	{ "scopes_supported", "openid profile email groups offline_access" },
	{ "subject_types_supported", "public" },
	{ "id_token_signing_alg_values_supported", "RS256 ES256 EdDSA" },
	{ "token_endpoint_auth_methods_supported", "client_secret_basic client_secret_post none" },
	{ "introspection_endpoint_auth_methods_supported", "client_secret_basic client_secret_post" },
	{ "revocation_endpoint_auth_methods_supported", "client_secret_basic client_secret_post none" },
	{ "code_challenge_methods_supported", "S256" },
	{ "prompt_values_supported", "none login consent select_account" },
	{ "acr_values_supported", "https://refeds.org/profile/mfa https://refeds.org/profile/sfa phr" },
	{ "claim_types_supported", "normal" },
	{ "claims_supported", "iss sub aud exp iat auth_time amr acr sid at_hash jti nonce "
			      "name preferred_username locale updated_at email email_verified groups" },
	{ "ui_locales_supported", "en fr" },
};

static const struct {
	const char *name;
	bool value;
} flags[] = {
	{ "authorization_response_iss_parameter_supported", true },
	{ "claims_parameter_supported", true },
	{ "request_parameter_supported", false },
	{ "request_uri_parameter_supported", false }, /* without it, the default is true */
};

static void
discovery_put_list(struct buf *out, const char *name, str words)
{
	buf_printf(out, ",\"%s\":[", name);
	for (bool first = true; words.n > 0; first = false) {
		buf_put(out, first ? STR("") : STR(","));
		buf_put_json(out, str_cut(&words, ' '));
	}
	buf_put_byte(out, ']');
}

static void
discovery_put_url(struct buf *out, const struct config *config, const char *name, const char *path)
{
	buf_printf(out, "\"%s\":\"", name);
	host_put_right(config, out);
	buf_printf(out, "%s\"", path);
}

err
discovery_show(struct exchange *x)
{
	struct buf *out = &x->rp->body;

	buf_put_byte(out, '{');
	discovery_put_url(out, x->web->config, "issuer", "");
	for (size_t i = 0; i < COUNT(endpoints); i++) {
		buf_put_byte(out, ',');
		discovery_put_url(out, x->web->config, endpoints[i].name, endpoints[i].path);
	}
	for (size_t i = 0; i < COUNT(lists); i++)
		discovery_put_list(out, lists[i].name, str_of(lists[i].words));
	for (size_t i = 0; i < COUNT(flags); i++)
		buf_printf(out, ",\"%s\":%s", flags[i].name, flags[i].value ? "true" : "false");
	buf_put(out, STR("}\n"));
	return api_reply_cached(x, METADATA_MAX_AGE_S);
}

/* --- keys --------------------------------------------------------------------------------------------------------- */

err
discovery_keys_show(struct exchange *x, struct channel *keeper)
{
	struct oidc_keys_body keys = { 0 };
	enum verdict verdict = VERDICT_REFUSED;

	TRY(exchange_ask(x, keeper, QUESTION_OIDC_KEYS, NULL, &verdict, &keys));
	if (verdict != VERDICT_PASSED)
		return ERR_AWAY;
	buf_put(&x->rp->body, keys.jwks);
	buf_put_byte(&x->rp->body, '\n');
	return api_reply_cached(x, KEYS_MAX_AGE_S);
}
