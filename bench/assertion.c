/*
 * Measures ceremony_check_assertion, with the credentials of the specification (tests/unit/webauthn/vectors.py).
 *
 * Reads lines "ALGORITHM COUNT" and answers each with the nanoseconds of CPU time that COUNT checks took.
 */
#include "base/digest.h"
#include "webauthn/ceremony.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct vector {
	const char *name;
	str create_client, credential_id, create_data;
	str get_client, get_data, signature;
};

#include "vectors.h"

static long long
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static const struct vector *
find(const char *algorithm)
{
	for (size_t i = 0; i < COUNT(vectors); i++)
		if (str_ends(str_of(vectors[i].name), str_of(algorithm)))
			return &vectors[i];
	fprintf(stderr, "bench: unknown algorithm %s\n", algorithm);
	exit(1);
}

/* Do the work of the keeper for one answer: it stores the key as bytes, so it also decodes the key. */
static void
check(const struct vector *v)
{
	static const struct ceremony asked = { STR_INIT("example.org"), STR_INIT("https://example.org"), false };
	const struct assertion_answer answer = { v->get_client, v->get_data, v->signature };
	enum webauthn_fault fault = WEBAUTHN_FAULT_COUNT;
	struct authenticator_data enrolled, read;
	struct client_data client;

	if (authenticator_data_read_enrolment(v->create_data, &enrolled) != WEBAUTHN_NONE ||
	    ceremony_check_assertion(&asked, &enrolled.key, &answer, &client, &read, &fault) != ERR_OK ||
	    fault != WEBAUTHN_NONE)
		exit(1);
}

int
main(void)
{
	char algorithm[16];
	long n;

	if (digest_setup() != ERR_OK)
		return 1;
	while (scanf("%15s %ld", algorithm, &n) == 2) {
		const struct vector *v = find(algorithm);
		long long from = now_ns();
		for (long i = 0; i < n; i++)
			check(v);
		printf("%lld\n", now_ns() - from);
		fflush(stdout);
	}
	return 0;
}
