#include "web/core/ask.h"

#include "base/digest.h"
#include "base/secret.h"
#include "web/core/cookies.h"

enum { AGENT_MAX = 200 };

/* A token is 43 characters of base64url. */
static bool
ask_token_parse(str text, struct token *ret_token)
{
	struct token token = { 0 };

	if (str_base64url(text, token.b, TOKEN_BYTES) != ERR_OK)
		return false;
	*ret_token = token;
	return true;
}

static void
ask_view_of(const struct answer_head *head, struct session_view *ret_view)
{
	struct session_view view = { .state = (enum session_state)head->state,
				     .account_id = head->account_id,
				     .created_us = head->created_us,
				     .last_sign_in_us = head->last_sign_in_us,
				     .factor_since_us = head->factor_since_us,
				     .expires_us = head->expires_us,
				     .remembered_until_us = head->remembered_until_us,
				     .verified_us = head->verified_us,
				     .phishing_resistant_us = head->phishing_resistant_us,
				     .language = (enum preferred_language)head->language,
				     .time_format = (enum time_format)head->time_format,
				     .recovery_left = head->recovery_left,
				     .recovered = head->recovered != 0,
				     .alarm = { .attempts = head->alarms,
						.addresses = head->alarm_addresses,
						.since_us = head->alarm_since_us,
						.until_us = head->alarm_until_us },
				     .codes_disabled = head->codes_disabled != 0,
				     .code_digits = head->code_digits,
				     .authenticators = head->authenticators,
				     .passkeys = head->passkeys,
				     .codes_off = head->codes_off != 0,
				     .user_verified_us = head->user_verified_us,
				     .code_sign_in_us = head->code_sign_in_us,
				     .other_sessions = head->other_sessions,
				     .groups_long = head->groups.n > SESSION_GROUPS_MAX };

	/* wire_get has checked that they fit */
	memcpy(view.name, head->name.p, head->name.n);
	memcpy(view.display_name, head->display_name.p, head->display_name.n);
	if (!view.groups_long)
		memcpy(view.groups, head->groups.p, head->groups.n);
	memcpy(view.alarm.address, head->alarm_address.p, head->alarm_address.n);
	*ret_view = view;
}

static bool
ask_token_is_zero(const struct token *token)
{
	static const struct token zero;

	return secret_equal(token, &zero, sizeof(zero));
}

static err
ask_token_take(struct exchange *x, const struct token *token)
{
	x->token = *token;
	return digest_sha256(str_bytes(token->b, TOKEN_BYTES), x->token_hash.b);
}

/* Take over the session of the answer.  Store it in the cache, or evict it if it does not exist any more. */
static err
ask_session_take(struct exchange *x, const struct answer_head *head, int64_t epoch)
{
	ask_view_of(head, &x->session);
	if (!ask_token_is_zero(&head->token)) {
		TRY(ask_token_take(x, &head->token));
		TRY(exchange_session_cookie(x, &head->token));
	}
	x->groups_long = x->session.groups_long ? head->groups : (str){ 0 };
	x->session_known = true;
	if (x->session.state == STATE_NONE)
		session_cache_evict(x->web->cache, &x->token_hash);
	else
		session_cache_put(x->web->cache, &x->token_hash, &x->session, x->rq->now_us, epoch);
	return ERR_OK;
}

/*
 * The route's row lists the questions of its handler and so selects the worker pool.  Other questions could block
 * the wrong pool.  The dispatcher asks for the session, the passkeys and the tiles, all of the quick
 * pool.
 */
static bool
ask_allowed(const struct exchange *x, enum question_id id)
{
	return id == QUESTION_SESSION || id == QUESTION_PASSKEYS || (id == QUESTION_OIDC_APPS && x->route->tiles) ||
	       (route_questions(x->route) & UINT64_C(1) << id) != 0;
}

static err
ask_verdict(struct exchange *x, const struct answer_head *answer)
{
	x->retry_s = answer->verdict == VERDICT_LOCKOUT ? answer->retry_s : 0;
	switch (answer->verdict) {
	case VERDICT_LOCKOUT:
		return ERR_LOCKOUT;
	case VERDICT_STATE:
		return ERR_DENIED;
	case VERDICT_STEP_UP:
		return ERR_STALE;
	case VERDICT_SLOW:
		return ERR_SLOW;
	default:
		return ERR_OK;
	}
}

static err
ask_keeper(struct exchange *x, struct channel *keeper, enum question_id id, const void *body, enum verdict *ret_verdict,
	   void *ret_answer)
{
	static const struct nothing_body nothing;
	struct question_head head = { .id = id,
				      .token = x->token,
				      .device = x->device,
				      .address = str_upto(x->address, 64),
				      .agent = str_upto(request_header(x->rq, "User-Agent"), AGENT_MAX),
				      .request_id = str_of(x->rq->id) };
	struct answer_head answer = { 0 };
	int64_t epoch = session_cache_epoch(x->web->cache);

	TRY(channel_ask(keeper, x->rq->arena, &head, body == NULL ? &nothing : body, &answer, ret_answer));
	*ret_verdict = (enum verdict)answer.verdict;
	if (answer.verdict == VERDICT_UNAVAILABLE)
		return ERR_AWAY;
	if (answer.verdict == VERDICT_MALFORMED)
		return ERR_PROTOCOL;
	TRY(ask_session_take(x, &answer, epoch));
	return ask_verdict(x, &answer);
}

err
exchange_ask(struct exchange *x, struct channel *keeper, enum question_id id, const void *body,
	     enum verdict *ret_verdict, void *ret_answer)
{
	if (keeper == NULL || !ask_allowed(x, id)) /* a defect in the program */
		return ERR_PROTOCOL;
	return ask_keeper(x, keeper, id, body, ret_verdict, ret_answer);
}

err
exchange_ask_passed(struct exchange *x, struct channel *keeper, enum question_id id, const void *body, void *ret_answer)
{
	enum verdict verdict = VERDICT_REFUSED;

	TRY(exchange_ask(x, keeper, id, body, &verdict, ret_answer));
	return verdict == VERDICT_PASSED ? ERR_OK : ERR_DENIED;
}

err
exchange_prefer_language(struct exchange *x)
{
	static const enum config_language languages[PREFERRED_COUNT] = {
		[PREFERRED_FR] = LANGUAGE_FR, [PREFERRED_EN] = LANGUAGE_EN
	};
	enum preferred_language preferred = x->session.language;

	if (preferred == PREFERRED_BROWSER || preferred >= PREFERRED_COUNT)
		return ERR_OK;
	x->language = languages[preferred];
	return exchange_language_cookie(x, x->language);
}

/* Use the cookie alone, or the cache.  If that is not enough, a question is needed. */
err
exchange_session_find(struct exchange *x)
{
	struct token token = { 0 };

	(void)!ask_token_parse(exchange_cookie(x, COOKIE_DEVICE), &x->device); /* malformed counts as absent */
	if (!ask_token_parse(exchange_cookie_from(x, COOKIE_SESSION, &x->session_earlier), &token)) {
		x->session_known = true;
		return ERR_OK;
	}
	TRY(ask_token_take(x, &token));
	x->session_known = session_cache_get(x->web->cache, &x->token_hash, x->rq->now_us, &x->session);
	return ERR_OK;
}

err
exchange_session_ask(struct exchange *x, struct channel *keeper)
{
	enum verdict verdict = VERDICT_REFUSED;

	if (!x->session_known)
		TRY(exchange_ask(x, keeper, QUESTION_SESSION, NULL, &verdict, NULL));
	x->session_earlier = x->session_earlier && x->session.state != STATE_NONE;
	return ERR_OK;
}
