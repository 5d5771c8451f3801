/*
 * What a session has proved: an entry for each proof, with its kind, when, and which factor.  keeper/core/session_lookup.c makes the entries from
 * the session's row; the state of a session and the `amr` of its tokens follow from them, by the two pure functions here.
 *
 * No table of the database holds these structs: docs/develop/design/factor-kinds.md says which columns they are made from.
 */
#ifndef KEEPER_PROOF_H
#define KEEPER_PROOF_H

#include "ipc/questions.h"

struct factor_kind;

/* What a proof shows.  A session is FULL when its proofs show both. */
enum { SHOWS_KNOWLEDGE = 1, SHOWS_POSSESSION = 2, SHOWS_BOTH = SHOWS_KNOWLEDGE | SHOWS_POSSESSION };

enum { PROOFS_MAX = 4, AMR_MAX = PROOFS_MAX + 1 };

struct proof {
	const struct factor_kind
	    *kind; /* NULL: its factor is gone, disabled, or of a kind that this version does not know */
	int64_t at_us;
	int64_t factor_id;  /* 0: of the account, not of one factor */
	bool user_verified; /* the device verified its user (PIN, fingerprint): the proof shows both */
};

struct proofs {
	struct proof of[PROOFS_MAX];
	size_t n;
};

void proofs_add(struct proofs *proofs, struct proof proof);

/*
 * The state of a session with these proofs, whatever its age.  enrolled: its account has a confirmed factor of any kind, disabled or
 * not.
 *
 *   FULL       what stands shows both
 *   NONE       else, if a proof stands no more, or nothing shows knowledge
 *   PENDING    knowledge only, and the account has a factor
 *   ENROLLING  knowledge only, and the account has none
 *
 * A proof of possession stands while the account is enrolled and kind is not NULL.
 */
enum session_state proofs_state(const struct proofs *proofs, bool enrolled);

/* When that was last shown; 0: never. */
int64_t proofs_newest_us(const struct proofs *proofs, unsigned shows);

/* Did the session prove this factor? */
bool proofs_have_factor(const struct proofs *proofs, int64_t factor_id);

/* Did it prove a kind that stands in for a lost factor?  See factor_kind.recovers. */
bool proofs_recovered(const struct proofs *proofs);

/* Authentication method references (RFC 8176) of the proofs that stand, in their order, each once. */
struct amr {
	const char *values[AMR_MAX];
	size_t n;
};
struct amr proofs_amr(const struct proofs *proofs, bool enrolled);

#endif
