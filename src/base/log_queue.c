#include "base/log_queue.h"

#include "base/clock.h"
#include "base/thread.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { REPORT_MAX_BYTES = 256 };

/* Header of each line in the queue. */
struct log_entry {
	uint32_t bytes;
	int32_t fd;
	uint64_t lines; /* lines lost if this entry is lost: more than one for a report */
};

static struct log_queue {
	pthread_mutex_t lock;
	pthread_cond_t filled, emptied;
	char bytes[LOG_QUEUE_BYTES]; /* ring of entries */
	size_t first, used;
	uint64_t dropped; /* dropped lines not yet reported */
	log_queue_report *report;
	bool held, runs;
	bool file[STDERR_FILENO + 1]; /* by descriptor: is it a regular file? */
	bool torn[STDERR_FILENO + 1]; /* by descriptor: the last line was written only in part, as on a full disk */
	bool writing;                 /* a chunk was removed from the ring and is being written */
	bool full;                    /* drop lines until half of the queue is free */
	bool fails;                   /* the last chunk could not be written */
} log_queue = { .lock = PTHREAD_MUTEX_INITIALIZER,
		.filled = PTHREAD_COND_INITIALIZER,
		.emptied = PTHREAD_COND_INITIALIZER };

/* --- ring (called with the lock held) ----------------------------------------------------------------------------- */

static void
log_ring_put(const void *bytes, size_t n)
{
	size_t at = (log_queue.first + log_queue.used) % LOG_QUEUE_BYTES;
	size_t head = n < LOG_QUEUE_BYTES - at ? n : LOG_QUEUE_BYTES - at;

	memcpy(log_queue.bytes + at, bytes, head);
	memcpy(log_queue.bytes, (const char *)bytes + head, n - head);
	log_queue.used += n;
}

static void
log_ring_copy(size_t offset, void *ret_bytes, size_t n)
{
	size_t at = (log_queue.first + offset) % LOG_QUEUE_BYTES;
	size_t head = n < LOG_QUEUE_BYTES - at ? n : LOG_QUEUE_BYTES - at;

	memcpy(ret_bytes, log_queue.bytes + at, head);
	memcpy((char *)ret_bytes + head, log_queue.bytes, n - head);
}

static void
log_ring_take(void *ret_bytes, size_t n)
{
	log_ring_copy(0, ret_bytes, n);
	log_queue.first = (log_queue.first + n) % LOG_QUEUE_BYTES;
	log_queue.used -= n;
}

/* --- entries (called with the lock held) -------------------------------------------------------------------------- */

static void
log_entry_put(int fd, str line, uint64_t lines)
{
	const struct log_entry entry = { .bytes = (uint32_t)line.n, .fd = fd, .lines = lines };

	log_ring_put(&entry, sizeof(entry));
	log_ring_put(line.p, line.n);
}

static void
log_report_put(void)
{
	CLEANUP(buf_wipe) struct buf out = BUF(REPORT_MAX_BYTES);

	if (log_queue.dropped == 0)
		return;
	log_queue.report(&out, log_queue.dropped);
	if (buf_check(&out) != ERR_OK)
		return; /* no memory: retried with the next line */
	log_entry_put(STDERR_FILENO, buf_str(&out), log_queue.dropped);
	log_queue.dropped = 0;
}

static bool
log_queue_has_room(size_t n)
{
	size_t limit = log_queue.full ? LOG_QUEUE_BYTES / 2 : LOG_QUEUE_BYTES;

	return log_queue.used + n + REPORT_MAX_BYTES + 2 * sizeof(struct log_entry) <= limit;
}

static void
log_queue_add(int fd, str line)
{
	log_queue.full = line.n > LOG_QUEUE_LINE_MAX || !log_queue_has_room(line.n);
	if (log_queue.full) {
		log_queue.dropped++;
		return;
	}
	log_report_put();
	log_entry_put(fd, line, 1);
}

