#include "keeper/oidc/issue.h"

#include "base/random.h"
#include "base/secret.h"
#include "keeper/keys/keys.h"

#include <endian.h>
#include <openssl/evp.h>

enum { TOKEN_TEXT_MAX = 96, JTI_BYTES = 16 };

/* --- opaque tokens ------------------------------------------------------------------------------------------------ */

static err
issue_text(struct call *call, str prefix, str bytes, str *ret_token)
{
	CLEANUP(buf_wipe) struct buf text = BUF(TOKEN_TEXT_MAX);

	buf_put(&text, prefix);
	buf_put_base64url(&text, bytes);
	TRY(buf_check(&text));
	return arena_copy(&call->arena, buf_str(&text), ret_token);
}

err
issue_scopes(struct call *call, unsigned scopes, str *ret_scopes)
{
	CLEANUP(buf_wipe) struct buf text = BUF(OIDC_SCOPES_MAX);

	oidc_scopes_put(&text, scopes);
	TRY(buf_check(&text));
	return arena_copy(&call->arena, buf_str(&text), ret_scopes);
}

/* Some clients take 0 for a token without an end. */
int64_t
issue_expires_s(const struct call *call, const struct oidc_client *client, int64_t until_us)
{
	int64_t rest_s = (until_us - call->now_us) / SECONDS_US(1);

	if (rest_s > client->access_token_s)
		return client->access_token_s;
	return rest_s > 0 ? rest_s : 1;
}

static err
issue_access_token_store(struct call *call, const struct issue *issue, str token)
{
	uint8_t hash[DIGEST_BYTES];
	int64_t id = 0;
	str scopes = { 0 };

	TRY(issue_scopes(call, issue->scopes, &scopes));
	TRY(random_id(&id));
	TRY(digest_sha256(token, hash));
	const struct db_value args[] = { DB_INT(id),
					 DB_BLOB(str_bytes(hash, sizeof(hash))),
					 DB_INT(issue->grant->id),
					 issue->session_id == 0 ? DB_NULL() : DB_INT(issue->session_id),
					 DB_TEXT(scopes),
					 DB_INT(call->now_us),
					 DB_INT(call->now_us + SECONDS_US(issue->client->access_token_s)) };
	const struct db_value bound[] = { DB_INT(issue->grant->id), DB_INT(OIDC_ACCESS_TOKENS_MAX) };
	TRY(db_run(call->db, SQL_OIDC_ACCESS_TOKEN_INSERT, args, COUNT(args), NULL));
	return db_run(call->db, SQL_OIDC_ACCESS_TOKEN_TRIM, bound, COUNT(bound), NULL);
}

err
issue_access_token(struct call *call, const struct issue *issue, str *ret_token)
{
	struct token random;

	TRY(random_fill(random.b, sizeof(random.b)));
	TRY(issue_text(call, STR("dta_"), str_bytes(random.b, sizeof(random.b)), ret_token));
	secret_wipe(&random, sizeof(random));
	return issue_access_token_store(call, issue, *ret_token);
}

/* --- refresh tokens ----------------------------------------------------------------------------------------------- */

/* The bytes of a refresh token after its prefix.  Numbers are big-endian. */
struct refresh_bytes {
	uint64_t grant_id;
	uint64_t counter;
	uint8_t mac[DIGEST_BYTES];
};

err
issue_refresh_token(struct call *call, int64_t grant_id, int64_t counter, str *ret_token)
{
	struct refresh_bytes bytes = { htobe64((uint64_t)grant_id), htobe64((uint64_t)counter), { 0 } };
	const struct token *key = &keeper_keys(call->keeper)->refresh;

	TRY(digest_hmac(str_bytes(key->b, sizeof(key->b)), str_bytes(&bytes, offsetof(struct refresh_bytes, mac)),
			bytes.mac));
	return issue_text(call, STR("dtr_"), str_bytes(&bytes, sizeof(bytes)), ret_token);
}

bool
refresh_token_read(str token, int64_t *ret_grant_id, int64_t *ret_counter)
{
	struct refresh_bytes bytes;

	if (!str_starts(token, STR("dtr_")) || str_base64url(str_from(token, 4), &bytes, sizeof(bytes)) != ERR_OK)
		return false;
	*ret_grant_id = (int64_t)be64toh(bytes.grant_id);
	*ret_counter = (int64_t)be64toh(bytes.counter);
	return true;
}

