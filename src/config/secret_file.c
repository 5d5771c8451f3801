#include "config/secret_file.h"

#include "base/file.h"

#include <stdio.h>
#include <stdlib.h>

enum { VARIABLE_MAX = 64 };

const struct setting *
secret_file_setting(str name)
{
	str suffix = STR("_FILE");
	const struct setting *setting = NULL;

	if (str_ends(name, suffix))
		setting = setting_find(str_upto(name, name.n - suffix.n));
	return setting != NULL && (setting->flags & SETTING_FROM_FILE) != 0 ? setting : NULL;
}

const char *
secret_file_variable(const struct setting *setting)
{
	char name[VARIABLE_MAX];

	snprintf(name, sizeof(name), "%s_FILE", setting->name);
	return getenv(name);
}

/* Cut one newline, as Unix or Windows write it. */
static void
secret_file_cut_newline(struct buf *value)
{
	if (str_ends(buf_str(value), STR("\n")))
		value->n--;
	else
		return;
	if (str_ends(buf_str(value), STR("\r")))
		value->n--;
}

static err
secret_file_check(const char *path, struct buf *value, struct why *why)
{
	secret_file_cut_newline(value);
	if (value->n == 0)
		return why_set(why, ERR_CONFIG, "The file %s is empty.  Write the secret into it.", path);
	if (str_has_byte(buf_str(value), '\0'))
		return why_set(why, ERR_CONFIG,
			       "The file %s contains a NUL byte.  Write the secret as text, for example with "
			       "`openssl rand -hex 32`.",
			       path);
	return ERR_OK;
}

/* Also ERR_NOT_FOUND.  ret_file->path is set. */
static err
secret_file_read_at(struct secret_file *file, struct buf *ret_value, struct why *why)
{
	CLEANUP(file_close) int fd = -1;
	err e = file_open(file->path, FILE_TRUSTED, why, &fd);

	if (e == ERR_OK) {
		file->world_readable = file_is_world_readable(fd);
		e = file_read_open(fd, file->path, ret_value, why);
	}
	if (e == ERR_OK)
		return secret_file_check(file->path, ret_value, why);
	return e == ERR_MEMORY || e == ERR_NOT_FOUND ? e : ERR_CONFIG;
}

err
secret_file_read(str path, struct buf *ret_value, struct secret_file *ret_file, struct why *why)
{
	*ret_file = (struct secret_file){ .path = "" };
	if (!str_starts(path, STR("/")) || !str_is_visible(path))
		return why_set(why, ERR_CONFIG, "The path of a secret must be absolute: /run/secrets/name.");
	if (str_copy_z(path, ret_file->path, sizeof(ret_file->path)) != ERR_OK)
		return why_set(why, ERR_CONFIG, "The path of a secret has at most %d bytes, but this one has %zu.",
			       SECRET_PATH_MAX - 1, path.n);
	err e = secret_file_read_at(ret_file, ret_value, why);
	return e == ERR_NOT_FOUND ? ERR_CONFIG : e;
}

err
secret_file_credential(const struct setting *setting, struct buf *ret_value, struct secret_file *ret_file,
		       struct why *why)
{
	const char *folder = getenv("CREDENTIALS_DIRECTORY");
	err e = ERR_OK;
	int n;

	*ret_file = (struct secret_file){ .path = "" };
	if (folder == NULL || folder[0] == '\0')
		return ERR_OK;
	n = snprintf(ret_file->path, sizeof(ret_file->path), "%s/doubletour.%s", folder, setting->name);
	if (folder[0] != '/' || n < 0 || (size_t)n >= sizeof(ret_file->path))
		return why_set(why, ERR_CONFIG, "CREDENTIALS_DIRECTORY must be an absolute path of at most %d bytes.",
			       SECRET_PATH_MAX - VARIABLE_MAX);
	e = secret_file_read_at(ret_file, ret_value, why);
	if (e != ERR_NOT_FOUND)
		return e;
	ret_file->path[0] = '\0';
	why->text[0] = '\0';
	return ERR_OK;
}
