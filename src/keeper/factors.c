/*
 * The second factor: a secret to enrol, and codes that prove it.
 *
 * A secret being enrolled belongs to one session for 10 minutes and is shown to that session only; once it is
 * confirmed it is never shown again.  A code counts once: its step is burnt by one conditional UPDATE whose row
 * count is the answer.
 */
#include "base/log.h"
#include "base/random.h"
#include "base/secret.h"
#include "doubletour/otp.h"
#include "keeper/audit.h"
#include "keeper/turn.h"

enum { URI_MAX = 2048, NO_STEP = -1 };

static const char purpose[] = "totp secret";

struct factor {
	int64_t id; /* 0: there is none */
	uint8_t secret[OTP_SECRET_DEFAULT];
	int64_t last_step;
	int64_t expires_us; /* while being enrolled */
};

static void
factor_wipe(struct factor *factor)
{
	secret_wipe(factor, sizeof(*factor));
}

static err
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
factor_unseal(struct turn *turn, int64_t id, str sealed, struct factor *ret_factor)
{
	const struct sealed_for owner = { purpose, turn->now.session.account_id, id };
	str secret = { 0 };

	TRY(sealing_open(&turn->keeper->keys.sealing, &owner, sealed, &turn->arena, &secret));
	if (secret.n != sizeof(ret_factor->secret))
		return ERR_CORRUPT;
	memcpy(ret_factor->secret, secret.p, secret.n);
	ret_factor->id = id;
	return ERR_OK;
}

/* What this session is enrolling; id 0: nothing, or its time is up. */
static err
factor_pending(struct turn *turn, struct factor *ret_factor)
{
	const struct session *session = &turn->now.session;
	const struct db_value args[] = { DB_INT(session->id), DB_INT(session->account_id), DB_INT(turn->now_us) };
	struct db_value row[3] = { 0 };
	bool found = false;

	TRY(db_one(turn->db, SQL_FACTOR_PENDING, args, COUNT(args), &turn->arena, row, COUNT(row), &found));
	if (!found)
		return ERR_OK;
	TRY(factor_unseal(turn, row[0].number, row[1].bytes, ret_factor));
	ret_factor->expires_us = row[2].number;
	ret_factor->last_step = NO_STEP;
	return ERR_OK;
}

/* The account's active factor; id 0: it has none. */
static err
factor_active(struct turn *turn, struct factor *ret_factor)
{
	const struct db_value args[] = { DB_INT(turn->now.session.account_id) };
	struct db_value row[3] = { 0 };
	bool found = false;

	TRY(db_one(turn->db, SQL_FACTOR_ACTIVE, args, COUNT(args), &turn->arena, row, COUNT(row), &found));
	if (!found)
		return ERR_OK;
	TRY(factor_unseal(turn, row[0].number, row[1].bytes, ret_factor));
	ret_factor->last_step = row[2].number;
	return ERR_OK;
}

/* --- ENROL -------------------------------------------------------------------------------------------------------- */

static err
pending_insert(struct turn *turn, struct factor *factor, int64_t *ret_inserted)
{
	const struct session *session = &turn->now.session;
	const struct sealed_for owner = { purpose, session->account_id, factor->id };
	str sealed = { 0 };

	TRY(sealing_seal(&turn->keeper->keys.sealing, &owner, str_bytes(factor->secret, sizeof(factor->secret)),
			 &turn->arena, &sealed));
	const struct db_value args[] = {
		DB_INT(factor->id),   DB_INT(session->account_id), DB_BLOB(sealed),
		DB_INT(turn->now_us), DB_INT(session->id),         DB_INT(factor->expires_us)
	};
	return db_run(turn->db, SQL_FACTOR_PENDING_INSERT, args, COUNT(args), ret_inserted);
}

/* Two tabs may ask at once: under the lock look again, and let both show the same. */
static err
pending_make(struct turn *turn, void *context, bool *ret_commit)
{
	struct factor *factor = context;
	const struct db_value args[] = { DB_INT(turn->now.session.id) };
	int64_t inserted = 0;

	*factor = (struct factor){ 0 };
	TRY(factor_pending(turn, factor));
	if (factor->id != 0)
		return ERR_OK;
	TRY(db_run(turn->db, SQL_FACTOR_PENDING_DELETE, args, COUNT(args), NULL));
	TRY(random_id(&factor->id));
	TRY(random_fill(factor->secret, sizeof(factor->secret)));
	factor->expires_us = turn->now_us + ENROLMENT_US;
	TRY(pending_insert(turn, factor, &inserted));
	if (inserted != 1) { /* enrolled meanwhile, by another session */
		factor_wipe(factor);
		return ERR_OK;
	}
	*ret_commit = true;
	return audit_write(turn, AUDIT_ENROL, turn->now.session.account_id, "asked");
}

static void
uri_fill(struct turn *turn, const struct factor *factor, struct otp_uri *uri)
{
	*uri = OTP_URI_DEFAULT;
	(void)!str_copy_z(str_of(turn->keeper->config->app_name), uri->issuer, sizeof(uri->issuer));
	(void)!str_copy_z(account_name_str(&turn->now.session.name), uri->account, sizeof(uri->account));
	memcpy(uri->secret, factor->secret, sizeof(factor->secret));
	uri->secret_n = sizeof(factor->secret);
}

