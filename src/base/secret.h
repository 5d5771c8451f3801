/*
 * Wiping and constant-time comparison of secrets.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>
#include <stddef.h>

/* Zero n bytes. The compiler cannot optimise this away. */
void secret_wipe(void *p, size_t n);

/* Are n bytes equal? The time does not depend on their content. */
bool secret_equal(const void *a, const void *b, size_t n);

#endif
