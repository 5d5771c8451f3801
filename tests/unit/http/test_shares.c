/* Which connection the server evicts when all connections are in use.  The test uses numbers, not sockets. */
#include "http/shares.h"
#include "unit.h"

#include <stdio.h>
#include <stdlib.h>

enum { MAX = 100 };

struct unit {
	struct share_member member; /* must be the first member */
	enum share_worth worth;
	struct network network;
	bool trusted, held;
};

static struct shares *shares;
static struct unit units[MAX];

static enum share_worth
worth_of(const struct share_member *member)
{
	return ((const struct unit *)member)->worth;
}

static int
begin(void **state)
{
	(void)state;
	memset(units, 0, sizeof(units));
	shares = shares_new(MAX, 42);
	return shares == NULL;
}

static int
end(void **state)
{
	(void)state;
	shares_free(&shares);
	return 0;
}

static bool
is_of(const struct unit *unit, const char *address)
{
	struct network network = network_of(str_of(address));

	return network_equal(&unit->network, &network);
}

/* Give the next n units to this address. */
static size_t
take(size_t at, size_t n, const char *address, bool trusted, enum share_worth worth)
{
	for (size_t i = at; i < at + n; i++) {
		units[i] = (struct unit){
			.worth = worth, .network = network_of(str_of(address)), .trusted = trusted, .held = true
		};
		assert_true(shares_add(shares, &units[i].network, trusted, &units[i].member));
	}
	return at + n;
}

static void
drop(struct unit *unit)
{
	shares_remove(shares, &unit->member);
	unit->held = false;
}

static struct unit *
leaves_for(const char *address, bool trusted)
{
	struct network network = network_of(str_of(address));

	return (struct unit *)shares_evict(shares, &network, trusted, worth_of);
}

static size_t
count_of(const char *address)
{
	struct network network = network_of(str_of(address));

	return shares_count(shares, &network);
}

/* --- eviction ----------------------------------------------------------------------------------------------------- */

struct holder {
	size_t n;
	const char *address;
	enum share_worth worth;
	bool trusted;
};

