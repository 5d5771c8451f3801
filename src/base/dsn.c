#include "base/dsn.h"

/* The parts of scheme://userinfo@hosts/name?query, as written. */
struct dsn {
	str scheme, user, password, hosts, name, query;
	bool has_user, has_password, has_query;
};

const char dsn_how[] =
    "a PostgreSQL address is postgresql://user:password@host:5432/name; in a user name or a password write @ "
    "as %40, / as %2F, ? as %3F, : as %3A, # as %23, % as %25 and a space as %20";

static const char digits[] = "0123456789";
static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

/* SQLAlchemy appends its driver after a plus sign: postgresql+psycopg2://. */
bool
dsn_is_postgres(str url)
{
	str rest = url, driver = str_cut(&rest, ':'), scheme = str_cut(&driver, '+');

	return str_starts(rest, STR("//")) &&
	       (str_equal(scheme, STR("postgresql")) || str_equal(scheme, STR("postgres")));
}

/* Does text consist only of bytes from `bytes` and `more`? */
static bool
dsn_made_of(str text, const char *bytes, const char *more)
{
	for (size_t i = 0; i < text.n; i++)
		if (!str_has_byte(str_of(bytes), text.p[i]) && !str_has_byte(str_of(more), text.p[i]))
			return false;
	return true;
}

/* Is every '%' a valid percent sequence other than %00? Spaces and control characters are refused. */
static bool
dsn_is_encoded(str url)
{
	for (size_t i = 0; i < url.n;) {
		char c;
		if (url.p[i] == ' ' || !str_percent_next(url, &i, &c) || c == '\0')
			return false;
	}
	return str_is_visible(url);
}

static struct dsn
dsn_split(str url)
{
	struct dsn dsn = { 0 };
	str rest = url, authority;
	size_t end = 0;

	dsn.scheme = str_cut(&rest, ':');
	rest = str_from(rest, 2);
	while (end < rest.n && !str_has_byte(STR("/?"), rest.p[end]))
		end++;
	authority = str_upto(rest, end);
	dsn.hosts = authority;
	dsn.user = str_cut(&dsn.hosts, '@');
	dsn.has_user = dsn.hosts.p != NULL;
	if (!dsn.has_user)
		dsn.hosts = authority;
	dsn.password = dsn.has_user ? dsn.user : STR("");
	dsn.user = dsn.has_user ? str_cut(&dsn.password, ':') : STR("");
	dsn.has_password = dsn.has_user && dsn.password.p != NULL;
	dsn.query = str_from(rest, end);
	dsn.name = str_cut(&dsn.query, '?');
	dsn.has_query = dsn.query.p != NULL;
	return dsn;
}

/* "host", "host:5432", "[::1]:5432", "%2Frun%2Fpostgresql", or empty. */
static bool
dsn_host_clear(str host)
{
	str port = host, name = str_cut(&port, ':');

	if (str_starts(host, STR("["))) {
		port = host;
		name = str_from(str_cut(&port, ']'), 1);
		if (port.p == NULL || !dsn_made_of(name, digits, "abcdefABCDEF:.%"))
			return false;
		return port.n == 0 || (port.p[0] == ':' && dsn_made_of(str_from(port, 1), digits, "") && port.n <= 6);
	}
	return dsn_made_of(name, letters, "0123456789.-_~%") && dsn_made_of(port, digits, "") && port.n <= 5;
}

static bool
dsn_hosts_clear(str hosts)
{
	while (hosts.p != NULL)
		if (!dsn_host_clear(str_cut(&hosts, ',')))
			return false;
	return true;
}

/* "key=value&key=value", each key made of letters and underscores. */
static bool
dsn_query_clear(str query)
{
	while (query.n > 0) {
		str value = str_cut(&query, '&');
		str key = str_cut(&value, '=');
		if (key.n == 0 || value.p == NULL || !dsn_made_of(key, letters, "_") || str_has_byte(value, '='))
			return false;
	}
	return true;
}

