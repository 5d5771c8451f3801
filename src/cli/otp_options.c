/*
 * The options of `doubletour otp`: one table for reading, checking and explaining them.
 */
#include "cli/otp.h"

#include "cli/cli.h"

#include <getopt.h>
#include <time.h>

enum kind { FLAG, TEXT, NUMBER, SIGNED, ALGORITHM, TIMESTAMP };

#define CODES (GENERATE | VERIFY)
#define ALL (CODES | SECRET | URI | PARSE | QR | MIGRATION)
#define SECONDS_MAX (INT64_MAX / 1000000)

static const struct tool_option {
	const char *name;
	const char *value; /* its name in the help; NULL: the option has no value */
	const char *text;
	enum kind kind;
	unsigned commands; /* bits of the commands with this option */
	uint64_t least, most;
} table[OPT_END] = {
	[OPT_FILE] = { "file", "F", "read file F instead of standard input (-)", TEXT, ALL & ~SECRET },
	[OPT_HEX] = { "hex", NULL, "the secret is in hex, not in base32", FLAG, CODES | SECRET | URI },
	[OPT_HOTP] = { "hotp", NULL, "HOTP codes, which depend on a counter instead of the time", FLAG, CODES | URI },
	[OPT_COUNTER] = { "counter", "N", "HOTP: the next counter", NUMBER, CODES | URI, 0, UINT64_MAX },
	[OPT_STEAM] = { "steam", NULL, "Steam codes: five letters and digits", FLAG, CODES | URI },
	[OPT_ALGORITHM] = { "algorithm", "A", "SHA1 (default), SHA256 or SHA512", ALGORITHM, CODES | URI },
	[OPT_DIGITS] = { "digits", "N", "digits of a code: 6 (default) to 10", NUMBER, CODES | URI, OTP_DIGITS_MIN,
			 OTP_DIGITS_MAX },
	[OPT_PERIOD] = { "period", "S", "seconds per step (default 30)", NUMBER, CODES | URI, 1, UINT32_MAX },
	[OPT_START] = { "start", "TIME", "time at which step 0 begins (default @0)", TIMESTAMP, CODES },
	[OPT_TIME] = { "time", "TIME", "use this time instead of now: 2030-01-31T12:00:00Z, or Unix time @1896091200",
		       TIMESTAMP, CODES },
	[OPT_OFFSET] = { "offset", "N", "move the time by N steps; a negative N moves it back", SIGNED, CODES, 0,
			 1000000 },
	[OPT_COUNT] = { "count", "N", "print N consecutive codes", NUMBER, GENERATE, 1, 10000 },
	[OPT_WINDOW] = { "window", "N",
			 "steps to check before and after, or counters ahead: default 1, at most 100;\n"
			 "with --resync and --drift default 100, at most 1000",
			 NUMBER, VERIFY, 0, OTP_RESYNC_MAX },
	[OPT_AFTER] = { "after", "STEP", "refuse this step and all earlier ones: their codes were used", NUMBER, VERIFY,
			0, INT64_MAX },
	[OPT_CODE_FILE] = { "code-file", "F", "read the code from file F", TEXT, VERIFY },
	[OPT_RESYNC] = { "resync", "CODE2", "HOTP: find the counter from two consecutive codes", TEXT, VERIFY },
	[OPT_DRIFT] = { "drift", "CODE2", "TOTP: find the error of the clock from two consecutive codes", TEXT,
			VERIFY },
	[OPT_ISSUER] = { "issuer", "NAME", "name of the service", TEXT, URI },
	[OPT_ACCOUNT] = { "account", "NAME", "name of the account", TEXT, URI },
	[OPT_IMAGE] = { "image", "ADDRESS", "URL of a logo; apps download it", TEXT, URI },
	[OPT_NEW] = { "new", NULL, "generate a random secret instead of reading one", FLAG, URI },
	[OPT_BYTES] = { "bytes", "N", "bytes of a random secret: 16 to 128 (default 20)", NUMBER, SECRET | URI,
			OTP_SECRET_MIN, OTP_SECRET_MAX },
	[OPT_LEAVE_DEFAULTS] = { "leave-defaults", NULL, "leave out what apps assume: SHA1, 6 digits, 30 seconds", FLAG,
				 URI },
	[OPT_NO_SECRET] = { "no-secret", NULL, "do not show the secret", FLAG, PARSE },
	[OPT_PNG] = { "png", "F", "write the QR code to file F (-: standard output) as PNG", TEXT, QR },
	[OPT_SVG] = { "svg", "F", "write it as SVG", TEXT, QR },
	[OPT_SCALE] = { "scale", "N", "PNG: pixels per module (default 4)", NUMBER, QR, 1, 64 },
	[OPT_LIGHT] = { "light", NULL, "for a terminal with dark text on a light background", FLAG, QR },
	[OPT_FORCE] = { "force", NULL, "replace an existing file", FLAG, QR },
	[OPT_ALLOW_SHORT] = { "allow-short", NULL, "accept a secret shorter than 128 bits", FLAG,
			      CODES | URI | PARSE | MIGRATION },
	[OPT_VERBOSE] = { "verbose", NULL, "also print the counter, or the step and the seconds left", FLAG, GENERATE },
	[OPT_JSON] = { "json", NULL, "print JSON, one object per line", FLAG, ALL },
	[OPT_HELP] = { "help", NULL, "print this help", FLAG, ALL },
};

