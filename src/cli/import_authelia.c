/*
 * Authelia's file of users (YAML, read by libyaml), and two exports.  `authelia storage user totp export uri` prints
 * one otpauth URI on each line; its account is the user's name.  `authelia storage user webauthn export` writes a file
 * of passkeys.  Values are read as Go's yaml.v3 reads them; anything else is refused.
 *
 *	users:
 *	  anna:
 *	    disabled: false
 *	    displayname: "Anna"
 *	    password: "$argon2id$v=19$m=65536,t=3,p=4$..."
 *	    email: anna@example.org
 *	    groups: [admins, staff]
 */
#include "cli/import.h"

#include "base/buf.h"
#include "base/secret.h"
#include "cli/authelia_totp.h"
#include "cli/authelia_webauthn.h"
#include "cli/authelia_yaml.h"
#include "access/access_file.h"

#include <stdio.h>

enum { KEYS_MAX = 64, GROUPS_ROOM = 4096 };

/* The user whose mapping is being read. */
struct reading {
	struct import_location *location;
	yaml_document_t *document;
	struct import_row *row;
	struct buf groups;
};

static const yaml_node_t *
import_authelia_node_at(const struct reading *r, int index)
{
	return yaml_document_get_node(r->document, index);
}

/* --- values: each function returns a sentence about an unusable value, or NULL ------------------------------------ */

static const char *
import_authelia_text_take(const yaml_node_t *node, str *ret_text)
{
	if (yaml_text_is_null(node))
		return NULL;
	if (!yaml_text_is_text(node))
		return "a value of it is a list, a mapping or tagged where a text belongs";
	*ret_text = yaml_text_scalar(node);
	return NULL;
}

static const char *
import_authelia_display_name_take(struct reading *r, const yaml_node_t *node)
{
	return import_authelia_text_take(node, &r->row->display_name);
}

static const char *
import_authelia_password_take(struct reading *r, const yaml_node_t *node)
{
	return import_authelia_text_take(node, &r->row->password_hash);
}

static const char *
import_authelia_email_take(struct reading *r, const yaml_node_t *node)
{
	return import_authelia_text_take(node, &r->row->email);
}

static const char *
import_authelia_disabled_take(struct reading *r, const yaml_node_t *node)
{
	return authelia_yaml_bool(node, &r->row->disabled) ? NULL : "its value of disabled is neither true nor false";
}

static const char *
import_authelia_group_take(struct reading *r, const yaml_node_t *node)
{
	if (!yaml_text_is_text(node) || !access_group_good(yaml_text_scalar(node)))
		return "the name of a group must have 1 to 40 characters of a-z 0-9 . _ -";
	buf_put(&r->groups, r->groups.n > 0 ? STR(",") : STR(""));
	buf_put(&r->groups, yaml_text_scalar(node));
	return NULL;
}

static const char *
import_authelia_groups_take(struct reading *r, const yaml_node_t *node)
{
	if (yaml_text_is_null(node))
		return NULL;
	if (node->type != YAML_SEQUENCE_NODE)
		return "its groups are not a list";
	for (const yaml_node_item_t *item = node->data.sequence.items.start; item < node->data.sequence.items.top;
	     item++) {
		const char *wrong = import_authelia_group_take(r, import_authelia_node_at(r, *item));
		if (wrong != NULL)
			return wrong;
	}
	if (buf_check(&r->groups) != ERR_OK)
		return "it has more groups than an account may have";
	r->row->groups = buf_str(&r->groups);
	return NULL;
}

static const struct {
	const char *key;
	const char *(*take)(struct reading *r, const yaml_node_t *node);
} values[] = {
	{ "displayname", import_authelia_display_name_take },
	{ "password", import_authelia_password_take },
	{ "email", import_authelia_email_take },
	{ "groups", import_authelia_groups_take },
	{ "disabled", import_authelia_disabled_take },
};

/* --- a user ------------------------------------------------------------------------------------------------------- */

/* A key of Authelia's without a counterpart is named once for the whole file. */
static void
import_authelia_key_leave_behind(struct import_location *location, str key)
{
	str named = str_of(location->left_behind);
	size_t n = named.n;

	for (str rest = named; rest.n > 0;)
		if (str_equal(str_trim(str_cut(&rest, ',')), key))
			return;
	for (size_t i = 0; i < key.n; i++)
		if (key.p[i] <= ' ' || key.p[i] >= 0x7f)
			return;
	if (n + key.n + 3 < sizeof(location->left_behind))
		snprintf(location->left_behind + n, sizeof(location->left_behind) - n, "%s%.*s", n > 0 ? ", " : "",
			 STR_ARG(key));
}

static bool
import_authelia_seen_before(const struct reading *r, const yaml_node_t *mapping, const yaml_node_pair_t *pair)
{
	str key = yaml_text_scalar(import_authelia_node_at(r, pair->key));

	for (const yaml_node_pair_t *other = mapping->data.mapping.pairs.start; other < pair; other++)
		if (str_equal(yaml_text_scalar(import_authelia_node_at(r, other->key)), key))
			return true;
	return false;
}

static const char *
import_authelia_pair_take(struct reading *r, const yaml_node_t *mapping, const yaml_node_pair_t *pair)
{
	const yaml_node_t *key = import_authelia_node_at(r, pair->key);

	if (!yaml_text_is_text(key))
		return "one of its keys is not a text";
	if (str_equal(yaml_text_scalar(key), STR("<<")))
		return "it has a merge key (<<), which is not supported: write the values themselves";
	if (import_authelia_seen_before(r, mapping, pair))
		return "one of its keys occurs twice";
	for (size_t i = 0; i < COUNT(values); i++)
		if (str_equal(yaml_text_scalar(key), str_of(values[i].key)))
			return values[i].take(r, import_authelia_node_at(r, pair->value));
	import_authelia_key_leave_behind(r->location, yaml_text_scalar(key));
	return NULL;
}

