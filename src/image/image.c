#include "image/image.h"

#include "image/internal.h"

#include "base/file.h"

static const str image_png_signature = STR_INIT("\x89PNG\r\n\x1a\n");

static enum image_kind
image_kind_of(str bytes)
{
	if (str_starts(bytes, image_png_signature))
		return IMAGE_PNG;
	return str_starts(str_trim(str_without_bom(bytes)), STR("<")) ? IMAGE_SVG : IMAGE_NONE;
}

err
image_check(str bytes, enum image_kind *ret_kind, struct why *why)
{
	enum image_kind kind = image_kind_of(bytes);

	if (bytes.n > IMAGE_MAX_BYTES)
		return why_set(why, ERR_TOO_LONG, "is longer than %d KiB", IMAGE_MAX_BYTES / 1024);
	if (str_is_utf16(bytes))
		return why_set(why, ERR_INVALID, "is written in UTF-16: save it in UTF-8");
	if (kind == IMAGE_NONE)
		return why_set(why, ERR_INVALID, "is neither an SVG nor a PNG");
	TRY(kind == IMAGE_PNG ? png_check(bytes, why) : svg_check(bytes, why));
	*ret_kind = kind;
	return ERR_OK;
}

err
image_read(const char *path, struct buf *ret_bytes, enum image_kind *ret_kind, struct why *why)
{
	struct why predicate = { 0 };
	err e;

	TRY(file_read(path, FILE_ANY, ret_bytes, why));
	e = image_check(buf_str(ret_bytes), ret_kind, &predicate);
	if (e == ERR_INVALID || e == ERR_TOO_LONG)
		return why_set(why, e, "%.200s %s.", path, predicate.text);
	return e == ERR_OK ? e : why_set(why, e, "There is not enough memory to check %.300s.", path);
}

unsigned
image_square_side(str bytes, enum image_kind kind)
{
	return kind == IMAGE_PNG ? png_square_side(bytes) : 0;
}

str
image_type(enum image_kind kind)
{
	static const str types[] = { [IMAGE_NONE] = STR_INIT(""),
				     [IMAGE_PNG] = STR_INIT("image/png"),
				     [IMAGE_SVG] = STR_INIT("image/svg+xml") };

	return types[kind];
}
