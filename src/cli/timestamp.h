/* Timestamps on the command line: UTC in the form of RFC 3339, in whole seconds. */
#ifndef CLI_TIMESTAMP_H
#define CLI_TIMESTAMP_H

#include "base/buf.h"
#include "cli/json.h"

/* "2026-11-23T08:14:07Z", or "-" for 0. */
void timestamp_put(struct buf *out, int64_t us);

/* The same as a member of an object; null for 0. */
void timestamp_put_json(struct cli_json *line, const char *name, int64_t us);

/* "2026-11-23", "2026-11-23T08:14:07Z", or a span before now: "30d", "12h", "15m".  ERR_INVALID. */
MUST_USE err timestamp_read(str text, int64_t now_us, int64_t *ret_us);

#endif
