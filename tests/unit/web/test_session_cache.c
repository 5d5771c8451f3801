/* Web's cache of sessions and the eviction of its entries. */
#include "unit.h"

#include "base/clock.h"
#include "web/core/session_cache.h"

#include <pthread.h>
#include <stdatomic.h>

static const struct token first = { { 1, 2, 3 } }, second = { { 9, 8, 7 } };
static const struct session_view full = { .state = STATE_FULL, .name = "helene", .expires_us = 1000 };

static int
setup(void **state)
{
	*state = session_cache_new(1024);
	return *state == NULL;
}

static int
teardown(void **state)
{
	session_cache_free((struct session_cache **)state);
	return 0;
}

static void
remember(struct session_cache *cache, const struct token *hash)
{
	session_cache_put(cache, hash, &full, 10, session_cache_epoch(cache));
}

static void
session_cache_returns_stored_sessions(void **state)
{
	struct session_view view = { 0 };

	assert_false(session_cache_get(*state, &first, 10, &view));
	remember(*state, &first);
	assert_true(session_cache_get(*state, &first, 10, &view));
	assert_int_equal(view.state, STATE_FULL);
	assert_string_equal(view.name, "helene");
	assert_false(session_cache_get(*state, &second, 10, &view));
}

static void
session_cache_evicts_an_expired_session(void **state)
{
	struct session_view view = { 0 };

	remember(*state, &first);
	assert_true(session_cache_get(*state, &first, 999, &view));
	assert_false(session_cache_get(*state, &first, 1000, &view));
}

static void
session_cache_does_not_store_a_view_without_its_groups(void **state)
{
	struct session_view view = full;

	remember(*state, &first);
	view.groups_long = true;
	session_cache_put(*state, &first, &view, 10, session_cache_epoch(*state));
	assert_false(session_cache_get(*state, &first, 10, &view));
}

static void
session_cache_entries_expire_by_age_and_clock_jump(void **state)
{
	const struct session_view long_lived = { .state = STATE_FULL, .expires_us = SECONDS_US(1000) };
	struct session_view view = { 0 };
	int64_t put_us = SECONDS_US(100);

	session_cache_put(*state, &first, &long_lived, put_us, session_cache_epoch(*state));
	assert_true(session_cache_get(*state, &first, put_us, &view));
	assert_true(session_cache_get(*state, &first, put_us + SECONDS_US(CACHE_SECONDS) - 1, &view));
	assert_false(session_cache_get(*state, &first, put_us + SECONDS_US(CACHE_SECONDS), &view));
	assert_false(session_cache_get(*state, &first, put_us - 1, &view));
}

static void
session_cache_evicts_sessions_that_the_keeper_ended(void **state)
{
	struct session_view view = { 0 };

	remember(*state, &first);
	remember(*state, &second);
	session_cache_pushed(*state, 1, &first);
	assert_false(session_cache_get(*state, &first, 10, &view));
	assert_true(session_cache_get(*state, &second, 10, &view));
}

static void
session_cache_skips_an_answer_overtaken_by_a_session_end(void **state)
{
	struct session_view view = { 0 };
	int64_t epoch = session_cache_epoch(*state);

	session_cache_pushed(*state, 1, &first);
	session_cache_put(*state, &first, &full, 10, epoch);
	assert_false(session_cache_get(*state, &first, 10, &view));
}

/* An answer to a change arrives while another session ends: it is not stored, and the old entry is evicted. */
static void
session_cache_evicts_sessions_that_a_change_made_stale(void **state)
{
	struct session_view view = { 0 };
	int64_t epoch = session_cache_epoch(*state);

	session_cache_put(*state, &first, &full, 10, epoch);
	session_cache_pushed(*state, 1, &second);
	assert_true(session_cache_get(*state, &first, 10, &view));
	session_cache_put(*state, &first, &full, 10, epoch);
	assert_false(session_cache_get(*state, &first, 10, &view));
}

