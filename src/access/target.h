/*
 * The address that somebody wants to see at a protected application, as a proxy tells it: read once, strictly.
 *
 *	struct target target;
 *	TRY(target_read(STR("https://wiki.example.org/pages/1?x=2"), &arena, &target));
 *
 * A rule compares the path, decoded once.  Programs read some paths differently (base/uri_path.h): such a path is marked as unclear, and
 * access/access.h says what rules make of it.
 * Source: RFC 3986 s2.1, s3, s6.2.2.
 */
#ifndef ACCESS_TARGET_H
#define ACCESS_TARGET_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum { TARGET_MAX_BYTES = 8 * 1024, TARGET_HOST_MAX = 253 };

struct target {
	str url;        /* as it was given, without a dot at the end of the host; where somebody is led back to */
	str host;       /* in lower case, without port and without a dot at its end */
	str authority;  /* host[:port] as it stood, in lower case */
	str path;       /* decoded once, without query; begins with '/' */
	str query;      /* as it was given, without the question mark; empty: none */
	bool unclear;   /* programs read this path differently: uri_path_kind is AMBIGUOUS or DOTS */
	bool dots;      /* some program sees a dot segment: refused whatever the rules say */
	size_t certain; /* bytes of path with which every reading begins; all of them unless unclear */
};

/*
 * https://host[:port]/path?query, or wss.  The texts live in the arena.
 *
 * ERR_INVALID  another scheme, a name and password before the host, a host that is none (an address in brackets, a
 *              percent sign, a byte outside a-z 0-9 . - _), a control byte, a space or a backslash outside the query,
 *              a bad percent sequence in the path
 * ERR_TOO_LONG over TARGET_MAX_BYTES, or a host over TARGET_HOST_MAX
 */
MUST_USE err target_read(str url, struct arena *arena, struct target *ret_target);

/* The same from a proxy's pieces: scheme (https, wss; letters in any case), host[:port], path and query. */
MUST_USE err target_join(str scheme, str authority, str path_and_query, struct arena *arena, struct target *ret_target);

/* Is host this domain, or below it?  Both in lower case, without port. */
bool target_under(str host, str domain);

/* Is it a method as a request line has it: one to 32 of A to Z and '-'?  (RFC 9110 s9.1, IANA's registry.) */
bool target_method_good(str method);

#endif
