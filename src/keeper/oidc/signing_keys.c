#include "keeper/oidc/signing_keys.h"

#include "base/log.h"
#include "base/secret.h"
#include "keeper/handlers.h"
#include "keeper/keys/keys.h"
#include "keeper/oidc/signing_cache.h"
#include "keeper/oidc/signing_schedule.h"
#include "oidc/jwt.h"

err
signing_key_open(const struct sealing *sealing, int64_t id, str kid, str algorithm, str sealed, struct arena *arena,
		 enum oidc_alg *ret_alg, EVP_PKEY **ret_key)
{
	const struct sealed_for owner = { .purpose = SEALED_SIGNING_KEY, .factor_id = id };
	CLEANUP(jwt_key_free) EVP_PKEY *key = NULL;
	char own[JWT_KID_SIZE];
	str der = { 0 };

	if (!oidc_alg_read(algorithm, ret_alg))
		return ERR_CORRUPT;
	TRY(sealing_open(sealing, &owner, sealed, arena, &der));
	TRY(jwt_key_der_read(*ret_alg, der, &key));
	TRY(jwt_key_thumbprint(*ret_alg, key, own));
	if (!str_equal(kid, str_of(own)))
		return ERR_CORRUPT;
	*ret_key = key;
	key = NULL;
	return ERR_OK;
}

/* --- the key of a row --------------------------------------------------------------------------------------------- */

/* One key in use: its row, and the key itself. */
struct signing_key {
	struct oidc_key_row row;
	enum oidc_alg alg;
	EVP_PKEY *key;
};

static void
signing_key_wipe(struct signing_key *key)
{
	jwt_key_free(&key->key);
}

static err
signing_keys_unseal(struct call *call, struct signing_key *key)
{
	const struct db_value args[] = { DB_INT(key->row.id) };
	struct oidc_key_sealed_row row = { 0 };
	bool found = false;

	TRY(db_row(call->db, SQL_OIDC_KEY_SEALED, args, COUNT(args), &call->arena, &row, &found));
	if (!found)
		return ERR_BUSY; /* another node deleted it just now */
	TRY(signing_key_open(&keeper_keys(call->keeper)->sealing, key->row.id, key->row.kid, key->row.algorithm,
			     row.private_sealed, &call->arena, &key->alg, &key->key));
	signing_cache_keep(keeper_signing_cache(call->keeper), key->row.id, key->key);
	return ERR_OK;
}

static err
signing_keys_read(struct call *call, struct signing_key *key)
{
	if (!oidc_alg_read(key->row.algorithm, &key->alg))
		return ERR_CORRUPT;
	key->key = signing_cache_find(keeper_signing_cache(call->keeper), key->row.id);
	return key->key != NULL ? ERR_OK : signing_keys_unseal(call, key);
}

/* Set the key of key->row, of which id, kid and algorithm are set.  ERR_CORRUPT: it cannot be read, which is logged. */
static err
signing_keys_load(struct call *call, struct signing_key *key)
{
	err e = signing_keys_read(call, key);

	if (e == ERR_CORRUPT && signing_cache_is_news(keeper_signing_cache(call->keeper), key->row.id))
		log_event(LOG_ERROR, "signing.unreadable", LOG_STR("kid", key->row.kid));
	return e;
}

/* *ret_readable false: this key is unreadable.  The other keys still work. */
static err
signing_keys_load_if_readable(struct call *call, struct signing_key *key, bool *ret_readable)
{
	err e = signing_keys_load(call, key);

	*ret_readable = e == ERR_OK;
	return e == ERR_CORRUPT ? ERR_OK : e;
}

/* --- signing ------------------------------------------------------------------------------------------------------ */

static err
signing_keys_find(struct call *call, enum oidc_alg alg, struct oidc_key_row *ret_row, bool *ret_found)
{
	const struct db_value args[] = { DB_TEXT(str_of(oidc_alg_name(alg))), DB_INT(call->now_us) };

	return db_row(call->db, SQL_OIDC_KEY_SIGNING, args, COUNT(args), &call->arena, ret_row, ret_found);
}

static err
token_signer_load(struct call *call, enum oidc_alg alg, struct token_signer *signer)
{
	CLEANUP(signing_key_wipe) struct signing_key key = { 0 };
	bool found = false;

	TRY(signing_keys_find(call, alg, &key.row, &found));
	if (!found) {
		TRY(signing_schedule_ensure(call, alg));
		TRY(signing_keys_find(call, alg, &key.row, &found));
	}
	if (!found)
		return ERR_NOT_FOUND;
	TRY(signing_keys_load(call, &key));
	TRY(str_copy_z(key.row.kid, signer->kid, sizeof(signer->kid)));
	signer->key = key.key;
	key.key = NULL;
	return ERR_OK;
}

