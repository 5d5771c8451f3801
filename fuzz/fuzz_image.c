/*
 * image_check: a refusal has a reason on one line, an accepted SVG has none of the forbidden tags, and a second check
 * gives the same verdict.
 */
#include "target.h"

#include "image/image.h"

/* Tags that no accepted SVG may have outside of comments. */
static void
check_tags(str text)
{
	static const str tags[] = { STR_INIT("<script"), STR_INIT("<foreignObject"), STR_INIT("<!DOCTYPE"),
				    STR_INIT("<![CDATA["), STR_INIT("<?xml-stylesheet") };

	for (size_t i = 0; i < COUNT(tags); i++)
		PROMISE(!str_starts(text, tags[i]));
}

static bool
has_comment(str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (str_starts(str_from(text, i), STR("<!--")))
			return true;
	return false;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	str text = str_bytes(bytes, n);
	enum image_kind kind = IMAGE_NONE, twice = IMAGE_NONE;
	struct why why = { 0 };
	err e = image_check(text, &kind, &why);

	PROMISE((e == ERR_OK) == (kind != IMAGE_NONE));
	PROMISE(e == ERR_OK || e == ERR_MEMORY || (why.text[0] != '\0' && str_is_visible(str_of(why.text))));
	PROMISE(image_check(text, &twice, NULL) == e && twice == kind);
	if (kind != IMAGE_SVG || has_comment(text))
		return 0;
	for (size_t i = 0; i < text.n; i++)
		check_tags(str_from(text, i));
	return 0;
}
