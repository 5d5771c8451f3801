/* Connections in each state (docs/develop/http.md): eviction, memory, secrets in memory, failing calls, stopping. */
#include "client.h"
#include "echo.h"
#include "resident.h"
#include "unit.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/secret.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"
#define FORM_TYPE "Content-Type: application/x-www-form-urlencoded\r\n"
#define POST(path, n, body) "POST " path " HTTP/1.1\r\nHost: h\r\n" FORM_TYPE "Content-Length: " n "\r\n\r\n" body
#define GREEDY "127.0.0.2"
#define MODEST "127.0.0.3"

static struct echo echo;

static size_t
connections(void)
{
	struct http_figures figures;

	http_server_figures(echo.server, &figures);
	return figures.connections;
}

static size_t
evicted(void)
{
	struct http_figures figures;

	http_server_figures(echo.server, &figures);
	return (size_t)figures.evicted;
}

static int
ask(int fd, const char *request)
{
	struct answer a;

	assert_true(client_send(fd, str_of(request)));
	client_read(fd, false, &a);
	return a.status;
}

/* Longer replies wait in the server while the client does not read. */
enum { KERNEL_BYTES = 4096 };

/* The kernel buffers more than its setting says; with four pages, one waits in the server. */
#define PAGES GET("/page") GET("/page") GET("/page") GET("/page")

/* Accepted connections have small buffers. */
static int
listen_with_small_buffers(void)
{
	const int small = KERNEL_BYTES;
	struct why why = { 0 };
	int fd = -1;

	assert_int_equal(http_listen(STR("127.0.0.1"), 0, &why, &fd), ERR_OK);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
	return fd;
}

/* --- states ------------------------------------------------------------------------------------------------------- */

enum state { IDLE, USED, HEAD, BODY, REPLY, WORK, LINGER, STATES };

static const struct {
	const char *name, *sends;
	bool answered; /* the client reads the answer */
} states[STATES] = {
	[IDLE] = { "nothing sent", "", false },
	[USED] = { "idle after an answer", GET("/quick"), true },
	[HEAD] = { "half a head", "GET /inline HTTP/1.1\r\nHost: ", false },
	[BODY] = { "half a body", POST("/quick", "30", "a="), false },
	[REPLY] = { "a waiting reply", GET("/big"), false },
	[WORK] = { "a request at work", GET("/hold"), false },
	[LINGER] = { "a refusal", POST("/quick", "9000000", ""), false },
};