static err
pending_show(struct turn *turn, const struct factor *factor)
{
	CLEANUP(otp_uri_wipe) struct otp_uri parts;
	struct enrolment_body *answer = turn->answer;
	char *secret = arena_alloc(&turn->arena, OTP_BASE32_SIZE(OTP_SECRET_DEFAULT));
	char *uri = arena_alloc(&turn->arena, URI_MAX + 1);

	if (secret == NULL || uri == NULL)
		return ERR_MEMORY;
	uri_fill(turn, factor, &parts);
	TRY(otp_err(otp_base32_encode(parts.secret, parts.secret_n, secret, OTP_BASE32_SIZE(OTP_SECRET_DEFAULT))));
	TRY(otp_err(otp_uri_build(&parts, 0, uri, URI_MAX + 1)));
	answer->secret = str_of(secret);
	answer->uri = str_of(uri);
	answer->expires_us = factor->expires_us;
	return ERR_OK;
}

err
enrol_answer(struct turn *turn, enum verdict *ret_verdict)
{
	CLEANUP(factor_wipe) struct factor factor = { 0 };
	bool made = false;

	TRY(factor_pending(turn, &factor));
	if (factor.id == 0)
		TRY(turn_transact(turn, pending_make, &factor, &made));
	if (factor.id == 0)
		return ERR_OK;
	TRY(pending_show(turn, &factor));
	if (made)
		audit_log(turn, AUDIT_ENROL, turn->now.session.account_id, "asked");
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}

/* --- PROVE -------------------------------------------------------------------------------------------------------- */

struct proof {
	struct factor factor;
	bool enrolling;
	struct otp_match match;
};

static void
proof_wipe(struct proof *proof)
{
	secret_wipe(proof, sizeof(*proof));
}

static err
code_check(const struct factor *factor, str typed, int64_t now_us, struct otp_match *ret_match)
{
	CLEANUP(otp_key_wipe) struct otp_key key = { 0 };
	char code[OTP_CODE_SIZE] = { 0 };

	if (otp_code_normalise(typed.p, typed.n, OTP_TOTP_DEFAULT.digits, code) != OTP_OK)
		return ERR_OK;
	TRY(otp_err(otp_key_init(&key, OTP_SHA1, factor->secret, sizeof(factor->secret), 0)));
	TRY(otp_err(otp_totp_verify(&key, &OTP_TOTP_DEFAULT, code, OTP_TOTP_DEFAULT.digits, now_us, factor->last_step,
				    ret_match)));
	secret_wipe(code, sizeof(code));
	return ERR_OK;
}

/* Two requests may race with one code: the store lets one of them have the step. */
static err
claim_step(struct turn *turn, const struct proof *proof, int64_t *ret_changed)
{
	const struct db_value args[] = { DB_INT(proof->match.step), DB_INT(proof->factor.id) };

	return db_run(turn->db, SQL_FACTOR_CLAIM_STEP, args, COUNT(args), ret_changed);
}

/* The secret becomes the factor, unless the account got another one, or the time is up. */
static err
confirm(struct turn *turn, const struct proof *proof, int64_t *ret_changed)
{
	const struct session *session = &turn->now.session;
	const struct db_value args[] = { DB_INT(turn->now_us), DB_INT(proof->match.step), DB_INT(proof->factor.id),
					 DB_INT(session->account_id), DB_INT(session->id) };

	TRY(db_run(turn->db, SQL_FACTOR_CONFIRM, args, COUNT(args), ret_changed));
	/* Whoever else knows the password must prove this factor from now on. */
	return *ret_changed == 1 ? session_end_others(turn) : ERR_OK;
}

static err
signed_in(struct turn *turn)
{
	const struct db_value args[] = { DB_INT(turn->now_us), DB_INT(turn->now.session.account_id) };

	return db_run(turn->db, SQL_ACCOUNT_SIGNED_IN, args, COUNT(args), NULL);
}

static enum audit_event
passed_event(const struct proof *proof)
{
	return proof->enrolling ? AUDIT_ENROLLED : AUDIT_PROVED;
}

static err
prove(struct turn *turn, void *context, bool *ret_commit)
{
	const struct proof *proof = context;
	int64_t claimed = 0;
	bool renewed = false;

	TRY(proof->enrolling ? confirm(turn, proof, &claimed) : claim_step(turn, proof, &claimed));
	if (claimed != 1)
		return ERR_OK;
	TRY(session_prove(turn, proof->factor.id, &renewed));
	if (!renewed || turn->next.session.state != STATE_FULL)
		return ERR_OK;
	TRY(signed_in(turn));
	*ret_commit = true;
	return audit_write(turn, passed_event(proof), turn->now.session.account_id, "code");
}

static err
refuse(struct turn *turn, const char *why)
{
	int64_t account_id = turn->now.session.account_id;

	TRY(audit_write(turn, AUDIT_PROVE_REFUSED, account_id, why));
	audit_log(turn, AUDIT_PROVE_REFUSED, account_id, why);
	return ERR_OK;
}

err
prove_answer(struct turn *turn, enum verdict *ret_verdict)
{
	CLEANUP(proof_wipe) struct proof proof = { .enrolling = turn->now.session.state == STATE_ENROLLING };
	const struct prove_body *form = turn->body;
	bool done = false;

	TRY(proof.enrolling ? factor_pending(turn, &proof.factor) : factor_active(turn, &proof.factor));
	if (proof.factor.id == 0) { /* never shown, or too old by now: another must be made before any code can fit */
		*ret_verdict = proof.enrolling ? VERDICT_STATE : VERDICT_REFUSED;
		return refuse(turn, "no secret");
	}
	TRY(code_check(&proof.factor, form->code, turn->now_us, &proof.match));
	if (!proof.match.ok)
		return refuse(turn, "code");
	TRY(turn_transact(turn, prove, &proof, &done));
	if (!done)
		return refuse(turn, "spent");
	audit_log(turn, passed_event(&proof), turn->now.session.account_id, "code");
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}
