/*
 * For `doubletour import authelia`: the passkeys in the file that `authelia storage user webauthn export` writes, and
 * their owners.
 *
 *	webauthn_credentials:
 *	- created_at: 2024-05-01T12:34:56Z
 *	  rpid: login.example.org
 *	  username: anna
 *	  description: Blue key
 *	  kid: BASE64                 # credential id
 *	  aaguid: 00000000-0000-0000-0000-000000000000
 *	  transports: [usb, nfc]
 *	  sign_count: 4
 *	  backup_eligible: false
 *	  backup_state: false
 *	  public_key: BASE64          # COSE_Key
 *
 *	  clone_warning: false        # its counter fell; from then on Authelia refuses it
 *	  legacy: false               # from before Authelia 4.38: a WebAuthn key, or a U2F key without a host
 *
 * Other keys are ignored, also `attestation`: Doubletour does not judge who made a device.
 * Source: WebAuthnCredentialData, UpdateSignInInfo (internal/model/webauthn.go); V0002.WebAuthn.up.sql and
 * V0012.WebAuthnMultiCookieDomain.up.sql (internal/storage/migrations).
 */
#ifndef CLI_AUTHELIA_WEBAUTHN_H
#define CLI_AUTHELIA_WEBAUTHN_H

#include "cli/import.h"
#include "config/yaml_text.h"

struct authelia_webauthn {
	struct yaml_text yaml;
	struct arena arena;        /* decoded values */
	struct import_passkey *at; /* by owner, then by line */
	bool *used;                /* the owner has a row */
	size_t n;
};

/* ERR_INVALID with the sentence: the file has no `webauthn_credentials:` with a list, or too many. */
MUST_USE err authelia_webauthn_read(struct import_location *location, struct authelia_webauthn *ret_webauthn,
				    struct why *why);
void authelia_webauthn_wipe(struct authelia_webauthn *webauthn);

/* Give the row its passkeys.  The row borrows them. */
void authelia_webauthn_find(struct authelia_webauthn *webauthn, struct import_row *row);

/* Pass the passkeys without a row to `take`, as stray rows. */
MUST_USE err authelia_webauthn_strays(const struct authelia_webauthn *webauthn, import_take take, void *context);

#endif
