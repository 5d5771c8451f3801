/* Each audit event of an account has a sentence in each language. */
#include "unit.h"

#include "keeper/core/audit.h"
#include "web/pages/activity_text.h"
#include "web/core/messages.h"

#include <string.h>

/* Events that the activity page of an account never shows, and why. */
static const struct {
	enum audit_event event;
	const char *why;
} of_no_account[] = {
	{ AUDIT_REGISTER_REFUSED, "there is no account" },
	{ AUDIT_LINK_REFUSED, "the account of the link is unknown" },
	{ AUDIT_CLOSED, "the account is gone" },
	{ AUDIT_ADMIN_DELETED, "the account is gone" },
	{ AUDIT_ADMIN_INVITED, "there is no account yet" },
	{ AUDIT_ADMIN_BACKUP, "it belongs to the whole database" },
	{ AUDIT_ADMIN_BACKED_UP, "it belongs to the whole database" },
	{ AUDIT_ADMIN_COPIED, "it belongs to the whole database" },
	{ AUDIT_ADMIN_RESTORED, "it belongs to the whole database" },
	{ AUDIT_ADMIN_KEY_ROTATED, "it belongs to the whole database" },
	{ AUDIT_CLIENT_REFUSED, "it belongs to an application" },
	{ AUDIT_ADMIN_CLIENT_ADDED, "it belongs to an application" },
	{ AUDIT_ADMIN_CLIENT_CHANGED, "it belongs to an application" },
	{ AUDIT_ADMIN_CLIENT_SECRET, "it belongs to an application" },
	{ AUDIT_ADMIN_CLIENT_DISABLED, "it belongs to an application" },
	{ AUDIT_ADMIN_CLIENT_ENABLED, "it belongs to an application" },
	{ AUDIT_ADMIN_CLIENT_DELETED, "it belongs to an application" },
	{ AUDIT_ADMIN_SIGNING_KEY_ADDED, "it belongs to the whole database" },
	{ AUDIT_ADMIN_SIGNING_KEY_WITHDRAWN, "it belongs to the whole database" },
};

static bool
somebodys(unsigned event)
{
	for (size_t i = 0; i < COUNT(of_no_account); i++)
		if (of_no_account[i].event == event)
			return false;
	return true;
}

static const char *
unknown_words(void)
{
	return activity_text(AUDIT_UNKNOWN, REASON_UNKNOWN);
}

static void
each_event_of_an_account_has_a_sentence(void **state)
{
	(void)state;
	for (enum audit_event event = AUDIT_UNKNOWN + 1; event < AUDIT_COUNT; event++) {
		bool known = strcmp(activity_text(event, REASON_UNKNOWN), unknown_words()) != 0;
		if (known != somebodys(event))
			fail_msg("%s: %s", audit_event_name(event),
				 known ? "a sentence that is never shown" : "no sentence");
	}
}

static void
each_sentence_is_translated(void **state)
{
	(void)state;
	for (enum audit_event event = AUDIT_UNKNOWN; event < AUDIT_COUNT; event++)
		for (enum audit_reason reason = REASON_UNKNOWN; reason < REASON_COUNT; reason++) {
			const char *said = activity_text(event, reason);
			str fr = message(LANGUAGE_FR, said), en = message(LANGUAGE_EN, said);
			if (fr.n == 0 || en.n == 0 || str_equal(fr, en))
				fail_msg("%s, %s: not translated", audit_event_name(event), audit_reason_name(reason));
		}
}

static const struct {
	enum audit_event event;
	enum audit_reason reason;
	const char *words;
} reasons[] = {
	{ AUDIT_REGISTER, REASON_OPEN, "Account created" },
	{ AUDIT_REGISTER, REASON_INVITATION, "Account created with an invitation" },
	{ AUDIT_SIGN_IN_REFUSED, REASON_PASSWORD, "Wrong password" },
	{ AUDIT_SIGN_IN_REFUSED, REASON_DISABLED, "Correct password, but the account was disabled" },
	{ AUDIT_VERIFY_REFUSED, REASON_CODE, "Wrong code" },
	{ AUDIT_VERIFY_REFUSED, REASON_NO_SECRET, "Wrong code" },
	{ AUDIT_VERIFY_REFUSED, REASON_SPENT, "Code already used" },
	{ AUDIT_VERIFY_REFUSED, REASON_RECOVERY_CODE, "Wrong recovery code" },
	{ AUDIT_VERIFY_REFUSED, REASON_RECOVERY_SPENT, "Recovery code already used" },
	{ AUDIT_SESSION_ENDED, REASON_ONE, "Another session signed out" },
	{ AUDIT_SESSION_ENDED, REASON_OTHERS, "All other sessions signed out" },
};

