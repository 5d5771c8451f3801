/*
 * One question while it is being answered, or one act of an administrator while it is done: what every part of the keeper is
 * handed.  Not for other folders.
 */
#ifndef KEEPER_CALL_H
#define KEEPER_CALL_H

#include "base/arena.h"
#include "config/config.h"
#include "keeper/core/audit.h"
#include "keeper/core/keeper.h"
#include "keeper/core/session_state.h"
#include "store/store.h"

struct live_rules;
struct keys;

/* What a struct keeper has (keeper/ops/open.c). */
const struct config *keeper_config(const struct keeper *k);
const struct keys *keeper_keys(const struct keeper *k);
const struct token *keeper_name_key(const struct keeper *k); /* for hashes of names that no account has */
const char *keeper_dummy_hash(const struct keeper *k);  /* of a random password: unknown names are checked against it */
struct live_rules *keeper_live_rules(struct keeper *k); /* they change while questions are answered */

/* Notify the subscriber of keeper_on_ended, if there is one. */
void keeper_session_ended(const struct keeper *k, const struct token *token_hash);

struct keeper_thread {
	struct keeper *keeper;
	struct db *db;
	bool quick; /* refuses questions that may hash a password */
};

/* What a transaction will have changed, and of which nothing holds before its commit. */
struct outcome {
	struct session session; /* that holds afterwards */
	struct token token;     /* a new one; zero: none */
	struct token *ended;    /* hashes of tokens that are dead afterwards, in the arena */
	size_t ended_count, ended_room;
};

/*
 * What a question's changes stand on, by its row (keeper/core/dispatch.h); the connection refuses statements that change something
 * outside of call_transact.
 */
enum authority {
	AUTHORITY_SESSION = 0, /* the session that asks: each transaction checks that it still holds */
	AUTHORITY_QUESTION,    /* what the question brings: a password, a link, a ticket, or the token that it ends */
	AUTHORITY_COMMAND,     /* the command line: a user who may run it may write the database */
	AUTHORITY_NONE,        /* the question only reads: a transaction is refused */
};

struct call {
	struct keeper *keeper;
	struct db *db;
	enum authority authority;
	enum audit_actor actor; /* who audit rows say it was */
	bool may_raise;         /* the session may come further, or be another one afterwards */
	struct arena arena;     /* wiped at the end: it holds passwords and secrets */
	int64_t now_us;
	struct question_head head;  /* of an act: only who to name in the audit */
	struct token token_hash;    /* of the token that was presented; zero: none was */
	const void *body;           /* the question's, as its wire_def says */
	void *answer;               /* the answer's; zero at first */
	int64_t retry_us;           /* with ERR_LOCKOUT: for how long */
	int64_t subject_account_id; /* the account that it is about, where that is not the session's; 0: none */
	struct outcome now;         /* what holds */
	struct outcome next;        /* what the transaction that is open is making of it */
};

/* A handler (keeper/handlers.h): *ret_verdict is VERDICT_REFUSED when it begins.  ERR_LOCKOUT becomes VERDICT_LOCKOUT. */
typedef err (*call_handler)(struct call *call, enum verdict *ret_verdict);

/*
 * Do the work in a transaction, and make what it left in call->next hold once that is durable.  The work sets
 * *ret_commit, or everything is taken back, which is no error.  Begun again a few times on ERR_BUSY. ret_done: was
 * it committed?
 *
 * With AUTHORITY_SESSION the transaction first locks the session's row and checks that it still stands.
 *
 * ERR_DENIED   the work brought the session further, and its question may not: nothing was done
 * ERR_GONE     the session ended, or its token or state changed, since the question came in: nothing was done, and the
 *              answer is that of no session
 * ERR_INVALID  the question only reads
 */
typedef err (*call_work)(struct call *call, void *context, bool *ret_commit);
MUST_USE err call_transact(struct call *call, call_work work, void *context, bool *ret_done);

/*
 * The turn of an act that no question asks for.  t->keeper may be NULL where there is only a database.  It writes inside of
 * call_transact, as questions do; the transaction locks the subject account, subject_account_id.  Wipe it.
 */
MUST_USE err call_of_command(const struct keeper_thread *t, struct call *ret_call);
void call_wipe(struct call *call);

#ifdef DOUBLETOUR_TEST_HOOKS
/* A test's: called before each transaction begins, between the look-up of the session and its check. */
extern void (*call_before_transaction)(void);
#endif

/* This token is dead once the transaction is through: whoever caches it will be told. */
MUST_USE err call_token_ended(struct call *call, const struct token *token_hash);

/* The same for each row of a DELETE ... RETURNING token_hash; context is the turn. */
MUST_USE err call_token_ended_row(void *context, const struct session_token_row *row);

#endif
