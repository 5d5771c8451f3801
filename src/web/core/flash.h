/*
 * Flash messages: a message for the next page ("You are signed in."), from a fixed list.  A short-lived cookie
 * holds its word.  No text from the browser reaches the page, and no database row is written.
 */
#ifndef WEB_FLASH_H
#define WEB_FLASH_H

#include "base/str.h"

#include <stdbool.h>

enum flash_message {
	FLASH_NONE = 0,
#define FLASH_MESSAGE(id, word, kind, adds, sentence) FLASH_##id,
#include "web/core/flash.def"
	FLASH_COUNT
};

enum flash_kind { FLASH_INFO = 0, FLASH_GOOD, FLASH_BAD };

/* The page adds this to the message. */
enum flash_adds {
	FLASH_ADDS_NOTHING = 0,
	FLASH_ADDS_RECOVERY, /* shown: the number of recovery codes left */
	FLASH_ADDS_PASSKEYS, /* for the browser: all passkeys of the account */
	FLASH_ADDS_NAMES,    /* for the browser: the names of the account, if it has passkeys */
};

struct flash {
	const char *word;
	enum flash_kind kind;
	const char *sentence; /* msgid */
	enum flash_adds adds;
};

/* NULL for FLASH_NONE. */
const struct flash *flash_of(enum flash_message message);

/* The message of a cookie's word; FLASH_NONE: unknown word. */
enum flash_message flash_read(str word);

#endif
