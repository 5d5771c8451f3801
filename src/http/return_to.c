#include "http/return_to.h"

static bool
next_bytes_safe(str s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c <= ' ' || c == 0x7f || c == '\\')
			return false;
	}
	return true;
}

bool
next_is_safe(str next)
{
	if (next.n == 0 || next.n > NEXT_MAX_BYTES || next.p[0] != '/')
		return false;
	if (next.n > 1 && next.p[1] == '/')
		return false;
	return next_bytes_safe(next) && str_utf8_valid(next);
}
