/* The applications of the rules file: which users see an application, and to which application a URL belongs. */
#include "unit.h"

#include "access/access_file.h"
#include "access/applications.h"
#include "access/icons.h"
#include "base/digest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW INT64_C(1800000000000000)

static const char access_conf[] =
    "networks:\n"
    "  home: 192.168.0.0/16\n"
    "rules:\n"
    "  - domain: wiki.example.org\n"
    "    groups: [staff]\n"
    "  - domain: vault.example.org\n"
    "    users: [anna]\n"
    "    max_age: 15m\n"
    "  - domain: camera.example.org\n"
    "    networks: [home]\n"
    "    policy: one_factor\n"
    "  - domain: blog.example.org\n"
    "    policy: bypass\n"
    "  - domain: api.example.org\n"
    "    path: '/v1/**'\n"
    "applications:\n"
    "  - {name: Wiki, address: 'https://wiki.example.org/', description: Handbook, icon: Ω}\n"
    "  - {name: élan, address: 'https://vault.example.org/'}\n"
    "  - {name: Camera, address: 'https://camera.example.org'}\n"
    "  - {name: Blog, address: 'https://blog.example.org/', groups: [writers, editors]}\n"
    "  - {name: Interface, address: 'https://api.example.org/v1/#/start'}\n"
    "  - {name: Status, address: 'https://api.example.org/status'}\n"
    "  - {name: Elsewhere, address: 'http://nas:8080/a?b=c'}\n"
    "  - {name: Team, address: 'https://else.example.net/', groups: [staff]}\n";

static struct access_rules
take(void)
{
	struct config config = { .gate_domains_count = 1 };
	struct access_rules rules = { .n = 0 };
	struct why why = { 0 };

	strcpy(config.access_rules, "access.conf");
	strcpy(config.gate_domains[0].z, "example.org");
	if (access_take(&config, str_of(access_conf), &rules, &why) != ERR_OK)
		fail_msg("%s", why.text);
	return rules;
}

static void
applications_are_read_with_their_defaults(void **state)
{
	CLEANUP(access_rules_wipe) struct access_rules rules = take();

	assert_int_equal(rules.applications_n, 8);
	assert_int_equal(rules.applications[1].line, 18);
	assert_true(str_equal(rules.applications[0].letter, STR("Ω")));
	assert_true(str_equal(rules.applications[0].description, STR("Handbook")));
	assert_true(str_equal(rules.applications[1].letter, STR("é"))); /* the first letter of the name */
	assert_true(str_equal(rules.applications[2].target.path, STR("/")));
	assert_true(str_equal(rules.applications[4].address, STR("https://api.example.org/v1/#/start")));
	assert_true(str_equal(rules.applications[4].target.path, STR("/v1/")));
	assert_true(rules.applications[4].gated && !rules.applications[6].gated);
	assert_false(rules.applications[6].https);
}

static void
the_gate_decides_who_sees_an_application(void **state)
{
	static const struct {
		const char *name, *groups, *address, *sees, *why;
		enum access_level level;
		int64_t age_s;
	} cases[] = {
		{ "anna", "staff", "192.168.1.2", "Wiki Camera Interface Elsewhere Team élan",
		  "rules, and groups of the key", ACCESS_FULL, 60 },
		{ "anna", "", "10.0.0.1", "Interface Elsewhere élan", "wrong group, wrong network", ACCESS_FULL, 60 },
		{ "anna", "", "10.0.0.1", "Interface Elsewhere élan", "an old code: the rule asks for a new one",
		  ACCESS_FULL, 3600 },
		{ "ben", "editors,other", "10.0.0.1", "Blog Interface Elsewhere", "one of the groups is enough",
		  ACCESS_FULL, 60 },
		{ "ben", "staff", "10.0.0.1", "Wiki Interface Elsewhere Team", "the password alone: asks for a code",
		  ACCESS_PASSWORD, 0 },
		{ "ben", "staff", "", "Wiki Interface Elsewhere Team", "without an address, no network matches",
		  ACCESS_FULL, 0 },
		{ "ben", "staff", "unix", "Wiki Interface Elsewhere Team",
		  "an unknown address may be in another network", ACCESS_FULL, 0 },
	};
	CLEANUP(access_rules_wipe) struct access_rules rules = take();

	for (size_t i = 0; i < COUNT(cases); i++) {
		const struct access_visitor visitor = { cases[i].level, str_of(cases[i].name), str_of(cases[i].groups),
							NOW - cases[i].age_s * 1000000 };
		for (size_t j = 0; j < rules.applications_n; j++) {
			bool sees = application_is_visible(&rules, &rules.applications[j], &visitor,
							   str_of(cases[i].address), NOW);
			if (sees != (strstr(cases[i].sees, rules.applications[j].name.p) != NULL))
				fail_msg("%s: %s", cases[i].why, rules.applications[j].name.p);
		}
	}
}

