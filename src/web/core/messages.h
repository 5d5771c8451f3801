/*
 * Sentences in the user's language.  The key of a sentence (msgid) is its English text.  The translations are in
 * locales/fr.po and locales/en.po, compiled into a sorted table (tools/compile_messages.py).
 *
 *	static const char refused[] = N_("The user name or password is wrong.");
 *	buf_put_html(out, message(LANGUAGE_FR, refused));
 *
 * N_ marks a sentence for the test of translations: every marked sentence must be in every .po file, and every
 * sentence there must be in use.
 */
#ifndef WEB_MESSAGES_H
#define WEB_MESSAGES_H

#include "base/str.h"
#include "config/config.h"

#include <stddef.h>

#define N_(sentence) sentence

/* The sentence in that language, which lives forever; the msgid if it is not in the table; empty for NULL. */
str message(enum config_language language, const char *msgid);

/* The generated table, sorted by msgid in the order of strcmp. */
struct message_entry {
	const char *msgid;
	str text[LANGUAGE_COUNT];
};
extern const struct message_entry message_table[];
extern const size_t message_count;

#endif
