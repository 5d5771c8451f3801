/*
 * Is a password good enough to be chosen?  No rule of composition: what is refused is what is guessed first.
 */
#ifndef KEEPER_STRENGTH_H
#define KEEPER_STRENGTH_H

#include "keeper/core/accounts.h"
#include "keeper/password/passwords.h"

/*
 * name is the folded user name, "" when there is none.  PROBLEM_NONE, PROBLEM_FROM_NAME (without the name less than
 * PASSWORD_MIN characters are left), PROBLEM_COMMON (guessed within about 10^6 tries, by zxcvbn's estimate).
 */
enum problem strength_check(const struct password *password, str name, str app_name);

/* What French people choose first: zxcvbn's own lists are English.  NULL-terminated, most used first. */
extern const char *const wordlist_fr[];
extern const unsigned wordlist_fr_count;

#endif
