#include "keeper/ops/row_check.h"

#include "keeper/core/factor_kind.h"
#include "keeper/factor/factor_values.h"
#include "keeper/account/row_values.h"
#include "keeper/oidc/client_secret.h"
#include "keeper/oidc/clients.h"
#include "keeper/oidc/signing_keys.h"
#include "oidc/client_draft.h"
#include "oidc/jwt.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>

enum { ROW_ARENA_BYTES = 64 * 1024 };

/* Identifies a row in messages. */
struct row_name {
	const char *what; /* "account" */
	int64_t id;
	str account; /* user name; "": unknown, or not printable */
};

/* "authenticator 12 of anna: ITS SECRET ...; WHAT TO DO" */
static void
row_check_report(const struct row_check *check, int64_t *count, const struct row_name *row, const char *wrong,
		 const char *remedy)
{
	char sentence[400];

	++*count;
	snprintf(sentence, sizeof(sentence), "%s %" PRId64 "%s%.*s: %s%s%s", row->what, row->id,
		 row->account.n > 0 ? " of " : "", STR_ARG(row->account), wrong, remedy[0] == '\0' ? "" : "; ", remedy);
	if (check->report != NULL)
		check->report(check->context, sentence);
}

/* A valid user name can be printed anywhere. */
static str
row_check_one_account(str name)
{
	struct account_name folded;

	return account_name_fold(name, &folded) == PROBLEM_NONE ? name : STR("");
}

/* --- accounts ----------------------------------------------------------------------------------------------------- */

static const char *const account_remedies[ACCOUNT_VALUES] = {
	[ACCOUNT_NAME] = "no user can sign in to it",
	[ACCOUNT_DISPLAY_NAME] = "pages leave the name out; the user sets another on the profile page",
	[ACCOUNT_PASSWORD] = "no user can sign in to it; `doubletour user reset-password` gives it a new one",
	[ACCOUNT_EMAIL] = "applications do not get it; `doubletour user email` sets another",
	[ACCOUNT_GROUPS] = "the gate refuses the account; `doubletour user groups` sets others",
	[ACCOUNT_LANGUAGE] = "the user chooses one on the profile page",
	[ACCOUNT_TIME_FORMAT] = "the user chooses one on the profile page",
};

static err
row_check_account(void *context, const struct upkeep_accounts_row *row)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(ROW_ARENA_BYTES);
	const struct row_check *check = context;
	const struct row_name name = { "account", row->id, row_check_one_account(row->name) };
	const struct account_values values = { .of = {
						   [ACCOUNT_NAME] = row->name,
						   [ACCOUNT_DISPLAY_NAME] = row->display_name,
						   [ACCOUNT_PASSWORD] = row->password_hash,
						   [ACCOUNT_EMAIL] = row->email,
						   [ACCOUNT_GROUPS] = row->group_names,
						   [ACCOUNT_LANGUAGE] = row->language,
						   [ACCOUNT_TIME_FORMAT] = row->time_format,
					       } };

	for (unsigned i = 0; i < ACCOUNT_VALUES; i++) {
		const char *wrong = account_value_wrong(i, &values, &arena);
		if (wrong != NULL)
			row_check_report(check,
					 i == ACCOUNT_NAME ? &check->findings->bad_name : &check->findings->bad_values,
					 &name, wrong, account_remedies[i]);
	}
	return ERR_OK;
}

/* --- authenticators ----------------------------------------------------------------------------------------------- */

static const char passkey_remedy[] = "it opens nothing; its user removes it and adds another one";

static const char *
row_check_what(str kind)
{
	return str_equal(kind, str_of(factor_kind_passkey.name)) ? "passkey" : "authenticator";
}

static void
row_check_answers(const struct row_check *check, const struct row_name *name, const struct factor_kind *kind,
		  const struct factor_values *values)
{
	const char *wrong = kind->row_wrong == NULL ? NULL : kind->row_wrong(values);

	if (wrong != NULL)
		row_check_report(check, &check->findings->bad_values, name, wrong,
				 kind == &factor_kind_passkey ? passkey_remedy
							      : "its codes cannot be checked; after `doubletour user "
								"reset-2fa` the user enrols again");
}

