#include "cli/authelia_webauthn.h"

#include "base/buf.h"
#include "base/mem.h"
#include "cli/authelia_totp.h"
#include "ipc/terms.h"

#include <stdio.h>
#include <stdlib.h>

enum { PASSKEYS_MAX = 200000, VALUES_MAX = 64 * 1024 * 1024, KEY_MAX = 1024, AAGUID_BYTES = 16 };

void
authelia_webauthn_wipe(struct authelia_webauthn *webauthn)
{
	yaml_text_wipe(&webauthn->yaml);
	arena_wipe(&webauthn->arena);
	mem_free(&webauthn->at);
	mem_free(&webauthn->used);
	webauthn->n = 0;
}

/* --- values of a passkey: each function returns a sentence about an unusable value, or NULL ----------------------- */

struct taking {
	struct authelia_webauthn *webauthn;
	struct import_passkey *passkey;
	const yaml_node_t *node;
};

static const char *
authelia_webauthn_text_take(const struct taking *t, str *ret_text)
{
	if (yaml_text_is_null(t->node))
		return NULL;
	if (!yaml_text_is_text(t->node))
		return "a value of it is a list, a mapping or tagged where a text belongs";
	*ret_text = yaml_text_scalar(t->node);
	return NULL;
}

static const char *
authelia_webauthn_owner_take(const struct taking *t)
{
	return authelia_webauthn_text_take(t, &t->passkey->owner);
}

static const char *
authelia_webauthn_rp_id_take(const struct taking *t)
{
	return authelia_webauthn_text_take(t, &t->passkey->rp_id);
}

static const char *
authelia_webauthn_name_take(const struct taking *t)
{
	return authelia_webauthn_text_take(t, &t->passkey->name);
}

/* Go writes base64 with padding. */
static const char *
authelia_webauthn_bytes_take(const struct taking *t, size_t max, const char *wrong, str *ret_bytes)
{
	str text = { 0 };
	char *bytes = arena_alloc(&t->webauthn->arena, max);
	size_t n = 0;

	if (bytes == NULL || authelia_webauthn_text_take(t, &text) != NULL)
		return wrong;
	while (str_ends(text, STR("=")))
		text = str_upto(text, text.n - 1);
	if (str_base64(text, max, bytes, &n) != ERR_OK || n == 0)
		return wrong;
	*ret_bytes = str_bytes(bytes, n);
	return NULL;
}

static const char *
authelia_webauthn_id_take(const struct taking *t)
{
	return authelia_webauthn_bytes_take(t, PASSKEY_ID_MAX, "its kid is not base64, or too long",
					    &t->passkey->credential_id);
}

static const char *
authelia_webauthn_key_take(const struct taking *t)
{
	return authelia_webauthn_bytes_take(t, KEY_MAX, "its public_key is not base64, or too long", &t->passkey->key);
}

/* "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" */
static const char *
authelia_webauthn_aaguid_take(const struct taking *t)
{
	char *bytes = arena_alloc(&t->webauthn->arena, AAGUID_BYTES);
	size_t n = 0;
	str text = { 0 };

	if (bytes == NULL || authelia_webauthn_text_take(t, &text) != NULL)
		return "its aaguid is not a UUID";
	while (text.n > 0 && n < AAGUID_BYTES) {
		text = str_from(text, str_starts(text, STR("-")));
		if (!str_hex_pair(str_upto(text, 2), &bytes[n++]))
			return "its aaguid is not a UUID";
		text = str_from(text, 2);
	}
	if (text.n > 0 || (n > 0 && n < AAGUID_BYTES))
		return "its aaguid is not a UUID";
	t->passkey->aaguid = str_bytes(bytes, n);
	return NULL;
}

static const char *
authelia_webauthn_transports_take(const struct taking *t)
{
	CLEANUP(buf_wipe) struct buf list = BUF(KEY_MAX);
	yaml_document_t *document = &t->webauthn->yaml.document;

	if (t->node->type != YAML_SEQUENCE_NODE) /* null: none are known */
		return yaml_text_is_null(t->node) ? NULL : "its transports are not a list";
	for (const yaml_node_item_t *item = t->node->data.sequence.items.start; item < t->node->data.sequence.items.top;
	     item++) {
		buf_put(&list, list.n > 0 ? STR(",") : STR(""));
		buf_put(&list, yaml_text_scalar(yaml_document_get_node(document, *item)));
	}
	/* only a hint for browsers: without it they ask every device */
	if (buf_check(&list) != ERR_OK ||
	    arena_copy(&t->webauthn->arena, buf_str(&list), &t->passkey->transports) != ERR_OK)
		t->passkey->transports = STR("");
	return NULL;
}

