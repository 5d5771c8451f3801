/* What becomes of a request: every policy, every kind of visitor, every thing that a rule can name. */
#include "unit.h"

#include "gate/access_file.h"

#define NOW INT64_C(1800000000000000)
#define SECOND INT64_C(1000000)

static const char rules_text[] = "rules:\n"
				 "  - domain: wiki.example.org\n" /* line 2 */
				 "    path: ['/public/**']\n"
				 "    policy: bypass\n"
				 "  - domain: wiki.example.org\n" /* 5 */
				 "    users: [mallory]\n"
				 "    policy: deny\n"
				 "  - domain: wiki.example.org\n" /* 8 */
				 "    path: ['/admin/**']\n"
				 "    groups: [admins]\n"
				 "    max_age: 15m\n"
				 "  - domain: wiki.example.org\n" /* 12 */
				 "    path: ['/admin/**']\n"
				 "    policy: deny\n"
				 "  - domain: wiki.example.org\n" /* 15 */
				 "  - domain: lan.example.org\n"  /* 16 */
				 "    networks: [192.168.0.0/16]\n"
				 "    policy: one_factor\n"
				 "  - domain: lan.example.org\n" /* 19 */
				 "    policy: two_factor\n"
				 "  - domain: api.example.org\n" /* 21 */
				 "    methods: [OPTIONS]\n"
				 "    policy: bypass\n"
				 "  - domain: api.example.org\n" /* 24 */
				 "    users: [anna]\n"
				 "    groups: [robots]\n"
				 "    policy: one_factor\n";

enum who { NOBODY, PASSWORD, ANNA, OLD, ADMIN, ADMIN_OLD, ADMIN_FUTURE, MALLORY };
static const struct access_visitor visitors[] = {
	[NOBODY] = { .level = ACCESS_NOBODY },
	[PASSWORD] = { ACCESS_PASSWORD, STR_INIT("anna"), STR_INIT("staff"), 0 },
	[ANNA] = { ACCESS_FULL, STR_INIT("anna"), STR_INIT("staff"), NOW - 10 * SECOND },
	[OLD] = { ACCESS_FULL, STR_INIT("bob"), STR_INIT(""), NOW - 36000 * SECOND },
	[ADMIN] = { ACCESS_FULL, STR_INIT("ruth"), STR_INIT("admins,staff"), NOW - 900 * SECOND },
	[ADMIN_OLD] = { ACCESS_FULL, STR_INIT("ruth"), STR_INIT("admins,staff"), NOW - 901 * SECOND },
	[ADMIN_FUTURE] = { ACCESS_FULL, STR_INIT("ruth"), STR_INIT("admins,staff"), NOW + SECOND },
	[MALLORY] = { ACCESS_FULL, STR_INIT("mallory"), STR_INIT("admins"), NOW },
};

static const struct {
	const char *url, *method, *address;
	enum who who;
	enum access_outcome outcome;
	enum access_reason reason;
	unsigned line; /* 0: no rule */
} cases[] = {
	{ "https://wiki.example.org/public/x", "GET", "", NOBODY, ACCESS_PASSES, ACCESS_BY_RULE, 2 },
	{ "https://wiki.example.org/public/../admin", "GET", "", NOBODY, ACCESS_REFUSED, ACCESS_UNCLEAR, 2 },
	{ "https://wiki.example.org/public/..%2fadmin", "GET", "", ADMIN, ACCESS_REFUSED, ACCESS_UNCLEAR, 2 },
	{ "https://wiki.example.org/", "GET", "", NOBODY, ACCESS_ASKS, ACCESS_UNKNOWN, 5 },
	{ "https://wiki.example.org/", "GET", "", MALLORY, ACCESS_REFUSED, ACCESS_BY_RULE, 5 },
	{ "https://wiki.example.org/admin/x", "GET", "", MALLORY, ACCESS_REFUSED, ACCESS_BY_RULE, 5 },
	{ "https://wiki.example.org/admin", "GET", "", ADMIN, ACCESS_PASSES, ACCESS_BY_RULE, 8 },
	{ "https://wiki.example.org/admin", "GET", "", ADMIN_OLD, ACCESS_ASKS, ACCESS_OLD, 8 },
	{ "https://wiki.example.org/admin", "GET", "", ADMIN_FUTURE, ACCESS_ASKS, ACCESS_OLD, 8 },
	{ "https://wiki.example.org/admin", "GET", "", ANNA, ACCESS_REFUSED, ACCESS_BY_RULE, 12 },
	{ "https://wiki.example.org/page", "GET", "", ANNA, ACCESS_PASSES, ACCESS_BY_RULE, 15 },
	{ "https://wiki.example.org/page", "GET", "", OLD, ACCESS_PASSES, ACCESS_BY_RULE, 15 },
	{ "https://wiki.example.org/page", "GET", "", PASSWORD, ACCESS_ASKS, ACCESS_CODE, 15 },
	{ "https://lan.example.org/", "GET", "192.168.3.4", NOBODY, ACCESS_ASKS, ACCESS_UNKNOWN, 16 },
	{ "https://lan.example.org/", "GET", "192.168.3.4", PASSWORD, ACCESS_PASSES, ACCESS_BY_RULE, 16 },
	{ "https://lan.example.org/", "GET", "::ffff:192.168.3.4", PASSWORD, ACCESS_PASSES, ACCESS_BY_RULE, 16 },
	{ "https://lan.example.org/", "GET", "192.169.3.4", PASSWORD, ACCESS_ASKS, ACCESS_CODE, 19 },
	{ "https://lan.example.org/", "GET", "nonsense", PASSWORD, ACCESS_ASKS, ACCESS_CODE, 19 },
	{ "https://lan.example.org//x/../", "GET", "192.168.3.4", PASSWORD, ACCESS_PASSES, ACCESS_BY_RULE, 16 },
	{ "https://api.example.org/", "OPTIONS", "", NOBODY, ACCESS_PASSES, ACCESS_BY_RULE, 21 },
	{ "https://api.example.org/", "POST", "", NOBODY, ACCESS_ASKS, ACCESS_UNKNOWN, 24 },
	{ "https://api.example.org/", "POST", "", ANNA, ACCESS_PASSES, ACCESS_BY_RULE, 24 },
	{ "https://api.example.org/", "POST", "", OLD, ACCESS_REFUSED, ACCESS_NO_RULE, 0 },
	{ "https://other.example.org/", "GET", "", ADMIN, ACCESS_REFUSED, ACCESS_NO_RULE, 0 },
	{ "https://wiki.example.org.evil.example/", "GET", "", ADMIN, ACCESS_REFUSED, ACCESS_NO_RULE, 0 },
};

