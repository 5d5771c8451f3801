#include "config/locate.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char locate_current[] = ".env", locate_system[] = SETTINGS_FILE;
static const char *locate_named; /* --settings */

void
locate_name(const char *path)
{
	locate_named = path;
}

const char *
locate_system_file(void)
{
	return locate_system;
}

/* A dangling link and a file without permission exist: reading them reports the cause. */
static bool
locate_exists(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

struct settings_file
locate_settings(void)
{
	const char *variable = getenv("DOUBLETOUR_SETTINGS");

	if (locate_named != NULL)
		return (struct settings_file){ LOCATE_OPTION, locate_named };
	if (variable != NULL && variable[0] != '\0')
		return (struct settings_file){ LOCATE_VARIABLE, variable };
	if (locate_exists(locate_current))
		return (struct settings_file){ LOCATE_CURRENT, locate_current };
	if (locate_exists(locate_system))
		return (struct settings_file){ LOCATE_SYSTEM, locate_system };
	return (struct settings_file){ LOCATE_NONE, NULL };
}

bool
locate_is_named(const struct settings_file *file)
{
	return file->by == LOCATE_OPTION || file->by == LOCATE_VARIABLE;
}

static void
locate_put_current_directory(struct buf *out)
{
	char folder[PATH_MAX];

	buf_put_visible(out, getcwd(folder, sizeof(folder)) != NULL ? str_of(folder) : STR("the current directory"));
}

static void
locate_put_none(struct buf *out)
{
	buf_put(out, STR("Settings come from the environment and the defaults: there is no .env in "));
	locate_put_current_directory(out);
	buf_put(out, STR(", and no file "));
	buf_put(out, str_of(locate_system));
	buf_put_byte(out, '.');
}

void
locate_put(const struct settings_file *file, struct buf *out)
{
	if (file->by == LOCATE_NONE) {
		locate_put_none(out);
		return;
	}
	buf_put(out, STR("Settings come from the file "));
	buf_put_visible(out, str_of(file->path));
	if (file->by == LOCATE_CURRENT) {
		buf_put(out, STR(" in "));
		locate_put_current_directory(out);
	}
	if (locate_is_named(file))
		buf_put(out, file->by == LOCATE_OPTION ? STR(" (--settings)") : STR(" (DOUBLETOUR_SETTINGS)"));
	buf_put_byte(out, '.');
}
