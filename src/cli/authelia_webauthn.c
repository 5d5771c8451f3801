#include "cli/authelia_webauthn.h"

#include "base/buf.h"
#include "base/mem.h"
#include "ipc/terms.h"

#include <stdio.h>
#include <stdlib.h>

/* VALUES_MAX: decoded values are shorter than their text, and each has up to 48 bytes of the arena's own. */
enum { PASSKEYS_MAX = 200000, VALUES_MAX = IMPORT_FILE_MAX + PASSKEYS_MAX * 3 * 48, BYTES_MAX = 1024, UUID_BYTES = 16 };

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
	bool exhausted; /* no memory: the sentence does not count */
};

/* A key of the export, and the member of struct import_passkey that takes its value. */
struct value {
	const char *key;
	const char *(*take)(struct taking *t, const struct value *value);
	size_t offset;
	size_t max;        /* bytes */
	const char *wrong; /* the sentence */
};

static void *
authelia_webauthn_member(const struct taking *t, const struct value *value)
{
	return (char *)t->passkey + value->offset;
}

static const char *
authelia_webauthn_text_take(struct taking *t, const struct value *value)
{
	str *ret_text = authelia_webauthn_member(t, value);

	if (yaml_text_is_null(t->node))
		return NULL;
	if (!yaml_text_is_text(t->node))
		return value->wrong;
	*ret_text = yaml_text_scalar(t->node);
	return NULL;
}

/* Copy only the bytes that there are: the arena has room for the whole file once. */
static void
authelia_webauthn_keep(struct taking *t, const struct value *value, str bytes)
{
	str *ret_bytes = authelia_webauthn_member(t, value);

	if (arena_copy(&t->webauthn->arena, bytes, ret_bytes) != ERR_OK)
		t->exhausted = true;
}

/* Go writes base64 with padding. */
static const char *
authelia_webauthn_bytes_take(struct taking *t, const struct value *value)
{
	str text = yaml_text_is_text(t->node) ? yaml_text_scalar(t->node) : (str){ 0 };
	char bytes[BYTES_MAX];
	size_t n = 0;

	while (str_ends(text, STR("=")))
		text = str_upto(text, text.n - 1);
	if (str_base64(text, value->max, bytes, &n) != ERR_OK || n == 0)
		return value->wrong;
	authelia_webauthn_keep(t, value, str_bytes(bytes, n));
	return NULL;
}

/* "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx", or nothing */
static const char *
authelia_webauthn_uuid_take(struct taking *t, const struct value *value)
{
	str text = yaml_text_scalar(t->node);
	char bytes[UUID_BYTES];
	size_t n = 0;

	if (yaml_text_is_null(t->node) || (yaml_text_is_text(t->node) && str_empty(text)))
		return NULL;
	if (!yaml_text_is_text(t->node))
		return value->wrong;
	while (text.n > 0 && n < sizeof(bytes)) {
		text = str_from(text, str_starts(text, STR("-")));
		if (!str_hex_pair(str_upto(text, 2), &bytes[n++]))
			return value->wrong;
		text = str_from(text, 2);
	}
	if (text.n > 0 || n < sizeof(bytes))
		return value->wrong;
	authelia_webauthn_keep(t, value, str_bytes(bytes, n));
	return NULL;
}

/* Only a hint for browsers: a list that is too long is dropped, and browsers ask every device. */
static const char *
authelia_webauthn_list_take(struct taking *t, const struct value *value)
{
	CLEANUP(buf_wipe) struct buf list = BUF(value->max);
	yaml_document_t *document = &t->webauthn->yaml.document;

	if (t->node->type != YAML_SEQUENCE_NODE) /* null: none are known */
		return yaml_text_is_null(t->node) ? NULL : value->wrong;
	for (const yaml_node_item_t *item = t->node->data.sequence.items.start; item < t->node->data.sequence.items.top;
	     item++) {
		buf_put(&list, list.n > 0 ? STR(",") : STR(""));
		buf_put(&list, yaml_text_scalar(yaml_document_get_node(document, *item)));
	}
	authelia_webauthn_keep(t, value, buf_check(&list) == ERR_OK ? buf_str(&list) : STR(""));
	return NULL;
}

static const char *
authelia_webauthn_number_take(struct taking *t, const struct value *value)
{
	uint64_t *ret_number = authelia_webauthn_member(t, value);

	return str_number(yaml_text_scalar(t->node), UINT32_MAX, ret_number) == ERR_OK ? NULL : value->wrong;
}

static const char *
authelia_webauthn_flag_take(struct taking *t, const struct value *value)
{
	bool *ret_flag = authelia_webauthn_member(t, value);
	str word = yaml_text_scalar(t->node);

	*ret_flag = str_equal(word, STR("true"));
	return *ret_flag || str_equal(word, STR("false")) ? NULL : value->wrong;
}

