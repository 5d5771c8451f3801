/* Enrolments and assertions: the vectors of the specification's chapter 16, and answers with one fault each. */
#include "webauthn/ceremony.h"

#include "base/digest.h"
#include "base/fault.h"
#include "unit.h"

struct vector {
	const char *name;
	str create_client, credential_id, create_data;
	str get_client, get_data, signature;
};

#include "vectors.h"

static const struct ceremony asked = { STR_INIT("example.org"), STR_INIT("https://example.org"), false };

static int
setup(void **state)
{
	(void)state;
	return digest_setup() == ERR_OK ? 0 : -1;
}

/* Two of the credentials were made inside a frame of another origin, which is refused. */
static enum webauthn_fault
expected(const struct vector *v)
{
	return strstr(v->name, "Origin") != NULL ? WEBAUTHN_CROSS_ORIGIN : WEBAUTHN_NONE;
}

static enum webauthn_fault
enrol(const struct ceremony *ceremony, str client, str data, str id)
{
	const struct enrolment_answer answer = { client, data, id };
	enum webauthn_fault fault = WEBAUTHN_FAULT_COUNT;
	struct authenticator_data read;
	struct client_data said;

	assert_int_equal(ceremony_check_enrolment(ceremony, &answer, &said, &read, &fault), ERR_OK);
	return fault;
}

static enum webauthn_fault
enrol_vector(const struct vector *v)
{
	return enrol(&asked, v->create_client, v->create_data, v->credential_id);
}

static struct credential_key
key_of(const struct vector *v)
{
	struct authenticator_data data;

	assert_int_equal(authenticator_data_read_enrolment(v->create_data, &data), WEBAUTHN_NONE);
	return data.key;
}

static enum webauthn_fault
present(const struct ceremony *ceremony, const struct credential_key *key, str client, str data, str signature)
{
	const struct assertion_answer answer = { client, data, signature };
	enum webauthn_fault fault = WEBAUTHN_FAULT_COUNT;
	struct authenticator_data read;
	struct client_data said;

	assert_int_equal(ceremony_check_assertion(ceremony, key, &answer, &said, &read, &fault), ERR_OK);
	return fault;
}

static void
credentials_of_the_specification_are_verified(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		const struct vector *v = &vectors[i];
		const struct credential_key key = key_of(v);
		assert_int_equal(enrol_vector(v), expected(v));
		assert_int_equal(present(&asked, &key, v->get_client, v->get_data, v->signature), expected(v));
	}
}

static void
signature_with_any_bit_flipped_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		const struct vector *v = &vectors[i];
		const struct credential_key key = key_of(v);
		char bent[WEBAUTHN_SIGNATURE_MAX];
		if (expected(v) != WEBAUTHN_NONE)
			continue;
		for (size_t at = 0; at < v->signature.n; at += 7) {
			memcpy(bent, v->signature.p, v->signature.n);
			bent[at] ^= 1 << at % 8;
			assert_int_equal(
			    present(&asked, &key, v->get_client, v->get_data, str_bytes(bent, v->signature.n)),
			    WEBAUTHN_SIGNATURE);
		}
	}
}

static void
signature_of_another_credential_is_refused(void **state)
{
	const struct credential_key others[] = { key_of(&vectors[1]), key_of(&vectors[6]), key_of(&vectors[7]),
						 ceremony_unknown_key() };
	const struct vector *v = &vectors[0];

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++)
		assert_int_equal(present(&asked, &others[i], v->get_client, v->get_data, v->signature),
				 WEBAUTHN_SIGNATURE);
}

static void
long_and_empty_signatures_are_refused(void **state)
{
	static char many[10000];
	const struct vector *v = &vectors[0];
	const struct credential_key key = key_of(v);
	const size_t sizes[] = { 0, 1, WEBAUTHN_SIGNATURE_MAX, WEBAUTHN_SIGNATURE_MAX + 1, sizeof(many) };

	(void)state;
	for (size_t i = 0; i < COUNT(sizes); i++)
		assert_int_equal(present(&asked, &key, v->get_client, v->get_data, str_bytes(many, sizes[i])),
				 WEBAUTHN_SIGNATURE);
}

