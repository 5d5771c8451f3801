/*
 * The only source of randomness: the kernel, through getrandom(2).
 */
#ifndef BASE_RANDOM_H
#define BASE_RANDOM_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Fill n random bytes. ERR_CRYPTO: no usable bytes were written. */
MUST_USE err random_fill(void *ret_bytes, size_t n);

/* A random row id: 1 to 2^62 - 1. */
MUST_USE err random_id(int64_t *ret_id);

#endif
