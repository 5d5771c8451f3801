/*
 * attestation_object_read, compared with a second reader of CBOR (RFC 8949 s3, s4.2.1). The second reader does not
 * recurse: for each level it counts the items that must still follow.
 */
#include "target.h"

#include "webauthn/attestation_object.h"
#include "webauthn/webauthn.h"

#include <string.h>

struct head {
	unsigned type;
	uint64_t number;
	size_t bytes; /* length of the head, plus the content of a string; 0: invalid */
};

/* Bytes of the shortest head that encodes this number. */
static size_t
head_bytes(uint64_t number)
{
	return number < 24 ? 1 : number <= 0xff ? 2 : number <= 0xffff ? 3 : number <= 0xffffffff ? 5 : 9;
}

static struct head
head_at(str rest)
{
	static const size_t sizes[] = { [24] = 2, [25] = 3, [26] = 5, [27] = 9, [31] = 0 };
	const uint8_t *b = (const uint8_t *)rest.p;
	size_t size = rest.n == 0 ? 0 : (b[0] & 31) < 24 ? 1 : sizes[b[0] & 31];
	struct head head = { 0 };

	if (size == 0 || size > rest.n || b[0] >> 5 == 6)
		return head;
	head.type = b[0] >> 5;
	head.number = size == 1 ? b[0] & 31 : 0;
	for (size_t i = 1; i < size; i++)
		head.number = head.number << 8 | b[i];
	if (head.type == 7)
		head.bytes = size == 2 && head.number < 32 ? 0 : size;
	else if (size == head_bytes(head.number))
		head.bytes = size;
	if (head.bytes > 0 && (head.type == 2 || head.type == 3))
		head.bytes = head.number <= rest.n - size ? size + (size_t)head.number : 0;
	return head;
}

/* The length of the item at the beginning; 0: it is invalid, or nested deeper than levels. */
static size_t
item_bytes(str rest, size_t levels)
{
	unsigned __int128 open[ATTESTATION_DEPTH_MAX + 2] = { 1 }; /* for each level: items that must still follow */
	size_t at = 0, level = 0;

	for (;;) {
		while (open[level] == 0 && level > 0)
			level--;
		if (open[level] == 0)
			return at;
		struct head head = head_at(str_from(rest, at));
		if (head.bytes == 0 || level >= levels)
			return 0;
		open[level]--;
		at += head.bytes;
		if (head.type == 4 || head.type == 5)
			open[++level] = (unsigned __int128)head.number * (head.type - 3);
	}
}

/* The length of the name and value of a member with this name and type; 0 if the text does not begin with it. */
static size_t
member_bytes(str rest, const char *name, unsigned type)
{
	struct head head = head_at(rest), value;
	size_t n = strlen(name), bytes;

	if (head.bytes != 1 + n || head.type != 3 || memcmp(rest.p + 1, name, n) != 0)
		return 0;
	value = head_at(str_from(rest, 1 + n));
	bytes = item_bytes(str_from(rest, 1 + n), ATTESTATION_DEPTH_MAX - 1);
	return value.type == type && bytes > 0 ? 1 + n + bytes : 0;
}

static bool
allowed(str object, str *ret_data)
{
	static const struct {
		const char *name;
		unsigned type;
	} members[] = { { "fmt", 3 }, { "attStmt", 5 }, { "authData", 2 } };
	size_t seen[3] = { 0 }, at = 1;

	if (object.n == 0 || object.n > WEBAUTHN_ATTESTATION_MAX || (uint8_t)object.p[0] != 0xa3)
		return false;
	for (int i = 0; i < 3; i++)
		for (size_t m = 0; m < COUNT(members); m++) {
			str rest = str_from(object, at);
			size_t bytes = member_bytes(rest, members[m].name, members[m].type);
			if (bytes == 0)
				continue;
			if (m == 2) {
				struct head head = head_at(str_from(rest, 9));
				*ret_data = str_bytes(rest.p + bytes - head.number, (size_t)head.number);
			}
			seen[m]++;
			at += bytes;
			break;
		}
	return at == object.n && seen[0] == 1 && seen[1] == 1 && seen[2] == 1;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	str object = str_bytes(bytes, n), data = { 0 }, expected = { 0 };
	bool good = attestation_object_read(object, &data);

	PROMISE(good == allowed(object, &expected));
	PROMISE(!good || (data.n == expected.n && (data.n == 0 || data.p == expected.p)));
	return 0;
}
