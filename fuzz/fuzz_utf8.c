/*
 * str_utf8_valid, str_utf8_count, str_utf8_next, compared with a second decoder, which checks the number of each code
 * point (RFC 3629).
 */
#include "target.h"

#include "base/str.h"

/* Bytes of the well-formed character at p; 0 if it is malformed. */
static size_t
length_at(const unsigned char *p, size_t n)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length = p[0] < 0x80             ? 1
			: (p[0] & 0xe0) == 0xc0 ? 2
			: (p[0] & 0xf0) == 0xe0 ? 3
			: (p[0] & 0xf8) == 0xf0 ? 4
						: 0;
	uint32_t point = length == 1 ? p[0] : p[0] & (0x7fu >> length);

	if (length == 0 || length > n)
		return 0;
	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		point = point << 6 | (p[i] & 0x3f);
	}
	return point < least[length] || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff) ? 0 : length;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	str text = str_bytes(bytes, n);
	size_t at = 0, count = 0, length = 1;

	for (; at < n && length != 0; at += length, count++) {
		int32_t point;
		length = length_at(bytes + at, n - at);
		PROMISE(str_utf8_next(str_from(text, at), &point) == length);
	}
	PROMISE(str_utf8_valid(text) == (length != 0));
	if (length != 0)
		PROMISE(str_utf8_count(text) == count);
	return 0;
}
