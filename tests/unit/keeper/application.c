#include "keeper/application.h"

#include "base/digest.h"
#include "base/random.h"
#include "keeper/oidc/signing_keys.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { SQL_MAX = 2048, HEX_MAX = 2 * DIGEST_BYTES };

struct blob {
	char z[HEX_MAX + 16];
};

/* The SHA-256 of a text, as SQL. */
static struct blob
hash_of(const char *text)
{
	uint8_t hash[DIGEST_BYTES];
	char hex[HEX_MAX + 1] = "";
	struct blob blob;

	assert_int_equal(digest_sha256(str_of(text), hash), ERR_OK);
	str_hex_write(hash, sizeof(hash), hex);
	snprintf(blob.z, sizeof(blob.z), on_postgres() ? "'\\x%s'::bytea" : "x'%s'", hex);
	return blob;
}

void
application_add(struct world *w, const struct application *a, const char *changes)
{
	char sql[SQL_MAX];

	snprintf(sql, sizeof(sql),
		 "INSERT INTO oidc_clients (id, client_id, name, redirect_uris, public, scopes, created_at_us) "
		 "VALUES (%" PRId64 ", '%s', '%s', '" REDIRECT_URI "', %d, "
		 "'openid profile email groups offline_access', 1)",
		 a->row, a->client_id, a->client_id, a->secret == NULL);
	sql_run(w, sql);
	if (a->secret != NULL) {
		snprintf(sql, sizeof(sql),
			 "INSERT INTO oidc_secrets (id, client_id, secret_hash, created_at_us) "
			 "VALUES (%" PRId64 ", %" PRId64 ", %s, 1)",
			 a->row, a->row, hash_of(a->secret).z);
		sql_run(w, sql);
	}
	if (changes != NULL) {
		snprintf(sql, sizeof(sql), "UPDATE oidc_clients SET %s WHERE id = %" PRId64, changes, a->row);
		sql_run(w, sql);
	}
}

static const char *
or_else(const char *text, const char *otherwise)
{
	return text == NULL ? otherwise : text;
}

static void
grant_insert(struct world *w, const struct application *a, int64_t account_id, int64_t session_id, int64_t grant_id,
	     const struct approved *approved)
{
	char sql[SQL_MAX], session[32];

	snprintf(session, sizeof(session), "%" PRId64, session_id);
	snprintf(
	    sql, sizeof(sql),
	    "INSERT INTO oidc_grants (id, client_id, account_id, session_id, scopes, claims, auth_at_us, amr, acr, "
	    "sid, created_at_us, expires_at_us, factor_id) "
	    "SELECT %" PRId64 ", %" PRId64 ", %" PRId64 ", %s, '%s', '%s', "
	    "1000000000000000, '%s', 'https://refeds.org/profile/mfa', 'a-sid', %" PRId64 ", %" PRId64
	    ", coalesce(factor_id, 0) FROM sessions WHERE id = %" PRId64,
	    grant_id, a->row, account_id, approved->offline ? "NULL" : session,
	    or_else(approved->scopes, "openid profile email groups"), or_else(approved->claims, ""),
	    or_else(approved->amr, "pwd otp mfa"), clock_us(), clock_us() + MINUTES_US(60), session_id);
	sql_run(w, sql);
}

static void
code_insert(struct world *w, const char *code, int64_t session_id, int64_t grant_id, const struct approved *approved)
{
	uint8_t hash[DIGEST_BYTES];
	char sql[SQL_MAX], challenge[STR_BASE64_LETTERS(DIGEST_BYTES) + 1] = "";

	assert_int_equal(digest_sha256(STR(VERIFIER), hash), ERR_OK);
	if (!approved->no_challenge)
		str_base64url_write(hash, sizeof(hash), challenge);
	snprintf(sql, sizeof(sql),
		 "INSERT INTO oidc_codes (id, code_hash, grant_id, session_id, redirect_uri, challenge, nonce, "
		 "expires_at_us) VALUES (%" PRId64 ", %s, %" PRId64 ", %" PRId64 ", '" REDIRECT_URI
		 "', '%s', '%s', %" PRId64 ")",
		 grant_id, hash_of(code).z, grant_id, session_id, challenge, or_else(approved->nonce, ""),
		 clock_us() + MINUTES_US(1));
	sql_run(w, sql);
}

