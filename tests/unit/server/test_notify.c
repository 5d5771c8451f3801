/* Messages to a service manager, which is a datagram socket of this program. */
#include "unit.h"

#include "base/err.h"
#include "server/notify.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECOND = 1000 * 1000, QUEUE_MAX = 100 * 1000, TIMEOUT_MS = 300 * 1000 };

static char folder[] = "/tmp/test-notify-XXXXXX";
static char path[64];
static int manager = -1;

/* Listen as the service manager, at a path or at '@' and an abstract name. */
static void
listen_at(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t n = strlen(name);

	memcpy(address.sun_path, name, n);
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(manager >= 0);
	assert_int_equal(bind(manager, (struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n + (name[0] == '/'))),
			 0);
}

static void
begin(struct notify *notify, const char *name, const char *usec, const char *pid)
{
	setenv("NOTIFY_SOCKET", name, 1);
	if (usec != NULL)
		setenv("WATCHDOG_USEC", usec, 1);
	if (pid != NULL)
		setenv("WATCHDOG_PID", pid, 1);
	notify_begin(notify);
}

static int
set_up(void **state)
{
	snprintf(path, sizeof(path), "%s/notify", folder);
	listen_at(path);
	return 0;
}

static int
tear_down(void **state)
{
	close(manager);
	return unlink(path);
}

/* The next message; "" without one. */
static const char *
received(void)
{
	static char text[256];
	ssize_t n = recv(manager, text, sizeof(text) - 1, 0);

	text[n < 0 ? 0 : n] = '\0';
	return text;
}

static void
notify_sends_each_state_once(void **state)
{
	struct notify notify;

	begin(&notify, path, NULL, NULL);
	notify_tick(&notify, SECOND, SECOND);
	assert_string_equal(received(), "");
	notify_ready(&notify);
	notify_ready(&notify); /* a second web process */
	assert_string_equal(received(), "READY=1");
	notify_reloading(&notify);
	assert_int_equal(strncmp(received(), "RELOADING=1\nMONOTONIC_USEC=", strlen("RELOADING=1\nMONOTONIC_USEC=")),
			 0);
	notify_reloaded(&notify);
	assert_string_equal(received(), "READY=1");
	notify_stopping(&notify);
	assert_string_equal(received(), "STOPPING=1");
	assert_string_equal(received(), "");
	assert_int_equal(notify_timeout_ms(&notify), -1);
	notify_end(&notify);
}

static void
notify_asks_for_more_time_while_a_step_runs(void **state)
{
	struct pollfd message = { .fd = manager, .events = POLLIN };
	struct notify notify;
	struct notify_extension extension;

	begin(&notify, path, NULL, NULL);
	notify_extend_begin(&extension, &notify, 60 * 60 * 1000);
	notify_extend_end(&extension);
	assert_string_equal(received(), ""); /* the step was short */
	notify_extend_begin(&extension, &notify, 1);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(poll(&message, 1, TIMEOUT_MS), 1);
		assert_string_equal(received(), "EXTEND_TIMEOUT_USEC=120000000");
	}
	notify_extend_end(&extension);
	while (received()[0] != '\0')
		continue;
	notify_ready(&notify);
	assert_string_equal(received(), "READY=1");
	notify_end(&notify);
}

static void
notify_extends_nothing_without_a_service_manager(void **state)
{
	struct notify notify;
	struct notify_extension extension;

	begin(&notify, "", NULL, NULL);
	notify_extend_begin(&extension, &notify, 1);
	assert_int_equal(extension.wake_fd, -1);
	notify_extend_end(&extension);
	notify_end(&notify);
}

static void
notify_reaches_an_abstract_socket(void **state)
{
	struct notify notify;
	char name[64];

	close(manager);
	snprintf(name, sizeof(name), "@test-notify-%d", (int)getpid());
	listen_at(name);
	begin(&notify, name, NULL, NULL);
	notify_ready(&notify);
	assert_string_equal(received(), "READY=1");
	notify_end(&notify);
}

static void
notify_removes_its_variables(void **state)
{
	struct notify notify;

	begin(&notify, path, "30000000", "1");
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_null(getenv("WATCHDOG_USEC"));
	assert_null(getenv("WATCHDOG_PID"));
	notify_end(&notify);
}

static void
notify_sends_nothing_to_an_unusable_address(void **state)
{
	char long_path[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1];
	static const char *const names[] = { "", "/", "@", "notify", "vsock:2:1234", "./notify" };
	struct notify notify;

	for (size_t i = 0; i < COUNT(names); i++) {
		begin(&notify, names[i], "30000000", NULL);
		assert_int_equal(notify.fd, -1);
		assert_int_equal(notify_timeout_ms(&notify), -1);
		notify_ready(&notify);
		notify_tick(&notify, SECOND, SECOND);
	}
	memset(long_path, 'x', sizeof(long_path) - 1);
	long_path[0] = '/';
	long_path[sizeof(long_path) - 1] = '\0'; /* no room for the NUL of a path */
	begin(&notify, long_path, NULL, NULL);
	assert_int_equal(notify.fd, -1);
	long_path[0] = '@'; /* an abstract name needs none */
	begin(&notify, long_path, NULL, NULL);
	assert_int_not_equal(notify.fd, -1);
	notify_end(&notify);
}

