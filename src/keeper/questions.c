/*
 * The dispatcher: the one way through the table of questions (keeper/question.h).  A question is decoded, its session
 * looked up, state and proof held against the table, its handler run, what became of the session held against it too, its
 * answer encoded.  Whatever could not be done is
 * VERDICT_UNAVAILABLE here and nowhere else.
 */
#include "base/log.h"
#include "base/secret.h"
#include "keeper/audit.h"
#include "keeper/question.h"
#include "keeper/session_lookup.h"

enum { ARENA_MAX_BYTES = 1024 * 1024 };

static bool
opens(const struct question_row *row, enum session_state state)
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

/* Room for the largest body; its texts are elsewhere. */
struct body {
	_Alignas(max_align_t) char b[WIRE_BODY_MAX_BYTES];
};

static err
decode(struct turn *turn, str question, struct body *ret_body)
{
	TRY(wire_get(&question, &wire_question_head, &turn->head));
	if (turn->head.id == QUESTION_NONE)
		return ERR_PROTOCOL;
	TRY(wire_get(&question, wire_questions[turn->head.id].body, ret_body));
	return question.n == 0 ? ERR_OK : ERR_PROTOCOL;
}

/* Web asks it over another channel; this thread is not to be kept from quick answers by a web process that does not. */
static bool
is_too_slow(const struct keeper_thread *t, enum question_id id)
{
	return t->quick && (question_rows[id].flags & ROW_HASHES) != 0;
}

#ifdef DOUBLETOUR_TEST_HOOKS
turn_handler question_instead;
#endif

static turn_handler
handler_of(const struct question_row *row)
{
#ifdef DOUBLETOUR_TEST_HOOKS
	if (question_instead != NULL)
		return question_instead;
#endif
	return row->answer;
}

/* Fail closed: a handler that brings the session further without being allowed to has a defect, and its answer is none. */
static err
handle(struct turn *turn, const struct question_row *row, enum verdict *ret_verdict)
{
	const struct session asked = turn->now.session;

	turn->may_raise = (row->flags & ROW_MAY_RAISE) != 0;
	TRY(handler_of(row)(turn, ret_verdict));
	return turn->may_raise || !session_rose(&asked, &turn->now.session) ? ERR_OK : ERR_DENIED;
}

static err
run(struct turn *turn, enum verdict *ret_verdict)
{
	const struct question_row *row = &question_rows[turn->head.id];

	turn->authority = question_authority(turn->head.id);
	TRY(clock_now_us(&turn->now_us));
	TRY(session_present(turn));
	if (!opens(row, turn->now.session.state)) {
		*ret_verdict = VERDICT_STATE;
		return ERR_OK;
	}
	if ((row->flags & ROW_FRESH) != 0 && !session_fresh(turn)) {
		*ret_verdict = VERDICT_STEP_UP;
		return ERR_OK;
	}
	return handle(turn, row, ret_verdict);
}

/* --- the answer --------------------------------------------------------------------------------------------------- */

static void
head_fill(const struct outcome *now, struct answer_head *head)
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
	head->proved_us = s->state == STATE_FULL ? session_proved_us(s) : 0;
	head->display_name = str_bytes(s->display_name.b, s->display_name.n);
	head->language = s->language;
	head->time_format = s->time_format;
	head->recovery_left = s->recovery_left > 100 ? 100 : (uint32_t)s->recovery_left;
	head->recovered = proofs_recovered(&s->proofs);
	head->refused = (uint32_t)s->refused;
	head->codes_disabled = session_is_enrolled(s) && s->factors_usable == 0;
}

/* The shape that web waits for: that of what it asked. */
static const struct wire_def *
answer_def(const struct turn *turn)
{
	return wire_questions[turn->head.id == QUESTION_NONE ? QUESTION_SESSION : turn->head.id].answer;
}

