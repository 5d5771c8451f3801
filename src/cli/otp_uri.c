/*
 * `doubletour otp secret`, `uri` and `parse`: secrets and otpauth URIs.
 */
#include "cli/otp.h"

#include "base/secret.h"
#include "cli/cli.h"

/* --- secret ------------------------------------------------------------------------------------------------------- */

/* A secret in its written forms. */
struct written {
	uint8_t bytes[OTP_SECRET_MAX];
	size_t n;
	char base32[OTP_BASE32_SIZE(OTP_SECRET_MAX)];
	char hex[OTP_HEX_SIZE(OTP_SECRET_MAX)];
};

static void
cli_otp_uri_written_wipe(struct written *written)
{
	secret_wipe(written, sizeof(*written));
}

static err
cli_otp_uri_put_secret_json(const struct written *written, struct buf *out)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };

	cli_json_text(&line, "base32", str_of(written->base32));
	cli_json_text(&line, "hex", str_of(written->hex));
	cli_json_number(&line, "bytes", (int64_t)written->n);
	return cli_json_put(&line, out);
}

err
tool_secret(struct tool *tool)
{
	CLEANUP(cli_otp_uri_written_wipe)
	struct written written = { .n = tool_number(tool, OPT_BYTES, OTP_SECRET_DEFAULT) };

	TRY(tool_otp(tool, otp_secret_random(written.bytes, written.n, 0), "The secret is too short."));
	TRY(tool_otp(tool, otp_base32_encode(written.bytes, written.n, written.base32, sizeof(written.base32)),
		     "There is not enough memory."));
	TRY(tool_otp(tool, otp_hex_encode(written.bytes, written.n, written.hex, sizeof(written.hex)),
		     "There is not enough memory."));
	if (tool_given(tool, OPT_JSON))
		return cli_otp_uri_put_secret_json(&written, &tool->out);
	buf_put(&tool->out, str_of(tool_given(tool, OPT_HEX) ? written.hex : written.base32));
	buf_put_byte(&tool->out, '\n');
	return buf_check(&tool->out);
}

/* --- uri ---------------------------------------------------------------------------------------------------------- */

err
tool_put_uri(struct tool *tool, const char *uri)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };

	if (tool_given(tool, OPT_JSON)) {
		cli_json_text(&line, "uri", str_of(uri));
		return cli_json_put(&line, &tool->out);
	}
	buf_put(&tool->out, str_of(uri));
	buf_put_byte(&tool->out, '\n');
	return buf_check(&tool->out);
}

static err
cli_otp_uri_build(struct tool *tool, const struct otp_uri *uri, unsigned flags)
{
	char text[OTP_URI_SIZE];
	err e = tool_otp(tool, otp_uri_build(uri, flags, text, sizeof(text)),
			 "No URI can be made: issuer and account must be UTF-8 without control characters, and the "
			 "account must not be blank.");

	if (e == ERR_OK)
		e = tool_put_uri(tool, text);
	secret_wipe(text, sizeof(text));
	return e;
}

/* Copy a name from the command line into its buffer. */
static err
cli_otp_uri_take_name(struct tool *tool, enum tool_option_id id, char *ret_name, size_t size)
{
	if (str_copy_z(str_of(tool->value[id].text), ret_name, size) != ERR_OK)
		return TOOL_MISUSED(tool, "--%s takes %zu bytes at most.", tool_option_name(id), size - 1);
	return ERR_OK;
}

static err
cli_otp_uri_take_names(struct tool *tool, struct otp_uri *uri)
{
	if (str_empty(str_of(tool->value[OPT_ACCOUNT].text)))
		return TOOL_MISUSED(tool, "A URI names an account: add --account NAME, and better --issuer NAME too.");
	TRY(cli_otp_uri_take_name(tool, OPT_ACCOUNT, uri->account, sizeof(uri->account)));
	TRY(cli_otp_uri_take_name(tool, OPT_ISSUER, uri->issuer, sizeof(uri->issuer)));
	return cli_otp_uri_take_name(tool, OPT_IMAGE, uri->image, sizeof(uri->image));
}

static err
cli_otp_uri_read_secret(struct tool *tool, struct otp_uri *uri)
{
	CLEANUP(buf_wipe) struct buf text = BUF(TOOL_LINE_MAX);
	str line;

	TRY(tool_read_line(tool, tool->value[OPT_FILE].text, "The secret", &text, &line));
	if (tool_is_uri(line))
		return why_set(&tool->why, ERR_INVALID,
			       "That is a URI already: `doubletour otp parse` prints its fields.");
	return tool_secret_decode(tool, line, uri);
}

static err
cli_otp_uri_make_secret(struct tool *tool, struct otp_uri *uri)
{
	uri->secret_n = tool_number(tool, OPT_BYTES, OTP_SECRET_DEFAULT);
	return tool_otp(tool, otp_secret_random(uri->secret, uri->secret_n, 0), "The secret is too short.");
}

