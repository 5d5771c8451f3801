/*
 * The parameters of codes: a secret with options, or a URI that contains all of them.
 */
#include "cli/otp.h"

#include "base/clock.h"
#include "base/secret.h"

void
tool_source_wipe(struct tool_source *source)
{
	secret_wipe(source, sizeof(*source));
}

err
tool_otp(struct tool *tool, enum otp_status status, const char *refused)
{
	if (status == OTP_OK)
		return ERR_OK;
	if (status == OTP_CRYPTO)
		return why_set(&tool->why, ERR_CRYPTO, "libcrypto, or the system's source of randomness, failed.");
	return why_set(&tool->why, ERR_INVALID, "%s", refused);
}

/* --- options ------------------------------------------------------------------------------------------------------ */

static enum tool_kind
cli_otp_source_kind_of(const struct otp_uri *uri)
{
	if (uri->steam)
		return TOOL_STEAM;
	return uri->type == OTP_TYPE_HOTP ? TOOL_HOTP : TOOL_TOTP;
}

/* The kinds of codes that an option applies to. */
static const struct scope {
	enum tool_option_id id;
	unsigned kinds;
} scopes[] = {
	{ OPT_COUNTER, TOOL_HOTP },
	{ OPT_RESYNC, TOOL_HOTP },
	{ OPT_DRIFT, TOOL_TOTP },
	{ OPT_PERIOD, TOOL_TOTP },
	{ OPT_START, TOOL_TOTP },
	{ OPT_ALGORITHM, TOOL_TOTP | TOOL_HOTP },
	{ OPT_DIGITS, TOOL_TOTP | TOOL_HOTP },
	{ OPT_TIME, TOOL_TOTP | TOOL_STEAM },
	{ OPT_OFFSET, TOOL_TOTP | TOOL_STEAM },
	{ OPT_AFTER, TOOL_TOTP | TOOL_STEAM },
};

static err
cli_otp_source_check_scopes(struct tool *tool, enum tool_kind kind)
{
	static const char *const names[] = { [TOOL_TOTP] = "TOTP", [TOOL_HOTP] = "HOTP", [TOOL_STEAM] = "Steam" };

	for (size_t i = 0; i < COUNT(scopes); i++)
		if (tool_given(tool, scopes[i].id) && (scopes[i].kinds & kind) == 0)
			return TOOL_MISUSED(tool, "--%s is not for %s codes: leave it out%s.",
					    tool_option_name(scopes[i].id), names[kind],
					    kind == TOOL_TOTP ? ", or add --hotp" : "");
	return ERR_OK;
}

err
tool_uri_of_options(struct tool *tool, struct otp_uri *ret_uri)
{
	struct otp_uri uri = OTP_URI_DEFAULT;

	if (tool_given(tool, OPT_HOTP) && tool_given(tool, OPT_STEAM))
		return TOOL_MISUSED(tool, "--hotp and --steam exclude each other: leave one out.");
	uri.type = tool_given(tool, OPT_HOTP) ? OTP_TYPE_HOTP : OTP_TYPE_TOTP;
	uri.steam = tool_given(tool, OPT_STEAM);
	uri.algorithm = (enum otp_algorithm)tool_number(tool, OPT_ALGORITHM, OTP_SHA1);
	uri.digits = uri.steam ? OTP_STEAM_SIZE - 1 : (unsigned)tool_number(tool, OPT_DIGITS, uri.digits);
	uri.period_s = (unsigned)tool_number(tool, OPT_PERIOD, uri.period_s);
	uri.counter = tool_number(tool, OPT_COUNTER, 0);
	TRY(cli_otp_source_check_scopes(tool, cli_otp_source_kind_of(&uri)));
	*ret_uri = uri;
	return ERR_OK;
}

/* --- secrets and URIs --------------------------------------------------------------------------------------------- */

bool
tool_is_uri(str text)
{
	return str_equal_nocase(str_upto(text, 10), STR("otpauth://"));
}

static err
cli_otp_source_say_wrong_secret(struct tool *tool, size_t n, size_t wrong_at)
{
	bool hex = tool_given(tool, OPT_HEX);

	if (wrong_at >= n)
		return why_set(&tool->why, ERR_INVALID,
			       "The secret is incomplete: its last character cannot be the end of %s.",
			       hex ? "hex" : "base32");
	return why_set(&tool->why, ERR_INVALID, "The secret is not %s: look at its character %zu.%s",
		       hex ? "hex" : "base32", wrong_at + 1, hex ? "" : "  With --hex it is read as hex.");
}

