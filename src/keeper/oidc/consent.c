#include "keeper/oidc/consent.h"

#include "base/random.h"
#include "keeper/oidc/person.h"
#include "oidc/claim_rules.h"

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

err
consent_told(struct call *call, const struct oidc_client *client, unsigned scopes, str claims, str groups, size_t max,
	     struct consent_told *ret_told)
{
	CLEANUP(buf_wipe) struct buf text = BUF(OIDC_CLAIMS_MAX);
	struct consent_told told = { .scopes = scopes };
	struct claims_untold untold;

	TRY(person_scopes_told(client, claims, &told.scopes));
	claim_rules_put_text(client->claims, scopes, groups, max, &untold, &text);
	TRY(buf_check(&text));
	TRY(arena_copy(&call->arena, buf_str(&text), &told.claims));
	told.scopes |= untold.groups ? OIDC_SCOPE_GROUPS : 0;
	told.more = untold.more;
	*ret_told = told;
	return ERR_OK;
}
