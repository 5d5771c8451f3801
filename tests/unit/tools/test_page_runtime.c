/*
 * Functions that the pages use: dates, sentences, static files.
 */
#include "unit.h"

#include "web/core/assets.h"
#include "web/core/page_runtime.h"

#include <stdio.h>
#include <time.h>

enum { TIMESTAMPS = 20000, TEXT_MAX = 256 };

static const struct {
	int64_t us;
	const char *datetime, *title, *french, *english;
	const char *why;
} timestamps[] = {
	{ 0, "1970-01-01T00:00:00Z", "1970-01-01 00:00:00 UTC", "1er\u00a0janvier 1970 à 0\u00a0h\u00a000",
	  "1\u00a0January 1970 at 0:00", "the beginning of 1970" },
	{ INT64_C(1793731320000000), "2026-11-03T18:42:00Z", "2026-11-03 18:42:00 UTC",
	  "3\u00a0novembre 2026 à 18\u00a0h\u00a042", "3\u00a0November 2026 at 18:42", "an evening" },
	{ INT64_C(1793731379999999), "2026-11-03T18:42:59Z", "2026-11-03 18:42:59 UTC",
	  "3\u00a0novembre 2026 à 18\u00a0h\u00a042", "3\u00a0November 2026 at 18:42",
	  "seconds are dropped, not rounded" },
	{ INT64_C(951782400000000), "2000-02-29T00:00:00Z", "2000-02-29 00:00:00 UTC",
	  "29\u00a0février 2000 à 0\u00a0h\u00a000", "29\u00a0February 2000 at 0:00",
	  "leap day of a year divided by 400" },
	{ INT64_C(4107542400000000), "2100-03-01T00:00:00Z", "2100-03-01 00:00:00 UTC",
	  "1er\u00a0mars 2100 à 0\u00a0h\u00a000", "1\u00a0March 2100 at 0:00", "2100 is not a leap year" },
	{ INT64_C(1735689599000000), "2024-12-31T23:59:59Z", "2024-12-31 23:59:59 UTC",
	  "31\u00a0décembre 2024 à 23\u00a0h\u00a059", "31\u00a0December 2024 at 23:59", "last second of a leap year" },
	{ INT64_C(253402300799999999), "9999-12-31T23:59:59Z", "9999-12-31 23:59:59 UTC",
	  "31\u00a0décembre 9999 à 23\u00a0h\u00a059", "31\u00a0December 9999 at 23:59",
	  "the last minute of year 9999" },
};

static void
assert_date(enum config_language language, enum time_format format, int64_t us, const char *expected)
{
	CLEANUP(buf_wipe) struct buf out = BUF(TEXT_MAX);

	page_put_date(&out, language, format, us);
	assert_int_equal(buf_check(&out), ERR_OK);
	assert_int_equal(out.n, strlen(expected));
	assert_true(out.n == 0 || memcmp(out.p, expected, out.n) == 0);
}

static void
date_is_written_in_both_languages(void **state)
{
	char expected[TEXT_MAX];

	for (size_t i = 0; i < COUNT(timestamps); i++) {
		snprintf(expected, sizeof(expected), "<time datetime=\"%s\" title=\"%s\">%s\u00a0UTC</time>",
			 timestamps[i].datetime, timestamps[i].title, timestamps[i].french);
		assert_date(LANGUAGE_FR, TIME_LANGUAGE, timestamps[i].us, expected);
		snprintf(expected, sizeof(expected), "<time datetime=\"%s\" title=\"%s\">%s\u00a0UTC</time>",
			 timestamps[i].datetime, timestamps[i].title, timestamps[i].english);
		assert_date(LANGUAGE_EN, TIME_LANGUAGE, timestamps[i].us, expected);
	}
}

