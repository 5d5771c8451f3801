/*
 * Settings that change while the server runs: the ones that the table marks SETTING_LIVE.  SIGHUP makes the keeper load
 * all settings again, and the keeper pushes the live ones to web (PUSH_SETTINGS).
 *
 * Many threads read settings while one thread changes them:
 *
 *  - A version of the settings is a struct config that no thread writes after other threads can read it.
 *  - struct keeper and struct web hold the address of the current version in an atomic pointer.  A thread loads it and
 *    reads that version, without a lock.  A request that loads it twice may see two versions; each is complete.
 *  - No version is freed before the process ends, because a thread may still read it.  A version has about 14 KB and is
 *    made only if a live setting changed, at most CONFIG_VERSIONS_MAX times.
 *  - One thread in each process makes versions: in the keeper the main thread, in web the thread that reads pushes.
 *
 *	TRY(config_load_with(&fresh, ...));
 *	TRY(config_version_make(&versions, now, &fresh, &changes, &version, why));
 *	atomic_store(&owner->config, version);
 */
#ifndef CONFIG_LIVE_H
#define CONFIG_LIVE_H

#include "base/buf.h"
#include "config/settings.h"

enum { CONFIG_VERSIONS_MAX = 1000, CONFIG_LIVE_TEXT_MAX = 8 * 1024 };

/* The versions that were made.  The first settings belong to the caller and are not one of them. */
struct config_versions {
	struct config *made[CONFIG_VERSIONS_MAX];
	size_t n;
};

/* For each row of settings[]: does the new value differ? */
struct config_changes {
	bool of[SETTINGS_COUNT];
};

/*
 * Compare `now` with `fresh`, and make a version of `now` with the live settings of `fresh`.  *ret_version is `now` if
 * no live setting changed.  *ret_changes is written in any case.
 *
 * ERR_CONFIG    the live settings need other changed settings, which only a restart applies; why says which
 * ERR_TOO_LONG  CONFIG_VERSIONS_MAX versions were made; why says so
 * ERR_MEMORY
 */
MUST_USE err config_version_make(struct config_versions *versions, const struct config *now, const struct config *fresh,
				 struct config_changes *ret_changes, const struct config **ret_version,
				 struct why *why);

/* Free a version that no other thread has seen.  Does nothing if it is not the last one that was made. */
void config_version_drop(struct config_versions *versions, const struct config *version);

/* Wipe and free all versions.  No thread may read them any more. */
void config_versions_wipe(struct config_versions *versions);

/* Append the live settings of web, as lines NAME=value. */
void config_live_put(const struct config *config, struct buf *out);

/* Make a version from such lines.  ERR_INVALID: not the text of config_live_put.  Also ERR_TOO_LONG, ERR_MEMORY. */
MUST_USE err config_live_take(struct config_versions *versions, const struct config *now, str text,
			      const struct config **ret_version);

#endif
