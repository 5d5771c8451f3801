/*
 * What is done to every secret: wiped when no longer needed, compared in constant time.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/* Zero n bytes; the compiler may not drop it. */
void secret_wipe(void *p, size_t n);

/* Are n bytes equal?  Takes the same time whatever they hold. */
bool secret_equal(const void *a, const void *b, size_t n);

#endif
