/*
 * Sentences in the person's language.  A sentence's name (msgid) is its English text; the translations are in
 * locales/fr.po and locales/en.po, compiled into a sorted table (tools/compile_messages.py).
 *
 *	static const char refused[] = N_("The user name or password is wrong.");
 *	buf_put_html(out, message(LANGUAGE_FR, refused));
 *
 * N_ marks a sentence so that the test of translations finds it: every marked one must be in every .po file, and every
 * one there must be in use.
 */
#ifndef WEB_MESSAGES_H
#define WEB_MESSAGES_H

#include "base/str.h"
#include "config/config.h"

#include <stddef.h>

#define N_(sentence) sentence

/* The sentence in that language; the msgid itself when it is not in the table; empty for NULL.  Lives for ever. */
str message(enum config_language language, const char *msgid);

/* The generated table, in the order of strcmp on msgid. */
struct message_entry {
	const char *msgid;
	str text[LANGUAGE_COUNT];
};
extern const struct message_entry message_table[];
extern const size_t message_count;

#endif
