/*
 * Request heads, line by line: see parser.h.
 *
 * The outcome depends only on the first max_bytes bytes.  Errors are found in the order of the bytes.  Within a
 * line the checks are:
 *
 *	1. the first byte, as soon as it is received: 400
 *	2. the size: 414, 431
 *	3. the content: 400
 *
 * After the empty line the fields are checked together: 400, 411.  Positions are offsets from the first byte of the
 * head.  Each access follows a comparison of its offset, so that tools/prove_parser can prove that it is within the
 * buffer.
 */
#include "http/parser.h"

#include "base/authority.h"

enum { MALFORMED = 400, LENGTH_REQUIRED = 411, TARGET_TOO_LONG = 414, HEAD_TOO_LARGE = 431 };
enum { STAGE_START, STAGE_AFTER_EMPTY_LINE, STAGE_FIELDS };
enum { SEEN_HOST = 1, SEEN_LENGTH = 2, SEEN_CHUNKED = 4 };

/* --- bytes -------------------------------------------------------------------------------------------------------- */

enum {
	IN_TOKEN = 1,  /* RFC 9110 s5.6.2 */
	IN_TARGET = 2, /* visible bytes except '#': RFC 9112 s3.2 */
	IN_VALUE = 4,  /* VCHAR, obs-text, SP, HTAB: RFC 9110 s5.5 */
	IN_DIGITS = 8,
	IN_SPACE = 16, /* RFC 9110 s5.6.3 */
	VISIBLE = IN_VALUE | IN_TARGET,
	LETTER = VISIBLE | IN_TOKEN,
	BLANK = IN_VALUE | IN_SPACE
};

static const unsigned char parser_bytes_in[256] = {
	['\t'] = BLANK,
	[' '] = BLANK,
	['!'] = LETTER,
	['"'] = VISIBLE,
	['#'] = IN_VALUE | IN_TOKEN,
	['$' ... '\''] = LETTER,
	['(' ... ')'] = VISIBLE,
	['*' ... '+'] = LETTER,
	[','] = VISIBLE,
	['-' ... '.'] = LETTER,
	['/'] = VISIBLE,
	['0' ... '9'] = LETTER | IN_DIGITS,
	[':' ... '@'] = VISIBLE,
	['A' ... 'Z'] = LETTER,
	['[' ... ']'] = VISIBLE,
	['^' ... 'z'] = LETTER,
	['{'] = VISIBLE,
	['|'] = LETTER,
	['}'] = VISIBLE,
	['~'] = LETTER,
	[0x80 ... 0xff] = IN_VALUE,
};

static bool
parser_is_in(char byte, unsigned set)
{
	return (parser_bytes_in[(unsigned char)byte] & set) != 0;
}

/* Offset of the first byte from `at` on that is not in the set. */
static size_t
parser_run(const char *bytes, size_t at, size_t end, unsigned set)
{
	while (at < end && parser_is_in(bytes[at], set))
		at++;
	return at;
}

static size_t
parser_find(const char *bytes, size_t at, size_t end, char byte)
{
	while (at < end && bytes[at] != byte)
		at++;
	return at;
}

/* parser_find for LF, faster. */
static size_t
parser_find_lf(const char *bytes, size_t at, size_t end)
{
	const char *lf = at < end ? memchr(bytes + at, '\n', end - at) : NULL;

	return lf == NULL ? end : (size_t)(lf - bytes);
}

static void
parser_trim(const char *bytes, size_t *at, size_t *end)
{
	*at = parser_run(bytes, *at, *end, IN_SPACE);
	while (*end > *at && parser_is_in(bytes[*end - 1], IN_SPACE))
		(*end)--;
}

/* Compares without case; the length is checked first. */
static bool
parser_starts(const char *bytes, size_t at, size_t end, str text)
{
	return at + text.n <= end && str_equal_nocase(str_bytes(bytes + at, text.n), text);
}

static bool
parser_equal(const char *bytes, size_t at, size_t end, str text)
{
	return at + text.n == end && parser_starts(bytes, at, end, text);
}

