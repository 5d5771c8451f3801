/* Request heads: valid ones, and malformed ones with their status, with the bytes cut into pieces in every way. */
#include "http/parser.h"
#include "unit.h"

#include <stdlib.h>

#define HEAD(rest) "GET / HTTP/1.1\r\nHost: h\r\n" rest "\r\n"
#define LINE(line) line "\r\nHost: h\r\n\r\n"
#define NAMED(host) "GET / HTTP/1.1\r\nHost: " host "\r\n\r\n"

/* --- one text, cut in every way ----------------------------------------------------------------------------------- */

static bool
spans_equal(struct span a, struct span b)
{
	return a.at == b.at && a.n == b.n;
}

static bool
parsers_equal(const struct parser *a, const struct parser *b)
{
	bool same = a->outcome == b->outcome && spans_equal(a->method, b->method) && spans_equal(a->path, b->path) &&
		    spans_equal(a->query, b->query) && spans_equal(a->target, b->target) && a->minor == b->minor &&
		    a->field_count == b->field_count && a->bytes == b->bytes && a->body_bytes == b->body_bytes &&
		    a->expects == b->expects && a->closes == b->closes;

	for (unsigned i = 0; same && i < a->field_count; i++)
		same = spans_equal(a->fields[i].name, b->fields[i].name) &&
		       spans_equal(a->fields[i].value, b->fields[i].value);
	return same;
}

static int
read_in_two(struct parser *p, str text, size_t cut, size_t max)
{
	parser_begin(p);
	(void)parser_read(p, text.p, cut, max);
	return parser_read(p, text.p, text.n, max);
}

/* Returns the outcome, or -1 when it differs for some cut. */
static int
read_every_way(struct parser *p, str text, size_t max)
{
	struct parser q;
	int outcome;

	parser_begin(p);
	outcome = parser_read(p, text.p, text.n, max);
	for (size_t cut = 0; cut < text.n; cut++)
		if (read_in_two(&q, text, cut, max) != outcome || !parsers_equal(p, &q))
			return -1;
	parser_begin(&q);
	for (size_t n = 0; n < text.n; n++)
		(void)parser_read(&q, text.p, n, max);
	return parser_read(&q, text.p, text.n, max) == outcome && parsers_equal(p, &q) ? outcome : -1;
}

static bool
span_is(str text, struct span s, str wanted)
{
	return str_equal(str_bytes(text.p + s.at, s.n), wanted);
}

/* --- well-formed heads -------------------------------------------------------------------------------------------- */

struct whole {
	const char *why, *request, *method, *path, *query;
	unsigned minor, fields;
	uint64_t body_bytes;
	bool expects, closes;
};

