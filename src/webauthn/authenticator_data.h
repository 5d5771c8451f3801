/*
 * Authenticator data (s6.1), which the authenticator signs:
 *
 *	rpIdHash (32)  flags (1)  signCount (4)  [ attested credential data ]  [ extensions, CBOR ]
 *	attested credential data (s6.5.2): aaguid (16)  length (2)  credential id  COSE_Key
 *
 * Extension outputs are not read: s7.1/28, s7.2/23.
 */
#ifndef WEBAUTHN_AUTHENTICATOR_DATA_H
#define WEBAUTHN_AUTHENTICATOR_DATA_H

#include "webauthn/credential_key.h"
#include "webauthn/webauthn.h"

struct authenticator_data {
	str rp_hash; /* SHA-256 of the relying party's id */
	bool present, verified;
	bool backup_eligible, backed_up;
	uint32_t count; /* signature counter; 0: the authenticator may have none */
	/* Only of an enrolment. */
	str aaguid, credential_id;
	struct credential_key key;
};

/* Everything borrows from bytes.  Returns WEBAUTHN_AUTH_DATA, WEBAUTHN_KEY, WEBAUTHN_BACKUP or WEBAUTHN_NONE. */
MUST_USE enum webauthn_fault authenticator_data_read_enrolment(str bytes, struct authenticator_data *ret_data);
MUST_USE enum webauthn_fault authenticator_data_read_assertion(str bytes, struct authenticator_data *ret_data);

#endif
