#include "cli/timestamp.h"

#include "base/clock.h"

#include <time.h>

void
timestamp_put(struct buf *out, int64_t us)
{
	time_t seconds = (time_t)(us / 1000000);
	char text[32];
	struct tm tm = { 0 };

	if (us == 0 || gmtime_r(&seconds, &tm) == NULL ||
	    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm) == 0) {
		buf_put_byte(out, '-');
		return;
	}
	buf_put(out, str_of(text));
}

void
timestamp_put_json(struct cli_json *line, const char *name, int64_t us)
{
	CLEANUP(buf_wipe) struct buf text = BUF(64);

	timestamp_put(&text, us);
	if (us == 0)
		cli_json_null(line, name);
	else
		cli_json_text(line, name, buf_str(&text));
}

static err
timestamp_span_read(str text, int64_t now_us, int64_t *ret_us)
{
	static const struct {
		char letter;
		int64_t us;
	} units[] = { { 'd', MINUTES_US(24 * 60) }, { 'h', MINUTES_US(60) }, { 'm', MINUTES_US(1) } };
	uint64_t number = 0;

	if (text.n < 2 || str_number(str_upto(text, text.n - 1), 100000, &number) != ERR_OK)
		return ERR_INVALID;
	for (size_t i = 0; i < COUNT(units); i++)
		if (text.p[text.n - 1] == units[i].letter) {
			*ret_us = now_us - (int64_t)number * units[i].us;
			return ERR_OK;
		}
	return ERR_INVALID;
}

err
timestamp_read(str text, int64_t now_us, int64_t *ret_us)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d" };
	char z[32];

	if (timestamp_span_read(text, now_us, ret_us) == ERR_OK)
		return ERR_OK;
	TRY(str_copy_z(text, z, sizeof(z)) == ERR_OK ? ERR_OK : ERR_INVALID);
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct tm tm = { 0 };
		const char *end = strptime(z, forms[i], &tm);
		if (end != NULL && *end == '\0') {
			*ret_us = (int64_t)timegm(&tm) * 1000000;
			return ERR_OK;
		}
	}
	return ERR_INVALID;
}