static void
another_relying_party_is_refused(void **state)
{
	const struct ceremony other = { STR("login.example.org"), STR("https://example.org"), false };
	const struct vector *v = &vectors[0];
	const struct credential_key key = key_of(v);

	(void)state;
	assert_int_equal(enrol(&other, v->create_client, v->create_data, v->credential_id), WEBAUTHN_RP_ID);
	assert_int_equal(present(&other, &key, v->get_client, v->get_data, v->signature), WEBAUTHN_RP_ID);
}

static void
origin_is_compared_byte_for_byte(void **state)
{
	static const char *const origins[] = { "https://example.org/",
					       "https://Example.org",
					       "http://example.org",
					       "https://example.org:443",
					       "https://evil-example.org",
					       "https://login.example.org",
					       "https://example.org.",
					       "https://example.com",
					       "null",
					       "" };
	const struct vector *v = &vectors[0];

	(void)state;
	for (size_t i = 0; i < COUNT(origins); i++) {
		const struct ceremony other = { STR("example.org"), str_of(origins[i]), false };
		assert_int_equal(enrol(&other, v->create_client, v->create_data, v->credential_id), WEBAUTHN_ORIGIN);
	}
}

static void
answer_of_the_other_ceremony_is_refused(void **state)
{
	const struct vector *v = &vectors[0];
	const struct credential_key key = key_of(v);

	(void)state;
	assert_int_equal(enrol(&asked, v->get_client, v->create_data, v->credential_id), WEBAUTHN_TYPE);
	assert_int_equal(present(&asked, &key, v->create_client, v->get_data, v->signature), WEBAUTHN_TYPE);
	assert_int_equal(present(&asked, &key, v->get_client, v->create_data, v->signature), WEBAUTHN_AUTH_DATA);
	assert_int_equal(enrol(&asked, v->create_client, v->get_data, v->credential_id), WEBAUTHN_AUTH_DATA);
}

static void
another_credential_id_is_refused(void **state)
{
	const struct vector *v = &vectors[0];

	(void)state;
	assert_int_equal(enrol(&asked, v->create_client, v->create_data, vectors[1].credential_id),
			 WEBAUTHN_CREDENTIAL);
	assert_int_equal(enrol(&asked, v->create_client, v->create_data, str_upto(v->credential_id, 31)),
			 WEBAUTHN_CREDENTIAL);
}

/* The vector's authenticator data with another byte of flags. */
static enum webauthn_fault
enrol_with_flags(const struct ceremony *ceremony, uint8_t flags)
{
	const struct vector *v = &vectors[0];
	char data[WEBAUTHN_AUTH_DATA_MAX];

	memcpy(data, v->create_data.p, v->create_data.n);
	data[WEBAUTHN_RP_HASH_BYTES] = (char)flags;
	return enrol(ceremony, v->create_client, str_bytes(data, v->create_data.n), v->credential_id);
}

static void
flags_of_an_enrolment_are_checked(void **state)
{
	const struct ceremony strict = { STR("example.org"), STR("https://example.org"), true };

	(void)state;
	assert_int_equal(enrol_with_flags(&asked, 0x41), WEBAUTHN_NONE);
	assert_int_equal(enrol_with_flags(&asked, 0x63), WEBAUTHN_NONE); /* reserved bits */
	assert_int_equal(enrol_with_flags(&asked, 0x40), WEBAUTHN_ABSENT);
	assert_int_equal(enrol_with_flags(&asked, 0x51), WEBAUTHN_BACKUP);
	assert_int_equal(enrol_with_flags(&asked, 0x59), WEBAUTHN_NONE);
	assert_int_equal(enrol_with_flags(&asked, 0x01), WEBAUTHN_AUTH_DATA);
	assert_int_equal(enrol_with_flags(&asked, 0xc1),
			 WEBAUTHN_AUTH_DATA); /* the flag of extensions, but no extensions */
	assert_int_equal(enrol_with_flags(&strict, 0x41), WEBAUTHN_UNVERIFIED);
	assert_int_equal(enrol_with_flags(&strict, 0x45), WEBAUTHN_NONE);
}

