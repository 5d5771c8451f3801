/*
 * `doubletour otp`: one-time codes on the command line, with the server's library.  Needs no settings and no database.
 */
#include "cli/otp.h"

#include "base/secret.h"
#include "cli/cli.h"

static const struct tool_command commands[] = {
	{
	    .bit = GENERATE,
	    .name = "generate",
	    .full = "doubletour otp generate",
	    .line = "print the current code, or the code for another time or a counter",
	    .use = "[OPTIONS] <SECRET-OR-URI",
	    .examples = "Examples:\n"
			"  doubletour otp generate --file shop.secret\n"
			"  doubletour otp generate --hotp --counter 7 --count 3 <token.secret\n"
			"  zbarimg -q --raw shop.png | doubletour otp generate --verbose\n",
	    .failed = CLI_FAILED,
	    .run = tool_generate,
	},
	{
	    .bit = VERIFY,
	    .name = "verify",
	    .full = "doubletour otp verify",
	    .line = "check a code",
	    .use = "[OPTIONS] CODE <SECRET-OR-URI",
	    .examples = "Examples:\n"
			"  doubletour otp verify 492039 --file shop.secret\n"
			"  doubletour otp verify 492039 --file shop.secret --after 59382910\n"
			"  doubletour otp verify 755224 --hotp --counter 0 --resync 287082 <token.secret\n"
			"\n"
			"Exit status: 0 the code is right, 1 it is wrong, 2 wrong usage, or it could not be checked.\n",
	    .takes_argument = true,
	    .failed = CLI_USAGE,
	    .run = tool_verify,
	},
	{
	    .bit = SECRET,
	    .name = "secret",
	    .full = "doubletour otp secret",
	    .line = "print a new random secret",
	    .use = "[OPTIONS]",
	    .examples = "Examples:\n"
			"  doubletour otp secret\n"
			"  (umask 077; doubletour otp secret --bytes 32 --hex >token.secret)\n",
	    .failed = CLI_FAILED,
	    .run = tool_secret,
	},
	{
	    .bit = URI,
	    .name = "uri",
	    .full = "doubletour otp uri",
	    .line = "print a secret as an otpauth:// URI, for authenticators",
	    .use = "--account NAME [OPTIONS] <SECRET",
	    .examples = "Examples:\n"
			"  doubletour otp uri --issuer Shop --account ann --file shop.secret\n"
			"  doubletour otp uri --issuer Shop --account ann --new | doubletour otp qr\n",
	    .failed = CLI_FAILED,
	    .run = tool_uri,
	},
	{
	    .bit = PARSE,
	    .name = "parse",
	    .full = "doubletour otp parse",
	    .line = "print the parts of an otpauth:// URI",
	    .use = "[OPTIONS] <URI",
	    .examples = "Examples:\n"
			"  zbarimg -q --raw shop.png | doubletour otp parse\n"
			"  doubletour otp parse --no-secret --json --file shop.uri\n",
	    .failed = CLI_FAILED,
	    .run = tool_parse,
	},
	{
	    .bit = QR,
	    .name = "qr",
	    .full = "doubletour otp qr",
	    .line = "draw a URI, or any text, as a QR code",
	    .use = "[OPTIONS] <TEXT",
	    .examples = "Examples:\n"
			"  doubletour otp qr --file shop.uri\n"
			"  doubletour otp uri --account ann --new | doubletour otp qr --png ann.png --scale 8\n"
			"\n"
			"Files are readable by their owner only.\n",
	    .failed = CLI_FAILED,
	    .run = tool_qr,
	},
	{
	    .bit = MIGRATION,
	    .name = "migration",
	    .full = "doubletour otp migration",
	    .line = "convert an export of Google Authenticator to otpauth:// URIs",
	    .use = "[OPTIONS] <URIS",
	    .examples = "Examples:\n"
			"  zbarimg -q --raw export-*.png | doubletour otp migration\n"
			"\n"
			"Read one otpauth-migration:// URI per line, and print one otpauth:// URI per account.\n"
			"Give all QR codes of an export at once, in any order.\n"
			"Exit status: 1 if a QR code is missing or repeated, or an account or a field was left out.\n"
			"The other accounts are printed.\n",
	    .failed = CLI_FAILED,
	    .run = tool_migration,
	},
};

