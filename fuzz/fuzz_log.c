/*
 * log_line, log_event: one line of printable characters, which reads back as the fields that were given.
 * Input: values of fields, a unit separator (0x1f) between two.  Each is written in the three formats.
 */
#include "target.h"

#include "base/buf.h"
#include "base/log.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

enum { FIELDS = 4, LINE_ROOM = 64 * 1024, VALUE_SHOWN_BYTES = 300 };

static const char *const names[FIELDS] = { "account", "why", "agent", "address" };

/* What a reader may expect of a text: cut, and without what is not UTF-8. */
static str
as_logged(str text, struct buf *out)
{
	text = str_upto(text, VALUE_SHOWN_BYTES);
	if (str_utf8_valid(text))
		return text;
	for (size_t i = 0; i < text.n; i++)
		buf_put(out, (unsigned char)text.p[i] < 0x80 ? str_upto(str_from(text, i), 1) : STR("\xef\xbf\xbd"));
	return buf_str(out);
}

static void
take(str *rest, str wanted)
{
	PROMISE(str_starts(*rest, wanted));
	*rest = str_from(*rest, wanted.n);
}

static char
take_byte(str *rest)
{
	PROMISE(rest->n > 0);
	char c = rest->p[0];
	*rest = str_from(*rest, 1);
	return c;
}

static char
take_hex_escape(str *rest)
{
	unsigned value = 0;
	char hex[5] = "";

	PROMISE(rest->n >= 4);
	memcpy(hex, rest->p, 4);
	PROMISE(sscanf(hex, "%4x", &value) == 1 && value < 0x80);
	*rest = str_from(*rest, 4);
	return (char)value;
}

/* RFC 8259 s7, as far as a writer of short lines needs it. */
static void
take_json(str *rest, struct buf *ret_text)
{
	take(rest, STR("\""));
	for (;;) {
		char c = take_byte(rest);
		if (c == '"')
			return;
		if (c == '\\') {
			static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
			char letter = take_byte(rest);
			const char *at = letter == '\0' ? NULL : strchr(letters, letter);
			PROMISE(at != NULL || letter == 'u');
			c = at != NULL ? meant[at - letters] : take_hex_escape(rest);
		}
		buf_put_byte(ret_text, c);
	}
}

static void
take_bare(str *rest, struct buf *ret_text)
{
	while (rest->n > 0 && rest->p[0] != ' ') {
		char c = take_byte(rest);
		PROMISE(c > ' ' && c < 0x7f && c != '"' && c != '=' && c != '\\');
		buf_put_byte(ret_text, c);
	}
	PROMISE(ret_text->n > 0);
}

static void
take_field(str *rest, enum log_format format, const struct log_field *field)
{
	CLEANUP(buf_wipe) struct buf text = BUF(LINE_ROOM), expected = BUF(LINE_ROOM);

	if (format == LOG_FORMAT_JSON)
		take(rest, STR(",\""));
	else
		take(rest, STR(" "));
	take(rest, str_of(field->name));
	take(rest, format == LOG_FORMAT_JSON ? STR("\":") : STR("="));
	if (format == LOG_FORMAT_JSON || (rest->n > 0 && rest->p[0] == '"'))
		take_json(rest, &text);
	else
		take_bare(rest, &text);
	PROMISE(str_equal(buf_str(&text), as_logged(field->text, &expected)));
}

static void
check_printable(str line)
{
	PROMISE(str_utf8_valid(line));
	for (size_t i = 0; i < line.n; i++)
		PROMISE((unsigned char)line.p[i] >= ' ' && line.p[i] != 0x7f);
}

static void
try_format(enum log_format format, const struct log_field *fields, size_t count)
{
	static const str begins[] = {
		[LOG_FORMAT_TEXT] = STR_INIT("1970-01-01T00:00:01.000000Z notice fuzz.tried"),
		[LOG_FORMAT_JSON] =
		    STR_INIT("{\"at\":\"1970-01-01T00:00:01.000000Z\",\"level\":\"notice\",\"event\":\"fuzz.tried\""),
		[LOG_FORMAT_TERMINAL] = STR_INIT("00:00:01 \x1b[36mfuzz.tried\x1b[0m"),
	};
	CLEANUP(buf_wipe) struct buf out = BUF(LINE_ROOM);

	log_line(&out, format, 1000000, "", LOG_NOTICE, "fuzz.tried", fields, count);
	PROMISE(buf_check(&out) == ERR_OK);
	str rest = buf_str(&out);
	take(&rest, begins[format]);
	check_printable(rest);
	for (size_t i = 0; i < count; i++)
		take_field(&rest, format, &fields[i]);
	PROMISE(str_equal(rest, format == LOG_FORMAT_JSON ? STR("}") : STR("")));
}

/* Standard error is a file in memory as long as this lasts. */
static str
written_by_event(str text, char *room, size_t size)
{
	static int file = -1;

	if (file < 0)
		file = memfd_create("log", MFD_CLOEXEC);
	PROMISE(file >= 0 && ftruncate(file, 0) == 0 && lseek(file, 0, SEEK_SET) == 0);
	int kept = dup(STDERR_FILENO);
	PROMISE(kept >= 0 && dup2(file, STDERR_FILENO) >= 0);
	log_event(LOG_ERROR, "fuzz.tried", LOG_STR("why", text), LOG_INT("account", 12));
	dup2(kept, STDERR_FILENO);
	close(kept);
	ssize_t n = pread(file, room, size, 0);
	PROMISE(n > 0);
	return str_bytes(room, (size_t)n);
}

static void
try_event(str text)
{
	char room[8192];
	str line = written_by_event(text, room, sizeof(room));

	PROMISE(line.p[line.n - 1] == '\n' && memchr(line.p, '\n', line.n) == line.p + line.n - 1);
	check_printable(str_upto(line, line.n - 1));
	PROMISE(str_ends(line, STR(" account=12\n")));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	struct log_field fields[FIELDS];
	size_t count = 0;
	str rest = str_bytes(bytes, n);

	while (rest.p != NULL && count < FIELDS) {
		str text = str_cut(&rest, 0x1f);
		fields[count] = (struct log_field)LOG_STR(names[count], text);
		count++;
	}
	for (enum log_format format = LOG_FORMAT_TEXT; format <= LOG_FORMAT_TERMINAL; format++)
		try_format(format, fields, count);
	try_event(str_bytes(bytes, n));
	return 0;
}
