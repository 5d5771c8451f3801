/*
 * Exports of Google Authenticator: otpauth-migration://offline?data=..., base64 of a protocol buffers message.
 *
 *	message Payload {			message Account {
 *	  repeated Account accounts = 1;	  bytes secret = 1;
 *	  int32 version = 2;			  string name = 2;	perhaps "issuer:account"
 *	  int32 batch_size = 3;			  string issuer = 3;
 *	  int32 batch_index = 4;		  int32 algorithm = 4;	1 SHA1, 2 SHA256, 3 SHA512, 4 MD5
 *	  int32 batch_id = 5;			  int32 digits = 5;	1 six, 2 eight
 *	}					  int32 type = 6;	1 HOTP, 2 TOTP
 *						  int64 counter = 7;
 *						  string unique_id = 8;	newer apps; only the app uses it
 *						}
 */
#include "internal.h"

#include <openssl/crypto.h>
#include <string.h>

/* --- base64 ------------------------------------------------------------------------------------------------------- */

static int
otp_migration_base64_value(char c)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c == '\0' ? NULL : strchr(alphabet, c);

	if (c == '-' || c == '_') /* RFC 4648 s5 */
		return c == '-' ? 62 : 63;
	return at == NULL ? -1 : (int)(at - alphabet);
}

bool
otp_base64_decode(const char *text, size_t n, uint8_t *ret_bytes, size_t size, size_t *ret_n)
{
	uint32_t bits = 0;
	size_t out = 0;

	while (n > 0 && text[n - 1] == '=')
		n--;
	if (n % 4 == 1)
		return false;
	for (size_t i = 0; i < n; i++) {
		int value = otp_migration_base64_value(text[i]);
		if (value < 0)
			return false;
		bits = bits << 6 | (uint32_t)value;
		if (i % 4 == 0)
			continue;
		if (out == size)
			return false;
		ret_bytes[out++] = (uint8_t)(bits >> (6 - 2 * (i % 4)));
	}
	*ret_n = out;
	return true;
}

/* --- protocol buffers: developers.google.com/protocol-buffers/docs/encoding --------------------------------------- */

struct bytes {
	const uint8_t *p, *end;
};

enum wire { WIRE_VARINT = 0, WIRE_64 = 1, WIRE_BYTES = 2, WIRE_32 = 5 };

struct field {
	uint64_t number; /* the number of the field */
	enum wire wire;
	uint64_t value; /* of a varint */
	struct bytes bytes;
};