static const struct whole wholes[] = {
	{ "a GET", LINE("GET /a?b=c HTTP/1.1"), "GET", "/a", "b=c", 1, 1, 0, false, false },
	{ "one empty line before the request", "\r\n" LINE("GET / HTTP/1.1"), "GET", "/", "", 1, 1, 0, false, false },
	{ "an unknown method", LINE("M!#$%&'*+-.^_`|~9 / HTTP/1.1"), "M!#$%&'*+-.^_`|~9", "/", "", 1, 1, 0, false,
	  false },
	{ "a method in lower case", LINE("get / HTTP/1.1"), "get", "/", "", 1, 1, 0, false, false },
	{ "an empty query", LINE("GET /? HTTP/1.1"), "GET", "/", "", 1, 1, 0, false, false },
	{ "two question marks", LINE("GET /a?b?c HTTP/1.1"), "GET", "/a", "b?c", 1, 1, 0, false, false },
	{ "two slashes", LINE("GET //a//b HTTP/1.1"), "GET", "//a//b", "", 1, 1, 0, false, false },
	{ "visible bytes that URLs do not have", LINE("GET /\"<>\\^`{|}[] HTTP/1.1"), "GET", "/\"<>\\^`{|}[]", "", 1, 1,
	  0, false, false },
	{ "a bad percent sequence, which the caller checks", LINE("GET /%zz% HTTP/1.1"), "GET", "/%zz%", "", 1, 1, 0,
	  false, false },
	{ "HTTP/1.0", "GET / HTTP/1.0\r\n\r\n", "GET", "/", "", 0, 0, 0, false, true },
	{ "HTTP/1.0 with a host", LINE("GET / HTTP/1.0"), "GET", "/", "", 0, 1, 0, false, true },
	{ "HTTP/1.0 with keep-alive", "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "GET", "/", "", 0, 1, 0,
	  false, true },
	{ "HTTP/1.2 (RFC 9110 s2.5)", LINE("GET / HTTP/1.2"), "GET", "/", "", 1, 1, 0, false, false },
	{ "HTTP/1.9", LINE("GET / HTTP/1.9"), "GET", "/", "", 1, 1, 0, false, false },
	{ "an absolute target", LINE("GET http://h/a?b HTTP/1.1"), "GET", "/a", "b", 1, 1, 0, false, false },
	{ "an absolute target in upper case", LINE("GET HTTP://H/a HTTP/1.1"), "GET", "/a", "", 1, 1, 0, false, false },
	{ "an absolute target of TLS", LINE("GET https://h/ HTTP/1.1"), "GET", "/", "", 1, 1, 0, false, false },
	{ "an absolute target without a path", LINE("GET http://h HTTP/1.1"), "GET", "", "", 1, 1, 0, false, false },
	{ "an absolute target of a query only", LINE("GET http://h?a/b HTTP/1.1"), "GET", "", "a/b", 1, 1, 0, false,
	  false },
	{ "the default port, named once", LINE("GET http://h:80/ HTTP/1.1"), "GET", "/", "", 1, 1, 0, false, false },
	{ "the default port of TLS", LINE("GET https://h:443/ HTTP/1.1"), "GET", "/", "", 1, 1, 0, false, false },
	{ "an empty port", LINE("GET http://h:/ HTTP/1.1"), "GET", "/", "", 1, 1, 0, false, false },
	{ "an absolute target in HTTP/1.0", LINE("GET http://h/ HTTP/1.0"), "GET", "/", "", 0, 1, 0, false, true },
	{ "a port", NAMED("h:8080"), "GET", "/", "", 1, 1, 0, false, false },
	{ "an address", NAMED("[2001:db8::1]:8080"), "GET", "/", "", 1, 1, 0, false, false },
	{ "a host with a percent sequence", NAMED("h%41"), "GET", "/", "", 1, 1, 0, false, false },
	{ "no space after the colon", HEAD("A:b\r\n"), "GET", "/", "", 1, 2, 0, false, false },
	{ "much white space around a value", HEAD("A:\t  b c\t \r\n"), "GET", "/", "", 1, 2, 0, false, false },
	{ "an empty value", HEAD("A:\r\nB: \r\n"), "GET", "/", "", 1, 3, 0, false, false },
	{ "a name with an underscore", HEAD("a_b: c\r\n"), "GET", "/", "", 1, 2, 0, false, false },
	{ "a colon in a value", HEAD("A: b:c\r\n"), "GET", "/", "", 1, 2, 0, false, false },
	{ "bytes above 0x7f in a value", HEAD("A: \xc3\xa9\xff\r\n"), "GET", "/", "", 1, 2, 0, false, false },
	{ "a tab in a value", HEAD("A: b\tc, a long value of more than a few words\r\n"), "GET", "/", "", 1, 2, 0,
	  false, false },
	{ "the same field twice", HEAD("A: b\r\nA: c\r\n"), "GET", "/", "", 1, 3, 0, false, false },
	{ "names that are similar to known names",
	  HEAD("Hosts: a\r\nHos: b\r\nHosu: c\r\nContent-Lengti: d\r\nTransfer_Encoding: e\r\n"), "GET", "/", "", 1, 6,
	  0, false, false },
	{ "a body", HEAD("Content-Length: 3\r\n"), "GET", "/", "", 1, 2, 3, false, false },
	{ "a length with a name in other case", HEAD("CONTENT-length:3 \r\n"), "GET", "/", "", 1, 2, 3, false, false },
	{ "a length with zeros before it", HEAD("Content-Length: 0000000000000000000000000003\r\n"), "GET", "/", "", 1,
	  2, 3, false, false },
	{ "a length of 0", HEAD("Content-Length: 0\r\n"), "GET", "/", "", 1, 2, 0, false, false },
	{ "a length of 2^64 - 2", HEAD("Content-Length: 18446744073709551614\r\n"), "GET", "/", "", 1, 2,
	  UINT64_MAX - 1, false, false },
	{ "a length of 2^64 - 1", HEAD("Content-Length: 18446744073709551615\r\n"), "GET", "/", "", 1, 2, UINT64_MAX,
	  false, false },
	{ "a length of 2^64", HEAD("Content-Length: 18446744073709551616\r\n"), "GET", "/", "", 1, 2, UINT64_MAX, false,
	  false },
	{ "a length that wraps to 3", HEAD("Content-Length: 18446744073709551619\r\n"), "GET", "/", "", 1, 2,
	  UINT64_MAX, false, false },
	{ "a length of 30 digits", HEAD("Content-Length: 100000000000000000000000000000\r\n"), "GET", "/", "", 1, 2,
	  UINT64_MAX, false, false },
	{ "a body that waits for 100", HEAD("Content-Length: 3\r\nExpect: 100-continue\r\n"), "GET", "/", "", 1, 3, 3,
	  true, false },
	{ "a body that waits for 100, in other case", HEAD("EXPECT: a, 100-Continue\r\nContent-Length: 3\r\n"), "GET",
	  "/", "", 1, 3, 3, true, false },
	{ "no body, but waiting for 100", HEAD("Content-Length: 0\r\nExpect: 100-continue\r\n"), "GET", "/", "", 1, 3,
	  0, false, false },
	{ "another expectation", HEAD("Content-Length: 3\r\nExpect: 100-continue-not\r\n"), "GET", "/", "", 1, 3, 3,
	  false, false },
	{ "HTTP/1.0 that waits for 100 (RFC 9110 s10.1.1)",
	  "POST / HTTP/1.0\r\nContent-Length: 3\r\nExpect: 100-continue\r\n\r\n", "POST", "/", "", 0, 2, 3, false,
	  true },
	{ "a last request", HEAD("Connection: close\r\n"), "GET", "/", "", 1, 2, 0, false, true },
	{ "a last request, in a list", HEAD("connection: a,\t, Close ,b\r\n"), "GET", "/", "", 1, 2, 0, false, true },
	{ "a last request, in a second field", HEAD("Connection: a\r\nConnection: close\r\n"), "GET", "/", "", 1, 3, 0,
	  false, true },
	{ "a connection that stays open", HEAD("Connection: keep-alive, closed, close-not\r\n"), "GET", "/", "", 1, 2,
	  0, false, false },
	{ "a type that the caller checks", HEAD("Content-Type: a\r\nContent-Type: b\r\n"), "GET", "/", "", 1, 3, 0,
	  false, false },
};

