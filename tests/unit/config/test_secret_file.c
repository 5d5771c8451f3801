/* Secrets in files: SECRET_KEY_FILE, DATABASE_URL_FILE and credentials of systemd. */
#include "unit.h"

#include "scene.h"

static struct config config;
static struct origins origins;
static struct why why;
static char path[SECRET_PATH_MAX];

static const struct origin *
origin_of(const char *name)
{
	return &origins.of[setting_find(str_of(name)) - settings];
}

static err
load(void)
{
	why = (struct why){ 0 };
	return config_load_traced(&config, &origins, &why);
}

/* Write a file in the scratch folder, and store its absolute path in `path`. */
static void
put(const char *name, const char *bytes, size_t n, mode_t mode)
{
	char folder[100];
	FILE *file;

	assert_non_null(getcwd(folder, sizeof(folder)));
	snprintf(path, sizeof(path), "%s/%s", folder, name);
	(void)!unlink(path);
	file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, n, file), n);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void
put_text(const char *name, const char *text)
{
	put(name, text, strlen(text), 0600);
}

static void
key_and_database_url_are_read_from_files(void **state)
{
	static const struct {
		const char *text, *key, *why;
	} cases[] = {
		{ GOOD_KEY, GOOD_KEY, "no newline" },
		{ GOOD_KEY "\n", GOOD_KEY, "one newline is cut" },
		{ GOOD_KEY "\r\n", GOOD_KEY, "a newline of Windows is cut" },
		{ GOOD_KEY "\n\n", GOOD_KEY "\n", "only one newline is cut" },
		{ GOOD_KEY " ", GOOD_KEY " ", "white space is part of the value" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		unit_note("%s", cases[i].why);
		scene_set(NULL);
		put_text("key", cases[i].text);
		setenv("SECRET_KEY_FILE", path, 1);
		assert_int_equal(load(), ERR_OK);
		assert_int_equal(config.secret_key_bytes, strlen(cases[i].key));
		assert_memory_equal(config.secret_key, cases[i].key, strlen(cases[i].key));
		assert_int_equal(origin_of("SECRET_KEY")->kind, FROM_SECRET_FILE);
		assert_string_equal(origin_of("SECRET_KEY")->secret.path, path);
		assert_false(origin_of("SECRET_KEY")->secret.world_readable);
		assert_int_equal(unlink(path), 0);
	}
	put_text("url", "postgresql://me:hunter2@h/d\n");
	scene_set(NULL);
	setenv("DATABASE_URL_FILE", path, 1);
	assert_int_equal(load(), ERR_OK);
	assert_string_equal(config.database_path, "postgresql://me:hunter2@h/d");
	assert_int_equal(unlink(path), 0);
}

static void
a_dotenv_line_may_name_a_secret_file(void **state)
{
	char dotenv[2 * SECRET_PATH_MAX];

	put_text("key", GOOD_KEY);
	snprintf(dotenv, sizeof(dotenv), "SECRET_KEY_FILE=%s\n", path);
	scene_set(dotenv);
	assert_int_equal(load(), ERR_OK);
	assert_memory_equal(config.secret_key, GOOD_KEY, strlen(GOOD_KEY));
	setenv("SECRET_KEY_FILE", "", 1); /* an empty variable selects the default */
	assert_int_equal(load(), ERR_OK);
	assert_int_equal(config.secret_key_bytes, 0);
	snprintf(dotenv, sizeof(dotenv), "SECRET_KEY_FILE=%s\nSECRET_KEY_FILE=/x\n", path);
	scene_set(dotenv);
	assert_int_equal(load(), ERR_CONFIG);
	assert_string_equal(why.text, ".env, line 2: SECRET_KEY_FILE is already set in line 1.  Delete one of the two "
				      "lines.");
	assert_int_equal(unlink(path), 0);
}

static void
a_setting_that_is_not_secret_takes_no_file(void **state)
{
	scene_set("PORT_FILE=/run/secrets/port\n");
	assert_int_equal(load(), ERR_CONFIG);
	assert_non_null(strstr(why.text, "there is no setting PORT_FILE"));
	assert_null(secret_file_setting(STR("PORT_FILE")));
	assert_null(secret_file_setting(STR("_FILE")));
	assert_null(secret_file_setting(STR("SECRET_KEY")));
	assert_ptr_equal(secret_file_setting(STR("DATABASE_URL_FILE")), setting_find(STR("DATABASE_URL")));
}

/* The scratch folder is the credentials directory. */
static void
set_credentials(void)
{
	char folder[100];

	assert_non_null(getcwd(folder, sizeof(folder)));
	setenv("CREDENTIALS_DIRECTORY", folder, 1);
}

static void
a_systemd_credential_gives_a_secret(void **state)
{
	scene_set(NULL);
	set_credentials();
	assert_int_equal(load(), ERR_OK); /* the folder has no credential of this program */
	assert_int_equal(origin_of("SECRET_KEY")->kind, FROM_DEFAULT);
	put_text("doubletour.SECRET_KEY", GOOD_KEY "\n");
	assert_int_equal(load(), ERR_OK);
	assert_memory_equal(config.secret_key, GOOD_KEY, strlen(GOOD_KEY));
	assert_string_equal(origin_of("SECRET_KEY")->secret.path, path);
	setenv("CREDENTIALS_DIRECTORY", "relative", 1);
	assert_int_equal(load(), ERR_CONFIG);
	assert_non_null(strstr(why.text, "CREDENTIALS_DIRECTORY must be an absolute path"));
	assert_int_equal(unlink(path), 0);
}

static void
two_sources_of_one_secret_are_refused(void **state)
{
	static const struct {
		const char *dotenv;
		bool by_variable, by_path, by_credential;
		const char *says;
	} cases[] = {
		{ NULL, true, true, false, "SECRET_KEY (environment) and SECRET_KEY_FILE (environment) are both set." },
		{ NULL, true, false, true, "SECRET_KEY (environment) and the credential /" },
		{ NULL, false, true, true, "SECRET_KEY_FILE (environment) and the credential /" },
		{ "SECRET_KEY=" GOOD_KEY "\n", false, true, false,
		  "SECRET_KEY (.env, line 1) and SECRET_KEY_FILE (environment) are both set.  Delete one of them." },
		{ "SECRET_KEY_FILE=/x\n", true, false, false,
		  "SECRET_KEY (environment) and SECRET_KEY_FILE (.env, line 1) are both set." },
	};

	put_text("doubletour.SECRET_KEY", GOOD_KEY);
	for (size_t i = 0; i < COUNT(cases); i++) {
		scene_set(cases[i].dotenv);
		if (cases[i].by_variable)
			setenv("SECRET_KEY", GOOD_KEY, 1);
		if (cases[i].by_path)
			setenv("SECRET_KEY_FILE", path, 1);
		if (cases[i].by_credential)
			set_credentials();
		assert_int_equal(load(), ERR_CONFIG);
		unit_note("%s", why.text);
		assert_non_null(strstr(why.text, cases[i].says));
		assert_null(strstr(why.text, GOOD_KEY));
	}
	assert_int_equal(unlink(path), 0);
}

static void
a_secret_file_that_cannot_be_used_is_refused(void **state)
{
	static char big[SECRET_FILE_MAX_BYTES + 1];
	static const struct {
		const char *bytes;
		size_t n;
		mode_t mode;
		const char *says, *why;
	} cases[] = {
		{ "", 0, 0600, "is empty.  Write the secret into it.", "an empty file" },
		{ "\n", 1, 0600, "is empty.", "only a newline" },
		{ "0123456789abcdef0123456789abcde\0f", 33, 0600, "contains a NUL byte", "a NUL byte" },
		{ big, sizeof(big), 0600, "is longer than 4096 bytes", "too long" },
		{ GOOD_KEY, 32, 0602, "can be written by other users: `chmod go-w /", "others may write it" },
		{ GOOD_KEY, 32, 0666, "can be written by other users", "group and others may write it" },
		{ "my-own-short-secret", 19, 0600, "openssl rand -hex 32", "a short key" },
	};

	memset(big, 'a', sizeof(big));
	for (size_t i = 0; i < COUNT(cases); i++) {
		unit_note("%s", cases[i].why);
		scene_set(NULL);
		put("key", cases[i].bytes, cases[i].n, cases[i].mode);
		setenv("SECRET_KEY_FILE", path, 1);
		assert_int_equal(load(), ERR_CONFIG);
		assert_non_null(strstr(why.text, cases[i].says));
		assert_non_null(strstr(why.text, path));
		assert_null(strstr(why.text, "my-own"));
	}
	assert_int_equal(unlink(path), 0);
}

static void
a_secret_path_without_a_regular_file_is_refused(void **state)
{
	static const struct {
		const char *path, *says;
	} cases[] = {
		{ "key", "SECRET_KEY_FILE (environment): The path of a secret must be absolute" },
		{ "/a\tb", "must be absolute" },
		{ "/no/such/file", "SECRET_KEY_FILE (environment): The file /no/such/file cannot be opened: No such" },
		{ "/", "/ is a directory.  Name a regular file." },
		{ "/dev/null", "/dev/null is a device" },
	};
	char folder[100];

	for (size_t i = 0; i < COUNT(cases); i++) {
		scene_set(NULL);
		setenv("SECRET_KEY_FILE", cases[i].path, 1);
		assert_int_equal(load(), ERR_CONFIG);
		unit_note("%s", why.text);
		assert_non_null(strstr(why.text, cases[i].says));
	}
	assert_non_null(getcwd(folder, sizeof(folder)));
	snprintf(path, sizeof(path), "%s/fifo", folder);
	assert_int_equal(mkfifo(path, 0600), 0); /* loading must not wait for a writer */
	setenv("SECRET_KEY_FILE", path, 1);
	assert_int_equal(load(), ERR_CONFIG);
	assert_non_null(strstr(why.text, "is a FIFO or a pipe"));
	assert_int_equal(unlink(path), 0);
}

static void
a_secret_path_over_255_bytes_is_refused(void **state)
{
	static char far[SECRET_PATH_MAX + 1];

	scene_set(NULL);
	memset(far, '/', sizeof(far) - 1);
	setenv("SECRET_KEY_FILE", far, 1);
	assert_int_equal(load(), ERR_CONFIG);
	assert_non_null(strstr(why.text, "has at most 255 bytes, but this one has 256"));
}

static void
a_world_readable_secret_file_is_accepted_and_marked(void **state)
{
	scene_set(NULL);
	put("key", GOOD_KEY, 32, 0444);
	setenv("SECRET_KEY_FILE", path, 1);
	assert_int_equal(load(), ERR_OK);
	assert_true(origin_of("SECRET_KEY")->secret.world_readable);
	assert_int_equal(chmod(path, 0440), 0);
	assert_int_equal(load(), ERR_OK);
	assert_false(origin_of("SECRET_KEY")->secret.world_readable);
	assert_int_equal(unlink(path), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(key_and_database_url_are_read_from_files),
		cmocka_unit_test(a_dotenv_line_may_name_a_secret_file),
		cmocka_unit_test(a_setting_that_is_not_secret_takes_no_file),
		cmocka_unit_test(a_systemd_credential_gives_a_secret),
		cmocka_unit_test(two_sources_of_one_secret_are_refused),
		cmocka_unit_test(a_secret_file_that_cannot_be_used_is_refused),
		cmocka_unit_test(a_secret_path_without_a_regular_file_is_refused),
		cmocka_unit_test(a_secret_path_over_255_bytes_is_refused),
		cmocka_unit_test(a_world_readable_secret_file_is_accepted_and_marked),
	};

	return cmocka_run_group_tests(tests, scene_open, scene_close);
}
