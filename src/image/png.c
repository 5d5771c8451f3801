/*
 * PNG: libpng decodes the whole image, so a file that passes is one that browsers can show.
 */
#include "image/image.h"
#include "image/internal.h"

#include "base/mem.h"

#include <png.h>

/* The last chunk, IEND: its length, name and CRC are the same in every file (PNG specification, 11.2.5). */
static const str png_end = STR_INIT("\0\0\0\0IEND\xae\x42\x60\x82");

static err
png_check_sides(const png_image *image, struct why *why)
{
	if (image->width > 0 && image->width <= IMAGE_SIDE_MAX && image->height > 0 && image->height <= IMAGE_SIDE_MAX)
		return ERR_OK;
	return why_set(why, ERR_INVALID, "has %u x %u pixels: at most %d x %d are allowed", (unsigned)image->width,
		       (unsigned)image->height, IMAGE_SIDE_MAX, IMAGE_SIDE_MAX);
}

static err
png_decode(png_image *image, struct why *why)
{
	void *pixels;
	bool decoded;

	image->format = PNG_FORMAT_RGBA;
	pixels = mem_raw(PNG_IMAGE_SIZE(*image));
	if (pixels == NULL)
		return ERR_MEMORY;
	decoded = png_image_finish_read(image, NULL, pixels, 0, NULL) != 0;
	mem_free(&pixels);
	return decoded ? ERR_OK : why_set(why, ERR_INVALID, "is a damaged PNG: %s", image->message);
}

err
png_check(str bytes, struct why *why)
{
	CLEANUP(png_image_free) png_image image = { .version = PNG_IMAGE_VERSION };

	if (png_image_begin_read_from_memory(&image, bytes.p, bytes.n) == 0)
		return why_set(why, ERR_INVALID, "is a damaged PNG: %s", image.message);
	TRY(png_check_sides(&image, why));
	TRY(png_decode(&image, why));
	if (!str_ends(bytes, png_end))
		return why_set(why, ERR_INVALID, "is a PNG with other data after its end");
	return ERR_OK;
}

unsigned
png_square_side(str bytes)
{
	CLEANUP(png_image_free) png_image image = { .version = PNG_IMAGE_VERSION };

	if (png_image_begin_read_from_memory(&image, bytes.p, bytes.n) == 0 || image.width != image.height)
		return 0;
	return image.width;
}
