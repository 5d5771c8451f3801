#include "keeper/core/display_name.h"

#include "base/err.h"

#include <utf8proc.h>

enum { CODE_POINTS_MAX = 40, ROOM = 4 * DISPLAY_NAME_MAX_BYTES };

static bool
display_name_allowed(int32_t c)
{
	switch (utf8proc_category(c)) {
	case UTF8PROC_CATEGORY_CC:
	case UTF8PROC_CATEGORY_CS:
	case UTF8PROC_CATEGORY_CO:
	case UTF8PROC_CATEGORY_CN:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
		return false;
	default:
		return !str_point_misleads(c);
	}
}

/* Letters without visible form, such as Hangul fillers and the blank braille pattern, do not count as visible. */
static bool
display_name_is_seen(int32_t c)
{
	static const int32_t empty[] = { 0x115F, 0x1160, 0x2800, 0x3164, 0xFFA0 };
	utf8proc_category_t category = utf8proc_category(c);

	for (size_t i = 0; i < COUNT(empty); i++)
		if (c == empty[i])
			return false;
	return category != UTF8PROC_CATEGORY_ZS && category != UTF8PROC_CATEGORY_CF && category != UTF8PROC_CATEGORY_MN;
}

static bool
display_name_nothing_seen(const int32_t *points, utf8proc_ssize_t n)
{
	for (utf8proc_ssize_t i = 0; i < n; i++)
		if (display_name_is_seen(points[i]))
			return false;
	return n > 0;
}

static enum problem
display_name_encode(int32_t *points, utf8proc_ssize_t n, struct display_name *ret_name)
{
	for (utf8proc_ssize_t i = 0; i < n; i++)
		if (!display_name_allowed(points[i]))
			return PROBLEM_CHARACTERS;
	if (display_name_nothing_seen(points, n))
		return PROBLEM_CHARACTERS;
	n = utf8proc_reencode(points, n, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
	if (n < 0)
		return PROBLEM_CHARACTERS;
	if (n > DISPLAY_NAME_MAX_BYTES || str_utf8_count(str_bytes(points, (size_t)n)) > CODE_POINTS_MAX)
		return PROBLEM_TOO_LONG;
	*ret_name = (struct display_name){ .n = (size_t)n };
	memcpy(ret_name->b, points, (size_t)n); /* utf8proc_reencode writes UTF-8 into the same buffer */
	return PROBLEM_NONE;
}

enum problem
display_name_check(str typed, struct display_name *ret_name)
{
	int32_t points[ROOM + 1];
	str text = str_trim(typed);
	utf8proc_ssize_t n;

	if (text.n > ROOM)
		return PROBLEM_TOO_LONG;
	n = utf8proc_decompose((const uint8_t *)text.p, (utf8proc_ssize_t)text.n, points, ROOM,
			       UTF8PROC_STABLE | UTF8PROC_COMPOSE);
	if (n < 0) /* not UTF-8 */
		return PROBLEM_CHARACTERS;
	return n > ROOM ? PROBLEM_TOO_LONG : display_name_encode(points, n, ret_name);
}

/* Keep the first `most` code points that a name may contain. Skip bytes that are not UTF-8. */
static str
display_name_keep_shown(str stored, size_t most, char room[DISPLAY_NAME_MAX_BYTES])
{
	size_t n = 0;

	while (stored.n > 0 && most > 0) {
		int32_t point = 0;
		size_t bytes = str_utf8_next(stored, &point);
		if (bytes > 0 && display_name_allowed(point)) {
			memcpy(room + n, stored.p, bytes);
			n += bytes;
			most--;
		}
		stored = str_from(stored, bytes == 0 ? 1 : bytes);
	}
	return str_bytes(room, n);
}

void
display_name_clean(str stored, struct display_name *ret_name)
{
	char room[DISPLAY_NAME_MAX_BYTES];

	*ret_name = (struct display_name){ .n = 0 };
	if (display_name_check(stored, ret_name) == PROBLEM_NONE)
		return;
	/* NFC can be longer than its input: if it does not fit, keep fewer code points */
	for (size_t most = CODE_POINTS_MAX; most > 0; most /= 2)
		if (display_name_check(display_name_keep_shown(stored, most, room), ret_name) == PROBLEM_NONE)
			return;
}
