#include "keeper/factor/recovery.h"

#include "base/digest.h"
#include "base/random.h"
#include "base/secret.h"
#include "doubletour/otp.h"
#include "keeper/core/audit.h"
#include "keeper/factor/attempt.h"
#include "keeper/factor/totp.h"
#include "keeper/handlers.h"

/* --- parsing ------------------------------------------------------------------------------------------------------ */

enum { RECOVERY_TYPED_MAX = 256 }; /* bytes: 24 letters plus separators */

static char
recovery_letter_of(char c)
{
	static const char misread[] = "0O1I8B";

	for (size_t i = 0; i + 1 < sizeof(misread) - 1; i += 2)
		if (c == misread[i])
			return misread[i + 1];
	return c;
}

bool
recovery_code_read(str typed, struct recovery_code *ret_code)
{
	char letters[RECOVERY_TYPED_MAX];
	struct recovery_code code;
	size_t bytes = 0;
	bool is = typed.n <= sizeof(letters);

	for (size_t i = 0; is && i < typed.n; i++)
		letters[i] = recovery_letter_of(typed.p[i]);
	is = is && otp_base32_decode(letters, typed.n, code.b, sizeof(code.b), &bytes, NULL) == OTP_OK &&
	     bytes == sizeof(code.b);
	if (is)
		*ret_code = code;
	secret_wipe(&code, sizeof(code));
	secret_wipe(letters, sizeof(letters));
	return is;
}

/* --- in the database ---------------------------------------------------------------------------------------------- */

/* The hash includes the account, so that equal codes of two accounts have different hashes. */
static err
recovery_hash(int64_t account_id, const struct recovery_code *code, uint8_t ret_hash[DIGEST_BYTES])
{
	static const char purpose[] = "doubletour recovery code";
	uint8_t bytes[sizeof(purpose) + 8 + RECOVERY_BYTES];
	err e;

	memcpy(bytes, purpose, sizeof(purpose));
	for (size_t i = 0; i < 8; i++)
		bytes[sizeof(purpose) + i] = (uint8_t)((uint64_t)account_id >> (8 * i));
	memcpy(bytes + sizeof(purpose) + 8, code->b, sizeof(code->b));
	e = digest_sha256(str_bytes(bytes, sizeof(bytes)), ret_hash);
	secret_wipe(bytes, sizeof(bytes));
	return e;
}

static err
recovery_count(struct call *call, struct recovery_count_row *ret_counts)
{
	const struct db_value args[] = { DB_INT(call->now.session.account_id) };
	bool found = false;

	return db_row(call->db, SQL_RECOVERY_COUNT, args, COUNT(args), &call->arena, ret_counts, &found);
}

err
recovery_left(struct call *call, int64_t *ret_left)
{
	struct recovery_count_row counts = { 0 };

	TRY(recovery_count(call, &counts));
	*ret_left = counts.unspent;
	return ERR_OK;
}

/* --- as a kind of factor ------------------------------------------------------------------------------------------ */

static err
recovery_read(struct call *call, const struct attempt *attempt, bool *ret_possible)
{
	struct recovery_code code;

	(void)call;
	*ret_possible = recovery_code_read(attempt->typed, &code);
	secret_wipe(&code, sizeof(code));
	return ERR_OK;
}

static err
recovery_throttle(struct call *call, struct attempt *attempt)
{
	return throttle_recovery(call, &attempt->throttle);
}

/* The hash of the input, which has the form of a code: recovery_read has checked it. */
static err
recovery_attempt_hash(const struct call *call, const struct attempt *attempt, uint8_t ret_hash[DIGEST_BYTES])
{
	struct recovery_code code;
	err e;

	if (!recovery_code_read(attempt->typed, &code))
		return ERR_INVALID;
	e = recovery_hash(call->now.session.account_id, &code, ret_hash);
	secret_wipe(&code, sizeof(code));
	return e;
}

static err
recovery_verify(struct call *call, struct attempt *attempt)
{
	uint8_t digest[DIGEST_BYTES];
	struct recovery_find_row row;
	bool found = false;

	TRY(recovery_attempt_hash(call, attempt, digest));
	const struct db_value args[] = { DB_INT(call->now.session.account_id),
					 DB_BLOB(str_bytes(digest, sizeof(digest))) };
	TRY(db_row(call->db, SQL_RECOVERY_FIND, args, COUNT(args), &call->arena, &row, &found));
	attempt->spent = found && row.spent_at_us != 0;
	if (found && !attempt->spent)
		attempt->proof = (struct proof){ .kind = &factor_kind_recovery, .at_us = call->now_us };
	return ERR_OK;
}

