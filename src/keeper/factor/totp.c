#include "keeper/factor/totp.h"

#include "base/random.h"
#include "base/secret.h"
#include "doubletour/otp.h"
#include "keeper/factor/attempt.h"
#include "keeper/keys/keys.h"
#include "keeper/core/row_words.h"
#include "keeper/core/call.h"

#include <stdlib.h>

enum { URI_MAX = 2048 };

/* A decoded row with its unsealed secret. */
struct factor {
	int64_t id;
	uint8_t secret[OTP_SECRET_MAX];
	size_t secret_n;
	enum otp_algorithm algorithm;
	struct otp_totp totp;
	int64_t last_step;
};

static void
totp_factor_wipe(struct factor *factor)
{
	secret_wipe(factor, sizeof(*factor));
}

/* The factor and step of a code. match.ok false: no factor matches, or the step was used. */
struct code_match {
	struct factor factor;
	struct otp_match match;
};

static void
totp_code_match_wipe(struct code_match *found)
{
	secret_wipe(found, sizeof(*found));
}

err
otp_err(enum otp_status status)
{
	switch (status) {
	case OTP_OK:
		return ERR_OK;
	case OTP_INVALID:
		return ERR_INVALID;
	case OTP_TOO_SHORT:
		return ERR_TOO_LONG;
	case OTP_CRYPTO:
		break;
	}
	return ERR_CRYPTO;
}

/*
 * The queries return rows of all kinds. Filtering in SQL would cost more than it saves, because an account has few
 * factors.
 */
