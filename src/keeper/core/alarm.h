/*
 * Alarms: failed attempts at an account that its owner has not made and not dismissed. docs/explain/alarms.md has the
 * rules and the attacks.
 *
 * They are read from the audit trail. accounts.refused is only a hint that saves this query: it is 0 if no attempt was
 * refused since alarm_settle found none.
 */
#ifndef KEEPER_ALARM_H
#define KEEPER_ALARM_H

#include "base/clock.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

struct call;
struct session;

#define ALARM_OWN_US MINUTES_US(15)           /* from a mistake to the end of the sign-in */
#define ALARM_AGE_US MINUTES_US(90 * 24 * 60) /* older attempts are only on the activity page */

enum { ALARM_ADDRESS_MAX = 64 };

struct alarm {
	uint32_t attempts;                   /* 0: none; all other members are 0 */
	int64_t since_us, until_us;          /* times of the first and the last one */
	uint32_t addresses;                  /* number of different addresses */
	char address[ALARM_ADDRESS_MAX + 1]; /* one of them */
};

/*
 * Fill session->alarm, once: it is part of each answer, but a proof in the same transaction changes it. Only a complete
 * session has alarms.
 */
MUST_USE err alarm_learn(struct call *call, struct session *session);

/*
 * Inside a transaction, after a proof was written to the audit trail: drop the attempts that it explains.
 * Updates the account's row, and the session's alarm, which was not known before.
 */
MUST_USE err alarm_settle(struct call *call, struct session *session);

/*
 * Inside a transaction: dismiss the alarms up to until_us, and the sign-in by code that the notice names
 * (session_code_sign_in_us). *ret_done false: there are none.
 */
MUST_USE err alarm_dismiss(struct call *call, struct session *session, int64_t until_us, bool *ret_done);

/*
 * After a refused attempt was written to the audit trail. throttle_take has raised the hint before, but alarm_settle
 * may have lowered it since. account_id 0: no account; the same work. If the account is the session's, the answer
 * announces the attempt already.
 */
MUST_USE err alarm_raise(struct call *call, int64_t account_id);

/*
 * The number that the audit trail keeps for the browser of this call: a keyed hash of the account and the form cookie
 * (call->browser), else of the session. *ret_number 0: not known.
 */
MUST_USE err alarm_browser(struct call *call, int64_t account_id, int64_t *ret_number);

#endif
