/*
 * The access rules and their decisions.  Promises for every file of rules:
 * - a user who has verified more factors is never granted less;
 * - no user passes a policy that requires more than they have verified;
 * - an ambiguous path opens no more than each path that a program may read from it;
 * - an application that a user sees with one factor is visible with both, and the lookup by its address finds it.
 */
#include "target.h"

#include "access/access_file.h"
#include "access/applications.h"

#define NOW INT64_C(1800000000000000)

static enum access_outcome
decide(const struct access_rules *rules, const struct target *target, enum access_level level, str name)
{
	const struct access_request request = { target, STR("GET"), STR("192.168.1.2") };
	const struct access_visitor visitor = { level, name, name.n > 0 ? STR("admins,staff") : STR(""),
						level == ACCESS_FULL ? NOW - 1000000 : 0 };
	struct access_decision d = access_decide(rules, &request, &visitor, NOW);

	if (d.outcome == ACCESS_PASSES) {
		PROMISE(d.rule != NULL && d.rule->policy != ACCESS_DENY);
		PROMISE(d.rule->policy == ACCESS_BYPASS || level != ACCESS_NOBODY);
		PROMISE(d.rule->policy != ACCESS_TWO_FACTOR || level == ACCESS_FULL);
		PROMISE(!target->dots);
	}
	PROMISE(d.outcome != ACCESS_ASKS || d.rule != NULL);
	return d.outcome;
}

/* An ambiguous URL is decided at least as strictly as each path that a program may read from it. */
static void
readings(const struct access_rules *rules, struct arena *arena)
{
	static const struct {
		const char *url, *readings[4];
	} ambiguous[] = {
		{ "https://wiki.example.org/public/%2Fadmin",
		  { "/public//admin", "/public/admin", "/public/%2Fadmin" } },
		{ "https://wiki.example.org//admin;x/y", { "//admin;x/y", "/admin/y", "/admin", "/admin;x/y" } },
		{ "https://wiki.example.org/%ffadmin/x",
		  { "/admin/x", "/\xff"
				"admin/x" } },
	};
	static const struct {
		enum access_level level;
		str name;
	} who[] = { { ACCESS_NOBODY, STR_INIT("") },
		    { ACCESS_PASSWORD, STR_INIT("anna") },
		    { ACCESS_FULL, STR_INIT("anna") } };
	static const int loose[ACCESS_OUTCOME_COUNT] = { [ACCESS_PASSES] = 2, [ACCESS_ASKS] = 1, [ACCESS_REFUSED] = 0 };
	struct target target;

	for (size_t i = 0; i < COUNT(ambiguous) * 4 * COUNT(who); i++) {
		const char *reading = ambiguous[i / 4 / COUNT(who)].readings[i / COUNT(who) % 4];
		enum access_level level = who[i % COUNT(who)].level;
		str name = who[i % COUNT(who)].name;
		if (reading == NULL)
			continue;
		PROMISE(target_read(str_of(ambiguous[i / 4 / COUNT(who)].url), arena, &target) == ERR_OK &&
			target.unclear);
		const struct target plain = { .host = target.host,
					      .path = str_of(reading),
					      .certain = strlen(reading) };
		PROMISE(loose[decide(rules, &target, level, name)] <= loose[decide(rules, &plain, level, name)]);
	}
}

static void
applications(const struct access_rules *rules)
{
	const struct access_visitor half = { ACCESS_PASSWORD, STR("anna"), STR("admins,staff"), 0 };
	const struct access_visitor full = { ACCESS_FULL, STR("anna"), STR("admins,staff"), NOW - 1000000 };

	PROMISE(rules->applications_n <= APPLICATIONS_MAX);
	for (size_t i = 0; i < rules->applications_n; i++) {
		struct application app = rules->applications[i];
		app.gated = true;
		PROMISE(app.name.n > 0 && app.letter.n > 0 && str_starts(app.address, STR("http")) && !app.target.dots);
		PROMISE(!application_is_visible(rules, &app, &half, STR("192.168.1.2"), NOW) ||
			application_is_visible(rules, &app, &full, STR("192.168.1.2"), NOW));
		const struct application *found = application_of_target(rules, &app.target);
		PROMISE(!app.https || (found != NULL && str_equal(found->target.authority, app.target.authority)));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const char *const urls[] = { "https://wiki.example.org/", "https://wiki.example.org/public/../admin",
					    "https://admin.example.org/admin/x" };
	CLEANUP(access_rules_wipe) struct access_rules rules = { .n = 0 };
	CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
	struct why why = { "" };
	struct target target;

	if (access_parse(STR("access.conf"), str_bytes(bytes, n), &rules, &why) != ERR_OK) {
		PROMISE(rules.n == 0 && rules.applications_n == 0);
		return 0;
	}
	applications(&rules);
	readings(&rules, &arena);
	for (size_t i = 0; i < COUNT(urls); i++) {
		PROMISE(target_read(str_of(urls[i]), &arena, &target) == ERR_OK);
		enum access_outcome nobody = decide(&rules, &target, ACCESS_NOBODY, STR(""));
		enum access_outcome half = decide(&rules, &target, ACCESS_PASSWORD, STR("anna"));
		enum access_outcome full = decide(&rules, &target, ACCESS_FULL, STR("anna"));
		PROMISE(half != ACCESS_PASSES || full == ACCESS_PASSES);
		PROMISE(half == ACCESS_REFUSED || full != ACCESS_REFUSED);
		PROMISE(nobody != ACCESS_PASSES || full == ACCESS_PASSES); /* a bypass rule names no user */
	}
	return 0;
}
