/*
 * Clients of Authelia: identity_providers.oidc.clients of its configuration file, in versions 4.37 to 4.39.
 * Source: https://www.authelia.com/configuration/identity-providers/openid-connect/clients/
 */
#include "cli/authelia_yaml.h"
#include "cli/import_openid.h"
#include "oidc/redirect.h"

#include <stdarg.h>
#include <stdio.h>

/* One client while its mapping is being read. */
struct client_reading {
	yaml_document_t *document;
	struct arena *arena;
	struct authelia_client *client;
	const char *key; /* of the value that is read */
	bool require_pkce;
	str consent_mode;
	bool consent_kept; /* it has pre_configured_consent_duration */
};

static void authelia_client_leave(struct client_reading *r, const char *format, ...) PRINTF_LIKE(2, 3);

/* Note a value that has no counterpart. */
static void
authelia_client_leave(struct client_reading *r, const char *format, ...)
{
	char *left = r->client->left;
	size_t n = strlen(left), room = sizeof(r->client->left) - n;
	va_list args;
	int used = snprintf(left + n, room, "%s", n > 0 ? ", " : "");

	va_start(args, format);
	if (used >= 0 && (size_t)used < room)
		(void)!vsnprintf(left + n + used, room - (size_t)used, format, args);
	va_end(args);
}

/* --- values: each function returns a sentence about an unusable value, or NULL ------------------------------------ */

static const char *
authelia_client_text(const yaml_node_t *node, str *ret_text)
{
	if (yaml_text_is_null(node))
		return NULL;
	if (!yaml_text_is_text(node))
		return "a value of it is a list, a mapping or tagged where a text belongs";
	*ret_text = yaml_text_scalar(node);
	return NULL;
}

static const char *
authelia_client_id_take(struct client_reading *r, const yaml_node_t *node)
{
	return authelia_client_text(node, &r->client->draft.client_id);
}

static const char *
authelia_client_name_take(struct client_reading *r, const yaml_node_t *node)
{
	return authelia_client_text(node, &r->client->draft.of[CLIENT_NAME]);
}

static const char *
authelia_client_secret_take(struct client_reading *r, const yaml_node_t *node)
{
	return authelia_client_text(node, &r->client->secret);
}

static const char *
authelia_client_policy_take(struct client_reading *r, const yaml_node_t *node)
{
	return authelia_client_text(node, &r->client->policy);
}

static const char *
authelia_client_consent_take(struct client_reading *r, const yaml_node_t *node)
{
	return authelia_client_text(node, &r->consent_mode);
}

static const char *
authelia_client_consent_kept_take(struct client_reading *r, const yaml_node_t *node)
{
	if (yaml_text_is_null(node))
		return NULL;
	r->consent_kept = true;
	authelia_client_leave(r, "pre_configured_consent_duration (a consent is kept until it is withdrawn)");
	return NULL;
}

static const char *
authelia_client_public_take(struct client_reading *r, const yaml_node_t *node)
{
	bool public = false;

	if (!authelia_yaml_bool(node, &public))
		return "its value of public is neither true nor false";
	if (public)
		r->client->draft.of[CLIENT_PUBLIC] = STR("yes");
	return NULL;
}

static const char *
authelia_client_pkce_take(struct client_reading *r, const yaml_node_t *node)
{
	bool required = false;

	if (!authelia_yaml_bool(node, &required))
		return "its value of require_pkce is neither true nor false";
	r->require_pkce = r->require_pkce || required;
	return NULL;
}

static const char *
authelia_client_pkce_method_take(struct client_reading *r, const yaml_node_t *node)
{
	str method = yaml_text_scalar(node);

	r->require_pkce = r->require_pkce || method.n > 0;
	if (method.n > 0 && !str_equal(method, STR("S256")))
		return "it uses PKCE with the method plain, and only S256 is supported";
	return NULL;
}

static const char *
authelia_client_alg_take(struct client_reading *r, const yaml_node_t *node)
{
	str alg = yaml_text_scalar(node);

	if (str_equal(alg, STR("ES256")) || str_equal(alg, STR("EdDSA")))
		r->client->draft.of[CLIENT_ID_TOKEN_ALG] = alg;
	else if (alg.n > 0 && !str_equal(alg, STR("RS256")))
		authelia_client_leave(r, "%s %.*s (ID tokens are signed with RS256)", r->key,
				      STR_ARG(str_utf8_upto(alg, 20)));
	return NULL;
}

static const char *
authelia_client_method_take(struct client_reading *r, const yaml_node_t *node)
{
	str method = yaml_text_scalar(node);

	if (method.n == 0 || str_equal(method, STR("none")))
		return NULL;
	if (!str_equal(method, STR("client_secret_basic")) && !str_equal(method, STR("client_secret_post")))
		return "it authenticates with a signed token (JWT), which is not supported";
	r->client->draft.of[CLIENT_AUTH_METHOD] = method;
	return NULL;
}

