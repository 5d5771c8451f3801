#include "cli/access_text.h"

#include "base/clock.h"
#include "cli/print.h"

const char *
access_text_outcome(const struct access_decision *d)
{
	switch (d->reason) {
	case ACCESS_NO_RULE:
		return "is refused: no rule matches";
	case ACCESS_UNCLEAR:
		return "is refused: the path or the query is ambiguous, or the browser's address is unknown, and one "
		       "of the possible rules refuses it";
	case ACCESS_DOTS:
		return "is refused: the path has a segment of one or two dots, plain or encoded";
	case ACCESS_UNKNOWN:
		return "must sign in";
	case ACCESS_CODE:
		return "must enter a code";
	case ACCESS_OLD:
		return "must enter a new code";
	case ACCESS_PASSKEY:
		return "must use a passkey: a code is not enough";
	case ACCESS_PASSKEY_OLD:
		return "must use the passkey again";
	default:
		return d->outcome == ACCESS_PASSES ? "passes" : "is refused";
	}
}

const char *
access_text_word(const struct access_decision *decision)
{
	static const char *const outcomes[ACCESS_OUTCOME_COUNT] = { "refused", "passes", "asks" };

	return outcomes[decision->outcome];
}

void
access_text_put_rule(struct buf *out, const char *file, const struct access_rule *rule)
{
	CLEANUP(buf_wipe) struct buf more = BUF(128);

	if (rule->phishing_resistant)
		buf_put(&more, STR(", with a passkey"));
	if (rule->max_age_us != 0) {
		buf_put(&more, rule->phishing_resistant ? STR(", maximum age of the passkey ")
							: STR(", maximum age of the code "));
		buf_put_number(&more, (uint64_t)(rule->max_age_us / SECONDS_US(1)));
		buf_put(&more, STR(" s"));
	}
	cli_line(out, "%s, line %u: %s%.*s", file, rule->line, access_policy_name(rule->policy),
		 STR_ARG(buf_str(&more)));
}
