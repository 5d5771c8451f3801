#include "keeper/ops/import.h"

#include "base/buf.h"
#include "base/clock.h"
#include "base/random.h"
#include "base/secret.h"
#include "keeper/core/accounts.h"
#include "keeper/core/audit.h"
#include "keeper/core/display_name.h"
#include "keeper/core/factor_kind.h"
#include "keeper/core/failure.h"
#include "keeper/factor/factor_values.h"
#include "keeper/account/identity.h"
#include "keeper/keys/keys.h"
#include "keeper/password/passwords.h"
#include "keeper/account/row_values.h"
#include "keeper/core/row_words.h"
#include "keeper/core/call.h"
#include "keeper/ops/import_passkeys.h"
#include "keeper/ops/upkeep.h"

#include <stdlib.h>

enum { BATCH_ROWS = 100, ROWS_MAX = 2000000 };
#define NAMES_MAX_BYTES (ROWS_MAX * sizeof(struct account_name))

/* --- first pass: count the names ---------------------------------------------------------------------------------- */

struct run {
	const struct import *import;
	struct keeper *keeper;
	struct db *db;
	struct db_transaction transaction;
	struct buf names; /* one struct account_name per row, folded; sorted after the first pass */
	struct import_counts *counts;
	int64_t now_us;
	int64_t in_batch;
};

static void
import_run_close(struct run *run)
{
	db_rollback_unless_done(&run->transaction);
	buf_wipe(&run->names);
}

static err
import_names_add(struct buf *names, const struct account_name *name)
{
	buf_put(names, str_bytes(name, sizeof(*name)));
	return buf_check(names);
}

static int
import_name_compare(const void *a, const void *b)
{
	return strcmp(((const struct account_name *)a)->b, ((const struct account_name *)b)->b);
}

static void
import_names_sort(struct buf *names)
{
	if (names->n > 0)
		qsort(names->p, names->n / sizeof(struct account_name), sizeof(struct account_name),
		      import_name_compare);
}

/* Does the sorted list hold this name at index `at`? */
static bool
import_names_is(const struct buf *names, size_t at, const struct account_name *name)
{
	return at < names->n / sizeof(*name) && import_name_compare(names->p + at * sizeof(*name), name) == 0;
}

