/*
 * Sentences for administrators about an err that came without a message.
 */
#ifndef KEEPER_FAILURE_H
#define KEEPER_FAILURE_H

#include "base/err.h"
#include "store/db.h"

/* The sentences of an err say the cause and the remedy. Never NULL. */
const char *failure_sentence(err e);

/*
 * Write `begin`, then the cause: what db_probe reports if the database cannot be written, otherwise failure_sentence.
 * Keeps a message that why already has. Returns e; ERR_OK writes nothing. db may be NULL: it is not asked.
 *
 *   failure_explain(db, e, "Nothing was changed.", why)
 *   "Nothing was changed.  The disk of data/doubletour.sqlite is full.  Remove the cause, then try again."
 */
MUST_USE err failure_explain(struct db *db, err e, const char *begin, struct why *why);

#endif
