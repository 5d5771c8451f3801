/* Decisions about requests: every policy, every kind of visitor, every key of a rule. */
#include "unit.h"

#include "base/buf.h"
#include "access/access_file.h"

#include <string.h>

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
				 "    policy: one_factor\n"
				 "  - domain: vault.example.org\n" /* 28 */
				 "    phishing_resistant: true\n"
				 "    max_age: 15m\n"
				 "  - domain: half.example.org\n" /* 31 */
				 "    path: /key/**\n"
				 "    phishing_resistant: true\n"
				 "  - domain: half.example.org\n" /* 34 */
				 "    phishing_resistant: false\n";

enum who {
	NOBODY,
	PASSWORD,
	ANNA,
	OLD,
	ADMIN,
	ADMIN_OLD,
	ADMIN_FUTURE,
	MALLORY,
	PASSKEY,
	PASSKEY_OLD,
	PASSKEY_CODE,
	PASSKEY_HALF
};
static const struct access_visitor visitors[] = {
	[NOBODY] = { .level = ACCESS_NOBODY },
	[PASSWORD] = { ACCESS_PASSWORD, STR_INIT("anna"), STR_INIT("staff"), 0 },
	[ANNA] = { ACCESS_FULL, STR_INIT("anna"), STR_INIT("staff"), NOW - 10 * SECOND },
	[OLD] = { ACCESS_FULL, STR_INIT("bob"), STR_INIT(""), NOW - 36000 * SECOND },
	[ADMIN] = { ACCESS_FULL, STR_INIT("ruth"), STR_INIT("admins,staff"), NOW - 900 * SECOND },
	[ADMIN_OLD] = { ACCESS_FULL, STR_INIT("ruth"), STR_INIT("admins,staff"), NOW - 901 * SECOND },
	[ADMIN_FUTURE] = { ACCESS_FULL, STR_INIT("ruth"), STR_INIT("admins,staff"), NOW + SECOND },
	[PASSKEY] = { ACCESS_FULL, STR_INIT("anna"), STR_INIT("staff"), NOW - 10 * SECOND, NOW - 10 * SECOND },
	[PASSKEY_OLD] = { ACCESS_FULL, STR_INIT("anna"), STR_INIT("staff"), NOW - 901 * SECOND, NOW - 901 * SECOND },
	/* a new code after an old passkey */
	[PASSKEY_CODE] = { ACCESS_FULL, STR_INIT("anna"), STR_INIT("staff"), NOW - 10 * SECOND, NOW - 901 * SECOND },
	[PASSKEY_HALF] = { ACCESS_PASSWORD, STR_INIT("anna"), STR_INIT("staff"), 0, NOW },
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
	{ "https://wiki.example.org/public/../admin", "GET", "", NOBODY, ACCESS_REFUSED, ACCESS_DOTS, 0 },
	{ "https://wiki.example.org/public/..%2fadmin", "GET", "", ADMIN, ACCESS_REFUSED, ACCESS_DOTS, 0 },
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
	{ "https://vault.example.org/", "GET", "", NOBODY, ACCESS_ASKS, ACCESS_UNKNOWN, 28 },
	{ "https://vault.example.org/", "GET", "", PASSWORD, ACCESS_ASKS, ACCESS_CODE, 28 },
	{ "https://vault.example.org/", "GET", "", PASSKEY_HALF, ACCESS_ASKS, ACCESS_CODE, 28 },
	{ "https://vault.example.org/", "GET", "", ANNA, ACCESS_ASKS, ACCESS_PASSKEY, 28 },
	{ "https://vault.example.org/", "GET", "", ADMIN_OLD, ACCESS_ASKS, ACCESS_PASSKEY, 28 },
	{ "https://vault.example.org/", "GET", "", PASSKEY_OLD, ACCESS_ASKS, ACCESS_PASSKEY_OLD, 28 },
	{ "https://vault.example.org/", "GET", "", PASSKEY_CODE, ACCESS_ASKS, ACCESS_PASSKEY_OLD, 28 },
	{ "https://vault.example.org/", "GET", "", PASSKEY, ACCESS_PASSES, ACCESS_BY_RULE, 28 },
	{ "https://half.example.org/key/a", "GET", "", ANNA, ACCESS_ASKS, ACCESS_PASSKEY, 31 },
	{ "https://half.example.org/key/a", "GET", "", PASSKEY_OLD, ACCESS_PASSES, ACCESS_BY_RULE, 31 },
	{ "https://half.example.org/key/a", "GET", "", PASSKEY_CODE, ACCESS_PASSES, ACCESS_BY_RULE, 31 },
	{ "https://half.example.org/other", "GET", "", ANNA, ACCESS_PASSES, ACCESS_BY_RULE, 34 },
	{ "https://half.example.org//key/a", "GET", "", ANNA, ACCESS_ASKS, ACCESS_PASSKEY, 31 }, /* ambiguous */
	{ "https://lan.example.org/", "GET", "192.168.3.4", NOBODY, ACCESS_ASKS, ACCESS_UNKNOWN, 16 },
	{ "https://lan.example.org/", "GET", "192.168.3.4", PASSWORD, ACCESS_PASSES, ACCESS_BY_RULE, 16 },
	{ "https://lan.example.org/", "GET", "::ffff:192.168.3.4", PASSWORD, ACCESS_PASSES, ACCESS_BY_RULE, 16 },
	{ "https://lan.example.org/", "GET", "192.169.3.4", PASSWORD, ACCESS_ASKS, ACCESS_CODE, 19 },
	{ "https://lan.example.org/", "GET", "nonsense", PASSWORD, ACCESS_ASKS, ACCESS_CODE, 19 },
	{ "https://lan.example.org//x/", "GET", "192.168.3.4", PASSWORD, ACCESS_PASSES, ACCESS_BY_RULE, 16 },
	{ "https://lan.example.org//x/../", "GET", "192.168.3.4", PASSWORD, ACCESS_REFUSED, ACCESS_DOTS, 0 },
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

/* --- sign-ins to clients of OpenID Connect ------------------------------------------------------------------------ */

static const char client_rules[] = "rules:\n"
				   "  - client: wiki\n"
				   "    groups: [admins]\n"
				   "  - client: wiki\n"
				   "    networks: 192.168.0.0/16\n"
				   "    policy: one_factor\n"
				   "  - client: [vault, safe]\n"
				   "    phishing_resistant: true\n"
				   "    max_age: 15m\n"
				   "  - domain: '*.example.org'\n"
				   "  - client: closed\n"
				   "    policy: deny\n";

static const struct {
	const char *client, *address;
	enum who who;
	enum access_outcome outcome;
	enum access_reason reason;
	unsigned line;
	enum access_refusal refusal;
	bool accepted_later; /* the result of access_client_accepts, which ignores networks and ages */
} client_cases[] = {
	{ "wiki", "", ADMIN, ACCESS_PASSES, ACCESS_BY_RULE, 2, 0, true },
	{ "wiki", "", ANNA, ACCESS_REFUSED, ACCESS_NO_RULE, 0, ACCESS_PERSON, true },
	{ "wiki", "192.168.3.4", ANNA, ACCESS_PASSES, ACCESS_BY_RULE, 4, 0, true },
	{ "wiki", "192.168.3.4", PASSWORD, ACCESS_PASSES, ACCESS_BY_RULE, 4, 0, true },
	{ "wiki", "nonsense", ANNA, ACCESS_REFUSED, ACCESS_UNCLEAR, 0, ACCESS_ADDRESS, true },
	{ "vault", "", ANNA, ACCESS_ASKS, ACCESS_PASSKEY, 7, 0, false },
	{ "safe", "", PASSKEY, ACCESS_PASSES, ACCESS_BY_RULE, 7, 0, true },
	{ "safe", "", PASSKEY_OLD, ACCESS_ASKS, ACCESS_PASSKEY_OLD, 7, 0, true },
	{ "closed", "", ADMIN, ACCESS_REFUSED, ACCESS_BY_RULE, 11, ACCESS_CLOSED, false },
	{ "other", "", ANNA, ACCESS_PASSES, ACCESS_BY_RULE, 0, 0, true },
	{ "other", "", PASSWORD, ACCESS_ASKS, ACCESS_CODE, 0, 0, false },
	{ "Wiki", "", PASSWORD, ACCESS_ASKS, ACCESS_CODE, 0, 0, false },
};

static void
the_rules_of_a_client_decide_about_its_sign_ins(void **state)
{
	CLEANUP(access_rules_wipe) struct access_rules rules = { .n = 0 };
	struct why why = { 0 };

	assert_int_equal(access_parse(STR("f"), str_of(client_rules), &rules, &why), ERR_OK);
	for (size_t i = 0; i < COUNT(client_cases); i++) {
		const struct access_request request = { .client = str_of(client_cases[i].client),
							.address = str_of(client_cases[i].address) };
		struct access_visitor visitor = visitors[client_cases[i].who];
		struct access_decision d = access_decide(&rules, &request, &visitor, NOW);
		unsigned line = d.rule == NULL ? 0 : d.rule->line;
		if (d.outcome != client_cases[i].outcome || d.reason != client_cases[i].reason ||
		    line != client_cases[i].line)
			fail_msg("case %zu: outcome %d reason %d line %u", i, d.outcome, d.reason, line);
		if (d.outcome == ACCESS_REFUSED)
			assert_int_equal(access_refusal(&rules, &request, &visitor, &d), client_cases[i].refusal);
		visitor.verified_us = NOW;
		visitor.phishing_resistant_us = visitor.phishing_resistant_us != 0 ? NOW : 0;
		if (access_client_accepts(&rules, request.client, &visitor, NOW) != client_cases[i].accepted_later)
			fail_msg("case %zu: access_client_accepts gives the other result", i);
	}
}

/* The gate must never apply a rule for a client to an address. */
static void
rules_of_clients_and_of_addresses_do_not_mix(void **state)
{
	CLEANUP(access_rules_wipe) struct access_rules rules = { .n = 0 };
	CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
	struct why why = { 0 };
	struct target target;

	assert_int_equal(access_parse(STR("f"),
				      STR("rules:\n  - client: '*'\n    policy: one_factor\n"
					  "  - domain: '*'\n    policy: deny\n"),
				      &rules, &why),
			 ERR_OK);
	assert_int_equal(target_read(STR("https://wiki.example.org/"), &arena, &target), ERR_OK);
	const struct access_request page = { .target = &target, .method = STR("GET"), .address = STR("") };
	const struct access_request client = { .client = STR("wiki"), .address = STR("") };
	assert_int_equal(access_decide(&rules, &page, &visitors[PASSWORD], NOW).rule->line, 4);
	assert_int_equal(access_decide(&rules, &client, &visitors[PASSWORD], NOW).outcome, ACCESS_PASSES);
}

/* --- what a refused visitor learns -------------------------------------------------------------------------------- */

static const char refusal_rules[] = "rules:\n"
				    "  - domain: staff.example.org\n"
				    "    groups: [admins]\n"
				    "  - domain: lan.example.org\n"
				    "    networks: [192.168.0.0/16]\n"
				    "  - domain: both.example.org\n"
				    "    groups: [admins]\n"
				    "    networks: [192.168.0.0/16]\n"
				    "  - domain: home.example.org\n"
				    "    networks: [10.0.0.0/8]\n"
				    "    policy: deny\n"
				    "  - domain: home.example.org\n"
				    "    users: [bob]\n"
				    "    policy: deny\n"
				    "  - domain: '{user}.example.net'\n"
				    "  - domain: shut.example.org\n"
				    "    policy: deny\n"
				    "  - domain: shut.example.org\n"
				    "    groups: [admins]\n"
				    "  - domain: read.example.org\n"
				    "    methods: [GET]\n"
				    "  - domain: read.example.org\n"
				    "    path: ['/write/**']\n"
				    "    users: [ruth]\n"
				    "  - domain: maybe.example.org\n"
				    "    path: ['/closed/**']\n"
				    "    policy: deny\n"
				    "  - domain: maybe.example.org\n";

static const struct {
	const char *url, *method, *address;
	enum who who;
	enum access_refusal refusal;
	const char *why;
} refusals[] = {
	{ "https://staff.example.org/", "GET", "", ANNA, ACCESS_PERSON, "a group is missing" },
	{ "https://staff.example.org/", "GET", "", PASSWORD, ACCESS_PERSON, "a group is missing, and the code too" },
	{ "https://lan.example.org/", "GET", "10.1.2.3", ANNA, ACCESS_NETWORK, "another network" },
	{ "https://lan.example.org/", "GET", "10.1.2.3", NOBODY, ACCESS_NETWORK, "another network, unknown visitor" },
	{ "https://both.example.org/", "GET", "10.1.2.3", ANNA, ACCESS_PERSON, "group and network: the group first" },
	{ "https://both.example.org/", "GET", "10.1.2.3", ADMIN, ACCESS_NETWORK, "only the network is wrong" },
	{ "https://home.example.org/", "GET", "10.1.2.3", ANNA, ACCESS_NETWORK, "a rule denies the network" },
	{ "https://home.example.org/", "GET", "", OLD, ACCESS_PERSON, "a rule denies the user" },
	{ "https://ruth.example.net/", "GET", "", ANNA, ACCESS_PERSON, "the label is another user's name" },
	{ "https://shut.example.org/", "GET", "", ANNA, ACCESS_CLOSED, "rules after the deciding one do not count" },
	{ "https://read.example.org/", "POST", "", ANNA, ACCESS_CLOSED, "another method" },
	{ "https://read.example.org/write/x", "POST", "", ANNA, ACCESS_PERSON, "another user may use the method" },
	{ "https://nothing.example.org/", "GET", "", ANNA, ACCESS_CLOSED, "no rule names the host" },
	{ "https://maybe.example.org/x/../y", "GET", "", ANNA, ACCESS_ADDRESS, "a dot segment" },
	{ "https://maybe.example.org//closed/x", "GET", "", ANNA, ACCESS_ADDRESS, "an ambiguous path" },
};

static void
a_refusal_has_a_general_reason(void **state)
{
	CLEANUP(access_rules_wipe) struct access_rules rules = { .n = 0 };
	struct why why = { 0 };

	assert_int_equal(access_parse(STR("f"), str_of(refusal_rules), &rules, &why), ERR_OK);
	for (size_t i = 0; i < COUNT(refusals); i++) {
		CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
		const struct access_visitor *visitor = &visitors[refusals[i].who];
		struct target target;
		assert_int_equal(target_read(str_of(refusals[i].url), &arena, &target), ERR_OK);
		const struct access_request request = { &target, str_of(refusals[i].method),
							str_of(refusals[i].address) };
		struct access_decision d = access_decide(&rules, &request, visitor, NOW);
		unit_note("%s: %s", refusals[i].url, refusals[i].why);
		assert_int_equal(d.outcome, ACCESS_REFUSED);
		assert_int_equal(access_refusal(&rules, &request, visitor, &d), refusals[i].refusal);
	}
}

/* --- ambiguous paths ---------------------------------------------------------------------------------------------- */

static const char ambiguous_rules[] = "rules:\n"
				      "  - domain: queue.example.org\n" /* line 2 */
				      "    path: ['/public/**']\n"
				      "    policy: bypass\n"
				      "  - domain: queue.example.org\n" /* 5 */
				      "  - domain: shop.example.org\n"  /* 6 */
				      "    path: ['/public/**']\n"
				      "    policy: bypass\n"
				      "  - domain: shop.example.org\n" /* 9 */
				      "    path: ['/admin/**']\n"
				      "    policy: deny\n"
				      "  - domain: shop.example.org\n" /* 12 */
				      "    policy: one_factor\n"
				      "  - domain: open.example.org\n" /* 14 */
				      "    path: ['/api/**']\n"
				      "    max_age: 15m\n"
				      "  - domain: open.example.org\n" /* 17 */
				      "    path: ['/staff/**']\n"
				      "    groups: [admins]\n"
				      "  - domain: open.example.org\n" /* 20 */
				      "    policy: bypass\n"
				      "  - domain: only.example.org\n" /* 22 */
				      "    path: ['/api/**']\n"
				      "  - domain: all.example.org\n" /* 24 */
				      "    path: ['/**']\n"
				      "    policy: one_factor\n"
				      "  - domain: query.example.org\n" /* 27 */
				      "    query: {feed: '*'}\n"
				      "    policy: bypass\n"
				      "  - domain: query.example.org\n" /* 30 */
				      "    query: {action: delete}\n"
				      "    policy: deny\n"
				      "  - domain: query.example.org\n"; /* 33 */

static const struct {
	const char *url;
	enum who who;
	enum access_outcome outcome;
	enum access_reason reason;
	unsigned line;
	const char *why;
} ambiguous[] = {
	{ "https://queue.example.org/api/queues/%2F/x", NOBODY, ACCESS_ASKS, ACCESS_UNKNOWN, 5,
	  "a visitor may sign in" },
	{ "https://queue.example.org/api/queues/%2F/x", PASSWORD, ACCESS_ASKS, ACCESS_CODE, 5,
	  "a password alone needs a code too" },
	{ "https://queue.example.org/api/queues/%2F/x", ANNA, ACCESS_PASSES, ACCESS_BY_RULE, 5, "an encoded slash" },
	{ "https://queue.example.org/app;jsessionid=1", ANNA, ACCESS_PASSES, ACCESS_BY_RULE, 5,
	  "a session id in the path" },
	{ "https://queue.example.org/public//x", NOBODY, ACCESS_ASKS, ACCESS_UNKNOWN, 5,
	  "the looser rule does not match an ambiguous path" },
	{ "https://queue.example.org/public/%2Fx", ANNA, ACCESS_PASSES, ACCESS_BY_RULE, 5, "the same, signed in" },
	{ "https://queue.example.org//public/x", NOBODY, ACCESS_ASKS, ACCESS_UNKNOWN, 5,
	  "two slashes at the beginning" },
	{ "https://queue.example.org/public/..;/x", ANNA, ACCESS_REFUSED, ACCESS_DOTS, 0, "a dot segment" },
	{ "https://queue.example.org/x/%252e%252e/x", ANNA, ACCESS_REFUSED, ACCESS_DOTS, 0, "encoded twice" },
	{ "https://shop.example.org/cart%2Fadmin/", ANNA, ACCESS_PASSES, ACCESS_BY_RULE, 12,
	  "no reading begins with /admin/" },
	{ "https://shop.example.org/%2Fadmin/", ANNA, ACCESS_REFUSED, ACCESS_UNCLEAR, 9, "some reading is /admin/" },
	{ "https://shop.example.org/admin;x/", ANNA, ACCESS_REFUSED, ACCESS_UNCLEAR, 9,
	  "some reading drops the parameters" },
	{ "https://shop.example.org/%ffadmin/", ANNA, ACCESS_REFUSED, ACCESS_UNCLEAR, 9,
	  "some reading drops invalid UTF-8" },
	{ "https://shop.example.org/adm%2Fin", ANNA, ACCESS_REFUSED, ACCESS_UNCLEAR, 9, "only /adm is certain" },
	{ "https://open.example.org/api/a%2Fb", NOBODY, ACCESS_ASKS, ACCESS_UNKNOWN, 14,
	  "stricter than the later rules" },
	{ "https://open.example.org/api/a%2Fb", ADMIN_OLD, ACCESS_ASKS, ACCESS_OLD, 14,
	  "max_age of this rule applies too" },
	{ "https://open.example.org/api/a%2Fb", ANNA, ACCESS_PASSES, ACCESS_BY_RULE, 14,
	  "a visitor who meets the rule passes" },
	{ "https://open.example.org//api/a", OLD, ACCESS_ASKS, ACCESS_OLD, 14,
	  "max_age applies to an ambiguous path too" },
	{ "https://open.example.org/x//y", NOBODY, ACCESS_PASSES, ACCESS_BY_RULE, 20, "no stricter rule can match" },
	{ "https://open.example.org/staff//y", NOBODY, ACCESS_ASKS, ACCESS_UNKNOWN, 17,
	  "the stricter rule may match: it requires a sign-in" },
	{ "https://open.example.org/staff//y", ANNA, ACCESS_PASSES, ACCESS_BY_RULE, 20,
	  "the stricter rule names other users" },
	{ "https://only.example.org/api/a%2Fb", ANNA, ACCESS_REFUSED, ACCESS_UNCLEAR, 0,
	  "one reading matches no rule" },
	{ "https://only.example.org/x%2Fb", ANNA, ACCESS_REFUSED, ACCESS_NO_RULE, 0, "no reading matches a rule" },
	{ "https://query.example.org/x?feed=1", NOBODY, ACCESS_PASSES, ACCESS_BY_RULE, 27, "a clear query" },
	{ "https://query.example.org/x%2fy?feed=1", NOBODY, ACCESS_PASSES, ACCESS_BY_RULE, 27,
	  "beside an ambiguous path" },
	{ "https://query.example.org/x%23?feed=1", NOBODY, ACCESS_ASKS, ACCESS_UNKNOWN, 33,
	  "the query may be part of a fragment" },
	{ "https://query.example.org/x%00?feed=1", NOBODY, ACCESS_ASKS, ACCESS_UNKNOWN, 33, "a NUL may end the URL" },
	{ "https://query.example.org/x%3Faction=delete", ANNA, ACCESS_REFUSED, ACCESS_UNCLEAR, 30,
	  "an encoded question mark may begin a query" },
	{ "https://query.example.org/x%253Faction=delete", ANNA, ACCESS_REFUSED, ACCESS_UNCLEAR, 30, "encoded twice" },
	{ "https://query.example.org/x%2Fy", ANNA, ACCESS_PASSES, ACCESS_BY_RULE, 33,
	  "an encoded slash does not begin a query" },
	{ "https://all.example.org/a%2Fb", PASSWORD, ACCESS_PASSES, ACCESS_BY_RULE, 24, "every reading matches" },
};

static void
an_ambiguous_path_gets_the_strictest_matching_rule(void **state)
{
	CLEANUP(access_rules_wipe) struct access_rules rules = { .n = 0 };
	struct why why = { 0 };

	assert_int_equal(access_parse(STR("f"), str_of(ambiguous_rules), &rules, &why), ERR_OK);
	for (size_t i = 0; i < COUNT(ambiguous); i++) {
		CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
		struct target target;
		assert_int_equal(target_read(str_of(ambiguous[i].url), &arena, &target), ERR_OK);
		const struct access_request request = { &target, STR("GET"), STR("") };
		struct access_decision d = access_decide(&rules, &request, &visitors[ambiguous[i].who], NOW);
		if (d.outcome != ambiguous[i].outcome || d.reason != ambiguous[i].reason ||
		    (d.rule == NULL ? 0 : d.rule->line) != ambiguous[i].line)
			fail_msg("%s (%s): outcome %d reason %d line %u", ambiguous[i].why, ambiguous[i].url, d.outcome,
				 d.reason, d.rule == NULL ? 0 : d.rule->line);
	}
}

/*
 * Ways in which a program may read a path, after decoding it 0 to DECODES - 1 times.  BACKSLASH: a backslash is a
 * slash.  MERGE: adjacent slashes are one.  CUT_SEGMENT: a segment ends at ';'.  CUT_PATH: the path ends at ';', '?',
 * '#' or NUL.  DROP: control bytes and bytes over 0x7f are removed.
 */
enum { BACKSLASH = 1, MERGE = 2, CUT_SEGMENT = 4, CUT_PATH = 8, DROP = 16, WAYS = 32, DECODES = 4 };

static size_t
reading_decode(char *p, size_t n)
{
	size_t out = 0;
	unsigned byte;

	for (size_t i = 0; i < n; i++) {
		char digits[3] = { i + 2 < n ? p[i + 1] : 'x', i + 2 < n ? p[i + 2] : 'x', '\0' };
		bool sequence =
		    p[i] == '%' && strspn(digits, "0123456789abcdefABCDEF") == 2 && sscanf(digits, "%x", &byte) == 1;
		p[out++] = sequence ? (char)byte : p[i];
		i += sequence ? 2 : 0;
	}
	return out;
}

static size_t
reading_make(str raw, unsigned ways, unsigned decodes, char *out, char *text, str *ret_query)
{
	size_t n = raw.n, m = 0;
	bool cut = false;

	memcpy(text, raw.p, n);
	for (unsigned i = 0; i < decodes; i++)
		n = reading_decode(text, n);
	for (size_t i = 0; i < n; i++) {
		char c = (ways & BACKSLASH) && text[i] == '\\' ? '/' : text[i];
		if ((ways & CUT_PATH) && (c == ';' || c == '?' || c == '#' || c == '\0')) {
			if (c != ';')
				*ret_query = c == '?' ? str_bytes(text + i + 1, n - i - 1) : STR("");
			break;
		}
		cut = c != '/' && (cut || ((ways & CUT_SEGMENT) && c == ';'));
		if (cut || ((ways & DROP) && ((unsigned char)c < ' ' || (unsigned char)c > 0x7f)))
			continue;
		if ((ways & MERGE) && c == '/' && m > 0 && out[m - 1] == '/')
			continue;
		out[m++] = c;
	}
	return m;
}

/* A number that is greater for a stricter decision. */
static int
strictness_of(const struct access_decision *d)
{
	static const int outcomes[] = { [ACCESS_PASSES] = 0, [ACCESS_ASKS] = 10, [ACCESS_REFUSED] = 20 };
	static const int policies[] = {
		[ACCESS_BYPASS] = 0, [ACCESS_ONE_FACTOR] = 1, [ACCESS_TWO_FACTOR] = 2, [ACCESS_DENY] = 3
	};

	return outcomes[d->outcome] + (d->outcome == ACCESS_PASSES ? policies[d->rule->policy] : 0);
}

static unsigned dice_state = 1;

static unsigned
dice(unsigned sides)
{
	dice_state = dice_state * 1664525 + 1013904223;
	return (dice_state >> 16) % sides;
}

static size_t
dice_rules(char *text, size_t size)
{
	static const char *const paths[] = { "/**",   "/public/**", "/p*",   "/*",      "/admin/**", "/admin",
					     "/a/b",  "/*/b",       "/**/x", "/",       "/a/b/**",   "/**b",
					     "/a*/*", "/public",    "/a/**", "/x/*/**", "/*a/x" };
	static const char *const policies[] = { "bypass", "one_factor", "two_factor", "deny" };
	static const char *const persons[] = { "", "    users: [anna]\n", "    groups: [admins]\n" };
	size_t n = (size_t)snprintf(text, size, "rules:\n");

	for (unsigned i = 0, rules = 1 + dice(5); i < rules; i++) {
		unsigned policy = dice(COUNT(policies));
		n += (size_t)snprintf(text + n, size - n, "  - domain: h.example.org\n    policy: %s\n%s",
				      policies[policy], policy == 0 ? "" : persons[dice(COUNT(persons))]);
		if (dice(4) == 0)
			n += (size_t)snprintf(text + n, size - n, "    query: {%s: '%s'}\n", dice(2) ? "a" : "x",
					      dice(2) ? "*" : "b");
		if (dice(4) > 0)
			n += (size_t)snprintf(text + n, size - n, "    path: ['%s', '%s']\n", paths[dice(COUNT(paths))],
					      paths[dice(COUNT(paths))]);
	}
	return n;
}

static void
dice_url(char *url, size_t size, bool dots)
{
	static const char *const pieces[] = {
		".",        "..",     "%2e",    "%252e.",   "/",    /* the first five make dots */ "/",
		"/",        "public", "admin",  "a",        "b",    "x",
		"p",        "%2f",    "%5c",    ";",        ";x=1", "%3b",
		"%00",      "%3f",    "%3fa=b", "%253fx=1", "%23",  "%25",
		"%252f",    "%255c",  "%0a",    "%c3%a9",   "%ff",  "%61",
		"%2561dmin"
	};
	size_t n = (size_t)snprintf(url, size, "https://h.example.org/");

	for (unsigned i = 0, count = 1 + dice(7); i < count; i++)
		n += (size_t)snprintf(url + n, size - n, "%s",
				      pieces[dots && dice(2) ? dice(5) : 5 + dice(COUNT(pieces) - 5)]);
	if (dice(3) == 0)
		snprintf(url + n, size - n, "?%s", dice(2) ? "a=b" : "x=1");
}

static unsigned
readings_compare(const struct access_rules *rules, const struct target *target, str raw,
		 const struct access_visitor *visitor)
{
	const struct access_request asked = { target, STR("GET"), STR("") };
	const struct access_decision decision = access_decide(rules, &asked, visitor, NOW);
	unsigned compared = 0;

	for (unsigned i = 0; i < WAYS * DECODES; i++) {
		char path[200], text[200];
		str query = target->query;
		size_t n = reading_make(raw, i % WAYS, i / WAYS, path, text, &query);
		const struct target plain = {
			.host = target->host, .path = str_bytes(path, n), .query = query, .certain = n
		};
		const struct access_request request = { &plain, STR("GET"), STR("") };
		struct access_decision one = access_decide(rules, &request, visitor, NOW);
		compared++;
		if (strictness_of(&decision) < strictness_of(&one))
			fail_msg("%.*s read as %.*s: %d < %d", STR_ARG(raw), STR_ARG(plain.path),
				 strictness_of(&decision), strictness_of(&one));
	}
	return compared;
}

static void
an_ambiguous_path_is_decided_as_strictly_as_any_reading(void **state)
{
	static const enum who who[] = { NOBODY, PASSWORD, ANNA, OLD, ADMIN };
	unsigned compared = 0;

	for (unsigned round = 0; round < 1000; round++) {
		CLEANUP(access_rules_wipe) struct access_rules rules = { .n = 0 };
		CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
		struct target target;
		struct why why = { 0 };
		char text[2048], url[200];
		assert_int_equal(access_parse(STR("f"), str_bytes(text, dice_rules(text, sizeof(text))), &rules, &why),
				 ERR_OK);
		dice_url(url, sizeof(url), false);
		if (target_read(str_of(url), &arena, &target) != ERR_OK || !target.unclear || target.dots)
			continue;
		str rest = str_of(url + strlen("https://h.example.org"));
		str path = str_cut(&rest, '?');
		for (size_t i = 0; i < COUNT(who); i++)
			compared += readings_compare(&rules, &target, path, &visitors[who[i]]);
	}
	assert_in_range(compared, 200000, 1000000);
}

static bool
reading_has_dots(str path)
{
	for (str rest = str_from(path, 1); rest.p != NULL;) {
		str segment = str_cut(&rest, '/');
		if (str_equal(segment, STR(".")) || str_equal(segment, STR("..")))
			return true;
	}
	return false;
}

/* Skips readings that drop letters.  A path with invalid UTF-8 has no certain part (uri_path.h). */
static void
dot_segments_of_every_reading_are_found(void **state)
{
	unsigned compared = 0, found = 0;

	for (unsigned i = 0; i < 4000 * WAYS * DECODES; i++) {
		static char url[400];
		static struct arena arena;
		static struct target target;
		char path[400], text[400];
		str query = { 0 };
		if (i % (WAYS * DECODES) == 0) {
			arena_wipe(&arena);
			arena = (struct arena)ARENA(64 * 1024);
			dice_url(url, sizeof(url), true);
			if (target_read(str_of(url), &arena, &target) != ERR_OK)
				target.dots = true;
			found += target.dots;
		}
		if (target.dots || target.certain == 0)
			continue;
		str rest = str_of(url + strlen("https://h.example.org"));
		size_t n = reading_make(str_cut(&rest, '?'), i % WAYS, i / WAYS % DECODES, path, text, &query);
		bool drops_letters = (i & DROP) != 0 && str_utf8_count(target.path) < target.path.n;
		if (!drops_letters && reading_has_dots(str_bytes(path, n)))
			fail_msg("%s read as %.*s", url, (int)n, path);
		compared++;
	}
	assert_true(compared > 100000 && found > 1000);
}

static void
an_empty_set_of_rules_denies_everything(void **state)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
	const struct access_rules none = { .n = 0 };
	struct target target;

	assert_int_equal(target_read(STR("https://wiki.example.org/"), &arena, &target), ERR_OK);
	const struct access_request request = { &target, STR("GET"), STR("") };
	assert_int_equal(access_decide(&none, &request, &visitors[ADMIN], NOW).outcome, ACCESS_REFUSED);
}

