/*
 * How plain is the path of a request target?  Programs on one way read the same path differently: one decodes it once, another twice or
 * not at all; one removes dot segments, merges slashes, takes a backslash for a slash, cuts parameters off at ';' or everything at a NUL.
 * A proxy that compares its own reading and passes on the path as it came then asks about one page and opens another.
 *
 *	if (uri_path_kind(STR("/api/verify/..%2f..%2flogin")) != URI_PATH_LITERAL)
 *		refuse();
 *
 * This is the only place that decides which paths are ambiguous: the routes of the web process ask it about their own request target,
 * and access/target.h about the address of an application.  Pure functions, no memory.
 * Source: RFC 3986 s2.1, s3.3, s5.2.4, s6.2.2; RFC 3629 s3, s10 (overlong forms).
 */
#ifndef BASE_URI_PATH_H
#define BASE_URI_PATH_H

#include "base/str.h"

enum { URI_PATH_MAX_BYTES = 8 * 1024 };

/* From the worst to the best, so that callers compare: `kind >= URI_PATH_ENCODED`. */
enum uri_path_kind {
	/* does not begin with '/', '%' without two hex digits behind it, or over URI_PATH_MAX_BYTES */
	URI_PATH_MALFORMED = 0,
	/*
	 * Some program sees a segment "." or "..": plain, encoded once or more often, in overlong UTF-8, between backslashes, before ';', '?'
	 * or '#', beside white space or a control byte.  Nothing is known of where such a path leads.
	 */
	URI_PATH_DOTS,
	/*
	 * An empty segment before the last ("//"); '/', '\', '%', ';', '?', '#' or a control byte encoded; ';' or '\' as they are; bytes that
	 * are no UTF-8.
	 */
	URI_PATH_AMBIGUOUS,
	/* one meaning, but more than one spelling: percent sequences, bytes above 0x7f, a space */
	URI_PATH_ENCODED,
	/* the bytes are the path */
	URI_PATH_LITERAL,
};

struct uri_path {
	enum uri_path_kind kind;
	size_t decoded_bytes; /* of what uri_path_read wrote */
	/*
	 * AMBIGUOUS: every reading of the path begins with that many of the decoded bytes.  They are ASCII, and end before the first thing that
	 * is ambiguous.
	 */
	size_t certain_bytes;
};

/* Of a path without its query. */
enum uri_path_kind uri_path_kind(str raw);

/* The same, and the path decoded once into `decoded`, which has room for raw.n bytes.  Nothing is written of a MALFORMED path that counts. */
struct uri_path uri_path_read(str raw, char *decoded);

#endif
