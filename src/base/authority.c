#include "base/authority.h"

#include <arpa/inet.h>
#include <netinet/in.h>

enum { PORT_MAX = 65535 };

static bool
authority_is_name_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       str_has_byte(STR("-._~"), c);
}

/* RFC 3986 reg-name without sub-delims: no host that we serve contains them. */
static bool
authority_is_name(str host)
{
	for (size_t i = 0; i < host.n;) {
		char c = host.p[i];
		if (c != '%' && !authority_is_name_byte(c))
			return false;
		if (!str_percent_next(host, &i, &c))
			return false;
	}
	return host.n > 0 && host.n <= AUTHORITY_HOST_MAX_BYTES;
}

static bool
authority_is_six(str host)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr address;

	if (host.n < 2 || host.p[host.n - 1] != ']')
		return false;
	return str_copy_z(str_bytes(host.p + 1, host.n - 2), text, sizeof(text)) == ERR_OK &&
	       inet_pton(AF_INET6, text, &address) == 1;
}

/* Cut at the first ':' outside brackets. Without one, rest->p becomes NULL. */
static str
authority_cut_host(str *rest)
{
	str all = *rest;
	str inside = *rest;
	size_t n;

	if (!str_starts(all, STR("[")))
		return str_cut(rest, ':');
	n = str_cut(&inside, ']').n + 1;
	*rest = str_from(all, n);
	if (rest->n == 0)
		*rest = (str){ 0 };
	else if (str_starts(*rest, STR(":")))
		*rest = str_from(*rest, 1);
	else
		return (str){ 0 };
	return str_upto(all, n);
}

err
authority_read(str text, unsigned default_port, struct authority *ret_authority)
{
	str port = text;
	str host = authority_cut_host(&port);
	uint64_t number = default_port;

	if (str_starts(host, STR("[")) ? !authority_is_six(host) : !authority_is_name(host))
		return ERR_INVALID;
	if (port.n > 0)
		TRY(str_number(port, PORT_MAX, &number));
	*ret_authority = (struct authority){ host, (unsigned)number };
	return ERR_OK;
}

bool
authority_equal(const struct authority *a, const struct authority *b)
{
	return a->port == b->port && str_equal_nocase(a->host, b->host);
}
