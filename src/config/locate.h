/*
 * The settings file: one file, the first of these files that is given or exists.
 *
 *   1. --settings FILE                    before or after the command
 *   2. DOUBLETOUR_SETTINGS                in the environment; empty counts as not set
 *   3. .env                               in the current directory
 *   4. /etc/doubletour/doubletour.env     locate_system_file(): meson's option settings_file
 *
 * locate_settings returns a named file (1, 2) even if it does not exist: a command may create it. config_load refuses
 * a named file that does not exist. This module does not open the file (load.h).
 *
 *	locate_name(path);                                      main, at the start
 *	struct settings_file file = locate_settings();
 *	locate_put(&file, out);                                 "Settings come from the file .env in /srv/login."
 */
#ifndef CONFIG_LOCATE_H
#define CONFIG_LOCATE_H

#include "base/buf.h"

#include <stdbool.h>

enum locate_by {
	LOCATE_NONE = 0, /* no file is named, and neither place has one */
	LOCATE_OPTION,
	LOCATE_VARIABLE,
	LOCATE_CURRENT,
	LOCATE_SYSTEM,
};

struct settings_file {
	enum locate_by by;
	const char *path; /* as it was named, from the current directory; NULL for LOCATE_NONE; valid until the end */
};

/* The value of --settings; NULL: not given. The text must stay valid until the end of the process. */
void locate_name(const char *path);

/* The file that is named or found. A file that exists but cannot be read counts as found. */
struct settings_file locate_settings(void);

/* Did a person name the file, by --settings or by DOUBLETOUR_SETTINGS? */
bool locate_is_named(const struct settings_file *file);

/* The fourth place of the order. */
const char *locate_system_file(void);

/* "Settings come from the file /srv/login.env (--settings)." */
void locate_put(const struct settings_file *file, struct buf *out);

#endif
