/*
 * All that a command prints goes through here (tools/lint_calls.py refuses stdio elsewhere in cli/), so that text from outside
 * (names, files, answers of servers, arguments) never moves a terminal and never makes a line of its own.
 *
 *	cli_say("doubletour: there is no account %s.", name);       one line on standard error
 *	cli_line(&out, "%-16s %.*s", "name", STR_ARG(name));         one line of a text for standard output
 *	return cli_print(buf_str(&out));
 */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include "base/buf.h"

/* One line on standard error.  What is formatted is made visible (base/str.h); the line end is added. */
void cli_say(const char *format, ...) PRINTF_LIKE(1, 2);

/* Append one line, made visible, with its line end. */
void cli_line(struct buf *out, const char *format, ...) PRINTF_LIKE(2, 3);

/* Write text to standard output; CLI_DONE or CLI_FAILED.  What is not visible is made so, but for line ends. */
int cli_print(str text);
/* One formatted line. */
int cli_print_line(const char *format, ...) PRINTF_LIKE(1, 2);
/* Bytes as they are: images, and texts of ours in which tabs stand (all that comes from outside was checked before). */
int cli_print_bytes(str bytes);

/* The help on standard error, for a command that lacks its arguments; CLI_USAGE. */
int cli_print_usage(const char *help);

/* What stays on its line of the terminal: drawn over what stood there; and an empty line in its place. */
void cli_redraw(const char *format, ...) PRINTF_LIKE(1, 2);
void cli_clear_line(void);

/* "1 account", "2 accounts": the number with its noun.  many NULL: the noun with an s. */
void cli_count(struct buf *out, int64_t n, const char *one, const char *many);

/* An argument as a message may repeat it: visible, short, and hidden where it could hold a secret (an address, a DSN). */
struct cli_word {
	char z[64];
};
struct cli_word cli_word_of(const char *argument);

/* The address of a page the same way: hidden where it could hold a password. */
struct cli_word cli_url_of(const char *url);

/* Append text, made visible, and fill up with spaces to so many columns; one space at least. */
void cli_column(struct buf *out, str text, size_t columns);

#endif