static int
connect_in(const char *address, enum state state)
{
	int fd = client_connect_from(address, echo.port), small = KERNEL_BYTES;
	struct answer a;

	assert_true(fd >= 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
	assert_true(client_send(fd, str_of(states[state].sends)));
	if (states[state].answered)
		client_read(fd, false, &a);
	return fd;
}

/* --- eviction ----------------------------------------------------------------------------------------------------- */

enum { FEW = 16 };

static void
start_few(size_t connections_max)
{
	struct http_settings settings = { .event_threads = 1, .connections_max = connections_max };

	settings.listen_fd = listen_with_small_buffers();
	settings.workers[HTTP_SLOW] = FEW;
	echo_start(&echo, settings);
}

static void
oldest_is_evicted(enum state state)
{
	int greedy[FEW], probe, new_client;

	start_few(FEW + 1);
	probe = client_connect_from(MODEST, echo.port);
	for (int i = 0; i < FEW; i++)
		greedy[i] = connect_in(GREEDY, state);
	client_settle(probe);
	client_wait(state != WORK || atomic_load(&echo.holding) == FEW);
	new_client = client_connect_from("127.0.0.4", echo.port);
	if (ask(new_client, GET("/quick")) != 200 || evicted() != 1)
		fail_msg("%s: the new client got no answer, or %zu connections were evicted", states[state].name,
			 evicted());
	echo_release(&echo);
	if (client_rest(greedy[0]) == SIZE_MAX)
		fail_msg("%s: the oldest connection is not closed", states[state].name);
	close(greedy[0]);
	for (int i = 1; i < FEW; i++)
		close(greedy[i]);
	close(new_client);
	close(probe);
	client_wait(connections() == 0);
	echo_stop(&echo, 1000);
}

static void
http_server_evicts_the_oldest_connection_in_each_state(void **state)
{
	(void)state;
	for (enum state s = 0; s < STATES; s++)
		oldest_is_evicted(s);
}

/* The worth of a connection is the work that its end would lose (shares.h). */
static void
http_server_evicts_connections_in_the_order_of_their_worth(void **state)
{
	static const enum state opened[] = { WORK, REPLY, BODY, HEAD, USED }, leave[] = { USED, BODY, HEAD, REPLY };
	int greedy[STATES], new_clients[COUNT(leave) + 1], probe;
	struct answer a;
	char address[16];

	(void)state;
	start_few(COUNT(opened) + 1);
	probe = client_connect_from(MODEST, echo.port);
	client_settle(probe);
	for (size_t i = 0; i < COUNT(opened); i++)
		greedy[opened[i]] = connect_in(GREEDY, opened[i]);
	client_settle(probe);
	client_wait(atomic_load(&echo.holding) == 1);
	for (size_t i = 0; i < COUNT(new_clients); i++) {
		snprintf(address, sizeof(address), "127.0.0.%zu", 10 + i);
		new_clients[i] = client_connect_from(address, echo.port);
		assert_int_equal(ask(new_clients[i], GET("/inline")), 200);
		if (i < COUNT(leave) && client_rest(greedy[leave[i]]) == SIZE_MAX)
			fail_msg("new client %zu: the connection with %s is still open", i, states[leave[i]].name);
	}
	/* The last new client evicted the idle connection of another client. */
	echo_release(&echo);
	client_read(greedy[WORK], false, &a);
	assert_int_equal(a.status, 200);
	for (size_t i = 0; i < COUNT(opened); i++)
		close(greedy[opened[i]]);
	for (size_t i = 0; i < COUNT(new_clients); i++)
		close(new_clients[i]);
	close(probe);
	client_wait(connections() == 0);
	echo_stop(&echo, 1000);
}

/* --- half-closed clients ------------------------------------------------------------------------------------------ */

static void
http_server_answers_half_closed_clients_in_each_pool(void **state)
{
	static const struct {
		const char *requests;
		int answers;
	} cases[] = {
		{ GET("/inline"), 1 },
		{ GET("/quick"), 1 },
		{ GET("/slow"), 1 },
		{ GET("/hold-quick"), 1 },
		{ POST("/hold", "3", "a=1"), 1 },
		{ PAGES, 4 },
		{ GET("/slow") GET("/inline") POST("/quick", "3", "a=1"), 3 },
		{ GET("/inline") "GET /half HTTP/1.1\r\nHo", 1 },
		{ "GET /inline HTTP/1.0\r\n\r\n", 1 },
	};
	struct answer a;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		bool held = strstr(cases[i].requests, "/hold") != NULL;
		echo_start(&echo,
			   (struct http_settings){ .event_threads = 1, .listen_fd = listen_with_small_buffers() });
		int probe = client_connect(echo.port), fd = client_connect(echo.port);
		assert_true(client_send(fd, str_of(cases[i].requests)));
		client_wait(!held || atomic_load(&echo.holding) == 1);
		shutdown(fd, SHUT_WR);
		client_settle(probe); /* the server has seen its end */
		echo_release(&echo);
		for (int n = 0; n < cases[i].answers; n++) {
			client_read(fd, false, &a);
			if (a.status != 200)
				fail_msg("%s: answer %d is %d", cases[i].requests, n, a.status);
		}
		assert_int_equal(client_rest(fd), 0);
		close(fd);
		close(probe);
		client_wait(connections() == 0);
		echo_stop(&echo, 1000);
	}
}

