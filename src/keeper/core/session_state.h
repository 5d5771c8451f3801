/*
 * What a session is, and how far it has come.  One function decides the state, from the session's proofs and its account, each time
 * anew: no table of the database holds it.
 */
#ifndef KEEPER_SESSION_STATE_H
#define KEEPER_SESSION_STATE_H

#include "base/clock.h"
#include "config/config.h"
#include "keeper/core/accounts.h"
#include "keeper/core/display_name.h"
#include "keeper/core/proof.h"
#include "ipc/questions.h"

#define PENDING_US MINUTES_US(10)      /* from the password to the code */
#define ENROLMENT_US MINUTES_US(10)    /* that a secret may be enrolled */
#define CLOCK_SLACK_US MINUTES_US(5)   /* by how much another node's clock, or ours a while ago, may be ahead */
#define SESSION_TOUCH_US MINUTES_US(1) /* seen_at_us is written this often, */
#define SESSION_TOUCH_PARTS 30         /* or, where that is more often, in this part of SESSION_IDLE */

struct session {
	enum session_state state; /* as session_decide found it */
	int64_t expires_us;       /* 0 with STATE_NONE */

	int64_t id, account_id; /* id 0: there is no row */
	int64_t created_us, seen_us;
	struct proofs proofs;            /* what this session has proved */
	int64_t gated_us;                /* the gate last let this session in with its password alone; 0: never */
	int64_t clock_step, clock_drift; /* see keeper/factor/totp.h; 0: nothing */
	int64_t previous_sign_in_us;     /* 0: none */
	struct account_name name;
	struct display_name display_name;
	enum preferred_language language;
	enum time_format time_format;
	int64_t account_created_us;
	bool account_disabled;
	int64_t factor_since_us; /* the account's first factor of any kind, also when it is disabled; 0: it has none */
	int64_t recovery_left;
	int64_t refused;        /* tries that were refused before this session was through */
	int64_t factors_usable; /* the account's factors, of any kind, that are not disabled */
};

/* Has its account a confirmed factor of any kind, disabled or not? */
bool session_is_enrolled(const struct session *session);

/* THE decision: fills state and expires_us from the rest. */
void session_decide(struct session *session, const struct config *config, int64_t now_us);

/*
 * The same for the gate, where a password alone may be enough (policy one_factor): PENDING lasts there as long as a session
 * does, and what it opens at the gate it opens nowhere else.
 */
void session_decide_for_gate(struct session *session, const struct config *config, int64_t now_us);

/*
 * May the row of a decided session be deleted?  Not while it opens something: a page, or, once the gate has let it in, an
 * application.  session_purge_lifetime, _idle and _pending in store/sql delete by the same rule.
 */
bool session_over(const struct session *session, const struct config *config, int64_t now_us);

/* Is its activity to be written now?  Less often than it is asked, but never late enough to matter for SESSION_IDLE. */
bool session_touch_due(const struct session *session, const struct config *config, int64_t now_us);

/* Has the session come further, or been exchanged for another one?  Only some questions may do that: see MAY_RAISE. */
bool session_rose(const struct session *before, const struct session *after);

/* When possession was last proved in it; 0: not yet. */
int64_t session_verified_us(const struct session *session);

#endif
