/*
 * The proofs of a session: for each one its kind, time and factor. keeper/core/session_lookup.c creates them from the
 * session's row. Two pure functions derive the session's state and the `amr` claim of its tokens.
 *
 * The database does not store these structs: docs/develop/design/factor-kinds.md lists the columns.
 */
#ifndef KEEPER_PROOF_H
#define KEEPER_PROOF_H

#include "ipc/questions.h"

struct factor_kind;

/* A proof shows knowledge, possession or both. A session is FULL when its proofs show both. */
enum { SHOWS_KNOWLEDGE = 1, SHOWS_POSSESSION = 2, SHOWS_BOTH = SHOWS_KNOWLEDGE | SHOWS_POSSESSION };

enum { PROOFS_MAX = 4, AMR_MAX = PROOFS_MAX + 3 };

struct proof {
	const struct factor_kind
	    *kind; /* NULL: the factor was deleted or disabled, or this version does not know its kind */
	int64_t at_us;
	int64_t factor_id; /* 0: belongs to the account, not to one factor */
	/*
	 * When the device verified its user (PIN, fingerprint), so that the proof shows both; 0: it did not.  A code
	 * renews at_us, which shows possession, but not this: it shows no knowledge.
	 */
	int64_t user_verified_us;
	bool synced; /* a passkey that may be on several devices of its owner */
};

struct proofs {
	struct proof of[PROOFS_MAX];
	size_t n;
};

void proofs_add(struct proofs *proofs, struct proof proof);

/*
 * The state of a session with these proofs, whatever its age. enrolled: the account has a confirmed factor of any kind,
 * disabled or not.
 *
 *   FULL       the valid proofs show both
 *   NONE       otherwise, if a proof is invalid, or none shows knowledge
 *   PENDING    only knowledge, and the account has a factor
 *   ENROLLING  only knowledge, and the account has no factor
 *
 * A proof of possession is valid while the account is enrolled and kind is not NULL.
 */
enum session_state proofs_state(const struct proofs *proofs, bool enrolled);

/* Time of the newest proof that shows this, SHOWS_KNOWLEDGE or SHOWS_POSSESSION; 0: none. */
int64_t proofs_newest_us(const struct proofs *proofs, unsigned shows);

/* Has the session verified the account's password? */
bool proofs_have_password(const struct proofs *proofs);

/* The factor that the session has verified; 0: none. */
int64_t proofs_factor_id(const struct proofs *proofs);

/* Has the session verified this factor? */
bool proofs_have_factor(const struct proofs *proofs, int64_t factor_id);

/* Is one of the valid proofs that of a kind that resists phishing? See factor_kind.resists_phishing. */
bool proofs_resist_phishing(const struct proofs *proofs, bool enrolled);

/* Has the session verified a kind that replaces a lost factor? See factor_kind.recovers. */
bool proofs_recovered(const struct proofs *proofs);

/*
 * Authentication method references (RFC 8176) of the valid proofs: first their methods in order, without duplicates.
 * Then `user` if a device verified its user, `swk` if a key may be synced, `mfa` if they show both.
 * Never `hwk`: without attestation no key is proved to be in hardware. Never `pin` or `fpt`: a device does not say how
 * it verified its user.
 */
struct amr {
	const char *values[AMR_MAX];
	size_t n;
};
struct amr proofs_amr(const struct proofs *proofs, bool enrolled);

/*
 * Authentication context class reference: `phr` (phishing-resistant) with a passkey, the URI of REFEDS' MFA profile
 * with two other factors, "" with less. Source: OpenID Connect EAP ACR Values 1.0 s2; https://refeds.org/profile/mfa.
 */
const char *proofs_acr(const struct proofs *proofs, bool enrolled);

#endif
