/* buf_put_html, buf_put_json, buf_put_percent, log_line: the output cannot end the text that contains it. */
#include "target.h"

#include "base/buf.h"
#include "base/log.h"

static bool
has_control(str s)
{
	for (size_t i = 0; i < s.n; i++)
		if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
			return true;
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	CLEANUP(buf_wipe) struct buf html = BUF(8 * 1024 * 1024), json = BUF(8 * 1024 * 1024);
	CLEANUP(buf_wipe) struct buf percent = BUF(8 * 1024 * 1024), line = BUF(64 * 1024);
	str text = str_bytes(bytes, n);
	const struct log_field fields[] = { LOG_STR("text", text) };

	buf_put_html(&html, text);
	PROMISE(!str_has_byte(buf_str(&html), '<') && !str_has_byte(buf_str(&html), '"') &&
		!str_has_byte(buf_str(&html), '\''));
	buf_put_json(&json, text);
	PROMISE(!has_control(buf_str(&json)));
	buf_put_percent(&percent, text);
	PROMISE(!has_control(buf_str(&percent)) && !str_has_byte(buf_str(&percent), '&'));
	log_line(&line, n % 2 ? LOG_FORMAT_JSON : LOG_FORMAT_TEXT, 0, "", LOG_INFO, "fuzz", fields, COUNT(fields));
	PROMISE(!has_control(buf_str(&line)));
	return 0;
}
