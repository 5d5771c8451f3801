/*
 * What the audit trail says of an account, in words for the person whose account it is.
 */
#ifndef WEB_HAPPENING_H
#define WEB_HAPPENING_H

#include "base/str.h"

/*
 * "signin.refused", "password" → "Wrong password" (a msgid).  A reason that has no words of its own has its event's.
 * NULL: not an event of this version, or one that no account has.
 */
const char *happening_words(str event, str reason);

#endif
