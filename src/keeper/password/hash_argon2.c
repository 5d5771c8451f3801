/*
 * Argon2id (RFC 9106) with the reference library. Also counts computed hashes, for tests.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/secret.h"
#include "base/thread_end.h"
#include "keeper/password/hash.h"

#include <argon2.h>

enum {
	TAG_BYTES = 32, /* for new hashes; imported ones may differ */
	ARGON2_SALT_MIN = 8,
	ARGON2_SALT_MAX = 48,
	ARGON2_TAG_MIN = 16,
	ARGON2_TAG_MAX = 64,
	/* cost limits of a stored hash: beyond them the row has been tampered with */
	ARGON2_KIB_MAX = 1024 * 1024,
	ARGON2_PASSES_MAX = 64,
	ARGON2_KIB_PASSES_MAX = 4 * 1024 * 1024, /* memory times passes: the total work */
};

#ifdef DOUBLETOUR_TEST_HOOKS
#include <stdatomic.h>

static atomic_long work;

long
password_work_done(void)
{
	return atomic_load(&work);
}

void
hash_count_work(void)
{
	atomic_fetch_add(&work, 1);
}
#else
void
hash_count_work(void)
{
}
#endif

struct argon2_hash {
	unsigned memory_kib, passes, lanes;
	uint8_t salt[ARGON2_SALT_MAX], tag[ARGON2_TAG_MAX];
	size_t salt_n, tag_n;
};

/*
 * Each thread keeps the memory of its last hash for the next one, or until the thread ends. Getting it from the system
 * again, page by page, takes a quarter of the time of a hash.
 */
static _Thread_local struct kept {
	uint8_t *p;
	size_t n;
} kept;
static _Thread_local struct thread_end kept_end;

static void
argon2_kept_free(void *context)
{
	struct kept *k = context;

	mem_free(&k->p);
	k->n = 0;
}

bool
password_memory_is_kept(void)
{
	return kept.p != NULL;
}

void
password_memory_release(void)
{
	argon2_kept_free(&kept);
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

/* libargon2 has wiped the memory. */
static void
argon2_memory_give(uint8_t *memory, size_t n)
{
	if (!thread_end_do(&kept_end, argon2_kept_free, &kept)) {
		mem_drop(memory);
		return;
	}
	kept.p = memory;
	kept.n = n;
}

static err
argon2_compute(const struct argon2_hash *how, const struct password *password, uint8_t *ret_tag)
{
	argon2_context context = {
		.out = ret_tag,
		.outlen = (uint32_t)how->tag_n,
		.pwd = (uint8_t *)(uintptr_t)password->b,
		.pwdlen = (uint32_t)password->n,
		.salt = (uint8_t *)(uintptr_t)how->salt,
		.saltlen = (uint32_t)how->salt_n,
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

	hash_count_work();
	if (code == ARGON2_MEMORY_ALLOCATION_ERROR)
		return ERR_MEMORY;
	return code == ARGON2_OK ? ERR_OK : ERR_CRYPTO;
}

/* Decode unpadded base64 of min to max bytes. Spare bits that are set are refused, as by libargon2's decoder. */
static err
argon2_bytes(str text, size_t min, size_t max, uint8_t *ret_bytes, size_t *ret_n)
{
	size_t n = 0;

	if (str_base64(text, max, ret_bytes, &n) != ERR_OK || n < min)
		return ERR_CORRUPT;
	*ret_n = n;
	return ERR_OK;
}

/* Read the number of a parameter such as "m=19456". */
static err
argon2_parameter_take(str *rest, str key, unsigned max, unsigned *ret_value)
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
	TRY(argon2_parameter_take(&costs, STR("m="), ARGON2_KIB_MAX, &ret_hash->memory_kib));
	TRY(argon2_parameter_take(&costs, STR("t="), ARGON2_PASSES_MAX, &ret_hash->passes));
	TRY(argon2_parameter_take(&costs, STR("p="), 16, &ret_hash->lanes));
	if (ret_hash->memory_kib < 8 * ret_hash->lanes) /* RFC 9106, section 3.1 */
		return ERR_CORRUPT;
	if (costs.p != NULL)
		return ERR_CORRUPT;
	if ((uint64_t)ret_hash->memory_kib * ret_hash->passes > ARGON2_KIB_PASSES_MAX)
		return ERR_CORRUPT;
	TRY(argon2_bytes(str_cut(&rest, '$'), ARGON2_SALT_MIN, ARGON2_SALT_MAX, ret_hash->salt, &ret_hash->salt_n));
	return argon2_bytes(rest, ARGON2_TAG_MIN, ARGON2_TAG_MAX, ret_hash->tag, &ret_hash->tag_n);
}

static err
argon2_text(const struct argon2_hash *hash, struct password_hash *ret_hash)
{
	CLEANUP(buf_wipe) struct buf out = BUF(HASH_TEXT_MAX);

	buf_printf(&out, "$argon2id$v=19$m=%u,t=%u,p=%u$", hash->memory_kib, hash->passes, hash->lanes);
	buf_put_base64_unpadded(&out, str_bytes(hash->salt, hash->salt_n));
	buf_put_byte(&out, '$');
	buf_put_base64_unpadded(&out, str_bytes(hash->tag, hash->tag_n));
	TRY(buf_check(&out));
	return str_copy_z(buf_str(&out), ret_hash->z, sizeof(ret_hash->z));
}

static struct argon2_hash
argon2_as_set(const struct config *config)
{
	return (struct argon2_hash){ .memory_kib = config->argon2_memory_kib,
				     .passes = config->argon2_passes,
				     .lanes = 1,
				     .salt_n = HASH_SALT_BYTES,
				     .tag_n = TAG_BYTES };
}

static err
argon2_hash_new(const struct config *config, const struct password *password, struct password_hash *ret_hash)
{
	struct argon2_hash hash = argon2_as_set(config);

	TRY(random_fill(hash.salt, hash.salt_n));
	TRY(argon2_compute(&hash, password, hash.tag));
	return argon2_text(&hash, ret_hash);
}

static err
argon2_dummy_hash(const struct config *config, struct password_hash *ret_hash)
{
	struct argon2_hash hash = argon2_as_set(config);

	TRY(random_fill(hash.salt, hash.salt_n));
	TRY(random_fill(hash.tag, hash.tag_n));
	return argon2_text(&hash, ret_hash);
}

static err
argon2_password_verify(str text, const struct password *password, bool *ret_right)
{
	struct argon2_hash hash = { 0 };
	uint8_t tag[ARGON2_TAG_MAX];

	TRY(argon2_parse(text, &hash));
	TRY(argon2_compute(&hash, password, tag));
	*ret_right = secret_equal(tag, hash.tag, hash.tag_n);
	secret_wipe(tag, sizeof(tag));
	return ERR_OK;
}

static bool
argon2_outdated(const struct config *config, str text)
{
	struct argon2_hash hash = { 0 };

	return argon2_parse(text, &hash) != ERR_OK || hash.memory_kib != config->argon2_memory_kib ||
	       hash.passes != config->argon2_passes || hash.lanes != 1 || hash.salt_n != HASH_SALT_BYTES ||
	       hash.tag_n != TAG_BYTES;
}

static bool
argon2_usable(str text)
{
	struct argon2_hash hash = { 0 };

	return argon2_parse(text, &hash) == ERR_OK;
}

const struct hash_scheme hash_argon2id = { "$argon2id$",      argon2_usable,          argon2_hash_new,
					   argon2_dummy_hash, argon2_password_verify, argon2_outdated };
