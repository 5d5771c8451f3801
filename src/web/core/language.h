/*
 * Choice between French and English: the user's choice (cookie), then the browser's Accept-Language, then
 * DEFAULT_LANGUAGE.
 */
#ifndef WEB_LANGUAGE_H
#define WEB_LANGUAGE_H

#include "base/str.h"
#include "config/config.h"

/* Exactly "fr" or "en"; false: any other text. */
bool language_of(str code, enum config_language *ret_language);
str language_code(enum config_language language);

/* cookie and accept (Accept-Language, RFC 9110 s12.5.4) may be empty or contain any text. */
enum config_language language_choose(str cookie, str accept, enum config_language otherwise);

#endif
