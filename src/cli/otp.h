/*
 * For `doubletour otp`: declarations that its files share.
 *
 *	otp.c          the table of commands, and running one
 *	otp_options.c  the options of all commands, as a table
 *	otp_input.c    standard input, files, the terminal
 *	otp_source.c   the parameters of codes, from a secret or a URI
 *	otp_code.c     generate, verify
 *	otp_uri.c      secret, uri, parse
 *	otp_migration.c  migration
 *	otp_qr.c       qr
 *
 * A command returns ERR_OK with its text in `out`, or an err with its sentence in `why`.
 */
#ifndef CLI_OTP_H
#define CLI_OTP_H

#include "base/buf.h"
#include "cli/json.h"

#include <doubletour/otp.h>
#include <stdio.h>

enum {
	TOOL_LINE_MAX = 16 * 1024,        /* largest secret, URI or code in bytes */
	TOOL_MIGRATION_MAX = 256 * 1024,  /* most bytes of a migration */
	TOOL_OUTPUT_MAX = 4 * 1024 * 1024 /* most bytes that a command writes */
};

/* The option's index in the table of otp_options.c. */
enum tool_option_id {
	OPT_FILE,
	OPT_HEX,
	OPT_HOTP,
	OPT_COUNTER,
	OPT_STEAM,
	OPT_ALGORITHM,
	OPT_DIGITS,
	OPT_PERIOD,
	OPT_START,
	OPT_TIME,
	OPT_OFFSET,
	OPT_COUNT,
	OPT_WINDOW,
	OPT_AFTER,
	OPT_CODE_FILE,
	OPT_RESYNC,
	OPT_DRIFT,
	OPT_ISSUER,
	OPT_ACCOUNT,
	OPT_IMAGE,
	OPT_NEW,
	OPT_BYTES,
	OPT_LEAVE_DEFAULTS,
	OPT_NO_SECRET,
	OPT_PNG,
	OPT_SVG,
	OPT_SCALE,
	OPT_LIGHT,
	OPT_FORCE,
	OPT_ALLOW_SHORT,
	OPT_VERBOSE,
	OPT_JSON,
	OPT_HELP,
	OPT_END /* the number of options */
};

/* The commands, as bits. */
enum tool_command_bit {
	GENERATE = 1,
	VERIFY = 2,
	SECRET = 4,
	URI = 8,
	PARSE = 16,
	QR = 32,
	MIGRATION = 64,
};

struct tool_value {
	bool given;
	const char *text; /* as it was typed */
	uint64_t number;
	int64_t signed_number; /* also a timestamp: Unix time in microseconds */
};

struct tool {
	const struct tool_command *command;
	struct tool_value value[OPT_END];
	const char *argument; /* NULL: none */
	struct buf out;
	struct why why;
	bool misused; /* the err comes from options or arguments, not from input */
	int status;   /* exit status without an err: enum cli_status */
};

struct tool_command {
	enum tool_command_bit bit;
	const char *name;
	const char *full;     /* argv[0]: messages begin with it */
	const char *line;     /* for the list of commands */
	const char *use;      /* after the name in the help's first line */
	const char *examples; /* the end of the help */
	bool takes_argument;
	int failed; /* exit status for an err other than misuse */
	err (*run)(struct tool *tool);
};

/* return TOOL_MISUSED(tool, "what is wrong, and what to do."); */
#define TOOL_MISUSED(tool, ...) ((tool)->misused = true, why_set(&(tool)->why, ERR_INVALID, __VA_ARGS__))

static inline bool
tool_given(const struct tool *tool, enum tool_option_id id)
{
	return tool->value[id].given;
}

static inline uint64_t
tool_number(const struct tool *tool, enum tool_option_id id, uint64_t otherwise)
{
	return tool->value[id].given ? tool->value[id].number : otherwise;
}

/* The flags for the functions of the library that take a secret. */
static inline unsigned
tool_secret_flags(const struct tool *tool)
{
	return tool_given(tool, OPT_ALLOW_SHORT) ? OTP_ALLOW_SHORT_SECRET : 0;
}

/* --- otp_options.c ------------------------------------------------------------------------------------------------ */

/* Read options and argument.  Returns CLI_GO_ON, or the exit status after a message or the help. */
int tool_options_read(struct tool *tool, int argc, char **argv);
const char *tool_option_name(enum tool_option_id id);
/* "SHA1": the name in URIs and for --algorithm. */
const char *tool_algorithm_name(enum otp_algorithm algorithm);

/* --- otp_input.c -------------------------------------------------------------------------------------------------- */

/*
 * Append the content of a file (NULL or "-": standard input) to ret_text, up to its maximum.  If standard input is a
 * terminal, ask for one line without echo.  ERR_TOO_LONG, ERR_IO, or ERR_NOT_FOUND for nothing except white space.
 *
 *   what  "The secret": for the prompt and the messages
 */
err tool_read(struct tool *tool, const char *file, const char *what, struct buf *ret_text);
/*
 * The same for --file, as one line without surrounding white space; it points into `text`.  ERR_INVALID: several lines.
 */
err tool_read_line(struct tool *tool, const char *file, const char *what, struct buf *text, str *ret_line);

/* --- otp_source.c ------------------------------------------------------------------------------------------------- */

enum tool_kind { TOOL_TOTP = 1, TOOL_HOTP = 2, TOOL_STEAM = 4 };

/* The parameters of codes.  Contains a secret: wipe it. */
struct tool_source {
	enum tool_kind kind;
	struct otp_key key;
	struct otp_totp totp; /* its digits apply to HOTP too */
	uint64_t counter;
	int64_t now_us; /* --time, or now */
};
void tool_source_wipe(struct tool_source *source);

/* Read a secret or a URI from --file, and the options.  After an err there is nothing to wipe. */
err tool_source_get(struct tool *tool, struct tool_source *ret_source);

/* Read only the options: type, Steam, algorithm, digits, period, counter. */
err tool_uri_of_options(struct tool *tool, struct otp_uri *ret_uri);
/* Decode a secret, base32 or with --hex hexadecimal, into uri. */
err tool_secret_decode(struct tool *tool, str text, struct otp_uri *uri);
err tool_uri_parse(struct tool *tool, str text, struct otp_uri *ret_uri);
bool tool_is_uri(str text);

/* ERR_OK for OTP_OK; otherwise an err with the sentence `refused`, or one about libcrypto. */
err tool_otp(struct tool *tool, enum otp_status status, const char *refused);

/* --- otp_uri.c ---------------------------------------------------------------------------------------------------- */

/* Print a URI as a line, or with --json as an object. */
err tool_put_uri(struct tool *tool, const char *uri);

/* --- the commands ------------------------------------------------------------------------------------------------- */

err tool_generate(struct tool *tool);
err tool_verify(struct tool *tool);
err tool_secret(struct tool *tool);
err tool_uri(struct tool *tool);
err tool_parse(struct tool *tool);
err tool_qr(struct tool *tool);
err tool_migration(struct tool *tool);

#endif
