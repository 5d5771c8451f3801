#include "keeper/account/admin.h"

#include "base/log.h"
#include "base/random.h"
#include "keeper/core/audit.h"
#include "keeper/session/devices.h"
#include "keeper/core/display_name.h"
#include "keeper/core/failure.h"
#include "keeper/account/identity.h"
#include "keeper/factor/passkey.h"
#include "keeper/factor/passkey_removal.h"
#include "keeper/session/session.h"
#include "keeper/core/session_lookup.h"
#include "keeper/core/call.h"

enum { PAGE_ROWS = 200 };

/* One administrative action: its account, its effect, and its audit entry. */
struct act;
typedef err (*act_work)(struct call *call, struct act *act);
struct act {
	act_work work;
	int64_t account_id;
	enum audit_event event;
	enum audit_reason reason;
	struct link_text *link;
	str name, display_name; /* of a new or renamed account */
	str email, groups;
	int64_t changed;
	bool optional;    /* write nothing if nothing changes */
	bool name_again;  /* the name may be that of a closed or renamed account */
	bool name_closed; /* refused: the name is that of a closed or renamed account */
};

err
admin_account_find(struct keeper_thread *t, str typed, struct why *why, int64_t *ret_id)
{
	struct account_name name = { .n = 0 };
	struct admin_find_row row;
	bool found = false;

	if (account_name_fold(typed, &name) == PROBLEM_NONE) {
		const struct db_value args[] = { DB_TEXT(account_name_str(&name)) };
		TRY(db_row(t->db, SQL_ADMIN_FIND, args, COUNT(args), NULL, &row, &found));
	}
	if (!found)
		return why_set(why, ERR_NOT_FOUND,
			       "There is no account \"%.*s\".  `doubletour user list` lists all accounts.",
			       STR_ARG(str_upto(typed, 60)));
	*ret_id = row.id;
	return ERR_OK;
}

static const char admin_nothing_changed[] = "Nothing was changed.";

static err
admin_act_once(struct call *call, void *context, bool *ret_commit)
{
	struct act *act = context;

	act->changed = 0;
	TRY(act->work(call, act));
	if (act->optional && act->changed == 0)
		return ERR_OK;
	*ret_commit = true;
	return audit_write(call, act->event, act->account_id, act->reason);
}

static err
admin_act_transact(struct keeper_thread *t, struct act *act)
{
	CLEANUP(call_wipe) struct call call = { .db = t->db };
	bool done = false;

	TRY(call_of_command(t, &call));
	call.subject_account_id = act->account_id;
	return call_command_transact(&call, admin_act_once, act, &done);
}

static err
admin_act_do(struct keeper_thread *t, struct act *act, act_work work, struct why *why)
{
	err e;

	act->work = work;
	e = admin_act_transact(t, act);
	return failure_explain(t->db, e, admin_nothing_changed, why);
}

static err
admin_act_on(struct keeper_thread *t, str account, struct act *act, act_work work, struct why *why)
{
	TRY(admin_account_find(t, account, why, &act->account_id));
	return admin_act_do(t, act, work, why);
}

static err
admin_run_on_account(struct call *call, enum sql query, int64_t *ret_changed)
{
	const struct db_value args[] = { DB_INT(call->subject_account_id) };

	return db_run(call->db, query, args, COUNT(args), ret_changed);
}

/* --- accounts ----------------------------------------------------------------------------------------------------- */

static const char *
admin_name_refused(enum problem problem)
{
	switch (problem) {
	case PROBLEM_TOO_SHORT:
	case PROBLEM_MISSING:
		return "A user name has at least 3 characters.";
	case PROBLEM_TOO_LONG:
		return "A user name has at most 40 characters.";
	case PROBLEM_EDGES:
		return "A user name begins and ends with a letter or a digit.";
	default:
		return "A user name may contain only letters without accents, digits and . _ @ + -";
	}
}

static err
admin_name_take(str typed, struct account_name *ret_name, struct why *why)
{
	enum problem problem = account_name_fold(typed, ret_name);

	return problem == PROBLEM_NONE ? ERR_OK : why_set(why, ERR_INVALID, "%s", admin_name_refused(problem));
}

err
admin_name_check(str name, struct why *why)
{
	struct account_name folded = { .n = 0 };

	return admin_name_take(name, &folded, why);
}

