/*
 * Measures sign-ins in the keeper at the default cost of a password hash: by a passkey alone, by password and code, and
 * to an application of OpenID Connect.
 *
 *	bench_passkey FOLDER
 *
 * Reads lines "WHAT COUNT", and answers with the nanoseconds of processor time that COUNT of them took in the keeper:
 *
 *	passkey, codes        sign-ins. The work of the browser and of the authenticator does not count
 *	tokens                questions of an application that exchanges a code for tokens; the ID token uses RS256
 *	RS256, ES256, EdDSA   signed ID tokens: find the key, sign, encode
 */
#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "doubletour/otp.h"
#include "keeper/core/call.h"
#include "keeper/keys/keys.h"
#include "keeper/oidc/signing_keys.h"
#include "webauthn/challenge.h"
#include "webauthn/webauthn.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { COUNT_MAX = 200, ID_BYTES = 16, MEMORY_KIB = 19 * 1024, PASSES = 2 };

#define PASSWORD STR("a long password 4711")
#define COOKIE STR("0123456789abcdefghijklmn")
#define HOST "login.example.org"
#define ORIGIN "https://" HOST

struct bench {
	struct config config;
	struct keeper *keeper;
	struct keeper_thread *thread;
	unsigned accounts;
	/* The account with the passkey. */
	EVP_PKEY *key;
	uint8_t id[ID_BYTES], handle[WEBAUTHN_HANDLE_MAX];
};

/* A session, and the last answer. */
struct visitor {
	char name[40], address[40];
	struct token token;
	char secret[65], challenge[PASSKEY_CHALLENGE_MAX + 1];
};

/* --- questions ---------------------------------------------------------------------------------------------------- */

static void
answer_keep(struct bench *b, struct visitor *v, enum question_id id, const void *body)
{
	const struct enrolment_body *enrolment = body;
	const struct passkey_options_body *options = body;

	if (id == QUESTION_ENROL)
		(void)!str_copy_z(enrolment->secret, v->secret, sizeof(v->secret));
	if (id != QUESTION_PASSKEY_BEGIN)
		return;
	(void)!str_copy_z(options->challenge, v->challenge, sizeof(v->challenge));
	memcpy(b->handle, options->user_handle.p, options->user_handle.n);
}

static bool
ask(struct bench *b, struct visitor *v, enum question_id id, const void *body)
{
	CLEANUP(buf_wipe) struct buf question = BUF(WIRE_MAX_BYTES);
	CLEANUP(buf_wipe) struct buf answer = BUF(WIRE_MAX_BYTES);
	_Alignas(max_align_t) char answered[WIRE_BODY_MAX_BYTES] = { 0 };
	struct answer_head head = { 0 };
	const struct question_head asked = { .id = id,
					     .number = 1,
					     .token = v->token,
					     .address = str_of(v->address),
					     .agent = STR("bench"),
					     .request_id = STR("bench") };

	wire_put(&question, &wire_question_head, &asked);
	wire_put(&question, wire_questions[id].body, body);
	if (buf_check(&question) != ERR_OK)
		return false;
	keeper_answer(b->thread, buf_str(&question), NULL, NULL, &answer);
	str rest = buf_str(&answer);
	if (wire_get(&rest, &wire_answer_head, &head) != ERR_OK || head.verdict != VERDICT_PASSED ||
	    wire_get(&rest, wire_questions[id].answer, answered) != ERR_OK)
		return false;
	if (memcmp(&head.token, &(struct token){ { 0 } }, sizeof(head.token)) != 0)
		v->token = head.token;
	answer_keep(b, v, id, answered);
	return id != QUESTION_OIDC_TOKEN || ((const struct oidc_tokens_body *)(const void *)answered)->error == OIDC_OK;
}

/* --- password and code -------------------------------------------------------------------------------------------- */

static bool
code_verify(struct bench *b, struct visitor *v, int64_t steps)
{
	uint8_t secret[64];
	char code[OTP_CODE_SIZE];
	struct otp_key key = { 0 };
	size_t n = 0;
	int64_t now_us = 0;

	if (clock_now_us(&now_us) != ERR_OK ||
	    otp_base32_decode(v->secret, strlen(v->secret), secret, sizeof(secret), &n, NULL) != OTP_OK ||
	    otp_key_init(&key, OTP_SHA1, secret, n, 0) != OTP_OK ||
	    otp_totp_code(&key, &OTP_TOTP_DEFAULT, now_us, steps, code) != OTP_OK)
		return false;
	otp_key_wipe(&key);
	const struct verify_body verify = { str_of(code), STR("") };
	return ask(b, v, QUESTION_VERIFY, &verify);
}

