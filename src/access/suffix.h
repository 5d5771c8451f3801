/*
 * Public suffixes: domains under which anyone can register a name, such as co.uk, com or github.io.  Uses the list
 * that browsers use (https://publicsuffix.org), through libpsl, which is loaded for this check.
 */
#ifndef ACCESS_SUFFIX_H
#define ACCESS_SUFFIX_H

#include "config/config.h"

/*
 * Check that no entry of GATE_DOMAINS and no PASSKEY_RP_ID above the host of PUBLIC_URL is a public suffix.  Browsers
 * keep no cookie and make no passkey for a public suffix; otherwise other sites would receive it.  ERR_CONFIG: why
 * names the entry.  Without libpsl the check is skipped.
 */
MUST_USE err suffix_check(const struct config *config, struct why *why);

#endif
