/*
 * The output of `--json`: one object on each line, with members in the order of their insertion.  A failed insertion is
 * reported at the end, as in struct buf.
 *
 *	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };
 *	cli_json_text(&line, "name", name);
 *	cli_json_number(&line, "id", id);
 *	TRY(cli_json_put(&line, &out));       empties the object for the next line
 *
 * Names are UTF-8 and unique in an object: a second value replaces the first.  The memory of an object is wiped when it
 * is freed, so an object may contain secrets.
 */
#ifndef CLI_JSON_H
#define CLI_JSON_H

#include "base/buf.h"

struct json_t;

struct cli_json {
	struct json_t *object; /* NULL while empty */
	err failed;            /* ERR_MEMORY after a failed insertion */
};

/* Each byte that is not UTF-8 becomes U+FFFD. */
void cli_json_text(struct cli_json *line, const char *name, str text);
void cli_json_number(struct cli_json *line, const char *name, int64_t number);
/* A number; above INT64_MAX, where readers lose precision, a text of its digits. */
void cli_json_counter(struct cli_json *line, const char *name, uint64_t counter);
void cli_json_bool(struct cli_json *line, const char *name, bool yes);
void cli_json_null(struct cli_json *line, const char *name);
/* Insert a JSON object that is given as text. */
void cli_json_object(struct cli_json *line, const char *name, str json);
/* Insert an empty list; cli_json_list_text appends to it. */
void cli_json_list(struct cli_json *line, const char *name);
void cli_json_list_text(struct cli_json *line, const char *name, str text);
/* Append an object to that list, and empty the object. */
void cli_json_list_object(struct cli_json *line, const char *name, struct cli_json *object);

/* Append the object as one line of UTF-8 with a newline, and empty the object.  ERR_MEMORY, ERR_TOO_LONG. */
MUST_USE err cli_json_put(struct cli_json *line, struct buf *out);

void cli_json_wipe(struct cli_json *line);

/* Append a JSON object, given as text, in indented lines.  ERR_INVALID: not JSON. */
MUST_USE err cli_json_indent(str json, struct buf *out);

#endif
