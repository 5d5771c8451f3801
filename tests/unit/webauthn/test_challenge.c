/* Challenges: the holder, the purpose and the time for which they are valid. */
#include "webauthn/challenge.h"

#include "base/clock.h"
#include "base/digest.h"
#include "unit.h"

enum { NOW_S = 1790000123 };

#define COOKIE "0123456789abcdefghijklmn"

static const uint8_t secret[CHALLENGE_KEY_BYTES] = { 7 };
static const struct challenge_for anna = { CHALLENGE_SIGN_IN, STR_INIT(COOKIE) };

static int
setup(void **state)
{
	(void)state;
	return digest_setup() == ERR_OK ? 0 : -1;
}

/* Make a challenge as web does, with the key of this minute. */
static void
make(int64_t us, int64_t minute, char text[CHALLENGE_TEXT_BYTES])
{
	struct challenge_key key;

	assert_int_equal(challenge_key_derive(secret, CHALLENGE_SIGN_IN, minute, &key), ERR_OK);
	assert_int_equal(challenge_make(&key, anna.holder, us, text), ERR_OK);
}

static int64_t
check(const struct challenge_for *whom, str text, int64_t now_us)
{
	int64_t us = -1;

	assert_int_equal(challenge_check(secret, whom, text, now_us, &us), ERR_OK);
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
	const struct challenge_for others[] = {
		{ CHALLENGE_PROVE, STR(COOKIE) },       { CHALLENGE_STEP_UP, STR(COOKIE) },
		{ CHALLENGE_ENROL, STR(COOKIE) },       { CHALLENGE_SIGN_IN, STR("1" COOKIE) },
		{ CHALLENGE_SIGN_IN, STR(COOKIE "1") }, { CHALLENGE_SIGN_IN, STR("1") },
	};
	char text[CHALLENGE_TEXT_BYTES];

	(void)state;
	make(made, challenge_minute(made), text);
	for (size_t i = 0; i < COUNT(others); i++)
		assert_int_equal(check(&others[i], str_bytes(text, sizeof(text)), made), 0);
}

static void
holder_of_a_wrong_length_has_no_challenge(void **state)
{
	static const char many[CHALLENGE_HOLDER_MAX + 1];
	const int64_t made = SECONDS_US(NOW_S);
	char text[CHALLENGE_TEXT_BYTES];

	(void)state;
	for (size_t n = 0; n <= sizeof(many); n++) {
		const struct challenge_for whom = { CHALLENGE_ENROL, str_bytes(many, n) };
		bool usable = n >= 1 && n <= CHALLENGE_HOLDER_MAX;
		assert_int_equal(challenge_issue(secret, &whom, made, text), usable ? ERR_OK : ERR_INVALID);
		assert_int_equal(check(&whom, str_bytes(text, sizeof(text)), made), usable ? made : 0);
	}
}

static void
issued_challenge_is_valid_for_its_purpose_only(void **state)
{
	static const enum challenge_purpose purposes[] = { CHALLENGE_SIGN_IN, CHALLENGE_PROVE, CHALLENGE_STEP_UP,
							   CHALLENGE_ENROL };
	const int64_t made = SECONDS_US(NOW_S);

	(void)state;
	for (size_t i = 0; i < COUNT(purposes); i++) {
		const struct challenge_for whom = { purposes[i], STR(COOKIE) };
		char text[CHALLENGE_TEXT_BYTES];
		assert_int_equal(challenge_issue(secret, &whom, made, text), ERR_OK);
		for (size_t k = 0; k < COUNT(purposes); k++) {
			const struct challenge_for other = { purposes[k], STR(COOKIE) };
			assert_int_equal(check(&other, str_bytes(text, sizeof(text)), made), k == i ? made : 0);
		}
	}
}

/* Web has only keys for sign-ins. An attacker who controls web must not be able to use them for other purposes. */
static void
key_of_sign_ins_makes_no_challenge_of_another_purpose(void **state)
{
	const int64_t made = SECONDS_US(NOW_S);

	(void)state;
	for (int purpose = CHALLENGE_PROVE; purpose <= CHALLENGE_ENROL; purpose++)
		for (int64_t late = -1; late <= 1; late++) {
			const struct challenge_for whom = { (enum challenge_purpose)purpose, anna.holder };
			char text[CHALLENGE_TEXT_BYTES];
			make(made, challenge_minute(made) - late, text);
			assert_int_equal(check(&whom, str_bytes(text, sizeof(text)), made), 0);
		}
}

