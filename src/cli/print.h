/*
 * All output of commands goes through these functions (tools/lint_calls.py refuses stdio elsewhere in cli/).  So text
 * from outside (names, files, replies of servers, arguments) can neither control the terminal nor forge a line.
 *
 *	cli_say("doubletour: there is no account %s.", name);       one line on standard error
 *	cli_line(&out, "%-16s %.*s", "name", STR_ARG(name));         one line of text for standard output
 *	return cli_print(buf_str(&out));
 */
#ifndef CLI_PRINT_H
#define CLI_PRINT_H

#include "base/buf.h"

/* Print one line on standard error.  The formatted text is made visible (base/str.h), and a line end is added. */
void cli_say(const char *format, ...) PRINTF_LIKE(1, 2);

/* The same without a line end: a question, whose answer follows on its line. */
void cli_prompt(const char *format, ...) PRINTF_LIKE(1, 2);

/* Append one line, made visible, with its line end. */
void cli_line(struct buf *out, const char *format, ...) PRINTF_LIKE(2, 3);

/* Write text to standard output; CLI_DONE or CLI_FAILED.  Invisible characters are made visible, except line ends. */
int cli_print(str text);
/* Print one formatted line on standard output. */
int cli_print_line(const char *format, ...) PRINTF_LIKE(1, 2);
/* Write bytes unchanged: images, and our texts with tabs; any text from outside in them must have been checked. */
int cli_print_bytes(str bytes);

/* Print the help on standard error, for a command without its arguments; returns CLI_USAGE. */
int cli_print_usage(const char *help);

/* Redraw the current line of the terminal; an empty text clears it. */
void cli_redraw(const char *format, ...) PRINTF_LIKE(1, 2);
void cli_clear_line(void);

/* "1 account", "2 accounts": the number with its noun.  many NULL: the noun with an s. */
void cli_count(struct buf *out, int64_t n, const char *one, const char *many);

/* An argument for a message: visible, short, and hidden if it could contain a secret (a URL, a DSN). */
struct cli_word {
	char z[64];
};
struct cli_word cli_word_of(const char *argument);

/* The same for the URL of a page: hidden if it could contain a password. */
struct cli_word cli_url_of(const char *url);

/* Append text, made visible, and pad it with spaces to that many columns; at least one space. */
void cli_column(struct buf *out, str text, size_t columns);

#endif
