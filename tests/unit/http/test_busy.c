/* The server under load: full pools, slow and vanishing clients, many connections, stopping. */
#include "client.h"
#include "echo.h"
#include "resident.h"
#include "unit.h"

#include "base/clock.h"
#include "base/fault.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"
#define FORM_TYPE "Content-Type: application/x-www-form-urlencoded\r\n"
#define POST3(path) ("POST " path " HTTP/1.1\r\nHost: h\r\n" FORM_TYPE "Content-Length: 3\r\n\r\na=1")
#define QUIET_MS 300 /* the deadline in tests of deadlines, whose clock stands still between steps */

static struct echo echo;

static int
sent(const char *request)
{
	int fd = client_connect(echo.port);

	assert_true(fd >= 0);
	assert_true(client_send(fd, str_of(request)));
	return fd;
}

static size_t
waiting(enum http_pool pool)
{
	struct http_figures figures;

	http_server_figures(echo.server, &figures);
	return figures.waiting[pool];
}

static size_t
connections(void)
{
	struct http_figures figures;

	http_server_figures(echo.server, &figures);
	return figures.connections;
}

static void
http_server_serves_the_quick_pool_while_the_slow_is_full(void **state)
{
	struct http_settings settings = { 0 };
	struct answer a;
	int held[4];

	(void)state;
	settings.queue_max[HTTP_SLOW] = 2;
	echo_start(&echo, settings);
	for (int i = 0; i < 2; i++)
		held[i] = sent(GET("/hold"));
	client_wait(atomic_load(&echo.holding) == 2);
	for (int i = 2; i < 4; i++)
		held[i] = sent(GET("/hold"));
	client_wait(waiting(HTTP_SLOW) == 2);

	assert_int_equal(client_ask(echo.port, STR(GET("/move")), &a), 503);
	assert_int_equal(client_ask(echo.port, STR(GET("/slow")), &a), 503);
	assert_non_null(strstr(a.head, "\r\nRetry-After: "));
	assert_false(a.close);
	for (int i = 0; i < 100; i++) {
		assert_int_equal(client_ask(echo.port, STR(GET("/quick")), &a), 200);
		assert_int_equal(client_ask(echo.port, STR(GET("/inline")), &a), 200);
	}
	assert_int_equal(atomic_load(&echo.holding), 2);

	echo_release(&echo);
	for (int i = 0; i < 4; i++) {
		client_read(held[i], false, &a);
		assert_int_equal(a.status, 200);
		close(held[i]);
	}
	echo_stop(&echo, 1000);
}

static int
status_of(int fd)
{
	struct answer a;

	client_read(fd, false, &a);
	close(fd);
	return a.status;
}

/* A quick worker found that the request takes long: a slow worker answers it, and the quick one serves others. */
static void
http_server_moves_a_request_to_the_slow_pool(void **state)
{
	struct http_settings settings = { 0 };
	struct answer a;

	(void)state;
	settings.workers[HTTP_QUICK] = 1;
	settings.workers[HTTP_SLOW] = 1;
	echo_start(&echo, settings);
	int held = sent(GET("/hold"));
	client_wait(atomic_load(&echo.holding) == 1);
	int moved = sent(GET("/move"));
	client_wait(waiting(HTTP_SLOW) == 1);
	assert_int_equal(client_ask(echo.port, STR(GET("/quick")), &a), 200);
	echo_release(&echo);
	assert_int_equal(status_of(held), 200);
	client_read(moved, false, &a);
	assert_int_equal(a.status, 200);
	assert_non_null(strstr(a.body, "GET /move|"));
	close(moved);
	echo_stop(&echo, 1000);
}

static int
held_for(const char *address)
{
	char request[200];

	snprintf(request, sizeof(request), "GET /hold HTTP/1.1\r\nHost: x\r\nX-From: %s\r\n\r\n", address);
	return sent(request);
}

/* Send request i + 1 to a slow pool with two workers, and wait until a worker or the queue has it. */
static int
held_in_turn(int i, const char *address)
{
	int fd = held_for(address);

	if (i < 2)
		client_wait(atomic_load(&echo.holding) == i + 1);
	else
		client_wait(waiting(HTTP_SLOW) == (size_t)i - 1);
	return fd;
}

