/*
 * The gate: identifies the user by a cookie, authorizes the request, and tells the application who the user is. See
 * docs/develop/gate.md.
 *
 * The gate's cookie is base64url(session id ‖ HMAC-SHA-256(key, id ‖ domain)). It names a session and is valid only for
 * applications of that domain, until the session's row is deleted. Our own pages do not accept it.
 */
#include "base/digest.h"
#include "base/log.h"
#include "base/random.h"
#include "base/secret.h"
#include "access/domain.h"
#include "access/live_rules.h"
#include "keeper/core/audit.h"
#include "keeper/account/identity.h"
#include "keeper/handlers.h"
#include "keeper/keys/keys.h"
#include "keeper/core/session_lookup.h"

#define TICKET_US SECONDS_US(30)
#define TICKETS_MAX 32 /* simultaneous tickets of a session: one page can open this many applications */

enum { ID_BYTES = 8, COOKIE_BYTES = ID_BYTES + DIGEST_BYTES };

/* --- user --------------------------------------------------------------------------------------------------------- */

/* A session as seen by the gate; id 0: none. */
struct guest {
	struct session session; /* including the display name */
	struct token token_hash;
	str email, groups;
};

/*
 * Leave out invalid values that do not affect authorization. Invalid groups are an error: a rule may deny access by a
 * group that was left out.
 */
static err
gate_guest_fill_identity(struct call *call, const struct gate_session_row *row, struct guest *guest)
{
	if (!groups_good(row->group_names, &call->arena))
		return ERR_CORRUPT;
	display_name_clean(row->display_name, &guest->session.display_name);
	guest->email = email_good(row->email) ? row->email : STR("");
	guest->groups = row->group_names;
	return ERR_OK;
}

static err
gate_guest_fill(struct call *call, const struct gate_session_row *row, struct guest *guest)
{
	guest->session = session_from_basis(&row->basis);
	if (account_name_fold(row->name, &guest->session.name) != PROBLEM_NONE)
		return ERR_CORRUPT;
	memcpy(guest->token_hash.b, row->token_hash, TOKEN_BYTES);
	return gate_guest_fill_identity(call, row, guest);
}

static err
gate_guest_find(struct call *call, int64_t session_id, struct guest *guest)
{
	const struct db_value args[] = { DB_INT(session_id) };
	struct gate_session_row row;
	bool found = false;

	*guest = (struct guest){ .session = { .state = STATE_NONE } };
	if (session_id == 0) /* not a cookie of ours: no lookup needed */
		return ERR_OK;
	TRY(db_row(call->db, SQL_GATE_SESSION, args, COUNT(args), &call->arena, &row, &found));
	if (found)
		TRY(gate_guest_fill(call, &row, guest));
	session_decide_for_gate(&guest->session, keeper_config(call->keeper), call->now_us);
	return ERR_OK;
}

/* Using an application counts as activity of the session. */
static void
gate_guest_touch(struct call *call, struct guest *guest)
{
	const struct db_value args[] = { DB_INT(call->now_us), DB_INT(guest->session.id) };
	err e;

	if (!session_touch_due(&guest->session, keeper_config(call->keeper), call->now_us))
		return;
	e = db_run(call->db, SQL_SESSION_TOUCH, args, COUNT(args), NULL);
	if (e != ERR_OK) {
		log_event(LOG_WARNING, "session.unwritten", LOG_TEXT("why", err_name(e)));
		return;
	}
	guest->session.seen_us = call->now_us;
	session_decide_for_gate(&guest->session, keeper_config(call->keeper), call->now_us);
}

static enum access_level
gate_level_of(const struct guest *guest)
{
	switch (guest->session.state) {
	case STATE_FULL:
		return ACCESS_FULL;
	case STATE_PENDING:
		return ACCESS_PASSWORD;
	default:
		return ACCESS_NOBODY;
	}
}

/* --- cookie ------------------------------------------------------------------------------------------------------- */

static void
gate_id_put(int64_t id, uint8_t ret_bytes[ID_BYTES])
{
	for (unsigned i = 0; i < ID_BYTES; i++)
		ret_bytes[i] = (uint8_t)((uint64_t)id >> (8 * i));
}

static int64_t
gate_id_get(const uint8_t bytes[ID_BYTES])
{
	uint64_t id = 0;

	for (unsigned i = 0; i < ID_BYTES; i++)
		id |= (uint64_t)bytes[i] << (8 * i);
	return (int64_t)id;
}

