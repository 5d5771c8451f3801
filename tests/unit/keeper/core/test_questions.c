/* Every question in every state, and malformed questions, sent as web sends them. */
#include "keeper/harness.h"

#include "base/random.h"

#include <stdio.h>

struct expected {
	enum question_id question;
	enum verdict verdict[STATE_COUNT]; /* in NONE, ENROLLING, PENDING, FULL */
	enum session_state after[STATE_COUNT];
	const char *why;
};

#define NONE STATE_NONE
#define ENROLLING STATE_ENROLLING
#define PENDING STATE_PENDING
#define FULL STATE_FULL
#define PASSED VERDICT_PASSED
#define WRONG VERDICT_STATE
#define REFUSED VERDICT_REFUSED

/* clang-format off */
static const struct expected expected[] = {
	{ QUESTION_SESSION,  { REFUSED, PASSED, PASSED, PASSED }, { NONE, ENROLLING, PENDING, FULL },
	  "any session can ask for its state" },
	{ QUESTION_REGISTER, { PASSED, WRONG, WRONG, WRONG },     { ENROLLING, ENROLLING, PENDING, FULL },
	  "a session already belongs to an account" },
	{ QUESTION_SIGN_IN,  { PASSED, PASSED, PASSED, WRONG },   { ENROLLING, ENROLLING, ENROLLING, FULL },
	  "an unfinished sign-in can start again as another user" },
	{ QUESTION_ENROL,    { WRONG, PASSED, WRONG, REFUSED },   { NONE, ENROLLING, PENDING, FULL },
	  "a secret is shown while enrolling only" },
	{ QUESTION_VERIFY,    { WRONG, PASSED, PASSED, WRONG },    { NONE, FULL, FULL, FULL },
	  "a code needs a proof of the password" },
	{ QUESTION_SIGN_OUT, { WRONG, PASSED, PASSED, PASSED },   { NONE, NONE, NONE, NONE },
	  "any session can be ended" },
	{ QUESTION_STEP_UP,        { WRONG, WRONG, WRONG, PASSED },  { NONE, ENROLLING, PENDING, FULL },
	  "a step-up needs a full session" },
	{ QUESTION_ACCOUNT,        { WRONG, WRONG, WRONG, PASSED },  { NONE, ENROLLING, PENDING, FULL },
	  "the account page needs a full session" },
	{ QUESTION_RECOVERY,       { WRONG, WRONG, WRONG, PASSED },  { NONE, ENROLLING, PENDING, FULL },
	  "recovery codes need a factor" },
	{ QUESTION_RECOVERY_LEFT,  { WRONG, WRONG, WRONG, PASSED },  { NONE, ENROLLING, PENDING, FULL },
	  "the number of recovery codes, here 0" },
	{ QUESTION_FACTOR_BEGIN,   { WRONG, WRONG, WRONG, PASSED },  { NONE, ENROLLING, PENDING, FULL },
	  "another factor needs the first" },
	{ QUESTION_FACTOR_CONFIRM, { WRONG, WRONG, WRONG, WRONG },   { NONE, ENROLLING, PENDING, FULL },
	  "no enrolment was begun" },
	{ QUESTION_FACTOR_RENAME,  { WRONG, WRONG, WRONG, REFUSED }, { NONE, ENROLLING, PENDING, FULL },
	  "no such factor" },
	{ QUESTION_FACTOR_REMOVE,  { WRONG, WRONG, WRONG, REFUSED }, { NONE, ENROLLING, PENDING, FULL },
	  "no such factor" },
	{ QUESTION_PASSKEY_OFFER,  { WRONG, PASSED, WRONG, WRONG },  { NONE, ENROLLING, PENDING, FULL },
	  "a first passkey, for an account without a factor" },
	{ QUESTION_PASSKEY_FIRST,  { WRONG, REFUSED, WRONG, WRONG }, { NONE, ENROLLING, PENDING, FULL },
	  "no answer of an authenticator" },
	{ QUESTION_PASSKEY_BEGIN,  { WRONG, WRONG, WRONG, PASSED },  { NONE, ENROLLING, PENDING, FULL },
	  "another passkey needs a factor" },
	{ QUESTION_PASSKEY_ADD,    { WRONG, WRONG, WRONG, REFUSED }, { NONE, ENROLLING, PENDING, FULL },
	  "no answer of an authenticator" },
	{ QUESTION_CODES_OFF,      { WRONG, WRONG, WRONG, REFUSED }, { NONE, ENROLLING, PENDING, FULL },
	  "nothing would remain" },
	{ QUESTION_PROFILE,        { WRONG, WRONG, WRONG, PASSED },  { NONE, ENROLLING, PENDING, FULL },
	  "preferences need a full session" },
	{ QUESTION_PASSWORD,       { WRONG, WRONG, WRONG, PASSED },  { NONE, ENROLLING, PENDING, FULL },
	  "a password change needs a full session" },
	{ QUESTION_SESSIONS,       { WRONG, WRONG, WRONG, PASSED },  { NONE, ENROLLING, PENDING, FULL },
	  "the list of sessions" },
	{ QUESTION_SESSION_END,    { WRONG, WRONG, WRONG, REFUSED }, { NONE, ENROLLING, PENDING, FULL },
	  "no such session" },
	{ QUESTION_ACTIVITY,       { WRONG, WRONG, WRONG, PASSED },  { NONE, ENROLLING, PENDING, FULL },
	  "the list of events" },
	{ QUESTION_ALARM_DISMISS,  { WRONG, WRONG, WRONG, REFUSED }, { NONE, ENROLLING, PENDING, FULL },
	  "no alarm" },
	{ QUESTION_CLOSE,          { WRONG, WRONG, WRONG, PASSED },  { NONE, ENROLLING, PENDING, NONE },
	  "closing the account needs a full session" },
	{ QUESTION_LINK,     { REFUSED, REFUSED, REFUSED, REFUSED }, { NONE, ENROLLING, PENDING, FULL },
	  "no such link" },
	{ QUESTION_LINK_USE, { REFUSED, REFUSED, REFUSED, REFUSED }, { NONE, ENROLLING, PENDING, FULL },
	  "no such link" },
	{ QUESTION_GATE,        { REFUSED, REFUSED, REFUSED, REFUSED }, { NONE, NONE, NONE, NONE },
	  "not a protected host; the answer has no session of pages" },
	{ QUESTION_GATE_ENTER,  { WRONG, WRONG, REFUSED, REFUSED },  { NONE, ENROLLING, PENDING, FULL },
	  "not a protected host" },
	{ QUESTION_GATE_TICKET, { REFUSED, REFUSED, REFUSED, REFUSED }, { NONE, NONE, NONE, NONE },
	  "no such ticket" },
};
/* clang-format on */