void
token_signer_find(struct call *call, enum oidc_alg alg, struct token_signer *ret_signer)
{
	*ret_signer = (struct token_signer){ .alg = alg };
	ret_signer->found = token_signer_load(call, alg, ret_signer);
}

void
token_signer_wipe(struct token_signer *signer)
{
	jwt_key_free(&signer->key);
}

err
token_signer_put(const struct token_signer *signer, str claims, struct buf *out)
{
	TRY(signer->found);
	return jwt_sign_put(signer->alg, signer->key, signer->kid, "JWT", claims, out);
}

/* --- verifying ---------------------------------------------------------------------------------------------------- */

static err
signing_keys_verify_with(struct call *call, struct signing_key *key, str token, str *ret_claims, bool *ret_good)
{
	bool readable = false;
	err e;

	TRY(signing_keys_load_if_readable(call, key, &readable));
	if (!readable)
		return ERR_OK;
	e = jwt_verify(key->alg, key->key, token, &call->arena, ret_claims);
	*ret_good = e == ERR_OK;
	return e == ERR_INVALID ? ERR_OK : e;
}

err
signing_keys_verify(struct call *call, str token, str *ret_claims, bool *ret_good)
{
	CLEANUP(signing_key_wipe) struct signing_key key = { 0 };
	str alg = { 0 }, kid = { 0 };
	bool found = false;
	err e = jwt_header_read(token, &call->arena, &alg, &kid);

	*ret_good = false;
	if (e == ERR_INVALID || kid.n != JWT_KID_SIZE - 1 || str_has_byte(kid, '\0'))
		return ERR_OK;
	TRY(e);
	const struct db_value args[] = { DB_TEXT(kid), DB_INT(call->now_us) };
	TRY(db_row(call->db, SQL_OIDC_KEY_KEPT, args, COUNT(args), &call->arena, &key.row, &found));
	return found ? signing_keys_verify_with(call, &key, token, ret_claims, ret_good) : ERR_OK;
}

/* --- publishing --------------------------------------------------------------------------------------------------- */

enum { PUBLISHED_MAX = 16 };

struct published {
	struct arena *arena;
	struct signing_key keys[PUBLISHED_MAX];
	size_t n;
};

static void
signing_keys_published_wipe(struct published *published)
{
	for (size_t i = 0; i < published->n; i++)
		signing_key_wipe(&published->keys[i]);
}

static err
signing_keys_published_row(void *context, const struct oidc_key_row *row)
{
	struct published *published = context;
	struct oidc_key_row *into;

	if (published->n == PUBLISHED_MAX)
		return ERR_OK;
	into = &published->keys[published->n].row;
	into->id = row->id;
	TRY(arena_copy(published->arena, row->kid, &into->kid));
	TRY(arena_copy(published->arena, row->algorithm, &into->algorithm));
	published->n++;
	return ERR_OK;
}

static err
signing_keys_put_one(struct call *call, struct signing_key *key, struct buf *out, bool *some)
{
	bool readable = false;

	TRY(signing_keys_load_if_readable(call, key, &readable));
	if (!readable)
		return ERR_OK;
	buf_put(out, *some ? STR(",") : STR(""));
	*some = true;
	return jwt_key_put(key->alg, key->key, out);
}

err
signing_keys_put(struct call *call, struct buf *out)
{
	CLEANUP(signing_keys_published_wipe) struct published published = { .arena = &call->arena };
	const struct db_value args[] = { DB_INT(call->now_us) };
	bool some = false;

	TRY(db_rows(call->db, SQL_OIDC_KEYS_PUBLISHED, args, COUNT(args), signing_keys_published_row, &published));
	buf_put(out, STR("{\"keys\":["));
	for (size_t i = 0; i < published.n; i++)
		TRY(signing_keys_put_one(call, &published.keys[i], out, &some));
	buf_put(out, STR("]}"));
	return buf_check(out);
}

err
oidc_keys_answer(struct call *call, enum verdict *ret_verdict)
{
	CLEANUP(buf_wipe) struct buf jwks = BUF(OIDC_JWT_MAX);
	struct oidc_keys_body *answer = call->answer;

	TRY(signing_keys_put(call, &jwks));
	TRY(arena_copy(&call->arena, buf_str(&jwks), &answer->jwks));
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}
