/* The server under load: full pools, slow and vanishing clients, many connections, stopping. */
#include "client.h"
#include "echo.h"
#include "resident.h"
#include "unit.h"

#include "base/fault.h"
#include "base/clock.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"
#define FORM_TYPE "Content-Type: application/x-www-form-urlencoded\r\n"
#define POST3(path) ("POST " path " HTTP/1.1\r\nHost: h\r\n" FORM_TYPE "Content-Length: 3\r\n\r\na=1")
#define REQUEST_MS (HTTP_REQUEST_SECONDS * 1000)
#define QUIET_MS 300 /* the deadline in tests that wait for one */

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
held_for(const char *address)
{
	char request[200];

	snprintf(request, sizeof(request), "GET /hold HTTP/1.1\r\nHost: x\r\nX-From: %s\r\n\r\n", address);
	return sent(request);
}

static int
status_of(int fd)
{
	struct answer a;

	client_read(fd, false, &a);
	close(fd);
	return a.status;
}

static void
http_server_shares_a_full_queue_among_addresses(void **state)
{
	int greedy[8], others[4];

	(void)state;
	echo_start(&echo, (struct http_settings){ .queue_max[HTTP_SLOW] = 6 });
	for (int i = 0; i < 8; i++) { /* the workers have two, six wait */
		greedy[i] = held_for("192.0.2.1");
		client_wait((int)waiting(HTTP_SLOW) + atomic_load(&echo.holding) == i + 1);
	}
	assert_int_equal(status_of(held_for("192.0.2.1")), 503);
	others[0] = held_for("192.0.2.2");
	assert_int_equal(status_of(greedy[7]), 503); /* the newest */
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
		fds[i] = held_for(address);
		client_wait((int)waiting(HTTP_SLOW) + atomic_load(&echo.holding) == i + 1);
	}
	assert_int_equal(status_of(held_for("192.0.2.99")), 503);
	echo_release(&echo);
	for (int i = 0; i < 6; i++)
		assert_int_equal(status_of(fds[i]), 200);
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

static void
http_server_disconnects_a_client_that_sends_byte_by_byte(void **state)
{
	static const char *const requests[] = {
		"GET /inline HTTP/1.1\r\nHost: h\r\nX: "
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
		"POST /quick HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded\r\n"
		"Content-Length: "
		"10000\r\n\r\naaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
	};

	(void)state;
	echo_start(&echo, (struct http_settings){ .request_ms = QUIET_MS });
	for (size_t r = 0; r < COUNT(requests); r++) {
		int fd = client_connect(echo.port);
		int64_t begun = clock_monotonic_us();
		size_t n = strlen(requests[r]), most = n - 75, i = most;
		assert_true(client_send(fd, str_bytes(requests[r], most)));
		while (i < n && !client_closed(fd, 10) && client_send(fd, str_bytes(requests[r] + i, 1)))
			i++;
		int64_t took_ms = (clock_monotonic_us() - begun) / 1000;
		assert_true(i < n); /* it was never idle, but the server closed it */
		assert_in_range(took_ms, QUIET_MS - 20, QUIET_MS * 2);
		close(fd);
	}
	echo_stop(&echo, 1000);
}

static void
http_server_restarts_the_deadline_after_each_request(void **state)
{
	struct answer a;
	int idle, used;

	(void)state;
	echo_start(&echo, (struct http_settings){ .request_ms = QUIET_MS });
	idle = client_connect(echo.port);
	used = client_connect(echo.port);
	for (int i = 0; i < 4; i++) { /* twice the deadline in total */
		client_sleep(QUIET_MS / 2);
		assert_true(client_send(used, STR(GET("/quick"))));
		client_read(used, false, &a);
		assert_int_equal(a.status, 200);
	}
	assert_true(client_closed(idle, 0));
	assert_true(client_closed(used, QUIET_MS * 2));
	close(idle);
	close(used);
	client_wait(connections() == 0);
	echo_stop(&echo, 1000);
}

