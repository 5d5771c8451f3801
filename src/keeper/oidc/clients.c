#include "keeper/oidc/clients.h"

#include "base/log.h"
#include "base/secret.h"
#include "keeper/core/counts.h"
#include "keeper/oidc/client_secret.h"
#include "keeper/session/throttle.h"
#include "oidc/client_draft.h"

/* --- rows --------------------------------------------------------------------------------------------------------- */

static const str consents[] = { STR_INIT("once"), STR_INIT("never"), STR_INIT("always") };
static const str auth_methods[] = { STR_INIT(""), STR_INIT("client_secret_basic"), STR_INIT("client_secret_post") };

/* The index of the word; n for another word. */
static unsigned
client_word(str word, const str *words, unsigned n)
{
	unsigned at = 0;

	while (at < n && !str_equal(word, words[at]))
		at++;
	return at;
}

static unsigned
client_alg(str name)
{
	unsigned at = 0;

	while (at < OIDC_ALG_COUNT && !str_equal(name, str_of(oidc_alg_name(at))))
		at++;
	return at;
}

err
client_from_row(const struct oidc_client_row *row, struct oidc_client *ret_client)
{
	struct oidc_client client = {
		.id = row->id,
		.client_id = row->client_id,
		.name = row->name,
		.preset = row->preset,
		.launch_url = row->launch_url,
		.redirect_uris = row->redirect_uris,
		.logout_uris = row->logout_uris,
		.backchannel_uri = row->backchannel_uri,
		.public = row->public,
		.auth = client_word(row->auth_method, auth_methods, COUNT(auth_methods)),
		.scopes = oidc_scopes_read(row->scopes),
		.pkce_optional = row->pkce_optional,
		.consent = client_word(row->consent, consents, COUNT(consents)),
		.alg = client_alg(row->id_token_alg),
		.id_token_minimal = row->id_token_minimal,
		.refresh_fixed = row->refresh_fixed,
		.refresh_session = row->refresh_session,
		.offline_without_consent = row->offline_without_consent,
		.insecure_redirect = row->insecure_redirect,
		.max_age_s = row->max_age_s,
		.access_token_s = row->access_token_s,
		.claims = row->claims,
		.disabled = row->disabled_at_us != 0,
	};

	if (client.auth == COUNT(auth_methods) || client.consent == COUNT(consents) || client.alg == OIDC_ALG_COUNT)
		return ERR_CORRUPT;
	*ret_client = client;
	return ERR_OK;
}

static err
clients_find_by(struct call *call, enum sql query, struct db_value key, struct oidc_client *ret_client, bool *ret_found)
{
	struct oidc_client_row row = { 0 };

	*ret_found = false;
	TRY(db_row_untyped(call->db, query, &key, 1, &call->arena, &row, ret_found));
	return *ret_found ? client_from_row(&row, ret_client) : ERR_OK;
}

err
clients_find(struct call *call, str client_id, struct oidc_client *ret_client, bool *ret_found)
{
	*ret_found = false;
	if (!client_id_is_good(client_id)) /* no database accepts every byte */
		return ERR_OK;
	return clients_find_by(call, SQL_OIDC_CLIENT_NAMED, DB_TEXT(client_id), ret_client, ret_found);
}

err
clients_find_row(struct call *call, int64_t id, struct oidc_client *ret_client, bool *ret_found)
{
	return clients_find_by(call, SQL_OIDC_CLIENT_BY_ID, DB_INT(id), ret_client, ret_found);
}

/* --- authentication ----------------------------------------------------------------------------------------------- */

/* A stored secret, as its SHA-256 or as an imported digest. */
struct stored_secret {
	int64_t id;
	uint8_t hash[DIGEST_BYTES]; /* zero: digest */
	str digest;
	bool imported;
};

struct client_attempt {
	struct call *call;
	const struct client_proof *proof;
	struct oidc_client client; /* id 0: unknown */
	struct stored_secret secrets[CLIENT_SECRETS_MAX];
	size_t n;
	uint8_t hashes[2][DIGEST_BYTES]; /* of client_secret and raw_secret */
	struct throttle throttle;
	bool counted; /* in throttle, before a digest was computed */
	bool verified;
	int64_t digest_id; /* of the imported digest that fitted; 0: none */
	str digest;
	const uint8_t *digest_hash; /* what replaces it */
};

/* Look up the decoded id, and the id as it is in the header, even if the first one is found. */
static err
client_identify(struct client_attempt *a)
{
	struct oidc_client raw = { .id = 0 };
	bool found = false, found_raw = false;

	TRY(clients_find(a->call, a->proof->client_id, &a->client, &found));
	TRY(clients_find(a->call, a->proof->raw_id, &raw, &found_raw));
	if (!found && found_raw && a->proof->auth == OIDC_AUTH_BASIC)
		a->client = raw;
	return ERR_OK;
}

