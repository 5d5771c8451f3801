#include "wire/questions.h"

/* The tables of every message: order here is order on the wire. */

#define TABLE(name, type, ...)                                                                                         \
	static const struct wire_field name##_fields[] = { __VA_ARGS__ };                                              \
	const struct wire_def wire_##name = WIRE_DEF(type, name##_fields)
#define LOCAL_TABLE(name, type, ...)                                                                                   \
	static const struct wire_field name##_fields[] = { __VA_ARGS__ };                                              \
	static const struct wire_def name = WIRE_DEF(type, name##_fields)

/* clang-format off */
TABLE(question_head, struct question_head,
	WIRE_FIELD(struct question_head, id, QUESTION_COUNT - 1),
	WIRE_FIELD(struct question_head, token, 0),
	WIRE_FIELD(struct question_head, address, 64),
	WIRE_FIELD(struct question_head, agent, 200),
	WIRE_FIELD(struct question_head, request_id, 32));

TABLE(answer_head, struct answer_head,
	WIRE_FIELD(struct answer_head, verdict, VERDICT_COUNT - 1),
	WIRE_FIELD(struct answer_head, state, STATE_COUNT - 1),
	WIRE_FIELD(struct answer_head, token, 0),
	WIRE_FIELD(struct answer_head, pushed, 0),
	WIRE_FIELD(struct answer_head, account_id, 0),
	WIRE_FIELD(struct answer_head, name, USERNAME_MAX),
	WIRE_FIELD(struct answer_head, created_us, 0),
	WIRE_FIELD(struct answer_head, last_sign_in_us, 0),
	WIRE_FIELD(struct answer_head, factor_since_us, 0),
	WIRE_FIELD(struct answer_head, expires_us, 0));

TABLE(push, struct push,
	WIRE_FIELD(struct push, kind, PUSH_COUNT - 1),
	WIRE_FIELD(struct push, value, UINT32_MAX),
	WIRE_FIELD(struct push, number, 0),
	WIRE_FIELD(struct push, token, 0));

LOCAL_TABLE(nothing, struct nothing_body,
	WIRE_FIELD(struct nothing_body, zero, 0));

LOCAL_TABLE(register_form, struct register_body,
	WIRE_FIELD(struct register_body, username, FIELD_MAX_BYTES),
	WIRE_FIELD(struct register_body, password, FIELD_MAX_BYTES),
	WIRE_FIELD(struct register_body, confirm, FIELD_MAX_BYTES));

LOCAL_TABLE(problems, struct problems_body,
	WIRE_FIELD(struct problems_body, username, PROBLEM_COUNT - 1),
	WIRE_FIELD(struct problems_body, password, PROBLEM_COUNT - 1),
	WIRE_FIELD(struct problems_body, confirm, PROBLEM_COUNT - 1));

LOCAL_TABLE(sign_in, struct sign_in_body,
	WIRE_FIELD(struct sign_in_body, username, FIELD_MAX_BYTES),
	WIRE_FIELD(struct sign_in_body, password, FIELD_MAX_BYTES));

LOCAL_TABLE(prove, struct prove_body,
	WIRE_FIELD(struct prove_body, code, FIELD_MAX_BYTES));

LOCAL_TABLE(enrolment, struct enrolment_body,
	WIRE_FIELD(struct enrolment_body, secret, 64),
	WIRE_FIELD(struct enrolment_body, uri, 2048),
	WIRE_FIELD(struct enrolment_body, expires_us, 0));

const struct wire_question wire_questions[QUESTION_COUNT] = {
	[QUESTION_SESSION]  = { "session",  &nothing,       &nothing   },
	[QUESTION_REGISTER] = { "register", &register_form, &problems  },
	[QUESTION_SIGN_IN]  = { "sign-in",  &sign_in,       &nothing   },
	[QUESTION_ENROL]    = { "enrol",    &nothing,       &enrolment },
	[QUESTION_PROVE]    = { "prove",    &prove,         &nothing   },
	[QUESTION_SIGN_OUT] = { "sign-out", &nothing,       &nothing   },
};
/* clang-format on */

const char *
session_state_name(enum session_state state)
{
	static const char *const names[] = { "none", "enrolling", "pending", "full" };

	return (unsigned)state < COUNT(names) ? names[state] : "none";
}
