#include "keeper/core/audit.h"

#include "base/digest.h"
#include "base/log.h"
#include "keeper/core/alarm.h"
#include "keeper/core/call.h"

#include <inttypes.h>
#include <stdio.h>

str
audit_text(struct arena *arena, str text)
{
	char *copy = arena_alloc(arena, text.n + 1);
	size_t n = 0;

	if (copy == NULL)
		return STR("");
	while (text.n > 0) {
		int32_t point = 0;
		size_t step = str_utf8_next(text, &point);
		bool shown = step > 0 && !str_point_misleads(point);
		memcpy(copy + n, shown ? text.p : "?", shown ? step : 1);
		n += shown ? step : 1;
		text = str_from(text, step == 0 ? 1 : step);
	}
	return str_bytes(copy, n);
}

/* --- actor -------------------------------------------------------------------------------------------------------- */

/* Written once, before a second thread starts. */
static char command_actor[AUDIT_ACTOR_MAX + 1] = "command";

/* Accept only names that sudo can set: printable ASCII without spaces. */
static bool
audit_user_is_plain(str user)
{
	for (size_t i = 0; i < user.n; i++)
		if (user.p[i] <= ' ' || user.p[i] > '~')
			return false;
	return user.n > 0 && user.n <= AUDIT_USER_MAX;
}

void
audit_command_by(const char *sudo_user, int64_t uid)
{
	if (sudo_user != NULL && audit_user_is_plain(str_of(sudo_user)))
		snprintf(command_actor, sizeof(command_actor), "command:%s", sudo_user);
	else
		snprintf(command_actor, sizeof(command_actor), "command:uid=%" PRId64, uid);
}

