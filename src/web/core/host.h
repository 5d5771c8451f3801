/*
 * The host names under which this server may be opened, and the right address for visitors of another one.
 */
#ifndef WEB_HOST_H
#define WEB_HOST_H

#include "base/buf.h"
#include "config/config.h"

/*
 * Only the host of PUBLIC_URL.  Without PUBLIC_URL: localhost, 127.0.0.1 and [::1] with any port (against DNS
 * rebinding).  The scheme's default port may be left out.  A name with a trailing dot is refused: browsers treat it
 * as another origin.
 */
bool host_ours(const struct config *config, str host);

/* Is this Origin header that of a page at this Host? */
bool host_same_origin(const struct config *config, str host, str origin);

/* Append PUBLIC_URL; without it http://localhost:PORT.  No slash at the end. */
void host_put_right(const struct config *config, struct buf *out);

/* The address to print at the start: PUBLIC_URL; without it http://localhost:PORT, or what the server listens on. */
const char *host_address(const struct config *config, const struct config_location *listens);

/*
 * In development and testing, and for a request to 127.0.0.1 or [::1] only: append http://localhost with the port of
 * the request, if that is a host of this server.  Browsers make no passkeys for IP addresses.  False: nothing was
 * appended.
 */
bool host_put_localhost(const struct config *config, str host, struct buf *out);

#endif
