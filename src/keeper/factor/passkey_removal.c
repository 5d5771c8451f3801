#include "keeper/factor/passkey_removal.h"

#include "base/digest.h"
#include "base/random.h"
#include "keeper/core/call.h"
#include "keeper/factor/passkey.h"

/* --- removed passkeys --------------------------------------------------------------------------------------------- */

/* The hashes of the credentials: the rows of one statement are read before the next statement runs. */
struct removed_hash {
	struct removed_hash *next;
	uint8_t hash[DIGEST_BYTES];
};

struct removed {
	struct arena *arena;
	struct removed_hash *first;
};

static err
passkeys_removed_add(void *context, const struct passkey_ids_row *row)
{
	struct removed *removed = context;
	struct removed_hash *one = arena_alloc(removed->arena, sizeof(*one));

	if (one == NULL)
		return ERR_MEMORY;
	TRY(digest_sha256(row->credential_id, one->hash));
	one->next = removed->first;
	removed->first = one;
	return ERR_OK;
}

/* A random id: `db copy` would have to advance a sequence of PostgreSQL. */
static err
passkeys_removed_insert(struct call *call, int64_t account_id, const uint8_t hash[DIGEST_BYTES])
{
	int64_t id = 0;

	TRY(random_id(&id));
	const struct db_value args[] = { DB_INT(id), DB_INT(account_id), DB_BLOB(str_bytes(hash, DIGEST_BYTES)),
					 DB_INT(call->now_us) };
	return db_run(call->db, SQL_PASSKEY_REMOVED_INSERT, args, COUNT(args), NULL);
}

err
passkeys_remember_removed(struct call *call, int64_t account_id, int64_t factor_id)
{
	struct removed removed = { .arena = &call->arena };
	const struct db_value args[] = { DB_INT(account_id), DB_INT(factor_id) };
	const struct db_value kept[] = { DB_INT(account_id), DB_INT(PASSKEYS_REMOVED_MAX) };

	TRY(db_rows(call->db, SQL_PASSKEY_IDS, args, COUNT(args), passkeys_removed_add, &removed));
	for (const struct removed_hash *one = removed.first; one != NULL; one = one->next)
		TRY(passkeys_removed_insert(call, account_id, one->hash));
	return removed.first == NULL ? ERR_OK : db_run(call->db, SQL_PASSKEY_REMOVED_TRIM, kept, COUNT(kept), NULL);
}

/* --- codes off ---------------------------------------------------------------------------------------------------- */

static err
passkeys_alone_count(void *context, const struct passkey_alone_row *row)
{
	int64_t *alone = context;

	*alone += passkey_opens_alone(row);
	return ERR_OK;
}

err
passkeys_remaining(struct call *call, int64_t account_id, struct passkeys_remaining *ret_remaining)
{
	const struct db_value args[] = { DB_INT(account_id), DB_TEXT(passkey_rp_id(keeper_config(call->keeper))) };
	struct passkey_codes_row codes = { 0 };
	int64_t alone = 0;
	bool found = false;

	TRY(db_rows(call->db, SQL_PASSKEY_ALONE, args, COUNT(args), passkeys_alone_count, &alone));
	TRY(db_row(call->db, SQL_PASSKEY_CODES, args, 1, NULL, &codes, &found));
	*ret_remaining = (struct passkeys_remaining){
		.codes_off = found && codes.codes_off,
		.suffice = alone >= 2 || (alone == 1 && codes.recovery > 0),
	};
	return ERR_OK;
}
