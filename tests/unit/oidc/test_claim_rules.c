/* Own claims of a client: rules that are accepted and refused, and the claims that a person gets. */
#include "oidc/claim_rules.h"

#include "unit.h"

#include <jansson.h>
#include <stdlib.h>

enum { PROFILE = OIDC_SCOPE_OPENID | OIDC_SCOPE_PROFILE };

static const struct {
	const char *rules;
	unsigned line; /* line of the problem; 0: the rules are accepted */
	const char *why;
} checks[] = {
	{ "", 0, "no rules" },
	{ "role = \"admin\" if group jellyfin-admins else \"user\"", 0, "the example" },
	{ "wiki_groups = groups always", 0, "the other example" },
	{ "groups = groups always", 0, "for applications that cannot ask for the scope" },
	{ "a=1", 0, "no blanks" },
	{ "  a\t= -1.5e3\twith  email  ", 0, "many blanks" },
	{ "teams = [{\"name\": \"a\", \"oidcID\": 1}] if group vikunja", 0, "a list of objects" },
	{ "abs = {\"canDownload\": true, \"x\": null} with groups", 0, "an object" },
	{ "https://hasura.io/jwt/claims = {\"x-hasura-role\": \"user\"}", 0, "a URL as name" },
	{ "a = true\na = false if group x", 0, "one name in two rules" },
	{ "a = \"=\" always", 0, "an equals sign in the value" },
	{ "a = \"x if group y\" if group z", 0, "words of the rule in the value" },
	{ "a", 1, "no equals sign" },
	{ "= 1", 1, "no name" },
	{ "a b = 1", 1, "a blank in the name" },
	{ "a\" = 1", 1, "a quote in the name" },
	{ "sub = \"x\"", 1, "a claim of the server" },
	{ "email_verified = true", 1, "a claim of the server" },
	{ "aud = \"x\"", 1, "a claim of the server" },
	{ "a = 1\nb = ", 2, "no value" },
	{ "a = admin", 1, "a word without quotes" },
	{ "a = 'x'", 1, "single quotes" },
	{ "a = {\"x\": 1, \"x\": 2}", 1, "a member twice" },
	{ "a = {\"x\": 1", 1, "an open brace" },
	{ "a = \"x\"y", 1, "bytes after the value" },
	{ "a = 1e999", 1, "a number that is too big" },
	{ "a = 99999999999999999999", 1, "a number that is too big" },
	{ "a = \"\xff\"", 1, "not UTF-8" },
	{ "a = \"\\u0000\"", 1, "NUL" },
	{ "a = 1 if", 1, "no condition" },
	{ "a = 1 if user x", 1, "another condition" },
	{ "a = 1 if group", 1, "no group" },
	{ "a = 1 if group A", 1, "not the name of a group" },
	{ "a = 1 if group x else", 1, "no other value" },
	{ "a = 1 else 2", 1, "else without if" },
	{ "a = 1 with", 1, "no scope" },
	{ "a = 1 with quota", 1, "an unknown scope" },
	{ "a = 1 always always", 1, "one word too many" },
	{ "a = 1 always with email", 1, "always and a scope" },
	{ "a = groups\nb = groups\nc = groups", 3, "three lists of groups could be too long" },
	{ "a = 1\n\nb = 2", 2, "an empty line" },
};

static void
rules_are_checked_line_by_line(void **state)
{
	for (size_t i = 0; i < COUNT(checks); i++) {
		const char *problem = "";
		unsigned line = 0;
		err e = claim_rules_check(str_of(checks[i].rules), &line, &problem);
		if (e != (checks[i].line == 0 ? ERR_OK : ERR_INVALID) || line != checks[i].line ||
		    (problem[0] == '\0') != (line == 0))
			fail_msg("%s: %s, line %u, %s", checks[i].rules, checks[i].why, line, problem);
	}
}

static void
values_have_at_most_two_kibibytes(void **state)
{
	CLEANUP(buf_wipe) struct buf rule = BUF(8192);
	const char *problem = "";
	unsigned line = 0;

	buf_put(&rule, STR("a = \""));
	for (size_t i = 0; i < CLAIM_VALUE_MAX - 2; i++)
		buf_put_byte(&rule, 'x');
	buf_put_byte(&rule, '"');
	assert_int_equal(claim_rules_check(buf_str(&rule), &line, &problem), ERR_OK);
	rule.p[rule.n - 1] = 'x';
	buf_put_byte(&rule, '"');
	assert_int_equal(claim_rules_check(buf_str(&rule), &line, &problem), ERR_INVALID);
	assert_int_equal(line, 1);
}

