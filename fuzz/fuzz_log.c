/*
 * log_line, log_event: they write one line of printable characters, from which the given fields can be read back.
 * Input: values of fields, separated by 0x1f.  Each is written in the three formats.
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

/* The expected text of a value: cut between two characters, with each byte that is not UTF-8 replaced. */
static str
as_logged(str text, struct buf *out)
{
	text = str_utf8_upto(text, VALUE_SHOWN_BYTES);
	while (text.n > 0) {
		int32_t point;
		size_t n = str_utf8_next(text, &point);
		buf_put(out, n == 0 ? STR("\xef\xbf\xbd") : str_upto(text, n));
		text = str_from(text, n == 0 ? 1 : n);
	}
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

/* One character of the basic multilingual plane; characters beyond it are never escaped. */
static void
take_hex_escape(str *rest, struct buf *ret_text)
{
	unsigned point = 0;
	char hex[5] = "";

	PROMISE(rest->n >= 4);
	memcpy(hex, rest->p, 4);
	PROMISE(sscanf(hex, "%4x", &point) == 1 && str_point_misleads((int32_t)point));
	*rest = str_from(*rest, 4);
	if (point >= 0x800)
		buf_put_byte(ret_text, (char)(0xe0 | point >> 12));
	else if (point >= 0x80)
		buf_put_byte(ret_text, (char)(0xc0 | point >> 6));
	if (point >= 0x800)
		buf_put_byte(ret_text, (char)(0x80 | (point >> 6 & 0x3f)));
	buf_put_byte(ret_text, (char)(point < 0x80 ? point : 0x80 | (point & 0x3f)));
}

static void
take_escape(str *rest, struct buf *ret_text)
{
	static const char letters[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	char letter = take_byte(rest);
	const char *at = letter == '\0' ? NULL : strchr(letters, letter);

	PROMISE(at != NULL || letter == 'u');
	if (at != NULL)
		buf_put_byte(ret_text, meant[at - letters]);
	else
		take_hex_escape(rest, ret_text);
}

/* Read one string (RFC 8259 s7), with only the escapes that the logger writes. */
static void
take_json(str *rest, struct buf *ret_text)
{
	take(rest, STR("\""));
	for (;;) {
		char c = take_byte(rest);
		if (c == '"')
			return;
		if (c == '\\')
			take_escape(rest, ret_text);
		else
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
	while (line.n > 0) {
		int32_t point = 0;
		size_t n = str_utf8_next(line, &point);
		PROMISE(n > 0 && !str_point_misleads(point));
		line = str_from(line, n);
	}
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

/* Redirects standard error to a file in memory while log_event runs. */
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
