#include "keeper/password/password_choice.h"

#include "base/secret.h"
#include "keeper/password/strength.h"

static bool
password_choice_is_blank(str text)
{
	while (text.n > 0 && text.p[0] == ' ')
		text = str_from(text, 1);
	return text.n == 0;
}

static enum problem
password_choice_confirm_check(str password, str confirm)
{
	if (password.n == confirm.n && secret_equal(password.p, confirm.p, password.n))
		return PROBLEM_NONE;
	return str_empty(confirm) ? PROBLEM_MISSING : PROBLEM_DIFFERS;
}

static enum problem
password_choice_check(const struct config *config, str typed, const struct account_name *name,
		      struct password *ret_password, uint32_t *ret_strength)
{
	enum problem problem;
	enum strength strength;

	if (str_empty(typed))
		return PROBLEM_MISSING;
	problem = password_prepare(typed, ret_password);
	if (problem != PROBLEM_NONE)
		return problem;
	str password = str_bytes(ret_password->b, ret_password->n);
	if (password_choice_is_blank(password))
		return PROBLEM_BLANK;
	if (str_utf8_count(password) < PASSWORD_MIN) {
		*ret_strength = STRENGTH_WEAK;
		return PROBLEM_TOO_SHORT;
	}
	if (config->password_scheme == SCHEME_BCRYPT && password.n > BCRYPT_MAX_BYTES)
		return PROBLEM_OVER_72;
	problem = strength_check(ret_password, account_name_str(name), str_of(config->app_name), &strength);
	*ret_strength = strength;
	return problem;
}

void
password_choose(const struct config *config, str typed, str confirm, const struct account_name *name,
		struct password *ret_password, struct problems_body *ret_problems)
{
	ret_problems->confirm = password_choice_confirm_check(typed, confirm);
	ret_problems->password = password_choice_check(config, typed, name, ret_password, &ret_problems->strength);
}
