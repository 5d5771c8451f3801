/*
 * Passkeys on pages: what the script (static/passkeys.js) needs for a call of the browser, and what the browser is told
 * about the passkeys of an account.  docs/develop/passkeys.md has the attributes.
 */
#ifndef WEB_PASSKEYS_H
#define WEB_PASSKEYS_H

#include "web/core/exchange.h"

/*
 * Make a challenge for a sign-in by the browser of this request; base64url.  The result is empty without a form cookie
 * or a key, and if the keeper would refuse the key as too old.
 */
MUST_USE err exchange_challenge(struct exchange *x, str *ret_challenge);

/*
 * Offer a sign-in without a user name.  Call it after exchange_layout, which makes the form cookie.  ret_passkey stays
 * empty if PUBLIC_URL has an IP address, or without a challenge.
 */
MUST_USE err exchange_passkey_sign_in(struct exchange *x, struct page_layout *layout, struct page_passkey *ret_passkey);

/*
 * Offer the account's passkeys as the second factor (PENDING), or for a step-up (FULL): asks the keeper.  ret_passkey
 * keeps its problem; otherwise it stays empty if the account has no passkey, or passkey->challenge is there already.
 */
MUST_USE err exchange_passkey_prove(struct exchange *x, struct channel *keeper, struct page_passkey *passkey);

/* Options of a new passkey, or of a security key.  ERR_MEMORY. */
MUST_USE err exchange_passkey_options(struct exchange *x, const struct passkey_options_body *options, bool key,
				      struct page_passkey_options *ret_options);

/* The msgid for an enum passkey_fault. */
const char *passkey_fault_text(uint32_t fault);

/* Why was the answer refused, or what did it show about its passkey?  A msgid. */
const char *passkey_refusal_text(const struct passkey_result_body *result);

/* Has a device verified its user minutes ago?  Then no form needs the current password. */
bool exchange_user_verified(const struct exchange *x);

/* For the dispatcher: does the flash message of this page need the passkeys of the account?  Then fill x->signal. */
bool exchange_signal_wanted(const struct exchange *x);
MUST_USE err exchange_signal(struct exchange *x, struct channel *keeper);

#endif