static bool
whole_fits(const struct whole *w, const struct parser *p, str text)
{
	return span_is(text, p->method, str_of(w->method)) && span_is(text, p->path, str_of(w->path)) &&
	       span_is(text, p->query, str_of(w->query)) && p->minor == w->minor && p->field_count == w->fields &&
	       p->body_bytes == w->body_bytes && p->expects == w->expects && p->closes == w->closes &&
	       p->bytes == text.n;
}

static void
parser_read_takes_well_formed_heads(void **state)
{
	struct parser p;

	(void)state;
	for (size_t i = 0; i < COUNT(wholes); i++) {
		str text = str_of(wholes[i].request);
		int outcome = read_every_way(&p, text, HTTP_HEAD_MAX_BYTES);
		if (outcome != PARSER_WHOLE || !whole_fits(&wholes[i], &p, text))
			fail_msg("%s: outcome %d, path of %u bytes, %u fields, body of %llu", wholes[i].why, outcome,
				 p.path.n, p.field_count, (unsigned long long)p.body_bytes);
	}
}

static void
parser_read_gives_names_and_trimmed_values(void **state)
{
	static const char request[] = "GET /a?b HTTP/1.1\r\nhOsT: h\r\nA:\t b c\t \r\nB:\r\nC:  \r\nD:e\r\n\r\n";
	static const char *const wanted[][2] = {
		{ "hOsT", "h" }, { "A", "b c" }, { "B", "" }, { "C", "" }, { "D", "e" }
	};
	str text = str_of(request);
	struct parser p;

	(void)state;
	assert_int_equal(read_every_way(&p, text, HTTP_HEAD_MAX_BYTES), PARSER_WHOLE);
	assert_int_equal(p.field_count, COUNT(wanted));
	assert_true(span_is(text, p.target, STR("/a?b")));
	for (size_t i = 0; i < COUNT(wanted); i++) {
		assert_true(span_is(text, p.fields[i].name, str_of(wanted[i][0])));
		assert_true(span_is(text, p.fields[i].value, str_of(wanted[i][1])));
	}
}

/* --- malformed heads ---------------------------------------------------------------------------------------------- */

struct refused {
	const char *why, *request;
	int status;
	size_t n; /* bytes of the request, where it holds a NUL */
};
#define WITH_NUL(text) text, 400, sizeof(text) - 1

