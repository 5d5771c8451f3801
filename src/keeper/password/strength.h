/*
 * Decides whether a password may be chosen. There are no composition rules: only passwords that attackers guess first
 * are refused.
 */
#ifndef KEEPER_STRENGTH_H
#define KEEPER_STRENGTH_H

#include "keeper/core/accounts.h"
#include "keeper/password/passwords.h"

/* Strengths that the pages show, by zxcvbn's estimate of the guesses.  0: not measured. */
enum strength {
	STRENGTH_WEAK = 1, /* refused: built from the name, or at most about 10^6 guesses */
	STRENGTH_FAIR,     /* up to 10^8 */
	STRENGTH_GOOD,     /* up to 10^10 */
	STRENGTH_STRONG,
};

/*
 * name: the folded user name, "" if there is none.
 *
 * PROBLEM_NONE
 * PROBLEM_FROM_NAME  fewer than PASSWORD_MIN characters are left without the name
 * PROBLEM_COMMON     zxcvbn estimates at most about 10^6 guesses
 */
enum problem strength_check(const struct password *password, str name, str app_name, enum strength *ret_strength);

/* Common French passwords, because zxcvbn's own lists are English. NULL-terminated, most common first. */
extern const char *const wordlist_fr[];
extern const unsigned wordlist_fr_count;

#endif
