#include "keeper/ops/import_passkeys.h"

#include "base/random.h"
#include "keeper/core/call.h"
#include "keeper/core/display_name.h"
#include "keeper/core/factor_kind.h"
#include "keeper/factor/factor_values.h"
#include "keeper/factor/passkey.h"
#include "keeper/factor/passkey_models.h"
#include "keeper/keys/keys.h"
#include "webauthn/credential_key.h"

#include <stdio.h>

static str
import_passkey_aaguid(const struct import_passkey *passkey)
{
	static const char unknown[WEBAUTHN_AAGUID_BYTES];

	return passkey->aaguid.n > 0 ? passkey->aaguid : str_bytes(unknown, sizeof(unknown));
}

static str
import_passkey_transports(const struct import_passkey *passkey)
{
	return passkey->transports.n <= PASSKEY_TRANSPORTS_MAX ? passkey_transports_clean(passkey->transports)
							       : STR("");
}

/* --- checks: each sets a sentence, or leaves it NULL -------------------------------------------------------------- */

static err
import_passkey_key_check(const struct import_passkey *passkey, const char **ret_wrong)
{
	struct credential_key key = { 0 };
	str rest = passkey->key;
	bool good = false;

	*ret_wrong = "its public key has an unknown form";
	if (!credential_key_read(&rest, &key) || rest.n > 0)
		return ERR_OK;
	TRY(credential_key_check(&key, &good));
	*ret_wrong = good ? NULL : "its public key is weak or invalid";
	return ERR_OK;
}

/* Has another account this credential? */
static err
import_passkey_owner_check(struct db *db, const struct import_passkey *passkey, str name, const char **ret_wrong)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(4 * 1024);
	const struct db_value args[] = { DB_BLOB(passkey->credential_id) };
	struct import_passkey_owner_row owner;
	bool found = false;

	TRY(db_row(db, SQL_IMPORT_PASSKEY_OWNER, args, COUNT(args), &arena, &owner, &found));
	if (found && !str_equal(owner.name, name))
		*ret_wrong = "another account has it already";
	return ERR_OK;
}

/* The values as they will be stored, with the checks of `doubletour check`. */
static const char *
import_passkey_values_wrong(const struct import_passkey *passkey)
{
	const struct passkey_values values = { .present = true,
					       .passkey = true,
					       .id_bytes = (int64_t)passkey->credential_id.n,
					       .aaguid_bytes = (int64_t)import_passkey_aaguid(passkey).n,
					       .sign_count = (int64_t)passkey->sign_count,
					       .backup_eligible = passkey->backup_eligible,
					       .backed_up = passkey->backed_up,
					       .rp_id = passkey->rp_id,
					       .transports = import_passkey_transports(passkey) };

	return passkey->refused != NULL ? passkey->refused : passkey_values_wrong(&values);
}

static err
import_passkey_check(struct db *db, const struct import_passkey *passkey, str name, const char **ret_wrong)
{
	*ret_wrong = import_passkey_values_wrong(passkey);
	if (*ret_wrong == NULL)
		TRY(import_passkey_key_check(passkey, ret_wrong));
	return *ret_wrong == NULL ? import_passkey_owner_check(db, passkey, name, ret_wrong) : ERR_OK;
}

/* The first sentence stays. */
static void
import_passkeys_refuse(struct passkeys_in *passkeys, unsigned line, const char *wrong)
{
	if (passkeys->refused[0] == '\0')
		snprintf(passkeys->refused, sizeof(passkeys->refused),
			 "its passkey, in line %u of the export, cannot be imported: %s", line, wrong);
}

static void
import_passkeys_refuse_host(struct passkeys_in *passkeys, const struct import_passkey *passkey, str rp_id)
{
	char wrong[200];

	if (str_empty(rp_id))
		snprintf(wrong, sizeof(wrong), "PUBLIC_URL has no host for which browsers make passkeys");
	else
		snprintf(wrong, sizeof(wrong), "it was made for %.*s, but passkeys are for %.*s here",
			 STR_ARG(str_upto(passkey->rp_id, 60)), STR_ARG(str_upto(rp_id, 60)));
	import_passkeys_refuse(passkeys, passkey->line, wrong);
}

