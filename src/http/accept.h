/*
 * Weights in the Accept fields (RFC 9110 s12.4.2).
 */
#ifndef HTTP_ACCEPT_H
#define HTTP_ACCEPT_H

#include "base/str.h"

enum { ACCEPT_WEIGHT_FULL = 1000 };

/* q=0.8 is 800; an empty text, which means no weight, is 1000; a malformed weight is 0. */
int accept_weight(str parameter);

#endif