static const char *
authelia_webauthn_count_take(const struct taking *t)
{
	return str_number(yaml_text_scalar(t->node), UINT32_MAX, &t->passkey->sign_count) == ERR_OK
		   ? NULL
		   : "its sign_count is not a number of 32 bits";
}

static const char *
authelia_webauthn_flag_take(const struct taking *t, bool *ret_flag)
{
	str word = yaml_text_scalar(t->node);

	*ret_flag = str_equal(word, STR("true"));
	return *ret_flag || str_equal(word, STR("false")) ? NULL : "one of its flags is neither true nor false";
}

static const char *
authelia_webauthn_eligible_take(const struct taking *t)
{
	return authelia_webauthn_flag_take(t, &t->passkey->backup_eligible);
}

static const char *
authelia_webauthn_backed_up_take(const struct taking *t)
{
	return authelia_webauthn_flag_take(t, &t->passkey->backed_up);
}

static const struct {
	const char *key;
	const char *(*take)(const struct taking *t);
} values[] = {
	{ "username", authelia_webauthn_owner_take },           { "rpid", authelia_webauthn_rp_id_take },
	{ "description", authelia_webauthn_name_take },         { "kid", authelia_webauthn_id_take },
	{ "public_key", authelia_webauthn_key_take },           { "aaguid", authelia_webauthn_aaguid_take },
	{ "transports", authelia_webauthn_transports_take },    { "sign_count", authelia_webauthn_count_take },
	{ "backup_eligible", authelia_webauthn_eligible_take }, { "backup_state", authelia_webauthn_backed_up_take },
};

/* --- a passkey ---------------------------------------------------------------------------------------------------- */

/* The value of a key; *ret_twice: the key occurs twice. */
static const yaml_node_t *
authelia_webauthn_value_find(yaml_document_t *document, const yaml_node_t *mapping, str key, bool *ret_twice)
{
	const yaml_node_t *found = NULL;

	for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top;
	     pair++) {
		if (!str_equal(yaml_text_scalar(yaml_document_get_node(document, pair->key)), key))
			continue;
		*ret_twice = *ret_twice || found != NULL;
		found = yaml_document_get_node(document, pair->value);
	}
	return found;
}

static const char *
authelia_webauthn_mapping_take(struct authelia_webauthn *webauthn, const yaml_node_t *mapping,
			       struct import_passkey *passkey)
{
	bool twice = false;
	const char *wrong = NULL;

