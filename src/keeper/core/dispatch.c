/*
 * Dispatcher: every question passes through it and its table (keeper/core/dispatch.h). It decodes the question, looks
 * up the session, checks state and proof against the table, runs the handler, checks the resulting session, and encodes
 * the answer. Every internal error becomes VERDICT_UNAVAILABLE here, and only here.
 */
#include "base/log.h"
#include "base/secret.h"
#include "keeper/core/audit.h"
#include "keeper/core/counts.h"
#include "keeper/core/dispatch.h"
#include "keeper/core/session_lookup.h"

enum { ARENA_MAX_BYTES = 1024 * 1024 };

static bool
dispatch_opens(const struct question_row *row, enum session_state state)
{
	return (row->states & ROW_IN(state)) != 0;
}

enum authority
question_authority(enum question_id id)
{
	const struct question_row *row = &question_rows[id];

	if ((row->flags & ROW_WRITES) == 0)
		return AUTHORITY_NONE;
	return (row->flags & ROW_SELF_AUTHORIZED) != 0 ? AUTHORITY_QUESTION : AUTHORITY_SESSION;
}

/* Space for the largest body. Its texts are stored elsewhere. */
struct body {
	_Alignas(max_align_t) char b[WIRE_BODY_MAX_BYTES];
};

static err
dispatch_decode(struct call *call, str question, struct body *ret_body)
{
	TRY(wire_get(&question, &wire_question_head, &call->head));
	if (call->head.id == QUESTION_NONE)
		return ERR_PROTOCOL;
	TRY(wire_get(&question, wire_questions[call->head.id].body, ret_body));
	return question.n == 0 ? ERR_OK : ERR_PROTOCOL;
}

/* Web sends such questions through another channel. A compromised web process must not block this thread with them. */
static bool
dispatch_is_too_slow(const struct keeper_thread *t, enum question_id id)
{
	return t->quick && (question_rows[id].flags & ROW_HASHES) != 0;
}

#ifdef DOUBLETOUR_TEST_HOOKS
call_handler question_instead;
#endif

static call_handler
dispatch_handler_of(const struct question_row *row)
{
#ifdef DOUBLETOUR_TEST_HOOKS
	if (question_instead != NULL)
		return question_instead;
#endif
	return row->answer;
}

/* Fail closed: if a handler raises the session's state without permission, discard its answer. */
static err
dispatch_handle(struct call *call, const struct question_row *row, enum verdict *ret_verdict)
{
	const struct session asked = call->now.session;

	call->may_raise = (row->flags & ROW_MAY_RAISE) != 0;
	TRY(dispatch_handler_of(row)(call, ret_verdict));
	return call->may_raise || !session_rose(&asked, &call->now.session) ? ERR_OK : ERR_DENIED;
}

static err
dispatch_run(struct call *call, enum verdict *ret_verdict)
{
	const struct question_row *row = &question_rows[call->head.id];

	call->authority = question_authority(call->head.id);
	TRY(clock_now_us(&call->now_us));
	TRY(session_present(call));
	if (!dispatch_opens(row, call->now.session.state)) {
		*ret_verdict = VERDICT_STATE;
		return ERR_OK;
	}
	if ((row->flags & ROW_FRESH) != 0 && !session_fresh(call)) {
		*ret_verdict = VERDICT_STEP_UP;
		return ERR_OK;
	}
	return dispatch_handle(call, row, ret_verdict);
}

/* --- answers ------------------------------------------------------------------------------------------------------ */

static void
dispatch_alarm_fill(const struct alarm *alarm, struct answer_head *head)
{
	if (alarm->attempts == 0)
		return;
	head->alarms = alarm->attempts;
	head->alarm_since_us = alarm->since_us;
	head->alarm_until_us = alarm->until_us;
	head->alarm_addresses = alarm->addresses;
	head->alarm_address = str_of(alarm->address);
}

static void
dispatch_head_fill(const struct config *config, const struct outcome *now, struct answer_head *head)
{
	const struct session *s = &now->session;

	if (s->state == STATE_NONE)
		return;
	head->state = s->state;
	head->token = now->token;
	head->account_id = s->account_id;
	head->name = account_name_str(&s->name);
	head->created_us = s->account_created_us;
	head->last_sign_in_us = s->previous_sign_in_us;
	head->factor_since_us = s->factor_since_us;
	head->expires_us = s->expires_us;
	head->remembered_until_us = session_remembered_until_us(s, config);
	head->verified_us = s->state == STATE_FULL ? session_verified_us(s) : 0;
	head->display_name = str_bytes(s->display_name.b, s->display_name.n);
	head->language = s->language;
	head->time_format = s->time_format;
	head->recovery_left = s->recovery_left > 100 ? 100 : (uint32_t)s->recovery_left;
	head->recovered = proofs_recovered(&s->proofs);
	dispatch_alarm_fill(&s->alarm, head);
	head->groups = str_upto(s->groups, GROUPS_MAX_BYTES);
	head->authenticators = s->factors_usable > 100 ? 100 : (uint32_t)s->factors_usable;
	head->passkeys = s->passkeys_usable > 100 ? 100 : (uint32_t)s->passkeys_usable;
	head->codes_off = s->codes_off;
	head->user_verified_us = s->state == STATE_FULL ? s->user_verified_us : 0;
	head->phishing_resistant_us = session_phishing_resistant_us(s);
	head->code_sign_in_us = session_code_sign_in_us(s);
	head->other_sessions = s->sessions > 1 ? (uint32_t)(s->sessions - 1) : 0;
	head->codes_disabled = s->codes_disabled || (session_is_enrolled(s) && s->factors_usable == 0);
	head->code_digits = (uint32_t)s->code_digits;
}

