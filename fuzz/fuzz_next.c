/*
 * next_is_safe, compared with a second implementation of its contract, and with a browser's reading of the accepted
 * URLs.  Browsers follow WHATWG URL s4.4 for special schemes: they drop tabs, line ends, and white space at both ends;
 * a backslash is a slash; two slashes begin a host.
 */
#include "target.h"

#include "http/return_to.h"

static bool
has_host(str next)
{
	size_t at = 0;
	char begins[2] = { 0 };

	for (size_t i = 0; i < next.n && at < sizeof(begins); i++) {
		unsigned char c = (unsigned char)next.p[i];
		bool dropped = c == '\t' || c == '\n' || c == '\r' || (at == 0 && c <= ' ');
		if (!dropped)
			begins[at++] = c == '\\' ? '/' : (char)c;
	}
	return begins[0] != '/' || begins[1] == '/';
}

static bool
allowed(str next)
{
	size_t bad = 0;

	for (size_t i = 0; i < next.n; i++)
		bad += (unsigned char)next.p[i] < 0x21 || next.p[i] == 0x7f || next.p[i] == '\\';
	return bad == 0 && next.n >= 1 && next.n <= 8400 && next.p[0] == '/' && (next.n == 1 || next.p[1] != '/') &&
	       str_utf8_valid(next);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	str next = str_bytes(bytes, n);

	PROMISE(next_is_safe(next) == allowed(next));
	PROMISE(!next_is_safe(next) || !has_host(next));
	return 0;
}
