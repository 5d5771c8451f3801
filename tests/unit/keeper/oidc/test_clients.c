/* Clients in the database: changes by commands, secrets, and how clients authenticate. */
#include "keeper/harness.h"

#include "keeper/core/call.h"
#include "keeper/core/counts.h"
#include "keeper/oidc/client_admin.h"
#include "keeper/oidc/clients.h"
#include "oidc/client_draft.h"

/* A PBKDF2 digest as Authelia writes it, of the secret in the tests below, with few iterations. */
#define DIGEST_SHA512                                                                                                  \
	"$pbkdf2-sha512$1000$c2FsdHNhbHRzYWx0c2FsdA$"                                                                  \
	"4N.jj2mpSXexxH8CWt31o1S.1CjN08FUk8NL2QKPpDdZj.Qx14OGv64XObe1SsQydzStKXa74hJ817UYOyhu9A"

static struct client_secret secret; /* the secret of the last client that was added */

static void
add_with(struct world *w, const char *id, enum client_setting setting, const char *text)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(CLIENT_TEXTS_BYTES);
	struct client_draft draft = { .client_id = str_of(id) };
	struct oidc_client client;
	struct why why = { "" };

	draft.of[CLIENT_REDIRECT_URIS] = STR("https://app.example.org/cb");
	draft.of[setting] = str_of(text);
	assert_int_equal(client_draft_read(&draft, &arena, &client, &why), ERR_OK);
	if (client_admin_add(w->thread, &client, &why, &secret) != ERR_OK)
		fail_msg("%s", why.text);
}

static void
add(struct world *w, const char *id)
{
	add_with(w, id, CLIENT_NAME, id);
}

/* --- authentication ----------------------------------------------------------------------------------------------- */

static bool on_the_quick_pool;

static err
authenticate_from(struct world *w, const struct client_proof *proof, const char *address, enum oidc_error *ret_error)
{
	CLEANUP(call_wipe) struct call call = { .db = w->thread->db };
	struct oidc_client client = { .id = 0 };
	err e;

	assert_int_equal(call_of_command(w->thread, &call), ERR_OK);
	call.quick = on_the_quick_pool;
	call.head.address = str_of(address);
	e = clients_authenticate(&call, proof, &client, ret_error);
	assert_true(e != ERR_OK || (client.id != 0) == (*ret_error == OIDC_OK));
	return e;
}

static enum oidc_error
authenticate(struct world *w, enum oidc_auth auth, const char *id, const char *typed)
{
	const struct client_proof proof = { auth, str_of(id), str_of(typed), str_of(id), str_of(typed) };
	enum oidc_error error = OIDC_ERROR_COUNT;

	assert_int_equal(authenticate_from(w, &proof, "192.0.2.7", &error), ERR_OK);
	return error;
}

static int64_t
refusals(struct world *w, const char *reason)
{
	char sql[256];

	snprintf(sql, sizeof(sql), "SELECT count(*) FROM audit WHERE event = 'client.refused' AND reason = '%s'",
		 reason);
	return sql_number(w, sql);
}

