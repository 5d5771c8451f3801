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

struct finding {
	str name, value;
	size_t count; /* how often the name occurs, well-formed or not */
	bool malformed;
};

static void
cookie_find_in(str header, struct finding *f)
{
	while (header.p != NULL) {
		str rest = str_cut(&header, ';');
		str name = str_trim(str_cut(&rest, '='));
		if (!str_equal(name, f->name))
			continue;
		f->count++;
		f->malformed |= rest.p == NULL;
		f->value = cookie_unquote(str_trim(rest));
		f->malformed |= !cookie_is_value(f->value);
	}
}

size_t
cookie_count(const struct request *rq, str name, str *ret_value)
{
	struct finding f = { .name = name };
	size_t at = 0;
	str header;

	while (request_header_each(rq, "Cookie", &at, &header))
		cookie_find_in(header, &f);
	*ret_value = f.count == 1 && !f.malformed ? f.value : (str){ 0 };
	return f.count;
}

str
cookie_find(const struct request *rq, str name)
{
	str value;

	(void)cookie_count(rq, name, &value);
	return value;
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
