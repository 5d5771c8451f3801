/* Web's cache of gate cookies and the eviction of its entries. */
#include "unit.h"

#include "base/clock.h"
#include "base/digest.h"
#include "web/core/gate_cache.h"

#include <stdio.h>
#include <string.h>

static const struct token alice = { { 1, 2, 3 } }, bob = { { 9, 8, 7 } };

static int
setup(void **state)
{
	assert_int_equal(digest_setup(), ERR_OK);
	*state = gate_cache_new(256);
	return *state == NULL;
}

static int
teardown(void **state)
{
	gate_cache_free((struct gate_cache **)state);
	return 0;
}

static struct gate_guest
guest_of(const struct token *session)
{
	return (struct gate_guest){ .visitor = { ACCESS_FULL, STR("alice"), STR("admins,staff"), 5 },
				    .display_name = STR("Alice"),
				    .email = STR("alice@example.org"),
				    .expires_us = SECONDS_US(1000),
				    .session = *session,
				    .jwt = STR("a.b.c") };
}

static struct token
key_of(const char *cookie, const char *host)
{
	struct token key;

	assert_int_equal(gate_cache_key(str_of(cookie), str_of(host), &key), ERR_OK);
	return key;
}

static void
put(struct gate_cache *cache, const struct token *key, const struct token *session, int64_t now_us)
{
	struct gate_guest guest = guest_of(session);

	gate_cache_put(cache, key, &guest, now_us, gate_cache_epoch(cache));
}

static bool
is_there(struct gate_cache *cache, const struct token *key, int64_t now_us)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
	struct gate_guest guest;

	return gate_cache_get(cache, key, now_us, &arena, &guest);
}

/* Moving bytes from the cookie to the host gives another key.  An overlong text has no key. */
static void
the_key_separates_cookie_and_host(void **state)
{
	struct token one = key_of("cookiewiki", "example.org"), other = key_of("cookie", "wikiexample.org"), ignored;
	char text[512];

	(void)state;
	assert_memory_not_equal(&one, &other, sizeof(one));
	memset(text, 'x', sizeof(text));
	assert_int_equal(gate_cache_key(str_bytes(text, 500), STR("example.org"), &ignored), ERR_OK);
	assert_int_equal(gate_cache_key(str_bytes(text, 501), STR("example.org"), &ignored), ERR_TOO_LONG);
}

static void
the_gate_cache_returns_stored_answers(void **state)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
	struct token key = key_of("cookie", "wiki.example.org");
	struct gate_guest guest;

	assert_false(is_there(*state, &key, 10));
	put(*state, &key, &alice, 10);
	assert_true(gate_cache_get(*state, &key, 10, &arena, &guest));
	assert_int_equal(guest.visitor.level, ACCESS_FULL);
	assert_int_equal(guest.visitor.verified_us, 5);
	assert_true(str_equal(guest.visitor.name, STR("alice")));
	assert_true(str_equal(guest.visitor.groups, STR("admins,staff")));
	assert_true(str_equal(guest.display_name, STR("Alice")));
	assert_true(str_equal(guest.email, STR("alice@example.org")));
	assert_true(str_equal(guest.jwt, STR("a.b.c")));
}

/* A later entry does not change the values that an earlier caller got. */
static void
the_gate_cache_returns_copies(void **state)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
	struct token key = key_of("cookie", "wiki.example.org");
	struct gate_guest guest, other = guest_of(&bob);

	put(*state, &key, &alice, 10);
	assert_true(gate_cache_get(*state, &key, 10, &arena, &guest));
	other.visitor.name = STR("robert");
	gate_cache_put(*state, &key, &other, 10, gate_cache_epoch(*state));
	assert_true(str_equal(guest.visitor.name, STR("alice")));
}

static void
the_gate_cache_key_is_cookie_and_host(void **state)
{
	struct token a = key_of("cookie", "wiki.example.org"), b = key_of("cookie", "docs.example.org"),
		     c = key_of("cookiewiki", ".example.org");

	put(*state, &a, &alice, 10);
	assert_false(is_there(*state, &b, 10));
	assert_false(is_there(*state, &c, 10));
}

