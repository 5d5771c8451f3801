/*
 * How surely a rule's condition fits a request that programs may read differently.  access/access.c says what becomes of a "maybe".
 */
#ifndef ACCESS_FIT_H
#define ACCESS_FIT_H

/* From the worst to the best: two conditions together fit as surely as the worse one. */
enum fit { FITS_NOT = 0, FITS_MAYBE, FITS };

#endif