static const struct {
	const char *why;
	struct holder holders[4];
	const char *new_client;
	bool trusted;
	const char *leaves; /* the address that loses a unit; NULL: no address */
	int first;          /* the unit that is evicted; -1: any */
} cases[] = {
	{ "the oldest connection of the client that holds most",
	  { { 60, "192.0.2.1", SHARE_IDLE, false }, { 40, "192.0.2.2", SHARE_IDLE, false } },
	  "192.0.2.3",
	  false,
	  "192.0.2.1",
	  0 },
	{ "the oldest of the client that holds most, although that client came last",
	  { { 40, "192.0.2.1", SHARE_IDLE, false }, { 60, "192.0.2.2", SHARE_IDLE, false } },
	  "192.0.2.3",
	  false,
	  "192.0.2.2",
	  40 },
	{ "one network of IPv6 is one client",
	  { { 30, "2001:db8::1", SHARE_IDLE, false },
	    { 30, "2001:db8::2", SHARE_IDLE, false },
	    { 40, "192.0.2.1", SHARE_IDLE, false } },
	  "192.0.2.3",
	  false,
	  "2001:db8::ffff",
	  0 },
	{ "IPv4 written as IPv6 is the same client",
	  { { 30, "::ffff:192.0.2.1", SHARE_IDLE, false },
	    { 30, "192.0.2.1", SHARE_IDLE, false },
	    { 40, "192.0.2.2", SHARE_IDLE, false } },
	  "192.0.2.3",
	  false,
	  "192.0.2.1",
	  0 },
	{ "a new connection of the client that holds most evicts one of its own",
	  { { 60, "192.0.2.1", SHARE_IDLE, false }, { 40, "192.0.2.2", SHARE_IDLE, false } },
	  "192.0.2.1",
	  false,
	  "192.0.2.1",
	  0 },
	{ "a new connection of a client that holds as many as another evicts one of its own",
	  { { 50, "192.0.2.1", SHARE_IDLE, false }, { 50, "192.0.2.2", SHARE_IDLE, false } },
	  "192.0.2.2",
	  false,
	  "192.0.2.2",
	  50 },
	{ "an unfinished request is evicted",
	  { { 100, "192.0.2.1", SHARE_UNFINISHED, false } },
	  "192.0.2.3",
	  false,
	  "192.0.2.1",
	  0 },
	{ "an unread reply is evicted",
	  { { 100, "192.0.2.1", SHARE_REPLYING, false } },
	  "192.0.2.3",
	  false,
	  "192.0.2.1",
	  0 },
	{ "a client with many requests at work loses one",
	  { { 100, "192.0.2.1", SHARE_WORKING, false } },
	  "192.0.2.3",
	  false,
	  "192.0.2.1",
	  0 },
	{ "a client's request at work is not evicted for the same client",
	  { { 100, "192.0.2.1", SHARE_WORKING, false } },
	  "192.0.2.1",
	  false,
	  NULL,
	  -1 },
	{ "an idle connection is evicted before older ones at work",
	  { { 50, "192.0.2.1", SHARE_WORKING, false }, { 50, "192.0.2.1", SHARE_IDLE, false } },
	  "192.0.2.3",
	  false,
	  "192.0.2.1",
	  50 },
	{ "an unfinished request is evicted before an older reply",
	  { { 10, "192.0.2.1", SHARE_REPLYING, false }, { 90, "192.0.2.1", SHARE_UNFINISHED, false } },
	  "192.0.2.3",
	  false,
	  "192.0.2.1",
	  10 },
	{ "kept connections are never evicted",
	  { { 100, "192.0.2.1", SHARE_KEPT, false } },
	  "192.0.2.3",
	  false,
	  NULL,
	  -1 },
	{ "a proxy holds most, but a client's connection is evicted",
	  { { 90, "192.0.2.99", SHARE_IDLE, true }, { 10, "192.0.2.1", SHARE_IDLE, false } },
	  "192.0.2.3",
	  false,
	  "192.0.2.1",
	  90 },
	{ "a client's connection is evicted for a proxy",
	  { { 90, "192.0.2.99", SHARE_IDLE, true }, { 10, "192.0.2.1", SHARE_IDLE, false } },
	  "192.0.2.99",
	  true,
	  "192.0.2.1",
	  90 },
	{ "a proxy's connection is never evicted for a client",
	  { { 100, "192.0.2.99", SHARE_IDLE, true } },
	  "192.0.2.3",
	  false,
	  NULL,
	  -1 },
	{ "a proxy's idle connection is evicted for a proxy",
	  { { 100, "192.0.2.99", SHARE_IDLE, true } },
	  "192.0.2.98",
	  true,
	  "192.0.2.99",
	  0 },
	{ "a request through a proxy is not evicted",
	  { { 100, "192.0.2.99", SHARE_UNFINISHED, true } },
	  "192.0.2.99",
	  true,
	  NULL,
	  -1 },
	{ "an invalid address is a client too", { { 100, "", SHARE_IDLE, false } }, "192.0.2.3", false, "", 0 },
};

static void
shares_choose_the_connection_to_evict(void **state)
{
	(void)state;
	for (size_t c = 0; c < COUNT(cases); c++) {
		size_t at = 0;
		begin(NULL);
		for (size_t h = 0; h < COUNT(cases[c].holders) && cases[c].holders[h].n > 0; h++) {
			const struct holder *holder = &cases[c].holders[h];
			at = take(at, holder->n, holder->address, holder->trusted, holder->worth);
		}
		assert_int_equal(at, MAX);
		struct unit *unit = leaves_for(cases[c].new_client, cases[c].trusted);
		if ((unit != NULL) != (cases[c].leaves != NULL) || (unit != NULL && !is_of(unit, cases[c].leaves)) ||
		    (unit != NULL && cases[c].first >= 0 && unit != &units[cases[c].first]))
			fail_msg("%s: unit %td", cases[c].why, unit == NULL ? -1 : unit - units);
		end(NULL);
	}
}

