/*
 * For memcheck: checks codes with keys whose state is marked as undefined.  Memcheck then reports each branch and each
 * address that depends on the secret or on a code computed from it.  constant_time.py runs it.
 *
 * Exits with 0 when each answer was right.  Memcheck reports its findings by its own exit status.
 */
#include <doubletour/otp.h>

#include <stdio.h>
#include <string.h>
#include <valgrind/memcheck.h>

enum { STEP = 37037036 };

static const uint8_t secret[OTP_SECRET_DEFAULT] = "12345678901234567890";

/* clang-format off */
static const struct change {
	unsigned first, last; /* the digits to change */
	const char *why;
} changes[] = {
	{ 0, 0, "the first digit is wrong: an early return would be fast" },
	{ 5, 5, "the last of six digits is wrong: an early return would be slow" },
	{ 0, 5, "all digits are wrong" },
	{ 1, 0, "all digits are right" },
};

static const struct kind {
	enum otp_algorithm algorithm;
	size_t chained; /* bytes of the chaining value, at the beginning of the hash state */
	struct otp_totp totp;
} kinds[] = {
	{ OTP_SHA1,   20, {  6, 30, 0, 1, 1 } },
	{ OTP_SHA1,   20, { 10, 30, 0, 0, 5 } },
	{ OTP_SHA256, 32, {  8, 30, 0, 1, 1 } },
	{ OTP_SHA512, 64, {  7, 30, 0, 3, 0 } },
};
/* clang-format on */

/* Mark the two hash states as undefined, except the number of hashed bytes, which is one block for every secret. */
static void
key_hide(struct otp_key *key, size_t chained)
{
	VALGRIND_MAKE_MEM_UNDEFINED(key->state, chained);
	VALGRIND_MAKE_MEM_UNDEFINED(key->state + OTP_KEY_STATE / 2, chained);
}

/* Make the right code and change it.  Hide the key. */
static void
prepare(const struct kind *kind, const struct change *change, struct otp_key *key, char code[OTP_CODE_SIZE])
{
	if (otp_key_init(key, kind->algorithm, secret, sizeof(secret), 0) != OTP_OK ||
	    otp_hotp_code(key, STEP, kind->totp.digits, code) != OTP_OK)
		code[0] = '\0';
	for (unsigned i = change->first; i <= change->last; i++)
		code[i] = (char)('0' + (code[i] - '0' + 1) % 10);
	key_hide(key, kind->chained);
}

static bool
totp_is_right(const struct kind *kind, const struct change *change)
{
	struct otp_match match = { false, 0 };
	char code[OTP_CODE_SIZE];
	struct otp_key key;
	enum otp_status status;

	prepare(kind, change, &key, code);
	status = otp_totp_verify(&key, &kind->totp, code, strlen(code), (int64_t)STEP * 30 * 1000000, -1, &match);
	VALGRIND_MAKE_MEM_DEFINED(&match, sizeof(match));
	return status == OTP_OK && match.ok == (change->first > change->last);
}

static bool
hotp_is_right(const struct kind *kind, const struct change *change)
{
	struct otp_counter_match match = { false, 0 };
	char code[OTP_CODE_SIZE];
	struct otp_key key;
	enum otp_status status;

	prepare(kind, change, &key, code);
	status = otp_hotp_verify(&key, kind->totp.digits, code, strlen(code), STEP - 2, 4, &match);
	VALGRIND_MAKE_MEM_DEFINED(&match, sizeof(match));
	return status == OTP_OK && match.ok == (change->first > change->last);
}

static bool
steam_is_right(const struct change *change)
{
	enum { LAST = OTP_STEAM_SIZE - 2 };
	struct otp_match match = { false, 0 };
	char code[OTP_STEAM_SIZE];
	struct otp_key key;
	enum otp_status status;

	if (otp_key_init(&key, OTP_SHA1, secret, sizeof(secret), 0) != OTP_OK ||
	    otp_steam_code(&key, STEP, code) != OTP_OK)
		return false;
	for (unsigned i = change->first; i <= change->last; i++)
		code[i < LAST ? i : LAST] = code[i < LAST ? i : LAST] == 'B' ? 'C' : 'B';
	key_hide(&key, 20);
	status = otp_steam_verify(&key, code, strlen(code), (int64_t)STEP * 30 * 1000000, 1, 1, -1, &match);
	VALGRIND_MAKE_MEM_DEFINED(&match, sizeof(match));
	return status == OTP_OK && match.ok == (change->first > change->last);
}

int
main(void)
{
	int wrong = 0;

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (size_t c = 0; c < sizeof(changes) / sizeof(changes[0]); c++) {
			if (totp_is_right(&kinds[k], &changes[c]) && hotp_is_right(&kinds[k], &changes[c]))
				continue;
			printf("# kind %zu: %s\n", k, changes[c].why);
			wrong = 1;
		}
	for (size_t c = 0; c < sizeof(changes) / sizeof(changes[0]); c++)
		if (!steam_is_right(&changes[c])) {
			printf("# Steam: %s\n", changes[c].why);
			wrong = 1;
		}
	return wrong;
}