static err
admin_name_taken(err e, const struct act *act, struct why *why)
{
	if (e != ERR_EXISTS)
		return e;
	if (act->name_closed)
		return why_set(
		    why, e,
		    "Another account had the name \"%.*s\".  Applications may know that person by it.  Choose "
		    "another name, or give it to the same person with `doubletour user add --name-again`.",
		    STR_ARG(act->name));
	return why_set(why, e, "The account \"%.*s\" already exists.", STR_ARG(act->name));
}

static err
admin_name_settle(struct call *call, struct act *act)
{
	err e = account_name_settle(call->db, act->name, act->account_id);

	act->name_closed = e == ERR_EXISTS;
	return e;
}

static err
admin_do_add(struct call *call, struct act *act)
{
	const struct db_value args[] = { DB_INT(act->account_id), DB_TEXT(act->name),  DB_TEXT(act->display_name),
					 DB_INT(call->now_us),    DB_TEXT(act->email), DB_TEXT(act->groups) };

	if (act->name_again)
		TRY(account_name_release(call->db, act->name));
	TRY(db_run(call->db, SQL_ADMIN_ADD, args, COUNT(args), &act->changed));
	TRY(admin_name_settle(call, act));
	return link_make(call->db, LINK_SETUP, act->account_id, call->now_us, act->link);
}

/* Check the typed groups and e-mail address, and store them in the action. groups is allocated in the arena. */
static err
admin_identity_take(struct act *act, str email, str groups, struct arena *arena, struct why *why)
{
	err e = groups_read(groups, arena, &act->groups);

	if (e == ERR_INVALID)
		return why_set(
		    why, e, "The name of a group has 1 to 40 characters of a-z 0-9 . _ - and commas separate groups.");
	if (e == ERR_TOO_LONG)
		return why_set(why, e, "An account has at most %d groups, of %d bytes together.", GROUPS_COUNT_MAX,
			       GROUPS_MAX_BYTES);
	if (!email_good(email))
		return why_set(why, ERR_INVALID,
			       "An e-mail address must look like anna@example.org, and have at most %d bytes.",
			       EMAIL_MAX);
	act->email = email;
	return e;
}

err
admin_add(struct keeper_thread *t, str typed, const struct admin_new *facts, struct why *why,
	  struct link_text *ret_link)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(4 * GROUPS_MAX_BYTES);
	struct act act = { .event = AUDIT_ADMIN_ADDED, .reason = REASON_ASKED, .link = ret_link };
	struct display_name display = { .n = 0 };
	struct account_name name = { .n = 0 };
	err e;

	TRY(admin_name_take(typed, &name, why));
	TRY(admin_identity_take(&act, facts->email, facts->groups, &arena, why));
	if (display_name_check(facts->display_name, &display) != PROBLEM_NONE)
		return why_set(why, ERR_INVALID, "A display name has at most 40 characters, all of them visible.");
	TRY(random_id(&act.account_id));
	act.name = account_name_str(&name);
	act.name_again = facts->name_again;
	act.display_name = str_bytes(display.b, display.n);
	e = admin_act_do(t, &act, admin_do_add, &(struct why){ "" });
	e = admin_name_taken(e, &act, why);
	return failure_explain(t->db, e, admin_nothing_changed, why);
}

static err
admin_do_rename(struct call *call, struct act *act)
{
	const struct db_value args[] = { DB_TEXT(act->name), DB_INT(act->account_id), DB_INT(call->now_us) };

	TRY(account_name_close(call->db, act->account_id, call->now_us));
	TRY(db_run(call->db, SQL_ADMIN_RENAME, args, COUNT(args), &act->changed));
	TRY(admin_name_settle(call, act));
	return session_end_all(call, act->account_id); /* web has cached the old name */
}

err
admin_rename(struct keeper_thread *t, str account, str typed, struct why *why)
{
	struct act act = { .event = AUDIT_ADMIN_RENAMED, .reason = REASON_ASKED };
	struct account_name name = { .n = 0 };
	err e;

	TRY(admin_name_take(typed, &name, why));
	act.name = account_name_str(&name);
	TRY(admin_account_find(t, account, why, &act.account_id));
	e = admin_name_taken(admin_act_do(t, &act, admin_do_rename, &(struct why){ "" }), &act, why);
	return failure_explain(t->db, e, admin_nothing_changed, why);
}