static const char *
import_authelia_mapping_take(struct reading *r, const yaml_node_t *mapping)
{
	const yaml_node_pair_t *pair;

	if (yaml_text_is_null(mapping))
		return NULL;
	if (mapping->type != YAML_MAPPING_NODE)
		return "the value below its name is not a mapping";
	if (mapping->data.mapping.pairs.top - mapping->data.mapping.pairs.start > KEYS_MAX)
		return "it has more than 64 keys";
	for (pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top; pair++) {
		const char *wrong = import_authelia_pair_take(r, mapping, pair);
		if (wrong != NULL)
			return wrong;
	}
	return NULL;
}

/* Authenticators and passkeys, which the file of users does not have. */
struct exports {
	struct authelia_totp totp;
	struct authelia_webauthn webauthn;
};

static void
import_authelia_exports_wipe(struct exports *exports)
{
	authelia_totp_wipe(&exports->totp);
	authelia_webauthn_wipe(&exports->webauthn);
}

static err
import_authelia_user_read(struct import_location *location, yaml_document_t *document, const yaml_node_pair_t *pair,
			  struct exports *exports, import_take take, void *context)
{
	struct import_row row = { .name = yaml_text_scalar(yaml_document_get_node(document, pair->key)) };
	struct reading r = { .location = location, .document = document, .row = &row, .groups = BUF(GROUPS_ROOM) };
	const yaml_node_t *key = import_authelia_node_at(&r, pair->key);
	char where[32];
	err e;

	snprintf(where, sizeof(where), "line %u", yaml_text_line(key));
	row.where = str_of(where);
	row.refused = yaml_text_is_text(key)
			  ? import_authelia_mapping_take(&r, import_authelia_node_at(&r, pair->value))
			  : "its name is not a text";
	authelia_totp_find(&exports->totp, &row);
	authelia_webauthn_find(&exports->webauthn, &row);
	e = take(context, &row);
	buf_wipe(&r.groups);
	return e;
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

static err
import_authelia_file_wrong(const struct import_location *location, const yaml_node_t *node, struct why *why,
			   const char *sentence)
{
	return why_set(why, ERR_INVALID, "%s, line %u: %s.", location->location, yaml_text_line(node), sentence);
}

/* The mapping under `users:`; not NULL on ERR_OK. */
static err
import_authelia_users_find(const struct import_location *location, yaml_document_t *document, struct why *why,
			   const yaml_node_t **ret_users)
{
	const yaml_node_t *root = yaml_document_get_root_node(document);
	const yaml_node_pair_t *pair;

	*ret_users = NULL;
	if (root == NULL || root->type != YAML_MAPPING_NODE)
		return why_set(why, ERR_INVALID, "%s has no `users:` with a mapping of users.", location->location);
	for (pair = root->data.mapping.pairs.start; pair < root->data.mapping.pairs.top; pair++) {
		const yaml_node_t *key = yaml_document_get_node(document, pair->key);
		if (!str_equal(yaml_text_scalar(key), STR("users")))
			continue;
		if (*ret_users != NULL)
			return import_authelia_file_wrong(location, key, why, "`users` occurs twice");
		*ret_users = yaml_document_get_node(document, pair->value);
	}
	if (*ret_users == NULL || (*ret_users)->type != YAML_MAPPING_NODE)
		return why_set(why, ERR_INVALID, "%s has no `users:` with a mapping of users.", location->location);
	return ERR_OK;
}

static err
import_authelia_users_read(struct import_location *location, yaml_document_t *document, struct exports *exports,
			   import_take take, void *context, struct why *why)
{
	const yaml_node_t *users = NULL;
	const yaml_node_pair_t *pair;

	TRY(import_authelia_users_find(location, document, why, &users));
	if (users == NULL)
		return ERR_INVALID;
	for (pair = users->data.mapping.pairs.start; pair < users->data.mapping.pairs.top; pair++)
		TRY(import_authelia_user_read(location, document, pair, exports, take, context));
	TRY(authelia_totp_strays(&exports->totp, take, context));
	return authelia_webauthn_strays(&exports->webauthn, take, context);
}

static err
import_authelia_exports_read(struct import_location *location, struct exports *exports, struct why *why)
{
	if (location->totp != NULL) {
		TRY(import_file(location->totp, location->arena, why, &location->uris));
		TRY(authelia_totp_read(location, &exports->totp, why));
	}
	return location->webauthn == NULL ? ERR_OK : authelia_webauthn_read(location, &exports->webauthn, why);
}

err
import_authelia(void *source, import_take take, void *context, struct why *why)
{
	CLEANUP(yaml_text_wipe) struct yaml_text yaml = { .loaded = false };
	CLEANUP(import_authelia_exports_wipe) struct exports exports = { .totp = { .n = 0 } };
	struct import_location *location = source;

	TRY(import_file(location->location, location->arena, why, &location->text));
	TRY(yaml_text_load(str_of(location->location), location->text, &yaml, why));
	TRY(import_authelia_exports_read(location, &exports, why));
	return import_authelia_users_read(location, &yaml.document, &exports, take, context, why);
}
