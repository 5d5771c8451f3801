/* Errors of the administrator's commands.  A restore with failing calls leaves the old database or the backup. */
#include "keeper/harness.h"

#include "keeper/account/admin.h"
#include "keeper/ops/import.h"
#include "keeper/keys/keys.h"
#include "keeper/ops/lock.h"
#include "keeper/keys/rotate.h"
#include "keeper/ops/upkeep.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
world_drop(struct world *w)
{
	if (w->keeper != NULL)
		world_close(w);
	folder_empty(w->dir);
	world_remove(w);
}

/* --- restore ------------------------------------------------------------------------------------------------------ */

static void
path_in(const struct world *w, const char *name, char *ret_path, size_t size)
{
	snprintf(ret_path, size, "%s/%s", w->dir, name);
}

/* A closed world with "alice" and "bob", and a backup with "alice" only. */
static void
backed_up(struct world *w, char *ret_backup, size_t size)
{
	struct upkeep_findings findings;
	struct browser b;
	struct why why = { "" };

	world_make(w);
	world_open(w);
	bring_to(w, &b, "alice", STATE_FULL);
	path_in(w, "backup.sqlite", ret_backup, size);
	assert_int_equal(upkeep_backup(&w->config, ret_backup, &why, &findings), ERR_OK);
	bring_to(w, &b, "bob", STATE_FULL);
	world_close(w);
}

static int64_t
accounts_of(struct world *w)
{
	if (sql_number(w, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'") != 1)
		fail_msg("the database is damaged");
	return sql_number(w, "SELECT count(*) FROM accounts");
}

static int
leftovers(const struct world *w)
{
	DIR *folder = opendir(w->dir);
	int n = 0;

	assert_non_null(folder);
	for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder))
		n += strncmp(entry->d_name, "doubletour.sqlite.", 18) == 0 && strstr(entry->d_name, ".before-") == NULL;
	closedir(folder);
	return n;
}

static long
step_of(enum fault fault, long nth)
{
	if (fault != FAULT_MEMORY || nth <= 20)
		return harness_step(nth, 1);
	return harness_each() ? 1 + nth / 40 : harness_step(nth, 9 + nth / 8);
}

static void
restore_each(enum fault fault, bool lasting)
{
	struct world w;
	char backup[256], keep[256];
	struct why why = { "" };
	struct upkeep_restored restored;
	int untouched = 0;

	backed_up(&w, backup, sizeof(backup));
	path_in(&w, "newer.sqlite", keep, sizeof(keep));
	assert_int_equal(upkeep_backup(&w.config, keep, &why, &restored.findings), ERR_OK);
	for (long nth = 1; untouched < harness_last_attempts(2); nth += step_of(fault, nth)) {
		assert_true(nth < 1000000);
		clock_forward(SECONDS_US(2)); /* a different name for each database that is set aside */
		if (accounts_of(&w) != 2)
			assert_int_equal(upkeep_restore(&w.config, keep, true, &why, &restored), ERR_OK);
		clock_forward(SECONDS_US(2));
		why = (struct why){ "" };
		fault_set(fault, nth, lasting);
		err e = upkeep_restore(&w.config, backup, true, &why, &restored);
		fault_set(fault, 0, false);
		untouched = fault_failed(fault) == 0 ? untouched + 1 : 0;
		if (accounts_of(&w) != (e == ERR_OK ? 1 : 2) || (e == ERR_OK && why.text[0] != '\0') ||
		    leftovers(&w) != 0)
			fail_msg("fault %d, %ld: %s, \"%s\", %d left", (int)fault, nth, err_name(e), why.text,
				 leftovers(&w));
	}
	world_drop(&w);
}

static void
a_failed_restore_leaves_the_database_unchanged(void **state)
{
	static const enum fault faults[] = { FAULT_MEMORY, FAULT_OPEN,  FAULT_READ,  FAULT_WRITE, FAULT_SYNC,
					     FAULT_RANDOM, FAULT_CLOCK, FAULT_QUERY, FAULT_CRYPTO };

	for (size_t i = 0; i < COUNT(faults); i++)
		for (int lasting = 0; lasting < 2; lasting++)
			if (harness_walks(0, faults[i], lasting == 1))
				restore_each(faults[i], lasting == 1);
}

