/*
 * The claims that an administrator adds for one client: rules, one per line.
 *
 *	role = "admin" if group jellyfin-admins else "user"
 *	teams = groups always
 *
 * `NAME = VALUE [if group GROUP [else VALUE]] [always | with SCOPE]`.  VALUE is a JSON value of at most 2 KiB, or the
 * word `groups` (the array of names).  Without `always`, the claim needs the scope `profile`, or the named one.
 *
 * Several rules may have the same NAME: the first one that applies gives the claim.  NAME may be `groups`, for
 * applications that cannot ask for this scope, but no other claim that the server itself gives.
 */
#ifndef OIDC_CLAIM_RULES_H
#define OIDC_CLAIM_RULES_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "oidc/client.h"

enum {
	CLAIM_RULES_GROUPS_MAX = 2,       /* rules with the value `groups`, which may be long */
	CLAIM_RULES_BYTES_MAX = 6 * 1024, /* all rules: an ID token has to fit into OIDC_JWT_MAX */
	CLAIM_NAME_MAX = 100,
	CLAIM_VALUE_MAX = 2 * 1024,
	CLAIM_SHOWN_MAX = 64, /* of a value that a person is shown */
};

/* Check the rules.  ERR_INVALID: *ret_line, and *ret_problem, a sentence. */
MUST_USE err claim_rules_check(str rules, unsigned *ret_line, const char **ret_problem);

/*
 * Append `,"name":value` for each rule that applies to a person with these groups ("admins,staff").  If a rule cannot
 * be read, or memory is short, no rule is left out: the buffer fails with ERR_CORRUPT.
 *
 *   groups_given  the claim `groups` is there already, so that no rule gives it twice
 */
void claim_rules_put(str rules, unsigned scopes, str groups, bool groups_given, struct buf *out);

/* Claims that the text of claim_rules_put_text does not contain. */
struct claims_untold {
	bool groups;   /* a rule gives the groups, under any name */
	unsigned more; /* claims that did not fit */
};

/*
 * The same for a person to read, before these claims are given: `role: "admin", quota: 5, teams`.  A value of more than
 * CLAIM_SHOWN_MAX bytes is left out.  The text ends before the first claim with which it would exceed max bytes.
 */
void claim_rules_put_text(str rules, unsigned scopes, str groups, size_t max, struct claims_untold *ret_untold,
			  struct buf *out);

/* The group that the next rule names.  *rules begins as all rules.  False: no further rule names a group. */
bool claim_rules_next_group(str *rules, str *ret_group);

#endif
