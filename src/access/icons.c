#include "access/icons.h"

#include "base/digest.h"
#include "base/file.h"

#include <limits.h>
#include <stdio.h>

enum { NAME_BYTES = 12, LENGTH_BYTES = 4, HEAD_BYTES = 1 + LENGTH_BYTES };

/* Keep the bytes, and name them by their digest. */
static err
icon_set(struct access_rules *rules, struct application_icon *icon, enum image_kind kind, str bytes)
{
	CLEANUP(buf_wipe) struct buf name = BUF(64);
	uint8_t digest[DIGEST_BYTES];

	TRY(digest_sha256(bytes, digest));
	buf_put_base64url(&name, str_bytes(digest, NAME_BYTES));
	buf_put(&name, kind == IMAGE_PNG ? STR(".png") : STR(".svg"));
	TRY(buf_check(&name));
	TRY(arena_copy(&rules->arena, buf_str(&name), &icon->name));
	TRY(arena_copy(&rules->arena, bytes, &icon->bytes));
	icon->kind = kind;
	return ERR_OK;
}

/* --- files -------------------------------------------------------------------------------------------------------- */

static err
icon_wrong(const struct config *config, const struct application_icon *icon, const char *sentence, struct why *why)
{
	return why_set(why, ERR_CONFIG, "%.200s, line %u: %s", config->access_rules, icon->line, sentence);
}

static bool
icon_path(const struct config *config, const struct application_icon *icon, char ret_path[PATH_MAX])
{
	str folder = file_folder(config->access_rules);
	bool alone = icon->file.p[0] == '/' || str_equal(folder, STR("."));
	int n = alone ? snprintf(ret_path, PATH_MAX, "%.*s", STR_ARG(icon->file))
		      : snprintf(ret_path, PATH_MAX, "%.*s/%.*s", STR_ARG(folder), STR_ARG(icon->file));

	return n > 0 && n < PATH_MAX;
}

static err
icon_read(const struct config *config, struct access_rules *rules, struct application_icon *icon, struct why *why)
{
	CLEANUP(buf_wipe) struct buf bytes = BUF(IMAGE_MAX_BYTES);
	enum image_kind kind = IMAGE_NONE;
	struct why file = { "" };
	char path[PATH_MAX];
	err e;

	if (!icon_path(config, icon, path))
		return icon_wrong(config, icon, "the path of the icon is too long.", why);
	e = image_read(path, &bytes, &kind, &file);
	if (e != ERR_OK)
		return e == ERR_MEMORY ? e : icon_wrong(config, icon, file.text, why);
	if (bytes.n > ICON_MAX_BYTES)
		return icon_wrong(config, icon, "the icon is longer than 64 KiB.", why);
	return icon_set(rules, icon, kind, buf_str(&bytes));
}

err
icons_read(const struct config *config, struct access_rules *rules, struct why *why)
{
	size_t total = 0;

	for (size_t i = 0; i < rules->applications_n; i++) {
		struct application_icon *icon = &rules->applications[i].icon;
		if (icon->file.n == 0)
			continue;
		TRY(icon_read(config, rules, icon, why));
		total += icon->bytes.n;
		if (total > ICONS_MAX_BYTES)
			return icon_wrong(config, icon, "all icons together are longer than 1 MiB.", why);
	}
	return ERR_OK;
}

/* --- from the keeper to web: for each icon its kind, its length and its bytes ------------------------------------- */

void
icons_put(const struct access_rules *rules, struct buf *out)
{
	for (size_t i = 0; i < rules->applications_n; i++) {
		const struct application_icon *icon = &rules->applications[i].icon;
		if (icon->name.n == 0)
			continue;
		buf_put_byte(out, (char)icon->kind);
		for (unsigned j = 0; j < LENGTH_BYTES; j++)
			buf_put_byte(out, (char)(icon->bytes.n >> (8 * j)));
		buf_put(out, icon->bytes);
	}
}

static err
icon_take(struct access_rules *rules, struct application_icon *icon, str *text)
{
	str head = str_upto(*text, HEAD_BYTES);
	size_t n = 0;

	if (head.n < HEAD_BYTES || (head.p[0] != IMAGE_PNG && head.p[0] != IMAGE_SVG))
		return ERR_PROTOCOL;
	for (unsigned i = 0; i < LENGTH_BYTES; i++)
		n |= (size_t)(uint8_t)head.p[1 + i] << (8 * i);
	*text = str_from(*text, HEAD_BYTES);
	if (n > text->n)
		return ERR_PROTOCOL;
	TRY(icon_set(rules, icon, (enum image_kind)head.p[0], str_upto(*text, n)));
	*text = str_from(*text, n);
	return ERR_OK;
}

err
icons_take(struct access_rules *rules, str text)
{
	for (size_t i = 0; i < rules->applications_n; i++)
		if (rules->applications[i].icon.file.n > 0)
			TRY(icon_take(rules, &rules->applications[i].icon, &text));
	return text.n == 0 ? ERR_OK : ERR_PROTOCOL;
}

const struct application_icon *
icon_find(const struct access_rules *rules, str name)
{
	for (size_t i = 0; i < rules->applications_n; i++)
		if (name.n > 0 && str_equal(rules->applications[i].icon.name, name))
			return &rules->applications[i].icon;
	return NULL;
}
