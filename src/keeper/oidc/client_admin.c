#include "keeper/oidc/client_admin.h"

#include "base/random.h"
#include "keeper/account/admin.h"
#include "keeper/core/audit.h"
#include "keeper/core/call.h"
#include "keeper/core/failure.h"
#include "keeper/oidc/clients.h"
#include "keeper/oidc/person.h"

enum { CLIENT_PAGE_ROWS = 50, CLIENT_PAGE_BYTES = 4 * 1024 * 1024 };

/* One change: its client, its effect, and its audit entry. */
struct client_change;
typedef err (*client_work)(struct call *call, struct client_change *change);
struct client_change {
	client_work work;
	enum audit_event event;
	enum audit_reason reason;
	struct oidc_client client; /* id 0: found by client_id */
	struct client_secret *secret;
	str secret_hash; /* of an imported client */
	int64_t keep_us;
	client_admin_edit edit;
	void *context;
	struct why *why;
	int64_t changed;
	bool optional; /* write nothing if nothing changes */
};

static err
client_change_once(struct call *call, void *context, bool *ret_commit)
{
	struct client_change *change = context;

	change->changed = 0;
	TRY(change->work(call, change));
	if (change->optional && change->changed == 0)
		return ERR_OK;
	*ret_commit = true;
	return audit_write_client(call, change->event, 0, change->client.client_id, change->reason);
}

static err
client_change_transact(struct keeper_thread *t, struct client_change *change)
{
	CLEANUP(call_wipe) struct call call = { .db = t->db };
	bool done = false;

	TRY(call_of_command(t, &call));
	return call_command_transact(&call, client_change_once, change, &done);
}

static err
client_change_do(struct keeper_thread *t, struct client_change *change, client_work work, struct why *why)
{
	err e;

	change->work = work;
	e = client_change_transact(t, change);
	if (e == ERR_OK || why->text[0] != '\0')
		return e;
	if (e == ERR_EXISTS)
		return why_set(why, e, "The client \"%.*s\" already exists.  `doubletour client show %.*s` shows it.",
			       STR_ARG(change->client.client_id), STR_ARG(change->client.client_id));
	return failure_explain(t->db, e, "Nothing was changed.", why);
}

static err
client_missing(str client_id, struct why *why)
{
	return why_set(why, ERR_NOT_FOUND, "There is no client \"%.*s\".  `doubletour client list` lists all clients.",
		       STR_ARG(str_utf8_upto(client_id, 60)));
}

/* --- rows --------------------------------------------------------------------------------------------------------- */

static str
client_auth_word(enum oidc_auth auth)
{
	static const str words[] = { STR_INIT(""), STR_INIT("client_secret_basic"), STR_INIT("client_secret_post") };

	return words[auth];
}

static str
client_consent_word(enum oidc_consent consent)
{
	static const str words[] = { STR_INIT("once"), STR_INIT("never"), STR_INIT("always") };

	return words[consent];
}

enum { CLIENT_COLUMNS = 22 };

/* The columns from id to claims, in the order of the statements. */
static void
client_columns(const struct oidc_client *client, str scopes, struct db_value ret_values[CLIENT_COLUMNS])
{
	const struct db_value values[CLIENT_COLUMNS] = {
		DB_INT(client->id),
		DB_TEXT(client->client_id),
		DB_TEXT(client->name),
		DB_TEXT(client->preset),
		DB_TEXT(client->launch_url),
		DB_TEXT(client->redirect_uris),
		DB_TEXT(client->logout_uris),
		DB_TEXT(client->backchannel_uri),
		DB_INT(client->public),
		DB_TEXT(client_auth_word(client->auth)),
		DB_TEXT(scopes),
		DB_INT(client->pkce_optional),
		DB_TEXT(client_consent_word(client->consent)),
		DB_TEXT(str_of(oidc_alg_name(client->alg))),
		DB_INT(client->id_token_minimal),
		DB_INT(client->refresh_fixed),
		DB_INT(client->refresh_session),
		DB_INT(client->offline_without_consent),
		DB_INT(client->insecure_redirect),
		DB_INT(client->max_age_s),
		DB_INT(client->access_token_s),
		DB_TEXT(client->claims),
	};

	memcpy(ret_values, values, sizeof(values));
}

