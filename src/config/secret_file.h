/*
 * Secrets in files.  Each setting that may contain a secret (SETTING_FROM_FILE) has two more sources:
 *
 *	SECRET_KEY_FILE=/run/secrets/key     a path, in the environment or in the settings file
 *	doubletour.SECRET_KEY                a file in $CREDENTIALS_DIRECTORY: systemd's LoadCredential=
 *
 * The file must be a regular file of at most SECRET_FILE_MAX_BYTES that only root, or the user that runs doubletour,
 * can change (FILE_TRUSTED).  Containers mount secrets with mode 0444, so a file that every user may read is accepted,
 * and the caller warns about it.  One newline at the end is not part of the value.
 *
 * This module reads the files.  load.c decides which source applies, and refuses a setting with two of them.
 */
#ifndef CONFIG_SECRET_FILE_H
#define CONFIG_SECRET_FILE_H

#include "config/settings.h"

enum { SECRET_FILE_MAX_BYTES = 4096, SECRET_PATH_MAX = 256 };

struct secret_file {
	char path[SECRET_PATH_MAX]; /* "": not found */
	bool world_readable;
};

/* The setting that the name SECRET_KEY_FILE belongs to; NULL if no setting has this name for a file. */
const struct setting *secret_file_setting(str name);

/* The value of NAME_FILE in the environment; NULL: not set. */
const char *secret_file_variable(const struct setting *setting);

/*
 * Read the file that NAME_FILE names, which must be an absolute path.  Append the value to ret_value, whose maximum is
 * SECRET_FILE_MAX_BYTES.
 *
 * ERR_CONFIG  the file is missing, empty or refused; why is a sentence that names the path
 */
MUST_USE err secret_file_read(str path, struct buf *ret_value, struct secret_file *ret_file, struct why *why);

/* Read the credential of a setting.  Without such a credential: ERR_OK, and ret_file->path is "". */
MUST_USE err secret_file_credential(const struct setting *setting, struct buf *ret_value, struct secret_file *ret_file,
				    struct why *why);

#endif
