#include "oidc/quick_key.h"

#ifdef DOUBLETOUR_TEST_HOOKS

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/rsa.h>
#include <stdlib.h>

enum { NEW_PRIME_BITS = 512 };

static const char fixed_prime[] =
    "DB5B77A9D8735C42CFF94E3175F941DA2E5D40818D6C1A6F2CE7B5690A5B610689E9587F3E34FCE0D8160A0FC31987E6"
    "82D8F659F82FE5189E2D4BD17FBCBDA86B5DF75885779B8D980E171A982BFB5E4F0596C0C74354C429569E7905430CC3"
    "D690C54013272CF7F3D67990E4563CA6A0C61057DA4D2928664F3CFA5AF24B9312E4F65C4A74D97E77F8AAB32F3D0503"
    "558BE2E698CB66AA686615EB3B3CAE6A5B465E2014AF6A5F9E14292DA86B9919E0F48EB0A1A897A77F75306B7FEF8CEF";

/* The numbers of a key, and libcrypto's names of them.  The last three are needed on the way only. */
enum number { N, E, D, P, Q, D_P, D_Q, Q_INVERSE, NUMBER_NAMED, P_1 = NUMBER_NAMED, Q_1, PHI, NUMBER_COUNT };
static const char *const names[NUMBER_NAMED] = {
	[N] = OSSL_PKEY_PARAM_RSA_N,           [E] = OSSL_PKEY_PARAM_RSA_E,
	[D] = OSSL_PKEY_PARAM_RSA_D,           [P] = OSSL_PKEY_PARAM_RSA_FACTOR1,
	[Q] = OSSL_PKEY_PARAM_RSA_FACTOR2,     [D_P] = OSSL_PKEY_PARAM_RSA_EXPONENT1,
	[D_Q] = OSSL_PKEY_PARAM_RSA_EXPONENT2, [Q_INVERSE] = OSSL_PKEY_PARAM_RSA_COEFFICIENT1,
};

struct quick_key {
	BN_CTX *context; /* owns the numbers */
	BIGNUM *at[NUMBER_COUNT];
	OSSL_PARAM_BLD *build;
	OSSL_PARAM *parameters;
	EVP_PKEY_CTX *maker;
};

static void
quick_key_wipe(struct quick_key *k)
{
	EVP_PKEY_CTX_free(k->maker);
	OSSL_PARAM_free(k->parameters);
	OSSL_PARAM_BLD_free(k->build);
	if (k->context != NULL)
		BN_CTX_end(k->context);
	BN_CTX_free(k->context);
}

static bool
quick_key_open(struct quick_key *k)
{
	k->context = BN_CTX_secure_new();
	if (k->context == NULL)
		return false;
	BN_CTX_start(k->context);
	for (enum number i = 0; i < NUMBER_COUNT; i++)
		k->at[i] = BN_CTX_get(k->context);
	return k->at[NUMBER_COUNT - 1] != NULL; /* after a failure, each later one fails too */
}

/* Q - 1 must have no factor in common with E. */
static bool
quick_key_primes_find(const struct quick_key *k)
{
	BIGNUM *p = k->at[P], *q = k->at[Q];

	if (BN_hex2bn(&p, fixed_prime) == 0 || BN_set_word(k->at[E], RSA_F4) != 1)
		return false;
	do {
		if (BN_generate_prime_ex2(q, NEW_PRIME_BITS, 0, NULL, NULL, NULL, k->context) != 1)
			return false;
	} while (BN_mod_word(q, RSA_F4) == 1);
	return true;
}

/* RFC 8017 s3.1, s3.2. */
static bool
quick_key_derive(const struct quick_key *k)
{
	BIGNUM *const *at = k->at;
	BN_CTX *context = k->context;

	return BN_mul(at[N], at[P], at[Q], context) == 1 && BN_sub(at[P_1], at[P], BN_value_one()) == 1 &&
	       BN_sub(at[Q_1], at[Q], BN_value_one()) == 1 && BN_mul(at[PHI], at[P_1], at[Q_1], context) == 1 &&
	       BN_mod_inverse(at[D], at[E], at[PHI], context) != NULL &&
	       BN_mod(at[D_P], at[D], at[P_1], context) == 1 && BN_mod(at[D_Q], at[D], at[Q_1], context) == 1 &&
	       BN_mod_inverse(at[Q_INVERSE], at[Q], at[P], context) != NULL;
}

static bool
quick_key_import(struct quick_key *k, EVP_PKEY **ret_key)
{
	k->build = OSSL_PARAM_BLD_new();
	for (enum number i = 0; i < NUMBER_NAMED; i++)
		if (k->build == NULL || OSSL_PARAM_BLD_push_BN(k->build, names[i], k->at[i]) != 1)
			return false;
	k->parameters = OSSL_PARAM_BLD_to_param(k->build);
	k->maker = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	return k->parameters != NULL && k->maker != NULL && EVP_PKEY_fromdata_init(k->maker) == 1 &&
	       EVP_PKEY_fromdata(k->maker, ret_key, EVP_PKEY_KEYPAIR, k->parameters) == 1;
}

bool
quick_key_wanted(void)
{
	return getenv("DOUBLETOUR_TEST_QUICK_KEYS") != NULL;
}

err
quick_key_make(EVP_PKEY **ret_key)
{
	CLEANUP(quick_key_wipe) struct quick_key k = { 0 };

	if (quick_key_open(&k) && quick_key_primes_find(&k) && quick_key_derive(&k) && quick_key_import(&k, ret_key))
		return ERR_OK;
	ERR_clear_error();
	return ERR_CRYPTO;
}

#endif
