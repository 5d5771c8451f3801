/*
 * The gate's pages for users.  An application redirects a browser to /gate.  The user signs in, or enters a new
 * code, and is redirected to the application with a cookie or a ticket.  The application's URL is in `next`.  The
 * keeper stores it from the password step on, and it is checked each time it is used.
 */
#include "web/apps/gate.h"

#include "base/digest.h"
#include "access/jwk.h"
#include "http/cookie.h"
#include "http/return_to.h"
#include "web/pages/handlers.h"
#include "web/core/gate_return.h"
#include "web/core/messages.h"
#include "web/core/pages.h"
#include "web/core/passkeys.h"

enum { ROUND_MARK_BYTES = 12, ROUND_SECONDS = 15, ROUNDS_MAX = 4 };

/* --- the cookie --------------------------------------------------------------------------------------------------- */

err
gate_cookie(struct exchange *x, str domain, str value, int64_t seconds)
{
	CLEANUP(buf_wipe) struct buf text = BUF(1024);
	const struct cookie cookie = { .name = GATE_COOKIE_NAME,
				       .value = value,
				       .domain = domain,
				       .max_age_seconds = seconds,
				       .secure = true,
				       .same_site = COOKIE_LAX };

	TRY(cookie_put(&text, &cookie));
	return reply_header(x->rq, x->rp, STR("Set-Cookie"), buf_str(&text));
}

/* --- the return URL ----------------------------------------------------------------------------------------------- */

static const struct field gate_fields[] = {
	PASSKEY_PROOF_FIELDS(struct gate_form),
	FIELD(struct gate_form, otp, FIELD_MAX_BYTES, optional),
	FIELD(struct gate_form, rd, GATE_URL_MAX + 1, optional),
	FIELD(struct gate_form, rm, 33, optional),
};
const struct form gate_form = FORM(struct gate_form, gate_fields);

static str
gate_pages_method_of(const struct gate_return *to)
{
	return target_method_good(to->rm) ? to->rm : STR("GET");
}

/* Make the URL of this page, for the return after sign-in.  A return URL that is too long for this loses its path. */
static err
gate_pages_return_to_put(struct exchange *x, const struct gate_return *to, const struct target *target,
			 str *ret_return_to)
{
	CLEANUP(buf_wipe) struct buf return_to = BUF(16 * 1024);

	buf_put(&return_to, STR("/gate?rd="));
	buf_put_percent(&return_to, to->rd);
	buf_put(&return_to, STR("&rm="));
	buf_put(&return_to, gate_pages_method_of(to));
	TRY(buf_check(&return_to));
	if (return_to.n > NEXT_MAX_BYTES) {
		buf_clear(&return_to);
		buf_put(&return_to, STR("/gate?rd=https%3A%2F%2F"));
		buf_put_percent(&return_to, target->authority);
		buf_put(&return_to, STR("%2F&rm=GET"));
		TRY(buf_check(&return_to));
	}
	return arena_copy(x->rq->arena, buf_str(&return_to), ret_return_to);
}

/* --- the pages ---------------------------------------------------------------------------------------------------- */

/* The mark of a URL in the cookie that counts redirects. */
static err
gate_pages_round_mark(str url, struct buf *ret_mark)
{
	uint8_t digest[DIGEST_BYTES];

	TRY(digest_sha256(url, digest));
	buf_put_base64url(ret_mark, str_bytes(digest, ROUND_MARK_BYTES));
	return buf_check(ret_mark);
}

/*
 * The redirects to this URL that follow each other within seconds, so far.  The cookie holds the count and a digest of
 * the URL.
 */
static err
gate_pages_rounds_so_far(struct exchange *x, str url, unsigned *ret_rounds)
{
	CLEANUP(buf_wipe) struct buf mark = BUF(64);
	str before = exchange_cookie(x, COOKIE_ROUND);

	TRY(gate_pages_round_mark(url, &mark));
	*ret_rounds = 0;
	if (before.n > 0 && before.p[0] >= '1' && before.p[0] < '9' && str_equal(str_from(before, 1), buf_str(&mark)))
		*ret_rounds = (unsigned)(before.p[0] - '0');
	return ERR_OK;
}

/*
 * Count these redirects, including this one.  If requests to the application have no gate cookie, or two of them, every
 * redirect would lead to another one.
 */
static err
gate_pages_round_count(struct exchange *x, str url, unsigned *ret_rounds)
{
	CLEANUP(buf_wipe) struct buf value = BUF(64);
	unsigned rounds;

	TRY(gate_pages_rounds_so_far(x, url, &rounds));
	buf_put_number(&value, ++rounds);
	TRY(gate_pages_round_mark(url, &value));
	*ret_rounds = rounds;
	return exchange_set_cookie(x, COOKIE_ROUND, buf_str(&value), ROUND_SECONDS);
}