/* clang-format off */
#define MEMBER(name) offsetof(struct import_passkey, name)
static const struct value values[] = {
	{ "username",        authelia_webauthn_text_take,   MEMBER(owner), 0, "its username is a list, a mapping or tagged where a text belongs" },
	{ "rpid",            authelia_webauthn_text_take,   MEMBER(rp_id), 0, "its rpid is a list, a mapping or tagged where a text belongs" },
	{ "description",     authelia_webauthn_text_take,   MEMBER(name), 0, "its description is a list, a mapping or tagged where a text belongs" },
	{ "kid",             authelia_webauthn_bytes_take,  MEMBER(credential_id), PASSKEY_ID_MAX, "its kid is not base64, or too long" },
	{ "public_key",      authelia_webauthn_bytes_take,  MEMBER(key), BYTES_MAX, "its public_key is not base64, or too long" },
	{ "aaguid",          authelia_webauthn_uuid_take,   MEMBER(aaguid), 0, "its aaguid is not a UUID" },
	{ "transports",      authelia_webauthn_list_take,   MEMBER(transports), BYTES_MAX, "its transports are not a list" },
	{ "sign_count",      authelia_webauthn_number_take, MEMBER(sign_count), 0, "its sign_count is not a number of 32 bits" },
	{ "backup_eligible", authelia_webauthn_flag_take,   MEMBER(backup_eligible), 0, "its backup_eligible is neither true nor false" },
	{ "backup_state",    authelia_webauthn_flag_take,   MEMBER(backed_up), 0, "its backup_state is neither true nor false" },
	{ "clone_warning",   authelia_webauthn_flag_take,   MEMBER(copied), 0, "its clone_warning is neither true nor false" },
	{ "legacy",          authelia_webauthn_flag_take,   MEMBER(legacy), 0, "its legacy is neither true nor false" },
};
/* clang-format on */

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

/*
 * A key that Authelia took over from U2F has the address of its portal instead of a host, or nothing until it was used.
 * Other keys with `legacy: true` are WebAuthn keys from before Authelia 4.38, which work.
 */
static bool
authelia_webauthn_is_u2f(const struct import_passkey *passkey)
{
	str rest = passkey->rp_id;

	(void)str_cut(&rest, ':');
	return str_starts(rest, STR("//")) || (passkey->legacy && str_empty(passkey->rp_id));
}

static const char *
authelia_webauthn_whole(const struct import_passkey *passkey)
{
	if (authelia_webauthn_is_u2f(passkey))
		return "it is a U2F key from before Authelia 4.34, which browsers use only with the extension appid, "
		       "so its owner has to add the key again";
	if (passkey->credential_id.n == 0 || passkey->key.n == 0 || passkey->rp_id.n == 0)
		return "its kid, public_key or rpid is missing";
	return NULL;
}

/* Go on after a fault: a later value may name the owner. */
static err
authelia_webauthn_mapping_take(struct authelia_webauthn *webauthn, const yaml_node_t *mapping,
			       struct import_passkey *passkey)
{
	struct taking t = { .webauthn = webauthn, .passkey = passkey };
	bool twice = false;

	if (mapping->type != YAML_MAPPING_NODE) {
		passkey->refused = "it is not a mapping";
		return ERR_OK;
	}
	for (size_t i = 0; i < COUNT(values); i++) {
		t.node = authelia_webauthn_value_find(&webauthn->yaml.document, mapping, str_of(values[i].key), &twice);
		const char *wrong = t.node == NULL ? NULL : values[i].take(&t, &values[i]);
		passkey->refused = passkey->refused == NULL ? wrong : passkey->refused;
	}
	if (twice)
		passkey->refused = "one of its keys occurs twice";
	if (passkey->refused == NULL)
		passkey->refused = authelia_webauthn_whole(passkey);
	return t.exhausted ? ERR_MEMORY : ERR_OK;
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

static int
authelia_webauthn_id_compare(const void *x, const void *y)
{
	const struct import_passkey *a = x, *b = y;

	return str_compare(a->credential_id, b->credential_id);
}

static int
authelia_webauthn_owner_compare(const void *x, const void *y)
{
	const struct import_passkey *a = x, *b = y;
	int order = str_compare(a->owner, b->owner);

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
		TRY(authelia_webauthn_mapping_take(webauthn, node, passkey));
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
		if (str_compare(webauthn->at[middle].owner, row->name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	row->passkeys = webauthn->n > 0 ? &webauthn->at[low] : NULL;
	for (; low < webauthn->n && str_compare(webauthn->at[low].owner, row->name) == 0; low++) {
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