static void
group_names_match_only_as_a_whole(void **state)
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

/* --- query, all_groups, named networks, labels of the host -------------------------------------------------------- */

static const char keys_text[] = "networks:\n"
				"  home: [192.168.0.0/16, '2001:db8::/32']\n"
				"  office: 203.0.113.0/24\n"
				"rules:\n"
				"  - domain: blog.example.org\n" /* line 5 */
				"    query: {action: login, page: '*'}\n"
				"    policy: bypass\n"
				"  - domain: blog.example.org\n" /* 8 */
				"    query: {action: [delete, purge]}\n"
				"    policy: deny\n"
				"  - domain: blog.example.org\n" /* 11 */
				"    all_groups: [staff, admins]\n"
				"    policy: one_factor\n"
				"  - domain: blog.example.org\n" /* 14 */
				"    users: [bob]\n"
				"    all_groups: [guests]\n"
				"    policy: one_factor\n"
				"  - domain: blog.example.org\n" /* 18 */
				"    networks: [home, office, 198.51.100.7]\n"
				"  - domain: ['{user}.example.net', 'all.example.net']\n" /* 20 */
				"    policy: one_factor\n"
				"  - domain: '{group}.example.net'\n" /* 22 */
				"  - domain: 'shop.example.net'\n"    /* 23 */
				"    policy: bypass\n"
				"  - domain: lab.example.org\n" /* 25 */
				"    networks: [home]\n"
				"    policy: deny\n"
				"  - domain: lab.example.org\n"; /* 28 */

