/*
 * A database file under a temporary name until it is complete and checked. It then gets its name, unless a file with
 * that name exists. Used by backup, restore and upgrade.
 *
 *	CLEANUP(draft_drop) struct draft draft = { .made = false };
 *	TRY(draft_make(target, why, &draft));
 *	...                                          write into draft.path, and check it
 *	TRY(draft_name(&draft, target, why));
 */
#ifndef KEEPER_DRAFT_H
#define KEEPER_DRAFT_H

#include "base/err.h"
#include "config/config.h"

enum { DRAFT_PATH_BYTES = CONFIG_TEXT_MAX + 64 };

struct draft {
	char path[DRAFT_PATH_BYTES];
	bool made; /* draft_drop removes it */
};

/*
 * Create an empty file (0600) next to the target.
 *
 * ERR_TOO_LONG  the path is too long
 * ERR_DENIED    the file cannot be created
 */
MUST_USE err draft_make(const char *target, struct why *why, struct draft *ret_draft);

/* The same for a caller that holds the database alone: it first removes the draft of a process that was killed. */
MUST_USE err draft_make_locked(const char *target, struct why *why, struct draft *ret_draft);

/*
 * Write the draft to the disk and give it its name.
 *
 * ERR_EXISTS  a file with that name exists, even if it was created just now
 * ERR_IO      it cannot be written completely
 */
MUST_USE err draft_name(struct draft *draft, const char *target, struct why *why);

/* Replace the temporary name in a message by the name that the person typed. */
void draft_call(const struct draft *draft, const char *named, struct why *why);

/* Remove the draft and the files that SQLite keeps beside it. Does nothing after draft_name. */
void draft_drop(struct draft *draft);

#endif
