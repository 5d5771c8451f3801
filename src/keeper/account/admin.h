/*
 * Administrative actions on accounts, for the command line. Each function runs one transaction, including its audit
 * entry. A running server notices ended sessions when its cache entry expires (after 2 seconds), or at once if nodes
 * notify each other (keeper/core/notification.h).
 *
 * account: a user name as typed. ERR_NOT_FOUND, with a message: no account has this name.
 */
#ifndef KEEPER_ADMIN_H
#define KEEPER_ADMIN_H

#include "keeper/core/accounts.h"
#include "keeper/core/keeper.h"
#include "keeper/account/links.h"

/* The id of an account. */
MUST_USE err admin_account_find(struct keeper_thread *t, str account, struct why *why, int64_t *ret_id);

/* Check a user name before an account is created with it. ERR_INVALID, with a message. */
MUST_USE err admin_name_check(str name, struct why *why);

/* Create an account without a password. The link lets the user set one and enrol. ERR_EXISTS, ERR_INVALID. */
struct admin_new {
	str display_name, email, groups; /* "": none; groups: separated by commas or spaces */
	bool name_again;                 /* the name may be that of a closed or renamed account */
};
MUST_USE err admin_add(struct keeper_thread *t, str name, const struct admin_new *facts, struct why *why,
		       struct link_text *ret_link);

/* Set data for applications and access rules (docs/reference/forward-auth.md). "" removes it. Takes effect at once. */
MUST_USE err admin_set_email(struct keeper_thread *t, str account, str email, struct why *why);
/* The name of another account with the same e-mail address, compared without case; "" without such an account. */
MUST_USE err admin_email_other(struct keeper_thread *t, str account, str email, struct account_name *ret_other);
MUST_USE err admin_set_groups(struct keeper_thread *t, str account, str groups, struct why *why);

struct admin_user {
	int64_t id;
	str name, display_name;
	int64_t created_us, last_sign_in_us; /* last_sign_in_us 0: never */
	bool disabled, has_password;
	int64_t failures, blocked_until_us;
	int64_t factors, factors_disabled, sessions, recovery_codes;
	str email, groups;
};

struct admin_filter {
	const char *account;    /* only this account; NULL: all */
	bool disabled;          /* only disabled accounts */
	bool without_factor;    /* only accounts without an authenticator */
	int64_t inactive_since; /* only accounts without a sign-in since then; 0: all */
};

/* Call each() for every matching account, ordered by name. Texts are valid during the call. */
typedef err (*admin_each_user)(void *context, const struct admin_user *user);
MUST_USE err admin_users(struct keeper_thread *t, const struct admin_filter *filter, struct why *why,
			 admin_each_user each, void *context);

/* *ret_changed false: the account was already in this state. */
MUST_USE err admin_disable(struct keeper_thread *t, str account, struct why *why,
			   bool *ret_changed); /* also ends its sessions */
MUST_USE err admin_enable(struct keeper_thread *t, str account, struct why *why, bool *ret_changed);

/* Reset the failure counters and lockouts, and enable disabled authenticators. */
MUST_USE err admin_unlock(struct keeper_thread *t, str account, struct why *why);

/* Invalidate the password and end all sessions. The link sets a new password; the second factor is still required. */
MUST_USE err admin_reset_password(struct keeper_thread *t, str account, struct why *why, struct link_text *ret_link);

/* Delete authenticators, passkeys, recovery codes and sessions. The user enrols again at the next sign-in. */
MUST_USE err admin_reset_factors(struct keeper_thread *t, str account, struct why *why);

MUST_USE err admin_sign_out(struct keeper_thread *t, str account, struct why *why, int64_t *ret_ended);
MUST_USE err admin_delete(struct keeper_thread *t, str account, struct why *why);
MUST_USE err admin_rename(struct keeper_thread *t, str account, str name, struct why *why);
MUST_USE err admin_invite(struct keeper_thread *t, struct why *why, struct link_text *ret_link);

struct admin_session {
	int64_t id, created_us, seen_us;
	str address, agent;
	bool verified; /* the second factor was verified */
};
typedef err (*admin_each_session)(void *context, const struct admin_session *session);
MUST_USE err admin_sessions(struct keeper_thread *t, str account, struct why *why, admin_each_session each,
			    void *context);

struct admin_passkey {
	str name, rp_id;                /* name "": the user gave it none; rp_id: the host that it was made for */
	int64_t added_us, last_used_us; /* last_used_us 0: never */
	bool disabled, synced, alone;   /* alone: it signs in without the password */
};
/* Call each() for every passkey of the account, oldest first. Texts are valid during the call. */
typedef err (*admin_each_passkey)(void *context, const struct admin_passkey *passkey);
MUST_USE err admin_passkeys(struct keeper_thread *t, str account, struct why *why, admin_each_passkey each,
			    void *context);

struct admin_event {
	int64_t id, at_us;
	str event, outcome, reason, name, address, agent,
	    request_id;     /* name "": the account was deleted, or the event concerns none */
	str actor;          /* see keeper/core/audit.h; "": written by an older version */
	str client;         /* client_id; "": the event is about no application */
	int64_t account_id; /* random and never reused, so it distinguishes deleted accounts; 0: none */
};
struct admin_audit {
	const char *account;       /* user name; NULL: all accounts */
	int64_t account_id;        /* used if account is NULL; may be a deleted account; 0: all */
	const char *event;         /* prefix of the event's name; NULL: all */
	int64_t from_us, until_us; /* until_us 0: no end */
	int64_t after;             /* only entries with a greater id */
};
/* Oldest first. *ret_last: id of the last entry read, for `after` in the next call. */
typedef err (*admin_each_event)(void *context, const struct admin_event *event);
MUST_USE err admin_audit_read(struct keeper_thread *t, const struct admin_audit *query, struct why *why,
			      admin_each_event each, void *context, int64_t *ret_last);

#endif
