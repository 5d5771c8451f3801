/*
 * The origin of each setting, for `config show`; other code uses config.h.
 */
#ifndef CONFIG_LOAD_H
#define CONFIG_LOAD_H

#include "config/locate.h"
#include "config/secret_file.h"

enum origin_kind { FROM_DEFAULT = 0, FROM_ENVIRONMENT, FROM_FILE, FROM_OPTION, FROM_SECRET_FILE };

struct origin {
	enum origin_kind kind;
	const char *file;          /* FROM_FILE: path of the settings file */
	unsigned line;             /* FROM_FILE: line of that file */
	const char *option;        /* FROM_OPTION: its name */
	struct secret_file secret; /* FROM_SECRET_FILE */
};

/* One for each row of settings[]. */
struct origins {
	struct settings_file file;
	struct origin of[SETTINGS_COUNT];
};

/* config_load, with the origin of each setting. */
MUST_USE err config_load_traced(struct config *ret_config, struct origins *ret_origins, struct why *why);

/*
 * Check a text that may become the settings file `path`, with the environment and the options, as config_load does.
 * Reads no file: neither the settings file nor secret files. The user of the process stays. ERR_CONFIG as config_load.
 */
MUST_USE err config_check_text(const char *path, str text, const struct config_option *options, size_t n,
			       struct config *ret_config, struct why *why);

/*
 * Can this process read the settings file again, for SIGHUP?  Root has read it before it became the owner of DATA_DIR.
 * ERR_DENIED: no; why says what to do.
 */
MUST_USE err config_check_readable(const struct settings_file *file, struct why *why);

/* Check the settings together, as config_load does.  ERR_CONFIG: they do not fit; why has the sentence. */
MUST_USE err config_check(const struct config *config, struct why *why);

#endif
