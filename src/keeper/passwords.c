#include "keeper/passwords.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/secret.h"

#include <argon2.h>
#include <crypt.h>
#include <stdio.h>
#include <utf8proc.h>

enum {
	SALT_BYTES = 16,
	TAG_BYTES = 32,
	CODE_POINTS_MAX = 4 * PASSWORD_MAX_BYTES, /* canonical decomposition gives four for one at most */
	/* what a stored hash may ask of us: beyond it the row was tampered with */
	ARGON2_KIB_MAX = 1024 * 1024,
	ARGON2_PASSES_MAX = 64,
	BCRYPT_ROUNDS_MAX = 18,
	BCRYPT_ROUNDS_MIN = 4,
	BCRYPT_TAG_CHARACTERS = 31,
	SHA_CRYPT_ROUNDS_MIN = 1000,
	SHA_CRYPT_ROUNDS_MAX = 1000000,
};

#ifdef DOUBLETOUR_TEST_HOOKS
#include <stdatomic.h>

static atomic_long work;

long
password_work_done(void)
{
	return atomic_load(&work);
}

static void
count_work(void)
{
	atomic_fetch_add(&work, 1);
}
#else
static void
count_work(void)
{
}
#endif

void
password_wipe(struct password *password)
{
	secret_wipe(password, sizeof(*password));
}

/* --- preparing ---------------------------------------------------------------------------------------------------- */

struct code_points {
	int32_t at[CODE_POINTS_MAX + 1];
};

static void
code_points_wipe(struct code_points *points)
{
	secret_wipe(points, sizeof(*points));
}

/* NFC; the text is well-formed UTF-8 without NUL. */
static enum problem
normalise(str typed, struct password *ret_password)
{
	static const utf8proc_option_t options = UTF8PROC_STABLE | UTF8PROC_COMPOSE;
	CLEANUP(code_points_wipe) struct code_points points;
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
	memcpy(ret_password->b, points.at, (size_t)n); /* reencode has put the bytes there */
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
	return normalise(typed, ret_password);
}

/* --- Argon2id ----------------------------------------------------------------------------------------------------- */

struct argon2_hash {
	unsigned memory_kib, passes, lanes;
	uint8_t salt[SALT_BYTES], tag[TAG_BYTES];
};

/*
 * The megabytes that a thread hashed in are kept for its next hash: having them anew from the system, page by page, takes a quarter of
 * the time of the hash itself.
 */
static _Thread_local struct {
	uint8_t *p;
	size_t n;
} kept;

bool
password_memory_is_kept(void)
{
	return kept.p != NULL;
}

void
password_memory_release(void)
{
	mem_free(&kept.p);
	kept.n = 0;
}

static int
argon2_memory_take(uint8_t **ret_memory, size_t n)
{
	if (kept.n != n)
		password_memory_release();
	*ret_memory = kept.p != NULL ? kept.p : mem_raw(n);
	kept.p = NULL;
	kept.n = 0;
	return *ret_memory == NULL ? ARGON2_MEMORY_ALLOCATION_ERROR : ARGON2_OK;
}

static void
argon2_memory_give(uint8_t *memory, size_t n)
{
	kept.p = memory; /* libargon2 has wiped it */
	kept.n = n;
}

static err
argon2_compute(const struct argon2_hash *how, const struct password *password, uint8_t *ret_tag)
{
	argon2_context context = {
		.out = ret_tag,
		.outlen = TAG_BYTES,
		.pwd = (uint8_t *)(uintptr_t)password->b,
		.pwdlen = (uint32_t)password->n,
		.salt = (uint8_t *)(uintptr_t)how->salt,
		.saltlen = SALT_BYTES,
		.t_cost = how->passes,
		.m_cost = how->memory_kib,
		.lanes = how->lanes,
		.threads = 1,
		.version = ARGON2_VERSION_13,
		.allocate_cbk = argon2_memory_take,
		.free_cbk = argon2_memory_give,
		.flags = ARGON2_DEFAULT_FLAGS,
	};
	int code = argon2id_ctx(&context);

	count_work();
	if (code == ARGON2_MEMORY_ALLOCATION_ERROR)
		return ERR_MEMORY;
	return code == ARGON2_OK ? ERR_OK : ERR_CRYPTO;
}