bool
dsn_is_clear(str url)
{
	struct dsn dsn;

	if (!dsn_is_postgres(url) || !dsn_is_encoded(url))
		return false;
	dsn = dsn_split(url);
	return !str_has_byte(dsn.hosts, '@') && !str_has_byte(dsn.name, '@') && !str_has_byte(dsn.query, '@') &&
	       dsn_hosts_clear(dsn.hosts) && dsn_query_clear(dsn.query);
}

bool
dsn_has_secret(str url)
{
	struct dsn dsn;

	if (!dsn_is_postgres(url))
		return false;
	dsn = dsn_split(url);
	return dsn.has_password || (dsn.has_query && memmem(dsn.query.p, dsn.query.n, "password", 8) != NULL);
}

/* Show the values of keys that are never secret. All other values become "***". */
static void
dsn_put_query(str query, struct buf *out)
{
	static const char *const shown[] = { "sslmode", "connect_timeout", "application_name", "target_session_attrs",
					     "channel_binding" };

	for (const char *before = "?"; query.n > 0; before = "&") {
		str value = str_cut(&query, '&'), key = str_cut(&value, '=');
		bool open = false;
		for (size_t i = 0; i < COUNT(shown); i++)
			open = open || str_equal(key, str_of(shown[i]));
		buf_put(out, str_of(before));
		buf_put(out, key);
		buf_put(out, STR("="));
		buf_put(out, open ? value : STR("***"));
	}
}

void
dsn_put(str url, struct buf *out)
{
	struct dsn dsn;

	if (!dsn_is_postgres(url)) {
		buf_put_visible(out, url);
		return;
	}
	dsn = dsn_split(url);
	buf_put(out, dsn.scheme);
	if (!dsn_is_clear(url) || (dsn.has_password && dsn.name.n == 0)) { /* the host may be the end of a password */
		buf_put(out, STR("://***"));
		return;
	}
	buf_put(out, STR("://"));
	buf_put(out, dsn.user);
	buf_put(out, dsn.has_password ? STR(":***") : STR(""));
	buf_put(out, dsn.has_user ? STR("@") : STR(""));
	buf_put(out, dsn.hosts);
	buf_put(out, dsn.name);
	dsn_put_query(dsn.query, out);
}

/* "port 5432": the number may be part of a password that was not percent-encoded. */
static size_t
dsn_port_length(str said)
{
	size_t n = strlen("port ");

	if (!str_starts(said, STR("port ")))
		return 0;
	while (n < said.n && str_has_byte(str_of(digits), said.p[n]))
		n++;
	return n > strlen("port ") ? n : 0;
}

/* Length of a quoted value with its quotes: "...", or guillemets and low quotes of translated messages. */
static size_t
dsn_quoted_length(str said)
{
	static const char *const pairs[][2] = { { "\"", "\"" },
						{ "\xc2\xab", "\xc2\xbb" },
						{ "\xe2\x80\x9e", "\xe2\x80\x9c" } };

	for (size_t i = 0; i < COUNT(pairs); i++) {
		size_t begin = strlen(pairs[i][0]), end = strlen(pairs[i][1]);
		const char *close;
		if (!str_starts(said, str_of(pairs[i][0])))
			continue;
		close = memmem(said.p + begin, said.n - begin, pairs[i][1], end);
		return close == NULL ? said.n : (size_t)(close - said.p) + end;
	}
	return 0;
}

void
dsn_put_trouble(str said, struct buf *out)
{
	said = str_trim(str_cut(&said, '\n'));
	while (said.n > 0) {
		size_t port = dsn_port_length(said), quoted = dsn_quoted_length(said);
		if (port + quoted == 0)
			buf_put_byte(out, said.p[0]);
		else
			buf_put(out, port > 0 ? STR("port ***") : STR("\"***\""));
		said = str_from(said, port + quoted > 0 ? port + quoted : 1);
	}
}