static void
http_server_disconnects_a_client_that_reads_no_reply(void **state)
{
	int fd, small = 4096;

	(void)state;
	echo_start(&echo, (struct http_settings){ .reply_ms = QUIET_MS });
	fd = client_connect(echo.port);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	assert_true(client_send(fd, STR(GET("/big"))));
	client_sleep(QUIET_MS / 2);
	assert_int_equal(connections(), 1);
	client_wait(connections() == 0);
	close(fd);
	echo_stop(&echo, 1000);
}

static void
http_server_has_no_deadline_while_the_application_works(void **state)
{
	struct answer a;
	int fd;

	(void)state;
	echo_start(&echo, (struct http_settings){ .request_ms = 100, .reply_ms = 100 });
	fd = sent(GET("/hold"));
	client_sleep(400);
	echo_release(&echo);
	client_read(fd, false, &a);
	assert_int_equal(a.status, 200);
	close(fd);
	echo_stop(&echo, 1000);
}

/* Stops this process for this long; meanwhile a child sends the rest of a request. */
static void
stand_still(int fd, str rest, int ms)
{
	pid_t waker = fork();

	assert_true(waker >= 0);
	if (waker == 0) {
		client_sleep(ms / 2);
		(void)!write(fd, rest.p, rest.n);
		client_sleep(ms / 2);
		kill(getppid(), SIGCONT);
		_exit(0);
	}
	raise(SIGSTOP);
	assert_int_equal(waitpid(waker, NULL, 0), waker);
}

static void
http_server_stall_expires_no_connection(void **state)
{
	str request = STR(GET("/quick")), most = str_upto(request, request.n - 1);
	struct answer a;
	int fd;

	(void)state;
	echo_start(&echo, (struct http_settings){ .request_ms = QUIET_MS });
	fd = client_connect(echo.port);
	assert_true(client_send(fd, most));
	client_wait(connections() == 1);
	stand_still(fd, str_from(request, most.n), QUIET_MS + 1500);
	client_read(fd, false, &a);
	assert_int_equal(a.status, 200);
	close(fd);
	echo_stop(&echo, 1000);
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
	struct answer a;
	int fd;
	int64_t begun;

	(void)state;
	echo_start(&echo, (struct http_settings){ 0 });
	fd = sent("POST /quick HTTP/1.1\r\nHost: h\r\n" FORM_TYPE "Content-Length: 9000000\r\n\r\n");
	client_read(fd, false, &a);
	assert_int_equal(a.status, 413);
	assert_true(client_closed(fd, CLIENT_TIMEOUT_MS)); /* the server has shut down its side */
	client_wait(connections() == 0);
	begun = clock_monotonic_us();
	for (int i = 0; i < 20; i++) {
		assert_true(client_send(fd, STR("a=1&")));
		client_sleep(10);
	}
	client_wait(!client_send(fd, STR("a=1&"))); /* the server stops draining after a timeout */
	assert_in_range(clock_monotonic_us() - begun, SECONDS_US(1), SECONDS_US(5));
	close(fd);
	echo_stop(&echo, 1000);
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
	assert_true(client_closed(fds[0], REQUEST_MS / 4));
	assert_int_equal(connections(), MANY);
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
	assert_true(BOOKS_ARE_KEPT || resident_kib() < before + MANY * IDLE_KIB);
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
			fail_msg("%s: the answer to request %d did not come", greeds[which].why, i);
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

/* The test lowers the limit to the open descriptors, so that accept() fails.  The client's sockets exist already. */
static void
http_server_makes_room_when_no_descriptor_is_left(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int greedy[FEW], late[4];
	struct rlimit limit, low;
	struct http_figures figures;
	struct answer a;

	(void)state;
	echo_start(&echo, (struct http_settings){ .connections_max = 1000 });
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
		client_read(late[i], false, &a);
		assert_int_equal(a.status, 200);
	}
	for (size_t i = 0; i < COUNT(late); i++)
		close(late[i]);
	http_server_figures(echo.server, &figures);
	assert_in_range(figures.evicted, 1, FEW / 2); /* one for each client, or one more when an eviction was slow */
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
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
	int64_t begun;

	(void)state;
	echo_start(&echo, (struct http_settings){ 0 });
	idle = client_connect(echo.port);
	held = sent(GET("/slow"));
	client_read(held, false, &a);
	assert_true(client_send(held, STR(GET("/hold"))));
	client_wait(atomic_load(&echo.holding) == 1 && connections() == 2);
	echo_release(&echo);
	begun = clock_monotonic_us();
	echo_stop(&echo, 10000);
	assert_true(clock_monotonic_us() - begun < SECONDS_US(5));
	client_read(held, false, &a);
	assert_int_equal(a.status, 200);
	assert_true(client_closed(idle, 1000));
	assert_int_equal(client_connect(echo.port), -1);
	close(held);
	close(idle);
}

