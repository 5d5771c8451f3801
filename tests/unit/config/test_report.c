/* The printed settings: `config show`, the example file and the manual. */
#include "unit.h"

#include "config/report.h"
#include "scene.h"

static bool
has(const struct buf *out, const char *text)
{
	return memmem(out->p, out->n, text, strlen(text)) != NULL;
}

static void
report_show_prints_origins_and_no_secret(void **state)
{
	CLEANUP(buf_wipe) struct buf out = BUF(64 * 1024);
	static struct config config;
	struct origins origins;
	struct why why = { 0 };

	scene_set("SECRET_KEY=" GOOD_KEY
		  "\nDATABASE_URL=postgresql://me:hunter2@h/d\nFLASK_APP=src\nAPP_NAME=\"a \\$ b\"\n");
	setenv("PORT", "81", 1);
	assert_int_equal(config_load_traced(&config, &origins, &why), ERR_OK);
	report_show(&config, &origins, &out);
	assert_int_equal(buf_check(&out), ERR_OK);
	assert_true(has(&out, "SECRET_KEY=(set) "));
	assert_true(has(&out, "DATABASE_URL=postgresql://me:***@h/d "));
	assert_true(has(&out, "# .env, line 2\n"));
	assert_true(has(&out, "PORT=81 "));
	assert_true(has(&out, "# environment\n"));
	assert_true(has(&out, "APP_NAME=\"a \\$ b\" "));
	assert_true(has(&out, "# FLASK_APP has no effect here (.env, line 3)\n"));
	assert_false(has(&out, "FLASK_DEBUG"));
	assert_false(has(&out, GOOD_KEY));
	assert_false(has(&out, "hunter2"));
}

static void
report_example_and_manual_name_every_setting(void **state)
{
	CLEANUP(buf_wipe) struct buf example = BUF(64 * 1024);
	CLEANUP(buf_wipe) struct buf manual = BUF(64 * 1024);

	report_example(&example);
	report_manual(&manual);
	assert_int_equal(buf_check(&example), ERR_OK);
	assert_int_equal(buf_check(&manual), ERR_OK);
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		char line[80];
		snprintf(line, sizeof(line), "\n#%s=", settings[i].name);
		assert_int_equal(has(&example, line), (settings[i].flags & SETTING_IGNORED) == 0);
		snprintf(line, sizeof(line), "`%s`", settings[i].name);
		assert_true(has(&manual, line));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(report_show_prints_origins_and_no_secret),
		cmocka_unit_test(report_example_and_manual_name_every_setting),
	};

	return cmocka_run_group_tests(tests, scene_open, scene_close);
}