static void
http_server_shares_a_full_queue_among_addresses(void **state)
{
	int greedy[8], others[4];

	(void)state;
	echo_start(&echo, (struct http_settings){ .queue_max[HTTP_SLOW] = 6 });
	for (int i = 0; i < 8; i++) /* two requests are with the workers, six wait */
		greedy[i] = held_in_turn(i, "192.0.2.1");
	assert_int_equal(status_of(held_for("192.0.2.1")), 503);
	others[0] = held_for("192.0.2.2");
	assert_int_equal(status_of(greedy[7]), 503); /* the newest of the greedy client */
	others[1] = held_for("2001:db8::1");
	assert_int_equal(status_of(greedy[6]), 503);
	others[2] = held_for("2001:db8::ffff"); /* the same network */
	assert_int_equal(status_of(greedy[5]), 503);
	assert_int_equal(waiting(HTTP_SLOW), 6);
	assert_int_equal(status_of(held_for("192.0.2.1")), 503);
	assert_int_equal(status_of(held_for("2001:db8::2")), 503); /* would have as many as the greedy client */
	others[3] = held_for("192.0.2.3");
	assert_int_equal(status_of(greedy[4]), 503);
	echo_release(&echo);
	for (int i = 0; i < 4; i++)
		assert_int_equal(status_of(greedy[i]), 200);
	for (int i = 0; i < 4; i++)
		assert_int_equal(status_of(others[i]), 200);
	echo_stop(&echo, 1000);
}

static void
http_server_refuses_when_all_addresses_hold_equal_shares(void **state)
{
	char address[32];
	int fds[6];

	(void)state;
	echo_start(&echo, (struct http_settings){ .queue_max[HTTP_SLOW] = 4 });
	for (int i = 0; i < 6; i++) {
		snprintf(address, sizeof(address), "192.0.2.%d", i);
		fds[i] = held_in_turn(i, address);
	}
	assert_int_equal(status_of(held_for("192.0.2.99")), 503);
	echo_release(&echo);
	for (int i = 0; i < 6; i++)
		assert_int_equal(status_of(fds[i]), 200);
	echo_stop(&echo, 1000);
}

static int
moved_for(const char *address)
{
	char request[200];

	snprintf(request, sizeof(request), "GET /move HTTP/1.1\r\nHost: x\r\nX-From: %s\r\n\r\n", address);
	return sent(request);
}

/* Moved requests may take only a part of the queue, and the addresses share this part fairly. */
static void
http_server_lets_few_moved_requests_wait(void **state)
{
	int held[3], moved[4], other;

	(void)state;
	echo_start(&echo, (struct http_settings){ .queue_max[HTTP_SLOW] = 32 });
	for (int i = 0; i < 3; i++)
		held[i] = held_in_turn(i, "192.0.2.1");
	for (int i = 0; i < 4; i++) {
		moved[i] = moved_for("192.0.2.1");
		client_wait(waiting(HTTP_SLOW) == (size_t)i + 2);
	}
	assert_int_equal(status_of(moved_for("192.0.2.1")), 503);
	other = moved_for("192.0.2.2");
	assert_int_equal(status_of(moved[3]), 503); /* the newest of the other address */
	assert_int_equal(waiting(HTTP_SLOW), 5);
	echo_release(&echo);
	for (int i = 0; i < 3; i++)
		assert_int_equal(status_of(held[i]), 200);
	for (int i = 0; i < 3; i++)
		assert_int_equal(status_of(moved[i]), 200);
	assert_int_equal(status_of(other), 200);
	for (int i = 0; i < 8; i++) /* their part of the queue is free again */
		assert_int_equal(status_of(moved_for("192.0.2.1")), 200);
	echo_stop(&echo, 1000);
}

/* The server opens each worker once, with its own index, because a channel belongs to one thread. */
static void
http_server_opens_each_worker(void **state)
{
	struct http_settings settings = { 0 };

	(void)state;
	settings.workers[HTTP_QUICK] = 3;
	settings.workers[HTTP_SLOW] = 4;
	echo_start(&echo, settings);
	client_wait(atomic_load(&echo.opened) == 7);
	echo_stop(&echo, 1000);
	assert_int_equal(atomic_load(&echo.opened), 7);
}