static void
a_generated_secret_authenticates_by_header_and_body(void **state)
{
	struct world w;

	world_new(&w);
	add(&w, "wiki");
	assert_int_equal(strlen(secret.z), CLIENT_SECRET_CHARACTERS);
	assert_int_equal(strspn(secret.z, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"),
			 CLIENT_SECRET_CHARACTERS);
	assert_int_equal(authenticate(&w, OIDC_AUTH_BASIC, "wiki", secret.z), OIDC_OK);
	assert_int_equal(authenticate(&w, OIDC_AUTH_POST, "wiki", secret.z), OIDC_OK);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_secrets WHERE length(secret_hash) = 32"), 1);
	assert_int_equal(refusals(&w, "client secret"), 0);
	world_end(&w);
}

static void
wrong_credentials_are_refused_and_audited(void **state)
{
	struct world w;
	char wrong[CLIENT_SECRET_CHARACTERS + 1];

	world_new(&w);
	add(&w, "wiki");
	memcpy(wrong, secret.z, sizeof(wrong));
	wrong[0] = wrong[0] == 'A' ? 'B' : 'A';
	assert_int_equal(authenticate(&w, OIDC_AUTH_BASIC, "wiki", wrong), OIDC_INVALID_CLIENT);
	assert_int_equal(authenticate(&w, OIDC_AUTH_POST, "wiki", ""), OIDC_INVALID_CLIENT);
	assert_int_equal(refusals(&w, "client secret"), 2);
	assert_int_equal(authenticate(&w, OIDC_AUTH_NONE, "wiki", ""), OIDC_INVALID_CLIENT);
	assert_int_equal(refusals(&w, "client method"), 1);
	assert_int_equal(authenticate(&w, OIDC_AUTH_BASIC, "other", secret.z), OIDC_INVALID_CLIENT);
	assert_int_equal(authenticate(&w, OIDC_AUTH_BASIC, "WIKI", secret.z), OIDC_INVALID_CLIENT);
	assert_int_equal(authenticate(&w, OIDC_AUTH_BASIC, "", secret.z), OIDC_INVALID_CLIENT);
	assert_int_equal(refusals(&w, "client unknown"), 3);
	world_end(&w);
}

static void
refusals_are_counted_and_name_registered_clients(void **state)
{
	struct world w;
	struct metric_values before, after;
	int64_t refused = 0;

	world_new(&w);
	add(&w, "wiki");
	keeper_counts(&before);
	authenticate(&w, OIDC_AUTH_NONE, "wiki", "");
	for (unsigned i = 0; i < 40; i++) {
		const struct client_proof wrong = { OIDC_AUTH_POST, STR("wiki"), STR("wrong"), STR(""), STR("") };
		enum oidc_error error;
		refused += authenticate_from(&w, &wrong, "192.0.2.8", &error) == ERR_OK;
	}
	authenticate(&w, OIDC_AUTH_POST, "a stranger's text", "wrong");
	keeper_counts(&after);
	assert_int_equal(after.of[SERIES_OIDC_CLIENT_METHOD] - before.of[SERIES_OIDC_CLIENT_METHOD], 1);
	assert_int_equal(after.of[SERIES_OIDC_CLIENT_UNKNOWN] - before.of[SERIES_OIDC_CLIENT_UNKNOWN], 1);
	assert_int_equal(after.of[SERIES_OIDC_CLIENT_SECRET] - before.of[SERIES_OIDC_CLIENT_SECRET], refused);
	assert_int_equal(after.of[SERIES_OIDC_CLIENT_LOCKOUT] - before.of[SERIES_OIDC_CLIENT_LOCKOUT], 40 - refused);
	assert_true(refused > 0 && refused < 40);
	assert_int_equal(
	    sql_number(&w, "SELECT count(*) FROM audit WHERE event = 'client.refused' AND client = 'wiki'"),
	    refused + 1);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE client = '' AND subject_hash IS NOT NULL"),
			 1);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE client <> '' AND client <> 'wiki'"), 0);
	world_end(&w);
}

static void
another_clients_secret_is_refused(void **state)
{
	struct world w;

	world_new(&w);
	add(&w, "one");
	add(&w, "two");
	assert_int_equal(authenticate(&w, OIDC_AUTH_POST, "two", secret.z), OIDC_OK);
	assert_int_equal(authenticate(&w, OIDC_AUTH_POST, "one", secret.z), OIDC_INVALID_CLIENT);
	world_end(&w);
}

/* RFC 6749 s2.3.1 demands form-encoding; some libraries send the halves as they are. */
static void
basic_is_accepted_decoded_and_raw(void **state)
{
	enum oidc_error error = OIDC_ERROR_COUNT;
	struct world w;

	world_new(&w);
	add(&w, "wiki");
	const struct client_proof decoded = { OIDC_AUTH_BASIC, STR("wiki"), str_of(secret.z), STR("wi%6Bi"), STR("x") };
	struct client_proof raw = { OIDC_AUTH_BASIC, STR("other"), STR("x"), STR("wiki"), str_of(secret.z) };
	assert_int_equal(authenticate_from(&w, &decoded, "192.0.2.7", &error), ERR_OK);
	assert_int_equal(error, OIDC_OK);
	assert_int_equal(authenticate_from(&w, &raw, "192.0.2.7", &error), ERR_OK);
	assert_int_equal(error, OIDC_OK);
	raw.auth = OIDC_AUTH_POST; /* only the header has two forms */
	raw.client_id = STR("wiki");
	assert_int_equal(authenticate_from(&w, &raw, "192.0.2.7", &error), ERR_OK);
	assert_int_equal(error, OIDC_INVALID_CLIENT);
	world_end(&w);
}

