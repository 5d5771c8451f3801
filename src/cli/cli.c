#include "cli/cli.h"

#include "base/log.h"
#include "base/user.h"
#include "config/locate.h"
#include "config/nearest.h"
#include "keeper/core/failure.h"

#include <getopt.h>
#include <stdio.h>

int
cli_fail(err e, const struct why *why)
{
	bool explained = why != NULL && why->text[0] != '\0';
	const char *begin = explained ? "" : "Nothing was changed.  ";
	const char *sentence = explained ? why->text : failure_sentence(e);

	if (e == ERR_DENIED && user_became() != NULL)
		cli_say("doubletour: %s%s  This command runs as the user %s, the owner of DATA_DIR.", begin, sentence,
			user_became());
	else
		cli_say("doubletour: %s%s", begin, sentence);
	return e == ERR_CONFIG ? CLI_CONFIG : CLI_FAILED;
}

int
cli_served(err e, const struct why *why)
{
	int status = e == ERR_OK ? CLI_DONE : cli_fail(e, why);

	log_end();
	return status;
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

enum {
	TOPICS_MAX = 32,
	OPTIONS_MAX = 32,
	OPTIONS_OF_ALL = 2,    /* --help, --settings */
	OPTION_SETTINGS = 256, /* getopt's numbers of long options begin behind those of bytes */
	OPTIONS_FROM
};

/*
 * Fill getopt's table: the options of all commands, then the subcommand's; an option's number is its index in
 * `options`.
 */
static void
cli_options_table(const struct cli_option *options, size_t n, struct option ret_table[OPTIONS_OF_ALL + OPTIONS_MAX + 1])
{
	memset(ret_table, 0, (OPTIONS_OF_ALL + OPTIONS_MAX + 1) * sizeof(ret_table[0]));
	ret_table[0] = (struct option){ "help", no_argument, NULL, 'h' };
	ret_table[1] = (struct option){ "settings", required_argument, NULL, OPTION_SETTINGS };
	for (size_t i = 0; i < n && i < OPTIONS_MAX; i++)
		ret_table[OPTIONS_OF_ALL + i] =
		    (struct option){ options[i].name,
				     options[i].value != NULL || options[i].lines != NULL ? required_argument
											  : no_argument,
				     NULL, OPTIONS_FROM + (int)i };
}

static void
cli_option_take(const struct cli_option *option)
{
	if (option->flag != NULL)
		*option->flag = true;
	if (option->value != NULL)
		*option->value = optarg;
	if (option->lines == NULL)
		return;
	buf_put(option->lines, str_of(optarg));
	buf_put_byte(option->lines, '\n');
}

/* Suggest the most similar option of the command, with its hyphens. */
static int
cli_option_unknown(const char *typed, const struct cli_option *options, size_t n, const char *command)
{
	char names[OPTIONS_MAX][40];
	const char *words[OPTIONS_OF_ALL + OPTIONS_MAX + 1] = { "--help", "--settings" };

	for (size_t i = 0; i < n && i < OPTIONS_MAX; i++) {
		snprintf(names[i], sizeof(names[i]), "--%s", options[i].name);
		words[OPTIONS_OF_ALL + i] = names[i];
	}
	return cli_unknown("option", typed, words, command);
}

/* The name behind getopt's number of a long option, or NULL. */
static const char *
cli_option_name(int number, const struct cli_option *options, size_t n)
{
	if (number == OPTION_SETTINGS)
		return "settings";
	return number >= OPTIONS_FROM && (size_t)(number - OPTIONS_FROM) < n ? options[number - OPTIONS_FROM].name
									     : NULL;
}

/* Report an option that getopt refused, as it was typed.  The value after '=' is not repeated. */
static int
cli_option_refuse(int answer, char **argv, const struct cli_option *options, size_t n)
{
	const char *name = cli_option_name(optopt, options, n);
	char typed[64];
	str rest = str_of(argv[optind - 1]);

	if (name != NULL) {
		cli_say("doubletour: --%s %s.  See `%s --help`.", name,
			answer == ':' ? "needs a value" : "takes no value", argv[0]);
		return CLI_USAGE;
	}
	if (optopt != 0 && optopt < OPTION_SETTINGS)
		snprintf(typed, sizeof(typed), "-%c", optopt);
	else
		str_visible_z(str_cut(&rest, '='), typed, sizeof(typed));
	return cli_option_unknown(typed, options, n, argv[0]);
}

/* Arguments are not repeated in messages: one may be a URL with a password. */
static int
cli_arguments_check(int argc, char **argv, int max_arguments)
{
	if (argc - optind <= max_arguments)
		return CLI_GO_ON;
	if (max_arguments == 0)
		cli_say("%s takes no arguments, but %d %s given.  See `%s --help`.", argv[0], argc - optind,
			argc - optind == 1 ? "was" : "were", argv[0]);
	else
		cli_say("%s takes at most %d argument%s, but %d were given.  See `%s --help`.", argv[0], max_arguments,
			max_arguments == 1 ? "" : "s", argc - optind, argv[0]);
	return CLI_USAGE;
}

int
cli_options(int argc, char **argv, const char *help, const struct cli_option *options, size_t n, int max_arguments)
{
	struct option table[OPTIONS_OF_ALL + OPTIONS_MAX + 1];
	int option;

	cli_options_table(options, n, table);
	while ((option = getopt_long(argc, argv, ":h", table, NULL)) != -1) {
		if (option == 'h')
			return cli_print(str_of(help));
		if (option == ':' || option == '?')
			return cli_option_refuse(option, argv, options, n);
		if (option == OPTION_SETTINGS)
			locate_name(optarg);
		else if (options != NULL)
			cli_option_take(&options[option - OPTIONS_FROM]);
	}
	return cli_arguments_check(argc, argv, max_arguments);
}

int
cli_arguments(int argc, char **argv, const char *help, int max_arguments)
{
	return cli_options(argc, argv, help, NULL, 0, max_arguments);
}

static const char *
cli_nearest_of(str word, const char *const *words)
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
	/* with another first letter it is another word: "version" is not near "session" */
	if (nearest == NULL || !nearest_is_near(least, word.n) || (least > 1 && nearest[0] != word.p[0]))
		return NULL;
	return nearest;
}

