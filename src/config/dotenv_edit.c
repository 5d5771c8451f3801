#include "config/dotenv_edit.h"

#include "base/file.h"
#include "base/sys.h"
#include "base/user.h"
#include "config/dotenv.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

/* --- lines -------------------------------------------------------------------------------------------------------- */

/* Cut the next line from *rest, with its line end. */
static str
dotenv_edit_take_line(str *rest)
{
	const char *newline = memchr(rest->p, '\n', rest->n);
	str line = newline == NULL ? *rest : str_upto(*rest, (size_t)(newline - rest->p) + 1);

	*rest = str_from(*rest, line.n);
	return line;
}

static str
dotenv_edit_line_end(str line)
{
	if (str_ends(line, STR("\r\n")))
		return str_from(line, line.n - 2);
	return str_ends(line, STR("\n")) ? str_from(line, line.n - 1) : str_from(line, line.n);
}

/* The entry in a line. Its texts are in `copy`, because reading modifies the line. */
static bool
dotenv_edit_entry(str line, struct buf *copy, struct dotenv_entry *ret_entry)
{
	struct dotenv dotenv;
	bool more = false;

	buf_clear(copy);
	buf_put(copy, line);
	if (buf_check(copy) != ERR_OK || copy->n == 0)
		return false;
	dotenv = dotenv_of(copy->p, copy->n);
	return dotenv_next(&dotenv, ret_entry, &more, NULL) == ERR_OK && more;
}

err
dotenv_edit_get(str text, str name, struct buf *ret_value, bool *ret_found)
{
	CLEANUP(buf_wipe) struct buf copy = BUF(DOTENV_MAX_BYTES);
	struct dotenv_entry entry;

	*ret_found = false;
	while (text.n > 0 && !*ret_found) {
		str line = dotenv_edit_take_line(&text);
		if (!dotenv_edit_entry(line, &copy, &entry) || !str_equal(entry.name, name))
			continue;
		buf_put(ret_value, entry.value);
		*ret_found = true;
	}
	return buf_check(ret_value);
}

/* --- a new value -------------------------------------------------------------------------------------------------- */

static bool
dotenv_edit_is_plain(str value)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:,@%+[]";

	for (size_t i = 0; i < value.n; i++)
		if (!str_has_byte(str_of(plain), value.p[i]))
			return false;
	return true;
}

static void
dotenv_edit_put_value(str value, struct buf *out)
{
	bool plain = dotenv_edit_is_plain(value), single = !str_has_byte(value, '\'');
	str quote = plain ? STR("") : single ? STR("'") : STR("\"");

	buf_put(out, quote);
	for (size_t i = 0; i < value.n; i++) {
		if (!plain && !single && str_has_byte(STR("\"\\$`"), value.p[i]))
			buf_put_byte(out, '\\');
		buf_put_byte(out, value.p[i]);
	}
	buf_put(out, quote);
}

/* The number of bytes of a quoted value, with its quotes. */
static size_t
dotenv_edit_quoted_bytes(str text)
{
	size_t i = 1;

	for (; i < text.n && text.p[i] != text.p[0]; i++)
		if (text.p[0] == '"' && text.p[i] == '\\')
			i++;
	return i + 1;
}

/* The comment after the value of an entry, with the white space before it; "": none. */
static str
dotenv_edit_comment(str after_equals)
{
	size_t blanks = 0;

	while (blanks < after_equals.n && str_has_byte(STR(" \t"), after_equals.p[blanks]))
		blanks++;
	if (blanks < after_equals.n && str_has_byte(STR("\"'"), after_equals.p[blanks]))
		return str_from(after_equals, blanks + dotenv_edit_quoted_bytes(str_from(after_equals, blanks)));
	for (size_t i = 1; i < after_equals.n; i++)
		if (after_equals.p[i] == '#' && str_has_byte(STR(" \t"), after_equals.p[i - 1]))
			return str_from(after_equals, i - 1);
	return STR("");
}

static void
dotenv_edit_put_changed(str line, str value, struct buf *out)
{
	str end = dotenv_edit_line_end(line);
	str after = str_upto(line, line.n - end.n);
	str before = str_cut(&after, '=');

	buf_put(out, before);
	buf_put_byte(out, '=');
	dotenv_edit_put_value(value, out);
	buf_put(out, dotenv_edit_comment(after));
	buf_put(out, end);
}

/* Append a line, with the line end of the first line. */
static void
dotenv_edit_append(str text, str name, str value, struct buf *out)
{
	str first = dotenv_edit_take_line(&(str){ text.p, text.n });
	str end = dotenv_edit_line_end(first);

	if (end.n == 0)
		end = STR("\n");
	if (text.n > 0 && text.p[text.n - 1] != '\n')
		buf_put(out, end);
	buf_put(out, name);
	buf_put_byte(out, '=');
	dotenv_edit_put_value(value, out);
	buf_put(out, end);
}

err
dotenv_edit_set(str text, str name, str value, struct buf *ret_text, struct why *why)
{
	CLEANUP(buf_wipe) struct buf copy = BUF(DOTENV_MAX_BYTES);
	struct dotenv_entry entry;
	bool found = false;

	if (str_has_byte(value, '\n') || str_has_byte(value, '\r') || str_has_byte(value, '\0') ||
	    !str_utf8_valid(value))
		return why_set(why, ERR_INVALID, "The value of %.*s must be one line of UTF-8 text.", STR_ARG(name));
	for (str rest = text; rest.n > 0;) {
		str line = dotenv_edit_take_line(&rest);
		bool same = dotenv_edit_entry(line, &copy, &entry) && str_equal(entry.name, name);

		if (!same || (!found && str_equal(entry.value, value)))
			buf_put(ret_text, line);
		else if (!found)
			dotenv_edit_put_changed(line, value, ret_text);
		found = found || same;
	}
	if (!found)
		dotenv_edit_append(text, name, value, ret_text);
	return buf_check(ret_text);
}