static void
notify_survives_a_manager_that_is_gone(void **state)
{
	struct notify notify;

	begin(&notify, "/tmp/no-such-folder/notify", "4000000", NULL);
	notify_ready(&notify);
	assert_false(notify.ready_due);
	notify_stopping(&notify);
	notify_end(&notify);
}

static void
notify_repeats_ready_when_the_queue_was_full(void **state)
{
	struct notify notify;
	int filled = 0;

	begin(&notify, path, NULL, NULL);
	while (filled < QUEUE_MAX &&
	       sendto(notify.fd, "X=1", 3, MSG_DONTWAIT, (struct sockaddr *)&notify.address, notify.address_bytes) == 3)
		filled++;
	assert_int_equal(errno, EAGAIN);
	notify_ready(&notify);
	assert_in_range(notify_timeout_ms(&notify), 1, 1000);
	while (strcmp(received(), "X=1") == 0)
		filled--;
	assert_int_equal(filled, 0);
	notify_tick(&notify, SECOND, SECOND);
	assert_string_equal(received(), "READY=1");
	assert_string_equal(received(), "");
	assert_int_equal(notify_timeout_ms(&notify), -1);
	notify_end(&notify);
}

static void
notify_reload_sends_nothing_before_ready(void **state)
{
	struct notify notify;

	begin(&notify, path, NULL, NULL);
	notify_reloading(&notify);
	notify_reloaded(&notify);
	assert_string_equal(received(), "");
	notify_end(&notify);
}

static void
notify_pings_only_while_the_database_loop_turns(void **state)
{
	static const struct {
		int64_t now, turned; /* seconds */
		bool ping;
		const char *why;
	} cases[] = {
		{ 100, 100, true, "the first ping" },
		{ 114, 114, false, "a quarter of 60 seconds has not passed" },
		{ 115, 114, true, "a quarter has passed" },
		{ 145, 115, true, "the loop waited for 30 seconds" },
		{ 175, 144, false, "the loop stands still for 31 seconds" },
		{ 500, 144, false, "it still stands" },
		{ 501, 501, true, "it turns again" },
	};
	struct notify notify;

	begin(&notify, path, "60000000", NULL);
	assert_in_range(notify_timeout_ms(&notify), 1000, 15001);
	for (size_t i = 0; i < COUNT(cases); i++) {
		notify_tick(&notify, cases[i].now * SECOND, cases[i].turned * SECOND);
		if (strcmp(received(), cases[i].ping ? "WATCHDOG=1" : "") != 0)
			fail_msg("%s", cases[i].why);
	}
	notify_end(&notify);
}

static void
notify_short_watchdog_allows_a_turn_of_five_seconds(void **state)
{
	struct notify notify;

	begin(&notify, path, "1000000", NULL);
	notify_tick(&notify, 105 * SECOND, 100 * SECOND);
	assert_string_equal(received(), "WATCHDOG=1");
	notify_tick(&notify, 106 * SECOND, 100 * SECOND);
	assert_string_equal(received(), "");
	notify_end(&notify);
}

static void
notify_watchdog_of_another_process_is_ignored(void **state)
{
	struct notify notify;
	char own[16];

	snprintf(own, sizeof(own), "%d", (int)getpid());
	begin(&notify, path, "4000000", own);
	assert_int_equal(notify.watchdog_us, 4000000);
	notify_end(&notify);
	begin(&notify, path, "4000000", "1");
	assert_int_equal(notify.watchdog_us, 0);
	notify_end(&notify);
	begin(&notify, path, "soon", own);
	assert_int_equal(notify.watchdog_us, 0);
	notify_end(&notify);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(notify_sends_each_state_once),
		TEST(notify_asks_for_more_time_while_a_step_runs),
		TEST(notify_extends_nothing_without_a_service_manager),
		TEST(notify_reaches_an_abstract_socket),
		TEST(notify_removes_its_variables),
		TEST(notify_sends_nothing_to_an_unusable_address),
		TEST(notify_survives_a_manager_that_is_gone),
		TEST(notify_repeats_ready_when_the_queue_was_full),
		TEST(notify_reload_sends_nothing_before_ready),
		TEST(notify_pings_only_while_the_database_loop_turns),
		TEST(notify_short_watchdog_allows_a_turn_of_five_seconds),
		TEST(notify_watchdog_of_another_process_is_ignored),
	};
	int failed;

	if (mkdtemp(folder) == NULL)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	rmdir(folder);
	return failed;
}
