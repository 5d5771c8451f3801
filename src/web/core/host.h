/*
 * Which address people may open this server at, and which one they should open instead.
 */
#ifndef WEB_HOST_H
#define WEB_HOST_H

#include "base/buf.h"
#include "config/config.h"

/*
 * Only the address of PUBLIC_URL; without one localhost, 127.0.0.1 and [::1] with any port (against DNS rebinding).
 * The default port of the scheme is no port.  A name with a dot at its end is another origin for browsers, so not ours.
 */
bool host_ours(const struct config *config, str host);

/* Is this Origin header that of a page at this Host? */
bool host_same_origin(const struct config *config, str host, str origin);

/* PUBLIC_URL; without one http://localhost:PORT.  No slash at its end. */
void host_put_right(const struct config *config, struct buf *out);

#endif