/* The flags are checked before the signature.  With other flags the signature is wrong. */
static enum webauthn_fault
present_with_flags(const struct ceremony *ceremony, uint8_t flags)
{
	const struct vector *v = &vectors[0];
	const struct credential_key key = key_of(v);
	char data[37];

	memcpy(data, v->get_data.p, sizeof(data));
	data[WEBAUTHN_RP_HASH_BYTES] = (char)flags;
	return present(ceremony, &key, v->get_client, str_bytes(data, sizeof(data)), v->signature);
}

static void
flags_of_an_assertion_are_checked(void **state)
{
	const struct ceremony strict = { STR("example.org"), STR("https://example.org"), true };

	(void)state;
	assert_int_equal(present_with_flags(&asked, 0x00), WEBAUTHN_ABSENT);
	assert_int_equal(present_with_flags(&asked, 0x04), WEBAUTHN_ABSENT);
	assert_int_equal(present_with_flags(&asked, 0x11), WEBAUTHN_BACKUP);
	assert_int_equal(present_with_flags(&asked, 0x15), WEBAUTHN_BACKUP);
	assert_int_equal(present_with_flags(&asked, 0x41), WEBAUTHN_AUTH_DATA);
	assert_int_equal(present_with_flags(&asked, 0x81), WEBAUTHN_AUTH_DATA);
	assert_int_equal(present_with_flags(&asked, 0xc1), WEBAUTHN_AUTH_DATA);
	assert_int_equal(present_with_flags(&strict, 0x01), WEBAUTHN_UNVERIFIED);
	assert_int_equal(present_with_flags(&strict, 0x19), WEBAUTHN_UNVERIFIED);
	/* Reserved bits are ignored, but signed. */
	assert_int_equal(present_with_flags(&asked, 0x23), WEBAUTHN_SIGNATURE);
	assert_int_equal(present_with_flags(&strict, 0x05 | 0x22), WEBAUTHN_SIGNATURE);
}

static void
assertion_has_exactly_37_bytes_without_extensions(void **state)
{
	const struct vector *v = &vectors[0];
	const struct credential_key key = key_of(v);
	char data[40] = { 0 };

	(void)state;
	memcpy(data, v->get_data.p, v->get_data.n);
	for (size_t n = 0; n < sizeof(data); n++)
		assert_int_equal(present(&asked, &key, v->get_client, str_bytes(data, n), v->signature),
				 n == 37 ? WEBAUTHN_NONE : WEBAUTHN_AUTH_DATA);
	data[WEBAUTHN_RP_HASH_BYTES] |= (char)0x80;
	assert_int_equal(present(&asked, &key, v->get_client, str_bytes(data, 37), v->signature), WEBAUTHN_AUTH_DATA);
	/* The layout is valid, so the signature is the only fault. */
	assert_int_equal(present(&asked, &key, v->get_client, str_bytes(data, 38), v->signature), WEBAUTHN_SIGNATURE);
}

static void
every_cut_of_an_enrolment_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		const struct vector *v = &vectors[i];
		if (expected(v) != WEBAUTHN_NONE)
			continue;
		for (size_t n = 0; n < v->create_data.n; n++)
			assert_int_not_equal(
			    enrol(&asked, v->create_client, str_upto(v->create_data, n), v->credential_id),
			    WEBAUTHN_NONE);
	}
}

