/*
 * A text as a QR code (ISO/IEC 18004, error correction level M), with its quiet zone of four modules.  Knows nothing of
 * what the text means.
 *
 *	CLEANUP(buf_wipe) struct buf png = BUF(64 * 1024);
 *	TRY(qr_png(uri, QR_PNG_SCALE, &png));
 *
 * Each appends to out, whose maximum bounds the result (ERR_TOO_LONG).
 * ERR_TOO_LONG: text is empty, over QR_TEXT_MAX, or no QR code holds it.  ERR_MEMORY.
 */
#ifndef QR_QR_H
#define QR_QR_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum { QR_PNG_SCALE = 4, QR_TEXT_MAX = 2048, QR_PNG_SIDE_MAX = 8192 };

/*
 * A PNG, black on white, 1 bit a pixel, `scale` pixels a module.  ERR_INVALID: scale is 0, or the image's side would be over
 * QR_PNG_SIDE_MAX pixels.
 */
MUST_USE err qr_png(str text, unsigned scale, struct buf *out);

/* An SVG document, black on white, one unit a module, without a size of its own: it takes the room that it is given. */
MUST_USE err qr_svg(str text, struct buf *out);

/*
 * Half blocks in UTF-8 for a terminal, two modules a character, a newline behind each line.
 *
 *   on_light  for a terminal whose ground is light; without it the light modules are what is drawn
 */
MUST_USE err qr_terminal(str text, bool on_light, struct buf *out);

#endif
