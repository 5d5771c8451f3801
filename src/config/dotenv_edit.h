/*
 * Change values in a settings file (dotenv.h) and keep every other byte: comments, blank lines, order, line ends.
 *
 *	TRY(dotenv_edit_set(old, STR("PUBLIC_URL"), answer, &new, why));
 *	TRY(dotenv_edit_write("/etc/doubletour/doubletour.env", buf_str(&new), &(struct dotenv_owner){ 0 }, why));
 */
#ifndef CONFIG_DOTENV_EDIT_H
#define CONFIG_DOTENV_EDIT_H

#include "base/buf.h"

#include <stdbool.h>
#include <sys/types.h>

/*
 * Read the value of a name; of several lines with that name, the first. *ret_found is false without such a line.
 * Lines that are not entries are skipped: config_load refuses them.
 */
MUST_USE err dotenv_edit_get(str text, str name, struct buf *ret_value, bool *ret_found);

/*
 * Copy the text with NAME=value. The first line of that name keeps its beginning and its comment; later lines of that
 * name are dropped. Without such a line, a new one is appended. A line that has this value already stays as it is.
 * dotenv_next reads back the same bytes.
 *
 * ERR_INVALID  no line can hold the value: it contains a line end or NUL, or is not UTF-8
 */
MUST_USE err dotenv_edit_set(str text, str name, str value, struct buf *ret_text, struct why *why);

/*
 * Replace the file, or create it. The bytes go to a new file in the same folder, which is then renamed: readers see
 * the old or the new text. An existing file keeps owner, group and mode. A symbolic link stays, and its target is
 * replaced. On failure nothing has changed.
 *
 * ERR_DENIED  this process is root, and another user can replace the file or a folder above it
 * ERR_IO      the system refuses
 */
struct dotenv_owner {
	bool by_group; /* a new file gets the group `gid` and mode 0640, else mode 0600 */
	gid_t gid;
};
MUST_USE err dotenv_edit_write(const char *path, str text, const struct dotenv_owner *owner, struct why *why);

#endif
