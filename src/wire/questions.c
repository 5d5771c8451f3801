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
	WIRE_FIELD(struct question_head, number, 0),
	WIRE_FIELD(struct question_head, token, 0),
	WIRE_FIELD(struct question_head, device, 0),
	WIRE_FIELD(struct question_head, address, 64),
	WIRE_FIELD(struct question_head, agent, 200),
	WIRE_FIELD(struct question_head, request_id, 32));

TABLE(answer_head, struct answer_head,
	WIRE_FIELD(struct answer_head, verdict, VERDICT_COUNT - 1),
	WIRE_FIELD(struct answer_head, number, 0),
	WIRE_FIELD(struct answer_head, state, STATE_COUNT - 1),
	WIRE_FIELD(struct answer_head, token, 0),
	WIRE_FIELD(struct answer_head, pushed, 0),
	WIRE_FIELD(struct answer_head, account_id, 0),
	WIRE_FIELD(struct answer_head, name, USERNAME_MAX),
	WIRE_FIELD(struct answer_head, created_us, 0),
	WIRE_FIELD(struct answer_head, last_sign_in_us, 0),
	WIRE_FIELD(struct answer_head, factor_since_us, 0),
	WIRE_FIELD(struct answer_head, expires_us, 0),
	WIRE_FIELD(struct answer_head, proved_us, 0),
	WIRE_FIELD(struct answer_head, display_name, DISPLAY_NAME_MAX_BYTES),
	WIRE_FIELD(struct answer_head, language, PREFERRED_COUNT - 1),
	WIRE_FIELD(struct answer_head, time_format, TIME_FORMAT_COUNT - 1),
	WIRE_FIELD(struct answer_head, recovery_left, 100),
	WIRE_FIELD(struct answer_head, recovered, 1),
	WIRE_FIELD(struct answer_head, refused, UINT32_MAX),
	WIRE_FIELD(struct answer_head, codes_disabled, 1),
	WIRE_FIELD(struct answer_head, retry_s, UINT32_MAX));

TABLE(push, struct push,
	WIRE_FIELD(struct push, kind, PUSH_COUNT - 1),
	WIRE_FIELD(struct push, value, UINT32_MAX),
	WIRE_FIELD(struct push, number, 0),
	WIRE_FIELD(struct push, token, 0),
	WIRE_FIELD(struct push, text, RULES_PART_MAX));

LOCAL_TABLE(nothing, struct nothing_body,
	WIRE_FIELD(struct nothing_body, zero, 0));

LOCAL_TABLE(register_form, struct register_body,
	WIRE_FIELD(struct register_body, username, FIELD_MAX_BYTES),
	WIRE_FIELD(struct register_body, password, FIELD_MAX_BYTES),
	WIRE_FIELD(struct register_body, confirm, FIELD_MAX_BYTES),
	WIRE_FIELD(struct register_body, invite, LINK_TOKEN_MAX),
	WIRE_FIELD(struct register_body, next, WAY_BACK_MAX_BYTES));

LOCAL_TABLE(problems, struct problems_body,
	WIRE_FIELD(struct problems_body, username, PROBLEM_COUNT - 1),
	WIRE_FIELD(struct problems_body, password, PROBLEM_COUNT - 1),
	WIRE_FIELD(struct problems_body, confirm, PROBLEM_COUNT - 1),
	WIRE_FIELD(struct problems_body, current, PROBLEM_COUNT - 1),
	WIRE_FIELD(struct problems_body, display_name, PROBLEM_COUNT - 1));

LOCAL_TABLE(sign_in, struct sign_in_body,
	WIRE_FIELD(struct sign_in_body, username, FIELD_MAX_BYTES),
	WIRE_FIELD(struct sign_in_body, password, FIELD_MAX_BYTES),
	WIRE_FIELD(struct sign_in_body, next, WAY_BACK_MAX_BYTES));

LOCAL_TABLE(prove, struct prove_body,
	WIRE_FIELD(struct prove_body, code, FIELD_MAX_BYTES));

LOCAL_TABLE(enrolment, struct enrolment_body,
	WIRE_FIELD(struct enrolment_body, secret, 64),
	WIRE_FIELD(struct enrolment_body, uri, 2048),
	WIRE_FIELD(struct enrolment_body, expires_us, 0));

LOCAL_TABLE(proved, struct proved_body,
	WIRE_FIELD(struct proved_body, recovered, 1),
	WIRE_FIELD(struct proved_body, recovery_left, 100),
	WIRE_FIELD(struct proved_body, device, 0),
	WIRE_FIELD(struct proved_body, next, WAY_BACK_MAX_BYTES),
	WIRE_FIELD(struct proved_body, drift_s, 0));