	if (mapping->type != YAML_MAPPING_NODE)
		return "it is not a mapping";
	for (size_t i = 0; i < COUNT(values); i++) {
		const yaml_node_t *node =
		    authelia_webauthn_value_find(&webauthn->yaml.document, mapping, str_of(values[i].key), &twice);
		const struct taking t = { webauthn, passkey, node };
		const char *one = node == NULL ? NULL : values[i].take(&t);
		wrong = wrong == NULL ? one : wrong; /* go on: a later value may name the owner */
	}
	if (twice)
		return "one of its keys occurs twice";
	if (wrong == NULL && (passkey->credential_id.n == 0 || passkey->key.n == 0 || passkey->rp_id.n == 0))
		return "its kid, public_key or rpid is missing";
	return wrong;
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

static int
authelia_webauthn_id_compare(const void *x, const void *y)
{
	str a = ((const struct import_passkey *)x)->credential_id,
	    b = ((const struct import_passkey *)y)->credential_id;

	for (size_t i = 0; i < a.n && i < b.n; i++)
		if (a.p[i] != b.p[i])
			return a.p[i] < b.p[i] ? -1 : 1;
	return (a.n > b.n) - (a.n < b.n);
}

static int
authelia_webauthn_owner_compare(const void *x, const void *y)
{
	const struct import_passkey *a = x, *b = y;
	int order = authelia_account_compare(a->owner, b->owner);

	return order != 0 ? order : (a->line > b->line) - (a->line < b->line);
}

/* Whose is it?  Neither gets it. */
static void
authelia_webauthn_twins_refuse(struct authelia_webauthn *webauthn)
{
	qsort(webauthn->at, webauthn->n, sizeof(*webauthn->at), authelia_webauthn_id_compare);
	for (size_t i = 1; i < webauthn->n; i++)
		if (webauthn->at[i].credential_id.n > 0 &&
		    authelia_webauthn_id_compare(&webauthn->at[i - 1], &webauthn->at[i]) == 0)
			webauthn->at[i - 1].refused = webauthn->at[i].refused =
			    "another passkey of the file has its kid";
}

static const yaml_node_t *
authelia_webauthn_list_find(yaml_document_t *document)
{
	const yaml_node_t *root = yaml_document_get_root_node(document), *list;
	bool twice = false;

	if (root == NULL || root->type != YAML_MAPPING_NODE)
		return NULL;
	list = authelia_webauthn_value_find(document, root, STR("webauthn_credentials"), &twice);
	return list == NULL || twice || list->type != YAML_SEQUENCE_NODE ? NULL : list;
}

static err
authelia_webauthn_list_read(struct authelia_webauthn *webauthn, const yaml_node_t *list)
{
	size_t n = (size_t)(list->data.sequence.items.top - list->data.sequence.items.start);

	webauthn->at = mem_new_array(n + 1, sizeof(*webauthn->at));
	webauthn->used = mem_new_array(n + 1, sizeof(*webauthn->used));
	if (webauthn->at == NULL || webauthn->used == NULL)
		return ERR_MEMORY;
	for (; webauthn->n < n; webauthn->n++) {
		const yaml_node_t *node =
		    yaml_document_get_node(&webauthn->yaml.document, list->data.sequence.items.start[webauthn->n]);
		struct import_passkey *passkey = &webauthn->at[webauthn->n];
		*passkey = (struct import_passkey){ .line = yaml_text_line(node) };
		webauthn->used[webauthn->n] = false;
		passkey->refused = authelia_webauthn_mapping_take(webauthn, node, passkey);
	}
	authelia_webauthn_twins_refuse(webauthn);
	qsort(webauthn->at, webauthn->n, sizeof(*webauthn->at), authelia_webauthn_owner_compare);
	return ERR_OK;
}

err
authelia_webauthn_read(struct import_location *location, struct authelia_webauthn *ret_webauthn, struct why *why)
{
	const yaml_node_t *list;

	ret_webauthn->arena = (struct arena)ARENA(VALUES_MAX);
	TRY(import_file(location->webauthn, location->arena, why, &location->passkeys));
	TRY(yaml_text_load(str_of(location->webauthn), location->passkeys, &ret_webauthn->yaml, why));
	list = authelia_webauthn_list_find(&ret_webauthn->yaml.document);
	if (list == NULL)
		return why_set(
		    why, ERR_INVALID,
		    "%s has no `webauthn_credentials:` with a list.  `authelia storage user webauthn export` "
		    "writes such a file.",
		    location->webauthn);
	if (list->data.sequence.items.top - list->data.sequence.items.start > PASSKEYS_MAX)
		return why_set(why, ERR_TOO_LONG, "%s has more than 200,000 passkeys.", location->webauthn);
	return authelia_webauthn_list_read(ret_webauthn, list);
}

/* --- the owner of a passkey --------------------------------------------------------------------------------------- */

void
authelia_webauthn_find(struct authelia_webauthn *webauthn, struct import_row *row)
{
	size_t low = 0, high = webauthn->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (authelia_account_compare(webauthn->at[middle].owner, row->name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	row->passkeys = webauthn->n > 0 ? &webauthn->at[low] : NULL;
	for (; low < webauthn->n && authelia_account_compare(webauthn->at[low].owner, row->name) == 0; low++) {
		webauthn->used[low] = true;
		row->passkeys_n++;
	}
}

static err
authelia_webauthn_stray_take(const struct import_passkey *passkey, import_take take, void *context)
{
	char where[64];
	struct import_row row = { .stray = true, .name = passkey->owner };

	snprintf(where, sizeof(where), "line %u of the passkeys", passkey->line);
	row.where = str_of(where);
	row.refused = "this passkey belongs to no account in the file";
	return take(context, &row);
}

err
authelia_webauthn_strays(const struct authelia_webauthn *webauthn, import_take take, void *context)
{
	for (size_t i = 0; i < webauthn->n; i++)
		if (!webauthn->used[i])
			TRY(authelia_webauthn_stray_take(&webauthn->at[i], take, context));
	return ERR_OK;
}