/* Run a statement that stores these columns, and one more value after them if n is 1. */
static err
client_store(struct call *call, enum sql query, const struct oidc_client *client, const struct db_value *last, size_t n)
{
	CLEANUP(buf_wipe) struct buf scopes = BUF(OIDC_SCOPES_MAX);
	struct db_value args[CLIENT_COLUMNS + 1];

	oidc_scopes_put(&scopes, client->scopes);
	TRY(buf_check(&scopes));
	client_columns(client, buf_str(&scopes), args);
	if (n > 0)
		args[CLIENT_COLUMNS] = *last;
	return db_run(call->db, query, args, CLIENT_COLUMNS + n, NULL);
}

static err
client_secret_insert(struct call *call, int64_t client_id, str hash, bool imported)
{
	int64_t id = 0;

	TRY(random_id(&id));
	const struct db_value args[] = { DB_INT(id), DB_INT(client_id), DB_BLOB(hash), DB_INT(imported),
					 DB_INT(call->now_us) };
	return db_run(call->db, SQL_OIDC_SECRET_INSERT, args, COUNT(args), NULL);
}

static err
client_secret_store(struct call *call, struct client_change *change)
{
	uint8_t hash[DIGEST_BYTES];

	TRY(client_secret_make(change->secret));
	TRY(digest_sha256(str_of(change->secret->z), hash));
	return client_secret_insert(call, change->client.id, str_bytes(hash, sizeof(hash)), false);
}

/* Find the client of the change by its client_id, inside the transaction. */
static err
client_change_find(struct call *call, struct client_change *change)
{
	bool found = false;

	TRY(clients_find(call, change->client.client_id, &change->client, &found));
	return found ? ERR_OK : ERR_NOT_FOUND;
}

static err
client_change_named(struct keeper_thread *t, str client_id, struct client_change *change, client_work work,
		    struct why *why)
{
	err e;

	*why = (struct why){ "" };
	change->client.client_id = client_id;
	change->why = why;
	e = client_change_do(t, change, work, why);
	return e == ERR_NOT_FOUND ? client_missing(client_id, why) : e;
}

/* --- the changes -------------------------------------------------------------------------------------------------- */

static err
client_do_add(struct call *call, struct client_change *change)
{
	const struct db_value now = DB_INT(call->now_us);

	TRY(random_id(&change->client.id));
	TRY(client_store(call, SQL_OIDC_CLIENT_INSERT, &change->client, &now, 1));
	return change->client.public ? ERR_OK : client_secret_store(call, change);
}

err
client_admin_add(struct keeper_thread *t, const struct oidc_client *client, struct why *why,
		 struct client_secret *ret_secret)
{
	struct client_change change = {
		.reason = REASON_ASKED, .event = AUDIT_ADMIN_CLIENT_ADDED, .client = *client, .secret = ret_secret
	};

	ret_secret->z[0] = '\0';
	return client_change_do(t, &change, client_do_add, why);
}

static err
client_do_import(struct call *call, struct client_change *change)
{
	const struct db_value now = DB_INT(call->now_us);

	TRY(random_id(&change->client.id));
	TRY(client_store(call, SQL_OIDC_CLIENT_INSERT, &change->client, &now, 1));
	const struct db_value disable[] = { now, DB_INT(change->client.id) };
	if (change->client.disabled)
		TRY(db_run(call->db, SQL_OIDC_CLIENT_DISABLE, disable, COUNT(disable), NULL));
	return change->secret_hash.n == 0 ? ERR_OK
					  : client_secret_insert(call, change->client.id, change->secret_hash, true);
}

err
client_admin_import(struct keeper_thread *t, const struct oidc_client *client, str secret_hash,
		    enum audit_reason reason, struct why *why)
{
	struct client_change change = {
		.event = AUDIT_ADMIN_CLIENT_ADDED, .reason = reason, .client = *client, .secret_hash = secret_hash
	};
	err e = client_change_do(t, &change, client_do_import, why);

	if (e == ERR_EXISTS)
		*why = (struct why){ "" };
	return e;
}

