#include "web/flash.h"

#include "web/messages.h"

static const struct flash flashes[] = {
	{ "registered", FLASH_GOOD,
	  N_("Your account exists. One thing is left: two-factor authentication must be set up first.") },
	{ "enrolled", FLASH_GOOD, N_("Two-factor authentication is on. You are signed in.") },
	{ "signed-in", FLASH_GOOD, N_("You are signed in.") },
	{ "signed-out", FLASH_GOOD, N_("You are signed out.") },
	{ "already", FLASH_INFO, N_("You are signed in already.") },
	{ "code-missing", FLASH_INFO, N_("Your password was right; your code is still missing.") },
	{ "factor-missing", FLASH_INFO, N_("You have no second factor yet: set up two-factor authentication first.") },
	{ "secret-old", FLASH_INFO,
	  N_("There was no secret to check that code with, or it was older than ten minutes. Scan this new one.") },
	{ "sign-in", FLASH_INFO, N_("Sign in to see that page.") },
	{ "recovered", FLASH_BAD,
	  N_("You came in with a recovery code. Replace the authenticator that you lost, or whoever finds it keeps a "
	     "key."),
	  true },
	{ "factor-added", FLASH_GOOD, N_("The new authenticator counts from now on.") },
	{ "factor-renamed", FLASH_GOOD, N_("The new name is saved.") },
	{ "factor-removed", FLASH_GOOD, N_("The authenticator is removed: its codes no longer open anything.") },
	{ "factor-gone", FLASH_BAD, N_("There is no such authenticator any more.") },
	{ "factor-old", FLASH_INFO,
	  N_("Nothing waits for a code here, or it waited for more than ten minutes. Begin again.") },
	{ "profile-saved", FLASH_GOOD, N_("Your profile is saved.") },
	{ "password-changed", FLASH_GOOD, N_("Your password is changed. Everybody else is signed out.") },
	{ "password-set", FLASH_GOOD, N_("Your password is set.") },
	{ "session-ended", FLASH_GOOD, N_("The session is ended.") },
	{ "sessions-ended", FLASH_GOOD, N_("All other sessions are ended.") },
	{ "session-gone", FLASH_INFO, N_("There is no such session any more.") },
	{ "account-closed", FLASH_INFO, N_("Your account is closed. Goodbye.") },
	{ "expired", FLASH_INFO, N_("Your session is over. Please sign in again.") },
};

const struct flash *
flash_find(str word)
{
	for (size_t i = 0; i < COUNT(flashes); i++)
		if (str_equal(word, str_of(flashes[i].word)))
			return &flashes[i];
	return NULL;
}
