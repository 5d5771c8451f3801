/*
 * The form fields that the script of the pages fills with the answer of a browser: an assertion, or an enrolment.
 * They are base64url without padding.
 *
 *	struct passkey_form { PASSKEY_PROOF_MEMBERS; str next; };
 *	static const struct field fields[] = { PASSKEY_PROOF_FIELDS(struct passkey_form), FIELD(...) };
 *
 * These functions decode within the limits of the keeper's questions, and decide nothing.  If one field is too long or
 * malformed, all of them become empty.  The keeper refuses an empty answer like a wrong one: it counts it, and writes
 * it into the audit trail.
 */
#ifndef WEB_PASSKEY_FORM_H
#define WEB_PASSKEY_FORM_H

#include "base/arena.h"
#include "http/form.h"
#include "ipc/questions.h"
#include "webauthn/webauthn.h"

/* Bytes of the base64url text of n bytes, and one more, so that a longer text is noticed. */
#define PASSKEY_TEXT_MAX(n) (((n)*8 + 5) / 6 + 1)

#define PASSKEY_PROOF_MEMBERS str credential_id, client_data, auth_data, signature, user_handle
#define PASSKEY_PROOF_FIELDS(type)                                                                                     \
	FIELD(type, credential_id, PASSKEY_TEXT_MAX(PASSKEY_ID_MAX), optional),                                        \
	    FIELD(type, client_data, PASSKEY_TEXT_MAX(PASSKEY_CLIENT_DATA_MAX), optional),                             \
	    FIELD(type, auth_data, PASSKEY_TEXT_MAX(PASSKEY_AUTH_DATA_MAX), optional),                                 \
	    FIELD(type, signature, PASSKEY_TEXT_MAX(PASSKEY_SIGNATURE_MAX), optional),                                 \
	    FIELD(type, user_handle, PASSKEY_TEXT_MAX(PASSKEY_HANDLE_MAX), optional)

/* transports is plain text: "internal,hybrid". */
#define PASSKEY_NEW_MEMBERS str credential_id, client_data, attestation, transports
#define PASSKEY_NEW_FIELDS(type)                                                                                       \
	FIELD(type, credential_id, PASSKEY_TEXT_MAX(PASSKEY_ID_MAX), optional),                                        \
	    FIELD(type, client_data, PASSKEY_TEXT_MAX(PASSKEY_CLIENT_DATA_MAX), optional),                             \
	    FIELD(type, attestation, PASSKEY_TEXT_MAX(WEBAUTHN_ATTESTATION_MAX), optional),                            \
	    FIELD(type, transports, PASSKEY_TRANSPORTS_MAX + 1, optional)

/* Did the script fill the fields of an assertion?  form: with PASSKEY_PROOF_FIELDS, or without; values: its struct. */
bool passkey_proof_sent(const struct form *form, const void *values);

/*
 * Decode the fields of an assertion into the body's members from credential_id to user_handle; the caller sets the
 * others.  ERR_MEMORY, ERR_PROTOCOL: the form has no such fields.
 */
MUST_USE err passkey_proof_read(const struct form *form, const void *values, struct arena *arena,
				struct passkey_proof_body *body);

/* The same for an enrolment: the members from credential_id to transports. */
MUST_USE err passkey_new_read(const struct form *form, const void *values, struct arena *arena,
			      struct passkey_new_body *body);

#endif
