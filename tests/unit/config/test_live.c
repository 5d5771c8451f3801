/* Settings that change without a restart: versions in the keeper, and their text for web. */
#include "unit.h"

#include "config/live.h"
#include "scene.h"

static struct config first, fresh;
static struct config_versions versions;
static struct config_changes changes;
static struct why why;

static void
load(const char *dotenv, struct config *ret_config)
{
	scene_set(dotenv);
	assert_int_equal(config_load(ret_config, &why), ERR_OK);
}

static bool
changed(const char *name)
{
	return changes.of[setting_find(str_of(name)) - settings];
}

static err
make(const char *before, const char *after, const struct config **ret_version)
{
	load(before, &first);
	load(after, &fresh);
	why = (struct why){ 0 };
	return config_version_make(&versions, &first, &fresh, &changes, ret_version, &why);
}

#define LIVE_VALUES                                                                                                    \
	"APP_NAME='A & B \"C\" = $D'\nREGISTRATION=closed\nSESSION_IDLE=61\nSESSION_LIFETIME=100m\nAUDIT_DAYS=7\n"     \
	"SESSION_REMEMBER=0\nCONTACT=help@example.org\n"                                                               \
	"DEFAULT_LANGUAGE=en\nLOG_FORMAT=json\nLOG_LEVEL=error\n"

static void
a_version_has_the_new_live_settings(void **state)
{
	const struct config *version = NULL;

	assert_int_equal(make("PORT=81\n", "PORT=82\n" LIVE_VALUES, &version), ERR_OK);
	assert_ptr_not_equal(version, &first);
	assert_string_equal(version->app_name, "A & B \"C\" = $D");
	assert_int_equal(version->registration, REGISTRATION_CLOSED);
	assert_true(version->session_idle_us == INT64_C(61000000));
	assert_int_equal(version->audit_days, 7);
	assert_int_equal(version->default_language, LANGUAGE_EN);
	assert_int_equal(version->log_format, LOG_FORMAT_JSON);
	assert_int_equal(version->log_level, LOG_ERROR);
	assert_int_equal(version->port, 81); /* applies after a restart */
	assert_true(changed("PORT"));
	assert_true(changed("APP_NAME"));
	assert_false(changed("HOST"));
	assert_string_equal(first.app_name, "Doubletour"); /* another thread may still read the old version */
	config_versions_wipe(&versions);
}

static void
equal_live_settings_make_no_version(void **state)
{
	const struct config *version = NULL;

	assert_int_equal(make("APP_NAME=x\n", "APP_NAME=x\nHASH_THREADS=3\nSECRET_KEY=" GOOD_KEY "\n", &version),
			 ERR_OK);
	assert_ptr_equal(version, &first);
	assert_true(changed("HASH_THREADS"));
	assert_true(changed("SECRET_KEY"));
	assert_int_equal(versions.n, 0);
}

