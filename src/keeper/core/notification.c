#include "keeper/core/notification.h"

#include "base/log.h"

enum { HEX_BYTES = 2 * TOKEN_BYTES, ENDED_AT_ONCE = DB_NOTIFICATION_MAX_BYTES / HEX_BYTES };

void
notification_send_ended(struct db *db, const struct token *hashes, size_t n)
{
	CLEANUP(buf_wipe) struct buf text = BUF(DB_NOTIFICATION_MAX_BYTES);
	err e = ERR_OK;

	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		buf_put_hex(&text, str_bytes(hashes[i].b, TOKEN_BYTES));
		if ((i + 1) % ENDED_AT_ONCE != 0 && i + 1 < n)
			continue;
		e = buf_check(&text);
		if (e == ERR_OK)
			e = db_notify(db, buf_str(&text));
		buf_clear(&text);
	}
	if (e != ERR_OK)
		log_event(LOG_WARNING, "nodes.untold", LOG_TEXT("why", err_name(e)));
}

void
notification_read(str text, notification_each each, void *context)
{
	struct token hash;

	for (; str_hex(str_upto(text, HEX_BYTES), hash.b, TOKEN_BYTES) == ERR_OK; text = str_from(text, HEX_BYTES))
		each(context, &hash);
}
