/*
 * Counters and clocks out of step: the look-ahead of HOTP, and the search for two consecutive codes.
 */
#include "internal.h"

#include <openssl/crypto.h>
#include <string.h>

/* Set *ret_fits to 1 if the code is the one at this counter.  No branch depends on either code. */
static enum otp_status
otp_resync_fits(const struct otp_key *key, unsigned digits, const char *code, uint64_t counter, unsigned *ret_fits)
{
	char expected[OTP_CODE_SIZE];
	enum otp_status status = otp_hotp_code(key, counter, digits, expected);

	if (status != OTP_OK)
		return status;
	*ret_fits = CRYPTO_memcmp(expected, code, digits) == 0;
	OPENSSL_cleanse(expected, sizeof(expected));
	return OTP_OK;
}

/* The first match stays: later ones are ignored. */
static void
otp_resync_take_first(struct otp_counter_match *match, unsigned fits_at_counter, uint64_t counter)
{
	uint64_t mask = otp_mask(fits_at_counter & !match->ok);

	match->counter |= counter & mask;
	match->ok = match->ok | (fits_at_counter != 0);
}

enum otp_status
otp_hotp_verify(const struct otp_key *key, unsigned digits, const char *code, size_t n, uint64_t counter,
		unsigned look_ahead, struct otp_counter_match *ret_match)
{
	struct otp_counter_match match = { false, 0 };

	if (!otp_code_has_form(code, n, digits) || look_ahead > OTP_WINDOW_MAX || counter > UINT64_MAX - 1 - look_ahead)
		return OTP_INVALID;
	for (unsigned i = 0; i <= look_ahead; i++) {
		unsigned here = 0;
		enum otp_status status = otp_resync_fits(key, digits, code, counter + i, &here);
		if (status != OTP_OK)
			return status;
		otp_resync_take_first(&match, here, counter + i);
	}
	*ret_match = match;
	return OTP_OK;
}

static bool
otp_resync_both_have_form(const char *first, const char *second, unsigned digits)
{
	return otp_code_has_form(first, strlen(first), digits) && otp_code_has_form(second, strlen(second), digits);
}

enum otp_status
otp_hotp_resync(const struct otp_key *key, unsigned digits, const char *first, const char *second, uint64_t counter,
		unsigned look_ahead, struct otp_counter_match *ret_match)
{
	struct otp_counter_match match = { false, 0 };
	unsigned before = 0;

	if (!otp_resync_both_have_form(first, second, digits) || look_ahead > OTP_RESYNC_MAX ||
	    counter > UINT64_MAX - 2 - look_ahead)
		return OTP_INVALID;
	for (unsigned i = 0; i <= look_ahead + 1; i++) {
		unsigned is_first = 0, is_second = 0;
		enum otp_status status = otp_resync_fits(key, digits, first, counter + i, &is_first);
		if (status == OTP_OK)
			status = otp_resync_fits(key, digits, second, counter + i, &is_second);
		if (status != OTP_OK)
			return status;
		otp_resync_take_first(&match, before & is_second, counter + i);
		before = is_first;
	}
	*ret_match = match;
	return OTP_OK;
}

/* --- clocks ------------------------------------------------------------------------------------------------------- */

/* Do both codes fit, the second one at `step`?  Steps before 0 and used steps do not fit. */
static enum otp_status
otp_resync_fits_at(const struct otp_key *key, unsigned digits, const char *first, const char *second, int64_t step,
		   int64_t last_step, unsigned *ret_fits)
{
	unsigned is_first = 0, is_second = 0;
	enum otp_status status;

	*ret_fits = 0;
	if (step < 1 || step - 1 <= last_step)
		return OTP_OK;
	status = otp_resync_fits(key, digits, first, (uint64_t)step - 1, &is_first);
	if (status == OTP_OK)
		status = otp_resync_fits(key, digits, second, (uint64_t)step, &is_second);
	*ret_fits = is_first & is_second;
	return status;
}

static void
otp_resync_take_drift(struct otp_drift *drift, unsigned fits_at_counter, int64_t steps, int64_t now_step)
{
	int64_t mask = -(int64_t)fits_at_counter;

	drift->steps = (drift->steps & ~mask) | (steps & mask);
	drift->step = (drift->step & ~mask) | ((now_step + steps) & mask);
	drift->ok = drift->ok | (fits_at_counter != 0);
}

enum otp_status
otp_totp_drift(const struct otp_key *key, const struct otp_totp *totp, const char *first, const char *second,
	       int64_t now_us, int64_t last_step, unsigned max_steps, struct otp_drift *ret_drift)
{
	struct otp_drift drift = { false, 0, 0 };
	int64_t now_step = 0;
	enum otp_status status = otp_totp_step(totp, now_us, &now_step);

	if (status != OTP_OK)
		return status;
	if (!otp_key_is_ready(key) || !otp_resync_both_have_form(first, second, totp->digits) ||
	    max_steps > OTP_RESYNC_MAX || now_step > INT64_MAX - OTP_RESYNC_MAX)
		return OTP_INVALID;
	/* From the largest drift to the smallest, forward before backward: a later match replaces an earlier one. */
	for (int64_t i = 2 * (int64_t)max_steps; i >= 0; i--) {
		int64_t steps = i % 2 == 0 ? i / 2 : -((i + 1) / 2);
		unsigned here = 0;
		status = otp_resync_fits_at(key, totp->digits, first, second, now_step + steps, last_step, &here);
		if (status != OTP_OK)
			return status;
		otp_resync_take_drift(&drift, here, steps, now_step);
	}
	*ret_drift = drift;
	return OTP_OK;
}
