#include "keeper/ops/passkey_loss.h"

struct loss {
	const struct config *config;
	struct why *why;
};

static bool
passkey_loss_is_accepted(const struct config *config, str rp_id)
{
	str rest = str_of(config->passkey_rp_id_lost);

	while (rest.n > 0)
		if (str_equal(str_trim(str_cut(&rest, ',')), rp_id))
			return true;
	return false;
}

static err
passkey_loss_row(void *context, const struct passkey_lost_list_row *row)
{
	const struct loss *loss = context;

	if (passkey_loss_is_accepted(loss->config, row->rp_id))
		return ERR_OK;
	return why_set(loss->why, ERR_CONFIG,
		       "%lld passkey%s of %lld account%s would stop working: made for %.*s, but PUBLIC_URL and "
		       "PASSKEY_RP_ID now give %s.  Change them back, or give these passkeys up with "
		       "PASSKEY_RP_ID_LOST=%.*s.",
		       (long long)row->passkeys, row->passkeys == 1 ? "" : "s", (long long)row->accounts,
		       row->accounts == 1 ? "" : "s", STR_ARG(row->rp_id),
		       loss->config->passkey_rp_id[0] == '\0' ? "an IP address" : loss->config->passkey_rp_id,
		       STR_ARG(row->rp_id));
}

err
passkey_loss_check(const struct config *config, struct db *db, struct why *why)
{
	const struct db_value args[] = { DB_TEXT(str_of(config->passkey_rp_id)) };
	struct loss loss = { config, why };

	return db_rows(db, SQL_PASSKEY_LOST_LIST, args, COUNT(args), passkey_loss_row, &loss);
}