static void
a_narrowed_client_accepts_one_method(void **state)
{
	struct world w;

	world_new(&w);
	add_with(&w, "wiki", CLIENT_AUTH_METHOD, "client_secret_post");
	assert_int_equal(authenticate(&w, OIDC_AUTH_POST, "wiki", secret.z), OIDC_OK);
	assert_int_equal(authenticate(&w, OIDC_AUTH_BASIC, "wiki", secret.z), OIDC_INVALID_CLIENT);
	assert_int_equal(refusals(&w, "client method"), 1);
	world_end(&w);
}

static void
a_public_client_sends_no_secret(void **state)
{
	struct world w;

	world_new(&w);
	add_with(&w, "app", CLIENT_PUBLIC, "yes");
	assert_string_equal(secret.z, "");
	assert_int_equal(authenticate(&w, OIDC_AUTH_NONE, "app", ""), OIDC_OK);
	assert_int_equal(authenticate(&w, OIDC_AUTH_BASIC, "app", ""), OIDC_OK); /* Go's x/oauth2 tries it */
	assert_int_equal(authenticate(&w, OIDC_AUTH_POST, "app", "x"), OIDC_INVALID_CLIENT);
	assert_int_equal(refusals(&w, "client method"), 1);
	world_end(&w);
}

static void
a_disabled_client_is_refused_until_enabled(void **state)
{
	struct world w;
	struct why why = { "" };
	bool changed = false;

	world_new(&w);
	add(&w, "wiki");
	assert_int_equal(client_admin_disable(w.thread, STR("wiki"), &why, &changed), ERR_OK);
	assert_true(changed);
	assert_int_equal(client_admin_disable(w.thread, STR("wiki"), &why, &changed), ERR_OK);
	assert_false(changed);
	assert_int_equal(authenticate(&w, OIDC_AUTH_POST, "wiki", secret.z), OIDC_INVALID_CLIENT);
	assert_int_equal(refusals(&w, "client disabled"), 1);
	assert_int_equal(client_admin_enable(w.thread, STR("wiki"), &why, &changed), ERR_OK);
	assert_true(changed);
	assert_int_equal(authenticate(&w, OIDC_AUTH_POST, "wiki", secret.z), OIDC_OK);
	world_end(&w);
}

/* --- throttling --------------------------------------------------------------------------------------------------- */

static err
try_from(struct world *w, const char *id, const char *typed, const char *address)
{
	const struct client_proof proof = { OIDC_AUTH_POST, str_of(id), str_of(typed), STR(""), STR("") };
	enum oidc_error error = OIDC_ERROR_COUNT;
	err e = authenticate_from(w, &proof, address, &error);

	return e == ERR_OK && error == OIDC_INVALID_CLIENT ? ERR_DENIED : e;
}

static void
refusals_lock_out_one_client_at_one_address(void **state)
{
	struct world w;

	world_new(&w);
	add(&w, "wiki");
	for (int i = 0; i < 30; i++)
		assert_int_equal(try_from(&w, "wiki", "wrong", "192.0.2.7"), ERR_DENIED);
	assert_int_equal(try_from(&w, "wiki", "wrong", "192.0.2.7"), ERR_LOCKOUT);
	assert_int_equal(refusals(&w, "client secret"), 30);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE event = 'wait.begun' AND reason = 'client'"),
			 1);
	assert_int_equal(try_from(&w, "wiki", "wrong", "192.0.2.8"), ERR_DENIED);
	assert_int_equal(try_from(&w, "other", "wrong", "192.0.2.7"), ERR_DENIED);
	assert_int_equal(try_from(&w, "wiki", secret.z, "192.0.2.7"),
			 ERR_OK); /* a generated secret cannot be guessed */
	clock_forward(SECONDS_US(31));
	assert_int_equal(try_from(&w, "wiki", "wrong", "192.0.2.7"), ERR_DENIED);
	world_end(&w);
}

