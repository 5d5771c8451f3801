/*
 * The icon files of applications (`icon: wiki.svg`).  The keeper and the commands read them beside the rules file, and
 * check them (image/image.h).  The keeper sends them to web in one text, because web cannot open files.
 *
 * The arena of the rules holds the bytes.  icons_read and icons_take follow access_take.
 */
#ifndef ACCESS_ICONS_H
#define ACCESS_ICONS_H

#include "access/applications.h"
#include "base/buf.h"

enum {
	ICON_MAX_BYTES = 64 * 1024,
	ICONS_MAX_BYTES = 1024 * 1024, /* of all icons */
	ICONS_TEXT_MAX = ICONS_MAX_BYTES + APPLICATIONS_MAX * 8,
};

/*
 * Read and check the files that the rules name, relative to the folder of ACCESS_RULES.  ERR_CONFIG: why has a sentence
 * with the line.
 */
MUST_USE err icons_read(const struct config *config, struct access_rules *rules, struct why *why);

/* Append all icons, for icons_take in another process with the same rules. */
void icons_put(const struct access_rules *rules, struct buf *out);

/* ERR_PROTOCOL: not the text of icons_put for these rules. */
MUST_USE err icons_take(struct access_rules *rules, str text);

/* By its name; NULL: no application has this icon. */
const struct application_icon *icon_find(const struct access_rules *rules, str name);

#endif
