/*
 * What `--json` prints: objects, one a line, in the order in which their members were put.  A member that cannot be put is
 * remembered and told at the end, as in struct buf.
 *
 *	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };
 *	cli_json_text(&line, "name", name);
 *	cli_json_number(&line, "id", id);
 *	TRY(cli_json_put(&line, &out));       and the next line may begin
 *
 * Names are UTF-8 and stand once in an object: a second one replaces the first.  The memory behind an object is wiped when
 * it is given back, so that it may hold secrets.
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include "base/buf.h"

struct json_t;

struct cli_json {
	struct json_t *object; /* NULL while empty */
	err failed;            /* ERR_MEMORY once something did not fit */
};

/* Bytes that are not UTF-8 become U+FFFD each. */
void cli_json_text(struct cli_json *line, const char *name, str text);
void cli_json_number(struct cli_json *line, const char *name, int64_t number);
/* A number; above INT64_MAX, where readers lose digits, its digits as a text. */
void cli_json_counter(struct cli_json *line, const char *name, uint64_t counter);
void cli_json_bool(struct cli_json *line, const char *name, bool yes);
void cli_json_null(struct cli_json *line, const char *name);
/* An empty list; then cli_json_list_text appends to it. */
void cli_json_list(struct cli_json *line, const char *name);
void cli_json_list_text(struct cli_json *line, const char *name, str text);

/* Append the object as one line of UTF-8 with its newline, and empty it.  ERR_MEMORY, ERR_TOO_LONG. */
MUST_USE err cli_json_put(struct cli_json *line, struct buf *out);

void cli_json_wipe(struct cli_json *line);

#endif
