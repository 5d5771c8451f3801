/*
 * Logging: one line per event, with a fixed name and typed fields. No function takes a secret, so the types keep
 * secrets out of the log. base/ and otp/ return errors and do not log.
 *
 *	log_event(LOG_NOTICE, "signin.refused", LOG_INT("account", id), LOG_TEXT("why", "password"));
 *
 * text:     2026-11-23T08:14:07.120331Z notice signin.refused account=7 why=password
 * json:     {"at":"2026-11-23T08:14:07.120331Z","level":"notice","event":"signin.refused","account":7,"why":"password"}
 * terminal: 08:14:07 signin.refused account=7 why=password            coloured by level
 * journal:  <5>signin.refused account=7 why=password                  the level's number: sd-daemon(3)
 *
 * The journal adds the time itself, and takes the number of the level off the line.  If standard error is the stream
 * that JOURNAL_STREAM names (device:inode, systemd.exec(5)), every line has this form, unless json is chosen.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include "base/err.h"
#include "base/str.h"

/* the numbers of syslog, RFC 5424 s6.2.1 */
enum log_level { LOG_ERROR = 3, LOG_WARNING = 4, LOG_NOTICE = 5, LOG_INFO = 6, LOG_DEBUG = 7 };
enum log_format { LOG_FORMAT_AUTO = 0, LOG_FORMAT_TEXT, LOG_FORMAT_JSON, LOG_FORMAT_TERMINAL, LOG_FORMAT_JOURNAL };

struct log_field {
	const char *name; /* fields without a name are skipped */
	enum { LOG_FIELD_INT, LOG_FIELD_STR } kind;
	int64_t number;
	str text; /* any bytes: quoted and escaped, cut after 300 */
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

/*
 * Call once at start, before any thread starts. AUTO: terminal if standard error is a terminal, else text. In the
 * journal both are replaced.
 */
void log_setup(enum log_format format, enum log_level lowest);

/* Change both while other threads log. Only one thread may call it. It makes no system calls, for the sandbox. */
void log_change(enum log_format format, enum log_level lowest);

/*
 * Call once in a server process, while it has one thread. From then on a slow reader of standard error cannot block the
 * process (base/log_queue.h). Lines that do not fit are dropped and counted in an event `log.dropped`.
 */
void log_serve(void);

/* Start the writer thread. In a sandboxed process: after sandbox_enter and before sandbox_seal. */
MUST_USE err log_thread_start(void);

/* Write other text to STDOUT_FILENO or STDERR_FILENO through the same queue as events; at most 4,096 bytes. */
void log_print(int fd, str text);

/* Call before the process ends: waits until the lines are written, at most one second. */
void log_end(void);

/* Set the request id that every event of this thread carries until the next call ("" for none). */
void log_request_id(const char *id);

#define log_event(level, event, ...)                                                                                   \
	log_write(level, event, (const struct log_field[]){ { .name = NULL }, ##__VA_ARGS__ },                         \
		  COUNT(((const struct log_field[]){ { .name = NULL }, ##__VA_ARGS__ })))
/* fields[0] is a placeholder, so that an event may have no fields. */
void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t count);

/* Format the line without its newline, for tests and for log_write. */
struct buf;
void log_line(struct buf *out, enum log_format format, int64_t now_us, const char *request_id, enum log_level level,
	      const char *event, const struct log_field *fields, size_t count);

#endif