/* A new account that confirmed its authenticator with the code of the previous step, so the current one is unused. */
static bool
account_make(struct bench *b, struct visitor *v)
{
	const struct nothing_body nothing = { 0 };
	unsigned n = b->accounts++;

	memset(v, 0, sizeof(*v));
	snprintf(v->name, sizeof(v->name), "person%u", n);
	snprintf(v->address, sizeof(v->address), "10.%u.%u.%u", n >> 16 & 255, n >> 8 & 255, n & 255);
	const struct register_body body = { .username = str_of(v->name), PASSWORD, PASSWORD };
	return ask(b, v, QUESTION_REGISTER, &body) && ask(b, v, QUESTION_ENROL, &nothing) && code_verify(b, v, -1);
}

static bool
codes_sign_in(struct bench *b, struct visitor *v)
{
	const struct sign_in_body sign_in = { str_of(v->name), PASSWORD };

	memset(&v->token, 0, sizeof(v->token));
	return ask(b, v, QUESTION_SIGN_IN, &sign_in) && code_verify(b, v, 0);
}

/* --- passkeys ----------------------------------------------------------------------------------------------------- */

struct answered {
	char client_data[512];
	uint8_t auth_data[512], signature[128];
	size_t client_n, auth_n, signature_n;
};

static void
auth_put(struct answered *a, const void *bytes, size_t n)
{
	memcpy(a->auth_data + a->auth_n, bytes, n);
	a->auth_n += n;
}

static bool
parts_make(struct answered *a, const char *type, const char *challenge, const void *flags)
{
	uint8_t hash[DIGEST_BYTES];

	memset(a, 0, sizeof(*a));
	a->client_n =
	    (size_t)snprintf(a->client_data, sizeof(a->client_data),
			     "{\"type\":\"%s\",\"challenge\":\"%s\",\"origin\":\"" ORIGIN "\"}", type, challenge);
	if (digest_sha256(STR(HOST), hash) != ERR_OK)
		return false;
	auth_put(a, hash, sizeof(hash));
	auth_put(a, flags, 5); /* followed by the counter, which is 0 */
	return true;
}

/* The attested credential data: model, id and COSE_Key (webauthn/credential_key.h). */
static bool
credential_put(struct bench *b, struct answered *a)
{
	unsigned char point[65], model[WEBAUTHN_AAGUID_BYTES + 2] = { [WEBAUTHN_AAGUID_BYTES + 1] = ID_BYTES };
	size_t n = 0;

	if (EVP_PKEY_get_octet_string_param(b->key, OSSL_PKEY_PARAM_ENCODED_PUBLIC_KEY, point, sizeof(point), &n) != 1)
		return false;
	auth_put(a, model, sizeof(model));
	auth_put(a, b->id, sizeof(b->id));
	auth_put(a, "\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20", 10);
	auth_put(a, point + 1, 32);
	auth_put(a, "\x22\x58\x20", 3);
	auth_put(a, point + 33, 32);
	return true;
}

static bool
sign(struct bench *b, struct answered *a)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	uint8_t text[sizeof(a->auth_data) + DIGEST_BYTES];
	bool made;

	memcpy(text, a->auth_data, a->auth_n);
	a->signature_n = sizeof(a->signature);
	made = context != NULL && digest_sha256(str_bytes(a->client_data, a->client_n), text + a->auth_n) == ERR_OK &&
	       EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, b->key) == 1 &&
	       EVP_DigestSign(context, a->signature, &a->signature_n, text, a->auth_n + DIGEST_BYTES) == 1;
	EVP_MD_CTX_free(context);
	return made;
}

static bool
passkey_make(struct bench *b)
{
	const struct passkey_begin_body begin = { .current = PASSWORD };
	struct visitor v;
	struct answered a;

	b->key = EVP_EC_gen("P-256");
	memset(b->id, 7, sizeof(b->id));
	if (b->key == NULL || !account_make(b, &v) || !ask(b, &v, QUESTION_PASSKEY_BEGIN, &begin) ||
	    !parts_make(&a, "webauthn.create", v.challenge, "\x45\0\0\0\0") || !credential_put(b, &a))
		return false;
	const struct passkey_new_body body = { .credential_id = str_bytes(b->id, sizeof(b->id)),
					       .client_data = str_bytes(a.client_data, a.client_n),
					       .auth_data = str_bytes(a.auth_data, a.auth_n) };
	return ask(b, &v, QUESTION_PASSKEY_ADD, &body);
}

/* Do the work of web and of the authenticator. Each challenge has a later time than the previous one. */
static bool
assertion_make(struct bench *b, struct answered *a)
{
	const struct challenge_for whom = { CHALLENGE_SIGN_IN, COOKIE };
	char challenge[CHALLENGE_TEXT_BYTES + 1] = { 0 };
	int64_t now_us = 0;

	return clock_now_us(&now_us) == ERR_OK &&
	       challenge_issue(keeper_keys(b->keeper)->challenges.b, &whom, now_us, challenge) == ERR_OK &&
	       parts_make(a, "webauthn.get", challenge, "\x05\0\0\0\0") && sign(b, a);
}

