/*
 * Prints the table of settings: `config show`, .env.example and the manual.
 */
#ifndef CONFIG_REPORT_H
#define CONFIG_REPORT_H

#include "config/load.h"

/* NAME=value and its origin, one line each.  The key and passwords inside URLs are not shown. */
void report_show(const struct config *config, const struct origins *origins, struct buf *out);

/* The text of .env.example. */
void report_example(struct buf *out);

/* The text of docs/reference/settings.md. */
void report_manual(struct buf *out);

#endif
