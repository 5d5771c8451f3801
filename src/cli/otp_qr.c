/*
 * `doubletour otp qr`: prints a text as a QR code, in the terminal or to files that only their owner can read.
 */
#include "cli/otp.h"

#include "base/secret.h"
#include "cli/cli.h"
#include "qr/qr.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { IMAGE_MAX = 2 * 1024 * 1024, PATH_ROOM = 4096 };

/* --- files -------------------------------------------------------------------------------------------------------- */

static err
cli_otp_qr_file_failed(struct tool *tool, const char *file)
{
	if (errno == EEXIST)
		return why_set(&tool->why, ERR_EXISTS, "%s already exists. --force replaces it.", file);
	return why_set(&tool->why, ERR_IO, "%s cannot be written: %s.", file, strerror(errno));
}

/* Write all bytes and close; on failure false, with errno. */
static bool
cli_otp_qr_write_and_close(int fd, str bytes)
{
	bool ok = true;

	while (ok && bytes.n > 0) {
		ssize_t n = write(fd, bytes.p, bytes.n);
		if (n > 0)
			bytes = str_from(bytes, (size_t)n);
		ok = n > 0 || errno == EINTR;
	}
	return close(fd) == 0 && ok;
}

static err
cli_otp_qr_write_new(struct tool *tool, const char *file, str bytes)
{
	int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	err e;

	if (fd < 0)
		return cli_otp_qr_file_failed(tool, file);
	if (cli_otp_qr_write_and_close(fd, bytes))
		return ERR_OK;
	e = cli_otp_qr_file_failed(tool, file);
	unlink(file);
	return e;
}

/* Write a temporary file and rename it over the old one; mkostemp creates it with mode 0600. */
static err
cli_otp_qr_write_over(struct tool *tool, const char *file, str bytes)
{
	char beside[PATH_ROOM];
	struct stat old;
	err e;
	int fd;

	if (lstat(file, &old) == 0 && !S_ISREG(old.st_mode))
		return why_set(&tool->why, ERR_INVALID, "%s is not a regular file: name another.", file);
	if (snprintf(beside, sizeof(beside), "%s.XXXXXX", file) >= (int)sizeof(beside))
		return why_set(&tool->why, ERR_TOO_LONG, "The file's name is too long: name another.");
	fd = mkostemp(beside, O_CLOEXEC);
	if (fd < 0)
		return cli_otp_qr_file_failed(tool, file);
	if (cli_otp_qr_write_and_close(fd, bytes) && rename(beside, file) == 0)
		return ERR_OK;
	e = cli_otp_qr_file_failed(tool, file);
	unlink(beside);
	return e;
}

/* --- forms -------------------------------------------------------------------------------------------------------- */

static err
cli_otp_qr_draw_png(struct tool *tool, str text, struct buf *out)
{
	return qr_png(text, (unsigned)tool_number(tool, OPT_SCALE, QR_PNG_SCALE), out);
}

static err
cli_otp_qr_draw_svg(struct tool *tool, str text, struct buf *out)
{
	(void)tool;
	return qr_svg(text, out);
}

static err
cli_otp_qr_draw_terminal(struct tool *tool, str text, struct buf *out)
{
	return qr_terminal(text, tool_given(tool, OPT_LIGHT), out);
}

static const struct form {
	const char *name;
	enum tool_option_id id; /* the option with the file's name; OPT_END: standard output */
	bool binary;
	err (*draw)(struct tool *tool, str text, struct buf *out);
} forms[] = {
	{ "png", OPT_PNG, true, cli_otp_qr_draw_png },
	{ "svg", OPT_SVG, false, cli_otp_qr_draw_svg },
	{ "terminal", OPT_END, false, cli_otp_qr_draw_terminal },
};