/* Open the secret of a row. ERR_CORRUPT: it does not open, or its kind is unknown. */
static err
row_check_open_secret(const struct row_check *check, const struct upkeep_factors_row *row, struct arena *arena,
		      str *ret_secret)
{
	const struct factor_kind *kind = factor_kind_named(row->kind);

	if (kind == NULL)
		return ERR_CORRUPT;
	const struct sealed_for owner = { kind->sealing_purpose, row->account_id, row->id };
	return sealing_open(check->sealing, &owner, row->secret_sealed, arena, ret_secret);
}

static err
row_check_factor(void *context, const struct upkeep_factors_row *row)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(ROW_ARENA_BYTES);
	const struct row_check *check = context;
	const struct row_name name = { row_check_what(row->kind), row->id, row_check_one_account(row->account) };
	struct factor_values values = {
		.name = row->name, .algorithm = row->algorithm, .digits = row->digits, .period_s = row->period_s
	};
	str secret = { 0 };
	err e = row_check_open_secret(check, row, &arena, &secret);

	if (e != ERR_OK && e != ERR_CORRUPT)
		return e;
	values.secret = secret;
	if (e == ERR_CORRUPT)
		row_check_report(check, &check->findings->unreadable, &name,
				 "its secret cannot be decrypted with the key", "");
	else
		row_check_answers(check, &name, factor_kind_named(row->kind), &values);
	if (row->confirmed_at_zero) /* queries treat 0 as unconfirmed */
		row_check_report(check, &check->findings->bad_values, &name, "the time when it was confirmed is 0",
				 "the user cannot sign in; after `doubletour user reset-2fa` the user enrols again");
	if (factor_name_wrong(&values) != NULL)
		row_check_report(check, &check->findings->bad_values, &name, factor_name_wrong(&values),
				 "pages leave the name out; the user renames it on the authenticators page");
	return ERR_OK;
}

static err
row_check_passkey(void *context, const struct upkeep_passkeys_row *row)
{
	const struct row_check *check = context;
	const struct row_name name = { row_check_what(row->kind), row->id, row_check_one_account(row->account) };
	const struct passkey_values values = { .present = row->present,
					       .passkey = factor_kind_named(row->kind) == &factor_kind_passkey,
					       .digits = row->digits,
					       .handle_bytes = row->handle_bytes,
					       .id_bytes = row->id_bytes,
					       .aaguid_bytes = row->aaguid_bytes,
					       .sign_count = row->sign_count,
					       .uv_initialized = row->uv_initialized,
					       .backup_eligible = row->backup_eligible,
					       .backed_up = row->backed_up,
					       .last_challenge_us = row->last_challenge_us,
					       .rp_id = row->rp_id,
					       .transports = row->transports };
	const char *wrong = passkey_values_wrong(&values);

	if (wrong != NULL)
		row_check_report(check, &check->findings->bad_values, &name, wrong, passkey_remedy);
	return ERR_OK;
}

/* --- sessions ----------------------------------------------------------------------------------------------------- */

static err
row_check_orphan(void *context, const struct upkeep_orphans_row *row)
{
	const struct row_check *check = context;
	const struct row_name name = { "session", row->id, STR_INIT("") };

	row_check_report(check, &check->findings->orphans, &name, "its authenticator does not exist",
			 "it opens nothing");
	return ERR_OK;
}

static err
row_check_token(void *context, const struct upkeep_tokens_row *row)
{
	const struct row_check *check = context;
	const struct row_name name = { "session", row->id, row_check_one_account(row->account) };

	row_check_report(check, &check->findings->bad_values, &name, "the hash of its token is not 32 bytes",
			 "its account cannot end sessions; delete the row");
	return ERR_OK;
}