/* Take as many whole lines for one descriptor as fit. Returns their bytes. */
static size_t
log_chunk_take(char ret_chunk[LOG_QUEUE_LINE_MAX], int *ret_fd, uint64_t *ret_lines)
{
	struct log_entry entry = { .bytes = 0 };
	size_t n = 0;

	*ret_lines = 0;
	while (log_queue.used > 0) {
		log_ring_copy(0, &entry, sizeof(entry));
		if (n > 0 && (entry.fd != *ret_fd || entry.bytes > LOG_QUEUE_LINE_MAX - n))
			break;
		log_ring_take(&entry, sizeof(entry));
		log_ring_take(ret_chunk + n, entry.bytes);
		*ret_fd = entry.fd;
		*ret_lines += entry.lines;
		n += entry.bytes;
	}
	return n;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* Returns false if write() failed for good. Waits if another program made the descriptor non-blocking. */
static bool
log_write_wait(int fd)
{
	struct pollfd ready = { .fd = fd, .events = POLLOUT };

	if (errno == EAGAIN)
		return poll(&ready, 1, -1) >= 0 || errno == EINTR;
	return errno == EINTR;
}

/* rest: the part not yet written. */
static bool
log_write_rest(int fd, str *rest)
{
	while (rest->n > 0) {
		ssize_t n = write(fd, rest->p, rest->n);
		if (n < 0 && !log_write_wait(fd))
			return false;
		if (n > 0)
			*rest = str_bytes(rest->p + n, rest->n - (size_t)n);
	}
	return true;
}

/* Write whole lines. After a partly written line, write a newline first. */
static bool
log_write_all(int fd, str lines)
{
	str newline = STR("\n"), rest = lines;

	if (log_queue.torn[fd] && lines.n > 0 && !log_write_rest(fd, &newline))
		return false;
	if (log_write_rest(fd, &rest)) {
		log_queue.torn[fd] = log_queue.torn[fd] && lines.n == 0;
		return true;
	}
	log_queue.torn[fd] = rest.n < lines.n && rest.p[-1] != '\n';
	return false;
}

/* Write one chunk. The caller holds the lock; it is released during the write. */
static void
log_chunk_write(void)
{
	char chunk[LOG_QUEUE_LINE_MAX];
	uint64_t lines;
	int fd = STDERR_FILENO;
	size_t n = log_chunk_take(chunk, &fd, &lines);

	log_queue.writing = true;
	pthread_mutex_unlock(&log_queue.lock);
	bool written = log_write_all(fd, str_bytes(chunk, n));
	pthread_mutex_lock(&log_queue.lock);
	log_queue.writing = false;
	log_queue.fails = !written;
	if (!written)
		log_queue.dropped += lines;
}

/* Queue a due report even without a new line, but not while writes to the descriptor fail. */
static bool
log_queue_idle(void)
{
	if (log_queue.used == 0 && !log_queue.fails)
		log_report_put();
	return log_queue.used == 0;
}

static void *
log_queue_main(void *context)
{
	(void)context;
	pthread_mutex_lock(&log_queue.lock);
	for (;;) {
		while (log_queue_idle()) {
			pthread_cond_broadcast(&log_queue.emptied);
			pthread_cond_wait(&log_queue.filled, &log_queue.lock);
		}
		log_chunk_write();
	}
	return NULL;
}

/* --- public functions --------------------------------------------------------------------------------------------- */

static bool
log_is_file(int fd)
{
	struct stat file;

	return fstat(fd, &file) == 0 && S_ISREG(file.st_mode);
}

void
log_queue_hold(log_queue_report *report)
{
	log_queue.report = report;
	log_queue.file[STDOUT_FILENO] = log_is_file(STDOUT_FILENO);
	log_queue.file[STDERR_FILENO] = log_is_file(STDERR_FILENO);
	log_queue.held = true;
}

err
log_queue_start(void)
{
	pthread_t thread;
	sigset_t all, before;
	err e;

	/* With SIGTTOU blocked, a terminal cannot stop the process when this thread writes in the background. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	e = log_queue.runs ? ERR_EXISTS : thread_start(log_queue_main, NULL, &thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (e == ERR_EXISTS)
		return ERR_OK;
	TRY(e);
	pthread_detach(thread);
	log_queue.runs = true;
	return ERR_OK;
}

/* Write to a regular file before returning: no reader can block it. Called with the lock held. */
static void
log_file_write(int fd, str line)
{
	CLEANUP(buf_wipe) struct buf out = BUF(REPORT_MAX_BYTES);
	uint64_t dropped = log_queue.dropped;

	if (dropped > 0)
		log_queue.report(&out, dropped);
	if (log_write_all(fd, buf_str(&out)))
		log_queue.dropped -= dropped;
	if (!log_write_all(fd, line))
		log_queue.dropped++;
}

void
log_queue_put(int fd, str line)
{
	if (!log_queue.held) {
		(void)!log_write_all(fd, line); /* a failure cannot be reported anywhere */
		return;
	}
	pthread_mutex_lock(&log_queue.lock);
	if (log_queue.file[fd])
		log_file_write(fd, line);
	else
		log_queue_add(fd, line);
	pthread_cond_signal(&log_queue.filled);
	pthread_mutex_unlock(&log_queue.lock);
}

void
log_queue_end(int max_ms)
{
	int64_t until_us = clock_monotonic_us() + (int64_t)max_ms * 1000;
	const struct timespec until = { .tv_sec = until_us / 1000000, .tv_nsec = until_us % 1000000 * 1000 };

	if (!log_queue.held || log_queue_start() != ERR_OK)
		return;
	pthread_mutex_lock(&log_queue.lock);
	pthread_cond_signal(&log_queue.filled);
	while ((log_queue.used > 0 || log_queue.writing) &&
	       pthread_cond_clockwait(&log_queue.emptied, &log_queue.lock, CLOCK_MONOTONIC, &until) == 0)
		continue;
	pthread_mutex_unlock(&log_queue.lock);
}
