#include "keeper/account/links.h"

#include "base/buf.h"
#include "base/log.h"
#include "base/random.h"
#include "base/secret.h"
#include "keeper/core/audit.h"
#include "keeper/session/devices.h"
#include "keeper/password/password_choice.h"
#include "keeper/password/passwords.h"
#include "keeper/session/session.h"
#include "keeper/session/throttle.h"
#include "keeper/handlers.h"

static const char *const kinds[LINK_KIND_COUNT] = {
	[LINK_SETUP] = "setup", [LINK_PASSWORD] = "password", [LINK_INVITE] = "invite"
};
static const enum audit_reason link_reasons[LINK_KIND_COUNT] = {
	[LINK_SETUP] = REASON_SETUP, [LINK_PASSWORD] = REASON_PASSWORD, [LINK_INVITE] = REASON_INVITE
};

static err
links_text_put(const struct token *token, struct link_text *ret_text)
{
	CLEANUP(buf_wipe) struct buf text = BUF(64);

	buf_put_base64url(&text, str_bytes(token->b, TOKEN_BYTES));
	TRY(buf_check(&text));
	return str_copy_z(buf_str(&text), ret_text->z, sizeof(ret_text->z));
}

/* Text of another length cannot be a link. */
static bool
links_is_shaped(str text)
{
	return text.n == LINK_TEXT_SIZE - 1;
}

err
link_make(struct db *db, enum link_kind kind, int64_t account_id, int64_t now_us, struct link_text *ret_text)
{
	struct token token = { 0 };
	uint8_t hash[DIGEST_BYTES];
	int64_t id = 0;

	TRY(random_fill(token.b, TOKEN_BYTES));
	TRY(random_id(&id));
	TRY(links_text_put(&token, ret_text));
	secret_wipe(&token, sizeof(token));
	TRY(digest_sha256(str_of(ret_text->z), hash));
	const struct db_value args[] = { DB_INT(id),
					 DB_BLOB(str_bytes(hash, sizeof(hash))),
					 DB_TEXT(str_of(kinds[kind])),
					 account_id == 0 ? DB_NULL() : DB_INT(account_id),
					 DB_INT(now_us),
					 DB_INT(now_us + LINK_LIFE_US) };
	return db_run(db, SQL_LINK_INSERT, args, COUNT(args), NULL);
}

err
link_spend(struct call *call, str text, enum link_kind kind, bool *ret_done)
{
	uint8_t hash[DIGEST_BYTES];
	int64_t changed = 0;

	*ret_done = false;
	if (!links_is_shaped(text))
		return ERR_OK;
	TRY(digest_sha256(text, hash));
	const struct db_value args[] = { DB_INT(call->now_us), DB_BLOB(str_bytes(hash, sizeof(hash))),
					 DB_TEXT(str_of(kinds[kind])) };
	TRY(db_run(call->db, SQL_LINK_USE, args, COUNT(args), &changed));
	*ret_done = changed == 1;
	return ERR_OK;
}

err
links_end(struct db *db, int64_t account_id)
{
	const struct db_value args[] = { DB_INT(account_id) };

	return db_run(db, SQL_LINK_DELETE_OF_ACCOUNT, args, COUNT(args), NULL);
}

/* --- looking up a link -------------------------------------------------------------------------------------------- */

struct found {
	enum link_kind kind; /* LINK_NONE: no usable link */
	int64_t account_id, expires_us;
	struct account_name name;
	bool enrolled;
};

static err
links_found_fill(const struct link_find_row *row, struct found *ret_found)
{
	struct found f = { .account_id = row->account_id, .expires_us = row->expires_at_us, .enrolled = row->enrolled };

	for (unsigned i = LINK_NONE + 1; i < LINK_KIND_COUNT; i++)
		if (str_equal(row->kind, str_of(kinds[i])))
			f.kind = i;
	if (f.kind == LINK_NONE || (f.account_id != 0 && account_name_fold(row->name, &f.name) != PROBLEM_NONE))
		return ERR_CORRUPT;
	*ret_found = f;
	return ERR_OK;
}