static void
restore_refused(struct world *w, const char *source, bool replace, err wanted, const char *word)
{
	struct upkeep_restored restored;
	struct why why = { "" };
	err e = upkeep_restore(&w->config, source, replace, &why, &restored);

	if (e != wanted || strstr(why.text, word) == NULL)
		fail_msg("%s: %s, \"%s\"", source, err_name(e), why.text);
	assert_int_equal(accounts_of(w), 2);
}

static void
a_restore_takes_a_backup_and_nothing_else(void **state)
{
	struct world w;
	char backup[256], other[256];
	struct lock lock = { .fd = -1 };
	struct why why = { "" };

	backed_up(&w, backup, sizeof(backup));
	restore_refused(&w, backup, false, ERR_EXISTS, "--replace");
	path_in(&w, "nowhere", other, sizeof(other));
	restore_refused(&w, other, true, ERR_NOT_FOUND, "cannot be opened");
	restore_refused(&w, w.dir, true, ERR_INVALID, "is a directory");
	path_in(&w, "empty", other, sizeof(other));
	int fd = open(other, O_WRONLY | O_CREAT, 0600);
	restore_refused(&w, other, true, ERR_INVALID, "empty");
	assert_int_equal(write(fd, "this is no database, whatever it is called\n", 43), 43);
	close(fd);
	restore_refused(&w, other, true, ERR_INVALID, "is not a backup");
	path_in(&w, "backup.sqlite-wal", other, sizeof(other));
	fd = open(other, O_WRONLY | O_CREAT, 0600);
	/* The closed database itself is a valid backup. */
	restore_refused(&w, w.config.database_path, true, ERR_OK, "");
	struct upkeep_restored restored;
	assert_int_equal(upkeep_restore(&w.config, backup, true, &why, &restored),
			 ERR_OK); /* an empty write-ahead log does not count as use */
	clock_forward(SECONDS_US(2));
	assert_int_equal(rename(restored.aside, w.config.database_path), 0);
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
	restore_refused(&w, backup, true, ERR_INVALID, "in use");
	assert_int_equal(lock_take(&w.config, LOCK_SHARED, &why, &lock), ERR_OK);
	restore_refused(&w, backup, true, ERR_BUSY, "server is running");
	lock_release(&lock);
	w.config.database = DATABASE_POSTGRES;
	restore_refused(&w, backup, true, ERR_CONFIG, "PostgreSQL");
	world_drop(&w);
}

static void
a_restore_without_a_database_sets_nothing_aside(void **state)
{
	struct world w;
	char backup[256];
	struct upkeep_restored restored;
	struct why why = { "" };

	backed_up(&w, backup, sizeof(backup));
	assert_int_equal(unlink(w.config.database_path), 0);
	assert_int_equal(upkeep_restore(&w.config, backup, false, &why, &restored), ERR_OK);
	assert_int_equal(accounts_of(&w), 1);
	assert_string_equal(restored.aside, "");
	assert_int_equal(unlink(w.config.database_path), 0);
	fault_set(FAULT_SYNC, 1, true);
	assert_int_not_equal(upkeep_restore(&w.config, backup, true, &why, &restored), ERR_OK);
	fault_set(FAULT_SYNC, 0, false);
	assert_int_not_equal(access(w.config.database_path, F_OK), 0);
	world_drop(&w);
}

static void
a_database_that_cannot_be_moved_is_kept(void **state)
{
	struct upkeep_restored restored = { .aside = "" };
	struct world w;
	char backup[256], aside[sizeof(restored.aside)];
	struct why why = { "" };

	backed_up(&w, backup, sizeof(backup));
	clock_forward(SECONDS_US(10));
	assert_int_equal(upkeep_restore(&w.config, backup, true, &why, &restored), ERR_OK);
	err e = ERR_OK;
	for (int attempts = 0; attempts < 50 && e == ERR_OK; attempts++) { /* until two restores happen in one second */
		snprintf(aside, sizeof(aside), "%s", restored.aside);
		assert_int_equal(unlink(aside), 0);
		assert_int_equal(mkdir(aside, 0700), 0); /* a file cannot be renamed to a folder's name */
		e = upkeep_restore(&w.config, backup, true, &why, &restored);
		if (e == ERR_OK)
			assert_int_equal(rmdir(aside), 0);
	}
	assert_int_equal(e, ERR_IO);
	assert_non_null(strstr(why.text, "cannot be renamed"));
	assert_int_equal(accounts_of(&w), 1);
	assert_int_equal(rmdir(aside), 0);
	world_drop(&w);
}