static str
audit_actor_of(const struct call *call, enum audit_event event)
{
	static const str fixed[] = { [AUDIT_BY_PERSON] = STR_INIT("person"), [AUDIT_BY_SYSTEM] = STR_INIT("system") };
	enum audit_actor actor = audit_event_facts(event)->by_system ? AUDIT_BY_SYSTEM : call->actor;

	return actor == AUDIT_BY_COMMAND ? str_of(command_actor) : fixed[actor];
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

/* Failed attempts, and the proofs that may explain them (keeper/core/alarm.h). */
static bool
audit_has_browser(enum audit_event event)
{
	static const bool has[AUDIT_COUNT] = {
		[AUDIT_SIGN_IN_REFUSED] = true, [AUDIT_VERIFY_REFUSED] = true,  [AUDIT_PASSWORD_REFUSED] = true,
		[AUDIT_VERIFIED] = true,        [AUDIT_RECOVERED] = true,       [AUDIT_ENROLLED] = true,
		[AUDIT_STEP_UP] = true,         [AUDIT_PASSKEY_REFUSED] = true, [AUDIT_PASSKEY_VERIFIED] = true,
		[AUDIT_PASSKEY_STEP_UP] = true, [AUDIT_PASSKEY_ADDED] = true,
	};

	return has[event];
}

static err
audit_browser(struct call *call, enum audit_event event, int64_t account_id, struct db_value *ret_browser)
{
	int64_t browser = 0;

	if (audit_has_browser(event))
		TRY(alarm_browser(call, account_id, &browser));
	*ret_browser = browser == 0 ? DB_NULL() : DB_INT(browser);
	return ERR_OK;
}

/* The account, name or application of an event. */
struct audit_about {
	int64_t account_id; /* 0: none */
	str subject;        /* keyed hash of an unknown name; empty: none */
	str client_id;      /* empty: none */
};

/* The only function that writes to the table. */
static err
audit_row_insert(struct call *call, enum audit_event event, const struct audit_about *about, enum audit_reason reason)
{
	struct db_value browser;

	TRY(audit_browser(call, event, about->account_id, &browser));
	const struct audit_event_facts *facts = audit_event_facts(event);
	const struct db_value args[] = {
		DB_INT(call->now_us),
		DB_TEXT(str_of(facts->name)),
		DB_TEXT(str_of(audit_outcome_name(facts->outcome))),
		DB_TEXT(str_of(audit_reason_name(reason))),
		about->account_id == 0 ? DB_NULL() : DB_INT(about->account_id),
		about->subject.n == 0 ? DB_NULL() : DB_BLOB(about->subject),
		DB_TEXT(audit_text(&call->arena, call->head.address)),
		DB_TEXT(audit_text(&call->arena, call->head.agent)),
		DB_TEXT(audit_text(&call->arena, call->head.request_id)),
		DB_TEXT(audit_actor_of(call, event)),
		browser,
		DB_TEXT(about->client_id),
	};

	return db_run(call->db, SQL_AUDIT_INSERT, args, COUNT(args), NULL);
}

err
audit_write(struct call *call, enum audit_event event, int64_t account_id, enum audit_reason reason)
{
	return audit_row_insert(call, event, &(struct audit_about){ .account_id = account_id }, reason);
}

err
audit_write_client(struct call *call, enum audit_event event, int64_t account_id, str client_id,
		   enum audit_reason reason)
{
	const struct audit_about about = { .account_id = account_id, .client_id = client_id };

	return audit_row_insert(call, event, &about, reason);
}

/* An entry that is more than a day ahead means that the clock was set back. */
static err
audit_client_has_entry(struct call *call, enum audit_event event, int64_t account_id, str client_id,
		       enum audit_reason reason, bool *ret_has)
{
	const struct db_value args[] = { DB_INT(account_id),
					 DB_TEXT(str_of(audit_event_facts(event)->name)),
					 DB_TEXT(client_id),
					 DB_INT(call->now_us - DAYS_US(1)),
					 DB_INT(call->now_us + DAYS_US(1)),
					 DB_TEXT(str_of(audit_reason_name(reason))) };
	struct audit_client_newest_row row;

	return db_row(call->db, SQL_AUDIT_CLIENT_NEWEST, args, COUNT(args), &call->arena, &row, ret_has);
}

err
audit_write_client_daily(struct call *call, enum audit_event event, int64_t account_id, str client_id,
			 enum audit_reason reason, bool *ret_written)
{
	bool has = false;

	TRY(audit_client_has_entry(call, event, account_id, client_id, reason, &has));
	*ret_written = !has;
	return has ? ERR_OK : audit_write_client(call, event, account_id, client_id, reason);
}

err
audit_write_unknown(struct call *call, enum audit_event event, str name, enum audit_reason reason)
{
	uint8_t hash[DIGEST_BYTES];
	const struct audit_about about = { .subject = str_bytes(hash, sizeof(hash)) };

	TRY(digest_hmac(str_bytes(keeper_name_key(call->keeper)->b, TOKEN_BYTES), name, hash));
	return audit_row_insert(call, event, &about, reason);
}

/* INT64_MAX: there are few entries after from_us. */
static err
audit_batch_end(struct call *call, int64_t account_id, int64_t from_us, int64_t *ret_until_us)
{
	enum { BATCH = 5000 };
	const struct db_value args[] = { DB_INT(account_id), DB_INT(from_us), DB_INT(BATCH) };
	struct audit_later_row row;
	bool found = false;

	TRY(db_row(call->db, SQL_AUDIT_LATER, args, COUNT(args), NULL, &row, &found));
	*ret_until_us = found ? row.at_us : INT64_MAX;
	return ERR_OK;
}

err
audit_redact(struct call *call, int64_t account_id)
{
	int64_t from_us = INT64_MIN, until_us = 0;

	for (; from_us < INT64_MAX; from_us = until_us) {
		TRY(audit_batch_end(call, account_id, from_us, &until_us));
		const struct db_value args[] = { DB_INT(account_id), DB_INT(from_us), DB_INT(until_us) };
		TRY(db_run(call->db, SQL_AUDIT_REDACT, args, COUNT(args), NULL));
	}
	return ERR_OK;
}

err
audit_write_command(struct db *db, enum audit_event event, int64_t account_id, enum audit_reason reason)
{
	CLEANUP(call_wipe) struct call call = { .db = db };

	TRY(call_of_command(&(struct keeper_thread){ .db = db }, &call));
	return audit_write(&call, event, account_id, reason);
}

void
audit_log(const struct call *call, enum audit_event event, int64_t account_id, enum audit_reason reason)
{
	const struct audit_event_facts *facts = audit_event_facts(event);

	log_event(facts->level, facts->name, LOG_INT("account", account_id), LOG_TEXT("why", audit_reason_name(reason)),
		  LOG_TEXT("state", session_state_name(call->now.session.state)),
		  LOG_STR("address", call->head.address));
}

/* The programs of clients have no session, so its state is left out. */
void
audit_log_client(const struct call *call, enum audit_event event, int64_t account_id, str client_id,
		 enum audit_reason reason)
{
	const struct audit_event_facts *facts = audit_event_facts(event);

	log_event(facts->level, facts->name, LOG_INT("account", account_id), LOG_TEXT("why", audit_reason_name(reason)),
		  LOG_STR("client", client_id), LOG_STR("address", call->head.address));
}
