/* The file of access rules: accepted files, and errors with their line. */
#include "unit.h"

#include "access/access_file.h"

#include <stdio.h>
#include <string.h>

static void
a_complete_file_is_read(void **state)
{
	CLEANUP(access_rules_wipe) struct access_rules rules = { .n = 0 };
	struct why why = { 0 };

	assert_int_equal(access_parse(STR("access.conf"),
				      STR("# who may see what\n"
					  "rules:\n"
					  "  - domain: wiki.example.org\n"
					  "    path: ['/public/**', /favicon.ico]\n"
					  "    policy: bypass\n"
					  "  - domain: ['*.example.org', example.org]\n"
					  "    methods: [GET, HEAD]\n"
					  "    networks: [192.168.0.0/16, '2001:db8::/32']\n"
					  "    users: anna\n"
					  "    groups: [staff]\n"
					  "    max_age: 15m\n"
					  "  - domain: '*'\n"
					  "    policy: deny\n"),
				      &rules, &why),
			 ERR_OK);
	assert_int_equal(rules.n, 3);
	assert_int_equal(rules.rules[0].line, 3);
	assert_int_equal(rules.rules[0].policy, ACCESS_BYPASS);
	assert_int_equal(rules.rules[0].paths.n, 2);
	assert_true(str_equal(rules.rules[0].paths.at[1], STR("/favicon.ico")));
	assert_int_equal(rules.rules[1].line, 6);
	assert_int_equal(rules.rules[1].policy, ACCESS_TWO_FACTOR); /* the default */
	assert_int_equal(rules.rules[1].domains.n, 2);
	assert_int_equal(rules.rules[1].methods.n, 2);
	assert_int_equal(rules.rules[1].networks_n, 2);
	assert_true(str_equal(rules.rules[1].users.at[0], STR("anna")));
	assert_int_equal(rules.rules[1].max_age_us, INT64_C(900) * 1000000);
	assert_int_equal(rules.rules[2].policy, ACCESS_DENY);
	assert_false(rules.implied);
}

static void
an_empty_list_denies_everything(void **state)
{
	CLEANUP(access_rules_wipe) struct access_rules rules = { .n = 9 };
	struct why why = { 0 };

	assert_int_equal(access_parse(STR("f"), STR("rules: []\n"), &rules, &why), ERR_OK);
	assert_int_equal(rules.n, 0);
}

/* Quoted values are texts.  Unquoted booleans and numbers are texts too, because a rule has no other values there. */
static void
values_are_read_as_texts(void **state)
{
	CLEANUP(access_rules_wipe) struct access_rules rules = { .n = 0 };
	struct why why = { 0 };
	const struct access_rule *rule;

	assert_int_equal(access_parse(STR("f"),
				      STR("rules:\n"
					  "  - domain: !!str a.example.org\n"
					  "    users: ['null', yes1, true]\n"
					  "    groups: [1, 'null']\n"
					  "    query: {'null': 'null', a: 1.0, b: '', c: true, '<<': '~'}\n"),
				      &rules, &why),
			 ERR_OK);
	rule = &rules.rules[0];
	assert_true(str_equal(rule->users.at[0], STR("null")) && str_equal(rule->users.at[2], STR("true")));
	assert_true(str_equal(rule->groups.at[0], STR("1")) && str_equal(rule->groups.at[1], STR("null")));
	assert_int_equal(rule->query_n, 5);
	assert_true(str_equal(rule->query[1].values[0], STR("1.0")));
	assert_int_equal(rule->query[2].values[0].n, 0);
}

#define RULE "rules:\n  - domain: a.example.org\n    "
#define APP "rules: []\napplications:\n  - name: Wiki\n    address: https://wiki.example.org/\n    "