LOCAL_TABLE(account, struct account_body,
	WIRE_FIELD(struct account_body, factors, LIST_MAX_BYTES),
	WIRE_FIELD(struct account_body, password_changed_us, 0),
	WIRE_FIELD(struct account_body, recovery_made_us, 0),
	WIRE_FIELD(struct account_body, sessions, UINT32_MAX));

TABLE(factor_item, struct factor_item,
	WIRE_FIELD(struct factor_item, id, 0),
	WIRE_FIELD(struct factor_item, name, DISPLAY_NAME_MAX_BYTES),
	WIRE_FIELD(struct factor_item, created_us, 0),
	WIRE_FIELD(struct factor_item, last_used_us, 0),
	WIRE_FIELD(struct factor_item, disabled, 1),
	WIRE_FIELD(struct factor_item, current, 1));

LOCAL_TABLE(profile, struct profile_body,
	WIRE_FIELD(struct profile_body, display_name, FIELD_MAX_BYTES),
	WIRE_FIELD(struct profile_body, language, PREFERRED_COUNT - 1),
	WIRE_FIELD(struct profile_body, time_format, TIME_FORMAT_COUNT - 1));

LOCAL_TABLE(password, struct password_body,
	WIRE_FIELD(struct password_body, current, FIELD_MAX_BYTES),
	WIRE_FIELD(struct password_body, password, FIELD_MAX_BYTES),
	WIRE_FIELD(struct password_body, confirm, FIELD_MAX_BYTES));

LOCAL_TABLE(recovery, struct recovery_body,
	WIRE_FIELD(struct recovery_body, renew, 1));

LOCAL_TABLE(recovery_codes, struct recovery_codes_body,
	WIRE_FIELD(struct recovery_codes_body, codes, 512),
	WIRE_FIELD(struct recovery_codes_body, left, 100),
	WIRE_FIELD(struct recovery_codes_body, made_us, 0));

LOCAL_TABLE(factor_begin, struct factor_begin_body,
	WIRE_FIELD(struct factor_begin_body, current, FIELD_MAX_BYTES),
	WIRE_FIELD(struct factor_begin_body, name, FIELD_MAX_BYTES),
	WIRE_FIELD(struct factor_begin_body, replaces, 0));

LOCAL_TABLE(factor, struct factor_body,
	WIRE_FIELD(struct factor_body, id, 0),
	WIRE_FIELD(struct factor_body, name, FIELD_MAX_BYTES));

LOCAL_TABLE(sessions, struct sessions_body,
	WIRE_FIELD(struct sessions_body, sessions, LIST_MAX_BYTES),
	WIRE_FIELD(struct sessions_body, more, 1));

TABLE(session_item, struct session_item,
	WIRE_FIELD(struct session_item, id, 0),
	WIRE_FIELD(struct session_item, agent, 200),
	WIRE_FIELD(struct session_item, address, 64),
	WIRE_FIELD(struct session_item, created_us, 0),
	WIRE_FIELD(struct session_item, seen_us, 0),
	WIRE_FIELD(struct session_item, state, STATE_COUNT - 1),
	WIRE_FIELD(struct session_item, current, 1));

LOCAL_TABLE(session_end, struct session_end_body,
	WIRE_FIELD(struct session_end_body, id, 0));

LOCAL_TABLE(activity, struct activity_body,
	WIRE_FIELD(struct activity_body, before, 0));

LOCAL_TABLE(events, struct events_body,
	WIRE_FIELD(struct events_body, events, LIST_MAX_BYTES),
	WIRE_FIELD(struct events_body, more, 1));

TABLE(event_item, struct event_item,
	WIRE_FIELD(struct event_item, id, 0),
	WIRE_FIELD(struct event_item, at_us, 0),
	WIRE_FIELD(struct event_item, event, 40),
	WIRE_FIELD(struct event_item, outcome, 20),
	WIRE_FIELD(struct event_item, reason, 40),
	WIRE_FIELD(struct event_item, address, 64),
	WIRE_FIELD(struct event_item, agent, 200));

LOCAL_TABLE(close_account, struct close_body,
	WIRE_FIELD(struct close_body, current, FIELD_MAX_BYTES));

LOCAL_TABLE(link_form, struct link_body,
	WIRE_FIELD(struct link_body, link, LINK_TOKEN_MAX));

LOCAL_TABLE(link_purpose, struct link_purpose_body,
	WIRE_FIELD(struct link_purpose_body, kind, LINK_KIND_COUNT - 1),
	WIRE_FIELD(struct link_purpose_body, name, USERNAME_MAX),
	WIRE_FIELD(struct link_purpose_body, expires_us, 0));

LOCAL_TABLE(link_use, struct link_use_body,
	WIRE_FIELD(struct link_use_body, link, LINK_TOKEN_MAX),
	WIRE_FIELD(struct link_use_body, password, FIELD_MAX_BYTES),
	WIRE_FIELD(struct link_use_body, confirm, FIELD_MAX_BYTES));

