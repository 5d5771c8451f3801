#include "keeper/password/passwords.h"

#include "base/secret.h"
#include "keeper/password/hash.h"

#include <utf8proc.h>

enum {
	CODE_POINTS_MAX = 4 * PASSWORD_MAX_BYTES, /* canonical decomposition gives at most four code points for one */
};

void
password_wipe(struct password *password)
{
	secret_wipe(password, sizeof(*password));
}

/* --- normalisation ------------------------------------------------------------------------------------------------ */

struct code_points {
	int32_t at[CODE_POINTS_MAX + 1];
};

static void
passwords_code_points_wipe(struct code_points *points)
{
	secret_wipe(points, sizeof(*points));
}

/* Convert to NFC. The text is well-formed UTF-8 without NUL. */
static enum problem
passwords_normalise(str typed, struct password *ret_password)
{
	static const utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
	CLEANUP(passwords_code_points_wipe) struct code_points points;
	utf8proc_ssize_t n = utf8proc_decompose((const uint8_t *)typed.p, (utf8proc_ssize_t)typed.n, points.at,
						CODE_POINTS_MAX, options);

	if (n < 0)
		return PROBLEM_CHARACTERS;
	if (n > CODE_POINTS_MAX)
		return PROBLEM_TOO_LONG;
	n = utf8proc_reencode(points.at, n, options);
	if (n < 0)
		return PROBLEM_CHARACTERS;
	if (n > PASSWORD_MAX_BYTES)
		return PROBLEM_TOO_LONG;
	memcpy(ret_password->b, points.at, (size_t)n); /* utf8proc_reencode writes UTF-8 into the same buffer */
	ret_password->b[n] = '\0';
	ret_password->n = (size_t)n;
	return PROBLEM_NONE;
}

enum problem
password_prepare(str typed, struct password *ret_password)
{
	if (typed.n > PASSWORD_MAX_BYTES)
		return PROBLEM_TOO_LONG;
	if (str_has_byte(typed, '\0') || !str_utf8_valid(typed))
		return PROBLEM_CHARACTERS;
	return passwords_normalise(typed, ret_password);
}

/* --- schemes ------------------------------------------------------------------------------------------------------ */

static const struct hash_scheme *const schemes[] = {
	[SCHEME_ARGON2ID] = &hash_argon2id,
	[SCHEME_BCRYPT] = &hash_bcrypt,
	&hash_sha256_crypt,
	&hash_sha512_crypt,
};

static const struct hash_scheme *
passwords_scheme_of(str hash)
{
	for (size_t i = 0; i < COUNT(schemes); i++)
		if (str_starts(hash, str_of(schemes[i]->begins)))
			return schemes[i];
	return NULL;
}

err
password_hash(const struct config *config, const struct password *password, struct password_hash *ret_hash)
{
	return schemes[config->password_scheme]->hash(config, password, ret_hash);
}

err
password_hash_dummy(const struct config *config, struct password_hash *ret_hash)
{
	return schemes[config->password_scheme]->dummy_hash(config, ret_hash);
}

err
password_verify(str hash, const struct password *password, bool *ret_right)
{
	static const struct password dummy = { .b = "not a password", .n = 14 };
	const struct hash_scheme *scheme = passwords_scheme_of(hash);
	bool right = false;

	if (scheme == NULL)
		return ERR_CORRUPT;
	TRY(scheme->verify(hash, password == NULL ? &dummy : password, &right));
	*ret_right = right && password != NULL;
	return ERR_OK;
}

bool
password_hash_usable(str hash)
{
	const struct hash_scheme *scheme = passwords_scheme_of(hash);

	return scheme != NULL && scheme->usable(hash);
}

/* Unsupported schemes and forms that imports may contain. Longer prefixes come first. */
static const struct {
	const char *begins, *sentence;
} schemes_of_others[] = {
	{ "$argon2i$", "its password hash uses Argon2i, which is not supported; Argon2id is" },
	{ "$argon2d$", "its password hash uses Argon2d, which is not supported; Argon2id is" },
	{ "$argon2id$", "its password hash is Argon2id with an unsupported cost, salt or length" },
	{ "$2x$", "its password hash uses a defective bcrypt ($2x$), which is not supported" },
	{ "$2", "its password hash is bcrypt with an unsupported form or cost" },
	{ "$5$", "its password hash is SHA-256-crypt with an unsupported form or cost" },
	{ "$6$", "its password hash is SHA-512-crypt with an unsupported form or cost" },
	{ "$pbkdf2", "its password hash uses PBKDF2, which is not supported" },
	{ "pbkdf2:", "its password hash uses PBKDF2, which is not supported" },
	{ "$scrypt$", "its password hash uses scrypt, which is not supported" },
	{ "scrypt:", "its password hash uses scrypt, which is not supported" },
	{ "$7$", "its password hash uses scrypt, which is not supported" },
	{ "$y$", "its password hash uses yescrypt, which is not supported" },
	{ "$gy$", "its password hash uses yescrypt, which is not supported" },
	{ "$apr1$", "its password hash uses Apache's MD5, which is not supported" },
	{ "$1$", "its password hash uses MD5-crypt, which is not supported" },
	{ "{SHA}", "its password hash uses SHA-1, which is not supported" },
	{ "{SSHA}", "its password hash uses SHA-1, which is not supported" },
};

const char *
password_hash_wrong(str hash)
{
	if (password_hash_usable(hash))
		return NULL;
	if (hash.n == 0)
		return "it has no password hash";
	for (size_t i = 0; i < COUNT(schemes_of_others); i++)
		if (str_starts(hash, str_of(schemes_of_others[i].begins)))
			return schemes_of_others[i].sentence;
	return "its password hash has an unknown format";
}

bool
password_hash_outdated(const struct config *config, str hash)
{
	return passwords_scheme_of(hash) != schemes[config->password_scheme] ||
	       schemes[config->password_scheme]->outdated(config, hash);
}
