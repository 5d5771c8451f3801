/*
 * A software authenticator without a private key: makes what a browser answers to navigator.credentials.create(), and
 * each part can be made wrong. Its public key is that of ceremony_unknown_key.
 */
#ifndef TEST_KEEPER_AUTHENTICATOR_H
#define TEST_KEEPER_AUTHENTICATOR_H

#include "keeper/harness.h"

#include "webauthn/webauthn.h"

enum { FLAG_PRESENT = 0x01, FLAG_VERIFIED = 0x04, FLAG_ELIGIBLE = 0x08, FLAG_BACKED_UP = 0x10, FLAG_ATTESTED = 0x40 };

#define TEST_RP_ID "login.example.org"
#define TEST_ORIGIN "https://login.example.org"

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
};

struct created {
	char client_data[1024];
	uint8_t auth_data[2048], id[WEBAUTHN_ID_MAX];
	size_t client_n, auth_n, id_n;
};

void authenticator_create(const struct authenticator *a, struct created *ret_created);

/* The body of PASSKEY_FIRST or PASSKEY_ADD. Borrows. */
struct passkey_new_body created_body(const struct created *created);

/* Ask for options, and enrol a passkey with them: the first factor in STATE_ENROLLING, another one in STATE_FULL. */
enum verdict do_passkey(struct world *w, struct browser *b, struct authenticator a);

#endif