/* The data states a length of the credential id that the id does not have. */
static void
false_lengths_of_the_credential_id_are_refused(void **state)
{
	static const unsigned lengths[] = { 0, 110, 1023, 1024, 65535 }; /* an id of 32 bytes and a key of 77 follow */
	const struct vector *v = &vectors[0];
	char data[WEBAUTHN_AUTH_DATA_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(lengths); i++) {
		memcpy(data, v->create_data.p, v->create_data.n);
		data[53] = (char)(lengths[i] >> 8);
		data[54] = (char)lengths[i];
		assert_int_equal(enrol(&asked, v->create_client, str_bytes(data, v->create_data.n), v->credential_id),
				 WEBAUTHN_AUTH_DATA);
	}
}

/* The specification has a credential with an id of 1,023 bytes, the maximum; the test adds one byte. */
static void
credential_id_of_1024_bytes_is_refused(void **state)
{
	const struct vector *v = &vectors[4];
	char data[WEBAUTHN_AUTH_DATA_MAX];

	(void)state;
	assert_int_equal(v->credential_id.n, WEBAUTHN_ID_MAX);
	memcpy(data, v->create_data.p, 55);
	data[53] = 4;
	data[54] = 0;
	memcpy(data + 56, v->create_data.p + 55, v->create_data.n - 55);
	data[55] = 'x';
	assert_int_equal(
	    enrol(&asked, v->create_client, str_bytes(data, v->create_data.n + 1), str_bytes(data + 55, 1024)),
	    WEBAUTHN_AUTH_DATA);
}

/* --- keys --------------------------------------------------------------------------------------------------------- */

static bool
key_is_good(const char *head, const void *body, size_t n)
{
	struct credential_key key;
	char cose[600];
	str rest = str_bytes(cose, strlen(head) / 2 + n);
	bool good = false;

	assert_int_equal(str_hex(str_of(head), cose, strlen(head) / 2), ERR_OK);
	memcpy(cose + strlen(head) / 2, body, n);
	assert_true(credential_key_read(&rest, &key));
	assert_int_equal(credential_key_check(&key, &good), ERR_OK);
	return good;
}

static const char ed25519_head[] = "a4010103272006215820";

static void
ed25519_keys_of_small_order_are_refused(void **state)
{
	static const char *const small[] = {
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	};
	uint8_t point[32];

	(void)state;
	for (size_t i = 0; i < COUNT(small); i++) {
		assert_int_equal(str_hex(str_of(small[i]), point, sizeof(point)), ERR_OK);
		assert_false(key_is_good(ed25519_head, point, sizeof(point)));
		point[31] |= 0x80;
		assert_false(key_is_good(ed25519_head, point, sizeof(point)));
	}
	assert_true(key_is_good(ed25519_head, key_of(&vectors[7]).x.p, 32));
}

/* Keys in the form of ES256, with these coordinates on P-256. */
static void
coordinates_that_are_not_a_point_are_refused(void **state)
{
	static const char head[] = "a5010203262001215820";
	static const struct {
		const char *x, *y, *why;
	} cases[] = {
		{ "0000000000000000000000000000000000000000000000000000000000000000",
		  "0000000000000000000000000000000000000000000000000000000000000000",
		  "the point at infinity, as zeros" },
		{ "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		  "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff", "both above the prime" },
		{ "ffffffff00000001000000000000000000000000ffffffffffffffffffffffff",
		  "66485c780e2f83d72433bd5d84a06bb6541c2af31dae871728bf856a174f93f4",
		  "x is the prime, congruent to 0, and y belongs to the point with x = 0" },
	};
	uint8_t body[67];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		unit_note("%s", cases[i].why);
		assert_int_equal(str_hex(str_of(cases[i].x), body, 32), ERR_OK);
		memcpy(body + 32, "\x22\x58\x20", 3);
		assert_int_equal(str_hex(str_of(cases[i].y), body + 35, 32), ERR_OK);
		assert_false(key_is_good(head, body, sizeof(body)));
	}
	/* The last y with x = 0 is a point. */
	memset(body, 0, 32);
	assert_true(key_is_good(head, body, sizeof(body)));
}

