/* The upgrade at the start of a server: what it leaves behind when the database fails. */
#include "keeper/harness.h"

#include "base/file.h"
#include "keeper/ops/database.h"
#include "keeper/ops/upgrade.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { FAULTS_MAX = 200 };

/* A database of the previous migration, and settings that upgrade it. */
static void
world_make_old(struct world *w, struct buf *ret_path)
{
	struct db *db = NULL;
	struct why why = { 0 };

	world_new(w);
	world_close(w);
	assert_int_equal(database_open(&w->config, &why, &db), ERR_OK);
	assert_int_equal(migrate_to(db, migrate_head() - 1, NULL, NULL, &why), ERR_OK);
	db_close(&db);
	w->config.profile = PROFILE_PRODUCTION;
	w->config.database_upgrade = UPGRADE_AUTO;
	buf_printf(ret_path, "%s/before-%04d.sqlite", w->dir, migrate_head() - 1);
	buf_put_byte(ret_path, '\0');
	assert_int_equal(buf_check(ret_path), ERR_OK);
}

static void
world_remove_old(struct world *w, const char *backup)
{
	char lock[256];

	snprintf(lock, sizeof(lock), "%s/doubletour.lock", w->dir);
	(void)!unlink(lock);
	(void)!unlink(backup);
	world_remove(w);
}

/* The first upgrade of a process also makes a schema to compare with.  Later ones make fewer calls that can fail. */
static int
upgrade_once(void **state)
{
	CLEANUP(buf_wipe) struct buf path = BUF(4096);
	struct world w;
	struct why why = { 0 };
	int status = harness_setup(state);

	if (status != 0 || on_postgres())
		return status;
	world_make_old(&w, &path);
	assert_int_equal(upgrade_at_start(&w.config, &why), ERR_OK);
	world_remove_old(&w, path.p);
	return 0;
}

static bool
exists(const char *path)
{
	return access(path, F_OK) == 0;
}

/* From the nth query on, the database does not answer, so it is unknown whether a commit succeeded. */
static void
backup_is_kept_if_the_commit_is_unclear(void **state)
{
	CLEANUP(buf_wipe) struct buf path = BUF(4096);
	struct world w;
	size_t kept = 0, removed = 0;
	err e = ERR_AWAY;

	sqlite_only();
	world_make_old(&w, &path);
	for (long nth = 1; e != ERR_OK && nth < FAULTS_MAX; nth++) {
		struct why why = { 0 };
		fault_set(FAULT_QUERY, nth, true);
		e = upgrade_at_start(&w.config, &why);
		fault_set(FAULT_QUERY, 0, false);
		bool unclear = strstr(why.text, "perhaps changed it") != NULL;
		assert_int_equal(exists(path.p), unclear || e == ERR_OK);
		assert_int_equal(unclear, strstr(why.text, path.p) != NULL && strstr(why.text, "is kept") != NULL);
		kept += unclear;
		removed += strstr(why.text, "nothing was changed") != NULL;
		(void)!unlink(path.p);
	}
	assert_int_equal(e, ERR_OK);
	assert_true(kept > 0);
	assert_true(removed > 0);
	world_remove_old(&w, path.p);
}

/* One query fails.  The next queries show that the database is unchanged. */
static void
backup_of_an_unchanged_database_is_removed(void **state)
{
	CLEANUP(buf_wipe) struct buf path = BUF(4096);
	struct world w;
	err e = ERR_AWAY;

	sqlite_only();
	world_make_old(&w, &path);
	for (long nth = 1; e != ERR_OK && nth < FAULTS_MAX; nth++) {
		struct why why = { 0 };
		fault_set(FAULT_QUERY, nth, false);
		e = upgrade_at_start(&w.config, &why);
		fault_set(FAULT_QUERY, 0, false);
		assert_int_equal(exists(path.p), e == ERR_OK);
		assert_null(strstr(why.text, "perhaps changed it"));
	}
	assert_int_equal(e, ERR_OK);
	world_remove_old(&w, path.p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(backup_is_kept_if_the_commit_is_unclear),
		cmocka_unit_test(backup_of_an_unchanged_database_is_removed),
	};

	return cmocka_run_group_tests(tests, upgrade_once, harness_teardown);
}
