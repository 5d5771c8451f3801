/*
 * Questions about the user's own account: preferences, password, sessions, activity, closing it.
 */
#include "base/buf.h"
#include "base/log.h"
#include "base/secret.h"
#include "keeper/core/audit.h"
#include "keeper/session/current_password.h"
#include "keeper/session/devices.h"
#include "keeper/account/links.h"
#include "keeper/factor/passkey_removal.h"
#include "keeper/password/password_choice.h"
#include "keeper/password/passwords.h"
#include "keeper/handlers.h"
#include "keeper/core/row_words.h"
#include "keeper/session/session.h"
#include "keeper/core/session_lookup.h"

enum { SESSIONS_LISTED = 30, EVENTS_LISTED = 20, AGENT_LISTED = 200 };

/* --- PROFILE ------------------------------------------------------------------------------------------------------ */

static err
own_account_profile_change(struct call *call, void *context, bool *ret_commit)
{
	const struct profile_body *form = call->body;
	const struct display_name *name = context;
	struct session *session = &call->next.session;
	const struct db_value args[] = { DB_TEXT(str_bytes(name->b, name->n)),
					 DB_TEXT(preferred_language_text(form->language)),
					 DB_TEXT(time_format_text(form->time_format)), DB_INT(session->account_id),
					 DB_INT(call->now_us) };

	TRY(db_run(call->db, SQL_OWN_PROFILE, args, COUNT(args), NULL));
	session->display_name = *name;
	session->language = form->language;
	session->time_format = form->time_format;
	*ret_commit = true;
	return audit_write(call, AUDIT_PROFILE_CHANGED, session->account_id, REASON_ASKED);
}

err
profile_answer(struct call *call, enum verdict *ret_verdict)
{
	const struct profile_body *form = call->body;
	struct problems_body *problems = call->answer;
	struct display_name name = { .n = 0 };
	bool done = false;

	problems->display_name = display_name_check(form->display_name, &name);
	if (problems->display_name != PROBLEM_NONE) {
		*ret_verdict = VERDICT_PROBLEMS;
		return ERR_OK;
	}
	TRY(call_transact(call, own_account_profile_change, &name, &done));
	if (done)
		audit_log(call, AUDIT_PROFILE_CHANGED, call->now.session.account_id, REASON_ASKED);
	*ret_verdict = done ? VERDICT_PASSED : VERDICT_REFUSED;
	return ERR_OK;
}

/* --- PASSWORD ----------------------------------------------------------------------------------------------------- */

struct change {
	struct password password;
	struct password_hash hash;
	str old_hash;
};

static void
own_account_change_wipe(struct change *change)
{
	secret_wipe(change, sizeof(*change));
}

static err
own_account_old_hash_find(struct call *call, str *ret_hash)
{
	const struct db_value args[] = { DB_INT(call->now.session.account_id) };
	struct account_password_row row = { 0 };
	bool found = false;

	TRY(db_row(call->db, SQL_ACCOUNT_PASSWORD, args, COUNT(args), &call->arena, &row, &found));
	*ret_hash = row.password_hash;
	return found ? ERR_OK : ERR_GONE; /* the account was deleted after the session lookup */
}

/* Check the form. If *ret_in_order is false, the answer holds the problem of each field. */
static err
own_account_change_check(struct call *call, struct change *change, bool *ret_in_order)
{
	const struct password_body *form = call->body;
	struct problems_body *problems = call->answer;

	TRY(own_account_old_hash_find(call, &change->old_hash));
	TRY(current_password_check(call, form->current, &problems->current));
	password_choose(keeper_config(call->keeper), form->password, form->confirm, &call->now.session.name,
			&change->password, problems);
	if (problems->password == PROBLEM_NONE && problems->current == PROBLEM_NONE &&
	    str_equal(form->password, form->current))
		problems->password = PROBLEM_SAME;
	*ret_in_order = problems->current == PROBLEM_NONE && problems->password == PROBLEM_NONE &&
			problems->confirm == PROBLEM_NONE;
	return ERR_OK;
}

static err
own_account_password_change(struct call *call, void *context, bool *ret_commit)
{
	const struct password_body *form = call->body;
	const struct change *change = context;
	int64_t account_id = call->now.session.account_id, changed = 0;
	const struct db_value args[] = { DB_TEXT(str_of(change->hash.z)), DB_INT(call->now_us), DB_INT(account_id),
					 DB_TEXT(change->old_hash) };
	bool renewed = false;

	TRY(db_run(call->db, SQL_OWN_PASSWORD, args, COUNT(args), &changed));
	if (changed != 1) /* another request changed it first */
		return ERR_OK;
	TRY(links_end(call->db, account_id));
	TRY(session_end_others(call));
	TRY(devices_forget(call, account_id, true));
	TRY(session_renew(call, &renewed));
	if (!renewed)
		return ERR_OK;
	TRY(audit_write(call, AUDIT_PASSWORD_CHANGED, account_id, REASON_ASKED));
	*ret_commit = true;
	/* the notice has asked for this change; attempts after the form was shown still need one */
	return alarm_dismiss(call, &call->next.session, form->until_us, &renewed);
}