static void
point_off_the_curve_is_refused(void **state)
{
	const struct credential_key key = key_of(&vectors[0]);
	char cose[77];
	str rest = str_bytes(cose, sizeof(cose));
	struct credential_key bent;
	bool good = true;

	(void)state;
	memcpy(cose, key.cose.p, sizeof(cose));
	cose[sizeof(cose) - 1] ^= 1;
	assert_true(credential_key_read(&rest, &bent));
	assert_int_equal(credential_key_check(&bent, &good), ERR_OK);
	assert_false(good);
}

/* Flip each bit of n fixed bytes of a key. */
static void
bent_keys_are_refused(const struct credential_key *good, size_t from, size_t n)
{
	struct credential_key key;
	char cose[600];

	for (size_t bit = 0; bit < 8 * n; bit++) {
		str rest = str_bytes(cose, good->cose.n);
		memcpy(cose, good->cose.p, good->cose.n);
		cose[from + bit / 8] ^= (char)(1 << bit % 8);
		assert_false(credential_key_read(&rest, &key));
	}
}

static void
forms_other_than_the_three_are_refused(void **state)
{
	const struct credential_key es256 = key_of(&vectors[0]), rs256 = key_of(&vectors[6]),
				    eddsa = key_of(&vectors[7]);

	(void)state;
	bent_keys_are_refused(&es256, 0, 10);
	bent_keys_are_refused(&es256, 42, 3);
	bent_keys_are_refused(&eddsa, 0, 10);
	bent_keys_are_refused(&rs256, 0, 11);
	bent_keys_are_refused(&rs256, rs256.cose.n - 5, 5);
}

