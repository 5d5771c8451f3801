/* The keys that sign ID tokens: made, used, published, retired, withdrawn. */
#include "keeper/application.h"

#include "keeper/core/call.h"
#include "keeper/keys/rotate.h"
#include "keeper/ops/upkeep.h"
#include "keeper/oidc/signing_keys.h"
#include "keeper/oidc/signing_schedule.h"
#include "store/store.h"

#include <pthread.h>
#include <string.h>

#define CLAIMS "{\"sub\":\"3f1c\"}"

enum { KEYS_MAX = 8, TOKEN_MAX = 2048 };

/* --- steps of the tests ------------------------------------------------------------------------------------------- */

static void
client_add(struct world *w, const char *client_id, const char *alg)
{
	char sql[512];

	snprintf(sql, sizeof(sql),
		 "INSERT INTO oidc_clients (client_id, name, redirect_uris, scopes, id_token_alg, created_at_us) "
		 "VALUES ('%s', 'Wiki', 'https://wiki.example.org/cb', 'openid', '%s', 1)",
		 client_id, alg);
	sql_run(w, sql);
}

static void
call_begin(struct world *w, struct call *ret_call)
{
	assert_int_equal(call_of_command(w->thread, ret_call), ERR_OK);
}

static void
upkeep(struct world *w)
{
	CLEANUP(call_wipe) struct call call;

	call_begin(w, &call);
	assert_int_equal(signing_schedule_upkeep(&call), ERR_OK);
}

struct signed_token {
	char z[TOKEN_MAX];
	char kid[JWT_KID_SIZE];
};

static void
token_kid(struct call *call, struct signed_token *token)
{
	str alg = { 0 }, kid = { 0 };

	assert_int_equal(jwt_header_read(str_of(token->z), &call->arena, &alg, &kid), ERR_OK);
	assert_int_equal(str_copy_z(kid, token->kid, sizeof(token->kid)), ERR_OK);
}

static struct signed_token
sign(struct world *w, enum oidc_alg alg)
{
	CLEANUP(call_wipe) struct call call;
	CLEANUP(buf_wipe) struct buf out = BUF(TOKEN_MAX);
	struct signed_token token;

	call_begin(w, &call);
	assert_int_equal(application_sign(&call, alg, STR(CLAIMS), &out), ERR_OK);
	assert_int_equal(str_copy_z(buf_str(&out), token.z, sizeof(token.z)), ERR_OK);
	token_kid(&call, &token);
	return token;
}

static bool
verifies(struct world *w, const struct signed_token *token)
{
	CLEANUP(call_wipe) struct call call;
	str claims = { 0 };
	bool good = false;

	call_begin(w, &call);
	assert_int_equal(signing_keys_verify(&call, str_of(token->z), &claims, &good), ERR_OK);
	if (good)
		assert_true(str_equal(claims, STR(CLAIMS)));
	return good;
}

/* The published key set, as any client gets it by the question oidc-keys. */
static void
published(struct world *w, char ret_text[OIDC_JWT_MAX + 1])
{
	CLEANUP(buf_wipe) struct buf raw = BUF(WIRE_MAX_BYTES);
	struct browser b = { .raw = &raw };
	struct answer_head head;
	struct oidc_keys_body body;
	str rest;

	assert_verdict(ask(w, &b, QUESTION_OIDC_KEYS, NULL), VERDICT_PASSED);
	rest = buf_str(&raw);
	assert_int_equal(wire_get(&rest, &wire_answer_head, &head), ERR_OK);
	assert_int_equal(wire_get(&rest, &wire_oidc_keys_body, &body), ERR_OK);
	assert_int_equal(str_copy_z(body.jwks, ret_text, OIDC_JWT_MAX + 1), ERR_OK);
}

static bool
is_published(struct world *w, const char *kid)
{
	static char text[OIDC_JWT_MAX + 1];

	published(w, text);
	return strstr(text, kid) != NULL;
}