static err
client_do_change(struct call *call, struct client_change *change)
{
	struct oidc_client edited;

	TRY(client_change_find(call, change));
	TRY(change->edit(change->context, &change->client, &call->arena, &edited, change->why));
	edited.id = change->client.id;
	edited.client_id = change->client.client_id;
	TRY(client_store(call, SQL_OIDC_CLIENT_UPDATE, &edited, NULL, 0));
	const struct db_value args[] = { DB_INT(edited.id) };
	return edited.public ? db_run(call->db, SQL_OIDC_SECRETS_DELETE, args, COUNT(args), NULL) : ERR_OK;
}

err
client_admin_change(struct keeper_thread *t, str client_id, client_admin_edit edit, void *context, struct why *why)
{
	struct client_change change = {
		.reason = REASON_ASKED, .event = AUDIT_ADMIN_CLIENT_CHANGED, .edit = edit, .context = context
	};

	return client_change_named(t, client_id, &change, client_do_change, why);
}

/* The list begins with the newest one. */
static err
client_newest_row(void *context, const struct oidc_secret_list_row *row)
{
	int64_t *newest = context;

	if (*newest == 0)
		*newest = row->id;
	return ERR_OK;
}

/* Keep only the newest secret, valid for another keep_us. */
static err
client_secrets_retire(struct call *call, const struct client_change *change)
{
	const struct db_value all[] = { DB_INT(change->client.id), DB_INT(call->now_us) };
	const struct db_value end[] = { DB_INT(call->now_us + change->keep_us), DB_INT(change->client.id) };
	int64_t newest = 0;

	TRY(db_rows(call->db, SQL_OIDC_SECRET_LIST, all, COUNT(all), client_newest_row, &newest));
	const struct db_value others[] = { DB_INT(change->client.id), DB_INT(newest) };
	TRY(db_run(call->db, SQL_OIDC_SECRETS_DELETE_OTHERS, others, COUNT(others), NULL));
	if (change->keep_us == 0)
		return db_run(call->db, SQL_OIDC_SECRETS_DELETE, others, 1, NULL);
	return db_run(call->db, SQL_OIDC_SECRETS_EXPIRE, end, COUNT(end), NULL);
}

static err
client_do_secret(struct call *call, struct client_change *change)
{
	TRY(client_change_find(call, change));
	if (change->client.public)
		return ERR_INVALID;
	TRY(client_secrets_retire(call, change));
	return client_secret_store(call, change);
}

err
client_admin_secret(struct keeper_thread *t, str client_id, int64_t keep_us, struct why *why,
		    struct client_secret *ret_secret)
{
	struct client_change change = {
		.reason = REASON_ASKED, .event = AUDIT_ADMIN_CLIENT_SECRET, .secret = ret_secret, .keep_us = keep_us
	};
	err e = client_change_named(t, client_id, &change, client_do_secret, why);

	if (e == ERR_INVALID)
		return why_set(why, e,
			       "%.*s is a public client, which has no secret.  `doubletour client set %.*s public=no` "
			       "makes it a confidential one.",
			       STR_ARG(client_id), STR_ARG(client_id));
	return e;
}

static err
client_do_disable(struct call *call, struct client_change *change)
{
	TRY(client_change_find(call, change));
	const struct db_value args[] = { DB_INT(call->now_us), DB_INT(change->client.id) };
	TRY(db_run(call->db, SQL_OIDC_CLIENT_DISABLE, args, COUNT(args), &change->changed));
	return db_run(call->db, SQL_OIDC_CLIENT_GRANTS_END, args + 1, 1, NULL);
}

err
client_admin_disable(struct keeper_thread *t, str client_id, struct why *why, bool *ret_changed)
{
	struct client_change change = { .reason = REASON_ASKED,
					.event = AUDIT_ADMIN_CLIENT_DISABLED,
					.optional = true };

	TRY(client_change_named(t, client_id, &change, client_do_disable, why));
	*ret_changed = change.changed > 0;
	return ERR_OK;
}

static err
client_do_enable(struct call *call, struct client_change *change)
{
	TRY(client_change_find(call, change));
	const struct db_value args[] = { DB_INT(change->client.id) };
	return db_run(call->db, SQL_OIDC_CLIENT_ENABLE, args, COUNT(args), &change->changed);
}

