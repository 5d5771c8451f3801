/*
 * The only source of randomness: the kernel's, through getrandom(2).
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Fill n bytes.  ERR_CRYPTO: nothing usable was written. */
MUST_USE err random_fill(void *ret_bytes, size_t n);

/* A random id for a row: 1 to 2^62 - 1. */
MUST_USE err random_id(int64_t *ret_id);

#endif
