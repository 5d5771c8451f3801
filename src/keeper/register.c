/*
 * The question REGISTER: an account of one's own.
 *
 * What is wrong with the form is told field by field, all at once, before anything is looked up.  Whether the name
 * is taken is known only by trying to take it, with the work of the hash done before in every case.
 */
#include "base/log.h"
#include "base/random.h"
#include "base/secret.h"
#include "keeper/audit.h"
#include "keeper/strength.h"
#include "keeper/turn.h"

struct registration {
	struct account_name name;
	struct password password;
	struct password_hash hash;
	int64_t account_id;
};

static void
registration_wipe(struct registration *r)
{
	secret_wipe(r, sizeof(*r));
}

/* --- the form ----------------------------------------------------------------------------------------------------- */

static bool
is_blank(str text)
{
	while (text.n > 0 && text.p[0] == ' ')
		text = str_from(text, 1);
	return text.n == 0;
}

static enum problem
password_check(const struct config *config, str typed, const struct account_name *name, struct password *ret_password)
{
	enum problem problem;

	if (str_empty(typed))
		return PROBLEM_MISSING;
	problem = password_prepare(typed, ret_password);
	if (problem != PROBLEM_NONE)
		return problem;
	str password = str_bytes(ret_password->b, ret_password->n);
	if (is_blank(password))
		return PROBLEM_BLANK;
	if (str_utf8_count(password) < PASSWORD_MIN)
		return PROBLEM_TOO_SHORT;
	if (config->password_scheme == SCHEME_BCRYPT && password.n > BCRYPT_MAX_BYTES)
		return PROBLEM_OVER_72;
	return strength_check(ret_password, account_name_str(name), str_of(config->app_name));
}

static enum problem
confirm_check(str password, str confirm)
{
	if (password.n == confirm.n && secret_equal(password.p, confirm.p, password.n))
		return PROBLEM_NONE;
	return str_empty(confirm) ? PROBLEM_MISSING : PROBLEM_DIFFERS;
}

/* Is the form in order?  Else each field's problem is in the answer. */
static bool
form_check(struct turn *turn, struct registration *r)
{
	const struct register_body *form = turn->body;
	struct problems_body *problems = turn->answer;

	problems->username = account_name_fold(form->username, &r->name);
	problems->password = password_check(turn->keeper->config, form->password, &r->name, &r->password);
	problems->confirm = confirm_check(form->password, form->confirm);
	return problems->username == PROBLEM_NONE && problems->password == PROBLEM_NONE &&
	       problems->confirm == PROBLEM_NONE;
}

/* --- the account -------------------------------------------------------------------------------------------------- */

static err
make_account(struct turn *turn, void *context, bool *ret_commit)
{
	struct registration *r = context;

	TRY(random_id(&r->account_id));
	TRY(account_insert(turn->db, r->account_id, account_name_str(&r->name), str_of(r->hash.z), turn->now_us));
	TRY(session_begin(turn, r->account_id));
	TRY(audit_write(turn, AUDIT_REGISTER, r->account_id, "open"));
	*ret_commit = true;
	return ERR_OK;
}

static err
taken(struct turn *turn, const struct registration *r, enum verdict *ret_verdict)
{
	struct problems_body *problems = turn->answer;

	TRY(audit_write_unknown(turn, AUDIT_REGISTER_REFUSED, account_name_str(&r->name), "taken"));
	audit_log(turn, AUDIT_REGISTER_REFUSED, 0, "taken");
	problems->username = PROBLEM_TAKEN;
	*ret_verdict = VERDICT_PROBLEMS;
	return ERR_OK;
}

err
register_answer(struct turn *turn, enum verdict *ret_verdict)
{
	CLEANUP(registration_wipe) struct registration r = { 0 };
	bool done = false;
	err e;

	if (turn->keeper->config->registration != REGISTRATION_OPEN) {
		*ret_verdict = VERDICT_CLOSED;
		return ERR_OK;
	}
	if (!form_check(turn, &r)) {
		*ret_verdict = VERDICT_PROBLEMS;
		return ERR_OK;
	}
	TRY(password_hash(turn->keeper->config, &r.password, &r.hash));
	e = turn_transact(turn, make_account, &r, &done);
	if (e == ERR_EXISTS)
		return taken(turn, &r, ret_verdict);
	TRY(e);
	audit_log(turn, AUDIT_REGISTER, r.account_id, "open");
	*ret_verdict = done ? VERDICT_PASSED : VERDICT_REFUSED;
	return ERR_OK;
}
