/*
 * The session that asks: its row, found by the token that was presented.
 */
#ifndef KEEPER_SESSION_LOOKUP_H
#define KEEPER_SESSION_LOOKUP_H

#include "keeper/core/session_state.h"
#include "store/db.h"

struct call;

static inline struct db_value
session_token_value(const struct token *token)
{
	return DB_BLOB(str_bytes(token->b, TOKEN_BYTES));
}

/* No token was presented. */
bool session_token_is_zero(const struct token *token);

/* The columns that hold a proof; session_from_basis reads them. */
struct session_columns {
	struct db_value factor_at_us, factor_id, recovered_at_us;
};
struct session_columns session_proof_columns(const struct proof *proof);

/* Is the session's proof of its factor young enough for what changes credentials? */
bool session_fresh(const struct call *call);

/* The session of a token, decided; with STATE_NONE nothing else is to be read but id. */
MUST_USE err session_find(struct call *call, const struct token *token_hash, struct session *ret_session);

/* What the state is decided from, and nothing else. */
struct session session_from_basis(const struct session_basis_row *row);

/* Is the session of the presented token still there, in the state that it had?  Within a transaction. */
MUST_USE err session_unchanged(struct call *call, bool *ret_unchanged);

/* The session of the question's token, into call->now.  What has expired is deleted: no clock can bring it back. */
MUST_USE err session_present(struct call *call);

/* Delete the row of a token. */
MUST_USE err session_delete(struct call *call, const struct token *token_hash, int64_t *ret_deleted);

#endif