/* Send the question with valid values: free or known names, the right password, the current code. */
static enum verdict
ask_rightly(struct world *w, struct browser *b, const struct expected *e, const char *fresh, const char *other)
{
	struct code code = b->secret[0] == '\0' ? (struct code){ "123456" } : code_of(b->secret, 0);
	const struct register_body registration = { str_of(fresh), STR(PASSWORD), STR(PASSWORD) };
	const struct sign_in_body sign_in = { str_of(other), STR(PASSWORD) };
	const struct verify_body verify = { str_of(code.z) };
	const struct factor_begin_body another = { .current = STR(PASSWORD) };
	const struct factor_body no_factor = { .id = 1 };
	const struct passkey_begin_body passkey_begin = { .current = STR(PASSWORD) };
	const struct passkey_new_body no_passkey = { .credential_id = STR("1") };
	const struct codes_off_body codes_off = { 1 };
	const struct recovery_body recovery = { 0 };
	const struct profile_body profile = { .display_name = STR("Anna") };
	const struct password_body password = { STR(PASSWORD), STR("trombone sobre 1742"), STR("trombone sobre 1742") };
	const struct session_end_body no_session = { .id = 1 };
	const struct activity_body activity = { 0 };
	const struct alarm_body alarm = { .until_us = INT64_MAX };
	const struct close_body close_it = { str_of(b->name), STR(PASSWORD) };
	const struct link_body link = { STR("0123456789012345678901234567890123456789012") };
	const struct link_use_body link_use = { link.link, STR(PASSWORD), STR(PASSWORD) };
	const struct gate_body gate = { .method = STR("GET") };
	const struct gate_enter_body enter = { .method = STR("GET") };
	const struct gate_ticket_body ticket = { .ticket = STR("0123456789012345678901234567890123456789012") };
	const void *bodies[QUESTION_COUNT] = {
		[QUESTION_GATE] = &gate,
		[QUESTION_GATE_ENTER] = &enter,
		[QUESTION_GATE_TICKET] = &ticket,
		[QUESTION_REGISTER] = &registration,
		[QUESTION_SIGN_IN] = &sign_in,
		[QUESTION_VERIFY] = &verify,
		[QUESTION_STEP_UP] = &verify,
		[QUESTION_RECOVERY] = &recovery,
		[QUESTION_FACTOR_BEGIN] = &another,
		[QUESTION_FACTOR_CONFIRM] = &verify,
		[QUESTION_FACTOR_RENAME] = &no_factor,
		[QUESTION_FACTOR_REMOVE] = &no_factor,
		[QUESTION_PASSKEY_BEGIN] = &passkey_begin,
		[QUESTION_PASSKEY_FIRST] = &no_passkey,
		[QUESTION_PASSKEY_ADD] = &no_passkey,
		[QUESTION_CODES_OFF] = &codes_off,
		[QUESTION_PROFILE] = &profile,
		[QUESTION_PASSWORD] = &password,
		[QUESTION_SESSION_END] = &no_session,
		[QUESTION_ACTIVITY] = &activity,
		[QUESTION_ALARM_DISMISS] = &alarm,
		[QUESTION_CLOSE] = &close_it,
		[QUESTION_LINK] = &link,
		[QUESTION_LINK_USE] = &link_use,
	};

	return ask(w, b, e->question, bodies[e->question]);
}