/* Does not end the sessions, but evicts them from every cache: the cached identity is outdated. */
static err
admin_sessions_end(struct call *call)
{
	const struct db_value args[] = { DB_INT(call->subject_account_id) };

	return db_rows(call->db, SQL_GATE_ACCOUNT_SESSIONS, args, COUNT(args), call_token_ended_row, call);
}

static err
admin_do_set_email(struct call *call, struct act *act)
{
	const struct db_value args[] = { DB_TEXT(act->email), DB_INT(act->account_id), DB_INT(call->now_us) };

	TRY(db_run(call->db, SQL_GATE_EMAIL_SET, args, COUNT(args), NULL));
	return admin_sessions_end(call);
}

err
admin_set_email(struct keeper_thread *t, str account, str email, struct why *why)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(64);
	struct act act = { .event = AUDIT_ADMIN_EMAIL_SET, .reason = REASON_ASKED };

	TRY(admin_identity_take(&act, email, STR(""), &arena, why));
	return admin_act_on(t, account, &act, admin_do_set_email, why);
}

err
admin_email_other(struct keeper_thread *t, str account, str email, struct account_name *ret_other)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(1024);
	struct account_name name = { .n = 0 };
	struct admin_email_other_row row;
	bool found = false;

	*ret_other = (struct account_name){ .n = 0 };
	if (email.n == 0 || account_name_fold(account, &name) != PROBLEM_NONE)
		return ERR_OK;
	const struct db_value args[] = { DB_TEXT(email), DB_TEXT(account_name_str(&name)) };
	TRY(db_row(t->db, SQL_ADMIN_EMAIL_OTHER, args, COUNT(args), &arena, &row, &found));
	if (found)
		(void)account_name_fold(row.name, ret_other);
	return ERR_OK;
}

static err
admin_do_set_groups(struct call *call, struct act *act)
{
	const struct db_value args[] = { DB_TEXT(act->groups), DB_INT(act->account_id), DB_INT(call->now_us) };

	TRY(db_run(call->db, SQL_GATE_GROUPS_SET, args, COUNT(args), NULL));
	return admin_sessions_end(call);
}

err
admin_set_groups(struct keeper_thread *t, str account, str groups, struct why *why)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(4 * GROUPS_MAX_BYTES);
	struct act act = { .event = AUDIT_ADMIN_GROUPS_SET, .reason = REASON_ASKED };

	TRY(admin_identity_take(&act, STR(""), groups, &arena, why));
	return admin_act_on(t, account, &act, admin_do_set_groups, why);
}

/* End the sessions, and what applications may do without one (offline_access). */
static err
admin_access_end(struct call *call, struct act *act)
{
	TRY(session_end_all(call, act->account_id));
	return admin_run_on_account(call, SQL_OIDC_END_GRANTS, NULL);
}

static err
admin_do_disable(struct call *call, struct act *act)
{
	const struct db_value args[] = { DB_INT(call->now_us), DB_INT(act->account_id) };

	TRY(db_run(call->db, SQL_ADMIN_DISABLE, args, COUNT(args), &act->changed));
	return admin_access_end(call, act);
}

err
admin_disable(struct keeper_thread *t, str account, struct why *why, bool *ret_changed)
{
	struct act act = { .event = AUDIT_ADMIN_DISABLED, .reason = REASON_ASKED, .optional = true };

	TRY(admin_act_on(t, account, &act, admin_do_disable, why));
	*ret_changed = act.changed > 0;
	return ERR_OK;
}

static err
admin_do_enable(struct call *call, struct act *act)
{
	return admin_run_on_account(call, SQL_ADMIN_ENABLE, &act->changed);
}

err
admin_enable(struct keeper_thread *t, str account, struct why *why, bool *ret_changed)
{
	struct act act = { .event = AUDIT_ADMIN_ENABLED, .reason = REASON_ASKED, .optional = true };

	TRY(admin_act_on(t, account, &act, admin_do_enable, why));
	*ret_changed = act.changed > 0;
	return ERR_OK;
}

static err
admin_do_unlock(struct call *call, struct act *act)
{
	TRY(admin_run_on_account(call, SQL_THROTTLE_CLEAR_ACCOUNT, NULL));
	return admin_run_on_account(call, SQL_ADMIN_UNLOCK_FACTORS, NULL);
}