err
client_admin_enable(struct keeper_thread *t, str client_id, struct why *why, bool *ret_changed)
{
	struct client_change change = { .reason = REASON_ASKED, .event = AUDIT_ADMIN_CLIENT_ENABLED, .optional = true };

	TRY(client_change_named(t, client_id, &change, client_do_enable, why));
	*ret_changed = change.changed > 0;
	return ERR_OK;
}

static err
client_do_delete(struct call *call, struct client_change *change)
{
	TRY(client_change_find(call, change));
	const struct db_value args[] = { DB_INT(change->client.id) };
	return db_run(call->db, SQL_OIDC_CLIENT_DELETE, args, COUNT(args), NULL);
}

err
client_admin_delete(struct keeper_thread *t, str client_id, struct why *why)
{
	struct client_change change = { .reason = REASON_ASKED, .event = AUDIT_ADMIN_CLIENT_DELETED };

	return client_change_named(t, client_id, &change, client_do_delete, why);
}

/* --- subjects of another program ---------------------------------------------------------------------------------- */

struct subject_change {
	int64_t account_id;
	str subject;
	bool dry_run, changed, known;
};

static err
subject_change_once(struct call *call, void *context, bool *ret_commit)
{
	struct subject_change *change = context;
	const struct db_value id[] = { DB_INT(change->account_id) };
	const struct db_value args[] = { DB_TEXT(change->subject), DB_INT(change->account_id) };
	struct oidc_subject_known_row row;
	bool found = false;

	TRY(db_row(call->db, SQL_OIDC_SUBJECT_KNOWN, id, COUNT(id), &call->arena, &row, &found));
	change->changed = found && !str_equal(row.subject, change->subject);
	change->known = change->changed && row.known;
	if (!change->changed || change->known)
		return ERR_OK;
	TRY(db_run(call->db, SQL_OIDC_SUBJECT_IMPORT, args, COUNT(args), NULL));
	*ret_commit = !change->dry_run;
	return audit_write(call, AUDIT_ADMIN_IMPORTED, change->account_id, REASON_AUTHELIA);
}

static bool
subject_is_good(str subject)
{
	bool good = subject.n == SUBJECT_LETTERS;

	for (size_t i = 0; good && i < subject.n; i++) {
		bool dash = i == 8 || i == 13 || i == 18 || i == 23;
		good = dash ? subject.p[i] == '-' : str_has_byte(STR("0123456789abcdef"), subject.p[i]);
	}
	return good;
}

static err
subject_change_do(struct keeper_thread *t, struct subject_change *change, struct why *why)
{
	CLEANUP(call_wipe) struct call call = { .db = t->db };
	bool done = false;
	err e;

	TRY(call_of_command(t, &call));
	call.subject_account_id = change->account_id;
	e = call_command_transact(&call, subject_change_once, change, &done);
	if (e == ERR_EXISTS)
		return why_set(why, ERR_INVALID, "another account has its identifier");
	return e == ERR_OK && change->known
		   ? why_set(why, ERR_INVALID, "applications already know the account by another identifier")
		   : e;
}

err
client_admin_import_subject(struct keeper_thread *t, str account, str subject, bool dry_run, struct why *why,
			    bool *ret_changed)
{
	struct subject_change change = { .subject = subject, .dry_run = dry_run };
	err e;

	if (!subject_is_good(subject))
		return why_set(why, ERR_INVALID, "its identifier is not a UUID in lower case");
	e = admin_account_find(t, account, &(struct why){ "" }, &change.account_id);
	*ret_changed = true;
	if (e == ERR_NOT_FOUND)
		return dry_run ? ERR_OK : why_set(why, e, "there is no such account");
	TRY(e);
	TRY(subject_change_do(t, &change, why));
	*ret_changed = change.changed;
	return ERR_OK;
}

/* --- listing ------------------------------------------------------------------------------------------------------ */

/* One page of rows.  They are read in pages, so that the callback does not run while a lock is held. */
struct client_page {
	struct arena *arena;
	struct client_view *views;
	size_t n;
};

