#include "keeper/core/alarm.h"

#include "base/digest.h"
#include "keeper/core/call.h"

/* --- the browser -------------------------------------------------------------------------------------------------- */

static void
alarm_put_number(struct buf *text, int64_t number)
{
	buf_put_number(text, number);
	buf_put_byte(text, '\0');
}

/* The kind is part of the text, so that a cookie can never stand for a session. */
static void
alarm_put_browser(const struct call *call, struct buf *text)
{
	if (call->browser.n > 0) {
		buf_put(text, STR("form\0"));
		buf_put(text, call->browser);
	} else {
		buf_put(text, STR("session\0"));
		alarm_put_number(text, call->now.session.id);
	}
}

static int64_t
alarm_number_of(const uint8_t hash[DIGEST_BYTES])
{
	uint64_t number = 0;

	for (unsigned i = 0; i < sizeof(number); i++)
		number = number << 8 | hash[i];
	return (int64_t)(number & INT64_MAX);
}

err
alarm_browser(struct call *call, int64_t account_id, int64_t *ret_number)
{
	CLEANUP(buf_wipe) struct buf text = BUF(256);
	uint8_t hash[DIGEST_BYTES];

	*ret_number = 0;
	if (account_id == 0 || (call->browser.n == 0 && call->now.session.id == 0))
		return ERR_OK;
	buf_put(&text, STR("browser\0"));
	alarm_put_number(&text, account_id);
	alarm_put_browser(call, &text);
	TRY(buf_check(&text));
	TRY(digest_hmac(str_bytes(keeper_name_key(call->keeper)->b, TOKEN_BYTES), buf_str(&text), hash));
	*ret_number = alarm_number_of(hash);
	return ERR_OK;
}

/* --- alarms ------------------------------------------------------------------------------------------------------- */

static int64_t
alarm_later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static uint32_t
alarm_count_of(int64_t count)
{
	return count < 0 ? 0 : count > UINT32_MAX ? UINT32_MAX : (uint32_t)count;
}

static err
alarm_read(struct call *call, int64_t account_id, int64_t from_us, struct alarm *ret_alarm)
{
	const struct db_value args[] = { DB_INT(account_id), DB_INT(from_us), DB_INT(ALARM_OWN_US) };
	struct alarm alarm = { 0 };
	struct alarm_find_row row;
	bool found = false;

	TRY(db_row(call->db, SQL_ALARM_FIND, args, COUNT(args), &call->arena, &row, &found));
	if (found && row.attempts > 0) {
		alarm.attempts = alarm_count_of(row.attempts);
		alarm.since_us = row.since_us;
		alarm.until_us = row.until_us;
		alarm.addresses = alarm_count_of(row.addresses);
		/* a text that only a tampered database can contain is left out */
		(void)!str_copy_z(str_upto(row.address, ALARM_ADDRESS_MAX), alarm.address, sizeof(alarm.address));
	}
	*ret_alarm = alarm;
	return ERR_OK;
}

/* The alarms of an account after from_us. */
static err
alarm_find(struct call *call, int64_t account_id, int64_t from_us, struct alarm *ret_alarm)
{
	int64_t oldest_us = alarm_later(from_us, call->now_us - ALARM_AGE_US);
	const struct db_value args[] = { DB_INT(account_id), DB_INT(oldest_us) };
	struct alarm_possible_row row;
	bool possible = false;

	*ret_alarm = (struct alarm){ 0 };
	TRY(db_row(call->db, SQL_ALARM_POSSIBLE, args, COUNT(args), &call->arena, &row, &possible));
	return possible ? alarm_read(call, account_id, oldest_us, ret_alarm) : ERR_OK;
}

err
alarm_learn(struct call *call, struct session *session)
{
	if (session->alarm_known || session->state != STATE_FULL)
		return ERR_OK;
	if (session->refused > 0)
		TRY(alarm_find(call, session->account_id, session->alarm_from_us, &session->alarm));
	session->alarm_known = true;
	return ERR_OK;
}

/*
 * Without alarms, later queries need not read the attempts so far. Recent ones are still read: a request on its way may
 * have begun earlier and write its refusal later.
 */
err
alarm_settle(struct call *call, struct session *session)
{
	int64_t from_us = session->alarm_from_us;

	TRY(alarm_find(call, session->account_id, from_us, &session->alarm));
	session->alarm_known = true;
	if (session->alarm.attempts == 0)
		from_us = alarm_later(from_us, call->now_us - ALARM_OWN_US);
	session->refused = session->alarm.attempts;
	session->alarm_from_us = from_us;
	const struct db_value args[] = { DB_INT(session->refused), DB_INT(from_us), DB_INT(session->account_id) };
	return db_run(call->db, SQL_ALARM_SETTLE, args, COUNT(args), NULL);
}

static err
alarm_dismiss_code(struct call *call, struct session *session, int64_t until_us, bool *ret_done)
{
	const struct db_value args[] = { DB_INT(session->account_id), DB_INT(until_us) };
	int64_t shown_us = session_code_sign_in_us(session), changed = 0;

	*ret_done = false;
	if (shown_us == 0 || shown_us > until_us)
		return ERR_OK;
	TRY(db_run(call->db, SQL_ALARM_CODE_SIGN_IN_DISMISS, args, COUNT(args), &changed));
	session->code_sign_in_us = 0;
	*ret_done = changed == 1;
	return ERR_OK;
}

err
alarm_dismiss(struct call *call, struct session *session, int64_t until_us, bool *ret_done)
{
	/* a time in the future would dismiss attempts that are not made yet */
	if (until_us > call->now_us)
		until_us = call->now_us;
	TRY(alarm_learn(call, session));
	TRY(alarm_dismiss_code(call, session, until_us, ret_done));
	if (until_us <= session->alarm_from_us || session->alarm.attempts == 0)
		return ERR_OK;
	*ret_done = true;
	session->alarm_from_us = until_us;
	return alarm_settle(call, session);
}

err
alarm_raise(struct call *call, int64_t account_id)
{
	const struct db_value args[] = { DB_INT(account_id) };
	struct session *session = &call->now.session;

	if (account_id == session->account_id) { /* the answer to this attempt announces it already */
		session->refused = session->refused > 0 ? session->refused : 1;
		session->alarm_known = false;
	}
	return db_run(call->db, SQL_ALARM_RAISE, args, COUNT(args), NULL);
}
