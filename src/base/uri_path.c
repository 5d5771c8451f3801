#include "base/uri_path.h"

/* --- one byte ----------------------------------------------------------------------------------------------------- */

static bool
uri_path_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

/* May some program give this decoded byte a special meaning? */
static bool
uri_path_special(char c, bool encoded, char before)
{
	if (c == '/')
		return encoded || before == '/';
	return c == '\\' || c == '%' || c == ';' || c == '?' || c == '#' || uri_path_control(c);
}

/* --- literal paths (nearly all) ----------------------------------------------------------------------------------- */

/* Printable bytes that mean the same to every program: all except those of uri_path_special. */
static const bool uri_path_plain[256] = {
	['!' ... '"'] = true, ['$'] = true,         ['&' ... ':'] = true,
	['<' ... '>'] = true, ['@' ... '['] = true, [']' ... '~'] = true,
};

/* rest: the text after a slash. Does it begin with another slash, or with a segment "." or ".."? */
static bool
uri_path_odd_segment(str rest)
{
	size_t dots = 0;

	while (dots < 3 && dots < rest.n && rest.p[dots] == '.')
		dots++;
	if (dots == 0)
		return rest.n > 0 && rest.p[0] == '/';
	return dots < 3 && (dots == rest.n || rest.p[dots] == '/');
}

static bool
uri_path_literal(str raw)
{
	if (!str_starts(raw, STR("/")) || raw.n > URI_PATH_MAX_BYTES)
		return false;
	for (size_t i = 0; i < raw.n; i++) {
		if (!uri_path_plain[(unsigned char)raw.p[i]])
			return false;
		if (raw.p[i] == '/' && uri_path_odd_segment(str_from(raw, i + 1)))
			return false;
	}
	return true;
}

/* --- dot segments ------------------------------------------------------------------------------------------------- */

/* If the last bytes are an overlong form of one ASCII character, returns their number, else 0. */
static size_t
uri_path_overlong(const unsigned char *p, size_t n, char *ret_byte)
{
	size_t bytes = 0;

	if (n >= 2 && (p[n - 2] & 0xfe) == 0xc0)
		bytes = 2;
	else if (n >= 3 && p[n - 3] == 0xe0 && (p[n - 2] & 0xfe) == 0x80)
		bytes = 3;
	else if (n >= 4 && p[n - 4] == 0xf0 && p[n - 3] == 0x80 && (p[n - 2] & 0xfe) == 0x80)
		bytes = 4;
	if (bytes == 0 || (p[n - 1] & 0xc0) != 0x80)
		return 0;
	*ret_byte = (char)((p[n - 2] & 1) << 6 | (p[n - 1] & 0x3f));
	return bytes;
}

/* If the last bytes are a percent sequence, returns their number, else 0. */
static size_t
uri_path_sequence(const char *p, size_t n, char *ret_byte)
{
	return n >= 3 && p[n - 3] == '%' && str_hex_pair(str_bytes(p + n - 2, 2), ret_byte) ? 3 : 0;
}

/*
 * Decode in place until nothing more can be decoded: the result of a chain of programs that each decode once. Every
 * step shortens the text, so the total time is linear.
 */
static size_t
uri_path_decode_fully(char *p, size_t n)
{
	size_t out = 0;

	for (size_t i = 0; i < n; i++) {
		char c = p[i];
		size_t bytes = 1;
		p[out++] = c;
		while ((bytes = uri_path_sequence(p, out, &c)) > 0 ||
		       (bytes = uri_path_overlong((const unsigned char *)p, out, &c)) > 0) {
			out -= bytes;
			p[out++] = c;
		}
	}
	return out;
}

/* Some programs cut a segment at ';', '?', '#' or a control byte. Others drop control bytes or white space. */
static bool
uri_path_dot_segment(str segment)
{
	size_t dots = 0;

	for (size_t i = 0; i < segment.n; i++) {
		char c = segment.p[i];
		bool cuts = str_has_byte(STR(";?#"), c), control = uri_path_control(c);
		if ((cuts || control) && (dots == 1 || dots == 2))
			return true;
		if (cuts || (c != '.' && c != ' ' && !control))
			return false;
		dots += c == '.' ? 1 : 0;
	}
	return dots == 1 || dots == 2;
}

static bool
uri_path_has_dots(str path)
{
	size_t begin = 0;

	for (size_t i = 0; i <= path.n; i++) {
		if (i < path.n && path.p[i] != '/' && path.p[i] != '\\')
			continue;
		if (uri_path_dot_segment(str_bytes(path.p + begin, i - begin)))
			return true;
		begin = i + 1;
	}
	return false;
}

/* --- public functions --------------------------------------------------------------------------------------------- */

struct uri_path_scan {
	char *out;
	size_t n, certain;
	bool is_certain, ambiguous;
};

static void
uri_path_put(struct uri_path_scan *s, char c, bool encoded)
{
	bool special = uri_path_special(c, encoded, s->n > 0 ? s->out[s->n - 1] : '\0');

	s->ambiguous = s->ambiguous || special;
	s->is_certain = s->is_certain && !special && (unsigned char)c < 0x80;
	s->out[s->n++] = c;
	if (s->is_certain)
		s->certain = s->n;
}

static bool
uri_path_scan(str raw, struct uri_path_scan *s)
{
	if (!str_starts(raw, STR("/")) || raw.n > URI_PATH_MAX_BYTES)
		return false;
	for (size_t i = 0; i < raw.n;) {
		bool encoded = raw.p[i] == '%';
		char c;
		if (!str_percent_next(raw, &i, &c))
			return false;
		uri_path_put(s, c, encoded);
	}
	return true;
}

static bool
uri_path_leads_elsewhere(str decoded)
{
	char fully[URI_PATH_MAX_BYTES];

	memcpy(fully, decoded.p, decoded.n);
	return uri_path_has_dots(str_bytes(fully, uri_path_decode_fully(fully, decoded.n)));
}

/* For a path that is not literal. */
static struct uri_path
uri_path_read_other(str raw, char *decoded)
{
	struct uri_path_scan s = { .out = decoded, .is_certain = true };
	struct uri_path path = { .kind = URI_PATH_MALFORMED };

	if (!uri_path_scan(raw, &s))
		return path;
	path = (struct uri_path){ s.ambiguous ? URI_PATH_AMBIGUOUS : URI_PATH_ENCODED, s.n, s.certain };
	if (uri_path_leads_elsewhere(str_bytes(decoded, s.n))) {
		path.kind = URI_PATH_DOTS;
	} else if (!str_utf8_valid(str_bytes(decoded, s.n))) {
		path.kind = URI_PATH_AMBIGUOUS;
		path.certain_bytes = 0; /* some programs drop such bytes: the rest may be a dot segment */
	}
	return path;
}

struct uri_path
uri_path_read(str raw, char *decoded)
{
	if (!uri_path_literal(raw))
		return uri_path_read_other(raw, decoded);
	memcpy(decoded, raw.p, raw.n);
	return (struct uri_path){ URI_PATH_LITERAL, raw.n, raw.n };
}

enum uri_path_kind
uri_path_kind(str raw)
{
	if (uri_path_literal(raw))
		return URI_PATH_LITERAL;
	if (raw.n > URI_PATH_MAX_BYTES)
		return URI_PATH_MALFORMED;
	char decoded[URI_PATH_MAX_BYTES]; /* declared here so that a literal path does not pay for it */
	return uri_path_read_other(raw, decoded).kind;
}