static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Base64 without padding of exactly n bytes. */
static err
base64_take(str text, uint8_t *ret_bytes, size_t n)
{
	uint32_t bits = 0;
	size_t filled = 0;

	if (text.n != (n * 4 + 2) / 3)
		return ERR_CORRUPT;
	for (size_t i = 0; i < text.n; i++) {
		int value = base64_value(text.p[i]);
		if (value < 0)
			return ERR_CORRUPT;
		bits = bits << 6 | (uint32_t)value;
		if (i % 4 != 0)
			ret_bytes[filled++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	return ERR_OK;
}

static void
base64_put(struct buf *out, const uint8_t *bytes, size_t n)
{
	size_t before = out->n;

	buf_put_base64(out, str_bytes(bytes, n));
	while (out->n > before && out->p[out->n - 1] == '=')
		out->n--;
}

/* "m=19456" with its key: the number behind it. */
static err
parameter_take(str *rest, str key, unsigned max, unsigned *ret_value)
{
	str part = str_cut(rest, ',');
	uint64_t value = 0;

	if (!str_starts(part, key) || str_number(str_from(part, key.n), max, &value) != ERR_OK || value == 0)
		return ERR_CORRUPT;
	*ret_value = (unsigned)value;
	return ERR_OK;
}

static err
argon2_parse(str text, struct argon2_hash *ret_hash)
{
	str rest = str_from(text, strlen("$argon2id$"));

	if (!str_starts(text, STR("$argon2id$")) || !str_equal(str_cut(&rest, '$'), STR("v=19")))
		return ERR_CORRUPT;
	str costs = str_cut(&rest, '$');
	TRY(parameter_take(&costs, STR("m="), ARGON2_KIB_MAX, &ret_hash->memory_kib));
	TRY(parameter_take(&costs, STR("t="), ARGON2_PASSES_MAX, &ret_hash->passes));
	TRY(parameter_take(&costs, STR("p="), 16, &ret_hash->lanes));
	if (ret_hash->memory_kib < 8 * ret_hash->lanes) /* RFC 9106, section 3.1 */
		return ERR_CORRUPT;
	if (costs.p != NULL)
		return ERR_CORRUPT;
	TRY(base64_take(str_cut(&rest, '$'), ret_hash->salt, SALT_BYTES));
	return base64_take(rest, ret_hash->tag, TAG_BYTES);
}

static err
argon2_text(const struct argon2_hash *hash, struct password_hash *ret_hash)
{
	CLEANUP(buf_wipe) struct buf out = BUF(HASH_TEXT_MAX);

	buf_printf(&out, "$argon2id$v=19$m=%u,t=%u,p=%u$", hash->memory_kib, hash->passes, hash->lanes);
	base64_put(&out, hash->salt, sizeof(hash->salt));
	buf_put_byte(&out, '$');
	base64_put(&out, hash->tag, sizeof(hash->tag));
	TRY(buf_check(&out));
	return str_copy_z(buf_str(&out), ret_hash->z, sizeof(ret_hash->z));
}

static struct argon2_hash
argon2_as_set(const struct config *config)
{
	return (
	    struct argon2_hash){ .memory_kib = config->argon2_memory_kib, .passes = config->argon2_passes, .lanes = 1 };
}

static err
argon2_hash_new(const struct config *config, const struct password *password, struct password_hash *ret_hash)
{
	struct argon2_hash hash = argon2_as_set(config);

	TRY(random_fill(hash.salt, sizeof(hash.salt)));
	TRY(argon2_compute(&hash, password, hash.tag));
	return argon2_text(&hash, ret_hash);
}

static err
argon2_nobodys(const struct config *config, struct password_hash *ret_hash)
{
	struct argon2_hash hash = argon2_as_set(config);

	TRY(random_fill(hash.salt, sizeof(hash.salt)));
	TRY(random_fill(hash.tag, sizeof(hash.tag)));
	return argon2_text(&hash, ret_hash);
}

static err
argon2_prove(str text, const struct password *password, bool *ret_right)
{
	struct argon2_hash hash = { 0 };
	uint8_t tag[TAG_BYTES];

	TRY(argon2_parse(text, &hash));
	TRY(argon2_compute(&hash, password, tag));
	*ret_right = secret_equal(tag, hash.tag, sizeof(tag));
	secret_wipe(tag, sizeof(tag));
	return ERR_OK;
}

static bool
argon2_outdated(const struct config *config, str text)
{
	struct argon2_hash hash = { 0 };

	return argon2_parse(text, &hash) != ERR_OK || hash.memory_kib != config->argon2_memory_kib ||
	       hash.passes != config->argon2_passes || hash.lanes != 1;
}

/* --- bcrypt ------------------------------------------------------------------------------------------------------- */

/* The letters in which crypt writes salts and hashes; with another there is nothing to be proved. */
static bool
is_crypt_text(str text)
{
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') && c != '.' &&
		    c != '/')
			return false;
	}
	return true;
}