static void
a_backup_overwrites_no_file(void **state)
{
	static char longest[5000];
	struct world w;
	char backup[256];
	struct upkeep_findings findings;
	struct upkeep_restored restored;
	struct why why = { "" };

	backed_up(&w, backup, sizeof(backup));
	assert_int_equal(upkeep_backup(&w.config, backup, &why, &findings), ERR_EXISTS);
	assert_int_equal(upkeep_backup(&w.config, w.config.database_path, &why, &findings), ERR_EXISTS);
	memset(longest, 'a', sizeof(longest) - 1);
	assert_int_not_equal(upkeep_backup(&w.config, longest, &why, &findings), ERR_OK);
	sql_run(&w, "UPDATE accounts SET name = upper(name)");
	assert_int_equal(unlink(backup), 0);
	/* A backup copies invalid accounts too. */
	assert_int_equal(upkeep_backup(&w.config, backup, &why, &findings), ERR_OK);
	assert_int_equal(findings.bad_name, 2);
	assert_int_not_equal(upkeep_restore(&w.config, backup, true, &why, &restored), ERR_OK);
	assert_non_null(strstr(why.text, "cannot be restored"));
	world_drop(&w);
}

static void
a_database_without_its_key_cannot_be_checked(void **state)
{
	struct world w;
	struct why why = { "" };
	struct upkeep_findings findings;
	CLEANUP(db_close) struct db *db = NULL;

	world_make(&w);
	world_open(&w);
	world_close(&w);
	assert_int_equal(upkeep_open(&w.config, &why, &db), ERR_OK);
	w.config.secret_key_bytes = 0;
	assert_int_equal(upkeep_check(&w.config, db, NULL, NULL, &why, &findings), ERR_CONFIG);
	assert_non_null(strstr(why.text, "restore the key file"));
	w.config.secret_key_bytes = 40;
	assert_int_equal(upkeep_check(&w.config, db, NULL, NULL, &why, &findings), ERR_CONFIG);
	assert_non_null(strstr(why.text, "not the key of this database"));
	sql_run(&w, "DELETE FROM keys"); /* without sealed values any key is right */
	assert_int_equal(upkeep_check(&w.config, db, NULL, NULL, &why, &findings), ERR_OK);
	world_drop(&w);
}

/* --- folders and locks -------------------------------------------------------------------------------------------- */

static void
an_unusable_folder_is_reported(void **state)
{
	struct world w;
	struct why why = { "" };
	struct lock lock = { .fd = -1 };
	struct master_key key = { .n = 0 };
	struct keys keys = { 0 };
	struct upkeep_findings findings;
	char long_path[2 * CONFIG_TEXT_MAX];

	world_make(&w);
	w.config.secret_key_bytes = 0;
	snprintf(w.config.data_dir, sizeof(w.config.data_dir), "/dev/null/doubletour");
	assert_int_equal(lock_take(&w.config, LOCK_SHARED, &why, &lock), ERR_DENIED);
	assert_non_null(strstr(why.text, "cannot be created"));
	assert_int_equal(master_key_new_make(&w.config, &why, &key), ERR_DENIED);
	assert_non_null(strstr(why.text, "cannot be created"));
	assert_int_equal(master_key_new_install(&w.config, &keys, &why), ERR_DENIED);
	assert_non_null(strstr(why.text, "cannot be created"));
	memset(w.config.data_dir, 'a', sizeof(w.config.data_dir) - 1);
	assert_int_equal(lock_take(&w.config, LOCK_SHARED, &why, &lock), ERR_DENIED);
	assert_int_equal(master_key_read(&w.config, &why, &key), ERR_CONFIG);
	w.config.database = DATABASE_POSTGRES;
	assert_int_equal(upkeep_backup(&w.config, "/tmp/never-made", &why, &findings), ERR_CONFIG);
	assert_non_null(strstr(why.text, "pg_dump"));
	w.config.database = DATABASE_SQLITE;
	snprintf(long_path, sizeof(long_path), "/tmp/%0*d", (int)sizeof(long_path) - 10, 0);
	assert_int_not_equal(upkeep_backup(&w.config, long_path, &why, &findings), ERR_OK);
	assert_int_not_equal(upkeep_backup(&w.config, "/dev/null/x", &why, &findings), ERR_OK);
	world_remove(&w);
}

