/* The server over real sockets: accepted requests, refused requests, and their replies. */
#include "client.h"
#include "echo.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"
#define FORM_HEAD "Host: h\r\nContent-Type: application/x-www-form-urlencoded\r\n"

static struct echo echo;

static size_t
connections(void)
{
	struct http_figures figures;

	http_server_figures(echo.server, &figures);
	return figures.connections;
}

static int
start(void **state)
{
	(void)state;
	echo_start(&echo, (struct http_settings){ .request_ms = 0 });
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	echo_stop(&echo, 1000);
	return 0;
}

static void
http_server_answers_in_each_pool(void **state)
{
	static const struct {
		const char *request, *body;
	} cases[] = {
		{ GET("/inline"), "GET /inline|||127.0.0.1" },
		{ GET("/quick?a=1&b=%202"), "GET /quick|a=1&b=%202||127.0.0.1" },
		{ GET("/slow?"), "GET /slow|||127.0.0.1" },
		{ "POST /slow HTTP/1.1\r\n" FORM_HEAD "Content-Length: 7\r\n\r\na=1&b=2",
		  "POST /slow||a=1&b=2|127.0.0.1" },
		{ "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 0\r\n\r\n", "POST /quick|||127.0.0.1" },
		{ "DELETE /inline HTTP/1.1\r\nHost: h\r\n\r\n", "DELETE /inline|||127.0.0.1" },
		{ "GET /inline HTTP/1.0\r\n\r\n", "GET /inline|||127.0.0.1" },
		{ "GET http://h/inline?x HTTP/1.1\r\nHost: h\r\n\r\n", "GET /inline|x||127.0.0.1" },
		{ "\r\nGET /inline HTTP/1.1\r\nHost: h\r\n\r\n", "GET /inline|||127.0.0.1" },
	};
	struct answer a;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(client_ask(echo.port, str_of(cases[i].request), &a), 200);
		assert_string_equal(a.body, cases[i].body);
	}
	client_wait(atomic_load(&echo.done) == COUNT(cases));
}

static void
http_server_answers_a_head_like_a_get_without_its_body(void **state)
{
	struct answer get, head;

	(void)state;
	assert_int_equal(client_ask(echo.port, STR(GET("/quick")), &get), 200);
	assert_int_equal(client_ask(echo.port, STR("HEAD /quick HTTP/1.1\r\nHost: h\r\n\r\n"), &head), 200);
	assert_non_null(strstr(head.head, "Content-Length: 23\r\n")); /* "HEAD" is one byte longer than "GET" */
	assert_non_null(strstr(get.head, "Content-Length: 22\r\n"));
	assert_non_null(strstr(head.head, "Content-Type: text/plain\r\n"));
	assert_non_null(strstr(head.head, "\r\nDate: "));
	assert_null(strcasestr(head.head, "\r\nServer:"));
}

/* --- pipelines ---------------------------------------------------------------------------------------------------- */

#define POST(path, n, body) "POST " path " HTTP/1.1\r\n" FORM_HEAD "Content-Length: " n "\r\n\r\n" body

/* Sent one after the other, in this order. */
static const struct {
	const char *request;
	int status;
	const char *body;
} pipeline[] = {
	{ GET("/inline"), 200, "GET /inline|||127.0.0.1" },
	{ POST("/quick", "3", "a=1"), 200, "POST /quick||a=1|127.0.0.1" },
	{ "HEAD /slow HTTP/1.1\r\nHost: h\r\n\r\n", 200, "" },
	{ POST("/slow?x", "7", "a=1&b=2"), 200, "POST /slow|x|a=1&b=2|127.0.0.1" },
	{ GET("/no-content"), 204, "" },
	{ GET("/not-modified"), 304, "" },
	{ "HEAD /page HTTP/1.1\r\nHost: h\r\n\r\n", 200, "" },
	{ "OPTIONS /inline HTTP/1.1\r\nHost: h\r\n\r\n", 200, "OPTIONS /inline|||127.0.0.1" },
	{ "\r\n" GET("/quick"), 200, "GET /quick|||127.0.0.1" },
	{ POST("/quick", "0", ""), 200, "POST /quick|||127.0.0.1" },
	{ "GET /slow HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nGET /", 200, "GET /slow||GET /|127.0.0.1" },
	{ "HEAD /nowhere HTTP/1.1\r\nHost: h\r\n\r\n", 404, "" },
	{ "PUT /inline HTTP/1.1\r\nHost: h\r\n\r\n", 200, "PUT /inline|||127.0.0.1" },
	{ "GET /inline HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", 200, "GET /inline|||127.0.0.1" },
};

