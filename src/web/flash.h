/*
 * What just happened, told on the next page: a fixed word in a short-lived cookie, looked up in a table.  Nothing that a
 * browser can put there becomes text on a page, and no database row is written for it.
 */
#ifndef WEB_FLASH_H
#define WEB_FLASH_H

#include "base/str.h"

#include <stdbool.h>

enum flash_kind { FLASH_INFO = 0, FLASH_GOOD, FLASH_BAD };

struct flash {
	const char *word;
	enum flash_kind kind;
	const char *sentence; /* msgid */
	bool tells_recovery;  /* followed by how many recovery codes are left */
};

/* NULL: no such word. */
const struct flash *flash_find(str word);

#endif