static bool
gives_a_token(enum question_id id)
{
	return id == QUESTION_REGISTER || id == QUESTION_SIGN_IN || id == QUESTION_VERIFY || id == QUESTION_PASSWORD;
}

static void
try_in_state(struct world *w, const struct expected *e, unsigned state)
{
	struct browser b, another;
	char name[40], other[40], fresh[40];

	snprintf(name, sizeof(name), "alice-%d-%u", e->question, state);
	snprintf(other, sizeof(other), "robert-%d-%u", e->question, state);
	snprintf(fresh, sizeof(fresh), "fresh-%d-%u", e->question, state);
	bring_to(w, &another, other, STATE_ENROLLING);
	bring_to(w, &b, name, state);
	const struct token before = b.token;
	if (e->question == QUESTION_ENROL)
		b.secret[0] = '\0';
	enum verdict v = ask_rightly(w, &b, e, fresh, other);
	if (v != e->verdict[state] || b.head.state != e->after[state])
		fail_msg("%s in %s: verdict %d, then %s (%s)", wire_questions[e->question].name,
			 session_state_name(state), v, session_state_name(b.head.state), e->why);
	bool changed = memcmp(&before, &b.token, sizeof(before)) != 0;
	assert_int_equal(changed, v == PASSED && gives_a_token(e->question));
	if (e->question == QUESTION_ENROL)
		assert_int_equal(strlen(b.secret), v == PASSED ? 32 : 0);
}

static void
each_question_is_allowed_in_its_states_only(void **state)
{
	struct world w;

	world_new(&w);
	for (size_t i = 0; i < COUNT(expected); i++)
		for (unsigned s = 0; s < STATE_COUNT; s++)
			try_in_state(&w, &expected[i], s);
	world_end(&w);
}

static void
an_unknown_token_has_no_session(void **state)
{
	struct world w;
	struct browser b = { 0 };

	world_new(&w);
	assert_int_equal(random_fill(b.token.b, TOKEN_BYTES), ERR_OK);
	assert_verdict(ask(&w, &b, QUESTION_SESSION, NULL), VERDICT_REFUSED);
	assert_int_equal(b.head.state, STATE_NONE);
	assert_int_equal(b.head.account_id, 0);
	assert_verdict(ask(&w, &b, QUESTION_SIGN_OUT, NULL), VERDICT_STATE);
	world_end(&w);
}

static void
the_answer_head_has_name_and_expiry(void **state)
{
	struct world w;
	struct browser b;

	world_new(&w);
	int64_t began = clock_us();
	bring_to(&w, &b, "alice", STATE_FULL);
	assert_verdict(ask(&w, &b, QUESTION_SESSION, NULL), VERDICT_PASSED);
	assert_string_equal(b.name, "alice");
	assert_true(b.head.created_us >= began && b.head.created_us < began + SECONDS_US(60));
	assert_true(b.head.factor_since_us >= b.head.created_us);
	assert_int_equal(b.head.last_sign_in_us, 0);
	assert_true(b.head.expires_us > clock_us() + MINUTES_US(59) &&
		    b.head.expires_us <= clock_us() + MINUTES_US(60));
	int64_t first = b.head.factor_since_us;
	clock_forward(MINUTES_US(5));
	struct browser again = { 0 };
	assert_verdict(do_sign_in(&w, &again, "ALICE ", PASSWORD), VERDICT_PASSED);
	assert_true(again.head.expires_us > clock_us() + MINUTES_US(9) &&
		    again.head.expires_us <= clock_us() + MINUTES_US(10));
	assert_int_equal(again.head.last_sign_in_us, 0);
	assert_verdict(do_verify(&w, &again, code_of(b.secret, 0).z), VERDICT_PASSED);
	assert_int_equal(again.head.last_sign_in_us, first);
	world_end(&w);
}