static err
cli_otp_qr_put_json(struct tool *tool, const struct form *form, const char *file, str image)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };
	CLEANUP(buf_wipe) struct buf base64 = BUF(2 * IMAGE_MAX);

	cli_json_text(&line, "format", str_of(form->name));
	if (file != NULL) {
		cli_json_text(&line, "file", str_of(file));
		cli_json_number(&line, "bytes", (int64_t)image.n);
	} else if (form->binary) {
		buf_put_base64(&base64, image);
		cli_json_text(&line, "base64", buf_str(&base64));
	} else {
		cli_json_text(&line, "text", image);
	}
	return cli_json_put(&line, &tool->out);
}

/* Write to a file (NULL: standard output); with --json standard output gets an object. */
static err
cli_otp_qr_put_image(struct tool *tool, const struct form *form, const char *file, str image)
{
	if (file != NULL)
		TRY(tool_given(tool, OPT_FORCE) ? cli_otp_qr_write_over(tool, file, image)
						: cli_otp_qr_write_new(tool, file, image));
	if (tool_given(tool, OPT_JSON))
		return cli_otp_qr_put_json(tool, form, file, image);
	if (file == NULL && form->binary && isatty(STDOUT_FILENO))
		return TOOL_MISUSED(tool, "A PNG is not for a terminal: name a file, or leave --png out.");
	if (file == NULL)
		buf_put(&tool->out, image);
	return buf_check(&tool->out);
}

static err
cli_otp_qr_draw(struct tool *tool, const struct form *form, str text)
{
	CLEANUP(buf_wipe) struct buf image = BUF(IMAGE_MAX);
	const char *file = form->id == OPT_END ? NULL : tool->value[form->id].text;
	err e = form->draw(tool, text, &image);

	if (e == ERR_TOO_LONG)
		return why_set(&tool->why, e, "The text is too long for a QR code: at most %d bytes fit.", QR_TEXT_MAX);
	TRY(e);
	if (file != NULL && str_equal(str_of(file), STR("-")))
		file = NULL;
	return cli_otp_qr_put_image(tool, form, file, buf_str(&image));
}

/* --- the command -------------------------------------------------------------------------------------------------- */

static bool
cli_otp_qr_is_stdout(const struct tool *tool, enum tool_option_id id)
{
	return str_equal(str_of(tool->value[id].text), STR("-"));
}

static err
cli_otp_qr_check_usage(struct tool *tool)
{
	bool image = tool_given(tool, OPT_PNG) || tool_given(tool, OPT_SVG);

	if (image && tool_given(tool, OPT_LIGHT))
		return TOOL_MISUSED(tool, "--light is for the terminal: leave it out, or --png and --svg.");
	if (!tool_given(tool, OPT_PNG) && tool_given(tool, OPT_SCALE))
		return TOOL_MISUSED(tool, "--scale goes with --png: an SVG scales by itself.");
	if (!image && tool_given(tool, OPT_FORCE))
		return TOOL_MISUSED(tool, "--force goes with --png and --svg.");
	if (cli_otp_qr_is_stdout(tool, OPT_PNG) && cli_otp_qr_is_stdout(tool, OPT_SVG))
		return TOOL_MISUSED(tool, "Standard output takes one image: name a file for the other.");
	return ERR_OK;
}

/* Drop line ends after the text: editors add them. */
static str
cli_otp_qr_without_line_ends(str text)
{
	while (text.n > 0 && (text.p[text.n - 1] == '\n' || text.p[text.n - 1] == '\r'))
		text.n--;
	return text;
}

err
tool_qr(struct tool *tool)
{
	CLEANUP(buf_wipe) struct buf text = BUF(TOOL_LINE_MAX);
	bool image = tool_given(tool, OPT_PNG) || tool_given(tool, OPT_SVG);

	TRY(cli_otp_qr_check_usage(tool));
	TRY(tool_read(tool, tool->value[OPT_FILE].text, "The text", &text));
	for (size_t i = 0; i < COUNT(forms); i++)
		if (forms[i].id == OPT_END ? !image : tool_given(tool, forms[i].id))
			TRY(cli_otp_qr_draw(tool, &forms[i], cli_otp_qr_without_line_ends(buf_str(&text))));
	return ERR_OK;
}