static void
invented_client_ids_share_one_counter(void **state)
{
	struct world w;
	char id[16];

	world_new(&w);
	for (int i = 0; i < 30; i++) {
		snprintf(id, sizeof(id), "invented-%d", i);
		assert_int_equal(try_from(&w, id, "wrong", "192.0.2.7"), ERR_DENIED);
	}
	assert_int_equal(try_from(&w, "invented", "wrong", "192.0.2.7"), ERR_LOCKOUT);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM throttle WHERE counter = 'client'"), 1);
	world_end(&w);
}

/* --- imported secrets --------------------------------------------------------------------------------------------- */

static void
import_secret(struct world *w, const char *hash)
{
	char sql[700];

	snprintf(sql, sizeof(sql), "UPDATE oidc_secrets SET imported = 1, secret_hash = %s", hash);
	sql_run(w, sql);
}

static void
an_imported_digest_fits_once_then_becomes_sha_256(void **state)
{
	struct world w;

	sqlite_only();
	world_new(&w);
	add(&w, "wiki");
	import_secret(&w, "CAST('" DIGEST_SHA512 "' AS BLOB)");
	assert_int_equal(authenticate(&w, OIDC_AUTH_POST, "wiki", "another_secret"), OIDC_INVALID_CLIENT);
	assert_int_equal(sql_number(&w, "SELECT length(secret_hash) > 32 FROM oidc_secrets"), 1);
	assert_int_equal(authenticate(&w, OIDC_AUTH_BASIC, "wiki", "insecure_secret"), OIDC_OK);
	assert_int_equal(sql_number(&w, "SELECT length(secret_hash) FROM oidc_secrets"), 32);
	assert_int_equal(authenticate(&w, OIDC_AUTH_BASIC, "wiki", "insecure_secret"), OIDC_OK);
	assert_int_equal(authenticate(&w, OIDC_AUTH_POST, "wiki", "another_secret"), OIDC_INVALID_CLIENT);
	world_end(&w);
}

/* A digest takes up to a second: four guesses at once would stop all quick questions. */
static void
an_imported_digest_is_verified_in_the_slow_pool_only(void **state)
{
	struct world w;

	sqlite_only();
	world_new(&w);
	add(&w, "wiki");
	import_secret(&w, "CAST('" DIGEST_SHA512 "' AS BLOB)");
	on_the_quick_pool = true;
	assert_int_equal(try_from(&w, "wiki", "insecure_secret", "192.0.2.7"), ERR_SLOW);
	assert_int_equal(try_from(&w, "wiki", "wrong", "192.0.2.7"), ERR_SLOW);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE event = 'client.refused'"), 0);
	on_the_quick_pool = false;
	assert_int_equal(try_from(&w, "wiki", "insecure_secret", "192.0.2.7"), ERR_OK);
	on_the_quick_pool = true; /* it is a SHA-256 now */
	assert_int_equal(try_from(&w, "wiki", "insecure_secret", "192.0.2.7"), ERR_OK);
	assert_int_equal(try_from(&w, "wiki", "wrong", "192.0.2.7"), ERR_DENIED);
	on_the_quick_pool = false;
	world_end(&w);
}

/* ERR_SLOW says that a digest would be computed. */
static err
quick_attempt(struct world *w, enum oidc_auth auth, const char *typed)
{
	const struct client_proof proof = { auth, STR("wiki"), str_of(typed), STR("wiki"), str_of(typed) };
	enum oidc_error error = OIDC_OK;
	err e;

	on_the_quick_pool = true;
	e = authenticate_from(w, &proof, "192.0.2.7", &error);
	on_the_quick_pool = false;
	assert_true(e != ERR_OK || error == OIDC_INVALID_CLIENT);
	return e;
}