const char *
tool_option_name(enum tool_option_id id)
{
	return table[id].name;
}

/* --- values ------------------------------------------------------------------------------------------------------- */

static const struct algorithm {
	const char *name, *other_name;
} algorithms[] = {
	[OTP_SHA1] = { "SHA1", "SHA-1" },
	[OTP_SHA256] = { "SHA256", "SHA-256" },
	[OTP_SHA512] = { "SHA512", "SHA-512" },
};

const char *
tool_algorithm_name(enum otp_algorithm algorithm)
{
	return algorithms[algorithm].name;
}

static err
cli_otp_options_read_algorithm(str text, uint64_t *ret_algorithm)
{
	for (size_t i = 0; i < COUNT(algorithms); i++)
		if (str_equal_nocase(text, str_of(algorithms[i].name)) ||
		    str_equal_nocase(text, str_of(algorithms[i].other_name))) {
			*ret_algorithm = i;
			return ERR_OK;
		}
	return ERR_INVALID;
}

static err
cli_otp_options_read_signed(str text, uint64_t most, int64_t *ret_number)
{
	bool negative = str_starts(text, STR("-"));
	uint64_t number = 0;

	if (negative || str_starts(text, STR("+")))
		text = str_from(text, 1);
	TRY(str_number(text, most, &number));
	*ret_number = negative ? -(int64_t)number : (int64_t)number;
	return ERR_OK;
}

/* Remove exactly n digits from the beginning, and return their number. */
static err
cli_otp_options_take_number(str *text, size_t n, uint64_t least, uint64_t most, int *ret_number)
{
	uint64_t number = 0;

	TRY(str_number(str_upto(*text, n), most, &number));
	if (text->n < n || number < least)
		return ERR_INVALID;
	*text = str_from(*text, n);
	*ret_number = (int)number;
	return ERR_OK;
}

/* Remove one byte from the beginning; it must be one of `bytes`. */
static err
cli_otp_options_take_byte(str *text, const char *bytes, char *ret_byte)
{
	if (str_empty(*text) || !str_has_byte(str_of(bytes), text->p[0]))
		return ERR_INVALID;
	*ret_byte = text->p[0];
	*text = str_from(*text, 1);
	return ERR_OK;
}

static err
cli_otp_options_take_date_and_time(str *text, struct tm *tm)
{
	const struct part {
		size_t digits;
		uint64_t least, most;
		int *number;
		const char *behind; /* one of these bytes follows */
	} parts[] = {
		{ 4, 0, 9999, &tm->tm_year, "-" }, { 2, 1, 12, &tm->tm_mon, "-" }, { 2, 1, 31, &tm->tm_mday, "Tt " },
		{ 2, 0, 23, &tm->tm_hour, ":" },   { 2, 0, 59, &tm->tm_min, ":" }, { 2, 0, 60, &tm->tm_sec, NULL },
	};
	char byte;

	for (size_t i = 0; i < COUNT(parts); i++) {
		TRY(cli_otp_options_take_number(text, parts[i].digits, parts[i].least, parts[i].most, parts[i].number));
		if (parts[i].behind != NULL)
			TRY(cli_otp_options_take_byte(text, parts[i].behind, &byte));
	}
	tm->tm_year -= 1900;
	tm->tm_mon -= 1;
	return ERR_OK;
}

/* ".25" as microseconds; further digits are dropped.  Without a fraction 0. */
static err
cli_otp_options_take_fraction(str *text, int64_t *ret_us)
{
	int64_t us = 0, unit = 100000;
	size_t n = 1;

	*ret_us = 0;
	if (!str_starts(*text, STR(".")))
		return ERR_OK;
	for (; n < text->n && text->p[n] >= '0' && text->p[n] <= '9'; n++, unit /= 10)
		us += (text->p[n] - '0') * unit;
	if (n == 1)
		return ERR_INVALID;
	*text = str_from(*text, n);
	*ret_us = us;
	return ERR_OK;
}

