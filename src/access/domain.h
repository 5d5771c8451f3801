/*
 * The protected domains (GATE_DOMAINS): which of them does a host belong to?
 */
#ifndef ACCESS_DOMAIN_H
#define ACCESS_DOMAIN_H

#include "config/config.h"

/* The first protected domain that is the host or above it; empty: none.  host: in lower case, without port (struct target). */
str gate_domain_of(const struct config *config, str host);

#endif