static void
pipeline_read(int fd, const char *how)
{
	struct answer a;

	for (size_t i = 0; i < COUNT(pipeline); i++) {
		client_read(fd, strncmp(pipeline[i].request, "HEAD", 4) == 0, &a);
		if (a.status != pipeline[i].status || strcmp(a.body, pipeline[i].body) != 0)
			fail_msg("%s: answer %zu is %d %s", how, i, a.status, a.body);
	}
	assert_true(a.close);
	assert_int_equal(client_rest(fd), 0);
}

static void
http_server_answers_a_mixed_pipeline_in_one_piece(void **state)
{
	CLEANUP(buf_wipe) struct buf requests = BUF(8192);
	int fd = client_connect(echo.port);

	(void)state;
	for (size_t i = 0; i < COUNT(pipeline); i++)
		buf_put(&requests, str_of(pipeline[i].request));
	assert_true(client_send(fd, buf_str(&requests)));
	pipeline_read(fd, "in one piece");
	close(fd);
}

static void
http_server_answers_a_mixed_pipeline_in_small_pieces(void **state)
{
	static const size_t sizes[] = { 1, 2, 3, 7, 64, 100 };
	CLEANUP(buf_wipe) struct buf requests = BUF(8192);
	char how[32];

	(void)state;
	for (size_t i = 0; i < COUNT(pipeline); i++)
		buf_put(&requests, str_of(pipeline[i].request));
	for (size_t s = 0; s < COUNT(sizes); s++) {
		int fd = client_connect(echo.port);
		for (str rest = buf_str(&requests); rest.n > 0;
		     rest = str_from(rest, sizes[s] < rest.n ? sizes[s] : rest.n)) {
			assert_true(client_send(fd, str_upto(rest, sizes[s])));
			if (rest.n % 8 == 0)
				client_sleep(1); /* so that the pieces arrive separately */
		}
		snprintf(how, sizeof(how), "in pieces of %zu", sizes[s]);
		pipeline_read(fd, how);
		close(fd);
	}
}

/* A reply that cannot have a body has no Content-Length: RFC 9110 s8.6. */
static void
http_server_sends_no_length_with_204_and_304(void **state)
{
	struct answer a;

	(void)state;
	assert_int_equal(client_ask(echo.port, STR(GET("/no-content")), &a), 204);
	assert_null(strcasestr(a.head, "\r\nContent-Length:"));
	assert_int_equal(client_ask(echo.port, STR(GET("/not-modified")), &a), 304);
	assert_null(strcasestr(a.head, "\r\nContent-Length:"));
	assert_int_equal(client_ask(echo.port, STR("HEAD /page HTTP/1.1\r\nHost: h\r\n\r\n"), &a), 200);
	assert_non_null(strstr(a.head, "\r\nContent-Length: 16384\r\n"));
}

/* --- versions ----------------------------------------------------------------------------------------------------- */

static void
http_server_keeps_a_connection_by_its_version(void **state)
{
	static const struct {
		const char *why, *request;
		int status;
		bool close;
	} cases[] = {
		{ "1.0", "GET /inline HTTP/1.0\r\n\r\n", 200, true },
		{ "1.0 with keep-alive", "GET /quick HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, true },
		{ "1.0 with a body", "POST /slow HTTP/1.0\r\n" FORM_HEAD "Content-Length: 3\r\n\r\na=1", 200, true },
		{ "1.1", GET("/inline"), 200, false },
		{ "1.1 with close", "GET /quick HTTP/1.1\r\nHost: h\r\nConnection: x, Close\r\n\r\n", 200, true },
		{ "1.2 is read as 1.1 (RFC 9110 s2.5)", "GET /inline HTTP/1.2\r\nHost: h\r\n\r\n", 200, false },
		{ "1.9", "GET /slow HTTP/1.9\r\nHost: h\r\n\r\n", 200, false },
		{ "1.2 without a host", "GET /inline HTTP/1.2\r\n\r\n", 400, true },
		{ "1.10", "GET /inline HTTP/1.10\r\nHost: h\r\n\r\n", 400, true },
		{ "2.0", "GET /inline HTTP/2.0\r\nHost: h\r\n\r\n", 400, true },
	};
	struct answer a;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int fd = client_connect(echo.port);
		assert_true(client_send(fd, str_of(cases[i].request)));
		client_read(fd, false, &a);
		if (a.status != cases[i].status || a.close != cases[i].close ||
		    !str_starts(str_of(a.head), STR("HTTP/1.1 ")))
			fail_msg("%s: %d, close %d", cases[i].why, a.status, a.close);
		if (a.close && !client_closed(fd, CLIENT_TIMEOUT_MS))
			fail_msg("%s: the connection is not closed", cases[i].why);
		close(fd);
	}
}

