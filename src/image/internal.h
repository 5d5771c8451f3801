/*
 * Between the files of src/image.
 */
#ifndef IMAGE_INTERNAL_H
#define IMAGE_INTERNAL_H

#include "base/err.h"
#include "base/str.h"

/* The checks of image_check for one kind of file; the same contract. */
MUST_USE err png_check(str bytes, struct why *why);
unsigned png_square_side(str bytes); /* as image_square_side */
MUST_USE err svg_check(str bytes, struct why *why);

/*
 * CSS of an SVG: a style sheet, a style attribute or a presentation attribute.  Allowed are the functions of a list,
 * and url(#name).  At-rules but @media, and escapes, are refused.  Strings and comments are scanned like the rest: a
 * text in them may be refused but hides nothing.
 *
 *	str css = value;
 *	do
 *		TRY(svg_css_next(&css, &name, &fault));
 *	while (name.n > 0);
 *
 * Advances *css past the next url(#name).  ret_name: the name, which points into the text; empty at the end.
 * ERR_INVALID: ret_fault has a text like `the function "image-set"` or "an at-rule (@)".
 */
enum { SVG_FAULT_MAX = 160 };
MUST_USE err svg_css_next(str *css, str *ret_name, char ret_fault[SVG_FAULT_MAX]);

/* Is this the name in #name: letters, digits, _ - . : and any byte over 0x7f?  Escapes could name two elements. */
bool svg_name_good(str name);

#endif
