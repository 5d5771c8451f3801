/* The protected domain that a host belongs to. */
#include "unit.h"

#include "access/domain.h"

#include <string.h>

static void
gate_domain_of_finds_the_first_domain_above_a_host(void **state)
{
	static const struct {
		const char *host, *domain; /* domain "": the host is below none of the protected domains */
		const char *why;
	} cases[] = {
		{ "wiki.example.org", "example.org", "below the domain" },
		{ "example.org", "example.org", "the domain itself" },
		{ "a.b.example.org", "example.org", "two labels in front of the domain" },
		{ "wiki.apps.example.net", "apps.example.net", "the second domain" },
		{ "deep.lab.example.org", "example.org", "below two domains: the first in the list" },
		{ "badexample.org", "", "the same end, but without a dot before it" },
		{ "example.org.evil.test", "", "the domain in the middle" },
		{ "example.net", "", "above a domain" },
		{ "EXAMPLE.ORG", "", "the caller passes lower case: capitals do not match" },
		{ "example.org.", "", "the caller drops the dot at the end" },
		{ ".example.org", "example.org", "target_read refuses an empty label, this function does not" },
		{ "", "", "no host" },
	};
	struct config config = { .gate_domains = { { "example.org" }, { "apps.example.net" }, { "lab.example.org" } },
				 .gate_domains_count = 3 };

	for (size_t i = 0; i < COUNT(cases); i++) {
		str domain = gate_domain_of(&config, str_of(cases[i].host));
		if (!str_equal(domain, str_of(cases[i].domain)))
			fail_msg("%s: \"%.*s\"", cases[i].why, STR_ARG(domain));
	}
	config.gate_domains_count = 0;
	assert_int_equal(gate_domain_of(&config, STR("example.org")).n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gate_domain_of_finds_the_first_domain_above_a_host),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
