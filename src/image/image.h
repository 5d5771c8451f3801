/*
 * Images that the administrator supplies: the logo, and icons of applications.  Browsers of all users show them, so a
 * file is checked before it is served:
 *
 *	PNG  libpng decodes it.  At most IMAGE_SIDE_MAX pixels on each side; nothing follows the last chunk.
 *	SVG  expat parses it, and an allow list judges each element, attribute and style (svg.c).  Without scripts,
 *	     links, animations, foreign content and entities; references only to its own parts.
 *
 *	CLEANUP(buf_wipe) struct buf logo = BUF(IMAGE_MAX_BYTES);
 *	TRY(image_read("/etc/doubletour/logo.svg", &logo, &kind, &why));
 *
 * Call it at start or for a command only: a PNG may take 4 MiB and a few milliseconds.
 */
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include "base/buf.h"

enum image_kind { IMAGE_NONE = 0, IMAGE_PNG, IMAGE_SVG };

enum { IMAGE_MAX_BYTES = 256 * 1024, IMAGE_SIDE_MAX = 1024 };

/*
 * May the image be served?  ret_kind is written on ERR_OK only.  On refusal why has the predicate of a sentence about
 * the file, without its full stop: `has the element "script" on line 3, which is not allowed`.
 *
 * ERR_INVALID   refused
 * ERR_TOO_LONG  longer than IMAGE_MAX_BYTES
 * ERR_MEMORY
 */
MUST_USE err image_check(str bytes, enum image_kind *ret_kind, struct why *why);

/*
 * Read the file and check it.  The maximum of ret_bytes must be IMAGE_MAX_BYTES.  On failure why has a whole sentence
 * that names the file.  The errors of file_read (base/file.h) and image_check.
 */
MUST_USE err image_read(const char *path, struct buf *ret_bytes, enum image_kind *ret_kind, struct why *why);

/* The Content-Type: "image/png", "image/svg+xml".  Empty for IMAGE_NONE. */
str image_type(enum image_kind kind);

/* The side in pixels of an image that image_check accepted, if it is a square PNG; otherwise 0. */
unsigned image_square_side(str bytes, enum image_kind kind);

#endif
