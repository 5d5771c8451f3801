/*
 * Opening: the key, its file and the database must belong together.  Otherwise there is an error message, and no file
 * changes.
 */
#include "keeper/harness.h"

#include "base/secret.h"
#include "keeper/keys/keys.h"
#include "store/store.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void
key_path(const struct world *w, char *ret_path, size_t size)
{
	snprintf(ret_path, size, "%s/doubletour.key", w->dir);
}

static void
use_key_file(struct world *w)
{
	memset(w->config.secret_key, 0, sizeof(w->config.secret_key));
	w->config.secret_key_bytes = 0;
}

static void
write_file(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	close(fd);
}

static void
read_file(const char *path, char *ret_text, size_t size)
{
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	ssize_t n = read(fd, ret_text, size - 1);
	assert_true(n >= 0);
	ret_text[n] = '\0';
	close(fd);
}

/* Opening must fail with ERR_CONFIG and a message with this word. */
static void
assert_refused(struct world *w, const char *word, const char *about)
{
	struct why why = { 0 };
	err e = keeper_open(&w->config, KEEPER_CREATE, &why, &w->keeper);

	if (e != ERR_CONFIG || strstr(why.text, word) == NULL)
		fail_msg("%s: %s, \"%s\"", about, err_name(e), why.text);
	assert_null(w->keeper);
}

