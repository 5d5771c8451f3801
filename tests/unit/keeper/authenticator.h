/*
 * A software authenticator: makes the answers of navigator.credentials.create() and get(). Each part can be made wrong.
 * Without a private key it uses the public key of ceremony_unknown_key, and can only create.
 */
#ifndef TEST_KEEPER_AUTHENTICATOR_H
#define TEST_KEEPER_AUTHENTICATOR_H

#include "keeper/harness.h"

#include "webauthn/webauthn.h"

#include <openssl/types.h>

enum { FLAG_PRESENT = 0x01, FLAG_VERIFIED = 0x04, FLAG_ELIGIBLE = 0x08, FLAG_BACKED_UP = 0x10, FLAG_ATTESTED = 0x40 };

/* Members of 0 or NULL get the right value. */
struct authenticator {
	const char *challenge;
	const char *type, *origin, *rp_id;
	const char *aaguid; /* 16 bytes */
	unsigned flags;     /* 0: present, verified, attested */
	uint32_t count;
	unsigned id;    /* number of the credential */
	size_t id_n;    /* bytes of its id; 0: 16 */
	bool other_id;  /* the answer names another credential than the authenticator data */
	bool bad_point; /* the key is not on its curve */
	EVP_PKEY *key;  /* NULL: no private key */
	/* Members that only get() uses. */
	str handle;
	bool bad_signature;
	size_t auth_n; /* bytes of the authenticator data; 0: 37 */
};

struct created {
	char client_data[1024];
	uint8_t auth_data[2048], id[WEBAUTHN_ID_MAX];
	size_t client_n, auth_n, id_n;
};

void authenticator_create(const struct authenticator *a, struct created *ret_created);

/* A new P-256 key. */
EVP_PKEY *authenticator_key(void);

/* The answer to get(). flags 0: present, verified. */
struct asserted {
	struct created parts;
	uint8_t signature[128];
	size_t signature_n;
	str handle;
};
void authenticator_get(const struct authenticator *a, struct asserted *ret_asserted);

/* The body of PASSKEY_SIGN_IN, PASSKEY_VERIFY or PASSKEY_STEP_UP. It borrows from `asserted`. */
struct passkey_proof_body asserted_body(const struct asserted *asserted);

/* The body of PASSKEY_FIRST or PASSKEY_ADD. It borrows from `created`. */
struct passkey_new_body created_body(const struct created *created);

/* Ask for options, and enrol a passkey with them: the first factor in STATE_ENROLLING, another one in STATE_FULL. */
enum verdict do_passkey(struct world *w, struct browser *b, struct authenticator a);

#endif