/* The beginnings of keys; enough bytes for a key follow each. */
static void
other_keys_are_not_read(void **state)
{
	static const struct {
		const char *cose, *why;
	} cases[] = {
		{ "a5010203382220022158", "ES384: algorithm -35 and P-384" },
		{ "a501020338232003215842", "ES512" },
		{ "a50102032620082158", "ES256 with secp256k1" },
		{ "a5010203382e200821582000", "ES256K" },
		{ "a4010203262001215820", "ES256 without y" },
		{ "a6010203262001215820", "ES256 with one more member" },
		{ "a5020103262001215820", "key type 1 under label 2" },
		{ "bf010203262001215820", "an indefinite map" },
		{ "b805010203262001215820", "5 in a longer form" },
		{ "a501020339000620012158", "-7 in a longer form" },
		{ "a5010203262001215900", "32 in a longer form" },
		{ "a5020326010220012158", "another order" },
		{ "a501020102032620012158", "a label twice" },
		{ "a401010327200421582000", "EdDSA with X25519" },
		{ "a401010328200621582000", "algorithm -9" },
		{ "a4010103272007215839", "Ed448" },
		{ "a4010303382420590100", "PS256: algorithm -37" },
		{ "a401030339010120590100", "RS384: algorithm -258" },
		{ "a401030339fffe20590100", "RS1" },
		{ "a4010303390100205900ff", "RS256 with 255 bytes, in a longer form" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char cose[700] = { 0 };
		struct credential_key key;
		size_t n = strlen(cases[i].cose) / 2;
		str rest = str_bytes(cose, sizeof(cose));
		assert_int_equal(str_hex(str_of(cases[i].cose), cose, n), ERR_OK);
		unit_note("%s", cases[i].why);
		assert_false(credential_key_read(&rest, &key));
		assert_int_equal(rest.n, sizeof(cose));
	}
}

/* In a compressed point, y is only its sign: true or false (RFC 9053 s7.1.1). */
static void
compressed_points_are_not_read(void **state)
{
	const struct credential_key good = key_of(&vectors[0]);
	char cose[77];

	(void)state;
	for (int sign = 0; sign <= 1; sign++) {
		str rest = str_bytes(cose, 44);
		struct credential_key key;
		memcpy(cose, good.cose.p, sizeof(cose));
		cose[43] = (char)(0xf4 + sign);
		assert_false(credential_key_read(&rest, &key));
		rest.n = sizeof(cose);
		assert_false(credential_key_read(&rest, &key));
	}
}

/* Ends of keys with other exponents, among them 3 and 65,537 with a leading zero byte. */
static void
other_exponents_are_not_read(void **state)
{
	static const str ends[] = { STR_INIT("\x21\x41\x03"), STR_INIT("\x21\x43\x00\x00\x03"),
				    STR_INIT("\x21\x44\x00\x01\x00\x01"), STR_INIT("\x21\x43\x01\x00\x03") };
	const struct credential_key good = key_of(&vectors[6]);
	char cose[600];

	(void)state;
	for (size_t i = 0; i < COUNT(ends); i++) {
		struct credential_key key;
		str rest = str_bytes(cose, good.cose.n - 5 + ends[i].n);
		memcpy(cose, good.cose.p, good.cose.n);
		memcpy(cose + good.cose.n - 5, ends[i].p, ends[i].n);
		assert_false(credential_key_read(&rest, &key));
	}
}

static void
rsa_keys_of_2048_to_4096_bits_are_read(void **state)
{
	static const size_t sizes[] = { 0, 1, 128, 255, 256, 257, 511, 512, 513, 1024, 20480 };
	static char cose[20480 + 16];

	(void)state;
	memset(cose, 0x81, sizeof(cose));
	memcpy(cose, key_of(&vectors[6]).cose.p, 9);
	for (size_t i = 0; i < COUNT(sizes); i++) {
		const size_t n = sizes[i];
		str rest = str_bytes(cose, 11 + n + 5);
		struct credential_key key;
		cose[9] = (char)(n >> 8);
		cose[10] = (char)n;
		memcpy(cose + 11 + n, "\x21\x43\x01\x00\x01", 5);
		assert_int_equal(credential_key_read(&rest, &key), n >= 256 && n <= 512);
		memset(cose + 11 + n, 0x81, 5);
	}
}

static void
rsa_keys_that_are_short_or_even_are_refused(void **state)
{
	static const char head[] = "a401030339010020590100";
	uint8_t body[256 + 5] = { 0x80, [255] = 0x01, 0x21, 0x43, 0x01, 0x00, 0x01 };

	(void)state;
	assert_true(key_is_good(head, body, sizeof(body)));
	body[255] = 0;
	assert_false(key_is_good(head, body, sizeof(body)));
	body[255] = 1;
	body[0] = 0x7f;
	assert_false(key_is_good(head, body, sizeof(body)));
}

static void
unknown_credential_has_a_key_that_verifies_nothing(void **state)
{
	const struct credential_key key = ceremony_unknown_key();
	bool good = false;

	(void)state;
	assert_int_equal(key.algorithm, CREDENTIAL_ES256);
	assert_int_equal(credential_key_check(&key, &good), ERR_OK);
	assert_true(good);
}

/* --- failing calls of libcrypto ----------------------------------------------------------------------------------- */

/* Check the key while call n of libcrypto fails; lasting: all later calls fail too. Returns whether a call failed. */
static bool
check_failing(const struct credential_key *key, long n, bool lasting)
{
	bool good = false, failed;
	err e;

	fault_set(FAULT_CRYPTO, n, lasting);
	e = credential_key_check(key, &good);
	failed = fault_failed(FAULT_CRYPTO) > 0;
	fault_set(FAULT_CRYPTO, 0, false);
	/* libcrypto ignores the failure of some calls inside it. */
	assert_true(good ? e == ERR_OK : failed && e != ERR_OK);
	return failed;
}

static void
failing_calls_give_no_verdict_about_a_key(void **state)
{
	static const size_t each[] = { 0, 6, 7 };

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(each); i++) {
		const struct credential_key key = key_of(&vectors[each[i / 2]]);
		long n = 1;
		while (check_failing(&key, n, i % 2 == 1))
			n++;
		assert_int_not_equal(n, 1);
	}
}