static void
a_client_has_at_most_32_rules_and_6_kibibytes(void **state)
{
	CLEANUP(buf_wipe) struct buf rules = BUF(16384);
	const char *problem = "";
	unsigned line = 0;

	for (int i = 0; i < CLAIM_RULES_MAX; i++)
		buf_put(&rules, STR("a=1\n"));
	assert_int_equal(claim_rules_check(buf_str(&rules), &line, &problem), ERR_OK);
	buf_put(&rules, STR("a=1"));
	assert_int_equal(claim_rules_check(buf_str(&rules), &line, &problem), ERR_INVALID);
	assert_int_equal(line, 33);
	buf_clear(&rules);
	for (int i = 0; i < 16; i++)
		buf_printf(&rules, "%sa=\"%0400d\"", i == 0 ? "" : "\n", 0);
	assert_int_equal(claim_rules_check(buf_str(&rules), &line, &problem), ERR_INVALID);
}

static void
gives(const char *rules, unsigned scopes, const char *groups, const char *wanted, const char *why)
{
	CLEANUP(buf_wipe) struct buf out = BUF(16 * 1024);

	claim_rules_put(str_of(rules), scopes, str_of(groups), (scopes & OIDC_SCOPE_GROUPS) != 0, &out);
	buf_put_byte(&out, '\0');
	if (buf_check(&out) != ERR_OK || strcmp(out.p, wanted) != 0)
		fail_msg("%s: %s gives %s", why, rules, out.p);
}

static void
rules_give_claims_by_group_and_scope(void **state)
{
	const char *role = "role = \"admin\" if group admins else \"user\"";

	gives("", PROFILE, "", "", "no rules");
	gives(role, PROFILE, "admins", ",\"role\":\"admin\"", "a member");
	gives(role, PROFILE, "a,admins,z", ",\"role\":\"admin\"", "a member of several groups");
	gives(role, PROFILE, "administrators,admin", ",\"role\":\"user\"", "names are compared whole");
	gives(role, PROFILE, "", ",\"role\":\"user\"", "no groups");
	gives(role, OIDC_SCOPE_OPENID | OIDC_SCOPE_EMAIL, "admins", "", "without the scope profile");
	gives("a = 1 if group x", PROFILE, "y", "", "no other value");
	gives("a = 1 with email", PROFILE, "", "", "without the named scope");
	gives("a = 1 with email", OIDC_SCOPE_EMAIL, "", ",\"a\":1", "with the named scope");
	gives("a = 1 always", OIDC_SCOPE_OPENID, "", ",\"a\":1", "with any scope");
	gives("w = groups always", OIDC_SCOPE_OPENID, "a,b-c", ",\"w\":[\"a\",\"b-c\"]", "the groups");
	gives("w = groups always", OIDC_SCOPE_OPENID, "", ",\"w\":[]", "no groups");
	gives("a = {\"x\": [1, 2]}\nb = null", PROFILE, "", ",\"a\":{\"x\": [1, 2]},\"b\":null", "any JSON value");
}

static void
the_first_rule_that_applies_gives_a_claim(void **state)
{
	const char *rules = "r = 3 if group c\nr = 2 if group b\nr = 1";

	gives(rules, PROFILE, "b,c", ",\"r\":3", "the first one");
	gives(rules, PROFILE, "b", ",\"r\":2", "the second one");
	gives(rules, PROFILE, "", ",\"r\":1", "the last one");
	gives("r = 2 with email\nr = 1", PROFILE, "", ",\"r\":1", "a rule without its scope does not apply");
}

static void
a_rule_for_groups_gives_no_second_claim(void **state)
{
	gives("groups = groups always", OIDC_SCOPE_OPENID, "a", ",\"groups\":[\"a\"]", "without the scope");
	gives("groups = groups always", OIDC_SCOPE_OPENID | OIDC_SCOPE_GROUPS, "a", "", "the server gives it");
}

