/*
 * The table of settings, made from settings.def, and what is done with a row.  Everything that knows a setting by name is printed or
 * parsed from here: the parser, `config show`, .env.example, the manual.  Other layers read struct config.
 *
 *	for (size_t i = 0; i < SETTINGS_COUNT; i++)
 *		puts(settings[i].name);
 */
#ifndef CONFIG_SETTINGS_H
#define CONFIG_SETTINGS_H

#include "base/buf.h"
#include "config/config.h"

struct setting;

/* What kind of value it is: how to read it and how to write it so that it can be read again. */
struct setting_kind {
	/*
	 * Read value into the member at `at`.  ERR_INVALID: not what setting->takes says.  ERR_CONFIG: why holds the
	 * predicate of a sentence that begins with the setting's name ("was published ...").
	 */
	err (*parse)(const struct setting *setting, str value, void *at, struct why *why);
	void (*put)(const struct setting *setting, const void *at, struct buf *out);
};

/* One word of a setting that takes one of several.  The first with a value is the one that is printed. */
struct setting_choice {
	const char *word; /* NULL ends the list */
	unsigned value;
};

enum setting_flags {
	SETTING_WEB = 1,     /* the web process gets it */
	SETTING_SECRET = 2,  /* shown as "(set)" only */
	SETTING_IGNORED = 4, /* accepted for those who bring it along; has no effect */
};

enum { PROFILE_COUNT = PROFILE_PRODUCTION + 1 };

struct setting {
	const char *name;
	const struct setting_kind *kind;
	unsigned flags;
	size_t offset, size; /* the member of struct config; unused when ignored */
	const char
	    *defaults[PROFILE_COUNT]; /* per profile, as one would write it; NULL: nothing, or made from others */
	const char *takes;            /* "PORT must be ...": completes that sentence */
	const char *help;             /* what it is for; whole sentences */
	const char *example;          /* a value one might write */
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

/* The row of that name; NULL when there is none. */
const struct setting *setting_find(str name);

/* The row whose name is nearest to what was written; NULL when none is near. */
const struct setting *setting_nearest(str name);

/* Read a value into the config; the sentence of a refusal has no place in it: config_load adds that. */
MUST_USE err setting_parse(const struct setting *setting, str value, struct config *config, struct why *why);

/* Write its value in full, secrets too: only for the web process's settings and for config show, which masks. */
void setting_put(const struct setting *setting, const struct config *config, struct buf *out);

#endif
