/*
 * The command line: main.c has the table of subcommands; each subcommand has its own file.
 *
 *	int
 *	cli_version(struct cli *cli, int argc, char **argv)      argv[0] is "doubletour version", for getopt's messages
 *	{
 *		int status = cli_arguments(argc, argv, help, 0);      reads --help; 0: takes no arguments
 *		if (status != CLI_GO_ON)
 *			return status;
 *		...
 *		return CLI_DONE;
 *	}
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "cli/print.h"
#include "config/config.h"

enum cli_status {
	CLI_GO_ON = -1, /* not an exit status: the command continues */
	CLI_DONE = 0,
	CLI_FAILED = 1, /* the command failed */
	CLI_USAGE = 2,  /* wrong usage */
	CLI_CONFIG = 78 /* bad configuration: sysexits.h EX_CONFIG */
};

struct cli {
	struct config config; /* empty until cli_config */
	bool config_loaded;
};

/* Load the settings once.  Returns CLI_GO_ON, or after a message the exit status. */
int cli_config(struct cli *cli);

/*
 * Print "doubletour: SENTENCE" on standard error; without a sentence, that of the err.  Returns the exit status for the
 * err.
 */
int cli_fail(err e, const struct why *why);

/* The exit status of a process that has served.  Writes its last log lines, unless the log has no reader. */
int cli_served(err e, const struct why *why);

/* A long option of a subcommand.  Each pointer may be NULL; with a value or lines it takes an argument. */
struct cli_option {
	const char *name;   /* "json" */
	bool *flag;         /* becomes true */
	const char **value; /* its value */
	struct buf *lines;  /* of an option that may be repeated: each value becomes a line */
};

/*
 * Read the options of a subcommand (at most 32, and --help and --settings).  Returns CLI_GO_ON with optind at the
 * first argument, or CLI_DONE after printing the help.  Returns CLI_USAGE after a message for a wrong
 * option, or for more than max_arguments arguments.
 */
int cli_options(int argc, char **argv, const char *help, const struct cli_option *options, size_t n, int max_arguments);

/* The same for a command without options. */
int cli_arguments(int argc, char **argv, const char *help, int max_arguments);

/*
 * Print that the word is unknown, the most similar one of `words` (NULL-terminated) and the command's --help; return
 * CLI_USAGE.  A word that could contain a secret is not repeated.
 */
int cli_unknown(const char *what, const char *word, const char *const *words, const char *command);

/* A command with subcommands explains each of them: `doubletour user add --help`, `doubletour help user add`. */
struct cli_topic {
	const char *name;    /* NULL ends the table */
	const char *use;     /* after the name in the first line */
	const char *text;    /* lines */
	const char *options; /* lines, or "" */
};

/* Is the first argument no topic's name?  Then there is no help for it. */
bool cli_topic_missing(int argc, char **argv, const struct cli_topic *topics);

/* Print that the word is unknown, and the most similar topic; command: "doubletour user". */
int cli_topic_unknown(const char *word, const struct cli_topic *topics, const char *command);

/*
 * The help for the typed words: of the first word that is a topic's name, otherwise `general`.  It may be stored in
 * `room`.
 */
struct cli_help {
	char z[4096];
};
const char *cli_topic_help(int argc, char **argv, const struct cli_topic *topics, const char *general,
			   struct cli_help *room);

/* The subcommands. */
int cli_run(struct cli *cli, int argc, char **argv);
int cli_web(struct cli *cli, int argc, char **argv); /* run starts it as the web process; not for people */
int cli_setup(struct cli *cli, int argc, char **argv);
int cli_db(struct cli *cli, int argc, char **argv);
int cli_otp(struct cli *cli, int argc, char **argv);
int cli_config_command(struct cli *cli, int argc, char **argv);
int cli_routes(struct cli *cli, int argc, char **argv);
int cli_version(struct cli *cli, int argc, char **argv);
int cli_backup(struct cli *cli, int argc, char **argv);
int cli_restore(struct cli *cli, int argc, char **argv);
int cli_check(struct cli *cli, int argc, char **argv);
int cli_rotate_key(struct cli *cli, int argc, char **argv);
int cli_rotate_keys(struct cli *cli, int argc, char **argv);
int cli_import(struct cli *cli, int argc, char **argv);
int cli_user(struct cli *cli, int argc, char **argv);
int cli_client(struct cli *cli, int argc, char **argv);
int cli_invite(struct cli *cli, int argc, char **argv);
int cli_gate(struct cli *cli, int argc, char **argv);
int cli_proxy_config(struct cli *cli, int argc, char **argv);
int cli_doctor(struct cli *cli, int argc, char **argv);
int cli_healthcheck(struct cli *cli, int argc, char **argv);
int cli_audit(struct cli *cli, int argc, char **argv);

#endif