/* --- deadlines ---------------------------------------------------------------------------------------------------- */

/* One event thread, and a clock that moves only when the test moves it.  Returns a connection for client_settle. */
static int
start_with_stopped_clock(int request_ms, int reply_ms)
{
	clock_hook_stop();
	echo_start(&echo, (struct http_settings){ .event_threads = 1, .request_ms = request_ms, .reply_ms = reply_ms });
	return client_connect(echo.port);
}

static void
stop_with_running_clock(int settler)
{
	close(settler);
	clock_hook_run();
	client_wait(connections() == 0);
	echo_stop(&echo, 1000);
}

static void
http_server_disconnects_a_client_that_sends_byte_by_byte(void **state)
{
	static const char *const requests[] = {
		"GET /inline HTTP/1.1\r\nHost: h\r\nX: ",
		"POST /quick HTTP/1.1\r\nHost: h\r\n" FORM_TYPE "Content-Length: 10000\r\n\r\n",
	};

	(void)state;
	for (size_t r = 0; r < COUNT(requests); r++) {
		int settler = start_with_stopped_clock(QUIET_MS, 0), fd = sent(requests[r]);
		client_settle(settler);
		for (int passed = 0; passed < QUIET_MS; passed += CLIENT_STEP_MS) { /* it is never idle */
			assert_false(client_closed(fd, 0));
			assert_true(client_send(fd, STR("a")));
			client_pass(settler, CLIENT_STEP_MS);
		}
		assert_true(client_closed(fd, CLIENT_TIMEOUT_MS));
		close(fd);
		stop_with_running_clock(settler);
	}
}

static void
http_server_restarts_the_deadline_after_each_request(void **state)
{
	int settler = start_with_stopped_clock(QUIET_MS, 0);
	int idle = client_connect(echo.port), used = client_connect(echo.port);
	struct answer a;

	(void)state;
	client_settle(settler);
	for (int i = 0; i < 4; i++) { /* twice the deadline in total */
		client_pass(settler, QUIET_MS / 2);
		assert_true(i != 1 || client_closed(idle, CLIENT_TIMEOUT_MS));
		assert_true(client_send(used, STR(GET("/quick"))));
		client_read(used, false, &a);
		assert_int_equal(a.status, 200);
	}
	client_settle(settler);
	client_pass(settler, QUIET_MS);
	assert_true(client_closed(used, CLIENT_TIMEOUT_MS));
	close(idle);
	close(used);
	stop_with_running_clock(settler);
}

static void
http_server_disconnects_a_client_that_reads_no_reply(void **state)
{
	int settler = start_with_stopped_clock(0, QUIET_MS), fd = client_connect(echo.port), small = 4096;

	(void)state;
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	assert_true(client_send(fd, STR(GET("/big"))));
	client_settle(settler);
	client_pass(settler, QUIET_MS - CLIENT_STEP_MS);
	assert_int_equal(connections(), 2);
	client_pass(settler, CLIENT_STEP_MS);
	client_wait(connections() == 1);
	close(fd);
	stop_with_running_clock(settler);
}

static void
http_server_has_no_deadline_while_the_application_works(void **state)
{
	int settler = start_with_stopped_clock(QUIET_MS, QUIET_MS), fd = sent(GET("/hold"));
	struct answer a;

	(void)state;
	client_wait(atomic_load(&echo.holding) == 1);
	client_pass(settler, 2 * QUIET_MS);
	echo_release(&echo);
	client_read(fd, false, &a);
	assert_int_equal(a.status, 200);
	close(fd);
	stop_with_running_clock(settler);
}

/* The clock jumps, as it does for a process that was suspended.  The event thread has seen no byte of the rest. */
static void
http_server_expires_no_connection_after_a_stall(void **state)
{
	int settler = start_with_stopped_clock(QUIET_MS, 0), fd = client_connect(echo.port);
	str request = STR(GET("/quick")), most = str_upto(request, request.n - 1);
	struct answer a;

	(void)state;
	assert_true(client_send(fd, most));
	client_settle(settler);
	clock_hook_step((QUIET_MS + 1500) * INT64_C(1000));
	client_settle(settler);
	assert_true(client_send(fd, str_from(request, most.n)));
	client_read(fd, false, &a);
	assert_int_equal(a.status, 200);
	close(fd);
	stop_with_running_clock(settler);
}

