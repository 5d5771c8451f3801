/*
 * `doubletour otp generate` and `verify`.
 */
#include "cli/otp.h"

#include "base/secret.h"
#include "cli/cli.h"

#include <time.h>

enum {
	WINDOW = 1,      /* TOTP: steps in both directions; HOTP: counters ahead */
	FAR_WINDOW = 100 /* the same for two codes */
};

static const char before_start[] = "That time is before the start, so it has no step: change --time or --offset.";

/* --- generate ----------------------------------------------------------------------------------------------------- */

struct code {
	char text[OTP_CODE_SIZE];
	uint64_t counter;      /* HOTP */
	int64_t step;          /* TOTP, Steam */
	int64_t from_s;        /* the beginning of the step */
	int64_t until_s;       /* its end */
	unsigned seconds_left; /* of the current step; 0 for any other step */
};

static enum otp_status
cli_otp_code_make_hotp(const struct tool_source *source, uint64_t nth, struct code *code)
{
	if (nth > UINT64_MAX - source->counter)
		return OTP_INVALID;
	code->counter = source->counter + nth;
	return otp_hotp_code(&source->key, code->counter, source->totp.digits, code->text);
}

static enum otp_status
cli_otp_code_make_timed_text(const struct tool_source *source, const struct code *code, int64_t offset, char *ret_text)
{
	if (source->kind == TOOL_STEAM)
		return otp_steam_code(&source->key, (uint64_t)code->step, ret_text);
	return otp_totp_code(&source->key, &source->totp, source->now_us, offset, ret_text);
}

static enum otp_status
cli_otp_code_make_timed(const struct tool_source *source, int64_t offset, struct code *code)
{
	const struct otp_totp *totp = &source->totp;
	enum otp_status status = otp_totp_step(totp, source->now_us, &code->step);

	if (status != OTP_OK || offset < -code->step)
		return OTP_INVALID;
	code->step += offset;
	code->from_s = totp->start_s + code->step * totp->period_s;
	code->until_s = code->from_s + totp->period_s;
	if (offset == 0)
		status = otp_totp_seconds_left(totp, source->now_us, &code->seconds_left);
	return status == OTP_OK ? cli_otp_code_make_timed_text(source, code, offset, code->text) : status;
}

/* 2030-01-31T12:00:00Z */
static void
cli_otp_code_put_timestamp(int64_t seconds, char *ret_text, size_t size)
{
	time_t timestamp = (time_t)seconds;
	struct tm tm = { 0 };

	if (gmtime_r(&timestamp, &tm) == NULL || strftime(ret_text, size, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(ret_text, size, "@%lld", (long long)seconds);
}

static err
cli_otp_code_put_code_json(struct tool *tool, enum tool_kind kind, const struct code *code)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };
	char from[32], until[32];

	cli_json_text(&line, "code", str_of(code->text));
	if (kind == TOOL_HOTP) {
		cli_json_counter(&line, "counter", code->counter);
		return cli_json_put(&line, &tool->out);
	}
	cli_otp_code_put_timestamp(code->from_s, from, sizeof(from));
	cli_otp_code_put_timestamp(code->until_s, until, sizeof(until));
	cli_json_number(&line, "step", code->step);
	cli_json_text(&line, "from", str_of(from));
	cli_json_text(&line, "until", str_of(until));
	if (code->seconds_left > 0)
		cli_json_number(&line, "seconds_left", code->seconds_left);
	return cli_json_put(&line, &tool->out);
}

static err
cli_otp_code_put_code(struct tool *tool, enum tool_kind kind, const struct code *code)
{
	char from[32];

	if (tool_given(tool, OPT_JSON))
		return cli_otp_code_put_code_json(tool, kind, code);
	buf_put(&tool->out, str_of(code->text));
	if (tool_given(tool, OPT_VERBOSE) && kind == TOOL_HOTP) {
		buf_printf(&tool->out, "  counter %llu", (unsigned long long)code->counter);
	} else if (tool_given(tool, OPT_VERBOSE)) {
		cli_otp_code_put_timestamp(code->from_s, from, sizeof(from));
		buf_printf(&tool->out, "  step %lld, from ", (long long)code->step);
		buf_put(&tool->out, str_of(from));
		if (code->seconds_left > 0)
			buf_printf(&tool->out, ", %u s left", code->seconds_left);
	}
	buf_put_byte(&tool->out, '\n');
	return buf_check(&tool->out);
}

static err
cli_otp_code_put_nth(struct tool *tool, const struct tool_source *source, uint64_t nth)
{
	struct code code = { 0 };
	bool hotp = source->kind == TOOL_HOTP;
	enum otp_status status =
	    hotp ? cli_otp_code_make_hotp(source, nth, &code)
		 : cli_otp_code_make_timed(source, tool->value[OPT_OFFSET].signed_number + (int64_t)nth, &code);
	err e = tool_otp(tool, status,
			 hotp ? "The counters end at 18446744073709551615: ask for fewer codes." : before_start);

	if (e == ERR_OK)
		e = cli_otp_code_put_code(tool, source->kind, &code);
	secret_wipe(&code, sizeof(code));
	return e;
}