err
admin_unlock(struct keeper_thread *t, str account, struct why *why)
{
	struct act act = { .event = AUDIT_ADMIN_UNLOCKED, .reason = REASON_ASKED };

	return admin_act_on(t, account, &act, admin_do_unlock, why);
}

static err
admin_do_reset_password(struct call *call, struct act *act)
{
	const struct db_value args[] = { DB_TEXT(STR(ACCOUNT_NO_PASSWORD)), DB_INT(call->now_us),
					 DB_INT(act->account_id) };

	TRY(db_run(call->db, SQL_ADMIN_PASSWORD_SET, args, COUNT(args), &act->changed));
	TRY(links_end(call->db, act->account_id));
	TRY(admin_access_end(call, act));
	TRY(devices_forget_all(call->db, act->account_id));
	return link_make(call->db, LINK_PASSWORD, act->account_id, call->now_us, act->link);
}

err
admin_reset_password(struct keeper_thread *t, str account, struct why *why, struct link_text *ret_link)
{
	struct act act = { .event = AUDIT_ADMIN_PASSWORD_LINK, .reason = REASON_ASKED, .link = ret_link };

	return admin_act_on(t, account, &act, admin_do_reset_password, why);
}

static err
admin_do_reset_factors(struct call *call, struct act *act)
{
	TRY(admin_access_end(call, act));
	TRY(passkeys_remember_removed(call, act->account_id, 0));
	TRY(admin_run_on_account(call, SQL_ADMIN_FACTORS_DELETE, NULL));
	TRY(admin_run_on_account(call, SQL_PASSKEY_CODES_ON, NULL));
	TRY(admin_run_on_account(call, SQL_THROTTLE_CLEAR_ACCOUNT, NULL));
	return admin_run_on_account(call, SQL_RECOVERY_DELETE, NULL);
}

err
admin_reset_factors(struct keeper_thread *t, str account, struct why *why)
{
	struct act act = { .event = AUDIT_ADMIN_FACTORS_RESET, .reason = REASON_ASKED };

	return admin_act_on(t, account, &act, admin_do_reset_factors, why);
}

static err
admin_do_sign_out(struct call *call, struct act *act)
{
	TRY(devices_forget_all(call->db, act->account_id));
	TRY(admin_access_end(call, act));
	act->changed = (int64_t)call->next.ended_count;
	return ERR_OK;
}

err
admin_sign_out(struct keeper_thread *t, str account, struct why *why, int64_t *ret_ended)
{
	struct act act = { .event = AUDIT_ADMIN_SIGNED_OUT, .reason = REASON_ASKED };

	TRY(admin_act_on(t, account, &act, admin_do_sign_out, why));
	*ret_ended = act.changed;
	return ERR_OK;
}

static err
admin_do_delete(struct call *call, struct act *act)
{
	TRY(session_end_all(call, act->account_id));
	TRY(passkeys_remember_removed(call, act->account_id, 0));
	TRY(account_name_close(call->db, act->account_id, call->now_us));
	TRY(admin_run_on_account(call, SQL_OWN_CLOSE, &act->changed));
	return audit_redact(call, act->account_id);
}

err
admin_delete(struct keeper_thread *t, str account, struct why *why)
{
	struct act act = { .event = AUDIT_ADMIN_DELETED, .reason = REASON_ASKED };

	return admin_act_on(t, account, &act, admin_do_delete, why);
}

static err
admin_do_invite(struct call *call, struct act *act)
{
	return link_make(call->db, LINK_INVITE, 0, call->now_us, act->link);
}

err
admin_invite(struct keeper_thread *t, struct why *why, struct link_text *ret_link)
{
	struct act act = { .event = AUDIT_ADMIN_INVITED, .reason = REASON_ASKED, .link = ret_link };

	return admin_act_do(t, &act, admin_do_invite, why);
}

/* --- listing ------------------------------------------------------------------------------------------------------ */

static bool
admin_passes(const struct admin_filter *filter, const struct admin_user *user)
{
	if (filter->disabled && !user->disabled)
		return false;
	if (filter->without_factor && user->factors > 0)
		return false;
	return filter->inactive_since == 0 || user->last_sign_in_us < filter->inactive_since;
}

/* One page of rows. They are read in pages, so that the callback does not run while a lock is held. */
struct page {
	struct arena arena;
	struct admin_user *users;
	struct admin_event *events;
	struct admin_session *sessions;
	size_t n, most;
};

