/* Images of applications: SVG and PNG files that are accepted or refused. */
#include "unit.h"

#include "image/image.h"
#include "image/internal.h"

#include <png.h>
#include <stdlib.h>

#define SVG "<svg xmlns=\"http://www.w3.org/2000/svg\" xmlns:xlink=\"http://www.w3.org/1999/xlink\">"

static const struct {
	const char *text;
	const char *reason; /* a part of the predicate */
	const char *why;
} hostile[] = {
	{ SVG "<script>alert(1)</script></svg>", "the element \"script\" on line 1", "a script" },
	{ SVG "\n<g>\n<script href=\"//evil\"/></g></svg>", "the element \"script\" on line 3",
	  "a script by reference" },
	{ "<s:svg xmlns:s=\"http://www.w3.org/2000/svg\"><s:script/></s:svg>", "the element \"script\"",
	  "a script with a prefix" },
	{ SVG "<h:script xmlns:h=\"http://www.w3.org/1999/xhtml\"/></svg>", "the element \"script\"",
	  "HTML's script with a prefix" },
	{ SVG "<h:p xmlns:h=\"http://www.w3.org/1999/xhtml\"/></svg>", "the element \"p\"", "HTML's paragraph" },
	{ SVG "<g xmlns=\"http://www.w3.org/1999/xhtml\"/></svg>", "the element \"g\"",
	  "a known name in HTML's namespace" },
	{ SVG "<g xmlns=\"\"/></svg>", "the element \"g\"", "a known name in no namespace" },
	{ "<svg onload=\"alert(1)\" xmlns=\"http://www.w3.org/2000/svg\"/>", "the attribute \"onload\" on line 1",
	  "an event of the root" },
	{ SVG "<rect\nONCLICK=\"x\"/></svg>", "the attribute \"ONCLICK\"", "an event in capitals" },
	{ SVG "<rect o:onclick=\"x\" xmlns:o=\"http://www.w3.org/2000/svg\"/></svg>", "the attribute \"onclick\"",
	  "an event with a prefix" },
	{ SVG "<foreignObject/></svg>", "the element \"foreignObject\"", "HTML inside" },
	{ SVG "<iframe xmlns=\"http://www.w3.org/1999/xhtml\" src=\"//evil\"/></svg>", "the element \"iframe\"",
	  "a frame" },
	{ SVG "<a href=\"#x\"/></svg>", "the element \"a\"", "a link" },
	{ SVG "<image href=\"data:image/png;base64,AA==\"/></svg>", "the element \"image\"", "an image inside" },
	{ SVG "<feImage href=\"//evil/x\"/></svg>", "the element \"feImage\"", "a filter that loads" },
	{ SVG "<animate attributeName=\"href\" to=\"javascript:x\"/></svg>", "the element \"animate\"",
	  "an animation" },
	{ SVG "<set attributeName=\"onload\" to=\"x\"/></svg>", "the element \"set\"", "an animation of one step" },
	{ SVG "<handler type=\"text/ecmascript\"/></svg>", "the element \"handler\"", "SVG Tiny's handler" },
	{ SVG "<use href=\"https://evil.example/x.svg#a\"/></svg>",
	  "refers to \"https://evil.example/x.svg#a\" on line 1", "a part of another file" },
	{ SVG "<use xlink:href=\"//evil/x#a\"/></svg>", "refers to \"//evil/x#a\"", "the same with xlink" },
	{ SVG "<use y:href=\"//evil/x#a\" xmlns:y=\"http://www.w3.org/1999/xlink\"/></svg>", "refers to \"//evil/x#a\"",
	  "xlink with another prefix" },
	{ SVG "<use href=\"javascript:alert(1)\"/></svg>", "refers to \"javascript:alert(1)\"", "a script as address" },
	{ SVG "<use href=\"&#106;avascript:x\"/></svg>", "refers to \"javascript:x\"", "the same, encoded" },
	{ SVG "<use href=\"&#x20;#a\"/></svg>", "refers to \" #a\"", "a space before the name" },
	{ SVG "<use href=\"#%61\"/></svg>", "refers to \"#%61\"", "an escaped name" },
	{ SVG "<use href=\"data:image/svg+xml,x#a\"/></svg>", "refers to \"data:", "a file inside the address" },
	{ SVG "<rect href=\"#a\"/></svg>", "the attribute \"href\"", "a reference where none has a meaning" },
	{ SVG "<rect src=\"x\"/></svg>", "the attribute \"src\"", "HTML's attribute" },
	{ SVG "<g xml:base=\"javascript:\"/></svg>", "the attribute \"base\"", "another base of references" },
	{ SVG "<rect fill=\"url(https://evil/x#a)\"/></svg>", "a reference to \"https://evil/x#a\" on line 1",
	  "a gradient of another file" },
	{ SVG "<rect style=\"fill:URL( '//evil/x' )\"/></svg>", "a reference to \"//evil/x\"", "the same in a style" },
	{ SVG "<rect fill=\"url(&#35;a\"/></svg>", "a reference to \"#a\"", "an open parenthesis" },
	{ SVG "<rect fill=\"u\\72l(//evil)\"/></svg>", "an escape", "an escaped function" },
	{ SVG "<rect mask=\"image-set('//evil/x' 1x)\"/></svg>", "the function \"image-set\"",
	  "another function that loads" },
	{ SVG "<rect style=\"width:expression(alert(1))\"/></svg>", "the function \"expression\"",
	  "a function that runs a script" },
	{ SVG "<style>@import '//evil/x.css';</style></svg>", "an at-rule", "another style sheet" },
	{ SVG "<style>@font-face{src:url(//evil)}</style></svg>", "an at-rule", "a font of another host" },
	{ SVG "<style>@media-x 'a'; @media screen{@import 'b'}</style></svg>", "an at-rule",
	  "an at-rule whose name begins like an allowed one" },
	{ SVG "<style>@media screen{@import '//evil'}</style></svg>", "an at-rule",
	  "an at-rule inside an allowed one" },
	{ SVG "<style>&#64;import '//evil';</style></svg>", "an at-rule", "an encoded at-rule" },
	{ SVG "<style>rect{fill:u<!-- -->rl(//evil)}</style></svg>", "a reference to \"//evil\"",
	  "a comment in the middle" },
	{ SVG "<style><g/></style></svg>", "the element \"g\"", "an element in a style sheet" },
	{ SVG "<style><![CDATA[rect{fill:red}]]></style></svg>", "a CDATA section", "a CDATA section" },
	{ SVG "<title><script/></title></svg>", "the element \"script\"", "an element in the title" },
	{ SVG "<style>.a{mask:url(#p)}</style><mask id=\"p\"/></svg>", "may refer to gradients only",
	  "a mask by style sheet" },
	{ SVG "<pattern id=\"p\"/></svg>", "the element \"pattern\"", "a pattern" },
	{ SVG "<marker id=\"p\"/></svg>", "the element \"marker\"", "a marker" },
	{ SVG "<path d=\"M0 0h1h1\" marker-mid=\"url(#p)\"/></svg>", "the attribute \"marker-mid\"", "a marker's use" },
	{ "<!DOCTYPE svg>" SVG "</svg>", "a DOCTYPE on line 1", "a DOCTYPE" },
	{ "<!DOCTYPE svg [<!ENTITY a \"b\">]>" SVG "&a;</svg>", "a DOCTYPE", "an entity" },
	{ "<!DOCTYPE svg SYSTEM \"file:///etc/passwd\">" SVG "</svg>", "a DOCTYPE", "an external entity" },
	{ SVG "&a;</svg>", "undefined entity", "an entity without definition" },
	{ "<?xml-stylesheet href=\"//evil\"?>" SVG "</svg>", "a processing instruction",
	  "a style sheet before the root" },
	{ SVG "</svg><?php x ?>", "a processing instruction", "an instruction after the root" },
	{ "<?xml version=\"1.0\" encoding=\"ISO-2022-JP\"?>" SVG "</svg>", "another encoding than UTF-8",
	  "an encoding" },
	{ "\xff\xfe<\0s\0", "UTF-16", "UTF-16, cut at its first NUL" },
	{ SVG "<rect/>", "not well-formed XML on line 1", "no end" },
	{ SVG "</svg><script/>", "not well-formed XML", "two roots" },
	{ SVG "<x:rect/></svg>", "not well-formed XML", "a prefix without namespace" },
	{ SVG "<rect fill='red'fill='blue'/></svg>", "not well-formed XML", "an attribute twice" },
	{ SVG "\xff</svg>", "not well-formed XML", "a byte that is not UTF-8" },
	{ "<html xmlns=\"http://www.w3.org/1999/xhtml\"/>", "the element \"html\"", "a page" },
	{ "<svg/>", "the element \"svg\"", "no namespace: no browser shows it" },
	{ "<g xmlns=\"http://www.w3.org/2000/svg\"/>", "begins with another element", "another root" },
	{ SVG "<use id=\"a\" href=\"#a\"/></svg>", "a cycle", "a reference to itself" },
	{ SVG "<g id=\"a\"><use href=\"#b\"/></g><g id=\"b\"><use href=\"#a\"/></g></svg>", "a cycle",
	  "a cycle of two references" },
	{ "GIF89a", "neither an SVG nor a PNG", "another kind of file" },
	{ "", "neither an SVG nor a PNG", "an empty file" },
	{ "\x1f\x8b\x08", "neither an SVG nor a PNG", "a compressed SVG" },
};