static void
a_key_file_is_made_at_first_start_for_its_owner_only(void **state)
{
	struct world w;
	struct browser b = { 0 };
	char path[256], first[256], second[256];
	struct stat status;

	world_make(&w);
	use_key_file(&w);
	world_open(&w);
	key_path(&w, path, sizeof(path));
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0600);
	read_file(path, first, sizeof(first));
	assert_int_equal(strlen(first), 65);
	bring_to(&w, &b, "alice", STATE_FULL);
	world_close(&w);
	world_open(&w);
	read_file(path, second, sizeof(second));
	assert_string_equal(first, second);
	clock_forward(MINUTES_US(1));
	memset(&b.token, 0, sizeof(b.token));
	assert_verdict(do_sign_in(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	assert_verdict(do_verify(&w, &b, code_of(b.secret, 0).z), VERDICT_PASSED);
	world_end(&w);
}

#define KEY_A "9d1f3b7c5e2a4860718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8"
#define KEY_B "0c1f3b7c5e2a4860718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e9"

static const struct {
	const char *text;
	mode_t mode;
	const char *word, *why;
} files[] = {
	{ "", 0600, "shorter", "empty" },
	{ "short-key\n", 0600, "shorter", "short" },
	{ "guess-me\n", 0600, "published", "the default of the tutorial" },
	{ "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf\n", 0600, "published",
	  "a key from a manual" },
	{ "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\n", 0600, "guessed", "one byte repeated" },
	{ KEY_A "\n", 0640, "chmod 600", "readable by the group" },
	{ KEY_A "\n", 0604, "chmod 600", "readable by others" },
	{ KEY_A "\n", 0620, "chmod 600", "writable by the group" },
};

static void
an_unusable_key_file_is_refused_before_any_change(void **state)
{
	for (size_t i = 0; i < COUNT(files); i++) {
		struct world w;
		char path[256];
		world_make(&w);
		use_key_file(&w);
		key_path(&w, path, sizeof(path));
		write_file(path, files[i].text, files[i].mode);
		assert_refused(&w, files[i].word, files[i].why);
		assert_int_equal(access(w.config.database_path, F_OK), -1);
		world_remove(&w);
	}
}

static void
a_key_file_that_is_a_link_or_a_folder_is_refused(void **state)
{
	struct world w;
	char path[256], aside[256];

	world_make(&w);
	use_key_file(&w);
	key_path(&w, path, sizeof(path));
	snprintf(aside, sizeof(aside), "%s/aside", w.dir);
	write_file(aside, KEY_A "\n", 0600);
	assert_int_equal(symlink(aside, path), 0);
	assert_refused(&w, "key file", "a link");
	unlink(path);
	unlink(aside);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_refused(&w, "not a regular file", "a folder");
	rmdir(path);
	world_remove(&w);
}

static void
a_pipe_or_a_key_file_of_another_user_is_refused(void **state)
{
	struct world w;
	char path[256];

	world_make(&w);
	use_key_file(&w);
	key_path(&w, path, sizeof(path));
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_refused(&w, "not a regular file", "a pipe"); /* opening does not wait for a writer */
	unlink(path);
	write_file(path, KEY_A "\n", 0600);
	if (chown(path, 12345, (gid_t)-1) == 0) /* only root can */
		assert_refused(&w, "another user", "a file of another user");
	unlink(path);
	world_remove(&w);
}

static void
a_next_key_is_made_and_installed_once(void **state)
{
	struct world w;
	struct why why = { "" };
	struct master_key first = { .n = 0 }, second = { .n = 0 }, read = { .n = 0 };
	struct keys keys = { 0 };
	char folder[256], path[300];

	world_make(&w);
	use_key_file(&w);
	snprintf(folder, sizeof(folder), "%s/deeper", w.dir);
	snprintf(w.config.data_dir, sizeof(w.config.data_dir), "%s", folder); /* the function creates the folder */
	assert_int_equal(master_key_new_make(&w.config, &why, &first), ERR_OK);
	assert_int_equal(master_key_new_make(&w.config, &why, &second), ERR_EXISTS);
	assert_int_equal(master_key_new_read(&w.config, &why, &read), ERR_OK);
	assert_int_equal(read.n, first.n);
	assert_memory_equal(read.b, first.b, first.n);
	snprintf(path, sizeof(path), "%s/doubletour.key.00000000", folder);
	assert_int_equal(mkdir(path, 0700), 0);
	snprintf(path, sizeof(path), "%s/doubletour.key", folder);
	write_file(path, KEY_A "\n", 0600);
	/* The old key cannot be set aside. */
	assert_int_equal(master_key_new_install(&w.config, &keys, &why), ERR_DENIED);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(master_key_new_install(&w.config, &keys, &why),
			 ERR_OK); /* as after a crash between the two renames */
	assert_int_equal(master_key_read(&w.config, &why, &read), ERR_OK);
	assert_memory_equal(read.b, first.b, first.n);
	assert_int_equal(unlink(path), 0);
	snprintf(path, sizeof(path), "%s/doubletour.key.00000000", folder);
	assert_int_equal(rmdir(path), 0);
	assert_int_equal(rmdir(folder), 0);
	world_remove(&w);
}

static void
a_missing_database_is_reported_without_its_password(void **state)
{
	struct world w;
	struct why why = { "" };

	world_make(&w);
	w.config.database = DATABASE_POSTGRES;
	snprintf(w.config.database_path, sizeof(w.config.database_path), "postgresql://a:hunter2@127.0.0.1:1/none");
	assert_int_equal(keeper_open(&w.config, KEEPER_CREATE, &why, &w.keeper), ERR_AWAY);
	assert_non_null(strstr(why.text, "The PostgreSQL database cannot be reached"));
	assert_null(strstr(why.text, "hunter2"));
	snprintf(w.config.database_path, sizeof(w.config.database_path), "postgresql://a:hunter2%%zz@127.0.0.1/none");
	assert_int_equal(keeper_open(&w.config, KEEPER_CREATE, &why, &w.keeper), ERR_CONFIG);
	assert_non_null(strstr(why.text, "write @ as %40"));
	assert_null(strstr(why.text, "hunter2"));
	world_remove(&w);
}

static void
a_weak_secret_key_is_refused(void **state)
{
	static const char *const keys[] = { "guess-me", "0123456789012345678901234567890123456789",
					    "192b9bdd22ab9ed4d12e236c78afcb9a393ec15f71bbf5dc987d54727823bcbf" };

	for (size_t i = 0; i < COUNT(keys); i++) {
		struct world w;
		world_make(&w);
		w.config.secret_key_bytes = strlen(keys[i]);
		memcpy(w.config.secret_key, keys[i], strlen(keys[i]));
		assert_refused(&w, "SECRET_KEY", keys[i]);
		world_remove(&w);
	}
}

static void
a_missing_key_is_refused_and_not_replaced(void **state)
{
	struct world w;
	char path[256];

	world_make(&w);
	use_key_file(&w);
	world_open(&w);
	world_close(&w);
	key_path(&w, path, sizeof(path));
	assert_int_equal(unlink(path), 0);
	assert_refused(&w, "backup", "missing");
	assert_int_equal(access(path, F_OK), -1);
	world_remove(&w);
}

static void
a_wrong_key_is_refused_and_the_right_one_works_again(void **state)
{
	struct world w;
	char path[256];
	struct browser b;

	world_make(&w);
	use_key_file(&w);
	key_path(&w, path, sizeof(path));
	write_file(path, KEY_A "\n", 0600);
	world_open(&w);
	bring_to(&w, &b, "alice", STATE_PENDING);
	world_close(&w);
	write_file(path, KEY_B "\n", 0600);
	assert_refused(&w, "not the key of this database", "another key");
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM keys"), 1);
	write_file(path, KEY_A, 0600); /* the same key without a line end */
	world_open(&w);
	assert_verdict(do_verify(&w, &b, code_of(b.secret, 0).z), VERDICT_PASSED);
	world_end(&w);
}

static void
a_changed_check_value_is_a_wrong_key(void **state)
{
	struct world w;

	world_new(&w);
	world_close(&w);
	sql_run(&w, "UPDATE keys SET sealed_check = zeroblob(length(sealed_check))");
	assert_refused(&w, "not the key of this database", "zeroes");
	world_remove(&w);
}

/* --- the database ------------------------------------------------------------------------------------------------- */

static void
production_creates_no_database_and_names_the_command(void **state)
{
	struct world w;
	struct why why = { 0 };

	world_make(&w);
	use_key_file(&w);
	w.config.profile = PROFILE_PRODUCTION;
	assert_int_not_equal(keeper_open(&w.config, KEEPER_CREATE, &why, &w.keeper), ERR_OK);
	assert_non_null(strstr(why.text, "doubletour db init"));
	world_remove(&w);
	world_make(&w);
	w.config.profile = PROFILE_PRODUCTION;
	struct db *db = NULL;
	assert_int_equal(store_open(w.config.database_path, STORE_CREATE, &why, &db), ERR_OK);
	db_close(&db);
	assert_int_equal(keeper_open(&w.config, KEEPER_CREATE, &why, &w.keeper), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, "doubletour db init")); /* a database without a schema */
	world_remove(&w);
}

