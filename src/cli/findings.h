/* Prints the findings of a check of the database. */
#ifndef CLI_FINDINGS_H
#define CLI_FINDINGS_H

#include "base/buf.h"
#include "cli/json.h"
#include "keeper/ops/upkeep.h"

/* "12 accounts, 12 authenticators, ..." */
void findings_put(struct buf *out, const struct upkeep_findings *findings);
/* One line for each kind of problem that was found. */
void findings_put_problems(struct buf *out, const struct upkeep_findings *findings);
void findings_put_json(struct cli_json *line, const struct upkeep_findings *findings);

#endif
