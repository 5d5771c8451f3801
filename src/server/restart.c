#include "server/restart.h"

enum restart
restart_decide(const struct restart_rule *rule, struct restart_state *state, int64_t now_us, bool asked)
{
	bool soon = now_us - state->started_us < rule->soon_ms * INT64_C(1000);

	state->soon = soon ? state->soon + 1 : 0;
	state->worked = state->worked || !soon || asked;
	if (!state->worked && state->soon > rule->soon_max)
		return RESTART_GIVE_UP;
	return state->soon > 1 ? RESTART_AFTER_PAUSE : RESTART_NOW;
}
