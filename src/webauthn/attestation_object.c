#include "webauthn/attestation_object.h"

#include "webauthn/webauthn.h"

/* The major types of RFC 8949 s3.1. */
enum cbor_type { CBOR_UNSIGNED, CBOR_NEGATIVE, CBOR_BYTES, CBOR_TEXT, CBOR_ARRAY, CBOR_MAP, CBOR_TAG, CBOR_OTHER };

struct cbor_head {
	enum cbor_type type;
	uint64_t number; /* value, length or count; CBOR_OTHER: the bits of a simple or floating-point value */
};

/* Read the argument in n bytes.  A smaller form must not exist for the number, except for floating-point values. */
static bool
cbor_argument_read(str *rest, unsigned n, bool minimal, uint64_t *ret_number)
{
	static const uint64_t least[] = { [1] = 24, [2] = 0x100, [4] = 0x10000, [8] = 0x100000000 };
	uint64_t number = 0;

	if (rest->n < n)
		return false;
	for (unsigned i = 0; i < n; i++)
		number = number << 8 | (uint8_t)rest->p[i];
	*rest = str_from(*rest, n);
	*ret_number = number;
	return !minimal || number >= least[n];
}

static bool
cbor_head_read(str *rest, struct cbor_head *ret_head)
{
	uint8_t first, low;

	if (rest->n == 0)
		return false;
	first = (uint8_t)rest->p[0];
	low = first & 0x1f;
	*rest = str_from(*rest, 1);
	*ret_head = (struct cbor_head){ first >> 5, low };
	if (ret_head->type == CBOR_TAG)
		return false;
	if (low < 24)
		return true;
	if (low > 27) /* reserved, and indefinite lengths */
		return false;
	if (ret_head->type == CBOR_OTHER && low == 24)
		return cbor_argument_read(rest, 1, false, &ret_head->number) && ret_head->number >= 32;
	return cbor_argument_read(rest, 1U << (low - 24), ret_head->type != CBOR_OTHER, &ret_head->number);
}

/* Cut a text or byte string of this length. */
static bool
cbor_cut(str *rest, uint64_t n, str *ret_cut)
{
	if (n > rest->n)
		return false;
	*ret_cut = str_upto(*rest, (size_t)n);
	*rest = str_from(*rest, (size_t)n);
	return true;
}

static bool cbor_items_skip(str *rest, uint64_t count, unsigned depth);

static bool
cbor_item_skip(str *rest, unsigned depth)
{
	struct cbor_head head;
	str skipped;

	if (depth > ATTESTATION_DEPTH_MAX || !cbor_head_read(rest, &head))
		return false;
	switch (head.type) {
	case CBOR_BYTES:
	case CBOR_TEXT:
		return cbor_cut(rest, head.number, &skipped);
	case CBOR_ARRAY:
		return cbor_items_skip(rest, head.number, depth + 1);
	case CBOR_MAP:
		return head.number <= rest->n && cbor_items_skip(rest, head.number * 2, depth + 1);
	default:
		return true;
	}
}

/* Each item has at least one byte: the loop ends with the text, whatever the count says. */
static bool
cbor_items_skip(str *rest, uint64_t count, unsigned depth)
{
	for (uint64_t i = 0; i < count; i++)
		if (!cbor_item_skip(rest, depth))
			return false;
	return true;
}

static bool
cbor_string_read(str *rest, enum cbor_type type, str *ret_string)
{
	struct cbor_head head;

	return cbor_head_read(rest, &head) && head.type == type && cbor_cut(rest, head.number, ret_string);
}

static bool
cbor_map_skip(str *rest, unsigned depth)
{
	str map = *rest;
	struct cbor_head head;

	return cbor_head_read(&map, &head) && head.type == CBOR_MAP && cbor_item_skip(rest, depth);
}

/* One member of the outer map; *seen has a bit for each key. */
static bool
attestation_member_read(str *rest, unsigned *seen, str *ret_auth_data)
{
	str key, format;
	unsigned bit;
	bool good;

	if (!cbor_string_read(rest, CBOR_TEXT, &key))
		return false;
	if (str_equal(key, STR("fmt"))) {
		bit = 1;
		good = cbor_string_read(rest, CBOR_TEXT, &format);
	} else if (str_equal(key, STR("attStmt"))) {
		bit = 2;
		good = cbor_map_skip(rest, 2);
	} else {
		bit = 4;
		good = str_equal(key, STR("authData")) && cbor_string_read(rest, CBOR_BYTES, ret_auth_data);
	}
	good = good && (*seen & bit) == 0;
	*seen |= bit;
	return good;
}

bool
attestation_object_read(str object, str *ret_auth_data)
{
	str rest = object;
	struct cbor_head head;
	unsigned seen = 0;

	if (object.n > WEBAUTHN_ATTESTATION_MAX || !cbor_head_read(&rest, &head) || head.type != CBOR_MAP ||
	    head.number != 3)
		return false;
	for (int i = 0; i < 3; i++)
		if (!attestation_member_read(&rest, &seen, ret_auth_data))
			return false;
	return rest.n == 0;
}