/* A line ends in CR LF (RFC 9112 s2.2).  Move *end from the LF back to the end of the content. */
static bool
parser_cut_cr(const char *bytes, size_t at, size_t *end)
{
	return *end > at && bytes[--*end] == '\r';
}

static struct span
parser_span(size_t at, size_t end)
{
	return (struct span){ (uint32_t)at, (uint32_t)(end - at) };
}

/* Control bytes, tab included; checks eight bytes at once. */
static bool
parser_has_control(const char *bytes, size_t at, size_t end)
{
	return at < end && str_has_control(str_bytes(bytes + at, end - at));
}

bool
parser_value_good(str value)
{
	return !str_has_control(value) || parser_run(value.p, 0, value.n, IN_VALUE) == value.n;
}

bool
parser_token_good(str token)
{
	return token.n > 0 && parser_run(token.p, 0, token.n, IN_TOKEN) == token.n;
}

/* --- the request line: method SP request-target SP HTTP-version (RFC 9112 s3) ------------------------------------- */

/* The target is the text between the first and the second space.  The line may be incomplete. */
static bool
parser_target_is_long(const char *bytes, size_t at, size_t end)
{
	size_t target = end - at > HTTP_URI_MAX_BYTES ? parser_find(bytes, at, end, ' ') + 1 : end;

	return target < end && parser_find(bytes, target, end, ' ') - target > HTTP_URI_MAX_BYTES;
}

/*
 * "http://host/path", the form that proxies receive (absolute-form, RFC 9112 s3.2.2).  The authority is compared
 * with Host after all fields are read.  The server refuses authority-form (CONNECT, s3.2.3) and asterisk-form,
 * which are for tunnels and for the server as a whole.
 */
static bool
parser_absolute_target(struct parser *p, const char *bytes, size_t at, size_t end, size_t *ret_path)
{
	bool tls = parser_starts(bytes, at, end, STR("https://"));
	size_t host = at + (tls ? sizeof("https://") : sizeof("http://")) - 1, path = host;

	if (!tls && !parser_starts(bytes, at, end, STR("http://")))
		return false;
	while (path < end && bytes[path] != '/' && bytes[path] != '?')
		path++;
	p->default_port = tls ? PORT_HTTPS : PORT_HTTP;
	p->authority = parser_span(host, path);
	*ret_path = path;
	return path > host;
}

/* RFC 9112 s3.2 */
static bool
parser_target(struct parser *p, const char *bytes, size_t at, size_t end)
{
	size_t path = at;

	if (at >= end || (bytes[at] != '/' && !parser_absolute_target(p, bytes, at, end, &path)))
		return false;
	size_t path_end = parser_find(bytes, path, end, '?');
	p->target = parser_span(at, end);
	p->path = parser_span(path, path_end);
	p->query = parser_span(path_end < end ? path_end + 1 : end, end);
	return true;
}

/* Upper case, one digit for each number (RFC 9112 s2.3). */
static bool
parser_is_version_1(const char *bytes, size_t at, size_t end)
{
	const str name = STR("HTTP/1.");

	return at + name.n + 1 == end && str_equal(str_bytes(bytes + at, name.n), name) &&
	       parser_is_in(bytes[end - 1], IN_DIGITS);
}

static int
parser_request_line(struct parser *p, const char *bytes, size_t at, size_t end)
{
	if (parser_target_is_long(bytes, at, end))
		return TARGET_TOO_LONG;
	if (!parser_cut_cr(bytes, at, &end))
		return MALFORMED;
	size_t method_end = parser_run(bytes, at, end, IN_TOKEN), target = method_end + 1;
	size_t target_end = parser_run(bytes, target, end, IN_TARGET);
	if (method_end >= end || target_end >= end || bytes[method_end] != ' ' || bytes[target_end] != ' ' ||
	    parser_equal(bytes, at, method_end, STR("CONNECT")) || !parser_is_version_1(bytes, target_end + 1, end) ||
	    !parser_target(p, bytes, target, target_end))
		return MALFORMED;
	p->method = parser_span(at, method_end);
	p->minor = bytes[end - 1] == '0' ? 0 : 1;
	p->stage = STAGE_FIELDS;
	return PARSER_MORE;
}