static void
a_cached_answer_lives_two_seconds(void **state)
{
	struct token key = key_of("cookie", "wiki.example.org");

	put(*state, &key, &alice, SECONDS_US(10));
	assert_true(is_there(*state, &key, SECONDS_US(12) - 1));
	assert_false(is_there(*state, &key, SECONDS_US(12)));
	assert_false(is_there(*state, &key, SECONDS_US(10) - 1));
}

static void
a_cached_answer_ends_with_its_session(void **state)
{
	struct token key = key_of("cookie", "wiki.example.org"), other = key_of("other", "wiki.example.org");

	put(*state, &key, &alice, 10);
	put(*state, &other, &bob, 10);
	gate_cache_ended(*state, &alice);
	assert_false(is_there(*state, &key, 10));
	assert_true(is_there(*state, &other, 10));
	put(*state, &key, &alice, 10); /* stored again */
	assert_true(is_there(*state, &key, 10));
}

static void
an_answer_overtaken_by_a_session_end_is_not_cached(void **state)
{
	struct token key = key_of("cookie", "wiki.example.org");
	struct gate_guest guest = guest_of(&alice);
	int64_t epoch = gate_cache_epoch(*state);

	gate_cache_ended(*state, &alice);
	gate_cache_put(*state, &key, &guest, 10, epoch);
	assert_false(is_there(*state, &key, 10));
}

static void
a_cached_answer_does_not_outlive_the_session(void **state)
{
	struct token key = key_of("cookie", "wiki.example.org");
	struct gate_guest guest = guest_of(&alice);

	guest.expires_us = 100;
	gate_cache_put(*state, &key, &guest, 10, gate_cache_epoch(*state));
	assert_true(is_there(*state, &key, 99));
	assert_false(is_there(*state, &key, 100));
}

static void
overlong_answers_are_not_cached(void **state)
{
	static char jwt[4096];
	struct token key = key_of("cookie", "wiki.example.org");
	struct gate_guest guest = guest_of(&alice);

	memset(jwt, 'a', sizeof(jwt));
	put(*state, &key, &alice, 10);
	guest.jwt = str_bytes(jwt, sizeof(jwt));
	gate_cache_put(*state, &key, &guest, 10, gate_cache_epoch(*state));
	assert_false(is_there(*state, &key, 10));
}

static void
a_full_set_evicts_its_oldest(void **state)
{
	char cookie[32];
	unsigned there = 0;

	for (int i = 0; i < 5000; i++) {
		snprintf(cookie, sizeof(cookie), "cookie-%d", i);
		struct token key = key_of(cookie, "wiki.example.org");
		put(*state, &key, &alice, i);
		assert_true(is_there(*state, &key, i));
	}
	for (int i = 0; i < 5000; i++) {
		snprintf(cookie, sizeof(cookie), "cookie-%d", i);
		struct token key = key_of(cookie, "wiki.example.org");
		there += is_there(*state, &key, 5000);
	}
	assert_true(there > 200 && there <= 256);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_key_separates_cookie_and_host, setup, teardown),
		cmocka_unit_test_setup_teardown(the_gate_cache_returns_stored_answers, setup, teardown),
		cmocka_unit_test_setup_teardown(the_gate_cache_returns_copies, setup, teardown),
		cmocka_unit_test_setup_teardown(the_gate_cache_key_is_cookie_and_host, setup, teardown),
		cmocka_unit_test_setup_teardown(a_cached_answer_lives_two_seconds, setup, teardown),
		cmocka_unit_test_setup_teardown(a_cached_answer_ends_with_its_session, setup, teardown),
		cmocka_unit_test_setup_teardown(an_answer_overtaken_by_a_session_end_is_not_cached, setup, teardown),
		cmocka_unit_test_setup_teardown(a_cached_answer_does_not_outlive_the_session, setup, teardown),
		cmocka_unit_test_setup_teardown(overlong_answers_are_not_cached, setup, teardown),
		cmocka_unit_test_setup_teardown(a_full_set_evicts_its_oldest, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