static size_t
published_count(struct world *w)
{
	static char text[OIDC_JWT_MAX + 1];
	size_t n = 0;

	published(w, text);
	for (const char *at = text; (at = strstr(at, "\"kid\":")) != NULL; at++)
		n++;
	return n;
}

static void
withdraw(struct world *w, const char *kid, bool expected)
{
	CLEANUP(call_wipe) struct call call;
	bool found = !expected;

	call_begin(w, &call);
	assert_int_equal(signing_schedule_withdraw(&call, str_of(kid), &found), ERR_OK);
	assert_int_equal(found, expected);
}

static unsigned
rotate_early(struct world *w)
{
	CLEANUP(call_wipe) struct call call;
	unsigned made = 99;

	call_begin(w, &call);
	assert_int_equal(signing_schedule_rotate(&call, &made), ERR_OK);
	return made;
}

/* --- signing and verifying ---------------------------------------------------------------------------------------- */

static void
first_key_signs_at_once(void **state)
{
	struct world w;
	struct signed_token token, second;

	world_new(&w);
	token = sign(&w, OIDC_RS256);
	second = sign(&w, OIDC_RS256);
	assert_string_equal(token.kid, second.kid);
	assert_true(verifies(&w, &token));
	assert_true(is_published(&w, token.kid));
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_keys"), 1);
	world_end(&w);
}

static void
each_algorithm_has_its_own_key(void **state)
{
	struct world w;

	world_new(&w);
	client_add(&w, "a", "ES256");
	client_add(&w, "b", "EdDSA");
	for (enum oidc_alg alg = 0; alg < OIDC_ALG_COUNT; alg++) {
		struct signed_token token = sign(&w, alg);
		assert_true(verifies(&w, &token));
		assert_true(is_published(&w, token.kid));
	}
	assert_int_equal(published_count(&w), OIDC_ALG_COUNT);
	world_end(&w);
}

static void
keys_survive_a_restart(void **state)
{
	struct world w;
	struct signed_token before, after;

	world_new(&w);
	before = sign(&w, OIDC_RS256);
	world_close(&w);
	world_open(&w);
	assert_true(verifies(&w, &before));
	after = sign(&w, OIDC_RS256);
	assert_string_equal(before.kid, after.kid);
	world_end(&w);
}

static void
tokens_of_others_are_not_verified(void **state)
{
	struct world w, other;
	struct signed_token token, bent;

	world_new(&w);
	world_new(&other);
	(void)sign(&w, OIDC_RS256);
	token = sign(&other, OIDC_RS256);
	assert_false(verifies(&w, &token));
	bent = sign(&w, OIDC_RS256);
	bent.z[strlen(bent.z) - 9] ^= 1;
	assert_false(verifies(&w, &bent));
	for (size_t i = 0; i < 3; i++) {
		struct signed_token odd;
		snprintf(odd.z, sizeof(odd.z), "%s", (const char *[]){ "", "..", "e30.e30." }[i]);
		assert_false(verifies(&w, &odd));
	}
	world_end(&other);
	world_end(&w);
}

static void
key_moved_to_another_row_does_not_sign(void **state)
{
	CLEANUP(call_wipe) struct call call = { 0 };
	CLEANUP(buf_wipe) struct buf out = BUF(TOKEN_MAX);
	struct world w;

	world_new(&w);
	(void)sign(&w, OIDC_RS256);
	sql_run(&w, "UPDATE oidc_keys SET id = id + 1");
	call_begin(&w, &call);
	assert_int_equal(application_sign(&call, OIDC_RS256, STR(CLAIMS), &out), ERR_CORRUPT);
	sql_run(&w, "UPDATE oidc_keys SET id = id - 1, kid = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'");
	world_close(&w);
	world_open(&w);
	call_wipe(&call);
	call_begin(&w, &call);
	assert_int_equal(application_sign(&call, OIDC_RS256, STR(CLAIMS), &out), ERR_CORRUPT);
	world_end(&w);
}

