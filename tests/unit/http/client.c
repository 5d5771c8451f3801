#include "client.h"

#include "unit.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

void
client_sleep(int ms)
{
	(void)poll(NULL, 0, ms);
}

int
client_connect_from(const char *from, uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct sockaddr_in own = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && inet_pton(AF_INET, from, &own.sin_addr) == 1 &&
	    bind(fd, (struct sockaddr *)&own, sizeof(own)) == 0 &&
	    connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

int
client_connect(uint16_t port)
{
	return client_connect_from("127.0.0.1", port);
}

bool
client_send(int fd, str bytes)
{
	while (bytes.n > 0) {
		ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
		if (n <= 0)
			return false;
		bytes = str_from(bytes, (size_t)n);
	}
	return true;
}

/* Receive at most n bytes; 0 at the end of the stream or after the timeout. */
static size_t
receive(int fd, char *ret_bytes, size_t n, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	if (poll(&p, 1, ms) != 1)
		return 0;
	ssize_t got = recv(fd, ret_bytes, n, 0);
	return got > 0 ? (size_t)got : 0;
}

static bool
read_head(int fd, struct answer *a)
{
	size_t n = 0;

	while (n + 1 < sizeof(a->head) && receive(fd, a->head + n, 1, CLIENT_TIMEOUT_MS) == 1) {
		a->head[++n] = '\0';
		if (n >= 4 && strcmp(a->head + n - 4, "\r\n\r\n") == 0)
			return true;
	}
	return false;
}

static void
read_body(int fd, size_t length, struct answer *a)
{
	char scratch[65536];

	while (a->body_bytes < length) {
		size_t left = length - a->body_bytes;
		size_t n = receive(fd, scratch, left < sizeof(scratch) ? left : sizeof(scratch), CLIENT_TIMEOUT_MS);
		if (n == 0)
			return;
		if (a->body_bytes + n < sizeof(a->body))
			memcpy(a->body + a->body_bytes, scratch, n);
		a->body_bytes += n;
	}
}

void
client_read(int fd, bool head_only, struct answer *ret_answer)
{
	*ret_answer = (struct answer){ 0 };
	if (!read_head(fd, ret_answer))
		return;
	const char *length = strcasestr(ret_answer->head, "\r\nContent-Length: ");
	ret_answer->status = atoi(ret_answer->head + 9);
	ret_answer->close = strcasestr(ret_answer->head, "\r\nConnection: close") != NULL;
	if (!head_only && length != NULL)
		read_body(fd, (size_t)atol(length + 18), ret_answer);
}

bool
client_readable(int fd, int ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, ms) == 1;
}

size_t
client_rest(int fd)
{
	char scratch[65536];
	size_t rest = 0;

	while (client_readable(fd, CLIENT_TIMEOUT_MS)) {
		ssize_t n = recv(fd, scratch, sizeof(scratch), 0);
		if (n <= 0)
			return rest;
		rest += (size_t)n;
	}
	return SIZE_MAX;
}

bool
client_closed(int fd, int ms)
{
	char scratch[65536];
	struct pollfd p = { .fd = fd, .events = POLLIN };

	while (poll(&p, 1, ms) == 1)
		if (recv(fd, scratch, sizeof(scratch), 0) <= 0)
			return true;
	return false;
}

int
client_ask(uint16_t port, str request, struct answer *ret_answer)
{
	int fd = client_connect(port);

	*ret_answer = (struct answer){ 0 };
	if (fd < 0)
		return 0;
	(void)client_send(fd, request); /* fails when the server refuses early; the reply arrives anyway */
	client_read(fd, str_starts(request, STR("HEAD ")), ret_answer);
	close(fd);
	return ret_answer->status;
}

void
client_settle(int fd)
{
	struct answer a;

	for (int i = 0; i < 3; i++) {
		assert_true(client_send(fd, STR("GET /inline HTTP/1.1\r\nHost: h\r\n\r\n")));
		client_read(fd, false, &a);
		assert_int_equal(a.status, 200);
	}
}

#ifdef DOUBLETOUR_TEST_HOOKS
void
client_pass(int settler, int ms)
{
	client_settle(settler);
	for (int passed = 0; passed < ms; passed += CLIENT_STEP_MS) {
		clock_hook_step(CLIENT_STEP_MS * INT64_C(1000));
		client_settle(settler);
	}
}

int
client_run_clock(void **state)
{
	(void)state;
	clock_hook_run();
	return 0;
}
#endif