static err
client_secret_row(void *context, const struct oidc_secret_list_row *row)
{
	struct client_attempt *a = context;
	struct stored_secret *secret = &a->secrets[a->n];

	if (a->n == CLIENT_SECRETS_MAX)
		return ERR_OK;
	a->n++;
	secret->id = row->id;
	secret->imported = row->imported;
	if (row->secret_hash.n != DIGEST_BYTES)
		return arena_copy(&a->call->arena, row->secret_hash, &secret->digest);
	memcpy(secret->hash, row->secret_hash.p, DIGEST_BYTES);
	return ERR_OK;
}

static err
client_secrets_read(struct client_attempt *a)
{
	const struct db_value args[] = { DB_INT(a->client.id), DB_INT(a->call->now_us) };

	TRY(digest_sha256(a->proof->client_secret, a->hashes[0]));
	TRY(digest_sha256(a->proof->raw_secret, a->hashes[1]));
	return db_rows(a->call->db, SQL_OIDC_SECRET_LIST, args, COUNT(args), client_secret_row, a);
}

static bool
client_sent_secret(const struct client_proof *proof)
{
	return proof->client_secret.n > 0 || (proof->auth == OIDC_AUTH_BASIC && proof->raw_secret.n > 0);
}

static bool
client_method_fits(const struct client_attempt *a)
{
	if (a->client.public)
		return !client_sent_secret(a->proof);
	return a->proof->auth != OIDC_AUTH_NONE &&
	       (a->client.auth == OIDC_AUTH_NONE || a->client.auth == a->proof->auth);
}

/*
 * Compare with every slot for a secret, also with empty slots.  imported: with imported secrets, else generated ones.
 */
static bool
client_hashes_fit(const struct client_attempt *a, bool imported)
{
	bool fits = false;

	for (size_t i = 0; i < CLIENT_SECRETS_MAX; i++) {
		const struct stored_secret *secret = &a->secrets[i];
		bool decoded = secret_equal(secret->hash, a->hashes[0], DIGEST_BYTES);
		bool raw = secret_equal(secret->hash, a->hashes[1], DIGEST_BYTES);
		bool may = i < a->n && secret->digest.n == 0 && secret->imported == imported;
		fits |= may & (decoded | (raw & (a->proof->auth == OIDC_AUTH_BASIC)));
	}
	return fits;
}

static err
client_digest_fits(struct client_attempt *a, const struct stored_secret *secret, size_t which, bool *ret_fits)
{
	const str typed[] = { a->proof->client_secret, a->proof->raw_secret };

	TRY(client_secret_digest_fits(secret->digest, typed[which], ret_fits));
	if (!*ret_fits)
		return ERR_OK;
	a->digest_id = secret->id;
	a->digest = secret->digest;
	a->digest_hash = a->hashes[which];
	return ERR_OK;
}

static err
client_digests_fit(struct client_attempt *a, bool *ret_fits)
{
	bool raw = a->proof->auth == OIDC_AUTH_BASIC && !str_equal(a->proof->client_secret, a->proof->raw_secret);

	for (size_t i = 0; i < a->n && !*ret_fits; i++) {
		if (a->secrets[i].digest.n == 0)
			continue;
		TRY(client_digest_fits(a, &a->secrets[i], 0, ret_fits));
		if (!*ret_fits && raw)
			TRY(client_digest_fits(a, &a->secrets[i], 1, ret_fits));
	}
	return ERR_OK;
}

static err
client_digest_replace(struct call *call, void *context, bool *ret_commit)
{
	const struct client_attempt *a = context;
	const struct db_value args[] = { DB_BLOB(str_bytes(a->digest_hash, DIGEST_BYTES)), DB_INT(a->digest_id),
					 DB_BLOB(a->digest) };

	*ret_commit = true;
	TRY(throttle_right(call, &a->throttle));
	return db_run(call->db, SQL_OIDC_SECRET_HASH_REPLACE, args, COUNT(args), NULL);
}

static bool
client_has_digest(const struct client_attempt *a)
{
	for (size_t i = 0; i < a->n; i++)
		if (a->secrets[i].digest.n > 0)
			return true;
	return false;
}

/* A refusal that is certain needs no digest. */
static bool
client_may_fit_digest(const struct client_attempt *a)
{
	return client_has_digest(a) && client_sent_secret(a->proof) && client_method_fits(a) && !a->client.disabled;
}