static bool
totp_has_row(str kind)
{
	return factor_kind_named(kind) == &factor_kind_totp;
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

static err
totp_factor_fill(struct call *call, const struct factor_row *row, struct factor *ret_factor)
{
	const struct sealed_for owner = { factor_kind_totp.sealing_purpose, call->now.session.account_id, row->id };
	struct factor f = { .totp = OTP_TOTP_DEFAULT, .last_step = row->last_step };
	str secret = { 0 };

	TRY(sealing_open(&keeper_keys(call->keeper)->sealing, &owner, row->secret_sealed, &call->arena, &secret));
	TRY(factor_algorithm_read(row->algorithm, &f.algorithm));
	const struct factor_values values = {
		.algorithm = row->algorithm, .secret = secret, .digits = row->digits, .period_s = row->period_s
	};
	if (factor_counting_wrong(&values) != NULL)
		return ERR_CORRUPT;
	memcpy(f.secret, secret.p, secret.n);
	f.secret_n = secret.n;
	f.id = row->id;
	f.totp.digits = (unsigned)row->digits;
	f.totp.period_s = (unsigned)row->period_s;
	*ret_factor = f;
	totp_factor_wipe(&f);
	return ERR_OK;
}

/* --- enrolment ---------------------------------------------------------------------------------------------------- */

static err
totp_begin(struct call *call, str *ret_secret)
{
	uint8_t *secret = arena_alloc(&call->arena, OTP_SECRET_DEFAULT);

	if (secret == NULL)
		return ERR_MEMORY;
	TRY(random_fill(secret, OTP_SECRET_DEFAULT));
	*ret_secret = str_bytes(secret, OTP_SECRET_DEFAULT);
	return ERR_OK;
}

static void
totp_uri_fill(const struct call *call, const struct factor *factor, struct otp_uri *uri)
{
	*uri = OTP_URI_DEFAULT;
	(void)!str_copy_z(str_of(keeper_config(call->keeper)->app_name), uri->issuer, sizeof(uri->issuer));
	(void)!str_copy_z(account_name_str(&call->now.session.name), uri->account, sizeof(uri->account));
	memcpy(uri->secret, factor->secret, factor->secret_n);
	uri->secret_n = factor->secret_n;
}

/* Return the secret as text and as an otpauth URI. */
static err
totp_challenge(struct call *call, const struct enrolment *enrolment)
{
	CLEANUP(totp_factor_wipe) struct factor factor = { 0 };
	CLEANUP(otp_uri_wipe) struct otp_uri parts = { 0 };
	struct enrolment_body *answer = call->answer;
	size_t room = OTP_BASE32_SIZE(OTP_SECRET_DEFAULT);
	char *secret = arena_alloc(&call->arena, room), *uri = arena_alloc(&call->arena, URI_MAX + 1);

	TRY(totp_factor_fill(call, &enrolment->row, &factor));
	totp_uri_fill(call, &factor, &parts);
	if (secret == NULL || uri == NULL)
		return ERR_MEMORY;
	TRY(otp_err(otp_base32_encode(parts.secret, parts.secret_n, secret, room)));
	TRY(otp_err(otp_uri_build(&parts, 0, uri, URI_MAX + 1)));
	answer->secret = str_of(secret);
	answer->uri = str_of(uri);
	answer->code_digits = factor.totp.digits;
	answer->expires_us = enrolment->row.expires_at_us;
	return ERR_OK;
}

/* --- format of a code --------------------------------------------------------------------------------------------- */

/* Can the input be a code with this many digits? Does not check whether it is correct. */
static bool
totp_code_possible(str typed, unsigned digits)
{
	char code[OTP_CODE_SIZE];
	bool possible = otp_code_normalise(typed.p, typed.n, digits, code) == OTP_OK;

	secret_wipe(code, sizeof(code));
	return possible;
}

struct form {
	str typed;
	bool possible, any; /* any: the account has an authenticator */
};

static err
totp_form_row(void *context, const struct factor_digits_row *row)
{
	struct form *form = context;

	if (!totp_has_row(row->kind) || row->digits < OTP_DIGITS_MIN || row->digits > OTP_DIGITS_MAX)
		return ERR_OK;
	form->any = true;
	form->possible = form->possible || totp_code_possible(form->typed, (unsigned)row->digits);
	return ERR_OK;
}

/* Can it be a code of any active authenticator? Without an authenticator, codes of every length are accepted. */
static err
totp_code_possible_any(struct call *call, str typed, bool *ret_possible)
{
	const struct db_value args[] = { DB_INT(call->now.session.account_id) };
	struct form form = { .typed = typed };

	TRY(db_rows(call->db, SQL_FACTOR_DIGITS, args, COUNT(args), totp_form_row, &form));
	for (unsigned digits = OTP_DIGITS_MIN; !form.any && digits <= OTP_DIGITS_MAX; digits++)
		form.possible = form.possible || totp_code_possible(typed, digits);
	*ret_possible = form.possible;
	return ERR_OK;
}

static err
totp_read(struct call *call, const struct attempt *attempt, bool *ret_possible)
{
	CLEANUP(totp_factor_wipe) struct factor factor = { 0 };

	if (attempt->enrolment == NULL)
		return totp_code_possible_any(call, attempt->typed, ret_possible);
	TRY(totp_factor_fill(call, &attempt->enrolment->row, &factor));
	*ret_possible = totp_code_possible(attempt->typed, factor.totp.digits);
	return ERR_OK;
}

/* A wrong code for an unconfirmed factor does not count against the account's other factors. */
static err
totp_count(struct call *call, struct attempt *attempt)
{
	return throttle_code(call, attempt->enrolment == NULL, &attempt->throttle);
}

/* --- checking ----------------------------------------------------------------------------------------------------- */

/* Check a code against one secret, with any window. */
static err
totp_check(const struct factor *factor, const struct otp_totp *totp, str typed, int64_t now_us, int64_t last_step,
	   struct otp_match *ret_match)
{
	CLEANUP(otp_key_wipe) struct otp_key key = { 0 };
	char code[OTP_CODE_SIZE] = { 0 };

	if (otp_code_normalise(typed.p, typed.n, totp->digits, code) != OTP_OK)
		return ERR_OK;
	TRY(otp_err(otp_key_init(&key, factor->algorithm, factor->secret, factor->secret_n, 0)));
	TRY(otp_err(otp_totp_verify(&key, totp, code, totp->digits, now_us, last_step, ret_match)));
	secret_wipe(code, sizeof(code));
	return ERR_OK;
}

struct search {
	struct call *call;
	str typed;
	unsigned steps; /* in each direction; 0: the default of the factor */
	bool used;      /* also match steps that are already used */
	struct code_match *found;
};

static err
totp_search_one(struct search *search, const struct factor *factor)
{
	struct otp_totp totp = factor->totp;
	struct otp_match match = { false, 0 };

	if (search->steps != 0)
		totp.back = totp.forward = search->steps;
	TRY(totp_check(factor, &totp, search->typed, search->call->now_us, search->used ? -1 : factor->last_step,
		       &match));
	if (match.ok && !search->found->match.ok) {
		search->found->factor = *factor;
		search->found->match = match;
	}
	return ERR_OK;
}

static err
totp_search_row(void *context, const struct factor_row *row)
{
	CLEANUP(totp_factor_wipe) struct factor factor = { 0 };
	struct search *search = context;

	if (!totp_has_row(row->kind))
		return ERR_OK;
	TRY(totp_factor_fill(search->call, row, &factor));
	return totp_search_one(search, &factor);
}

static err
totp_search_all(struct search *search)
{
	const struct db_value args[] = { DB_INT(search->call->now.session.account_id) };

	return db_rows(search->call->db, SQL_FACTOR_ACTIVE, args, COUNT(args), totp_search_row, search);
}

/* Check against the secret being enrolled, or against all active factors of the account. */
static err
totp_search(struct search *search, const struct attempt *attempt)
{
	return attempt->enrolment == NULL ? totp_search_all(search) : totp_search_row(search, &attempt->enrolment->row);
}

/* A used code and a wrong one take the same work, here and afterwards. */
static err
totp_note_spent(struct call *call, struct attempt *attempt)
{
	CLEANUP(totp_code_match_wipe) struct code_match found = { .match = { false, 0 } };
	struct search search = { call, attempt->typed, 0, true, &found };

	TRY(totp_search(&search, attempt));
	attempt->spent = found.match.ok;
	return ERR_OK;
}

/* Codes that the user has switched off are wrong, whatever they are. An enrolment still confirms its secret. */
static bool
totp_is_off(const struct call *call, const struct attempt *attempt)
{
	return attempt->enrolment == NULL && call->now.session.codes_off;
}

/* Implements confirm and verify. */
static err
totp_verify(struct call *call, struct attempt *attempt)
{
	CLEANUP(totp_code_match_wipe) struct code_match found = { .match = { false, 0 } };
	struct search search = { call, attempt->typed, 0, false, &found };

	TRY(totp_search(&search, attempt));
	if (totp_is_off(call, attempt))
		return ERR_OK;
	if (!found.match.ok)
		return totp_note_spent(call, attempt);
	attempt->proof =
	    (struct proof){ .kind = &factor_kind_totp, .at_us = call->now_us, .factor_id = found.factor.id };
	attempt->step = found.match.step;
	return ERR_OK;
}

static err
totp_spend(struct call *call, const struct attempt *attempt, bool *ret_done)
{
	const struct db_value args[] = { DB_INT(attempt->step), DB_INT(attempt->proof.factor_id),
					 DB_INT(call->now_us) };
	int64_t changed = 0;

	TRY(db_run(call->db, SQL_FACTOR_CLAIM_STEP, args, COUNT(args), &changed));
	*ret_done = changed == 1;
	return ERR_OK;
}

/* --- clock drift of refused codes --------------------------------------------------------------------------------- */

static err
totp_clock_remember(struct call *call, int64_t step, int64_t drift)
{
	const struct db_value args[] = { DB_INT(step), DB_INT(drift), DB_INT(call->now.session.id) };

	return db_run(call->db, SQL_SESSION_CLOCK, args, COUNT(args), NULL);
}

/*
 * A random code matches one of 41 steps with a probability of 1 in 24,000. Two successive codes with the same drift do
 * not match by chance.
 */
static err
totp_clock_note(struct call *call, const struct code_match *wide, int64_t *ret_drift_s)
{
	const struct session *session = &call->now.session;
	int64_t now_step = 0, drift;

	TRY(otp_err(otp_totp_step(&wide->factor.totp, call->now_us, &now_step)));
	drift = wide->match.step - now_step;
	if (session->clock_step != 0 && wide->match.step > session->clock_step &&
	    llabs(drift - session->clock_drift) <= 1) {
		*ret_drift_s = drift * wide->factor.totp.period_s;
		TRY(audit_write(call, AUDIT_CLOCK_OFF, session->account_id, REASON_CLOCK));
		audit_log(call, AUDIT_CLOCK_OFF, session->account_id, REASON_CLOCK);
	}
	return totp_clock_remember(call, wide->match.step, drift);
}

/*
 * Compute the clock drift of the device. It is reported only if the session's previous refused code had the same drift,
 * to within one step.
 */
static err
totp_refused(struct call *call, const struct attempt *attempt, int64_t *ret_drift_s)
{
	CLEANUP(totp_code_match_wipe) struct code_match wide = { .match = { false, 0 } };
	struct search search = { call, attempt->typed, CLOCK_STEPS, false, &wide };

	TRY(totp_search(&search, attempt));
	return wide.match.ok && !totp_is_off(call, attempt) ? totp_clock_note(call, &wide, ret_drift_s) : ERR_OK;
}

/* --- definition of the kind --------------------------------------------------------------------------------------- */

const struct factor_kind factor_kind_totp = {
	.name = "totp",
	.sealing_purpose = "totp secret",
	.amr = "otp",
	.shows = SHOWS_POSSESSION,
	.guessable = true,
	.passed = AUDIT_VERIFIED,
	.stepped_up = AUDIT_STEP_UP,
	.why_wrong = REASON_CODE,
	.why_spent = REASON_SPENT,
	.why_changed = REASON_ASKED,
	.begin = totp_begin,
	.challenge = totp_challenge,
	.read = totp_read,
	.count = totp_count,
	.confirm = totp_verify,
	.verify = totp_verify,
	.spend = totp_spend,
	.refused = totp_refused,
	.row_wrong = factor_counting_wrong,
};