static void
admin_page_wipe(struct page *page)
{
	arena_wipe(&page->arena);
}

/* A stored value may be invalid and long. Its beginning is enough here; `doubletour check` reports it. */
static err
admin_copied_part(struct page *page, str text, str *ret_text)
{
	return arena_copy(&page->arena, str_utf8_upto(text, GROUPS_MAX_BYTES), ret_text);
}

static err
admin_user_row(void *context, const struct admin_users_row *row)
{
	struct page *page = context;
	struct admin_user *user = &page->users[page->n];

	if (page->n == page->most)
		return ERR_INVALID;
	*user = (struct admin_user){ .id = row->id,
				     .created_us = row->created_at_us,
				     .last_sign_in_us = row->last_sign_in_at_us,
				     .disabled = row->disabled,
				     .has_password = row->has_password,
				     .failures = row->failures,
				     .blocked_until_us = row->blocked_until_us,
				     .factors = row->factors,
				     .factors_disabled = row->factors_disabled,
				     .sessions = row->sessions,
				     .recovery_codes = row->recovery_codes };
	TRY(arena_copy(&page->arena, row->name, &user->name));
	TRY(admin_copied_part(page, row->display_name, &user->display_name));
	TRY(admin_copied_part(page, row->email, &user->email));
	TRY(admin_copied_part(page, row->group_names, &user->groups));
	page->n++;
	return ERR_OK;
}

static err
admin_users_page(struct keeper_thread *t, str after, str only, struct page *page)
{
	const struct db_value args[] = { DB_TEXT(after), DB_TEXT(only), DB_INT(PAGE_ROWS) };

	page->most = PAGE_ROWS;
	page->users = arena_alloc(&page->arena, PAGE_ROWS * sizeof(page->users[0]));
	if (page->users == NULL)
		return ERR_MEMORY;
	return db_rows(t->db, SQL_ADMIN_USERS, args, COUNT(args), admin_user_row, page);
}

/* Read one page. after: the last name of the previous page. */
static err
admin_users_some(struct keeper_thread *t, const struct admin_filter *filter, str only, admin_each_user each,
		 void *context, struct buf *after, bool *ret_more)
{
	CLEANUP(admin_page_wipe) struct page page = { .arena = ARENA(2 * 1024 * 1024) };

	TRY(admin_users_page(t, buf_str(after), only, &page));
	for (size_t i = 0; i < page.n; i++)
		if (admin_passes(filter, &page.users[i]))
			TRY(each(context, &page.users[i]));
	buf_clear(after);
	if (page.n > 0)
		buf_put(after, page.users[page.n - 1].name);
	*ret_more = page.n == PAGE_ROWS;
	return buf_check(after);
}

err
admin_users(struct keeper_thread *t, const struct admin_filter *filter, struct why *why, admin_each_user each,
	    void *context)
{
	CLEANUP(buf_wipe) struct buf after = BUF(1024 * 1024); /* an invalid stored name may be long */
	struct account_name only = { .n = 0 };
	int64_t id = 0;
	bool more = true;

	if (filter->account != NULL) {
		TRY(admin_account_find(t, str_of(filter->account), why, &id));
		(void)account_name_fold(str_of(filter->account), &only);
	}
	while (more)
		TRY(admin_users_some(t, filter, account_name_str(&only), each, context, &after, &more));
	return ERR_OK;
}

static err
admin_session_row(void *context, const struct admin_sessions_row *row)
{
	struct page *page = context;
	struct admin_session *session = &page->sessions[page->n];

	if (page->n == page->most)
		return ERR_OK;
	const struct session s = session_from_basis(&row->basis);
	*session = (struct admin_session){ .id = s.id,
					   .created_us = s.created_us,
					   .seen_us = s.seen_us,
					   .verified = proofs_state(&s.proofs, session_is_enrolled(&s)) == STATE_FULL };
	TRY(arena_copy(&page->arena, row->address, &session->address));
	TRY(arena_copy(&page->arena, row->agent, &session->agent));
	page->n++;
	return ERR_OK;
}

