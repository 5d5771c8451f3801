/*
 * A part of `doubletour db` with a file of its own.
 */
#ifndef CLI_DB_COPY_H
#define CLI_DB_COPY_H

#include "cli/cli.h"

/* The settings must have been read.  An exit status. */
int cli_db_copy(struct cli *cli, const char *source_url, const char *target_url);

#endif
