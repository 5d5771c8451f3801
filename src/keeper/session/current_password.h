/*
 * Verifies the user's current password before a change of credentials.
 */
#ifndef KEEPER_CURRENT_PASSWORD_H
#define KEEPER_CURRENT_PASSWORD_H

#include "keeper/core/accounts.h"
#include "keeper/core/call.h"

/*
 * Does the account have a usable password hash? A damaged hash counts as none, so that the sign-in is refused like any
 * other. It is logged, and `doubletour check` reports it.
 */
bool account_has_password(const struct account *account);

/*
 * Verify the password of the session's account. *ret_problem: PROBLEM_NONE, PROBLEM_MISSING or PROBLEM_WRONG. A wrong
 * password is counted and audited. Nothing typed is right while a fresh user verification replaces the password
 * (session_user_verified). Hashes a password: only for questions with the flag HASHES.
 */
MUST_USE err current_password_check(struct call *call, str typed, uint32_t *ret_problem);

#endif
