/*
 * The administrator's logo (BRAND_LOGO) and colour (BRAND_ACCENT), as static files that are made at start.
 *
 * The keeper checks the logo before it changes anything, and refuses the start.  Each web process reads the file again
 * before it enters its sandbox.  If the file was changed meanwhile and is refused, web logs that (brand.refused) and
 * shows the mark of Doubletour: a web process that is replaced must not end the service.
 */
#ifndef WEB_BRAND_H
#define WEB_BRAND_H

#include "config/config.h"
#include "image/image.h"
#include "web/core/assets.h"

enum { BRAND_PATH_MAX = 64, BRAND_ETAG_MAX = 40, BRAND_SHEET_MAX = 512, TOUCH_ICON_SIDE = 180 };

/* An asset with its texts. */
struct brand_file {
	struct asset asset; /* path.n == 0: there is none */
	char path[BRAND_PATH_MAX], etag[BRAND_ETAG_MAX];
};

struct brand {
	struct brand_file logo, sheet; /* sheet: a style sheet after app.css */
	enum image_kind logo_kind;
	bool logo_touches; /* the logo can be the icon on phones: a square PNG of TOUCH_ICON_SIDE pixels or more */
	struct buf logo_bytes, sheet_bytes;
};

/* Is the file of BRAND_LOGO good?  ERR_CONFIG: why has a sentence that begins with the setting. */
MUST_USE err brand_check(const struct config *config, struct why *why);

/* Make the files.  *ret_brand must not move afterwards.  ERR_MEMORY, ERR_CRYPTO. */
MUST_USE err brand_begin(const struct config *config, struct brand *ret_brand);
void brand_end(struct brand *brand);

/* The file of this URL path; NULL: none. */
const struct asset *brand_find(const struct brand *brand, str path);

#endif