/* --- signing keys ------------------------------------------------------------------------------------------------- */

static err
row_check_signing_key(void *context, const struct upkeep_signing_keys_row *row)
{
	static const char remedy[] = "`doubletour rotate-keys --list` names it, and `--withdraw` replaces it";
	CLEANUP(arena_wipe) struct arena arena = ARENA(ROW_ARENA_BYTES);
	CLEANUP(jwt_key_free) EVP_PKEY *key = NULL;
	const struct row_check *check = context;
	const struct row_name name = { "signing key", row->id, STR_INIT("") };
	enum oidc_alg alg;
	err e = signing_key_open(check->sealing, row->id, row->kid, row->algorithm, row->private_sealed, &arena, &alg,
				 &key);

	if (e != ERR_OK && e != ERR_CORRUPT)
		return e;
	if (e == ERR_CORRUPT)
		row_check_report(check, &check->findings->unreadable, &name,
				 "it cannot be decrypted with the key, or is another key than its name says", remedy);
	if (!row->ordered)
		row_check_report(check, &check->findings->bad_values, &name, "its times are out of order", remedy);
	return ERR_OK;
}

/* --- clients of OpenID Connect ------------------------------------------------------------------------------------ */

/* Would the commands accept all settings of this client? */
static err
row_check_client_settings(const struct oidc_client_row *row, struct arena *arena, struct why *why)
{
	struct oidc_client client, read;
	struct client_draft draft;
	err e = client_from_row(row, &client);

	if (e == ERR_CORRUPT)
		return why_set(why, ERR_INVALID, "a word among its settings is not known");
	TRY(e);
	TRY(client_draft_of(&client, arena, &draft));
	return client_draft_read(&draft, arena, &read, why);
}

static err
row_check_client(void *context, const struct oidc_client_row *row)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(4 * CLIENT_TEXTS_BYTES);
	const struct row_check *check = context;
	const struct row_name name = { "client", row->id,
				       client_id_is_good(row->client_id) ? row->client_id : STR("") };
	struct why why = { "" };
	err e = row_check_client_settings(row, &arena, &why);

	if (e == ERR_INVALID || e == ERR_TOO_LONG)
		row_check_report(check, &check->findings->bad_values, &name,
				 e == ERR_INVALID ? why.text : "its settings are too long",
				 "`doubletour client set` corrects a setting");
	return e == ERR_MEMORY ? e : ERR_OK;
}

static err
row_check_client_secret(void *context, const struct upkeep_client_secrets_row *row)
{
	const struct row_check *check = context;
	const struct row_name name = { "client secret", row->id,
				       client_id_is_good(row->client_id) ? row->client_id : STR("") };

	if (row->secret_hash.n != DIGEST_BYTES && !(row->imported && client_secret_is_digest(row->secret_hash)))
		row_check_report(check, &check->findings->bad_values, &name, "its hash has an unknown form",
				 "`doubletour client secret` makes a new one");
	return ERR_OK;
}

err
row_check_all(struct row_check *check, struct db *db)
{
	TRY(db_rows(db, SQL_UPKEEP_CLIENTS, NULL, 0, row_check_client, check));
	TRY(db_rows(db, SQL_UPKEEP_CLIENT_SECRETS, NULL, 0, row_check_client_secret, check));
	TRY(db_rows(db, SQL_UPKEEP_FACTORS, NULL, 0, row_check_factor, check));
	TRY(db_rows(db, SQL_UPKEEP_PASSKEYS, NULL, 0, row_check_passkey, check));
	TRY(db_rows(db, SQL_UPKEEP_ACCOUNTS, NULL, 0, row_check_account, check));
	TRY(db_rows(db, SQL_UPKEEP_TOKENS, NULL, 0, row_check_token, check));
	TRY(db_rows(db, SQL_UPKEEP_SIGNING_KEYS, NULL, 0, row_check_signing_key, check));
	return db_rows(db, SQL_UPKEEP_ORPHANS, NULL, 0, row_check_orphan, check);
}