static void
errors_name_their_line(void **state)
{
	static const struct {
		const char *text, *line, *word;
	} cases[] = {
		{ "", "", "empty" },
		{ "# nothing\n", "", "empty" },
		{ "- domain: x\n", "line 1", "rules:" },
		{ "rules: x\n", "line 1", "a list" },
		{ "Rules: []\n", "line 1", "rules:" },
		{ "rules: []\nmore: []\n", "line 2", "networks:" },
		{ "rules:\n  - a.example.org\n", "line 2", "- domain:" },
		{ "rules:\n  - policy: deny\n", "line 2", "no domain" },
		{ RULE "polisy: deny\n", "line 3", "polisy" },
		{ RULE "policy: allow\n", "line 3", "allow" },
		{ RULE "policy: [deny]\n", "line 3", "one word" },
		{ RULE "policy: Deny\n", "line 3", "Deny" },
		{ RULE "domain: b.example.org\n", "line 3", "twice" },
		{ RULE "client: wiki\n", "line 2", "no domain, path" },
		{ "rules:\n  - client: wiki\n    path: /a\n", "line 2", "no domain, path" },
		{ "rules:\n  - client: wiki\n    methods: GET\n", "line 2", "no domain, path" },
		{ "rules:\n  - client: wiki\n    query: {a: b}\n", "line 2", "no domain, path" },
		{ "rules:\n  - client: wiki\n    policy: bypass\n", "line 2", "needs a factor" },
		{ "rules:\n  - client: my wiki\n", "line 2", "client_id" },
		{ "rules:\n  - client: ''\n", "line 2", "client_id" },
		{ "rules:\n  - client: 'wiki\u00e9'\n", "line 2", "client_id" },
		{ RULE "path: admin\n", "line 3", "begins with /" },
		{ RULE "path: '/admin%20area/**'\n", "line 3", "decoded" },
		{ RULE "path: '/a?b'\n", "line 3", "decoded" },
		{ RULE "path: '/h#j'\n", "line 3", "decoded" },
		{ RULE "path: '/z//q'\n", "line 3", "decoded" },
		{ RULE "path: '/m/../n'\n", "line 3", "decoded" },
		{ RULE "path: '/m/.'\n", "line 3", "decoded" },
		{ RULE "path: '/a;b'\n", "line 3", "decoded" },
		{ RULE "path: '/a\\b'\n", "line 3", "decoded" },
		{ RULE "path: \"/a\\0b\"\n", "line 3", "decoded" },
		{ RULE "users: [Mallory]\n", "line 3", "lower case" },
		{ RULE "users: [x]\n", "line 3", "3 to 40" },
		{ RULE "users: ['anna q']\n", "line 3", "a-z" },
		{ RULE "users: [anna.]\n", "line 3", "user name" },
		{ RULE "path: []\n", "line 3", "at least one" },
		{ RULE "path: {a: b}\n", "line 3", "a list of texts" },
		{ RULE "path: [[/a]]\n", "line 3", "a list of texts" },
		{ RULE "methods: get\n", "line 3", "capital" },
		{ RULE "networks: 10.0.0.1/8\n", "line 3", "network" },
		{ RULE "networks: lan\n", "line 3", "network" },
		{ RULE "groups: 'a b'\n", "line 3", "group" },
		{ RULE "all_groups: 'a b'\n", "line 3", "group" },
		{ RULE "all_groups: []\n", "line 3", "at least one" },
		{ RULE "all_groups: staff\n    policy: bypass\n", "line 2", "bypass" },
		{ RULE "query: login\n", "line 3", "parameters" },
		{ RULE "query: [action]\n", "line 3", "parameters" },
		{ RULE "query: {}\n", "line 3", "1 to 16" },
		{ RULE "query: {action: login, action: x}\n", "line 3", "twice" },
		{ RULE "query: {'': x}\n", "line 3", "name of a parameter" },
		{ RULE "query: {'a%20b': x}\n", "line 3", "decoded" },
		{ RULE "query: {action: 'log%20in'}\n", "line 3", "decoded" },
		{ RULE "query: {action: 'log*'}\n", "line 3", "stars" },
		{ RULE "query: {action: [login, '*']}\n", "line 3", "any value" },
		{ RULE "query: {action: []}\n", "line 3", "at least one" },
		{ RULE "query: {action: {a: b}}\n", "line 3", "a list of texts" },
		{ RULE "query: {a: 1, b: 1, c: 1, d: 1, e: 1, f: 1, g: 1, h: 1, i: 1, j: 1, k: 1, l: 1, m: 1, n: 1, o: "
		       "1, p: 1, q: 1}\n",
		  "line 3", "1 to 16" },
		{ RULE "users: null\n", "line 3", "reads as null" },
		{ RULE "users: [anna, null]\n", "line 3", "reads as null" },
		{ RULE "groups: [staff,\n             NULL]\n", "line 4", "reads as null" },
		{ RULE "all_groups: Null\n", "line 3", "reads as null" },
		{ RULE "methods: NULL\n", "line 3", "reads as null" },
		{ RULE "networks: null\n", "line 3", "reads as null" },
		{ RULE "path: ~\n", "line 3", "reads as null" },
		{ RULE "users:\n    policy: deny\n", "line 3", "reads as null" },
		{ "rules:\n  - domain: null\n", "line 2", "reads as null" },
		{ RULE "query: {action: null}\n", "line 3", "reads as null" },
		{ RULE "query: {action: ~}\n", "line 3", "reads as null" },
		{ RULE "query: {action: }\n", "line 3", "reads as null" },
		{ RULE "query: {null: x}\n", "line 3", "name of a parameter" },
		{ RULE "query: {<<: x}\n", "line 3", "name of a parameter" },
		{ RULE "query:\n      action:\n        - login\n        - '*'\n", "line 6", "any value" },
		{ RULE "policy: null\n", "line 3", "a policy is" },
		{ RULE "max_age: ~\n", "line 3", "duration" },
		{ RULE "<<: {policy: bypass}\n", "line 3", "a rule has" },
		{ RULE "users: !!binary YW5uYQ==\n", "line 3", "tag" },
		{ RULE "policy: !x deny\n", "line 3", "tag" },
		{ RULE "query: {a: !!int 1}\n", "line 3", "tag" },
		{ RULE "users: !x\n      - anna\n", "line 3", "tag" },
		{ RULE "!x users: anna\n", "line 3", "tag" },
		{ "--- !x\nrules: []\n", "line 1", "tag" },
		{ "networks: {null: 10.0.0.0/8}\nrules: []\n", "line 1", "begins with a letter" },
		{ RULE "networks:\n      - 10.0.0.0/8\n      - home\n", "line 5", "no such name" },
		{ RULE "networks: [home]\n", "line 3", "no such name" },
		{ "networks: {lan: 10.0.0.0/8}\n" RULE "networks: [home]\n", "line 4", "no such name" },
		{ "networks: [10.0.0.0/8]\nrules: []\n", "line 1", "names networks" },
		{ "networks: {home: lan}\nrules: []\n", "line 1", "network is like" },
		{ "networks: {home: []}\nrules: []\n", "line 1", "at least one" },
		{ "networks: {10.0.0.1: 10.0.0.0/8}\nrules: []\n", "line 1", "begins with a letter" },
		{ "networks: {Home: 10.0.0.0/8}\nrules: []\n", "line 1", "begins with a letter" },
		{ "networks: {a: 10.0.0.0/8, a: 10.0.0.0/8}\nrules: []\n", "line 1", "twice" },
		{ "networks: {a: 10.0.0.0/8, b: a}\nrules: []\n", "line 1", "network is like" },
		{ "networks: {a: 10.0.0.0/8}\n", "line 1", "rules:" },
		{ "rules: []\nrules: []\n", "line 2", "twice" },
		{ "networks: {}\nnetworks: {}\nrules: []\n", "line 2", "twice" },
		{ "rules:\n  - domain: '{user}'\n", "line 2", "domain" },
		{ "rules:\n  - domain: 'x{user}.example.org'\n", "line 2", "domain" },
		{ "rules:\n  - domain: ['a.example.org', '{user}.example.org']\n    policy: bypass\n", "line 2",
		  "bypass" },
		{ "rules:\n  - domain: '{group}.example.org'\n    policy: bypass\n", "line 2", "bypass" },
		{ RULE "max_age: soon\n", "line 3", "duration" },
		{ "applications: []\n", "line 1", "rules:" },
		{ "rules: []\napplications: x\n", "line 2", "a list" },
		{ "rules: []\napplications: [Wiki]\n", "line 2", "- name:" },
		{ "rules: []\napplications: []\napplications: []\n", "line 3", "twice" },
		{ "rules: []\napplications:\n  - name: Wiki\n", "line 3", "an address" },
		{ "rules: []\napplications:\n  - address: https://wiki.example.org/\n", "line 3", "a name" },
		{ APP "url: x\n", "line 5", "an application has" },
		{ APP "name: Other\n", "line 5", "twice" },
		{ APP "name:\n", "line 5", "twice" },
		{ APP "description: ' '\n", "line 5", "characters" },
		{ APP "description: \"a\\u202eb\"\n", "line 5", "characters" },
		{ APP "description: ~\n", "line 5", "reads as null" },
		{ APP "description: [a, b]\n", "line 5", "a text" },
		{ APP "icon: Wi\n", "line 5", "letter" },
		{ APP "groups: Staff\n", "line 5", "group" },
		{ APP "groups: []\n", "line 5", "at least one" },
		{ APP "<<: {name: x}\n", "line 5", "an application has" },
		{ APP "\n  - name: wiki\n    address: https://other.example.org/\n", "line 6", "differ" },
		{ "rules: []\napplications:\n  - address: wiki.example.org\n", "line 3", "https://wiki" },
		{ "rules: []\napplications:\n  - address: javascript:alert(1)\n", "line 3", "https://wiki" },
		{ "rules: []\napplications:\n  - address: 'javascript:80/x#y'\n", "line 3", "https://wiki" },
		{ "rules: []\napplications:\n  - address: wss://wiki.example.org/\n", "line 3", "https://wiki" },
		{ "rules: []\napplications:\n  - address: HTTPS://wiki.example.org/\n", "line 3", "https://wiki" },
		{ "rules: []\napplications:\n  - address: https:///x\n", "line 3", "https://wiki" },
		{ "rules: []\napplications:\n  - address: 'https://a@wiki.example.org/'\n", "line 3", "https://wiki" },
		{ "rules: []\napplications:\n  - address: 'https://wiki.example.org/a b'\n", "line 3", "https://wiki" },
		{ "rules: []\napplications:\n  - address: 'https://wiki.example.org/%2e%2e/'\n", "line 3",
		  "https://wiki" },
		{ "rules: []\napplications:\n  - address: 'https://wiki.example.org/#a\"b'\n", "line 3",
		  "https://wiki" },
		{ RULE "phishing_resistant: yes\n", "line 3", "true or false" },
		{ RULE "phishing_resistant: True\n", "line 3", "true or false" },
		{ RULE "phishing_resistant: [true]\n", "line 3", "true or false" },
		{ RULE "phishing_resistant: ~\n", "line 3", "true or false" },
		{ RULE "phishing_resistant: true\n    policy: one_factor\n", "line 2", "two_factor" },
		{ RULE "policy: bypass\n    phishing_resistant: true\n", "line 2", "two_factor" },
		{ RULE "policy: deny\n    phishing_resistant: true\n", "line 2", "two_factor" },
		{ RULE "max_age: 5s\n", "line 3", "30 seconds" },
		{ RULE "max_age: 15m\n    policy: one_factor\n", "line 2", "two_factor" },
		{ RULE "policy: bypass\n    users: anna\n", "line 2", "bypass" },
		{ "rules:\n  - domain: 'A.example.org'\n", "line 2", "lower case" },
		{ "rules:\n  - domain: *.example.org\n", "line 2", "in quotes" },
		{ "rules:\n  - domain: &x a.example.org\n  - domain: *x\n", "", "alias" },
		{ "rules:\n  - domain: [a.example.org\n", "line 3", "" },
		{ "rules: [[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", "line 1", "deeper than 32" },
		{ "\xff\xfer\n", "", "UTF-16" },
		{ "rules:\n\t- domain: a.example.org\n", "line 2", "" },
		{ "rules: []\n---\nrules: []\n", "", "second" },
		{ "rules: []\n\xff\n", "line 2", "" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct access_rules rules = { .n = 0 };
		struct why why = { 0 };
		err e = access_parse(STR("access.conf"), str_of(cases[i].text), &rules, &why);
		if (e != ERR_CONFIG || strstr(why.text, cases[i].line) == NULL ||
		    strstr(why.text, cases[i].word) == NULL || strstr(why.text, "access.conf") == NULL)
			fail_msg("case %zu: %s: %s", i, err_name(e), why.text);
		assert_int_equal(rules.n, 0);
	}
}

static void
long_files_and_many_rules_are_refused(void **state)
{
	static char text[ACCESS_FILE_MAX_BYTES + 100];
	struct access_rules rules = { .n = 0 };
	struct why why = { 0 };
	size_t n = 0;

	memset(text, ' ', sizeof(text));
	assert_int_equal(access_parse(STR("f"), str_bytes(text, ACCESS_FILE_MAX_BYTES + 1), &rules, &why), ERR_CONFIG);
	assert_non_null(strstr(why.text, "64 KiB"));
	n = (size_t)snprintf(text, sizeof(text), "rules:\n");
	for (unsigned i = 0; i <= ACCESS_RULES_MAX; i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "- domain: '*'\n");
	assert_int_equal(access_parse(STR("f"), str_bytes(text, n), &rules, &why), ERR_CONFIG);
	assert_non_null(strstr(why.text, "1,000"));
}

static void
two_factors_open_protected_hosts_without_a_file(void **state)
{
	struct config config = { .gate_domains_count = 1 };
	CLEANUP(access_rules_wipe) struct access_rules rules = { .n = 0 };

	assert_int_equal(access_implied(&config, &rules), ERR_OK);
	assert_int_equal(rules.n, 1);
	assert_true(rules.implied);
	assert_int_equal(rules.rules[0].policy, ACCESS_TWO_FACTOR);
	access_rules_wipe(&rules);
	config.gate_domains_count = 0;
	assert_int_equal(access_implied(&config, &rules), ERR_OK);
	assert_int_equal(rules.n, 0);
}

static void
a_missing_file_is_reported(void **state)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(256 * 1024);
	struct config config = { .access_rules = "/nowhere/access.conf" };
	struct why why = { 0 };
	str text = { 0 };

	assert_int_equal(access_file_text(&config, &arena, &text, &why), ERR_CONFIG);
	assert_non_null(strstr(why.text, "/nowhere/access.conf"));
	snprintf(config.access_rules, sizeof(config.access_rules), "/");
	assert_int_equal(access_file_text(&config, &arena, &text, &why), ERR_CONFIG);
	assert_non_null(strstr(why.text, "Name a regular file"));
	config.access_rules[0] = '\0';
	assert_int_equal(access_file_text(&config, &arena, &text, &why), ERR_OK);
	assert_int_equal(text.n, 0);
}

