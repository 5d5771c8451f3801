/*
 * `doubletour setup`: its questions, and the parts of other commands that it runs.
 */
#ifndef CLI_SETUP_H
#define CLI_SETUP_H

#include "cli/cli.h"

#include "base/buf.h"

enum setup_question { SETUP_URL, SETUP_PROXY, SETUP_REGISTRATION, SETUP_ADMIN, SETUP_QUESTIONS };
enum { SETUP_ANSWER_MAX = CONFIG_TEXT_MAX };

/*
 * Print a question on standard error and read one line from standard input. An empty line is the default. ret_answer
 * has no white space at its ends.
 *
 * ERR_NOT_FOUND  the input has ended
 * ERR_TOO_LONG   the line is too long
 */
MUST_USE err setup_ask(enum setup_question question, const char *standard, char ret_answer[SETUP_ANSWER_MAX]);

/* `db init`: create database and key, and say what exists already and where the key is. */
MUST_USE err setup_database_make(const struct config *config, struct why *why);

/* `proxy-config` without applications: the sign-in pages only. ERR_NOT_FOUND: no proxy has this name. */
MUST_USE err setup_proxy_put(const struct config *config, const char *name, struct buf *ret_text, struct why *why);

#endif
