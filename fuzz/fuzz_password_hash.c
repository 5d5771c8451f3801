/*
 * password_hash_usable, password_hash_outdated, password_verify, on any stored text: it may come from an import or from
 * a tampered database.  An unusable text is ERR_CORRUPT.  No text accepts two different passwords.  A text with today's
 * cost is not outdated.
 *
 * This target bounds the cost, not the code under test: expensive hashes are only parsed.
 */
#include "target.h"

#include "keeper/password/passwords.h"

#include <stdio.h>

enum { ARGON2_WORK_MAX = 256, BCRYPT_COST_MAX = 5, SHA_CRYPT_ROUNDS_MAX = 2000, TEXT_MAX = 400 };

static const struct password right_one = { .b = "trombone ivre 1741", .n = 18 };
static const struct password wrong_one = { .b = "trombone ivre 1742", .n = 18 };
static const struct config argon2 = { .password_scheme = SCHEME_ARGON2ID, .argon2_memory_kib = 8, .argon2_passes = 1 };
static const struct config bcrypt = { .password_scheme = SCHEME_BCRYPT, .bcrypt_log_rounds = 4 };

static bool
is_cheap(const char *text)
{
	unsigned long memory_kib = 0, passes = 0, rounds = 0;

	if (sscanf(text, "$argon2id$v=19$m=%lu,t=%lu", &memory_kib, &passes) == 2)
		return memory_kib <= ARGON2_WORK_MAX && passes <= ARGON2_WORK_MAX &&
		       memory_kib * passes <= ARGON2_WORK_MAX;
	if (sscanf(text, "$2%*1[aby]$%2lu", &rounds) == 1)
		return rounds <= BCRYPT_COST_MAX;
	return sscanf(text, "$%*1[56]$rounds=%lu", &rounds) == 1 && rounds <= SHA_CRYPT_ROUNDS_MAX;
}

/* A usable hash can be verified without an error. */
static bool
verify(str text, const struct password *password)
{
	bool right = false;

	PROMISE(password_verify(text, password, &right) == ERR_OK);
	return right;
}

static void
try_usable(str text)
{
	PROMISE(!(verify(text, &right_one) && verify(text, &wrong_one)));
	PROMISE(!verify(text, NULL));
}

static void
try_unusable(str text)
{
	bool right = true;

	PROMISE(password_verify(text, &right_one, &right) == ERR_CORRUPT && right);
	PROMISE(password_hash_outdated(&argon2, text) && password_hash_outdated(&bcrypt, text));
}

/* The cost is that of the settings, the salt has 16 bytes and the tag 32: 22 and 43 letters. */
static bool
is_of_today_argon2(const char *text)
{
	unsigned long memory_kib = 0, passes = 0, lanes = 0;
	int salt = 0, tag = 0, end = 0;

	if (sscanf(text, "$argon2id$v=19$m=%lu,t=%lu,p=%lu$%n%*[^$]$%n%*s%n", &memory_kib, &passes, &lanes, &salt, &tag,
		   &end) != 3)
		return false;
	return memory_kib == 8 && passes == 1 && lanes == 1 && tag - salt == 22 + 1 && end - tag == 43;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	char z[TEXT_MAX] = "";
	str text = str_bytes(bytes, n);

	if (n > 0)
		memcpy(z, bytes, n < TEXT_MAX ? n : TEXT_MAX - 1);
	if (!password_hash_usable(text)) {
		try_unusable(text);
		return 0;
	}
	PROMISE(password_hash_outdated(&argon2, text) == !is_of_today_argon2(z));
	PROMISE(password_hash_outdated(&bcrypt, text) == !(z[1] == '2' && strncmp(z + 3, "$04$", 4) == 0));
	if (is_cheap(z))
		try_usable(text);
	return 0;
}
