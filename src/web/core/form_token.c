#include "web/core/form_token.h"

#include "base/digest.h"
#include "base/random.h"
#include "base/secret.h"
#include "web/core/cookies.h"
#include "web/core/host.h"

enum { ANONYMOUS_BYTES = 18, ANONYMOUS_MIN = 24, ANONYMOUS_MAX = 64 };

/* It may contain the token of a session. */
struct form_token_text {
	size_t n;
	char bytes[16 + ANONYMOUS_MAX];
};

static void
form_token_text_wipe(struct form_token_text *text)
{
	secret_wipe(text->bytes, sizeof(text->bytes));
}

/* The signed text names the kind, so that an anonymous token is never valid for a session. */
static err
form_token_of(struct exchange *x, str kind, str holder, str *ret_token)
{
	static _Thread_local struct digest_hmac_kept kept;
	CLEANUP(form_token_text_wipe) struct form_token_text text = { .n = 0 };
	char *token = arena_alloc(x->rq->arena, STR_BASE64_LETTERS(DIGEST_BYTES));
	uint8_t digest[DIGEST_BYTES];

	if (token == NULL)
		return ERR_MEMORY;
	if (kind.n + holder.n > sizeof(text.bytes))
		return ERR_TOO_LONG;
	text.n = kind.n + holder.n;
	memcpy(text.bytes, kind.p, kind.n);
	memcpy(text.bytes + kind.n, holder.p, holder.n);
	TRY(digest_hmac_often(&kept, str_bytes(x->web->form_key.b, TOKEN_BYTES), str_bytes(text.bytes, text.n),
			      digest));
	str_base64url_write(digest, sizeof(digest), token);
	*ret_token = str_bytes(token, STR_BASE64_LETTERS(DIGEST_BYTES));
	return ERR_OK;
}

static err
form_token_now(struct exchange *x, str *ret_token)
{
	if (exchange_signed_in(x))
		return form_token_of(x, STR("session:"), str_bytes(x->token.b, TOKEN_BYTES), ret_token);
	return form_token_of(x, STR("anonymous:"), x->anonymous, ret_token);
}

static err
form_token_anonymous_make(struct exchange *x)
{
	CLEANUP(buf_wipe) struct buf value = BUF(64);
	uint8_t bytes[ANONYMOUS_BYTES];

	TRY(random_fill(bytes, sizeof(bytes)));
	buf_put_base64url(&value, str_bytes(bytes, sizeof(bytes)));
	TRY(buf_check(&value));
	TRY(arena_copy(x->rq->arena, buf_str(&value), &x->anonymous));
	return exchange_set_cookie(x, COOKIE_FORM, x->anonymous, 0);
}

static bool
form_token_anonymous_usable(str cookie)
{
	return cookie.n >= ANONYMOUS_MIN && cookie.n <= ANONYMOUS_MAX;
}

_Static_assert((int)ANONYMOUS_MAX <= (int)BROWSER_MAX, "the keeper takes every usable value");

str
form_token_browser(const struct exchange *x)
{
	return form_token_anonymous_usable(x->anonymous) ? x->anonymous : STR("");
}

err
form_token_make(struct exchange *x)
{
	if (!exchange_signed_in(x) && !form_token_anonymous_usable(x->anonymous))
		TRY(form_token_anonymous_make(x));
	return form_token_now(x, &x->form_token);
}

bool
form_origin_ours(const struct exchange *x)
{
	str site = request_header(x->rq, "Sec-Fetch-Site");
	str origin = request_header(x->rq, "Origin");

	if (site.p != NULL && !str_equal(site, STR("same-origin")) && !str_equal(site, STR("none")))
		return false;
	return origin.p == NULL || host_same_origin(x->web->config, request_header(x->rq, "Host"), origin);
}

err
form_token_check(struct exchange *x, str sent, bool *ret_ours)
{
	str expected = { 0 };

	*ret_ours = false;
	if (!form_origin_ours(x) || (!exchange_signed_in(x) && !form_token_anonymous_usable(x->anonymous)))
		return ERR_OK;
	TRY(form_token_now(x, &expected));
	*ret_ours = sent.n == expected.n && secret_equal(sent.p, expected.p, expected.n);
	return ERR_OK;
}
