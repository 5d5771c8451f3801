/*
 * The unit that counts as one client when resources are shared or limited by address: an IPv4 address, or the first 64
 * bits of an IPv6 address (usually one customer). An IPv4-mapped IPv6 address counts as the IPv4 address.
 */
#ifndef BASE_NETWORK_H
#define BASE_NETWORK_H

#include "base/str.h"

struct in6_addr;
struct sockaddr;

struct network {
	uint8_t b[8];
	uint8_t n;  /* significant bytes: 4 or 8; 0: the address is invalid */
	bool local; /* a loopback or invalid address: any client may be behind it */
};

struct network network_of(str address); /* numeric address */
struct network network_of_socket(const struct sockaddr *address);

/* Write the canonical form of the address, an IPv4-mapped one as IPv4. Needs NETWORK_TEXT_BYTES, including the NUL. */
enum { NETWORK_TEXT_BYTES = 46 }; /* INET6_ADDRSTRLEN */
void network_write_six(const struct in6_addr *six, char *ret_text);

bool network_equal(const struct network *a, const struct network *b);

/* Hash of the network. Pass a random seed where clients must not be able to choose networks that collide. */
uint64_t network_number(const struct network *network, uint64_t seed);

#endif
