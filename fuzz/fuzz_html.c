/*
 * page_put of texts, numbers and dates (buf_put_html, page_put_z, page_put_date): no text can end the text or attribute
 * that contains it, and each reads back unchanged.
 * Input: eight bytes of a timestamp, then the text.
 */
#include "html.h"

#include "web/core/page_runtime.h"

#include <stdio.h>
#include <time.h>

enum { ROOM = 256 * 1024, TIMESTAMP_BYTES = 8 };

static void
try_str(str text)
{
	CLEANUP(buf_wipe) struct buf out = BUF(ROOM);

	page_put(&out, text);
	PROMISE(buf_check(&out) == ERR_OK);
	str rest = buf_str(&out);
	html_text_take(&rest, text);
	PROMISE(rest.n == 0);
}

static void
try_z(str text)
{
	CLEANUP(buf_wipe) struct buf out = BUF(ROOM), z = BUF(ROOM);

	buf_put(&z, text);
	buf_put_byte(&z, '\0');
	page_put(&out, (const char *)z.p);
	PROMISE(buf_check(&z) == ERR_OK && buf_check(&out) == ERR_OK);
	str rest = buf_str(&out);
	html_text_take(&rest, str_of(z.p));
	PROMISE(rest.n == 0);
}

static void
try_number(int64_t number)
{
	CLEANUP(buf_wipe) struct buf out = BUF(ROOM);
	char expected[32];

	page_put(&out, number);
	snprintf(expected, sizeof(expected), "%lld", (long long)number);
	PROMISE(str_equal(buf_str(&out), str_of(expected)));
}

/* The output is empty, or one element with the date and time that gmtime_r() gives. */
static void
check_date(str date, int64_t timestamp_us)
{
	time_t seconds = (time_t)(timestamp_us / 1000000);
	struct tm tm = { 0 };
	char expected[80];

	if (timestamp_us < 0 || gmtime_r(&seconds, &tm) == NULL || tm.tm_year + 1900 > 9999) {
		PROMISE(date.n == 0);
		return;
	}
	PROMISE(strftime(expected, sizeof(expected),
			 "<time datetime=\"%Y-%m-%dT%H:%M:%SZ\" title=\"%Y-%m-%d %H:%M:%S UTC\"", &tm) > 0);
	PROMISE(str_starts(date, str_of(expected)) && str_ends(date, STR("UTC</time>")));
	str content = str_from(date, strlen(expected));
	str rest = str_upto(content, content.n - strlen("</time>"));
	str_cut(&rest, '>');
	PROMISE(rest.p != NULL && str_utf8_valid(rest) && !str_has_byte(rest, '<') && !str_has_byte(rest, '>'));
}

static void
try_date(int64_t timestamp_us)
{
	for (enum config_language language = 0; language < LANGUAGE_COUNT; language++) {
		for (enum time_format format = 0; format < TIME_FORMAT_COUNT; format++) {
			CLEANUP(buf_wipe) struct buf out = BUF(ROOM);
			page_put_date(&out, language, format, timestamp_us);
			PROMISE(buf_check(&out) == ERR_OK);
			check_date(buf_str(&out), timestamp_us);
		}
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	str text = str_from(str_bytes(bytes, n), TIMESTAMP_BYTES);
	int64_t timestamp_us = 0;

	if (n < TIMESTAMP_BYTES)
		return 0;
	memcpy(&timestamp_us, bytes, sizeof(timestamp_us));
	try_str(text);
	try_z(text);
	try_number(timestamp_us);
	try_date(timestamp_us);
	return 0;
}
