/*
 * Is a domain one under which everybody may have a name: co.uk, com, github.io?  By the list of public suffixes, as browsers know it
 * (https://publicsuffix.org), through libpsl, which is loaded for this.
 */
#ifndef ACCESS_SUFFIX_H
#define ACCESS_SUFFIX_H

#include "config/config.h"

/*
 * Each of GATE_DOMAINS must be somebody's own: no browser keeps a cookie for a public suffix, and if it did, strangers would get it.
 * ERR_CONFIG names the one that is not.  Without the library nothing is said.
 */
MUST_USE err suffix_check(const struct config *config, struct why *why);

#endif
