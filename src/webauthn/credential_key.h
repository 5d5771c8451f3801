/*
 * The public key of a credential, as COSE_Key (RFC 9052 s7, RFC 9053) in the canonical form of s6.5.1.  Exactly three
 * forms are accepted:
 *
 *	ES256  -7    a5 01 02 03 26 20 01 21 5820 x[32] 22 5820 y[32]             P-256
 *	EdDSA  -8    a4 01 01 03 27 20 06 21 5820 x[32]                           Ed25519
 *	RS256  -257  a4 01 03 03 39 0100 20 59 len[2] n[len] 21 43 010001         2,048 to 4,096 bits
 */
#ifndef WEBAUTHN_CREDENTIAL_KEY_H
#define WEBAUTHN_CREDENTIAL_KEY_H

#include "base/err.h"
#include "base/str.h"

enum credential_algorithm { CREDENTIAL_ES256 = -7, CREDENTIAL_EDDSA = -8, CREDENTIAL_RS256 = -257 };

struct credential_key {
	enum credential_algorithm algorithm;
	str cose;    /* the whole COSE_Key, which the keeper stores */
	str x, y;    /* ES256: both coordinates; EdDSA: x */
	str modulus; /* RS256 */
};

/* Read the key at the beginning of *rest, and advance.  Borrows.  Returns false if no form fits. */
bool credential_key_read(str *rest, struct credential_key *ret_key);

/*
 * Can libcrypto use the key, and is it not weak?
 *
 *	ES256  the point is on the curve
 *	EdDSA  the point has no small order: under the identity one signature fits every message
 *	RS256  the modulus is odd, and has 2,048 bits or more
 *
 * ERR_CRYPTO, ERR_MEMORY
 */
MUST_USE err credential_key_check(const struct credential_key *key, bool *ret_good);

/* Is it a signature of these bytes by this key?  ERR_CRYPTO, ERR_MEMORY. */
MUST_USE err credential_key_verify(const struct credential_key *key, str bytes, str signature, bool *ret_good);

#endif
