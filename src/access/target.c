#include "access/target.h"

#include "base/buf.h"
#include "base/uri_path.h"

enum { METHOD_MAX = 32, AUTHORITY_MAX = TARGET_HOST_MAX + 7 };

/* --- the host ----------------------------------------------------------------------------------------------------- */

static bool
target_host_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

static bool
target_host_good(str host)
{
	if (host.n == 0 || host.n > TARGET_HOST_MAX || host.p[0] == '.' || host.p[0] == '-' ||
	    host.p[host.n - 1] == '.')
		return false;
	for (size_t i = 0; i < host.n; i++)
		if (!target_host_byte(host.p[i]) || (i > 0 && host.p[i] == '.' && host.p[i - 1] == '.'))
			return false;
	return true;
}

static err
target_lower(str text, struct arena *arena, str *ret_lower)
{
	char *p;

	TRY(arena_copy(arena, text, ret_lower));
	p = (char *)ret_lower->p; /* a fresh copy in the arena */
	for (size_t i = 0; i < text.n; i++)
		if (p[i] >= 'A' && p[i] <= 'Z')
			p[i] = (char)(p[i] - 'A' + 'a');
	return ERR_OK;
}

static err
target_authority_read(str authority, struct arena *arena, struct target *target)
{
	uint64_t port = 0;
	str rest;

	if (authority.n > AUTHORITY_MAX)
		return ERR_TOO_LONG;
	TRY(target_lower(authority, arena, &target->authority));
	rest = target->authority;
	target->host = str_cut(&rest, ':');
	/* an empty port means the default port: RFC 3986 s3.2.3 */
	if (rest.n > 0 && (str_number(rest, 65535, &port) != ERR_OK || port == 0))
		return ERR_INVALID;
	return target_host_good(target->host) ? ERR_OK : ERR_INVALID;
}

/* --- the path ----------------------------------------------------------------------------------------------------- */

static err
target_path_read(str raw, struct arena *arena, struct target *target)
{
	struct uri_path path;
	char *decoded;

	if (raw.n == 0)
		raw = STR("/");
	decoded = arena_alloc(arena, raw.n);
	if (decoded == NULL)
		return ERR_MEMORY;
	path = uri_path_read(raw, decoded);
	if (path.kind == URI_PATH_MALFORMED)
		return ERR_INVALID;
	target->path = str_bytes(decoded, path.decoded_bytes);
	target->dots = path.kind == URI_PATH_DOTS;
	target->unclear = path.kind <= URI_PATH_AMBIGUOUS;
	target->certain = target->unclear ? path.certain_bytes : path.decoded_bytes;
	return ERR_OK;
}

/* --- the whole URL ------------------------------------------------------------------------------------------------ */

/* Bytes above 0x7f are allowed: browsers encode them, some clients do not. */
static bool
target_bytes_good(str text, bool backslash_too)
{
	for (size_t i = 0; i < text.n; i++)
		if ((unsigned char)text.p[i] <= ' ' || text.p[i] == 0x7f || text.p[i] == '#' ||
		    (text.p[i] == '\\' && !backslash_too))
			return false;
	return true;
}

static bool
target_scheme_good(str scheme)
{
	return str_equal_nocase(scheme, STR("https")) || str_equal_nocase(scheme, STR("wss"));
}

/* Cut off the text before the first '/' or '?'. */
static str
target_authority_cut(str *rest)
{
	str all = *rest;
	size_t n = 0;

	while (n < all.n && all.p[n] != '/' && all.p[n] != '?')
		n++;
	*rest = str_from(all, n);
	return str_upto(all, n);
}

static err
target_rest_read(str authority, str path_and_query, struct arena *arena, struct target *target)
{
	str path = str_cut(&path_and_query, '?');

	if (!target_bytes_good(path, false) || !target_bytes_good(path_and_query, true))
		return ERR_INVALID;
	TRY(target_authority_read(authority, arena, target));
	target->query = path_and_query;
	return target_path_read(path, arena, target);
}

/*
 * Remove a trailing dot of the host, in the copied URL.  Browsers send no cookie of example.org to
 * "wiki.example.org.", so a redirect to that host would lead to another sign-in.
 */
static void
target_drop_dot(str *url, str *authority, str *rest)
{
	str host = *authority;
	size_t n = str_cut(&host, ':').n;
	char *after = (char *)authority->p + n;

	if (n == 0 || after[-1] != '.')
		return;
	memmove(after - 1, after, url->n - (size_t)(after - url->p));
	url->n--;
	authority->n--;
	rest->p--;
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
	if (!target_scheme_good(str_cut(&rest, ':')) || !str_starts(rest, STR("//")))
		return ERR_INVALID;
	rest = str_from(rest, 2);
	str authority = target_authority_cut(&rest);
	target_drop_dot(&target.url, &authority, &rest);
	TRY(target_rest_read(authority, rest, arena, &target));
	*ret_target = target;
	return ERR_OK;
}

err
target_join(str scheme, str authority, str path_and_query, struct arena *arena, struct target *ret_target)
{
	CLEANUP(buf_wipe) struct buf url = BUF(TARGET_MAX_BYTES);
	bool path_good = path_and_query.n == 0 || path_and_query.p[0] == '/';

	/* bytes of one part must not become another part */
	if (!path_good || !target_scheme_good(scheme) || authority.n == 0 || str_has_byte(authority, '/') ||
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