static err
link_find(struct call *call, str text, struct found *ret_found)
{
	uint8_t hash[DIGEST_BYTES];
	struct link_find_row row;
	bool is = false;

	*ret_found = (struct found){ .kind = LINK_NONE };
	if (!links_is_shaped(text))
		return ERR_OK;
	TRY(digest_sha256(text, hash));
	const struct db_value args[] = { DB_BLOB(str_bytes(hash, sizeof(hash))), DB_INT(call->now_us) };
	TRY(db_row(call->db, SQL_LINK_FIND, args, COUNT(args), &call->arena, &row, &is));
	return is ? links_found_fill(&row, ret_found) : ERR_OK;
}

err
link_answer(struct call *call, enum verdict *ret_verdict)
{
	const struct link_body *form = call->body;
	struct link_purpose_body *answer = call->answer;
	struct found found;

	TRY(link_find(call, form->link, &found));
	if (found.kind == LINK_NONE)
		return ERR_OK;
	answer->kind = found.kind;
	answer->enrolled = found.enrolled;
	answer->expires_us = found.expires_us;
	*ret_verdict = VERDICT_PASSED;
	return arena_copy(&call->arena, account_name_str(&found.name), &answer->name);
}

/* --- LINK_USE ----------------------------------------------------------------------------------------------------- */

struct use {
	str link;
	struct found found;
	struct password password;
	struct password_hash hash;
};

static void
links_use_wipe(struct use *use)
{
	secret_wipe(use, sizeof(*use));
}

static err
links_password_set(struct call *call, const struct use *use)
{
	const struct db_value args[] = { DB_TEXT(str_of(use->hash.z)), DB_INT(call->now_us),
					 DB_INT(use->found.account_id) };

	return db_run(call->db, SQL_ADMIN_PASSWORD_SET, args, COUNT(args), NULL);
}

/* End the sessions, and the grants of applications that last without one (offline_access). */
static err
links_access_end(struct call *call, int64_t account_id)
{
	const struct db_value args[] = { DB_INT(account_id) };

	TRY(session_end_all(call, account_id));
	TRY(devices_forget(call, account_id, false));
	return db_run(call->db, SQL_OIDC_END_GRANTS, args, COUNT(args), NULL);
}

/* Spend the link, set the password, end all sessions, and begin a session that has verified the password. */
static err
links_use_link(struct call *call, void *context, bool *ret_commit)
{
	const struct use *use = context;
	bool spent = false;
	err e;

	TRY(link_spend(call, use->link, use->found.kind, &spent));
	if (!spent)
		return ERR_OK;
	TRY(links_end(call->db, use->found.account_id));
	TRY(links_password_set(call, use));
	TRY(links_access_end(call, use->found.account_id));
	e = session_begin(call, use->found.account_id, STR(""), false);
	if (e == ERR_NOT_FOUND) /* the account was disabled or deleted after the lookup */
		return ERR_OK;
	TRY(e);
	*ret_commit = true;
	return audit_write(call, AUDIT_LINK_USED, use->found.account_id, link_reasons[use->found.kind]);
}

static err
links_refuse(struct call *call)
{
	struct throttle throttle;

	TRY(throttle_link(call, &throttle));
	TRY(throttle_take(call, &throttle));
	TRY(audit_write(call, AUDIT_LINK_REFUSED, 0, REASON_DEAD));
	audit_log(call, AUDIT_LINK_REFUSED, 0, REASON_DEAD);
	return ERR_OK;
}

err
link_use_answer(struct call *call, enum verdict *ret_verdict)
{
	CLEANUP(links_use_wipe) struct use use = { 0 };
	const struct link_use_body *form = call->body;
	struct problems_body *problems = call->answer;
	bool done = false;

	use.link = form->link;
	TRY(link_find(call, form->link, &use.found));
	if (use.found.kind != LINK_SETUP && use.found.kind != LINK_PASSWORD)
		return links_refuse(call);
	password_choose(keeper_config(call->keeper), form->password, form->confirm, &use.found.name, &use.password,
			problems);
	if (problems->password != PROBLEM_NONE || problems->confirm != PROBLEM_NONE) {
		*ret_verdict = VERDICT_PROBLEMS;
		return ERR_OK;
	}
	TRY(password_hash(keeper_config(call->keeper), &use.password, &use.hash));
	TRY(call_transact(call, links_use_link, &use, &done));
	if (!done)
		return links_refuse(call);
	audit_log(call, AUDIT_LINK_USED, use.found.account_id, link_reasons[use.found.kind]);
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}