static void
the_first_rule_that_matches_decides(void **state)
{
	CLEANUP(access_rules_wipe) struct access_rules rules = { .n = 0 };
	struct why why = { 0 };

	assert_int_equal(access_parse(STR("f"), str_of(rules_text), &rules, &why), ERR_OK);
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
		struct target target;
		assert_int_equal(target_read(str_of(cases[i].url), &arena, &target), ERR_OK);
		const struct access_request request = { &target, str_of(cases[i].method), str_of(cases[i].address) };
		struct access_decision d = access_decide(&rules, &request, &visitors[cases[i].who], NOW);
		if (d.outcome != cases[i].outcome || d.reason != cases[i].reason ||
		    (d.rule == NULL ? 0 : d.rule->line) != cases[i].line)
			fail_msg("case %zu, %s: outcome %d reason %d line %u", i, cases[i].url, d.outcome, d.reason,
				 d.rule == NULL ? 0 : d.rule->line);
	}
}

static void
no_rules_let_nobody_pass(void **state)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
	const struct access_rules none = { .n = 0 };
	struct target target;

	assert_int_equal(target_read(STR("https://wiki.example.org/"), &arena, &target), ERR_OK);
	const struct access_request request = { &target, STR("GET"), STR("") };
	assert_int_equal(access_decide(&none, &request, &visitors[ADMIN], NOW).outcome, ACCESS_REFUSED);
}

/* A group is a whole name of the list. */
static void
a_group_is_not_a_part_of_another(void **state)
{
	static const char text[] = "rules:\n  - domain: '*'\n    groups: [admin]\n    policy: one_factor\n";
	static const char *const groups[] = { "admins", "xadmin", "admins,badmin", "", "ad,min" };
	CLEANUP(access_rules_wipe) struct access_rules rules = { .n = 0 };
	CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
	struct target target;
	struct why why = { 0 };

	assert_int_equal(access_parse(STR("f"), str_of(text), &rules, &why), ERR_OK);
	assert_int_equal(target_read(STR("https://wiki.example.org/"), &arena, &target), ERR_OK);
	const struct access_request request = { &target, STR("GET"), STR("") };
	for (size_t i = 0; i < COUNT(groups); i++) {
		const struct access_visitor v = { ACCESS_FULL, STR("admin"), str_of(groups[i]), NOW };
		assert_int_equal(access_decide(&rules, &request, &v, NOW).outcome, ACCESS_REFUSED);
	}
	const struct access_visitor v = { ACCESS_FULL, STR("x"), STR("a,admin,b"), NOW };
	assert_int_equal(access_decide(&rules, &request, &v, NOW).outcome, ACCESS_PASSES);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_rule_that_matches_decides),
		cmocka_unit_test(no_rules_let_nobody_pass),
		cmocka_unit_test(a_group_is_not_a_part_of_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
