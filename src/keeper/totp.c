#include "keeper/totp.h"

#include "base/secret.h"
#include "keeper/factor_values.h"
#include "keeper/keys.h"
#include "keeper/row_words.h"
#include "keeper/turn.h"

#include <stdlib.h>

enum { NO_STEP = -1 };

void
factor_wipe(struct factor *factor)
{
	secret_wipe(factor, sizeof(*factor));
}

void
proof_wipe(struct proof *proof)
{
	secret_wipe(proof, sizeof(*proof));
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

/* --- rows --------------------------------------------------------------------------------------------------------- */

static err
factor_fill(struct turn *turn, const struct factor_row *row, struct factor *ret_factor)
{
	const struct sealed_for owner = { SEALED_TOTP, turn->now.session.account_id, row->id };
	struct factor f = { .totp = OTP_TOTP_DEFAULT,
			    .last_step = row->last_step,
			    .expires_us = row->expires_at_us,
			    .replaces_id = row->replaces_id };
	str secret = { 0 };

	TRY(sealing_open(&keeper_keys(turn->keeper)->sealing, &owner, row->secret_sealed, &turn->arena, &secret));
	TRY(factor_algorithm_read(row->algorithm, &f.algorithm));
	const struct factor_values values = {
		.algorithm = row->algorithm, .secret_n = secret.n, .digits = row->digits, .period_s = row->period_s
	};
	if (factor_counting_wrong(&values) != NULL)
		return ERR_CORRUPT;
	memcpy(f.secret, secret.p, secret.n);
	f.secret_n = secret.n;
	f.id = row->id;
	f.totp.digits = (unsigned)row->digits;
	f.totp.period_s = (unsigned)row->period_s;
	*ret_factor = f;
	factor_wipe(&f);
	return ERR_OK;
}

err
factor_pending(struct turn *turn, struct factor *ret_factor)
{
	const struct session *session = &turn->now.session;
	const struct db_value args[] = { DB_INT(session->id), DB_INT(session->account_id), DB_INT(turn->now_us) };
	struct factor_row row;
	bool found = false;

	TRY(db_row(turn->db, SQL_FACTOR_PENDING, args, COUNT(args), &turn->arena, &row, &found));
	return found ? factor_fill(turn, &row, ret_factor) : ERR_OK;
}

/* --- form --------------------------------------------------------------------------------------------------------- */

bool
code_possible(str typed, unsigned digits)
{
	char code[OTP_CODE_SIZE];
	bool possible = otp_code_normalise(typed.p, typed.n, digits, code) == OTP_OK;

	secret_wipe(code, sizeof(code));
	return possible;
}

struct form {
	str typed;
	bool possible, any; /* any: there is an authenticator that makes codes */
};

static err
form_row(void *context, const struct factor_digits_row *row)
{
	struct form *form = context;

	if (row->digits < OTP_DIGITS_MIN || row->digits > OTP_DIGITS_MAX)
		return ERR_OK;
	form->any = true;
	form->possible = form->possible || code_possible(form->typed, (unsigned)row->digits);
	return ERR_OK;
}

/* Without an authenticator in use a code of any length is as wrong as another. */
err
code_possible_any(struct turn *turn, str typed, bool *ret_possible)
{
	const struct db_value args[] = { DB_INT(turn->now.session.account_id) };
	struct form form = { .typed = typed };

	TRY(db_rows(turn->db, SQL_FACTOR_DIGITS, args, COUNT(args), form_row, &form));
	for (unsigned digits = OTP_DIGITS_MIN; !form.any && digits <= OTP_DIGITS_MAX; digits++)
		form.possible = form.possible || code_possible(typed, digits);
	*ret_possible = form.possible;
	return ERR_OK;
}

/* --- checking ------------------------------------------------------------------------------------------------------- */

/* Against one secret, in any window. */
static err
check(const struct factor *factor, const struct otp_totp *totp, str typed, int64_t now_us, struct otp_match *ret_match)
{
	CLEANUP(otp_key_wipe) struct otp_key key = { 0 };
	char code[OTP_CODE_SIZE] = { 0 };

	if (otp_code_normalise(typed.p, typed.n, totp->digits, code) != OTP_OK)
		return ERR_OK;
	TRY(otp_err(otp_key_init(&key, factor->algorithm, factor->secret, factor->secret_n, 0)));
	TRY(otp_err(otp_totp_verify(&key, totp, code, totp->digits, now_us, factor->last_step, ret_match)));
	secret_wipe(code, sizeof(code));
	return ERR_OK;
}

err
code_check(const struct factor *factor, str typed, int64_t now_us, struct otp_match *ret_match)
{
	return check(factor, &factor->totp, typed, now_us, ret_match);
}

struct search {
	struct turn *turn;
	str typed;
	unsigned steps; /* each way; 0: as the factor has it */
	struct proof *proof;
};

static err
search_one(struct search *search, const struct factor *factor)
{
	struct otp_totp totp = factor->totp;
	struct otp_match match = { false, 0 };

	if (search->steps != 0)
		totp.back = totp.forward = search->steps;
	TRY(check(factor, &totp, search->typed, search->turn->now_us, &match));
	if (match.ok && !search->proof->match.ok) {
		search->proof->factor = *factor;
		search->proof->match = match;
	}
	return ERR_OK;
}

static err
search_row(void *context, const struct factor_row *row)
{
	CLEANUP(factor_wipe) struct factor factor = { 0 };
	struct search *search = context;

	TRY(factor_fill(search->turn, row, &factor));
	return search_one(search, &factor);
}

static err
search_all(struct search *search)
{
	const struct db_value args[] = { DB_INT(search->turn->now.session.account_id) };

	return db_rows(search->turn->db, SQL_FACTOR_ACTIVE, args, COUNT(args), search_row, search);
}

err
code_check_all(struct turn *turn, str typed, struct proof *ret_proof)
{
	struct search search = { turn, typed, 0, ret_proof };

	return search_all(&search);
}

err
code_spend(struct turn *turn, const struct proof *proof, bool *ret_done)
{
	const struct db_value args[] = { DB_INT(proof->match.step), DB_INT(proof->factor.id), DB_INT(turn->now_us) };
	int64_t changed = 0;

	TRY(db_run(turn->db, SQL_FACTOR_CLAIM_STEP, args, COUNT(args), &changed));
	*ret_done = changed == 1;
	return ERR_OK;
}

/* --- refused -------------------------------------------------------------------------------------------------------- */

static err
clock_remember(struct turn *turn, int64_t step, int64_t drift)
{
	const struct db_value args[] = { DB_INT(step), DB_INT(drift), DB_INT(turn->now.session.id) };

	return db_run(turn->db, SQL_SESSION_CLOCK, args, COUNT(args), NULL);
}

/* One code fits one of 41 steps by chance once in 24,000; two in a row that tell the same drift do not. */
static err
clock_note(struct turn *turn, const struct proof *wide, int64_t *ret_drift_s)
{
	const struct session *session = &turn->now.session;
	int64_t now_step = 0, drift;

	TRY(otp_err(otp_totp_step(&wide->factor.totp, turn->now_us, &now_step)));
	drift = wide->match.step - now_step;
	if (session->clock_step != 0 && wide->match.step > session->clock_step &&
	    llabs(drift - session->clock_drift) <= 1) {
		*ret_drift_s = drift * wide->factor.totp.period_s;
		TRY(audit_write(turn, AUDIT_CLOCK_OFF, session->account_id, "clock"));
		audit_log(turn, AUDIT_CLOCK_OFF, session->account_id, "clock");
	}
	return clock_remember(turn, wide->match.step, drift);
}

err
code_refused(struct turn *turn, const struct factor *factor, str typed, const char *why, int64_t *ret_drift_s)
{
	CLEANUP(proof_wipe) struct proof wide = { .match = { false, 0 } };
	struct search search = { turn, typed, CLOCK_STEPS, &wide };
	int64_t account_id = turn->now.session.account_id;

	*ret_drift_s = 0;
	TRY(audit_write(turn, AUDIT_PROVE_REFUSED, account_id, why));
	audit_log(turn, AUDIT_PROVE_REFUSED, account_id, why);
	TRY(factor == NULL ? search_all(&search) : search_one(&search, factor));
	return wide.match.ok ? clock_note(turn, &wide, ret_drift_s) : ERR_OK;
}
