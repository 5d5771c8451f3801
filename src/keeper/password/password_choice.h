/*
 * Checks a newly chosen password: for registration, a change of password, or a one-time link.
 */
#ifndef KEEPER_PASSWORD_CHOICE_H
#define KEEPER_PASSWORD_CHOICE_H

#include "keeper/core/accounts.h"
#include "keeper/password/passwords.h"

/*
 * May the account with this name have this password? With PROBLEM_NONE, ret_password holds it; otherwise the result
 * says why not. confirm: the repeated input; its problem goes to *ret_confirm.
 */
enum problem password_choose(const struct config *config, str typed, str confirm, const struct account_name *name,
			     struct password *ret_password, uint32_t *ret_confirm);

#endif
