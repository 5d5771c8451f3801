/*
 * BRAND_ACCENT: the colour of links, focus and marks, instead of brass; on dark pages also of the main button.  It is
 * drawn on the colours of static/app.css, so its contrast is checked in both schemes (WCAG 2.2, 1.4.3: 4.5:1).
 *
 *	TRY(accent_parse(STR("#0b5cad"), &accent, why));
 *	accent_dark(&accent, dark);                       "#689acc"
 *
 * One colour cannot have enough contrast on both light and dark pages.  It is the one of the light pages; the dark
 * pages get it mixed with white until its contrast suffices, or the second colour of the setting.
 */
#ifndef CONFIG_ACCENT_H
#define CONFIG_ACCENT_H

#include "base/str.h"

enum { ACCENT_SIZE = sizeof("#rrggbb") };

struct config_accent {
	char light[ACCENT_SIZE]; /* lower case; "": no accent is set */
	char dark[ACCENT_SIZE];  /* "": derived from light */
};

/*
 * Parse "#rrggbb" or "#rrggbb,#rrggbb"; an empty text means no accent.  ERR_INVALID: another form.  ERR_CONFIG: too
 * little contrast; why has the predicate of a sentence with the computed ratio.
 */
MUST_USE err accent_parse(str value, struct config_accent *ret_accent, struct why *why);

/* The colour on dark pages.  The accent must be set. */
void accent_dark(const struct config_accent *accent, char ret_colour[ACCENT_SIZE]);

#endif
