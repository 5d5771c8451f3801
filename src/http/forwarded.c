#include "http/forwarded.h"

#include "base/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>

enum { PORT_MAX = 65535 };

static bool
forwarded_is_port(str s)
{
	uint64_t port;

	return str_number(s, PORT_MAX, &port) == ERR_OK;
}

/* Take the address from "[six]", "[six]:port", "four:port", "four" or "six". */
static bool
forwarded_strip_port(str entry, str *ret_address)
{
	str rest = entry;
	str before = str_cut(&rest, ':');

	if (str_starts(entry, STR("["))) {
		rest = str_from(entry, 1);
		*ret_address = str_cut(&rest, ']');
		return rest.p != NULL && (rest.n == 0 || (rest.p[0] == ':' && forwarded_is_port(str_from(rest, 1))));
	}
	*ret_address = entry;
	if (rest.p == NULL || str_has_byte(rest, ':'))
		return true; /* no colon, or IPv6 */
	*ret_address = before;
	return forwarded_is_port(rest);
}

/* inet_pton accepts one spelling of each IPv4 address: four numbers without leading zeros. */
static err
forwarded_four(const char *text, struct arena *arena, str *ret_address)
{
	struct in_addr four;

	return inet_pton(AF_INET, text, &four) == 1 ? arena_copy(arena, str_of(text), ret_address) : ERR_INVALID;
}

/* Write the address in canonical form; an IPv4-mapped address as IPv4. */
static err
forwarded_six(char text[INET6_ADDRSTRLEN], struct arena *arena, str *ret_address)
{
	struct in6_addr six;

	if (inet_pton(AF_INET6, text, &six) != 1)
		return ERR_INVALID;
	network_write_six(&six, text);
	return arena_copy(arena, str_of(text), ret_address);
}

err
forwarded_entry(str entry, struct arena *arena, str *ret_address)
{
	char text[INET6_ADDRSTRLEN];
	str trimmed = str_trim(entry), address = { 0 };

	if (!forwarded_strip_port(trimmed, &address) || str_copy_z(address, text, sizeof(text)) != ERR_OK)
		return ERR_INVALID;
	if (str_has_byte(address, ':'))
		return forwarded_six(text, arena, ret_address);
	return str_starts(trimmed, STR("[")) ? ERR_INVALID : forwarded_four(text, arena, ret_address);
}

struct hop {
	const struct request *rq;
	bool (*trusts)(void *context, str address);
	void *context;
	str address; /* the best answer so far */
};

/* true: hop->address is the client. */
static bool
forwarded_hops_back(struct hop *hop, str list)
{
	while (list.p != NULL) {
		str address;
		if (forwarded_entry(str_cut_last(&list, ','), hop->rq->arena, &address) != ERR_OK) {
			hop->address = hop->rq->peer;
			return true;
		}
		hop->address = address;
		if (!hop->trusts(hop->context, address))
			return true;
	}
	return false;
}

/*
 * Several fields form one list (RFC 9110 s5.3), read from its end.  An untrusted or invalid entry of a later field
 * decides.
 */
str
forwarded_address(const struct request *rq, bool (*trusts)(void *context, str address), void *context)
{
	struct hop hop = { .rq = rq, .trusts = trusts, .context = context, .address = rq->peer };
	str list, address = rq->peer;
	size_t at = 0;

	if (!trusts(context, rq->peer))
		return rq->peer;
	for (bool first = true; request_header_each(rq, "X-Forwarded-For", &at, &list); first = false)
		if (forwarded_hops_back(&hop, list) || first)
			address = hop.address;
	return address;
}
