/*
 * Browser and system in words, from the User-Agent header: a hint for users who know their own devices.  It is not
 * reliable.
 */
#ifndef WEB_AGENT_H
#define WEB_AGENT_H

#include "base/str.h"

/* "Firefox", "Chrome", ...; "" if unknown.  agent: any bytes. */
str agent_browser(str agent);

/* "Windows", "Android", ...; "" if unknown. */
str agent_system(str agent);

#endif
