/* Messages for the next page: the cookie has a word of a fixed list. */
#include "unit.h"

#include "web/core/flash.h"
#include "web/core/messages.h"

/* A cookie of another version may have these words, so they must not change. */
static const struct {
	const char *word;
	enum flash_message message;
} released[] = {
	{ "registered", FLASH_REGISTERED },
	{ "enrolled", FLASH_ENROLLED },
	{ "signed-in", FLASH_SIGNED_IN },
	{ "signed-out", FLASH_SIGNED_OUT },
	{ "already", FLASH_ALREADY },
	{ "code-missing", FLASH_CODE_MISSING },
	{ "factor-missing", FLASH_FACTOR_MISSING },
	{ "secret-old", FLASH_SECRET_OLD },
	{ "sign-in", FLASH_SIGN_IN },
	{ "recovered", FLASH_RECOVERED },
	{ "factor-added", FLASH_FACTOR_ADDED },
	{ "factor-renamed", FLASH_FACTOR_RENAMED },
	{ "factor-removed", FLASH_FACTOR_REMOVED },
	{ "factor-gone", FLASH_FACTOR_GONE },
	{ "factor-old", FLASH_FACTOR_OLD },
	{ "profile-saved", FLASH_PROFILE_SAVED },
	{ "password-changed", FLASH_PASSWORD_CHANGED },
	{ "password-set", FLASH_PASSWORD_SET },
	{ "session-ended", FLASH_SESSION_ENDED },
	{ "sessions-ended", FLASH_SESSIONS_ENDED },
	{ "session-gone", FLASH_SESSION_GONE },
	{ "account-closed", FLASH_ACCOUNT_CLOSED },
	{ "expired", FLASH_EXPIRED },
};

static void
words_of_released_cookies_are_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(released); i++)
		if (flash_read(str_of(released[i].word)) != released[i].message)
			fail_msg("%s", released[i].word);
}

static void
each_message_reads_back_from_its_word(void **state)
{
	(void)state;
	for (enum flash_message flash = FLASH_NONE + 1; flash < FLASH_COUNT; flash++)
		assert_int_equal(flash_read(str_of(flash_of(flash)->word)), flash);
}

static void
words_outside_the_list_have_no_message(void **state)
{
	static const str none[] = { STR_INIT(""),           STR_INIT("signed"),
				    STR_INIT("signed-in "), STR_INIT("signed-in\0"),
				    STR_INIT("SIGNED-IN"),  STR_INIT("hello") };

	(void)state;
	for (size_t i = 0; i < COUNT(none); i++)
		assert_int_equal(flash_read(none[i]), FLASH_NONE);
	assert_null(flash_of(FLASH_NONE));
	assert_null(flash_of(FLASH_COUNT));
}

static void
each_flash_sentence_is_translated(void **state)
{
	(void)state;
	for (enum flash_message flash = FLASH_NONE + 1; flash < FLASH_COUNT; flash++) {
		const char *sentence = flash_of(flash)->sentence;
		str fr = message(LANGUAGE_FR, sentence), en = message(LANGUAGE_EN, sentence);

		if (fr.n == 0 || en.n == 0 || str_equal(fr, en))
			fail_msg("%s: not translated", flash_of(flash)->word);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_of_released_cookies_are_understood),
		cmocka_unit_test(each_message_reads_back_from_its_word),
		cmocka_unit_test(words_outside_the_list_have_no_message),
		cmocka_unit_test(each_flash_sentence_is_translated),
	};

	return cmocka_run_group_tests_name("flash", tests, NULL, NULL);
}
