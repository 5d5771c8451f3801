/*
 * Conditions on the query of an address: "action is login", "page is present".
 *
 *	query: {action: login, page: '*'}         ?page=2&action=login fits, ?action=login does not
 *
 * Programs read some queries differently: of a name that stands twice one takes the first value, another the last; some split at ';',
 * decode twice, or take "action[]", "ACTION" and " action" for "action".  Where that could change the answer, it is FITS_MAYBE.
 *
 * Pure functions, no memory.  Source: WHATWG URL s5.1 (application/x-www-form-urlencoded parsing); RFC 3986 s2.1, s3.4.
 */
#ifndef ACCESS_QUERY_H
#define ACCESS_QUERY_H

#include "base/str.h"
#include "access/fit.h"

#include <stdbool.h>

enum { QUERY_NAME_MAX = 100, QUERY_VALUE_MAX = 200, QUERY_MAX_BYTES = 8 * 1024 };

struct query_condition {
	str name;          /* decoded; letter case counts */
	const str *values; /* any of them, decoded */
	size_t values_n;   /* 0: any value; the name alone is enough */
};

/* Can it be the name or the value of a parameter whose meaning is clear?  No control byte, '%', or invalid UTF-8; a name is not empty. */
bool query_name_good(str name);
bool query_value_good(str value);

/* Do all the conditions fit?  query: as it was sent, without the '?'; empty: there is none. */
enum fit query_fit(const struct query_condition *conditions, size_t n, str query);

#endif