static void
an_application_without_a_matching_rule_is_hidden(void **state)
{
	CLEANUP(access_rules_wipe) struct access_rules rules = take();
	const struct access_visitor anna = { ACCESS_FULL, STR("anna"), STR("staff"), NOW };

	assert_string_equal(rules.applications[5].name.p, "Status");
	assert_false(application_is_visible(&rules, &rules.applications[5], &anna, STR("192.168.1.2"), NOW));
}

static void
the_longest_matching_address_selects_the_application(void **state)
{
	static const char text[] = "rules: []\n"
				   "applications:\n"
				   "  - {name: Cloud, address: 'https://cloud.example.org/'}\n"
				   "  - {name: Mail, address: 'https://cloud.example.org/apps/mail/?view=all#inbox'}\n"
				   "  - {name: Apps, address: 'https://cloud.example.org/apps'}\n"
				   "  - {name: Port, address: 'https://port.example.org:8443/'}\n"
				   "  - {name: Docs, address: 'https://docs.example.org/docs/'}\n"
				   "  - {name: Plain, address: 'http://plain.example.org/'}\n";
	static const struct {
		const char *url, *name;
	} cases[] = {
		{ "https://cloud.example.org/", "Cloud" },
		{ "https://cloud.example.org/apps/mail/3?x=y", "Mail" },
		{ "https://cloud.example.org/apps/mail", "Mail" },
		{ "https://cloud.example.org/apps/mailing", "Apps" },
		{ "https://cloud.example.org/apps", "Apps" },
		{ "https://cloud.example.org/appsx", "Cloud" },
		{ "https://CLOUD.example.org/apps/x", "Apps" },
		{ "https://port.example.org:8443/x", "Port" },
		{ "https://port.example.org/x", NULL },
		{ "https://docs.example.org/", NULL },
		{ "https://docs.example.org/docs/x", "Docs" },
		{ "https://evil.cloud.example.org/", NULL },
		{ "https://plain.example.org/", NULL },
	};
	CLEANUP(access_rules_wipe) struct access_rules rules = { .n = 0 };
	CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
	struct why why = { 0 };

	assert_int_equal(access_parse(STR("f"), str_of(text), &rules, &why), ERR_OK);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct target target;
		assert_int_equal(target_read(str_of(cases[i].url), &arena, &target), ERR_OK);
		const struct application *found = application_of_target(&rules, &target);
		if (found == NULL ? cases[i].name != NULL : !str_equal(found->name, str_of(cases[i].name)))
			fail_msg("%s: %s", cases[i].url, found == NULL ? "none" : found->name.p);
	}
}

static void
an_http_address_behind_the_gate_is_refused(void **state)
{
	static const char text[] = "rules: []\napplications:\n  - {name: Wiki, address: 'http://wiki.example.org/'}\n";
	struct config config = { .gate_domains_count = 1 };
	struct access_rules rules = { .n = 0 };
	struct why why = { 0 };

	strcpy(config.access_rules, "access.conf");
	strcpy(config.gate_domains[0].z, "example.org");
	assert_int_equal(access_take(&config, str_of(text), &rules, &why), ERR_CONFIG);
	assert_non_null(strstr(why.text, "line 3: wiki.example.org"));
	assert_int_equal(rules.applications_n, 0);
}

static void
more_than_200_applications_are_refused(void **state)
{
	static char text[64 * 1024];
	CLEANUP(access_rules_wipe) struct access_rules rules = { .n = 0 };
	struct why why = { 0 };

	for (unsigned n = APPLICATIONS_MAX; n <= APPLICATIONS_MAX + 1; n++) {
		size_t at = (size_t)sprintf(text, "rules: []\napplications:\n");
		for (unsigned i = 0; i < n; i++)
			at +=
			    (size_t)sprintf(text + at, "  - {name: A%u, address: 'https://a%u.example.org/'}\n", i, i);
		assert_int_equal(access_parse(STR("f"), str_bytes(text, at), &rules, &why),
				 n <= APPLICATIONS_MAX ? ERR_OK : ERR_CONFIG);
		access_rules_wipe(&rules);
	}
	assert_non_null(strstr(why.text, "200 applications"));
}

/* --- icons -------------------------------------------------------------------------------------------------------- */

#define SVG "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 2 2\"><path d=\"M0 0h1v1z\"/>%s</svg>"

static char folder[] = "/tmp/doubletour-icons-XXXXXX";

static void
write_icon(const char *name, const char *content)
{
	char path[200];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "w");
	assert_non_null(file);
	fprintf(file, SVG, content);
	assert_int_equal(fclose(file), 0);
}

