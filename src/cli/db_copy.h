/*
 * `doubletour db copy`, a part of `doubletour db` in a separate file.
 */
#ifndef CLI_DB_COPY_H
#define CLI_DB_COPY_H

#include "cli/cli.h"

/* The settings must have been read.  Returns an exit status. */
int cli_db_copy(struct cli *cli, const char *source_url, const char *target_url);

#endif
