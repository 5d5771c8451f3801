#include "cli/cli.h"

#include "config/nearest.h"

#include <getopt.h>
#include <stdio.h>

int
cli_fail(err e, const struct why *why)
{
	fprintf(stderr, "doubletour: %s\n", why != NULL && why->text[0] != '\0' ? why->text : err_name(e));
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

int
cli_arguments(int argc, char **argv, const char *help, int max_arguments)
{
	static const struct option options[] = { { "help", no_argument, NULL, 'h' }, { 0 } };
	int option = getopt_long(argc, argv, "h", options, NULL);

	if (option == 'h')
		return cli_print(str_of(help));
	if (option != -1) {
		fprintf(stderr, "`%s --help` says what it takes.\n", argv[0]);
		return CLI_USAGE;
	}
	if (argc - optind <= max_arguments)
		return CLI_GO_ON;
	fprintf(stderr, "doubletour: %s: one argument too many.  `%s --help` says what it takes.\n",
		argv[optind + max_arguments], argv[0]);
	return CLI_USAGE;
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
