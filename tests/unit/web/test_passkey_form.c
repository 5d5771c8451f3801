/* Form fields with the answer of a browser: limits, malformed texts, and the authenticator data of an enrolment. */
#include "unit.h"

#include "base/buf.h"
#include "http/server.h"
#include "web/core/passkey_form.h"

struct proof_form {
	PASSKEY_PROOF_MEMBERS;
	str next;
};
static const struct field proof_fields[] = {
	PASSKEY_PROOF_FIELDS(struct proof_form),
	FIELD(struct proof_form, next, 10, optional),
};
static const struct form proof_form = FORM(struct proof_form, proof_fields);

struct new_form {
	PASSKEY_NEW_MEMBERS;
};
static const struct field new_fields[] = { PASSKEY_NEW_FIELDS(struct new_form) };
static const struct form new_form = FORM(struct new_form, new_fields);

/* A form's text: parameters, each of n zero bytes as base64url. */
struct sent {
	const char *name;
	size_t n;
};

static void
put(struct buf *out, const struct sent *sent, size_t count)
{
	static const char zeros[16 * 1024];

	for (size_t i = 0; i < count; i++) {
		buf_printf(out, "%s%s=", i > 0 ? "&" : "", sent[i].name);
		buf_put_base64url(out, str_bytes(zeros, sent[i].n));
	}
	assert_int_equal(buf_check(out), ERR_OK);
}

static void
read_proof(str text, struct arena *arena, struct passkey_proof_body *ret_body)
{
	struct proof_form values = { 0 };

	assert_int_equal(form_parse(&proof_form, text, arena, &values, NULL), ERR_OK);
	assert_int_equal(passkey_proof_read(&proof_form, &values, arena, ret_body), ERR_OK);
}

static void
assertion_of_the_largest_size_fits_into_a_form(void **state)
{
	static const struct sent sent[] = { { "credential_id", PASSKEY_ID_MAX },
					    { "client_data", PASSKEY_CLIENT_DATA_MAX },
					    { "auth_data", PASSKEY_AUTH_DATA_MAX },
					    { "signature", PASSKEY_SIGNATURE_MAX },
					    { "user_handle", PASSKEY_HANDLE_MAX } };
	CLEANUP(arena_wipe) struct arena arena = ARENA(HTTP_ARENA_MAX_BYTES);
	CLEANUP(buf_wipe) struct buf text = BUF(HTTP_BODY_MAX_BYTES);
	struct passkey_proof_body body = { 0 };

	(void)state;
	put(&text, sent, COUNT(sent));
	read_proof(buf_str(&text), &arena, &body);
	assert_int_equal(body.credential_id.n, PASSKEY_ID_MAX);
	assert_int_equal(body.client_data.n, PASSKEY_CLIENT_DATA_MAX);
	assert_int_equal(body.auth_data.n, PASSKEY_AUTH_DATA_MAX);
	assert_int_equal(body.signature.n, PASSKEY_SIGNATURE_MAX);
	assert_int_equal(body.user_handle.n, PASSKEY_HANDLE_MAX);
}

static void
one_malformed_field_empties_the_assertion(void **state)
{
	static const struct {
		const char *why, *text;
	} rows[] = {
		{ "an impossible length", "credential_id=AAAAA&client_data=AAAA&user_handle=AAAA" },
		{ "padding", "credential_id=AA%3D%3D&client_data=AAAA" },
		{ "spare bits", "credential_id=AAAA&client_data=AB" },
		{ "the other alphabet", "credential_id=AAAA&signature=%2B%2F%2B%2F" },
		{ "a malformed user handle", "credential_id=AAAA&client_data=AAAA&user_handle=%21" },
		{ "NUL", "credential_id=AAAA&auth_data=AAA%00" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP(arena_wipe) struct arena arena = ARENA(HTTP_ARENA_MAX_BYTES);
		struct passkey_proof_body body = { 0 };
		read_proof(str_of(rows[i].text), &arena, &body);
		if (body.credential_id.n + body.client_data.n + body.auth_data.n + body.signature.n +
			body.user_handle.n !=
		    0)
			fail_msg("%s", rows[i].why);
	}
}

static void
one_field_over_its_limit_empties_the_assertion(void **state)
{
	static const struct sent rows[] = { { "client_data", PASSKEY_CLIENT_DATA_MAX + 1 },
					    { "auth_data", PASSKEY_AUTH_DATA_MAX + 1 },
					    { "auth_data", 10000 },
					    { "signature", PASSKEY_SIGNATURE_MAX + 1 },
					    { "user_handle", PASSKEY_HANDLE_MAX + 1 } };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct sent sent[] = { { "credential_id", 16 }, rows[i] };
		CLEANUP(arena_wipe) struct arena arena = ARENA(HTTP_ARENA_MAX_BYTES);
		CLEANUP(buf_wipe) struct buf text = BUF(HTTP_BODY_MAX_BYTES);
		struct passkey_proof_body body = { 0 };
		put(&text, sent, COUNT(sent));
		read_proof(buf_str(&text), &arena, &body);
		if (body.credential_id.n != 0)
			fail_msg("%s", rows[i].name);
	}
}

