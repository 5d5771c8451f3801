/*
 * What counts as one client when something is shared out or counted by address: an IPv4 address, or the first 64 bits of an IPv6
 * address, which are one customer's.  An IPv4 address written as IPv6 is the IPv4 address.
 */
#ifndef BASE_NETWORK_H
#define BASE_NETWORK_H

#include "base/str.h"

struct in6_addr;
struct sockaddr;

struct network {
	uint8_t b[8];
	uint8_t n;  /* bytes that count: 4 or 8; 0: the address could not be read */
	bool local; /* a loopback address, or none that could be read: everybody may be behind it */
};

struct network network_of(str address); /* numeric */
struct network network_of_socket(const struct sockaddr *address);

/* The address in its canonical spelling, an IPv4 address written as IPv6 as IPv4; NETWORK_TEXT_BYTES with its NUL. */
enum { NETWORK_TEXT_BYTES = 46 }; /* INET6_ADDRSTRLEN */
void network_write_six(const struct in6_addr *six, char *ret_text);

bool network_equal(const struct network *a, const struct network *b);

/* The same number for the same network.  seed: random, where strangers must not choose networks whose numbers fall together. */
uint64_t network_number(const struct network *network, uint64_t seed);

#endif