int
cli_unknown(const char *what, const char *word, const char *const *words, const char *command)
{
	const char *nearest = cli_nearest_of(str_of(word), words);
	struct cli_word typed = cli_word_of(word);

	if (nearest != NULL)
		cli_say("doubletour: there is no %s \"%s\".  Did you mean \"%s\"?  See `%s --help`.", what, typed.z,
			nearest, command);
	else
		cli_say("doubletour: there is no %s \"%s\".  See `%s --help`.", what, typed.z, command);
	return CLI_USAGE;
}

/* --- help by topic ------------------------------------------------------------------------------------------------ */

static const struct cli_topic *
cli_topic_find(int argc, char **argv, const struct cli_topic *topics)
{
	for (int i = 1; i < argc; i++)
		for (const struct cli_topic *topic = topics; topic->name != NULL; topic++)
			if (str_equal(str_of(argv[i]), str_of(topic->name)))
				return topic;
	return NULL;
}

bool
cli_topic_missing(int argc, char **argv, const struct cli_topic *topics)
{
	return argc > 1 && argv[1][0] != '-' && cli_topic_find(2, argv, topics) == NULL;
}

int
cli_topic_unknown(const char *word, const struct cli_topic *topics, const char *command)
{
	const char *words[TOPICS_MAX + 1] = { NULL };
	char what[64];

	for (size_t i = 0; i < TOPICS_MAX && topics[i].name != NULL; i++)
		words[i] = topics[i].name;
	snprintf(what, sizeof(what), "command of %s", command + strlen("doubletour "));
	return cli_unknown(what, word, words, command);
}

const char *
cli_topic_help(int argc, char **argv, const struct cli_topic *topics, const char *general, struct cli_help *room)
{
	const struct cli_topic *topic = cli_topic_find(argc, argv, topics);
	int n;

	if (topic == NULL)
		return general;
	n = snprintf(room->z, sizeof(room->z), "Usage: %s %s%s%s\n\n%s\n%s  --help               show this help\n",
		     argv[0], topic->name, topic->use[0] == '\0' ? "" : " ", topic->use, topic->text, topic->options);
	return n < 0 || (size_t)n >= sizeof(room->z) ? general : room->z;
}
