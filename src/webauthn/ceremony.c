#include "webauthn/ceremony.h"

#include "base/digest.h"

static enum webauthn_fault
ceremony_check_flags(const struct ceremony *asked, const struct authenticator_data *data, const uint8_t *rp_hash)
{
	if (!str_equal(data->rp_hash, str_bytes(rp_hash, WEBAUTHN_RP_HASH_BYTES)))
		return WEBAUTHN_RP_ID;
	if (!data->present)
		return WEBAUTHN_ABSENT;
	return asked->verified && !data->verified ? WEBAUTHN_UNVERIFIED : WEBAUTHN_NONE;
}

static enum webauthn_fault
ceremony_read_enrolment(const struct ceremony *asked, const struct enrolment_answer *answer, const uint8_t *rp_hash,
			struct authenticator_data *ret_data)
{
	WEBAUTHN_CHECK(authenticator_data_read_enrolment(answer->auth_data, ret_data));
	WEBAUTHN_CHECK(ceremony_check_flags(asked, ret_data, rp_hash));
	return str_equal(ret_data->credential_id, answer->credential_id) ? WEBAUTHN_NONE : WEBAUTHN_CREDENTIAL;
}

err
ceremony_check_enrolment(const struct ceremony *asked, const struct enrolment_answer *answer,
			 struct client_data *ret_client, struct authenticator_data *ret_data,
			 enum webauthn_fault *ret_fault)
{
	uint8_t rp_hash[DIGEST_BYTES];
	bool good = false;

	TRY(client_data_read(answer->client_data, WEBAUTHN_ENROLMENT, asked->origin, ret_client, ret_fault));
	if (*ret_fault != WEBAUTHN_NONE)
		return ERR_OK;
	TRY(digest_sha256(asked->rp_id, rp_hash));
	*ret_fault = ceremony_read_enrolment(asked, answer, rp_hash, ret_data);
	if (*ret_fault != WEBAUTHN_NONE)
		return ERR_OK;
	TRY(credential_key_check(&ret_data->key, &good));
	*ret_fault = good ? WEBAUTHN_NONE : WEBAUTHN_KEY;
	return ERR_OK;
}

/* s7.2/20-21: the signature covers the authenticator data and the hash of the client data. */
static err
ceremony_check_signature(const struct credential_key *key, const struct assertion_answer *answer,
			 enum webauthn_fault *ret_fault)
{
	uint8_t text[WEBAUTHN_AUTH_DATA_MAX + DIGEST_BYTES];
	bool good = false;

	*ret_fault = WEBAUTHN_SIGNATURE;
	if (answer->auth_data.n > WEBAUTHN_AUTH_DATA_MAX || answer->signature.n > WEBAUTHN_SIGNATURE_MAX)
		return ERR_OK;
	memcpy(text, answer->auth_data.p, answer->auth_data.n);
	TRY(digest_sha256(answer->client_data, text + answer->auth_data.n));
	TRY(credential_key_verify(key, str_bytes(text, answer->auth_data.n + DIGEST_BYTES), answer->signature, &good));
	*ret_fault = good ? WEBAUTHN_NONE : WEBAUTHN_SIGNATURE;
	return ERR_OK;
}

err
ceremony_check_assertion(const struct ceremony *asked, const struct credential_key *key,
			 const struct assertion_answer *answer, struct client_data *ret_client,
			 struct authenticator_data *ret_data, enum webauthn_fault *ret_fault)
{
	uint8_t rp_hash[DIGEST_BYTES];

	TRY(client_data_read(answer->client_data, WEBAUTHN_ASSERTION, asked->origin, ret_client, ret_fault));
	if (*ret_fault != WEBAUTHN_NONE)
		return ERR_OK;
	*ret_fault = authenticator_data_read_assertion(answer->auth_data, ret_data);
	if (*ret_fault != WEBAUTHN_NONE)
		return ERR_OK;
	TRY(digest_sha256(asked->rp_id, rp_hash));
	*ret_fault = ceremony_check_flags(asked, ret_data, rp_hash);
	return *ret_fault != WEBAUTHN_NONE ? ERR_OK : ceremony_check_signature(key, answer, ret_fault);
}

struct credential_key
ceremony_unknown_key(void)
{
	static const char cose[] = "\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20"
				   "\xfc\x96\x1e\x6c\x00\x4b\xe2\xd2\x16\xe2\x97\x4d\x26\xe1\xe5\x5c"
				   "\x33\x67\x00\x22\xfc\xca\x29\xb4\x1f\xbb\xc5\xd8\xed\x10\x57\x06"
				   "\x22\x58\x20"
				   "\x4c\xb5\xae\xc1\x42\x5e\x26\x5b\x07\x02\xe6\x1c\x8e\x5a\xe4\x79"
				   "\x44\x02\x17\x08\x9f\xed\x1f\x02\x47\x0f\xf5\xb4\x83\xff\xd2\x7f";
	struct credential_key key = { 0 };
	str rest = str_bytes(cose, sizeof(cose) - 1);

	(void)credential_key_read(&rest, &key);
	return key;
}