static bool
passkey_sign_in(struct bench *b, const struct answered *a)
{
	struct visitor v = { .address = "192.0.2.7" };
	const struct passkey_proof_body body = { .credential_id = str_bytes(b->id, sizeof(b->id)),
						 .client_data = str_bytes(a->client_data, a->client_n),
						 .auth_data = str_bytes(a->auth_data, a->auth_n),
						 .signature = str_bytes(a->signature, a->signature_n),
						 .user_handle = str_bytes(b->handle, sizeof(b->handle)),
						 .browser = COOKIE };

	return ask(b, &v, QUESTION_PASSKEY_SIGN_IN, &body);
}

/* --- an application ----------------------------------------------------------------------------------------------- */

#define CALLBACK "https://wiki.example.org/callback"
#define VERIFIER "a-verifier-of-forty-three-letters-or-of-more"

static bool
sql_run(struct bench *b, const char *text)
{
	sqlite3 *db = NULL;
	bool done = sqlite3_open(b->config.database_path, &db) == SQLITE_OK &&
		    sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK;

	if (!done)
		fprintf(stderr, "%s\n", sqlite3_errmsg(db));
	sqlite3_close(db);
	return done;
}

static bool
application_make(struct bench *b)
{
	return sql_run(b,
		       "INSERT INTO oidc_clients (id, client_id, name, redirect_uris, public, scopes, created_at_us) "
		       "VALUES (1, 'wiki', 'Wiki', '" CALLBACK "', 1, 'openid profile email groups', 1)");
}

struct code {
	char z[64];
};

/* Insert a code of the newest session, like an approved request. */
static bool
code_make(struct bench *b, unsigned number, struct code *ret_code)
{
	char text[2048], hash[2 * DIGEST_BYTES + 1] = "", challenge[STR_BASE64_LETTERS(DIGEST_BYTES) + 1] = "";
	uint8_t digest[DIGEST_BYTES];

	snprintf(ret_code->z, sizeof(ret_code->z), "dtc_%043u", number);
	if (digest_sha256(str_of(ret_code->z), digest) != ERR_OK)
		return false;
	str_hex_write(digest, sizeof(digest), hash);
	if (digest_sha256(STR(VERIFIER), digest) != ERR_OK)
		return false;
	str_base64url_write(digest, sizeof(digest), challenge);
	snprintf(
	    text, sizeof(text),
	    "BEGIN; INSERT INTO oidc_grants (id, client_id, account_id, session_id, scopes, claims, auth_at_us, amr, "
	    "acr, sid, created_at_us, expires_at_us) SELECT %u, 1, account_id, id, 'openid profile email groups', '', "
	    "created_at_us, 'pwd otp mfa', 'https://refeds.org/profile/mfa', 'a-sid', created_at_us, created_at_us + "
	    "3600000000 FROM sessions ORDER BY created_at_us DESC LIMIT 1; "
	    "INSERT INTO oidc_codes (id, code_hash, grant_id, session_id, redirect_uri, challenge, nonce, "
	    "expires_at_us) SELECT id, x'%s', id, session_id, '" CALLBACK "', '%s', 'nonce', expires_at_us "
	    "FROM oidc_grants WHERE id = %u; COMMIT",
	    number, hash, challenge, number);
	return sql_run(b, text);
}

static bool
code_exchange(struct bench *b, const struct code *code)
{
	struct visitor v = { .address = "192.0.2.8" };
	const struct oidc_token_body body = { .client_id = STR("wiki"),
					      .grant = OIDC_GRANT_CODE,
					      .code = str_of(code->z),
					      .redirect_uri = STR(CALLBACK),
					      .verifier = STR(VERIFIER) };

	return ask(b, &v, QUESTION_OIDC_TOKEN, &body);
}

static bool
token_sign(struct bench *b, enum oidc_alg alg)
{
	static const char claims[] = "{\"iss\":\"" ORIGIN "\",\"sub\":\"b7d1ab3c-6a0b-4c8e-9f5e-2b1b6b2f7c11\","
				     "\"aud\":\"wiki\",\"iat\":1790000000,\"exp\":1790003600,"
				     "\"auth_time\":1790000000,\"amr\":[\"pwd\",\"otp\",\"mfa\"],"
				     "\"acr\":\"https://refeds.org/profile/mfa\",\"sid\":\"a-sid\","
				     "\"nonce\":\"nonce\",\"name\":\"Anna\",\"groups\":[\"admins\"]}";
	CLEANUP(call_wipe) struct call call = { 0 };
	CLEANUP(token_signer_wipe) struct token_signer signer = { .key = NULL };
	CLEANUP(buf_wipe) struct buf out = BUF(4096);

	if (call_of_command(b->thread, &call) != ERR_OK)
		return false;
	token_signer_find(&call, alg, &signer);
	return token_signer_put(&signer, str_of(claims), &out) == ERR_OK;
}