err
password_answer(struct call *call, enum verdict *ret_verdict)
{
	CLEANUP(own_account_change_wipe) struct change change = { .password = { .n = 0 } };
	bool in_order = false, done = false;

	TRY(own_account_change_check(call, &change, &in_order));
	if (!in_order) {
		*ret_verdict = VERDICT_PROBLEMS;
		return ERR_OK;
	}
	TRY(password_hash(keeper_config(call->keeper), &change.password, &change.hash));
	TRY(call_transact(call, own_account_password_change, &change, &done));
	if (!done)
		return ERR_OK;
	audit_log(call, AUDIT_PASSWORD_CHANGED, call->now.session.account_id, REASON_ASKED);
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}

/* --- SESSIONS, SESSION_END ---------------------------------------------------------------------------------------- */

struct listing {
	struct buf list;
	const struct config *config; /* of sessions */
	size_t rows, most;
	bool more;
};

static void
own_account_listing_wipe(struct listing *listing)
{
	buf_wipe(&listing->list);
}

/* Sets `more` if an item does not fit. */
static err
own_account_listing_put(struct listing *listing, const struct wire_def *def, const void *item)
{
	CLEANUP(buf_wipe) struct buf one = BUF(4096);

	wire_put(&one, def, item);
	TRY(buf_check(&one));
	if (listing->more || listing->rows == listing->most || listing->list.n + one.n > LIST_MAX_BYTES) {
		listing->more = true;
		return ERR_OK;
	}
	listing->rows++;
	buf_put(&listing->list, buf_str(&one));
	return buf_check(&listing->list);
}

static err
own_account_session_row(void *context, const struct own_sessions_row *row)
{
	struct listing *listing = context;
	const struct config *config = listing->config;
	struct session session = session_from_basis(&row->basis);

	session.state = proofs_state(&session.proofs, session_is_enrolled(&session));
	const struct session_item item = { .id = session.id,
					   .agent = str_upto(row->agent, AGENT_LISTED),
					   .address = str_upto(row->address, 64),
					   .created_us = session.created_us,
					   .seen_us = session.seen_us,
					   .remembered_until_us = session_remembered_until_us(&session, config),
					   .state = session.state,
					   .current = row->current };

	return own_account_listing_put(listing, &wire_session_item, &item);
}

err
sessions_answer(struct call *call, enum verdict *ret_verdict)
{
	CLEANUP(own_account_listing_wipe)
	struct listing listing = { .list = BUF(LIST_MAX_BYTES),
				   .config = keeper_config(call->keeper),
				   .most = SESSIONS_LISTED };
	struct sessions_body *answer = call->answer;
	const struct db_value args[] = { DB_INT(call->now.session.account_id), DB_INT(call->now.session.id),
					 DB_INT(SESSIONS_LISTED + 1) };

	TRY(db_rows(call->db, SQL_OWN_SESSIONS, args, COUNT(args), own_account_session_row, &listing));
	answer->more = listing.more;
	*ret_verdict = VERDICT_PASSED;
	return arena_copy(&call->arena, buf_str(&listing.list), &answer->sessions);
}

static err
own_account_one_end(struct call *call, int64_t id)
{
	const struct db_value args[] = { DB_INT(id), DB_INT(call->now.session.account_id) };

	return db_rows(call->db, SQL_OWN_SESSION_END, args, COUNT(args), call_token_ended_row, call);
}

static err
own_account_session_end(struct call *call, void *context, bool *ret_commit)
{
	const struct session_end_body *form = context;

	TRY(form->id == 0 ? session_end_others(call) : own_account_one_end(call, form->id));
	if (form->id != 0 && call->next.ended_count == 0)
		return ERR_OK;
	*ret_commit = true;
	return audit_write(call, AUDIT_SESSION_ENDED, call->now.session.account_id,
			   form->id == 0 ? REASON_OTHERS : REASON_ONE);
}

/* SIGN_OUT ends the current session, because it also clears the cookie. */
err
session_end_answer(struct call *call, enum verdict *ret_verdict)
{
	struct session_end_body form = *(const struct session_end_body *)call->body;
	bool done = false;

	if (form.id == call->now.session.id)
		return ERR_OK;
	TRY(call_transact(call, own_account_session_end, &form, &done));
	if (!done)
		return ERR_OK;
	audit_log(call, AUDIT_SESSION_ENDED, call->now.session.account_id, form.id == 0 ? REASON_OTHERS : REASON_ONE);
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}

/* --- ACTIVITY ----------------------------------------------------------------------------------------------------- */