static void
hostile_images_are_refused_with_their_reason(void **state)
{
	for (size_t i = 0; i < COUNT(hostile); i++) {
		enum image_kind kind = IMAGE_NONE;
		struct why why = { 0 };
		unit_note("%s", hostile[i].why);
		assert_int_equal(image_check(str_of(hostile[i].text), &kind, &why), ERR_INVALID);
		unit_note("%s", why.text);
		assert_non_null(strstr(why.text, hostile[i].reason));
		assert_int_equal(kind, IMAGE_NONE);
	}
}

static const struct {
	const char *text, *why;
} harmless[] = {
	{ SVG "<path d=\"M0 0h8v8z\" fill=\"#123456\"/></svg>", "a shape" },
	{ "\xef\xbb\xbf<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<!-- Generator: a program -->\n" SVG "</svg>\n",
	  "a byte order mark, a declaration and a comment" },
	{ "<svg xmlns=\"http://www.w3.org/2000/svg\" id=\"a\" class=\"b\" data-name=\"c\" role=\"img\" aria-label=\"D "
	  "(e)\""
	  " viewBox=\"0 0 8 8\" width=\"8\" height=\"8\" version=\"1.1\" xml:space=\"preserve\"><title>T &amp; "
	  "u</title></svg>",
	  "what drawing programs write" },
	{ SVG "<defs><linearGradient id=\"a\"><stop offset=\"0\" stop-color=\"rgb(1,2,3)\"/></linearGradient>"
	      "<linearGradient id=\"b\" xlink:href=\"#a\"/></defs><circle r=\"4\" fill=\"url(#b) none\"/></svg>",
	  "a gradient by another one" },
	{ SVG "<style>.a{fill:url('#g')} .b{stroke:rgba(0,0,0,.5)}</style><radialGradient id=\"g\"/></svg>",
	  "a style sheet with a gradient" },
	{ SVG
	  "<g id=\"a\" transform=\"translate(1 2) rotate(45)\"><rect/></g><use href=\"#a\"/><use href=\"#a\"/></svg>",
	  "a part that is used twice" },
	{ SVG "<style>@media (prefers-color-scheme: dark){.a{fill:#fff}}@MEDIA(width){b{c:d}}</style></svg>",
	  "other colours on dark pages" },
	{ SVG
	  "<clipPath id=\"c\"><rect/></clipPath><g clip-path=\"url( #c )\" style=\"fill:none;mask:url(#m)\"/></svg>",
	  "a clip, and a mask that does not exist" },
	{ SVG "<g id=\"D\xc3\xa9grad\xc3\xa9\"/><use href=\"#D\xc3\xa9grad\xc3\xa9\"/></svg>", "a name with accents" },
	{ "<s:svg xmlns:s=\"http://www.w3.org/2000/svg\"><s:rect/></s:svg>", "SVG with a prefix" },
};

