#include "keeper/core/call.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "keeper/core/session_lookup.h"
#include "keeper/core/notification.h"

/* A command may end any number of sessions. */
enum { ENDED_FIRST = 8, COMMAND_ARENA_MAX_BYTES = 256 * 1024 * 1024 };

#ifdef DOUBLETOUR_TEST_HOOKS
void (*call_before_transaction)(void);
#endif

void
call_wipe(struct call *call)
{
	arena_wipe(&call->arena);
	secret_wipe(call, sizeof(*call));
}

err
call_of_command(const struct keeper_thread *t, struct call *ret_call)
{
	*ret_call = (struct call){ .keeper = t->keeper,
				   .db = t->db,
				   .authority = AUTHORITY_COMMAND,
				   .actor = AUDIT_BY_COMMAND,
				   .arena = ARENA(COMMAND_ARENA_MAX_BYTES),
				   .head = { .agent = STR("command line") } };
	return clock_now_us(&ret_call->now_us);
}

static void
call_test_hook(void)
{
#ifdef DOUBLETOUR_TEST_HOOKS
	if (call_before_transaction != NULL)
		call_before_transaction();
#endif
}

err
call_token_ended(struct call *call, const struct token *token_hash)
{
	struct outcome *next = &call->next;

	if (next->ended_count == next->ended_room) {
		size_t room = next->ended_room == 0 ? ENDED_FIRST : 2 * next->ended_room;
		struct token *more = arena_alloc(&call->arena, room * sizeof(*more));
		if (more == NULL)
			return ERR_MEMORY;
		if (next->ended_count > 0)
			memcpy(more, next->ended, next->ended_count * sizeof(*more));
		next->ended = more;
		next->ended_room = room;
	}
	next->ended[next->ended_count++] = *token_hash;
	return ERR_OK;
}

err
call_token_ended_row(void *context, const struct session_token_row *row)
{
	struct token hash;

	memcpy(hash.b, row->token_hash, TOKEN_BYTES);
	return call_token_ended(context, &hash);
}

static void
call_notify_ended(struct call *call)
{
	for (size_t i = 0; i < call->next.ended_count; i++)
		keeper_session_ended(call->keeper, &call->next.ended[i]);
	notification_send_ended(call->db, call->next.ended, call->next.ended_count);
}

static int64_t
call_account(const struct call *call)
{
	return call->subject_account_id != 0 ? call->subject_account_id : call->now.session.account_id;
}

static err
call_lock_account(struct call *call, bool first)
{
	const struct db_value args[] = { DB_INT(call_account(call)) };

	if (args[0].number == 0)
		return ERR_OK;
	if (first)
		return db_lock_at_once(call->db, SQL_ACCOUNT_LOCK_AT_ONCE, args, COUNT(args));
	return db_lock(call->db, SQL_ACCOUNT_LOCK, args, COUNT(args));
}

/* Check the session that asks, and lock it: until this transaction ends, no other one can end the session. */
static err
call_session_check(struct call *call)
{
	const struct session *asked = &call->now.session;
	const struct db_value args[] = { DB_INT(asked->id), DB_BLOB(str_bytes(call->token_hash.b, TOKEN_BYTES)) };
	bool unchanged = false;

	TRY(db_lock(call->db, SQL_SESSION_LOCK, args, COUNT(args)));
	TRY(session_unchanged(call, &unchanged));
	return unchanged ? ERR_OK : ERR_GONE;
}

static err
call_authority_check(struct call *call)
{
	switch (call->authority) {
	case AUTHORITY_SESSION:
		return call_session_check(call);
	case AUTHORITY_QUESTION:
	case AUTHORITY_COMMAND:
		return ERR_OK;
	case AUTHORITY_NONE:
		break;
	}
	return ERR_INVALID;
}

/* Runs before the commit, so that a forbidden change of the session's state is not stored either. */
static err
call_rise_check(const struct call *call)
{
	if (call->may_raise || !session_rose(&call->now.session, &call->next.session))
		return ERR_OK;
	log_event(LOG_ERROR, "session.rose", LOG_TEXT("state", session_state_name(call->next.session.state)));
	return ERR_DENIED;
}

/* The only place where the statements of a question may change data. */
static err
call_work_unguarded(struct call *call, call_work work, void *context, bool *ret_commit)
{
	err e;

	TRY(call_authority_check(call));
	call->next = (struct outcome){ .session = call->now.session };
	db_guard(call->db, false);
	e = work(call, context, ret_commit);
	db_guard(call->db, true);
	return e;
}

/*
 * With a remote database, a failed commit may still have succeeded. Notify in this case too: an unnecessary
 * notification does no harm.
 */
static err
call_attempt(struct call *call, call_work work, void *context, bool first, bool *ret_done)
{
	CLEANUP(db_rollback_unless_done) struct db_transaction transaction = { 0 };
	bool commit = false;
	err e;

	*ret_done = false;
	call_test_hook();
	TRY(db_begin(call->db, &transaction));
	TRY(call_lock_account(call, first));
	TRY(call_work_unguarded(call, work, context, &commit));
	if (!commit)
		return ERR_OK;
	TRY(call_rise_check(call));
	TRY(alarm_learn(call, &call->next.session)); /* before the commit: a failure must not hide a change */
	e = db_commit(&transaction);
	*ret_done = e == ERR_OK;
	if (e != ERR_BUSY) /* ERR_BUSY: the commit has certainly not happened */
		call_notify_ended(call);
	return e;
}

err
call_transact(struct call *call, call_work work, void *context, bool *ret_done)
{
	struct db_retry retry = { .db = call->db, .queue = call_account(call) };
	bool done = false;
	err e;

	do
		e = call_attempt(call, work, context, retry.attempts == 0, &done);
	while (db_retry(&retry, e));
	if (e == ERR_OK && done)
		call->now = call->next;
	secret_wipe(&call->next, sizeof(call->next));
	TRY(e);
	*ret_done = done;
	return ERR_OK;
}

err
call_command_transact(struct call *call, call_work work, void *context, bool *ret_done)
{
	err e;

	db_guard(call->db, true);
	e = call_transact(call, work, context, ret_done);
	db_guard(call->db, false);
	return e;
}
