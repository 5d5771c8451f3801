/*
 * sealing_open: it refuses arbitrary bytes.  It opens a sealed value only if the value is unchanged and the owner is
 * the same.
 *
 * The input is used twice: as a sealed value, and as changes to a real one.  A change has three bytes: the kind and two
 * operands.
 */
#include "target.h"

#include "keeper/keys/sealing.h"

enum { CHANGE_BYTES = 3, ROOM = 300 };

static const struct sealed_for owner = { "totp secret", 12, 34 };
static const char secret[] = "twenty bytes of seed";

/*
 * No value is sealed with the first key.  libFuzzer watches comparisons and may learn bytes that the second key sealed,
 * so arbitrary bytes are opened with the first key.
 */
enum key { KEY_OF_NOTHING, KEY_OF_VALUE, KEY_COUNT };

static const struct sealing *
sealing_with(enum key key)
{
	static struct sealing sealings[KEY_COUNT];
	struct sealing *sealing = &sealings[key];

	if (sealing->cipher == NULL) {
		PROMISE(sealing_setup(sealing) == ERR_OK);
		memset(sealing->key, 0x5a + key, sizeof(sealing->key));
		memcpy(sealing->key_id, "fuzz", sizeof(sealing->key_id));
	}
	return sealing;
}

static void
try_bytes(str sealed)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
	str opened = STR("untouched");

	PROMISE(sealing_open(sealing_with(KEY_OF_NOTHING), &owner, sealed, &arena, &opened) == ERR_CORRUPT);
	PROMISE(str_equal(opened, STR("untouched")));
}

struct value {
	uint8_t b[ROOM];
	size_t n;
	struct sealed_for owner;
};

static void
change(struct value *value, const uint8_t how[CHANGE_BYTES])
{
	static const char *const purposes[] = { "totp secret", "totp secreT", "totp secret ", "" };
	size_t at = how[1];

	switch (how[0] % 6) {
	case 0: /* flip bits */
		if (at < value->n)
			value->b[at] ^= how[2];
		break;
	case 1: /* shorten */
		value->n = at < value->n ? value->n - at : 0;
		break;
	case 2: /* append */
		if (value->n < ROOM)
			value->b[value->n++] = how[2];
		break;
	case 3:
		value->owner.account_id ^= (int64_t)((uint64_t)how[2] << at % 64);
		break;
	case 4:
		value->owner.factor_id ^= (int64_t)((uint64_t)how[2] << at % 64);
		break;
	default:
		value->owner.purpose = purposes[at % COUNT(purposes)];
	}
}

static bool
is_same(const struct value *a, const struct value *b)
{
	return a->n == b->n && memcmp(a->b, b->b, a->n) == 0 && a->owner.account_id == b->owner.account_id &&
	       a->owner.factor_id == b->owner.factor_id && strcmp(a->owner.purpose, b->owner.purpose) == 0;
}

static void
try_changes(str changes)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(64 * 1024);
	const struct sealing *sealing = sealing_with(KEY_OF_VALUE);
	struct value made = { .owner = owner }, changed;
	str sealed = { 0 }, opened = { 0 };

	PROMISE(sealing_seal(sealing, &owner, str_of(secret), &arena, &sealed) == ERR_OK);
	memcpy(made.b, sealed.p, sealed.n);
	made.n = sealed.n;
	changed = made;
	for (; changes.n >= CHANGE_BYTES; changes = str_from(changes, CHANGE_BYTES))
		change(&changed, (const uint8_t *)changes.p);
	err e = sealing_open(sealing, &changed.owner, str_bytes(changed.b, changed.n), &arena, &opened);
	PROMISE(e == (is_same(&made, &changed) ? ERR_OK : ERR_CORRUPT));
	PROMISE(e != ERR_OK || str_equal(opened, str_of(secret)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	try_bytes(str_bytes(bytes, n));
	try_changes(str_upto(str_bytes(bytes, n), 100 * CHANGE_BYTES));
	return 0;
}
