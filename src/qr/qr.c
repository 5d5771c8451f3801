#include "qr/qr.h"

#include "base/secret.h"

#include <errno.h>
#include <png.h>
#include <qrencode.h>

enum { QUIET_MODULES = 4, SIDE_MAX = 8192, FASTEST = 1 };

static void
code_free(QRcode **code)
{
	if (*code == NULL)
		return;
	secret_wipe((*code)->data, (size_t)(*code)->width * (size_t)(*code)->width);
	QRcode_free(*code);
}

static err
encode(str text, QRcode **ret_code)
{
	if (text.n == 0 || text.n > QR_TEXT_MAX)
		return ERR_TOO_LONG;
	*ret_code = QRcode_encodeData((int)text.n, (const unsigned char *)text.p, 0, QR_ECLEVEL_M);
	if (*ret_code == NULL)
		return errno == ERANGE ? ERR_TOO_LONG : ERR_MEMORY;
	return ERR_OK;
}

/* Is the pixel column x of a row of modules black?  row < 0: in the quiet zone. */
static bool
is_black(const QRcode *code, long row, long x, unsigned scale)
{
	long column = x / scale - QUIET_MODULES;

	if (row < 0 || row >= code->width || column < 0 || column >= code->width)
		return false;
	return (code->data[row * code->width + column] & 1) != 0;
}

static void
fill_row(const QRcode *code, long row, unsigned scale, size_t side, png_byte *ret_row)
{
	memset(ret_row, 0xff, (side + 7) / 8);
	for (size_t x = 0; x < side; x++)
		if (is_black(code, row, (long)x, scale))
			ret_row[x / 8] &= (png_byte) ~(0x80u >> (x % 8));
}

static void
write_bytes(png_structp png, png_bytep bytes, png_size_t n)
{
	buf_put(png_get_io_ptr(png), str_bytes(bytes, n));
}

static void
write_nothing(png_structp png)
{
	(void)png;
}

static void
write_image(png_structp png, png_infop info, const QRcode *code, unsigned scale, size_t side)
{
	png_byte row[SIDE_MAX / 8 + 1];

	png_set_IHDR(png, info, (png_uint_32)side, (png_uint_32)side, 1, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
		     PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
	png_set_compression_level(png, FASTEST);
	png_write_info(png, info);
	for (size_t y = 0; y < side; y++) {
		if (y % scale == 0)
			fill_row(code, (long)(y / scale) - QUIET_MODULES, scale, side, row);
		png_write_row(png, row);
	}
	png_write_end(png, info);
	secret_wipe(row, sizeof(row));
}

static err
write_png(const QRcode *code, unsigned scale, size_t side, struct buf *out)
{
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png == NULL ? NULL : png_create_info_struct(png);
	err e = ERR_MEMORY;

	if (info != NULL && setjmp(png_jmpbuf(png)) == 0) {
		png_set_write_fn(png, out, write_bytes, write_nothing);
		write_image(png, info, code, scale, side);
		e = buf_check(out);
	}
	png_destroy_write_struct(&png, &info);
	return e;
}

err
qr_png(str text, unsigned scale, struct buf *out)
{
	CLEANUP(code_free) QRcode *code = NULL;
	size_t side;

	TRY(encode(text, &code));
	side = ((size_t)code->width + 2 * QUIET_MODULES) * scale;
	if (scale == 0 || side > SIDE_MAX)
		return ERR_INVALID;
	return write_png(code, scale, side, out);
}
