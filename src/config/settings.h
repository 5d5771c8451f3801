/*
 * The table of settings, made from settings.def, and functions on its rows.  Code that handles settings by name uses
 * this table:  the parser, `config show`, .env.example, the manual.  Other layers read struct config.
 *
 *	for (size_t i = 0; i < SETTINGS_COUNT; i++)
 *		puts(settings[i].name);
 */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include "base/buf.h"
#include "config/config.h"

struct setting;

/* A kind of value: reads it, and writes it so that it can be read again. */
struct setting_kind {
	/*
	 * Read value into the member at `at`.  ERR_INVALID: it does not match setting->takes.  ERR_CONFIG: why has the
	 * predicate of a sentence that begins with the setting's name ("was published ...").
	 */
	err (*parse)(const struct setting *setting, str value, void *at, struct why *why);
	void (*put)(const struct setting *setting, const void *at, struct buf *out);
};

/* One word for a setting with several possible words.  If words share a value, the first one is printed. */
struct setting_choice {
	const char *word; /* NULL ends the list */
	unsigned value;
};

enum setting_flags {
	SETTING_WEB = 1,      /* the web process gets it */
	SETTING_SECRET = 2,   /* shown as "(set)" only */
	SETTING_IGNORED = 4,  /* accepted without effect, for users who switch from Flask */
	SETTING_PASSWORD = 8, /* a URL that may contain a password: shown without it */
	SETTING_LIVE = 16,    /* SIGHUP applies a new value: live.h */
	SETTING_FROM_FILE = SETTING_SECRET | SETTING_PASSWORD, /* a file may give it: secret_file.h */
};

enum { PROFILE_COUNT = PROFILE_PRODUCTION + 1 };

struct setting {
	const char *name;
	const struct setting_kind *kind;
	unsigned flags;
	size_t offset, size; /* the member of struct config; unused when ignored */
	const char
	    *defaults[PROFILE_COUNT]; /* for each profile, as text; NULL: empty, or derived from other settings */
	const char *takes;            /* completes the sentence "PORT must be ..." */
	const char *help;             /* its purpose, in whole sentences */
	const char *example;          /* a typical value */
	const struct setting_choice *choices; /* kind choice */
	uint64_t min, max;                    /* kinds number, duration (seconds), text and key (bytes) */
};

enum {
#define SETTING(member, ...) +1
#define WITHOUT_EFFECT(name) +1
	SETTINGS_COUNT = 0
#include "config/settings.def"
#undef SETTING
#undef WITHOUT_EFFECT
};

extern const struct setting settings[SETTINGS_COUNT];

/* The row with that name; NULL if there is none. */
const struct setting *setting_find(str name);

/* The row whose name is most similar to the given one; NULL if no name is similar. */
const struct setting *setting_nearest(str name);

/* Read a value into the config.  On refusal `why` lacks file and line; config_load adds them. */
MUST_USE err setting_parse(const struct setting *setting, str value, struct config *config, struct why *why);

/* Write the full value, even a secret: only for the web process's settings and for config show, which masks secrets. */
void setting_put(const struct setting *setting, const struct config *config, struct buf *out);

#endif
