#include "cli/setup.h"

static err
setup_account_has_password(void *context, const struct admin_user *user)
{
	*(bool *)context = user->has_password;
	return ERR_OK;
}

static err
setup_account_again(struct admin *admin, const char *name, struct link_text *ret_link, bool *ret_linked)
{
	const struct admin_filter filter = { .account = name };
	bool has_password = true;

	admin->why = (struct why){ "" };
	TRY(admin_users(admin->thread, &filter, &admin->why, setup_account_has_password, &has_password));
	*ret_linked = !has_password;
	if (!has_password)
		return admin_reset_password(admin->thread, str_of(name), &admin->why, ret_link);
	cli_say("The account %s already exists and was not changed.", name);
	return ERR_OK;
}

static err
setup_account_with(const struct config *config, struct admin *admin, const char *name, const struct admin_new *facts,
		   struct buf *ret_link)
{
	struct link_text link;
	bool linked = true;
	err e;

	TRY(admin_open(config, admin));
	e = admin_add(admin->thread, str_of(name), facts, &admin->why, &link);
	if (e == ERR_EXISTS)
		e = setup_account_again(admin, name, &link, &linked);
	if (e != ERR_OK || !linked)
		return e;
	admin_link_put(config, "/set-password?link=", &link, ret_link);
	buf_put_byte(ret_link, '\n');
	return buf_check(ret_link);
}

err
setup_account_make(const struct config *config, const char *name, const struct admin_new *facts, struct why *why,
		   struct buf *ret_link)
{
	CLEANUP(admin_close) struct admin admin = { .why = { "" } };
	err e = setup_account_with(config, &admin, name, facts, ret_link);

	*why = admin.why;
	return e;
}