static void
an_unreadable_key_is_left_out_of_the_key_set(void **state)
{
	struct world w;
	struct signed_token token;

	world_new(&w);
	client_add(&w, "wiki", "ES256");
	upkeep(&w);
	token = sign(&w, OIDC_ES256);
	assert_int_equal(published_count(&w), 2);
	world_close(&w);
	world_open(&w);
	sql_run(&w, "UPDATE oidc_keys SET private_sealed = x'00' WHERE algorithm = 'RS256'");
	assert_int_equal(published_count(&w), 1);
	assert_true(is_published(&w, token.kid));
	assert_true(verifies(&w, &token));
	sql_run(&w, "UPDATE oidc_keys SET private_sealed = x'00'");
	world_close(&w);
	world_open(&w);
	assert_int_equal(published_count(&w), 0);
	assert_false(verifies(&w, &token)); /* an error would refuse the request that has it as a hint */
	world_end(&w);
}

/* --- several threads and nodes ------------------------------------------------------------------------------------ */

enum { SIGNERS = 8, SIGNATURES = 20 };

struct signer {
	struct world *w;
	struct keeper *keeper;
	pthread_barrier_t *begin;
	struct signed_token last;
	int failed;
};

/* Neither cmocka nor this test's helpers may fail in another thread. */
static int
signer_sign(struct signer *s, struct keeper_thread *thread)
{
	CLEANUP(call_wipe) struct call call = { 0 };
	CLEANUP(buf_wipe) struct buf out = BUF(TOKEN_MAX);

	if (call_of_command(thread, &call) != ERR_OK ||
	    application_sign(&call, OIDC_RS256, STR(CLAIMS), &out) != ERR_OK)
		return 1;
	return str_copy_z(buf_str(&out), s->last.z, sizeof(s->last.z)) == ERR_OK ? 0 : 1;
}

static void *
signer_main(void *context)
{
	struct signer *s = context;
	struct keeper_thread *thread = NULL;

	s->failed = keeper_thread_open(s->keeper, &thread) != ERR_OK;
	pthread_barrier_wait(s->begin);
	for (int i = 0; i < SIGNATURES && !s->failed; i++)
		s->failed = signer_sign(s, thread);
	keeper_thread_close(&thread);
	return NULL;
}