static void
a_certain_refusal_computes_no_digest(void **state)
{
	struct world w;

	sqlite_only();
	world_new(&w);
	add_with(&w, "wiki", CLIENT_AUTH_METHOD, "client_secret_basic");
	import_secret(&w, "CAST('" DIGEST_SHA512 "' AS BLOB)");
	assert_int_equal(quick_attempt(&w, OIDC_AUTH_BASIC, "wrong"), ERR_SLOW);
	assert_int_equal(quick_attempt(&w, OIDC_AUTH_BASIC, ""), ERR_OK);
	assert_int_equal(quick_attempt(&w, OIDC_AUTH_NONE, ""), ERR_OK);
	assert_int_equal(quick_attempt(&w, OIDC_AUTH_POST, "insecure_secret"), ERR_OK);
	sql_run(&w, "UPDATE oidc_clients SET disabled_at_us = 1");
	assert_int_equal(quick_attempt(&w, OIDC_AUTH_BASIC, "insecure_secret"), ERR_OK);
	assert_int_equal(refusals(&w, "client disabled"), 1);
	world_end(&w);
}

/* Simultaneous guesses are limited too. */
static void
an_attempt_is_counted_before_its_digest_is_computed(void **state)
{
	struct world w;

	sqlite_only();
	world_new(&w);
	add(&w, "wiki");
	import_secret(&w, "CAST('$pbkdf2-sha512$broken, and therefore an error' AS BLOB)");
	assert_int_equal(try_from(&w, "wiki", "wrong", "192.0.2.7"), ERR_INVALID);
	assert_int_equal(sql_number(&w, "SELECT sum(failures) FROM throttle"), 1);
	import_secret(&w, "CAST('" DIGEST_SHA512 "' AS BLOB)");
	assert_int_equal(try_from(&w, "wiki", "wrong", "192.0.2.7"), ERR_DENIED);
	assert_int_equal(sql_number(&w, "SELECT sum(failures) FROM throttle"), 2);
	assert_int_equal(try_from(&w, "wiki", "insecure_secret", "192.0.2.7"), ERR_OK);
	assert_int_equal(sql_number(&w, "SELECT sum(failures) FROM throttle"), 2);
	world_end(&w);
}

/* A person may have chosen an imported secret.  The right one is refused too, so that guesses reveal nothing. */
static void
an_imported_secret_is_refused_during_a_lockout(void **state)
{
	struct world w;

	sqlite_only();
	world_new(&w);
	add(&w, "wiki");
	import_secret(&w, "secret_hash");
	for (int i = 0; i < 30; i++)
		assert_int_equal(try_from(&w, "wiki", "wrong", "192.0.2.7"), ERR_DENIED);
	assert_int_equal(try_from(&w, "wiki", secret.z, "192.0.2.7"), ERR_LOCKOUT);
	assert_int_equal(try_from(&w, "wiki", secret.z, "192.0.2.8"), ERR_OK);
	clock_forward(SECONDS_US(31));
	assert_int_equal(try_from(&w, "wiki", secret.z, "192.0.2.7"), ERR_OK);
	world_end(&w);
}

