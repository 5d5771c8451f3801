/*
 * The file of rules, and what is decided by it: whatever the text, a visitor who has proved more is never worse off, and nobody
 * passes by a policy that asks for more than they have proved.
 */
#include "target.h"

#include "gate/access_file.h"

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
		PROMISE(d.rule->paths.n == 0 || !target->unclear);
	}
	PROMISE(d.outcome != ACCESS_ASKS || d.rule != NULL);
	return d.outcome;
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
		PROMISE(rules.n == 0);
		return 0;
	}
	for (size_t i = 0; i < COUNT(urls); i++) {
		PROMISE(target_read(str_of(urls[i]), &arena, &target) == ERR_OK);
		enum access_outcome nobody = decide(&rules, &target, ACCESS_NOBODY, STR(""));
		enum access_outcome half = decide(&rules, &target, ACCESS_PASSWORD, STR("anna"));
		enum access_outcome full = decide(&rules, &target, ACCESS_FULL, STR("anna"));
		PROMISE(half != ACCESS_PASSES || full == ACCESS_PASSES);
		PROMISE(half == ACCESS_REFUSED || full != ACCESS_REFUSED);
		PROMISE(nobody != ACCESS_PASSES || full == ACCESS_PASSES); /* bypass names nobody */
	}
	return 0;
}