static err
own_account_event_row(void *context, const struct own_activity_row *row)
{
	const struct event_item item = { .id = row->id,
					 .at_us = row->at_us,
					 .event = audit_event_read(row->event),
					 .outcome = audit_outcome_read(row->outcome),
					 .reason = audit_reason_read(row->reason),
					 .address = str_upto(row->address, 64),
					 .agent = str_upto(row->agent, AGENT_LISTED),
					 .client = str_utf8_upto(row->client, DISPLAY_NAME_MAX_BYTES) };

	return own_account_listing_put(context, &wire_event_item, &item);
}

err
activity_answer(struct call *call, enum verdict *ret_verdict)
{
	CLEANUP(own_account_listing_wipe)
	struct listing listing = { .list = BUF(LIST_MAX_BYTES), .most = EVENTS_LISTED };
	const struct activity_body *form = call->body;
	struct events_body *answer = call->answer;
	bool newest = form->before <= 0; /* an entry that has been deleted has no older ones */
	const struct db_value args[] = { DB_INT(call->now.session.account_id),
					 DB_INT(newest ? INT64_MAX : form->before), DB_INT(EVENTS_LISTED + 1),
					 DB_INT(newest ? INT64_MAX : 0) };

	TRY(db_rows(call->db, SQL_OWN_ACTIVITY, args, COUNT(args), own_account_event_row, &listing));
	answer->more = listing.more;
	*ret_verdict = VERDICT_PASSED;
	return arena_copy(&call->arena, buf_str(&listing.list), &answer->events);
}

/* --- ALARM_DISMISS ------------------------------------------------------------------------------------------------ */

static err
own_account_alarm_dismiss(struct call *call, void *context, bool *ret_commit)
{
	const struct alarm_body *form = call->body;

	call->next.session = call->now.session;
	TRY(alarm_dismiss(call, &call->next.session, form->until_us, ret_commit));
	return *ret_commit ? audit_write(call, AUDIT_ALARM_DISMISSED, call->now.session.account_id, REASON_ASKED)
			   : ERR_OK;
}

err
alarm_dismiss_answer(struct call *call, enum verdict *ret_verdict)
{
	bool done = false;

	TRY(call_transact(call, own_account_alarm_dismiss, NULL, &done));
	if (!done)
		return ERR_OK;
	audit_log(call, AUDIT_ALARM_DISMISSED, call->now.session.account_id, REASON_ASKED);
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}

/* --- CLOSE -------------------------------------------------------------------------------------------------------- */

/* Deletes the account and its rows. The audit entries stay, redacted. */
static err
own_account_close_account(struct call *call, void *context, bool *ret_commit)
{
	const struct db_value args[] = { DB_INT(call->now.session.account_id) };
	int64_t changed = 0;

	TRY(session_end_others(call));
	TRY(call_token_ended(call, &call->token_hash));
	TRY(passkeys_remember_removed(call, call->now.session.account_id, 0));
	TRY(account_name_close(call->db, call->now.session.account_id, call->now_us));
	TRY(db_run(call->db, SQL_OWN_CLOSE, args, COUNT(args), &changed));
	if (changed != 1)
		return ERR_OK;
	TRY(audit_write(call, AUDIT_CLOSED, call->now.session.account_id, REASON_ASKED));
	TRY(audit_redact(call, call->now.session.account_id));
	call->next.session = (struct session){ 0 };
	*ret_commit = true;
	return ERR_OK;
}

/* Is the typed name that of the session's account, in any spelling that the sign-in accepts? */
static enum problem
own_account_name_check(struct call *call, str typed)
{
	struct account_name name = { .n = 0 };

	if (str_trim(typed).n == 0)
		return PROBLEM_MISSING;
	if (account_name_fold(typed, &name) != PROBLEM_NONE)
		return PROBLEM_WRONG;
	return str_equal(account_name_str(&name), account_name_str(&call->now.session.name)) ? PROBLEM_NONE
											     : PROBLEM_WRONG;
}

/* With a wrong name the password is not checked, so that a slip counts as no failed attempt. */
static err
own_account_close_check(struct call *call, bool *ret_in_order)
{
	const struct close_body *form = call->body;
	struct problems_body *problems = call->answer;

	problems->username = own_account_name_check(call, form->username);
	if (problems->username == PROBLEM_NONE)
		TRY(current_password_check(call, form->current, &problems->current));
	*ret_in_order = problems->username == PROBLEM_NONE && problems->current == PROBLEM_NONE;
	return ERR_OK;
}

err
close_answer(struct call *call, enum verdict *ret_verdict)
{
	int64_t account_id = call->now.session.account_id;
	bool in_order = false, done = false;

	TRY(own_account_close_check(call, &in_order));
	if (!in_order) {
		*ret_verdict = VERDICT_PROBLEMS;
		return ERR_OK;
	}
	TRY(call_transact(call, own_account_close_account, NULL, &done));
	if (!done)
		return ERR_OK;
	audit_log(call, AUDIT_CLOSED, account_id, REASON_ASKED);
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}
