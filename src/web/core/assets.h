/*
 * Static files, embedded in the program by tools/embed_static.py, from static/.
 * The URL of a file contains a digest of its content, so browsers may cache it forever (`immutable`).
 */
#ifndef WEB_ASSETS_H
#define WEB_ASSETS_H

#include "base/str.h"

struct asset {
	str path;  /* "/static/app.3fa9c1d2.css" */
	str name;  /* "app.css" */
	str type;  /* Content-Type */
	str etag;  /* with its double quotes */
	str plain; /* the bytes */
	str gzip;  /* gzip of the bytes; empty if that is not smaller */
};

/* All assets live as long as the process.  NULL: not found. */
const struct asset *asset_find(str path);  /* by URL path, exactly */
const struct asset *asset_named(str name); /* by name, for URLs without digest: "favicon.svg" */

#endif
