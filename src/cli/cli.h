/*
 * The command line: main.c is the table of subcommands, each has a file of its own.
 *
 *	int
 *	cli_version(struct cli *cli, int argc, char **argv)      argv[0] is "doubletour version", for getopt's messages
 *	{
 *		int status = cli_arguments(argc, argv, help, 0);      --help, and how many arguments there may be
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
	CLI_GO_ON = -1, /* not an exit status: there is nothing to answer yet */
	CLI_DONE = 0,
	CLI_FAILED = 1, /* could not */
	CLI_USAGE = 2,  /* wrong usage */
	CLI_CONFIG = 78 /* bad configuration: sysexits.h EX_CONFIG */
};

struct cli {
	struct config config; /* empty until cli_config */
	bool config_loaded;
};

/* Load the settings once; CLI_GO_ON, or the status to end with after saying why. */
int cli_config(struct cli *cli);

/* Print "doubletour: SENTENCE" on standard error (the err's name when there is none); the exit status for that err. */
int cli_fail(err e, const struct why *why);

/* The exit status of a process that served until now; its last lines of log are written, unless nobody reads them. */
int cli_served(err e, const struct why *why);

/* A long option of a subcommand.  Each pointer may be NULL; with a value it takes an argument. */
struct cli_option {
	const char *name;   /* "json" */
	bool *flag;         /* becomes true */
	const char **value; /* what stood behind it */
};

/*
 * Read the options of a subcommand, at most 16 and --help: CLI_GO_ON with optind at the first argument; CLI_DONE after
 * printing the help; CLI_USAGE after saying what was wrong, also when there are more than max_arguments.
 */
int cli_options(int argc, char **argv, const char *help, const struct cli_option *options, size_t n, int max_arguments);

/* The same for one without options but --help. */
int cli_arguments(int argc, char **argv, const char *help, int max_arguments);

/*
 * Say that there is no such word, name the nearest of `words` (NULL-terminated) and the command's --help, and return CLI_USAGE.
 * A word that could hold a secret is not repeated.
 */
int cli_unknown(const char *what, const char *word, const char *const *words, const char *command);

/* A command that has commands of its own explains each of them: `doubletour user add --help`, `doubletour help user add`. */
struct cli_topic {
	const char *name;    /* NULL ends the table */
	const char *use;     /* behind the name in the first line */
	const char *text;    /* lines */
	const char *options; /* lines, or "" */
};

/* Is the first argument a word that is no topic's name?  Then its help is asked for in vain, too. */
bool cli_topic_missing(int argc, char **argv, const struct cli_topic *topics);

/* Say so, with the nearest one; command: "doubletour user". */
int cli_topic_unknown(const char *word, const struct cli_topic *topics, const char *command);

/* The help for what was typed: of the first word that is a topic's name, else `general`.  It may live in `room`. */
struct cli_help {
	char z[4096];
};
const char *cli_topic_help(int argc, char **argv, const struct cli_topic *topics, const char *general,
			   struct cli_help *room);

/* The subcommands. */
int cli_run(struct cli *cli, int argc, char **argv);
int cli_web(struct cli *cli, int argc, char **argv); /* what run starts beside itself; not for people */
int cli_db(struct cli *cli, int argc, char **argv);
int cli_otp(struct cli *cli, int argc, char **argv);
int cli_config_command(struct cli *cli, int argc, char **argv);
int cli_routes(struct cli *cli, int argc, char **argv);
int cli_version(struct cli *cli, int argc, char **argv);
int cli_backup(struct cli *cli, int argc, char **argv);
int cli_restore(struct cli *cli, int argc, char **argv);
int cli_check(struct cli *cli, int argc, char **argv);
int cli_rotate_key(struct cli *cli, int argc, char **argv);
int cli_import(struct cli *cli, int argc, char **argv);
int cli_user(struct cli *cli, int argc, char **argv);
int cli_invite(struct cli *cli, int argc, char **argv);
int cli_gate(struct cli *cli, int argc, char **argv);
int cli_proxy_config(struct cli *cli, int argc, char **argv);
int cli_doctor(struct cli *cli, int argc, char **argv);
int cli_audit(struct cli *cli, int argc, char **argv);

#endif