/* --- fields that the parser reads; each function returns PARSER_MORE or a status ---------------------------------- */

/* An empty authority is malformed. */
static err
parser_authority(const char *bytes, size_t at, size_t n, size_t end, unsigned default_port,
		 struct authority *ret_authority)
{
	if (at > end || n > end - at)
		return ERR_INVALID;
	return authority_read(str_bytes(bytes + at, n), default_port, ret_authority);
}

/* Occurs once: a host, optionally with a port.  RFC 9112 s3.2, RFC 9110 s7.2. */
static int
parser_host(struct parser *p, const char *bytes, size_t at, size_t end)
{
	struct authority host;

	if ((p->seen & SEEN_HOST) != 0 || parser_authority(bytes, at, end - at, end, PORT_HTTP, &host) != ERR_OK)
		return MALFORMED;
	p->seen |= SEEN_HOST;
	p->host = parser_span(at, end);
	return PARSER_MORE;
}

/* Occurs once, digits only: RFC 9112 s6.3, RFC 9110 s8.6. */
static int
parser_content_length(struct parser *p, const char *bytes, size_t at, size_t end)
{
	if ((p->seen & SEEN_LENGTH) != 0 || at == end || parser_run(bytes, at, end, IN_DIGITS) != end)
		return MALFORMED;
	p->seen |= SEEN_LENGTH;
	for (; at < end; at++) {
		uint64_t digit = (uint64_t)(bytes[at] - '0');
		p->body_bytes = p->body_bytes > (UINT64_MAX - digit) / 10 ? UINT64_MAX : p->body_bytes * 10 + digit;
	}
	return PARSER_MORE;
}

/*
 * Occurs once, is "chunked" only, and not in HTTP/1.0.  Otherwise two programs could see the end of the body in
 * different places (RFC 9112 s6.1).
 */
static int
parser_transfer_encoding(struct parser *p, const char *bytes, size_t at, size_t end)
{
	if ((p->seen & SEEN_CHUNKED) != 0 || p->minor == 0 || !parser_equal(bytes, at, end, STR("chunked")))
		return MALFORMED;
	p->seen |= SEEN_CHUNKED;
	return PARSER_MORE;
}

/* Is the text an element of the comma-separated list?  RFC 9110 s5.6.1. */
static bool
parser_list_has(const char *bytes, size_t at, size_t end, str element)
{
	while (at < end) {
		size_t comma = parser_find(bytes, at, end, ','), last = comma;
		parser_trim(bytes, &at, &last);
		if (parser_equal(bytes, at, last, element))
			return true;
		at = comma + 1;
	}
	return false;
}

/* The name ends at the colon.  Expectations other than 100-continue are ignored: RFC 9110 s10.1.1. */
static int
parser_known_field(struct parser *p, const char *bytes, size_t at, size_t colon, size_t value, size_t end)
{
	if (parser_equal(bytes, at, colon, STR("Host")))
		return parser_host(p, bytes, value, end);
	if (parser_equal(bytes, at, colon, STR("Content-Length")))
		return parser_content_length(p, bytes, value, end);
	if (parser_equal(bytes, at, colon, STR("Transfer-Encoding")))
		return parser_transfer_encoding(p, bytes, value, end);
	if (parser_equal(bytes, at, colon, STR("Connection"))) /* RFC 9112 s9.6 */
		p->closes = p->closes || parser_list_has(bytes, value, end, STR("close"));
	if (parser_equal(bytes, at, colon, STR("Expect")))
		p->expects = p->expects || parser_list_has(bytes, value, end, STR("100-continue"));
	return PARSER_MORE;
}

/*
 * field-name ":" OWS field-value OWS, without space before the colon and without folded lines (RFC 9112 s5, s5.1,
 * s5.2).
 */
