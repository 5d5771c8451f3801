/*
 * Encodes text into QR code modules, with libqrencode.
 */
#include "qr/internal.h"

#include "base/secret.h"

#include <errno.h>

void
qr_code_free(QRcode **code)
{
	if (*code == NULL)
		return;
	secret_wipe((*code)->data, (size_t)(*code)->width * (size_t)(*code)->width);
	QRcode_free(*code);
	*code = NULL;
}

err
qr_code_make(str text, QRcode **ret_code)
{
	if (text.n == 0 || text.n > QR_TEXT_MAX)
		return ERR_TOO_LONG;
	*ret_code = QRcode_encodeData((int)text.n, (const unsigned char *)text.p, 0, QR_ECLEVEL_M);
	if (*ret_code == NULL)
		return errno == ERANGE ? ERR_TOO_LONG : ERR_MEMORY;
	return ERR_OK;
}

int
qr_code_side(const QRcode *code)
{
	return code->width + 2 * QR_QUIET_MODULES;
}

bool
qr_code_is_black(const QRcode *code, int row, int column)
{
	row -= QR_QUIET_MODULES;
	column -= QR_QUIET_MODULES;
	if (row < 0 || row >= code->width || column < 0 || column >= code->width)
		return false;
	return (code->data[row * code->width + column] & 1) != 0;
}