static void
an_older_schema_is_refused_with_the_command_that_helps(void **state)
{
	struct world w;
	struct why why = { "" };
	CLEANUP(db_close) struct db *db = NULL;

	world_make(&w);
	world_open(&w);
	world_close(&w);
	sql_run(&w, "DELETE FROM schema_migrations WHERE version = (SELECT max(version) FROM schema_migrations)");
	assert_int_equal(upkeep_open(&w.config, &why, &db), ERR_CONFIG);
	assert_non_null(strstr(why.text, "doubletour db upgrade"));
	world_drop(&w);
}

static void
the_lock_admits_one_command_or_many_servers(void **state)
{
	struct world w;
	struct lock first = { .fd = -1 }, second = { .fd = -1 };
	struct why why = { "" };

	world_make(&w);
	assert_int_equal(lock_take(&w.config, LOCK_SHARED, &why, &first), ERR_OK);
	assert_int_equal(lock_take(&w.config, LOCK_SHARED, &why, &second), ERR_OK);
	lock_release(&second);
	assert_int_equal(lock_take(&w.config, LOCK_ALONE, &why, &second), ERR_BUSY);
	assert_non_null(strstr(why.text, "A server is running"));
	lock_release(&first);
	assert_int_equal(lock_take(&w.config, LOCK_ALONE, &why, &second), ERR_OK);
	assert_int_equal(lock_take(&w.config, LOCK_ALONE, &why, &first), ERR_BUSY);
	assert_non_null(strstr(why.text, "Another command has exclusive access"));
	assert_int_equal(lock_take(&w.config, LOCK_SHARED, &why, &first), ERR_BUSY);
	assert_non_null(strstr(why.text, "exclusive access"));
	lock_release(&second);
	world_drop(&w);
}

/* --- copies ------------------------------------------------------------------------------------------------------- */

/* The settings of the world with a database at another path. */
static struct config
at_path(const struct world *w, const char *path)
{
	struct config other = w->config;

	snprintf(other.database_path, sizeof(other.database_path), "%s", path);
	snprintf(other.database_name, sizeof(other.database_name), "%s", path);
	return other;
}

static void
count_reported(void *context, const struct copy_progress *progress)
{
	assert_true(progress->done <= progress->all && progress->table != NULL);
	++*(int *)context;
}

static err
copy_to(const struct world *w, const char *path, struct why *why, int64_t *ret_rows)
{
	struct config target = at_path(w, path);
	int reported = 0;
	const struct upkeep_copying copying = { &w->config, &w->config, &target, count_reported, &reported };
	err e = upkeep_copy(&copying, why, ret_rows);

	assert_true(e != ERR_OK || reported > 0);
	return e;
}

static void
copy_each(enum fault fault, bool lasting)
{
	struct world w;
	char backup[256], target[256];
	struct why why = { "" };
	int untouched = 0;
	int64_t rows = 0;

	backed_up(&w, backup, sizeof(backup));
	path_in(&w, "copy.sqlite", target, sizeof(target));
	for (long nth = 1; untouched < 1; nth += step_of(fault, nth)) {
		assert_true(nth < 200000);
		why = (struct why){ "" };
		fault_set(fault, nth, lasting);
		err e = copy_to(&w, target, &why, &rows);
		fault_set(fault, 0, false);
		untouched = fault_failed(fault) == 0 ? untouched + 1 : 0;
		if (accounts_of(&w) != 2 || (access(target, F_OK) == 0) != (e == ERR_OK))
			fail_msg("fault %d, %ld: %s, \"%s\"", (int)fault, nth, err_name(e), why.text);
		if (e == ERR_OK) {
			struct world copy = w;
			copy.config = at_path(&w, target);
			assert_int_equal(accounts_of(&copy), 2);
			unlink(target);
		}
	}
	assert_true(rows > 0);
	world_drop(&w);
}