static err
gate_cookie_mac(const struct keeper *k, const uint8_t id[ID_BYTES], str domain, uint8_t ret_mac[DIGEST_BYTES])
{
	CLEANUP(buf_wipe) struct buf text = BUF(512);

	buf_put(&text, str_bytes(id, ID_BYTES));
	buf_put(&text, domain);
	TRY(buf_check(&text));
	return digest_hmac(str_bytes(keeper_keys(k)->gate.b, TOKEN_BYTES), buf_str(&text), ret_mac);
}

/* *ret_id 0: not a cookie of ours for this domain. */
static err
gate_cookie_read(const struct keeper *k, str cookie, str domain, int64_t *ret_id)
{
	uint8_t bytes[COOKIE_BYTES], mac[DIGEST_BYTES];

	*ret_id = 0;
	if (str_base64url(cookie, bytes, sizeof(bytes)) != ERR_OK)
		return ERR_OK;
	TRY(gate_cookie_mac(k, bytes, domain, mac));
	if (secret_equal(mac, bytes + ID_BYTES, sizeof(mac)))
		*ret_id = gate_id_get(bytes);
	return ERR_OK;
}

static err
gate_cookie_make(struct call *call, int64_t session_id, str domain, str *ret_cookie)
{
	CLEANUP(buf_wipe) struct buf text = BUF(64);
	uint8_t bytes[COOKIE_BYTES];

	gate_id_put(session_id, bytes);
	TRY(gate_cookie_mac(call->keeper, bytes, domain, bytes + ID_BYTES));
	buf_put_base64url(&text, str_bytes(bytes, sizeof(bytes)));
	TRY(buf_check(&text));
	return arena_copy(&call->arena, buf_str(&text), ret_cookie);
}

/* --- authorization ------------------------------------------------------------------------------------------------ */

/* Parse the request and find its protected domain. *ret_domain empty: invalid or not protected; access is denied. */
static err
gate_request_read(struct call *call, str url, str method, struct target *target, struct access_request *ret_request,
		  str *ret_domain)
{
	err e = target_read(url, &call->arena, target);

	*ret_domain = (str){ 0 };
	if (e == ERR_INVALID || e == ERR_TOO_LONG || (e == ERR_OK && !target_method_good(method)))
		return ERR_OK;
	TRY(e);
	*ret_request = (struct access_request){ .target = target, .method = method, .address = call->head.address };
	*ret_domain = gate_domain_of(keeper_config(call->keeper), target->host);
	return ERR_OK;
}

static struct access_visitor
gate_visitor_of(const struct guest *guest)
{
	enum access_level level = gate_level_of(guest);

	if (level == ACCESS_NOBODY)
		return (struct access_visitor){ .level = ACCESS_NOBODY };
	return (struct access_visitor){ .level = level,
					.name = account_name_str(&guest->session.name),
					.groups = guest->groups,
					.verified_us = session_verified_us(&guest->session),
					.phishing_resistant_us = session_phishing_resistant_us(&guest->session) };
}

static enum access_refusal
gate_refusal(struct call *call, const struct access_request *request, const struct guest *guest)
{
	const struct access_visitor visitor = gate_visitor_of(guest);

	return live_rules_refusal(keeper_live_rules(call->keeper), request, &visitor, call->now_us);
}

static struct access_decision
gate_decide(struct call *call, const struct access_request *request, const struct guest *guest, bool *ret_bypass)
{
	const struct access_visitor visitor = gate_visitor_of(guest);
	struct access_decision decision;
	enum access_policy policy;
	unsigned line;

	decision = live_rules_decide(keeper_live_rules(call->keeper), request, &visitor, call->now_us, &policy, &line);
	*ret_bypass = policy == ACCESS_BYPASS;
	return decision;
}

/* --- GATE --------------------------------------------------------------------------------------------------------- */

static str
gate_guest_display_name(const struct guest *guest)
{
	return str_bytes(guest->session.display_name.b, guest->session.display_name.n);
}