err
admin_sessions(struct keeper_thread *t, str account, struct why *why, admin_each_session each, void *context)
{
	enum { SESSIONS_MAX = 10000 };
	CLEANUP(admin_page_wipe) struct page page = { .arena = ARENA(16 * 1024 * 1024), .most = SESSIONS_MAX };
	int64_t id = 0;

	TRY(admin_account_find(t, account, why, &id));
	const struct db_value args[] = { DB_INT(id) };
	page.sessions = arena_alloc(&page.arena, SESSIONS_MAX * sizeof(page.sessions[0]));
	if (page.sessions == NULL)
		return ERR_MEMORY;
	TRY(db_rows(t->db, SQL_ADMIN_SESSIONS, args, COUNT(args), admin_session_row, &page));
	for (size_t i = 0; i < page.n; i++)
		TRY(each(context, &page.sessions[i]));
	return ERR_OK;
}

/* An account has a few passkeys only, so rows are passed on as they are read. */
struct passkeys_reading {
	admin_each_passkey each;
	void *context;
};

static err
admin_passkey_row(void *context, const struct admin_passkeys_row *row)
{
	const struct passkeys_reading *reading = context;
	const struct admin_passkey passkey = { .name = row->name,
					       .rp_id = row->rp_id,
					       .added_us = row->confirmed_at_us,
					       .last_used_us = row->last_used_at_us,
					       .disabled = row->disabled,
					       .synced = row->synced,
					       .alone = passkey_opens_alone(&row->alone) };

	return reading->each(reading->context, &passkey);
}

err
admin_passkeys(struct keeper_thread *t, str account, struct why *why, admin_each_passkey each, void *context)
{
	struct passkeys_reading reading = { each, context };
	int64_t id = 0;

	TRY(admin_account_find(t, account, why, &id));
	const struct db_value args[] = { DB_INT(id) };
	return db_rows(t->db, SQL_ADMIN_PASSKEYS, args, COUNT(args), admin_passkey_row, &reading);
}

/* --- audit -------------------------------------------------------------------------------------------------------- */

static err
admin_event_row(void *context, const struct admin_audit_row *row)
{
	struct page *page = context;
	struct admin_event *event = &page->events[page->n];
	str *texts[] = { &event->event, &event->outcome,    &event->reason, &event->name,  &event->address,
			 &event->agent, &event->request_id, &event->actor,  &event->client };

	if (page->n == page->most)
		return ERR_INVALID;
	*event = (struct admin_event){ .id = row->id,
				       .at_us = row->at_us,
				       .account_id = row->account_id,
				       .event = row->event,
				       .outcome = row->outcome,
				       .reason = row->reason,
				       .name = row->account,
				       .address = row->address,
				       .agent = row->agent,
				       .request_id = row->request_id,
				       .actor = row->actor,
				       .client = row->client };
	for (size_t i = 0; i < COUNT(texts); i++)
		TRY(arena_copy(&page->arena, *texts[i], texts[i]));
	page->n++;
	return ERR_OK;
}

static err
admin_events_some(struct keeper_thread *t, const struct admin_audit *query, int64_t account_id, admin_each_event each,
		  void *context, int64_t *ret_last, bool *ret_more)
{
	CLEANUP(admin_page_wipe) struct page page = { .arena = ARENA(4 * 1024 * 1024), .most = PAGE_ROWS };
	const struct db_value args[] = { DB_INT(*ret_last), DB_INT(account_id), DB_INT(query->from_us),
					 DB_INT(query->until_us == 0 ? INT64_MAX : query->until_us),
					 DB_INT(PAGE_ROWS) };

	page.events = arena_alloc(&page.arena, PAGE_ROWS * sizeof(page.events[0]));
	if (page.events == NULL)
		return ERR_MEMORY;
	TRY(db_rows(t->db, SQL_ADMIN_AUDIT, args, COUNT(args), admin_event_row, &page));
	for (size_t i = 0; i < page.n; i++) {
		if (query->event == NULL || str_starts(page.events[i].event, str_of(query->event)))
			TRY(each(context, &page.events[i]));
		*ret_last = page.events[i].id;
	}
	*ret_more = page.n == PAGE_ROWS;
	return ERR_OK;
}

err
admin_audit_read(struct keeper_thread *t, const struct admin_audit *query, struct why *why, admin_each_event each,
		 void *context, int64_t *ret_last)
{
	int64_t account_id = query->account_id;
	bool more = true;

	if (query->account != NULL)
		TRY(admin_account_find(t, str_of(query->account), why, &account_id));
	*ret_last = query->after;
	while (more)
		TRY(admin_events_some(t, query, account_id, each, context, ret_last, &more));
	return ERR_OK;
}