/* The client ended its stream before a request was complete: the server has nothing to answer. */
static void
http_server_closes_half_closed_clients_without_a_request(void **state)
{
	(void)state;
	echo_start(&echo, (struct http_settings){ 0 });
	for (enum state s = IDLE; s <= BODY; s++) {
		int fd = connect_in(MODEST, s);
		shutdown(fd, SHUT_WR);
		assert_int_equal(client_rest(fd), 0);
		close(fd);
	}
	client_wait(connections() == 0);
	echo_stop(&echo, 1000);
}

/* --- deadlines ---------------------------------------------------------------------------------------------------- */

/* A connection that goes from idle to head to body is closed before a later connection that sends nothing. */
static void
http_server_has_one_deadline_for_idle_head_and_body(void **state)
{
	enum { PERIOD_MS = 300 };
	int probe, busy, idle;

	(void)state;
	clock_hook_stop();
	echo_start(&echo, (struct http_settings){ .event_threads = 1, .request_ms = PERIOD_MS });
	probe = client_connect(echo.port);
	busy = client_connect(echo.port);
	client_settle(probe);
	client_pass(probe, PERIOD_MS / 3);
	idle = client_connect(echo.port);
	assert_true(client_send(busy, STR("POST /quick HTTP/1.1\r\nHost: h\r\n")));
	client_pass(probe, PERIOD_MS / 3);
	assert_true(client_send(busy, STR(FORM_TYPE "Content-Length: 30\r\n\r\na=")));
	client_pass(probe, PERIOD_MS / 3);
	assert_true(client_closed(busy, CLIENT_TIMEOUT_MS));
	assert_false(client_closed(idle, 0));
	client_pass(probe, PERIOD_MS / 3);
	assert_true(client_closed(idle, CLIENT_TIMEOUT_MS));
	close(probe);
	close(busy);
	close(idle);
	clock_hook_run();
	client_wait(connections() == 0);
	echo_stop(&echo, 1000);
}

