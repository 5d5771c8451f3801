/*
 * The way of a line to standard error or output.
 *
 * At first a line is written at once, and the caller waits for the reader: right for a command.  After log_queue_hold a
 * line goes to a queue of a fixed size, and one thread (log_queue_start) waits for the reader: right for a server, which
 * must answer and end while nobody reads its log.  Lines that find no place, or that cannot be written, are dropped and
 * counted; the count is reported in a line of its own once lines flow again.
 *
 * Where the descriptor is a regular file, no reader can block it: then the caller writes the line, and a crash loses none.
 *
 * The descriptor's flags stay as they are: O_NONBLOCK would also change the terminal or pipe of other programs.
 */
#ifndef BASE_LOG_QUEUE_H
#define BASE_LOG_QUEUE_H

#include "base/buf.h"
#include "base/err.h"

enum {
	LOG_QUEUE_BYTES = 64 * 1024,
	LOG_QUEUE_LINE_MAX = 4096, /* PIPE_BUF: the kernel mixes no two lines of two processes */
};

/* Puts the line that reports the count; called with the queue locked. */
typedef void log_queue_report(struct buf *out, uint64_t dropped);

/* Once, with one thread. */
void log_queue_hold(log_queue_report *report);

/* Make the thread: in a sandboxed process after sandbox_enter and before sandbox_seal. */
MUST_USE err log_queue_start(void);

/* fd is STDOUT_FILENO or STDERR_FILENO; the line includes its newline. */
void log_queue_put(int fd, str line);

/* Before the process ends: wait until all is written, as long as the reader takes it, and at most so long. */
void log_queue_end(int max_ms);

#endif
