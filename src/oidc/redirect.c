#include "oidc/redirect.h"

#include "ipc/terms.h"

enum { REDIRECT_PORT_MAX = 65535 };

/* An absolute URI, cut: scheme, then with "//" the authority (host and port), then path and query. */
struct redirect_parts {
	str scheme;
	bool has_authority;
	str authority, rest;
};

static const char *const redirect_texts[REDIRECT_PROBLEM_COUNT] = {
	[REDIRECT_GOOD] = "",
	[REDIRECT_NO_URI] = "it is not an absolute URI, such as https://app.example.org/callback",
	[REDIRECT_FRAGMENT] = "it has a fragment: leave out the # and all that follows",
	[REDIRECT_SCHEME] = "a browser could run or open it instead of the application",
	[REDIRECT_WILDCARD] = "it has a wildcard (*): register each redirect URI in full",
	[REDIRECT_USERINFO] = "it has a user name or password before the host",
	[REDIRECT_INSECURE] = "it has no TLS: use https, or set insecure_redirect=yes for a home network",
	[REDIRECT_NO_HOST] = "it has no valid host",
	[REDIRECT_TOO_LONG] = "it has more than 2048 bytes",
};

const char *
redirect_problem_text(enum redirect_problem problem)
{
	return problem < REDIRECT_PROBLEM_COUNT ? redirect_texts[problem] : "";
}

static bool
redirect_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
redirect_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* RFC 3986 s2: all characters of a URI.  A percent sign is checked no further, because bytes are compared. */
static bool
redirect_has_uri_bytes(str uri)
{
	for (size_t i = 0; i < uri.n; i++)
		if (uri.p[i] <= ' ' || uri.p[i] > '~' || str_has_byte(STR("\"<>\\^`{|}"), uri.p[i]))
			return false;
	return uri.n > 0 && uri.n <= OIDC_URI_MAX;
}

/* RFC 3986 s3.1. */
static bool
redirect_is_scheme(str scheme)
{
	for (size_t i = 0; i < scheme.n; i++)
		if (!redirect_is_letter(scheme.p[i]) &&
		    (i == 0 || (!redirect_is_digit(scheme.p[i]) && !str_has_byte(STR("+-."), scheme.p[i]))))
			return false;
	return scheme.n > 0;
}

size_t
redirect_authority_length(str text)
{
	size_t n = 0;

	while (n < text.n && !str_has_byte(STR("/?#"), text.p[n]))
		n++;
	return n;
}

static bool
redirect_cut(str uri, struct redirect_parts *ret_parts)
{
	struct redirect_parts parts = { .rest = uri };
	size_t n;

	parts.scheme = str_cut(&parts.rest, ':');
	if (!redirect_is_scheme(parts.scheme) || parts.rest.n == 0)
		return false;
	parts.has_authority = str_starts(parts.rest, STR("//"));
	if (parts.has_authority) {
		parts.rest = str_from(parts.rest, 2);
		n = redirect_authority_length(parts.rest);
		parts.authority = str_upto(parts.rest, n);
		parts.rest = str_from(parts.rest, n);
	}
	*ret_parts = parts;
	return true;
}

/* Cut an authority without user into host and port; port.p is NULL if there is none. */
static str
redirect_host(str authority, str *ret_port)
{
	str host = authority, rest = authority;

	*ret_port = (str){ NULL, 0 };
	if (str_starts(authority, STR("["))) {
		host.n = str_cut(&rest, ']').n + 1;
		if (rest.p == NULL) /* the bracket is not closed */
			return (str){ NULL, 0 };
	} else {
		host.n = str_cut(&rest, ':').n;
	}
	rest = str_from(authority, host.n);
	if (rest.n > 0)
		*ret_port = str_from(rest, 1);
	return rest.n > 0 && rest.p[0] != ':' ? (str){ NULL, 0 } : host;
}

static bool
redirect_is_port(str port)
{
	uint64_t number = 0;

	return port.n <= 5 && str_number(port, REDIRECT_PORT_MAX, &number) == ERR_OK && number > 0;
}

static bool
redirect_host_has_bytes_of_host(str host)
{
	bool bracket = str_starts(host, STR("["));

	for (size_t i = 0; i < host.n; i++)
		if (!redirect_is_letter(host.p[i]) && !redirect_is_digit(host.p[i]) &&
		    !str_has_byte(bracket ? STR("[]:.") : STR("-._"), host.p[i]))
			return false;
	return host.n > 0;
}

