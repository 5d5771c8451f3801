#include "keeper/import.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/secret.h"
#include "keeper/accounts.h"
#include "keeper/audit.h"
#include "keeper/turn.h"
#include "keeper/upkeep.h"

#include <stdlib.h>

enum { BATCH_ROWS = 100, ROWS_MAX = 2000000 };

/* --- the first time through: who has a name of their own? ---------------------------------------------------------- */

/* The names that rows fold to, sorted once all are there. */
struct names {
	struct account_name *at;
	size_t n, room;
};

struct run {
	const struct import *import;
	struct keeper *keeper;
	struct db *db;
	struct db_transaction transaction;
	struct names names;
	struct import_counts *counts;
	int64_t now_us;
	int64_t in_batch;
};

static void
run_close(struct run *run)
{
	db_rollback_unless_done(&run->transaction);
	mem_free(&run->names.at);
}

static err
names_add(struct names *names, const struct account_name *name)
{
	if (names->n == names->room) {
		size_t room = names->room == 0 ? 1024 : names->room * 2;
		struct account_name *at = mem_new_array(room, sizeof(*at));
		if (at == NULL)
			return ERR_MEMORY;
		if (names->n > 0)
			memcpy(at, names->at, names->n * sizeof(*at));
		mem_free(&names->at);
		names->at = at;
		names->room = room;
	}
	names->at[names->n++] = *name;
	return ERR_OK;
}

static int
name_compare(const void *a, const void *b)
{
	return strcmp(((const struct account_name *)a)->b, ((const struct account_name *)b)->b);
}

