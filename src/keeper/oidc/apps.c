/*
 * Applications of an account: tiles on its home page, and what it allowed applications to know.
 */
#include "keeper/core/audit.h"
#include "keeper/handlers.h"
#include "keeper/oidc/clients.h"
#include "keeper/oidc/consent.h"
#include "keeper/oidc/policy.h"

enum { APPS_LISTED = 200 };

struct apps {
	struct call *call;
	size_t claims_max; /* bytes of each row's text about claims */
	struct buf list;
	size_t rows, cut; /* listed rows; those of them with claims that are not in the text */
	bool more;
};

static void
apps_wipe(struct apps *apps)
{
	buf_wipe(&apps->list);
}

/* Do the access rules let this person sign in to the client, now or after a fresh proof? */
static bool
apps_tile_is_shown(struct call *call, const struct oidc_apps_row *row)
{
	const struct oidc_client client = { .id = row->id, .client_id = row->client_id };
	enum access_refusal refusal;

	return row->launch_url.n > 0 &&
	       policy_decide(call, &client, call->now.session.groups, &refusal).outcome != ACCESS_REFUSED;
}

/* The data that the account allows the client.  Rules that cannot be read give nothing, and no sign-in either. */
static err
apps_told(const struct apps *apps, const struct oidc_apps_row *row, struct buf *scopes, struct oidc_app_item *item)
{
	const struct oidc_client client = { .claims = row->claims };
	struct consent_told told = { .scopes = oidc_scopes_read(row->scopes) };
	err e = ERR_OK;

	if (row->granted_at_us != 0)
		e = consent_told(apps->call, &client, told.scopes, STR(""), apps->call->now.session.groups,
				 apps->claims_max, &told);
	if (e != ERR_OK && e != ERR_CORRUPT)
		return e;
	oidc_scopes_put(scopes, told.scopes);
	item->scopes = buf_str(scopes);
	item->claims = told.claims;
	item->claims_more = told.more;
	return buf_check(scopes);
}

static err
apps_add(struct apps *apps, const struct oidc_app_item *item)
{
	CLEANUP(buf_wipe) struct buf one = BUF(OIDC_URI_MAX + OIDC_SCOPES_MAX + APP_CLAIMS_MAX + 1024);

	wire_put(&one, &wire_oidc_app_item, item);
	TRY(buf_check(&one));
	if (apps->more || apps->rows == APPS_LISTED || apps->list.n + one.n > LIST_MAX_BYTES) {
		apps->more = true;
		return ERR_OK;
	}
	apps->rows++;
	apps->cut += item->claims_more > 0;
	buf_put(&apps->list, buf_str(&one));
	return buf_check(&apps->list);
}

static err
apps_row(void *context, const struct oidc_apps_row *row)
{
	CLEANUP(buf_wipe) struct buf scopes = BUF(OIDC_SCOPES_MAX);
	struct apps *apps = context;
	bool tile = apps_tile_is_shown(apps->call, row);
	struct oidc_app_item item = { .id = row->id,
				      .name = row->name,
				      .launch_url = tile ? row->launch_url : STR(""),
				      .granted_us = row->granted_at_us,
				      .used_us = row->used_at_us };

	if (!tile && row->granted_at_us == 0 && row->used_at_us == 0)
		return ERR_OK;
	TRY(apps_told(apps, row, &scopes, &item));
	return apps_add(apps, &item);
}

static err
apps_list(struct apps *apps, size_t claims_max)
{
	const struct db_value args[] = { DB_INT(apps->call->now.session.account_id), DB_INT(APPS_LISTED + 1) };

	apps->claims_max = claims_max;
	apps->rows = apps->cut = 0;
	apps->more = false;
	buf_clear(&apps->list);
	return db_rows(apps->call->db, SQL_OIDC_APPS, args, COUNT(args), apps_row, apps);
}

/* No claims may push an application out of the list: those with claims share the room that the rows leave. */
static err
apps_list_with_claims(struct apps *apps)
{
	size_t share;

	TRY(apps_list(apps, 0));
	if (apps->cut == 0)
		return ERR_OK;
	share = (LIST_MAX_BYTES - apps->list.n) / apps->cut;
	return apps_list(apps, share < APP_CLAIMS_MAX ? share : APP_CLAIMS_MAX);
}

err
oidc_apps_answer(struct call *call, enum verdict *ret_verdict)
{
	CLEANUP(apps_wipe) struct apps apps = { .call = call, .list = BUF(LIST_MAX_BYTES) };
	struct oidc_apps_body *answer = call->answer;

	TRY(apps_list_with_claims(&apps));
	answer->more = apps.more;
	*ret_verdict = VERDICT_PASSED;
	return arena_copy(&call->arena, buf_str(&apps.list), &answer->apps);
}

void
keeper_find_tiles(struct keeper_thread *t, bool *ret_tiles)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(1024);
	struct oidc_tiles_row row;
	bool found = false;

	if (db_row(t->db, SQL_OIDC_TILES, NULL, 0, &arena, &row, &found) == ERR_OK && found)
		*ret_tiles = row.tiles > 0;
}

/* --- withdrawal --------------------------------------------------------------------------------------------------- */

static err
apps_withdraw(struct call *call, void *context, bool *ret_commit)
{
	const struct oidc_withdraw_body *asked = call->body;
	struct oidc_client *client = context;
	const struct db_value args[] = { DB_INT(call->now.session.account_id), DB_INT(asked->id) };
	int64_t consents = 0, grants = 0;
	bool found = false;

	TRY(clients_find_row(call, asked->id, client, &found));
	if (!found)
		return ERR_OK;
	TRY(db_run(call->db, SQL_OIDC_WITHDRAW_CONSENT, args, COUNT(args), &consents));
	TRY(db_run(call->db, SQL_OIDC_WITHDRAW_GRANTS, args, COUNT(args), &grants));
	if (consents == 0 && grants == 0)
		return ERR_OK;
	*ret_commit = true;
	return audit_write_client(call, AUDIT_APP_WITHDRAWN, call->now.session.account_id, client->client_id,
				  REASON_ASKED);
}

err
oidc_withdraw_answer(struct call *call, enum verdict *ret_verdict)
{
	struct oidc_client client = { .id = 0 };
	bool done = false;

	TRY(call_transact(call, apps_withdraw, &client, &done));
	if (!done)
		return ERR_OK;
	audit_log_client(call, AUDIT_APP_WITHDRAWN, call->now.session.account_id, client.client_id, REASON_ASKED);
	*ret_verdict = VERDICT_PASSED;
	return ERR_OK;
}