static void
text_is(const char *rules, unsigned scopes, const char *groups, const char *wanted, bool wanted_groups)
{
	CLEANUP(buf_wipe) struct buf out = BUF(16 * 1024);
	struct claims_untold untold;

	claim_rules_put_text(str_of(rules), scopes, str_of(groups), 1000, &untold, &out);
	buf_put_byte(&out, '\0');
	assert_int_equal(buf_check(&out), ERR_OK);
	assert_string_equal(out.p, wanted);
	assert_int_equal(untold.groups, wanted_groups);
	assert_int_equal(untold.more, 0);
}

#define LONG_VALUE "\"0123456789012345678901234567890123456789012345678901234567890123456789\""

static void
text_of_claims_lists_what_the_rules_give(void **state)
{
	text_is("", PROFILE, "x", "", false);
	text_is("role = \"admin\" if group x\nquota = 5 always", PROFILE, "x", "role: \"admin\", quota: 5", false);
	text_is("role = \"admin\" if group x\nquota = 5 always", OIDC_SCOPE_OPENID, "x", "quota: 5", false);
	text_is("groups = groups always", OIDC_SCOPE_OPENID, "x", "", true);
	text_is("memberOf = groups always\na = 1", PROFILE, "x", "a: 1", true);
	text_is("a = " LONG_VALUE "\nb = true", PROFILE, "", "a, b: true", false);
	text_is("a = 1 if group x\na = 2", PROFILE, "x", "a: 1", false);
}

static void
text_of_claims_ends_before_its_maximum(void **state)
{
	static const struct {
		size_t max;
		const char *wanted;
		unsigned more;
	} cases[] = {
		{ 10, "a: 1, b: 2", 1 },
		{ 16, "a: 1, b: 2, c: 3", 0 },
		{ 15, "a: 1, b: 2", 1 },
		{ 3, "", 3 },
		{ 0, "", 3 },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(buf_wipe) struct buf out = BUF(1024);
		struct claims_untold untold;
		claim_rules_put_text(STR("a = 1\nb = 2\nt = groups\nc = 3"), PROFILE, STR(""), cases[i].max, &untold,
				     &out);
		buf_put_byte(&out, '\0');
		assert_string_equal(out.p, cases[i].wanted);
		assert_int_equal(untold.more, cases[i].more);
		assert_true(untold.groups);
	}
}

static void
invalid_stored_rules_fail(void **state)
{
	CLEANUP(buf_wipe) struct buf out = BUF(1024);
	struct claims_untold untold;

	claim_rules_put(STR("sub = \"evil\"\na = 1"), PROFILE, STR(""), false, &out);
	assert_int_equal(buf_check(&out), ERR_CORRUPT);
	buf_clear(&out);
	claim_rules_put_text(STR("sub = \"evil\"\na = 1"), PROFILE, STR(""), 1000, &untold, &out);
	assert_int_equal(buf_check(&out), ERR_CORRUPT);
}

static long allocations_left;

static void *
scarce_malloc(size_t n)
{
	return allocations_left-- > 0 ? malloc(n) : NULL;
}

/* Without the first rule that applies, a later rule could give more rights. */
static void
rules_are_not_skipped_without_memory(void **state)
{
	const str rules = STR("r = \"guest\" if group x\nr = {\"a\": [\"admin\"]}");
	bool whole = false;

	json_set_alloc_funcs(scarce_malloc, free);
	for (long n = 0; n < 200 && !whole; n++) {
		CLEANUP(buf_wipe) struct buf out = BUF(1024);
		allocations_left = n;
		claim_rules_put(rules, PROFILE, STR("x"), false, &out);
		whole = allocations_left >= 0;
		assert_int_equal(buf_check(&out), whole ? ERR_OK : ERR_CORRUPT);
	}
	json_set_alloc_funcs(malloc, free);
	assert_true(whole);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_are_checked_line_by_line),
		cmocka_unit_test(values_have_at_most_two_kibibytes),
		cmocka_unit_test(a_client_has_at_most_32_rules_and_6_kibibytes),
		cmocka_unit_test(rules_give_claims_by_group_and_scope),
		cmocka_unit_test(the_first_rule_that_applies_gives_a_claim),
		cmocka_unit_test(a_rule_for_groups_gives_no_second_claim),
		cmocka_unit_test(text_of_claims_lists_what_the_rules_give),
		cmocka_unit_test(text_of_claims_ends_before_its_maximum),
		cmocka_unit_test(invalid_stored_rules_fail),
		cmocka_unit_test(rules_are_not_skipped_without_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
