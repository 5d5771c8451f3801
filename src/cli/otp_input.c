/*
 * The input of `doubletour otp`: standard input, a file, a line typed at a terminal.
 */
#include "cli/otp.h"

#include "base/file.h"
#include "base/secret.h"
#include "cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

/* --- a line that is typed without echo ---------------------------------------------------------------------------- */

static const int ends[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };
static volatile sig_atomic_t ended_by; /* the signal; 0: none */

static void
cli_otp_input_note_end(int signal)
{
	ended_by = signal;
}

/* The previous state of the terminal and of the signals. */
struct hush {
	struct termios before;
	struct sigaction actions[COUNT(ends)];
};

/* Without SA_RESTART a signal ends the read, so that the echo is restored before the signal ends the program. */
static void
cli_otp_input_hush_begin(struct hush *hush)
{
	struct sigaction note = { .sa_handler = cli_otp_input_note_end };
	struct termios hushed;

	for (size_t i = 0; i < COUNT(ends); i++)
		sigaction(ends[i], &note, &hush->actions[i]);
	tcgetattr(STDIN_FILENO, &hush->before);
	hushed = hush->before;
	hushed.c_lflag = (hushed.c_lflag & ~(tcflag_t)ECHO) | ECHONL;
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &hushed);
}

static void
cli_otp_input_hush_end(const struct hush *hush)
{
	tcsetattr(STDIN_FILENO, TCSAFLUSH, &hush->before);
	for (size_t i = 0; i < COUNT(ends); i++)
		sigaction(ends[i], &hush->actions[i], NULL);
	if (ended_by != 0)
		raise(ended_by);
}

static err
cli_otp_input_read_typed(const char *what, struct buf *ret_text)
{
	char line[4096]; /* the maximum of a terminal's line */
	struct hush hush;
	ssize_t n;

	cli_redraw("%s (not shown): ", what);
	cli_otp_input_hush_begin(&hush);
	n = read(STDIN_FILENO, line, sizeof(line));
	cli_otp_input_hush_end(&hush);
	if (n > 0)
		buf_put(ret_text, str_bytes(line, (size_t)n));
	secret_wipe(line, sizeof(line));
	return n < 0 ? ERR_IO : buf_check(ret_text);
}

/* --- files -------------------------------------------------------------------------------------------------------- */

/* Read to the end, or until the text is too long. */
static err
cli_otp_input_read_all(int fd, struct buf *ret_text)
{
	char part[4096];
	ssize_t n;
	err e = ERR_OK;

	while (e == ERR_OK && (n = read(fd, part, sizeof(part))) != 0) {
		if (n > 0) {
			buf_put(ret_text, str_bytes(part, (size_t)n));
			e = buf_check(ret_text);
		} else if (errno != EINTR) {
			e = ERR_IO;
		}
	}
	secret_wipe(part, sizeof(part));
	return e;
}

static bool
cli_otp_input_is_stdin(const char *file)
{
	return file == NULL || str_equal(str_of(file), STR("-"));
}

static void
cli_otp_input_drop_bom(struct buf *text)
{
	size_t n = text->n - str_without_bom(buf_str(text)).n;

	if (n == 0)
		return;
	memmove(text->p, text->p + n, text->n - n);
	text->n -= n;
}

err
tool_read(struct tool *tool, const char *file, const char *what, struct buf *ret_text)
{
	bool from_stdin = cli_otp_input_is_stdin(file);
	err e;

	if (!from_stdin)
		e = file_read(file, FILE_ANY, ret_text, &tool->why);
	else if (isatty(STDIN_FILENO))
		e = cli_otp_input_read_typed(what, ret_text);
	else
		e = cli_otp_input_read_all(STDIN_FILENO, ret_text);
	if (e == ERR_OK && str_is_utf16(buf_str(ret_text)))
		return why_set(&tool->why, ERR_INVALID, "%s is UTF-16.  Save it as UTF-8.", what);
	if (e == ERR_OK)
		cli_otp_input_drop_bom(ret_text);
	if (e == ERR_TOO_LONG)
		return why_set(&tool->why, e, "%s is over %zu bytes, which is too long.", what, ret_text->max);
	if (e == ERR_IO && from_stdin)
		return why_set(&tool->why, e, "Standard input cannot be read: %s.", strerror(errno));
	if (e == ERR_OK && str_empty(str_trim(buf_str(ret_text))))
		return why_set(&tool->why, ERR_NOT_FOUND, "%s is missing: give it on standard input, or name its file.",
			       what);
	return e;
}

err
tool_read_line(struct tool *tool, const char *file, const char *what, struct buf *text, str *ret_line)
{
	str line;

	TRY(tool_read(tool, file, what, text));
	line = str_trim(buf_str(text));
	if (str_has_byte(line, '\n'))
		return why_set(&tool->why, ERR_INVALID, "%s has several lines: give one at a time.", what);
	*ret_line = line;
	return ERR_OK;
}
