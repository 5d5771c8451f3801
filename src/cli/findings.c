#include "cli/findings.h"

static const struct {
	const char *name, *json;
	size_t offset;
} members[] = {
	{ "accounts", "accounts", offsetof(struct upkeep_findings, accounts) },
	{ "authenticators", "authenticators", offsetof(struct upkeep_findings, factors) },
	{ "unused recovery codes", "recovery_codes", offsetof(struct upkeep_findings, recovery_codes) },
	{ "sessions", "sessions", offsetof(struct upkeep_findings, sessions) },
	{ "audit rows", "audit_rows", offsetof(struct upkeep_findings, audit) },
};

static int64_t
value(const struct upkeep_findings *findings, size_t i)
{
	return *(const int64_t *)((const char *)findings + members[i].offset);
}

void
findings_put(struct buf *out, const struct upkeep_findings *findings)
{
	for (size_t i = 0; i < COUNT(members); i++)
		buf_printf(out, "%s%lld %s", i == 0 ? "" : ", ", (long long)value(findings, i), members[i].name);
}

void
findings_put_json(struct cli_json *line, const struct upkeep_findings *findings)
{
	for (size_t i = 0; i < COUNT(members); i++)
		cli_json_number(line, members[i].json, value(findings, i));
	cli_json_number(line, "unreadable", findings->unreadable);
	cli_json_number(line, "misnamed", findings->misnamed);
	cli_json_number(line, "orphans", findings->orphans);
}