static void
digests_of_pbkdf2_are_recognised(void **state)
{
	static const struct {
		const char *text;
		bool good;
		const char *why;
	} cases[] = {
		{ DIGEST_SHA512, true, "as Authelia writes it" },
		{ "$pbkdf2$1000$c2FsdA$MDEyMzQ1Njc4OWFiY2RlZg", true, "SHA-1" },
		{ "$pbkdf2-sha256$1000$c2FsdA$MDEyMzQ1Njc4OWFiY2RlZg", true, "SHA-256" },
		{ "$pbkdf2-sha512$2000001$c2FsdA$MDEyMzQ1Njc4OWFiY2RlZg", false, "too many iterations" },
		{ "$pbkdf2-sha512$0$c2FsdA$MDEyMzQ1Njc4OWFiY2RlZg", false, "no iterations" },
		{ "$pbkdf2-sha512$1000$c2FsdA$MDEy", false, "a short key" },
		{ "$pbkdf2-sha512$1000$c2FsdA", false, "no key" },
		{ "$pbkdf2-md5$1000$c2FsdA$MDEyMzQ1Njc4OWFiY2RlZg", false, "another hash" },
		{ "$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$MDEyMzQ1Njc4OWFiY2RlZg", false, "another scheme" },
		{ "$plaintext$insecure_secret", false, "not hashed" },
		{ "", false, "empty" },
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		if (client_secret_is_digest(str_of(cases[i].text)) != cases[i].good)
			fail_msg("%s: %s", cases[i].text, cases[i].why);
}

/* --- secrets ------------------------------------------------------------------------------------------------------ */

static void
two_secrets_are_valid_for_a_week(void **state)
{
	struct client_secret first, second, third;
	struct world w;
	struct why why = { "" };

	world_new(&w);
	add(&w, "wiki");
	first = secret;
	assert_int_equal(client_admin_secret(w.thread, STR("wiki"), DAYS_US(7), &why, &second), ERR_OK);
	assert_int_equal(authenticate(&w, OIDC_AUTH_POST, "wiki", first.z), OIDC_OK);
	assert_int_equal(authenticate(&w, OIDC_AUTH_POST, "wiki", second.z), OIDC_OK);
	assert_int_equal(client_admin_secret(w.thread, STR("wiki"), DAYS_US(7), &why, &third), ERR_OK);
	assert_int_equal(authenticate(&w, OIDC_AUTH_POST, "wiki", first.z), OIDC_INVALID_CLIENT);
	assert_int_equal(authenticate(&w, OIDC_AUTH_POST, "wiki", second.z), OIDC_OK);
	assert_int_equal(authenticate(&w, OIDC_AUTH_POST, "wiki", third.z), OIDC_OK);
	clock_forward(DAYS_US(7));
	assert_int_equal(authenticate(&w, OIDC_AUTH_POST, "wiki", second.z), OIDC_INVALID_CLIENT);
	assert_int_equal(authenticate(&w, OIDC_AUTH_POST, "wiki", third.z), OIDC_OK);
	world_end(&w);
}

static void
a_new_secret_can_end_the_old_ones_at_once(void **state)
{
	struct client_secret second;
	struct world w;
	struct why why = { "" };

	world_new(&w);
	add(&w, "wiki");
	assert_int_equal(client_admin_secret(w.thread, STR("wiki"), 0, &why, &second), ERR_OK);
	assert_int_equal(authenticate(&w, OIDC_AUTH_POST, "wiki", secret.z), OIDC_INVALID_CLIENT);
	assert_int_equal(authenticate(&w, OIDC_AUTH_POST, "wiki", second.z), OIDC_OK);
	world_end(&w);
}

/* --- changes ------------------------------------------------------------------------------------------------------ */

static err
edit_public(void *context, const struct oidc_client *stored, struct arena *arena, struct oidc_client *ret_client,
	    struct why *why)
{
	*ret_client = *stored;
	ret_client->public = true;
	ret_client->client_id = STR("stolen");
	ret_client->id = 1;
	return ERR_OK;
}

static err
edit_refuse(void *context, const struct oidc_client *stored, struct arena *arena, struct oidc_client *ret_client,
	    struct why *why)
{
	return why_set(why, ERR_INVALID, "no");
}

static void
a_change_keeps_the_id_and_a_public_client_has_no_secret(void **state)
{
	struct world w;
	struct why why = { "" };

	world_new(&w);
	add(&w, "wiki");
	assert_int_equal(client_admin_change(w.thread, STR("wiki"), edit_refuse, NULL, &why), ERR_INVALID);
	assert_string_equal(why.text, "no");
	why = (struct why){ "" };
	assert_int_equal(client_admin_change(w.thread, STR("wiki"), edit_public, NULL, &why), ERR_OK);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_secrets"), 0);
	assert_int_equal(authenticate(&w, OIDC_AUTH_NONE, "wiki", ""), OIDC_OK);
	assert_int_equal(client_admin_secret(w.thread, STR("wiki"), 0, &why, &secret), ERR_INVALID);
	assert_non_null(strstr(why.text, "public client"));
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM audit WHERE event = 'admin.client-changed'"), 1);
	world_end(&w);
}

static void
disabling_and_deleting_end_all_grants(void **state)
{
	static const char grant[] = "INSERT INTO oidc_grants (id, client_id, account_id, scopes, claims, auth_at_us, "
				    "amr, acr, sid, created_at_us,"
				    " expires_at_us) SELECT 7, c.id, a.id, 'openid', '', 1, 'pwd', '', 's', 1, 2 FROM "
				    "oidc_clients c, accounts a";
	struct browser b;
	struct world w;
	struct why why = { "" };
	bool changed = false;

	world_new(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	add(&w, "wiki");
	sql_run(&w, grant);
	assert_int_equal(client_admin_disable(w.thread, STR("wiki"), &why, &changed), ERR_OK);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_grants"), 0);
	sql_run(&w, grant);
	assert_int_equal(client_admin_delete(w.thread, STR("wiki"), &why), ERR_OK);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_grants"), 0);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_secrets"), 0);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_clients"), 0);
	world_end(&w);
}

