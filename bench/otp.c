/*
 * Measures codes by libdoubletour-otp and by liboath in one process.
 *
 * Reads lines `NAME COUNT` and answers each with the nanoseconds that COUNT codes took.  First it compares CHECKED
 * codes of both libraries and exits with 1 if they differ.
 */
#include <doubletour/otp.h>

#include <liboath/oath.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { CHECKED = 10000, BEGIN_S = 1800000000, PERIOD_S = 30, DIGITS = 6 };

static const char secret[] = "12345678901234567890";
static struct otp_key key;

static bool
our_totp(unsigned i, char *code)
{
	return otp_totp_code(&key, &OTP_TOTP_DEFAULT, ((int64_t)BEGIN_S + (int64_t)i * PERIOD_S) * 1000000, 0, code) ==
	       OTP_OK;
}

static bool
their_totp(unsigned i, char *code)
{
	return oath_totp_generate2(secret, strlen(secret), (time_t)BEGIN_S + (time_t)i * PERIOD_S, PERIOD_S, 0, DIGITS,
				   0, code) == OATH_OK;
}

static bool
our_hotp(unsigned i, char *code)
{
	return otp_hotp_code(&key, i, DIGITS, code) == OTP_OK;
}

static bool
their_hotp(unsigned i, char *code)
{
	return oath_hotp_generate(secret, strlen(secret), i, DIGITS, false, OATH_HOTP_DYNAMIC_TRUNCATION, code) ==
	       OATH_OK;
}

static const struct way {
	const char *name;
	bool (*make)(unsigned i, char *code);
} ways[] = {
	{ "our-totp", our_totp },
	{ "their-totp", their_totp },
	{ "our-hotp", our_hotp },
	{ "their-hotp", their_hotp },
};

enum { WAYS = sizeof(ways) / sizeof(ways[0]) };

static bool
all_agree(void)
{
	char ours[OTP_CODE_SIZE], theirs[OTP_CODE_SIZE];

	for (size_t w = 0; w < WAYS; w += 2)
		for (unsigned i = 0; i < CHECKED; i++)
			if (!ways[w].make(i, ours) || !ways[w + 1].make(i, theirs) || strcmp(ours, theirs) != 0)
				return false;
	return true;
}

static int64_t
now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* -1 if a code could not be made. */
static int64_t
time_ns(const struct way *way, unsigned count)
{
	char code[OTP_CODE_SIZE];
	int64_t began = now_ns();
	bool ok = true;

	for (unsigned i = 0; i < count; i++)
		ok &= way->make(i, code);
	return ok ? now_ns() - began : -1;
}

static const struct way *
way_named(const char *name)
{
	for (size_t w = 0; w < WAYS; w++)
		if (strcmp(ways[w].name, name) == 0)
			return &ways[w];
	return NULL;
}

int
main(void)
{
	char name[32];
	unsigned count;

	if (oath_init() != OATH_OK ||
	    otp_key_init(&key, OTP_SHA1, (const uint8_t *)secret, strlen(secret), 0) != OTP_OK || !all_agree())
		return 1;
	while (scanf("%31s %u", name, &count) == 2) {
		const struct way *way = way_named(name);
		if (way == NULL)
			return 2;
		printf("%lld\n", (long long)time_ns(way, count));
		fflush(stdout);
	}
	otp_key_wipe(&key);
	return oath_done() == OATH_OK ? 0 : 1;
}