static void
session_cache_evicts_a_session_that_does_not_exist(void **state)
{
	struct session_view view = { 0 };
	int64_t before;

	remember(*state, &first);
	before = session_cache_epoch(*state);
	session_cache_evict(*state, &second); /* an invented token */
	assert_int_equal(session_cache_epoch(*state), before);
	session_cache_evict(*state, &first);
	assert_false(session_cache_get(*state, &first, 10, &view));
	session_cache_put(*state, &first, &full, 10, before); /* an older answer */
	assert_false(session_cache_get(*state, &first, 10, &view));
}

static void
session_cache_stays_within_its_size(void **state)
{
	struct session_view view = { 0 };
	size_t found = 0;

	for (uint32_t i = 0; i < 10000; i++) {
		struct token hash = { { (uint8_t)i, (uint8_t)(i >> 8), (uint8_t)(i >> 16), 1 } };
		remember(*state, &hash);
		assert_true(session_cache_get(*state, &hash, 10, &view)); /* the newest entry is always kept */
	}
	for (uint32_t i = 0; i < 10000; i++) {
		struct token hash = { { (uint8_t)i, (uint8_t)(i >> 8), (uint8_t)(i >> 16), 1 } };
		found += session_cache_get(*state, &hash, 10, &view);
	}
	assert_true(found > 0 && found <= 1024);
}

#ifdef DOUBLETOUR_TEST_HOOKS
static void *
push_later(void *cache)
{
	nanosleep(&(struct timespec){ .tv_nsec = 20 * 1000 * 1000 }, NULL);
	session_cache_pushed(cache, 5, &first);
	return NULL;
}

/* The cache computes its deadline from the clock of the hook, but waits by the system's clock. */
static void
session_cache_wait_lasts_until_the_push_is_applied(void **state)
{
	struct session_view view = { 0 };
	pthread_t thread;

	clock_hook_stop();
	clock_hook_step(SECONDS_US(300));
	remember(*state, &first);
	assert_int_equal(pthread_create(&thread, NULL, push_later, *state), 0);
	assert_int_equal(session_cache_wait(*state, 5), ERR_OK);
	assert_false(session_cache_get(*state, &first, 10, &view));
	pthread_join(thread, NULL);
	clock_hook_step(-SECONDS_US(600));
	assert_int_equal(session_cache_wait(*state, 6), ERR_AWAY);
	clock_hook_run();
}
#endif

struct race {
	struct session_cache *cache;
	atomic_bool end;
};

static void *
ask_and_put(void *context)
{
	struct race *race = context;

	while (!race->end) {
		int64_t epoch = session_cache_epoch(race->cache);
		session_cache_put(race->cache, &first, &full, 10, epoch);
	}
	return NULL;
}

/* An answer from before the end must not stay in the cache, with any timing of the two threads. */
static void
session_cache_put_and_end_may_race(void **state)
{
	struct race race = { .cache = *state };
	struct session_view view;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, ask_and_put, &race), 0);
	for (int64_t i = 1; i < 20000; i++) {
		int64_t before = session_cache_epoch(*state);
		session_cache_pushed(*state, i, &first);
		session_cache_put(*state, &first, &full, 10, before); /* too late */
	}
	race.end = true;
	pthread_join(thread, NULL);
	session_cache_pushed(*state, 20000, &first);
	assert_false(session_cache_get(*state, &first, 10, &view));
}

int
main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		CASE(session_cache_returns_stored_sessions),
		CASE(session_cache_evicts_an_expired_session),
		CASE(session_cache_does_not_store_a_view_without_its_groups),
		CASE(session_cache_entries_expire_by_age_and_clock_jump),
		CASE(session_cache_evicts_sessions_that_the_keeper_ended),
		CASE(session_cache_skips_an_answer_overtaken_by_a_session_end),
		CASE(session_cache_evicts_sessions_that_a_change_made_stale),
		CASE(session_cache_evicts_a_session_that_does_not_exist),
		CASE(session_cache_stays_within_its_size),
#ifdef DOUBLETOUR_TEST_HOOKS
		CASE(session_cache_wait_lasts_until_the_push_is_applied),
#endif
		CASE(session_cache_put_and_end_may_race),
	};

	return cmocka_run_group_tests_name("session_cache", tests, NULL, NULL);
}
