#include "config/accent.h"

#include <math.h>
#include <stdio.h>

#define ENOUGH 4.5

struct colour {
	uint8_t of[3]; /* red, green, blue */
};

/* A surface on which the accent is drawn, or a text that is drawn on the accent. */
struct ground {
	struct colour colour;
	unsigned tint_percent;   /* this part of the surface is the accent itself: its seals and notes */
	unsigned accent_percent; /* the rest of the accent is --card: a button under the pointer */
};

enum { GROUNDS_MAX = 6 };

/* The colours of static/app.css; tests/unit/tools/test_pages.py compares them. */
struct scheme {
	const char *name, *advice;
	struct colour card;
	size_t n;
	struct ground grounds[GROUNDS_MAX];
};

static const struct scheme accent_schemes[] = {
	{ "light",
	  "Choose a darker colour",
	  { { 0xff, 0xff, 0xff } },
	  4,
	  {
	      { { { 0xff, 0xff, 0xff } }, 0, 100 }, /* --card */
	      { { { 0xf6, 0xf3, 0xec } }, 0, 100 }, /* --paper */
	      { { { 0xf2, 0xee, 0xe5 } }, 0, 100 }, /* --sunk */
	      { { { 0xff, 0xff, 0xff } }, 9, 100 }, /* --card of a seal */
	  } },
	{ "dark",
	  "Choose a lighter colour",
	  { { 0x16, 0x1e, 0x2d } },
	  6,
	  {
	      { { { 0x16, 0x1e, 0x2d } }, 0, 100 }, /* --card */
	      { { { 0x0d, 0x13, 0x1f } }, 0, 100 }, /* --paper */
	      { { { 0x1e, 0x27, 0x39 } }, 0, 100 }, /* --sunk */
	      { { { 0x16, 0x1e, 0x2d } }, 9, 100 }, /* --card of a seal */
	      { { { 0x14, 0x1c, 0x2b } }, 0, 100 }, /* --on-primary */
	      { { { 0x14, 0x1c, 0x2b } }, 0, 85 },  /* --on-primary of a button under the pointer */
	  } },
};
enum { LIGHT, DARK };

/* --- colours ------------------------------------------------------------------------------------------------------ */

static err
accent_colour_read(str text, struct colour *ret_colour)
{
	char digits[6];

	if (text.n != 7 || text.p[0] != '#')
		return ERR_INVALID;
	for (size_t i = 0; i < sizeof(digits); i++) {
		char c = text.p[i + 1];
		digits[i] = c >= 'A' && c <= 'F' ? (char)(c - 'A' + 'a') : c;
	}
	return str_hex(str_bytes(digits, sizeof(digits)), ret_colour->of, sizeof(ret_colour->of));
}

static void
accent_colour_write(const struct colour *colour, char ret_text[ACCENT_SIZE])
{
	ret_text[0] = '#';
	str_hex_write(colour->of, sizeof(colour->of), ret_text + 1);
	ret_text[ACCENT_SIZE - 1] = '\0';
}

/* CSS: color-mix(in srgb, a percent%, b) */
static struct colour
accent_mix(const struct colour *a, unsigned percent, const struct colour *b)
{
	struct colour mix;

	for (size_t i = 0; i < COUNT(mix.of); i++)
		mix.of[i] = (uint8_t)((a->of[i] * percent + b->of[i] * (100 - percent) + 50) / 100);
	return mix;
}

/* WCAG 2.2, definition of relative luminance. */
static double
accent_luminance(const struct colour *colour)
{
	static const double weights[] = { 0.2126, 0.7152, 0.0722 };
	double sum = 0;

	for (size_t i = 0; i < COUNT(weights); i++) {
		double part = colour->of[i] / 255.0;
		sum += weights[i] * (part <= 0.04045 ? part / 12.92 : pow((part + 0.055) / 1.055, 2.4));
	}
	return sum;
}

static double
accent_contrast(const struct colour *a, const struct colour *b)
{
	double first = accent_luminance(a) + 0.05, second = accent_luminance(b) + 0.05;

	return first > second ? first / second : second / first;
}

/* --- schemes ------------------------------------------------------------------------------------------------------ */

static double
accent_contrast_on(const struct colour *accent, const struct scheme *scheme, const struct ground *ground)
{
	struct colour front = accent_mix(accent, ground->accent_percent, &scheme->card);
	struct colour back = accent_mix(accent, ground->tint_percent, &ground->colour);

	return accent_contrast(&front, &back);
}

/* The surface with the least contrast. */
static const struct ground *
accent_worst(const struct colour *accent, const struct scheme *scheme, double *ret_contrast)
{
	const struct ground *worst = &scheme->grounds[0];

	*ret_contrast = accent_contrast_on(accent, scheme, worst);
	for (size_t i = 1; i < scheme->n; i++) {
		double contrast = accent_contrast_on(accent, scheme, &scheme->grounds[i]);
		if (contrast >= *ret_contrast)
			continue;
		*ret_contrast = contrast;
		worst = &scheme->grounds[i];
	}
	return worst;
}

static bool
accent_suffices(const struct colour *accent, const struct scheme *scheme)
{
	double contrast;

	(void)accent_worst(accent, scheme, &contrast);
	return contrast >= ENOUGH;
}

/* The ratio is rounded down, so that 4.49 does not read as enough. */
static err
accent_check(const struct colour *accent, const struct scheme *scheme, struct why *why)
{
	char colour[ACCENT_SIZE], ground[ACCENT_SIZE];
	double contrast;
	const struct ground *worst = accent_worst(accent, scheme, &contrast);

	if (contrast >= ENOUGH)
		return ERR_OK;
	accent_colour_write(accent, colour);
	accent_colour_write(&worst->colour, ground);
	return why_set(
	    why, ERR_CONFIG,
	    "has too little contrast: %s and %s, a colour of the %s pages, have %.2f:1, and texts need 4.5:1.  %s",
	    colour, ground, scheme->name, floor(contrast * 100) / 100, scheme->advice);
}

static struct colour
accent_derive(const struct colour *light)
{
	static const struct colour white = { { 0xff, 0xff, 0xff } };
	struct colour dark = *light;

	for (unsigned percent = 0; !accent_suffices(&dark, &accent_schemes[DARK]); percent++)
		dark = accent_mix(&white, percent, light);
	return dark;
}

/* --- the setting -------------------------------------------------------------------------------------------------- */

static err
accent_parse_one(str text, const struct scheme *scheme, char ret_text[ACCENT_SIZE], struct why *why)
{
	struct colour colour;

	TRY(accent_colour_read(text, &colour));
	TRY(accent_check(&colour, scheme, why));
	accent_colour_write(&colour, ret_text);
	return ERR_OK;
}

err
accent_parse(str value, struct config_accent *ret_accent, struct why *why)
{
	struct config_accent accent = { .light = "" };
	str dark = value, light = str_trim(str_cut(&dark, ','));

	if (!str_empty(value))
		TRY(accent_parse_one(light, &accent_schemes[LIGHT], accent.light, why));
	if (dark.p != NULL)
		TRY(accent_parse_one(str_trim(dark), &accent_schemes[DARK], accent.dark, why));
	*ret_accent = accent;
	return ERR_OK;
}

void
accent_dark(const struct config_accent *accent, char ret_colour[ACCENT_SIZE])
{
	struct colour light = { { 0 } };

	if (accent->dark[0] != '\0') {
		memcpy(ret_colour, accent->dark, ACCENT_SIZE);
		return;
	}
	(void)!accent_colour_read(str_of(accent->light), &light);
	light = accent_derive(&light);
	accent_colour_write(&light, ret_colour);
}
