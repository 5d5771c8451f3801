/*
 * Functions shared by the three output formats of QR codes.  Other modules include qr.h.
 */
#ifndef QR_INTERNAL_H
#define QR_INTERNAL_H

#include "qr/qr.h"

#include <qrencode.h>

enum { QR_QUIET_MODULES = 4 };

/* The modules of a text.  Free with qr_code_free, which wipes them: the text may be a secret. */
MUST_USE err qr_code_make(str text, QRcode **ret_code);
void qr_code_free(QRcode **code);

/* Modules of one side, including the quiet zone. */
int qr_code_side(const QRcode *code);

/* Is the module black?  Counted from the corner of the quiet zone; modules outside the code are white. */
bool qr_code_is_black(const QRcode *code, int row, int column);

#endif