static bool
redirect_host_is_good(str authority)
{
	str port, host = redirect_host(authority, &port);

	return redirect_host_has_bytes_of_host(host) && (port.p == NULL || redirect_is_port(port));
}

static bool
redirect_is_loopback(str host)
{
	return str_equal(host, STR("127.0.0.1")) || str_equal(host, STR("[::1]")) || str_equal(host, STR("localhost"));
}

static bool
redirect_scheme_is_dangerous(str scheme)
{
	static const str dangerous[] = {
		STR_INIT("javascript"), STR_INIT("data"), STR_INIT("file"),       STR_INIT("vbscript"),
		STR_INIT("about"),      STR_INIT("blob"), STR_INIT("filesystem"), STR_INIT("view-source"),
	};

	for (size_t i = 0; i < COUNT(dangerous); i++)
		if (str_equal_nocase(scheme, dangerous[i]))
			return true;
	return false;
}

/* A star in the query is a character; in host or path it is meant as a wildcard. */
static bool
redirect_has_wildcard(const struct redirect_parts *parts)
{
	str rest = parts->rest, path = str_cut(&rest, '?');

	return str_has_byte(parts->authority, '*') || str_has_byte(path, '*');
}

static enum redirect_problem
redirect_check_web(const struct redirect_parts *parts, bool insecure)
{
	str port, host = redirect_host(parts->authority, &port);

	if (!parts->has_authority || !redirect_host_is_good(parts->authority))
		return REDIRECT_NO_HOST;
	if (str_equal_nocase(parts->scheme, STR("http")) && !insecure && !redirect_is_loopback(host))
		return REDIRECT_INSECURE;
	return REDIRECT_GOOD;
}

enum redirect_problem
redirect_check(str uri, bool insecure)
{
	struct redirect_parts parts;

	if (uri.n > OIDC_URI_MAX)
		return REDIRECT_TOO_LONG;
	if (!redirect_has_uri_bytes(uri) || !redirect_cut(uri, &parts))
		return REDIRECT_NO_URI;
	if (redirect_scheme_is_dangerous(parts.scheme))
		return REDIRECT_SCHEME;
	if (str_has_byte(uri, '#'))
		return REDIRECT_FRAGMENT;
	if (str_has_byte(parts.authority, '@'))
		return REDIRECT_USERINFO;
	if (redirect_has_wildcard(&parts))
		return REDIRECT_WILDCARD;
	if (str_equal_nocase(parts.scheme, STR("http")) || str_equal_nocase(parts.scheme, STR("https")))
		return redirect_check_web(&parts, insecure);
	return REDIRECT_GOOD;
}

/* --- what a request may name -------------------------------------------------------------------------------------- */

/* Cut http://LOOPBACK[:PORT]REST; false for every other URI. */
static bool
redirect_cut_loopback(str uri, str *ret_host, str *ret_rest)
{
	struct redirect_parts parts;
	str port;

	if (!str_starts(uri, STR("http://")) || !redirect_has_uri_bytes(uri) || !redirect_cut(uri, &parts))
		return false;
	*ret_host = redirect_host(parts.authority, &port);
	*ret_rest = parts.rest;
	return redirect_is_loopback(*ret_host) && (port.p == NULL || redirect_is_port(port));
}

/* Path and query, where an empty path equals "/". */
static bool
redirect_rest_equal(str a, str b)
{
	a = str_starts(a, STR("/")) ? str_from(a, 1) : a;
	b = str_starts(b, STR("/")) ? str_from(b, 1) : b;
	return str_equal(a, b);
}

static bool
redirect_fits_loopback(str registered, str asked)
{
	str host, rest, asked_host, asked_rest;

	return redirect_cut_loopback(registered, &host, &rest) &&
	       redirect_cut_loopback(asked, &asked_host, &asked_rest) && str_equal(host, asked_host) &&
	       redirect_rest_equal(rest, asked_rest);
}

bool
redirect_is_registered(str registered, str asked)
{
	bool found = false;

	while (registered.n > 0) {
		str one = str_cut(&registered, '\n');
		found |= one.n > 0 && (str_equal(one, asked) || redirect_fits_loopback(one, asked));
	}
	return found;
}
