/*
 * The question SIGN_IN: name and password.
 *
 * Every refusal gives the same answer after the same work: one lookup, one count, one hash, one audit entry. This holds
 * for every reason, and even if the account does not exist.
 */
#include "base/log.h"
#include "base/secret.h"
#include "keeper/core/audit.h"
#include "keeper/session/current_password.h"
#include "keeper/password/passwords.h"
#include "keeper/session/session.h"
#include "keeper/session/throttle.h"
#include "keeper/handlers.h"

struct attempt {
	struct account_name name; /* n is 0: not a valid user name */
	struct password password;
	bool password_usable;
	struct account account;
	struct throttle throttle;
	bool found, right;
	struct password_hash rehashed; /* "": keep the stored hash */
};

static void
sign_in_attempt_wipe(struct attempt *a)
{
	secret_wipe(a, sizeof(*a));
}

static void
sign_in_attempt_read(const struct sign_in_body *form, struct attempt *a)
{
	if (account_name_fold(form->username, &a->name) != PROBLEM_NONE)
		a->name = (struct account_name){ 0 };
	a->password_usable = password_prepare(form->password, &a->password) == PROBLEM_NONE;
}

static err
sign_in_attempt_count(struct call *call, struct attempt *a)
{
	str name = account_name_str(&a->name);

	TRY(account_find(call->db, name, &call->arena, &a->account, &a->found));
	call->subject_account_id = a->account.id;
	TRY(throttle_password(call, name, a->account.id, &a->throttle));
	return throttle_take(call, &a->throttle);
}

static err
sign_in_attempt_verify(struct call *call, struct attempt *a)
{
	str hash = str_of(keeper_dummy_hash(call->keeper));
	bool right = false, has_password = a->found && account_has_password(&a->account);

	if (has_password)
		hash = a->account.password_hash;
	TRY(password_verify(hash, a->password_usable ? &a->password : NULL, &right));
	a->right = right && has_password;
	return ERR_OK;
}

static enum audit_reason
sign_in_why_refused(const struct attempt *a)
{
	if (!a->found)
		return REASON_UNKNOWN_NAME;
	return a->right ? REASON_DISABLED : REASON_PASSWORD;
}

static err
sign_in_refuse(struct call *call, const struct attempt *a)
{
	const struct sign_in_body *form = call->body;
	enum audit_reason why = sign_in_why_refused(a);

	if (a->found)
		TRY(audit_write(call, AUDIT_SIGN_IN_REFUSED, a->account.id, why));
	else
		TRY(audit_write_unknown(call, AUDIT_SIGN_IN_REFUSED,
					a->name.n > 0 ? account_name_str(&a->name) : form->username, why));
	audit_log(call, AUDIT_SIGN_IN_REFUSED, a->account.id, why);
	TRY(alarm_raise(call, a->account.id));
	return throttle_wrong(call, &a->throttle);
}

/*
 * If scheme or cost have changed, compute a new hash while the password is known. A password that bcrypt would truncate
 * keeps its hash.
 */
static err
sign_in_attempt_rehash(struct call *call, struct attempt *a)
{
	const struct config *config = keeper_config(call->keeper);

	if (!password_hash_outdated(config, a->account.password_hash))
		return ERR_OK;
	if (config->password_scheme == SCHEME_BCRYPT && a->password.n > BCRYPT_MAX_BYTES)
		return ERR_OK;
	return password_hash(config, &a->password, &a->rehashed);
}

static err
sign_in_store_rehashed(struct call *call, const struct attempt *a)
{
	const struct db_value args[] = { DB_TEXT(str_of(a->rehashed.z)), DB_INT(a->account.id),
					 DB_TEXT(a->account.password_hash) };

	return a->rehashed.z[0] == '\0' ? ERR_OK : db_run(call->db, SQL_ACCOUNT_REHASH, args, COUNT(args), NULL);
}

/* Is the verified password still current? Verification takes long enough for another request to change it. */
static err
sign_in_still_the_password(struct call *call, const struct attempt *a, bool *ret_still)
{
	const struct db_value args[] = { DB_INT(a->account.id) };
	struct account_password_row row;
	bool found = false;

	TRY(db_row(call->db, SQL_ACCOUNT_PASSWORD, args, COUNT(args), &call->arena, &row, &found));
	*ret_still = found && str_equal(row.password_hash, a->account.password_hash);
	return ERR_OK;
}

static err
sign_in_grant(struct call *call, void *context, bool *ret_commit)
{
	const struct sign_in_body *form = call->body;
	struct attempt *a = context;
	err e;

	TRY(sign_in_still_the_password(call, a, &a->right));
	if (!a->right)
		return ERR_OK;
	TRY(throttle_right(call, &a->throttle));
	TRY(sign_in_store_rehashed(call, a));
	e = session_begin(call, a->account.id, form->next, form->remember != 0);
	if (e == ERR_NOT_FOUND) /* the account was disabled or deleted after the lookup */
		return ERR_OK;
	TRY(e);
	TRY(audit_write(call, AUDIT_SIGN_IN, a->account.id, REASON_PASSWORD));
	*ret_commit = true;
	return ERR_OK;
}

err
sign_in_answer(struct call *call, enum verdict *ret_verdict)
{
	CLEANUP(sign_in_attempt_wipe) struct attempt a = { 0 };
	bool done = false;

	call->browser = ((const struct sign_in_body *)call->body)->browser;
	sign_in_attempt_read(call->body, &a);
	TRY(sign_in_attempt_count(call, &a));
	TRY(sign_in_attempt_verify(call, &a));
	if (!a.right || a.account.disabled)
		return sign_in_refuse(call, &a);
	TRY(sign_in_attempt_rehash(call, &a));
	TRY(call_transact(call, sign_in_grant, &a, &done));
	if (!done)
		return sign_in_refuse(call, &a);
	audit_log(call, AUDIT_SIGN_IN, a.account.id, REASON_PASSWORD);
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}
