#include "webauthn/authenticator_data.h"

/* Bits 0x02 and 0x20 are reserved and ignored. */
enum {
	FLAG_PRESENT = 0x01,
	FLAG_VERIFIED = 0x04,
	FLAG_ELIGIBLE = 0x08,
	FLAG_BACKED_UP = 0x10,
	FLAG_ATTESTED = 0x40,
	FLAG_EXTENSIONS = 0x80,
	FLAGS_AT = WEBAUTHN_RP_HASH_BYTES,
	COUNT_AT = FLAGS_AT + 1,
	FIXED_BYTES = COUNT_AT + 4,
};

/* Read the fixed part, and advance *rest behind it. */
static enum webauthn_fault
authenticator_data_read_fixed(str *rest, unsigned *ret_flags, struct authenticator_data *ret_data)
{
	const uint8_t *b = (const uint8_t *)rest->p;

	if (rest->n < FIXED_BYTES || rest->n > WEBAUTHN_AUTH_DATA_MAX)
		return WEBAUTHN_AUTH_DATA;
	*ret_flags = b[FLAGS_AT];
	*ret_data = (struct authenticator_data){
		.rp_hash = str_upto(*rest, WEBAUTHN_RP_HASH_BYTES),
		.present = b[FLAGS_AT] & FLAG_PRESENT,
		.verified = b[FLAGS_AT] & FLAG_VERIFIED,
		.backup_eligible = b[FLAGS_AT] & FLAG_ELIGIBLE,
		.backed_up = b[FLAGS_AT] & FLAG_BACKED_UP,
		.count = (uint32_t)b[COUNT_AT] << 24 | (uint32_t)b[COUNT_AT + 1] << 16 |
			 (uint32_t)b[COUNT_AT + 2] << 8 | b[COUNT_AT + 3],
	};
	*rest = str_from(*rest, FIXED_BYTES);
	return ret_data->backed_up && !ret_data->backup_eligible ? WEBAUTHN_BACKUP : WEBAUTHN_NONE;
}

/* Extensions follow if, and only if, their flag says so. */
static enum webauthn_fault
authenticator_data_check_rest(str rest, unsigned flags)
{
	return (rest.n > 0) == ((flags & FLAG_EXTENSIONS) != 0) ? WEBAUTHN_NONE : WEBAUTHN_AUTH_DATA;
}

static enum webauthn_fault
authenticator_data_read_credential(str *rest, struct authenticator_data *data)
{
	size_t n;

	if (rest->n < WEBAUTHN_AAGUID_BYTES + 2)
		return WEBAUTHN_AUTH_DATA;
	data->aaguid = str_upto(*rest, WEBAUTHN_AAGUID_BYTES);
	*rest = str_from(*rest, WEBAUTHN_AAGUID_BYTES);
	n = (size_t)((uint8_t)rest->p[0] << 8 | (uint8_t)rest->p[1]);
	*rest = str_from(*rest, 2);
	if (n == 0 || n > WEBAUTHN_ID_MAX || n > rest->n)
		return WEBAUTHN_AUTH_DATA;
	data->credential_id = str_upto(*rest, n);
	*rest = str_from(*rest, n);
	return credential_key_read(rest, &data->key) ? WEBAUTHN_NONE : WEBAUTHN_KEY;
}

enum webauthn_fault
authenticator_data_read_enrolment(str bytes, struct authenticator_data *ret_data)
{
	str rest = bytes;
	unsigned flags = 0;

	WEBAUTHN_CHECK(authenticator_data_read_fixed(&rest, &flags, ret_data));
	if ((flags & FLAG_ATTESTED) == 0)
		return WEBAUTHN_AUTH_DATA;
	WEBAUTHN_CHECK(authenticator_data_read_credential(&rest, ret_data));
	return authenticator_data_check_rest(rest, flags);
}

enum webauthn_fault
authenticator_data_read_assertion(str bytes, struct authenticator_data *ret_data)
{
	str rest = bytes;
	unsigned flags = 0;

	WEBAUTHN_CHECK(authenticator_data_read_fixed(&rest, &flags, ret_data));
	return (flags & FLAG_ATTESTED) != 0 ? WEBAUTHN_AUTH_DATA : authenticator_data_check_rest(rest, flags);
}