/* --- clients that vanish ------------------------------------------------------------------------------------------ */

static void
reset(int fd)
{
	struct linger hard = { .l_onoff = 1 };

	setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
	close(fd);
}

static void
http_server_survives_clients_that_vanish_while_queued(void **state)
{
	struct answer a;

	(void)state;
	echo_start(&echo, (struct http_settings){ 0 });
	for (int i = 0; i < 30; i++) {
		int fd = sent(i % 2 == 0 ? GET("/hold") : GET("/hold-quick"));
		client_wait((size_t)atomic_load(&echo.holding) + waiting(HTTP_SLOW) + waiting(HTTP_QUICK) ==
			    (size_t)i + 1);
		if (i % 3 == 0)
			reset(fd);
		else
			close(fd);
	}
	echo_release(&echo);
	client_wait(connections() == 0);
	assert_int_equal(client_ask(echo.port, STR(GET("/slow")), &a), 200);
	echo_stop(&echo, 1000);
}

static void
http_server_survives_clients_that_vanish_at_any_byte(void **state)
{
	static const char request[] =
	    "POST /slow HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n"
	    "Content-Length: 7\r\n\r\na=1&b=2";
	struct answer a;

	(void)state;
	echo_start(&echo, (struct http_settings){ 0 });
	for (size_t n = 0; n < sizeof(request); n++) {
		int fd = client_connect(echo.port);
		client_send(fd, str_bytes(request, n));
		if (n % 2 == 0)
			reset(fd);
		else
			close(fd);
	}
	client_wait(connections() == 0);
	assert_int_equal(client_ask(echo.port, STR(GET("/slow")), &a), 200);
	echo_stop(&echo, 1000);
}

static void
http_server_answers_a_client_that_has_closed_its_half(void **state)
{
	static const char *const requests[] = { GET("/inline"), GET("/hold"), POST3("/hold") };
	struct answer a;

	(void)state;
	echo_start(&echo, (struct http_settings){ 0 });
	for (size_t i = 0; i < COUNT(requests); i++) {
		int fd = sent(requests[i]);
		shutdown(fd, SHUT_WR);
		client_wait(i != 1 || atomic_load(&echo.holding) == 1);
		client_sleep(50);
		if (i == 1)
			echo_release(&echo);
		client_read(fd, false, &a);
		assert_int_equal(a.status, 200);
		close(fd);
	}
	echo_stop(&echo, 1000);
}

/* On some systems a reset while the client sends makes it lose the reply, so the server drains the socket first. */
static void
http_server_drains_a_refused_client_for_a_limited_time(void **state)
{
	enum { DRAIN_MS = 2000, PIECES = 8 };
	int settler = start_with_stopped_clock(0, 0);
	int fd = sent("POST /quick HTTP/1.1\r\nHost: h\r\n" FORM_TYPE "Content-Length: 9000000\r\n\r\n");
	struct answer a;

	(void)state;
	client_read(fd, false, &a);
	assert_int_equal(a.status, 413);
	assert_true(client_closed(fd, CLIENT_TIMEOUT_MS)); /* the server has shut down its side */
	client_wait(connections() == 1);                   /* only the settler is left */
	for (int i = 0; i < PIECES; i++) {
		assert_true(client_send(fd, STR("a=1&")));
		client_pass(settler, DRAIN_MS / PIECES);
	}
	client_wait(!client_send(fd, STR("a=1&"))); /* the server stops draining after a timeout */
	close(fd);
	stop_with_running_clock(settler);
}

/* --- many connections --------------------------------------------------------------------------------------------- */

enum { MANY = 1000 };