static void
every_answer_head_has_the_values_of_the_page_layout(void **state)
{
	const struct recovery_body make = { 0 };
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	assert_int_equal(b.head.language, PREFERRED_BROWSER);
	assert_int_equal(b.head.time_format, TIME_LANGUAGE);
	assert_string_equal(b.display_name, "");
	assert_int_equal(b.head.recovery_left, 0);
	assert_int_equal(b.head.recovered, 0);
	assert_int_equal(b.head.alarms, 0);
	assert_int_equal(b.head.remembered_until_us, 0);
	assert_int_equal(b.head.codes_disabled, 0);
	assert_verdict(ask(&w, &b, QUESTION_RECOVERY, &make), VERDICT_PASSED);
	sql_run(&w, "UPDATE accounts SET display_name = 'Anna', language = 'fr', time_format = 'iso'");
	sql_run(&w, "UPDATE sessions SET remembered = 1");
	assert_verdict(ask(&w, &b, QUESTION_SESSION, NULL), VERDICT_PASSED);
	assert_int_equal(b.head.account_id, sql_number(&w, "SELECT id FROM accounts"));
	assert_string_equal(b.display_name, "Anna");
	assert_int_equal(b.head.language, PREFERRED_FR);
	assert_int_equal(b.head.time_format, TIME_ISO);
	assert_int_equal(b.head.recovery_left, 10);
	assert_true(b.head.remembered_until_us == b.head.expires_us && b.head.expires_us > clock_us());
	assert_true(b.head.verified_us != 0 && b.head.verified_us <= clock_us());
	char code[sizeof(b.recovery[0])];
	memcpy(code, b.recovery[0], sizeof(code));
	memset(&b.token, 0, sizeof(b.token));
	assert_verdict(do_sign_in(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	assert_int_equal(b.head.verified_us, 0);
	assert_verdict(do_verify(&w, &b, code), VERDICT_PASSED);
	assert_int_equal(b.head.recovered, 1);
	assert_int_equal(b.head.recovery_left, 9);
	memset(&b.token, 0, sizeof(b.token));
	sql_run(&w, "UPDATE factors SET disabled_at_us = 1");
	assert_verdict(do_sign_in(&w, &b, "alice", PASSWORD), VERDICT_PASSED);
	assert_int_equal(b.head.codes_disabled, 1);
	world_end(&w);
}

static void
answer_heads_count_the_digits_that_all_codes_share(void **state)
{
	static const struct {
		const char *why, *change;
		unsigned digits;
	} rows[] = {
		{ "the default", NULL, 6 },
		{ "imported", "UPDATE factors SET digits = 8", 8 },
		{ "a second one of the same length",
		  "INSERT INTO factors (id, account_id, kind, secret_sealed, digits, created_at_us, confirmed_at_us) "
		  "SELECT id + 1, account_id, kind, secret_sealed, 8, 1, 1 FROM factors",
		  8 },
		{ "different lengths", "UPDATE factors SET digits = 7 WHERE confirmed_at_us = 1", 0 },
		{ "a disabled one does not count", "UPDATE factors SET disabled_at_us = 1 WHERE confirmed_at_us = 1",
		  8 },
		{ "a pending one does not count",
		  "UPDATE factors SET disabled_at_us = NULL, confirmed_at_us = NULL, expires_at_us = 9, "
		  "session_id = (SELECT min(id) FROM sessions) WHERE confirmed_at_us = 1",
		  8 },
		{ "none is left", "UPDATE factors SET disabled_at_us = 1", 0 },
	};
	struct world w;
	struct browser b;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_ENROLLING);
	assert_int_equal(b.head.code_digits, 0);
	memset(&b, 0, sizeof(b));
	bring_to(&w, &b, "bob", STATE_PENDING);
	sql_run(&w, "DELETE FROM factors WHERE confirmed_at_us IS NULL");
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (rows[i].change != NULL)
			sql_run(&w, rows[i].change);
		assert_verdict(ask(&w, &b, QUESTION_SESSION, NULL), VERDICT_PASSED);
		if (b.head.code_digits != rows[i].digits)
			fail_msg("%s: %u", rows[i].why, b.head.code_digits);
	}
	world_end(&w);
}

static void
refused_sign_ins_do_not_count_the_digits(void **state)
{
	struct browser other = { 0 }, b;
	struct world w;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_PENDING);
	assert_verdict(do_sign_in(&w, &other, "alice", "not the password"), VERDICT_REFUSED);
	assert_int_equal(other.head.code_digits, 0);
	assert_verdict(do_sign_in(&w, &other, "nobody", PASSWORD), VERDICT_REFUSED);
	assert_int_equal(other.head.code_digits, 0);
	world_end(&w);
}

