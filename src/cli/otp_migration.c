/*
 * `doubletour otp migration`: prints an export of Google Authenticator as otpauth URIs.
 *
 * An export is one or more QR codes.  Accounts that cannot be printed, and missing or repeated QR codes, are named on
 * standard error; the exit status is then 1.
 */
#include "cli/otp.h"

#include "base/mem.h"
#include "base/secret.h"
#include "cli/cli.h"
#include "cli/print.h"

/* A QR code: one line of the input. */
struct part {
	size_t line;
	str payload; /* decoded */
	struct otp_migration migration;
};

struct parts {
	struct tool *tool;
	struct part *part;
	size_t n;
	char *room; /* for the payloads; as large as the input */
};

/* --- messages ----------------------------------------------------------------------------------------------------- */

static void
cli_otp_migration_left_out(struct tool *tool, size_t line, size_t account, const char *wrong)
{
	if (account > 0)
		cli_say("doubletour: line %zu, account %zu is left out: %s.", line, account, wrong);
	else
		cli_say("doubletour: line %zu is left out: %s.", line, wrong);
	tool->status = CLI_FAILED;
}

static const char *
cli_otp_migration_wrong(enum otp_status status, const char *wrong)
{
	if (status == OTP_TOO_SHORT)
		return "its secret has fewer bits than the 128 of RFC 4226; --allow-short accepts it";
	return wrong == NULL ? "it is broken" : wrong;
}

/* Name properties of an account that a URI cannot express. */
static void
cli_otp_migration_say_lost(struct tool *tool, size_t line, size_t account, const struct otp_uri *uri)
{
	bool counter = uri->type == OTP_TYPE_TOTP && uri->counter != 0, unknown = (uri->notes & OTP_NOTE_UNKNOWN) != 0;

	if (counter)
		cli_say("doubletour: line %zu, account %zu: its counter, %llu, is left out: its codes follow the time.",
			line, account, (unsigned long long)uri->counter);
	if (unknown)
		cli_say("doubletour: line %zu, account %zu: an unknown field is left out.", line, account);
	if (counter || unknown)
		tool->status = CLI_FAILED;
}

/* --- accounts ----------------------------------------------------------------------------------------------------- */

static err
cli_otp_migration_put_account(struct tool *tool, size_t line, size_t account, const struct otp_uri *uri)
{
	char text[OTP_URI_SIZE];
	enum otp_status status = otp_uri_build(uri, tool_secret_flags(tool), text, sizeof(text));
	err e = ERR_OK;

	if (status == OTP_OK)
		e = tool_put_uri(tool, text);
	else
		cli_otp_migration_left_out(tool, line, account, "it cannot be written as a URI");
	if (status == OTP_OK)
		cli_otp_migration_say_lost(tool, line, account, uri);
	secret_wipe(text, sizeof(text));
	return e;
}

static err
cli_otp_migration_put_part(struct tool *tool, struct part *part)
{
	CLEANUP(otp_uri_wipe) struct otp_uri uri = OTP_URI_DEFAULT;
	bool more = true;

	for (size_t account = 1; more; account++) {
		const char *wrong = NULL;
		enum otp_status status;

		uri = OTP_URI_DEFAULT;
		status = otp_migration_next(&part->migration, tool_secret_flags(tool), &uri, &more, &wrong);
		if (status != OTP_OK)
			cli_otp_migration_left_out(tool, part->line, account, cli_otp_migration_wrong(status, wrong));
		else if (more)
			TRY(cli_otp_migration_put_account(tool, part->line, account, &uri));
		else if (account == 1)
			cli_otp_migration_left_out(tool, part->line, 0, "there is no account in it");
	}
	return ERR_OK;
}

/* --- an export of several QR codes -------------------------------------------------------------------------------- */

/* In exports of other apps two exports may have the same id; different sizes then distinguish them. */
static bool
cli_otp_migration_one_export(const struct part *a, const struct part *b)
{
	return a->migration.batch_id == b->migration.batch_id && a->migration.batch_size == b->migration.batch_size &&
	       a->migration.batch_size > 1;
}

static bool
cli_otp_migration_same_position(const struct part *a, const struct part *b)
{
	return cli_otp_migration_one_export(a, b) && a->migration.batch_index == b->migration.batch_index;
}

/* Find an earlier copy of the QR code: the same bytes, or the same position in the same export. */
static const struct part *
cli_otp_migration_earlier(const struct parts *parts, const struct part *part)
{
	for (const struct part *earlier = parts->part; earlier < part; earlier++)
		if (str_equal(earlier->payload, part->payload) || cli_otp_migration_same_position(earlier, part))
			return earlier;
	return NULL;
}