static const struct access_visitor staff = { ACCESS_FULL, STR_INIT("anna"), STR_INIT("staff"), NOW };
static const struct access_visitor both = { ACCESS_FULL, STR_INIT("ruth"), STR_INIT("admins,staff"), NOW };
static const struct access_visitor bob = { ACCESS_FULL, STR_INIT("bob"), STR_INIT("guests"), NOW };
static const struct access_visitor carl = { ACCESS_FULL, STR_INIT("carl"), STR_INIT("guests"), NOW };
static const struct access_visitor nobody = { .level = ACCESS_NOBODY };

static const struct {
	const char *url, *address;
	const struct access_visitor *who;
	enum access_outcome outcome;
	unsigned line; /* 0: no rule */
	const char *why;
} key_cases[] = {
	{ "https://blog.example.org/?action=login&page=2", "", &nobody, ACCESS_PASSES, 5, "both parameters" },
	{ "https://blog.example.org/?page=&x=1&action=login", "", &nobody, ACCESS_PASSES, 5, "in any order" },
	{ "https://blog.example.org/?action=login", "", &nobody, ACCESS_ASKS, 11, "one is missing" },
	{ "https://blog.example.org/?action=login&page=1&action=delete", "", &both, ACCESS_REFUSED, 8,
	  "twice: it may be the denied one" },
	{ "https://blog.example.org/?action=login&page=1;action=purge", "", &both, ACCESS_REFUSED, 8, "a semicolon" },
	{ "https://blog.example.org/?action=login&page=1&page=2", "", &nobody, ACCESS_PASSES, 5,
	  "present, whichever value counts" },
	{ "https://blog.example.org/?action=delete", "", &both, ACCESS_REFUSED, 8, "denied by the query" },
	{ "https://blog.example.org/?action=%64elete", "", &both, ACCESS_REFUSED, 8, "encoded" },
	{ "https://blog.example.org/?action[]=delete", "", &both, ACCESS_REFUSED, 8, "as an array" },
	{ "https://blog.example.org/?ACTION=delete", "", &both, ACCESS_REFUSED, 8, "in capitals" },
	{ "https://blog.example.org/?a=%zz", "", &both, ACCESS_REFUSED, 8, "an invalid percent sequence" },
	{ "https://blog.example.org/", "", &both, ACCESS_PASSES, 11, "in both groups" },
	{ "https://blog.example.org/", "192.0.2.1", &staff, ACCESS_REFUSED, 0, "in one group only" },
	{ "https://blog.example.org/", "", &bob, ACCESS_PASSES, 14, "the user, in the group too" },
	{ "https://blog.example.org/", "", &carl, ACCESS_REFUSED, 0, "the group without the user" },
	{ "https://blog.example.org/", "192.168.7.7", &staff, ACCESS_PASSES, 18, "a named network" },
	{ "https://blog.example.org/", "2001:db8::1", &staff, ACCESS_PASSES, 18, "its second range" },
	{ "https://blog.example.org/", "203.0.113.9", &staff, ACCESS_PASSES, 18, "another named network" },
	{ "https://blog.example.org/", "198.51.100.7", &staff, ACCESS_PASSES, 18, "an address beside named networks" },
	{ "https://blog.example.org/", "198.51.100.8", &staff, ACCESS_REFUSED, 0, "in none of the networks" },
	{ "https://blog.example.org/", "unix:", &staff, ACCESS_REFUSED, 0, "an unknown address may be in no network" },
	{ "https://lab.example.org/", "192.168.7.7", &staff, ACCESS_REFUSED, 25, "a network that is denied" },
	{ "https://lab.example.org/", "192.0.2.1", &staff, ACCESS_PASSES, 28, "another network" },
	{ "https://lab.example.org/", "unix:", &staff, ACCESS_REFUSED, 25,
	  "an unknown address may be in the denied one" },
	{ "https://anna.example.net/", "", &staff, ACCESS_PASSES, 20, "her own host" },
	{ "https://bob.example.net/", "", &staff, ACCESS_REFUSED, 0, "another user's host" },
	{ "https://bob.example.net/", "", &nobody, ACCESS_ASKS, 20, "unknown visitor: must sign in" },
	{ "https://all.example.net/", "", &nobody, ACCESS_ASKS, 20, "one_factor asks too" },
	{ "https://staff.example.net/", "", &staff, ACCESS_PASSES, 22, "one of her groups" },
	{ "https://staff.example.net/", "", &carl, ACCESS_REFUSED, 0, "not one of his groups" },
	{ "https://a.anna.example.net/", "", &staff, ACCESS_REFUSED, 0, "one label too many" },
	{ "https://shop.example.net/", "", &nobody, ACCESS_ASKS, 20,
	  "the label may be a user name, so the earlier rule may match" },
	{ "https://shop.example.net/", "", &staff, ACCESS_PASSES, 23, "the label is neither her name nor her group" },
};

