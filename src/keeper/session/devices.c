#include "keeper/session/devices.h"

#include "base/digest.h"
#include "base/random.h"
#include "base/secret.h"
#include "keeper/core/call.h"

static bool
devices_presented(const struct call *call)
{
	static const struct token zero;

	return !secret_equal(&call->head.device, &zero, sizeof(zero));
}

static err
devices_hash(const struct token *token, struct token *ret_hash)
{
	return digest_sha256(str_bytes(token->b, TOKEN_BYTES), ret_hash->b);
}

static struct db_value
devices_blob(const struct token *token)
{
	return DB_BLOB(str_bytes(token->b, TOKEN_BYTES));
}

err
device_find(struct call *call, int64_t account_id, int64_t *ret_id)
{
	struct token token_hash;
	struct device_find_row row;
	bool found = false;

	*ret_id = 0;
	if (!devices_presented(call)) /* unknown names are looked up too, to take the same time */
		return ERR_OK;
	TRY(devices_hash(&call->head.device, &token_hash));
	const struct db_value args[] = { devices_blob(&token_hash), DB_INT(account_id) };
	TRY(db_row(call->db, SQL_DEVICE_FIND, args, COUNT(args), &call->arena, &row, &found));
	*ret_id = found ? row.id : 0;
	return ERR_OK;
}

/* Is the presented token one that we issued? An attacker may have planted any other token. */
static err
devices_is_ours(struct call *call, bool *ret_ours)
{
	struct token token_hash;
	struct device_known_row row;

	*ret_ours = false;
	if (!devices_presented(call))
		return ERR_OK;
	TRY(devices_hash(&call->head.device, &token_hash));
	const struct db_value args[] = { devices_blob(&token_hash) };
	return db_row(call->db, SQL_DEVICE_KNOWN, args, COUNT(args), &call->arena, &row, ret_ours);
}

static err
devices_bound(struct call *call, int64_t account_id)
{
	const struct db_value args[] = { DB_INT(account_id), DB_INT(DEVICES_MAX) };

	return db_run(call->db, SQL_DEVICE_BOUND, args, COUNT(args), NULL);
}

err
device_remember(struct call *call, int64_t account_id, struct token *ret_token)
{
	struct token token = call->head.device, token_hash;
	bool ours = false;
	int64_t id = 0;

	TRY(devices_is_ours(call, &ours));
	if (!ours)
		TRY(random_fill(token.b, TOKEN_BYTES));
	TRY(random_id(&id));
	TRY(devices_hash(&token, &token_hash));
	const struct db_value args[] = { DB_INT(id), devices_blob(&token_hash), DB_INT(account_id),
					 DB_INT(call->now_us) };
	TRY(db_run(call->db, SQL_DEVICE_REMEMBER, args, COUNT(args), NULL));
	*ret_token = token;
	return devices_bound(call, account_id);
}

static err
device_do_forget(struct db *db, int64_t account_id, str but)
{
	const struct db_value args[] = { DB_INT(account_id), DB_BLOB(but) };

	return db_run(db, SQL_DEVICE_FORGET, args, COUNT(args), NULL);
}

err
devices_forget(struct call *call, int64_t account_id, bool keep_own)
{
	struct token token_hash;

	if (!keep_own || !devices_presented(call))
		return devices_forget_all(call->db, account_id);
	TRY(devices_hash(&call->head.device, &token_hash));
	return device_do_forget(call->db, account_id, str_bytes(token_hash.b, TOKEN_BYTES));
}

err
devices_forget_all(struct db *db, int64_t account_id)
{
	return device_do_forget(db, account_id, STR(""));
}
