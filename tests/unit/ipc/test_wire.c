/* The encoding of messages between web and keeper: every message both ways, and refused bytes. */
#include "unit.h"

#include "ipc/questions.h"

#include <string.h>

enum small { SMALL_COUNT = 3 };

struct sample {
	uint32_t number;
	int64_t big;
	str text;
	struct token token;
};

static const struct wire_field sample_fields[] = {
	WIRE_FIELD(struct sample, number, SMALL_COUNT - 1),
	WIRE_FIELD(struct sample, big, 0),
	WIRE_FIELD(struct sample, text, 5),
	WIRE_FIELD(struct sample, token, 0),
};
static const struct wire_def sample_def = WIRE_DEF(struct sample, sample_fields);

static struct sample
sample_of(uint32_t number, int64_t big, str text)
{
	struct sample sample = { .number = number, .big = big, .text = text };

	for (int i = 0; i < TOKEN_BYTES; i++)
		sample.token.b[i] = (uint8_t)(i + 1);
	return sample;
}

static void
wire_puts_little_endian_numbers_and_counted_texts(void **state)
{
	CLEANUP(buf_wipe) struct buf out = BUF(WIRE_MAX_BYTES);
	struct sample sample = sample_of(2, -2, STR("ab"));
	static const unsigned char head[] = { 2,    0,    0,    0, 0xfe, 0xff, 0xff, 0xff, 0xff,
					      0xff, 0xff, 0xff, 2, 0,    0,    0,    'a',  'b' };

	wire_put(&out, &sample_def, &sample);
	assert_int_equal(buf_check(&out), ERR_OK);
	assert_int_equal(out.n, sizeof(head) + TOKEN_BYTES);
	assert_memory_equal(out.p, head, sizeof(head));
	assert_int_equal(out.p[sizeof(head)], 1);
}

