#include "cli/import_openid.h"

#include "cli/admin.h"
#include "cli/authelia_yaml.h"
#include "keeper/oidc/client_admin.h"

#include <stdio.h>

enum { CLIENT_ARENA_BYTES = 2 * CLIENT_TEXTS_BYTES };

/* An import that runs: one keeper for all rows. */
struct importing {
	struct import_openid *import;
	struct admin admin;
};

enum { SHOWN_MAX = 60 }; /* bytes of an id or name in a message; NUL in it would end it in a format */

static void
importing_close(struct importing *importing)
{
	admin_close(&importing->admin);
}

/* --- clients ------------------------------------------------------------------------------------------------------ */

static void
importing_say(const struct importing *importing, const struct authelia_client *client, const char *sentence)
{
	str id = client->draft.client_id;

	char visible[SHOWN_MAX * STR_VISIBLE_MAX];

	str_visible_z(str_utf8_upto(id, SHOWN_MAX), visible, sizeof(visible));
	cli_say("%s, line %u, \"%s\": %s", importing->import->clients, client->line, visible, sentence);
}

/* SHA-256 of a secret in plain text, or the digest; empty: the client gets none. */
static err
importing_secret(const struct authelia_client *client, uint8_t hash[DIGEST_BYTES], str *ret_hash, const char **ret_note)
{
	str plain = client->secret;

	*ret_hash = (str){ 0 };
	*ret_note = NULL;
	if (client->draft.of[CLIENT_PUBLIC].n > 0)
		return ERR_OK;
	if (client_secret_is_digest(client->secret)) {
		*ret_hash = client->secret;
		return ERR_OK;
	}
	if (str_starts(plain, STR("$plaintext$")))
		plain = str_from(plain, sizeof("$plaintext$") - 1);
	if (plain.n == 0 || plain.p[0] == '$') {
		*ret_note = plain.n == 0 ? "it has no secret" : "its secret is not a PBKDF2 digest";
		return ERR_OK;
	}
	TRY(digest_setup());
	TRY(digest_sha256(plain, hash));
	*ret_hash = str_bytes(hash, DIGEST_BYTES);
	*ret_note = "its secret is in plain text in this file";
	return ERR_OK;
}

/*
 * Without a rule, everyone with two factors may sign in.  A policy of any other name may admit fewer people, so its
 * client is disabled until the administrator has written its rule.
 */
static bool
importing_policy_restricts(str policy)
{
	return policy.n > 0 && !str_equal(policy, STR("two_factor")) && !str_equal(policy, STR("one_factor"));
}

static void
importing_note_policy(struct importing *importing, const struct authelia_client *client)
{
	str id = client->draft.client_id, policy = str_utf8_upto(client->policy, 60);
	char text[600];

	if (importing_policy_restricts(client->policy))
		snprintf(text, sizeof(text),
			 "its authorization_policy %.*s may admit fewer people, so it is disabled.  Write a rule with "
			 "`client: %.*s` in ACCESS_RULES, then run `doubletour client enable %.*s`.",
			 STR_ARG(policy), STR_ARG(id), STR_ARG(id));
	else
		snprintf(text, sizeof(text),
			 "its authorization_policy %.*s needs a rule in ACCESS_RULES with `client: %.*s`.",
			 STR_ARG(policy), STR_ARG(id));
	importing_say(importing, client, text);
}

static void
importing_notes(struct importing *importing, const struct authelia_client *client, str hash, const char *secret_note)
{
	str id = client->draft.client_id;
	char text[600];

	if (secret_note != NULL) {
		snprintf(text, sizeof(text), "%s: `doubletour client secret %.*s` makes a new one%s.", secret_note,
			 STR_ARG(id), hash.n == 0 ? ", which the application needs" : "");
		importing_say(importing, client, text);
	}
	if (client->insecure)
		importing_say(importing, client, "a redirect URI has no TLS, so insecure_redirect is set.");
	if (client->policy.n > 0 && !str_equal(client->policy, STR("two_factor")))
		importing_note_policy(importing, client);
	if (client->left[0] != '\0') {
		snprintf(text, sizeof(text), "not taken: %s.", client->left);
		importing_say(importing, client, text);
	}
}