err
tool_secret_decode(struct tool *tool, str text, struct otp_uri *uri)
{
	size_t wrong_at = 0;
	enum otp_status (*decode)(const char *, size_t, uint8_t *, size_t, size_t *, size_t *) =
	    tool_given(tool, OPT_HEX) ? otp_hex_decode : otp_base32_decode;
	enum otp_status status = decode(text.p, text.n, uri->secret, sizeof(uri->secret), &uri->secret_n, &wrong_at);

	if (status == OTP_TOO_SHORT)
		return why_set(&tool->why, ERR_INVALID,
			       "The secret has more than %d bytes: no authenticator accepts a secret of that length.",
			       OTP_SECRET_MAX);
	if (status != OTP_OK)
		return cli_otp_source_say_wrong_secret(tool, text.n, wrong_at);
	if (uri->secret_n < OTP_SECRET_MIN && !tool_given(tool, OPT_ALLOW_SHORT))
		return why_set(&tool->why, ERR_INVALID,
			       "The secret has %zu bits, fewer than the 128 of RFC 4226: --allow-short accepts it.",
			       uri->secret_n * 8);
	return ERR_OK;
}

err
tool_uri_parse(struct tool *tool, str text, struct otp_uri *ret_uri)
{
	const char *wrong = NULL;
	enum otp_status status = otp_uri_parse(text.p, text.n, tool_secret_flags(tool), ret_uri, &wrong);

	if (status == OTP_OK)
		return ERR_OK;
	if (status == OTP_TOO_SHORT)
		return why_set(&tool->why, ERR_INVALID,
			       "The URI's secret has fewer bits than the 128 of RFC 4226: --allow-short accepts it.");
	return why_set(&tool->why, ERR_INVALID, "The URI cannot be used: %s.", wrong == NULL ? "it is broken" : wrong);
}

/* --- secret, URI and options together ----------------------------------------------------------------------------- */

/* Options that a URI replaces. */
static const enum tool_option_id said_by_uri[] = {
	OPT_HEX, OPT_HOTP, OPT_STEAM, OPT_ALGORITHM, OPT_DIGITS, OPT_PERIOD
};

static err
cli_otp_source_from_uri(struct tool *tool, str text, struct otp_uri *ret_uri)
{
	for (size_t i = 0; i < COUNT(said_by_uri); i++)
		if (tool_given(tool, said_by_uri[i]))
			return TOOL_MISUSED(tool, "The URI already contains this value: leave --%s out.",
					    tool_option_name(said_by_uri[i]));
	TRY(tool_uri_parse(tool, text, ret_uri));
	ret_uri->counter = tool_number(tool, OPT_COUNTER, ret_uri->counter);
	return cli_otp_source_check_scopes(tool, cli_otp_source_kind_of(ret_uri));
}

static err
cli_otp_source_from_secret(struct tool *tool, str text, struct otp_uri *ret_uri)
{
	TRY(tool_uri_of_options(tool, ret_uri));
	if (tool_given(tool, OPT_HOTP) && !tool_given(tool, OPT_COUNTER))
		return TOOL_MISUSED(tool, "--hotp needs the counter: add --counter N.");
	return tool_secret_decode(tool, text, ret_uri);
}

static err
cli_otp_source_set_times(struct tool *tool, const struct otp_uri *uri, struct tool_source *source)
{
	source->totp = OTP_TOTP_DEFAULT;
	if (source->kind != TOOL_STEAM)
		source->totp.digits = uri->digits;
	if (source->kind == TOOL_TOTP)
		source->totp.period_s = uri->period_s;
	source->totp.start_s = tool->value[OPT_START].signed_number / 1000000;
	source->now_us = tool->value[OPT_TIME].signed_number;
	return tool_given(tool, OPT_TIME) ? ERR_OK : clock_now_us(&source->now_us);
}

static err
cli_otp_source_make(struct tool *tool, const struct otp_uri *uri, struct tool_source *source)
{
	source->kind = cli_otp_source_kind_of(uri);
	source->counter = uri->counter;
	TRY(cli_otp_source_set_times(tool, uri, source));
	return tool_otp(tool,
			otp_key_init(&source->key, uri->algorithm, uri->secret, uri->secret_n, tool_secret_flags(tool)),
			"The secret cannot be used: it is empty.");
}

err
tool_source_get(struct tool *tool, struct tool_source *ret_source)
{
	CLEANUP(buf_wipe) struct buf text = BUF(TOOL_LINE_MAX);
	CLEANUP(otp_uri_wipe) struct otp_uri uri = OTP_URI_DEFAULT;
	str line;

	TRY(tool_read_line(tool, tool->value[OPT_FILE].text, "The secret or URI", &text, &line));
	TRY(tool_is_uri(line) ? cli_otp_source_from_uri(tool, line, &uri)
			      : cli_otp_source_from_secret(tool, line, &uri));
	return cli_otp_source_make(tool, &uri, ret_source);
}