/* --- ID tokens ---------------------------------------------------------------------------------------------------- */

static void
issue_put_text(struct buf *out, const char *name, str value)
{
	buf_printf(out, ",\"%s\":", name);
	buf_put_json(out, value);
}

static void
issue_put_seconds(struct buf *out, const char *name, int64_t us)
{
	buf_printf(out, ",\"%s\":", name);
	buf_put_number(out, us / SECONDS_US(1));
}

static void
issue_put_amr(struct buf *out, str amr)
{
	buf_put(out, STR(",\"amr\":["));
	while (amr.n > 0) {
		buf_put_json(out, str_cut(&amr, ' '));
		if (amr.n > 0)
			buf_put_byte(out, ',');
	}
	buf_put_byte(out, ']');
}

/* The left half of the digest that the algorithm uses: Core s3.1.3.6.  Ed25519 uses SHA-512 (RFC 8032 s5.1). */
static err
issue_put_at_hash(struct buf *out, enum oidc_alg alg, str access_token)
{
	const EVP_MD *digest = alg == OIDC_EDDSA ? EVP_sha512() : EVP_sha256();
	uint8_t hash[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (EVP_Digest(access_token.p, access_token.n, hash, &n, digest, NULL) != 1)
		return ERR_CRYPTO;
	buf_put(out, STR(",\"at_hash\":\""));
	buf_put_base64url(out, str_bytes(hash, n / 2));
	buf_put_byte(out, '"');
	return ERR_OK;
}

static err
issue_put_jti(struct buf *out)
{
	uint8_t bytes[JTI_BYTES];

	TRY(random_fill(bytes, sizeof(bytes)));
	buf_put(out, STR(",\"jti\":\""));
	buf_put_base64url(out, str_bytes(bytes, sizeof(bytes)));
	buf_put_byte(out, '"');
	return ERR_OK;
}

/* The claims about this sign-in. */
static void
issue_put_sign_in(struct buf *out, const struct call *call, const struct issue *issue, const struct person *person)
{
	buf_put(out, STR("{\"iss\":"));
	buf_put_json(out, str_of(keeper_config(call->keeper)->public_origin));
	issue_put_text(out, "sub", person->subject);
	issue_put_text(out, "aud", issue->client->client_id);
	issue_put_seconds(out, "exp", call->now_us + OIDC_ID_TOKEN_US);
	issue_put_seconds(out, "iat", call->now_us);
	issue_put_seconds(out, "auth_time", issue->grant->auth_at_us);
	issue_put_amr(out, issue->grant->amr);
	if (issue->grant->acr.n > 0)
		issue_put_text(out, "acr", issue->grant->acr);
	issue_put_text(out, "sid", issue->grant->sid);
}

err
issue_id_claims_put(struct call *call, const struct issue *issue, const struct person *person, str access_token,
		    str nonce, struct buf *out)
{
	issue_put_sign_in(out, call, issue, person);
	TRY(issue_put_at_hash(out, issue->client->alg, access_token));
	TRY(issue_put_jti(out));
	if (nonce.n > 0)
		issue_put_text(out, "nonce", nonce);
	TRY(person_claims_put(person, issue->client, issue->scopes, issue->grant->claims, CLAIMS_ID_TOKEN, out));
	buf_put_byte(out, '}');
	return buf_check(out);
}

err
issue_id_token(struct call *call, const struct issue *issue, const struct person *person, str access_token, str nonce,
	       str *ret_token)
{
	CLEANUP(buf_wipe) struct buf claims = BUF(ISSUE_CLAIMS_MAX);
	CLEANUP(buf_wipe) struct buf token = BUF(OIDC_JWT_MAX);

	TRY(issue_id_claims_put(call, issue, person, access_token, nonce, &claims));
	TRY(token_signer_put(issue->signer, buf_str(&claims), &token));
	TRY(buf_check(&token));
	return arena_copy(&call->arena, buf_str(&token), ret_token);
}

err
issue_userinfo_put(const struct issue *issue, const struct person *person, struct buf *out)
{
	buf_put(out, STR("{\"sub\":"));
	buf_put_json(out, person->subject);
	TRY(person_claims_put(person, issue->client, issue->scopes, issue->grant->claims, CLAIMS_USERINFO, out));
	buf_put_byte(out, '}');
	return buf_check(out);
}