err
tool_generate(struct tool *tool)
{
	CLEANUP(tool_source_wipe) struct tool_source source = { 0 };
	uint64_t count = tool_number(tool, OPT_COUNT, 1);

	TRY(tool_source_get(tool, &source));
	for (uint64_t nth = 0; nth < count; nth++)
		TRY(cli_otp_code_put_nth(tool, &source, nth));
	return ERR_OK;
}

/* --- verify: the result ------------------------------------------------------------------------------------------- */

enum answer { WRONG = 0, MALFORMED, USED, RIGHT };

static const struct reason {
	const char *word, *sentence;
} reasons[] = {
	[WRONG] = { "code", "no code in the window matches" },
	[MALFORMED] = { "form", "it does not have the form of a code" },
	[USED] = { "used", "its step was already used" },
	[RIGHT] = { NULL, NULL },
};

struct verdict {
	enum answer answer;
	uint64_t counter; /* HOTP: the matching counter */
	int64_t step;     /* TOTP, Steam: the matching step */
	int64_t offset;   /* steps from now to that step */
};

/* The typed codes, and the parameters for checking them. */
struct check {
	struct tool *tool;
	struct tool_source source;
	char code[OTP_CODE_SIZE], code2[OTP_CODE_SIZE];
	unsigned window;
	int64_t after;
};

static void
cli_otp_code_check_wipe(struct check *check)
{
	secret_wipe(check, sizeof(*check));
}

static enum otp_status
cli_otp_code_look_timed(struct check *check, int64_t after, struct otp_match *ret_match)
{
	struct tool_source *source = &check->source;
	size_t n = strlen(check->code);

	if (source->kind == TOOL_STEAM)
		return otp_steam_verify(&source->key, check->code, n, source->now_us, check->window, check->window,
					after, ret_match);
	source->totp.back = check->window;
	source->totp.forward = check->window;
	return otp_totp_verify(&source->key, &source->totp, check->code, n, source->now_us, after, ret_match);
}

static err
cli_otp_code_check_timed(struct check *check, struct verdict *verdict)
{
	struct otp_match match = { 0 }, used = { 0 };
	int64_t now = 0;

	TRY(tool_otp(check->tool, otp_totp_step(&check->source.totp, check->source.now_us, &now), before_start));
	TRY(tool_otp(check->tool, cli_otp_code_look_timed(check, check->after, &match), before_start));
	if (!match.ok) /* finds the reason for the message */
		TRY(tool_otp(check->tool, cli_otp_code_look_timed(check, -1, &used), before_start));
	if (match.ok || used.ok)
		verdict->answer = match.ok ? RIGHT : USED;
	verdict->step = match.step;
	verdict->offset = match.step - now;
	return ERR_OK;
}

static err
cli_otp_code_check_drift(struct check *check, struct verdict *verdict)
{
	struct otp_drift drift = { 0 };
	const struct tool_source *source = &check->source;

	TRY(tool_otp(check->tool,
		     otp_totp_drift(&source->key, &source->totp, check->code, check->code2, source->now_us,
				    check->after, check->window, &drift),
		     before_start));
	verdict->answer = drift.ok ? RIGHT : WRONG;
	verdict->step = drift.step;
	verdict->offset = drift.steps;
	return ERR_OK;
}

static err
cli_otp_code_check_counter(struct check *check, struct verdict *verdict)
{
	struct otp_counter_match match = { 0 };
	const struct tool_source *source = &check->source;
	unsigned digits = source->totp.digits;
	enum otp_status status = check->code2[0] != '\0'
				     ? otp_hotp_resync(&source->key, digits, check->code, check->code2, source->counter,
						       check->window, &match)
				     : otp_hotp_verify(&source->key, digits, check->code, strlen(check->code),
						       source->counter, check->window, &match);

	TRY(tool_otp(check->tool, status, "The counter is at its maximum: there are no further codes."));
	verdict->answer = match.ok ? RIGHT : WRONG;
	verdict->counter = match.counter;
	return ERR_OK;
}

/* --- verify: the options ------------------------------------------------------------------------------------------ */

static const char *
cli_otp_code_second_code(const struct tool *tool)
{
	return tool_given(tool, OPT_DRIFT) ? tool->value[OPT_DRIFT].text : tool->value[OPT_RESYNC].text;
}

/* Convert a typed code to the library's form; false if it does not look like a code. */
static bool
cli_otp_code_normalise(const struct tool_source *source, str text, char ret_code[OTP_CODE_SIZE])
{
	if (source->kind != TOOL_STEAM)
		return otp_code_normalise(text.p, text.n, source->totp.digits, ret_code) == OTP_OK;
	return otp_steam_normalise(text.p, text.n, ret_code) == OTP_OK;
}

static err
cli_otp_code_read_code(struct tool *tool, struct buf *text, str *ret_code)
{
	const char *file = tool->value[OPT_CODE_FILE].text;

	if (file == NULL) {
		*ret_code = str_of(tool->argument);
		return ERR_OK;
	}
	return tool_read_line(tool, file, "The code", text, ret_code);
}