static void
sign_in_takes_the_key_of_the_minute_before_and_no_older(void **state)
{
	const int64_t made = SECONDS_US(NOW_S), minute = challenge_minute(made);

	(void)state;
	for (int64_t late = 0; late <= 3; late++) {
		char text[CHALLENGE_TEXT_BYTES];
		make(made, minute - late, text);
		assert_int_equal(check(&anna, str_bytes(text, sizeof(text)), made), late <= 1 ? made : 0);
	}
}

static void
other_purposes_take_the_key_of_the_minute_only(void **state)
{
	const struct challenge_for prove = { CHALLENGE_PROVE, STR(COOKIE) };
	const int64_t made = SECONDS_US(NOW_S);

	(void)state;
	for (int64_t late = 0; late <= 1; late++) {
		struct challenge_key key;
		char text[CHALLENGE_TEXT_BYTES];
		assert_int_equal(challenge_key_derive(secret, prove.purpose, challenge_minute(made) - late, &key),
				 ERR_OK);
		assert_int_equal(challenge_make(&key, prove.holder, made, text), ERR_OK);
		assert_int_equal(check(&prove, str_bytes(text, sizeof(text)), made), late == 0 ? made : 0);
	}
}

/* Web read the clock before the key of the next minute arrived. */
static void
time_before_the_key_is_moved_to_its_minute(void **state)
{
	const int64_t begins = 60 * SECONDS_US(NOW_S / 60);
	char text[CHALLENGE_TEXT_BYTES];

	(void)state;
	make(begins - 1, challenge_minute(begins), text);
	assert_int_equal(check(&anna, str_bytes(text, sizeof(text)), begins - 1), begins);
}

static void
no_challenge_is_made_before_the_first_key(void **state)
{
	const struct challenge_key none = { 0 };
	char text[CHALLENGE_TEXT_BYTES];

	(void)state;
	assert_int_equal(challenge_make(&none, anna.holder, SECONDS_US(NOW_S), text), ERR_INVALID);
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
challenge_is_old_compares_the_time_in_the_text(void **state)
{
	const int64_t made = SECONDS_US(NOW_S), over = made + SECONDS_US(CHALLENGE_SECONDS);
	char text[CHALLENGE_TEXT_BYTES];
	str said = str_bytes(text, sizeof(text));

	(void)state;
	make(made, challenge_minute(made), text);
	assert_false(challenge_is_old(said, made));
	assert_false(challenge_is_old(said, over - 1));
	assert_true(challenge_is_old(said, over));
	text[40] = text[40] == 'A' ? 'B' : 'A'; /* with a wrong MAC too */
	assert_true(challenge_is_old(said, over));
	assert_false(challenge_is_old(STR(""), over));
	assert_false(challenge_is_old(str_upto(said, sizeof(text) - 1), over));
	memset(text, 'A', sizeof(text)); /* the time 0 */
	assert_false(challenge_is_old(said, over));
	memset(text, '_', sizeof(text)); /* later than any time */
	assert_false(challenge_is_old(said, over));
}

static void
two_challenges_of_the_same_time_differ(void **state)
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
		cmocka_unit_test(holder_of_a_wrong_length_has_no_challenge),
		cmocka_unit_test(issued_challenge_is_valid_for_its_purpose_only),
		cmocka_unit_test(key_of_sign_ins_makes_no_challenge_of_another_purpose),
		cmocka_unit_test(sign_in_takes_the_key_of_the_minute_before_and_no_older),
		cmocka_unit_test(other_purposes_take_the_key_of_the_minute_only),
		cmocka_unit_test(time_before_the_key_is_moved_to_its_minute),
		cmocka_unit_test(no_challenge_is_made_before_the_first_key),
		cmocka_unit_test(challenge_with_any_character_changed_is_refused),
		cmocka_unit_test(challenge_is_old_compares_the_time_in_the_text),
		cmocka_unit_test(two_challenges_of_the_same_time_differ),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
