/*
 * The administrator's commands while calls fail: the nth, or all from the nth on.  Each command succeeds or reports an
 * error; the database stays consistent, and the command succeeds when it is repeated without a failure.
 */
#include "keeper/harness.h"

#include "keeper/account/admin.h"
#include "keeper/ops/import.h"
#include "keeper/keys/rotate.h"
#include "keeper/oidc/client_admin.h"
#include "keeper/oidc/client_preview.h"
#include "keeper/ops/upkeep.h"
#include "oidc/client_draft.h"

#include <stdio.h>
#include <string.h>
#include <fcntl.h>
#include <unistd.h>

enum { CALLS_MAX = 1000000, UNTOUCHED = 2 };

/* One command for the account "alice", which is enrolled and signed in; ERR_OK also when it had been done before. */
typedef err (*run_command)(struct world *w, struct why *why);

static err
ignore_user(void *context, const struct admin_user *user)
{
	return ERR_OK;
}

static err
ignore_session(void *context, const struct admin_session *session)
{
	return ERR_OK;
}

static err
ignore_event(void *context, const struct admin_event *event)
{
	return ERR_OK;
}

static void
ignore_sentence(void *context, const char *sentence)
{
}

static void
ignore_rotation(void *context, const struct rotation *rotation)
{
}

static void
ignore_refused(void *context, const struct import_row *row, const char *reason)
{
}

static void
ignore_progress(void *context, int64_t done, int64_t all)
{
}

static err
add_one(struct world *w, struct why *why)
{
	struct link_text link;
	err e = admin_add(w->thread, STR("bob"),
			  &(struct admin_new){ STR("Bob"), STR("bob@example.org"), STR("staff,admins") }, why, &link);

	return e == ERR_EXISTS ? ERR_OK : e;
}

static err
list_users(struct world *w, struct why *why)
{
	const struct admin_filter all = { .account = NULL };

	return admin_users(w->thread, &all, why, ignore_user, NULL);
}

static err
disable_one(struct world *w, struct why *why)
{
	bool changed = false;

	return admin_disable(w->thread, STR("alice"), why, &changed);
}

static err
enable_one(struct world *w, struct why *why)
{
	bool changed = false;

	return admin_enable(w->thread, STR("alice"), why, &changed);
}

static err
unlock_one(struct world *w, struct why *why)
{
	return admin_unlock(w->thread, STR("alice"), why);
}

static err
reset_password(struct world *w, struct why *why)
{
	struct link_text link;

	return admin_reset_password(w->thread, STR("alice"), why, &link);
}

static err
reset_factors(struct world *w, struct why *why)
{
	return admin_reset_factors(w->thread, STR("alice"), why);
}

static err
sign_out(struct world *w, struct why *why)
{
	int64_t ended = 0;

	return admin_sign_out(w->thread, STR("alice"), why, &ended);
}

static err
delete_one(struct world *w, struct why *why)
{
	return admin_delete(w->thread, STR("gone"), why);
}

static err
list_one(struct world *w, struct why *why)
{
	const struct admin_filter one = { .account = "alice" };

	return admin_users(w->thread, &one, why, ignore_user, NULL);
}

static err
rename_one(struct world *w, struct why *why)
{
	return admin_rename(w->thread, STR("alice"), STR("alicia"), why);
}

static err
invite_one(struct world *w, struct why *why)
{
	struct link_text link;

	return admin_invite(w->thread, why, &link);
}

static err
list_sessions(struct world *w, struct why *why)
{
	return admin_sessions(w->thread, STR("alice"), why, ignore_session, NULL);
}

static err
read_audit(struct world *w, struct why *why)
{
	const struct admin_audit all = { .account = NULL };
	int64_t last = 0;

	return admin_audit_read(w->thread, &all, why, ignore_event, NULL, &last);
}

static err
purge(struct world *w, struct why *why)
{
	purge_all(w); /* returns no error; failures are logged */
	return ERR_OK;
}

static err
check(struct world *w, struct why *why)
{
	CLEANUP(db_close) struct db *db = NULL;
	struct upkeep_findings findings;

	TRY(upkeep_open(&w->config, why, &db));
	return upkeep_check(&w->config, db, ignore_sentence, NULL, why, &findings);
}

