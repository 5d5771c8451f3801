#include "keeper/oidc/client_secret.h"

#include "base/random.h"
#include "base/secret.h"

#include <openssl/evp.h>

enum { DIGEST_SALT_MAX = 128, DIGEST_KEY_MIN = 16, DIGEST_KEY_MAX = 64 };

err
client_secret_make(struct client_secret *ret_secret)
{
	uint8_t bytes[DIGEST_BYTES];

	TRY(random_fill(bytes, sizeof(bytes)));
	str_base64url_write(bytes, sizeof(bytes), ret_secret->z);
	ret_secret->z[CLIENT_SECRET_CHARACTERS] = '\0';
	secret_wipe(bytes, sizeof(bytes));
	return ERR_OK;
}

void
client_secret_wipe(struct client_secret *secret)
{
	secret_wipe(secret, sizeof(*secret));
}

/* --- imported digests --------------------------------------------------------------------------------------------- */

struct client_digest {
	const EVP_MD *md;
	int iterations;
	uint8_t salt[DIGEST_SALT_MAX], key[DIGEST_KEY_MAX];
	size_t salt_n, key_n;
};

static const EVP_MD *
client_digest_md(str name)
{
	if (str_equal(name, STR("pbkdf2-sha512")))
		return EVP_sha512();
	if (str_equal(name, STR("pbkdf2-sha256")))
		return EVP_sha256();
	return str_equal(name, STR("pbkdf2")) || str_equal(name, STR("pbkdf2-sha1")) ? EVP_sha1() : NULL;
}

/* Base64 without padding, where '.' may stand for '+'. */
static err
client_digest_base64(str text, size_t max, uint8_t *ret_bytes, size_t *ret_n)
{
	char plain[CLIENT_DIGEST_MAX_BYTES];

	if (text.n > sizeof(plain))
		return ERR_INVALID;
	for (size_t i = 0; i < text.n; i++)
		plain[i] = text.p[i] == '.' ? '+' : text.p[i];
	return str_base64(str_bytes(plain, text.n), max, ret_bytes, ret_n);
}

static err
client_digest_read(str text, struct client_digest *ret_digest)
{
	str rest = text.n > CLIENT_DIGEST_MAX_BYTES ? STR("") : text;
	str empty = str_cut(&rest, '$'), name = str_cut(&rest, '$'), iterations = str_cut(&rest, '$');
	str salt = str_cut(&rest, '$');
	uint64_t number = 0;

	ret_digest->md = client_digest_md(name);
	if (empty.n > 0 || ret_digest->md == NULL || rest.p == NULL)
		return ERR_INVALID;
	TRY(str_number(iterations, CLIENT_DIGEST_ITERATIONS_MAX, &number));
	TRY(client_digest_base64(salt, DIGEST_SALT_MAX, ret_digest->salt, &ret_digest->salt_n));
	TRY(client_digest_base64(rest, DIGEST_KEY_MAX, ret_digest->key, &ret_digest->key_n));
	ret_digest->iterations = (int)number;
	return number > 0 && ret_digest->key_n >= DIGEST_KEY_MIN ? ERR_OK : ERR_INVALID;
}

bool
client_secret_is_digest(str text)
{
	struct client_digest digest = { .md = NULL };

	return client_digest_read(text, &digest) == ERR_OK;
}

err
client_secret_digest_fits(str text, str secret, bool *ret_fits)
{
	struct client_digest digest = { .md = NULL };
	uint8_t key[DIGEST_KEY_MAX];

	TRY(client_digest_read(text, &digest));
	if (PKCS5_PBKDF2_HMAC(secret.n == 0 ? "" : secret.p, (int)secret.n, digest.salt, (int)digest.salt_n,
			      digest.iterations, digest.md, (int)digest.key_n, key) != 1)
		return ERR_CRYPTO;
	*ret_fits = secret_equal(key, digest.key, digest.key_n);
	secret_wipe(key, sizeof(key));
	return ERR_OK;
}