static void
ordinary_svg_files_are_accepted(void **state)
{
	for (size_t i = 0; i < COUNT(harmless); i++) {
		enum image_kind kind = IMAGE_NONE;
		struct why why = { 0 };
		unit_note("%s", harmless[i].why);
		err e = image_check(str_of(harmless[i].text), &kind, &why);
		unit_note("%s", why.text);
		assert_int_equal(e, ERR_OK);
		assert_int_equal(kind, IMAGE_SVG);
	}
}

/* --- bombs -------------------------------------------------------------------------------------------------------- */

static void
bomb_check(const struct buf *text, const char *reason)
{
	enum image_kind kind = IMAGE_NONE;
	struct why why = { 0 };

	assert_int_equal(buf_check(text), ERR_OK);
	assert_int_equal(image_check(buf_str(text), &kind, &why), ERR_INVALID);
	unit_note("%s", why.text);
	assert_non_null(strstr(why.text, reason));
}

static void
elements_nested_too_deep_are_refused(void **state)
{
	CLEANUP(buf_wipe) struct buf text = BUF(IMAGE_MAX_BYTES);

	buf_put(&text, STR(SVG));
	for (unsigned i = 0; i < 30000; i++)
		buf_put(&text, STR("<g>"));
	bomb_check(&text, "more than 32 deep on line 1");
}

