#include "cli/cli.h"

#include "config/nearest.h"

#include <getopt.h>
#include <stdio.h>

/* Where nobody had anything better to say. */
static const char *
sentence_of(err e)
{
	switch (e) {
	case ERR_MEMORY:
		return "There is not enough memory.  Nothing was changed; try again.";
	case ERR_BUSY:
		return "Another program is writing to the database.  Nothing was changed; try again.";
	case ERR_AWAY:
	case ERR_IO:
		return "Reading or writing failed: is the disk full, or away?  Nothing was changed.";
	case ERR_CRYPTO:
		return "The system's randomness or libcrypto failed.  Nothing was changed; try again.";
	case ERR_CORRUPT:
		return "The database holds something that was not written by this program.  `doubletour check` says "
		       "what.";
	default:
		return err_name(e);
	}
}

int
cli_fail(err e, const struct why *why)
{
	fprintf(stderr, "doubletour: %s\n", why != NULL && why->text[0] != '\0' ? why->text : sentence_of(e));
	return e == ERR_CONFIG ? CLI_CONFIG : CLI_FAILED;
}

int
cli_config(struct cli *cli)
{
	struct why why = { 0 };
	err e = cli->config_loaded ? ERR_OK : config_load(&cli->config, &why);

	if (e != ERR_OK)
		return cli_fail(e, &why);
	cli->config_loaded = true;
	return CLI_GO_ON;
}

int
cli_print(str text)
{
	if (fwrite(text.p, 1, text.n, stdout) != text.n || fflush(stdout) != 0) {
		fputs("doubletour: standard output cannot be written to.\n", stderr);
		return CLI_FAILED;
	}
	return CLI_DONE;
}

enum { OPTIONS_MAX = 16 };

/* getopt's table: --help, then the subcommand's own, whose number is their place in `options`. */
static void
options_table(const struct cli_option *options, size_t n, struct option ret_table[OPTIONS_MAX + 2])
{
	memset(ret_table, 0, (OPTIONS_MAX + 2) * sizeof(ret_table[0]));
	ret_table[0] = (struct option){ "help", no_argument, NULL, 'h' };
	for (size_t i = 0; i < n && i < OPTIONS_MAX; i++)
		ret_table[i + 1] =
		    (struct option){ options[i].name, options[i].value != NULL ? required_argument : no_argument, NULL,
				     256 + (int)i };
}

static void
option_take(const struct cli_option *option)
{
	if (option->flag != NULL)
		*option->flag = true;
	if (option->value != NULL)
		*option->value = optarg;
}

int
cli_options(int argc, char **argv, const char *help, const struct cli_option *options, size_t n, int max_arguments)
{
	struct option table[OPTIONS_MAX + 2];
	int option;

	options_table(options, n, table);
	while ((option = getopt_long(argc, argv, "h", table, NULL)) != -1) {
		if (option == 'h')
			return cli_print(str_of(help));
		if (option < 256 || (size_t)(option - 256) >= n) {
			fprintf(stderr, "`%s --help` says what it takes.\n", argv[0]);
			return CLI_USAGE;
		}
		option_take(&options[option - 256]);
	}
	if (argc - optind <= max_arguments)
		return CLI_GO_ON;
	fprintf(stderr, "doubletour: %s: one argument too many.  `%s --help` says what it takes.\n",
		argv[optind + max_arguments], argv[0]);
	return CLI_USAGE;
}

int
cli_arguments(int argc, char **argv, const char *help, int max_arguments)
{
	return cli_options(argc, argv, help, NULL, 0, max_arguments);
}

static const char *
nearest_of(str word, const char *const *words)
{
	const char *nearest = NULL;
	size_t least = SIZE_MAX;

	for (; *words != NULL; words++) {
		size_t distance = nearest_distance(word, str_of(*words));
		if (distance < least) {
			least = distance;
			nearest = *words;
		}
	}
	return nearest_is_near(least, word.n) ? nearest : NULL;
}

int
cli_unknown(const char *what, const char *word, const char *const *words, const char *command)
{
	const char *nearest = nearest_of(str_of(word), words);

	if (nearest != NULL)
		fprintf(stderr, "doubletour: there is no %s \"%s\".  Is \"%s\" meant?\n", what, word, nearest);
	else
		fprintf(stderr, "doubletour: there is no %s \"%s\".  `%s --help` lists them.\n", what, word, command);
	return CLI_USAGE;
}
