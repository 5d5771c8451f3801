#include "keeper/core/counts.h"

#include "base/err.h"

#include <stdatomic.h>

/* A passkey that signs in alone, and one after the password. */
#define COUNTS_PASSKEY                                                                                                 \
	{                                                                                                              \
		[VERDICT_PASSED] = SERIES_PASSKEY_PASSED, [VERDICT_REFUSED] = SERIES_PASSKEY_REFUSED,                  \
		[VERDICT_LOCKOUT] = SERIES_PASSKEY_LOCKOUT, [VERDICT_UNAVAILABLE] = SERIES_PASSKEY_FAILED              \
	}

/* Verdicts without a series: the session's state did not allow the question, or web sent a malformed one. */
static const struct {
	enum question_id id;
	enum metric_series series[VERDICT_COUNT];
} steps[] = {
	{ QUESTION_SIGN_IN,
	  { [VERDICT_PASSED] = SERIES_PASSWORD_PASSED,
	    [VERDICT_REFUSED] = SERIES_PASSWORD_REFUSED,
	    [VERDICT_LOCKOUT] = SERIES_PASSWORD_LOCKOUT,
	    [VERDICT_UNAVAILABLE] = SERIES_PASSWORD_FAILED } },
	{ QUESTION_VERIFY,
	  { [VERDICT_PASSED] = SERIES_CODE_PASSED,
	    [VERDICT_REFUSED] = SERIES_CODE_REFUSED,
	    [VERDICT_LOCKOUT] = SERIES_CODE_LOCKOUT,
	    [VERDICT_UNAVAILABLE] = SERIES_CODE_FAILED,
	    [VERDICT_PROBLEMS] = SERIES_CODE_MALFORMED } },
	{ QUESTION_PASSKEY_SIGN_IN, COUNTS_PASSKEY },
	{ QUESTION_PASSKEY_VERIFY, COUNTS_PASSKEY },
};

static _Atomic int64_t counts[SERIES_COUNT];

void
keeper_count(enum metric_series series)
{
	atomic_fetch_add_explicit(&counts[series], 1, memory_order_relaxed);
}

void
keeper_count_question(enum question_id id, enum verdict verdict)
{
	for (size_t i = 0; i < COUNT(steps); i++)
		if (steps[i].id == id)
			keeper_count(steps[i].series[verdict]);
}

/* All other metrics come from elsewhere. */
static bool
counts_has(enum metric metric)
{
	return metric == METRIC_SIGN_INS || metric == METRIC_OIDC_AUTHORIZATIONS || metric == METRIC_OIDC_TOKENS ||
	       metric == METRIC_OIDC_CLIENTS_REFUSED;
}

void
keeper_counts(struct metric_values *values)
{
	for (int i = SERIES_NONE + 1; i < SERIES_COUNT; i++)
		if (counts_has(metric_series_facts[i].metric))
			values->of[i] = atomic_load_explicit(&counts[i], memory_order_relaxed);
}