static void
wire_round_trips_every_message(void **state)
{
	static const struct {
		uint32_t number;
		int64_t big;
		str text;
		const char *why;
	} cases[] = {
		{ 0, 0, STR_INIT(""), "the least values" },
		{ 2, INT64_MAX, STR_INIT("12345"), "the greatest values" },
		{ 1, INT64_MIN, STR_INIT("a\0b"), "number 0, a NUL in a text" },
		{ 1, -1, STR_INIT("\xff"), "all bits set, invalid UTF-8" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(buf_wipe) struct buf out = BUF(WIRE_MAX_BYTES);
		struct sample sample = sample_of(cases[i].number, cases[i].big, cases[i].text), got = { 0 };
		unit_note("%s", cases[i].why);
		wire_put(&out, &sample_def, &sample);
		str rest = buf_str(&out);
		assert_int_equal(wire_get(&rest, &sample_def, &got), ERR_OK);
		assert_int_equal(rest.n, 0);
		assert_int_equal(got.number, sample.number);
		assert_true(got.big == sample.big);
		assert_true(str_equal(got.text, sample.text));
		assert_memory_equal(&got.token, &sample.token, sizeof(got.token));
	}
}

static void
wire_refuses_to_put_values_over_their_limit(void **state)
{
	static const struct {
		uint32_t number;
		str text;
		const char *why;
	} cases[] = {
		{ 3, STR_INIT(""), "a number over its maximum" },
		{ UINT32_MAX, STR_INIT(""), "a number far over its maximum" },
		{ 0, STR_INIT("123456"), "a text one byte too long" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(buf_wipe) struct buf out = BUF(WIRE_MAX_BYTES);
		struct sample sample = sample_of(cases[i].number, 0, cases[i].text);
		unit_note("%s", cases[i].why);
		wire_put(&out, &sample_def, &sample);
		assert_int_equal(buf_check(&out), ERR_TOO_LONG);
	}
}

static void
wire_refuses_every_truncation(void **state)
{
	CLEANUP(buf_wipe) struct buf out = BUF(WIRE_MAX_BYTES);
	struct sample sample = sample_of(1, 1, STR("abc")), got;

	wire_put(&out, &sample_def, &sample);
	for (size_t n = 0; n < out.n; n++) {
		str rest = str_upto(buf_str(&out), n);
		assert_int_equal(wire_get(&rest, &sample_def, &got), ERR_PROTOCOL);
	}
}

static void
wire_refuses_numbers_and_lengths_over_the_table(void **state)
{
	static const struct {
		size_t at;
		unsigned char byte;
		const char *why;
	} cases[] = {
		{ 0, 3, "a number one over its maximum" },           { 3, 0x80, "a number with its top bit" },
		{ 12, 6, "a text one byte over its maximum" },       { 15, 0xff, "a length near 2^32" },
		{ 14, 1, "a length beyond the end of the message" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(buf_wipe) struct buf out = BUF(WIRE_MAX_BYTES);
		struct sample sample = sample_of(1, 1, STR("abc")), got;
		unit_note("%s", cases[i].why);
		wire_put(&out, &sample_def, &sample);
		out.p[cases[i].at] = (char)cases[i].byte;
		str rest = buf_str(&out);
		assert_int_equal(wire_get(&rest, &sample_def, &got), ERR_PROTOCOL);
	}
}

static void
wire_leaves_later_bytes_to_the_next_message(void **state)
{
	CLEANUP(buf_wipe) struct buf out = BUF(WIRE_MAX_BYTES);
	struct sample one = sample_of(1, 1, STR("one")), two = sample_of(2, 2, STR("two")), got = { 0 };

	wire_put(&out, &sample_def, &one);
	wire_put(&out, &sample_def, &two);
	str rest = buf_str(&out);
	assert_int_equal(wire_get(&rest, &sample_def, &got), ERR_OK);
	assert_true(str_equal(got.text, STR("one")));
	assert_int_equal(wire_get(&rest, &sample_def, &got), ERR_OK);
	assert_true(str_equal(got.text, STR("two")));
	assert_int_equal(rest.n, 0);
}

/* The maximum size of a message: the sum of its fields' maxima. */
static size_t
most_bytes(const struct wire_def *def)
{
	size_t bytes = 0;

	for (size_t i = 0; i < def->count; i++)
		switch (def->fields[i].kind) {
		case WIRE_U32:
			bytes += 4;
			break;
		case WIRE_I64:
			bytes += 8;
			break;
		case WIRE_STR:
			bytes += 4 + def->fields[i].max;
			break;
		case WIRE_TOKEN:
			bytes += TOKEN_BYTES;
			break;
		}
	return bytes;
}

static void
wire_every_message_fits_into_a_datagram(void **state)
{
	for (size_t i = 1; i < QUESTION_COUNT; i++) {
		const struct wire_question *q = &wire_questions[i];
		assert_non_null(q->name);
		assert_true(q->body->size <= WIRE_BODY_MAX_BYTES && q->answer->size <= WIRE_BODY_MAX_BYTES);
		assert_true(most_bytes(&wire_question_head) + most_bytes(q->body) <= WIRE_MAX_BYTES);
		assert_true(most_bytes(&wire_answer_head) + most_bytes(q->answer) <= WIRE_MAX_BYTES);
	}
	assert_true(most_bytes(&wire_push) <= WIRE_MAX_BYTES);
}

/* The sum of the fields' sizes in the struct. Each byte of a struct that is not padding must belong to a field. */
static size_t
covered_bytes(const struct wire_def *def)
{
	static const size_t sizes[] = {
		[WIRE_U32] = 4, [WIRE_I64] = 8, [WIRE_STR] = sizeof(str), [WIRE_TOKEN] = TOKEN_BYTES
	};
	size_t bytes = 0;

	for (size_t i = 0; i < def->count; i++)
		bytes += sizes[def->fields[i].kind];
	return bytes;
}

static void
wire_tables_name_every_member_of_their_struct(void **state)
{
	const struct wire_def *defs[3 + 2 * QUESTION_COUNT] = { &wire_question_head, &wire_answer_head, &wire_push };
	size_t n = 3;

	for (size_t i = 1; i < QUESTION_COUNT; i++) {
		defs[n++] = wire_questions[i].body;
		defs[n++] = wire_questions[i].answer;
	}
	for (size_t i = 0; i < n; i++) {
		unit_note("%s", defs[i]->name);
		assert_true(defs[i]->size - covered_bytes(defs[i]) < 8 * 2); /* padding only */
		for (size_t f = 1; f < defs[i]->count; f++)
			assert_true(defs[i]->fields[f].offset > defs[i]->fields[f - 1].offset);
	}
}

static void
wire_names_states(void **state)
{
	assert_string_equal(session_state_name(STATE_NONE), "none");
	assert_string_equal(session_state_name(STATE_FULL), "full");
	assert_string_equal(session_state_name((enum session_state)99), "none");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(wire_puts_little_endian_numbers_and_counted_texts),
		cmocka_unit_test(wire_round_trips_every_message),
		cmocka_unit_test(wire_refuses_to_put_values_over_their_limit),
		cmocka_unit_test(wire_refuses_every_truncation),
		cmocka_unit_test(wire_refuses_numbers_and_lengths_over_the_table),
		cmocka_unit_test(wire_leaves_later_bytes_to_the_next_message),
		cmocka_unit_test(wire_every_message_fits_into_a_datagram),
		cmocka_unit_test(wire_tables_name_every_member_of_their_struct),
		cmocka_unit_test(wire_names_states),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