LOCAL_TABLE(gate, struct gate_body,
	WIRE_FIELD(struct gate_body, token, 64),
	WIRE_FIELD(struct gate_body, url, GATE_URL_MAX),
	WIRE_FIELD(struct gate_body, method, 32));

LOCAL_TABLE(gate_visitor, struct gate_visitor_body,
	WIRE_FIELD(struct gate_visitor_body, outcome, 2),
	WIRE_FIELD(struct gate_visitor_body, level, 2),
	WIRE_FIELD(struct gate_visitor_body, name, USERNAME_MAX),
	WIRE_FIELD(struct gate_visitor_body, display_name, DISPLAY_NAME_MAX_BYTES),
	WIRE_FIELD(struct gate_visitor_body, email, EMAIL_MAX),
	WIRE_FIELD(struct gate_visitor_body, groups, GROUPS_MAX_BYTES),
	WIRE_FIELD(struct gate_visitor_body, proved_us, 0),
	WIRE_FIELD(struct gate_visitor_body, expires_us, 0),
	WIRE_FIELD(struct gate_visitor_body, session, 0),
	WIRE_FIELD(struct gate_visitor_body, jwt, GATE_JWT_MAX));

LOCAL_TABLE(gate_enter, struct gate_enter_body,
	WIRE_FIELD(struct gate_enter_body, url, GATE_URL_MAX),
	WIRE_FIELD(struct gate_enter_body, method, 32));

LOCAL_TABLE(gate_way, struct gate_way_body,
	WIRE_FIELD(struct gate_way_body, outcome, 2),
	WIRE_FIELD(struct gate_way_body, reason, 6),
	WIRE_FIELD(struct gate_way_body, domain, 253),
	WIRE_FIELD(struct gate_way_body, token, 64),
	WIRE_FIELD(struct gate_way_body, ticket, 64),
	WIRE_FIELD(struct gate_way_body, url, GATE_URL_MAX));

LOCAL_TABLE(gate_ticket, struct gate_ticket_body,
	WIRE_FIELD(struct gate_ticket_body, ticket, 64),
	WIRE_FIELD(struct gate_ticket_body, host, 253));

const struct wire_question wire_questions[QUESTION_COUNT] = {
	[QUESTION_SESSION]  = { "session",  &nothing,       &nothing   },
	[QUESTION_REGISTER] = { "register", &register_form, &problems  },
	[QUESTION_SIGN_IN]  = { "sign-in",  &sign_in,       &nothing   },
	[QUESTION_ENROL]    = { "enrol",    &nothing,       &enrolment },
	[QUESTION_PROVE]    = { "prove",    &prove,         &proved    },
	[QUESTION_SIGN_OUT] = { "sign-out", &nothing,       &nothing   },

	[QUESTION_STEP_UP]        = { "step-up",        &prove,         &proved         },
	[QUESTION_ACCOUNT]        = { "account",        &nothing,       &account        },
	[QUESTION_PROFILE]        = { "profile",        &profile,       &problems       },
	[QUESTION_PASSWORD]       = { "password",       &password,      &problems       },
	[QUESTION_RECOVERY]       = { "recovery",       &recovery,      &recovery_codes },
	[QUESTION_FACTOR_BEGIN]   = { "factor-begin",   &factor_begin,  &problems       },
	[QUESTION_FACTOR_CONFIRM] = { "factor-confirm", &prove,         &proved         },
	[QUESTION_FACTOR_RENAME]  = { "factor-rename",  &factor,        &problems       },
	[QUESTION_FACTOR_REMOVE]  = { "factor-remove",  &factor,        &nothing        },
	[QUESTION_SESSIONS]       = { "sessions",       &nothing,       &sessions       },
	[QUESTION_SESSION_END]    = { "session-end",    &session_end,   &nothing        },
	[QUESTION_ACTIVITY]       = { "activity",       &activity,      &events         },
	[QUESTION_CLOSE]          = { "close",          &close_account, &problems       },

	[QUESTION_LINK]     = { "link",     &link_form, &link_purpose },
	[QUESTION_LINK_USE] = { "link-use", &link_use,  &problems     },

	[QUESTION_GATE]        = { "gate",        &gate,        &gate_visitor },
	[QUESTION_GATE_ENTER]  = { "gate-enter",  &gate_enter,  &gate_way     },
	[QUESTION_GATE_TICKET] = { "gate-ticket", &gate_ticket, &gate_way     },
};
/* clang-format on */

const char *
session_state_name(enum session_state state)
{
	static const char *const names[] = { "none", "enrolling", "pending", "full" };

	return (unsigned)state < COUNT(names) ? names[state] : "none";
}
