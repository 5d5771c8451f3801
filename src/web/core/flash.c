#include "web/core/flash.h"

#include "web/core/messages.h"

static const struct flash flashes[FLASH_COUNT] = {
#define FLASH_MESSAGE(id, word, kind, adds, sentence)                                                                  \
	[FLASH_##id] = { (word), FLASH_##kind, (sentence), FLASH_ADDS_##adds },
#include "web/core/flash.def"
};

const struct flash *
flash_of(enum flash_message message)
{
	return message > FLASH_NONE && message < FLASH_COUNT ? &flashes[message] : NULL;
}

enum flash_message
flash_read(str word)
{
	for (enum flash_message message = FLASH_NONE + 1; message < FLASH_COUNT; message++)
		if (str_equal(word, str_of(flashes[message].word)))
			return message;
	return FLASH_NONE;
}