static err
importing_client_exists(struct importing *importing, str client_id, struct arena *arena, bool *ret_exists)
{
	struct client_view view;
	err e = client_admin_find(importing->admin.thread, client_id, arena, &(struct why){ "" }, &view);

	*ret_exists = e == ERR_OK;
	return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static err
importing_client_store(struct importing *importing, const struct oidc_client *client, str hash, bool *ret_exists)
{
	struct admin *admin = &importing->admin;
	err e = client_admin_import(admin->thread, client, hash, REASON_AUTHELIA, &admin->why);

	*ret_exists = e == ERR_EXISTS;
	return e == ERR_EXISTS ? ERR_OK : e;
}

static void
importing_client_refuse(struct importing *importing, const struct authelia_client *client, const char *reason)
{
	char text[700];

	snprintf(text, sizeof(text), "%s%s", reason, str_ends(str_of(reason), STR(".")) ? "" : ".");
	importing_say(importing, client, text);
	importing->import->counts.clients_refused++;
}

static err
importing_client_write(struct importing *importing, const struct authelia_client *client,
		       const struct oidc_client *read, struct arena *arena)
{
	struct import_openid_counts *counts = &importing->import->counts;
	const char *note = NULL;
	uint8_t bytes[DIGEST_BYTES];
	bool exists = false;
	str hash = { 0 };

	TRY(importing_secret(client, bytes, &hash, &note));
	TRY(importing_client_exists(importing, read->client_id, arena, &exists));
	if (!exists && !importing->import->dry_run)
		TRY(importing_client_store(importing, read, hash, &exists));
	if (exists) {
		counts->clients_there++;
		return ERR_OK;
	}
	counts->clients++;
	counts->clients_without_secret += !read->public && hash.n == 0;
	counts->clients_disabled += read->disabled;
	importing_notes(importing, client, hash, note);
	return ERR_OK;
}

static err
importing_client_take(void *context, const struct authelia_client *client)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(CLIENT_ARENA_BYTES);
	struct importing *importing = context;
	struct oidc_client read;
	struct why why = { "" };
	err e;

	if (client->refused != NULL) {
		importing_client_refuse(importing, client, client->refused);
		return ERR_OK;
	}
	e = client_draft_read(&client->draft, &arena, &read, &why);
	if (e == ERR_INVALID) {
		importing_client_refuse(importing, client, why.text);
		return ERR_OK;
	}
	TRY(e);
	read.disabled = importing_policy_restricts(client->policy);
	return importing_client_write(importing, client, &read, &arena);
}

static err
importing_clients(struct importing *importing, struct why *why)
{
	struct import_openid *import = importing->import;
	str text = { 0 };

	if (import->clients == NULL)
		return ERR_OK;
	TRY(import_file(import->clients, import->arena, why, &text));
	return authelia_clients_read(import->clients, text, import->arena, importing_client_take, importing, why);
}

/* --- subjects ----------------------------------------------------------------------------------------------------- */

/* A pairwise identifier belongs to one application with sector_identifier_uri. */
static const char *
importing_subject_wrong(yaml_document_t *document, const yaml_node_t *row)
{
	if (row->type != YAML_MAPPING_NODE)
		return "it is not a mapping";
	if (!str_equal(yaml_text_scalar(authelia_yaml_value(document, row, "service")), STR("openid")))
		return "its service is not openid";
	if (yaml_text_scalar(authelia_yaml_value(document, row, "sector_id")).n > 0)
		return "it is for one application only (sector_id)";
	return NULL;
}

static void
importing_subject_refuse(struct importing *importing, const yaml_node_t *row, str name, const char *reason)
{
	char visible[SHOWN_MAX * STR_VISIBLE_MAX];

	str_visible_z(str_utf8_upto(name, SHOWN_MAX), visible, sizeof(visible));
	cli_say("%s, line %u, \"%s\": %s.", importing->import->subjects, yaml_text_line(row), visible, reason);
	importing->import->counts.subjects_refused++;
}

static err
importing_subject_take(struct importing *importing, yaml_document_t *document, const yaml_node_t *row)
{
	struct import_openid *import = importing->import;
	const char *wrong = importing_subject_wrong(document, row);
	str name = yaml_text_scalar(authelia_yaml_value(document, row, "username")), account = name;
	str subject = yaml_text_scalar(authelia_yaml_value(document, row, "identifier"));
	struct why why = { "" };
	bool changed = false;
	err e;

	if (wrong == NULL) {
		if (import->rename != NULL)
			(void)import->rename(import->rename_context, name, &account);
		e = client_admin_import_subject(importing->admin.thread, account, subject, import->dry_run, &why,
						&changed);
		if (e != ERR_OK && why.text[0] == '\0')
			return e;
		wrong = e == ERR_OK ? NULL : why.text;
	}
	if (wrong != NULL)
		importing_subject_refuse(importing, row, name, wrong);
	else if (changed)
		import->counts.subjects++;
	else
		import->counts.subjects_there++;
	return ERR_OK;
}

static err
importing_subjects(struct importing *importing, struct why *why)
{
	CLEANUP(yaml_text_wipe) struct yaml_text yaml = { .loaded = false };
	struct import_openid *import = importing->import;
	const yaml_node_t *rows;
	str text = { 0 };

	if (import->subjects == NULL)
		return ERR_OK;
	TRY(import_file(import->subjects, import->arena, why, &text));
	TRY(yaml_text_load(str_of(import->subjects), text, &yaml, why));
	rows = authelia_yaml_value(&yaml.document, yaml_document_get_root_node(&yaml.document), "identifiers");
	if (rows == NULL || rows->type != YAML_SEQUENCE_NODE)
		return why_set(why, ERR_INVALID,
			       "%s has no list `identifiers`.  `authelia storage user identifiers export` writes it.",
			       import->subjects);
	for (const yaml_node_item_t *item = rows->data.sequence.items.start; item < rows->data.sequence.items.top;
	     item++)
		TRY(importing_subject_take(importing, &yaml.document, yaml_document_get_node(&yaml.document, *item)));
	return ERR_OK;
}

err
import_openid_run(struct import_openid *import, struct why *why)
{
	CLEANUP(importing_close) struct importing importing = { .import = import };
	err e = admin_open(import->config, &importing.admin);

	if (e == ERR_OK)
		e = importing_clients(&importing, why);
	if (e == ERR_OK)
		e = importing_subjects(&importing, why);
	if (e != ERR_OK && why->text[0] == '\0')
		*why = importing.admin.why;
	return e;
}
