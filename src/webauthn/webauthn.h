/*
 * Passkeys: reads and verifies what a browser and an authenticator answer.  Source: Web Authentication, Level 3 (W3C,
 * editor's draft of 30 July 2026).  "s7.2/16" is step 16 of its section 7.2.
 *
 * These functions are pure: they know no session, no database and no clock.  All input is untrusted, and nothing is
 * allocated for a length that only the input states.
 *
 *	attestation_object.h   the outer CBOR of an enrolment; only the network process reads it
 *	authenticator_data.h   the fixed layout that the authenticator signs
 *	credential_key.h       the public key: three forms, and the check of signatures
 *	client_data.h          the JSON that the browser signs
 *	challenge.h            single-use challenges without stored state
 *	ceremony.h             all checks of an enrolment (s7.1) and of an assertion (s7.2), in order
 */
#ifndef WEBAUTHN_WEBAUTHN_H
#define WEBAUTHN_WEBAUTHN_H

/* Limits in bytes. */
enum {
	WEBAUTHN_ID_MAX = 1023, /* s7.1/25 */
	WEBAUTHN_CLIENT_DATA_MAX = 2048,
	WEBAUTHN_ATTESTATION_MAX = 8192,
	WEBAUTHN_AUTH_DATA_MAX = 4096,
	WEBAUTHN_SIGNATURE_MAX = 1024,
	WEBAUTHN_HANDLE_MAX = 64, /* s14.6.1 */
	WEBAUTHN_AAGUID_BYTES = 16,
	WEBAUTHN_RP_HASH_BYTES = 32,
};

/* The first check that failed, for the audit trail.  The person gets one answer for all of them. */
#define WEBAUTHN_FAULTS(FAULT)                                                                                         \
	FAULT(NONE, "none")                                                                                            \
	FAULT(CLIENT_DATA, "client-data")    /* no JSON object, a member twice, too long */                            \
	FAULT(TYPE, "type")                  /* of another ceremony: s7.1/7, s7.2/10 */                                \
	FAULT(CHALLENGE, "challenge")        /* not ours, too old, of another holder or purpose: s7.1/8, s7.2/11 */    \
	FAULT(ORIGIN, "origin")              /* s7.1/9, s7.2/12 */                                                     \
	FAULT(CROSS_ORIGIN, "cross-origin")  /* asked inside a frame of another origin: s7.1/10-11, s7.2/13-14 */      \
	FAULT(AUTH_DATA, "auth-data")        /* not the layout of s6.1 */                                              \
	FAULT(RP_ID, "rp-id")                /* of another relying party: s7.1/14, s7.2/15 */                          \
	FAULT(ABSENT, "user-absent")         /* no test of presence: s7.1/15, s7.2/16 */                               \
	FAULT(UNVERIFIED, "user-unverified") /* no PIN or fingerprint, where it is required: s7.1/16, s7.2/17 */       \
	FAULT(BACKUP, "backup")              /* backed up, but not eligible: s7.1/17, s7.2/18 */                       \
	FAULT(KEY, "key")                    /* not one of the three forms, or a weak key: s7.1/20 */                  \
	FAULT(CREDENTIAL, "credential")      /* the answer names another credential */                                 \
	FAULT(SIGNATURE, "signature")        /* s7.2/21 */

enum webauthn_fault {
#define WEBAUTHN_FAULT_ENUM(name, text) WEBAUTHN_##name,
	WEBAUTHN_FAULTS(WEBAUTHN_FAULT_ENUM) WEBAUTHN_FAULT_COUNT
};

/* A short fixed English name: "client-data", ... */
const char *webauthn_fault_name(enum webauthn_fault fault);

/* Returns the fault of a check that is not met. */
#define WEBAUTHN_CHECK(call)                                                                                           \
	do {                                                                                                           \
		enum webauthn_fault fault_ = (call);                                                                   \
		if (fault_ != WEBAUTHN_NONE)                                                                           \
			return fault_;                                                                                 \
	} while (0)

#endif