/* Call put() with each text of a list, or of a single text. */
static const char *
authelia_client_each(struct client_reading *r, const yaml_node_t *node,
		     void (*put)(struct client_reading *r, str text, struct buf *out), struct buf *out)
{
	if (node->type != YAML_SEQUENCE_NODE) {
		put(r, yaml_text_scalar(node), out);
		return yaml_text_is_text(node) ? NULL : "a value of it is a mapping where a list belongs";
	}
	for (const yaml_node_item_t *item = node->data.sequence.items.start; item < node->data.sequence.items.top;
	     item++) {
		const yaml_node_t *one = yaml_document_get_node(r->document, *item);
		if (!yaml_text_is_text(one))
			return "a list of it has a value that is not a text";
		put(r, yaml_text_scalar(one), out);
	}
	return NULL;
}

static void
authelia_client_put_uri(struct client_reading *r, str uri, struct buf *out)
{
	buf_put(out, uri);
	buf_put_byte(out, '\n');
	r->client->insecure |= redirect_check(uri, false) == REDIRECT_INSECURE;
}

static void
authelia_client_put_scope(struct client_reading *r, str scope, struct buf *out)
{
	if (oidc_scopes_read(scope) == 0) {
		authelia_client_leave(r, "scope %.*s", STR_ARG(str_utf8_upto(scope, 40)));
		return;
	}
	buf_put(out, scope);
	buf_put_byte(out, ' ');
}

/* Name each type that is not supported. */
static void
authelia_client_put_type(struct client_reading *r, str type, struct buf *out)
{
	if (!str_equal(type, STR("code")) && !str_equal(type, STR("authorization_code")) &&
	    !str_equal(type, STR("refresh_token")))
		authelia_client_leave(r, "%s %.*s", r->key, STR_ARG(str_utf8_upto(type, 60)));
}

static const char *
authelia_client_list(struct client_reading *r, const yaml_node_t *node,
		     void (*put)(struct client_reading *r, str text, struct buf *out), str *ret_text)
{
	CLEANUP(buf_wipe) struct buf text = BUF(CLIENT_TEXTS_BYTES);
	const char *wrong = yaml_text_is_null(node) ? NULL : authelia_client_each(r, node, put, &text);

	if (wrong != NULL || text.n == 0)
		return wrong;
	return buf_check(&text) == ERR_OK && arena_copy(r->arena, buf_str(&text), ret_text) == ERR_OK
		   ? NULL
		   : "a list of it is too long";
}

static const char *
authelia_client_uris_take(struct client_reading *r, const yaml_node_t *node)
{
	return authelia_client_list(r, node, authelia_client_put_uri, &r->client->draft.of[CLIENT_REDIRECT_URIS]);
}

static const char *
authelia_client_scopes_take(struct client_reading *r, const yaml_node_t *node)
{
	return authelia_client_list(r, node, authelia_client_put_scope, &r->client->draft.of[CLIENT_SCOPES]);
}

static const char *
authelia_client_types_take(struct client_reading *r, const yaml_node_t *node)
{
	str none = { 0 };

	return authelia_client_list(r, node, authelia_client_put_type, &none);
}

static const char *
authelia_client_ignore(struct client_reading *r, const yaml_node_t *node)
{
	return NULL;
}

/* Values that change nothing are not named: empty, false, and the defaults of Authelia. */
static const char *
authelia_client_other_take(struct client_reading *r, const yaml_node_t *node)
{
	static const char *const plain[] = { "none", "explicit", "false", "RS256" };
	str text = yaml_text_scalar(node);

	if (yaml_text_is_null(node) || (node->type == YAML_SCALAR_NODE && text.n == 0))
		return NULL;
	for (size_t i = 0; i < COUNT(plain); i++)
		if (str_equal(text, str_of(plain[i])))
			return NULL;
	authelia_client_leave(r, "%s", r->key);
	return NULL;
}