static void
encode(const struct turn *turn, enum verdict verdict, const void *body, keeper_pushed pushed, void *context,
       struct buf *ret_answer)
{
	struct answer_head head = { .verdict = verdict,
				    .number = turn->head.number,
				    .pushed = pushed == NULL ? 0 : pushed(context) };

	buf_clear(ret_answer);
	head_fill(&turn->now, &head);
	if (verdict == VERDICT_WAIT)
		head.retry_s = (uint32_t)((turn->retry_us + SECONDS_US(1) - 1) / SECONDS_US(1));
	wire_put(ret_answer, &wire_answer_head, &head);
	wire_put(ret_answer, answer_def(turn), body);
	secret_wipe(&head, sizeof(head));
}

/* Could not be done: nothing of what was found out leaves. */
static void
encode_failed(struct turn *turn, enum verdict verdict, keeper_pushed pushed, void *context, struct buf *ret_answer)
{
	static const struct body empty;

	secret_wipe(&turn->now, sizeof(turn->now));
	encode(turn, verdict, empty.b, pushed, context, ret_answer);
	if (buf_check(ret_answer) != ERR_OK)
		buf_clear(ret_answer);
}

/* Every line of this question carries the request's id; it comes from web, so it is no text to be trusted. */
static void
log_id(struct turn *turn)
{
	char id[32 + 1];

	if (str_copy_z(audit_text(&turn->arena, turn->head.request_id), id, sizeof(id)) != ERR_OK)
		id[0] = '\0';
	log_request_id(id);
}

static void
log_failed(const struct turn *turn, err e)
{
	log_event(LOG_ERROR, "question.failed", LOG_TEXT("question", wire_questions[turn->head.id].name),
		  LOG_TEXT("why", err_name(e)));
}

/* The session ended between its look-up and the transaction: the answer is that of a question without a session. */
static void
gone(struct turn *turn, enum verdict *ret_verdict)
{
	secret_wipe(&turn->now, sizeof(turn->now));
	secret_wipe(turn->answer, sizeof(struct body));
	*ret_verdict = VERDICT_STATE;
	log_event(LOG_INFO, "question.gone", LOG_TEXT("question", wire_questions[turn->head.id].name));
}

/* While the question is answered its connection refuses changes outside of turn_transact. */
static err
run_guarded(struct turn *turn, enum verdict *ret_verdict)
{
	err e;

	db_guard(turn->db, true);
	e = run(turn, ret_verdict);
	db_guard(turn->db, false);
	return e;
}

void
keeper_answer(struct keeper_thread *t, str question, keeper_pushed pushed, void *context, struct buf *ret_answer)
{
	CLEANUP(turn_wipe) struct turn turn = { .keeper = t->keeper, .db = t->db, .arena = ARENA(ARENA_MAX_BYTES) };
	enum verdict verdict = VERDICT_REFUSED;
	struct body body = { 0 }, answer = { 0 };
	err e;

	turn.body = &body;
	turn.answer = &answer;
	if (decode(&turn, question, &body) != ERR_OK) {
		log_event(LOG_WARNING, "question.malformed", LOG_INT("bytes", (int64_t)question.n));
		encode_failed(&turn, VERDICT_MALFORMED, pushed, context, ret_answer);
		return;
	}
	log_id(&turn);
	e = is_too_slow(t, turn.head.id) ? ERR_INVALID : run_guarded(&turn, &verdict);
	if (e == ERR_WAIT) {
		verdict = VERDICT_WAIT;
		e = ERR_OK;
	} else if (e == ERR_GONE) {
		gone(&turn, &verdict);
		e = ERR_OK;
	}
	if (e == ERR_OK) {
		encode(&turn, verdict, &answer, pushed, context, ret_answer);
		e = buf_check(ret_answer);
	}
	if (e != ERR_OK) {
		log_failed(&turn, e);
		encode_failed(&turn, VERDICT_UNAVAILABLE, pushed, context, ret_answer);
	}
}
