/*
 * Sessions.  A session is a row; its token is 256 random bits that only the browser has, the row holds their SHA-256.
 * How far a session has come is decided by one function, from the row and what it belongs to, each time anew.
 */
#ifndef KEEPER_SESSION_H
#define KEEPER_SESSION_H

#include "base/clock.h"
#include "config/config.h"
#include "keeper/accounts.h"
#include "wire/questions.h"

struct turn;

#define PENDING_US MINUTES_US(10)      /* from the password to the code */
#define ENROLMENT_US MINUTES_US(10)    /* that a secret may be enrolled */
#define SESSION_TOUCH_US MINUTES_US(1) /* seen_at_us is written at most so often */

struct session {
	enum session_state state; /* as session_decide found it */
	int64_t expires_us;       /* 0 with STATE_NONE */

	int64_t id, account_id; /* id 0: there is no row */
	int64_t created_us, seen_us, password_us;
	int64_t factor_us, factor_id; /* what this session has proved; 0: nothing */
	int64_t previous_sign_in_us;  /* 0: none */
	struct account_name name;
	int64_t account_created_us;
	bool account_disabled;
	int64_t active_factor_id, factor_since_us; /* the account's; 0: none */
};

/* THE decision: fills state and expires_us from the rest. */
void session_decide(struct session *session, const struct config *config, int64_t now_us);

/* The session of a token, decided; with STATE_NONE nothing else is to be read but id. */
MUST_USE err session_find(struct turn *turn, const struct token *token_hash, struct session *ret_session);

/* The session of the question's token, into turn->now.  What has expired is deleted: no clock can bring it back. */
MUST_USE err session_present(struct turn *turn);

/* Inside a transaction, each leaving what will hold in turn->next. */

/*
 * A session for an account whose password was proved.  The one that was presented ends.  ERR_NOT_FOUND: disabled
 * meanwhile.
 */
MUST_USE err session_begin(struct turn *turn, int64_t account_id);

/* The factor was proved: a new token, the old is dead.  *ret_done false: it was dead already. */
MUST_USE err session_prove(struct turn *turn, int64_t factor_id, bool *ret_done);

/* All sessions of the account but this one. */
MUST_USE err session_end_others(struct turn *turn);

#endif