static void
too_many_elements_are_refused(void **state)
{
	CLEANUP(buf_wipe) struct buf text = BUF(IMAGE_MAX_BYTES);

	buf_put(&text, STR(SVG));
	for (unsigned i = 0; i < 5000; i++)
		buf_put(&text, STR("<g/>"));
	buf_put(&text, STR("</svg>"));
	bomb_check(&text, "more than 4096 elements");
}

/* Each level refers `times` times to the next one. */
static void
bomb_write(struct buf *text, unsigned levels, unsigned times, const char *format)
{
	buf_put(text, STR(SVG));
	for (unsigned i = 0; i < levels; i++) {
		buf_printf(text, "<mask id=\"p%u\">", i);
		for (unsigned j = 0; j < times; j++)
			buf_printf(text, format, i + 1);
		buf_put(text, STR("</mask>"));
	}
	buf_put(text, STR("</svg>"));
}

static void
references_that_multiply_are_refused(void **state)
{
	static const char *const formats[] = { "<use href=\"#p%u\"/>", "<rect mask=\"url(#p%u)\"/>",
					       "<rect style=\"clip-path:url(#p%u)\"/>" };

	for (size_t i = 0; i < COUNT(formats); i++) {
		CLEANUP(buf_wipe) struct buf text = BUF(IMAGE_MAX_BYTES);
		bomb_write(&text, 7, 10, formats[i]);
		bomb_check(&text, "more than 50000 elements");
	}
}

static void
references_to_nothing_count_too(void **state)
{
	CLEANUP(buf_wipe) struct buf text = BUF(IMAGE_MAX_BYTES);

	buf_put(&text, STR(SVG "<g id=\"a\" style=\""));
	for (unsigned i = 0; i < 1000; i++)
		buf_put(&text, STR("url(#x)"));
	buf_put(&text, STR("\"/>"));
	for (unsigned i = 0; i < 100; i++)
		buf_put(&text, STR("<use href=\"#a\"/>"));
	buf_put(&text, STR("</svg>"));
	bomb_check(&text, "more than 50000 elements");
}

static void
a_long_chain_of_references_is_refused(void **state)
{
	CLEANUP(buf_wipe) struct buf text = BUF(IMAGE_MAX_BYTES);

	bomb_write(&text, 20, 1, "<use href=\"#p%u\"/>");
	bomb_check(&text, "a chain of more than 8 references");
}

/* --- sizes -------------------------------------------------------------------------------------------------------- */

static void
an_image_over_256_kib_is_too_long(void **state)
{
	size_t n = IMAGE_MAX_BYTES + 1;
	char *text = malloc(n);
	enum image_kind kind = IMAGE_NONE;
	struct why why = { 0 };

	assert_non_null(text);
	memset(text, ' ', n);
	assert_int_equal(image_check(str_bytes(text, n), &kind, &why), ERR_TOO_LONG);
	assert_string_equal(why.text, "is longer than 256 KiB");
	free(text);
}

/* --- PNG ---------------------------------------------------------------------------------------------------------- */

struct png_file {
	unsigned char bytes[64 * 1024];
	size_t n;
};

static void
png_make(unsigned width, unsigned height, struct png_file *ret_file)
{
	png_image image = { .version = PNG_IMAGE_VERSION, .width = width, .height = height, .format = PNG_FORMAT_GRAY };
	png_bytep pixels = calloc(width, height);
	png_alloc_size_t n = sizeof(ret_file->bytes);

	assert_non_null(pixels);
	assert_int_not_equal(png_image_write_to_memory(&image, ret_file->bytes, &n, 0, pixels, 0, NULL), 0);
	ret_file->n = n;
	free(pixels);
}

