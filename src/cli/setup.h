/*
 * `doubletour setup`: its questions, and the parts of other commands that it runs.
 */
#ifndef CLI_SETUP_H
#define CLI_SETUP_H

#include "cli/admin.h"

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

/* The demo's proxy for one application: demo.Caddyfile and the text of `proxy-config caddy`; the application's page. */
MUST_USE err setup_demo_proxy_put(const struct config *config, const char *listen, const char *app,
				  struct buf *ret_caddyfile, struct buf *ret_page, struct why *why);

/*
 * Create the account, and append a link for choosing a password. An account without a password gets a new link: the
 * first one may be lost. For an account with a password, say that it exists; ret_link stays empty.
 */
MUST_USE err setup_account_make(const struct config *config, const char *name, const struct admin_new *facts,
				struct why *why, struct buf *ret_link);

/* `doubletour setup --demo`: run the demo until a signal; return the exit status. */
int setup_demo(struct cli *cli, const char *port);

/*
 * The demo's two processes: the server, and Caddy with this program and the file Caddyfile in the current directory.
 * Their output goes to log files there. Return after a signal, or after a message if one of them ends. When both
 * listen, `answers` is called until it returns true: Caddy listens before it has its certificates. Then `ready` is
 * called once.
 */
struct demo_run {
	const char *caddy;
	uint16_t server_port, caddy_port;
	bool (*answers)(void *context);
	void (*ready)(void *context);
	void *context;
};
int demo_run(const struct demo_run *demo);

#endif