static void
an_invalid_or_newer_database_is_refused(void **state)
{
	struct world w;
	struct why why = { 0 };

	world_make(&w);
	write_file(w.config.database_path,
		   "This is not a database, and long enough to be looked at as if it were one.\n", 0600);
	assert_int_not_equal(keeper_open(&w.config, KEEPER_CREATE, &why, &w.keeper), ERR_OK);
	assert_true(strlen(why.text) > 0);
	world_remove(&w);
	world_new(&w);
	world_close(&w);
	sql_run(&w,
		"INSERT INTO schema_migrations (version, name, checksum, applied_at_us) VALUES (9999, 'later', '', 1)");
	assert_refused(&w, "newer", "newer");
	world_remove(&w);
}

static void
files_cannot_be_read_by_others(void **state)
{
	static const char *const names[] = { "doubletour.sqlite", "doubletour.sqlite-wal", "doubletour.sqlite-shm",
					     "doubletour.key" };
	struct world w;
	struct browser b;
	struct stat status;
	char path[256];
	mode_t mask = umask(0);

	world_make(&w);
	use_key_file(&w);
	world_open(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", w.dir, names[i]);
		assert_int_equal(stat(path, &status), 0);
		assert_int_equal(status.st_mode & 07777, 0600);
	}
	umask(mask);
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_file_is_made_at_first_start_for_its_owner_only),
		cmocka_unit_test(an_unusable_key_file_is_refused_before_any_change),
		cmocka_unit_test(a_key_file_that_is_a_link_or_a_folder_is_refused),
		cmocka_unit_test(a_pipe_or_a_key_file_of_another_user_is_refused),
		cmocka_unit_test(a_next_key_is_made_and_installed_once),
		cmocka_unit_test(a_missing_database_is_reported_without_its_password),
		cmocka_unit_test(a_weak_secret_key_is_refused),
		cmocka_unit_test(a_missing_key_is_refused_and_not_replaced),
		cmocka_unit_test(a_wrong_key_is_refused_and_the_right_one_works_again),
		cmocka_unit_test(a_changed_check_value_is_a_wrong_key),
		cmocka_unit_test(production_creates_no_database_and_names_the_command),
		cmocka_unit_test(an_invalid_or_newer_database_is_refused),
		cmocka_unit_test(files_cannot_be_read_by_others),
	};

	return cmocka_run_group_tests_name("keeper keys", tests, harness_setup, harness_teardown);
}
