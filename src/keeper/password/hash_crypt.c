/*
 * Schemes of libxcrypt: bcrypt, which the Flask tutorial uses, and SHA-crypt.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/secret.h"
#include "keeper/password/hash.h"

#include <crypt.h>

enum {
	/* cost limits of a stored hash: beyond them the row has been tampered with */
	BCRYPT_ROUNDS_MAX = 18,
	BCRYPT_ROUNDS_MIN = 4,
	BCRYPT_TAG_CHARACTERS = 31,
	BCRYPT_CHARACTERS = 60,
	BCRYPT_LETTERS = 64,
	SHA_CRYPT_ROUNDS_MIN = 1000,
	SHA_CRYPT_ROUNDS_MAX = 1000000,
	SHA_CRYPT_SALT_MAX = 16, /* crypt truncates longer salts, so its hashes never contain one */
};

static const char crypt_letters[] = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/* --- bcrypt ------------------------------------------------------------------------------------------------------- */

/* Does the text use only the letters of crypt's salts and hashes? Other texts cannot be verified. */
static bool
hash_crypt_is_crypt_text(str text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '.' &&
		    c != '/')
			return false;
	}
	return true;
}

/* For $2b$13$... returns 13. $2a$ and $2y$ are equivalent for valid passwords. 0: any other form. */
static unsigned
bcrypt_rounds(str text)
{
	uint64_t rounds = 0;

	if (text.n != BCRYPT_CHARACTERS ||
	    (!str_starts(text, STR("$2b$")) && !str_starts(text, STR("$2a$")) && !str_starts(text, STR("$2y$"))))
		return 0;
	if (str_number(str_upto(str_from(text, 4), 2), BCRYPT_ROUNDS_MAX, &rounds) != ERR_OK ||
	    rounds < BCRYPT_ROUNDS_MIN || text.p[6] != '$' || !hash_crypt_is_crypt_text(str_from(text, 7)))
		return 0;
	return (unsigned)rounds;
}

struct crypt_space {
	struct crypt_data *data;
};

static void
crypt_space_free(struct crypt_space *space)
{
	if (space->data != NULL)
		secret_wipe(space->data, sizeof(*space->data));
	mem_free(&space->data);
}

/* setting: a salt or a complete hash. On failure libxcrypt returns a text that begins with '*'. */
static err
crypt_compute(const char *setting, const struct password *password, struct password_hash *ret_hash)
{
	CLEANUP(crypt_space_free) struct crypt_space space = { mem_new(sizeof(*space.data)) };
	const char *text;

	if (space.data == NULL)
		return ERR_MEMORY;
	text = crypt_r(password->b, setting, space.data);
	hash_count_work();
	if (text == NULL || text[0] != '$')
		return ERR_CRYPTO;
	return str_copy_z(str_of(text), ret_hash->z, sizeof(ret_hash->z));
}

/* Hash the password with the stored hash as setting, and compare the results. */
static err
crypt_verify(str text, const struct password *password, bool *ret_right)
{
	struct password_hash stored = { 0 }, computed = { 0 };

	TRY(str_copy_z(text, stored.z, sizeof(stored.z)));
	TRY(crypt_compute(stored.z, password, &computed));
	*ret_right = strlen(computed.z) == text.n && secret_equal(stored.z, computed.z, text.n);
	return ERR_OK;
}

/*
 * The last letters of salt and hash contain two and four unused bits. crypt writes them as 0, other programs as any
 * value.
 */
static void
bcrypt_make_canonical(char hash[BCRYPT_CHARACTERS])
{
	static const struct {
		unsigned at, mask;
	} loose[] = { { 28, 0x30 }, { 59, 0x3c } };

	for (size_t i = 0; i < COUNT(loose); i++) {
		const char *letter = memchr(crypt_letters, hash[loose[i].at], BCRYPT_LETTERS);
		if (letter != NULL)
			hash[loose[i].at] = crypt_letters[(size_t)(letter - crypt_letters) & loose[i].mask];
	}
}

