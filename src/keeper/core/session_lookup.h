/*
 * Finds the session of the presented token.
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

/* All zero: no token was presented. */
bool session_token_is_zero(const struct token *token);

/* The columns that store a proof; session_from_basis reads them. */
struct session_columns {
	struct db_value factor_at_us, factor_id, recovered_at_us, user_verified_at_us, passkey_at_us;
};
struct session_columns session_proof_columns(const struct proof *proof);

/* Is the proof of the factor recent enough for changes of credentials? */
bool session_fresh(const struct call *call);

/* Has a device verified its user recently enough to replace the current password? */
bool session_user_verified(const struct call *call);

/* Find the session of a token and decide its state. With STATE_NONE, only id is defined. */
MUST_USE err session_find(struct call *call, const struct token *token_hash, struct session *ret_session);

/* Only the input for the state. */
struct session session_from_basis(const struct session_basis_row *row);

/* Inside a transaction: does the presented session still exist, in the same state? */
MUST_USE err session_unchanged(struct call *call, bool *ret_unchanged);

/* Store the presented session in call->now. Deletes it if it has expired, so that no clock change can revive it. */
MUST_USE err session_present(struct call *call);

/* Delete the row of a token. */
MUST_USE err session_delete(struct call *call, const struct token *token_hash, int64_t *ret_deleted);

#endif