static void
distinct_reasons_have_distinct_activity_texts(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(reasons); i++)
		assert_string_equal(activity_text(reasons[i].event, reasons[i].reason), reasons[i].words);
}

/* The icon distinguishes a refusal from a success too, not the colour alone. */
static void
refusals_and_successes_have_different_icons(void **state)
{
	static const struct {
		enum audit_event event;
		enum audit_reason reason;
		enum audit_outcome outcome;
		const char *icon, *tone;
	} seals[] = {
		{ AUDIT_VERIFIED, REASON_CODE, AUDIT_PASSED, "key", "good" },
		{ AUDIT_VERIFY_REFUSED, REASON_CODE, AUDIT_REFUSED, "error", "bad" },
		{ AUDIT_VERIFY_REFUSED, REASON_SPENT, AUDIT_REFUSED, "clock", "warn" },
		{ AUDIT_CLOCK_OFF, REASON_CLOCK, AUDIT_REFUSED, "clock", "warn" },
		{ AUDIT_RECOVERED, REASON_ASKED, AUDIT_PASSED, "sheet", "warn" },
		{ AUDIT_PASSWORD_CHANGED, REASON_ASKED, AUDIT_PASSED, "lock", "" },
		{ AUDIT_UNKNOWN, REASON_UNKNOWN, AUDIT_PASSED, "info", "" },
		{ AUDIT_COUNT, REASON_COUNT, AUDIT_REFUSED, "error", "bad" },
	};
	str icon, tone;

	for (size_t i = 0; i < COUNT(seals); i++) {
		activity_seal(seals[i].event, seals[i].reason, seals[i].outcome, &icon, &tone);
		if (!str_equal(icon, str_of(seals[i].icon)) || !str_equal(tone, str_of(seals[i].tone)))
			fail_msg("row %zu: %.*s %.*s", i, STR_ARG(icon), STR_ARG(tone));
	}
}

static void
each_event_of_an_account_has_an_icon(void **state)
{
	str icon, tone;

	for (enum audit_event event = AUDIT_UNKNOWN + 1; event < AUDIT_COUNT; event++) {
		bool refused = false;
#define AUDIT_EVENT(id, name, outcome, level, actor, sentence)                                                         \
	refused = refused || (event == AUDIT_##id && AUDIT_##outcome == AUDIT_REFUSED);
#define NO_SENTENCE 0
#include "ipc/audit_events.def"
		activity_seal(event, REASON_UNKNOWN, AUDIT_PASSED, &icon, &tone);
		if (somebodys(event) && !refused && str_equal(icon, STR("info")))
			fail_msg("%s: no icon", audit_event_name(event));
	}
}

/* Rows of another version may have unknown names. */
static void
unknown_names_are_read_as_unknown(void **state)
{
	static const str none[] = { STR_INIT(""), STR_INIT("signin"), STR_INIT("signin.passed\0"),
				    STR_INIT("SIGNIN.PASSED"), STR_INIT("passkey.unheard") };

	(void)state;
	for (size_t i = 0; i < COUNT(none); i++) {
		assert_int_equal(audit_event_read(none[i]), AUDIT_UNKNOWN);
		assert_int_equal(audit_reason_read(none[i]), REASON_UNKNOWN);
		assert_int_equal(audit_outcome_read(none[i]), AUDIT_REFUSED);
	}
	assert_string_equal(activity_text(AUDIT_COUNT, REASON_UNKNOWN), unknown_words());
	assert_string_equal(activity_text(AUDIT_SIGN_IN, REASON_COUNT), unknown_words());
}

static void
each_name_is_read_back(void **state)
{
	(void)state;
	for (enum audit_event event = AUDIT_UNKNOWN + 1; event < AUDIT_COUNT; event++)
		assert_int_equal(audit_event_read(str_of(audit_event_name(event))), event);
	for (enum audit_reason reason = REASON_UNKNOWN + 1; reason < REASON_COUNT; reason++)
		assert_int_equal(audit_reason_read(str_of(audit_reason_name(reason))), reason);
	assert_int_equal(audit_outcome_read(str_of(audit_outcome_name(AUDIT_PASSED))), AUDIT_PASSED);
	assert_int_equal(audit_outcome_read(str_of(audit_outcome_name(AUDIT_REFUSED))), AUDIT_REFUSED);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_event_of_an_account_has_a_sentence),
		cmocka_unit_test(each_sentence_is_translated),
		cmocka_unit_test(distinct_reasons_have_distinct_activity_texts),
		cmocka_unit_test(refusals_and_successes_have_different_icons),
		cmocka_unit_test(each_event_of_an_account_has_an_icon),
		cmocka_unit_test(unknown_names_are_read_as_unknown),
		cmocka_unit_test(each_name_is_read_back),
	};

	return cmocka_run_group_tests_name("happening", tests, NULL, NULL);
}