/* The server's deadline is longer than the client's timeout, so an answer shows that the server did not wait. */
static void
http_server_refuses_another_protocol_at_once(void **state)
{
	static const struct {
		const char *why;
		str bytes;
	} cases[] = {
		{ "the preface of HTTP/2", STR_INIT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n") },
		{ "its first line", STR_INIT("PRI * HTTP/2.0\r\n") },
		{ "HTTP/0.9", STR_INIT("GET /\r\n") },
		{ "a TLS ClientHello", STR_INIT("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03") },
		{ "its first byte", STR_INIT("\x16") },
		{ "two empty lines", STR_INIT("\r\n\r\n") },
		{ "two empty lines and a request", STR_INIT("\r\n\r\n" GET("/inline")) },
		{ "an empty line of LF", STR_INIT("\n") },
		{ "a space", STR_INIT(" ") },
	};
	struct echo long_timeout;
	struct answer a;

	(void)state;
	echo_start(&long_timeout, (struct http_settings){ .request_ms = 10 * CLIENT_TIMEOUT_MS });
	for (size_t i = 0; i < COUNT(cases); i++) {
		int fd = client_connect(long_timeout.port);
		assert_true(client_send(fd, cases[i].bytes));
		client_read(fd, false, &a);
		if (a.status != 400 || !a.close || !client_closed(fd, CLIENT_TIMEOUT_MS))
			fail_msg("%s: %d", cases[i].why, a.status);
		close(fd);
	}
	echo_stop(&long_timeout, 1000);
}

/* --- settings of a route ------------------------------------------------------------------------------------------ */

static void
http_server_passes_authorization_to_routes_that_accept_it(void **state)
{
	static const struct {
		const char *request;
		bool shown;
	} cases[] = {
		{ "GET /key HTTP/1.1\r\nHost: h\r\nauthorization: Bearer x\r\n\r\n", true },
		{ "GET /inline HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer x\r\n\r\n", false },
		{ "GET /nowhere HTTP/1.1\r\nHost: h\r\nAUTHORIZATION: Bearer x\r\n\r\n", false },
		{ "POST /key HTTP/1.1\r\n" FORM_HEAD "Authorization: Bearer x\r\nContent-Length: 3\r\n\r\na=1", true },
		{ "POST /inline HTTP/1.1\r\n" FORM_HEAD "Authorization: Bearer x\r\nContent-Length: 3\r\n\r\na=1",
		  false },
		{ GET("/key"), false },
	};
	struct answer a;
	int fd = client_connect(echo.port);

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_true(client_send(fd, str_of(cases[i].request)));
		client_read(fd, false, &a);
		assert_non_null(strstr(a.body, "127.0.0.1"));
		if ((strstr(a.head, "\r\nX-Authorization: Bearer x\r\n") != NULL) != cases[i].shown)
			fail_msg("%s", cases[i].request);
	}
	close(fd);
}

/* --- refusals ----------------------------------------------------------------------------------------------------- */

struct refusal {
	const char *why, *request;
	int status;
	size_t n; /* bytes of the request, where it holds a NUL */
};
#define WITH_NUL(text) text, 400, sizeof(text) - 1