/* The attempt is counted first, so that simultaneous guesses cost no more digests than successive ones. */
static err
client_verify_digest(struct client_attempt *a, bool *ret_fits)
{
	bool done = false;

	TRY(throttle_take(a->call, &a->throttle));
	a->counted = true;
	TRY(client_digests_fit(a, ret_fits));
	return *ret_fits ? call_transact(a->call, client_digest_replace, a, &done) : ERR_OK;
}

/*
 * An imported secret may be guessable: a lockout applies before it is compared.  A digest takes up to a second, so it
 * belongs to the slow pool: unauthenticated clients must not occupy the quick one.  http/worker_pool.c limits how many
 * such requests wait for the slow pool, because sign-ins wait there too.
 */
static err
client_verify_imported(struct client_attempt *a)
{
	a->verified = client_hashes_fit(a, true);
	if (a->verified || !client_may_fit_digest(a))
		return ERR_OK;
	return a->call->quick ? ERR_SLOW : client_verify_digest(a, &a->verified);
}

static err
client_verify(struct client_attempt *a)
{
	TRY(client_secrets_read(a));
	TRY(throttle_client(a->call, a->client.id == 0 ? STR("") : a->client.client_id, &a->throttle));
	a->verified = client_hashes_fit(a, false) || (a->client.public && a->client.id != 0);
	if (a->verified)
		return ERR_OK;
	TRY(throttle_check(a->call, &a->throttle));
	return client_verify_imported(a);
}

static enum audit_reason
client_refusal(const struct client_attempt *a)
{
	if (a->client.id == 0)
		return REASON_CLIENT_UNKNOWN;
	if (a->client.disabled)
		return REASON_CLIENT_DISABLED;
	if (!client_method_fits(a))
		return REASON_CLIENT_METHOD;
	return a->verified ? REASON_ASKED : REASON_CLIENT_SECRET;
}

/* The text of an unauthenticated client is not stored. */
static err
client_audit_refusal(struct client_attempt *a, enum audit_reason reason)
{
	str asked = audit_text(&a->call->arena, str_upto(a->proof->client_id, OIDC_CLIENT_ID_MAX));

	if (a->client.id == 0)
		return audit_write_unknown(a->call, AUDIT_CLIENT_REFUSED, asked, reason);
	return audit_write_client(a->call, AUDIT_CLIENT_REFUSED, 0, a->client.client_id, reason);
}

static err
client_refuse_attempt(struct client_attempt *a, enum audit_reason reason)
{
	str known = a->client.id == 0 ? STR("") : a->client.client_id; /* an unknown id may be a misplaced secret */

	if (!a->counted)
		TRY(throttle_take(a->call, &a->throttle));
	TRY(client_audit_refusal(a, reason));
	log_event(LOG_NOTICE, "client.refused", LOG_STR("client", known), LOG_TEXT("why", audit_reason_name(reason)),
		  LOG_STR("address", a->call->head.address));
	return throttle_wrong(a->call, &a->throttle);
}

/* *ret_reason REASON_ASKED: the client is authenticated. */
static err
client_try(struct client_attempt *a, enum audit_reason *ret_reason)
{
	TRY(client_identify(a));
	TRY(client_verify(a));
	*ret_reason = client_refusal(a);
	return *ret_reason == REASON_ASKED ? ERR_OK : client_refuse_attempt(a, *ret_reason);
}

static void
client_count(err e, enum audit_reason reason)
{
	static const enum metric_series series[REASON_COUNT] = {
		[REASON_CLIENT_UNKNOWN] = SERIES_OIDC_CLIENT_UNKNOWN,
		[REASON_CLIENT_DISABLED] = SERIES_OIDC_CLIENT_DISABLED,
		[REASON_CLIENT_METHOD] = SERIES_OIDC_CLIENT_METHOD,
		[REASON_CLIENT_SECRET] = SERIES_OIDC_CLIENT_SECRET,
	};

	if (e == ERR_LOCKOUT)
		keeper_count(SERIES_OIDC_CLIENT_LOCKOUT);
	else if (e == ERR_OK && reason != REASON_ASKED)
		keeper_count(series[reason]);
}

err
clients_authenticate(struct call *call, const struct client_proof *proof, struct oidc_client *ret_client,
		     enum oidc_error *ret_error)
{
	struct client_attempt a = { .call = call, .proof = proof };
	enum audit_reason reason = REASON_ASKED;
	err e = client_try(&a, &reason);

	client_count(e, reason);
	TRY(e);
	*ret_error = reason == REASON_ASKED ? OIDC_OK : OIDC_INVALID_CLIENT;
	if (reason == REASON_ASKED)
		*ret_client = a.client;
	return ERR_OK;
}
