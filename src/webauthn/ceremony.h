/*
 * The checks of an enrolment (s7.1) and of an assertion (s7.2) that need no database, in one place.  The caller looks
 * the credential up, checks the challenge (challenge.h), and stores counter and flags in its transaction.
 */
#ifndef WEBAUTHN_CEREMONY_H
#define WEBAUTHN_CEREMONY_H

#include "webauthn/authenticator_data.h"
#include "webauthn/client_data.h"

/* The demands of the server. */
struct ceremony {
	str rp_id;     /* a host: "login.example.org" */
	str origin;    /* "https://login.example.org" */
	bool verified; /* a PIN or a fingerprint is required */
};

/* The answer of a browser to create(). All of it is untrusted. */
struct enrolment_answer {
	str client_data, auth_data;
	str credential_id;
};

/* The answer of a browser to get(). All of it is untrusted. */
struct assertion_answer {
	str client_data, auth_data, signature;
};

/*
 * ret_data borrows from the answer.  ret_client has the challenge, which the caller must check.
 *
 * ERR_MEMORY, ERR_CRYPTO; ret_fault is then not set
 */
MUST_USE err ceremony_check_enrolment(const struct ceremony *asked, const struct enrolment_answer *answer,
				      struct client_data *ret_client, struct authenticator_data *ret_data,
				      enum webauthn_fault *ret_fault);

/*
 * key: the stored key of the credential that the answer names.  A caller that knows no such credential passes a key of
 * the same algorithm (ceremony_unknown_key), so that the work is the same.
 */
MUST_USE err ceremony_check_assertion(const struct ceremony *asked, const struct credential_key *key,
				      const struct assertion_answer *answer, struct client_data *ret_client,
				      struct authenticator_data *ret_data, enum webauthn_fault *ret_fault);

/*
 * A valid ES256 key without a known private key: x is the SHA-256 of "no credential 2", y the smaller solution.  No
 * answer that this key verifies may count, either.
 */
struct credential_key ceremony_unknown_key(void);

#endif