static void *
release_later(void *unused)
{
	(void)unused;
	client_sleep(300);
	echo_release(&echo);
	return NULL;
}

static void
http_server_stop_answers_queued_requests_at_its_deadline(void **state)
{
	struct http_settings settings = { 0 };
	struct answer a;
	pthread_t thread;
	int first, second;

	(void)state;
	settings.workers[HTTP_SLOW] = 1;
	echo_start(&echo, settings);
	first = sent(GET("/hold"));
	client_wait(atomic_load(&echo.holding) == 1);
	second = sent(GET("/hold"));
	client_wait(waiting(HTTP_SLOW) == 1);
	assert_int_equal(pthread_create(&thread, NULL, release_later, NULL), 0);
	echo_stop(&echo, 50);
	pthread_join(thread, NULL);
	client_read(first, false, &a);
	assert_int_equal(a.status, 200);
	assert_true(a.close);
	client_read(second, false, &a);
	assert_int_equal(a.status, 503);
	close(first);
	close(second);
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

#ifdef DOUBLETOUR_TEST_HOOKS
#include "base/mem.h"

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
#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(http_server_serves_the_quick_pool_while_the_slow_is_full),
		cmocka_unit_test(http_server_shares_a_full_queue_among_addresses),
		cmocka_unit_test(http_server_refuses_when_all_addresses_hold_equal_shares),
		cmocka_unit_test(http_server_opens_each_worker),
		cmocka_unit_test(http_server_disconnects_a_client_that_sends_byte_by_byte),
		cmocka_unit_test(http_server_restarts_the_deadline_after_each_request),
		cmocka_unit_test(http_server_disconnects_a_client_that_reads_no_reply),
		cmocka_unit_test(http_server_has_no_deadline_while_the_application_works),
		cmocka_unit_test(http_server_stall_expires_no_connection),
		cmocka_unit_test(http_server_survives_clients_that_vanish_while_queued),
		cmocka_unit_test(http_server_survives_clients_that_vanish_at_any_byte),
		cmocka_unit_test(http_server_answers_a_client_that_has_closed_its_half),
		cmocka_unit_test(http_server_drains_a_refused_client_for_a_limited_time),
		cmocka_unit_test(http_server_keeps_a_thousand_connections),
		cmocka_unit_test(http_server_frees_the_buffers_of_idle_connections),
		cmocka_unit_test(http_server_answers_others_beside_a_greedy_client),
		cmocka_unit_test(http_server_evicts_no_connection_of_a_trusted_proxy),
		cmocka_unit_test(http_server_fits_its_connections_into_few_descriptors),
		cmocka_unit_test(http_server_makes_room_when_no_descriptor_is_left),
		cmocka_unit_test(http_server_stop_finishes_accepted_requests),
		cmocka_unit_test(http_server_stop_answers_queued_requests_at_its_deadline),
		cmocka_unit_test(http_server_stops_and_starts_under_load),
#ifdef DOUBLETOUR_TEST_HOOKS
		cmocka_unit_test(http_server_survives_every_failing_allocation),
#endif
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
