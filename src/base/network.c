#include "base/network.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static struct network
network_of_four(const void *bytes)
{
	struct network network = { .n = 4 };

	memcpy(network.b, bytes, 4);
	network.local = network.b[0] == 127;
	return network;
}

static struct network
network_of_six(const struct in6_addr *six)
{
	struct network network = { .n = 8, .local = IN6_IS_ADDR_LOOPBACK(six) };

	if (IN6_IS_ADDR_V4MAPPED(six))
		return network_of_four(six->s6_addr + 12);
	memcpy(network.b, six->s6_addr, 8);
	return network;
}

struct network
network_of(str address)
{
	char text[INET6_ADDRSTRLEN];
	struct in6_addr six;
	struct in_addr four;

	if (str_copy_z(address, text, sizeof(text)) == ERR_OK) {
		if (inet_pton(AF_INET, text, &four) == 1)
			return network_of_four(&four);
		if (inet_pton(AF_INET6, text, &six) == 1)
			return network_of_six(&six);
	}
	return (struct network){ .local = true };
}

struct network
network_of_socket(const struct sockaddr *address)
{
	if (address != NULL && address->sa_family == AF_INET)
		return network_of_four(&((const struct sockaddr_in *)address)->sin_addr);
	if (address != NULL && address->sa_family == AF_INET6)
		return network_of_six(&((const struct sockaddr_in6 *)address)->sin6_addr);
	return (struct network){ .local = true };
}

_Static_assert((int)NETWORK_TEXT_BYTES == (int)INET6_ADDRSTRLEN, "room for each address");

/* Cannot fail: the buffer is large enough and the family is known. */
void
network_write_six(const struct in6_addr *six, char *ret_text)
{
	const char *written = IN6_IS_ADDR_V4MAPPED(six)
				  ? inet_ntop(AF_INET, &six->s6_addr[12], ret_text, NETWORK_TEXT_BYTES)
				  : inet_ntop(AF_INET6, six, ret_text, NETWORK_TEXT_BYTES);

	if (written == NULL)
		ret_text[0] = '\0';
}

bool
network_equal(const struct network *a, const struct network *b)
{
	return str_equal(str_bytes((const char *)a->b, a->n), str_bytes((const char *)b->b, b->n));
}

/* The mixer of splitmix64: every bit of the network and of the seed affects every bit of the result. */
uint64_t
network_number(const struct network *network, uint64_t seed)
{
	uint64_t z;

	memcpy(&z, network->b, sizeof(z)); /* unused bytes are zero */
	z = (z ^ seed) + network->n * UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}
