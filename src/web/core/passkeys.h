/*
 * Passkeys on the pages of the sign-in: whether this server offers them, and the challenge of the sign-in page.
 */
#ifndef WEB_PASSKEYS_H
#define WEB_PASSKEYS_H

#include "web/core/exchange.h"

/*
 * Make a challenge for a sign-in by the browser of this request; base64url.  Call it after exchange_layout, which makes
 * the form cookie.  The result is empty without a form cookie or a key, and if the keeper would refuse the key as too
 * old: the page then offers no passkeys.
 */
MUST_USE err exchange_challenge(struct exchange *x, str *ret_challenge);

#endif
