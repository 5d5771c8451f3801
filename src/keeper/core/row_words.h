/*
 * Columns with a fixed set of words, and the enum values for them.
 */
#ifndef KEEPER_ROW_WORDS_H
#define KEEPER_ROW_WORDS_H

#include "base/err.h"
#include "doubletour/otp.h"
#include "ipc/questions.h"

/* accounts.language and accounts.time_format. An unknown number has the text of 0; an unknown text reads as 0. */
str preferred_language_text(uint32_t language);
uint32_t preferred_language_read(str text);
bool preferred_language_known(str text);
str time_format_text(uint32_t format);
uint32_t time_format_read(str text);
bool time_format_known(str text);

/* factors.algorithm: SHA1, SHA256 or SHA512. */
const char *factor_algorithm_name(enum otp_algorithm algorithm);
/* ERR_CORRUPT: any other text. */
MUST_USE err factor_algorithm_read(str name, enum otp_algorithm *ret_algorithm);

#endif
