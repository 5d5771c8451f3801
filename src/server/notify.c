/* Source: sd_notify(3), sd_watchdog_enabled(3), systemd.service(5). */
#include "server/notify.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/str.h"
#include "base/sys.h"

#include <inttypes.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { PINGS = 4, RETRY_MS = 100, TIMEOUT_MAX_MS = 60 * 1000, TURN_MAX_US = 5 * 1000 * 1000 };

/* --- the protocol's variables ------------------------------------------------------------------------------------- */

/* A path, or '@' and an abstract name, which begins with a NUL byte and has no other one at its end. */
static bool
notify_address_take(struct notify *notify, str name)
{
	struct sockaddr_un *address = &notify->address;
	bool path = name.n > 1 && name.p[0] == '/', abstract = name.n > 1 && name.p[0] == '@';

	if ((!path && !abstract) || name.n + (path ? 1 : 0) > sizeof(address->sun_path))
		return false;
	address->sun_family = AF_UNIX;
	memcpy(address->sun_path, name.p, name.n);
	if (abstract)
		address->sun_path[0] = '\0';
	notify->address_bytes = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name.n + (path ? 1 : 0));
	return true;
}

static void
notify_failed(const char *why)
{
	log_event(LOG_WARNING, "notify.failed", LOG_TEXT("why", why));
}

static void
notify_socket_open(struct notify *notify, const char *name)
{
	if (name == NULL || name[0] == '\0')
		return;
	if (!notify_address_take(notify, str_of(name))) {
		notify_failed("NOTIFY_SOCKET must be the path or the abstract name of a Unix socket");
		return;
	}
	notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (notify->fd < 0)
		notify_failed(strerror(errno));
}

/* WATCHDOG_PID names the process that must send the pings; without it, every process may. */
static int64_t
notify_watchdog_us(const char *interval, const char *pid)
{
	uint64_t us = 0, wanted = 0;

	if (interval == NULL || str_number(str_of(interval), INT64_MAX, &us) != ERR_OK)
		return 0;
	if (pid != NULL && (str_number(str_of(pid), INT32_MAX, &wanted) != ERR_OK || wanted != (uint64_t)getpid()))
		return 0;
	return (int64_t)us;
}

void
notify_begin(struct notify *notify)
{
	static const char *const names[] = { "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID" };

	*notify = (struct notify){ .fd = -1, .watchdog_us = notify_watchdog_us(getenv(names[1]), getenv(names[2])) };
	notify_socket_open(notify, getenv(names[0]));
	if (notify->fd < 0)
		notify->watchdog_us = 0;
	for (size_t i = 0; i < COUNT(names); i++)
		unsetenv(names[i]);
}

void
notify_end(struct notify *notify)
{
	if (notify->fd >= 0)
		close(notify->fd);
	notify->fd = -1;
}

/* --- messages ----------------------------------------------------------------------------------------------------- */

static bool
notify_passing(int error)
{
	return error == EAGAIN || error == EINTR || error == ENOBUFS || error == ENOMEM;
}

/* Returns false if the message must be sent again later. */
static bool
notify_send(const struct notify *notify, const char *message)
{
	ssize_t sent;

	if (notify->fd < 0)
		return true;
	sent = sendto(notify->fd, message, strlen(message), MSG_NOSIGNAL, (const struct sockaddr *)&notify->address,
		      notify->address_bytes);
	if (sent >= 0)
		return true;
	if (notify_passing(errno))
		return false;
	notify_failed(strerror(errno));
	return true;
}

static void
notify_ready_send(struct notify *notify)
{
	notify->ready_due = !notify_send(notify, "READY=1");
}

void
notify_ready(struct notify *notify)
{
	if (notify->ready)
		return;
	notify->ready = true;
	notify_ready_send(notify);
}

void
notify_reloading(struct notify *notify)
{
	char message[64];

	snprintf(message, sizeof(message), "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_monotonic_us());
	if (notify->ready)
		(void)!notify_send(notify, message);
}

void
notify_reloaded(struct notify *notify)
{
	if (notify->ready)
		notify_ready_send(notify);
}

void
notify_stopping(struct notify *notify)
{
	notify->ready_due = false;
	(void)!notify_send(notify, "STOPPING=1");
}

/* --- more time ---------------------------------------------------------------------------------------------------- */

static void *
notify_extend_main(void *context)
{
	const struct notify_extension *extension = context;
	struct pollfd end = { .fd = extension->wake_fd, .events = POLLIN };

	while (poll(&end, 1, extension->interval_ms) == 0)
		(void)!notify_send(extension->notify, "EXTEND_TIMEOUT_USEC=120000000"); /* lost: another one follows */
	return NULL;
}

void
notify_extend_begin(struct notify_extension *extension, const struct notify *notify, int interval_ms)
{
	*extension = (struct notify_extension){ .notify = notify, .interval_ms = interval_ms, .wake_fd = -1 };
	if (notify->fd < 0)
		return;
	extension->wake_fd = eventfd(0, EFD_CLOEXEC);
	if (extension->wake_fd < 0 || pthread_create(&extension->thread, NULL, notify_extend_main, extension) == 0)
		return;
	close(extension->wake_fd);
	extension->wake_fd = -1;
}

void
notify_extend_end(struct notify_extension *extension)
{
	if (extension->wake_fd < 0)
		return;
	(void)!eventfd_write(extension->wake_fd, 1);
	pthread_join(extension->thread, NULL);
	close(extension->wake_fd);
	extension->wake_fd = -1;
}

/* --- pings -------------------------------------------------------------------------------------------------------- */

static int64_t
notify_interval_us(const struct notify *notify)
{
	return notify->watchdog_us / PINGS;
}

/* Does the database loop turn? */
static bool
notify_turns(const struct notify *notify, int64_t now_us, int64_t turned_us)
{
	int64_t half_us = notify->watchdog_us / 2;

	return now_us - turned_us <= (half_us > TURN_MAX_US ? half_us : TURN_MAX_US);
}

void
notify_tick(struct notify *notify, int64_t now_us, int64_t turned_us)
{
	if (notify->ready_due)
		notify_ready_send(notify);
	if (notify->watchdog_us == 0 || now_us - notify->pinged_us < notify_interval_us(notify) ||
	    !notify_turns(notify, now_us, turned_us))
		return;
	(void)!notify_send(notify, "WATCHDOG=1");
	notify->pinged_us = now_us;
}

int
notify_timeout_ms(const struct notify *notify)
{
	int64_t ping_ms = notify_interval_us(notify) / 1000 + 1;

	if (notify->ready_due)
		return RETRY_MS;
	if (notify->watchdog_us == 0)
		return -1;
	return ping_ms > TIMEOUT_MAX_MS ? TIMEOUT_MAX_MS : (int)ping_ms;
}
