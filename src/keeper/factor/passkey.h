/*
 * Passkeys (Web Authentication): the kind of factor `passkey`. docs/develop/passkeys.md explains the design.
 *
 * The user types the codes of other kinds, and the functions of the table of kinds verify them. A passkey answers a
 * challenge of the server, so it has separate questions: keeper/factor/passkey_sign_in.c, passkey_enrol.c.
 */
#ifndef KEEPER_PASSKEY_H
#define KEEPER_PASSKEY_H

#include "config/config.h"
#include "ipc/audit_events.h"
#include "store/db.h"
#include "webauthn/ceremony.h"
#include "webauthn/challenge.h"

struct call;

/* Why was it refused, for the audit trail? */
enum audit_reason passkey_reason(enum webauthn_fault fault);

/* The host that passkeys are made for; "": PUBLIC_URL has no host that browsers accept, so there are no passkeys. */
str passkey_rp_id(const struct config *config);

/* The server's side of a ceremony. verified: a PIN or a fingerprint is required. */
struct ceremony passkey_ceremony(const struct config *config, bool verified);

/*
 * A challenge for the presented session, as base64url in the call's arena. purpose: not CHALLENGE_SIGN_IN, whose
 * challenges web makes.
 */
MUST_USE err passkey_challenge_make(struct call *call, enum challenge_purpose purpose, str *ret_challenge);

/*
 * Was the challenge made for this purpose, and for the presented session (CHALLENGE_SIGN_IN: for the browser of
 * call->browser)? ret_us: the time in it; 0: refused.
 */
MUST_USE err passkey_challenge_check(struct call *call, enum challenge_purpose purpose,
				     const struct client_data *client, int64_t *ret_us);

/* Seal the public key of a new passkey of this account, for factors.secret_sealed. */
MUST_USE err passkey_key_seal(struct call *call, int64_t account_id, int64_t factor_id,
			      const struct credential_key *key, str *ret_sealed);

/* ERR_CORRUPT: the row was not written by this server, or for another factor. ret_key is in the call's arena. */
MUST_USE err passkey_key_open(struct call *call, int64_t account_id, int64_t factor_id, str sealed,
			      struct credential_key *ret_key);

/*
 * Can the passkey sign in without the password? Its user was verified, and the answer to a browser without a user name
 * has a user handle that the account knows (imported passkeys: keeper/ops/import_passkeys.h).
 */
bool passkey_opens_alone(const struct passkey_alone_row *row);

/* Append a passkey_item to the struct buf `list`, unless it does not fit: an import may bring any number. */
MUST_USE err passkey_list_put(void *list, const struct passkey_excluded_row *row);

/* Browsers report "usb", "smart-card" and others that may come. Other text is dropped. */
str passkey_transports_clean(str transports);

/* user.id of the account's passkeys; "": it has never had one. */
MUST_USE err passkey_user_handle(struct call *call, int64_t account_id, str *ret_handle);

#endif