static void
a_failed_copy_leaves_no_file_and_the_source_unchanged(void **state)
{
	static const enum fault faults[] = { FAULT_MEMORY, FAULT_OPEN,  FAULT_READ,  FAULT_WRITE, FAULT_SYNC,
					     FAULT_RANDOM, FAULT_CLOCK, FAULT_QUERY, FAULT_CRYPTO };

	for (size_t i = 0; i < COUNT(faults); i++)
		for (int lasting = 0; lasting < 2; lasting++)
			if (harness_walks(1, faults[i], lasting == 1))
				copy_each(faults[i], lasting == 1);
}

static void
a_copy_needs_a_source_at_rest_and_an_empty_target(void **state)
{
	struct world w, elsewhere;
	char backup[256], target[256];
	struct lock lock = { .fd = -1 };
	struct why why = { "" };
	int64_t rows = 0;

	backed_up(&w, backup, sizeof(backup));
	path_in(&w, "copy.sqlite", target, sizeof(target));
	assert_int_equal(copy_to(&w, w.config.database_path, &why, &rows), ERR_INVALID);
	assert_non_null(strstr(why.text, "the same database"));
	why = (struct why){ "" };
	assert_int_equal(copy_to(&w, backup, &why, &rows), ERR_EXISTS);
	assert_non_null(strstr(why.text, "is not empty"));
	why = (struct why){ "" };
	assert_int_equal(copy_to(&w, "/dev/null/x", &why, &rows), ERR_DENIED);
	assert_int_equal(lock_take(&w.config, LOCK_SHARED, &why, &lock), ERR_OK);
	assert_int_equal(copy_to(&w, target, &why, &rows), ERR_BUSY);
	/* the lock is beside the database file, so the settings of the command do not matter */
	world_make(&elsewhere);
	struct config copy = at_path(&w, target);
	const struct upkeep_copying copying = { &elsewhere.config, &w.config, &copy, NULL, NULL };
	assert_int_equal(upkeep_copy(&copying, &why, &rows), ERR_BUSY);
	lock_release(&lock);
	assert_int_not_equal(access(target, F_OK), 0);
	assert_int_equal(upkeep_copy(&copying, &why, &rows), ERR_OK);
	world_drop(&elsewhere);
	world_drop(&w);
}

/* --- accounts ----------------------------------------------------------------------------------------------------- */

struct counting {
	int left; /* calls until the reader stops */
	int seen;
};

static err
stop_at(void *context)
{
	struct counting *counting = context;

	counting->seen++;
	return --counting->left < 0 ? ERR_IO : ERR_OK;
}

static err
on_user(void *context, const struct admin_user *user)
{
	return stop_at(context);
}

static err
on_session(void *context, const struct admin_session *session)
{
	return stop_at(context);
}

static err
on_event(void *context, const struct admin_event *event)
{
	return stop_at(context);
}

static void
a_list_stops_when_its_reader_stops(void **state)
{
	const struct admin_filter all = { .account = NULL };
	const struct admin_audit events = { .account = NULL };
	struct world w;
	struct browser b;
	struct why why = { "" };
	int64_t last = 0;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	bring_to(&w, &b, "bob", STATE_FULL);
	for (int most = 0; most < 2; most++) {
		struct counting users = { .left = most }, trail = { .left = most };
		assert_int_equal(admin_users(w.thread, &all, &why, on_user, &users), ERR_IO);
		assert_int_equal(users.seen, most + 1);
		assert_int_equal(admin_audit_read(w.thread, &events, &why, on_event, &trail, &last), ERR_IO);
		assert_int_equal(trail.seen, most + 1);
	}
	struct counting sessions = { .left = 0 };
	assert_int_equal(admin_sessions(w.thread, STR("alice"), &why, on_session, &sessions), ERR_IO);
	assert_int_equal(sessions.seen, 1);
	world_end(&w);
}

