#include "keeper/turn.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/secret.h"
#include "keeper/session_lookup.h"
#include "keeper/told.h"

/* A command may end any number of sessions. */
enum { ENDED_FIRST = 8, COMMAND_ARENA_MAX_BYTES = 256 * 1024 * 1024 };

#ifdef DOUBLETOUR_TEST_HOOKS
void (*turn_before_transaction)(void);
#endif

void
turn_wipe(struct turn *turn)
{
	arena_wipe(&turn->arena);
	secret_wipe(turn, sizeof(*turn));
}

err
turn_of_command(const struct keeper_thread *t, struct turn *ret_turn)
{
	*ret_turn = (struct turn){ .keeper = t->keeper,
				   .db = t->db,
				   .authority = AUTHORITY_COMMAND,
				   .actor = AUDIT_BY_COMMAND,
				   .arena = ARENA(COMMAND_ARENA_MAX_BYTES),
				   .head = { .agent = STR("command line") } };
	return clock_now_us(&ret_turn->now_us);
}

static void
before_transaction(void)
{
#ifdef DOUBLETOUR_TEST_HOOKS
	if (turn_before_transaction != NULL)
		turn_before_transaction();
#endif
}

err
turn_ended(struct turn *turn, const struct token *token_hash)
{
	struct outcome *next = &turn->next;

	if (next->ended_count == next->ended_room) {
		size_t room = next->ended_room == 0 ? ENDED_FIRST : 2 * next->ended_room;
		struct token *more = arena_alloc(&turn->arena, room * sizeof(*more));
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
turn_ended_row(void *context, const struct session_token_row *row)
{
	struct token hash;

	memcpy(hash.b, row->token_hash, TOKEN_BYTES);
	return turn_ended(context, &hash);
}

static void
tell_ended(struct turn *turn)
{
	for (size_t i = 0; i < turn->next.ended_count; i++)
		keeper_session_ended(turn->keeper, &turn->next.ended[i]);
	told_ended(turn->db, turn->next.ended, turn->next.ended_count);
}

static err
lock_account(struct turn *turn)
{
	const struct db_value args[] = { DB_INT(turn->concerns_id != 0 ? turn->concerns_id
								       : turn->now.session.account_id) };

	return args[0].number == 0 ? ERR_OK : db_lock(turn->db, SQL_ACCOUNT_LOCK, args, COUNT(args));
}

/* The session that asks, as it is now: nothing can end it before this transaction does. */
static err
session_check(struct turn *turn)
{
	const struct session *asked = &turn->now.session;
	const struct db_value args[] = { DB_INT(asked->id), DB_BLOB(str_bytes(turn->token_hash.b, TOKEN_BYTES)) };
	bool stands = false;

	TRY(db_lock(turn->db, SQL_SESSION_LOCK, args, COUNT(args)));
	TRY(session_stands(turn, &stands));
	return stands ? ERR_OK : ERR_GONE;
}

static err
authority_check(struct turn *turn)
{
	switch (turn->authority) {
	case AUTHORITY_SESSION:
		return session_check(turn);
	case AUTHORITY_QUESTION:
	case AUTHORITY_COMMAND:
		return ERR_OK;
	case AUTHORITY_NONE:
		break;
	}
	return ERR_INVALID;
}

/* Before the commit, so that a session which must not come further has not done so in the database either. */
static err
rise_check(const struct turn *turn)
{
	if (turn->may_raise || !session_rose(&turn->now.session, &turn->next.session))
		return ERR_OK;
	log_event(LOG_ERROR, "session.rose", LOG_TEXT("state", session_state_name(turn->next.session.state)));
	return ERR_DENIED;
}

/* The one place where a question's statements may change something. */
static err
work_unguarded(struct turn *turn, turn_work work, void *context, bool *ret_commit)
{
	err e;

	TRY(authority_check(turn));
	turn->next = (struct outcome){ .session = turn->now.session };
	db_guard(turn->db, false);
	e = work(turn, context, ret_commit);
	db_guard(turn->db, true);
	return e;
}

/*
 * A commit that failed may have been one all the same, where the database is elsewhere: told too often does no
 * harm.
 */
static err
attempt(struct turn *turn, turn_work work, void *context, bool *ret_done)
{
	CLEANUP(db_rollback_unless_done) struct db_transaction transaction = { 0 };
	bool commit = false;
	err e;

	*ret_done = false;
	before_transaction();
	TRY(db_begin(turn->db, &transaction));
	TRY(lock_account(turn));
	TRY(work_unguarded(turn, work, context, &commit));
	if (!commit)
		return ERR_OK;
	TRY(rise_check(turn));
	e = db_commit(&transaction);
	*ret_done = e == ERR_OK;
	if (e != ERR_BUSY) /* then it has not happened, for certain */
		tell_ended(turn);
	return e;
}

err
turn_transact(struct turn *turn, turn_work work, void *context, bool *ret_done)
{
	struct db_again again = { 0 };
	bool done = false;
	err e;

	do
		e = attempt(turn, work, context, &done);
	while (db_again(&again, e));
	if (e == ERR_OK && done)
		turn->now = turn->next;
	secret_wipe(&turn->next, sizeof(turn->next));
	TRY(e);
	*ret_done = done;
	return ERR_OK;
}
