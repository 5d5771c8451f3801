/*
 * Sessions.  A session is a row; its token is 256 random bits that only the browser has, the row holds their SHA-256.
 * How far a session has come is decided by one function, from the row and what it belongs to, each time anew.
 */
#ifndef KEEPER_SESSION_H
#define KEEPER_SESSION_H

#include "base/clock.h"
#include "config/config.h"
#include "keeper/accounts.h"
#include "keeper/display_name.h"
#include "keeper/proof.h"
#include "store/db.h"
#include "wire/questions.h"

struct turn;

#define PENDING_US MINUTES_US(10)      /* from the password to the code */
#define ENROLMENT_US MINUTES_US(10)    /* that a secret may be enrolled */
#define CLOCK_SLACK_US MINUTES_US(5)   /* by how much another node's clock, or ours a while ago, may be ahead */
#define SESSION_WAITING_MAX 4000       /* sessions of one account that wait for a first proof; the oldest go */
#define SESSION_TOUCH_US MINUTES_US(1) /* seen_at_us is written this often, */
#define SESSION_TOUCH_PARTS 30         /* or, where that is more often, in this part of SESSION_IDLE */

struct session {
	enum session_state state; /* as session_decide found it */
	int64_t expires_us;       /* 0 with STATE_NONE */

	int64_t id, account_id; /* id 0: there is no row */
	int64_t created_us, seen_us;
	struct proofs proofs;            /* what this session has proved */
	int64_t gated_us;                /* the gate last let this session in with its password alone; 0: never */
	int64_t clock_step, clock_drift; /* see keeper/totp.h; 0: nothing */
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
int64_t session_proved_us(const struct session *session);

/* Is the session's proof of its factor young enough for what changes credentials? */
bool session_fresh(const struct turn *turn);

/* The session of a token, decided; with STATE_NONE nothing else is to be read but id. */
MUST_USE err session_find(struct turn *turn, const struct token *token_hash, struct session *ret_session);

/* What the state is decided from, and nothing else. */
struct session session_of_standing(const struct session_standing_row *row);

/* Is the session of the presented token still there, in the state that it had?  Within a transaction. */
MUST_USE err session_stands(struct turn *turn, bool *ret_stands);

/* The session of the question's token, into turn->now.  What has expired is deleted: no clock can bring it back. */
MUST_USE err session_present(struct turn *turn);

/* Inside a transaction, each leaving what will hold in turn->next. */

/* The path that the presented session keeps; "": none. */
MUST_USE err session_way_back(struct turn *turn, str *ret_way_back);

/*
 * A session for an account whose password was proved.  The one that was presented ends.  ERR_NOT_FOUND: disabled
 * meanwhile.  way_back is kept for whoever is through, if it is a path.
 */
MUST_USE err session_begin(struct turn *turn, int64_t account_id, str way_back);

/* The session has one more proof: a new token, the old is dead.  *ret_done false: it was dead already. */
MUST_USE err session_prove(struct turn *turn, const struct proof *proof, bool *ret_done);

/* This proof takes the place of what the session has proved beside the password. */
MUST_USE err session_stand_on(struct turn *turn, const struct proof *proof);

/* A session that goes on gets a new token, the old is dead.  *ret_done false: it was dead already. */
MUST_USE err session_renew(struct turn *turn, bool *ret_done);

/* The factor was proved anew, in this session; its token stays.  *ret_done false: it was dead already. */
MUST_USE err session_step_up(struct turn *turn, bool *ret_done);

/* Those that came in by this factor, but for the one that asks. */
MUST_USE err session_end_of_factor(struct turn *turn, int64_t factor_id);

/* All sessions of that account. */
MUST_USE err session_end_all(struct turn *turn, int64_t account_id);

/* All sessions of the account but this one. */
MUST_USE err session_end_others(struct turn *turn);

#endif
