/*
 * One-time links: 256 random bits that the administrator sends, valid for 24 hours and one use. The database stores
 * their SHA-256.
 */
#ifndef KEEPER_LINKS_H
#define KEEPER_LINKS_H

#include "base/clock.h"
#include "base/digest.h"
#include "base/str.h"
#include "store/db.h"
#include "ipc/questions.h"

struct call;

#define LINK_LIFE_US MINUTES_US(24 * 60)

enum { LINK_TEXT_SIZE = 43 + 1 }; /* base64url of 32 bytes, and its NUL */

struct link_text {
	char z[LINK_TEXT_SIZE];
};

/* Create a link, inside a transaction. account_id 0: an invitation. */
MUST_USE err link_make(struct db *db, enum link_kind kind, int64_t account_id, int64_t now_us,
		       struct link_text *ret_text);

/* Mark a link as used, inside a transaction. *ret_done false: another kind, already used, or expired. */
MUST_USE err link_spend(struct call *call, str text, enum link_kind kind, bool *ret_done);

/* Delete all links of an account. */
MUST_USE err links_end(struct db *db, int64_t account_id);

#endif
