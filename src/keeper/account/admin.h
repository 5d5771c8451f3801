/*
 * What the administrator does to accounts, for the command line.  Each function is one transaction with its audit row; a running
 * server's web process learns of ended sessions within its cache's life (2 seconds), and at once where nodes tell each other
 * (keeper/core/notification.h).
 *
 * account: a user name as typed.  ERR_NOT_FOUND, with the sentence: there is none of that name.
 */
#ifndef KEEPER_ADMIN_H
#define KEEPER_ADMIN_H

#include "keeper/core/accounts.h"
#include "keeper/core/keeper.h"
#include "keeper/account/links.h"

/* A new account without a password; the link sets it, and leads on to the authenticator.  ERR_EXISTS, ERR_INVALID. */
struct admin_new {
	str display_name, email, groups; /* "": none; groups: a list with commas or spaces between */
};
MUST_USE err admin_add(struct keeper_thread *t, str name, const struct admin_new *facts, struct why *why,
		       struct link_text *ret_link);

/* What applications are told, and rules ask for (docs/reference/forward-auth.md): "" takes it away.  Holds at once. */
MUST_USE err admin_set_email(struct keeper_thread *t, str account, str email, struct why *why);
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
	const char *account;    /* this one only; NULL: all */
	bool disabled;          /* only those */
	bool without_factor;    /* only those */
	int64_t inactive_since; /* only those who have not signed in since then; 0: all */
};

/* Call each() for every account that passes the filter, by name.  Texts live as long as the call. */
typedef err (*admin_each_user)(void *context, const struct admin_user *user);
MUST_USE err admin_users(struct keeper_thread *t, const struct admin_filter *filter, struct why *why,
			 admin_each_user each, void *context);

/* *ret_changed false: it was so already. */
MUST_USE err admin_disable(struct keeper_thread *t, str account, struct why *why,
			   bool *ret_changed); /* ends its sessions */
MUST_USE err admin_enable(struct keeper_thread *t, str account, struct why *why, bool *ret_changed);

/* Counters of failures and waits to zero, disabled authenticators in use again. */
MUST_USE err admin_unlock(struct keeper_thread *t, str account, struct why *why);

/* The password is dead at once and all sessions end; the link sets a new one, and the second factor is asked for as ever. */
MUST_USE err admin_reset_password(struct keeper_thread *t, str account, struct why *why, struct link_text *ret_link);

/* Authenticators, recovery codes and sessions go; the next sign-in enrols anew. */
MUST_USE err admin_reset_factors(struct keeper_thread *t, str account, struct why *why);

MUST_USE err admin_sign_out(struct keeper_thread *t, str account, struct why *why, int64_t *ret_ended);
MUST_USE err admin_delete(struct keeper_thread *t, str account, struct why *why);
MUST_USE err admin_rename(struct keeper_thread *t, str account, str name, struct why *why);
MUST_USE err admin_invite(struct keeper_thread *t, struct why *why, struct link_text *ret_link);

struct admin_session {
	int64_t id, created_us, seen_us;
	str address, agent;
	bool verified; /* the second factor too */
};
typedef err (*admin_each_session)(void *context, const struct admin_session *session);
MUST_USE err admin_sessions(struct keeper_thread *t, str account, struct why *why, admin_each_session each,
			    void *context);

struct admin_event {
	int64_t id, at_us;
	str event, outcome, reason, name, address, agent,
	    request_id;     /* name "": the account was deleted, or there was none */
	str actor;          /* keeper/core/audit.h; "": written by a version that did not say */
	int64_t account_id; /* random and never given again, so that it tells deleted accounts apart; 0: none */
};
struct admin_audit {
	const char *account;       /* by name; NULL: all */
	int64_t account_id;        /* where account is NULL: of this one, be it deleted; 0: all */
	const char *event;         /* beginning of an event's name; NULL: all */
	int64_t from_us, until_us; /* until_us 0: no end */
	int64_t after;             /* id */
};
/* Oldest first.  *ret_last: id of the last one looked at, for `after` next time. */
typedef err (*admin_each_event)(void *context, const struct admin_event *event);
MUST_USE err admin_audit_read(struct keeper_thread *t, const struct admin_audit *query, struct why *why,
			      admin_each_event each, void *context, int64_t *ret_last);

#endif
