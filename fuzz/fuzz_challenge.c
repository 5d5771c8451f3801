/*
 * challenge_check: arbitrary bytes are never accepted. A challenge is accepted if and only if its text, purpose and
 * holder are unchanged and its age is within the limits.
 *
 * The input is used twice: as a challenge, and as changes to a real one. A change has three bytes: the kind and two
 * operands.
 */
#include "target.h"

#include "base/clock.h"
#include "base/digest.h"
#include "webauthn/challenge.h"

enum { CHANGE_BYTES = 3, PURPOSES = CHALLENGE_ENROL };

static const int64_t made_us = SECONDS_US(1790000123);

/* No challenge is made with the first secret. */
static const uint8_t secret_of_nothing[CHALLENGE_KEY_BYTES] = { 1 }, secret[CHALLENGE_KEY_BYTES] = { 2 };

static int64_t
check(const uint8_t *with, const struct challenge_for *whom, str text, int64_t now_us)
{
	int64_t us = -1;

	PROMISE(challenge_check(with, whom, text, now_us, &us) == ERR_OK);
	return us;
}

static void
try_bytes(str text)
{
	const struct challenge_for whom = { CHALLENGE_SIGN_IN, STR("0123456789abcdefghijklmn") };

	PROMISE(check(secret_of_nothing, &whom, text, made_us) == 0);
}

struct value {
	char text[CHALLENGE_TEXT_BYTES + 1];
	size_t n;
	enum challenge_purpose purpose;
	char holder[CHALLENGE_HOLDER_MAX + 1];
	size_t holder_n;
	int64_t now_us;
};

static void
change(struct value *value, const uint8_t how[CHANGE_BYTES])
{
	size_t at = how[1];

	switch (how[0] % 7) {
	case 0: /* another character */
		if (at < value->n)
			value->text[at] = (char)how[2];
		break;
	case 1: /* shorten */
		value->n = at < value->n ? value->n - at : 0;
		break;
	case 2: /* append */
		if (value->n < sizeof(value->text))
			value->text[value->n++] = (char)how[2];
		break;
	case 3:
		value->purpose = (enum challenge_purpose)(1 + at % PURPOSES);
		break;
	case 4:
		value->holder[at % sizeof(value->holder)] = (char)how[2];
		break;
	case 5:
		value->holder_n = at % (sizeof(value->holder) + 1);
		break;
	default: /* another time of the check */
		value->now_us = made_us + SECONDS_US((int64_t)how[2] * 4 - 100) + (int64_t)at - 128;
	}
}

static bool
is_in_time(int64_t now_us)
{
	int64_t age_us = now_us - made_us;

	return age_us >= -SECONDS_US(60) && age_us < SECONDS_US(600);
}

static bool
is_same(const struct value *a, const struct value *b)
{
	return a->n == b->n && memcmp(a->text, b->text, a->n) == 0 && a->purpose == b->purpose &&
	       a->holder_n == b->holder_n && memcmp(a->holder, b->holder, a->holder_n) == 0;
}

static struct challenge_for
whom_of(const struct value *value)
{
	return (struct challenge_for){ value->purpose, str_bytes(value->holder, value->holder_n) };
}

/* Make the challenge as the keeper does, or as web does. */
static void
make(struct value *value, bool by_web)
{
	const struct challenge_for whom = whom_of(value);
	struct challenge_key key;

	if (!by_web) {
		PROMISE(challenge_issue(secret, &whom, made_us, value->text) == ERR_OK);
		return;
	}
	value->purpose = CHALLENGE_SIGN_IN;
	PROMISE(challenge_key_derive(secret, CHALLENGE_SIGN_IN, challenge_minute(made_us), &key) == ERR_OK);
	PROMISE(challenge_make(&key, whom.holder, made_us, value->text) == ERR_OK);
}

/* One challenge for each first byte, which says how it is made. Each is made once, and all executions change copies. */
static const struct value *
made_for(unsigned first)
{
	static struct value made[UINT8_MAX + 1];
	struct value *value = &made[first];

	if (value->n > 0)
		return value;
	*value = (struct value){ .n = CHALLENGE_TEXT_BYTES,
				 .purpose = (enum challenge_purpose)(1 + first % PURPOSES),
				 .holder_n = 1 + first / 4 % CHALLENGE_HOLDER_MAX,
				 .now_us = made_us };
	memset(value->holder, 'h', sizeof(value->holder));
	make(value, first % 8 == 7);
	return value;
}

static void
try_changes(str changes, unsigned first)
{
	const struct value *made = made_for(first);
	struct value changed = *made;

	for (; changes.n >= CHANGE_BYTES; changes = str_from(changes, CHANGE_BYTES))
		change(&changed, (const uint8_t *)changes.p);
	const struct challenge_for whom = whom_of(&changed);
	bool good = is_same(made, &changed) && is_in_time(changed.now_us);
	PROMISE(check(secret, &whom, str_bytes(changed.text, changed.n), changed.now_us) == (good ? made_us : 0));
	PROMISE(check(secret_of_nothing, &whom, str_bytes(changed.text, changed.n), changed.now_us) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	str changes = str_upto(str_bytes(bytes, n), 1 + 100 * CHANGE_BYTES);

	PROMISE(digest_setup() == ERR_OK);
	try_bytes(str_bytes(bytes, n));
	try_changes(str_from(changes, 1), n == 0 ? 0 : bytes[0]);
	return 0;
}