static size_t
import_names_first(const struct buf *names, const struct account_name *name)
{
	size_t low = 0, high = names->n / sizeof(*name);

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (import_name_compare(names->p + middle * sizeof(*name), name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool
import_names_has_two(const struct buf *names, const struct account_name *name)
{
	return import_names_is(names, import_names_first(names, name) + 1, name);
}

/* The user name for this row's account. */
static enum problem
import_row_name(const struct run *run, const struct import_row *row, struct account_name *ret_name)
{
	str name = row->name;

	if (run->import->rename != NULL)
		(void)run->import->rename(run->import->rename_context, row->name, &name);
	return account_name_fold(name, ret_name);
}

static err
import_count_row(void *context, const struct import_row *row)
{
	struct run *run = context;
	struct account_name name = { 0 };

	if (++run->counts->rows > ROWS_MAX)
		return ERR_TOO_LONG;
	if (row->stray || import_row_name(run, row, &name) != PROBLEM_NONE)
		return ERR_OK;
	return import_names_add(&run->names, &name);
}

/* --- second pass: check each row ---------------------------------------------------------------------------------- */

/* A row in the form in which it will be written. */
struct account_in {
	struct account_name name;
	struct display_name display_name;
	str groups; /* allocated in the arena */
	struct arena arena;
	uint8_t secret[OTP_SECRET_MAX];
	size_t secret_n; /* 0: no authenticator */
	struct passkeys_in passkeys;
	const char *factor_refused;
};

static void
import_account_in_wipe(struct account_in *in)
{
	arena_wipe(&in->arena);
	secret_wipe(in, sizeof(*in));
}

static unsigned
import_row_digits(const struct import_row *row)
{
	return row->digits == 0 ? OTP_TOTP_DEFAULT.digits : row->digits;
}

static unsigned
import_row_period(const struct import_row *row)
{
	return row->period_s == 0 ? OTP_TOTP_DEFAULT.period_s : row->period_s;
}

static const char *
import_row_factor_refused(const struct import_row *row, struct account_in *in)
{
	struct factor_values values = { .algorithm = str_of(factor_algorithm_name(row->algorithm)),
					.digits = import_row_digits(row),
					.period_s = import_row_period(row) };

	if (row->factor_refused != NULL || row->secret.n == 0)
		return row->factor_refused;
	if (row->secret.n > 8 * OTP_SECRET_MAX || otp_base32_decode(row->secret.p, row->secret.n, in->secret,
								    sizeof(in->secret), &in->secret_n, NULL) != OTP_OK)
		return "the secret of its authenticator is not base32";
	values.secret = str_bytes(in->secret, in->secret_n);
	return factor_counting_wrong(&values);
}

/* Check the values as they will be stored, with the checks of `doubletour check`. */
static const char *
import_row_values_refused(const struct import_row *row, struct account_in *in)
{
	struct account_values values = { .of = { [ACCOUNT_NAME] = account_name_str(&in->name),
						 [ACCOUNT_DISPLAY_NAME] = row->display_name,
						 [ACCOUNT_PASSWORD] = row->password_hash,
						 [ACCOUNT_EMAIL] = row->email } };

	if (groups_read(row->groups, &in->arena, &in->groups) != ERR_OK)
		in->groups = row->groups;
	values.of[ACCOUNT_GROUPS] = in->groups;
	for (unsigned i = 0; i < ACCOUNT_VALUES; i++) {
		const char *wrong = account_value_wrong(i, &values, &in->arena);
		if (wrong != NULL)
			return wrong;
	}
	if (str_equal(row->password_hash, STR(ACCOUNT_NO_PASSWORD)))
		return "it has no password hash";
	(void)display_name_check(row->display_name, &in->display_name);
	return NULL;
}

static const char *
import_row_refused(const struct run *run, const struct import_row *row, struct account_in *in)
{
	const char *wrong = account_name_wrong(import_row_name(run, row, &in->name));

	if (wrong != NULL)
		return wrong;
	if (import_names_has_two(&run->names, &in->name))
		return "another account has the same name, or a name that differs only in capital letters or spaces";
	if (row->refused != NULL)
		return row->refused;
	return import_row_values_refused(row, in);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static err
import_factor_insert(struct run *run, const struct import_row *row, int64_t account_id, const struct account_in *in)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(16 * 1024);
	struct sealed_for owner = { factor_kind_totp.sealing_purpose, account_id, 0 };
	str sealed = { 0 };

	TRY(random_id(&owner.factor_id));
	TRY(sealing_seal(&keeper_keys(run->keeper)->sealing, &owner, str_bytes(in->secret, in->secret_n), &arena,
			 &sealed));
	const struct db_value args[] = { DB_INT(owner.factor_id),
					 DB_INT(account_id),
					 DB_BLOB(sealed),
					 DB_TEXT(str_of(factor_algorithm_name(row->algorithm))),
					 DB_INT(import_row_digits(row)),
					 DB_INT(import_row_period(row)),
					 DB_INT(run->now_us),
					 DB_TEXT(str_of(factor_kind_totp.name)) };
	return db_run(run->db, SQL_IMPORT_FACTOR, args, COUNT(args), NULL);
}

static bool
import_account_has_factor(const struct account_in *in)
{
	return in->secret_n > 0 || in->passkeys.n > 0;
}

static err
import_factors_insert(struct run *run, const struct import_row *row, int64_t account_id, const struct account_in *in)
{
	if (in->secret_n > 0)
		TRY(import_factor_insert(run, row, account_id, in));
	run->counts->passkeys += (int64_t)in->passkeys.n;
	for (size_t i = 0; i < in->passkeys.n; i++)
		run->counts->copied += in->passkeys.at[i]->copied;
	return import_passkeys_insert(run->keeper, run->db, &in->passkeys, account_id, run->now_us);
}

/*
 * *ret_id 0: the account has an authenticator or passkey. Locks the account, so that none can be confirmed at the same
 * time.
 */
static err
import_factorless_find(struct run *run, const struct account_in *in, int64_t *ret_id)
{
	const struct db_value name[] = { DB_TEXT(account_name_str(&in->name)) };
	struct admin_find_row account;
	struct import_factorless_row factorless;
	bool found = false;

	*ret_id = 0;
	TRY(db_row(run->db, SQL_ADMIN_FIND, name, COUNT(name), NULL, &account, &found));
	if (!found)
		return ERR_OK;
	const struct db_value id[] = { DB_INT(account.id) };
	TRY(db_lock(run->db, SQL_ACCOUNT_LOCK, id, COUNT(id)));
	TRY(db_row(run->db, SQL_IMPORT_FACTORLESS, id, COUNT(id), NULL, &factorless, &found));
	*ret_id = found ? factorless.id : 0;
	return ERR_OK;
}

/* The account exists. An earlier run may have imported it without the authenticator that is available now. */
static err
import_factor_add(struct run *run, const struct import_row *row, const struct account_in *in)
{
	int64_t id = 0;

	run->counts->there++;
	if (!import_account_has_factor(in))
		return ERR_OK;
	TRY(import_factorless_find(run, in, &id));
	if (id == 0)
		return ERR_OK;
	TRY(import_factors_insert(run, row, id, in));
	run->counts->factors_added++;
	return audit_write_command(run->db, AUDIT_ADMIN_IMPORTED, id, REASON_AUTHENTICATOR);
}

static err
import_account_insert_row(struct run *run, const struct import_row *row, const struct account_in *in, int64_t id,
			  int64_t *ret_inserted)
{
	const struct db_value args[] = { DB_INT(id),
					 DB_TEXT(account_name_str(&in->name)),
					 DB_TEXT(str_bytes(in->display_name.b, in->display_name.n)),
					 DB_TEXT(row->password_hash),
					 DB_INT(row->created_us > 0 ? row->created_us : run->now_us),
					 row->disabled ? DB_INT(run->now_us) : DB_NULL(),
					 DB_TEXT(row->email),
					 DB_TEXT(in->groups) };

	return db_run(run->db, SQL_IMPORT_ACCOUNT, args, COUNT(args), ret_inserted);
}

/* With enrol_anew: report the authenticator, or else the first passkey, that is left out. */
static void
import_row_weakened(struct run *run, const struct import_row *row, const struct account_in *in)
{
	bool enrols = !import_account_has_factor(in);

	if (in->factor_refused == NULL)
		return;
	run->counts->enrol_anew += enrols;
	run->import->weakened(run->import->context, row, in->factor_refused, enrols);
}

static err
import_row_insert(struct run *run, const struct import_row *row, const struct account_in *in)
{
	int64_t id = 0, inserted = 0;

	TRY(random_id(&id));
	TRY(import_account_insert_row(run, row, in, id, &inserted));
	if (inserted == 0)
		return import_factor_add(run, row, in);
	run->counts->taken++;
	import_row_weakened(run, row, in);
	run->counts->with_factor += import_account_has_factor(in);
	TRY(import_factors_insert(run, row, id, in));
	return audit_write_command(run->db, AUDIT_ADMIN_IMPORTED, id, run->import->reason);
}

static err
import_batch_end(struct run *run)
{
	run->in_batch = 0;
	if (run->transaction.db == NULL)
		return ERR_OK;
	if (!run->import->dry_run)
		return db_commit(&run->transaction);
	db_rollback_unless_done(&run->transaction);
	return ERR_OK;
}

static void
import_row_refuse(struct run *run, const struct import_row *row, const char *reason)
{
	if (row->stray)
		run->counts->strays++;
	else
		run->counts->refused++;
	run->import->refused(run->import->context, row, reason);
}

/* The factors that can be imported. in->factor_refused: why one cannot. */
static err
import_row_factors_check(struct run *run, const struct import_row *row, struct account_in *in)
{
	in->factor_refused = import_row_factor_refused(row, in);
	if (in->factor_refused != NULL)
		in->secret_n = 0;
	TRY(import_passkeys_check(run->keeper, run->db, row, account_name_str(&in->name), in->secret_n > 0,
				  &in->passkeys));
	if (in->factor_refused == NULL && in->passkeys.refused[0] != '\0')
		in->factor_refused = in->passkeys.refused;
	return ERR_OK;
}

/* *ret_reason NULL: the row can be written. Otherwise the reason for refusing it. */
static err
import_row_prepare(struct run *run, const struct import_row *row, struct account_in *in, const char **ret_reason)
{
	*ret_reason = row->stray ? row->refused : import_row_refused(run, row, in);
	if (*ret_reason != NULL)
		return ERR_OK;
	TRY(import_row_factors_check(run, row, in));
	if (in->factor_refused == NULL)
		return ERR_OK;
	run->counts->weak_factors += !run->import->enrol_anew;
	*ret_reason = run->import->enrol_anew ? NULL : in->factor_refused;
	return ERR_OK;
}

static err
import_name_is_closed(struct run *run, const struct account_in *in, bool *ret_closed)
{
	const struct db_value args[] = { DB_TEXT(account_name_str(&in->name)) };
	struct import_name_closed_row row;

	return db_row(run->db, SQL_IMPORT_NAME_CLOSED, args, COUNT(args), NULL, &row, ret_closed);
}

static err
import_row_write(struct run *run, const struct import_row *row, const struct account_in *in)
{
	bool closed = false;

	if (run->transaction.db == NULL)
		TRY(db_begin(run->db, &run->transaction));
	TRY(import_name_is_closed(run, in, &closed));
	if (!closed)
		return import_row_insert(run, row, in);
	import_row_refuse(run, row,
			  "an account with this name was closed or renamed; `doubletour user add --name-again` gives "
			  "the name again");
	return ERR_OK;
}

static err
import_take_row(void *context, const struct import_row *row)
{
	CLEANUP(import_account_in_wipe) struct account_in in = { .arena = ARENA(16 * 1024) };
	struct run *run = context;
	const char *reason = NULL;

	TRY(import_row_prepare(run, row, &in, &reason));
	if (reason != NULL)
		import_row_refuse(run, row, reason);
	else
		TRY(import_row_write(run, row, &in));
	run->import->progress(run->import->context,
			      run->counts->taken + run->counts->there + run->counts->refused + run->counts->strays,
			      run->counts->rows);
	return ++run->in_batch < BATCH_ROWS ? ERR_OK : import_batch_end(run);
}

/* --- import ------------------------------------------------------------------------------------------------------- */

static err
import_run_twice(struct run *run, struct why *why)
{
	const struct import *import = run->import;

	TRY(clock_now_us(&run->now_us));
	TRY(import->source(import->source_context, import_count_row, run, why));
	import_names_sort(&run->names);
	TRY(import->source(import->source_context, import_take_row, run, why));
	return import_batch_end(run);
}

static err
import_with_thread(struct keeper_thread *thread, const struct import *import, struct why *why,
		   struct import_counts *counts)
{
	CLEANUP(import_run_close)
	struct run run = { .import = import,
			   .keeper = thread->keeper,
			   .db = thread->db,
			   .counts = counts,
			   .names = BUF(NAMES_MAX_BYTES) };
	err e = import_run_twice(&run, why);

	if (e == ERR_OK || why->text[0] != '\0')
		return e;
	if (counts->rows > ROWS_MAX)
		return why_set(why, e, "The source has more than %d rows.", ROWS_MAX);
	return failure_explain(
	    thread->db, e,
	    "The import was interrupted.  The accounts imported so far are kept; run the same command "
	    "again to continue.",
	    why);
}

err
import_run(const struct config *config, const struct import *import, struct why *why, struct import_counts *ret_counts)
{
	CLEANUP(keeper_close) struct keeper *keeper = NULL;
	CLEANUP(keeper_thread_close) struct keeper_thread *thread = NULL;

	*ret_counts = (struct import_counts){ 0 };
	TRY(keeper_open(config, KEEPER_EXISTING, why, &keeper));
	if (keeper_thread_open(keeper, &thread) != ERR_OK)
		return why_set(why, ERR_AWAY, "The database %s cannot be opened a second time.", config->database_name);
	return import_with_thread(thread, import, why, ret_counts);
}