static err
gate_identity_sign(struct call *call, const struct guest *guest, str host, str *ret_jwt)
{
	CLEANUP(buf_wipe) struct buf jwt = BUF(GATE_JWT_MAX);
	const struct proofs *proofs = &guest->session.proofs;
	bool enrolled = session_is_enrolled(&guest->session);
	const struct identity identity = { .issuer = str_of(keeper_config(call->keeper)->public_url),
					   .name = account_name_str(&guest->session.name),
					   .audience = host,
					   .display_name = gate_guest_display_name(guest),
					   .email = guest->email,
					   .groups = guest->groups,
					   .amr = proofs_amr(proofs, enrolled),
					   .acr = str_of(proofs_acr(proofs, enrolled)),
					   .now_us = call->now_us };

	TRY(signing_put(&keeper_keys(call->keeper)->signing, &identity, &jwt));
	return arena_copy(&call->arena, buf_str(&jwt), ret_jwt);
}

static err
gate_guest_describe(struct call *call, const struct guest *guest, struct gate_visitor_body *answer)
{
	answer->level = gate_level_of(guest);
	if (answer->level == ACCESS_NOBODY)
		return ERR_OK;
	TRY(arena_copy(&call->arena, account_name_str(&guest->session.name), &answer->name));
	TRY(arena_copy(&call->arena, gate_guest_display_name(guest), &answer->display_name));
	answer->email = guest->email;
	answer->groups = guest->groups;
	answer->verified_us = guest->session.state == STATE_FULL ? session_verified_us(&guest->session) : 0;
	answer->phishing_resistant_us = session_phishing_resistant_us(&guest->session);
	answer->expires_us = guest->session.expires_us;
	answer->session = guest->token_hash;
	return ERR_OK;
}

err
gate_answer(struct call *call, enum verdict *ret_verdict)
{
	const struct gate_body *asked = call->body;
	struct gate_visitor_body *answer = call->answer;
	struct access_request request = { .method = STR("") };
	struct access_decision decision;
	struct target target;
	struct guest guest;
	str domain = { 0 };
	int64_t session_id = 0;
	bool bypass = false;

	call->now.session = (struct session){ 0 }; /* never answer with a page's session */
	TRY(gate_request_read(call, asked->url, asked->method, &target, &request, &domain));
	if (domain.n == 0)
		return ERR_OK;
	TRY(gate_cookie_read(call->keeper, asked->token, domain, &session_id));
	TRY(gate_guest_find(call, session_id, &guest));
	if (gate_level_of(&guest) != ACCESS_NOBODY)
		gate_guest_touch(call, &guest);
	decision = gate_decide(call, &request, &guest, &bypass);
	answer->outcome = decision.outcome;
	TRY(gate_guest_describe(call, &guest, answer));
	if (decision.outcome == ACCESS_PASSES && !bypass && answer->level != ACCESS_NOBODY)
		TRY(gate_identity_sign(call, &guest, target.host, &answer->jwt));
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}

/* --- GATE_ENTER --------------------------------------------------------------------------------------------------- */

/* Does this domain contain PUBLIC_URL's host, so that our pages can set its cookie? */
static bool
gate_domain_is_ours(const struct config *config, str domain)
{
	str host = str_of(config->public_host);

	return target_under(str_cut(&host, ':'), domain);
}

static err
gate_grant_session(struct call *call, int64_t session_id)
{
	const struct db_value args[] = { DB_INT(call->now_us), DB_INT(session_id) };

	return db_run(call->db, SQL_GATE_GRANT, args, COUNT(args), NULL);
}

static err
gate_ticket_make(struct call *call, int64_t session_id, str url, str *ret_ticket)
{
	CLEANUP(buf_wipe) struct buf text = BUF(64);
	uint8_t hash[DIGEST_BYTES];
	struct token ticket;
	int64_t id = 0;

	TRY(random_fill(ticket.b, TOKEN_BYTES));
	TRY(random_id(&id));
	buf_put_base64url(&text, str_bytes(ticket.b, TOKEN_BYTES));
	TRY(buf_check(&text));
	TRY(digest_sha256(str_bytes(ticket.b, TOKEN_BYTES), hash));
	const struct db_value args[] = { DB_INT(id), DB_BLOB(str_bytes(hash, sizeof(hash))), DB_INT(session_id),
					 DB_TEXT(url), DB_INT(call->now_us + TICKET_US) };
	const struct db_value bound[] = { DB_INT(session_id), DB_INT(TICKETS_MAX) };
	TRY(db_run(call->db, SQL_GATE_TICKET_INSERT, args, COUNT(args), NULL));
	TRY(db_run(call->db, SQL_GATE_TICKET_TRIM, bound, COUNT(bound), NULL));
	return arena_copy(&call->arena, buf_str(&text), ret_ticket);
}