/* $2b$13$...; $2a$ and $2y$ are the same for well-formed passwords.  0: not one of them. */
static unsigned
bcrypt_rounds(str text)
{
	uint64_t rounds = 0;

	if (text.n != 60 ||
	    (!str_starts(text, STR("$2b$")) && !str_starts(text, STR("$2a$")) && !str_starts(text, STR("$2y$"))))
		return 0;
	if (str_number(str_upto(str_from(text, 4), 2), BCRYPT_ROUNDS_MAX, &rounds) != ERR_OK ||
	    rounds < BCRYPT_ROUNDS_MIN || text.p[6] != '$' || !is_crypt_text(str_from(text, 7)))
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

/* Setting: a salt, or a whole hash.  libxcrypt answers with a text that begins with * when it cannot. */
static err
crypt_compute(const char *setting, const struct password *password, struct password_hash *ret_hash)
{
	CLEANUP(crypt_space_free) struct crypt_space space = { mem_new(sizeof(*space.data)) };
	const char *text;

	if (space.data == NULL)
		return ERR_MEMORY;
	text = crypt_r(password->b, setting, space.data);
	count_work();
	if (text == NULL || text[0] != '$')
		return ERR_CRYPTO;
	return str_copy_z(str_of(text), ret_hash->z, sizeof(ret_hash->z));
}

/* Hash with the stored one as setting: is it the same? */
static err
crypt_prove(str text, const struct password *password, bool *ret_right)
{
	struct password_hash stored = { 0 }, computed = { 0 };

	TRY(str_copy_z(text, stored.z, sizeof(stored.z)));
	TRY(crypt_compute(stored.z, password, &computed));
	*ret_right = strlen(computed.z) == text.n && secret_equal(stored.z, computed.z, text.n);
	return ERR_OK;
}

/* $2b$13$ and a new salt. */
static err
bcrypt_setting(const struct config *config, char ret_setting[CRYPT_GENSALT_OUTPUT_SIZE])
{
	char salt[SALT_BYTES];

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
bcrypt_nobodys(const struct config *config, struct password_hash *ret_hash)
{
	static const char letters[] = "./ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
	CLEANUP(buf_wipe) struct buf out = BUF(HASH_TEXT_MAX);
	char setting[CRYPT_GENSALT_OUTPUT_SIZE];
	uint8_t random[BCRYPT_TAG_CHARACTERS];

	TRY(bcrypt_setting(config, setting));
	TRY(random_fill(random, sizeof(random)));
	buf_put(&out, str_of(setting));
	for (size_t i = 0; i < sizeof(random); i++)
		buf_put_byte(&out, letters[random[i] % 64]);
	TRY(buf_check(&out));
	return str_copy_z(buf_str(&out), ret_hash->z, sizeof(ret_hash->z));
}

/* bcrypt reads 72 bytes: of what is longer the rest would not count, so it is never right. */
static err
bcrypt_prove(str text, const struct password *password, bool *ret_right)
{
	bool right = false;

	if (bcrypt_rounds(text) == 0)
		return ERR_CORRUPT;
	TRY(crypt_prove(text, password, &right));
	*ret_right = right && password->n <= BCRYPT_MAX_BYTES;
	return ERR_OK;
}

static bool
bcrypt_outdated(const struct config *config, str text)
{
	return bcrypt_rounds(text) != config->bcrypt_log_rounds;
}

/* --- SHA-crypt: of imported accounts only, until they sign in ------------------------------------------------------- */

/* $5$salt$hash or $6$salt$hash, perhaps with rounds=N$ in front of the salt.  An absurd number was not made by anybody. */
static bool
sha_crypt_usable(str text)
{
	str rest = str_from(text, 3);
	uint64_t rounds = 0;

	if (str_starts(rest, STR("rounds="))) {
		str number = str_from(str_cut(&rest, '$'), strlen("rounds="));
		if (str_number(number, SHA_CRYPT_ROUNDS_MAX, &rounds) != ERR_OK || rounds < SHA_CRYPT_ROUNDS_MIN ||
		    number.p[0] == '0') /* libxcrypt takes neither */
			return false;
	}
	if (!is_crypt_text(str_cut(&rest, '$')) || !is_crypt_text(rest))
		return false;
	return rest.n == (str_starts(text, STR("$5$")) ? 43 : 86) && text.n < HASH_TEXT_MAX;
}

static err
sha_crypt_prove(str text, const struct password *password, bool *ret_right)
{
	return sha_crypt_usable(text) ? crypt_prove(text, password, ret_right) : ERR_CORRUPT;
}

static bool
sha_crypt_outdated(const struct config *config, str text)
{
	return true;
}

/* --- the schemes -------------------------------------------------------------------------------------------------- */

static bool
argon2_usable(str text)
{
	struct argon2_hash hash = { 0 };

	return argon2_parse(text, &hash) == ERR_OK;
}

static bool
bcrypt_usable(str text)
{
	return bcrypt_rounds(text) != 0;
}

static const struct scheme {
	const char *begins;
	bool (*usable)(str hash);
	err (*hash)(const struct config *config, const struct password *password, struct password_hash *ret_hash);
	err (*nobodys)(const struct config *config, struct password_hash *ret_hash);
	err (*prove)(str hash, const struct password *password, bool *ret_right);
	bool (*outdated)(const struct config *config, str hash);
} schemes[] = {
	[SCHEME_ARGON2ID] = { "$argon2id$", argon2_usable, argon2_hash_new, argon2_nobodys, argon2_prove,
			      argon2_outdated },
	[SCHEME_BCRYPT] = { "$2", bcrypt_usable, bcrypt_hash_new, bcrypt_nobodys, bcrypt_prove, bcrypt_outdated },
	{ "$5$", sha_crypt_usable, NULL, NULL, sha_crypt_prove, sha_crypt_outdated },
	{ "$6$", sha_crypt_usable, NULL, NULL, sha_crypt_prove, sha_crypt_outdated },
};

static const struct scheme *
scheme_of(str hash)
{
	for (size_t i = 0; i < COUNT(schemes); i++)
		if (str_starts(hash, str_of(schemes[i].begins)))
			return &schemes[i];
	return NULL;
}

err
password_hash(const struct config *config, const struct password *password, struct password_hash *ret_hash)
{
	return schemes[config->password_scheme].hash(config, password, ret_hash);
}

err
password_hash_nobodys(const struct config *config, struct password_hash *ret_hash)
{
	return schemes[config->password_scheme].nobodys(config, ret_hash);
}

err
password_prove(str hash, const struct password *password, bool *ret_right)
{
	static const struct password nobodys = { .b = "not a password", .n = 14 };
	const struct scheme *scheme = scheme_of(hash);
	bool right = false;

	if (scheme == NULL)
		return ERR_CORRUPT;
	TRY(scheme->prove(hash, password == NULL ? &nobodys : password, &right));
	*ret_right = right && password != NULL;
	return ERR_OK;
}

bool
password_hash_usable(str hash)
{
	const struct scheme *scheme = scheme_of(hash);

	return scheme != NULL && scheme->usable(hash);
}

bool
password_hash_outdated(const struct config *config, str hash)
{
	return scheme_of(hash) != &schemes[config->password_scheme] ||
	       schemes[config->password_scheme].outdated(config, hash);
}
