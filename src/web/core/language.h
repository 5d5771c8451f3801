/*
 * French or English: the person's choice (cookie), then what the browser asks for, then DEFAULT_LANGUAGE.
 */
#ifndef WEB_LANGUAGE_H
#define WEB_LANGUAGE_H

#include "base/str.h"
#include "config/config.h"

/* "fr" or "en" exactly. */
bool language_of(str code, enum config_language *ret_language);
str language_code(enum config_language language);

/* cookie and accept (Accept-Language, RFC 9110 s12.5.4) may be empty or anything. */
enum config_language language_choose(str cookie, str accept, enum config_language otherwise);

#endif