static err
gate_grant_write(struct call *call, void *context, bool *ret_commit)
{
	struct gate_grant_body *answer = context;
	int64_t session_id = call->now.session.id;

	if (call->now.session.state == STATE_PENDING)
		TRY(gate_grant_session(call, session_id));
	if (!gate_domain_is_ours(keeper_config(call->keeper), answer->domain))
		TRY(gate_ticket_make(call, session_id, answer->url, &answer->ticket));
	*ret_commit = true;
	return ERR_OK;
}

static err
gate_grant_make(struct call *call, const struct target *target, str domain, struct gate_grant_body *answer)
{
	bool ours = gate_domain_is_ours(keeper_config(call->keeper), domain), done = false;

	answer->domain = domain;
	answer->url = target->url;
	answer->remembered_until_us = session_remembered_until_us(&call->now.session, keeper_config(call->keeper));
	if (!ours || call->now.session.state == STATE_PENDING)
		TRY(call_transact(call, gate_grant_write, answer, &done));
	return ours ? gate_cookie_make(call, call->now.session.id, domain, &answer->token) : ERR_OK;
}

err
gate_enter_answer(struct call *call, enum verdict *ret_verdict)
{
	const struct gate_enter_body *asked = call->body;
	struct gate_grant_body *answer = call->answer;
	struct access_request request = { .method = STR("") };
	struct access_decision decision;
	struct target target;
	struct guest guest;
	str domain = { 0 };
	bool bypass = false;

	TRY(gate_request_read(call, asked->url, asked->method, &target, &request, &domain));
	if (domain.n == 0)
		return ERR_OK;
	TRY(gate_guest_find(call, call->now.session.id, &guest));
	decision = gate_decide(call, &request, &guest, &bypass);
	answer->outcome = decision.outcome;
	answer->reason = decision.reason;
	if (decision.outcome == ACCESS_PASSES)
		TRY(gate_grant_make(call, &target, domain, answer));
	if (decision.outcome == ACCESS_REFUSED)
		answer->refusal = gate_refusal(call, &request, &guest);
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}

/* --- GATE_TICKET -------------------------------------------------------------------------------------------------- */

static err
gate_ticket_spend(struct call *call, str text, struct gate_ticket_spend_row *ret_spent, bool *ret_found)
{
	uint8_t ticket[TOKEN_BYTES], hash[DIGEST_BYTES];

	if (str_base64url(text, ticket, sizeof(ticket)) != ERR_OK)
		return ERR_OK;
	TRY(digest_sha256(str_bytes(ticket, sizeof(ticket)), hash));
	const struct db_value args[] = { DB_BLOB(str_bytes(hash, sizeof(hash))), DB_INT(call->now_us) };
	return db_row(call->db, SQL_GATE_TICKET_SPEND, args, COUNT(args), &call->arena, ret_spent, ret_found);
}

err
gate_ticket_answer(struct call *call, enum verdict *ret_verdict)
{
	const struct gate_ticket_body *asked = call->body;
	struct gate_grant_body *answer = call->answer;
	struct gate_ticket_spend_row spent;
	struct target target;
	struct guest guest;
	str domain;
	bool found = false;

	call->now.session = (struct session){ 0 };
	TRY(gate_ticket_spend(call, asked->ticket, &spent, &found));
	if (!found || target_read(spent.url, &call->arena, &target) != ERR_OK)
		return ERR_OK;
	domain = gate_domain_of(keeper_config(call->keeper), target.host);
	TRY(gate_guest_find(call, spent.session_id, &guest));
	/* only at the ticket's own host: a stolen ticket grants nothing elsewhere */
	if (domain.n == 0 || !str_equal(target.host, asked->host) || gate_level_of(&guest) == ACCESS_NOBODY)
		return ERR_OK;
	answer->outcome = ACCESS_PASSES;
	answer->domain = domain;
	answer->url = target.url;
	answer->remembered_until_us = session_remembered_until_us(&guest.session, keeper_config(call->keeper));
	TRY(gate_cookie_make(call, spent.session_id, domain, &answer->token));
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}
