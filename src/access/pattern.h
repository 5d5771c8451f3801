/*
 * Patterns of rules: texts with stars.  Pure functions without allocation.
 */
#ifndef ACCESS_PATTERN_H
#define ACCESS_PATTERN_H

#include "base/str.h"

#include <stdbool.h>

/*
 * A host pattern in lower case.  "wiki.example.org" matches this host, "*.example.org" all its subdomains but not
 * itself, "*" every host.  Stars are not allowed elsewhere.  "{user}" and "{group}" stand for a whole label, except
 * the last one: for the user anna, "{user}.example.org" matches anna.example.org.  A name with a dot, '@' or '+'
 * matches no label.
 */
bool pattern_host_good(str pattern);
/* Does the pattern depend on the visitor? */
bool pattern_host_names_persons(str pattern);
/*
 * user, groups ("admins,staff"): the visitor's, for {user} and {group}.  Both p == NULL: unknown visitor, any label
 * fits.
 */
bool pattern_host_fits(str pattern, str host, str user, str groups);
/*
 * The part after the last star or "{...}" and its dot: all matching hosts are below it.  Without either, the whole
 * pattern.
 */
str pattern_host_fixed(str pattern);

/*
 * A decoded path pattern.  It begins with '/'.  One star matches any bytes except '/', two stars match any bytes.
 * A pattern that ends in '/' and two stars also matches the path before them.  Bytes and segments that no compared
 * path has are not allowed (access/target.h: unclear).  Comparison is case-sensitive.  At most PATTERN_STARS_MAX
 * stars bound its cost.
 */
enum { PATTERN_STARS_MAX = 8, PATTERN_MAX_BYTES = 1000 };
bool pattern_path_good(str pattern);
bool pattern_path_fits(str pattern, str path);

/* Is there a matching path with this beginning?  For paths of which only the beginning is certain (access/target.h). */
bool pattern_path_may_fit(str pattern, str beginning);

/* Does the pattern match every path?  True only for "/" and two stars. */
bool pattern_path_fits_all(str pattern);

#endif