static void
signers_run(struct signer signers[SIGNERS])
{
	pthread_t threads[SIGNERS];
	pthread_barrier_t begin;

	pthread_barrier_init(&begin, NULL, SIGNERS);
	for (size_t i = 0; i < SIGNERS; i++) {
		signers[i].begin = &begin;
		assert_int_equal(pthread_create(&threads[i], NULL, signer_main, &signers[i]), 0);
	}
	for (size_t i = 0; i < SIGNERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	pthread_barrier_destroy(&begin);
	for (size_t i = 0; i < SIGNERS; i++)
		assert_int_equal(signers[i].failed, 0);
}

/* All threads of two nodes need the first key at the same time. */
static void
two_nodes_that_make_the_first_key_agree(void **state)
{
	struct signer signers[SIGNERS] = { 0 };
	struct keeper *node = NULL;
	struct why why = { "" };
	struct world w;

	world_new(&w);
	assert_int_equal(keeper_open(&w.config, KEEPER_EXISTING, &why, &node), ERR_OK);
	for (size_t i = 0; i < SIGNERS; i++)
		signers[i] = (struct signer){ .w = &w, .keeper = i % 2 == 0 ? w.keeper : node };
	signers_run(signers);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_keys"), 1);
	for (size_t i = 0; i < SIGNERS; i++)
		assert_true(verifies(&w, &signers[i].last));
	keeper_close(&node);
	world_end(&w);
}

/* --- the life of a key -------------------------------------------------------------------------------------------- */

static void
keys_are_made_only_for_algorithms_in_use(void **state)
{
	struct world w;

	world_new(&w);
	upkeep(&w);
	assert_int_equal(published_count(&w), 0);
	client_add(&w, "a", "RS256");
	upkeep(&w);
	upkeep(&w);
	assert_int_equal(published_count(&w), 1);
	client_add(&w, "b", "ES256");
	client_add(&w, "c", "EdDSA");
	upkeep(&w);
	assert_int_equal(published_count(&w), 3);
	sql_run(&w, "UPDATE oidc_clients SET disabled_at_us = 1 WHERE client_id <> 'a'");
	assert_int_equal(published_count(&w), 1);
	sql_run(&w, "UPDATE oidc_clients SET disabled_at_us = NULL");
	assert_int_equal(published_count(&w), 3);
	sql_run(&w, "DELETE FROM oidc_clients WHERE client_id = 'b'");
	upkeep(&w);
	assert_int_equal(published_count(&w), 2);
	world_end(&w);
}

/* A key is published for 7 days, signs for 90, stays published for 7, and verifies for a year after its last token. */
static void
key_signs_for_90_days_and_verifies_longer(void **state)
{
	struct signed_token first, later;
	struct world w;

	world_new(&w);
	client_add(&w, "a", "RS256");
	first = sign(&w, OIDC_RS256);
	clock_forward(DAYS_US(82));
	upkeep(&w);
	assert_int_equal(published_count(&w), 1);
	clock_forward(DAYS_US(1) + MINUTES_US(1));
	upkeep(&w); /* day 83: the next key is published */
	upkeep(&w);
	assert_int_equal(published_count(&w), 2);
	clock_forward(DAYS_US(6));
	later = sign(&w, OIDC_RS256);
	assert_string_equal(later.kid, first.kid);
	clock_forward(DAYS_US(1));
	upkeep(&w); /* day 90: the next key signs */
	later = sign(&w, OIDC_RS256);
	assert_string_not_equal(later.kid, first.kid);
	assert_int_equal(published_count(&w), 2);
	assert_true(is_published(&w, first.kid));
	clock_forward(DAYS_US(7));
	upkeep(&w); /* day 97: the first key is not published any more */
	assert_false(is_published(&w, first.kid));
	assert_true(verifies(&w, &first));
	clock_forward(DAYS_US(90 + 365 - 98));
	assert_true(verifies(&w, &first));
	clock_forward(DAYS_US(1));
	assert_false(verifies(&w, &first));
	purge_all(&w);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_keys WHERE kept_until_us < 2"), 0);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_keys"), 1);
	world_end(&w);
}

/* The key that signs comes first, whatever was made later. */
static void
signing_key_is_published_first(void **state)
{
	static char text[OIDC_JWT_MAX + 1];
	struct signed_token token;
	struct world w;
	char *at;

	world_new(&w);
	client_add(&w, "a", "RS256");
	token = sign(&w, OIDC_RS256);
	assert_int_equal(rotate_early(&w), 1);
	published(&w, text);
	at = strstr(text, "\"kid\":\"");
	assert_non_null(at);
	assert_int_equal(strncmp(at + 7, token.kid, strlen(token.kid)), 0);
	assert_null(strstr(text, "\"d\""));
	world_end(&w);
}

/* A server that was off: the old key signs until the new one was published for 7 days. */
static void
key_signs_longer_after_a_pause(void **state)
{
	struct signed_token first, later;
	struct world w;

	world_new(&w);
	client_add(&w, "a", "RS256");
	first = sign(&w, OIDC_RS256);
	clock_forward(DAYS_US(95));
	later = sign(&w, OIDC_RS256);
	assert_string_equal(later.kid, first.kid);
	assert_int_equal(published_count(&w), 2);
	clock_forward(DAYS_US(7) + MINUTES_US(1));
	later = sign(&w, OIDC_RS256);
	assert_string_not_equal(later.kid, first.kid);
	assert_true(is_published(&w, first.kid));
	clock_forward(DAYS_US(300)); /* no application knows a key any more */
	later = sign(&w, OIDC_RS256);
	assert_int_equal(published_count(&w), 1);
	assert_true(is_published(&w, later.kid));
	world_end(&w);
}