static size_t
names_first(const struct names *names, const struct account_name *name)
{
	size_t low = 0, high = names->n;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (name_compare(&names->at[middle], name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
names_has_two(const struct names *names, const struct account_name *name)
{
	size_t at = names_first(names, name);

	return at + 1 < names->n && name_compare(&names->at[at + 1], name) == 0;
}

/* The name that a row's account will have. */
static enum problem
row_name(const struct run *run, const struct import_row *row, struct account_name *ret_name)
{
	str name = row->name;

	if (run->import->rename != NULL)
		(void)run->import->rename(run->import->rename_context, row->name, &name);
	return account_name_fold(name, ret_name);
}

static err
count_row(void *context, const struct import_row *row)
{
	struct run *run = context;
	struct account_name name = { 0 };

	if (++run->counts->rows > ROWS_MAX)
		return ERR_TOO_LONG;
	return row_name(run, row, &name) == PROBLEM_NONE ? names_add(&run->names, &name) : ERR_OK;
}

/* --- the second time: what can be taken? ---------------------------------------------------------------------------- */

struct factor_in {
	uint8_t secret[OTP_SECRET_MAX];
	size_t n;
};

static void
factor_in_wipe(struct factor_in *factor)
{
	secret_wipe(factor, sizeof(*factor));
}

static const char *const name_reasons[PROBLEM_COUNT] = {
	[PROBLEM_MISSING] = "it has no name",
	[PROBLEM_TOO_SHORT] = "its name has fewer than 3 characters",
	[PROBLEM_TOO_LONG] = "its name has more than 40 characters",
	[PROBLEM_CHARACTERS] = "its name has characters other than a-z 0-9 . _ @ + -",
	[PROBLEM_EDGES] = "its name does not begin and end with a letter or digit",
};

static const char *
secret_refused(const struct import_row *row, struct factor_in *factor)
{
	unsigned digits = row->digits == 0 ? OTP_TOTP_DEFAULT.digits : row->digits;
	unsigned period_s = row->period_s == 0 ? OTP_TOTP_DEFAULT.period_s : row->period_s;

	if (row->secret.n == 0)
		return NULL;
	if (row->secret.n > 8 * OTP_SECRET_MAX || otp_base32_decode(row->secret.p, row->secret.n, factor->secret,
								    sizeof(factor->secret), &factor->n, NULL) != OTP_OK)
		return "the secret of its authenticator is not base32";
	if (factor->n < OTP_SECRET_MIN)
		return "the secret of its authenticator is shorter than 128 bits";
	if (digits > 8 || period_s < 15 || period_s > 300)
		return "its authenticator counts in a way that is not taken: 6 to 8 digits, 15 to 300 seconds";
	return NULL;
}

static const char *
row_refused(const struct run *run, const struct import_row *row, struct account_name *name, struct factor_in *factor)
{
	enum problem problem = row_name(run, row, name);

	if (problem != PROBLEM_NONE)
		return name_reasons[problem] == NULL ? "its name cannot be taken" : name_reasons[problem];
	if (names_has_two(&run->names, name))
		return "another one's name differs in capital letters or spaces only";
	if (!password_hash_usable(row->password_hash))
		return "its password hash has a form that is not known";
	return secret_refused(row, factor);
}

static err
factor_insert(struct run *run, const struct import_row *row, int64_t account_id, const struct factor_in *factor)
{
	static const char *const algorithms[] = { "SHA1", "SHA256", "SHA512" };
	CLEANUP(arena_wipe) struct arena arena = ARENA(16 * 1024);
	struct sealed_for owner = { SEALED_TOTP, account_id, 0 };
	str sealed = { 0 };

	TRY(random_id(&owner.factor_id));
	TRY(sealing_seal(&run->keeper->keys.sealing, &owner, str_bytes(factor->secret, factor->n), &arena, &sealed));
	const struct db_value args[] = { DB_INT(owner.factor_id),
					 DB_INT(account_id),
					 DB_BLOB(sealed),
					 DB_TEXT(str_of(algorithms[row->algorithm])),
					 DB_INT(row->digits == 0 ? OTP_TOTP_DEFAULT.digits : row->digits),
					 DB_INT(row->period_s == 0 ? OTP_TOTP_DEFAULT.period_s : row->period_s),
					 DB_INT(run->now_us) };
	run->counts->with_factor++;
	return db_run(run->db, SQL_IMPORT_FACTOR, args, COUNT(args), NULL);
}

static err
row_insert(struct run *run, const struct import_row *row, const struct account_name *name,
	   const struct factor_in *factor)
{
	int64_t id = 0, inserted = 0;

	TRY(random_id(&id));
	const struct db_value args[] = { DB_INT(id),
					 DB_TEXT(account_name_str(name)),
					 DB_TEXT(row->display_name),
					 DB_TEXT(row->password_hash),
					 DB_INT(row->created_us > 0 ? row->created_us : run->now_us),
					 row->disabled ? DB_INT(run->now_us) : DB_NULL() };
	TRY(db_run(run->db, SQL_IMPORT_ACCOUNT, args, COUNT(args), &inserted));
	if (inserted == 0) {
		run->counts->there++;
		return ERR_OK;
	}
	run->counts->taken++;
	if (factor->n > 0)
		TRY(factor_insert(run, row, id, factor));
	return upkeep_audit(run->db, AUDIT_ADMIN_IMPORTED, id, run->import->what);
}

static err
batch_end(struct run *run)
{
	run->in_batch = 0;
	if (run->transaction.db == NULL)
		return ERR_OK;
	if (!run->import->dry_run)
		return db_commit(&run->transaction);
	db_rollback_unless_done(&run->transaction);
	return ERR_OK;
}

static err
take_row(void *context, const struct import_row *row)
{
	CLEANUP(factor_in_wipe) struct factor_in factor = { .n = 0 };
	struct run *run = context;
	struct account_name name = { 0 };
	const char *reason = row_refused(run, row, &name, &factor);

	if (reason != NULL) {
		run->counts->refused++;
		run->import->refused(run->import->context, row, reason);
	} else {
		if (run->transaction.db == NULL)
			TRY(db_begin(run->db, &run->transaction));
		TRY(row_insert(run, row, &name, &factor));
	}
	run->import->progress(run->import->context, run->counts->taken + run->counts->there + run->counts->refused,
			      run->counts->rows);
	return ++run->in_batch < BATCH_ROWS ? ERR_OK : batch_end(run);
}

/* --- the whole ---------------------------------------------------------------------------------------------------- */

static err
run_twice(struct run *run, struct why *why)
{
	const struct import *import = run->import;

	TRY(clock_now_us(&run->now_us));
	TRY(import->source(import->source_context, count_row, run, why));
	if (run->names.n > 0)
		qsort(run->names.at, run->names.n, sizeof(run->names.at[0]), name_compare);
	TRY(import->source(import->source_context, take_row, run, why));
	return batch_end(run);
}

static err
with_thread(struct keeper_thread *thread, const struct import *import, struct why *why, struct import_counts *counts)
{
	CLEANUP(run_close)
	struct run run = { .import = import, .keeper = thread->keeper, .db = thread->db, .counts = counts };
	err e = run_twice(&run, why);

	if (e == ERR_OK || why->text[0] != '\0')
		return e;
	return why_set(why, e,
		       "The import was interrupted: %s.  What was taken so far is kept, and the same command goes on.",
		       err_name(e));
}

err
import_run(const struct config *config, const struct import *import, struct why *why, struct import_counts *ret_counts)
{
	CLEANUP(keeper_close) struct keeper *keeper = NULL;
	CLEANUP(keeper_thread_close) struct keeper_thread *thread = NULL;

	*ret_counts = (struct import_counts){ 0 };
	TRY(keeper_open(config, why, &keeper));
	if (keeper_thread_open(keeper, &thread) != ERR_OK)
		return why_set(why, ERR_AWAY, "The database %s cannot be opened a second time.", config->database_name);
	return with_thread(thread, import, why, ret_counts);
}