/* Redirect with a page: the redirect of a form may not lead to another host (Content-Security-Policy: form-action). */
static err
gate_pages_go_page(struct exchange *x, str target, str url, str host)
{
	struct page_gate_go page = { .url = url, .host = host };
	unsigned rounds = 0;

	TRY(gate_pages_round_count(x, target, &rounds));
	page.stays = rounds > ROUNDS_MAX;

	TRY(exchange_layout(x, &page.layout));
	page_gate_go(&x->rp->body, &page);
	return exchange_page(x, 200);
}

static err
gate_pages_code_page(struct exchange *x, struct channel *keeper, int status, const struct gate_return *to, str host,
		     struct page_gate_code *page)
{
	page->rd = to->rd;
	page->rm = gate_pages_method_of(to);
	page->host = host;
	page->otp.shown = true;
	TRY(exchange_otp_passkeys(x, keeper, &page->otp));
	TRY(exchange_layout(x, &page->layout));
	page->layout.passkeys = page->otp.passkey.challenge.n > 0;
	exchange_layout_path(&page->layout, x->next);
	TRY(exchange_otp_swap(x, &page->layout, &page->otp));
	page_gate_code(&x->rp->body, page);
	return exchange_page(x, status);
}

static err
gate_pages_granted(struct exchange *x, const struct target *target, const struct gate_grant_body *open)
{
	CLEANUP(buf_wipe) struct buf url = BUF(2048);

	if (open->token.n > 0) {
		TRY(gate_cookie(x, open->domain, open->token, exchange_seconds_until(x, open->remembered_until_us)));
		return gate_pages_go_page(x, target->url, target->url, target->host);
	}
	buf_put(&url, STR("https://"));
	buf_put(&url, target->authority);
	buf_put(&url, STR("/.doubletour/enter?ticket="));
	buf_put_percent(&url, open->ticket);
	TRY(buf_check(&url));
	return gate_pages_go_page(x, target->url, buf_str(&url), target->host);
}

/* The general reason of a refusal: the person learns no rule. */
static const char *
gate_pages_reason(enum access_refusal refusal)
{
	static const char *const reasons[ACCESS_REFUSAL_COUNT] = {
		[ACCESS_CLOSED] = N_("This page is closed to everyone."),
		[ACCESS_PERSON] =
		    N_("It is open to certain people or groups only, and your account is not among them."),
		[ACCESS_NETWORK] = N_("It is open on certain networks only, and you are on another one."),
		[ACCESS_ADDRESS] = N_("Its address can be read in more than one way. Start from the home page of the "
				      "application."),
	};

	return reasons[refusal < ACCESS_REFUSAL_COUNT ? refusal : ACCESS_CLOSED];
}

static err
gate_pages_denied_page(struct exchange *x, struct page_denied *page)
{
	page->next = x->next;
	if (exchange_signed_in(x))
		page->username = str_of(x->session.name);
	TRY(exchange_layout(x, &page->layout));
	page->layout.passkeys = page->passkey.challenge.n > 0;
	page_denied(&x->rp->body, page);
	return exchange_page(x, 403);
}

static err
gate_pages_denied(struct exchange *x, const char *reason, str retry)
{
	struct page_denied page = { .reason = reason, .retry = retry };

	return gate_pages_denied_page(x, &page);
}

/* Why only a passkey helps.  usable: the account has one. */
static const char *
gate_pages_passkey_reason(enum access_reason why, bool usable)
{
	if (why == ACCESS_PASSKEY_OLD)
		return N_("This application requires that you use your passkey again. A code is not enough.");
	return usable ? N_("You signed in with a code. This application accepts only passkeys: use yours now.")
		      : N_("You signed in with a code. This application accepts only passkeys: add one, then open the "
			   "application again.");
}

/*
 * The session has both factors, but no passkey that is new enough: ask for one of the account, or lead to adding the
 * first.  x->otp says why the last one was refused.
 */
static err
gate_pages_passkey_missing(struct exchange *x, struct channel *keeper, const struct gate_return *to,
			   enum access_reason why)
{
	struct page_denied page = {
		.no_passkey = true, .passkey = x->otp.passkey, .rd = to->rd, .rm = gate_pages_method_of(to)
	};

	TRY(exchange_passkey_prove(x, keeper, &page.passkey));
	page.reason = gate_pages_passkey_reason(why, page.passkey.challenge.n > 0);
	return gate_pages_denied_page(x, &page);
}

