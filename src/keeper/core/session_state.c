#include "keeper/core/session_state.h"

#include "keeper/core/factor_kind.h"

static int64_t
session_earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

bool
session_is_enrolled(const struct session *s)
{
	return s->factor_since_us != 0;
}

/* The state without time limits. A disabled factor must still be verified, so such a session cannot complete. */
static enum session_state
session_untimed_state(const struct session *s)
{
	if (s->id == 0 || s->account_disabled)
		return STATE_NONE;
	return proofs_state(&s->proofs, session_is_enrolled(s));
}

/* The clock was far ahead when the session was last seen: the session counts as expired. */
static bool
session_from_the_future(const struct session *s, int64_t now_us)
{
	return s->created_us > now_us + CLOCK_SLACK_US || s->seen_us > now_us + CLOCK_SLACK_US;
}

static int64_t
session_later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

int64_t
session_remembered_until_us(const struct session *s, const struct config *config)
{
	bool remembered = s->remembered && s->state == STATE_FULL && config->session_remember_us > 0;

	return remembered ? s->created_us + config->session_remember_us : 0;
}

static void
session_decide_within(struct session *s, const struct config *config, int64_t now_us, int64_t pending_us)
{
	enum session_state state = session_from_the_future(s, now_us) ? STATE_NONE : session_untimed_state(s);
	int64_t expires_us =
	    session_earlier(s->seen_us + config->session_idle_us, s->created_us + config->session_lifetime_us);

	if (state == STATE_PENDING)
		expires_us = session_earlier(expires_us, proofs_newest_us(&s->proofs, SHOWS_KNOWLEDGE) + pending_us);
	s->state = state;
	expires_us = session_later(expires_us, session_remembered_until_us(s, config));
	s->state = now_us < expires_us ? state : STATE_NONE;
	s->expires_us = s->state == STATE_NONE ? 0 : expires_us;
}

void
session_decide(struct session *s, const struct config *config, int64_t now_us)
{
	session_decide_within(s, config, now_us, PENDING_US);
}

void
session_decide_for_gate(struct session *s, const struct config *config, int64_t now_us)
{
	session_decide_within(s, config, now_us, config->session_lifetime_us);
}

bool
session_over(const struct session *s, const struct config *config, int64_t now_us)
{
	struct session at_gate = *s;

	session_decide_for_gate(&at_gate, config, now_us);
	return s->state == STATE_NONE && (at_gate.state == STATE_NONE || s->gated_us == 0);
}

bool
session_touch_due(const struct session *s, const struct config *config, int64_t now_us)
{
	return now_us - s->seen_us >= session_earlier(SESSION_TOUCH_US, config->session_idle_us / SESSION_TOUCH_PARTS);
}

bool
session_rose(const struct session *before, const struct session *after)
{
	if (after->state == STATE_NONE)
		return false;
	return after->state > before->state || after->id != before->id || after->account_id != before->account_id;
}

int64_t
session_verified_us(const struct session *s)
{
	return proofs_newest_us(&s->proofs, SHOWS_POSSESSION);
}

int64_t
session_code_sign_in_us(const struct session *s)
{
	return session_phishing_resistant_us(s) != 0 && s->code_sign_in_us <= s->created_us ? s->code_sign_in_us : 0;
}

int64_t
session_phishing_resistant_us(const struct session *s)
{
	bool resists = s->state == STATE_FULL && proofs_resist_phishing(&s->proofs, session_is_enrolled(s));

	return resists ? s->passkey_us : 0;
}