static const struct refusal refusals[] = {
	{ "a body in chunks (RFC 9112 s6.1)",
	  "POST /quick HTTP/1.1\r\n" FORM_HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411 },
	{ "a body in chunks, in other case",
	  "POST /quick HTTP/1.1\r\n" FORM_HEAD "transfer-encoding:  Chunked \r\n\r\n3\r\na=1\r\n0\r\n\r\n", 411 },
	{ "a body in chunks with a method that needs no body",
	  "GET /quick HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411 },
	{ "chunks in HTTP/1.0, which does not have them",
	  "POST /quick HTTP/1.0\r\n" FORM_HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
	{ "chunks twice",
	  "POST /quick HTTP/1.1\r\n" FORM_HEAD
	  "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	  400 },
	{ "another coding before chunks",
	  "POST /quick HTTP/1.1\r\n" FORM_HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400 },
	{ "an empty coding", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Transfer-Encoding:\r\n\r\n", 400 },
	{ "an unknown coding", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
	  400 },
	{ "a coding that begins like chunked",
	  "POST /quick HTTP/1.1\r\n" FORM_HEAD "Transfer-Encoding: identity\r\n\r\n", 400 },
	{ "both lengths (RFC 9112 s6.1)",
	  "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	  400 },
	{ "two lengths", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 3\r\nContent-Length: 3\r\n\r\na=1",
	  400 },
	{ "two lengths in one field", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 3, 3\r\n\r\na=1", 400 },
	{ "a length with a sign", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: +3\r\n\r\na=1", 400 },
	{ "a negative length", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: -3\r\n\r\na=1", 400 },
	{ "a length in hex", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 0x3\r\n\r\na=1", 400 },
	{ "an empty length", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length:\r\n\r\na=1", 400 },
	{ "a length beyond 64 bits",
	  "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 99999999999999999999\r\n\r\n", 413 },
	{ "a body over the limit", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 16385\r\n\r\n", 413 },
	{ "a body over the limit that waits for 100",
	  "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 16385\r\nExpect: 100-continue\r\n\r\n", 413 },
	{ "two hosts", "GET /inline HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 400 },
	{ "no host", "GET /inline HTTP/1.1\r\n\r\n", 400 },
	{ "a host with a path", "GET /inline HTTP/1.1\r\nHost: h/x\r\n\r\n", 400 },
	{ "another host in the target", "GET http://evil/inline HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "another scheme", "GET ftp://h/inline HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "a relative path", "GET inline HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "the asterisk form", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "a tunnel", "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "a fragment", "GET /inline#x HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "a space in the target", "GET /in line HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "a control byte in the target", "GET /in\001line HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "a byte over 0x7f in the target", "GET /in\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "a NUL in the target", WITH_NUL("GET /in\0line HTTP/1.1\r\nHost: h\r\n\r\n") },
	{ "a NUL in a value", WITH_NUL("GET /inline HTTP/1.1\r\nHost: h\0evil\r\n\r\n") },
	{ "a NUL in a name", WITH_NUL("GET /inline HTTP/1.1\r\nHost: h\r\nX\0Y: 1\r\n\r\n") },
	{ "a NUL in the method", WITH_NUL("GE\0T /inline HTTP/1.1\r\nHost: h\r\n\r\n") },
	{ "two spaces", "GET  /inline HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "a line that ends in LF alone", "GET /inline HTTP/1.1\r\nHost: h\nX: 1\r\n\r\n", 400 },
	{ "a request line that ends in LF alone", "GET /inline HTTP/1.1\nHost: h\r\n\r\n", 400 },
	{ "an empty line of LF alone", "GET /inline HTTP/1.1\r\nHost: h\r\n\n", 400 },
	{ "a CR in a value", "GET /inline HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", 400 },
	{ "a folded line (RFC 9112 s5.2)", "GET /inline HTTP/1.1\r\nHost: h\r\nX: 1\r\n 2\r\n\r\n", 400 },
	{ "a folded length", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 1\r\n 0\r\n\r\na=12345678", 400 },
	{ "a space before the colon (RFC 9112 s5.1)", "GET /inline HTTP/1.1\r\nHost : h\r\nHost: h\r\n\r\n", 400 },
	{ "a hidden length", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length : 3\r\n\r\na=1", 400 },
	{ "a name after a space", "GET /inline HTTP/1.1\r\n X: 1\r\nHost: h\r\n\r\n", 400 },
	{ "a line without a colon", "GET /inline HTTP/1.1\r\nHost: h\r\nnonsense\r\n\r\n", 400 },
	{ "a line without a name", "GET /inline HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n", 400 },
	{ "no version", "GET /inline\r\nHost: h\r\n\r\n", 400 },
	{ "a version in lower case", "GET /inline http/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "a method that is not a token", "G(T /inline HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "another type",
	  "POST /quick HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}", 415 },
	{ "no type", "POST /quick HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\na=1", 415 },
	{ "another charset",
	  "POST /quick HTTP/1.1\r\nHost: h\r\nContent-Type: application/x-www-form-urlencoded; charset=utf-16\r\n"
	  "Content-Length: 3\r\n\r\na=1",
	  415 },
	{ "two types", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Type: text/plain\r\nContent-Length: 3\r\n\r\na=1",
	  400 },
};

static void
http_server_refuses_malformed_requests_and_closes(void **state)
{
	struct answer a;

	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		const struct refusal *r = &refusals[i];
		int fd = client_connect(echo.port);
		assert_true(fd >= 0);
		client_send(fd, r->n > 0 ? str_bytes(r->request, r->n) : str_of(r->request));
		client_read(fd, false, &a);
		if (a.status != r->status || !a.close || !client_closed(fd, CLIENT_TIMEOUT_MS))
			fail_msg("%s: status %d, close %d, %s", r->why, a.status, a.close, a.body);
		close(fd);
	}
}

static str
with(char *buffer, const char *before, size_t n, char filler, const char *after)
{
	size_t b = strlen(before), e = strlen(after);

	memcpy(buffer, before, b);
	memset(buffer + b, filler, n);
	memcpy(buffer + b + n, after, e);
	return str_bytes(buffer, b + n + e);
}

static void
http_server_enforces_its_limits(void **state)
{
	static const struct {
		const char *why, *before;
		size_t n;
		char filler;
		const char *after;
		int status, or_status;
	} cases[] = {
		{ "a target of 9 KiB", "GET /", 9215, 'a', " HTTP/1.1\r\nHost: h\r\n\r\n", 404, 404 },
		{ "a target of one byte over 9 KiB", "GET /", 9216, 'a', " HTTP/1.1\r\nHost: h\r\n\r\n", 414, 414 },
		{ "a target of 100 KiB", "GET /", 102400, 'a', " HTTP/1.1\r\nHost: h\r\n\r\n", 414, 414 },
		{ "a query of 8 KiB of &", "GET /inline?", 8000, '&', " HTTP/1.1\r\nHost: h\r\n\r\n", 200, 200 },
		{ "a query of 12 KiB of &", "GET /inline?", 12000, '&', " HTTP/1.1\r\nHost: h\r\n\r\n", 414, 414 },
		{ "a method of 100 KiB", "", 102400, 'a', " / HTTP/1.1\r\nHost: h\r\n\r\n", 414, 431 },
		{ "a head of 16 KiB", "GET /inline HTTP/1.1\r\nHost: h\r\nX: ", 16384 - 38, 'a', "\r\n\r\n", 200, 200 },
		{ "a head of one byte over 16 KiB", "GET /inline HTTP/1.1\r\nHost: h\r\nX: ", 16384 - 37, 'a',
		  "\r\n\r\n", 431, 431 },
		{ "a head of 100 KiB", "GET /inline HTTP/1.1\r\nHost: h\r\nX: ", 102400, 'a', "\r\n\r\n", 431, 431 },
		{ "a name of 100 KiB", "GET /inline HTTP/1.1\r\nHost: h\r\n", 102400, 'a', ": 1\r\n\r\n", 431, 431 },
		{ "one cookie of 15 KiB", "GET /inline HTTP/1.1\r\nHost: h\r\nCookie: a=", 15000, 'a', "\r\n\r\n", 200,
		  200 },
		{ "many cookies of 15 KiB in total", "GET /inline HTTP/1.1\r\nHost: h\r\nCookie: ", 15000, ';',
		  "\r\n\r\n", 200, 200 },
		{ "a body of 16 KiB", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 16384\r\n\r\n", 16384, 'a',
		  "", 200, 200 },
		{ "a body of one byte over 16 KiB",
		  "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 16385\r\n\r\n", 16385, 'a', "", 413, 413 },
		{ "a body of 64 KiB where the route accepts it",
		  "POST /key HTTP/1.1\r\n" FORM_HEAD "Content-Length: 65536\r\n\r\n", 65536, 'a', "", 200, 200 },
		{ "a body of one byte over 64 KiB", "POST /key HTTP/1.1\r\n" FORM_HEAD "Content-Length: 65537\r\n\r\n",
		  65537, 'a', "", 413, 413 },
		{ "a body of 1 MB", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 1000000\r\n\r\n", 1000000,
		  'a', "", 413, 413 },
	};
	char *buffer = malloc(1100000);
	struct answer a;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		str request = with(buffer, cases[i].before, cases[i].n, cases[i].filler, cases[i].after);
		int status = client_ask(echo.port, request, &a);
		if (status != cases[i].status && status != cases[i].or_status)
			fail_msg("%s: status %d", cases[i].why, status);
	}
	free(buffer);
}

/* The setting limits the head exactly. */
static void
http_server_accepts_heads_up_to_its_setting(void **state)
{
	static const char before[] = "GET /inline HTTP/1.1\r\nHost: h\r\nX: ", after[] = "\r\n\r\n";
	static const size_t maxima[] = { 1024, 64 * (size_t)1024 };
	const size_t rest = sizeof(before) + sizeof(after) - 2;
	char *buffer = malloc(70000);
	struct echo bounded;
	struct answer a;

	(void)state;
	for (size_t i = 0; i < COUNT(maxima); i++) {
		echo_start(&bounded, (struct http_settings){ .head_max = maxima[i] });
		assert_int_equal(client_ask(bounded.port, with(buffer, before, maxima[i] - rest, 'a', after), &a), 200);
		assert_int_equal(client_ask(bounded.port, with(buffer, before, maxima[i] - rest + 1, 'a', after), &a),
				 431);
		assert_int_equal(client_ask(bounded.port, STR(GET("/slow")), &a), 200);
		echo_stop(&bounded, 1000);
	}
	free(buffer);
}

/* The request fits into the limit.  The reply repeats a value of it beside other fields, and does not fit. */
static void
http_server_answers_503_when_the_reply_head_is_too_long(void **state)
{
	static const char before[] = "GET /key HTTP/1.1\r\nHost: h\r\nAuthorization: ", after[] = "\r\n\r\n";
	const size_t rest = sizeof(before) + sizeof(after) - 2;
	char *buffer = malloc(70000);
	struct echo bounded;
	struct answer a;

	(void)state;
	echo_start(&bounded, (struct http_settings){ .head_max = HTTP_HEAD_LIMIT_BYTES });
	assert_int_equal(client_ask(bounded.port, with(buffer, before, HTTP_HEAD_LIMIT_BYTES - rest, 'a', after), &a),
			 503);
	client_wait(atomic_load(&bounded.last_status) == 503);
	assert_int_equal(client_ask(bounded.port, STR(GET("/slow")), &a), 200);
	echo_stop(&bounded, 1000);
	free(buffer);
}

static void
http_server_refuses_a_head_setting_over_its_limit(void **state)
{
	struct http_settings settings = { .event_threads = 1, .head_max = HTTP_HEAD_LIMIT_BYTES + 1 };
	struct http_server *server = NULL;
	struct http_app app = { .admit = NULL };
	struct why why = { 0 };

	(void)state;
	assert_int_equal(http_listen(STR("127.0.0.1"), 0, &why, &settings.listen_fd), ERR_OK);
	assert_int_equal(http_server_start(&settings, &app, NULL, &server), ERR_INVALID);
	assert_null(server);
}

static void
http_server_counts_header_fields(void **state)
{
	struct answer a;

	(void)state;
	for (int n = 99; n <= 101; n++) { /* besides Host */
		CLEANUP(buf_wipe) struct buf request = BUF(8192);
		buf_put(&request, STR("GET /inline HTTP/1.1\r\nHost: h\r\n"));
		for (int i = 0; i < n; i++)
			buf_put(&request, STR("A: b\r\n"));
		buf_put(&request, STR("\r\n"));
		assert_int_equal(client_ask(echo.port, buf_str(&request), &a), n <= 99 ? 200 : 431);
	}
}

/* Thousands of cookies in one header cost nothing until a handler looks for one. */
static void
http_server_survives_many_cookies(void **state)
{
	CLEANUP(buf_wipe) struct buf request = BUF(32768);
	struct answer a;

	(void)state;
	buf_put(&request, STR("GET /inline HTTP/1.1\r\nHost: h\r\nCookie: "));
	while (request.n < 15000)
		buf_put(&request, STR("a=b;"));
	buf_put(&request, STR("\r\n\r\n"));
	assert_int_equal(client_ask(echo.port, buf_str(&request), &a), 200);
	assert_int_equal(client_ask(echo.port, STR(GET("/quick")), &a), 200);
}

static void
http_server_reads_a_request_cut_at_any_byte(void **state)
{
	static const char request[] = "POST /slow?q=1 HTTP/1.1\r\n" FORM_HEAD "Content-Length: 7\r\n\r\na=1&b=2";
	struct answer a;
	int fd = client_connect(echo.port);

	(void)state;
	for (size_t cut = 1; cut < sizeof(request) - 1; cut++) {
		assert_true(client_send(fd, str_bytes(request, cut)));
		if (cut % 8 == 0)
			client_sleep(2); /* so that the pieces arrive separately */
		assert_true(client_send(fd, str_bytes(request + cut, sizeof(request) - 1 - cut)));
		client_read(fd, false, &a);
		assert_int_equal(a.status, 200);
		assert_string_equal(a.body, "POST /slow|q=1|a=1&b=2|127.0.0.1");
	}
	close(fd);
}

static void
http_server_reads_a_request_byte_by_byte(void **state)
{
	static const char request[] = "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 3\r\n\r\na=1";
	struct answer a;
	int fd = client_connect(echo.port);

	(void)state;
	for (size_t i = 0; i < sizeof(request) - 1; i++) {
		assert_true(client_send(fd, str_bytes(request + i, 1)));
		client_sleep(1);
	}
	client_read(fd, false, &a);
	assert_int_equal(a.status, 200);
	close(fd);
}

static void
http_server_answers_pipelined_requests_in_order(void **state)
{
	static const char *const paths[] = { "/slow", "/inline", "/quick", "/nowhere", "/slow" };
	CLEANUP(buf_wipe) struct buf requests = BUF(65536);
	struct answer a;
	int fd = client_connect(echo.port);

	(void)state;
	for (int i = 0; i < 200; i++)
		buf_printf(&requests, "GET %s?%d HTTP/1.1\r\nHost: h\r\n\r\n", paths[i % 5], i);
	assert_true(client_send(fd, buf_str(&requests)));
	for (int i = 0; i < 200; i++) {
		char expected[100];
		snprintf(expected, sizeof(expected), "GET %s|%d||127.0.0.1", paths[i % 5], i);
		client_read(fd, false, &a);
		assert_string_equal(a.body, expected);
	}
	close(fd);
}

static void
http_server_sends_100_when_expected(void **state)
{
	struct answer a;
	int fd = client_connect(echo.port);

	(void)state;
	client_send(fd, STR("POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n"));
	client_read(fd, true, &a);
	assert_int_equal(a.status, 100);
	client_send(fd, STR("a=1"));
	client_read(fd, false, &a);
	assert_int_equal(a.status, 200);
	close(fd);
}

/* The server sends 100 only if the client waits for it: RFC 9110 s10.1.1. */
static void
http_server_sends_no_unexpected_100(void **state)
{
	static const struct {
		const char *why, *request;
		int status;
	} cases[] = {
		{ "the body arrives with the head",
		  "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 3\r\nExpect: 100-continue\r\n\r\na=1", 200 },
		{ "an empty body",
		  "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 0\r\nExpect: 100-continue\r\n\r\n", 200 },
		{ "no body", "GET /slow HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n", 200 },
		{ "HTTP/1.0",
		  "POST /quick HTTP/1.0\r\n" FORM_HEAD "Content-Length: 3\r\nExpect: 100-continue\r\n\r\na=1", 200 },
		{ "another expectation",
		  "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 3\r\nExpect: cake\r\n\r\na=1", 200 },
		{ "a refused type",
		  "POST /quick HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n", 415 },
		{ "chunks",
		  "POST /quick HTTP/1.1\r\n" FORM_HEAD "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n",
		  411 },
	};
	struct answer a;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int status = client_ask(echo.port, str_of(cases[i].request), &a);
		if (status != cases[i].status)
			fail_msg("%s: %d", cases[i].why, status);
	}
}

/* HTTP/1.0 has no 100, so the server ignores the expectation and waits for the body. */
static void
http_server_sends_no_100_to_http_1_0(void **state)
{
	struct answer a;
	int fd = client_connect(echo.port);

	(void)state;
	assert_true(client_send(
	    fd, STR("POST /quick HTTP/1.0\r\n" FORM_HEAD "Content-Length: 3\r\nExpect: 100-continue\r\n\r\n")));
	assert_false(client_readable(fd, 100));
	assert_true(client_send(fd, STR("a=1")));
	client_read(fd, false, &a);
	assert_int_equal(a.status, 200);
	assert_true(client_closed(fd, CLIENT_TIMEOUT_MS));
	close(fd);
}

static void
http_server_turns_a_broken_reply_into_503(void **state)
{
	struct answer a;

	(void)state;
	assert_int_equal(client_ask(echo.port, STR(GET("/broken")), &a), 503);
	assert_non_null(strstr(a.head, "\r\nRetry-After: "));
	assert_string_equal(a.body, "refused 503 /broken");
}

static void
http_server_sends_a_big_reply_whole(void **state)
{
	static struct answer a;

	(void)state;
	assert_int_equal(client_ask(echo.port, STR(GET("/big")), &a), 200);
	assert_int_equal(a.body_bytes, ECHO_BIG_BYTES);
}

/* An old client sends an empty line after its form: closing with unread bytes would cut the reply (RFC 9112 s9.6). */
static void
http_server_sends_the_last_reply_whole_to_a_busy_client(void **state)
{
	int fd = client_connect(echo.port);
	static struct answer a;

	(void)state;
	assert_true(client_send(fd, STR("GET /big HTTP/1.0\r\n\r\n")));
	assert_true(client_readable(fd, CLIENT_TIMEOUT_MS));
	assert_true(client_send(fd, STR("\r\n")));
	client_read(fd, false, &a);
	assert_int_equal(a.status, 200);
	assert_int_equal(a.body_bytes, ECHO_BIG_BYTES);
	assert_true(client_closed(fd, CLIENT_TIMEOUT_MS));
	close(fd);
}

/* The client reads nothing until the server has to wait; the answers to the next requests follow. */
static void
http_server_sends_big_replies_whole_to_a_slow_reader(void **state)
{
	static struct answer a;

	(void)state;
	client_wait(connections() == 0); /* earlier requests are counted by now */
	int fd = client_connect(echo.port), done = atomic_load(&echo.done);
	assert_true(client_send(fd, STR(GET("/big") GET("/big?more") GET("/slow?behind"))));
	assert_true(client_readable(fd, CLIENT_TIMEOUT_MS));
	assert_int_equal(client_ask(echo.port, STR(GET("/quick")), &a), 200);
	client_wait(atomic_load(&echo.done) == done + 1);
	for (int i = 0; i < 2; i++) {
		client_read(fd, false, &a);
		assert_int_equal(a.status, 200);
		assert_int_equal(a.body_bytes, ECHO_BIG_BYTES);
	}
	client_read(fd, false, &a);
	assert_string_equal(a.body, "GET /slow|behind||127.0.0.1");
	close(fd);
}

static void
reply_header_refuses_control_bytes(void **state)
{
	static const struct {
		const char *why;
		str name, value;
	} cases[] = {
		{ "CR LF in the value", STR_INIT("A"), STR_INIT("b\r\nC: d") },
		{ "CR in the value", STR_INIT("A"), STR_INIT("b\rc") },
		{ "LF in the value", STR_INIT("A"), STR_INIT("b\nC: d") },
		{ "NUL in the value", STR_INIT("A"), STR_INIT("b\0c") },
		{ "LF in the name", STR_INIT("A\n"), STR_INIT("b") },
		{ "colon in the name", STR_INIT("A:"), STR_INIT("b") },
		{ "no name", STR_INIT(""), STR_INIT("b") },
		{ "a length, which the server sets", STR_INIT("content-length"), STR_INIT("1") },
		{ "a coding, which the server sets", STR_INIT("Transfer-Encoding"), STR_INIT("chunked") },
	};
	CLEANUP(arena_wipe) struct arena arena = ARENA(65536);
	struct request rq = { .arena = &arena };
	struct reply rp = { 0 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (reply_header(&rq, &rp, cases[i].name, cases[i].value) != ERR_INVALID)
			fail_msg("%s", cases[i].why);
	assert_int_equal(rp.header_count, 0);
	for (int i = 0; i < HTTP_REPLY_HEADERS; i++)
		assert_int_equal(reply_header(&rq, &rp, STR("A"), STR("b")), ERR_OK);
	assert_int_equal(reply_header(&rq, &rp, STR("A"), STR("b")), ERR_TOO_LONG);
}

static void
http_listen_explains_errors(void **state)
{
	struct why why = { 0 };
	int fd = -1;

	(void)state;
	assert_int_equal(http_listen(STR("127.0.0.1"), echo.port, &why, &fd), ERR_BUSY);
	assert_non_null(strstr(why.text, "in use"));
	assert_int_equal(http_listen(STR("192.0.2.1"), 0, &why, &fd), ERR_INVALID);
	assert_int_equal(http_listen(STR(""), 0, &why, &fd), ERR_INVALID);
	assert_int_equal(fd, -1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(http_server_answers_in_each_pool),
		cmocka_unit_test(http_server_answers_a_head_like_a_get_without_its_body),
		cmocka_unit_test(http_server_answers_a_mixed_pipeline_in_one_piece),
		cmocka_unit_test(http_server_answers_a_mixed_pipeline_in_small_pieces),
		cmocka_unit_test(http_server_sends_no_length_with_204_and_304),
		cmocka_unit_test(http_server_keeps_a_connection_by_its_version),
		cmocka_unit_test(http_server_refuses_another_protocol_at_once),
		cmocka_unit_test(http_server_passes_authorization_to_routes_that_accept_it),
		cmocka_unit_test(http_server_refuses_malformed_requests_and_closes),
		cmocka_unit_test(http_server_enforces_its_limits),
		cmocka_unit_test(http_server_accepts_heads_up_to_its_setting),
		cmocka_unit_test(http_server_answers_503_when_the_reply_head_is_too_long),
		cmocka_unit_test(http_server_refuses_a_head_setting_over_its_limit),
		cmocka_unit_test(http_server_counts_header_fields),
		cmocka_unit_test(http_server_survives_many_cookies),
		cmocka_unit_test(http_server_reads_a_request_cut_at_any_byte),
		cmocka_unit_test(http_server_reads_a_request_byte_by_byte),
		cmocka_unit_test(http_server_answers_pipelined_requests_in_order),
		cmocka_unit_test(http_server_sends_100_when_expected),
		cmocka_unit_test(http_server_sends_no_unexpected_100),
		cmocka_unit_test(http_server_sends_no_100_to_http_1_0),
		cmocka_unit_test(http_server_turns_a_broken_reply_into_503),
		cmocka_unit_test(http_server_sends_a_big_reply_whole),
		cmocka_unit_test(http_server_sends_the_last_reply_whole_to_a_busy_client),
		cmocka_unit_test(http_server_sends_big_replies_whole_to_a_slow_reader),
		cmocka_unit_test(reply_header_refuses_control_bytes),
		cmocka_unit_test(http_listen_explains_errors),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