err
tool_uri(struct tool *tool)
{
	CLEANUP(otp_uri_wipe) struct otp_uri uri = OTP_URI_DEFAULT;
	unsigned flags = tool_secret_flags(tool) | (tool_given(tool, OPT_LEAVE_DEFAULTS) ? OTP_URI_LEAVE_DEFAULTS : 0);
	bool make = tool_given(tool, OPT_NEW);

	if (make && (tool_given(tool, OPT_FILE) || tool_given(tool, OPT_HEX)))
		return TOOL_MISUSED(tool, "--new makes the secret: leave out --file and --hex.");
	if (!make && tool_given(tool, OPT_BYTES))
		return TOOL_MISUSED(tool, "--bytes goes with --new.");
	TRY(tool_uri_of_options(tool, &uri));
	TRY(cli_otp_uri_take_names(tool, &uri));
	TRY(make ? cli_otp_uri_make_secret(tool, &uri) : cli_otp_uri_read_secret(tool, &uri));
	return cli_otp_uri_build(tool, &uri, flags);
}

/* --- parse -------------------------------------------------------------------------------------------------------- */

/* Fields, as lines "name  value" or as members of an object. */
struct record {
	bool json;
	struct cli_json object;
	struct buf *out;
};

enum { NAME_WIDTH = 10 };

/* cli_line would leave the formatted text on the stack. */
static void
cli_otp_uri_put_line(struct buf *out, const char *name, str value)
{
	cli_column(out, str_of(name), NAME_WIDTH + 1);
	buf_put_visible(out, value);
	buf_put_byte(out, '\n');
}

static void
cli_otp_uri_record_text(struct record *record, const char *name, const char *text)
{
	if (record->json)
		cli_json_text(&record->object, name, str_of(text));
	else if (text[0] != '\0')
		cli_otp_uri_put_line(record->out, name, str_of(text));
}

static void
cli_otp_uri_record_number(struct record *record, const char *name, uint64_t number)
{
	if (record->json)
		cli_json_counter(&record->object, name, number);
	else
		cli_line(record->out, "%-*s %llu", NAME_WIDTH, name, (unsigned long long)number);
}

static void
cli_otp_uri_record_notes(struct record *record, unsigned notes)
{
	if (record->json)
		cli_json_list(&record->object, "notes");
	for (unsigned bit = 1; bit != 0 && bit <= notes; bit <<= 1) {
		const char *text = (notes & bit) == 0 ? NULL : otp_note_text((enum otp_note)bit);
		if (text != NULL && record->json)
			cli_json_list_text(&record->object, "notes", str_of(text));
		else if (text != NULL)
			cli_otp_uri_put_line(record->out, "note", str_of(text));
	}
}

static err
cli_otp_uri_record_end(struct record *record)
{
	return record->json ? cli_json_put(&record->object, record->out) : buf_check(record->out);
}

static err
cli_otp_uri_record_secret(struct record *record, const struct otp_uri *uri)
{
	char base32[OTP_BASE32_SIZE(OTP_SECRET_MAX)];
	enum otp_status status = otp_base32_encode(uri->secret, uri->secret_n, base32, sizeof(base32));

	if (status == OTP_OK)
		cli_otp_uri_record_text(record, "secret", base32);
	secret_wipe(base32, sizeof(base32));
	return status == OTP_OK ? ERR_OK : ERR_INVALID;
}

static const char *
cli_otp_uri_type_name(const struct otp_uri *uri)
{
	if (uri->steam)
		return "steam";
	return uri->type == OTP_TYPE_HOTP ? "hotp" : "totp";
}

static err
cli_otp_uri_record_uri(struct record *record, const struct otp_uri *uri, bool secret)
{
	cli_otp_uri_record_text(record, "type", cli_otp_uri_type_name(uri));
	cli_otp_uri_record_text(record, "issuer", uri->issuer);
	cli_otp_uri_record_text(record, "account", uri->account);
	if (secret)
		TRY(cli_otp_uri_record_secret(record, uri));
	cli_otp_uri_record_text(record, "algorithm", tool_algorithm_name(uri->algorithm));
	cli_otp_uri_record_number(record, "digits", uri->digits);
	if (uri->type == OTP_TYPE_HOTP)
		cli_otp_uri_record_number(record, "counter", uri->counter);
	else
		cli_otp_uri_record_number(record, "period", uri->period_s);
	cli_otp_uri_record_text(record, "image", uri->image);
	cli_otp_uri_record_notes(record, uri->notes);
	return cli_otp_uri_record_end(record);
}

err
tool_parse(struct tool *tool)
{
	CLEANUP(buf_wipe) struct buf text = BUF(TOOL_LINE_MAX);
	CLEANUP(otp_uri_wipe) struct otp_uri uri = OTP_URI_DEFAULT;
	struct record record = { .json = tool_given(tool, OPT_JSON), .out = &tool->out };
	str line;
	err e;

	TRY(tool_read_line(tool, tool->value[OPT_FILE].text, "The URI", &text, &line));
	TRY(tool_uri_parse(tool, line, &uri));
	e = cli_otp_uri_record_uri(&record, &uri, !tool_given(tool, OPT_NO_SECRET));
	cli_json_wipe(&record.object);
	return e;
}
