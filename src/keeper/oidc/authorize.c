/*
 * Authorization requests: judged (keeper/oidc/judgement.h), approved, and answered with a code.
 */
#include "keeper/core/counts.h"
#include "keeper/core/session_lookup.h"
#include "keeper/handlers.h"
#include "keeper/oidc/consent.h"
#include "keeper/oidc/grants.h"
#include "keeper/oidc/judgement.h"
#include "keeper/session/current_password.h"

/* --- counting ----------------------------------------------------------------------------------------------------- */

/* A request that needs another page comes again, and is counted then. */
static void
authorize_count(const struct judgement *j, err e)
{
	static const enum metric_series series[OIDC_OUTCOME_COUNT] = {
		[OIDC_PAGE] = SERIES_OIDC_INVALID,
		[OIDC_REDIRECT] = SERIES_OIDC_ERROR,
	};

	if (e != ERR_OK)
		keeper_count(SERIES_OIDC_FAILED);
	else if (j->cancelled || j->refused)
		keeper_count(j->cancelled ? SERIES_OIDC_CANCELLED : SERIES_OIDC_REFUSED);
	else if (j->granted)
		keeper_count(SERIES_OIDC_GRANTED);
	else if (series[j->step->outcome] != SERIES_NONE)
		keeper_count(series[j->step->outcome]);
}

/* --- OIDC_CHECK --------------------------------------------------------------------------------------------------- */

err
oidc_check_answer(struct call *call, enum verdict *ret_verdict)
{
	const struct oidc_request_body *asked = call->body;
	struct judgement j = {
		.call = call, .parameters = asked->parameters, .seal_text = asked->seal, .step = call->answer
	};
	err e = judgement_make(&j);

	authorize_count(&j, e);
	if (e != ERR_OK)
		TRY(judgement_unavailable(&j, e));
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}

/* --- OIDC_GRANT --------------------------------------------------------------------------------------------------- */

/* The methods of the session's proofs, with a space between. */
static err
authorize_amr(struct call *call, str *ret_amr)
{
	const struct session *session = &call->now.session;
	CLEANUP(buf_wipe) struct buf text = BUF(256);
	struct amr amr = proofs_amr(&session->proofs, session_is_enrolled(session));

	for (size_t i = 0; i < amr.n; i++) {
		if (i > 0)
			buf_put_byte(&text, ' ');
		buf_put(&text, str_of(amr.values[i]));
	}
	TRY(buf_check(&text));
	return arena_copy(&call->arena, buf_str(&text), ret_amr);
}

/*
 * A session with the password alone is kept as long as one of the gate (store/sql/gate.sql), because its tokens end
 * with it.
 */
static err
authorize_keep_session(struct call *call)
{
	const struct db_value args[] = { DB_INT(call->now_us), DB_INT(call->now.session.id) };

	if (call->now.session.state == STATE_FULL)
		return ERR_OK;
	return db_run(call->db, SQL_GATE_GRANT, args, COUNT(args), NULL);
}

static err
authorize_code(struct judgement *j)
{
	struct approval approval = { .client = &j->client,
				     .scopes = j->scopes,
				     .redirect_uri = j->request.redirect_uri,
				     .challenge = j->request.code_challenge,
				     .nonce = j->request.nonce,
				     .claims = j->request.claims,
				     .auth_us = j->auth_us,
				     .acr = str_of(j->acr) };
	str code = { 0 };

	TRY(authorize_amr(j->call, &approval.amr));
	TRY(grants_code_make(j->call, &approval, &code));
	return judgement_code(j, code);
}

/* Events are written only after the check that the client is registered. */
static err
authorize_audit(struct judgement *j, enum audit_event event, enum audit_reason reason)
{
	return audit_write_client(j->call, event, j->call->now.session.account_id, j->client.client_id, reason);
}

static err
authorize_consent(struct judgement *j)
{
	if (!j->approved)
		return ERR_OK;
	TRY(consent_give(j->call, &j->client, j->request.scopes));
	return authorize_audit(j, AUDIT_APP_ALLOWED, REASON_ASKED);
}

