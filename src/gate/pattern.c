#include "gate/pattern.h"

bool
pattern_host_good(str pattern)
{
	if (str_equal(pattern, STR("*")))
		return true;
	if (str_starts(pattern, STR("*.")))
		pattern = str_from(pattern, 2);
	if (pattern.n == 0 || pattern.n > 253 || pattern.p[0] == '.' || pattern.p[pattern.n - 1] == '.')
		return false;
	for (size_t i = 0; i < pattern.n; i++) {
		char c = pattern.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_'))
			return false;
	}
	return true;
}

bool
pattern_host_fits(str pattern, str host)
{
	if (str_equal(pattern, STR("*")))
		return true;
	if (!str_starts(pattern, STR("*.")))
		return str_equal(pattern, host);
	pattern = str_from(pattern, 1);
	return host.n > pattern.n && str_ends(host, pattern);
}

static size_t
stars(str pattern)
{
	size_t n = 0;

	for (size_t i = 0; i < pattern.n; i++)
		n += pattern.p[i] == '*' && (i == 0 || pattern.p[i - 1] != '*');
	return n;
}

/* A path that comes is decoded and without query; one that holds these is refused wherever a rule names paths. */
static bool
may_come(str pattern)
{
	str rest = str_from(pattern, 1);

	for (size_t i = 0; i < pattern.n; i++)
		if ((unsigned char)pattern.p[i] < ' ' || pattern.p[i] == 0x7f ||
		    str_has_byte(STR("%?#;\\"), pattern.p[i]))
			return false;
	while (rest.p != NULL) {
		str segment = str_cut(&rest, '/');
		if (str_equal(segment, STR(".")) || str_equal(segment, STR("..")) || (segment.n == 0 && rest.p != NULL))
			return false;
	}
	return true;
}

bool
pattern_path_good(str pattern)
{
	for (size_t i = 0; i + 2 < pattern.n; i++)
		if (str_equal(str_bytes(pattern.p + i, 3), STR("***")))
			return false;
	if (!may_come(pattern))
		return false;
	return str_starts(pattern, STR("/")) && pattern.n <= PATTERN_MAX_BYTES && stars(pattern) <= PATTERN_STARS_MAX;
}

/*
 * One pass with one place to come back to for each kind of star.  A '*' cannot pass a '/', so that when it fails only the
 * last '**' before it can still help; and of two '**' only the later one needs to be tried again.
 */
struct retry {
	size_t pattern, text; /* behind the star, and how far it has eaten; pattern 0: there is none */
};

static bool
step_back(struct retry *retry, str text, bool whole, size_t *p, size_t *t)
{
	if (retry->pattern == 0 || retry->text >= text.n || (!whole && text.p[retry->text] == '/'))
		return false;
	*p = retry->pattern;
	*t = ++retry->text;
	return true;
}

static bool
fits(str pattern, str text)
{
	struct retry one = { 0 }, whole = { 0 };
	size_t p = 0, t = 0;

	while (p < pattern.n || t < text.n) {
		if (p < pattern.n && pattern.p[p] == '*') {
			bool two = p + 1 < pattern.n && pattern.p[p + 1] == '*';
			p += two ? 2 : 1;
			if (two)
				one = (struct retry){ 0 };
			*(two ? &whole : &one) = (struct retry){ p, t };
			continue;
		}
		if (p < pattern.n && t < text.n && pattern.p[p] == text.p[t]) {
			p++;
			t++;
			continue;
		}
		if (step_back(&one, text, false, &p, &t))
			continue;
		one = (struct retry){ 0 };
		if (!step_back(&whole, text, true, &p, &t))
			return false;
	}
	return true;
}

bool
pattern_path_fits(str pattern, str path)
{
	if (str_ends(pattern, STR("/**")) && fits(str_upto(pattern, pattern.n - 3), path))
		return true;
	return fits(pattern, path);
}
