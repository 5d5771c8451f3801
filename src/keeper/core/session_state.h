/*
 * Sessions and their state. One function decides the state from the session's proofs and account on every lookup: the
 * database does not store it.
 */
#ifndef KEEPER_SESSION_STATE_H
#define KEEPER_SESSION_STATE_H

#include "base/clock.h"
#include "config/config.h"
#include "keeper/core/accounts.h"
#include "keeper/core/alarm.h"
#include "keeper/core/display_name.h"
#include "keeper/core/proof.h"
#include "ipc/questions.h"

#define PENDING_US MINUTES_US(10)      /* limit from password to code */
#define ENROLMENT_US MINUTES_US(10)    /* limit for enrolling a secret */
#define CLOCK_SLACK_US MINUTES_US(5)   /* how far another node's clock, or this clock in the past, may be ahead */
#define SESSION_TOUCH_US MINUTES_US(1) /* seen_at_us is written at most once in this time, */
#define SESSION_TOUCH_PARTS 30         /* or in this fraction of SESSION_IDLE, if that is shorter */

struct session {
	enum session_state state; /* set by session_decide */
	int64_t expires_us;       /* 0 with STATE_NONE */

	int64_t id, account_id; /* id 0: no row */
	int64_t created_us, seen_us;
	bool remembered;                 /* the user chose to stay signed in */
	struct proofs proofs;            /* what this session has verified */
	int64_t gated_us;                /* when the gate last granted access with the password alone; 0: never */
	int64_t clock_step, clock_drift; /* see keeper/factor/totp.h; 0: none */
	int64_t previous_sign_in_us;     /* 0: none */
	struct account_name name;
	struct display_name display_name;
	enum preferred_language language;
	enum time_format time_format;
	int64_t account_created_us;
	bool account_disabled;
	int64_t factor_since_us; /* first confirmation of any factor, even if disabled; 0: no factor */
	int64_t recovery_left;
	int64_t refused;       /* 0: no failed attempt since alarm_from_us; otherwise there may be some */
	int64_t alarm_from_us; /* failed attempts up to this time need no notice */
	struct alarm alarm;    /* FULL: the others; filled by alarm_learn or alarm_settle */
	bool alarm_known;
	int64_t user_verified_us; /* when a device last verified its user for this session; 0: never */
	int64_t passkey_us;       /* when a passkey last answered for this session; 0: never */
	int64_t code_sign_in_us;  /* when a code completed a sign-in although a passkey exists; 0: never */
	bool codes_off;           /* the user switched the codes of authenticators off */
	bool codes_disabled;      /* the account has authenticators, and all of them are disabled */
	int64_t passkeys_usable;  /* the account's passkeys that are not disabled */
	int64_t factors_usable;   /* the account's factors, of any kind, that are not disabled */
	int64_t code_digits;      /* of the codes of all these factors; 0: they differ, or there is none */
	int64_t sessions;         /* of the account, including this one */
	str groups;               /* "admins,staff"; in the call's arena */
};

/* Does the account have a confirmed factor of any kind, disabled or not? */
bool session_is_enrolled(const struct session *session);

/* The only function that decides the state: sets state and expires_us from the other members. */
void session_decide(struct session *session, const struct config *config, int64_t now_us);

/*
 * For the gate, where a rule may accept a password alone (policy one_factor): PENDING lasts as long as a session does.
 * It grants access only at the gate.
 */
void session_decide_for_gate(struct session *session, const struct config *config, int64_t now_us);

/*
 * May the row of a decided session be deleted? Not while the session grants access to a page, or to an application that
 * the gate has granted. session_purge_lifetime, _idle and _pending in store/sql apply the same rule.
 */
bool session_over(const struct session *session, const struct config *config, int64_t now_us);

/*
 * Until when a FULL session stays signed in, even if it is idle: SESSION_REMEMBER after the sign-in, if the user chose
 * so. 0: not remembered.
 */
int64_t session_remembered_until_us(const struct session *session, const struct config *config);

/* Must the activity be written now? Not on every question, but often enough for SESSION_IDLE. */
bool session_touch_due(const struct session *session, const struct config *config, int64_t now_us);

/* Was the session's state raised, or the session replaced? Only some questions may do this: see MAY_RAISE. */
bool session_rose(const struct session *before, const struct session *after);

/*
 * When did the session last verify a passkey, if it is FULL and one of its proofs is a passkey? A code renews
 * session_verified_us, not this. 0: no such proof.
 */
int64_t session_phishing_resistant_us(const struct session *session);

/*
 * When did a code complete an earlier sign-in although the account had a passkey? Only for sessions with a passkey: the
 * user of a code knows it. 0: never, or dismissed.
 */
int64_t session_code_sign_in_us(const struct session *session);

/* Time of the newest proof of possession; 0: none. */
int64_t session_verified_us(const struct session *session);

#endif