/* A server that only signs people in to clients has no gate. */
static void
rules_for_pages_need_a_protected_domain(void **state)
{
	static const struct {
		const char *text;
		err e;
	} cases[] = {
		{ "rules:\n  - client: wiki\n    groups: [staff]\n", ERR_OK },
		{ "rules: []\n", ERR_OK },
		{ "rules:\n  - client: wiki\n  - domain: '*'\n", ERR_CONFIG },
		{ "rules:\n  - client: wiki\n  - domain: a.example.org\n", ERR_CONFIG },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(access_rules_wipe) struct access_rules rules = { .n = 0 };
		struct config config = { .access_rules = "access.conf" };
		struct why why = { "" };
		assert_int_equal(access_take(&config, str_of(cases[i].text), &rules, &why), cases[i].e);
		if (cases[i].e == ERR_OK)
			continue;
		assert_non_null(strstr(why.text, "line 3: GATE_DOMAINS is not set"));
		snprintf(config.gate_domains[0].z, sizeof(config.gate_domains[0].z), "example.org");
		config.gate_domains_count = 1;
		assert_int_equal(access_take(&config, str_of(cases[i].text), &rules, &why), ERR_OK);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_for_pages_need_a_protected_domain),
		cmocka_unit_test(a_complete_file_is_read),
		cmocka_unit_test(an_empty_list_denies_everything),
		cmocka_unit_test(values_are_read_as_texts),
		cmocka_unit_test(errors_name_their_line),
		cmocka_unit_test(long_files_and_many_rules_are_refused),
		cmocka_unit_test(two_factors_open_protected_hosts_without_a_file),
		cmocka_unit_test(a_missing_file_is_reported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
