/* Challenges of the sign-in page: the keeper accepts each of them, but not from another browser. */
#include "unit.h"

#include "base/clock.h"
#include "base/digest.h"
#include "web/core/passkeys.h"

enum { MINUTE = 29833333 };

static const uint8_t secret[CHALLENGE_KEY_BYTES] = { 7 };
static const char cookie[] = "0123456789abcdef01234567";
static struct web web;

static int
setup(void **state)
{
	(void)state;
	return digest_setup() == ERR_OK ? 0 : -1;
}

static void
push(int64_t minute)
{
	struct challenge_key key;
	struct token token;

	assert_int_equal(challenge_key_derive(secret, CHALLENGE_SIGN_IN, minute, &key), ERR_OK);
	memcpy(token.b, key.b, sizeof(token.b));
	challenge_newest_push(&web.challenge_newest, minute, &token);
}

/* The challenge for a request at this time, from a browser with this form cookie. */
static str
make(str browser, int64_t now_us, struct arena *arena)
{
	struct request rq = { .now_us = now_us, .arena = arena };
	struct exchange x = { .web = &web, .rq = &rq, .anonymous = browser };
	str challenge = { 0 };

	assert_int_equal(exchange_challenge(&x, &challenge), ERR_OK);
	return challenge;
}

/* Does the keeper accept the challenge, for this browser? */
static bool
accepted(str challenge, str browser, int64_t now_us)
{
	const struct challenge_for whom = { CHALLENGE_SIGN_IN, browser };
	int64_t made_us = 0;

	assert_int_equal(challenge_check(secret, &whom, challenge, now_us, &made_us), ERR_OK);
	return made_us > 0;
}

static void
each_challenge_of_web_is_accepted_for_its_browser(void **state)
{
	static const struct {
		const char *why;
		int64_t seconds; /* time of the request, from the beginning of the newest key's minute */
		bool made;
	} rows[] = {
		{ "a clock that was read before the key came", -1, true },
		{ "the minute of the key", 30, true },
		{ "the end of the minute that follows", 119, true },
		{ "a key that the keeper no longer accepts", 120, false },
	};

	(void)state;
	challenge_newest_init(&web.challenge_newest);
	push(MINUTE - 1);
	push(MINUTE);
	for (size_t i = 0; i < COUNT(rows); i++) {
		const int64_t now_us = SECONDS_US(60 * (int64_t)MINUTE + rows[i].seconds);
		CLEANUP(arena_wipe) struct arena arena = ARENA(4096);
		str challenge = make(str_of(cookie), now_us, &arena);
		if ((challenge.n > 0) != rows[i].made || accepted(challenge, str_of(cookie), now_us) != rows[i].made ||
		    accepted(challenge, STR("another browser's cookie"), now_us))
			fail_msg("%s", rows[i].why);
	}
}

static void
challenge_is_empty_without_a_key_or_a_form_cookie(void **state)
{
	const int64_t now_us = SECONDS_US(60 * (int64_t)MINUTE);
	CLEANUP(arena_wipe) struct arena arena = ARENA(4096);

	(void)state;
	challenge_newest_init(&web.challenge_newest);
	assert_int_equal(make(str_of(cookie), now_us, &arena).n, 0);
	push(MINUTE);
	assert_int_equal(make(STR(""), now_us, &arena).n, 0);
	assert_int_not_equal(make(str_of(cookie), now_us, &arena).n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_challenge_of_web_is_accepted_for_its_browser),
		cmocka_unit_test(challenge_is_empty_without_a_key_or_a_form_cookie),
	};

	return cmocka_run_group_tests_name("web_challenge", tests, setup, NULL);
}
