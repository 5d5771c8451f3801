#include "cli/print.h"

#include "base/log.h"
#include "cli/cli.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 4096, WORD_BYTES = 40 };

static err
print_to(FILE *to, str text)
{
	return fwrite(text.p, 1, text.n, to) == text.n && fflush(to) == 0 ? ERR_OK : ERR_IO;
}

/* Append lines of text, each made visible. */
static void
print_visible(struct buf *out, str text)
{
	while (text.n > 0) {
		str line = str_cut(&text, '\n');
		buf_put_visible(out, line);
		if (text.p != NULL)
			buf_put_byte(out, '\n');
	}
}

static bool
print_is_visible(str text)
{
	while (text.n > 0)
		if (!str_is_visible(str_cut(&text, '\n')))
			return false;
	return true;
}

/* Format with room for a long value; longer messages are cut. */
static void
print_format(struct buf *out, const char *format, va_list args)
{
	char text[LINE_MAX_BYTES];

	(void)!vsnprintf(text, sizeof(text), format, args);
	buf_put_visible(out, str_of(text));
}

/* Never waits for a reader, because the process may be serving. */
static void
print_error(const char *format, va_list args, const char *end)
{
	CLEANUP(buf_wipe) struct buf text = BUF(LINE_MAX_BYTES * STR_VISIBLE_MAX + 1);

	print_format(&text, format, args);
	buf_put(&text, str_of(end));
	log_print(STDERR_FILENO, buf_str(&text));
}

void
cli_say(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_error(format, args, "\n");
	va_end(args);
}

void
cli_prompt(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_error(format, args, "");
	va_end(args);
}

void
cli_line(struct buf *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	print_format(out, format, args);
	va_end(args);
	buf_put_byte(out, '\n');
}

int
cli_print_bytes(str bytes)
{
	if (print_to(stdout, bytes) == ERR_OK)
		return CLI_DONE;
	cli_say("doubletour: writing to standard output failed.");
	return CLI_FAILED;
}

int
cli_print(str text)
{
	CLEANUP(buf_wipe) struct buf visible = BUF(text.n * STR_VISIBLE_MAX);

	if (print_is_visible(text))
		return cli_print_bytes(text);
	print_visible(&visible, text);
	if (buf_check(&visible) == ERR_OK)
		return cli_print_bytes(buf_str(&visible));
	return cli_fail(buf_check(&visible), NULL);
}

int
cli_print_line(const char *format, ...)
{
	CLEANUP(buf_wipe) struct buf line = BUF(LINE_MAX_BYTES * STR_VISIBLE_MAX);
	va_list args;

	va_start(args, format);
	print_format(&line, format, args);
	va_end(args);
	buf_put_byte(&line, '\n');
	return cli_print(buf_str(&line));
}

int
cli_print_usage(const char *help)
{
	(void)!print_to(stderr, str_of(help));
	return CLI_USAGE;
}

void
cli_redraw(const char *format, ...)
{
	CLEANUP(buf_wipe) struct buf line = BUF(LINE_MAX_BYTES * STR_VISIBLE_MAX);
	va_list args;

	buf_put_byte(&line, '\r');
	va_start(args, format);
	print_format(&line, format, args);
	va_end(args);
	(void)!print_to(stderr, buf_str(&line));
}

void
cli_clear_line(void)
{
	(void)!print_to(stderr, STR("\r\033[K"));
}

void
cli_count(struct buf *out, int64_t n, const char *one, const char *many)
{
	buf_put_number(out, n);
	buf_put_byte(out, ' ');
	buf_put(out, str_of(n == 1 || many == NULL ? one : many));
	if (n != 1 && many == NULL)
		buf_put_byte(out, 's');
}

/* Words such as "postgresql://anna:...", "password=..." and "otpauth://..." may contain secrets. */
static bool
print_word_is_secret(str word)
{
	return memmem(word.p, word.n, "://", 3) != NULL || str_has_byte(word, '@') || str_has_byte(word, '=');
}

struct cli_word
cli_word_of(const char *argument)
{
	struct cli_word word = { .z = "" };
	str text = str_of(argument);

	if (print_word_is_secret(text) || text.n > WORD_BYTES)
		snprintf(word.z, sizeof(word.z), "...");
	else
		str_visible_z(text, word.z, sizeof(word.z));
	return word;
}

struct cli_word
cli_url_of(const char *url)
{
	struct cli_word word = { .z = "" };

	str_visible_z(str_has_byte(str_of(url), '@') ? STR("The address") : str_of(url), word.z, sizeof(word.z));
	return word;
}

void
cli_column(struct buf *out, str text, size_t columns)
{
	size_t start = out->n;

	buf_put_visible(out, text);
	size_t n = str_utf8_count(str_from(buf_str(out), start));
	do
		buf_put_byte(out, ' ');
	while (++n < columns);
}