static const struct refused refuseds[] = {
	/* line ends: RFC 9112 s2.2 */
	{ "a line that ends in LF alone", "GET / HTTP/1.1\r\nHost: h\nX: 1\r\n\r\n", 400 },
	{ "a request line that ends in LF alone", "GET / HTTP/1.1\nHost: h\r\n\r\n", 400 },
	{ "an empty line of LF alone", "GET / HTTP/1.1\r\nHost: h\r\n\n", 400 },
	{ "lines that all end in LF alone", "GET / HTTP/1.1\nHost: h\n\n", 400 },
	{ "a CR in a value", HEAD("X: a\rb\r\n"), 400 },
	{ "a CR for a line end", "GET / HTTP/1.1\rHost: h\r\n\r\n", 400 },
	{ "two CR", "GET / HTTP/1.1\r\r\nHost: h\r\n\r\n", 400 },
	{ "two CR at a field's end", HEAD("X: a\r\r\n"), 400 },
	{ "two CR for the empty line", "GET / HTTP/1.1\r\nHost: h\r\n\r\r\n", 400 },
	{ "an empty line of LF before the request", "\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "two empty lines before the request", "\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "an empty line and LF before the request", "\r\n\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "a CR alone before the request", "\rGET / HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "a line of NUL LF", WITH_NUL("GET / HTTP/1.1\r\nHost: h\r\n\0\n\r\n") },
	{ "a field that ends in NUL LF", WITH_NUL("GET / HTTP/1.1\r\nHost: h\r\nX: 1\0\nY: 2\r\n\r\n") },
	{ "a line of colon LF", "GET / HTTP/1.1\r\nHost: h\r\n:\n\r\n", 400 },
	{ "a NUL before the request line", WITH_NUL("\0GET / HTTP/1.1\r\nHost: h\r\n\r\n") },
	{ "a vertical tab for a line end", HEAD("X: 1\vY: 2\r\n"), 400 },
	/* the request line: RFC 9112 s3 */
	{ "white space before the method", " GET / HTTP/1.1\r\nHost: h\r\n\r\n", 400 },
	{ "a method that is not a token", LINE("G(T / HTTP/1.1"), 400 },
	{ "a method in quotes", LINE("\"GET\" / HTTP/1.1"), 400 },
	{ "a tab after the method", LINE("GET\t/ HTTP/1.1"), 400 },
	{ "two spaces", LINE("GET  / HTTP/1.1"), 400 },
	{ "two spaces before the version", LINE("GET /  HTTP/1.1"), 400 },
	{ "a tab before the version", LINE("GET /\tHTTP/1.1"), 400 },
	{ "a space after the version", LINE("GET / HTTP/1.1 "), 400 },
	{ "a method only", LINE("GET"), 400 },
	{ "no target", LINE("GET HTTP/1.1"), 400 },
	{ "an empty target", LINE("GET  HTTP/1.1"), 400 },
	{ "a fragment", LINE("GET /#x HTTP/1.1"), 400 },
	{ "a space in the target", LINE("GET /in line HTTP/1.1"), 400 },
	{ "a control byte in the target", LINE("GET /in\001line HTTP/1.1"), 400 },
	{ "a DEL in the target", LINE("GET /in\x7fline HTTP/1.1"), 400 },
	{ "a byte over 0x7f in the target", LINE("GET /in\xc3\xa9 HTTP/1.1"), 400 },
	{ "a NUL in the target", WITH_NUL("GET /in\0line HTTP/1.1\r\nHost: h\r\n\r\n") },
	{ "a NUL in the method", WITH_NUL("GE\0T / HTTP/1.1\r\nHost: h\r\n\r\n") },
	{ "a relative path", LINE("GET inline HTTP/1.1"), 400 },
	{ "the asterisk form", LINE("OPTIONS * HTTP/1.1"), 400 },
	{ "a tunnel", LINE("CONNECT h:443 HTTP/1.1"), 400 },
	{ "a tunnel to a path", LINE("CONNECT / HTTP/1.1"), 400 },
	{ "a tunnel to a URL", LINE("CONNECT http://h/ HTTP/1.1"), 400 },
	{ "a backslash for a slash", LINE("GET \\a HTTP/1.1"), 400 },
	/* absolute targets: RFC 9112 s3.2.2 */
	{ "another host in the target", LINE("GET http://evil/ HTTP/1.1"), 400 },
	{ "a longer host in the target", LINE("GET http://hh/ HTTP/1.1"), 400 },
	{ "another port in the target", LINE("GET http://h:81/ HTTP/1.1"), 400 },
	{ "the port of another scheme", LINE("GET https://h:80/ HTTP/1.1"), 400 },
	{ "a port in Host only", "GET http://h/ HTTP/1.1\r\nHost: h:81\r\n\r\n", 400 },
	{ "another scheme", LINE("GET ftp://h/ HTTP/1.1"), 400 },
	{ "a scheme without slashes", LINE("GET http:h/ HTTP/1.1"), 400 },
	{ "a scheme with one slash", LINE("GET http:/h HTTP/1.1"), 400 },
	{ "a scheme only", LINE("GET http:// HTTP/1.1"), 400 },
	{ "no host in the target", LINE("GET http:///a HTTP/1.1"), 400 },
	{ "a query instead of a host", LINE("GET http://?h HTTP/1.1"), 400 },
	{ "a user in the target", LINE("GET http://u@h/ HTTP/1.1"), 400 },
	{ "a host that a backslash ends", LINE("GET http://h\\a/ HTTP/1.1"), 400 },
	{ "an absolute target without Host", "GET http://h/ HTTP/1.0\r\n\r\n", 400 },
	/* the version: RFC 9112 s2.3 */
	{ "no version", LINE("GET /"), 400 },
	{ "HTTP/0.9", "GET /\r\n", 400 },
	{ "HTTP/0.9 by name", LINE("GET / HTTP/0.9"), 400 },
	{ "HTTP/2.0", LINE("GET / HTTP/2.0"), 400 },
	{ "the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400 },
	{ "HTTP/1.10", LINE("GET / HTTP/1.10"), 400 },
	{ "HTTP/1.", LINE("GET / HTTP/1."), 400 },
	{ "HTTP/1", LINE("GET / HTTP/1"), 400 },
	{ "HTTP/01.1", LINE("GET / HTTP/01.1"), 400 },
	{ "HTTP/1.x", LINE("GET / HTTP/1.x"), 400 },
	{ "HTTP 1.1", LINE("GET / HTTP 1.1"), 400 },
	{ "a version in lower case", LINE("GET / http/1.1"), 400 },
	{ "another protocol", LINE("GET / RTSP/1.1"), 400 },
	{ "a longer protocol name", LINE("GET / XHTTP/1.1"), 400 },
	/* fields: RFC 9112 s5 */
	{ "a folded line (s5.2)", HEAD("X: 1\r\n 2\r\n"), 400 },
	{ "a folded line with a tab", HEAD("X: 1\r\n\t2\r\n"), 400 },
	{ "a folded length", HEAD("Content-Length: 1\r\n 0\r\n"), 400 },
	{ "white space after the request line", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400 },
	{ "a line of white space", HEAD(" \r\n"), 400 },
	{ "a space before the colon (s5.1)", "GET / HTTP/1.1\r\nHost : h\r\nHost: h\r\n\r\n", 400 },
	{ "a tab before the colon", HEAD("X\t: 1\r\n"), 400 },
	{ "a hidden length", HEAD("Content-Length : 3\r\n"), 400 },
	{ "a hidden coding", HEAD("Transfer-Encoding : chunked\r\n"), 400 },
	{ "a line without a colon", HEAD("nonsense\r\n"), 400 },
	{ "a line without a name", HEAD(": x\r\n"), 400 },
	{ "a name that is not a token", HEAD("X(: 1\r\n"), 400 },
	{ "a name with a byte above 0x7f", HEAD("X\xc3\xa9: 1\r\n"), 400 },
	{ "a NUL in a value", WITH_NUL("GET / HTTP/1.1\r\nHost: h\r\nX: h\0evil\r\n\r\n") },
	{ "a NUL in a name", WITH_NUL("GET / HTTP/1.1\r\nHost: h\r\nX\0Y: 1\r\n\r\n") },
	{ "a control byte in a value", HEAD("X: a\001b\r\n"), 400 },
	{ "a control byte after a tab", HEAD("X: a\tb, a value of more than eight bytes\001\r\n"), 400 },
	{ "a DEL in a value", HEAD("X: a\x7f\r\n"), 400 },
	/* Host: RFC 9112 s3.2 */
	{ "no host", "GET / HTTP/1.1\r\n\r\n", 400 },
	{ "no host in HTTP/1.2", "GET / HTTP/1.2\r\n\r\n", 400 },
	{ "an empty host", NAMED(""), 400 },
	{ "an empty host in HTTP/1.0", "GET / HTTP/1.0\r\nHost:\r\n\r\n", 400 },
	{ "two hosts", NAMED("h\r\nHost: h"), 400 },
	{ "two hosts with names in other case", NAMED("h\r\nhOST: h"), 400 },
	{ "two hosts in one field", NAMED("h, h"), 400 },
	{ "two hosts in HTTP/1.0", "GET / HTTP/1.0\r\nHost: h\r\nHost: h\r\n\r\n", 400 },
	{ "a host with a path", NAMED("h/x"), 400 },
	{ "a host with a space", NAMED("h x"), 400 },
	{ "a host with a user", NAMED("u@h"), 400 },
	{ "a host with two ports", NAMED("h:80:80"), 400 },
	{ "a port over 65535", NAMED("h:65536"), 400 },
	{ "a port of letters", NAMED("h:http"), 400 },
	{ "a port without a host", NAMED(":80"), 400 },
	{ "an address without its closing bracket", NAMED("[::1"), 400 },
	{ "brackets without an address", NAMED("[h]"), 400 },
	/* the body's end: RFC 9112 s6 */
	{ "a body in chunks (s6.1)", HEAD("Transfer-Encoding: chunked\r\n"), 411 },
	{ "a body in chunks, in other case", HEAD("transfer-ENCODING:  Chunked \r\n"), 411 },
	{ "chunks in HTTP/1.0, which does not have them",
	  "POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
	{ "chunks twice", HEAD("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), 400 },
	{ "chunks twice in one field", HEAD("Transfer-Encoding: chunked, chunked\r\n"), 400 },
	{ "another coding before chunks", HEAD("Transfer-Encoding: gzip, chunked\r\n"), 400 },
	{ "another coding after chunks", HEAD("Transfer-Encoding: chunked, identity\r\n"), 400 },
	{ "another coding in a second field", HEAD("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"),
	  400 },
	{ "chunks with a parameter", HEAD("Transfer-Encoding: chunked;a=b\r\n"), 400 },
	{ "chunks in quotes", HEAD("Transfer-Encoding: \"chunked\"\r\n"), 400 },
	{ "an empty coding", HEAD("Transfer-Encoding:\r\n"), 400 },
	{ "a comma after chunks", HEAD("Transfer-Encoding: chunked,\r\n"), 400 },
	{ "an unknown coding", HEAD("Transfer-Encoding: xchunked\r\n"), 400 },
	{ "a coding that begins like chunked", HEAD("Transfer-Encoding: identity\r\n"), 400 },
	{ "chunks after a vertical tab", HEAD("Transfer-Encoding:\vchunked\r\n"), 400 },
	{ "a length, then chunks (s6.3)", HEAD("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"), 400 },
	{ "chunks, then a length", HEAD("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"), 400 },
	{ "chunks, then a length of 0", HEAD("Transfer-Encoding: chunked\r\nContent-Length: 0\r\n"), 400 },
	{ "chunks without a host", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n", 400 },
	{ "two lengths", HEAD("Content-Length: 3\r\nContent-Length: 3\r\n"), 400 },
	{ "two lengths that differ", HEAD("Content-Length: 3\r\ncontent-length: 4\r\n"), 400 },
	{ "two lengths in one field", HEAD("Content-Length: 3, 3\r\n"), 400 },
	{ "a length with a sign", HEAD("Content-Length: +3\r\n"), 400 },
	{ "a negative length", HEAD("Content-Length: -3\r\n"), 400 },
	{ "a length in hex", HEAD("Content-Length: 0x3\r\n"), 400 },
	{ "a length with a decimal point", HEAD("Content-Length: 3.0\r\n"), 400 },
	{ "a length with a space", HEAD("Content-Length: 1 0\r\n"), 400 },
	{ "a length and another digit", HEAD("Content-Length: 3\xef\xbc\x93\r\n"), 400 },
	{ "a length in quotes", HEAD("Content-Length: \"3\"\r\n"), 400 },
	{ "an empty length", HEAD("Content-Length:\r\n"), 400 },
	{ "a length beyond 64 bits and a letter", HEAD("Content-Length: 99999999999999999999x\r\n"), 400 },
};

static str
refused_text(const struct refused *r)
{
	return r->n > 0 ? str_bytes(r->request, r->n) : str_of(r->request);
}

static void
parser_read_refuses_malformed_heads(void **state)
{
	struct parser p;

	(void)state;
	for (size_t i = 0; i < COUNT(refuseds); i++) {
		int outcome = read_every_way(&p, refused_text(&refuseds[i]), HTTP_HEAD_MAX_BYTES);
		if (outcome != refuseds[i].status)
			fail_msg("%s: outcome %d", refuseds[i].why, outcome);
	}
}

/* Bytes of another protocol are refused at once: their line end may never come. */
static void
parser_read_refuses_at_the_first_impossible_byte(void **state)
{
	static const struct {
		const char *why;
		str text;
	} cases[] = {
		{ "a TLS ClientHello", STR_INIT("\x16") },
		{ "an SSLv2 ClientHello", STR_INIT("\x80") },
		{ "the PROXY protocol, version 2", STR_INIT("\r\n\r") },
		{ "a NUL", STR_INIT("\0") },
		{ "an LF", STR_INIT("\n") },
		{ "a CR and no LF", STR_INIT("\rG") },
		{ "a second empty line", STR_INIT("\r\n\r") },
		{ "a space", STR_INIT(" ") },
		{ "a folded line", STR_INIT("GET / HTTP/1.1\r\nHost: h\r\n ") },
		{ "a colon", STR_INIT("GET / HTTP/1.1\r\nHost: h\r\n:") },
		{ "a CR and no LF after the fields", STR_INIT("GET / HTTP/1.1\r\nHost: h\r\n\rA") },
	};
	struct parser p;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		parser_begin(&p);
		if (parser_read(&p, cases[i].text.p, cases[i].text.n - 1, HTTP_HEAD_MAX_BYTES) != PARSER_MORE ||
		    parser_read(&p, cases[i].text.p, cases[i].text.n, HTTP_HEAD_MAX_BYTES) != 400)
			fail_msg("%s", cases[i].why);
	}
}

static void
parser_read_waits_for_the_rest_of_a_head(void **state)
{
	static const char request[] =
	    "\r\nPOST http://h/a?b HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\nA: \tb\r\n\r\n";
	struct parser p;

	(void)state;
	for (size_t n = 0; n < sizeof(request) - 1; n++)
		assert_int_equal(read_every_way(&p, str_bytes(request, n), HTTP_HEAD_MAX_BYTES), PARSER_MORE);
}

/* The earliest error decides, even if a later line has another error. */
static void
parser_read_reports_the_first_error_of_a_head(void **state)
{
	static const struct {
		const char *why, *request;
		int status;
	} cases[] = {
		{ "a bad field before chunks", HEAD("X y\r\nTransfer-Encoding: chunked\r\n"), 400 },
		{ "a bad field after chunks", HEAD("Transfer-Encoding: chunked\r\nX y\r\n"), 400 },
		{ "chunks for another host", "GET http://x/ HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n",
		  400 },
	};
	struct parser p;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (read_every_way(&p, str_of(cases[i].request), HTTP_HEAD_MAX_BYTES) != cases[i].status)
			fail_msg("%s", cases[i].why);
}

static void
parser_read_repeats_its_outcome(void **state)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET";
	struct parser p;

	(void)state;
	for (int i = 0; i < 3; i++) {
		parser_begin(&p);
		assert_int_equal(parser_read(&p, request, sizeof(request) - 1, HTTP_HEAD_MAX_BYTES), PARSER_WHOLE);
		assert_int_equal(parser_read(&p, request, sizeof(request) - 1, HTTP_HEAD_MAX_BYTES), PARSER_WHOLE);
		assert_int_equal(p.bytes, sizeof(request) - 1 - 3);
		parser_begin(&p);
		assert_int_equal(parser_read(&p, "\n", 1, HTTP_HEAD_MAX_BYTES), 400);
		assert_int_equal(parser_read(&p, "\nG", 2, HTTP_HEAD_MAX_BYTES), 400);
	}
}

static void
request_line_is_kept_when_a_field_is_refused(void **state)
{
	str text = STR("PUT /a?b HTTP/1.0\r\nX y\r\n\r\n");
	struct parser p;

	(void)state;
	assert_int_equal(read_every_way(&p, text, HTTP_HEAD_MAX_BYTES), 400);
	assert_true(span_is(text, p.method, STR("PUT")) && span_is(text, p.path, STR("/a")));
	assert_true(span_is(text, p.query, STR("b")) && p.minor == 0);
}

static void
refused_request_line_leaves_no_method(void **state)
{
	struct parser p;

	(void)state;
	assert_int_equal(read_every_way(&p, STR("GET /a HTTP/3.0\r\n"), HTTP_HEAD_MAX_BYTES), 400);
	assert_int_equal(p.method.n + p.path.n + p.query.n + p.target.n, 0);
}

/* --- bytes -------------------------------------------------------------------------------------------------------- */

/* The bytes allowed in each position, as the RFCs list them: tchar, and visible characters. */
static bool
byte_is_tchar(int c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       (c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL);
}

static void
parser_read_classifies_every_byte_of_each_field(void **state)
{
	static const struct {
		const char *before, *after;
	} places[] = { { "GE", "T / HTTP/1.1\r\nHost: h\r\n\r\n" },
		       { "GET /a", "b HTTP/1.1\r\nHost: h\r\n\r\n" },
		       { "GET / HTTP/1.1\r\nHost: h\r\nA", "B: c\r\n\r\n" },
		       { "GET / HTTP/1.1\r\nHost: h\r\nA: 12345", "67890123\r\n\r\n" } };
	struct parser p;
	char text[100];

	(void)state;
	for (int c = 0; c < 256; c++) {
		/* a colon ends a name, and a space in a target gives the line four parts */
		bool fits[] = { byte_is_tchar(c), c > ' ' && c < 0x7f && c != '#', byte_is_tchar(c) || c == ':',
				(c >= ' ' && c != 0x7f) || c == '\t' };
		for (size_t i = 0; i < COUNT(places); i++) {
			int n = snprintf(text, sizeof(text), "%s%c%s", places[i].before, c, places[i].after);
			int outcome = read_every_way(&p, str_bytes(text, (size_t)n), HTTP_HEAD_MAX_BYTES);
			if (outcome != (fits[i] ? PARSER_WHOLE : 400))
				fail_msg("byte 0x%02x, position %zu: outcome %d", c, i, outcome);
		}
	}
}

static void
parser_value_good_refuses_control_bytes(void **state)
{
	char text[20];

	(void)state;
	assert_true(parser_value_good(STR("")) && parser_value_good(STR("a\tb \xff")));
	for (size_t n = 1; n < sizeof(text); n++) {
		for (int c = 0; c < 256; c++) {
			memset(text, 'a', sizeof(text));
			text[n - 1] = (char)c;
			bool good = (c >= ' ' && c != 0x7f) || c == '\t';
			assert_int_equal(parser_value_good(str_bytes(text, n)), good);
			assert_int_equal(parser_value_good(str_bytes(text + n - 1, sizeof(text) - n + 1)), good);
		}
	}
}

static void
parser_token_good_takes_tokens_only(void **state)
{
	char byte;

	(void)state;
	assert_false(parser_token_good(STR("")));
	assert_true(parser_token_good(STR("X-Real_IP")));
	assert_false(parser_token_good(STR("X Y")) || parser_token_good(STR("X:")) || parser_token_good(STR("\r\n")));
	for (int c = 0; c < 256; c++) {
		byte = (char)c;
		assert_int_equal(parser_token_good(str_bytes(&byte, 1)), byte_is_tchar(c));
	}
}

/* --- limits ------------------------------------------------------------------------------------------------------- */

static str
text_with(char *buffer, const char *before, size_t n, char filler, const char *after)
{
	size_t b = strlen(before), e = strlen(after);

	memcpy(buffer, before, b);
	memset(buffer + b, filler, n);
	memcpy(buffer + b + n, after, e);
	return str_bytes(buffer, b + n + e);
}

/* Cut at each of the last bytes, at some earlier positions, and byte by byte. */
static int
read_some_ways(struct parser *p, str text, size_t max)
{
	struct parser q;
	int outcome;

	parser_begin(p);
	outcome = parser_read(p, text.p, text.n, max);
	for (size_t cut = 0; cut < text.n; cut += cut + 40 < text.n && (cut + 40 < max || cut > max) ? 37 : 1)
		if (read_in_two(&q, text, cut, max) != outcome || !parsers_equal(p, &q))
			return -1;
	parser_begin(&q);
	for (size_t n = 0; n < text.n; n++)
		(void)parser_read(&q, text.p, n, max);
	return parser_read(&q, text.p, text.n, max) == outcome && parsers_equal(p, &q) ? outcome : -1;
}

static void
parser_read_enforces_its_limits(void **state)
{
	static const char end[] = " HTTP/1.1\r\nHost: h\r\n\r\n";
	static const struct {
		const char *why, *before;
		size_t n;
		char filler;
		const char *after;
		size_t max;
		int outcome;
	} cases[] = {
		{ "a target of 9 KiB", "GET /", 9215, 'a', end, 16384, PARSER_WHOLE },
		{ "a target of one byte over 9 KiB", "GET /", 9216, 'a', end, 16384, 414 },
		{ "a target and query of one byte over 9 KiB", "GET /?", 9215, 'a', end, 16384, 414 },
		{ "an absolute target of one byte over 9 KiB", "GET http://h/", 9216 - 8, 'a', end, 16384, 414 },
		{ "a target longer than the head's limit", "GET /", 40000, 'a', end, 16384, 414 },
		{ "a long target without an end", "GET /", 40000, 'a', "", 16384, 414 },
		{ "a long target that is malformed", "GET /#", 9216, 'a', end, 16384, 414 },
		{ "a long target after a bad method", "G(T /", 9216, 'a', end, 16384, 414 },
		{ "a long target and a bare LF", "GET /", 9216, 'a', " HTTP/1.1\n", 16384, 414 },
		{ "a long target of HTTP/0.9", "GET /", 9216, 'a', "\r\n", 16384, 414 },
		{ "a head of 64 KiB with a target of 9 KiB", "GET /", 9215, 'a', end, 65536, PARSER_WHOLE },
		{ "a method longer than the head's limit", "", 40000, 'a', end, 16384, 431 },
		{ "a method of one byte over 9 KiB, then a path", "", 9217, 'a', " / HTTP/1.1\r\nHost: h\r\n\r\n",
		  16384, PARSER_WHOLE },
		{ "a head of 16 KiB", "GET / HTTP/1.1\r\nHost: h\r\nX: ", 16384 - 32, 'a', "\r\n\r\n", 16384,
		  PARSER_WHOLE },
		{ "a head of one byte over 16 KiB", "GET / HTTP/1.1\r\nHost: h\r\nX: ", 16384 - 31, 'a', "\r\n\r\n",
		  16384, 431 },
		{ "a head whose empty line exceeds the limit", "GET / HTTP/1.1\r\nHost: h\r\nX: ", 16384 - 30, 'a',
		  "\r\n\r\n", 16384, 431 },
		{ "a bad line after the limit", "GET / HTTP/1.1\r\nHost: h\r\nX: ", 16384 - 30, 'a', "\r\n b\r\n",
		  16384, 431 },
		{ "a bad line at the limit", "GET / HTTP/1.1\r\nHost: h\r\nX: ", 16384 - 31, 'a', "\r\n b\r\n", 16384,
		  400 },
		{ "a malformed line of over 16 KiB", "GET / HTTP/1.1\r\nHost: h\r\nX\001: ", 16384, 'a', "\r\n\r\n",
		  16384, 431 },
		{ "a name of over 16 KiB", "GET / HTTP/1.1\r\nHost: h\r\n", 16384, 'a', ": 1\r\n\r\n", 16384, 431 },
		{ "a head of 64 KiB", "GET / HTTP/1.1\r\nHost: h\r\nX: ", 65536 - 32, 'a', "\r\n\r\n", 65536,
		  PARSER_WHOLE },
		{ "a head of one byte over 64 KiB", "GET / HTTP/1.1\r\nHost: h\r\nX: ", 65536 - 31, 'a', "\r\n\r\n",
		  65536, 431 },
		{ "a small limit", "GET / HTTP/1.1\r\nHost: h\r\nX: ", 100 - 32, 'a', "\r\n\r\n", 100, PARSER_WHOLE },
		{ "one byte over a small limit", "GET / HTTP/1.1\r\nHost: h\r\nX: ", 100 - 31, 'a', "\r\n\r\n", 100,
		  431 },
		{ "an empty line counts too", "\r\nGET / HTTP/1.1\r\nHost: h\r\nX: ", 100 - 33, 'a', "\r\n\r\n", 100,
		  431 },
		{ "a host of 255 bytes", "GET / HTTP/1.1\r\nHost: ", 255, 'h', "\r\n\r\n", 16384, PARSER_WHOLE },
		{ "a host of 256 bytes", "GET / HTTP/1.1\r\nHost: ", 256, 'h', "\r\n\r\n", 16384, 400 },
	};
	char *buffer = malloc(100000);
	struct parser p;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		str text = text_with(buffer, cases[i].before, cases[i].n, cases[i].filler, cases[i].after);
		int outcome = read_some_ways(&p, text, cases[i].max);
		if (outcome != cases[i].outcome)
			fail_msg("%s: outcome %d", cases[i].why, outcome);
	}
	free(buffer);
}

static void
parser_read_counts_fields(void **state)
{
	static const struct {
		const char *why;
		unsigned fields; /* besides Host */
		const char *rest;
		int outcome;
	} cases[] = {
		{ "100 fields", 99, "\r\n", PARSER_WHOLE },
		{ "101 fields", 100, "\r\n", 431 },
		{ "100 fields and no empty line", 99, "", PARSER_MORE },
		{ "101 fields, the last malformed", 99, "no colon\r\n", 431 },
		{ "101 fields, the last without an end", 99, "A", PARSER_MORE },
		{ "100 fields, then a folded line", 99, " c\r\n", 400 },
		{ "100 fields, the last malformed", 98, "no colon\r\n", 400 },
	};
	struct parser p;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(buf_wipe) struct buf text = BUF(8192);
		buf_put(&text, STR("GET / HTTP/1.1\r\nHost: h\r\n"));
		for (unsigned n = 0; n < cases[i].fields; n++)
			buf_put(&text, STR("A: b\r\n"));
		buf_put(&text, str_of(cases[i].rest));
		int outcome = read_every_way(&p, buf_str(&text), HTTP_HEAD_MAX_BYTES);
		if (outcome != cases[i].outcome)
			fail_msg("%s: outcome %d", cases[i].why, outcome);
	}
}

/* --- pipelines ---------------------------------------------------------------------------------------------------- */

/* Read all complete requests; returns their number, and the outcome of the next request. */
static size_t
read_pipeline(str text, size_t step, int *ret_outcome)
{
	struct parser p;
	size_t count = 0, n = 0;

	parser_begin(&p);
	for (;;) {
		*ret_outcome = parser_read(&p, text.p, n, HTTP_HEAD_MAX_BYTES);
		if (*ret_outcome == PARSER_WHOLE && text.n - p.bytes >= p.body_bytes) {
			text = str_from(text, p.bytes + (size_t)p.body_bytes);
			count++;
			n = 0;
			parser_begin(&p);
		} else if (*ret_outcome == PARSER_MORE && n < text.n) {
			n = n + step < text.n ? n + step : text.n;
		} else {
			return count;
		}
	}
}

static void
parser_read_finds_pipelined_requests_one_by_one(void **state)
{
	static const char *const pieces[] = {
		"GET /a HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 26\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n",
		"\r\nHEAD http://h/c HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST /d HTTP/1.0\r\nContent-Length: 2\r\n\r\n\r\n",
	};
	CLEANUP(buf_wipe) struct buf text = BUF(65536);
	int outcome;

	(void)state;
	for (size_t i = 0; i < 64; i++)
		buf_put(&text, str_of(pieces[(i * 7 + i / 5) % COUNT(pieces)]));
	for (size_t step = 1; step < 100; step++) {
		assert_int_equal(read_pipeline(buf_str(&text), step, &outcome), 64);
		assert_int_equal(outcome, PARSER_MORE);
	}
	buf_put(&text, STR("GET /e HTTP/1.1\r\nHost: h\n\r\n"));
	for (size_t step = 1; step < 100; step++) {
		assert_int_equal(read_pipeline(buf_str(&text), step, &outcome), 64);
		assert_int_equal(outcome, 400);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parser_read_takes_well_formed_heads),
		cmocka_unit_test(parser_read_gives_names_and_trimmed_values),
		cmocka_unit_test(parser_read_refuses_malformed_heads),
		cmocka_unit_test(parser_read_refuses_at_the_first_impossible_byte),
		cmocka_unit_test(parser_read_waits_for_the_rest_of_a_head),
		cmocka_unit_test(parser_read_reports_the_first_error_of_a_head),
		cmocka_unit_test(parser_read_repeats_its_outcome),
		cmocka_unit_test(request_line_is_kept_when_a_field_is_refused),
		cmocka_unit_test(refused_request_line_leaves_no_method),
		cmocka_unit_test(parser_read_classifies_every_byte_of_each_field),
		cmocka_unit_test(parser_value_good_refuses_control_bytes),
		cmocka_unit_test(parser_token_good_takes_tokens_only),
		cmocka_unit_test(parser_read_enforces_its_limits),
		cmocka_unit_test(parser_read_counts_fields),
		cmocka_unit_test(parser_read_finds_pipelined_requests_one_by_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
