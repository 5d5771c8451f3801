#include "cli/admin.h"

#include "keeper/core/failure.h"

err
admin_open(const struct config *config, struct admin *ret_admin)
{
	err e;

	TRY(keeper_open(config, KEEPER_EXISTING, &ret_admin->why, &ret_admin->keeper));
	e = keeper_thread_open(ret_admin->keeper, &ret_admin->thread);
	return failure_explain(NULL, e, "The database cannot be opened.", &ret_admin->why);
}

void
admin_close(struct admin *admin)
{
	keeper_thread_close(&admin->thread);
	keeper_close(&admin->keeper);
}

void
admin_link_put(const struct config *config, const char *page, const struct link_text *link, struct buf *out)
{
	buf_put(out, str_of(config->public_origin));
	buf_put(out, str_of(page));
	buf_put(out, str_of(link->z));
}