static void
png_refused(const struct png_file *file, const char *reason)
{
	enum image_kind kind = IMAGE_NONE;
	struct why why = { 0 };

	assert_int_equal(image_check(str_bytes(file->bytes, file->n), &kind, &why), ERR_INVALID);
	unit_note("%s", why.text);
	assert_non_null(strstr(why.text, reason));
}

static void
a_png_is_accepted_up_to_1024_pixels(void **state)
{
	static struct png_file file;
	enum image_kind kind = IMAGE_NONE;
	struct why why = { 0 };

	png_make(IMAGE_SIDE_MAX, IMAGE_SIDE_MAX, &file);
	assert_int_equal(image_check(str_bytes(file.bytes, file.n), &kind, &why), ERR_OK);
	assert_int_equal(kind, IMAGE_PNG);
	png_make(IMAGE_SIDE_MAX + 1, 1, &file);
	png_refused(&file, "has 1025 x 1 pixels: at most 1024 x 1024 are allowed");
	png_make(1, IMAGE_SIDE_MAX + 1, &file);
	png_refused(&file, "has 1 x 1025 pixels");
}

static void
only_a_square_png_has_a_side(void **state)
{
	static struct png_file file;

	(void)state;
	png_make(180, 180, &file);
	assert_int_equal(image_square_side(str_bytes(file.bytes, file.n), IMAGE_PNG), 180);
	assert_int_equal(image_square_side(str_bytes(file.bytes, file.n), IMAGE_SVG), 0);
	png_make(180, 181, &file);
	assert_int_equal(image_square_side(str_bytes(file.bytes, file.n), IMAGE_PNG), 0);
	assert_int_equal(image_square_side(STR(""), IMAGE_PNG), 0);
}

static void
damaged_png_files_are_refused(void **state)
{
	static struct png_file file;

	png_make(8, 8, &file);
	file.bytes[20] ^= 1; /* in IHDR */
	png_refused(&file, "is a damaged PNG");
	png_make(64, 64, &file);
	file.n -= 30; /* in the pixels */
	png_refused(&file, "is a damaged PNG");
	png_make(8, 8, &file);
	memcpy(file.bytes + file.n, "<script>", 8);
	file.n += 8;
	png_refused(&file, "other data after its end");
	file.n = 8;
	png_refused(&file, "is a damaged PNG");
}

/* --- files -------------------------------------------------------------------------------------------------------- */

static void
image_read_names_the_refused_file(void **state)
{
	char path[] = "/tmp/doubletour-image-XXXXXX";
	CLEANUP(buf_wipe) struct buf bytes = BUF(IMAGE_MAX_BYTES);
	enum image_kind kind = IMAGE_NONE;
	struct why why = { 0 };
	char expected[200];
	int fd = mkstemp(path);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, SVG "<a/></svg>", sizeof(SVG "<a/></svg>") - 1), sizeof(SVG "<a/></svg>") - 1);
	assert_int_equal(image_read(path, &bytes, &kind, &why), ERR_INVALID);
	snprintf(expected, sizeof(expected), "%s has the element \"a\" on line 1, which is not allowed.", path);
	assert_string_equal(why.text, expected);
	close(fd);
	unlink(path);
	assert_int_equal(image_read(path, &bytes, &kind, &why), ERR_NOT_FOUND);
}

static void
each_kind_has_its_content_type(void **state)
{
	assert_true(str_equal(image_type(IMAGE_PNG), STR("image/png")));
	assert_true(str_equal(image_type(IMAGE_SVG), STR("image/svg+xml")));
	assert_true(str_empty(image_type(IMAGE_NONE)));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hostile_images_are_refused_with_their_reason),
		cmocka_unit_test(ordinary_svg_files_are_accepted),
		cmocka_unit_test(elements_nested_too_deep_are_refused),
		cmocka_unit_test(too_many_elements_are_refused),
		cmocka_unit_test(references_that_multiply_are_refused),
		cmocka_unit_test(references_to_nothing_count_too),
		cmocka_unit_test(a_long_chain_of_references_is_refused),
		cmocka_unit_test(an_image_over_256_kib_is_too_long),
		cmocka_unit_test(a_png_is_accepted_up_to_1024_pixels),
		cmocka_unit_test(only_a_square_png_has_a_side),
		cmocka_unit_test(damaged_png_files_are_refused),
		cmocka_unit_test(image_read_names_the_refused_file),
		cmocka_unit_test(each_kind_has_its_content_type),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
