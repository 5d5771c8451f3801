/*
 * A text as a QR code (ISO/IEC 18004, error correction level M), with its quiet zone of four modules.  Knows nothing of
 * what the text means.
 */
#ifndef QR_QR_H
#define QR_QR_H

#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"

enum { QR_PNG_SCALE = 4, QR_TEXT_MAX = 2048 };

/* Append a PNG, black on white, 1 bit a pixel, `scale` pixels a module.  ERR_TOO_LONG: text over QR_TEXT_MAX or no QR code holds it. */
MUST_USE err qr_png(str text, unsigned scale, struct buf *out);

#endif
