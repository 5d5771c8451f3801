/* Texts of commands about a decision of the access rules. */
#ifndef CLI_ACCESS_TEXT_H
#define CLI_ACCESS_TEXT_H

#include "access/access.h"
#include "base/buf.h"

/* "passes", "must enter a code": behind the name of a visitor. */
const char *access_text_outcome(const struct access_decision *decision);

/* "refused", "passes", "asks" */
const char *access_text_word(const struct access_decision *decision);

/* Append "FILE, line N: two_factor, with a passkey". */
void access_text_put_rule(struct buf *out, const char *file, const struct access_rule *rule);

#endif
