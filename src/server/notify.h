/*
 * Messages to the service manager: the protocol of sd_notify(3) and sd_watchdog_enabled(3), without libsystemd.  A
 * message is one datagram to the Unix socket that NOTIFY_SOCKET names: a path, or an abstract name after '@'.
 *
 *	READY=1       the web process answers requests, or a reload has ended
 *	RELOADING=1   SIGHUP came; with MONOTONIC_USEC
 *	STOPPING=1    the server ends
 *	WATCHDOG=1    the database loop turns (keeper_server_turned_us); four times in WATCHDOG_USEC
 *	EXTEND_TIMEOUT_USEC=…   the start goes on: an upgrade of a large database takes longer than TimeoutStartSec=
 *
 * The keeper's process sends all of them: systemd accepts messages of the main process only (NotifyAccess=main).  Web
 * gets no variable of the protocol, and its sandbox allows neither socket() nor an address in sendto() and sendmsg().
 *
 * Sending never waits.  If systemd's queue is full, notify_tick sends READY=1 again; a lost ping is followed by
 * another one in time.
 *
 *	notify_begin(&notify);
 *	notify_ready(&notify);
 *	for (;;) { poll(..., notify_timeout_ms(&notify)); notify_tick(&notify, clock_monotonic_us(), turned_us); }
 *	notify_stopping(&notify);
 *	notify_end(&notify);
 */
#ifndef SERVER_NOTIFY_H
#define SERVER_NOTIFY_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>

struct notify {
	int fd; /* -1: there is no service manager to notify */
	struct sockaddr_un address;
	socklen_t address_bytes;
	int64_t watchdog_us; /* WATCHDOG_USEC; 0: no pings */
	int64_t pinged_us;   /* time of the last ping */
	bool ready;          /* READY=1 was sent or is due */
	bool ready_due;      /* READY=1 could not be sent yet */
};

/*
 * Read the variables of the protocol, and remove them from the environment.  The log names an address that cannot be
 * used (notify.failed); then no message is sent.
 */
void notify_begin(struct notify *notify);
void notify_end(struct notify *notify);

/*
 * While this thread is busy with a long step of the start, another one asks every interval_ms for two more minutes.
 * The first message follows after interval_ms, so that a short step sends none.  Without a service manager, and without
 * a further thread, nothing happens.  notify must not change meanwhile.
 */
enum { NOTIFY_EXTEND_MS = 30 * 1000 };
struct notify_extension {
	const struct notify *notify;
	int interval_ms, wake_fd; /* wake_fd -1: there is no thread */
	pthread_t thread;
};
void notify_extend_begin(struct notify_extension *extension, const struct notify *notify, int interval_ms);
void notify_extend_end(struct notify_extension *extension);

/* Only the first call sends a message. */
void notify_ready(struct notify *notify);

/* Before and after a reload.  Before notify_ready they send nothing. */
void notify_reloading(struct notify *notify);
void notify_reloaded(struct notify *notify);

void notify_stopping(struct notify *notify);

/*
 * Send the messages that are due.  A ping needs a database loop that turned at most half of WATCHDOG_USEC ago.  A turn
 * of 5 seconds is always allowed: the loop sleeps for a second, and waits for a locked database.
 *
 *   now_us, turned_us  of clock_monotonic_us
 */
void notify_tick(struct notify *notify, int64_t now_us, int64_t turned_us);

/* The time until the next call of notify_tick, for poll(); -1: none is needed. */
int notify_timeout_ms(const struct notify *notify);

#endif