static void
unknown_and_taken_ids_have_messages(void **state)
{
	struct world w;
	struct why why = { "" };
	bool changed = false;

	world_new(&w);
	assert_int_equal(client_admin_disable(w.thread, STR("wiki"), &why, &changed), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, "There is no client \"wiki\""));
	assert_int_equal(client_admin_delete(w.thread, STR("wiki"), &why), ERR_NOT_FOUND);
	assert_int_equal(client_admin_change(w.thread, STR("wiki"), edit_public, NULL, &why), ERR_NOT_FOUND);
	add(&w, "wiki");
	struct oidc_client again = { .client_id = STR("wiki"), .redirect_uris = STR("https://a/"), .scopes = 1 };
	why = (struct why){ "" };
	assert_int_equal(client_admin_add(w.thread, &again, &why, &secret), ERR_EXISTS);
	assert_non_null(strstr(why.text, "already exists"));
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_secrets"), 1);
	world_end(&w);
}

static err
count_client(void *context, const struct client_view *view)
{
	assert_true(view->secrets_n == 1 && view->created_us > 0 && view->client.redirect_uris.n > 0);
	++*(int *)context;
	return ERR_OK;
}

static void
the_list_has_all_pages(void **state)
{
	struct world w;
	struct why why = { "" };
	char id[16];
	int n = 0;

	world_new(&w);
	for (int i = 0; i < 101; i++) {
		snprintf(id, sizeof(id), "app-%d", i);
		add(&w, id);
	}
	assert_int_equal(client_admin_list(w.thread, &why, count_client, &n), ERR_OK);
	assert_int_equal(n, 101);
	world_end(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_generated_secret_authenticates_by_header_and_body),
		cmocka_unit_test(wrong_credentials_are_refused_and_audited),
		cmocka_unit_test(refusals_are_counted_and_name_registered_clients),
		cmocka_unit_test(another_clients_secret_is_refused),
		cmocka_unit_test(basic_is_accepted_decoded_and_raw),
		cmocka_unit_test(a_narrowed_client_accepts_one_method),
		cmocka_unit_test(a_public_client_sends_no_secret),
		cmocka_unit_test(a_disabled_client_is_refused_until_enabled),
		cmocka_unit_test(refusals_lock_out_one_client_at_one_address),
		cmocka_unit_test(invented_client_ids_share_one_counter),
		cmocka_unit_test(an_imported_digest_fits_once_then_becomes_sha_256),
		cmocka_unit_test(an_imported_digest_is_verified_in_the_slow_pool_only),
		cmocka_unit_test(a_certain_refusal_computes_no_digest),
		cmocka_unit_test(an_attempt_is_counted_before_its_digest_is_computed),
		cmocka_unit_test(an_imported_secret_is_refused_during_a_lockout),
		cmocka_unit_test(digests_of_pbkdf2_are_recognised),
		cmocka_unit_test(two_secrets_are_valid_for_a_week),
		cmocka_unit_test(a_new_secret_can_end_the_old_ones_at_once),
		cmocka_unit_test(a_change_keeps_the_id_and_a_public_client_has_no_secret),
		cmocka_unit_test(disabling_and_deleting_end_all_grants),
		cmocka_unit_test(unknown_and_taken_ids_have_messages),
		cmocka_unit_test(the_list_has_all_pages),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
