/* Lines of the log: their formats, escapes and limits. */
#include "unit.h"

#include "base/buf.h"
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const int64_t timestamp_us = INT64_C(1795421647120331); /* 2026-11-23T08:14:07.120331Z: date -u -d @1795421647 */

static void
assert_line(enum log_format format, const char *request, const struct log_field *fields, size_t n, const char *expected)
{
	CLEANUP(buf_wipe) struct buf out = BUF(4096);

	log_line(&out, format, timestamp_us, request, LOG_NOTICE, "signin.refused", fields, n);
	buf_put_byte(&out, '\0');
	assert_int_equal(buf_check(&out), ERR_OK);
	assert_string_equal(out.p, expected);
}

static void
log_line_has_one_form_per_format(void **state)
{
	const struct log_field fields[] = { LOG_INT("account", 12), LOG_TEXT("why", "password") };

	assert_line(LOG_FORMAT_TEXT, "", fields, 2,
		    "2026-11-23T08:14:07.120331Z notice signin.refused account=12 why=password");
	assert_line(LOG_FORMAT_JSON, "", fields, 2,
		    "{\"at\":\"2026-11-23T08:14:07.120331Z\",\"level\":\"notice\",\"event\":\"signin.refused\","
		    "\"account\":12,\"why\":\"password\"}");
	assert_line(LOG_FORMAT_TERMINAL, "", fields, 2,
		    "08:14:07 \x1b[36msignin.refused\x1b[0m account=12 why=password");
	assert_line(LOG_FORMAT_JOURNAL, "", fields, 2, "<5>signin.refused account=12 why=password");
	assert_line(LOG_FORMAT_TEXT, "r7", fields, 1,
		    "2026-11-23T08:14:07.120331Z notice signin.refused request=r7 account=12");
}

