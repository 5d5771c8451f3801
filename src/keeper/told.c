#include "keeper/told.h"

#include "base/log.h"

enum { HEX_BYTES = 2 * TOKEN_BYTES, TOLD_AT_ONCE = DB_TOLD_MAX_BYTES / HEX_BYTES };

static void
put_hex(struct buf *out, const struct token *hash)
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < TOKEN_BYTES; i++) {
		buf_put_byte(out, digits[hash->b[i] >> 4]);
		buf_put_byte(out, digits[hash->b[i] & 15]);
	}
}

void
told_ended(struct db *db, const struct token *hashes, size_t n)
{
	CLEANUP(buf_wipe) struct buf text = BUF(DB_TOLD_MAX_BYTES);
	err e = ERR_OK;

	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		put_hex(&text, &hashes[i]);
		if ((i + 1) % TOLD_AT_ONCE != 0 && i + 1 < n)
			continue;
		e = buf_check(&text);
		if (e == ERR_OK)
			e = db_tell(db, buf_str(&text));
		buf_clear(&text);
	}
	if (e != ERR_OK)
		log_event(LOG_WARNING, "nodes.untold", LOG_TEXT("why", err_name(e)));
}

static int
digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool
take_hex(str hex, struct token *ret_hash)
{
	for (size_t i = 0; i < TOKEN_BYTES; i++) {
		int high = digit_of(hex.p[2 * i]), low = digit_of(hex.p[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		ret_hash->b[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

void
told_read(str text, told_each each, void *context)
{
	struct token hash;

	for (; text.n >= HEX_BYTES && take_hex(text, &hash); text = str_from(text, HEX_BYTES))
		each(context, &hash);
}
