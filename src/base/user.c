#include "base/user.h"

#include "base/process.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char user_name[64];

bool
user_is_root(void)
{
	return geteuid() == 0;
}

const char *
user_became(void)
{
	return user_name[0] == '\0' ? NULL : user_name;
}

static bool
user_change(const struct passwd *entry, uid_t uid, gid_t gid)
{
	if ((entry == NULL ? setgroups(1, &gid) : initgroups(entry->pw_name, gid)) != 0)
		return false;
	return setresgid(gid, gid, gid) == 0 && setresuid(uid, uid, uid) == 0;
}

err
user_become(uid_t uid, gid_t gid, struct why *why)
{
	const struct passwd *entry = getpwuid(uid);
	char name[sizeof(user_name)];

	if (entry == NULL)
		snprintf(name, sizeof(name), "with the number %u", (unsigned)uid);
	else
		snprintf(name, sizeof(name), "%.60s", entry->pw_name);
	if (!user_change(entry, uid, entry == NULL ? gid : entry->pw_gid))
		return why_set(why, ERR_DENIED, "The command cannot switch to the user %s, the owner of DATA_DIR: %s.",
			       name, strerror(errno));
	if (entry != NULL)
		(void)!setenv("HOME", entry->pw_dir, 1);
	process_harden(); /* a change of the user may lift its protection */
	memcpy(user_name, name, sizeof(name));
	return ERR_OK;
}