/* "Z" or "+02:00" at the end of the text, as seconds east. */
static err
cli_otp_options_take_zone(str text, int64_t *ret_east_s)
{
	int hours = 0, minutes = 0;
	char sign = 0, colon = 0;

	TRY(cli_otp_options_take_byte(&text, "Zz+-", &sign));
	if (sign == '+' || sign == '-') {
		TRY(cli_otp_options_take_number(&text, 2, 0, 23, &hours));
		TRY(cli_otp_options_take_byte(&text, ":", &colon));
		TRY(cli_otp_options_take_number(&text, 2, 0, 59, &minutes));
	}
	*ret_east_s = (sign == '-' ? -60 : 60) * (int64_t)(hours * 60 + minutes);
	return str_empty(text) ? ERR_OK : ERR_INVALID;
}

/* Does the date exist?  timegm converts 30 February to 2 March. */
static bool
cli_otp_options_day_exists(const struct tm *tm)
{
	struct tm day = { .tm_year = tm->tm_year, .tm_mon = tm->tm_mon, .tm_mday = tm->tm_mday };

	timegm(&day);
	return day.tm_mday == tm->tm_mday;
}

/* RFC 3339 s5.6, or @ and Unix time in seconds. */
static err
cli_otp_options_read_timestamp(str text, int64_t *ret_us)
{
	struct tm tm = { 0 };
	int64_t east_s = 0, us = 0, seconds = 0;

	if (str_starts(text, STR("@"))) {
		TRY(cli_otp_options_read_signed(str_from(text, 1), SECONDS_MAX, &seconds));
		*ret_us = seconds * 1000000;
		return ERR_OK;
	}
	TRY(cli_otp_options_take_date_and_time(&text, &tm));
	TRY(cli_otp_options_take_fraction(&text, &us));
	TRY(cli_otp_options_take_zone(text, &east_s));
	if (!cli_otp_options_day_exists(&tm))
		return ERR_INVALID;
	*ret_us = (timegm(&tm) - east_s) * 1000000 + us;
	return ERR_OK;
}

static err
cli_otp_options_read_value(const struct tool_option *option, str text, struct tool_value *value)
{
	switch (option->kind) {
	case NUMBER:
		TRY(str_number(text, option->most, &value->number));
		return value->number >= option->least ? ERR_OK : ERR_INVALID;
	case SIGNED:
		return cli_otp_options_read_signed(text, option->most, &value->signed_number);
	case TIMESTAMP:
		return cli_otp_options_read_timestamp(text, &value->signed_number);
	case ALGORITHM:
		return cli_otp_options_read_algorithm(text, &value->number);
	case FLAG:
	case TEXT:
		break;
	}
	return ERR_OK;
}

static int
cli_otp_options_say_wrong_value(const struct tool *tool, const struct tool_option *option)
{
	const char *name = option->name;

	switch (option->kind) {
	case TIMESTAMP:
		cli_say("doubletour: --%s takes a time such as 2030-01-31T12:00:00Z or @1896091200.", name);
		break;
	case ALGORITHM:
		cli_say("doubletour: --%s takes SHA1, SHA256 or SHA512.", name);
		break;
	case SIGNED:
		cli_say("doubletour: --%s takes a number from -%llu to %llu.", name, (unsigned long long)option->most,
			(unsigned long long)option->most);
		break;
	default:
		cli_say("doubletour: --%s takes a number from %llu to %llu.", name, (unsigned long long)option->least,
			(unsigned long long)option->most);
	}
	return CLI_USAGE;
}

/* --- the help ----------------------------------------------------------------------------------------------------- */

enum { HELP_MAX = 16 * 1024, HELP_COLUMN = 18 };

static void
cli_otp_options_put_option(struct buf *out, const struct tool_option *option)
{
	str rest = str_of(option->text), line = str_cut(&rest, '\n');
	char head[64];

	snprintf(head, sizeof(head), "--%s%s%s", option->name, option->value == NULL ? "" : " ",
		 option->value == NULL ? "" : option->value);
	cli_line(out, "  %-*s  %.*s", HELP_COLUMN, head, STR_ARG(line));
	while (rest.p != NULL) {
		line = str_cut(&rest, '\n');
		cli_line(out, "  %-*s  %.*s", HELP_COLUMN, "", STR_ARG(line));
	}
}