static bool
otp_migration_take_varint(struct bytes *in, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (unsigned shift = 0; shift < 64 && in->p < in->end; shift += 7) {
		uint8_t byte = *in->p++;
		value |= (uint64_t)(byte & 0x7f) << shift;
		if ((byte & 0x80) == 0) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

static bool
otp_migration_take_bytes(struct bytes *in, uint64_t n, struct bytes *ret_bytes)
{
	if (n > (size_t)(in->end - in->p))
		return false;
	*ret_bytes = (struct bytes){ in->p, in->p + n };
	in->p += n;
	return true;
}

static bool
otp_migration_take_field(struct bytes *in, struct field *ret_field)
{
	uint64_t key = 0, n = 0;

	*ret_field = (struct field){ 0 };
	if (!otp_migration_take_varint(in, &key))
		return false;
	ret_field->number = key >> 3;
	ret_field->wire = (enum wire)(key & 7);
	switch (key & 7) {
	case WIRE_VARINT:
		return otp_migration_take_varint(in, &ret_field->value);
	case WIRE_64:
		return otp_migration_take_bytes(in, 8, &ret_field->bytes);
	case WIRE_BYTES:
		return otp_migration_take_varint(in, &n) && otp_migration_take_bytes(in, n, &ret_field->bytes);
	case WIRE_32:
		return otp_migration_take_bytes(in, 4, &ret_field->bytes);
	default:
		return false;
	}
}

/* --- the payload -------------------------------------------------------------------------------------------------- */

enum { PAYLOAD_ACCOUNT = 1, PAYLOAD_VERSION, PAYLOAD_BATCH_SIZE, PAYLOAD_BATCH_INDEX, PAYLOAD_BATCH_ID };

/* Take one of the payload's numbers; false: its wire type is not varint. */
static bool
otp_migration_scan_number(struct otp_migration *m, const struct field *field)
{
	if (field->number == PAYLOAD_VERSION)
		m->version = (unsigned)field->value;
	else if (field->number == PAYLOAD_BATCH_SIZE)
		m->batch_size = (unsigned)field->value;
	else if (field->number == PAYLOAD_BATCH_INDEX)
		m->batch_index = (unsigned)field->value;
	else if (field->number == PAYLOAD_BATCH_ID)
		m->batch_id = (int32_t)(uint32_t)field->value;
	else
		return true;
	return field->wire == WIRE_VARINT;
}

static bool
otp_migration_scan(struct otp_migration *m)
{
	struct bytes in = { m->next, m->end };
	struct field field;

	while (in.p < in.end)
		if (!otp_migration_take_field(&in, &field) || !otp_migration_scan_number(m, &field))
			return false;
	return true;
}

static enum otp_status
otp_migration_refuse(enum otp_status status, const char **ret_wrong, const char *wrong)
{
	if (ret_wrong != NULL)
		*ret_wrong = wrong;
	return status;
}

static const char prefix[] = "otpauth-migration://offline?data=";

enum otp_status
otp_migration_open(const char *text, size_t n, uint8_t *room, size_t size, struct otp_migration *ret_migration,
		   const char **ret_wrong)
{
	struct otp_migration m = { .next = room };
	size_t decoded = 0, bytes = 0;

	if (n < sizeof(prefix) - 1 || strncmp(text, prefix, sizeof(prefix) - 1) != 0)
		return otp_migration_refuse(OTP_INVALID, ret_wrong,
					    "it does not begin with otpauth-migration://offline?data=");
	text += sizeof(prefix) - 1;
	n -= sizeof(prefix) - 1;
	if (size < n)
		return otp_migration_refuse(OTP_TOO_SHORT, ret_wrong, "the buffer is too small");
	if (!otp_percent_decode(text, n, (char *)room, size, &decoded))
		return otp_migration_refuse(OTP_INVALID, ret_wrong, "it has a broken percent-escape");
	if (decoded == 0 || !otp_base64_decode((const char *)room, decoded, room, size, &bytes))
		return otp_migration_refuse(OTP_INVALID, ret_wrong, "its data is not base64");
	m.end = room + bytes;
	if (!otp_migration_scan(&m))
		return otp_migration_refuse(OTP_INVALID, ret_wrong, "its data is cut off or broken");
	*ret_migration = m;
	return OTP_OK;
}

/* --- an account --------------------------------------------------------------------------------------------------- */

struct account {
	struct bytes secret, name, issuer, unique_id;
	uint64_t algorithm, digits, type, counter;
	bool unknown; /* the account has an unknown field */
};

enum {
	ACCOUNT_SECRET = 1,
	ACCOUNT_NAME,
	ACCOUNT_ISSUER,
	ACCOUNT_ALGORITHM,
	ACCOUNT_DIGITS,
	ACCOUNT_TYPE,
	ACCOUNT_COUNTER,
	ACCOUNT_UNIQUE_ID
};

/* The member for a field of bytes or of a number; NULL: the field does not have this type. */
static struct bytes *
otp_migration_account_bytes(struct account *a, uint64_t number)
{
	switch (number) {
	case ACCOUNT_SECRET:
		return &a->secret;
	case ACCOUNT_NAME:
		return &a->name;
	case ACCOUNT_ISSUER:
		return &a->issuer;
	case ACCOUNT_UNIQUE_ID:
		return &a->unique_id;
	default:
		return NULL;
	}
}

static uint64_t *
otp_migration_account_number(struct account *a, uint64_t number)
{
	switch (number) {
	case ACCOUNT_ALGORITHM:
		return &a->algorithm;
	case ACCOUNT_DIGITS:
		return &a->digits;
	case ACCOUNT_TYPE:
		return &a->type;
	case ACCOUNT_COUNTER:
		return &a->counter;
	default:
		return NULL;
	}
}

/* false: a known field has another wire type. */
static bool
otp_migration_account_put(struct account *a, const struct field *field)
{
	struct bytes *bytes = otp_migration_account_bytes(a, field->number);
	uint64_t *number = otp_migration_account_number(a, field->number);

	if (bytes != NULL && field->wire == WIRE_BYTES)
		*bytes = field->bytes;
	else if (number != NULL && field->wire == WIRE_VARINT)
		*number = field->value;
	else if (bytes == NULL && number == NULL)
		a->unknown = true;
	else
		return false;
	return true;
}

static struct otp_span
otp_migration_span_of(struct bytes bytes)
{
	return (struct otp_span){ (const char *)bytes.p, bytes.p == NULL ? 0 : (size_t)(bytes.end - bytes.p) };
}

/* The app also writes "issuer:account" into the name.  If the payload has no issuer, use the one in the name. */
static void
otp_migration_settle_issuer(struct otp_uri *uri)
{
	struct otp_span name = { uri->account, strlen(uri->account) }, account = { 0 };
	const char *colon = strchr(uri->account, ':');
	char issuer[OTP_NAME_MAX + 1] = "";

	if (uri->issuer[0] == '\0' && colon != NULL)
		(void)!otp_name_take((struct otp_span){ name.p, (size_t)(colon - name.p) }, issuer, sizeof(issuer));
	else
		memcpy(issuer, uri->issuer, sizeof(issuer));
	if (!otp_label_has_issuer(name, issuer, &account) || account.n == 0)
		return;
	(void)!otp_name_take(account, uri->account, sizeof(uri->account));
	memcpy(uri->issuer, issuer, sizeof(issuer));
}

static const char *
otp_migration_names_take(const struct account *a, struct otp_uri *uri)
{
	if (!otp_name_take(otp_migration_span_of(a->issuer), uri->issuer, sizeof(uri->issuer)))
		return "an issuer is too long, or not printable text";
	if (!otp_name_take(otp_migration_span_of(a->name), uri->account, sizeof(uri->account)))
		return "a name is too long, or not printable text";
	otp_migration_settle_issuer(uri);
	if (uri->account[0] == '\0' && uri->issuer[0] != '\0')
		memcpy(uri->account, uri->issuer, sizeof(uri->account));
	return uri->account[0] == '\0' ? "an account has no name" : NULL;
}

static const char *
otp_migration_secret_take(const struct account *a, struct otp_uri *uri)
{
	uri->secret_n = a->secret.p == NULL ? 0 : (size_t)(a->secret.end - a->secret.p);
	if (uri->secret_n == 0 || uri->secret_n > sizeof(uri->secret))
		return "a secret is missing, or longer than 128 bytes";
	memcpy(uri->secret, a->secret.p, uri->secret_n);
	if (uri->secret_n < OTP_SECRET_MIN)
		uri->notes |= OTP_NOTE_SHORT_SECRET;
	return NULL;
}

/* 0 means "not set": the app then uses its defaults. */
static const char *
otp_migration_parameters_take(const struct account *a, struct otp_uri *uri)
{
	static const enum otp_algorithm algorithms[] = { OTP_SHA1, OTP_SHA1, OTP_SHA256, OTP_SHA512 };

	if (a->algorithm >= sizeof(algorithms) / sizeof(algorithms[0]))
		return "an algorithm is not SHA1, SHA256 or SHA512";
	if (a->digits > 2)
		return "a number of digits is not known";
	if (a->type > 2)
		return "a type of code is not known";
	uri->algorithm = algorithms[a->algorithm];
	uri->digits = a->digits == 2 ? 8 : 6;
	uri->type = a->type == 1 ? OTP_TYPE_HOTP : OTP_TYPE_TOTP;
	uri->counter = a->counter;
	if (uri->algorithm != OTP_SHA1 || uri->digits != 6)
		uri->notes |= OTP_NOTE_UNUSUAL;
	return NULL;
}

static enum otp_status
otp_migration_account_read(struct bytes in, unsigned flags, struct otp_uri *uri, const char **ret_wrong)
{
	struct account a = { 0 };
	struct field field;
	const char *wrong;

	while (in.p < in.end) {
		if (!otp_migration_take_field(&in, &field))
			return otp_migration_refuse(OTP_INVALID, ret_wrong, "an account is cut off or broken");
		if (!otp_migration_account_put(&a, &field))
			return otp_migration_refuse(OTP_INVALID, ret_wrong,
						    "a field of an account has an unexpected type");
	}
	wrong = otp_migration_names_take(&a, uri);
	if (wrong == NULL)
		wrong = otp_migration_secret_take(&a, uri);
	if (wrong == NULL)
		wrong = otp_migration_parameters_take(&a, uri);
	if (wrong != NULL)
		return otp_migration_refuse(OTP_INVALID, ret_wrong, wrong);
	if (a.unknown)
		uri->notes |= OTP_NOTE_UNKNOWN;
	if (uri->secret_n < OTP_SECRET_MIN && (flags & OTP_ALLOW_SHORT_SECRET) == 0)
		return otp_migration_refuse(OTP_TOO_SHORT, ret_wrong, "a secret is shorter than 128 bits");
	return OTP_OK;
}

enum otp_status
otp_migration_next(struct otp_migration *migration, unsigned flags, struct otp_uri *ret_uri, bool *ret_more,
		   const char **ret_wrong)
{
	struct bytes in = { migration->next, migration->end };
	struct otp_uri uri = OTP_URI_DEFAULT;
	enum otp_status status;
	struct field field;

	*ret_more = false;
	while (in.p < in.end && otp_migration_take_field(&in, &field)) {
		migration->next = in.p;
		if (field.number > PAYLOAD_ACCOUNT && field.number <= PAYLOAD_BATCH_ID)
			continue;
		*ret_more = true;
		if (field.number != PAYLOAD_ACCOUNT || field.wire != WIRE_BYTES)
			return otp_migration_refuse(OTP_INVALID, ret_wrong, "it is an unknown field of the export");
		status = otp_migration_account_read(field.bytes, flags, &uri, ret_wrong);
		if (status == OTP_OK)
			*ret_uri = uri;
		otp_uri_wipe(&uri);
		return status;
	}
	migration->next = migration->end;
	return OTP_OK;
}