static err
backup(struct world *w, struct why *why)
{
	char target[256];
	struct upkeep_findings findings;

	snprintf(target, sizeof(target), "%s/backup.sqlite", w->dir);
	unlink(target);
	return upkeep_backup(&w->config, target, why, &findings);
}

static err
rotate_key(struct world *w, struct why *why)
{
	CLEANUP(db_close) struct db *db = NULL;
	struct rotation rotation;

	TRY(upkeep_open(&w->config, why, &db));
	return rotate(&w->config, db, ignore_rotation, NULL, why, &rotation);
}

/* Two accounts of an application with bcrypt hashes, one with a factor. */
static err
source(void *context, import_take take, void *take_context, struct why *why)
{
	struct import_row row = { .where = STR("row 1"),
				  .name = STR("Carol"),
				  .password_hash =
				      STR("$2b$04$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuvwxyzabcde") };

	TRY(take(take_context, &row));
	row.where = STR("row 2");
	row.name = STR("dave");
	row.secret = STR("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
	return take(take_context, &row);
}

static err
import_two(struct world *w, struct why *why)
{
	const struct import import = {
		.reason = REASON_FLASK, .source = source, .refused = ignore_refused, .progress = ignore_progress
	};
	struct import_counts counts;

	return import_run(&w->config, &import, why, &counts);
}

/* Rules of claims are read by jansson. */
#define NO_CLIENT "DELETE FROM oidc_secrets; DELETE FROM oidc_clients"
#define ONE_CLIENT                                                                                                     \
	"INSERT OR IGNORE INTO oidc_clients (id, client_id, name, redirect_uris, scopes, claims, created_at_us) "      \
	"VALUES (5, 'wiki', 'Wiki', 'https://wiki.example.org/', 'openid', 'a = {\"b\": [1]}', 1)"

static err
add_client(struct world *w, struct why *why)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(CLIENT_TEXTS_BYTES);
	struct client_draft draft = { .client_id = STR("wiki") };
	struct client_secret secret;
	struct oidc_client client;

	draft.of[CLIENT_REDIRECT_URIS] = STR("https://wiki.example.org/");
	draft.of[CLIENT_CLAIMS] = STR("a = {\"b\": [1]} if group staff");
	TRY(client_draft_read(&draft, &arena, &client, why));
	return client_admin_add(w->thread, &client, why, &secret);
}

static err
edit_client(void *context, const struct oidc_client *stored, struct arena *arena, struct oidc_client *ret_client,
	    struct why *why)
{
	struct client_draft draft;

	TRY(client_draft_of(stored, arena, &draft));
	draft.of[CLIENT_NAME] = STR("Another");
	return client_draft_read(&draft, arena, ret_client, why);
}

static err
change_client(struct world *w, struct why *why)
{
	return client_admin_change(w->thread, STR("wiki"), edit_client, NULL, why);
}

static err
change_client_secret(struct world *w, struct why *why)
{
	struct client_secret secret;

	return client_admin_secret(w->thread, STR("wiki"), MINUTES_US(1), why, &secret);
}

static err
ignore_client(void *context, const struct client_view *view)
{
	return ERR_OK;
}

static err
list_clients(struct world *w, struct why *why)
{
	return client_admin_list(w->thread, why, ignore_client, NULL);
}

static err
preview_client(struct world *w, struct why *why)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(2 * CLIENT_TEXTS_BYTES);
	struct client_preview preview;
	struct client_view view;

	TRY(client_admin_find(w->thread, STR("wiki"), &arena, why, &view));
	return client_preview_make(w->thread, &view.client, STR("alice"), false, &arena, why, &preview);
}

static err
import_subject(struct world *w, struct why *why)
{
	bool changed = false;

	return client_admin_import_subject(w->thread, STR("alice"), STR("9ac22ee0-ce1b-4f5a-9d3b-9a0e1c1b2a3d"), false,
					   why, &changed);
}

#define ONE_MORE_SESSION                                                                                               \
	"INSERT OR IGNORE INTO sessions (id, token_hash, account_id, created_at_us, seen_at_us, password_at_us, "      \
	"address, agent) SELECT 7, zeroblob(32), id, 1, 1, 1, '', '' FROM accounts WHERE name = 'alice'"