static err
import_passkeys_take(struct keeper *k, struct db *db, const struct import_passkey *passkey, str name, size_t others,
		     struct passkeys_in *passkeys)
{
	str rp_id = passkey_rp_id(keeper_config(k));
	const char *wrong = NULL;

	if (passkey->refused == NULL && (str_empty(rp_id) || !str_equal(passkey->rp_id, rp_id))) {
		import_passkeys_refuse_host(passkeys, passkey, rp_id);
		return ERR_OK;
	}
	TRY(import_passkey_check(db, passkey, name, &wrong));
	if (wrong == NULL && passkeys->n + others >= FACTORS_MAX)
		wrong = "an account has at most ten authenticators and passkeys";
	if (wrong != NULL)
		import_passkeys_refuse(passkeys, passkey->line, wrong);
	else
		passkeys->at[passkeys->n++] = passkey;
	return ERR_OK;
}

err
import_passkeys_check(struct keeper *k, struct db *db, const struct import_row *row, str name, size_t others,
		      struct passkeys_in *ret_passkeys)
{
	*ret_passkeys = (struct passkeys_in){ .n = 0 };
	for (size_t i = 0; i < row->passkeys_n; i++)
		TRY(import_passkeys_take(k, db, &row->passkeys[i], name, others, ret_passkeys));
	return ERR_OK;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* A name only shows: the model names a passkey without a valid one. */
static str
import_passkey_name(const struct import_passkey *passkey)
{
	struct display_name name = { .n = 0 };

	if (display_name_check(passkey->name, &name) == PROBLEM_NONE &&
	    str_equal(str_bytes(name.b, name.n), passkey->name))
		return passkey->name;
	return passkey_model_name(import_passkey_aaguid(passkey));
}

static err
import_passkey_factor_insert(struct keeper *k, struct db *db, const struct import_passkey *passkey,
			     const struct sealed_for *owner, int64_t now_us)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(16 * 1024);
	str sealed = { 0 };

	TRY(sealing_seal(&keeper_keys(k)->sealing, owner, passkey->key, &arena, &sealed));
	const struct db_value args[] = { DB_INT(owner->factor_id),
					 DB_INT(owner->account_id),
					 DB_TEXT(import_passkey_name(passkey)),
					 DB_BLOB(sealed),
					 DB_INT(now_us),
					 DB_TEXT(str_of(factor_kind_passkey.name)) };
	return db_run(db, SQL_IMPORT_PASSKEY_FACTOR, args, COUNT(args), NULL);
}

static err
import_passkey_insert(struct keeper *k, struct db *db, const struct import_passkey *passkey, int64_t account_id,
		      int64_t now_us)
{
	struct sealed_for owner = { factor_kind_passkey.sealing_purpose, account_id, 0 };
	int64_t inserted = 0;

	TRY(random_id(&owner.factor_id));
	TRY(import_passkey_factor_insert(k, db, passkey, &owner, now_us));
	const struct db_value args[] = { DB_INT(owner.factor_id),
					 DB_BLOB(passkey->credential_id),
					 DB_TEXT(passkey->rp_id),
					 DB_INT((int64_t)passkey->sign_count),
					 DB_INT(passkey->backup_eligible),
					 DB_INT(passkey->backed_up),
					 DB_TEXT(import_passkey_transports(passkey)),
					 DB_BLOB(import_passkey_aaguid(passkey)) };
	TRY(db_run(db, SQL_IMPORT_PASSKEY, args, COUNT(args), &inserted));
	if (inserted != 1)
		return ERR_CORRUPT;
	return passkey->copied ? audit_write_command(db, AUDIT_PASSKEY_COUNT_FELL, account_id, REASON_PASSKEY) : ERR_OK;
}

err
import_passkeys_insert(struct keeper *k, struct db *db, const struct passkeys_in *passkeys, int64_t account_id,
		       int64_t now_us)
{
	for (size_t i = 0; i < passkeys->n; i++)
		TRY(import_passkey_insert(k, db, passkeys->at[i], account_id, now_us));
	return ERR_OK;
}
