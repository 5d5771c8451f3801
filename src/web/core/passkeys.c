#include "web/core/passkeys.h"

#include "base/secret.h"
#include "web/core/form_token.h"

_Static_assert((int)CHALLENGE_TEXT_BYTES <= (int)PASSKEY_CHALLENGE_MAX,
	       "a challenge of web is as long as the keeper's");
_Static_assert((int)BROWSER_MAX <= (int)CHALLENGE_HOLDER_MAX, "every form cookie can be a holder");

err
exchange_challenge(struct exchange *x, str *ret_challenge)
{
	struct challenge_key key = challenge_newest_get(&x->web->challenge_newest);
	str browser = form_token_browser(x);
	char text[CHALLENGE_TEXT_BYTES];
	err e;

	*ret_challenge = STR("");
	if (browser.n == 0 || key.minute == 0 || key.minute < challenge_minute(x->rq->now_us) - 1)
		return ERR_OK;
	e = challenge_make(&key, browser, x->rq->now_us, text);
	secret_wipe(&key, sizeof(key));
	TRY(e);
	return arena_copy(x->rq->arena, str_bytes(text, sizeof(text)), ret_challenge);
}
