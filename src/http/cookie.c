#include "http/cookie.h"

/* RFC 6265 s4.1.1: cookie-octet */
static const bool cookie_octets[256] = {
	['!'] = true, ['#' ... '+'] = true, ['-' ... ':'] = true, ['<' ... '['] = true, [']' ... '~'] = true,
};

static bool
cookie_is_octet(char c)
{
	return cookie_octets[(unsigned char)c];
}

static bool
cookie_is_value(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!cookie_is_octet(s.p[i]))
			return false;
	return true;
}

static bool
cookie_is_name(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (!cookie_is_octet(s.p[i]) || strchr("()<>@:/[]?={}", s.p[i]) != NULL)
			return false;
	return s.n > 0;
}

static str
cookie_unquote(str s)
{
	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		return str_bytes(s.p + 1, s.n - 2);
	return s;
}

/* Quick answer for most names, before the pair is cut: the last byte of a name differs more often than the first. */
static bool
cookie_may_be(const struct cookie_wanted *wanted, str pair)
{
	size_t n = wanted->name.n;

	return n > 0 && pair.n >= n && pair.p[n - 1] == wanted->name.p[n - 1] && str_starts(pair, wanted->name);
}

static void
cookie_read_pair(struct cookie_wanted *wanted, str pair)
{
	str rest = pair, name = str_trim(str_cut(&rest, '='));

	if (!str_equal(name, wanted->name))
		return;
	wanted->count++;
	wanted->malformed |= rest.p == NULL;
	wanted->value = cookie_unquote(str_trim(rest));
	wanted->malformed |= !cookie_is_value(wanted->value);
}

static void
cookie_find_in(str header, struct cookie_wanted *wanted, size_t n)
{
	while (header.p != NULL) {
		str pair = str_trim(str_cut(&header, ';'));
		for (size_t i = 0; i < n; i++)
			if (cookie_may_be(&wanted[i], pair))
				cookie_read_pair(&wanted[i], pair);
	}
}

void
cookie_find_all(const struct request *rq, struct cookie_wanted *wanted, size_t n)
{
	size_t at = 0;
	str header;

	while (request_header_each(rq, "Cookie", &at, &header))
		cookie_find_in(header, wanted, n);
}

str
cookie_value(const struct cookie_wanted *found)
{
	return found->count == 1 && !found->malformed ? found->value : (str){ 0 };
}

str
cookie_find(const struct request *rq, str name)
{
	struct cookie_wanted wanted = { .name = name };

	cookie_find_all(rq, &wanted, 1);
	return cookie_value(&wanted);
}

err
cookie_put(struct buf *out, const struct cookie *cookie)
{
	static const str same_site[] = {
		[COOKIE_LAX] = STR_INIT("Lax"), [COOKIE_STRICT] = STR_INIT("Strict"), [COOKIE_NONE] = STR_INIT("None")
	};

	if (!cookie_is_name(cookie->name) || !cookie_is_value(cookie->value) || !cookie_is_value(cookie->domain))
		return ERR_INVALID;
	buf_put(out, cookie->name);
	buf_put_byte(out, '=');
	buf_put(out, cookie->value);
	buf_put(out, STR("; Path=/"));
	if (cookie->domain.n > 0) {
		buf_put(out, STR("; Domain="));
		buf_put(out, cookie->domain);
	}
	if (!cookie->readable)
		buf_put(out, STR("; HttpOnly"));
	buf_put(out, STR("; SameSite="));
	buf_put(out, same_site[cookie->same_site]);
	if (cookie->secure)
		buf_put(out, STR("; Secure"));
	if (cookie->max_age_seconds != 0) {
		buf_put(out, STR("; Max-Age="));
		buf_put_number(out, cookie->max_age_seconds < 0 ? 0 : cookie->max_age_seconds);
	}
	return buf_check(out);
}