static void
http_server_keeps_a_thousand_connections(void **state)
{
	static int fds[MANY];
	struct answer a;

	(void)state;
	echo_start(&echo, (struct http_settings){ .connections_max = MANY });
	for (int i = 0; i < MANY; i++)
		assert_true((fds[i] = client_connect(echo.port)) >= 0);
	client_wait(connections() == MANY);
	for (int round = 0; round < 3; round++) {
		for (int i = 0; i < MANY; i++)
			assert_true(client_send(fds[i], i % 2 == 0 ? STR(GET("/quick")) : STR(GET("/inline"))));
		for (int i = 0; i < MANY; i++) {
			client_read(fds[i], false, &a);
			assert_true(a.status == 200 || a.status == 503); /* more than the queue holds */
		}
	}
	int fd = client_connect(echo.port); /* one more: the server evicts the oldest */
	assert_true(client_send(fd, STR(GET("/quick"))));
	client_read(fd, false, &a);
	assert_int_equal(a.status, 200);
	assert_true(client_closed(fds[0], CLIENT_TIMEOUT_MS));
	client_wait(connections() == MANY); /* its event thread closes it after the client has seen its end */
	close(fd);
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
	client_wait(connections() == 0);
	echo_stop(&echo, 1000);
}

/* The maximum memory of an idle connection. */
enum { IDLE_KIB = 1 };

/* One connection waits in the middle of its request, and its bytes are kept. */
static void
http_server_frees_the_buffers_of_idle_connections(void **state)
{
	static int fds[MANY];
	struct answer a;

	(void)state;
	echo_start(&echo, (struct http_settings){ .connections_max = MANY });
	long before = resident_kib();
	for (int i = 0; i < MANY; i++) {
		assert_true((fds[i] = client_connect(echo.port)) >= 0);
		assert_true(client_send(fds[i], STR(GET("/inline"))));
		client_read(fds[i], false, &a);
		assert_int_equal(a.status, 200);
	}
	assert_true(client_send(fds[0], STR("GET /inl")));
	client_wait(atomic_load(&echo.done) == MANY);
	assert_true(SANITIZER_RECORDS || resident_kib() < before + MANY * IDLE_KIB);
	assert_true(client_send(fds[0], STR("ine?half HTTP/1.1\r\nHost: h\r\n\r\n")));
	client_read(fds[0], false, &a);
	assert_int_equal(a.status, 200);
	assert_non_null(strstr(a.body, "/inline|half|"));
	for (int i = 1; i < MANY; i++) {
		assert_true(client_send(fds[i], STR(GET("/quick?again"))));
		client_read(fds[i], false, &a);
		assert_int_equal(a.status, 200);
		assert_non_null(strstr(a.body, "/quick|again|"));
	}
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
	client_wait(connections() == 0);
	echo_stop(&echo, 1000);
}

/* --- shares ------------------------------------------------------------------------------------------------------- */

#define GREEDY "127.0.0.2"
#define MODEST "127.0.0.3"
#define PROXY "127.0.0.99" /* trusted: echo.h */
enum { FEW = 40, MORE = 60 };

static int
status_from(const char *address, const char *request)
{
	int fd = client_connect_from(address, echo.port);

	assert_true(fd >= 0);
	return client_send(fd, str_of(request)) ? status_of(fd) : 0;
}

/* The behaviour of one client that takes all connections. */
static const struct {
	const char *why, *sends;
	bool works; /* the application is working on the request */
} greeds[] = {
	{ "nothing", "", false },
	{ "one byte", "G", false },
	{ "half a head", "GET /inline HTTP/1.1\r\nHost: ", false },
	{ "half a body", "POST /quick HTTP/1.1\r\nHost: h\r\n" FORM_TYPE "Content-Length: 30\r\n\r\na=", false },
	{ "a reply that it does not read", GET("/big"), false },
	{ "one answered request, then nothing", GET("/inline"), false },
	{ "requests that take long", GET("/hold"), true },
};