static void
date_is_written_as_the_account_prefers(void **state)
{
	static const struct {
		enum time_format format;
		enum config_language language;
		int64_t seconds;
		const char *text, *why;
	} cases[] = {
		{ TIME_24, LANGUAGE_EN, 1793731327, " data-format=\"24\">3\u00a0November 2026 at 18:42", "24 hours" },
		{ TIME_24, LANGUAGE_FR, 1793731327, " data-format=\"24\">3\u00a0novembre 2026 à 18\u00a0h\u00a042",
		  "in French" },
		{ TIME_12, LANGUAGE_EN, 1793731327, " data-format=\"12\">3\u00a0November 2026 at 6:42\u00a0PM",
		  "an evening" },
		{ TIME_12, LANGUAGE_FR, 1793731327, " data-format=\"12\">3\u00a0novembre 2026 à 6:42\u00a0PM",
		  "in French" },
		{ TIME_12, LANGUAGE_EN, 0, " data-format=\"12\">1\u00a0January 1970 at 12:00\u00a0AM", "midnight" },
		{ TIME_12, LANGUAGE_EN, 43200, " data-format=\"12\">1\u00a0January 1970 at 12:00\u00a0PM", "noon" },
		{ TIME_ISO, LANGUAGE_FR, 1793731327, " data-format=\"iso\">2026-11-03\u00a018:42", "ISO, in French" },
		{ TIME_ISO, LANGUAGE_EN, 1793731327, " data-format=\"iso\">2026-11-03\u00a018:42", "ISO, in English" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(buf_wipe) struct buf out = BUF(TEXT_MAX);
		page_put_date(&out, cases[i].language, cases[i].format, cases[i].seconds * 1000000);
		buf_put_byte(&out, '\0');
		assert_int_equal(buf_check(&out), ERR_OK);
		if (strstr(out.p, cases[i].text) == NULL)
			fail_msg("%s: %s", cases[i].why, out.p);
	}
}

static void
clock_and_day_are_written_apart(void **state)
{
	static const struct {
		enum time_format format;
		enum config_language language;
		const char *clock, *weekday, *day;
	} cases[] = {
		{ TIME_LANGUAGE, LANGUAGE_EN, " UTC\" data-part=\"clock\">18:42\u00a0UTC</time>",
		  " UTC\" data-part=\"weekday\">Tuesday at 18:42\u00a0UTC</time>", "Tuesday 3\u00a0November 2026" },
		{ TIME_LANGUAGE, LANGUAGE_FR, " UTC\" data-part=\"clock\">18\u00a0h\u00a042\u00a0UTC</time>",
		  " UTC\" data-part=\"weekday\">mardi à 18\u00a0h\u00a042\u00a0UTC</time>",
		  "mardi 3\u00a0novembre 2026" },
		{ TIME_12, LANGUAGE_EN, " data-format=\"12\" data-part=\"clock\">6:42\u00a0PM\u00a0UTC</time>",
		  " data-format=\"12\" data-part=\"weekday\">Tuesday at 6:42\u00a0PM\u00a0UTC</time>",
		  "Tuesday 3\u00a0November 2026" },
		{ TIME_ISO, LANGUAGE_FR, " data-format=\"iso\" data-part=\"clock\">18:42\u00a0UTC</time>",
		  " data-format=\"iso\" data-part=\"weekday\">mardi à 18\u00a0h\u00a042\u00a0UTC</time>",
		  "2026-11-03" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(buf_wipe) struct buf clock = BUF(TEXT_MAX), weekday = BUF(TEXT_MAX), day = BUF(TEXT_MAX);
		page_put_clock(&clock, cases[i].language, cases[i].format, INT64_C(1793731327000000));
		page_put_weekday(&weekday, cases[i].language, cases[i].format, INT64_C(1793731327000000));
		page_put_day(&day, cases[i].language, cases[i].format, INT64_C(1793731327000000));
		assert_true(str_ends(buf_str(&clock), str_of(cases[i].clock)));
		assert_true(str_ends(buf_str(&weekday), str_of(cases[i].weekday)));
		assert_true(str_equal(buf_str(&day), str_of(cases[i].day)));
	}
}

static void
clock_and_day_outside_of_four_digit_years_are_empty(void **state)
{
	CLEANUP(buf_wipe) struct buf out = BUF(TEXT_MAX);

	page_put_clock(&out, LANGUAGE_EN, TIME_LANGUAGE, -1);
	page_put_weekday(&out, LANGUAGE_EN, TIME_LANGUAGE, -1);
	page_put_day(&out, LANGUAGE_EN, TIME_LANGUAGE, INT64_MAX);
	assert_int_equal(out.n, 0);
}

static void
date_outside_of_four_digit_years_is_empty(void **state)
{
	static const int64_t outside[] = { -1, INT64_MIN, INT64_C(253402300800000000), INT64_MAX };

	for (size_t i = 0; i < COUNT(outside); i++)
		assert_date(LANGUAGE_FR, TIME_LANGUAGE, outside[i], "");
}

static void
date_equals_the_c_library_s_calendar(void **state)
{
	const int64_t last_second = INT64_C(253402300799);
	char expected[TEXT_MAX];
	struct tm tm = { 0 };

	for (int64_t i = 0; i < TIMESTAMPS; i++) {
		CLEANUP(buf_wipe) struct buf out = BUF(TEXT_MAX);
		time_t seconds = (time_t)(last_second / TIMESTAMPS * i + i * 7919 % 86400);
		gmtime_r(&seconds, &tm);
		strftime(expected, sizeof(expected),
			 "<time datetime=\"%Y-%m-%dT%H:%M:%SZ\" title=\"%Y-%m-%d %H:%M:%S UTC\">", &tm);
		page_put_date(&out, LANGUAGE_EN, TIME_LANGUAGE, (int64_t)seconds * 1000000);
		assert_memory_equal(out.p, expected, strlen(expected));
		strftime(expected, sizeof(expected), "%A ", &tm);
		buf_clear(&out);
		page_put_day(&out, LANGUAGE_EN, TIME_LANGUAGE, (int64_t)seconds * 1000000);
		assert_memory_equal(out.p, expected, strlen(expected));
	}
}

static void
message_finds_every_sentence_of_the_table(void **state)
{
	assert_true(message_count > 50);
	for (size_t i = 0; i < message_count; i++)
		for (int language = 0; language < LANGUAGE_COUNT; language++)
			assert_ptr_equal(message((enum config_language)language, message_table[i].msgid).p,
					 message_table[i].text[language].p);
}

static void
message_returns_unknown_sentences_unchanged(void **state)
{
	assert_true(str_equal(message(LANGUAGE_FR, "No such sentence"), STR("No such sentence")));
	assert_true(str_equal(message(LANGUAGE_FR, ""), STR("")));
	assert_true(str_empty(message(LANGUAGE_FR, NULL)));
}

static void
asset_is_found_by_its_whole_path_only(void **state)
{
	const struct asset *css = asset_named(STR("app.css"));

	assert_non_null(css);
	assert_ptr_equal(asset_find(css->path), css);
	assert_true(str_equal(css->type, STR("text/css; charset=utf-8")));
	assert_true(css->gzip.n > 0 && css->gzip.n < css->plain.n);
	assert_true(str_starts(css->etag, STR("\"")) && str_ends(css->etag, STR("\"")));
	assert_null(asset_find(STR("/static/app.css")));
	assert_null(asset_find(str_upto(css->path, css->path.n - 1)));
	assert_null(asset_find(STR("/static/../app.css")));
	assert_null(asset_find(STR("")));
	assert_null(asset_named(STR("app")));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(date_is_written_in_both_languages),
		cmocka_unit_test(date_is_written_as_the_account_prefers),
		cmocka_unit_test(clock_and_day_are_written_apart),
		cmocka_unit_test(clock_and_day_outside_of_four_digit_years_are_empty),
		cmocka_unit_test(date_outside_of_four_digit_years_is_empty),
		cmocka_unit_test(date_equals_the_c_library_s_calendar),
		cmocka_unit_test(message_finds_every_sentence_of_the_table),
		cmocka_unit_test(message_returns_unknown_sentences_unchanged),
		cmocka_unit_test(asset_is_found_by_its_whole_path_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
