#include "keeper/devices.h"

#include "base/digest.h"
#include "base/random.h"
#include "base/secret.h"
#include "keeper/turn.h"

static bool
presented(const struct turn *turn)
{
	static const struct token zero;

	return !secret_equal(&turn->head.device, &zero, sizeof(zero));
}

static err
hash(const struct token *token, struct token *ret_hash)
{
	return digest_sha256(str_bytes(token->b, TOKEN_BYTES), ret_hash->b);
}

static struct db_value
blob(const struct token *token)
{
	return DB_BLOB(str_bytes(token->b, TOKEN_BYTES));
}

err
device_find(struct turn *turn, int64_t account_id, int64_t *ret_id)
{
	struct token token_hash;
	struct device_find_row row;
	bool found = false;

	*ret_id = 0;
	if (!presented(turn)) /* a name that nobody has is looked up like all others, for the time that it takes */
		return ERR_OK;
	TRY(hash(&turn->head.device, &token_hash));
	const struct db_value args[] = { blob(&token_hash), DB_INT(account_id) };
	TRY(db_row(turn->db, SQL_DEVICE_FIND, args, COUNT(args), &turn->arena, &row, &found));
	*ret_id = found ? row.id : 0;
	return ERR_OK;
}

/* Ours is what we gave to some account's browser; what was never given may have been planted by somebody else. */
static err
is_ours(struct turn *turn, bool *ret_ours)
{
	struct token token_hash;
	struct device_known_row row;

	*ret_ours = false;
	if (!presented(turn))
		return ERR_OK;
	TRY(hash(&turn->head.device, &token_hash));
	const struct db_value args[] = { blob(&token_hash) };
	return db_row(turn->db, SQL_DEVICE_KNOWN, args, COUNT(args), &turn->arena, &row, ret_ours);
}

static err
bound(struct turn *turn)
{
	const struct db_value args[] = { DB_INT(turn->now.session.account_id), DB_INT(DEVICES_MAX) };

	return db_run(turn->db, SQL_DEVICE_BOUND, args, COUNT(args), NULL);
}

err
device_remember(struct turn *turn, struct token *ret_token)
{
	struct token token = turn->head.device, token_hash;
	bool ours = false;
	int64_t id = 0;

	TRY(is_ours(turn, &ours));
	if (!ours)
		TRY(random_fill(token.b, TOKEN_BYTES));
	TRY(random_id(&id));
	TRY(hash(&token, &token_hash));
	const struct db_value args[] = { DB_INT(id), blob(&token_hash), DB_INT(turn->now.session.account_id),
					 DB_INT(turn->now_us) };
	TRY(db_run(turn->db, SQL_DEVICE_REMEMBER, args, COUNT(args), NULL));
	*ret_token = token;
	return bound(turn);
}

static err
forget(struct db *db, int64_t account_id, str but)
{
	const struct db_value args[] = { DB_INT(account_id), DB_BLOB(but) };

	return db_run(db, SQL_DEVICE_FORGET, args, COUNT(args), NULL);
}

err
devices_forget(struct turn *turn, int64_t account_id, bool keep_own)
{
	struct token token_hash;

	if (!keep_own || !presented(turn))
		return devices_forget_all(turn->db, account_id);
	TRY(hash(&turn->head.device, &token_hash));
	return forget(turn->db, account_id, str_bytes(token_hash.b, TOKEN_BYTES));
}

err
devices_forget_all(struct db *db, int64_t account_id)
{
	return forget(db, account_id, STR(""));
}
