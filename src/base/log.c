#include "base/log.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/log_queue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = LOG_QUEUE_LINE_MAX, VALUE_MAX_BYTES = 300, END_MS = 1000 };

/* log_change may write them while other threads read them. */
static _Atomic(enum log_format) chosen_format = LOG_FORMAT_TEXT;
static _Atomic(enum log_level) lowest_level = LOG_INFO;
static bool to_terminal, to_journal; /* set once, before any thread starts */
static _Thread_local char thread_request_id[32];

static const char *
log_level_name(enum log_level level)
{
	static const char *const names[] = { [LOG_ERROR] = "error",
					     [LOG_WARNING] = "warning",
					     [LOG_NOTICE] = "notice",
					     [LOG_INFO] = "info",
					     [LOG_DEBUG] = "debug" };

	return (size_t)level < COUNT(names) && names[level] != NULL ? names[level] : "error";
}

/* Child processes inherit the variable with another standard error, so the variable alone proves nothing. */
static bool
log_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat status;
	char own[64];

	if (stream == NULL || fstat(STDERR_FILENO, &status) != 0)
		return false;
	snprintf(own, sizeof(own), "%ju:%ju", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino);
	return str_equal(str_of(stream), str_of(own));
}

static enum log_format
log_format_of(enum log_format chosen)
{
	if (to_journal && chosen != LOG_FORMAT_JSON)
		return LOG_FORMAT_JOURNAL;
	if (chosen == LOG_FORMAT_AUTO)
		return to_terminal ? LOG_FORMAT_TERMINAL : LOG_FORMAT_TEXT;
	return chosen;
}

void
log_setup(enum log_format format, enum log_level lowest)
{
	to_terminal = isatty(STDERR_FILENO) == 1;
	to_journal = log_is_journal();
	log_change(format, lowest);
}

void
log_change(enum log_format format, enum log_level lowest)
{
	chosen_format = log_format_of(format);
	lowest_level = lowest;
}

void
log_request_id(const char *id)
{
	size_t n = strnlen(id, sizeof(thread_request_id) - 1);

	memcpy(thread_request_id, id, n);
	thread_request_id[n] = '\0';
}

static void
log_put_time(struct buf *out, enum log_format format, int64_t now_us)
{
	time_t seconds = (time_t)(now_us / 1000000);
	struct tm tm = { 0 };
	char text[40];

	gmtime_r(&seconds, &tm);
	if (format == LOG_FORMAT_TERMINAL) {
		strftime(text, sizeof(text), "%H:%M:%S", &tm);
		buf_put(out, str_of(text));
		return;
	}
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	buf_put(out, str_of(text));
	buf_printf(out, ".%06dZ", (int)(now_us % 1000000));
}

static bool
log_is_plain(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f || s.p[i] == '"' || s.p[i] == '=' || s.p[i] == '\\')
			return false;
	return s.n > 0;
}

static void
log_put_value(struct buf *out, enum log_format format, const struct log_field *field)
{
	str text = str_utf8_upto(field->text, VALUE_MAX_BYTES);

	if (field->kind == LOG_FIELD_INT)
		buf_put_number(out, field->number);
	else if (format != LOG_FORMAT_JSON && log_is_plain(text))
		buf_put(out, text);
	else
		buf_put_json(out, text);
}

static void
log_put_field(struct buf *out, enum log_format format, const struct log_field *field)
{
	if (format == LOG_FORMAT_JSON) {
		buf_put_byte(out, ',');
		buf_put_json(out, str_of(field->name));
		buf_put_byte(out, ':');
	} else {
		buf_put_byte(out, ' ');
		buf_put(out, str_of(field->name));
		buf_put_byte(out, '=');
	}
	log_put_value(out, format, field);
}

static void
log_put_head(struct buf *out, enum log_format format, int64_t now_us, enum log_level level, const char *event)
{
	static const char *const colours[] = {
		[LOG_ERROR] = "31", [LOG_WARNING] = "33", [LOG_NOTICE] = "36", [LOG_INFO] = "32", [LOG_DEBUG] = "90"
	};

	if (format == LOG_FORMAT_JOURNAL) {
		buf_printf(out, "<%d>%s", (int)level, event);
		return;
	}
	if (format == LOG_FORMAT_JSON)
		buf_put(out, STR("{\"at\":\""));
	log_put_time(out, format, now_us);
	if (format == LOG_FORMAT_JSON)
		buf_printf(out, "\",\"level\":\"%s\",\"event\":\"%s\"", log_level_name(level), event);
	else if (format == LOG_FORMAT_TERMINAL)
		buf_printf(out, " \x1b[%sm%s\x1b[0m", colours[level], event);
	else
		buf_printf(out, " %s %s", log_level_name(level), event);
}

void
log_line(struct buf *out, enum log_format format, int64_t now_us, const char *request_id, enum log_level level,
	 const char *event, const struct log_field *fields, size_t count)
{
	log_put_head(out, format, now_us, level, event);
	if (request_id[0] != '\0')
		log_put_field(out, format, &(struct log_field)LOG_TEXT("request", request_id));
	for (size_t i = 0; i < count; i++)
		if (fields[i].name != NULL)
			log_put_field(out, format, &fields[i]);
	if (format == LOG_FORMAT_JSON)
		buf_put_byte(out, '}');
}

/* The queue calls this to report its dropped lines. The line belongs to no request. */
static void
log_put_dropped(struct buf *out, uint64_t dropped)
{
	const struct log_field count = LOG_INT("count", (int64_t)dropped);
	int64_t now_us = 0;

	(void)!clock_now_us(&now_us);
	log_line(out, chosen_format, now_us, "", LOG_WARNING, "log.dropped", &count, 1);
	buf_put_byte(out, '\n');
}

void
log_serve(void)
{
	log_queue_hold(log_put_dropped);
}

err
log_thread_start(void)
{
	return log_queue_start();
}

void
log_print(int fd, str text)
{
	log_queue_put(fd, text);
}

void
log_end(void)
{
	log_queue_end(END_MS);
}

static err
log_put_line(struct buf *out, int64_t now_us, enum log_level level, const char *event, const struct log_field *fields,
	     size_t count)
{
	log_line(out, chosen_format, now_us, thread_request_id, level, event, fields, count);
	buf_put_byte(out, '\n');
	return buf_check(out);
}

void
log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count)
{
	CLEANUP(buf_wipe) struct buf out = BUF(LINE_MAX_BYTES);
	int64_t now_us = 0;
	err e;

	if (level > lowest_level)
		return;
	(void)!clock_now_us(&now_us); /* a line without a time is better than no line */
	e = log_put_line(&out, now_us, level, event, fields, count);
	if (e == ERR_TOO_LONG) { /* keep at least the name of the event */
		const struct log_field cut = LOG_TEXT("cut", "too long for a line");
		buf_clear(&out);
		e = log_put_line(&out, now_us, level, event, &cut, 1);
	}
	if (e == ERR_OK)
		log_queue_put(STDERR_FILENO, buf_str(&out));
}
