/*
 * The protected domains (GATE_DOMAINS), and the domain of a host.
 */
#ifndef ACCESS_DOMAIN_H
#define ACCESS_DOMAIN_H

#include "config/config.h"

/*
 * The first protected domain that is the host or a parent of it; empty: none.  host: lower case, no port (struct
 * target).
 */
str gate_domain_of(const struct config *config, str host);

#endif