static void
invalid_account_names_are_refused(void **state)
{
	static const struct {
		const char *name, *display, *word;
	} rows[] = {
		{ "", "", "at least 3" },
		{ "ab", "", "at least 3" },
		{ "-abc", "", "begins and ends" },
		{ "a b c", "", "letters without accents" },
		{ "caf\xc3\xa9", "", "letters without accents" },
		{ "abcdefghijklmnopqrstuvwxyzabcdefghijklmno", "", "at most 40" },
		{ "carol", "a\x07", "display name" },
		{ "carol", "\xff", "display name" },
		{ "alice", "", "alice" },
	};
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	bring_to(&w, &b, "bob", STATE_FULL);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct why why = { "" };
		struct link_text link;
		assert_int_not_equal(admin_add(w.thread, str_of(rows[i].name),
					       &(struct admin_new){ .display_name = str_of(rows[i].display) }, &why,
					       &link),
				     ERR_OK);
		if (strstr(why.text, rows[i].word) == NULL)
			fail_msg("%s: \"%s\"", rows[i].name, why.text);
		if (rows[i].display[0] != '\0')
			continue;
		why = (struct why){ "" };
		assert_int_not_equal(admin_rename(w.thread, STR("bob"), str_of(rows[i].name), &why), ERR_OK);
		assert_non_null(strstr(why.text, rows[i].word));
	}
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM accounts"), 2);
	world_end(&w);
}

/* --- imports ------------------------------------------------------------------------------------------------------ */

#define BCRYPT "$2b$04$abcdefghijklmnopqrstuuyeG8laUfZvsCmc.AE6qIDYSPGM2efmK"
#define SECRET "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"

struct refusing {
	const struct import_row *row;
	const char *reason; /* NULL: imported */
};

static err
one_row(void *context, import_take take, void *take_context, struct why *why)
{
	const struct refusing *refusing = context;

	return take(take_context, refusing->row);
}

static err
no_row(void *context, import_take take, void *take_context, struct why *why)
{
	return ERR_OK;
}

static void
on_refused(void *context, const struct import_row *row, const char *reason)
{
	struct refusing *refusing = context;

	refusing->reason = reason;
}

static void
on_progress(void *context, int64_t done, int64_t all)
{
}