static void
greed(size_t which)
{
	int fds[MORE], modest;
	struct answer a;

	echo_start(&echo, (struct http_settings){ .connections_max = FEW, .queue_max[HTTP_SLOW] = FEW });
	modest = client_connect_from(MODEST, echo.port);
	for (int i = 0; i < MORE; i++) {
		fds[i] = client_connect_from(GREEDY, echo.port);
		(void)client_send(fds[i], str_of(greeds[which].sends));
	}
	for (int i = 0; i < MORE; i++) {
		if (status_from(MODEST, GET("/quick")) != 200)
			fail_msg("%s: the answer to request %d did not arrive", greeds[which].why, i);
		if (client_closed(fds[i], 0)) { /* reopen it */
			close(fds[i]);
			fds[i] = client_connect_from(GREEDY, echo.port);
			(void)client_send(fds[i], str_of(greeds[which].sends));
		}
	}
	assert_true(client_send(modest, STR(GET("/inline")))); /* it was idle the whole time, and stays open */
	client_read(modest, false, &a);
	assert_int_equal(a.status, 200);
	echo_release(&echo);
	for (int i = 0; i < MORE; i++)
		close(fds[i]);
	close(modest);
	client_wait(connections() == 0);
	echo_stop(&echo, 1000);
}

static void
http_server_answers_others_beside_a_greedy_client(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(greeds); i++)
		greed(i);
}

static void
http_server_evicts_no_connection_of_a_trusted_proxy(void **state)
{
	int proxy[FEW / 2], greedy[FEW];
	struct answer a;

	(void)state;
	echo_start(&echo, (struct http_settings){ .connections_max = FEW });
	for (int i = 0; i < FEW / 2; i++)
		proxy[i] = client_connect_from(PROXY, echo.port);
	for (int i = 0; i < FEW; i++) /* half of them fit */
		greedy[i] = client_connect_from(GREEDY, echo.port);
	assert_int_equal(status_from(MODEST, GET("/inline")), 200);
	assert_int_equal(status_from(PROXY, GET("/inline")), 200);
	for (int i = 0; i < FEW / 2; i++) {
		assert_true(client_send(proxy[i], STR(GET("/inline"))));
		client_read(proxy[i], false, &a);
		assert_int_equal(a.status, 200);
	}
	for (int i = 0; i < FEW; i++)
		close(greedy[i]);
	for (int i = 0; i < FEW / 2; i++)
		close(proxy[i]);
	client_wait(connections() == 0);
	echo_stop(&echo, 1000);
}

static void
http_server_fits_its_connections_into_few_descriptors(void **state)
{
	static const struct {
		size_t descriptors, least, most;
	} limits[] = { { 900, 700, 850 }, { 200, 100, 170 }, { 100000, 12000, 12000 } };

	(void)state;
	for (size_t i = 0; i < COUNT(limits); i++) {
		struct http_figures figures;
		echo_start(&echo, (struct http_settings){ .connections_max = 12000,
							  .descriptors_max = limits[i].descriptors });
		http_server_figures(echo.server, &figures);
		assert_in_range(figures.connections_max, limits[i].least, limits[i].most);
		echo_stop(&echo, 1000);
	}
}

/* Step the stopped clock until the server accepts and answers; returns the number of steps. */
static size_t
steps_until_answered(int fd)
{
	enum { STEP_MS = 20 };
	size_t steps = 0;

	for (; !client_readable(fd, STEP_MS) && steps < CLIENT_TIMEOUT_MS / STEP_MS; steps++)
		clock_hook_step(STEP_MS * INT64_C(1000));
	return steps;
}

/*
 * The test lowers the limit to the open descriptors, so that accept() fails.  The client's sockets exist already.
 * After an eviction the server accepts again only when the clock has moved, so it evicts at most once for each step.
 */