static int
cli_otp_options_help(const struct tool *tool)
{
	const struct tool_command *command = tool->command;
	CLEANUP(buf_wipe) struct buf out = BUF(HELP_MAX);

	cli_line(&out, "Usage: %s %s", command->full, command->use);
	buf_put_byte(&out, '\n');
	for (size_t i = 0; i < OPT_END; i++)
		if ((table[i].commands & command->bit) != 0)
			cli_otp_options_put_option(&out, &table[i]);
	buf_put_byte(&out, '\n');
	buf_put(&out, str_of(command->examples));
	return buf_check(&out) == ERR_OK ? cli_print(buf_str(&out)) : cli_fail(out.failed, NULL);
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

enum { LETTERS = 256 }; /* getopt's values of long options begin after those of bytes */

/* The options of one command for getopt_long. */
static void
cli_otp_options_list_options(unsigned command, struct option ret_options[OPT_END + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < OPT_END; i++)
		if ((table[i].commands & command) != 0)
			ret_options[n++] =
			    (struct option){ table[i].name, table[i].kind == FLAG ? no_argument : required_argument,
					     NULL, LETTERS + (int)i };
	ret_options[n] = (struct option){ 0 };
}

/* The value after '=' is not repeated: it may be a secret. */
static int
cli_otp_options_unknown(const struct tool *tool, const char *typed)
{
	const char *words[OPT_END + 1] = { NULL };
	char names[OPT_END][32], word[64];
	str rest = str_of(typed), typed_name = str_cut(&rest, '=');
	size_t n = 0;

	snprintf(word, sizeof(word), "%.*s", STR_ARG(typed_name));
	for (size_t i = 0; i < OPT_END; i++) {
		if ((table[i].commands & tool->command->bit) == 0)
			continue;
		snprintf(names[n], sizeof(names[n]), "--%s", table[i].name);
		words[n] = names[n];
		n++;
	}
	return cli_unknown("option", word, words, tool->command->full);
}

static int
cli_otp_options_refused(const struct tool *tool, int option, char **argv)
{
	if (option == ':')
		cli_say("doubletour: --%s needs a value.  See `%s --help`.", table[optopt - LETTERS].name,
			tool->command->full);
	else if (optopt >= LETTERS)
		cli_say("doubletour: --%s takes no value.  See `%s --help`.", table[optopt - LETTERS].name,
			tool->command->full);
	else if (optopt != 0)
		cli_say("doubletour: there is no option -%c.  See `%s --help`.", optopt, tool->command->full);
	else
		return cli_otp_options_unknown(tool, argv[optind - 1]);
	return CLI_USAGE;
}

static int
cli_otp_options_take_option(struct tool *tool, int id, const char *text)
{
	struct tool_value *value = &tool->value[id];

	if (id == OPT_HELP)
		return cli_otp_options_help(tool);
	if (value->given && table[id].kind != FLAG) {
		cli_say("doubletour: --%s is given twice: give it once.", table[id].name);
		return CLI_USAGE;
	}
	value->given = true;
	value->text = text;
	if (cli_otp_options_read_value(&table[id], str_of(text), value) != ERR_OK)
		return cli_otp_options_say_wrong_value(tool, &table[id]);
	return CLI_GO_ON;
}

/* Arguments are not repeated either: one may be a misplaced secret. */
static int
cli_otp_options_take_arguments(struct tool *tool, int argc, char **argv)
{
	bool one = tool->command->takes_argument;

	if (argc - optind > (one ? 1 : 0)) {
		cli_say("doubletour: %s.  Secrets and URIs are read from standard input or --file, where no list of "
			"processes shows them.  See `%s --help`.",
			one ? "There is one argument, the code" : "This takes no argument", tool->command->full);
		return CLI_USAGE;
	}
	tool->argument = argv[optind];
	return CLI_GO_ON;
}

int
tool_options_read(struct tool *tool, int argc, char **argv)
{
	struct option options[OPT_END + 1];
	int option, status = CLI_GO_ON;

	cli_otp_options_list_options(tool->command->bit, options);
	optind = 0; /* restarts getopt */
	while (status == CLI_GO_ON && (option = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
		if (option == '?' || option == ':')
			return cli_otp_options_refused(tool, option, argv);
		status = cli_otp_options_take_option(tool, option == 'h' ? OPT_HELP : option - LETTERS, optarg);
	}
	return status == CLI_GO_ON ? cli_otp_options_take_arguments(tool, argc, argv) : status;
}
