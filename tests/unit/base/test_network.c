/* Networks of clients: which addresses count as one client. */
#include "base/network.h"
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static const struct {
	const char *why, *address, *bytes;
	size_t n;
	bool local;
} networks[] = {
	{ "the network of an IPv4 address is the address", "192.0.2.7", "\300\000\002\007", 4, false },
	{ "an IPv4 address written as IPv6 is that address", "::ffff:192.0.2.7", "\300\000\002\007", 4, false },
	{ "the network of an IPv6 address is 64 bits", "2001:db8:1:2:3:4:5:6", "\040\001\015\270\000\001\000\002", 8,
	  false },
	{ "loopback", "127.0.0.1", "\177\000\000\001", 4, true },
	{ "each address of 127.0.0.0/8 is loopback and a network", "127.1.2.3", "\177\001\002\003", 4, true },
	{ "loopback written as IPv6", "::ffff:127.0.0.1", "\177\000\000\001", 4, true },
	{ "loopback of IPv6", "::1", "\000\000\000\000\000\000\000\000", 8, true },
	{ "no address", "", "", 0, true },
	{ "a name", "localhost", "", 0, true },
	{ "text after an address", "192.0.2.7:80", "", 0, true },
	{ "a number that is too large", "192.0.2.256", "", 0, true },
	{ "a scope", "fe80::1%eth0", "", 0, true },
};

static void
network_of_text_is_the_network_of_one_client(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(networks); i++) {
		struct network network = network_of(str_of(networks[i].address));
		if (network.n != networks[i].n || network.local != networks[i].local ||
		    memcmp(network.b, networks[i].bytes, networks[i].n) != 0)
			fail_msg("%s: %s", networks[i].why, networks[i].address);
	}
}

static void
network_of_a_socket_equals_the_network_of_its_text(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(networks); i++) {
		struct sockaddr_in four = { .sin_family = AF_INET };
		struct sockaddr_in6 six = { .sin6_family = AF_INET6 };
		struct network text = network_of(str_of(networks[i].address)), socket = { 0 };
		if (inet_pton(AF_INET, networks[i].address, &four.sin_addr) == 1)
			socket = network_of_socket((struct sockaddr *)&four);
		else if (inet_pton(AF_INET6, networks[i].address, &six.sin6_addr) == 1)
			socket = network_of_socket((struct sockaddr *)&six);
		else
			socket = network_of_socket(NULL);
		if (!network_equal(&text, &socket) || text.local != socket.local)
			fail_msg("%s: %s", networks[i].why, networks[i].address);
	}
}

static const struct {
	const char *why, *a, *b;
	bool equal;
} pairs[] = {
	{ "one network of IPv6", "2001:db8::1", "2001:db8::ffff:1", true },
	{ "two networks of IPv6", "2001:db8::1", "2001:db8:0:1::1", false },
	{ "two addresses of IPv4", "192.0.2.1", "192.0.2.2", false },
	{ "two spellings", "::ffff:192.0.2.1", "192.0.2.1", true },
	{ "two mapped addresses are not one network", "::ffff:192.0.2.1", "::ffff:192.0.2.2", false },
	{ "four bytes are not eight", "0.0.0.0", "::", false },
	{ "an empty text and an address differ", "", "0.0.0.0", false },
	{ "two texts that are not addresses are equal", "", "x", true },
};

static void
network_write_six_gives_the_canonical_spelling(void **state)
{
	static const struct {
		const char *address, *written;
	} cases[] = {
		{ "2001:DB8::0:7", "2001:db8::7" },
		{ "::1", "::1" },
		{ "::ffff:192.0.2.7", "192.0.2.7" },
		{ "1111:2222:3333:4444:5555:6666:255.255.255.255", "1111:2222:3333:4444:5555:6666:ffff:ffff" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[NETWORK_TEXT_BYTES];
		struct in6_addr six;
		assert_int_equal(inet_pton(AF_INET6, cases[i].address, &six), 1);
		network_write_six(&six, text);
		assert_string_equal(text, cases[i].written);
	}
}

static void
network_number_is_the_same_for_the_same_network(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(pairs); i++) {
		struct network a = network_of(str_of(pairs[i].a)), b = network_of(str_of(pairs[i].b));
		if (network_equal(&a, &b) != pairs[i].equal ||
		    (network_number(&a, 7) == network_number(&b, 7)) != pairs[i].equal)
			fail_msg("%s", pairs[i].why);
		assert_int_not_equal(network_number(&a, 7), network_number(&a, 8));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(network_of_text_is_the_network_of_one_client),
		cmocka_unit_test(network_of_a_socket_equals_the_network_of_its_text),
		cmocka_unit_test(network_write_six_gives_the_canonical_spelling),
		cmocka_unit_test(network_number_is_the_same_for_the_same_network),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
