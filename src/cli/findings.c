#include "cli/findings.h"

#include "cli/print.h"

static const struct {
	const char *one, *many, *json;
	size_t offset;
} members[] = {
	{ "account", "accounts", "accounts", offsetof(struct upkeep_findings, accounts) },
	{ "authenticator", "authenticators", "authenticators", offsetof(struct upkeep_findings, factors) },
	{ "unused recovery code", "unused recovery codes", "recovery_codes",
	  offsetof(struct upkeep_findings, recovery_codes) },
	{ "session", "sessions", "sessions", offsetof(struct upkeep_findings, sessions) },
	{ "audit row", "audit rows", "audit_rows", offsetof(struct upkeep_findings, audit) },
};

static int64_t
findings_value(const struct upkeep_findings *findings, size_t i)
{
	return *(const int64_t *)((const char *)findings + members[i].offset);
}

void
findings_put(struct buf *out, const struct upkeep_findings *findings)
{
	for (size_t i = 0; i < COUNT(members); i++) {
		buf_put(out, i == 0 ? STR("") : STR(", "));
		cli_count(out, findings_value(findings, i), members[i].one, members[i].many);
	}
}

void
findings_put_problems(struct buf *out, const struct upkeep_findings *findings)
{
	static const struct {
		const char *one, *many, *rest;
		size_t offset;
	} problems[] = {
		{ "secret", "secrets", " cannot be decrypted with the key",
		  offsetof(struct upkeep_findings, unreadable) },
		{ "account name", "account names", " cannot be typed", offsetof(struct upkeep_findings, bad_name) },
		{ "object", "objects", " in the schema that Doubletour does not make",
		  offsetof(struct upkeep_findings, unknown_objects) },
		{ "value", "values", " that a page or a command would reject",
		  offsetof(struct upkeep_findings, bad_values) },
	};

	for (size_t i = 0; i < COUNT(problems); i++) {
		int64_t n = *(const int64_t *)((const char *)findings + problems[i].offset);
		if (n == 0)
			continue;
		buf_put(out, STR("Warning: "));
		cli_count(out, n, problems[i].one, problems[i].many);
		buf_put(out, str_of(problems[i].rest));
		buf_put(out, STR(".  `doubletour check` lists them.\n"));
	}
}

void
findings_put_json(struct cli_json *line, const struct upkeep_findings *findings)
{
	for (size_t i = 0; i < COUNT(members); i++)
		cli_json_number(line, members[i].json, findings_value(findings, i));
	cli_json_number(line, "unreadable", findings->unreadable);
	cli_json_number(line, "misnamed", findings->bad_name);
	cli_json_number(line, "orphans", findings->orphans);
	cli_json_number(line, "unknown_objects", findings->unknown_objects);
	cli_json_number(line, "bad_values", findings->bad_values);
}