static void
http_server_makes_room_when_no_descriptor_is_left(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int greedy[FEW], late[4];
	struct rlimit limit, low;
	struct http_figures figures;
	struct answer a;
	size_t steps = 0;

	(void)state;
	clock_hook_stop();
	echo_start(&echo, (struct http_settings){ .event_threads = 1, .connections_max = 1000 });
	for (int i = 0; i < FEW; i++)
		greedy[i] = client_connect_from(GREEDY, echo.port);
	client_wait(connections() == FEW);
	for (size_t i = 0; i < COUNT(late); i++)
		late[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	low = (struct rlimit){ .rlim_cur = (rlim_t)late[COUNT(late) - 1] + 1, .rlim_max = limit.rlim_max };
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
	address.sin_port = htons(echo.port);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	for (size_t i = 0; i < COUNT(late); i++) {
		assert_int_equal(connect(late[i], (struct sockaddr *)&address, sizeof(address)), 0);
		assert_true(client_send(late[i], STR(GET("/quick"))));
		steps += steps_until_answered(late[i]);
		client_read(late[i], false, &a);
		assert_int_equal(a.status, 200);
	}
	for (size_t i = 0; i < COUNT(late); i++)
		close(late[i]);
	http_server_figures(echo.server, &figures);
	assert_in_range(figures.evicted, 1, steps + 1);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	clock_hook_run();
	for (int i = 0; i < FEW; i++)
		close(greedy[i]);
	client_wait(connections() == 0);
	echo_stop(&echo, 1000);
}

struct crowd {
	pthread_t thread;
	atomic_bool *enough;
	size_t answered;
};

static void *
crowd_main(void *context)
{
	static const char *const requests[] = { GET("/quick"), GET("/slow"), GET("/inline"), GET("/nowhere") };
	struct crowd *crowd = context;
	struct answer a;

	for (size_t i = 0; !atomic_load(crowd->enough); i++)
		crowd->answered += client_ask(echo.port, str_of(requests[i % COUNT(requests)]), &a) != 0;
	return NULL;
}

/* --- stopping ----------------------------------------------------------------------------------------------------- */

static void
http_server_stop_finishes_accepted_requests(void **state)
{
	struct answer a;
	int held, idle;
	int64_t begun_us;

	(void)state;
	echo_start(&echo, (struct http_settings){ 0 });
	idle = client_connect(echo.port);
	held = sent(GET("/slow"));
	client_read(held, false, &a);
	assert_true(client_send(held, STR(GET("/hold"))));
	client_wait(atomic_load(&echo.holding) == 1 && connections() == 2);
	echo_release(&echo);
	begun_us = clock_monotonic_us();
	echo_stop(&echo, CLIENT_TIMEOUT_MS);
	assert_true(clock_monotonic_us() - begun_us < CLIENT_TIMEOUT_MS * INT64_C(1000)); /* not at its deadline */
	client_read(held, false, &a);
	assert_int_equal(a.status, 200);
	assert_true(client_closed(idle, CLIENT_TIMEOUT_MS));
	assert_int_equal(client_connect(echo.port), -1);
	close(held);
	close(idle);
}

enum { STOP_MS = 50 };

/* Step the clock over the server's deadline, again and again, and release the worker some time later. */
static void *
release_later(void *delay_ms)
{
	for (int ms = 0; ms < *(int *)delay_ms; ms++) {
		clock_hook_step(STOP_MS * INT64_C(1000));
		client_sleep(1);
	}
	echo_release(&echo);
	return NULL;
}

/* The status of a request that waits in the queue behind another one when the server's deadline passes. */
static int
answer_at_the_deadline(int delay_ms)
{
	struct http_settings settings = { 0 };
	struct answer a;
	pthread_t thread;
	int first, second, status;

	settings.workers[HTTP_SLOW] = 1;
	clock_hook_stop();
	echo_start(&echo, settings);
	first = sent(GET("/hold"));
	client_wait(atomic_load(&echo.holding) == 1);
	second = sent(GET("/hold"));
	client_wait(waiting(HTTP_SLOW) == 1);
	assert_int_equal(pthread_create(&thread, NULL, release_later, &delay_ms), 0);
	echo_stop(&echo, STOP_MS);
	pthread_join(thread, NULL);
	clock_hook_run();
	client_read(first, false, &a);
	status = status_of(second);
	assert_int_equal(a.status, 200);
	assert_true(a.close || status == 200);
	close(first);
	return status;
}

/* No event shows that the server has closed its queue.  If the worker was released earlier, try with more time. */
static void
http_server_stop_answers_queued_requests_at_its_deadline(void **state)
{
	int status = 200;

	(void)state;
	for (int delay_ms = 100; status == 200 && delay_ms < CLIENT_TIMEOUT_MS / 4; delay_ms *= 2)
		status = answer_at_the_deadline(delay_ms);
	assert_int_equal(status, 503);
}

static void
http_server_stops_and_starts_under_load(void **state)
{
	enum { CROWD = 4, ROUNDS = 10 };
	struct crowd crowd[CROWD];

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		atomic_bool enough = false;
		size_t answered = 0;
		echo_start(&echo, (struct http_settings){ .event_threads = (size_t)(1 + round % 3) });
		for (int i = 0; i < CROWD; i++) {
			crowd[i] = (struct crowd){ .enough = &enough };
			assert_int_equal(pthread_create(&crowd[i].thread, NULL, crowd_main, &crowd[i]), 0);
		}
		client_wait(atomic_load(&echo.done) > 200);
		http_server_stop(&echo.server, round % 2 == 0 ? 0 : 200);
		atomic_store(&enough, true);
		for (int i = 0; i < CROWD; i++) {
			pthread_join(crowd[i].thread, NULL);
			answered += crowd[i].answered;
		}
		assert_true(answered >= 200);
		echo_stop(&echo, 0); /* the server has stopped already: frees the rest */
	}
}

