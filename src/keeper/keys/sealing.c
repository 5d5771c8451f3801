#include "keeper/keys/sealing.h"

#include "base/random.h"
#include "base/secret.h"

#include <limits.h>
#include <openssl/evp.h>

enum { VERSION = 1, OWNER_BYTES = 64, SECRET_MAX_BYTES = 4096 };

err
sealing_setup(struct sealing *sealing)
{
	sealing->cipher = EVP_CIPHER_fetch(NULL, "AES-256-GCM", NULL);
	return sealing->cipher == NULL ? ERR_CRYPTO : ERR_OK;
}

void
sealing_wipe(struct sealing *sealing)
{
	EVP_CIPHER_free(sealing->cipher);
	secret_wipe(sealing, sizeof(*sealing));
}

static void
sealing_context_free(EVP_CIPHER_CTX **context)
{
	EVP_CIPHER_CTX_free(*context);
}

static uint8_t *
sealing_put_number(uint8_t *p, int64_t number)
{
	for (int i = 0; i < 8; i++)
		*p++ = (uint8_t)((uint64_t)number >> (8 * i));
	return p;
}

/* Associated data: header of the sealed value, both ids, purpose. All except the purpose have a fixed length. */
static err
sealing_owner_put(const struct sealed_for *owner, const uint8_t *head, uint8_t *ret_bytes, size_t *ret_n)
{
	size_t n = strlen(owner->purpose);
	uint8_t *p = ret_bytes;

	if (1 + SEALING_ID_BYTES + 16 + n > OWNER_BYTES)
		return ERR_TOO_LONG;
	memcpy(p, head, 1 + SEALING_ID_BYTES);
	p = sealing_put_number(p + 1 + SEALING_ID_BYTES, owner->account_id);
	p = sealing_put_number(p, owner->factor_id);
	memcpy(p, owner->purpose, n);
	*ret_n = (size_t)(p - ret_bytes) + n;
	return ERR_OK;
}

/* Set key, nonce and associated data, for both directions. */
static err
sealing_begin(EVP_CIPHER_CTX *context, const struct sealing *sealing, const struct sealed_for *owner,
	      const uint8_t *head, int encrypt)
{
	uint8_t bytes[OWNER_BYTES];
	size_t n = 0;
	int done = 0;

	if (context == NULL)
		return ERR_CRYPTO;
	TRY(sealing_owner_put(owner, head, bytes, &n));
	if (EVP_CipherInit_ex2(context, sealing->cipher, sealing->key, head + 1 + SEALING_ID_BYTES, encrypt, NULL) !=
		1 ||
	    EVP_CipherUpdate(context, NULL, &done, bytes, (int)n) != 1)
		return ERR_CRYPTO;
	return ERR_OK;
}

err
sealing_seal(const struct sealing *sealing, const struct sealed_for *owner, str secret, struct arena *arena,
	     str *ret_sealed)
{
	CLEANUP(sealing_context_free) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	size_t n = SEALING_HEAD_BYTES + secret.n + SEALING_TAG_BYTES;
	uint8_t *sealed, *text;
	int done = 0, rest = 0;

	if (secret.n > SECRET_MAX_BYTES)
		return ERR_TOO_LONG;
	sealed = arena_alloc(arena, n);
	if (sealed == NULL)
		return ERR_MEMORY;
	text = sealed + SEALING_HEAD_BYTES;
	sealed[0] = VERSION;
	memcpy(sealed + 1, sealing->key_id, SEALING_ID_BYTES);
	TRY(random_fill(sealed + 1 + SEALING_ID_BYTES, SEALING_NONCE_BYTES));
	TRY(sealing_begin(context, sealing, owner, sealed, 1));
	if (EVP_EncryptUpdate(context, text, &done, (const uint8_t *)secret.p, (int)secret.n) != 1 ||
	    EVP_EncryptFinal_ex(context, text + done, &rest) != 1 || (size_t)(done + rest) != secret.n ||
	    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, SEALING_TAG_BYTES, text + secret.n) != 1)
		return ERR_CRYPTO;
	*ret_sealed = str_bytes(sealed, n);
	return ERR_OK;
}

/* Does the value have the form of sealing_seal, and was it sealed by this key? */
static bool
sealing_is_ours(const struct sealing *sealing, str sealed)
{
	return sealed.n >= SEALING_HEAD_BYTES + SEALING_TAG_BYTES &&
	       sealed.n <= SEALING_HEAD_BYTES + SECRET_MAX_BYTES + SEALING_TAG_BYTES && sealed.p[0] == VERSION &&
	       str_equal(str_upto(str_from(sealed, 1), SEALING_ID_BYTES), str_bytes(sealing->key_id, SEALING_ID_BYTES));
}

err
sealing_open(const struct sealing *sealing, const struct sealed_for *owner, str sealed, struct arena *arena,
	     str *ret_secret)
{
	CLEANUP(sealing_context_free) EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
	uint8_t tag[SEALING_TAG_BYTES];
	uint8_t *secret;
	int done = 0, rest = 0;

	if (!sealing_is_ours(sealing, sealed))
		return ERR_CORRUPT;
	const uint8_t *head = (const uint8_t *)sealed.p;
	size_t n = sealed.n - SEALING_HEAD_BYTES - SEALING_TAG_BYTES;
	memcpy(tag, head + SEALING_HEAD_BYTES + n, sizeof(tag));
	secret = arena_alloc(arena, n);
	if (secret == NULL)
		return ERR_MEMORY;
	TRY(sealing_begin(context, sealing, owner, head, 0));
	if (EVP_DecryptUpdate(context, secret, &done, head + SEALING_HEAD_BYTES, (int)n) != 1 ||
	    EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, SEALING_TAG_BYTES, tag) != 1)
		return ERR_CRYPTO;
	if (EVP_DecryptFinal_ex(context, secret + done, &rest) != 1 || (size_t)(done + rest) != n)
		return ERR_CORRUPT;
	*ret_secret = str_bytes(secret, n);
	return ERR_OK;
}