static int
cli_otp_help(bool to_stderr)
{
	CLEANUP(buf_wipe) struct buf out = BUF(4096);

	buf_put(&out, STR("Usage: doubletour otp COMMAND [OPTIONS]\n\n"));
	for (size_t i = 0; i < COUNT(commands); i++)
		cli_line(&out, "  %-10s %s", commands[i].name, commands[i].line);
	buf_put(
	    &out,
	    STR("\nSecrets and URIs are read from standard input or --file, so that no list of processes shows them.\n"
		"`doubletour otp COMMAND --help` explains each command; doubletour-otp(1) is the manual.\n"
		"\n"
		"Example: doubletour otp uri --issuer Shop --account ann --new | doubletour otp qr\n"
		"\n"
		"Exit status: 0 success, 1 failure (verify: the code is wrong), 2 wrong usage.\n"));
	buf_put_byte(&out, '\0');
	return buf_check(&out) != ERR_OK ? CLI_FAILED : to_stderr ? cli_print_usage(out.p) : cli_print(str_of(out.p));
}

static const struct tool_command *
cli_otp_find(str word)
{
	for (size_t i = 0; i < COUNT(commands); i++)
		if (str_equal(word, str_of(commands[i].name)))
			return &commands[i];
	return NULL;
}

static int
cli_otp_unknown(const char *word)
{
	const char *words[COUNT(commands) + 1] = { NULL };

	for (size_t i = 0; i < COUNT(commands); i++)
		words[i] = commands[i].name;
	return cli_unknown("command of otp", word, words, "doubletour otp");
}

/* Print the output up to a failure too: the accounts of a migration before the broken line. */
static int
cli_otp_end(struct tool *tool, err e)
{
	str text = buf_str(&tool->out);
	bool image = tool->command->bit == QR && !tool_given(tool, OPT_JSON);
	int printed = str_empty(text) ? CLI_DONE : image ? cli_print_bytes(text) : cli_print(text);

	if (e != ERR_OK) {
		cli_fail(e == ERR_CONFIG ? ERR_INVALID : e, &tool->why);
		return tool->misused ? CLI_USAGE : tool->command->failed;
	}
	return printed == CLI_DONE ? tool->status : tool->command->failed;
}

/* Wipe the stack below: the dynamic linker may have saved registers there while it resolved a function. */
__attribute__((noinline)) static void
scrub_stack(void)
{
	char below[64 * 1024];

	secret_wipe(below, sizeof(below));
}

static int
cli_otp_run(const struct tool_command *command, int argc, char **argv)
{
	struct tool tool = { .command = command, .out = BUF(TOOL_OUTPUT_MAX) };
	int status = tool_options_read(&tool, argc, argv);

	if (status == CLI_GO_ON)
		status = cli_otp_end(&tool, command->run(&tool));
	buf_wipe(&tool.out);
	scrub_stack();
	return status;
}

/* Unbuffered standard output keeps no copy of a secret. */
static void
cli_otp_keep_nothing(void)
{
	setvbuf(stdout, NULL, _IONBF, 0);
}

int
cli_otp(struct cli *cli, int argc, char **argv)
{
	const struct tool_command *command;

	(void)cli;
	if (argc < 2)
		return cli_otp_help(true);
	if (str_equal(str_of(argv[1]), STR("--help")) || str_equal(str_of(argv[1]), STR("-h")))
		return cli_otp_help(false);
	command = cli_otp_find(str_of(argv[1]));
	if (command == NULL)
		return cli_otp_unknown(argv[1]);
	cli_otp_keep_nothing();
	argv[1] = (char *)command->full;
	return cli_otp_run(command, argc - 1, argv + 1);
}
