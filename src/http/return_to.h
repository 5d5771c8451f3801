/*
 * May a browser be sent on to this?  Only to a path of ours: an address that a stranger wrote into a link must not lead
 * elsewhere.  Browsers take `\` for `/`, and drop tabs and line ends wherever they stand, so that "/\t/evil.example" would
 * be another host.  Check the value that was decoded once, at the moment it is used.
 */
#ifndef HTTP_RETURN_TO_H
#define HTTP_RETURN_TO_H

#include "base/str.h"

enum { NEXT_MAX_BYTES = 2000 };

/*
 * `/` first, second byte neither `/` nor `\`, no byte below 0x21, no 0x7f, no `\` anywhere, well-formed UTF-8, 1 to
 * NEXT_MAX_BYTES bytes.
 */
bool next_is_safe(str next);

#endif