static const struct command {
	run_command run;
	const char *why;
	const char *ready; /* SQL before each run; may be NULL */
} commands[] = {
	{ add_one, "adding" },
	{ list_users, "listing accounts" },
	{ disable_one, "disabling" },
	{ enable_one, "enabling", "UPDATE accounts SET disabled_at_us = 1" },
	{ unlock_one, "unlocking" },
	{ reset_password, "resetting the password" },
	{ reset_factors, "resetting the factors" },
	{ sign_out, "signing out", ONE_MORE_SESSION },
	{ delete_one, "deleting",
	  "INSERT OR IGNORE INTO accounts (id, name, password_hash, created_at_us) VALUES (5, 'gone', '', 1)" },
	{ list_one, "listing one account" },
	{ rename_one, "renaming", "UPDATE accounts SET name = 'alice'" },
	{ invite_one, "inviting" },
	{ list_sessions, "listing sessions" },
	{ read_audit, "reading the audit trail" },
	{ purge, "purging" },
	{ check, "checking" },
	{ backup, "backing up" },
	{ import_two, "importing" },
	{ rotate_key, "rotating the key" },
	{ add_client, "adding a client", NO_CLIENT },
	{ change_client, "changing a client", ONE_CLIENT },
	{ change_client_secret, "changing a client's secret", ONE_CLIENT },
	{ list_clients, "listing clients", ONE_CLIENT },
	{ preview_client, "checking a client", ONE_CLIENT },
	{ import_subject, "importing an identifier" },
};

/* There are many allocations: after the first ones, the step between failing ones grows. */
static long
step_of(enum fault fault, long nth)
{
	if (fault != FAULT_MEMORY || nth <= 40)
		return harness_step(nth, 1);
	return harness_each() ? 1 + nth / 60 : harness_step(nth, 7 + nth / 12);
}

static void
fail_one(const struct command *c, enum fault fault, bool lasting)
{
	struct world w;
	struct browser b;
	int untouched = 0;

	world_make(&w);
	w.config.secret_key_bytes = 0; /* a key file, so that it can be rotated */
	world_open(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	for (long nth = 1; untouched < harness_last_attempts(UNTOUCHED); nth += step_of(fault, nth)) {
		struct why why = { "" };
		if (c->ready != NULL)
			sql_run(&w, c->ready);
		fault_set(fault, nth, lasting);
		err e = c->run(&w, &why);
		fault_set(fault, 0, false);
		if (nth >= CALLS_MAX)
			fail_msg("%s: the series of calls does not end", c->why);
		untouched = fault_failed(fault) == 0 ? untouched + 1 : 0;
		if (untouched > 0 && e != ERR_OK)
			fail_msg("%s, fault %d, %ld: no call failed, but %s: %s", c->why, (int)fault, nth, err_name(e),
				 why.text);
	}
	if (sql_number(&w, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'") != 1 ||
	    sql_number(&w, "SELECT count(*) FROM pragma_foreign_key_check") != 0)
		fail_msg("%s: the database is damaged", c->why);
	world_close(&w);
	folder_empty(w.dir);
	world_remove(&w);
}

static void
fail_all(enum fault fault)
{
	for (size_t i = 0; i < COUNT(commands); i++)
		for (int lasting = 0; lasting < 2; lasting++)
			if (harness_walks(i, fault, lasting == 1))
				fail_one(&commands[i], fault, lasting == 1);
}

static void
failed_allocations_are_reported_and_harmless(void **state)
{
	fail_all(FAULT_MEMORY);
}

static void
failed_file_calls_are_reported_and_harmless(void **state)
{
	static const enum fault of_files[] = { FAULT_OPEN, FAULT_READ, FAULT_WRITE, FAULT_SYNC };

	for (size_t i = 0; i < COUNT(of_files); i++)
		fail_all(of_files[i]);
}

static void
failed_queries_are_reported_and_harmless(void **state)
{
	fail_all(FAULT_QUERY);
}

static void
failed_clock_and_crypto_are_reported_and_harmless(void **state)
{
	fail_all(FAULT_CLOCK);
	fail_all(FAULT_RANDOM);
	fail_all(FAULT_CRYPTO);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(failed_allocations_are_reported_and_harmless),
		cmocka_unit_test(failed_file_calls_are_reported_and_harmless),
		cmocka_unit_test(failed_queries_are_reported_and_harmless),
		cmocka_unit_test(failed_clock_and_crypto_are_reported_and_harmless),
	};

	return cmocka_run_group_tests_name("keeper faults, commands", tests, harness_setup, harness_teardown);
}
