/* Rows of the audit trail: their actors, and the rows of deleted accounts. */
#include "keeper/harness.h"

#include "keeper/account/admin.h"
#include "keeper/core/audit.h"
#include "keeper/core/call.h"

#include <stdio.h>
#include <string.h>

/* Write a row for each event, through the function for its actor. */
static void
write_all(struct world *w)
{
	CLEANUP(call_wipe) struct call call = { .keeper = w->keeper, .db = w->thread->db, .arena = ARENA(4096) };

	for (unsigned event = AUDIT_UNKNOWN + 1; event < AUDIT_COUNT; event++)
		if (strncmp(audit_event_name(event), "admin.", 6) == 0)
			assert_int_equal(audit_write_command(call.db, event, 1, REASON_ASKED), ERR_OK);
		else
			assert_int_equal(audit_write(&call, event, 1, REASON_ASKED), ERR_OK);
}

static void
every_event_records_its_actor(void **state)
{
	struct world w;

	world_new(&w);
	audit_command_by("anna", 1000);
	write_all(&w);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE actor IS NULL"), 0);
	assert_int_equal(
	    sql_number(&w, "SELECT count(*) FROM audit WHERE (event LIKE 'admin.%') <> (actor = 'command:anna')"), 0);
	assert_int_equal(
	    sql_number(&w, "SELECT count(*) FROM audit WHERE (event IN ('clock.off', 'wait.begun', "
			   "'factor.disabled', 'passkey.count-fell', 'passkey.backup-changed', "
			   "'oidc.code-refused', 'oidc.refresh-refused', 'oidc.revoked')) <> (actor = 'system')"),
	    0);
	assert_true(sql_number(&w, "SELECT count(*) FROM audit WHERE actor = 'person'") > 20);
	world_end(&w);
}

static void
a_command_records_its_user(void **state)
{
	static const struct {
		const char *sudo_user;
		int64_t uid;
		const char *actor, *why;
	} cases[] = {
		{ "anna", 0, "command:anna", "a user of sudo" },
		{ "EXAMPLE\\anna", 0, "command:EXAMPLE\\anna", "a user of a directory" },
		{ NULL, 0, "command:uid=0", "root without sudo" },
		{ NULL, 998, "command:uid=998", "the user of the service" },
		{ "", 7, "command:uid=7", "an empty variable" },
		{ "an na", 7, "command:uid=7", "a space" },
		{ "a\nb", 7, "command:uid=7", "a line end" },
		{ "a\x1b[2J", 7, "command:uid=7", "an escape sequence" },
		{ "\xc3\xa9", 7, "command:uid=7", "a letter outside ASCII" },
		{ "0123456789012345678901234567890123456789012345678901234567890123", 7,
		  "command:0123456789012345678901234567890123456789012345678901234567890123", "64 characters" },
		{ "01234567890123456789012345678901234567890123456789012345678901234", 7, "command:uid=7",
		  "65 characters" },
		{ NULL, UINT32_MAX, "command:uid=4294967295", "the greatest user id" },
	};
	struct world w;
	char sql[200];

	world_new(&w);
	for (size_t i = 0; i < COUNT(cases); i++) {
		audit_command_by(cases[i].sudo_user, cases[i].uid);
		assert_int_equal(audit_write_command(w.thread->db, AUDIT_ADMIN_INVITED, 0, REASON_ASKED), ERR_OK);
		snprintf(sql, sizeof(sql), "SELECT count(*) FROM audit WHERE actor = '%s'", cases[i].actor);
		if (sql_number(&w, sql) != 1)
			fail_msg("%s", cases[i].why);
		sql_run(&w, "DELETE FROM audit");
	}
	world_end(&w);
}

struct seen {
	int64_t account_id;
	size_t rows, of_account, named;
};

static err
see(void *context, const struct admin_event *event)
{
	struct seen *seen = context;

	seen->rows++;
	seen->of_account += event->account_id == seen->account_id;
	seen->named += event->name.n > 0;
	return ERR_OK;
}

/* The account's id is its pseudonym; a later account with the same name has another id. */
static void
rows_of_a_deleted_account_keep_its_id(void **state)
{
	struct world w;
	struct browser b;
	struct seen seen = { 0 };
	struct why why = { "" };
	int64_t last = 0;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	seen.account_id = b.head.account_id;
	assert_int_equal(admin_delete(w.thread, STR("alice"), &why), ERR_OK);
	assert_int_equal(sql_number(&w, "DELETE FROM closed_names RETURNING 1"), 1);
	bring_to(&w, &b, "alice", STATE_FULL);
	assert_true(b.head.account_id != seen.account_id);
	const struct admin_audit of_it = { .account_id = seen.account_id };
	assert_int_equal(admin_audit_read(w.thread, &of_it, &why, see, &seen, &last), ERR_OK);
	assert_true(seen.rows >= 4 && seen.of_account == seen.rows && seen.named == 0);
	struct seen other = { .account_id = b.head.account_id };
	const struct admin_audit of_name = { .account = "alice" };
	assert_int_equal(admin_audit_read(w.thread, &of_name, &why, see, &other, &last), ERR_OK);
	assert_true(other.rows >= 3 && other.of_account == other.rows && other.named == other.rows);
	world_end(&w);
}

static void
a_row_of_an_older_version_has_no_actor(void **state)
{
	struct world w;
	struct seen seen = { 0 };
	struct why why = { "" };
	const struct admin_audit all = { 0 };
	int64_t last = 0;

	world_new(&w);
	sql_run(&w, "INSERT INTO audit (at_us, event, outcome, reason, address, agent, request_id) "
		    "VALUES (1, 'signin.passed', 'passed', 'password', '', '', '')");
	assert_int_equal(admin_audit_read(w.thread, &all, &why, see, &seen, &last), ERR_OK);
	assert_int_equal(seen.rows, 1);
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_records_its_actor),
		cmocka_unit_test(a_command_records_its_user),
		cmocka_unit_test(rows_of_a_deleted_account_keep_its_id),
		cmocka_unit_test(a_row_of_an_older_version_has_no_actor),
	};

	return cmocka_run_group_tests_name("keeper audit", tests, harness_setup, harness_teardown);
}
