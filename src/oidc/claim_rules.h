/*
 * Own claims of a client: rules, one per line, that an administrator writes.
 *
 *	role = "admin" if group jellyfin-admins else "user"
 *	wiki_groups = groups always
 *
 * `NAME = VALUE [if group GROUP [else VALUE]] [always | with SCOPE]`.  VALUE is a JSON value of at most 2 KiB, or the
 * word `groups` (the array of names).  Without `always`, the claim needs the scope `profile`, or the named one.
 */
#ifndef OIDC_CLAIM_RULES_H
#define OIDC_CLAIM_RULES_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "oidc/client.h"

/* Check the rules.  ERR_INVALID: *ret_line, and *ret_problem, a sentence. */
MUST_USE err claim_rules_check(str rules, unsigned *ret_line, const char **ret_problem);

/* Append `,"name":value` for each rule that applies to a person with these groups ("admins,staff"). */
void claim_rules_put(str rules, unsigned scopes, str groups, struct buf *out);

#endif
