/*
 * A client for tests of the server: it sends any bytes.
 */
#ifndef CLIENT_H
#define CLIENT_H

#include "base/str.h"

/* No reply takes this long, even on a slow machine that runs many tests.  A test that waits so long fails. */
enum { CLIENT_TIMEOUT_MS = 300 * 1000 };

/* Connect to the port; -1 when refused. */
int client_connect(uint16_t port);
int client_connect_from(const char *address, uint16_t port); /* from this local address: any of 127.0.0.0/8 */

/* Send all; false when the other end has closed. */
bool client_send(int fd, str bytes);

/* One reply, read to its end by its Content-Length. */
struct answer {
	int status; /* 0: the connection ended without a reply */
	size_t body_bytes;
	bool close; /* Connection: close */
	char head[8192];
	char body[8192]; /* the beginning of the body */
};
void client_read(int fd, bool head_only, struct answer *ret_answer);

/* Does the server close within ms?  Discards the bytes that arrive before. */
bool client_closed(int fd, int ms);

/* Does a byte or the end of the stream arrive within ms? */
bool client_readable(int fd, int ms);

/* The number of bytes until the server closes; SIZE_MAX when it does not close within CLIENT_TIMEOUT_MS. */
size_t client_rest(int fd);

/* One connection, one request, one reply.  Returns the status. */
int client_ask(uint16_t port, str request, struct answer *ret_answer);

/*
 * Ask /inline on an open connection, a few times.  A server with one event thread reads in the order of arrival.  So
 * when this function returns, the server has seen all earlier bytes and connections, and has closed all overdue ones.
 */
void client_settle(int fd);

/*
 * Move the stopped clock (clock_hook_stop) forward in small steps.  Call client_settle before the first step, so that
 * the deadlines of earlier connections have begun, and after each step.  ms: a multiple of the step.  The settler sends
 * a request at each step, so its own deadline does not expire.
 */
#ifdef DOUBLETOUR_TEST_HOOKS
enum { CLIENT_STEP_MS = 50 };
void client_pass(int settler, int ms);

/* A test that may stop the clock: the clock runs again even when the test fails. */
#define CLIENT_TEST(test) cmocka_unit_test_teardown(test, client_run_clock)
int client_run_clock(void **state);
#endif

/*
 * Poll until the condition holds once; fails the test after CLIENT_TIMEOUT_MS.  The condition may become false
 * again later, while a request moves between two counters.
 */
#define client_wait(condition)                                                                                         \
	do {                                                                                                           \
		bool holds_ = false;                                                                                   \
		int ms_ = 0;                                                                                           \
		while (!(holds_ = (condition)) && ms_++ < CLIENT_TIMEOUT_MS)                                           \
			client_sleep(1);                                                                               \
		if (!holds_)                                                                                           \
			fail_msg("not true within %d ms: %s", (int)CLIENT_TIMEOUT_MS, #condition);                     \
	} while (0)
void client_sleep(int ms);

#endif