static void
http_server_logs_a_reply_that_its_client_never_read(void **state)
{
	int fd;

	(void)state;
	echo_start(&echo, (struct http_settings){ .reply_ms = 50, .listen_fd = listen_with_small_buffers() });
	fd = connect_in(MODEST, REPLY);
	client_wait(connections() == 0);
	client_wait(atomic_load(&echo.done) == 1);
	close(fd);
	echo_stop(&echo, 1000);
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

enum { MANY = 1000, BUSY_KIB_MIN = 16, BUSY_KIB_MAX = 48 };

static long
resident_when_settled(void)
{
	long before, now = resident_kib();

	do {
		before = now;
		client_sleep(50);
		now = resident_kib();
	} while (now > before);
	return now;
}

static void
memory_of_many(const char *what, str request)
{
	static int fds[MANY];
	struct http_settings settings = { .event_threads = 1, .connections_max = MANY };
	int small = KERNEL_BYTES;
	long before;

	settings.listen_fd = listen_with_small_buffers();
	echo_start(&echo, settings);
	for (int i = 0; i < MANY; i++) {
		assert_true((fds[i] = client_connect(echo.port)) >= 0);
		setsockopt(fds[i], SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
		assert_int_equal(ask(fds[i], GET("/inline")), 200);
	}
	before = resident_kib();
	for (int i = 0; i < MANY; i++)
		assert_true(client_send(fds[i], request));
	client_wait(SANITIZER_RECORDS || resident_kib() > before + MANY * BUSY_KIB_MIN);
	if (!SANITIZER_RECORDS && resident_when_settled() > before + MANY * BUSY_KIB_MAX)
		fail_msg("%s: %ld KiB each", what, (resident_kib() - before) / MANY);
	for (int i = 0; i < MANY; i++)
		close(fds[i]);
	client_wait(connections() == 0);
	echo_stop(&echo, 1000);
}

/* Each request lacks one byte; the last one is complete, and the client does not read its reply. */
static void
http_server_holds_48_kib_for_a_busy_connection(void **state)
{
	static const char head[] = "GET /inline HTTP/1.1\r\nHost: h\r\nX: ", form[] = POST("/quick", "16384", "");
	static char bytes[sizeof(form) + HTTP_BODY_MAX_BYTES];

	(void)state;
	memset(bytes, 'a', sizeof(bytes));
	memcpy(bytes, head, sizeof(head) - 1);
	memory_of_many("half a head", str_bytes(bytes, HTTP_HEAD_MAX_BYTES - 4));
	memset(bytes, 'a', sizeof(bytes));
	memcpy(bytes, form, sizeof(form) - 1);
	memory_of_many("half a body", str_bytes(bytes, sizeof(form) - 1 + HTTP_BODY_MAX_BYTES - 1));
	memory_of_many("a waiting page", STR(PAGES));
}

/* --- secrets in memory -------------------------------------------------------------------------------------------- */

/* A secret that only the test and the server put into memory: the bytes here are masked. */
static const unsigned char veiled_secret[] = { 'Q' ^ 0x55, 'z' ^ 0x55, '7' ^ 0x55, 'k' ^ 0x55, 'W' ^ 0x55, 'x' ^ 0x55,
					       '3' ^ 0x55, 'm' ^ 0x55, 'P' ^ 0x55, 'v' ^ 0x55, '9' ^ 0x55, 'j' ^ 0x55,
					       'T' ^ 0x55, 'b' ^ 0x55, '2' ^ 0x55, 'n' ^ 0x55 };
enum { SECRET_BYTES = sizeof(veiled_secret), CHUNK_BYTES = 1 << 20 };

static bool
is_secret(const char *bytes)
{
	for (size_t i = 0; i < SECRET_BYTES; i++)
		if (((unsigned char)bytes[i] ^ 0x55) != veiled_secret[i])
			return false;
	return true;
}

/* Replaces each '$' of the template with the secret; returns the length of the text. */
static size_t
put_secrets(const char *template, char *ret_text)
{
	size_t n = 0;

	for (; *template != '\0'; template ++) {
		if (*template != '$')
			ret_text[n++] = *template;
		for (size_t i = 0; *template == '$' && i < SECRET_BYTES; i++)
			ret_text[n++] = (char)(veiled_secret[i] ^ 0x55);
	}
	return n;
}

static char chunk[CHUNK_BYTES];

static size_t
secrets_between(int memory, uintptr_t from, uintptr_t to)
{
	size_t found = 0;

	while (from < to) {
		size_t wanted = to - from < CHUNK_BYTES ? to - from : CHUNK_BYTES;
		ssize_t n = pread(memory, chunk, wanted, (off_t)from);
		const char *at = chunk, *end = chunk + n;
		if (n < SECRET_BYTES)
			break;
		while ((at = memchr(at, 'Q', (size_t)(end - at))) != NULL && at + SECRET_BYTES <= end)
			found += is_secret(at++);
		from += (size_t)n == wanted && to - from > CHUNK_BYTES ? CHUNK_BYTES - SECRET_BYTES : (size_t)n;
		secret_wipe(chunk, sizeof(chunk));
	}
	return found;
}

/* Counts the secret between two addresses, except in the buffer of the search itself. */
static size_t
secrets_beside_chunk(int memory, uintptr_t from, uintptr_t to)
{
	uintptr_t own = (uintptr_t)chunk, own_end = own + CHUNK_BYTES;

	if (to <= own || from >= own_end)
		return secrets_between(memory, from, to);
	return (from < own ? secrets_between(memory, from, own) : 0) +
	       (own_end < to ? secrets_between(memory, own_end, to) : 0);
}

/* The number of copies of the secret in this process's memory. */
static size_t
secrets_in_memory(void)
{
	int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
	FILE *maps = fopen("/proc/self/maps", "r");
	unsigned long from, to;
	size_t found = 0;
	char line[512], rights[5];

	assert_true(memory >= 0 && maps != NULL);
	while (fgets(line, sizeof(line), maps) != NULL)
		if (sscanf(line, "%lx-%lx %4s", &from, &to, rights) == 3 && rights[0] == 'r' && rights[1] == 'w')
			found += secrets_beside_chunk(memory, from, to);
	fclose(maps);
	close(memory);
	return found;
}

static char conversation[32 * 1024];

/* Reads the reply until it ends with reply_end or the server closes. */
static void
converse(int fd, const char *request, const char *reply_end)
{
	char end[64];
	size_t n = put_secrets(request, conversation), end_bytes = put_secrets(reply_end, end);
	bool whole = false;

	assert_true(client_send(fd, str_bytes(conversation, n)));
	for (n = 0; !whole && client_readable(fd, CLIENT_TIMEOUT_MS);) {
		ssize_t got = recv(fd, conversation + n, sizeof(conversation) - n, 0);
		n += got > 0 ? (size_t)got : 0;
		whole = got <= 0 || (n >= end_bytes && memcmp(conversation + n - end_bytes, end, end_bytes) == 0);
	}
	secret_wipe(conversation, sizeof(conversation));
	secret_wipe(end, sizeof(end));
	assert_true(whole);
}

static void
http_server_keeps_no_secret_of_an_idle_connection(void **state)
{
	static const struct {
		const char *why, *request, *reply_end;
	} cases[] = {
		{ "a password, on the event thread", POST("/inline", "25", "password=$"), "password=$|127.0.0.1" },
		{ "a password, in a pool", POST("/slow", "25", "password=$"), "password=$|127.0.0.1" },
		{ "a query", GET("/quick?$"), "$||127.0.0.1" },
		{ "a cookie", "GET /inline HTTP/1.1\r\nHost: h\r\nCookie: a=$\r\n\r\n", "|127.0.0.1" },
		{ "a head that is freed", "GET /key HTTP/1.1\r\nHost: h\r\nAuthorization: $\r\n\r\n", "|127.0.0.1" },
		{ "requests in a row",
		  POST("/quick", "25", "password=$") GET("/inline?$") POST("/inline", "25", "password=$"),
		  "POST /inline||password=$|127.0.0.1" },
		{ "a refused request", "GET /inline HTTP/1.1\r\nHost: h\r\nHost: $\r\n\r\npassword=$",
		  "refused 400 /inline" },
	};
	int fds[COUNT(cases)], probe;

	(void)state;
	if (SANITIZER_RECORDS) /* do not call skip(): meson counts its line of TAP as a failure */
		return;
	echo_start(&echo, (struct http_settings){ .event_threads = 1 });
	probe = client_connect(echo.port);
	for (size_t i = 0; i < COUNT(cases); i++) {
		fds[i] = client_connect(echo.port);
		converse(fds[i], cases[i].request, cases[i].reply_end);
		client_settle(probe); /* the connection is idle now */
		if (secrets_in_memory() > 0)
			fail_msg("%s is still in memory", cases[i].why);
	}
	put_secrets("$", conversation); /* the search can find the secret */
	assert_int_equal(secrets_in_memory(), 1);
	secret_wipe(conversation, sizeof(conversation));
	for (size_t i = 0; i < COUNT(cases); i++)
		close(fds[i]);
	close(probe);
	echo_stop(&echo, 1000);
}

/* --- start and stop ----------------------------------------------------------------------------------------------- */

/* The event thread that runs first may pass connections to the others. */
static void
http_server_answers_clients_that_connected_before_its_start(void **state)
{
	enum { ROUNDS = 20, EARLY = 48, EVENT_THREADS = 16 };

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		struct http_settings settings = { .event_threads = EVENT_THREADS };
		struct sockaddr_in address = { 0 };
		socklen_t n = sizeof(address);
		int fds[EARLY];
		settings.listen_fd = listen_with_small_buffers();
		assert_int_equal(getsockname(settings.listen_fd, (struct sockaddr *)&address, &n), 0);
		for (int i = 0; i < EARLY; i++) {
			fds[i] = client_connect(ntohs(address.sin_port));
			assert_true(client_send(fds[i], STR(GET("/inline"))));
		}
		echo_start(&echo, settings);
		for (int i = 0; i < EARLY; i++) {
			assert_int_equal(ask(fds[i], ""), 200);
			close(fds[i]);
		}
		echo_stop(&echo, 1000);
	}
}

/* Both clients connect before the only event thread starts.  The second must not wait for all requests of the first. */
static void
http_server_answers_others_between_pipelined_requests(void **state)
{
	enum { PIPELINED = 400 };
	struct http_settings settings = { .event_threads = 1 };
	struct sockaddr_in address = { 0 };
	socklen_t n = sizeof(address);
	struct why why = { 0 };
	struct answer a;
	char pipeline[PIPELINED * (sizeof(GET("/inline")) - 1) + 1] = "";

	(void)state;
	for (size_t i = 0; i < PIPELINED; i++)
		memcpy(pipeline + i * (sizeof(GET("/inline")) - 1), GET("/inline"), sizeof(GET("/inline")));
	assert_true(sizeof(pipeline) < HTTP_HEAD_MAX_BYTES);
	assert_int_equal(http_listen(STR("127.0.0.1"), 0, &why, &settings.listen_fd), ERR_OK);
	assert_int_equal(getsockname(settings.listen_fd, (struct sockaddr *)&address, &n), 0);
	int first = client_connect(ntohs(address.sin_port)), second = client_connect(ntohs(address.sin_port));
	assert_true(client_send(first, str_of(pipeline)) && client_send(second, STR(GET("/count"))));
	echo_start(&echo, settings);
	client_read(second, false, &a);
	assert_int_equal(a.status, 200);
	assert_in_range(atoi(a.body), 0, PIPELINED / 10);
	for (int i = 0; i < PIPELINED; i++)
		assert_int_equal(ask(first, ""), 200);
	close(first);
	close(second);
	echo_stop(&echo, 1000);
}

/* The clock stands still until the reply has arrived, so that the server's deadline cannot pass earlier. */
static void *
release_main(void *working_fd)
{
	client_wait(connections() < STATES - 1); /* the server closes idle connections first */
	echo_release(&echo);
	(void)client_readable(*(int *)working_fd, CLIENT_TIMEOUT_MS);
	clock_hook_run();
	return NULL;
}

static void
http_server_stops_with_a_connection_in_each_state(void **state)
{
	pthread_t releaser;
	int fds[STATES], probe;
	struct answer a;

	(void)state;
	start_few(100);
	probe = client_connect(echo.port);
	for (enum state s = 0; s < STATES; s++)
		fds[s] = connect_in(MODEST, s);
	client_settle(probe);
	client_wait(atomic_load(&echo.holding) == 1);
	close(probe);
	clock_hook_stop();
	assert_int_equal(pthread_create(&releaser, NULL, release_main, &fds[WORK]), 0);
	http_server_stop(&echo.server, 1000);
	pthread_join(releaser, NULL);
	client_read(fds[WORK], false, &a);
	assert_int_equal(a.status, 200);
	assert_true(a.close);
	for (enum state s = 0; s < STATES; s++) {
		if (client_rest(fds[s]) == SIZE_MAX)
			fail_msg("%s: the connection is not closed", states[s].name);
		close(fds[s]);
	}
	echo_stop(&echo, 0); /* the server has stopped already: frees the rest */
}

/* --- failing calls ------------------------------------------------------------------------------------------------ */

static const char *const faulty_requests[] = {
	GET("/inline"),
	GET("/quick"),
	GET("/page"),
	POST("/slow", "3", "a=1"),
	"POST /key HTTP/1.1\r\nHost: h\r\n" FORM_TYPE "Authorization: x\r\nContent-Length: 3\r\n\r\na=1",
	"POST /quick HTTP/1.1\r\nHost: h\r\n" FORM_TYPE "Expect: 100-continue\r\nContent-Length: 3\r\n\r\n",
	"GET /inline HTTP/1.1\r\n\r\n",
};

/* The status of a request while a call fails.  A client that expects 100 sends its body after receiving it. */
static int
status_with_fault(const char *request, enum fault fault, long nth)
{
	int fd = client_connect(echo.port);
	struct answer a;

	client_wait(connections() == 1);
	fault_set(fault, nth, false);
	(void)client_send(fd, str_of(request));
	client_read(fd, false, &a);
	if (a.status == 100) {
		(void)client_send(fd, STR("a=1"));
		client_read(fd, false, &a);
	}
	close(fd);
	client_wait(connections() == 0);
	fault_set(fault, 0, false);
	return a.status;
}

/* The client gets 503 or a closed connection; the next client is served. */
static void
http_server_survives_each_failing_call(void **state)
{
	static const struct {
		enum fault fault;
		const char *name;
	} faults[] = { { FAULT_MEMORY, "allocation" },
		       { FAULT_RECEIVE, "recv" },
		       { FAULT_SEND, "send" },
		       { FAULT_CLOCK, "clock" } };
	struct answer a;

	(void)state;
	echo_start(&echo, (struct http_settings){ .listen_fd = listen_with_small_buffers() });
	for (size_t r = 0; r < COUNT(faulty_requests); r++)
		for (size_t f = 0; f < COUNT(faults); f++)
			for (long nth = 1; nth < 8; nth++) {
				int status = status_with_fault(faulty_requests[r], faults[f].fault, nth);
				if (status != 0 && status != 200 && status != 400 && status != 503)
					fail_msg("%s %ld of %s: %d", faults[f].name, nth, faulty_requests[r], status);
				if (client_ask(echo.port, STR(GET("/slow")), &a) != 200)
					fail_msg("after %s %ld of %s: %d", faults[f].name, nth, faulty_requests[r],
						 a.status);
				client_wait(connections() == 0);
			}
	echo_stop(&echo, 1000);
}

/* RFC 9110 s6.6.1: no date is better than a wrong one. */
static void
http_server_omits_the_date_without_a_clock(void **state)
{
	struct answer a;

	(void)state;
	echo_start(&echo, (struct http_settings){ .listen_fd = listen_with_small_buffers() });
	fault_set(FAULT_CLOCK, 1, true);
	assert_int_equal(client_ask(echo.port, STR(GET("/inline")), &a), 503);
	fault_set(FAULT_CLOCK, 0, false);
	assert_null(strstr(a.head, "\r\nDate:"));
	assert_int_equal(client_ask(echo.port, STR(GET("/inline")), &a), 200);
	assert_non_null(strstr(a.head, "\r\nDate: "));
	echo_stop(&echo, 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CLIENT_TEST(http_server_evicts_the_oldest_connection_in_each_state),
		CLIENT_TEST(http_server_evicts_connections_in_the_order_of_their_worth),
		CLIENT_TEST(http_server_answers_half_closed_clients_in_each_pool),
		CLIENT_TEST(http_server_closes_half_closed_clients_without_a_request),
		CLIENT_TEST(http_server_has_one_deadline_for_idle_head_and_body),
		CLIENT_TEST(http_server_logs_a_reply_that_its_client_never_read),
		CLIENT_TEST(http_server_holds_48_kib_for_a_busy_connection),
		CLIENT_TEST(http_server_keeps_no_secret_of_an_idle_connection),
		CLIENT_TEST(http_server_answers_clients_that_connected_before_its_start),
		CLIENT_TEST(http_server_answers_others_between_pipelined_requests),
		CLIENT_TEST(http_server_stops_with_a_connection_in_each_state),
		CLIENT_TEST(http_server_survives_each_failing_call),
		CLIENT_TEST(http_server_omits_the_date_without_a_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