static void
assertion_counts_as_sent_if_it_has_a_credential(void **state)
{
	static const struct form no_passkeys = { .count = 0 };
	struct proof_form values = { .next = STR("/") };

	(void)state;
	assert_false(passkey_proof_sent(&proof_form, &values));
	assert_false(passkey_proof_sent(&no_passkeys, &values));
	assert_false(passkey_proof_sent(NULL, NULL));
	values.credential_id = STR("AAAA");
	assert_true(passkey_proof_sent(&proof_form, &values));
}

/* {"fmt": "none", "attStmt": {}, "authData": n zero bytes}, n up to 65535 */
static void
put_enrolment(struct buf *out, size_t n, const char *more)
{
	static const char begin[] = "\xa3\x63"
				    "fmt\x64none\x67"
				    "attStmt\xa0\x68"
				    "authData\x59",
			  zeros[8 * 1024];
	CLEANUP(buf_wipe) struct buf object = BUF(16 * 1024);

	buf_put(&object, str_bytes(begin, sizeof(begin) - 1));
	buf_put_byte(&object, (char)(n >> 8));
	buf_put_byte(&object, (char)n);
	buf_put(&object, str_bytes(zeros, n));
	buf_put(out, STR("attestation="));
	buf_put_base64url(out, buf_str(&object));
	buf_put(out, str_of(more));
	assert_int_equal(buf_check(out), ERR_OK);
}

static void
read_new(str text, struct arena *arena, struct passkey_new_body *ret_body)
{
	struct new_form values = { 0 };

	assert_int_equal(form_parse(&new_form, text, arena, &values, NULL), ERR_OK);
	assert_int_equal(passkey_new_read(&new_form, &values, arena, ret_body), ERR_OK);
}

static void
authenticator_data_of_an_enrolment_is_found(void **state)
{
	static const struct {
		const char *why, *more;
		size_t n, found;
		const char *transports;
	} rows[] = {
		{ "as browsers send it", "&transports=internal,hybrid&credential_id=AAAA", 300, 300,
		  "internal,hybrid" },
		{ "without transports", "&credential_id=AAAA", 300, 300, "" },
		{ "other characters in transports", "&transports=a%22b&credential_id=AAAA", 300, 300, "" },
		{ "at the limit", "&credential_id=AAAA", PASSKEY_AUTH_DATA_MAX, PASSKEY_AUTH_DATA_MAX, "" },
		{ "over the limit", "&credential_id=AAAA", PASSKEY_AUTH_DATA_MAX + 1, 0, "" },
		{ "a malformed id", "&credential_id=A", 300, 0, "" },
		{ "bytes behind the object", "AAAA&credential_id=AAAA", 300, 0, "" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		CLEANUP(arena_wipe) struct arena arena = ARENA(HTTP_ARENA_MAX_BYTES);
		CLEANUP(buf_wipe) struct buf text = BUF(HTTP_BODY_MAX_BYTES);
		struct passkey_new_body body = { 0 };
		put_enrolment(&text, rows[i].n, rows[i].more);
		read_new(buf_str(&text), &arena, &body);
		if (body.auth_data.n != rows[i].found || (body.credential_id.n > 0) != (rows[i].found > 0) ||
		    !str_equal(body.transports, str_of(rows[i].transports)))
			fail_msg("%s", rows[i].why);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(assertion_of_the_largest_size_fits_into_a_form),
		cmocka_unit_test(one_malformed_field_empties_the_assertion),
		cmocka_unit_test(one_field_over_its_limit_empties_the_assertion),
		cmocka_unit_test(assertion_counts_as_sent_if_it_has_a_credential),
		cmocka_unit_test(authenticator_data_of_an_enrolment_is_found),
	};

	return cmocka_run_group_tests_name("passkey_form", tests, NULL, NULL);
}