static err
client_texts_copy(struct arena *arena, struct oidc_client *client)
{
	str *texts[] = { &client->client_id,     &client->name,        &client->preset,          &client->launch_url,
			 &client->redirect_uris, &client->logout_uris, &client->backchannel_uri, &client->claims };

	for (size_t i = 0; i < COUNT(texts); i++)
		TRY(arena_copy(arena, *texts[i], texts[i]));
	return ERR_OK;
}

static err
client_page_row(void *context, const struct oidc_client_row *row)
{
	struct client_page *page = context;
	struct client_view *view = &page->views[page->n];

	if (page->n == CLIENT_PAGE_ROWS)
		return ERR_INVALID;
	*view = (struct client_view){ .created_us = row->created_at_us, .disabled_us = row->disabled_at_us };
	TRY(client_from_row(row, &view->client));
	page->n++;
	return client_texts_copy(page->arena, &view->client);
}

static err
client_view_secret_row(void *context, const struct oidc_secret_list_row *row)
{
	struct client_view *view = context;

	if (view->secrets_n == CLIENT_SECRETS_MAX)
		return ERR_OK;
	view->secrets[view->secrets_n++] =
	    (struct client_view_secret){ row->created_at_us, row->expires_at_us, row->imported };
	return ERR_OK;
}

static err
client_view_secrets(struct call *call, struct client_view *view)
{
	const struct db_value args[] = { DB_INT(view->client.id), DB_INT(call->now_us) };

	return db_rows(call->db, SQL_OIDC_SECRET_LIST, args, COUNT(args), client_view_secret_row, view);
}

static err
client_page_read(struct call *call, str after, struct arena *arena, struct client_page *page)
{
	const struct db_value args[] = { DB_TEXT(after), DB_INT(CLIENT_PAGE_ROWS) };

	*page = (struct client_page){ arena, arena_alloc(arena, CLIENT_PAGE_ROWS * sizeof(struct client_view)), 0 };
	if (page->views == NULL)
		return ERR_MEMORY;
	TRY(db_rows(call->db, SQL_OIDC_CLIENT_LIST, args, COUNT(args), client_page_row, page));
	for (size_t i = 0; i < page->n; i++)
		TRY(client_view_secrets(call, &page->views[i]));
	return ERR_OK;
}

static err
client_list_page(struct call *call, struct buf *after, client_admin_each each, void *context, bool *ret_more)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(CLIENT_PAGE_BYTES);
	struct client_page page;

	TRY(client_page_read(call, buf_str(after), &arena, &page));
	for (size_t i = 0; i < page.n; i++)
		TRY(each(context, &page.views[i]));
	buf_clear(after);
	if (page.n > 0)
		buf_put(after, page.views[page.n - 1].client.client_id);
	*ret_more = page.n == CLIENT_PAGE_ROWS;
	return buf_check(after);
}

err
client_admin_list(struct keeper_thread *t, struct why *why, client_admin_each each, void *context)
{
	CLEANUP(call_wipe) struct call call = { .db = t->db };
	CLEANUP(buf_wipe) struct buf after = BUF(CLIENT_PAGE_BYTES);
	bool more = true;
	err e = call_of_command(t, &call);

	while (e == ERR_OK && more)
		e = client_list_page(&call, &after, each, context, &more);
	if (e == ERR_CORRUPT)
		return why_set(why, e,
			       "A client in the database has values that this program did not write.  Run "
			       "`doubletour check`.");
	return e;
}

err
client_admin_find(struct keeper_thread *t, str client_id, struct arena *arena, struct why *why,
		  struct client_view *ret_view)
{
	CLEANUP(call_wipe) struct call call = { .db = t->db };
	const struct db_value args[] = { DB_TEXT(client_id) };
	struct oidc_client_row row;
	bool found = false;

	TRY(call_of_command(t, &call));
	TRY(db_row(t->db, SQL_OIDC_CLIENT_NAMED, args, COUNT(args), arena, &row, &found));
	if (!found)
		return client_missing(client_id, why);
	*ret_view = (struct client_view){ .created_us = row.created_at_us, .disabled_us = row.disabled_at_us };
	TRY(client_from_row(&row, &ret_view->client));
	return client_view_secrets(&call, ret_view);
}
