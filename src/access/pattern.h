/*
 * Patterns of rules: a text with stars.  Pure functions, no memory.
 */
#ifndef ACCESS_PATTERN_H
#define ACCESS_PATTERN_H

#include "base/str.h"

#include <stdbool.h>

/*
 * A host, in lower case: "wiki.example.org" is that one, "*.example.org" any below it but not itself, "*" every one.
 * A star stands nowhere else.  "{user}" and "{group}" stand for a whole label, never the last one: "{user}.example.org" is
 * anna.example.org for the user anna.  A name that holds a dot, '@' or '+' fits no label.
 */
bool pattern_host_good(str pattern);
/* Does the pattern depend on who asks? */
bool pattern_host_names_persons(str pattern);
/* user, groups ("admins,staff"): whose labels fit.  Both p == NULL: it is not known who asks, and any label fits. */
bool pattern_host_fits(str pattern, str host, str user, str groups);
/* What follows the last star or "{...}" and its dot: all hosts that fit are below it.  Without either, the pattern. */
str pattern_host_fixed(str pattern);

/*
 * A path, decoded: it begins with '/'; one star stands for any bytes but '/', two for any; a pattern that ends in '/' and two
 * stars is also what stands before them.  Without bytes and segments that no path has when a rule looks at it (access/target.h: unclear).  Letter case counts.  A pattern has at most PATTERN_STARS_MAX stars, so that comparing is bounded.
 */
enum { PATTERN_STARS_MAX = 8, PATTERN_MAX_BYTES = 1000 };
bool pattern_path_good(str pattern);
bool pattern_path_fits(str pattern, str path);

/* Is there a path that begins so and that fits?  For a path of which only the beginning is certain (access/target.h). */
bool pattern_path_may_fit(str pattern, str beginning);

/* Does every path fit?  Of the pattern "/" and two stars alone. */
bool pattern_path_fits_all(str pattern);

#endif
