#include "keeper/oidc/consent.h"

#include "base/random.h"

err
consent_find(struct call *call, const struct oidc_client *client, unsigned *ret_scopes)
{
	const struct db_value args[] = { DB_INT(call->now.session.account_id), DB_INT(client->id) };
	struct oidc_consent_find_row row;
	bool found = false;

	TRY(db_row(call->db, SQL_OIDC_CONSENT_FIND, args, COUNT(args), &call->arena, &row, &found));
	*ret_scopes = found ? oidc_scopes_read(row.scopes) : 0;
	return ERR_OK;
}

err
consent_give(struct call *call, const struct oidc_client *client, unsigned scopes)
{
	CLEANUP(buf_wipe) struct buf text = BUF(OIDC_SCOPES_MAX);
	unsigned given = 0;
	int64_t id = 0;

	TRY(consent_find(call, client, &given));
	TRY(random_id(&id));
	oidc_scopes_put(&text, given | scopes);
	TRY(buf_check(&text));
	const struct db_value args[] = { DB_INT(id), DB_INT(call->now.session.account_id), DB_INT(client->id),
					 DB_TEXT(buf_str(&text)), DB_INT(call->now_us) };
	return db_run(call->db, SQL_OIDC_CONSENT_GIVE, args, COUNT(args), NULL);
}

bool
consent_is_needed(const struct oidc_client *client, unsigned prompts, unsigned scopes, unsigned given)
{
	if ((prompts & OIDC_PROMPT_CONSENT) != 0 || client->consent == OIDC_CONSENT_ALWAYS)
		return true;
	return client->consent == OIDC_CONSENT_ONCE && (scopes & ~given) != 0;
}

unsigned
consent_scopes(const struct oidc_client *client, unsigned scopes, unsigned given)
{
	bool offline = client->offline_without_consent || (given & OIDC_SCOPE_OFFLINE) != 0;

	return offline ? scopes : scopes & ~(unsigned)OIDC_SCOPE_OFFLINE;
}