static err
cli_otp_code_check_usage(struct tool *tool)
{
	const char *file = tool->value[OPT_FILE].text, *code_file = tool->value[OPT_CODE_FILE].text;
	bool secret_on_stdin = file == NULL || str_equal(str_of(file), STR("-"));

	if ((tool->argument != NULL) == (code_file != NULL))
		return TOOL_MISUSED(tool, "Give one code: as the argument, or with --code-file.");
	if (code_file != NULL && secret_on_stdin && str_equal(str_of(code_file), STR("-")))
		return TOOL_MISUSED(tool, "Standard input holds the secret or the code: name a file for the other.");
	if (tool_given(tool, OPT_DRIFT) && tool_given(tool, OPT_RESYNC))
		return TOOL_MISUSED(tool, "--drift is for TOTP, --resync for HOTP: give one of them.");
	if (cli_otp_code_second_code(tool) == NULL && tool_number(tool, OPT_WINDOW, WINDOW) > OTP_WINDOW_MAX)
		return TOOL_MISUSED(tool, "--window takes %d at most, more only with --resync and --drift.",
				    OTP_WINDOW_MAX);
	return ERR_OK;
}

/* --offset is a number of periods. */
static err
cli_otp_code_shift_now(struct tool *tool, struct tool_source *source)
{
	int64_t shift_us = 0;

	if (__builtin_mul_overflow(tool->value[OPT_OFFSET].signed_number, source->totp.period_s * INT64_C(1000000),
				   &shift_us) ||
	    __builtin_add_overflow(source->now_us, shift_us, &source->now_us))
		return tool_otp(tool, OTP_INVALID, before_start);
	return ERR_OK;
}

static err
cli_otp_code_check_prepare(struct check *check)
{
	struct tool *tool = check->tool;

	TRY(cli_otp_code_check_usage(tool));
	TRY(tool_source_get(tool, &check->source));
	check->window =
	    (unsigned)tool_number(tool, OPT_WINDOW, cli_otp_code_second_code(tool) == NULL ? WINDOW : FAR_WINDOW);
	check->after = tool_given(tool, OPT_AFTER) ? (int64_t)tool->value[OPT_AFTER].number : -1;
	return cli_otp_code_shift_now(tool, &check->source);
}

static err
cli_otp_code_check_run(struct check *check, struct verdict *verdict)
{
	CLEANUP(buf_wipe) struct buf text = BUF(TOOL_LINE_MAX);
	const char *second = cli_otp_code_second_code(check->tool);
	str code;

	TRY(cli_otp_code_read_code(check->tool, &text, &code));
	if (!cli_otp_code_normalise(&check->source, code, check->code) ||
	    (second != NULL && !cli_otp_code_normalise(&check->source, str_of(second), check->code2))) {
		verdict->answer = MALFORMED;
		return ERR_OK;
	}
	if (check->source.kind == TOOL_HOTP)
		return cli_otp_code_check_counter(check, verdict);
	return second != NULL ? cli_otp_code_check_drift(check, verdict) : cli_otp_code_check_timed(check, verdict);
}

/* --- verify: the answer ------------------------------------------------------------------------------------------- */

static err
cli_otp_code_put_verdict_json(const struct check *check, const struct verdict *verdict, struct buf *out)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };
	bool right = verdict->answer == RIGHT;

	cli_json_bool(&line, "right", right);
	if (!right) {
		cli_json_text(&line, "reason", str_of(reasons[verdict->answer].word));
	} else if (check->source.kind == TOOL_HOTP) {
		cli_json_counter(&line, "counter", verdict->counter);
		cli_json_counter(&line, "next", verdict->counter + 1);
	} else {
		cli_json_number(&line, "step", verdict->step);
		cli_json_number(&line, "offset", verdict->offset);
	}
	return cli_json_put(&line, out);
}

static err
cli_otp_code_put_verdict(const struct check *check, const struct verdict *verdict, struct buf *out)
{
	if (verdict->answer != RIGHT)
		cli_line(out, "wrong: %s", reasons[verdict->answer].sentence);
	else if (check->source.kind == TOOL_HOTP)
		cli_line(out, "right: counter %llu, next %llu", (unsigned long long)verdict->counter,
			 (unsigned long long)verdict->counter + 1);
	else
		cli_line(out, "right: step %lld, offset %lld", (long long)verdict->step, (long long)verdict->offset);
	return buf_check(out);
}

err
tool_verify(struct tool *tool)
{
	CLEANUP(cli_otp_code_check_wipe) struct check check = { .tool = tool };
	struct verdict verdict = { .answer = WRONG };

	TRY(cli_otp_code_check_prepare(&check));
	TRY(cli_otp_code_check_run(&check, &verdict));
	if (verdict.answer != RIGHT)
		tool->status = CLI_FAILED;
	return tool_given(tool, OPT_JSON) ? cli_otp_code_put_verdict_json(&check, &verdict, &tool->out)
					  : cli_otp_code_put_verdict(&check, &verdict, &tool->out);
}