/* Check an assertion with a wrong signature, in the same way. */
static bool
present_failing(const struct vector *v, str signature, long n, bool lasting)
{
	const struct assertion_answer answer = { v->get_client, v->get_data, signature };
	const struct credential_key key = key_of(v);
	enum webauthn_fault fault = WEBAUTHN_FAULT_COUNT;
	struct authenticator_data read;
	struct client_data said;
	bool failed;
	err e;

	fault_set(FAULT_CRYPTO, n, lasting);
	e = ceremony_check_assertion(&asked, &key, &answer, &said, &read, &fault);
	failed = fault_failed(FAULT_CRYPTO) > 0;
	fault_set(FAULT_CRYPTO, 0, false);
	assert_true(e == ERR_OK ? fault == WEBAUTHN_SIGNATURE : failed);
	return failed;
}

static void
failing_calls_verify_no_wrong_signature(void **state)
{
	static const size_t each[] = { 0, 6, 7 };

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(each); i++) {
		const struct vector *v = &vectors[each[i / 2]];
		char bent[WEBAUTHN_SIGNATURE_MAX];
		long n = 1;
		memcpy(bent, v->signature.p, v->signature.n);
		bent[v->signature.n - 1] ^= 1;
		while (present_failing(v, str_bytes(bent, v->signature.n), n, i % 2 == 1))
			n++;
		assert_int_not_equal(n, 1);
	}
}

static void
every_fault_has_a_name(void **state)
{
	(void)state;
	for (int i = 0; i < WEBAUTHN_FAULT_COUNT; i++)
		assert_string_not_equal(webauthn_fault_name((enum webauthn_fault)i), "unknown");
	assert_string_equal(webauthn_fault_name(WEBAUTHN_FAULT_COUNT), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(credentials_of_the_specification_are_verified),
		cmocka_unit_test(signature_with_any_bit_flipped_is_refused),
		cmocka_unit_test(signature_of_another_credential_is_refused),
		cmocka_unit_test(long_and_empty_signatures_are_refused),
		cmocka_unit_test(another_relying_party_is_refused),
		cmocka_unit_test(origin_is_compared_byte_for_byte),
		cmocka_unit_test(answer_of_the_other_ceremony_is_refused),
		cmocka_unit_test(another_credential_id_is_refused),
		cmocka_unit_test(flags_of_an_enrolment_are_checked),
		cmocka_unit_test(flags_of_an_assertion_are_checked),
		cmocka_unit_test(assertion_has_exactly_37_bytes_without_extensions),
		cmocka_unit_test(every_cut_of_an_enrolment_is_refused),
		cmocka_unit_test(credential_id_of_1024_bytes_is_refused),
		cmocka_unit_test(false_lengths_of_the_credential_id_are_refused),
		cmocka_unit_test(ed25519_keys_of_small_order_are_refused),
		cmocka_unit_test(coordinates_that_are_not_a_point_are_refused),
		cmocka_unit_test(point_off_the_curve_is_refused),
		cmocka_unit_test(other_keys_are_not_read),
		cmocka_unit_test(compressed_points_are_not_read),
		cmocka_unit_test(other_exponents_are_not_read),
		cmocka_unit_test(forms_other_than_the_three_are_refused),
		cmocka_unit_test(rsa_keys_of_2048_to_4096_bits_are_read),
		cmocka_unit_test(rsa_keys_that_are_short_or_even_are_refused),
		cmocka_unit_test(unknown_credential_has_a_key_that_verifies_nothing),
		cmocka_unit_test(failing_calls_give_no_verdict_about_a_key),
		cmocka_unit_test(failing_calls_verify_no_wrong_signature),
		cmocka_unit_test(every_fault_has_a_name),
	};

	return cmocka_run_group_tests(tests, setup, NULL);
}
