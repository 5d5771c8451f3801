/*
 * One line per event, with a fixed name and typed fields.  There is no way to log a secret by type: no function
 * here takes one.  base/ and otp/ return errors and do not log.
 *
 *	log_event(LOG_NOTICE, "signin.refused", LOG_INT("account", id), LOG_TEXT("why", "password"));
 *
 * text:      2026-11-23T08:14:07.120331Z notice signin.refused account=12 why=password
 * json:      {"at":"2026-11-23T08:14:07.120331Z","level":"notice","event":"signin.refused","account":12,"why":"password"}
 * terminal:  08:14:07 signin.refused account=12 why=password            coloured by level
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"
#include "base/str.h"

/* syslog's numbers, RFC 5424 s6.2.1 */
enum log_level { LOG_ERROR = 3, LOG_WARNING = 4, LOG_NOTICE = 5, LOG_INFO = 6, LOG_DEBUG = 7 };
enum log_format { LOG_FORMAT_AUTO = 0, LOG_FORMAT_TEXT, LOG_FORMAT_JSON, LOG_FORMAT_TERMINAL };

struct log_field {
	const char *name; /* NULL ends nothing: the count does */
	enum { LOG_FIELD_INT, LOG_FIELD_STR } kind;
	int64_t number;
	str text; /* any bytes: quoted and escaped; cut at 300 */
};

#define LOG_INT(field_name, value)                                                                                     \
	{                                                                                                              \
		.name = (field_name), .kind = LOG_FIELD_INT, .number = (value)                                         \
	}
#define LOG_STR(field_name, value)                                                                                     \
	{                                                                                                              \
		.name = (field_name), .kind = LOG_FIELD_STR, .text = (value)                                           \
	}
#define LOG_TEXT(field_name, z)                                                                                        \
	{                                                                                                              \
		.name = (field_name), .kind = LOG_FIELD_STR, .text = str_of(z)                                         \
	}

/* Once at start.  AUTO: terminal when standard error is one, else text. */
void log_setup(enum log_format format, enum log_level lowest);

/*
 * For a process that serves, once, while it has one thread: from now on no reader of standard error can block it
 * (base/log_queue.h).  Lines that nobody reads are dropped, and counted in an event `log.dropped`.
 */
void log_serve(void);

/* Make the thread that writes: in a sandboxed process after sandbox_enter and before sandbox_seal. */
MUST_USE err log_thread_start(void);

/* Other text for a person, on STDOUT_FILENO or STDERR_FILENO, by the same way as events; at most 4,096 bytes. */
void log_print(int fd, str text);

/* Before the process ends: wait until the lines are written, for a second at most. */
void log_end(void);

/* Fields that belong to every event of this thread until changed: the request id ("" for none). */
void log_request_id(const char *id);

#define log_event(level, event, ...)                                                                                   \
	log_write(level, event, (const struct log_field[]){ { .name = NULL }, ##__VA_ARGS__ },                         \
		  COUNT(((const struct log_field[]){ { .name = NULL }, ##__VA_ARGS__ })))
/* fields[0] is a placeholder, so that an event may have none. */
void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count);

/* The line as it would be written, without its newline, for tests and for log_write. */
struct buf;
void log_line(struct buf *out, enum log_format format, int64_t now_us, const char *request_id, enum log_level level,
	      const char *event, const struct log_field *fields, size_t count);

#endif
