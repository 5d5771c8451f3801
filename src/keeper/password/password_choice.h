/*
 * Choosing a password, wherever one is chosen: registration, change, a one-time link.
 */
#ifndef KEEPER_PASSWORD_CHOICE_H
#define KEEPER_PASSWORD_CHOICE_H

#include "keeper/core/accounts.h"
#include "keeper/password/passwords.h"

/*
 * May this be the password of the account with that name?  PROBLEM_NONE, and ret_password holds it; else why not.  confirm: what
 * was typed the second time, its problem goes to *ret_confirm.
 */
enum problem password_choose(const struct config *config, str typed, str confirm, const struct account_name *name,
			     struct password *ret_password, uint32_t *ret_confirm);

#endif
