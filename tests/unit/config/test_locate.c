/* Which settings file is read, and how messages name it. */
#include "unit.h"

#include "config/locate.h"
#include "scene.h"

static struct config config;
static struct why why;

static void
write_file(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0600), 0);
}

/* Give every place a file: system 1, current 2, variable 3, option 4. */
static int
places_open(void **state)
{
	assert_int_equal(scene_open(state), 0);
	assert_int_equal(mkdir("system", 0700), 0);
	assert_string_equal(locate_system_file(), "system/doubletour.env");
	write_file(locate_system_file(), "PORT=1\n");
	write_file("variable.env", "PORT=3\n");
	write_file("option.env", "PORT=4\n");
	return 0;
}

static int
places_close(void **state)
{
	(void)!unlink(locate_system_file());
	(void)!unlink("variable.env");
	(void)!unlink("option.env");
	(void)!rmdir("system");
	return scene_close(state);
}

static void
locate_settings_takes_the_file_of_highest_precedence(void **state)
{
	static const struct {
		bool current, system;
		const char *variable, *option;
		enum locate_by by;
		uint16_t port;
		const char *why;
	} cases[] = {
		{ false, false, NULL, NULL, LOCATE_NONE, 5000, "no file: the defaults" },
		{ false, true, NULL, NULL, LOCATE_SYSTEM, 1, "the system's file is the last place" },
		{ true, true, NULL, NULL, LOCATE_CURRENT, 2, ".env goes before the system's file" },
		{ true, true, "variable.env", NULL, LOCATE_VARIABLE, 3, "the variable goes before .env" },
		{ true, true, "variable.env", "option.env", LOCATE_OPTION, 4, "the option goes before the variable" },
		{ true, true, "", NULL, LOCATE_CURRENT, 2, "an empty variable counts as not set" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		unit_note("%s", cases[i].why);
		scene_set(cases[i].current ? "PORT=2\n" : NULL);
		if (!cases[i].system)
			assert_int_equal(unlink(locate_system_file()), 0);
		if (cases[i].variable != NULL)
			setenv("DOUBLETOUR_SETTINGS", cases[i].variable, 1);
		locate_name(cases[i].option);
		assert_int_equal(locate_settings().by, cases[i].by);
		assert_int_equal(config_load(&config, &why), ERR_OK);
		assert_int_equal(config.port, cases[i].port);
		write_file(locate_system_file(), "PORT=1\n");
	}
}

static void
config_load_refuses_a_named_file_that_is_missing(void **state)
{
	scene_set("PORT=2\n");
	setenv("DOUBLETOUR_SETTINGS", "missing.env", 1);
	assert_int_equal(config_load(&config, &why), ERR_CONFIG);
	assert_string_equal(why.text, "The settings file missing.env, named by DOUBLETOUR_SETTINGS, does not exist.  "
				      "Correct the path, or create the file.");
	locate_name("gone.env");
	assert_int_equal(config_load(&config, &why), ERR_CONFIG);
	assert_non_null(strstr(why.text, "gone.env, named by --settings, does not exist."));
	assert_string_equal(locate_settings().path, "gone.env"); /* setup may create it */
}

static void
config_load_refuses_a_link_to_a_missing_file(void **state)
{
	scene_set(NULL);
	assert_int_equal(symlink("nothing", ".env"), 0);
	assert_int_equal(config_load(&config, &why), ERR_CONFIG);
	assert_non_null(strstr(why.text, "The file .env cannot be opened"));
}

static void
config_load_names_the_file_of_a_wrong_line(void **state)
{
	scene_set(NULL);
	write_file("option.env", "PORT=no\n");
	locate_name("option.env");
	assert_int_equal(config_load(&config, &why), ERR_CONFIG);
	assert_non_null(strstr(why.text, "PORT (option.env, line 1) must be"));
	write_file("option.env", "PORT=4\n");
}

static void
locate_put_says_where_settings_come_from(void **state)
{
	CLEANUP(buf_wipe) struct buf out = BUF(16 * 1024);
	struct settings_file file;

	scene_set("PORT=2\n");
	file = locate_settings();
	locate_put(&file, &out);
	setenv("DOUBLETOUR_SETTINGS", "variable.env", 1);
	file = locate_settings();
	locate_put(&file, &out);
	file = (struct settings_file){ LOCATE_NONE, NULL };
	locate_put(&file, &out);
	buf_put_byte(&out, '\0');
	assert_int_equal(buf_check(&out), ERR_OK);
	assert_non_null(strstr(out.p, "Settings come from the file .env in /tmp/doubletour-config-"));
	assert_non_null(strstr(out.p, "Settings come from the file variable.env (DOUBLETOUR_SETTINGS)."));
	assert_non_null(strstr(out.p, "the defaults: there is no .env in /tmp/doubletour-config-"));
	assert_non_null(strstr(out.p, ", and no file system/doubletour.env."));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(locate_settings_takes_the_file_of_highest_precedence),
		cmocka_unit_test(config_load_refuses_a_named_file_that_is_missing),
		cmocka_unit_test(config_load_refuses_a_link_to_a_missing_file),
		cmocka_unit_test(config_load_names_the_file_of_a_wrong_line),
		cmocka_unit_test(locate_put_says_where_settings_come_from),
	};

	return cmocka_run_group_tests(tests, places_open, places_close);
}
