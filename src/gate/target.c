#include "gate/target.h"

#include "base/buf.h"

enum { METHOD_MAX = 32, AUTHORITY_MAX = TARGET_HOST_MAX + 7 };

/* --- the host ------------------------------------------------------------------------------------------------------- */

static bool
host_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

static bool
host_good(str host)
{
	if (host.n == 0 || host.n > TARGET_HOST_MAX || host.p[0] == '.' || host.p[0] == '-')
		return false;
	for (size_t i = 0; i < host.n; i++)
		if (!host_byte(host.p[i]) || (i > 0 && host.p[i] == '.' && host.p[i - 1] == '.'))
			return false;
	return true;
}

static err
lower(str text, struct arena *arena, str *ret_lower)
{
	char *p;

	TRY(arena_copy(arena, text, ret_lower));
	p = (char *)ret_lower->p; /* just made, in the arena */
	for (size_t i = 0; i < text.n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] - 'A' + 'a');
	return ERR_OK;
}

static err
authority_read(str authority, struct arena *arena, struct target *target)
{
	uint64_t port = 0;
	str rest;

	if (authority.n > AUTHORITY_MAX)
		return ERR_TOO_LONG;
	TRY(lower(authority, arena, &target->authority));
	rest = target->authority;
	target->host = str_cut(&rest, ':');
	if (rest.p != NULL && (str_number(rest, 65535, &port) != ERR_OK || port == 0))
		return ERR_INVALID;
	if (str_ends(target->host, STR(".")))
		target->host.n--;
	return host_good(target->host) ? ERR_OK : ERR_INVALID;
}

/* --- the path ------------------------------------------------------------------------------------------------------- */

static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* An encoded byte that would have meant something else, were it not encoded; or that ends a text somewhere. */
static bool
encoded_unclear(char c)
{
	return c == '/' || c == '\\' || c == '%' || c == ';' || c == '?' || c == '#' || (unsigned char)c < 0x20 ||
	       c == 0x7f;
}

static err
path_decode(str raw, struct buf *out, bool *ret_unclear)
{
	for (size_t i = 0; i < raw.n; i++) {
		char c = raw.p[i];
		if (c == '%') {
			int high = i + 2 < raw.n ? hex_value(raw.p[i + 1]) : -1;
			int low = i + 2 < raw.n ? hex_value(raw.p[i + 2]) : -1;
			if (high < 0 || low < 0)
				return ERR_INVALID;
			c = (char)(high << 4 | low);
			*ret_unclear = *ret_unclear || encoded_unclear(c);
			i += 2;
		} else {
			*ret_unclear = *ret_unclear || c == ';';
		}
		buf_put_byte(out, c);
	}
	return buf_check(out);
}

/* A segment of one or two dots, or an empty one before the last. */
static bool
segments_unclear(str path)
{
	str rest = str_from(path, 1);

	while (rest.p != NULL) {
		str segment = str_cut(&rest, '/');
		if (str_equal(segment, STR(".")) || str_equal(segment, STR("..")))
			return true;
		if (segment.n == 0 && rest.p != NULL)
			return true;
	}
	return false;
}

static err
path_read(str raw, struct arena *arena, struct target *target)
{
	CLEANUP(buf_wipe) struct buf path = BUF(TARGET_MAX_BYTES);

	if (raw.n == 0)
		raw = STR("/");
	TRY(path_decode(raw, &path, &target->unclear));
	TRY(arena_copy(arena, buf_str(&path), &target->path));
	target->unclear = target->unclear || segments_unclear(target->path) || !str_utf8_valid(target->path);
	return ERR_OK;
}

/* --- the whole ------------------------------------------------------------------------------------------------------ */

/* Bytes above 0x7f are let through: browsers encode them, some clients do not. */
static bool
bytes_good(str text, bool backslash_too)
{
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] <= ' ' || text.p[i] == 0x7f || text.p[i] == '#' ||
		    (text.p[i] == '\\' && !backslash_too))
			return false;
	return true;
}

static bool
scheme_good(str scheme)
{
	return str_equal_nocase(scheme, STR("https")) || str_equal_nocase(scheme, STR("wss"));
}

/* Up to the first '/' or '?'. */
static str
authority_cut(str *rest)
{
	str all = *rest;
	size_t n = 0;

	while (n < all.n && all.p[n] != '/' && all.p[n] != '?')
		n++;
	*rest = str_from(all, n);
	return str_upto(all, n);
}

static err
rest_read(str authority, str path_and_query, struct arena *arena, struct target *target)
{
	str path = str_cut(&path_and_query, '?');

	if (!bytes_good(path, false) || !bytes_good(path_and_query, true))
		return ERR_INVALID;
	TRY(authority_read(authority, arena, target));
	return path_read(path, arena, target);
}

err
target_read(str url, struct arena *arena, struct target *ret_target)
{
	struct target target = { .unclear = false };
	str rest;

	if (url.n > TARGET_MAX_BYTES)
		return ERR_TOO_LONG;
	TRY(arena_copy(arena, url, &target.url));
	rest = target.url;
	if (!scheme_good(str_cut(&rest, ':')) || !str_starts(rest, STR("//")))
		return ERR_INVALID;
	rest = str_from(rest, 2);
	str authority = authority_cut(&rest);
	TRY(rest_read(authority, rest, arena, &target));
	*ret_target = target;
	return ERR_OK;
}

err
target_join(str scheme, str authority, str path_and_query, struct arena *arena, struct target *ret_target)
{
	CLEANUP(buf_wipe) struct buf url = BUF(TARGET_MAX_BYTES);
	bool path_good = path_and_query.n == 0 || path_and_query.p[0] == '/';

	/* what stands in one piece must not become another one's */
	if (!path_good || !scheme_good(scheme) || authority.n == 0 || str_has_byte(authority, '/') ||
	    str_has_byte(authority, '?'))
		return ERR_INVALID;
	buf_put(&url, scheme);
	buf_put(&url, STR("://"));
	buf_put(&url, authority);
	buf_put(&url, path_and_query);
	TRY(buf_check(&url));
	return target_read(buf_str(&url), arena, ret_target);
}

bool
target_under(str host, str domain)
{
	if (domain.n == 0 || !str_ends(host, domain))
		return false;
	return host.n == domain.n || host.p[host.n - domain.n - 1] == '.';
}

bool
target_method_good(str method)
{
	for (size_t i = 0; i < method.n; i++)
		if ((method.p[i] < 'A' || method.p[i] > 'Z') && method.p[i] != '-')
			return false;
	return method.n > 0 && method.n <= METHOD_MAX;
}
