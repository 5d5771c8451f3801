/*
 * Encodes a text as a QR code (ISO/IEC 18004, error correction level M) with a quiet zone of four modules.
 *
 *	CLEANUP(buf_wipe) struct buf png = BUF(64 * 1024);
 *	TRY(qr_png(uri, QR_PNG_SCALE, &png));
 *
 * Each function appends to out, whose maximum limits the result (ERR_TOO_LONG).
 * ERR_TOO_LONG: text is empty, over QR_TEXT_MAX bytes, or too long for any QR code.  ERR_MEMORY.
 */
#ifndef QR_QR_H
#define QR_QR_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum { QR_PNG_SCALE = 4, QR_MODULE_PIXELS_MIN = 3, QR_TEXT_MAX = 2048, QR_PNG_SIDE_MAX = 8192 };

/*
 * A PNG, black on white, 1 bit a pixel, `scale` pixels a module.  ERR_INVALID: scale is 0, or the side of the image
 * would be over QR_PNG_SIDE_MAX pixels.
 */
MUST_USE err qr_png(str text, unsigned scale, struct buf *out);

/*
 * The same for a page: as many whole pixels a module as fit into `pixels`, but at least QR_MODULE_PIXELS_MIN.  A phone
 * can then read the code of a long text too.
 *
 *   ret_side  pixels of one side, including the quiet zone
 */
MUST_USE err qr_png_fit(str text, unsigned pixels, struct buf *out, unsigned *ret_side);

/* An SVG document, black on white, one unit a module.  It has no fixed size: it fills its container. */
MUST_USE err qr_svg(str text, struct buf *out);

/*
 * Half blocks in UTF-8 for a terminal, two modules a character, each line ended by a newline.
 *
 *   on_light  true for a light terminal background (black modules are drawn), false for a dark one (white modules are)
 */
MUST_USE err qr_terminal(str text, bool on_light, struct buf *out);

#endif