/* The type of answer that web expects for this question. */
static const struct wire_def *
dispatch_answer_def(const struct call *call)
{
	return wire_questions[call->head.id == QUESTION_NONE ? QUESTION_SESSION : call->head.id].answer;
}

static void
dispatch_encode(const struct call *call, enum verdict verdict, const void *body, keeper_pushed pushed, void *context,
		struct buf *ret_answer)
{
	struct answer_head head = { .verdict = verdict,
				    .number = call->head.number,
				    .pushed = pushed == NULL ? 0 : pushed(context) };

	buf_clear(ret_answer);
	dispatch_head_fill(keeper_config(call->keeper), &call->now, &head);
	if (verdict == VERDICT_LOCKOUT)
		head.retry_s = (uint32_t)((call->retry_us + SECONDS_US(1) - 1) / SECONDS_US(1));
	wire_put(ret_answer, &wire_answer_head, &head);
	wire_put(ret_answer, dispatch_answer_def(call), body);
	secret_wipe(&head, sizeof(head));
}

/* Internal error: send no part of the result. */
static void
questions_encode_failed(struct call *call, enum verdict verdict, keeper_pushed pushed, void *context,
			struct buf *ret_answer)
{
	static const struct body empty;

	secret_wipe(&call->now, sizeof(call->now));
	dispatch_encode(call, verdict, empty.b, pushed, context, ret_answer);
	if (buf_check(ret_answer) != ERR_OK)
		buf_clear(ret_answer);
}

/* All log lines of this question carry the request id. It comes from web, so it is untrusted text. */
static void
questions_log_id(struct call *call)
{
	char id[32 + 1];

	if (str_copy_z(audit_text(&call->arena, call->head.request_id), id, sizeof(id)) != ERR_OK)
		id[0] = '\0';
	log_request_id(id);
}

static void
questions_log_failed(const struct call *call, err e)
{
	log_event(LOG_ERROR, "question.failed", LOG_TEXT("question", wire_questions[call->head.id].name),
		  LOG_TEXT("why", err_name(e)));
}

/* The session ended between its lookup and the transaction: answer as for a missing session. */
static void
dispatch_gone(struct call *call, enum verdict *ret_verdict)
{
	secret_wipe(&call->now, sizeof(call->now));
	secret_wipe(call->answer, sizeof(struct body));
	*ret_verdict = VERDICT_STATE;
	log_event(LOG_INFO, "question.gone", LOG_TEXT("question", wire_questions[call->head.id].name));
}

/* Each answer that has a session has its alarms too. */
static err
questions_run_with_alarms(struct call *call, enum verdict *ret_verdict)
{
	err e = dispatch_run(call, ret_verdict);

	if (e == ERR_OK || e == ERR_LOCKOUT)
		TRY(alarm_learn(call, &call->now.session));
	return e;
}

/* While a question is answered, the connection refuses changes outside call_transact. */
static err
questions_run_guarded(struct call *call, enum verdict *ret_verdict)
{
	err e;

	db_guard(call->db, true);
	e = questions_run_with_alarms(call, ret_verdict);
	db_guard(call->db, false);
	return e;
}

/* These errors are answers.  Returns the other ones. */
static err
dispatch_verdict_of(struct call *call, err e, enum verdict *ret_verdict)
{
	switch (e) {
	case ERR_LOCKOUT:
		*ret_verdict = VERDICT_LOCKOUT;
		return ERR_OK;
	case ERR_SLOW:
		*ret_verdict = VERDICT_SLOW;
		return ERR_OK;
	case ERR_GONE:
		dispatch_gone(call, ret_verdict);
		return ERR_OK;
	default:
		return e;
	}
}

static err
dispatch_answer(struct keeper_thread *t, struct call *call, enum verdict *ret_verdict)
{
	err e = ERR_INVALID;

	call->quick = t->quick;
	questions_log_id(call);
	if (!dispatch_is_too_slow(t, call->head.id))
		e = questions_run_guarded(call, ret_verdict);
	return dispatch_verdict_of(call, e, ret_verdict);
}

/* The question was decoded. */
static enum verdict
dispatch_encoded(struct keeper_thread *t, struct call *call, keeper_pushed pushed, void *context,
		 struct buf *ret_answer)
{
	enum verdict verdict = VERDICT_REFUSED;
	err e = dispatch_answer(t, call, &verdict);

	if (e == ERR_OK) {
		dispatch_encode(call, verdict, call->answer, pushed, context, ret_answer);
		e = buf_check(ret_answer);
	}
	if (e == ERR_OK)
		return verdict;
	questions_log_failed(call, e);
	questions_encode_failed(call, VERDICT_UNAVAILABLE, pushed, context, ret_answer);
	return VERDICT_UNAVAILABLE;
}

void
keeper_answer(struct keeper_thread *t, str question, keeper_pushed pushed, void *context, struct buf *ret_answer)
{
	CLEANUP(call_wipe) struct call call = { .keeper = t->keeper, .db = t->db, .arena = ARENA(ARENA_MAX_BYTES) };
	struct body body = { 0 }, answer = { 0 };

	call.body = &body;
	call.answer = &answer;
	if (dispatch_decode(&call, question, &body) == ERR_OK) {
		enum verdict verdict = dispatch_encoded(t, &call, pushed, context, ret_answer);
		keeper_count_question(call.head.id, verdict);
		return;
	}
	log_event(LOG_WARNING, "question.malformed", LOG_INT("bytes", (int64_t)question.n));
	questions_encode_failed(&call, VERDICT_MALFORMED, pushed, context, ret_answer);
}
