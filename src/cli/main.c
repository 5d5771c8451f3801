/*
 * doubletour: the table of subcommands.
 */
#include "cli/cli.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/process.h"
#include "config/locate.h"
#include "keeper/core/audit.h"

#include <stdlib.h>
#include <unistd.h>

enum { WORDS_MAX = 8 }; /* after `doubletour help` */

static int main_help(struct cli *cli, int argc, char **argv);

static const struct command {
	const char *name;
	const char *full; /* argv[0] of the subcommand, for getopt's messages */
	const char *line; /* for `doubletour help`; NULL: not for people */
	int (*run)(struct cli *cli, int argc, char **argv);
} commands[] = {
	{ "run", "doubletour run", "start the login server", cli_run },
	{ "web", "doubletour web", NULL, cli_web },
	{ "setup", "doubletour setup", "write the settings, create the database and the first account", cli_setup },
	{ "db", "doubletour db", "create, upgrade and inspect the database", cli_db },
	{ "user", "doubletour user", "manage accounts: add, list, show, disable, reset, delete ...", cli_user },
	{ "client", "doubletour client", "manage the applications that sign users in with OpenID Connect", cli_client },
	{ "invite", "doubletour invite", "print an invitation link for one registration", cli_invite },
	{ "audit", "doubletour audit", "print the audit trail", cli_audit },
	{ "gate", "doubletour gate", "show which access rule applies to a URL, and why", cli_gate },
	{ "doctor", "doubletour doctor", "test whether a proxy lets requests past the gate", cli_doctor },
	{ "healthcheck", "doubletour healthcheck", "ask the running server whether it is healthy", cli_healthcheck },
	{ "proxy-config", "doubletour proxy-config",
	  "print a configuration for nginx, Caddy, Traefik, HAProxy or Envoy", cli_proxy_config },
	{ "import", "doubletour import", "import accounts from another application", cli_import },
	{ "backup", "doubletour backup", "copy the database to a file; the server may be running", cli_backup },
	{ "restore", "doubletour restore", "restore a backup", cli_restore },
	{ "check", "doubletour check", "check the whole database for errors", cli_check },
	{ "rotate-key", "doubletour rotate-key", "replace the master key and encrypt all secrets again",
	  cli_rotate_key },
	{ "rotate-keys", "doubletour rotate-keys", "list, renew or withdraw the keys that sign ID tokens",
	  cli_rotate_keys },
	{ "otp", "doubletour otp", "generate and verify one-time codes; secrets, URIs and QR codes", cli_otp },
	{ "config", "doubletour config", "check and show the settings", cli_config_command },
	{ "routes", "doubletour routes", "list the routes and the session states that may open them", cli_routes },
	{ "version", "doubletour version", "print the versions of the program and its libraries", cli_version },
	{ "help", "doubletour help", "show this list, or the help of a command", main_help },
};

static int
main_help_list(void)
{
	CLEANUP(buf_wipe) struct buf out = BUF(8 * 1024);

	buf_put(&out, STR("Doubletour, a login server with two-factor authentication.\n\n"
			  "Usage: doubletour COMMAND [OPTIONS]\n\n"));
	for (size_t i = 0; i < COUNT(commands); i++)
		if (commands[i].line != NULL)
			cli_line(&out, "  %-13s %s", commands[i].name, commands[i].line);
	buf_put(&out,
		STR("\nEvery COMMAND except otp accepts --settings FILE: it reads the settings from FILE.\n"
		    "Without it, the file is the one that DOUBLETOUR_SETTINGS names, otherwise .env in the current\n"
		    "directory, otherwise /etc/doubletour/doubletour.env.\n"
		    "\nRun `doubletour COMMAND --help` for the help of a command.\n"
		    "Exit status: 0 success, 1 failure, 2 wrong usage, 78 invalid configuration.\n"));
	return cli_print(buf_str(&out));
}

/* Without a command. */
static int
main_usage(void)
{
	(void)main_help_list();
	return CLI_USAGE;
}

static const struct command *
main_find(str word)
{
	if (str_equal(word, STR("--help")) || str_equal(word, STR("-h")))
		word = STR("help");
	if (str_equal(word, STR("--version")))
		word = STR("version");
	for (size_t i = 0; i < COUNT(commands); i++)
		if (str_equal(word, str_of(commands[i].name)))
			return &commands[i];
	return NULL;
}

static int
main_unknown_option(const char *word)
{
	static const char *const options[] = { "--help", "--settings", "--version", NULL };

	return cli_unknown("option", word, options, "doubletour");
}

static int
main_unknown(const char *word)
{
	const char *words[COUNT(commands) + 1] = { NULL };
	size_t n = 0;

	if (word[0] == '-' && word[1] != '\0')
		return main_unknown_option(word);
	for (size_t i = 0; i < COUNT(commands); i++)
		if (commands[i].line != NULL)
			words[n++] = commands[i].name;
	return cli_unknown("command", word, words, "doubletour");
}

/* `doubletour help user add` is `doubletour user add --help`. */
static int
main_help(struct cli *cli, int argc, char **argv)
{
	static char option[] = "--help";
	char *words[WORDS_MAX + 3] = { NULL };
	const struct command *command = argc < 2 ? NULL : main_find(str_of(argv[1]));
	int n = 0;

	if (argc < 2 || (command != NULL && command->run == main_help))
		return main_help_list();
	if (command == NULL || command->line == NULL)
		return main_unknown(argv[1]);
	words[n++] = (char *)command->full;
	for (int i = 2; i < argc && n <= WORDS_MAX; i++)
		words[n++] = argv[i];
	words[n++] = option;
	return command->run(cli, n, words);
}

/* Read `--settings FILE` or `--settings=FILE` before the command; *ret_n is the number of words read. */
static int
main_take_settings(int argc, char **argv, int *ret_n)
{
	str file = str_of(argc < 2 ? "" : argv[1]), name = str_cut(&file, '=');

	*ret_n = 0;
	if (!str_equal(name, STR("--settings")))
		return CLI_GO_ON;
	*ret_n = file.p == NULL ? 2 : 1;
	if (argc < *ret_n + 2) { /* the file or the command is missing */
		cli_say("doubletour: --settings needs a file and a command.  See `doubletour --help`.");
		return CLI_USAGE;
	}
	locate_name(file.p == NULL ? argv[2] : file.p);
	return CLI_GO_ON;
}

static int
main_dispatch(struct cli *cli, int argc, char **argv)
{
	const struct command *command = main_find(str_of(argv[1]));

	if (command == NULL)
		return main_unknown(argv[1]);
	argv[1] = (char *)command->full;
	return command->run(cli, argc - 1, argv + 1);
}

int
main(int argc, char **argv)
{
	struct cli cli = { .config_loaded = false };
	int status, read = 0;

	process_harden();
	mem_set_up();
	audit_command_by(getenv("SUDO_USER"), getuid());
	status = main_take_settings(argc, argv, &read);
	if (status != CLI_GO_ON)
		return status;
	status = argc - read < 2 ? main_usage() : main_dispatch(&cli, argc - read, argv + read);
	config_wipe(&cli.config);
	return status;
}
