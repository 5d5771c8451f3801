/* The access rules in force: before the first set, after a replacement, and replaced while threads use them. */
#include "unit.h"

#include "access/access_file.h"
#include "access/live_rules.h"

#include <stdatomic.h>
#include <string.h>

enum { SWAPS = 300, READERS = 2 };

static const char open_text[] = "rules:\n"
				"  - domain: wiki.example.org\n"
				"    policy: bypass\n";
static const char closed_text[] = "rules:\n"
				  "  - domain: lan.example.org\n"
				  "  - domain: wiki.example.org\n"
				  "    policy: deny\n";

static void
put_in_force(struct live_rules *live, const char *text)
{
	CLEANUP(rule_set_wipe) struct rule_set set = { .arena = ARENA(1024) };
	struct why why = { 0 };

	assert_int_equal(arena_copy(&set.arena, str_of(text), &set.text), ERR_OK);
	assert_int_equal(access_parse(STR("test"), set.text, &set.rules, &why), ERR_OK);
	live_rules_swap(live, &set);
}

struct decided {
	enum access_outcome outcome;
	enum access_policy policy;
	unsigned line;
};

static struct decided
decide(struct live_rules *live)
{
	struct target target = { .host = STR("wiki.example.org"), .path = STR("/"), .certain = 1 };
	const struct access_request request = { .target = &target, .method = STR("GET") };
	const struct access_visitor nobody = { .level = ACCESS_NOBODY };
	struct decided decided = { .line = 99 };
	struct access_decision decision = live_rules_decide(live, &request, &nobody, 0, &decided.policy, &decided.line);

	assert_null(decision.rule);
	decided.outcome = decision.outcome;
	return decided;
}

static void
live_rules_refuse_requests_before_the_first_set(void **state)
{
	struct live_rules live = { 0 };

	assert_int_equal(live_rules_begin(&live), ERR_OK);
	struct decided decided = decide(&live);
	assert_int_equal(decided.outcome, ACCESS_REFUSED);
	assert_int_equal(decided.policy, ACCESS_DENY);
	assert_int_equal(decided.line, 0);
	live_rules_end(&live);
}

static void
live_rules_decide_by_the_newest_set(void **state)
{
	CLEANUP(buf_wipe) struct buf text = BUF(1024);
	struct live_rules live = { 0 };

	CLEANUP(buf_wipe) struct buf icons = BUF(1024);

	assert_int_equal(live_rules_begin(&live), ERR_OK);
	put_in_force(&live, open_text);
	struct decided decided = decide(&live);
	assert_int_equal(decided.outcome, ACCESS_PASSES);
	assert_int_equal(decided.policy, ACCESS_BYPASS);
	assert_int_equal(decided.line, 2);
	put_in_force(&live, closed_text);
	decided = decide(&live);
	assert_int_equal(decided.outcome, ACCESS_REFUSED);
	assert_int_equal(decided.policy, ACCESS_DENY);
	assert_int_equal(decided.line, 3);
	assert_int_equal(live_rules_copy(&live, &text, &icons), ERR_OK);
	assert_true(str_equal(buf_str(&text), str_of(closed_text)));
	live_rules_end(&live);
}

static void
live_rules_swap_returns_the_old_set(void **state)
{
	CLEANUP(rule_set_wipe) struct rule_set set = { .text = { 0 } };
	struct live_rules live = { 0 };

	assert_int_equal(live_rules_begin(&live), ERR_OK);
	put_in_force(&live, open_text);
	live_rules_swap(&live, &set);
	assert_int_equal(set.rules.n, 1);
	assert_true(str_equal(set.text, str_of(open_text)));
	assert_int_equal(decide(&live).outcome, ACCESS_REFUSED);
	live_rules_end(&live);
}

static void
live_rules_copy_reports_an_overlong_text(void **state)
{
	CLEANUP(buf_wipe) struct buf text = BUF(sizeof(open_text) - 2);
	CLEANUP(buf_wipe) struct buf icons = BUF(1024);
	struct live_rules live = { 0 };

	assert_int_equal(live_rules_begin(&live), ERR_OK);
	put_in_force(&live, open_text);
	assert_int_equal(live_rules_copy(&live, &text, &icons), ERR_TOO_LONG);
	live_rules_end(&live);
}

struct reader {
	struct live_rules *live;
	atomic_bool *done;
	bool torn;
};

/* The policy and the line must belong to the same rule, also while a set is replaced. */
static void *
read_on(void *context)
{
	struct reader *reader = context;

	do {
		struct decided decided = decide(reader->live);
		reader->torn |= decided.line != (decided.policy == ACCESS_BYPASS ? 2u : 3u);
	} while (!atomic_load(reader->done));
	return NULL;
}

static void
live_rules_are_replaced_while_threads_decide(void **state)
{
	struct live_rules live = { 0 };
	pthread_t threads[READERS];
	struct reader readers[READERS];
	atomic_bool done = false;

	assert_int_equal(live_rules_begin(&live), ERR_OK);
	put_in_force(&live, open_text);
	for (size_t i = 0; i < READERS; i++) {
		readers[i] = (struct reader){ .live = &live, .done = &done };
		assert_int_equal(pthread_create(&threads[i], NULL, read_on, &readers[i]), 0);
	}
	for (size_t i = 0; i < SWAPS; i++)
		put_in_force(&live, i % 2 == 0 ? closed_text : open_text);
	atomic_store(&done, true);
	for (size_t i = 0; i < READERS; i++) {
		pthread_join(threads[i], NULL);
		assert_false(readers[i].torn);
	}
	live_rules_end(&live);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(live_rules_refuse_requests_before_the_first_set),
		cmocka_unit_test(live_rules_decide_by_the_newest_set),
		cmocka_unit_test(live_rules_swap_returns_the_old_set),
		cmocka_unit_test(live_rules_copy_reports_an_overlong_text),
		cmocka_unit_test(live_rules_are_replaced_while_threads_decide),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