struct approved_code
application_code(struct world *w, const struct application *a, const char *name, const struct approved *approved)
{
	static const struct approved usual = { .nonce = "n-1" };
	struct approved_code code;
	uint8_t bytes[32];
	char sql[160];
	int64_t account_id, session_id;

	approved = approved == NULL ? &usual : approved;
	assert_int_equal(random_fill(bytes, sizeof(bytes)), ERR_OK);
	assert_int_equal(random_id(&code.grant_id), ERR_OK);
	memset(code.z, 0, sizeof(code.z));
	memcpy(code.z, "dtc_", 4);
	str_base64url_write(bytes, sizeof(bytes), code.z + 4);
	snprintf(sql, sizeof(sql), "SELECT id FROM accounts WHERE name = '%s'", name);
	account_id = sql_number(w, sql);
	snprintf(sql, sizeof(sql),
		 "SELECT id FROM sessions WHERE account_id = %" PRId64 " ORDER BY created_at_us DESC LIMIT 1",
		 account_id);
	session_id = sql_number(w, sql);
	assert_true(session_id > 0);
	grant_insert(w, a, account_id, session_id, code.grant_id, approved);
	code_insert(w, code.z, session_id, code.grant_id, approved);
	return code;
}

/* --- questions ---------------------------------------------------------------------------------------------------- */

static struct oidc_token_body
token_body(const struct application *a)
{
	return (struct oidc_token_body){ .auth = a->secret == NULL ? OIDC_AUTH_NONE : OIDC_AUTH_POST,
					 .client_id = str_of(a->client_id),
					 .client_secret = str_of(a->secret) };
}

struct oidc_token_body
redeem_body(const struct application *a, const char *code)
{
	struct oidc_token_body body = token_body(a);

	body.grant = OIDC_GRANT_CODE;
	body.code = str_of(code);
	body.redirect_uri = STR(REDIRECT_URI);
	body.verifier = STR(VERIFIER);
	return body;
}

struct oidc_token_body
refresh_body(const struct application *a, const char *refresh_token)
{
	struct oidc_token_body body = token_body(a);

	body.grant = OIDC_GRANT_REFRESH;
	body.refresh_token = str_of(refresh_token);
	return body;
}

struct oidc_inspect_body
inspect_body(const struct application *a, const char *token)
{
	return (struct oidc_inspect_body){ .auth = a->secret == NULL ? OIDC_AUTH_NONE : OIDC_AUTH_POST,
					   .client_id = str_of(a->client_id),
					   .client_secret = str_of(a->secret),
					   .token = str_of(token) };
}

/* Ask without the session's token, as applications do: with the token, the keeper would delete an expired session. */
static enum oidc_error
ask_alone(struct keeper_thread *t, struct browser *b, enum question_id id, const void *body)
{
	const struct token token = b->token;

	memset(&b->token, 0, sizeof(b->token));
	ask_on(t, b, id, body);
	b->token = token;
	return b->verdict == VERDICT_PASSED ? (enum oidc_error)b->oidc.error : OIDC_ERROR_COUNT;
}

enum oidc_error
ask_token(struct keeper_thread *t, struct browser *b, const struct oidc_token_body *body)
{
	return ask_alone(t, b, QUESTION_OIDC_TOKEN, body);
}

enum oidc_error
ask_userinfo(struct keeper_thread *t, struct browser *b, const char *access_token)
{
	const struct oidc_bearer_body body = { str_of(access_token) };

	return ask_alone(t, b, QUESTION_OIDC_USERINFO, &body);
}

enum oidc_error
ask_inspect(struct keeper_thread *t, struct browser *b, enum question_id id, const struct oidc_inspect_body *body)
{
	return ask_alone(t, b, id, body);
}

void
step_wipe(struct step *step)
{
	buf_wipe(&step->raw);
}

enum verdict
ask_step(struct keeper_thread *t, struct browser *b, enum question_id id, const void *body, struct step *ret_step)
{
	struct answer_head head;
	enum verdict verdict;
	str answer;

	b->raw = &ret_step->raw;
	verdict = ask_on(t, b, id, body);
	b->raw = NULL;
	answer = buf_str(&ret_step->raw);
	ret_step->body = (struct oidc_step_body){ 0 };
	ret_step->seal[0] = '\0';
	if (verdict != VERDICT_PASSED)
		return verdict;
	if (wire_get(&answer, &wire_answer_head, &head) != ERR_OK ||
	    wire_get(&answer, wire_questions[id].answer, &ret_step->body) != ERR_OK ||
	    str_copy_z(ret_step->body.seal, ret_step->seal, sizeof(ret_step->seal)) != ERR_OK)
		abort();
	return verdict;
}

str
step_code(const struct step *step)
{
	str rest = step->body.response, code = str_cut(&rest, '&');

	return str_starts(code, STR("code=")) ? str_from(code, 5) : (str){ 0 };
}

err
application_sign(struct call *call, enum oidc_alg alg, str claims, struct buf *out)
{
	CLEANUP(token_signer_wipe) struct token_signer signer = { .key = NULL };

	token_signer_find(call, alg, &signer);
	return token_signer_put(&signer, claims, out);
}
