/*
 * Authelia's file of users (YAML, read by libyaml), and what its `authelia storage user totp export uri` prints: an otpauth
 * URI a line, whose account is the user's name.
 *
 *	users:
 *	  anna:
 *	    disabled: false
 *	    displayname: "Anna"
 *	    password: "$argon2id$v=19$m=65536,t=3,p=4$..."
 */
#include "cli/import.h"

#include "base/secret.h"

#include <stdio.h>
#include <yaml.h>

struct user {
	struct import_row row;
	unsigned line;
};

struct file {
	yaml_parser_t parser;
	yaml_document_t document;
	bool loaded;
};

static void
file_close(struct file *file)
{
	if (file->loaded)
		yaml_document_delete(&file->document);
	yaml_parser_delete(&file->parser);
}

static str
scalar(const yaml_node_t *node)
{
	if (node == NULL || node->type != YAML_SCALAR_NODE)
		return (str){ 0 };
	return str_bytes(node->data.scalar.value, node->data.scalar.length);
}

/* The value of a key in a mapping; NULL when it has none. */
static yaml_node_t *
member(yaml_document_t *document, const yaml_node_t *mapping, str key)
{
	if (mapping == NULL || mapping->type != YAML_MAPPING_NODE)
		return NULL;
	for (const yaml_node_pair_t *pair = mapping->data.mapping.pairs.start; pair < mapping->data.mapping.pairs.top;
	     pair++)
		if (str_equal(scalar(yaml_document_get_node(document, pair->key)), key))
			return yaml_document_get_node(document, pair->value);
	return NULL;
}

/* --- authenticators ------------------------------------------------------------------------------------------------- */

struct authenticator {
	struct otp_uri uri;
	char base32[OTP_BASE32_SIZE(OTP_SECRET_MAX)];
};

static void
authenticator_wipe(struct authenticator *a)
{
	secret_wipe(a, sizeof(*a));
}

static err
uri_of_line(str line, unsigned number, struct authenticator *a, struct why *why)
{
	const char *wrong = NULL;
	enum otp_status status = otp_uri_parse(line.p, line.n, OTP_ALLOW_SHORT_SECRET, &a->uri, &wrong);

	if (status == OTP_OK && a->uri.type == OTP_TYPE_TOTP)
		return ERR_OK;
	return why_set(why, ERR_INVALID, "Line %u of the authenticators is no otpauth://totp URI: %s.", number,
		       wrong == NULL ? "it counts codes" : wrong);
}

/* The last line that is this user's: that is the authenticator they set up last. */
static err
authenticator_find(str uris, str name, struct authenticator *ret_a, bool *ret_found, struct why *why)
{
	CLEANUP(authenticator_wipe) struct authenticator a = { .base32 = "" };
	unsigned number = 0;

	while (uris.n > 0) {
		str line = str_trim(str_cut(&uris, '\n'));
		number++;
		if (line.n == 0)
			continue;
		TRY(uri_of_line(line, number, &a, why));
		if (!str_equal_nocase(str_of(a.uri.account), name))
			continue;
		if (otp_base32_encode(a.uri.secret, a.uri.secret_n, a.base32, sizeof(a.base32)) != OTP_OK)
			return ERR_INVALID;
		*ret_a = a;
		*ret_found = true;
	}
	return ERR_OK;
}

/* --- users ---------------------------------------------------------------------------------------------------------- */

static err
user_take(struct file *file, const yaml_node_pair_t *pair, str uris, import_take take, void *context, struct why *why)
{
	CLEANUP(authenticator_wipe) struct authenticator a = { .base32 = "" };
	const yaml_node_t *key = yaml_document_get_node(&file->document, pair->key);
	const yaml_node_t *value = yaml_document_get_node(&file->document, pair->value);
	struct import_row row = { .name = scalar(key) };
	bool found = false;
	char place[32];

	snprintf(place, sizeof(place), "line %lu", (unsigned long)key->start_mark.line + 1);
	row.where = str_of(place);
	row.display_name = scalar(member(&file->document, value, STR("displayname")));
	row.password_hash = scalar(member(&file->document, value, STR("password")));
	row.disabled = str_equal_nocase(scalar(member(&file->document, value, STR("disabled"))), STR("true"));
	TRY(authenticator_find(uris, row.name, &a, &found, why));
	if (found) {
		row.secret = str_of(a.base32);
		row.algorithm = a.uri.algorithm;
		row.digits = a.uri.digits;
		row.period_s = a.uri.period_s;
	}
	return take(context, &row);
}

static err
load(struct file *file, const char *path, str text, struct why *why)
{
	if (yaml_parser_initialize(&file->parser) != 1)
		return ERR_MEMORY;
	yaml_parser_set_input_string(&file->parser, (const unsigned char *)text.p, text.n);
	file->loaded = yaml_parser_load(&file->parser, &file->document) == 1;
	if (file->loaded)
		return ERR_OK;
	return why_set(why, ERR_INVALID, "%s, line %lu: %s.", path, (unsigned long)file->parser.problem_mark.line + 1,
		       file->parser.problem == NULL ? "there is no memory" : file->parser.problem);
}

err
import_authelia(void *source, import_take take, void *context, struct why *why)
{
	CLEANUP(file_close) struct file file = { .loaded = false };
	const struct import_place *place = source;
	str text = { 0 }, uris = { 0 };
	yaml_node_t *users;

	TRY(import_file(place->place, place->arena, why, &text));
	if (place->totp != NULL)
		TRY(import_file(place->totp, place->arena, why, &uris));
	TRY(load(&file, place->place, text, why));
	users = member(&file.document, yaml_document_get_root_node(&file.document), STR("users"));
	if (users == NULL || users->type != YAML_MAPPING_NODE)
		return why_set(why, ERR_INVALID, "%s has no mapping `users:` at its top.", place->place);
	for (const yaml_node_pair_t *pair = users->data.mapping.pairs.start; pair < users->data.mapping.pairs.top;
	     pair++)
		TRY(user_take(&file, pair, uris, take, context, why));
	return ERR_OK;
}