static void
early_rotation_publishes_first(void **state)
{
	struct signed_token first, later;
	struct world w;

	world_new(&w);
	client_add(&w, "a", "RS256");
	assert_int_equal(rotate_early(&w), 1);
	first = sign(&w, OIDC_RS256);
	assert_int_equal(rotate_early(&w), 1);
	assert_int_equal(rotate_early(&w), 0); /* the next key exists */
	assert_int_equal(published_count(&w), 2);
	later = sign(&w, OIDC_RS256);
	assert_string_equal(later.kid, first.kid);
	clock_forward(DAYS_US(7) + MINUTES_US(1));
	later = sign(&w, OIDC_RS256);
	assert_string_not_equal(later.kid, first.kid);
	upkeep(&w);
	assert_int_equal(published_count(&w), 2);
	world_end(&w);
}

/* A clock that was ahead at the first start leaves a key of the future. */
static void
key_of_the_future_signs_if_no_other_key_does(void **state)
{
	struct signed_token first, later;
	struct world w;

	world_new(&w);
	client_add(&w, "a", "RS256");
	clock_forward(DAYS_US(400));
	first = sign(&w, OIDC_RS256);
	clock_forward(-DAYS_US(400));
	later = sign(&w, OIDC_RS256);
	assert_string_equal(later.kid, first.kid);
	assert_int_equal(published_count(&w), 1);
	clock_forward(DAYS_US(91));
	upkeep(&w);
	assert_int_equal(published_count(&w), 2);
	world_end(&w);
}

/* --- withdrawing -------------------------------------------------------------------------------------------------- */

