#include "web/core/brand.h"

#include "base/digest.h"
#include "base/log.h"

#include <stdio.h>

enum { DIGEST_SHOWN = 8 }; /* as in tools/embed_static.py */

/* --- the logo ----------------------------------------------------------------------------------------------------- */

err
brand_check(const struct config *config, struct why *why)
{
	CLEANUP(buf_wipe) struct buf bytes = BUF(IMAGE_MAX_BYTES);
	enum image_kind kind = IMAGE_NONE;
	struct why sentence = { 0 };
	err e;

	if (config->brand_logo[0] == '\0')
		return ERR_OK;
	e = image_read(config->brand_logo, &bytes, &kind, &sentence);
	if (e == ERR_OK || e == ERR_MEMORY)
		return e;
	return why_set(why, ERR_CONFIG, "BRAND_LOGO: %s", sentence.text);
}

/* --- the files ---------------------------------------------------------------------------------------------------- */

/* name: "logo.svg".  The URL has the digest between its two parts, so browsers may cache it forever. */
static err
brand_file_make(const char *name, str type, str bytes, struct brand_file *ret_file)
{
	uint8_t digest[DIGEST_BYTES];
	char hex[2 * DIGEST_BYTES];
	str suffix = str_of(name), stem = str_cut(&suffix, '.');

	TRY(digest_sha256(bytes, digest));
	str_hex_write(digest, sizeof(digest), hex);
	snprintf(ret_file->path, sizeof(ret_file->path), "/static/%.*s.%.*s.%.*s", STR_ARG(stem), DIGEST_SHOWN, hex,
		 STR_ARG(suffix));
	snprintf(ret_file->etag, sizeof(ret_file->etag), "\"%.32s\"", hex);
	ret_file->asset = (struct asset){ .path = str_of(ret_file->path),
					  .name = str_of(name),
					  .type = type,
					  .etag = str_of(ret_file->etag),
					  .plain = bytes };
	return ERR_OK;
}

static err
brand_logo_make(const struct config *config, struct brand *brand)
{
	enum image_kind kind = IMAGE_NONE;
	struct why why = { 0 };

	if (config->brand_logo[0] == '\0')
		return ERR_OK;
	if (image_read(config->brand_logo, &brand->logo_bytes, &kind, &why) != ERR_OK) {
		log_event(LOG_ERROR, "brand.refused", LOG_TEXT("why", why.text));
		return ERR_OK;
	}
	TRY(brand_file_make(kind == IMAGE_PNG ? "logo.png" : "logo.svg", image_type(kind), buf_str(&brand->logo_bytes),
			    &brand->logo));
	brand->logo_kind = kind;
	brand->logo_touches = image_square_side(buf_str(&brand->logo_bytes), kind) >= TOUCH_ICON_SIDE;
	return ERR_OK;
}

/* The values are digits of colours that config/accent.h has checked. */
static void
brand_put_accent(const struct config_accent *accent, struct buf *out)
{
	char dark[ACCENT_SIZE];

	accent_dark(accent, dark);
	buf_printf(out,
		   ":root{--brass:%s;--link:%s}"
		   "@media (prefers-color-scheme:dark){:root{--brass:%s;--link:%s;--primary:%s}}\n",
		   accent->light, accent->light, dark, dark, dark);
}

/* The style sheet follows app.css.  The watermark of .entry is a part of the mark that the logo replaces. */
static err
brand_sheet_make(const struct config *config, struct brand *brand)
{
	if (config->brand_accent.light[0] != '\0')
		brand_put_accent(&config->brand_accent, &brand->sheet_bytes);
	if (brand->logo.asset.path.n > 0)
		buf_put(&brand->sheet_bytes, STR(".entry{background-image:none}\n"));
	TRY(buf_check(&brand->sheet_bytes));
	if (brand->sheet_bytes.n == 0)
		return ERR_OK;
	return brand_file_make("brand.css", STR("text/css; charset=utf-8"), buf_str(&brand->sheet_bytes),
			       &brand->sheet);
}

err
brand_begin(const struct config *config, struct brand *ret_brand)
{
	*ret_brand = (struct brand){ .logo_bytes = BUF(IMAGE_MAX_BYTES), .sheet_bytes = BUF(BRAND_SHEET_MAX) };
	TRY(brand_logo_make(config, ret_brand));
	return brand_sheet_make(config, ret_brand);
}

void
brand_end(struct brand *brand)
{
	buf_wipe(&brand->logo_bytes);
	buf_wipe(&brand->sheet_bytes);
	*brand = (struct brand){ .logo_bytes = BUF(0) };
}

const struct asset *
brand_find(const struct brand *brand, str path)
{
	const struct brand_file *files[] = { &brand->logo, &brand->sheet };

	for (size_t i = 0; i < COUNT(files); i++)
		if (files[i]->asset.path.n > 0 && str_equal(files[i]->asset.path, path))
			return &files[i]->asset;
	return NULL;
}