static void
every_key_of_a_rule_must_fit(void **state)
{
	CLEANUP(access_rules_wipe) struct access_rules rules = { .n = 0 };
	struct why why = { 0 };

	assert_int_equal(access_parse(STR("f"), str_of(keys_text), &rules, &why), ERR_OK);
	for (size_t i = 0; i < COUNT(key_cases); i++) {
		CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
		struct target target;
		assert_int_equal(target_read(str_of(key_cases[i].url), &arena, &target), ERR_OK);
		const struct access_request request = { &target, STR("GET"), str_of(key_cases[i].address) };
		struct access_decision d = access_decide(&rules, &request, key_cases[i].who, NOW);
		if (d.outcome != key_cases[i].outcome || (d.rule == NULL ? 0 : d.rule->line) != key_cases[i].line)
			fail_msg("%s, %s: outcome %d line %u", key_cases[i].url, key_cases[i].why, d.outcome,
				 d.rule == NULL ? 0 : d.rule->line);
	}
}

/* A program may read either value: the decision about both is at least as strict as the decision about each alone. */
static void
ambiguous_queries_are_decided_as_their_strictest_reading(void **state)
{
	static const char *const values[] = { "login", "delete", "purge", "x", "", "LOGIN" };
	static const unsigned strictness[] = { [ACCESS_PASSES] = 0, [ACCESS_ASKS] = 1, [ACCESS_REFUSED] = 2 };
	const struct access_visitor *const askers[] = { &nobody, &staff, &both, &bob };
	CLEANUP(access_rules_wipe) struct access_rules rules = { .n = 0 };
	struct why why = { 0 };

	assert_int_equal(access_parse(STR("f"), str_of(keys_text), &rules, &why), ERR_OK);
	for (size_t i = 0; i < COUNT(values) * COUNT(values) * COUNT(askers); i++) {
		const char *pair[] = { values[i % COUNT(values)], values[i / COUNT(values) % COUNT(values)] };
		const struct access_visitor *who = askers[i / COUNT(values) / COUNT(values)];
		enum access_outcome outcomes[3];
		for (size_t k = 0; k < 3; k++) {
			CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
			CLEANUP(buf_wipe) struct buf url = BUF(1024);
			struct target target;
			buf_put(&url, STR("https://blog.example.org/?page=1&action="));
			buf_put(&url, str_of(pair[k == 2 ? 0 : k]));
			if (k == 2)
				buf_printf(&url, "&action=%s", pair[1]);
			assert_int_equal(target_read(buf_str(&url), &arena, &target), ERR_OK);
			const struct access_request request = { &target, STR("GET"), STR("192.168.1.1") };
			outcomes[k] = access_decide(&rules, &request, who, NOW).outcome;
		}
		if (strictness[outcomes[2]] < strictness[outcomes[0]] ||
		    strictness[outcomes[2]] < strictness[outcomes[1]])
			fail_msg("%s and %s: %d, %d, both %d", pair[0], pair[1], outcomes[0], outcomes[1], outcomes[2]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_rule_that_matches_decides),
		cmocka_unit_test(the_rules_of_a_client_decide_about_its_sign_ins),
		cmocka_unit_test(rules_of_clients_and_of_addresses_do_not_mix),
		cmocka_unit_test(an_ambiguous_path_gets_the_strictest_matching_rule),
		cmocka_unit_test(an_ambiguous_path_is_decided_as_strictly_as_any_reading),
		cmocka_unit_test(a_refusal_has_a_general_reason),
		cmocka_unit_test(dot_segments_of_every_reading_are_found),
		cmocka_unit_test(an_empty_set_of_rules_denies_everything),
		cmocka_unit_test(group_names_match_only_as_a_whole),
		cmocka_unit_test(every_key_of_a_rule_must_fit),
		cmocka_unit_test(ambiguous_queries_are_decided_as_their_strictest_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