/* --- measuring ---------------------------------------------------------------------------------------------------- */

static long long
cpu_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

/* Returns 0 if a sign-in was refused. */
static long long
passkeys_measure(struct bench *b, unsigned count)
{
	static struct answered answers[COUNT_MAX];
	bool ok = true;

	for (unsigned i = 0; i < count; i++)
		ok &= assertion_make(b, &answers[i]);
	long long began = cpu_ns();
	for (unsigned i = 0; i < count; i++)
		ok &= passkey_sign_in(b, &answers[i]);
	return ok ? cpu_ns() - began : 0;
}

static long long
codes_measure(struct bench *b, unsigned count)
{
	static struct visitor visitors[COUNT_MAX];
	bool ok = true;

	for (unsigned i = 0; i < count; i++)
		ok &= account_make(b, &visitors[i]);
	long long began = cpu_ns();
	for (unsigned i = 0; i < count; i++)
		ok &= codes_sign_in(b, &visitors[i]);
	return ok ? cpu_ns() - began : 0;
}

static long long
tokens_measure(struct bench *b, unsigned count)
{
	static struct code codes[COUNT_MAX];
	static unsigned made;
	bool ok = true;

	for (unsigned i = 0; i < count; i++)
		ok &= code_make(b, ++made, &codes[i]);
	long long began = cpu_ns();
	for (unsigned i = 0; i < count; i++)
		ok &= code_exchange(b, &codes[i]);
	return ok ? cpu_ns() - began : 0;
}

static long long
signatures_measure(struct bench *b, enum oidc_alg alg, unsigned count)
{
	bool ok = token_sign(b, alg); /* the first one makes the key */
	long long began = cpu_ns();

	for (unsigned i = 0; i < count; i++)
		ok &= token_sign(b, alg);
	return ok ? cpu_ns() - began : 0;
}

/* Returns 0 for an unknown word, and if anything was refused. */
static long long
measure(struct bench *b, const char *what, unsigned count)
{
	enum oidc_alg alg;

	if (oidc_alg_read(str_of(what), &alg))
		return signatures_measure(b, alg, count);
	if (strcmp(what, "tokens") == 0)
		return tokens_measure(b, count);
	if (strcmp(what, "passkey") == 0)
		return passkeys_measure(b, count);
	return strcmp(what, "codes") == 0 ? codes_measure(b, count) : 0;
}

static void
settings(struct config *config, const char *folder)
{
	static const char key[] = "0123456789-a-key-that-is-only-for-measuring";

	config->profile = PROFILE_TESTING;
	snprintf(config->data_dir, sizeof(config->data_dir), "%s", folder);
	snprintf(config->passkey_rp_id, sizeof(config->passkey_rp_id), HOST);
	snprintf(config->public_origin, sizeof(config->public_origin), ORIGIN);
	memcpy(config->secret_key, key, sizeof(key) - 1);
	config->secret_key_bytes = sizeof(key) - 1;
	config->registration = REGISTRATION_OPEN;
	config->argon2_memory_kib = MEMORY_KIB;
	config->argon2_passes = PASSES;
	config->session_idle_us = MINUTES_US(24 * 60);
	config->session_lifetime_us = MINUTES_US(24 * 60);
}

static bool
begin(struct bench *b, const char *folder)
{
	char url[1024];
	struct why why = { "" };

	snprintf(url, sizeof(url), "sqlite:///%s/passkeys.sqlite", folder);
	log_setup(LOG_FORMAT_TEXT, LOG_ERROR);
	if (config_database(str_of(url), &b->config) != ERR_OK)
		return false;
	settings(&b->config, folder);
	if (keeper_open(&b->config, KEEPER_CREATE, &why, &b->keeper) == ERR_OK)
		return keeper_thread_open(b->keeper, &b->thread) == ERR_OK && passkey_make(b) && application_make(b);
	fprintf(stderr, "%s\n", why.text);
	return false;
}

int
main(int argc, char **argv)
{
	static struct bench bench;
	char what[16];
	unsigned count;

	if (argc != 2 || !begin(&bench, argv[1]))
		return 1;
	while (scanf("%15s %u", what, &count) == 2 && count > 0 && count <= COUNT_MAX) {
		printf("%lld\n", measure(&bench, what, count));
		fflush(stdout);
	}
	return 0;
}