/* clang-format off */
static const struct {
	const char *key;
	const char *(*take)(struct client_reading *r, const yaml_node_t *node);
} client_values[] = {
	{ "client_id", authelia_client_id_take },
	{ "id", authelia_client_id_take }, /* until 4.37, as the next two */
	{ "description", authelia_client_name_take },
	{ "secret", authelia_client_secret_take },
	{ "client_name", authelia_client_name_take },
	{ "client_secret", authelia_client_secret_take },
	{ "public", authelia_client_public_take },
	{ "redirect_uris", authelia_client_uris_take },
	{ "scopes", authelia_client_scopes_take },
	{ "grant_types", authelia_client_types_take },
	{ "response_types", authelia_client_types_take },
	{ "response_modes", authelia_client_ignore }, /* all of them are supported */
	{ "authorization_policy", authelia_client_policy_take },
	{ "consent_mode", authelia_client_consent_take },
	{ "pre_configured_consent_duration", authelia_client_consent_kept_take },
	{ "require_pkce", authelia_client_pkce_take },
	{ "pkce_challenge_method", authelia_client_pkce_method_take },
	{ "id_token_signed_response_alg", authelia_client_alg_take },
	{ "token_endpoint_auth_method", authelia_client_method_take },
};
/* clang-format on */

/* --- a client ----------------------------------------------------------------------------------------------------- */

static const char *
authelia_client_value_take(struct client_reading *r, str key, const yaml_node_t *value)
{
	static char name[64];

	str_visible_z(key, name, sizeof(name));
	r->key = name;
	for (size_t i = 0; i < COUNT(client_values); i++)
		if (str_equal(key, str_of(client_values[i].key)))
			return client_values[i].take(r, value);
	return authelia_client_other_take(r, value);
}

static const char *
authelia_client_mapping_take(struct client_reading *r, const yaml_node_t *mapping)
{
	if (mapping->type != YAML_MAPPING_NODE)
		return "it is not a mapping";
	for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top;
	     pair++) {
		const yaml_node_t *key = yaml_document_get_node(r->document, pair->key);
		const char *wrong;
		if (!yaml_text_is_text(key))
			return "one of its keys is not a text";
		wrong = authelia_client_value_take(r, yaml_text_scalar(key),
						   yaml_document_get_node(r->document, pair->value));
		if (wrong != NULL)
			return wrong;
	}
	return r->client->draft.client_id.n == 0 ? "it has no client_id" : NULL;
}

/* "explicit" asks at each sign-in, and is what "auto" means without a duration. */
static const char *
authelia_client_consent(const struct client_reading *r)
{
	if (str_equal(r->consent_mode, STR("implicit")))
		return "never";
	if (str_equal(r->consent_mode, STR("pre-configured")))
		return "once";
	return r->consent_kept && !str_equal(r->consent_mode, STR("explicit")) ? "once" : "always";
}

static void
authelia_client_finish(struct client_reading *r)
{
	struct client_draft *draft = &r->client->draft;
	bool public = draft->of[CLIENT_PUBLIC].n > 0;

	draft->of[CLIENT_CONSENT] = str_of(authelia_client_consent(r));
	draft->of[CLIENT_PKCE] = r->require_pkce || public ? STR("required") : STR("optional");
	if (r->client->insecure)
		draft->of[CLIENT_INSECURE_REDIRECT] = STR("yes");
}

static err
authelia_client_read(yaml_document_t *document, const yaml_node_t *node, bool require_pkce, struct arena *arena,
		     authelia_client_take take, void *context)
{
	struct authelia_client client = { .line = yaml_text_line(node) };
	struct client_reading r = {
		.document = document, .arena = arena, .client = &client, .require_pkce = require_pkce
	};

	client.refused = authelia_client_mapping_take(&r, node);
	authelia_client_finish(&r);
	return take(context, &client);
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

static err
authelia_clients_walk(const char *path, yaml_document_t *document, struct arena *arena, authelia_client_take take,
		      void *context, struct why *why)
{
	const yaml_node_t *root = yaml_document_get_root_node(document);
	const yaml_node_t *oidc =
	    authelia_yaml_value(document, authelia_yaml_value(document, root, "identity_providers"), "oidc");
	const yaml_node_t *clients = authelia_yaml_value(document, oidc, "clients");
	str enforce = yaml_text_scalar(authelia_yaml_value(document, oidc, "enforce_pkce"));

	if (clients == NULL || clients->type != YAML_SEQUENCE_NODE)
		return why_set(why, ERR_INVALID, "%s has no list `clients` in `identity_providers`, `oidc`.", path);
	for (const yaml_node_item_t *item = clients->data.sequence.items.start; item < clients->data.sequence.items.top;
	     item++)
		TRY(authelia_client_read(document, yaml_document_get_node(document, *item),
					 str_equal(enforce, STR("always")), arena, take, context));
	return ERR_OK;
}

err
authelia_clients_read(const char *path, str text, struct arena *arena, authelia_client_take take, void *context,
		      struct why *why)
{
	CLEANUP(yaml_text_wipe) struct yaml_text yaml = { .loaded = false };

	TRY(yaml_text_load(str_of(path), text, &yaml, why));
	return authelia_clients_walk(path, &yaml.document, arena, take, context, why);
}