/*
 * Did the application refuse this very session?  Then it sees the visitor at another address (IPv4 and IPv6), where a
 * rule with `networks` decides otherwise.  The browser sent the gate cookie of this session, or got it seconds ago.
 * The refusal of another session, whose cookie the browser still has, ends with the new cookie.
 */
static err
gate_pages_refused_there(struct exchange *x, const struct gate_return *to, const struct target *target,
			 const struct gate_grant_body *open, bool *ret_refused)
{
	str cookie = cookie_find(x->rq, GATE_COOKIE_NAME);
	unsigned rounds;

	*ret_refused = false;
	if (to->refused.n == 0)
		return ERR_OK;
	TRY(gate_pages_rounds_so_far(x, target->url, &rounds));
	*ret_refused = rounds > 0 || (cookie.n > 0 && str_equal(cookie, open->token));
	return ERR_OK;
}

static err
gate_pages_passes(struct exchange *x, const struct gate_return *to, const struct target *target,
		  const struct gate_grant_body *open)
{
	bool refused_there;

	TRY(gate_pages_refused_there(x, to, target, open, &refused_there));
	if (!refused_there)
		return gate_pages_granted(x, target, open);
	return gate_pages_denied(x,
				 N_("It is open on certain networks only. Your browser uses one network for this page "
				    "and another one for the application."),
				 target->url);
}

/* Would only a passkey open the application? */
static bool
gate_pages_is_passkey(enum access_reason why)
{
	return why == ACCESS_PASSKEY || why == ACCESS_PASSKEY_OLD;
}

/*
 * The visitor is not signed in.  A rule that names users or groups asks an unknown visitor to sign in, so a refusal
 * applies to every account: show it at once.
 */
static err
gate_pages_ask_nobody(struct exchange *x, const struct gate_return *to, const struct target *target)
{
	const struct access_request request = { target, gate_pages_method_of(to), x->address };
	const struct access_visitor nobody = { .level = ACCESS_NOBODY };
	enum access_policy policy;
	unsigned line;

	if (live_rules_decide(&x->web->rules.live, &request, &nobody, x->rq->now_us, &policy, &line).outcome !=
	    ACCESS_REFUSED)
		return ERR_DENIED;
	return gate_pages_denied(
	    x, gate_pages_reason(live_rules_refusal(&x->web->rules.live, &request, &nobody, x->rq->now_us)), STR(""));
}

/* The user is signed in, at least with a password: ask the keeper for a decision. */
static err
gate_pages_ask(struct exchange *x, struct channel *keeper, const struct gate_return *to, const struct target *target,
	       struct page_gate_code *page, int status)
{
	const struct gate_enter_body body = { .url = target->url, .method = gate_pages_method_of(to) };
	struct gate_grant_body open = { 0 };
	enum verdict verdict = VERDICT_REFUSED;

	TRY(exchange_ask(x, keeper, QUESTION_GATE_ENTER, &body, &verdict, &open));
	if (verdict != VERDICT_PASSED || open.outcome == ACCESS_REFUSED)
		return gate_pages_denied(x, gate_pages_reason((enum access_refusal)open.refusal), STR(""));
	if (open.outcome == ACCESS_PASSES)
		return gate_pages_passes(x, to, target, &open);
	if (open.reason == ACCESS_OLD)
		return gate_pages_code_page(x, keeper, status, to, target->host, page);
	if (gate_pages_is_passkey((enum access_reason)open.reason))
		return gate_pages_passkey_missing(x, keeper, to, (enum access_reason)open.reason);
	return ERR_DENIED;
}

static err
gate_pages_answer(struct exchange *x, struct channel *keeper, const struct gate_return *to, struct page_gate_code *page,
		  int status)
{
	struct target target;

	if (!gate_return_check(x, to, &target)) /* an invalid return URL is treated as absent */
		return exchange_redirect(x, STR("/"), (str){ 0 }, FLASH_NONE);
	/* x->next: return URL of the sign-in and of the language switch */
	TRY(gate_pages_return_to_put(x, to, &target, &x->next));
	if (x->session.state == STATE_NONE)
		return gate_pages_ask_nobody(x, to, &target);
	if (x->session.state != STATE_PENDING && x->session.state != STATE_FULL)
		return ERR_DENIED;
	return gate_pages_ask(x, keeper, to, &target, page, status);
}

err
gate_show(struct exchange *x, struct channel *keeper)
{
	struct page_gate_code page = { .error = NULL };
	struct gate_return to;

	exchange_otp(x, &page.otp);
	gate_return_read(x, x->rq->query, &to);
	return gate_pages_answer(x, keeper, &to, &page, 200);
}