static void
log_line_escapes_bytes_that_could_forge_a_line(void **state)
{
	static const struct {
		str text;
		const char *expected, *why;
	} cases[] = {
		{ STR_INIT("a\nnotice forged"), "\"a\\nnotice forged\"", "a newline would begin another line" },
		{ STR_INIT("x account=1"), "\"x account=1\"", "a space would begin another field" },
		{ STR_INIT("\x1b[2J"), "\"\\u001b[2J\"", "a terminal would execute it" },
		{ STR_INIT(""), "\"\"", "an empty value is visible" },
		{ STR_INIT("\xff"), "\"\xef\xbf\xbd\"", "not UTF-8" },
		{ STR_INIT("a\"b"), "\"a\\\"b\"", "a quote" },
		{ STR_INIT("\xc2\x9b"
			   "2J"),
		  "\"\\u009b2J\"", "some terminals execute control characters of C1" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct log_field field = LOG_STR("v", cases[i].text);
		char expected[200];
		unit_note("%s", cases[i].why);
		snprintf(expected, sizeof(expected), "2026-11-23T08:14:07.120331Z notice signin.refused v=%s",
			 cases[i].expected);
		assert_line(LOG_FORMAT_TEXT, "", &field, 1, expected);
	}
}

static void
log_line_cuts_a_long_value(void **state)
{
	CLEANUP(buf_wipe) struct buf out = BUF(4096);
	char text[1000];
	const struct log_field field = LOG_STR("v", str_bytes(text, sizeof(text)));

	memset(text, 'x', sizeof(text));
	log_line(&out, LOG_FORMAT_TEXT, timestamp_us, "", LOG_ERROR, "e", &field, 1);
	assert_int_equal(buf_check(&out), ERR_OK);
	assert_in_range(out.n, 300, 400);
}

static void
log_line_cuts_between_characters(void **state)
{
	CLEANUP(buf_wipe) struct buf out = BUF(4096);
	char text[302] = { 0 };
	const struct log_field field = LOG_STR("v", str_of(text));

	/* The characters of two bytes are at odd offsets, because the first character has one byte. */
	for (size_t i = 0; i + 1 < sizeof(text); i += 2)
		memcpy(text + i, i == 0 ? "xx" : "\xc3\xa9", 2);
	text[1] = '\xc3';
	memmove(text + 1, text + 2, sizeof(text) - 3);
	log_line(&out, LOG_FORMAT_TEXT, timestamp_us, "", LOG_ERROR, "e", &field, 1);
	assert_true(str_utf8_valid(buf_str(&out)));
	assert_null(memmem(out.p, out.n, "\xef\xbf\xbd", 3));
}

/* The output of log_write(). */
static str
written(const struct log_field *fields, size_t n, char *room, size_t size)
{
	int ends[2], was = dup(STDERR_FILENO);
	ssize_t got;

	assert_int_equal(pipe(ends), 0);
	assert_true(was >= 0 && dup2(ends[1], STDERR_FILENO) >= 0);
	log_write(LOG_ERROR, "many", fields, n);
	assert_true(dup2(was, STDERR_FILENO) >= 0);
	close(was);
	close(ends[1]);
	got = read(ends[0], room, size);
	close(ends[0]);
	return str_bytes(room, got < 0 ? 0 : (size_t)got);
}

/* Set up the log while standard error is a pipe. is_stream: JOURNAL_STREAM names that pipe. Check how a line begins. */
static void
assert_format_in_stream(bool is_stream, enum log_format format, const char *begin)
{
	int ends[2], was = dup(STDERR_FILENO);
	const struct log_field fields[] = { { .name = NULL }, LOG_INT("account", 12) };
	struct stat status = { 0 };
	char room[512] = { 0 }, stream[64];

	assert_int_equal(pipe(ends), 0);
	assert_true(was >= 0 && dup2(ends[1], STDERR_FILENO) >= 0 && fstat(STDERR_FILENO, &status) == 0);
	snprintf(stream, sizeof(stream), "%ju:%ju", (uintmax_t)status.st_dev,
		 (uintmax_t)status.st_ino + (is_stream ? 0 : 1));
	setenv("JOURNAL_STREAM", stream, 1);
	log_setup(format, LOG_INFO);
	log_write(LOG_WARNING, "many", fields, 2);
	unsetenv("JOURNAL_STREAM");
	assert_true(dup2(was, STDERR_FILENO) >= 0);
	log_setup(LOG_FORMAT_TEXT, LOG_INFO);
	assert_true(read(ends[0], room, sizeof(room) - 1) > 0);
	close(was);
	close(ends[0]);
	close(ends[1]);
	if (strncmp(room, begin, strlen(begin)) != 0)
		fail_msg("%s", room);
}

static void
log_setup_chooses_the_form_of_the_journal(void **state)
{
	assert_format_in_stream(true, LOG_FORMAT_AUTO, "<4>many account=12\n");
	assert_format_in_stream(true, LOG_FORMAT_TEXT, "<4>many account=12\n");
	assert_format_in_stream(true, LOG_FORMAT_TERMINAL, "<4>many account=12\n");
	assert_format_in_stream(true, LOG_FORMAT_JSON, "{\"at\":\"");
	assert_format_in_stream(false, LOG_FORMAT_AUTO, "2");
}

static void
log_line_shortens_an_overlong_line(void **state)
{
	struct log_field fields[20];
	char text[300], room[8192];
	str line;

	memset(text, 'x', sizeof(text));
	for (size_t i = 0; i < COUNT(fields); i++)
		fields[i] = (struct log_field)LOG_STR("v", str_bytes(text, sizeof(text)));
	line = written(fields, COUNT(fields), room, sizeof(room));
	assert_true(line.n > 0 && line.n < 200);
	assert_non_null(memmem(line.p, line.n, "error many cut=\"too long for a line\"\n", 36));
	line = written(fields, 2, room, sizeof(room));
	assert_true(line.n > 600);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(log_line_has_one_form_per_format),
		cmocka_unit_test(log_line_escapes_bytes_that_could_forge_a_line),
		cmocka_unit_test(log_line_cuts_a_long_value),
		cmocka_unit_test(log_line_cuts_between_characters),
		cmocka_unit_test(log_setup_chooses_the_form_of_the_journal),
		cmocka_unit_test(log_line_shortens_an_overlong_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