static void
shares_add_fails_when_all_units_are_taken(void **state)
{
	struct network network = network_of(STR("192.0.2.3"));
	struct unit more = { 0 };

	(void)state;
	take(0, MAX, "192.0.2.1", false, SHARE_IDLE);
	assert_false(shares_add(shares, &network, false, &more.member));
	shares_remove(shares, &more.member); /* it was never added */
	drop(&units[0]);
	assert_true(shares_add(shares, &network, false, &more.member));
	assert_int_equal(count_of("192.0.2.3"), 1);
}

/* Each address has one unit: the oldest is evicted. */
static void
shares_evict_the_oldest_if_each_client_has_one(void **state)
{
	char address[32];

	(void)state;
	for (size_t i = 0; i < MAX; i++) {
		snprintf(address, sizeof(address), "192.0.2.%zu", i);
		take(i, 1, address, false, SHARE_IDLE);
	}
	for (size_t i = 0; i < MAX; i++) {
		struct unit *unit = leaves_for("198.51.100.1", false);
		assert_ptr_equal(unit, &units[i]);
		drop(unit);
		snprintf(address, sizeof(address), "198.51.100.%zu", 100 + i);
		take(i, 1, address, false, SHARE_IDLE);
	}
}

/* A client that opens connections as fast as possible evicts no connection of a client with few. */
static void
shares_of_a_greedy_client_never_evict_a_modest_one(void **state)
{
	(void)state;
	take(0, 5, "192.0.2.2", false, SHARE_REPLYING);
	take(5, MAX - 5, "192.0.2.1", false, SHARE_IDLE);
	for (int i = 0; i < 10 * MAX; i++) {
		struct unit *unit = leaves_for("192.0.2.1", false);
		assert_true(is_of(unit, "192.0.2.1"));
		drop(unit);
		take((size_t)(unit - units), 1, "192.0.2.1", false, (enum share_worth)(i % 3));
	}
	assert_int_equal(count_of("192.0.2.2"), 5);
	for (size_t i = 0; i < 45; i++) { /* the modest client can get half of all units */
		struct unit *unit = leaves_for("192.0.2.2", false);
		assert_true(is_of(unit, "192.0.2.1"));
		drop(unit);
		take((size_t)(unit - units), 1, "192.0.2.2", false, SHARE_IDLE);
	}
	assert_int_equal(count_of("192.0.2.1"), 50);
	assert_true(is_of(leaves_for("192.0.2.2", false), "192.0.2.2"));
}

/* Compares the counts with a simple model. */
static void
shares_count_like_a_model_over_random_steps(void **state)
{
	static const char *const addresses[] = {
		"192.0.2.1",        "192.0.2.2", "2001:db8::1", "2001:db8::2", "2001:db9::1",
		"::ffff:192.0.2.1", "",          "10.0.0.1"
	};
	uint64_t dice = 1741;

	(void)state;
	for (int step = 0; step < 4000; step++) {
		dice = dice * UINT64_C(6364136223846793005) + 1;
		struct unit *unit = &units[(dice >> 33) % MAX];
		const char *address = addresses[(dice >> 45) % COUNT(addresses)];
		if (unit->held)
			drop(unit);
		else
			take((size_t)(unit - units), 1, address, (dice >> 60) == 0,
			     (enum share_worth)((dice >> 50) % 5));
		size_t most = 0;
		for (size_t a = 0; a < COUNT(addresses); a++) {
			size_t n = 0;
			for (size_t i = 0; i < MAX; i++)
				n += units[i].held && !units[i].trusted && is_of(&units[i], addresses[a]);
			assert_int_equal(count_of(addresses[a]), n);
			most = n > most ? n : most;
		}
		const struct unit *leaving = leaves_for("198.51.100.1", false);
		if (leaving != NULL) {
			assert_true(leaving->held && !leaving->trusted && leaving->worth < SHARE_KEPT);
			assert_int_equal(shares_count(shares, &leaving->network), most);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares_choose_the_connection_to_evict),
		cmocka_unit_test_setup_teardown(shares_add_fails_when_all_units_are_taken, begin, end),
		cmocka_unit_test_setup_teardown(shares_evict_the_oldest_if_each_client_has_one, begin, end),
		cmocka_unit_test_setup_teardown(shares_of_a_greedy_client_never_evict_a_modest_one, begin, end),
		cmocka_unit_test_setup_teardown(shares_count_like_a_model_over_random_steps, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
