/*
 * authenticator_data_read_enrolment, authenticator_data_read_assertion, compared with a second implementation, which
 * reads each field at its fixed position (WebAuthn s6.1). Both use credential_key_read (see fuzz_credential_key.c).
 */
#include "target.h"

#include "webauthn/authenticator_data.h"

enum { FLAGS = 32, COUNT_FROM = 33, FIXED = 37, AAGUID = 37, LENGTH = 53, ID = 55 };

static unsigned
flags_of(str bytes)
{
	return (uint8_t)bytes.p[FLAGS];
}

static bool
is_fixed(str bytes)
{
	return bytes.n >= FIXED && bytes.n <= WEBAUTHN_AUTH_DATA_MAX;
}

static bool
is_backup_false(str bytes)
{
	return (flags_of(bytes) & 0x18) == 0x10;
}

static void
check_fixed(str bytes, const struct authenticator_data *data)
{
	unsigned flags = (data->present ? 0x01U : 0) | (data->verified ? 0x04U : 0) |
			 (data->backup_eligible ? 0x08U : 0) | (data->backed_up ? 0x10U : 0);
	uint8_t count[4] = { (uint8_t)(data->count >> 24), (uint8_t)(data->count >> 16), (uint8_t)(data->count >> 8),
			     (uint8_t)data->count };

	PROMISE(data->rp_hash.p == bytes.p && data->rp_hash.n == FLAGS);
	PROMISE(flags == (flags_of(bytes) & 0x1d));
	PROMISE(memcmp(count, bytes.p + COUNT_FROM, sizeof(count)) == 0);
}

static enum webauthn_fault
expected_assertion(str bytes)
{
	if (!is_fixed(bytes))
		return WEBAUTHN_AUTH_DATA;
	if (is_backup_false(bytes))
		return WEBAUTHN_BACKUP;
	return (flags_of(bytes) & 0xc0) == (bytes.n > FIXED ? 0x80 : 0) ? WEBAUTHN_NONE : WEBAUTHN_AUTH_DATA;
}

static enum webauthn_fault
expected_enrolment(str bytes, str *ret_id, struct credential_key *ret_key)
{
	size_t length;
	str rest;

	if (!is_fixed(bytes))
		return WEBAUTHN_AUTH_DATA;
	if (is_backup_false(bytes))
		return WEBAUTHN_BACKUP;
	if ((flags_of(bytes) & 0x40) == 0 || bytes.n < ID)
		return WEBAUTHN_AUTH_DATA;
	length = (size_t)(uint8_t)bytes.p[LENGTH] * 256 + (uint8_t)bytes.p[LENGTH + 1];
	if (length < 1 || length > 1023 || bytes.n < ID + length)
		return WEBAUTHN_AUTH_DATA;
	*ret_id = str_bytes(bytes.p + ID, length);
	rest = str_from(bytes, ID + length);
	if (!credential_key_read(&rest, ret_key))
		return WEBAUTHN_KEY;
	return (flags_of(bytes) >> 7) == (rest.n > 0) ? WEBAUTHN_NONE : WEBAUTHN_AUTH_DATA;
}

static void
try_enrolment(str bytes)
{
	struct authenticator_data data;
	struct credential_key key = { 0 };
	str id = { 0 };
	enum webauthn_fault fault = authenticator_data_read_enrolment(bytes, &data);

	PROMISE(fault == expected_enrolment(bytes, &id, &key));
	if (fault != WEBAUTHN_NONE)
		return;
	check_fixed(bytes, &data);
	PROMISE(data.aaguid.p == bytes.p + AAGUID && data.aaguid.n == WEBAUTHN_AAGUID_BYTES);
	PROMISE(data.credential_id.p == id.p && data.credential_id.n == id.n);
	PROMISE(data.key.algorithm == key.algorithm && data.key.cose.p == key.cose.p && data.key.cose.n == key.cose.n);
}

static void
try_assertion(str bytes)
{
	struct authenticator_data data;
	enum webauthn_fault fault = authenticator_data_read_assertion(bytes, &data);

	PROMISE(fault == expected_assertion(bytes));
	if (fault == WEBAUTHN_NONE)
		check_fixed(bytes, &data);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	try_enrolment(str_bytes(bytes, n));
	try_assertion(str_bytes(bytes, n));
	return 0;
}