/* Only this statement decides: of two requests with one code, recovery_verify may accept both. */
static err
recovery_spend(struct call *call, const struct attempt *attempt, bool *ret_done)
{
	uint8_t digest[DIGEST_BYTES];
	int64_t changed = 0;

	TRY(recovery_attempt_hash(call, attempt, digest));
	const struct db_value args[] = { DB_INT(call->now_us), DB_INT(call->now.session.account_id),
					 DB_BLOB(str_bytes(digest, sizeof(digest))) };
	TRY(db_run(call->db, SQL_RECOVERY_SPEND, args, COUNT(args), &changed));
	*ret_done = changed == 1;
	return ERR_OK;
}

/* No enrolment functions: the question RECOVERY creates ten codes at once. */
const struct factor_kind factor_kind_recovery = {
	.name = "recovery",
	.amr = "otp",
	.shows = SHOWS_POSSESSION,
	.recovers = true,
	.passed = AUDIT_RECOVERED,
	.stepped_up = AUDIT_RECOVERED,
	.why_wrong = REASON_RECOVERY_CODE,
	.why_spent = REASON_RECOVERY_SPENT,
	.read = recovery_read,
	.count = recovery_throttle,
	.verify = recovery_verify,
	.spend = recovery_spend,
};

/* --- RECOVERY ----------------------------------------------------------------------------------------------------- */

struct making {
	bool renew;
	char text[RECOVERY_CODES * (RECOVERY_LETTERS + 1) + 1]; /* one per line */
	size_t n;
};

static void
recovery_making_wipe(struct making *making)
{
	secret_wipe(making, sizeof(*making));
}

static err
recovery_make_one(struct call *call, struct making *making)
{
	struct recovery_code code;
	uint8_t digest[DIGEST_BYTES];
	int64_t id = 0;

	TRY(random_fill(code.b, sizeof(code.b)));
	TRY(random_id(&id));
	TRY(recovery_hash(call->now.session.account_id, &code, digest));
	const struct db_value args[] = { DB_INT(id), DB_INT(call->now.session.account_id),
					 DB_BLOB(str_bytes(digest, sizeof(digest))), DB_INT(call->now_us) };
	TRY(db_run(call->db, SQL_RECOVERY_INSERT, args, COUNT(args), NULL));
	TRY(otp_err(
	    otp_base32_encode(code.b, sizeof(code.b), making->text + making->n, sizeof(making->text) - making->n)));
	making->n += RECOVERY_LETTERS;
	making->text[making->n++] = '\n';
	secret_wipe(&code, sizeof(code));
	return ERR_OK;
}

static enum audit_reason
recovery_reason(const struct making *making)
{
	return making->renew ? REASON_RENEWED : REASON_FIRST;
}

/* Two tabs may ask at the same time: check again under the lock, so that only one creates codes. */
static err
recovery_do_make(struct call *call, void *context, bool *ret_commit)
{
	struct making *making = context;
	int64_t account_id = call->now.session.account_id;
	const struct db_value args[] = { DB_INT(account_id) };
	struct recovery_count_row counts = { 0 };

	making->n = 0;
	TRY(recovery_count(call, &counts));
	if (!making->renew && counts.codes > 0)
		return ERR_OK;
	TRY(db_run(call->db, SQL_RECOVERY_DELETE, args, COUNT(args), NULL));
	for (int i = 0; i < RECOVERY_CODES; i++)
		TRY(recovery_make_one(call, making));
	*ret_commit = true;
	return audit_write(call, AUDIT_RECOVERY_MADE, account_id, recovery_reason(making));
}

static err
recovery_codes_answer(struct call *call, const struct making *making)
{
	struct recovery_codes_body *body = call->answer;
	struct recovery_count_row counts = { 0 };

	TRY(recovery_count(call, &counts));
	body->left = (uint32_t)(counts.unspent > 100 ? 100 : counts.unspent);
	body->made_us = counts.made_at_us;
	call->now.session.recovery_left = counts.unspent;
	return arena_copy(&call->arena, str_bytes(making->text, making->n), &body->codes);
}

err
recovery_answer(struct call *call, enum verdict *ret_verdict)
{
	CLEANUP(recovery_making_wipe)
	struct making making = { .renew = ((const struct recovery_body *)call->body)->renew == 1 };
	bool done = false;

	TRY(call_transact(call, recovery_do_make, &making, &done));
	if (done)
		audit_log(call, AUDIT_RECOVERY_MADE, call->now.session.account_id, recovery_reason(&making));
	else
		making.n = 0;
	*ret_verdict = VERDICT_PASSED;
	return recovery_codes_answer(call, &making);
}

/* --- RECOVERY_LEFT ------------------------------------------------------------------------------------------------ */

err
recovery_left_answer(struct call *call, enum verdict *ret_verdict)
{
	const struct making none = { .n = 0 };

	*ret_verdict = VERDICT_PASSED;
	return recovery_codes_answer(call, &none);
}
