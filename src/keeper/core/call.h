/*
 * Context of one question being answered, or of one administrative action. Every part of the keeper receives it. Not
 * for other folders.
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
struct signing_cache;

/* Members of struct keeper (keeper/ops/open.c). The settings may change between two calls (config/live.h). */
const struct config *keeper_config(const struct keeper *k);
void keeper_config_set(struct keeper *k, const struct config *config);
const struct keys *keeper_keys(const struct keeper *k);
const struct token *keeper_name_key(const struct keeper *k);  /* for hashes of names that no account has */
const char *keeper_dummy_hash(const struct keeper *k);        /* unknown names are checked against it */
struct live_rules *keeper_live_rules(struct keeper *k);       /* may be replaced while questions are answered */
struct signing_cache *keeper_signing_cache(struct keeper *k); /* keeper/oidc/signing_cache.h */

/* Call the subscriber set by keeper_on_ended, if any. */
void keeper_session_ended(const struct keeper *k, const struct token *token_hash);

struct keeper_thread {
	struct keeper *keeper;
	struct db *db;
	bool quick; /* refuses questions that may hash a password */
};

/* The changes of a transaction. They take effect only with its commit. */
struct outcome {
	struct session session; /* the session after the commit */
	struct token token;     /* new token; zero: none */
	struct token *ended;    /* hashes of tokens that the commit ends; in the arena */
	size_t ended_count, ended_room;
};

/*
 * Authorization for the changes of a question, set in its row (keeper/core/dispatch.h). The connection refuses
 * statements that change data outside call_transact.
 */
enum authority {
	AUTHORITY_SESSION = 0, /* the session that asks: each transaction checks that it is still valid */
	AUTHORITY_QUESTION,    /* content of the question: a password, link, ticket, or the token to end */
	AUTHORITY_COMMAND,     /* the command line: users who may run it can write to the database anyway */
	AUTHORITY_NONE,        /* the question only reads: transactions are refused */
};

struct call {
	struct keeper *keeper;
	struct db *db;
	enum authority authority;
	enum audit_actor actor; /* actor of the audit entries */
	bool may_raise;         /* the question may raise the session's state or replace the session */
	bool quick;             /* on a channel of the quick pool: ERR_SLOW for work that takes long */
	struct arena arena;     /* wiped at the end, because it holds passwords and secrets */
	int64_t now_us;
	struct question_head head;  /* for administrative actions: only audit information */
	struct token token_hash;    /* hash of the presented token; zero: none was presented */
	const void *body;           /* the question's body, of the type in its wire_def */
	void *answer;               /* the answer's body, initially zero */
	str browser;                /* of a sign-in: value of the form cookie (keeper/core/alarm.h); "": unknown */
	int64_t retry_us;           /* with ERR_LOCKOUT: remaining time */
	int64_t subject_account_id; /* the account concerned, if it is not the session's; 0: none */
	struct outcome now;         /* current state */
	struct outcome next;        /* state after the open transaction */
};

/* A handler (keeper/handlers.h). *ret_verdict is first VERDICT_REFUSED. ERR_LOCKOUT and ERR_SLOW become verdicts. */
typedef err (*call_handler)(struct call *call, enum verdict *ret_verdict);

/*
 * Run `work` in a transaction. After the commit, call->next becomes call->now. If `work` does not set *ret_commit, the
 * transaction is rolled back, which is not an error. Retried a few times on ERR_BUSY. ret_done: was it committed?
 *
 * With AUTHORITY_SESSION, the transaction first locks the session's row and checks that the session is still valid.
 *
 * ERR_DENIED   `work` raised the session's state, but the question may not; nothing was changed
 * ERR_GONE     the session ended, or its token or state changed, after the lookup; nothing was changed, and the answer
 *              is that for a missing session
 * ERR_INVALID  the question only reads
 */
typedef err (*call_work)(struct call *call, void *context, bool *ret_commit);
MUST_USE err call_transact(struct call *call, call_work work, void *context, bool *ret_done);

/*
 * Create the context of an administrative action. t->keeper may be NULL if only the database is used. Changes run in
 * call_transact, as for questions; the transaction locks the account subject_account_id. Release with call_wipe.
 */
MUST_USE err call_of_command(const struct keeper_thread *t, struct call *ret_call);

/* call_transact with the connection guarded as for a question: changes outside of the transaction are refused. */
MUST_USE err call_command_transact(struct call *call, call_work work, void *context, bool *ret_done);
void call_wipe(struct call *call);

#ifdef DOUBLETOUR_TEST_HOOKS
/* Test hook, called before each transaction: between the session lookup and its check. */
extern void (*call_before_transaction)(void);
#endif

/* Record that the commit ends this token. After the commit, all caches are notified. */
MUST_USE err call_token_ended(struct call *call, const struct token *token_hash);

/* For each row of a DELETE ... RETURNING token_hash. context is the struct call. */
MUST_USE err call_token_ended_row(void *context, const struct session_token_row *row);

#endif
