/* Challenges: for whom, for what and how long they are valid. */
#include "webauthn/challenge.h"

#include "base/clock.h"
#include "base/digest.h"
#include "unit.h"

enum { NOW_S = 1790000123 };

static const uint8_t base[CHALLENGE_KEY_BYTES] = { 7 };
static const struct challenge_for anna = { CHALLENGE_SIGN_IN, { 1 } };

static int
setup(void **state)
{
	(void)state;
	return digest_setup() == ERR_OK ? 0 : -1;
}

static void
make(int64_t us, int64_t minute, char text[CHALLENGE_TEXT_BYTES])
{
	uint8_t key[CHALLENGE_KEY_BYTES];

	assert_int_equal(challenge_key_derive(base, minute, key), ERR_OK);
	assert_int_equal(challenge_make(key, &anna, us, text), ERR_OK);
}

static int64_t
check(const struct challenge_for *whom, str text, int64_t now_us)
{
	int64_t us = -1;

	assert_int_equal(challenge_check(base, whom, text, now_us, &us), ERR_OK);
	return us;
}

static void
challenge_is_valid_for_ten_minutes(void **state)
{
	const int64_t made = SECONDS_US(NOW_S);
	char text[CHALLENGE_TEXT_BYTES];
	str said = str_bytes(text, sizeof(text));

	(void)state;
	make(made, challenge_minute(made), text);
	assert_int_equal(check(&anna, said, made), made);
	assert_int_equal(check(&anna, said, made + SECONDS_US(CHALLENGE_SECONDS) - 1), made);
	assert_int_equal(check(&anna, said, made + SECONDS_US(CHALLENGE_SECONDS)), 0);
	assert_int_equal(check(&anna, said, made - SECONDS_US(CHALLENGE_AHEAD_SECONDS)), made);
	assert_int_equal(check(&anna, said, made - SECONDS_US(CHALLENGE_AHEAD_SECONDS) - 1), 0);
}

static void
challenge_of_another_purpose_or_holder_is_refused(void **state)
{
	const int64_t made = SECONDS_US(NOW_S);
	const struct challenge_for others[] = { { CHALLENGE_PROVE, { 1 } },
						{ CHALLENGE_ENROL, { 1 } },
						{ CHALLENGE_SIGN_IN, { 2 } } };
	char text[CHALLENGE_TEXT_BYTES];

	(void)state;
	make(made, challenge_minute(made), text);
	for (size_t i = 0; i < COUNT(others); i++)
		assert_int_equal(check(&others[i], str_bytes(text, sizeof(text)), made), 0);
}

static void
key_of_the_minute_before_is_accepted_and_no_other(void **state)
{
	const int64_t made = SECONDS_US(NOW_S), minute = challenge_minute(made);

	(void)state;
	for (int64_t late = -2; late <= 3; late++) {
		char text[CHALLENGE_TEXT_BYTES];
		make(made, minute - late, text);
		assert_int_equal(check(&anna, str_bytes(text, sizeof(text)), made), late == 0 || late == 1 ? made : 0);
	}
}

static void
challenge_with_any_character_changed_is_refused(void **state)
{
	const int64_t made = SECONDS_US(NOW_S);
	char text[CHALLENGE_TEXT_BYTES];

	(void)state;
	make(made, challenge_minute(made), text);
	for (size_t i = 0; i < sizeof(text); i++) {
		char kept = text[i];
		text[i] = kept == 'A' ? 'B' : 'A';
		assert_int_equal(check(&anna, str_bytes(text, sizeof(text)), made), 0);
		text[i] = kept;
		assert_int_equal(check(&anna, str_bytes(text, i), made), 0);
	}
	assert_int_equal(check(&anna, str_bytes(text, sizeof(text)), made), made);
}

static void
two_challenges_of_one_moment_differ(void **state)
{
	const int64_t made = SECONDS_US(NOW_S);
	char one[CHALLENGE_TEXT_BYTES], other[CHALLENGE_TEXT_BYTES];

	(void)state;
	make(made, challenge_minute(made), one);
	make(made, challenge_minute(made), other);
	assert_memory_not_equal(one, other, sizeof(one));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(challenge_is_valid_for_ten_minutes),
		cmocka_unit_test(challenge_of_another_purpose_or_holder_is_refused),
		cmocka_unit_test(key_of_the_minute_before_is_accepted_and_no_other),
		cmocka_unit_test(challenge_with_any_character_changed_is_refused),
		cmocka_unit_test(two_challenges_of_one_moment_differ),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
