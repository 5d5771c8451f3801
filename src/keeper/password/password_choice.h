/*
 * Checks a newly chosen password: for registration, a change of password, or a one-time link.
 */
#ifndef KEEPER_PASSWORD_CHOICE_H
#define KEEPER_PASSWORD_CHOICE_H

#include "ipc/messages.h"
#include "keeper/core/accounts.h"
#include "keeper/password/passwords.h"

/*
 * May the account with this name have this password? confirm: the repeated input. Writes the members password, confirm
 * and strength of ret_problems. If password is PROBLEM_NONE, ret_password holds the password.
 */
void password_choose(const struct config *config, str typed, str confirm, const struct account_name *name,
		     struct password *ret_password, struct problems_body *ret_problems);

#endif
