/* The server over real sockets: what it takes, what it refuses, and how. */
#include "client.h"
#include "echo.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define GET(path) "GET " path " HTTP/1.1\r\nHost: h\r\n\r\n"
#define FORM_HEAD "Host: h\r\nContent-Type: application/x-www-form-urlencoded\r\n"

static struct echo echo;

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
http_server_answers_in_each_lane(void **state)
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
	assert_non_null(strstr(head.head, "Content-Length: 23\r\n")); /* "HEAD" is one longer */
	assert_non_null(strstr(get.head, "Content-Length: 22\r\n"));
	assert_non_null(strstr(head.head, "Content-Type: text/plain\r\n"));
	assert_non_null(strstr(head.head, "\r\nDate: "));
	assert_null(strcasestr(head.head, "\r\nServer:"));
}

/* --- refusals ---------------------------------------------------------------------------------------------------------- */

struct refusal {
	const char *why, *request;
	int status;
	size_t n; /* bytes of the request, where it holds a NUL */
};
#define WITH_NUL(text) text, 400, sizeof(text) - 1

static const struct refusal refusals[] = {
	{ "a body in chunks (RFC 9112 s6.1)",
	  "POST /quick HTTP/1.1\r\n" FORM_HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411 },
	{ "a body in chunks, written otherwise",
	  "POST /quick HTTP/1.1\r\n" FORM_HEAD "transfer-encoding:  Chunked \r\n\r\n3\r\na=1\r\n0\r\n\r\n", 411 },
	{ "a body in chunks of a method that needs none",
	  "GET /quick HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411 },
	{ "chunks in HTTP/1.0, which has none",
	  "POST /quick HTTP/1.0\r\n" FORM_HEAD "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400 },
	{ "chunks twice",
	  "POST /quick HTTP/1.1\r\n" FORM_HEAD
	  "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	  400 },
	{ "another coding before chunks",
	  "POST /quick HTTP/1.1\r\n" FORM_HEAD "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400 },
	{ "no coding at all", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Transfer-Encoding:\r\n\r\n", 400 },
	{ "a coding of nobody's", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
	  400 },
	{ "a transfer coding of another name",
	  "POST /quick HTTP/1.1\r\n" FORM_HEAD "Transfer-Encoding: identity\r\n\r\n", 400 },
	{ "both lengths (RFC 9112 s6.1)",
	  "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
	  400 },
	{ "two lengths", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 3\r\nContent-Length: 3\r\n\r\na=1",
	  400 },
	{ "two lengths in one", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 3, 3\r\n\r\na=1", 400 },
	{ "a length with a sign", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: +3\r\n\r\na=1", 400 },
	{ "a negative length", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: -3\r\n\r\na=1", 400 },
	{ "a length in hex", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 0x3\r\n\r\na=1", 400 },
	{ "no length at all", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length:\r\n\r\na=1", 400 },
	{ "a length beyond 64 bits",
	  "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 99999999999999999999\r\n\r\n", 413 },
	{ "a body over the limit", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 16385\r\n\r\n", 413 },
	{ "a body over the limit that asks first",
	  "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 16385\r\nExpect: 100-continue\r\n\r\n", 413 },
	{ "two hosts", "GET /inline HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", 400 },
	{ "no host", "GET /inline HTTP/1.1\r\n\r\n", 400 },
	{ "a host with a path", "GET /inline HTTP/1.1\r\nHost: h/x\r\n\r\n", 400 },
	{ "another host in the target", "GET http://evil/inline HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "another scheme", "GET ftp://h/inline HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "a relative path", "GET inline HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "the server as a whole", "OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "a tunnel", "CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "a fragment", "GET /inline#x HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "a space in the target", "GET /in line HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "a control byte in the target", "GET /in\001line HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "a byte of no ASCII in the target", "GET /in\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "a NUL in the target", WITH_NUL("GET /in\0line HTTP/1.1\r\nHost: h\r\n\r\n") },
	{ "a NUL in a value", WITH_NUL("GET /inline HTTP/1.1\r\nHost: h\0evil\r\n\r\n") },
	{ "a NUL in a name", WITH_NUL("GET /inline HTTP/1.1\r\nHost: h\r\nX\0Y: 1\r\n\r\n") },
	{ "a NUL in the method", WITH_NUL("GE\0T /inline HTTP/1.1\r\nHost: h\r\n\r\n") },
	{ "two spaces", "GET  /inline HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "a line that ends in LF alone", "GET /inline HTTP/1.1\r\nHost: h\nX: 1\r\n\r\n", 400 },
	{ "a request line that ends in LF alone", "GET /inline HTTP/1.1\nHost: h\r\n\r\n", 400 },
	{ "an empty line that is LF alone", "GET /inline HTTP/1.1\r\nHost: h\r\n\n", 400 },
	{ "a CR within a value", "GET /inline HTTP/1.1\r\nHost: h\r\nX: a\rb\r\n\r\n", 400 },
	{ "a folded line (RFC 9112 s5.2)", "GET /inline HTTP/1.1\r\nHost: h\r\nX: 1\r\n 2\r\n\r\n", 400 },
	{ "a folded length", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 1\r\n 0\r\n\r\na=12345678", 400 },
	{ "a space before the colon (RFC 9112 s5.1)", "GET /inline HTTP/1.1\r\nHost : h\r\nHost: h\r\n\r\n", 400 },
	{ "a hidden length", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length : 3\r\n\r\na=1", 400 },
	{ "a name with a space in front", "GET /inline HTTP/1.1\r\n X: 1\r\nHost: h\r\n\r\n", 400 },
	{ "a line without a colon", "GET /inline HTTP/1.1\r\nHost: h\r\nnonsense\r\n\r\n", 400 },
	{ "a line without a name", "GET /inline HTTP/1.1\r\nHost: h\r\n: x\r\n\r\n", 400 },
	{ "no version", "GET /inline\r\nHost: h\r\n\r\n", 400 },
	{ "a version in lower case", "GET /inline http/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "a method of no token", "G(T /inline HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
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
http_server_refuses_what_is_malformed_and_closes(void **state)
{
	struct answer a;

	(void)state;
	for (size_t i = 0; i < COUNT(refusals); i++) {
		const struct refusal *r = &refusals[i];
		int fd = client_connect(echo.port);
		assert_true(fd >= 0);
		client_send(fd, r->n > 0 ? str_bytes(r->request, r->n) : str_of(r->request));
		client_read(fd, false, &a);
		if (a.status != r->status || !a.close || !client_closed(fd, CLIENT_PATIENCE_MS))
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
http_server_holds_its_limits(void **state)
{
	static const struct {
		const char *why, *before;
		size_t n;
		char filler;
		const char *after;
		int status, or_status;
	} cases[] = {
		{ "a target of 8 KiB", "GET /", 8191, 'a', " HTTP/1.1\r\nHost: h\r\n\r\n", 404, 404 },
		{ "a target of 8 KiB and one", "GET /", 8192, 'a', " HTTP/1.1\r\nHost: h\r\n\r\n", 414, 414 },
		{ "a target of 100 KiB", "GET /", 102400, 'a', " HTTP/1.1\r\nHost: h\r\n\r\n", 414, 414 },
		{ "a query of 8 KiB of &", "GET /inline?", 8000, '&', " HTTP/1.1\r\nHost: h\r\n\r\n", 200, 200 },
		{ "a query of 12 KiB of &", "GET /inline?", 12000, '&', " HTTP/1.1\r\nHost: h\r\n\r\n", 414, 414 },
		{ "a method of 100 KiB", "", 102400, 'a', " / HTTP/1.1\r\nHost: h\r\n\r\n", 414, 431 },
		{ "a head of 16 KiB", "GET /inline HTTP/1.1\r\nHost: h\r\nX: ", 16384 - 38, 'a', "\r\n\r\n", 200, 200 },
		{ "a head of 16 KiB and one", "GET /inline HTTP/1.1\r\nHost: h\r\nX: ", 16384 - 37, 'a', "\r\n\r\n",
		  431, 431 },
		{ "a head of 100 KiB", "GET /inline HTTP/1.1\r\nHost: h\r\nX: ", 102400, 'a', "\r\n\r\n", 431, 431 },
		{ "a name of 100 KiB", "GET /inline HTTP/1.1\r\nHost: h\r\n", 102400, 'a', ": 1\r\n\r\n", 431, 431 },
		{ "15 KiB of cookie", "GET /inline HTTP/1.1\r\nHost: h\r\nCookie: a=", 15000, 'a', "\r\n\r\n", 200,
		  200 },
		{ "15 KiB of cookies", "GET /inline HTTP/1.1\r\nHost: h\r\nCookie: ", 15000, ';', "\r\n\r\n", 200,
		  200 },
		{ "a body of 16 KiB", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 16384\r\n\r\n", 16384, 'a',
		  "", 200, 200 },
		{ "a body of 16 KiB and one", "POST /quick HTTP/1.1\r\n" FORM_HEAD "Content-Length: 16385\r\n\r\n",
		  16385, 'a', "", 413, 413 },
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

static void
http_server_counts_header_fields(void **state)
{
	struct answer a;

	(void)state;
	for (int n = 99; n <= 101; n++) { /* and Host */
		CLEANUP(buf_wipe) struct buf request = BUF(8192);
		buf_put(&request, STR("GET /inline HTTP/1.1\r\nHost: h\r\n"));
		for (int i = 0; i < n; i++)
			buf_put(&request, STR("A: b\r\n"));
		buf_put(&request, STR("\r\n"));
		assert_int_equal(client_ask(echo.port, buf_str(&request), &a), n <= 99 ? 200 : 431);
	}
}

/* Thousands of records in one line: they cost nothing until somebody looks for one. */
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
http_server_understands_a_request_cut_anywhere(void **state)
{
	static const char request[] = "POST /slow?q=1 HTTP/1.1\r\n" FORM_HEAD "Content-Length: 7\r\n\r\na=1&b=2";
	struct answer a;
	int fd = client_connect(echo.port);

	(void)state;
	for (size_t cut = 1; cut < sizeof(request) - 1; cut++) {
		assert_true(client_send(fd, str_bytes(request, cut)));
		if (cut % 8 == 0)
			client_sleep(2); /* so that the pieces do arrive apart */
		assert_true(client_send(fd, str_bytes(request + cut, sizeof(request) - 1 - cut)));
		client_read(fd, false, &a);
		assert_int_equal(a.status, 200);
		assert_string_equal(a.body, "POST /slow|q=1|a=1&b=2|127.0.0.1");
	}
	close(fd);
}

static void
http_server_understands_a_request_byte_by_byte(void **state)
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
http_server_asks_for_the_body_that_waits_to_be_asked_for(void **state)
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

static void
reply_header_refuses_what_would_split_it(void **state)
{
	static const struct {
		const char *why;
		str name, value;
	} cases[] = {
		{ "CR LF in the value", STR_INIT("A"), STR_INIT("b\r\nC: d") },
		{ "LF in the value", STR_INIT("A"), STR_INIT("b\nC: d") },
		{ "NUL in the value", STR_INIT("A"), STR_INIT("b\0c") },
		{ "LF in the name", STR_INIT("A\n"), STR_INIT("b") },
		{ "colon in the name", STR_INIT("A:"), STR_INIT("b") },
		{ "no name", STR_INIT(""), STR_INIT("b") },
		{ "the server's own", STR_INIT("content-length"), STR_INIT("1") },
		{ "the server's own", STR_INIT("Transfer-Encoding"), STR_INIT("chunked") },
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
http_listen_says_what_is_wrong(void **state)
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

/* The table of docs/http.md is the one that is printed here. */
static void
http_limits_are_those_of_the_documentation(void **state)
{
	CLEANUP(buf_wipe) struct buf table = BUF(4096);
	static char page[64 * 1024];
	FILE *file = fopen(DOCUMENTATION, "r");

	(void)state;
	assert_non_null(file);
	page[fread(page, 1, sizeof(page) - 1, file)] = '\0';
	fclose(file);
	buf_put(&table, STR("| limit | value | answer |\n|---|---|---|\n"));
	buf_printf(&table, "| request line and header fields | %d bytes | 431 |\n", HTTP_HEAD_MAX_BYTES);
	buf_printf(&table, "| header fields | %d | 431 |\n", HTTP_HEADERS_MAX);
	buf_printf(&table, "| target | %d bytes | 414 |\n", HTTP_URI_MAX_BYTES);
	buf_printf(&table, "| body, unless the route says otherwise | %d bytes | 413, before it is read |\n",
		   HTTP_BODY_MAX_BYTES);
	buf_printf(&table, "| time for a whole request, from the connection or the last reply | %d s | closed |\n",
		   HTTP_REQUEST_SECONDS);
	buf_printf(&table, "| time for the client to take a reply | %d s | closed |\n", HTTP_REPLY_SECONDS);
	buf_printf(&table, "| memory of a request beside its head | %d bytes | 503 |\n", HTTP_ARENA_MAX_BYTES);
	buf_printf(&table, "| header fields of a reply | %d | 503 |\n", HTTP_REPLY_HEADERS);
	buf_put_byte(&table, '\0');
	assert_int_equal(buf_check(&table), ERR_OK);
	if (strstr(page, table.p) == NULL)
		fail_msg("docs/http.md should have this table:\n%s", table.p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(http_server_answers_in_each_lane),
		cmocka_unit_test(http_server_answers_a_head_like_a_get_without_its_body),
		cmocka_unit_test(http_server_refuses_what_is_malformed_and_closes),
		cmocka_unit_test(http_server_holds_its_limits),
		cmocka_unit_test(http_server_counts_header_fields),
		cmocka_unit_test(http_server_survives_many_cookies),
		cmocka_unit_test(http_server_understands_a_request_cut_anywhere),
		cmocka_unit_test(http_server_understands_a_request_byte_by_byte),
		cmocka_unit_test(http_server_answers_pipelined_requests_in_order),
		cmocka_unit_test(http_server_asks_for_the_body_that_waits_to_be_asked_for),
		cmocka_unit_test(http_server_turns_a_broken_reply_into_503),
		cmocka_unit_test(http_server_sends_a_big_reply_whole),
		cmocka_unit_test(reply_header_refuses_what_would_split_it),
		cmocka_unit_test(http_listen_says_what_is_wrong),
		cmocka_unit_test(http_limits_are_those_of_the_documentation),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
