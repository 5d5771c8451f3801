/*
 * A scratch folder with a .env file and an environment without settings, for tests of loading.
 */
#ifndef SCENE_H
#define SCENE_H

#include "config/load.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define GOOD_KEY "q7X-2mPz_9vKc4RtYb1nLw8sDf3gHj6e"

/* Change into a new folder.  Call it once per program. */
static inline int
scene_open(void **state)
{
	static char folder[] = "/tmp/doubletour-config-XXXXXX";

	*state = folder;
	return mkdtemp(folder) == NULL || chdir(folder) != 0 ? -1 : 0;
}

static inline int
scene_close(void **state)
{
	(void)!unlink(".env");
	return chdir("/") != 0 || rmdir(*state) != 0 ? -1 : 0;
}

/* Name no settings file, and clear the settings in the environment; write this .env, or delete it for NULL. */
static inline void
scene_set(const char *dotenv)
{
	FILE *file;

	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		char name[80];
		snprintf(name, sizeof(name), "%s_FILE", settings[i].name);
		unsetenv(name);
		unsetenv(settings[i].name);
	}
	unsetenv("DOUBLETOUR_SETTINGS");
	unsetenv("CREDENTIALS_DIRECTORY");
	locate_name(NULL);
	(void)!unlink(".env");
	if (dotenv == NULL)
		return;
	file = fopen(".env", "w");
	assert_non_null(file);
	assert_true(fputs(dotenv, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(".env", 0600), 0);
}

#endif
