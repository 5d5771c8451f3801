/*
 * May the server redirect a browser to this return URL?  Only to a path on this server: an attacker could put a
 * foreign address into a link.  Browsers treat `\` as `/`, and drop tabs and line ends anywhere, so
 * "/\t/evil.example" would be another host.  Check the value after decoding it once, right before its use.
 */
#ifndef HTTP_RETURN_TO_H
#define HTTP_RETURN_TO_H

#include "base/str.h"

enum { NEXT_MAX_BYTES = 8400 };

/*
 * The first byte is `/`; the second is neither `/` nor `\`; no byte is below 0x21, 0x7f or `\`; the text is valid
 * UTF-8 of 1 to NEXT_MAX_BYTES bytes.
 */
bool next_is_safe(str next);

#endif