static void
withdrawn_key_verifies_nothing(void **state)
{
	struct signed_token first, later;
	struct world w;

	world_new(&w);
	client_add(&w, "a", "RS256");
	first = sign(&w, OIDC_RS256);
	withdraw(&w, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs", false);
	assert_true(verifies(&w, &first));
	withdraw(&w, first.kid, true);
	withdraw(&w, first.kid, false);
	assert_false(verifies(&w, &first));
	assert_false(is_published(&w, first.kid));
	assert_int_equal(published_count(&w), 1);
	later = sign(&w, OIDC_RS256);
	assert_string_not_equal(later.kid, first.kid);
	assert_true(verifies(&w, &later));
	world_end(&w);
}

static void
next_key_takes_over_from_a_withdrawn_one(void **state)
{
	struct signed_token first, later;
	struct world w;

	world_new(&w);
	client_add(&w, "a", "RS256");
	first = sign(&w, OIDC_RS256);
	assert_int_equal(rotate_early(&w), 1);
	withdraw(&w, first.kid, true);
	assert_int_equal(published_count(&w), 1);
	later = sign(&w, OIDC_RS256);
	assert_true(is_published(&w, later.kid));
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_keys"), 2);
	world_end(&w);
}

/* The key before the withdrawn one has retired, and may have leaked too. */
static void
retired_key_does_not_return(void **state)
{
	struct signed_token first, second, third;
	struct world w;

	world_new(&w);
	client_add(&w, "a", "RS256");
	first = sign(&w, OIDC_RS256);
	assert_int_equal(rotate_early(&w), 1);
	clock_forward(DAYS_US(7) + MINUTES_US(1));
	second = sign(&w, OIDC_RS256);
	withdraw(&w, second.kid, true);
	third = sign(&w, OIDC_RS256);
	assert_string_not_equal(third.kid, first.kid);
	assert_string_not_equal(third.kid, second.kid);
	world_end(&w);
}

static void
withdrawn_next_key_is_replaced(void **state)
{
	struct signed_token first, later;
	struct world w;

	world_new(&w);
	client_add(&w, "a", "RS256");
	first = sign(&w, OIDC_RS256);
	assert_int_equal(rotate_early(&w), 1);
	sql_run(&w, "UPDATE oidc_keys SET withdrawn_at_us = 1 WHERE signs_from_us > created_at_us");
	upkeep(&w);
	assert_int_equal(published_count(&w), 2);
	later = sign(&w, OIDC_RS256);
	assert_string_equal(later.kid, first.kid);
	world_end(&w);
}

static void
keys_without_clients_are_withdrawn_and_not_replaced(void **state)
{
	struct signed_token token;
	struct world w;

	world_new(&w);
	token = sign(&w, OIDC_ES256);
	withdraw(&w, token.kid, true);
	assert_int_equal(sql_number(&w, "SELECT count(*) FROM oidc_keys"), 1);
	world_end(&w);
}

/* --- a new master key --------------------------------------------------------------------------------------------- */

static void
ignore_rotation(void *context, const struct rotation *rotation)
{
}

static void
rotate_master_key(struct world *w, bool works, struct rotation *ret_rotation)
{
	CLEANUP(db_close) struct db *db = NULL;
	struct why why = { "" };

	*ret_rotation = (struct rotation){ 0 };
	assert_int_equal(upkeep_open(&w->config, &why, &db), ERR_OK);
	if ((rotate(&w->config, db, ignore_rotation, NULL, &why, ret_rotation) == ERR_OK) != works)
		fail_msg("rotate: %s", why.text);
}

/* The first run reseals the secret of the authenticator, and stops before the signing keys.  The second continues. */
static void
interrupted_rotation_of_the_master_key_continues(void **state)
{
	struct signed_token tokens[OIDC_ALG_COUNT];
	struct browser b = { 0 };
	struct rotation rotation;
	struct world w;

	sqlite_only();
	world_make(&w);
	w.config.secret_key_bytes = 0; /* a key file, so that it can be rotated */
	world_open(&w);
	bring_to(&w, &b, "alice", STATE_FULL);
	for (enum oidc_alg alg = 0; alg < OIDC_ALG_COUNT; alg++)
		tokens[alg] = sign(&w, alg);
	world_close(&w);
	sql_run(&w, "CREATE TRIGGER stop BEFORE UPDATE ON oidc_keys BEGIN SELECT raise(ABORT, 'stop'); END");
	rotate_master_key(&w, false, &rotation);
	assert_int_equal(rotation.all, 1 + OIDC_ALG_COUNT);
	sql_run(&w, "DROP TRIGGER stop");
	rotate_master_key(&w, true, &rotation);
	assert_true(rotation.resumed);
	assert_int_equal(rotation.resealed, OIDC_ALG_COUNT);
	assert_int_equal(rotation.unreadable, 0);
	world_open(&w);
	for (enum oidc_alg alg = 0; alg < OIDC_ALG_COUNT; alg++) {
		struct signed_token later = sign(&w, alg);
		assert_true(verifies(&w, &tokens[alg]));
		assert_string_equal(later.kid, tokens[alg].kid);
	}
	world_close(&w);
	folder_empty(w.dir); /* the old key too */
	world_remove(&w);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(first_key_signs_at_once),
		cmocka_unit_test(each_algorithm_has_its_own_key),
		cmocka_unit_test(keys_survive_a_restart),
		cmocka_unit_test(tokens_of_others_are_not_verified),
		cmocka_unit_test(key_moved_to_another_row_does_not_sign),
		cmocka_unit_test(an_unreadable_key_is_left_out_of_the_key_set),
		cmocka_unit_test(two_nodes_that_make_the_first_key_agree),
		cmocka_unit_test(keys_are_made_only_for_algorithms_in_use),
		cmocka_unit_test(key_signs_for_90_days_and_verifies_longer),
		cmocka_unit_test(signing_key_is_published_first),
		cmocka_unit_test(key_signs_longer_after_a_pause),
		cmocka_unit_test(early_rotation_publishes_first),
		cmocka_unit_test(key_of_the_future_signs_if_no_other_key_does),
		cmocka_unit_test(withdrawn_key_verifies_nothing),
		cmocka_unit_test(next_key_takes_over_from_a_withdrawn_one),
		cmocka_unit_test(retired_key_does_not_return),
		cmocka_unit_test(withdrawn_next_key_is_replaced),
		cmocka_unit_test(keys_without_clients_are_withdrawn_and_not_replaced),
		cmocka_unit_test(interrupted_rotation_of_the_master_key_continues),
	};

	return cmocka_run_group_tests(tests, harness_setup, harness_teardown);
}
