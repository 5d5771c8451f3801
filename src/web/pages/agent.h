/*
 * A browser and its system in words, from what it says of itself in User-Agent: a hint for a person who knows their own devices,
 * nothing to rely on.
 */
#ifndef WEB_AGENT_H
#define WEB_AGENT_H

#include "base/str.h"

/* "Firefox", "Chrome", ...; "" when it is none that is known.  agent: any bytes. */
str agent_browser(str agent);

/* "Windows", "Android", ...; "" when it is none that is known. */
str agent_system(str agent);

#endif
