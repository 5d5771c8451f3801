/*
 * Filler: characters without a meaning between the characters of a code or a secret, often pasted along with it.
 */
#include "internal.h"

/*
 * White space and format characters of Unicode (property White_Space, category Cf), and dashes, in ascending order.
 * Source: UCD 15.0, PropList.txt and UnicodeData.txt; tests/unit/keeper compares them with utf8proc.
 */
static const struct filler_range {
	uint32_t from, to;
} filler_ranges[] = {
	{ 0x0009, 0x000D },   { 0x0020, 0x0020 },   { 0x002D, 0x002D },   { 0x0085, 0x0085 },   { 0x00A0, 0x00A0 },
	{ 0x00AD, 0x00AD },   { 0x0600, 0x0605 },   { 0x061C, 0x061C },   { 0x06DD, 0x06DD },   { 0x070F, 0x070F },
	{ 0x0890, 0x0891 },   { 0x08E2, 0x08E2 },   { 0x1680, 0x1680 },   { 0x180E, 0x180E },   { 0x2000, 0x2015 },
	{ 0x2028, 0x202F },   { 0x205F, 0x2064 },   { 0x2066, 0x206F },   { 0x2212, 0x2212 },   { 0x3000, 0x3000 },
	{ 0xFEFF, 0xFEFF },   { 0xFFF9, 0xFFFB },   { 0x110BD, 0x110BD }, { 0x110CD, 0x110CD }, { 0x13430, 0x1343F },
	{ 0x1BCA0, 0x1BCA3 }, { 0x1D173, 0x1D17A }, { 0xE0001, 0xE0001 }, { 0xE0020, 0xE007F },
};

/* Bytes of the UTF-8 sequence that this first byte begins; 0: it cannot begin one. */
static size_t
filler_sequence(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xC2 && first < 0xE0)
		return 2;
	return first >= 0xE0 && first < 0xF0 ? 3 : first >= 0xF0 && first < 0xF5 ? 4 : 0;
}

/* Decode the first code point and return its length in bytes; 0: invalid, or not in the shortest form. */
static size_t
filler_point(const unsigned char *p, size_t n, uint32_t *ret_point)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t length = n == 0 ? 0 : filler_sequence(p[0]);
	uint32_t point;

	if (length == 0 || length > n)
		return 0;
	point = length == 1 ? p[0] : p[0] & (0xFFu >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if ((p[i] & 0xC0) != 0x80)
			return 0;
		point = point << 6 | (p[i] & 0x3Fu);
	}
	*ret_point = point;
	return point < least[length] ? 0 : length;
}

size_t
otp_filler_length(const char *text, size_t n)
{
	uint32_t point = 0;
	size_t length = filler_point((const unsigned char *)text, n, &point);

	for (size_t i = 0; length > 0 && i < sizeof(filler_ranges) / sizeof(filler_ranges[0]); i++)
		if (point >= filler_ranges[i].from && point <= filler_ranges[i].to)
			return length;
	return 0;
}