static err
cli_otp_migration_put_once(struct parts *parts, struct part *part)
{
	const struct part *earlier = cli_otp_migration_earlier(parts, part);
	struct tool *tool = parts->tool;

	if (earlier == NULL)
		return cli_otp_migration_put_part(tool, part);
	tool->status = CLI_FAILED;
	if (str_equal(earlier->payload, part->payload)) {
		cli_say("doubletour: line %zu repeats the QR code of line %zu: its accounts are printed once.",
			part->line, earlier->line);
		return ERR_OK;
	}
	cli_say(
	    "doubletour: line %zu says that it is QR code %u of %u, as line %zu does, and differs: both are printed.",
	    part->line, part->migration.batch_index + 1, part->migration.batch_size, earlier->line);
	return cli_otp_migration_put_part(tool, part);
}

static void
cli_otp_migration_say_missing(const struct part *of, unsigned from, unsigned to)
{
	unsigned size = of->migration.batch_size;

	if (from == to)
		cli_say("doubletour: QR code %u of %u is missing from the export of line %zu.", from + 1, size,
			of->line);
	else
		cli_say("doubletour: QR codes %u to %u of %u are missing from the export of line %zu.", from + 1,
			to + 1, size, of->line);
}

/* The lowest index of the export's QR codes from `from` on; the export's size if there is none. */
static unsigned
cli_otp_migration_next_index(const struct parts *parts, const struct part *of, unsigned from)
{
	unsigned next = of->migration.batch_size;

	for (size_t i = 0; i < parts->n; i++) {
		unsigned index = parts->part[i].migration.batch_index;
		if (cli_otp_migration_one_export(&parts->part[i], of) && index >= from && index < next)
			next = index;
	}
	return next;
}

static void
cli_otp_migration_check_export(const struct parts *parts, const struct part *of)
{
	unsigned size = of->migration.batch_size;

	for (unsigned from = 0; from < size;) {
		unsigned next = cli_otp_migration_next_index(parts, of, from);
		if (next > from) {
			cli_otp_migration_say_missing(of, from, next - 1);
			parts->tool->status = CLI_FAILED;
		}
		from = next == size ? size : next + 1;
	}
}

/* Check each export at its first QR code; name a QR code whose index is beyond the export's size. */
static void
cli_otp_migration_check_exports(const struct parts *parts)
{
	for (size_t i = 0; i < parts->n; i++) {
		const struct part *part = &parts->part[i], *first = parts->part;
		unsigned size = part->migration.batch_size, index = part->migration.batch_index;
		while (first < part && !cli_otp_migration_one_export(first, part))
			first++;
		if (first == part && size > 1)
			cli_otp_migration_check_export(parts, part);
		if (size == 0 ? index == 0 : index < size)
			continue;
		cli_say("doubletour: line %zu says that it is QR code %u of %u.", part->line, index + 1, size);
		parts->tool->status = CLI_FAILED;
	}
}

/* --- the command -------------------------------------------------------------------------------------------------- */

static void
cli_otp_migration_open(struct parts *parts, size_t line, str text)
{
	struct part *part = &parts->part[parts->n];
	const char *wrong = NULL;
	enum otp_status status =
	    otp_migration_open(text.p, text.n, (uint8_t *)parts->room, text.n, &part->migration, &wrong);

	if (status != OTP_OK) {
		cli_otp_migration_left_out(parts->tool, line, 0, cli_otp_migration_wrong(status, wrong));
		return;
	}
	part->line = line;
	part->payload = str_bytes(parts->room, (size_t)(part->migration.end - (uint8_t *)parts->room));
	parts->room += text.n;
	parts->n++;
}

static size_t
cli_otp_migration_count_lines(str text)
{
	size_t n = 1;

	for (size_t i = 0; i < text.n; i++)
		n += text.p[i] == '\n';
	return n;
}

static err
cli_otp_migration_put_parts(struct parts *parts, str text)
{
	for (size_t line = 1; text.p != NULL; line++) {
		str one = str_trim(str_cut(&text, '\n'));
		if (!str_empty(one))
			cli_otp_migration_open(parts, line, one);
	}
	for (size_t i = 0; i < parts->n; i++)
		TRY(cli_otp_migration_put_once(parts, &parts->part[i]));
	cli_otp_migration_check_exports(parts);
	return ERR_OK;
}

err
tool_migration(struct tool *tool)
{
	CLEANUP(buf_wipe) struct buf text = BUF(TOOL_MIGRATION_MAX), room = BUF(TOOL_MIGRATION_MAX);
	struct parts parts = { .tool = tool };
	err e = ERR_MEMORY;

	TRY(tool_read(tool, tool->value[OPT_FILE].text, "The export", &text));
	parts.room = buf_room(&room, text.n);
	parts.part = mem_new_array(cli_otp_migration_count_lines(buf_str(&text)), sizeof(*parts.part));
	if (parts.room != NULL && parts.part != NULL)
		e = cli_otp_migration_put_parts(&parts, buf_str(&text));
	mem_free(&parts.part);
	return e;
}
