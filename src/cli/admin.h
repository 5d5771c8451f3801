/*
 * Shared by the administrator's commands: a keeper on the settings' database, and the text of links.
 */
#ifndef CLI_ADMIN_H
#define CLI_ADMIN_H

#include "cli/cli.h"
#include "keeper/account/admin.h"

struct admin {
	struct keeper *keeper;
	struct keeper_thread *thread;
	struct why why;
};

MUST_USE err admin_open(const struct config *config, struct admin *ret_admin);
void admin_close(struct admin *admin);

/* "https://login.example.org/set-password?link=...": the address that people type, the page, the token. */
void admin_link_put(const struct config *config, const char *page, const struct link_text *link, struct buf *out);

#endif
