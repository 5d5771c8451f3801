/* Passkeys in the commands on a whole database: check, rotate-key, restore. */
#include "keeper/authenticator.h"

#include "keeper/keys/rotate.h"
#include "keeper/ops/upkeep.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A world whose only account has an authenticator and a passkey. */
static void
world_with_a_passkey(struct world *w, struct browser *b)
{
	world_make(w);
	w->config.secret_key_bytes = 0; /* a key file, so that it can be rotated */
	world_open(w);
	bring_to(w, b, "alice", STATE_FULL);
	if (do_passkey(w, b, (struct authenticator){ .id = 1, .count = 7 }) != VERDICT_PASSED)
		fail_msg("no passkey: verdict %d, fault %u", b->verdict, b->passkey.fault);
}

/* --- check -------------------------------------------------------------------------------------------------------- */

struct report {
	int64_t sentences;
	char last[400];
};

static void
report_add(void *context, const char *sentence)
{
	struct report *report = context;

	report->sentences++;
	snprintf(report->last, sizeof(report->last), "%s", sentence);
}

static void
check(struct world *w, struct upkeep_findings *ret_findings, struct report *report)
{
	CLEANUP(db_close) struct db *db = NULL;
	struct why why = { "" };

	*report = (struct report){ 0 };
	assert_int_equal(upkeep_open(&w->config, &why, &db), ERR_OK);
	if (upkeep_check(&w->config, db, report_add, report, &why, ret_findings) != ERR_OK)
		fail_msg("check: %s", why.text);
}

static const struct {
	const char *change, *undo, *says;
} damages[] = {
	{ "UPDATE passkeys SET credential_id = x''", "UPDATE passkeys SET credential_id = x'01'", "credential id" },
	{ "UPDATE passkeys SET credential_id = zeroblob(1024)", "UPDATE passkeys SET credential_id = x'01'",
	  "credential id" },
	{ "UPDATE passkeys SET aaguid = x'00'", "UPDATE passkeys SET aaguid = zeroblob(16)", "AAGUID" },
	{ "UPDATE passkeys SET rp_id = ''", "UPDATE passkeys SET rp_id = 'a'", "host" },
	{ "UPDATE passkeys SET transports = hex(zeroblob(40))", "UPDATE passkeys SET transports = ''", "transports" },
	{ "UPDATE passkeys SET sign_count = -1", "UPDATE passkeys SET sign_count = 0", "counter" },
	{ "UPDATE passkeys SET sign_count = 4294967296", "UPDATE passkeys SET sign_count = 4294967295", "counter" },
	{ "UPDATE passkeys SET last_challenge_us = -1", "UPDATE passkeys SET last_challenge_us = 0", "counter" },
	{ "UPDATE passkeys SET uv_initialized = 2", "UPDATE passkeys SET uv_initialized = 1", "flags" },
	{ "UPDATE passkeys SET backed_up = 1", "UPDATE passkeys SET backup_eligible = 1", "backed up" },
	{ "UPDATE factors SET digits = 6 WHERE kind = 'passkey'",
	  "UPDATE factors SET digits = 0 WHERE kind = 'passkey'", "digits" },
	{ "UPDATE accounts SET user_handle = x'01'", "UPDATE accounts SET user_handle = zeroblob(64)", "user handle" },
	{ "UPDATE passkeys SET factor_id = (SELECT id FROM factors WHERE kind = 'totp')",
	  "UPDATE passkeys SET factor_id = (SELECT id FROM factors WHERE kind = 'passkey')", "table passkeys" },
};

static void
damaged_passkeys_are_reported(void **state)
{
	struct upkeep_findings findings;
	struct report report;
	struct world w;
	struct browser b;

	world_with_a_passkey(&w, &b);
	check(&w, &findings, &report);
	assert_int_equal(report.sentences, 0);
	for (size_t i = 0; i < COUNT(damages); i++) {
		sql_run(&w, damages[i].change);
		check(&w, &findings, &report);
		if (findings.bad_values == 0 || strstr(report.last, damages[i].says) == NULL)
			fail_msg("%s: %d findings, \"%s\"", damages[i].change, (int)findings.bad_values, report.last);
		assert_non_null(strstr(report.last, " of alice: "));
		sql_run(&w, damages[i].undo);
	}
	check(&w, &findings, &report);
	assert_int_equal(report.sentences, 0);
	world_end(&w);
}

/* Sealed values are bound to a purpose: the sealed secret of an authenticator does not open as a public key. */
static void
a_secret_of_another_kind_is_not_a_public_key(void **state)
{
	struct upkeep_findings findings;
	struct report report;
	struct world w;
	struct browser b;

	world_with_a_passkey(&w, &b);
	sql_run(&w, "DELETE FROM factors WHERE kind = 'totp'");
	sql_run(&w, "UPDATE passkeys SET factor_id = factor_id");
	sql_run(&w, "UPDATE factors SET kind = 'totp', digits = 6");
	check(&w, &findings, &report);
	assert_int_equal(findings.unreadable, 1);
	world_end(&w);
}

/* --- rotate-key --------------------------------------------------------------------------------------------------- */

static void
ignore_rotation(void *context, const struct rotation *rotation)
{
}

static void
a_rotated_key_opens_passkeys(void **state)
{
	CLEANUP(db_close) struct db *db = NULL;
	struct rotation rotation = { 0 };
	struct upkeep_findings findings;
	struct why why = { "" };
	struct report report;
	struct world w;
	struct browser b;

	world_with_a_passkey(&w, &b);
	world_close(&w);
	assert_int_equal(upkeep_open(&w.config, &why, &db), ERR_OK);
	if (rotate(&w.config, db, ignore_rotation, NULL, &why, &rotation) != ERR_OK)
		fail_msg("rotate: %s", why.text);
	assert_int_equal(rotation.resealed, 2);
	assert_int_equal(rotation.unreadable, 0);
	check(&w, &findings, &report);
	assert_int_equal(report.sentences, 0);
	assert_int_equal(findings.factors, 2);
	db_close(&db);
	folder_empty(w.dir);
	world_remove(&w);
}

/* --- restore ------------------------------------------------------------------------------------------------------ */

static void
a_restored_passkey_answers_no_earlier_challenge(void **state)
{
	struct upkeep_restored restored;
	struct why why = { "" };
	struct world w;
	struct browser b;
	char backup[256];

	world_with_a_passkey(&w, &b);
	snprintf(backup, sizeof(backup), "%s/backup.sqlite", w.dir);
	assert_int_equal(upkeep_backup(&w.config, backup, &why, &restored.findings), ERR_OK);
	world_close(&w);
	clock_forward(MINUTES_US(5));
	const int64_t before_us = clock_us();
	if (upkeep_restore(&w.config, backup, true, &why, &restored) != ERR_OK)
		fail_msg("restore: %s", why.text);
	assert_true(sql_number(&w, "SELECT last_challenge_us FROM passkeys") >= before_us);
	folder_empty(w.dir);
	world_remove(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(damaged_passkeys_are_reported),
		cmocka_unit_test(a_secret_of_another_kind_is_not_a_public_key),
		cmocka_unit_test(a_rotated_key_opens_passkeys),
		cmocka_unit_test(a_restored_passkey_answers_no_earlier_challenge),
	};

	return cmocka_run_group_tests_name("keeper passkeys, kept", tests, harness_setup, harness_teardown);
}