/* Write "$2b$13$" and a new salt. */
static err
bcrypt_setting(const struct config *config, char ret_setting[CRYPT_GENSALT_OUTPUT_SIZE])
{
	char salt[HASH_SALT_BYTES];

	TRY(random_fill(salt, sizeof(salt)));
	if (crypt_gensalt_rn("$2b$", config->bcrypt_log_rounds, salt, sizeof(salt), ret_setting,
			     CRYPT_GENSALT_OUTPUT_SIZE) == NULL)
		return ERR_CRYPTO;
	return ERR_OK;
}

static err
bcrypt_hash_new(const struct config *config, const struct password *password, struct password_hash *ret_hash)
{
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];

	if (password->n > BCRYPT_MAX_BYTES)
		return ERR_TOO_LONG;
	TRY(bcrypt_setting(config, setting));
	return crypt_compute(setting, password, ret_hash);
}

static err
bcrypt_dummy_hash(const struct config *config, struct password_hash *ret_hash)
{
	CLEANUP(buf_wipe) struct buf out = BUF(HASH_TEXT_MAX);
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	uint8_t random[BCRYPT_TAG_CHARACTERS];

	TRY(bcrypt_setting(config, setting));
	TRY(random_fill(random, sizeof(random)));
	buf_put(&out, str_of(setting));
	for (size_t i = 0; i < sizeof(random); i++)
		buf_put_byte(&out, crypt_letters[random[i] % BCRYPT_LETTERS]);
	TRY(buf_check(&out));
	return str_copy_z(buf_str(&out), ret_hash->z, sizeof(ret_hash->z));
}

/* bcrypt ignores bytes after the 72nd, so a longer password is never accepted. */
static err
bcrypt_verify(str text, const struct password *password, bool *ret_right)
{
	bool right = false;
	char hash[BCRYPT_CHARACTERS];

	if (bcrypt_rounds(text) == 0)
		return ERR_CORRUPT;
	memcpy(hash, text.p, sizeof(hash)); /* bcrypt_rounds has checked the length */
	bcrypt_make_canonical(hash);
	TRY(crypt_verify(str_bytes(hash, sizeof(hash)), password, &right));
	*ret_right = right && password->n <= BCRYPT_MAX_BYTES;
	return ERR_OK;
}

static bool
bcrypt_outdated(const struct config *config, str text)
{
	return bcrypt_rounds(text) != config->bcrypt_log_rounds;
}

static bool
bcrypt_usable(str text)
{
	return bcrypt_rounds(text) != 0;
}

const struct hash_scheme hash_bcrypt = { "$2",          bcrypt_usable,  bcrypt_hash_new, bcrypt_dummy_hash,
					 bcrypt_verify, bcrypt_outdated };

/* --- SHA-crypt: only for imported accounts, until their next sign-in ---------------------------------------------- */

/*
 * $5$salt$hash or $6$salt$hash, optionally with rounds=N$ before the salt. A number of rounds beyond the limits is
 * refused.
 */
static bool
sha_crypt_usable(str text)
{
	str rest = str_from(text, 3);
	uint64_t rounds = 0;

	if (str_starts(rest, STR("rounds="))) {
		str number = str_from(str_cut(&rest, '$'), strlen("rounds="));
		if (str_number(number, SHA_CRYPT_ROUNDS_MAX, &rounds) != ERR_OK || rounds < SHA_CRYPT_ROUNDS_MIN ||
		    number.p[0] == '0') /* libxcrypt accepts neither */
			return false;
	}
	str salt = str_cut(&rest, '$');
	if (salt.n > SHA_CRYPT_SALT_MAX || !hash_crypt_is_crypt_text(salt) || !hash_crypt_is_crypt_text(rest))
		return false;
	return rest.n == (str_starts(text, STR("$5$")) ? 43 : 86) && text.n < HASH_TEXT_MAX;
}

static err
sha_crypt_verify(str text, const struct password *password, bool *ret_right)
{
	return sha_crypt_usable(text) ? crypt_verify(text, password, ret_right) : ERR_CORRUPT;
}

static bool
sha_crypt_outdated(const struct config *config, str text)
{
	return true;
}

const struct hash_scheme hash_sha256_crypt = {
	"$5$", sha_crypt_usable, NULL, NULL, sha_crypt_verify, sha_crypt_outdated
};
const struct hash_scheme hash_sha512_crypt = {
	"$6$", sha_crypt_usable, NULL, NULL, sha_crypt_verify, sha_crypt_outdated
};
