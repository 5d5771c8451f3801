/*
 * The URL of a request to a protected application, from a proxy's headers: parsed once, strictly.
 *
 *	struct target target;
 *	TRY(target_read(STR("https://wiki.example.org/pages/1?x=2"), &arena, &target));
 *
 * Rules compare the path decoded once.  Programs read some paths differently (base/uri_path.h).  Such a path is
 * marked as unclear, and access/access.h says how rules treat it.
 * Source: RFC 3986 s2.1, s3, s6.2.2.
 */
#ifndef ACCESS_TARGET_H
#define ACCESS_TARGET_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

enum { TARGET_MAX_BYTES = 8 * 1024, TARGET_HOST_MAX = 253 };

struct target {
	str url;       /* as received, without a trailing dot of the host; used as return URL */
	str host;      /* lower case, without port and trailing dot */
	str authority; /* host[:port], in lower case */
	str path;      /* decoded once, without query; begins with '/' */
	str query;     /* as received, without the question mark; empty: none */
	bool unclear;  /* programs read this path differently: uri_path_kind is AMBIGUOUS or DOTS */
	bool dots;     /* some program sees a dot segment: refused by every rule set */
	/* length of the beginning of path that is the same in every interpretation; all of it unless unclear */
	size_t certain;
};

/*
 * Parse https://host[:port]/path?query, or wss.  The texts live in the arena.
 *
 * ERR_INVALID   another scheme; a user name or password before the host; an invalid host (an address in brackets, a
 *               percent sign, a byte outside a-z 0-9 . - _); a control byte, space or '#'; a backslash outside the
 *               query; an invalid percent sequence in the path
 * ERR_TOO_LONG  over TARGET_MAX_BYTES, or a host over TARGET_HOST_MAX
 */
MUST_USE err target_read(str url, struct arena *arena, struct target *ret_target);

/* The same from the parts of a proxy's headers: scheme (https, wss; any case), host[:port], path and query. */
MUST_USE err target_join(str scheme, str authority, str path_and_query, struct arena *arena, struct target *ret_target);

/* Is host this domain or a subdomain of it?  Both in lower case, without port. */
bool target_under(str host, str domain);

/* Is it a method: 1 to 32 of A to Z and '-'?  (RFC 9110 s9.1, IANA's registry.) */
bool target_method_good(str method);

#endif
