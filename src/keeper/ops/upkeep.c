#include "keeper/ops/upkeep.h"

#include "base/clock.h"
#include "base/digest.h"
#include "keeper/core/audit.h"
#include "keeper/keys/keys.h"
#include "keeper/ops/database.h"
#include "keeper/ops/row_check.h"
#include "store/migrate.h"
#include "store/schema.h"
#include "store/store.h"

/* Keep the first difference. */
static void
upkeep_schema_note(void *context, const char *sentence)
{
	struct why *first = context;

	if (first->text[0] == '\0')
		(void)!why_set(first, ERR_OK, "%s", sentence);
}

err
upkeep_schema(struct db *db, int version, const char *name, struct why *why)
{
	struct why first = { 0 };
	int64_t count = 0;

	TRY(schema_check(db, version, upkeep_schema_note, &first, why, &count));
	if (count == 0)
		return ERR_OK;
	return why_set(why, ERR_CORRUPT,
		       "%.200s has another schema than Doubletour creates: %.250s (%" PRId64 " in all).", name,
		       first.text, count);
}

/* If the queries do not fit the schema, name the differing object: it explains more than the query. */
static err
upkeep_understood(struct db *db, struct why *why)
{
	err e = store_understands(db, why);

	if (e == ERR_CORRUPT)
		TRY(upkeep_schema(db, migrate_head(), "The database", why));
	return e;
}

err
upkeep_open(const struct config *config, struct why *why, struct db **ret_db)
{
	CLEANUP(db_close) struct db *db = NULL;
	int version = 0;

	TRY(database_open_versioned(config, why, &db, &version));
	if (version != migrate_head())
		return why_set(
		    why, ERR_CONFIG,
		    "The database is at migration %04d, but this program needs %04d.  Run `doubletour db upgrade`.",
		    version, migrate_head());
	TRY(upkeep_understood(db, why));
	*ret_db = db;
	db = NULL;
	return ERR_OK;
}

/* --- checking ----------------------------------------------------------------------------------------------------- */

static void
upkeep_schema_report(void *context, const char *sentence)
{
	const struct row_check *check = context;

	if (check->report != NULL)
		check->report(check->context, sentence);
}

static err
upkeep_counts(struct db *db, struct upkeep_findings *findings)
{
	struct upkeep_counts_row row = { 0 };
	bool found = false;

	TRY(db_row(db, SQL_UPKEEP_COUNTS, NULL, 0, NULL, &row, &found));
	findings->accounts = row.accounts;
	findings->factors = row.factors;
	findings->sessions = row.sessions;
	findings->recovery_codes = row.recovery_codes;
	findings->audit = row.audit;
	return ERR_OK;
}

/* Find the current key. Without it, sealed values cannot be checked. */
static err
upkeep_key_find(const struct config *config, struct db *db, struct keys *ret_keys, bool *ret_fits, struct why *why)
{
	CLEANUP(master_key_wipe) struct master_key master = { 0 };
	size_t rows = 0;

	TRY(master_key_read(config, why, &master));
	if (master.n == 0)
		return keys_refuse(&master, why);
	TRY(keys_derive(&master, ret_keys));
	TRY(keys_fit(ret_keys, db, ret_fits, &rows));
	*ret_fits = *ret_fits || rows == 0;
	if (*ret_fits)
		return ERR_OK;
	return keys_refuse(&master, why);
}

err
upkeep_check(const struct config *config, struct db *db, upkeep_report report, void *context, struct why *why,
	     struct upkeep_findings *ret_findings)
{
	CLEANUP(keys_wipe) struct keys keys = { 0 };
	struct row_check check = {
		.sealing = &keys.sealing, .report = report, .context = context, .findings = ret_findings
	};
	bool fits = false;

	*ret_findings = (struct upkeep_findings){ 0 };
	TRY(digest_setup());
	TRY(store_integrity(db, why));
	TRY(schema_check(db, migrate_head(), upkeep_schema_report, &check, why, &ret_findings->unknown_objects));
	TRY(upkeep_counts(db, ret_findings));
	TRY(upkeep_key_find(config, db, &keys, &fits, why));
	return row_check_all(&check, db);
}