/* --- the file ----------------------------------------------------------------------------------------------------- */

/* The file that replaces another one. */
struct dotenv_file {
	const char *path; /* for messages */
	char target[PATH_MAX], beside[PATH_MAX + 16];
	bool exists;
	struct stat before;
	int fd;
};

static err
dotenv_edit_failed(const struct dotenv_file *file, struct why *why)
{
	return why_set(why, ERR_IO, "The settings file %.300s cannot be written: %s.  It was not changed.", file->path,
		       strerror(errno));
}

/* No other user can replace it: in a sticky folder, users replace only their own files. */
static bool
dotenv_edit_is_of_root(const char *path)
{
	const mode_t others = S_IWGRP | S_IWOTH;
	struct stat status;

	if (lstat(path, &status) != 0 || status.st_uid != 0)
		return false;
	return !S_ISDIR(status.st_mode) || (status.st_mode & others) == 0 || (status.st_mode & S_ISVTX) != 0;
}

/* The same for an absolute path without links and each folder above it. */
static bool
dotenv_edit_all_of_root(const char *path)
{
	char part[PATH_MAX];

	if (str_copy_z(str_of(path), part, sizeof(part)) != ERR_OK)
		return false;
	while (dotenv_edit_is_of_root(part)) {
		if (part[1] == '\0')
			return true;
		part[file_folder(part).n] = '\0';
	}
	return false;
}

/* The folder that has the entry `path`, which may be a symbolic link. */
static bool
dotenv_edit_folder(const char *path, char ret_folder[PATH_MAX])
{
	char folder[PATH_MAX];

	return str_copy_z(file_folder(path), folder, sizeof(folder)) == ERR_OK && realpath(folder, ret_folder) != NULL;
}

/*
 * Another user who can replace the file or a folder could put a link to any file there, and root would overwrite that
 * file. So root writes only where no other user can do this.
 */
static err
dotenv_edit_check_place(const struct dotenv_file *file, struct why *why)
{
	char folder[PATH_MAX];

	if (!user_is_root())
		return ERR_OK;
	if (!dotenv_edit_folder(file->path, folder))
		return dotenv_edit_failed(file, why);
	if (dotenv_edit_all_of_root(folder) &&
	    (!file->exists || (dotenv_edit_is_of_root(file->path) && dotenv_edit_all_of_root(file->target))))
		return ERR_OK;
	return why_set(why, ERR_DENIED,
		       "Root does not write the settings file %.300s, because another user can replace it or its "
		       "folder.  It was not changed.  Run the command as that user, or choose a file in a folder of "
		       "root.",
		       file->path);
}

static err
dotenv_edit_resolve(struct dotenv_file *file, struct why *why)
{
	struct stat link;

	file->exists = realpath(file->path, file->target) != NULL;
	if (file->exists)
		return stat(file->target, &file->before) == 0 ? ERR_OK : dotenv_edit_failed(file, why);
	if (errno != ENOENT || lstat(file->path, &link) == 0)
		return dotenv_edit_failed(file, why);
	return str_copy_z(str_of(file->path), file->target, sizeof(file->target));
}

/* A new file belongs to this process; one that replaces another gets its owner, group and mode. */
static bool
dotenv_edit_own(const struct dotenv_file *file, const struct dotenv_owner *owner)
{
	uid_t uid = file->exists ? file->before.st_uid : (uid_t)-1;
	gid_t gid = file->exists ? file->before.st_gid : owner->by_group ? owner->gid : (gid_t)-1;
	mode_t mode = file->exists ? file->before.st_mode & 0777 : owner->by_group ? 0640 : 0600;

	return fchown(file->fd, uid, gid) == 0 && fchmod(file->fd, mode) == 0;
}

static bool
dotenv_edit_put_bytes(int fd, str text)
{
	while (text.n > 0) {
		ssize_t n = sys_write(fd, text.p, text.n);
		if (n <= 0)
			return false;
		text = str_from(text, (size_t)n);
	}
	return sys_fsync(fd) == 0;
}

/* Make the rename durable. The file is complete either way, so a failure changes nothing. */
static void
dotenv_edit_sync_folder(const char *target)
{
	char folder[PATH_MAX];

	if (str_copy_z(file_folder(target), folder, sizeof(folder)) == ERR_OK)
		(void)!file_sync_folder(folder);
}

err
dotenv_edit_write(const char *path, str text, const struct dotenv_owner *owner, struct why *why)
{
	struct dotenv_file file = { .path = path, .fd = -1 };
	bool done;
	int cause;

	TRY(dotenv_edit_resolve(&file, why));
	TRY(dotenv_edit_check_place(&file, why));
	snprintf(file.beside, sizeof(file.beside), "%s.XXXXXX", file.target);
	file.fd = mkostemp(file.beside, O_CLOEXEC);
	if (file.fd < 0)
		return dotenv_edit_failed(&file, why);
	done = dotenv_edit_own(&file, owner) && dotenv_edit_put_bytes(file.fd, text) &&
	       rename(file.beside, file.target) == 0;
	cause = errno;
	file_close(&file.fd);
	if (done) {
		dotenv_edit_sync_folder(file.target);
		return ERR_OK;
	}
	(void)!unlink(file.beside);
	errno = cause;
	return dotenv_edit_failed(&file, why);
}
