/*
 * A QR code as PNG.  All pixel rows of a module row are equal, so deflate has little to do.  No filter, the fastest
 * level and a window of 1 KiB gave the smallest image of the variants tried, in half the time of the default
 * window.  The default window also allocates 256 KiB for each image.  libqrencode takes most of the remaining time.
 */
#include "qr/internal.h"

#include "base/secret.h"

#include <png.h>
#include <zlib.h>

enum { WINDOW_BITS = 10, MEMORY_LEVEL = 4 };

/* Pixels of one row, eight in a byte, the leftmost in the highest bit. */
struct row {
	png_byte b[QR_PNG_SIDE_MAX / 8];
};

static void
qr_png_row_fill(const QRcode *code, int module_row, unsigned scale, struct row *ret_row)
{
	size_t at = 0;

	memset(ret_row, 0xff, sizeof(*ret_row));
	for (int column = 0; column < qr_code_side(code); column++) {
		size_t end = at + scale;
		if (!qr_code_is_black(code, module_row, column)) {
			at = end;
			continue;
		}
		for (; at < end; at++)
			ret_row->b[at / 8] &= (png_byte) ~(0x80u >> (at % 8));
	}
}

static void
qr_png_write_bytes(png_structp png, png_bytep bytes, png_size_t n)
{
	buf_put(png_get_io_ptr(png), str_bytes(bytes, n));
}

static void
qr_png_write_nothing(png_structp png)
{
	(void)png;
}

static void
qr_png_write_rows(png_structp png, const QRcode *code, unsigned scale)
{
	struct row row;

	for (int module_row = 0; module_row < qr_code_side(code); module_row++) {
		qr_png_row_fill(code, module_row, scale, &row);
		for (unsigned i = 0; i < scale; i++)
			png_write_row(png, row.b);
	}
	secret_wipe(&row, sizeof(row));
}

static void
qr_png_write_image(png_structp png, png_infop info, const QRcode *code, unsigned scale)
{
	png_uint_32 side = (png_uint_32)qr_code_side(code) * scale;

	png_set_IHDR(png, info, side, side, 1, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT,
		     PNG_FILTER_TYPE_DEFAULT);
	png_set_filter(png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
	png_set_compression_level(png, Z_BEST_SPEED);
	png_set_compression_window_bits(png, WINDOW_BITS);
	png_set_compression_mem_level(png, MEMORY_LEVEL);
	png_write_info(png, info);
	qr_png_write_rows(png, code, scale);
	png_write_end(png, info);
}

static err
qr_png_write_png(const QRcode *code, unsigned scale, struct buf *out)
{
	png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, NULL, NULL, NULL);
	png_infop info = png == NULL ? NULL : png_create_info_struct(png);
	volatile bool done = false;

	if (info != NULL && setjmp(png_jmpbuf(png)) == 0) {
		png_set_write_fn(png, out, qr_png_write_bytes, qr_png_write_nothing);
		qr_png_write_image(png, info, code, scale);
		done = true;
	}
	png_destroy_write_struct(&png, &info);
	return done ? buf_check(out) : ERR_MEMORY;
}

static err
qr_png_put(const QRcode *code, unsigned scale, struct buf *out)
{
	if (scale == 0 || scale > QR_PNG_SIDE_MAX / (unsigned)qr_code_side(code))
		return ERR_INVALID;
	return qr_png_write_png(code, scale, out);
}

err
qr_png(str text, unsigned scale, struct buf *out)
{
	CLEANUP(qr_code_free) QRcode *code = NULL;

	TRY(qr_code_make(text, &code));
	return qr_png_put(code, scale, out);
}

err
qr_png_fit(str text, unsigned pixels, struct buf *out, unsigned *ret_side)
{
	CLEANUP(qr_code_free) QRcode *code = NULL;
	unsigned modules, scale;

	TRY(qr_code_make(text, &code));
	modules = (unsigned)qr_code_side(code);
	scale = pixels / modules > QR_MODULE_PIXELS_MIN ? pixels / modules : QR_MODULE_PIXELS_MIN;
	TRY(qr_png_put(code, scale, out));
	*ret_side = modules * scale;
	return ERR_OK;
}