/* --- malformed questions ------------------------------------------------------------------------------------------ */

static size_t
a_question(struct buf *out, const struct browser *b)
{
	const struct question_head head = { .id = QUESTION_SIGN_IN, .token = b->token, .address = STR("::1") };
	const struct sign_in_body body = { STR("alice"), STR(PASSWORD) };

	wire_put(out, &wire_question_head, &head);
	wire_put(out, wire_questions[QUESTION_SIGN_IN].body, &body);
	return out->n;
}

/* Send any bytes; the answer must be well-formed and not PASSED. */
static enum verdict
ask_bytes(struct world *w, str question)
{
	CLEANUP(buf_wipe) struct buf answer = BUF(WIRE_MAX_BYTES);
	struct answer_head head = { 0 };

	keeper_answer(w->thread, question, NULL, NULL, &answer);
	str rest = buf_str(&answer);
	assert_int_equal(wire_get(&rest, &wire_answer_head, &head), ERR_OK);
	return (enum verdict)head.verdict;
}

static void
a_question_truncated_at_any_byte_is_malformed(void **state)
{
	struct world w;
	struct browser b;
	CLEANUP(buf_wipe) struct buf whole = BUF(WIRE_MAX_BYTES);

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	memset(&b.token, 0, sizeof(b.token));
	a_question(&whole, &b);
	for (size_t n = 0; n < whole.n; n++)
		assert_verdict(ask_bytes(&w, str_upto(buf_str(&whole), n)), VERDICT_MALFORMED);
	assert_verdict(ask_bytes(&w, buf_str(&whole)), VERDICT_PASSED);
	buf_put_byte(&whole, '\0');
	assert_verdict(ask_bytes(&w, buf_str(&whole)), VERDICT_MALFORMED);
	world_end(&w);
}

static void
an_oversized_question_is_malformed(void **state)
{
	struct world w;
	static char bytes[WIRE_MAX_BYTES + 1];

	world_new(&w);
	memset(bytes, 1, sizeof(bytes));
	bytes[1] = bytes[2] = bytes[3] = 0;
	assert_verdict(ask_bytes(&w, str_bytes(bytes, sizeof(bytes))), VERDICT_MALFORMED);
	memset(bytes, 0xff, sizeof(bytes));
	assert_verdict(ask_bytes(&w, str_bytes(bytes, sizeof(bytes))), VERDICT_MALFORMED);
	memset(bytes, 0, sizeof(bytes));
	assert_verdict(ask_bytes(&w, str_bytes(bytes, sizeof(bytes))), VERDICT_MALFORMED);
	world_end(&w);
}

static void
changed_and_random_questions_grant_no_access(void **state)
{
	struct world w;
	struct browser b, none = { 0 };

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	for (int i = 0; i < 20000; i++) {
		CLEANUP(buf_wipe) struct buf q = BUF(WIRE_MAX_BYTES);
		uint8_t dice[64];
		assert_int_equal(random_fill(dice, sizeof(dice)), ERR_OK);
		a_question(&q, &none);
		if (i % 2 == 0) { /* change one to four bytes of a good question, but not of its password */
			for (int n = 0; n <= dice[0] % 4; n++)
				q.p[dice[1 + n] % (q.n - strlen(PASSWORD))] = (char)dice[8 + n];
			memset(q.p + q.n - 1, 'x', 1);
		} else {
			buf_clear(&q);
			buf_put(&q, str_bytes(dice, dice[0] % sizeof(dice)));
		}
		enum verdict v = ask_bytes(&w, buf_str(&q));
		assert_true(v != VERDICT_PASSED && v != VERDICT_UNAVAILABLE);
	}
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_question_is_allowed_in_its_states_only),
		cmocka_unit_test(an_unknown_token_has_no_session),
		cmocka_unit_test(the_answer_head_has_name_and_expiry),
		cmocka_unit_test(every_answer_head_has_the_values_of_the_page_layout),
		cmocka_unit_test(answer_heads_count_the_digits_that_all_codes_share),
		cmocka_unit_test(refused_sign_ins_do_not_count_the_digits),
		cmocka_unit_test(a_question_truncated_at_any_byte_is_malformed),
		cmocka_unit_test(an_oversized_question_is_malformed),
		cmocka_unit_test(changed_and_random_questions_grant_no_access),
	};

	return cmocka_run_group_tests_name("keeper questions", tests, harness_setup, harness_teardown);
}
