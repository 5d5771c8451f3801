/*
 * The password of one's own account, asked for again before a change of credentials.
 */
#ifndef KEEPER_CURRENT_PASSWORD_H
#define KEEPER_CURRENT_PASSWORD_H

#include "keeper/core/accounts.h"
#include "keeper/core/call.h"

/*
 * Does the account have a hash that a password can be checked against?  A damaged hash counts as none, so that the account is
 * refused like any other; it is logged, and `doubletour check` reports it.
 */
bool account_has_password(const struct account *account);

/*
 * Is it the password of the account whose session asks?  PROBLEM_NONE, PROBLEM_MISSING or PROBLEM_WRONG; a wrong one is counted
 * and audited.  Hashes: for questions with the flag HASHES.
 */
MUST_USE err current_password_check(struct call *call, str typed, uint32_t *ret_problem);

#endif
