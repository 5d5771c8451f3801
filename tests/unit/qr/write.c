/* For test_qr.py: the text on standard input as a PNG on standard output.  Exit status 3: too long for a QR code. */
#include "qr/qr.h"

#include <stdio.h>

int
main(void)
{
	char text[8192];
	size_t n = fread(text, 1, sizeof(text), stdin);
	CLEANUP(buf_wipe) struct buf png = BUF(1024 * 1024);
	err e = qr_png(str_bytes(text, n), QR_PNG_SCALE, &png);

	if (e != ERR_OK)
		return e == ERR_TOO_LONG ? 3 : 1;
	return fwrite(png.p, 1, png.n, stdout) == png.n ? 0 : 1;
}