/* Why the application refuses this session.  ACCESS_BY_RULE: it does not, or the session is not FULL. */
static enum access_reason
gate_pages_why(struct exchange *x, const struct gate_return *to, const struct target *target)
{
	const struct access_request request = { target, gate_pages_method_of(to), x->address };
	const struct access_visitor visitor = { .level = ACCESS_FULL,
						.name = str_of(x->session.name),
						.groups = exchange_groups(x),
						.verified_us = x->session.verified_us,
						.phishing_resistant_us = x->session.phishing_resistant_us };
	enum access_policy policy;
	unsigned line;

	if (x->session.state != STATE_FULL)
		return ACCESS_BY_RULE;
	return live_rules_decide(&x->web->rules.live, &request, &visitor, x->rq->now_us, &policy, &line).reason;
}

/* Show the form again, with the problem. */
static err
gate_pages_code_redisplay(struct exchange *x, struct channel *keeper, int status, struct page_gate_code *page)
{
	const struct gate_form *form = x->form;
	const struct gate_return to = { form->rd, form->rm };
	enum access_reason why;
	struct target target;

	if (!gate_return_check(x, &to, &target))
		return exchange_redirect(x, STR("/"), (str){ 0 }, FLASH_NONE);
	TRY(gate_pages_return_to_put(x, &to, &target, &x->next));
	why = gate_pages_why(x, &to, &target);
	if (x->retry_s == 0 && gate_pages_is_passkey(why)) {
		if (x->otp.passkey.problem == NULL)
			x->otp.passkey.problem = page->error;
		return gate_pages_passkey_missing(x, keeper, &to, why);
	}
	return gate_pages_code_page(x, keeper, status, &to, target.host, page);
}

err
gate_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	struct page_gate_code page = { .otp = x->otp, .error = sentence };

	return gate_pages_code_redisplay(x, keeper, status, &page);
}

err
gate_post(struct exchange *x, struct channel *keeper)
{
	const struct gate_form *form = x->form;
	const struct gate_return to = { form->rd, form->rm };
	struct page_gate_code page = { .otp = x->otp };

	if (x->session.state != STATE_FULL)
		return gate_pages_answer(x, keeper, &to, &page, 200);
	page.otp.problem = x->session.passkeys > 0 ? N_("That page requires that you confirm your identity again.")
						   : N_("Your last code is too old for that page. Enter a new one.");
	return gate_pages_answer(x, keeper, &to, &page, 422);
}

/* --- another domain ----------------------------------------------------------------------------------------------- */

struct enter_query {
	str ticket;
};
static const struct field enter_fields[] = { FIELD(struct enter_query, ticket, 65, optional) };
static const struct form enter_form = FORM(struct enter_query, enter_fields);

/* On the application's host, where the proxy passes this path to this server: exchange the ticket for a cookie. */
err
gate_enter_show(struct exchange *x, struct channel *keeper)
{
	struct gate_ticket_body body = { 0 };
	struct gate_grant_body open = { 0 };
	struct enter_query query = { 0 };
	enum verdict verdict = VERDICT_REFUSED;
	struct target target;

	if (form_parse(&enter_form, x->rq->query, x->rq->arena, &query, NULL) != ERR_OK ||
	    target_join(STR("https"), request_header(x->rq, "Host"), STR("/"), x->rq->arena, &target) != ERR_OK)
		return ERR_NOT_FOUND;
	body = (struct gate_ticket_body){ .ticket = str_upto(query.ticket, 64), .host = target.host };
	TRY(exchange_ask(x, keeper, QUESTION_GATE_TICKET, &body, &verdict, &open));
	if (verdict != VERDICT_PASSED) /* used or expired: the application will redirect to a new one */
		return exchange_redirect(x, STR("/"), (str){ 0 }, FLASH_NONE);
	TRY(gate_cookie(x, open.domain, open.token, exchange_seconds_until(x, open.remembered_until_us)));
	return exchange_redirect(x, open.url, (str){ 0 }, FLASH_NONE);
}

/* --- the key that signs identities: RFC 7517, RFC 8037 ------------------------------------------------------------ */

err
gate_keys_show(struct exchange *x)
{
	TRY(jwk_set_put(x->web->signer.b, &x->rp->body));
	TRY(exchange_security_headers(x));
	TRY(reply_header(x->rq, x->rp, STR("Content-Type"), STR("application/json")));
	TRY(reply_header(x->rq, x->rp, STR("Cache-Control"), STR("public, max-age=300")));
	x->rp->status = 200;
	return ERR_OK;
}