static err
authorize_approve(struct judgement *j)
{
	TRY(authorize_consent(j));
	TRY(authorize_keep_session(j->call));
	TRY(authorize_code(j));
	j->granted = true;
	return authorize_audit(j, AUDIT_APP_SIGN_IN, REASON_ASKED);
}

static enum audit_reason
authorize_refusal(const struct judgement *j)
{
	return j->cancelled ? REASON_CANCELLED : REASON_RULES;
}

static err
authorize_grant(struct call *call, void *context, bool *ret_commit)
{
	struct judgement *j = context;

	TRY(judgement_make(j));
	*ret_commit = j->step->outcome == OIDC_READY;
	if (j->step->outcome == OIDC_READY)
		return authorize_approve(j);
	if (!j->refused && !j->cancelled)
		return ERR_OK;
	return audit_write_client_daily(call, AUDIT_APP_REFUSED, call->now.session.account_id, j->client.client_id,
					authorize_refusal(j), ret_commit);
}

static void
authorize_log_event(const struct judgement *j, enum audit_event event, enum audit_reason reason)
{
	audit_log_client(j->call, event, j->call->now.session.account_id, j->client.client_id, reason);
}

static void
authorize_log(const struct judgement *j)
{
	if (j->refused || j->cancelled) {
		authorize_log_event(j, AUDIT_APP_REFUSED, authorize_refusal(j));
		return;
	}
	if (j->approved)
		authorize_log_event(j, AUDIT_APP_ALLOWED, REASON_ASKED);
	authorize_log_event(j, AUDIT_APP_SIGN_IN, REASON_ASKED);
}

err
oidc_grant_answer(struct call *call, enum verdict *ret_verdict)
{
	const struct oidc_decision_body *asked = call->body;
	struct judgement j = { .call = call,
			       .parameters = asked->parameters,
			       .seal_text = asked->seal,
			       .decision = asked->decision,
			       .last = true,
			       .step = call->answer };
	bool done = false;
	err e = call_transact(call, authorize_grant, &j, &done);

	authorize_count(&j, e);
	if (e != ERR_OK)
		TRY(judgement_unavailable(&j, e));
	if (e == ERR_OK && done)
		authorize_log(&j);
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}

/* --- OIDC_CONFIRM ------------------------------------------------------------------------------------------------- */

static err
authorize_password_write(struct call *call, void *context, bool *ret_commit)
{
	const struct db_value args[] = { DB_INT(call->now_us), DB_INT(call->now.session.id),
					 session_token_value(&call->token_hash) };
	int64_t changed = 0;

	TRY(db_run(call->db, SQL_OIDC_SESSION_PASSWORD, args, COUNT(args), &changed));
	*ret_commit = changed == 1;
	return ERR_OK;
}

/* A typed password is a new proof.  Without one, the proof is the passkey that verified its user. */
static err
authorize_password_note(struct call *call, str typed)
{
	bool done = false;

	if (str_empty(typed))
		return ERR_OK;
	TRY(call_transact(call, authorize_password_write, NULL, &done));
	return session_find(call, &call->token_hash, &call->now.session);
}

err
oidc_confirm_answer(struct call *call, enum verdict *ret_verdict)
{
	const struct oidc_confirm_body *asked = call->body;
	struct oidc_step_body *answer = call->answer;
	struct judgement j = {
		.call = call, .parameters = asked->parameters, .seal_text = asked->seal, .step = answer
	};
	uint32_t problem = PROBLEM_NONE;
	err e;

	TRY(current_password_check(call, asked->current, &problem));
	if (problem == PROBLEM_NONE)
		TRY(authorize_password_note(call, asked->current));
	e = judgement_make(&j);
	authorize_count(&j, e);
	if (e != ERR_OK)
		TRY(judgement_unavailable(&j, e));
	answer->wrong = problem != PROBLEM_NONE;
	if (answer->wrong != 0 && answer->outcome == OIDC_READY)
		answer->outcome = OIDC_LOGIN; /* a wrong password never continues, even if the other proofs are new */
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}
