/*
 * Static files, inside the program: made by tools/embed_static.py from static/ and from Bootstrap's Debian package.
 * A file's URL holds a digest of its content, so that it may be cached for ever (`immutable`).
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
	str gzip;  /* the same compressed; empty when that would not be smaller */
};

/* All live for ever.  NULL: there is none. */
const struct asset *asset_find(str path);  /* by URL path, exactly */
const struct asset *asset_named(str name); /* by name, for addresses without digest: "favicon.svg" */

#endif
