/* Every event of the audit trail that an account can have is told in words, in every language. */
#include "unit.h"

#include "keeper/audit.h"
#include "web/happening.h"
#include "web/messages.h"

#include <string.h>

/* Events that no living account has, and why. */
static const struct {
	enum audit_event event;
	const char *why;
} nobodys[] = {
	{ AUDIT_REGISTER_REFUSED, "there is no account" },
	{ AUDIT_LINK_REFUSED, "whose link it was is not known" },
	{ AUDIT_CLOSED, "the account is gone" },
	{ AUDIT_ADMIN_DELETED, "the account is gone" },
	{ AUDIT_ADMIN_INVITED, "there is no account yet" },
	{ AUDIT_ADMIN_BACKUP, "of the whole database" },
	{ AUDIT_ADMIN_COPIED, "of the whole database" },
	{ AUDIT_ADMIN_RESTORED, "of the whole database" },
	{ AUDIT_ADMIN_KEY_ROTATED, "of the whole database" },
};

static bool
somebodys(unsigned event)
{
	for (size_t i = 0; i < COUNT(nobodys); i++)
		if (nobodys[i].event == event)
			return false;
	return true;
}

static const char *
words(unsigned event, const char *reason)
{
	return happening_words(str_of(audit_event_name(event)), str_of(reason));
}

static void
every_event_of_an_account_has_words_whatever_its_reason(void **state)
{
	(void)state;
	for (unsigned event = 0; event < AUDIT_COUNT; event++) {
		const char *said = words(event, "a reason of a later version");
		if ((said != NULL) != somebodys(event))
			fail_msg("%s: %s", audit_event_name(event), said == NULL ? "no words" : "words nobody sees");
	}
}

static void
the_words_are_there_in_every_language(void **state)
{
	(void)state;
	for (unsigned event = 0; event < AUDIT_COUNT; event++) {
		if (!somebodys(event))
			continue;
		const char *said = words(event, "");
		str fr = message(LANGUAGE_FR, said), en = message(LANGUAGE_EN, said);
		if (fr.n == 0 || en.n == 0 || str_equal(fr, en))
			fail_msg("%s: not translated", audit_event_name(event));
	}
}

static const struct {
	enum audit_event event;
	const char *reason, *words;
} reasons[] = {
	{ AUDIT_REGISTER, "open", "Account created" },
	{ AUDIT_REGISTER, "invitation", "Account created, with an invitation" },
	{ AUDIT_SIGN_IN_REFUSED, "password", "Wrong password" },
	{ AUDIT_SIGN_IN_REFUSED, "disabled", "Right password, while the account was disabled" },
	{ AUDIT_PROVE_REFUSED, "code", "Wrong code" },
	{ AUDIT_PROVE_REFUSED, "no secret", "Wrong code" },
	{ AUDIT_PROVE_REFUSED, "spent", "A code that was used already" },
	{ AUDIT_PROVE_REFUSED, "recovery code", "Wrong or used recovery code" },
	{ AUDIT_SESSION_ENDED, "one", "Another session was ended" },
	{ AUDIT_SESSION_ENDED, "others", "All other sessions were ended" },
};

static void
reasons_that_matter_to_a_person_are_told_apart(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(reasons); i++)
		assert_string_equal(words(reasons[i].event, reasons[i].reason), reasons[i].words);
}

static void
what_is_no_event_has_no_words(void **state)
{
	static const str none[] = { STR_INIT(""), STR_INIT("signin"), STR_INIT("signin.passed\0"),
				    STR_INIT("SIGNIN.PASSED") };

	(void)state;
	for (size_t i = 0; i < COUNT(none); i++)
		assert_null(happening_words(none[i], STR("")));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_event_of_an_account_has_words_whatever_its_reason),
		cmocka_unit_test(the_words_are_there_in_every_language),
		cmocka_unit_test(reasons_that_matter_to_a_person_are_told_apart),
		cmocka_unit_test(what_is_no_event_has_no_words),
	};

	return cmocka_run_group_tests_name("happening", tests, NULL, NULL);
}
