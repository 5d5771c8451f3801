#include "web/happening.h"

#include "base/err.h"
#include "web/messages.h"

/* The first that fits.  reason NULL: whatever it is. */
static const struct {
	str event;
	const char *reason, *words;
} happenings[] = {
	{ STR_INIT("register.done"), "invitation", N_("Account created, with an invitation") },
	{ STR_INIT("register.done"), NULL, N_("Account created") },
	{ STR_INIT("signin.passed"), NULL, N_("Right password") },
	{ STR_INIT("signin.refused"), "disabled", N_("Right password, while the account was disabled") },
	{ STR_INIT("signin.refused"), NULL, N_("Wrong password") },
	{ STR_INIT("enrol.begun"), NULL, N_("A new authenticator was begun") },
	{ STR_INIT("enrol.confirmed"), NULL, N_("A new authenticator was confirmed") },
	{ STR_INIT("prove.passed"), NULL, N_("Signed in with a code") },
	{ STR_INIT("prove.refused"), "spent", N_("A code that was used already") },
	{ STR_INIT("prove.refused"), "recovery code", N_("Wrong or used recovery code") },
	{ STR_INIT("prove.refused"), NULL, N_("Wrong code") },
	{ STR_INIT("signout.done"), NULL, N_("Signed out") },
	{ STR_INIT("stepup.passed"), NULL, N_("A code was entered anew") },
	{ STR_INIT("recovery.used"), NULL, N_("A recovery code was used") },
	{ STR_INIT("recovery.made"), NULL, N_("New recovery codes were made") },
	{ STR_INIT("factor.removed"), NULL, N_("An authenticator was removed") },
	{ STR_INIT("factor.renamed"), NULL, N_("An authenticator was renamed") },
	{ STR_INIT("password.changed"), NULL, N_("The password was changed") },
	{ STR_INIT("password.refused"), NULL, N_("Wrong current password") },
	{ STR_INIT("profile.changed"), NULL, N_("The profile was changed") },
	{ STR_INIT("session.ended"), "others", N_("All other sessions were ended") },
	{ STR_INIT("session.ended"), NULL, N_("Another session was ended") },
	{ STR_INIT("link.used"), NULL, N_("The password was set with a link") },
	{ STR_INIT("clock.off"), NULL, N_("Codes of a phone whose clock is wrong") },
	{ STR_INIT("wait.begun"), NULL, N_("Too many wrong tries: whoever made them had to wait") },
	{ STR_INIT("factor.disabled"), NULL, N_("The authenticators were disabled after 100 wrong codes in a row") },
	{ STR_INIT("admin.added"), NULL, N_("An administrator created the account") },
	{ STR_INIT("admin.disabled"), NULL, N_("An administrator disabled the account") },
	{ STR_INIT("admin.enabled"), NULL, N_("An administrator enabled the account") },
	{ STR_INIT("admin.unlocked"), NULL, N_("An administrator ended a wait after failures") },
	{ STR_INIT("admin.password-link"), NULL, N_("An administrator reset the password") },
	{ STR_INIT("admin.factors-reset"), NULL, N_("An administrator reset two-factor authentication") },
	{ STR_INIT("admin.signed-out"), NULL, N_("An administrator ended all sessions") },
	{ STR_INIT("admin.renamed"), NULL, N_("An administrator changed the user name") },
	{ STR_INIT("admin.email-set"), NULL, N_("An administrator changed the e-mail address") },
	{ STR_INIT("admin.groups-set"), NULL, N_("An administrator changed the groups") },
	{ STR_INIT("admin.imported"), NULL, N_("The account was taken over from elsewhere") },
};

const char *
happening_words(str event, str reason)
{
	for (size_t i = 0; i < COUNT(happenings); i++)
		if (str_equal(happenings[i].event, event) &&
		    (happenings[i].reason == NULL || str_equal(str_of(happenings[i].reason), reason)))
			return happenings[i].words;
	return NULL;
}
