/*
 * How certainly a condition of a rule fits a request that programs may read differently.  access/access.c handles
 * FITS_MAYBE.
 */
#ifndef ACCESS_FIT_H
#define ACCESS_FIT_H

/* In ascending order: two conditions together have the lower value. */
enum fit { FITS_NOT = 0, FITS_MAYBE, FITS };

#endif