static int
parser_field_line(struct parser *p, const char *bytes, size_t at, size_t end)
{
	if (p->field_count >= HTTP_HEADERS_MAX)
		return HEAD_TOO_LARGE;
	if (!parser_cut_cr(bytes, at, &end))
		return MALFORMED;
	size_t colon = parser_run(bytes, at, end, IN_TOKEN), value = colon + 1;
	if (colon >= end || bytes[colon] != ':' ||
	    (parser_has_control(bytes, value, end) && parser_run(bytes, value, end, IN_VALUE) != end))
		return MALFORMED;
	parser_trim(bytes, &value, &end);
	p->fields[p->field_count++] = (struct parser_field){ parser_span(at, colon), parser_span(value, end) };
	return parser_known_field(p, bytes, at, colon, value, end);
}

/* --- lines -------------------------------------------------------------------------------------------------------- */

/* The authority of an absolute target must equal Host: RFC 9112 s3.2.2. */
static bool
parser_authority_is_host(const struct parser *p, const char *bytes, size_t end)
{
	struct authority target, host;

	return parser_authority(bytes, p->authority.at, p->authority.n, end, p->default_port, &target) == ERR_OK &&
	       parser_authority(bytes, p->host.at, p->host.n, end, p->default_port, &host) == ERR_OK &&
	       authority_equal(&target, &host);
}

/* RFC 9112 s3.2 (no Host), s6.1 (a coding beside a length), s9.3 (HTTP/1.0 closes). */
static int
parser_finish(struct parser *p, const char *bytes, size_t end)
{
	if (((p->seen & SEEN_HOST) == 0 && p->minor > 0) ||
	    (p->authority.n > 0 && !parser_authority_is_host(p, bytes, end)))
		return MALFORMED;
	if ((p->seen & SEEN_CHUNKED) != 0)
		return (p->seen & SEEN_LENGTH) != 0 ? MALFORMED : LENGTH_REQUIRED;
	p->closes = p->closes || p->minor == 0;
	p->expects = p->expects && p->minor > 0 && p->body_bytes > 0;
	p->bytes = end;
	return PARSER_WHOLE;
}

/*
 * May a line begin with the bytes received so far?  Methods and field names are tokens; an empty line is CR LF (RFC
 * 9112 s2.2).
 */
static bool
parser_line_begins(const struct parser *p, const char *bytes, size_t at, size_t n)
{
	if (at >= n || parser_is_in(bytes[at], IN_TOKEN))
		return true;
	return p->stage != STAGE_AFTER_EMPTY_LINE && bytes[at] == '\r' && (at + 1 >= n || bytes[at + 1] == '\n');
}

/* The line does not end within the n bytes. */
static int
parser_line_goes_on(const struct parser *p, const char *bytes, size_t n, size_t max_bytes)
{
	if (n < max_bytes)
		return PARSER_MORE;
	return p->stage != STAGE_FIELDS && parser_target_is_long(bytes, p->line, n) ? TARGET_TOO_LONG : HEAD_TOO_LARGE;
}

static int
parser_line(struct parser *p, const char *bytes, size_t at, size_t lf)
{
	bool empty = at + 1 == lf && bytes[at] == '\r', fields = p->stage == STAGE_FIELDS;

	if (!empty)
		return fields ? parser_field_line(p, bytes, at, lf) : parser_request_line(p, bytes, at, lf);
	if (fields)
		return parser_finish(p, bytes, lf + 1);
	p->stage = STAGE_AFTER_EMPTY_LINE;
	return PARSER_MORE;
}

void
parser_begin(struct parser *p)
{
	memset(p, 0, offsetof(struct parser, fields));
}

int
parser_read(struct parser *p, const char *bytes, size_t n, size_t max_bytes)
{
	if (n > max_bytes)
		n = max_bytes;
	while (p->outcome == PARSER_MORE) {
		if (!parser_line_begins(p, bytes, p->line, n))
			return p->outcome = MALFORMED;
		size_t lf = parser_find_lf(bytes, p->scanned, n);
		p->scanned = lf < n ? lf + 1 : n;
		if (lf >= n)
			return p->outcome = parser_line_goes_on(p, bytes, n, max_bytes);
		p->outcome = parser_line(p, bytes, p->line, lf);
		p->line = lf + 1;
	}
	return p->outcome;
}
