/*
 * Decides whether the path of a request target is ambiguous. Programs along the way of a request read a path
 * differently: they decode it once, twice or never, remove dot segments, merge slashes, treat '\' as '/', or cut at ';'
 * or NUL. If a proxy authorizes its own reading but forwards the raw path, the application may open a different page.
 *
 *	if (uri_path_kind(STR("/api/verify/..%2f..%2flogin")) != URI_PATH_LITERAL)
 *		refuse();
 *
 * Only this module decides which paths are ambiguous. The web process applies it to its own request target, and
 * access/target.h to the URL of an application. Pure functions, no allocation.
 *
 * Source: RFC 3986 s2.1, s3.3, s5.2.4, s6.2.2; RFC 3629 s3, s10 (overlong forms).
 */
#ifndef BASE_URI_PATH_H
#define BASE_URI_PATH_H

#include "base/str.h"

enum { URI_PATH_MAX_BYTES = 8 * 1024 };

/* Ordered from worst to best, so that callers can compare: `kind >= URI_PATH_ENCODED`. */
enum uri_path_kind {
	/* does not begin with '/', has '%' without two hex digits, or is longer than URI_PATH_MAX_BYTES */
	URI_PATH_MALFORMED = 0,
	/*
	 * Some program may see a segment "." or "..": plain, encoded once or several times, as overlong UTF-8, between
	 * backslashes, before ';', '?' or '#', beside white space or a control byte. The real target of such a path is
	 * unknown.
	 */
	URI_PATH_DOTS,
	/*
	 * An empty segment before the last ("//"); an encoded '/', '\', '%', ';', '?', '#' or control byte; a plain ';'
	 * or '\'; bytes that are not UTF-8.
	 */
	URI_PATH_AMBIGUOUS,
	/* one meaning but several spellings: percent sequences, bytes above 0x7f, a space */
	URI_PATH_ENCODED,
	/* the raw bytes are the decoded path */
	URI_PATH_LITERAL,
};

struct uri_path {
	enum uri_path_kind kind;
	size_t decoded_bytes; /* length of the path written by uri_path_read */
	/*
	 * For AMBIGUOUS: length of the decoded prefix on which all programs agree. The prefix is ASCII and ends before
	 * the first ambiguous byte.
	 */
	size_t certain_bytes;
};

/* raw: a path without its query. */
enum uri_path_kind uri_path_kind(str raw);

/*
 * Like uri_path_kind, and writes the path, decoded once, to `decoded`, which has room for raw.n bytes. For a MALFORMED
 * path the content of `decoded` is undefined.
 */
struct uri_path uri_path_read(str raw, char *decoded);

#endif