/* The nth allocation of a request fails: the client gets 503 or a closed connection, and the next request is served. */
static void
http_server_survives_every_failing_allocation(void **state)
{
	static const char *const requests[] = {
		GET("/inline"),
		GET("/quick"),
		POST3("/slow"),
		"GET /inline HTTP/1.1\r\n\r\n",
	};
	struct answer a;

	(void)state;
	echo_start(&echo, (struct http_settings){ 0 });
	for (size_t r = 0; r < COUNT(requests); r++)
		for (long nth = 1; nth < 12; nth++) {
			fault_set(FAULT_MEMORY, nth, false);
			int status = client_ask(echo.port, str_of(requests[r]), &a);
			client_wait(connections() == 0);
			fault_set(FAULT_MEMORY, 0, false);
			assert_true(status == 0 || status == 200 || status == 400 || status == 503);
			assert_int_equal(client_ask(echo.port, STR(GET("/slow")), &a), 200);
			client_wait(connections() == 0);
		}
	echo_stop(&echo, 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CLIENT_TEST(http_server_serves_the_quick_pool_while_the_slow_is_full),
		CLIENT_TEST(http_server_moves_a_request_to_the_slow_pool),
		CLIENT_TEST(http_server_shares_a_full_queue_among_addresses),
		CLIENT_TEST(http_server_refuses_when_all_addresses_hold_equal_shares),
		CLIENT_TEST(http_server_lets_few_moved_requests_wait),
		CLIENT_TEST(http_server_opens_each_worker),
		CLIENT_TEST(http_server_disconnects_a_client_that_sends_byte_by_byte),
		CLIENT_TEST(http_server_restarts_the_deadline_after_each_request),
		CLIENT_TEST(http_server_disconnects_a_client_that_reads_no_reply),
		CLIENT_TEST(http_server_has_no_deadline_while_the_application_works),
		CLIENT_TEST(http_server_expires_no_connection_after_a_stall),
		CLIENT_TEST(http_server_survives_clients_that_vanish_while_queued),
		CLIENT_TEST(http_server_survives_clients_that_vanish_at_any_byte),
		CLIENT_TEST(http_server_answers_a_client_that_has_closed_its_half),
		CLIENT_TEST(http_server_drains_a_refused_client_for_a_limited_time),
		CLIENT_TEST(http_server_keeps_a_thousand_connections),
		CLIENT_TEST(http_server_frees_the_buffers_of_idle_connections),
		CLIENT_TEST(http_server_answers_others_beside_a_greedy_client),
		CLIENT_TEST(http_server_evicts_no_connection_of_a_trusted_proxy),
		CLIENT_TEST(http_server_fits_its_connections_into_few_descriptors),
		CLIENT_TEST(http_server_makes_room_when_no_descriptor_is_left),
		CLIENT_TEST(http_server_stop_finishes_accepted_requests),
		CLIENT_TEST(http_server_stop_answers_queued_requests_at_its_deadline),
		CLIENT_TEST(http_server_stops_and_starts_under_load),
		CLIENT_TEST(http_server_survives_every_failing_allocation),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