static void
live_settings_that_need_a_restart_are_refused(void **state)
{
	static const struct {
		const char *before, *after, *says, *changed;
	} cases[] = {
		{ "APP_NAME=x\n", "APP_NAME=x\nAPP_SETTINGS=testing\nLOG_LEVEL=debug\n", "APP_SETTINGS has changed.",
		  "APP_SETTINGS" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct config *version = NULL;
		assert_int_equal(make(cases[i].before, cases[i].after, &version), ERR_CONFIG);
		unit_note("%s", why.text);
		assert_non_null(strstr(why.text, cases[i].says));
		assert_true(changed(cases[i].changed));
		assert_ptr_equal(version, &first);
		assert_int_equal(versions.n, 0);
	}
}

static void
only_the_last_version_can_be_dropped(void **state)
{
	const struct config *one = NULL, *two = NULL;

	assert_int_equal(make("", "APP_NAME=one\n", &one), ERR_OK);
	assert_int_equal(make("", "APP_NAME=two\n", &two), ERR_OK);
	config_version_drop(&versions, one);
	assert_int_equal(versions.n, 2);
	assert_string_equal(one->app_name, "one");
	config_version_drop(&versions, two);
	assert_int_equal(versions.n, 1);
	config_versions_wipe(&versions);
	assert_int_equal(versions.n, 0);
}

static void
the_number_of_versions_is_limited(void **state)
{
	const struct config *version = &first;
	char name[16];

	load("", &first);
	fresh = first;
	for (unsigned i = 0; i < CONFIG_VERSIONS_MAX; i++) {
		snprintf(name, sizeof(name), "n%u", i);
		assert_int_equal(str_copy_z(str_of(name), fresh.app_name, sizeof(fresh.app_name)), ERR_OK);
		assert_int_equal(config_version_make(&versions, version, &fresh, &changes, &version, &why), ERR_OK);
	}
	assert_string_equal(version->app_name, "n999");
	fresh.app_name[0] = 'x';
	assert_int_equal(config_version_make(&versions, version, &fresh, &changes, &version, &why), ERR_TOO_LONG);
	assert_non_null(strstr(why.text, "Restart the server"));
	assert_string_equal(version->app_name, "n999");
	config_versions_wipe(&versions);
}

/* --- the text for web --------------------------------------------------------------------------------------------- */

static void
web_reads_back_the_live_settings_of_the_keeper(void **state)
{
	CLEANUP(buf_wipe) struct buf text = BUF(CONFIG_LIVE_TEXT_MAX);
	const struct config *version = NULL;

	load("SECRET_KEY=" GOOD_KEY
	     "\nACCESS_RULES='a = b'\nGATE_DOMAINS=a.org\nPUBLIC_URL=https://x.a.org\n" LIVE_VALUES,
	     &fresh);
	load("PORT=81\n", &first);
	config_live_put(&fresh, &text);
	assert_int_equal(buf_check(&text), ERR_OK);
	assert_null(memmem(text.p, text.n, GOOD_KEY, strlen(GOOD_KEY)));
	assert_int_equal(config_live_take(&versions, &first, buf_str(&text), &version), ERR_OK);
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		CLEANUP(buf_wipe) struct buf sent = BUF(CONFIG_LIVE_TEXT_MAX);
		CLEANUP(buf_wipe) struct buf taken = BUF(CONFIG_LIVE_TEXT_MAX);
		if ((settings[i].flags & SETTING_LIVE) == 0 || (settings[i].flags & SETTING_WEB) == 0)
			continue;
		unit_note("%s", settings[i].name);
		setting_put(&settings[i], &fresh, &sent);
		setting_put(&settings[i], version, &taken);
		assert_true(sent.n > 0 && str_equal(buf_str(&sent), buf_str(&taken)));
	}
	assert_int_equal(version->port, 81);
	assert_int_equal(config_live_take(&versions, version, buf_str(&text), &version), ERR_OK);
	assert_int_equal(versions.n, 1); /* the same text again makes no version */
	config_versions_wipe(&versions);
}

static void
web_refuses_other_settings_and_malformed_lines(void **state)
{
	static const char *const texts[] = {
		"PORT=82\n",      "SECRET_KEY=" GOOD_KEY "\n", "AUDIT_DAYS=1\n",       "APP_NAME\n", "=x\n", "\n",
		"NO_SETTING=1\n", "LOG_LEVEL=loud\n",          "APP_NAME=x\nPORT=82\n"
	};
	const struct config *version = &first;

	load("", &first);
	for (size_t i = 0; i < COUNT(texts); i++) {
		assert_int_equal(config_live_take(&versions, &first, str_of(texts[i]), &version), ERR_INVALID);
		assert_ptr_equal(version, &first);
	}
	assert_int_equal(versions.n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_version_has_the_new_live_settings),
		cmocka_unit_test(equal_live_settings_make_no_version),
		cmocka_unit_test(live_settings_that_need_a_restart_are_refused),
		cmocka_unit_test(only_the_last_version_can_be_dropped),
		cmocka_unit_test(the_number_of_versions_is_limited),
		cmocka_unit_test(web_reads_back_the_live_settings_of_the_keeper),
		cmocka_unit_test(web_refuses_other_settings_and_malformed_lines),
	};

	return cmocka_run_group_tests(tests, scene_open, scene_close);
}
