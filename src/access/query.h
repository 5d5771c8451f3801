/*
 * Conditions on the query of a URL: "action is login", "page is present".
 *
 *	query: {action: login, page: '*'}         ?page=2&action=login fits, ?action=login does not
 *
 * Programs read some queries differently.  Of a repeated name, some take the first value and others the last.  Some
 * split at ';', decode twice, or treat "action[]", "ACTION" and " action" as "action".  If that could change the
 * result, it is FITS_MAYBE.
 *
 * Pure functions without allocation.  Source: WHATWG URL s5.1 (application/x-www-form-urlencoded parsing); RFC 3986
 * s2.1, s3.4.
 */
#ifndef ACCESS_QUERY_H
#define ACCESS_QUERY_H

#include "base/str.h"
#include "access/fit.h"

#include <stdbool.h>

enum { QUERY_NAME_MAX = 100, QUERY_VALUE_MAX = 200, QUERY_MAX_BYTES = 8 * 1024 };

struct query_condition {
	str name;          /* decoded; case-sensitive */
	const str *values; /* one of them must be equal; decoded */
	size_t values_n;   /* 0: any value */
};

/*
 * Is the text a name or value that all programs read alike?  It contains no control byte and no '%', and is valid
 * UTF-8; a name is not empty.
 */
bool query_name_good(str name);
bool query_value_good(str value);

/* Do all conditions fit?  query: as sent, without the '?'; may be empty. */
enum fit query_fit(const struct query_condition *conditions, size_t n, str query);

#endif
