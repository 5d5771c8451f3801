/*
 * Writes lines to standard error or standard output.
 *
 * Commands: a line is written at once, and the caller waits for the reader.
 *
 * Servers: after log_queue_hold, lines go to a queue of fixed size, and one thread (log_queue_start) waits for the
 * reader. A server must answer and stop even if its log is not read. Lines that do not fit or cannot be written are
 * dropped and counted. When lines can be written again, one line reports the count.
 *
 * If the descriptor is a regular file, the caller writes the line itself: no reader can block it, and a crash loses no
 * line.
 *
 * The flags of the descriptor stay unchanged: O_NONBLOCK would also affect other programs on the same terminal or pipe.
 */
#ifndef BASE_LOG_QUEUE_H
#define BASE_LOG_QUEUE_H

#include "base/buf.h"
#include "base/err.h"

enum {
	LOG_QUEUE_BYTES = 64 * 1024,
	LOG_QUEUE_LINE_MAX = 4096, /* PIPE_BUF: the kernel does not interleave writes of this size */
};

/* Appends the line that reports the count. Called with the queue locked. */
typedef void log_queue_report(struct buf *out, uint64_t dropped);

/* Call once, while the process has one thread. */
void log_queue_hold(log_queue_report *report);

/* Start the writer thread. In a sandboxed process: after sandbox_enter and before sandbox_seal. */
MUST_USE err log_queue_start(void);

/* fd is STDOUT_FILENO or STDERR_FILENO; the line includes its newline. */
void log_queue_put(int fd, str line);

/* Call before the process ends: waits until the queue is empty, at most max_ms. */
void log_queue_end(int max_ms);

#endif