static void
an_import_explains_each_skipped_row(void **state)
{
	static char long_secret[3000];
	static const struct {
		struct import_row row;
		const char *word; /* NULL: imported */
	} rows[] = {
		{ { .name = STR_INIT("carol"), .password_hash = STR_INIT(BCRYPT) }, NULL },
		{ { .name = STR_INIT(""), .password_hash = STR_INIT(BCRYPT) }, "no name" },
		{ { .name = STR_INIT("ab"), .password_hash = STR_INIT(BCRYPT) }, "fewer than 3" },
		{ { .name = STR_INIT("-abc"), .password_hash = STR_INIT(BCRYPT) }, "begin and end" },
		{ { .name = STR_INIT("a b c"), .password_hash = STR_INIT(BCRYPT) }, "characters other" },
		{ { .name = STR_INIT("dave"), .password_hash = STR_INIT("md5") }, "password hash" },
		{ { .name = STR_INIT("dave"), .password_hash = STR_INIT(BCRYPT), .secret = STR_INIT("0189") },
		  "not base32" },
		{ { .name = STR_INIT("dave"), .password_hash = STR_INIT(BCRYPT), .secret = { long_secret, 2000 } },
		  "not base32" },
		{ { .name = STR_INIT("dave"), .password_hash = STR_INIT(BCRYPT), .secret = STR_INIT("MZXW6YTBOI") },
		  "128 bits" },
		{ { .name = STR_INIT("dave"),
		    .password_hash = STR_INIT(BCRYPT),
		    .secret = STR_INIT(SECRET),
		    .digits = 9 },
		  "unsupported parameters" },
		{ { .name = STR_INIT("dave"),
		    .password_hash = STR_INIT(BCRYPT),
		    .secret = STR_INIT(SECRET),
		    .period_s = 14 },
		  "unsupported parameters" },
		{ { .name = STR_INIT("dave"),
		    .password_hash = STR_INIT(BCRYPT),
		    .secret = STR_INIT(SECRET),
		    .period_s = 301 },
		  "unsupported parameters" },
		{ { .name = STR_INIT("dave"),
		    .password_hash = STR_INIT(BCRYPT),
		    .secret = STR_INIT(SECRET),
		    .digits = 8,
		    .period_s = 300 },
		  NULL },
	};
	struct world w;
	struct import_counts counts;
	struct why why = { "" };

	memset(long_secret, 'A', sizeof(long_secret));
	world_new(&w);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct refusing refusing = { .row = &rows[i].row };
		const struct import import = { .reason = REASON_FLASK,
					       .source = one_row,
					       .source_context = &refusing,
					       .refused = on_refused,
					       .context = &refusing,
					       .progress = on_progress };
		assert_int_equal(import_run(&w.config, &import, &why, &counts), ERR_OK);
		if ((refusing.reason == NULL) != (rows[i].word == NULL) ||
		    (rows[i].word != NULL && strstr(refusing.reason, rows[i].word) == NULL))
			fail_msg("row %zu: %s", i, refusing.reason == NULL ? "taken" : refusing.reason);
	}
	const struct import nothing = {
		.reason = REASON_FLASK, .source = no_row, .refused = on_refused, .progress = on_progress
	};
	assert_int_equal(import_run(&w.config, &nothing, &why, &counts), ERR_OK);
	assert_int_equal(counts.rows, 0);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM accounts"), 2);
	world_end(&w);
}

static void
all_of_many_sessions_are_ended(void **state)
{
	struct world w;
	struct browser b, full;
	int64_t ended = 0;
	struct why why = { "" };

	world_make(&w);
	world_open(&w);
	bring_to(&w, &full, "alice", STATE_FULL);
	for (int i = 0; i < 40; i++) {
		forgive(&w);
		memset(&b, 0, sizeof(b));
		assert_verdict(do_sign_in(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	}
	assert_int_equal(admin_sign_out(w.thread, STR("alice"), &why, &ended), ERR_OK);
	assert_int_equal(ended, 41);
	assert_verdict(ask(&w, &full, QUESTION_SESSION, NULL), VERDICT_REFUSED);
	assert_verdict(do_sign_in(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	sql_run(&w, "UPDATE sessions SET token_hash = x'00'");
	assert_int_equal(admin_sign_out(w.thread, STR("alice"), &why, &ended), ERR_CORRUPT);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM sessions"), 1);
	world_drop(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failed_restore_leaves_the_database_unchanged),
		cmocka_unit_test(a_restore_takes_a_backup_and_nothing_else),
		cmocka_unit_test(a_restore_without_a_database_sets_nothing_aside),
		cmocka_unit_test(a_database_that_cannot_be_moved_is_kept),
		cmocka_unit_test(a_backup_overwrites_no_file),
		cmocka_unit_test(a_database_without_its_key_cannot_be_checked),
		cmocka_unit_test(an_unusable_folder_is_reported),
		cmocka_unit_test(an_older_schema_is_refused_with_the_command_that_helps),
		cmocka_unit_test(the_lock_admits_one_command_or_many_servers),
		cmocka_unit_test(a_failed_copy_leaves_no_file_and_the_source_unchanged),
		cmocka_unit_test(a_copy_needs_a_source_at_rest_and_an_empty_target),
		cmocka_unit_test(all_of_many_sessions_are_ended),
		cmocka_unit_test(a_list_stops_when_its_reader_stops),
		cmocka_unit_test(invalid_account_names_are_refused),
		cmocka_unit_test(an_import_explains_each_skipped_row),
	};

	return cmocka_run_group_tests_name("keeper commands", tests, harness_setup, harness_teardown);
}