static int
make_folder(void **state)
{
	if (mkdtemp(folder) == NULL || digest_setup() != ERR_OK)
		return 1;
	write_icon("good.svg", "");
	write_icon("bad.svg", "<script>alert(1)</script>");
	return 0;
}

static int
remove_folder(void **state)
{
	static const char *const names[] = { "good.svg", "bad.svg" };
	char path[200];

	for (size_t i = 0; i < COUNT(names); i++) {
		snprintf(path, sizeof(path), "%s/%s", folder, names[i]);
		unlink(path);
	}
	return rmdir(folder);
}

/* Read rules with an application that has this icon, and the icon's file. */
static err
read_icon(const char *icon, struct access_rules *ret_rules, struct why *why)
{
	struct config config = { .gate_domains_count = 0 };
	char text[400];

	snprintf(config.access_rules, sizeof(config.access_rules), "%s/access.conf", folder);
	snprintf(text, sizeof(text),
		 "rules: []\napplications:\n  - {name: Other, address: 'https://o.example.org/'}\n"
		 "  - name: Wiki\n    address: https://wiki.example.org/\n    icon: %s\n",
		 icon);
	assert_int_equal(access_take(&config, str_of(text), ret_rules, why), ERR_OK);
	return icons_read(&config, ret_rules, why);
}

static void
icon_files_are_read_and_sent_to_another_process(void **state)
{
	CLEANUP(access_rules_wipe) struct access_rules rules = { .n = 0 }, other = { .n = 0 };
	CLEANUP(buf_wipe) struct buf text = BUF(ICONS_TEXT_MAX);
	const struct application_icon *icon;
	struct why why = { 0 };

	assert_int_equal(read_icon("good.svg", &rules, &why), ERR_OK);
	assert_int_equal(read_icon("good.svg", &other, &why), ERR_OK);
	other.applications[1].icon.name = (str){ 0 };
	icons_put(&rules, &text);
	assert_int_equal(icons_take(&other, buf_str(&text)), ERR_OK);
	icon = icon_find(&other, rules.applications[1].icon.name);
	assert_non_null(icon);
	assert_int_equal(icon->kind, IMAGE_SVG);
	assert_true(str_equal(icon->bytes, rules.applications[1].icon.bytes) && icon->bytes.n > 50);
	assert_true(str_ends(icon->name, STR(".svg")) && icon->name.n == 20);
	assert_null(icon_find(&other, STR("AAAAAAAAAAAAAAAA.svg")));
	assert_null(icon_find(&other, STR("")));
}

static void
icons_of_other_rules_are_refused(void **state)
{
	CLEANUP(access_rules_wipe) struct access_rules rules = { .n = 0 }, none = { .n = 0 };
	CLEANUP(buf_wipe) struct buf text = BUF(ICONS_TEXT_MAX);
	struct why why = { 0 };

	assert_int_equal(read_icon("good.svg", &rules, &why), ERR_OK);
	icons_put(&rules, &text);
	assert_int_equal(icons_take(&rules, str_upto(buf_str(&text), text.n - 1)), ERR_PROTOCOL);
	assert_int_equal(icons_take(&rules, STR("")), ERR_PROTOCOL);
	assert_int_equal(icons_take(&none, buf_str(&text)), ERR_PROTOCOL);
	assert_int_equal(icons_take(&none, STR("")), ERR_OK);
}

static void
bad_icon_files_are_refused_with_their_line(void **state)
{
	static const struct {
		const char *icon, *word;
	} cases[] = {
		{ "missing.svg", "missing.svg cannot be opened" },
		{ "bad.svg", "script" },
		{ "/nowhere/x.png", "/nowhere/x.png cannot" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(access_rules_wipe) struct access_rules rules = { .n = 0 };
		struct why why = { 0 };
		if (read_icon(cases[i].icon, &rules, &why) != ERR_CONFIG || strstr(why.text, "line 6: ") == NULL ||
		    strstr(why.text, cases[i].word) == NULL)
			fail_msg("%s: %s", cases[i].icon, why.text);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(applications_are_read_with_their_defaults),
		cmocka_unit_test(the_gate_decides_who_sees_an_application),
		cmocka_unit_test(an_application_without_a_matching_rule_is_hidden),
		cmocka_unit_test(the_longest_matching_address_selects_the_application),
		cmocka_unit_test(an_http_address_behind_the_gate_is_refused),
		cmocka_unit_test(more_than_200_applications_are_refused),
		cmocka_unit_test(icon_files_are_read_and_sent_to_another_process),
		cmocka_unit_test(icons_of_other_rules_are_refused),
		cmocka_unit_test(bad_icon_files_are_refused_with_their_line),
	};

	return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
