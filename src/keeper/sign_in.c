/*
 * The question SIGN_IN: name and password.
 *
 * Every refusal is the same answer after the same work: one look-up, one count, one hash, one audit row, whatever is wrong
 * and whether or not there is such an account.
 */
#include "base/log.h"
#include "base/secret.h"
#include "keeper/audit.h"
#include "keeper/current_password.h"
#include "keeper/passwords.h"
#include "keeper/session.h"
#include "keeper/throttle.h"
#include "keeper/handlers.h"

struct attempt {
	struct account_name name; /* n is 0: no account can have what was typed */
	struct password password;
	bool password_usable;
	struct account account;
	struct throttle throttle;
	bool found, right;
	struct password_hash rehashed; /* "": the stored one stays */
};

static void
attempt_wipe(struct attempt *a)
{
	secret_wipe(a, sizeof(*a));
}

static void
attempt_read(const struct sign_in_body *form, struct attempt *a)
{
	if (account_name_fold(form->username, &a->name) != PROBLEM_NONE)
		a->name = (struct account_name){ 0 };
	a->password_usable = password_prepare(form->password, &a->password) == PROBLEM_NONE;
}

static err
attempt_count(struct turn *turn, struct attempt *a)
{
	str name = account_name_str(&a->name);

	TRY(account_find(turn->db, name, &turn->arena, &a->account, &a->found));
	turn->concerns_id = a->account.id;
	TRY(throttle_password(turn, name, a->account.id, &a->throttle));
	return throttle_take(turn, &a->throttle);
}

static err
attempt_prove(struct turn *turn, struct attempt *a)
{
	str hash = str_of(keeper_dummy_hash(turn->keeper));
	bool right = false, has_password = a->found && account_has_password(&a->account);

	if (has_password)
		hash = a->account.password_hash;
	TRY(password_prove(hash, a->password_usable ? &a->password : NULL, &right));
	a->right = right && has_password;
	return ERR_OK;
}

static enum audit_reason
why_refused(const struct attempt *a)
{
	if (!a->found)
		return REASON_UNKNOWN_NAME;
	return a->right ? REASON_DISABLED : REASON_PASSWORD;
}

static err
refuse(struct turn *turn, const struct attempt *a)
{
	const struct sign_in_body *form = turn->body;
	enum audit_reason why = why_refused(a);

	if (a->found)
		TRY(audit_write(turn, AUDIT_SIGN_IN_REFUSED, a->account.id, why));
	else
		TRY(audit_write_unknown(turn, AUDIT_SIGN_IN_REFUSED,
					a->name.n > 0 ? account_name_str(&a->name) : form->username, why));
	audit_log(turn, AUDIT_SIGN_IN_REFUSED, a->account.id, why);
	return throttle_wrong(turn, &a->throttle);
}

/*
 * Scheme or cost were changed since: hash anew while the password is at hand.  One that bcrypt would cut stays
 * as it is.
 */
static err
attempt_rehash(struct turn *turn, struct attempt *a)
{
	const struct config *config = keeper_config(turn->keeper);

	if (!password_hash_outdated(config, a->account.password_hash))
		return ERR_OK;
	if (config->password_scheme == SCHEME_BCRYPT && a->password.n > BCRYPT_MAX_BYTES)
		return ERR_OK;
	return password_hash(config, &a->password, &a->rehashed);
}

static err
store_rehashed(struct turn *turn, const struct attempt *a)
{
	const struct db_value args[] = { DB_TEXT(str_of(a->rehashed.z)), DB_INT(a->account.id),
					 DB_TEXT(a->account.password_hash) };

	return a->rehashed.z[0] == '\0' ? ERR_OK : db_run(turn->db, SQL_ACCOUNT_REHASH, args, COUNT(args), NULL);
}

/* Is the password that was proved still the account's?  Proving takes long enough for it to be changed meanwhile. */
static err
still_the_password(struct turn *turn, const struct attempt *a, bool *ret_still)
{
	const struct db_value args[] = { DB_INT(a->account.id) };
	struct account_password_row row;
	bool found = false;

	TRY(db_row(turn->db, SQL_ACCOUNT_PASSWORD, args, COUNT(args), &turn->arena, &row, &found));
	*ret_still = found && str_equal(row.password_hash, a->account.password_hash);
	return ERR_OK;
}

static err
let_in(struct turn *turn, void *context, bool *ret_commit)
{
	const struct sign_in_body *form = turn->body;
	struct attempt *a = context;
	err e;

	TRY(still_the_password(turn, a, &a->right));
	if (!a->right)
		return ERR_OK;
	TRY(throttle_right(turn, &a->throttle));
	TRY(store_rehashed(turn, a));
	e = session_begin(turn, a->account.id, form->next);
	if (e == ERR_NOT_FOUND) /* disabled, or deleted, since it was looked up */
		return ERR_OK;
	TRY(e);
	TRY(audit_write(turn, AUDIT_SIGN_IN, a->account.id, REASON_PASSWORD));
	*ret_commit = true;
	return ERR_OK;
}

err
sign_in_answer(struct turn *turn, enum verdict *ret_verdict)
{
	CLEANUP(attempt_wipe) struct attempt a = { 0 };
	bool done = false;

	attempt_read(turn->body, &a);
	TRY(attempt_count(turn, &a));
	TRY(attempt_prove(turn, &a));
	if (!a.right || a.account.disabled)
		return refuse(turn, &a);
	TRY(attempt_rehash(turn, &a));
	TRY(turn_transact(turn, let_in, &a, &done));
	if (!done)
		return refuse(turn, &a);
	audit_log(turn, AUDIT_SIGN_IN, a.account.id, REASON_PASSWORD);
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}
