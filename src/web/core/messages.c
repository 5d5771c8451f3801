#include "web/core/messages.h"

#include <stdlib.h>

static int
messages_compare(const void *msgid, const void *entry)
{
	return strcmp(msgid, ((const struct message_entry *)entry)->msgid);
}

str
message(enum config_language language, const char *msgid)
{
	const struct message_entry *entry = NULL;

	if (msgid == NULL)
		return STR("");
	entry = bsearch(msgid, message_table, message_count, sizeof(message_table[0]), messages_compare);
	return entry == NULL ? str_of(msgid) : entry->text[language];
}
