/*
 * forwarded_address, forwarded_entry: the result is the peer or an address in canonical form.
 * Input: X-Forwarded-For headers, separated by newlines.
 */
#include "target.h"

#include "../tests/unit/http/by_hand.h"

#include "http/forwarded.h"

enum { HEADERS = 8 };

static bool
trusts_ten(void *context, str address)
{
	return str_starts(address, STR("10."));
}

static void
check(str address)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(4096);
	str again = { 0 };

	PROMISE(address.n > 0 && address.n < NETWORK_TEXT_BYTES);
	for (size_t i = 0; i < address.n; i++)
		PROMISE(memchr("0123456789abcdef:.", address.p[i], 18) != NULL);
	PROMISE(forwarded_entry(address, &arena, &again) == ERR_OK && str_equal(address, again));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	CLEANUP(by_hand_free) struct job *job = by_hand();
	str rest = str_bytes(bytes, n);

	if (n > BY_HAND_BYTES / 2)
		return 0;
	while (rest.p != NULL && job->parser.field_count < HEADERS)
		by_hand_field(job, STR("X-Forwarded-For"), str_cut(&rest, '\n'));
	job->rq.peer = STR("10.0.0.1");
	check(forwarded_address(&job->rq, trusts_ten, NULL));
	job->rq.peer = STR("192.0.2.1");
	PROMISE(str_equal(forwarded_address(&job->rq, trusts_ten, NULL), job->rq.peer));
	return 0;
}
