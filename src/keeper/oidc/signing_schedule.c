#include "keeper/oidc/signing_schedule.h"

#include "base/log.h"
#include "base/random.h"
#include "keeper/keys/keys.h"
#include "keeper/oidc/signing_cache.h"
#include "keeper/oidc/signing_keys.h"

/* The next change for one algorithm. */
enum step {
	STEP_NONE = 0,
	STEP_PROMOTE, /* the next key signs at once */
	STEP_FIRST,   /* make a key that signs at once */
	STEP_NEXT,    /* make a key that follows the current one */
};

struct plan {
	enum step step;
	struct oidc_key_times_row current, next; /* id 0: none */
	int64_t begin_us;                        /* when the new key signs */
};

/* One change of the schedule: the key is made before the transaction, because that takes up to a second. */
struct change {
	enum oidc_alg alg;
	bool early;    /* make the next key now, though it is not due */
	EVP_PKEY *key; /* NULL: none was needed when the change was planned */
	str withdraw;  /* withdraw this key first; empty: none */
	bool unused;   /* no client uses the algorithm: withdraw only */
	bool withdrawn;
	enum step done;
};

static void
signing_schedule_change_wipe(struct change *change)
{
	jwt_key_free(&change->key);
}

/* --- the plan ----------------------------------------------------------------------------------------------------- */

static int64_t
signing_schedule_later(int64_t a_us, int64_t b_us)
{
	return a_us > b_us ? a_us : b_us;
}

/* The current key has no successor. */
static void
signing_schedule_decide_next(struct plan *plan, int64_t now_us, bool early)
{
	int64_t soonest_us = now_us + SIGNING_PUBLISHED_US;

	plan->begin_us = early ? soonest_us : signing_schedule_later(plan->current.signs_until_us, soonest_us);
	plan->step = early || plan->current.signs_until_us <= soonest_us ? STEP_NEXT : STEP_NONE;
}

static void
signing_schedule_decide(struct plan *plan, int64_t now_us, bool early)
{
	const struct oidc_key_times_row *current = &plan->current;
	bool next = plan->next.id != 0;
	bool signs = current->id != 0 && !current->withdrawn && (current->signs_until_us > now_us || !next);

	plan->step = STEP_NONE;
	plan->begin_us = now_us;
	if (!signs)
		plan->step = next ? STEP_PROMOTE : STEP_FIRST;
	else if (!next)
		signing_schedule_decide_next(plan, now_us, early);
}

static err
signing_schedule_plan(struct call *call, enum oidc_alg alg, bool early, struct plan *ret_plan)
{
	const struct db_value args[] = { DB_TEXT(str_of(oidc_alg_name(alg))), DB_INT(call->now_us) };
	bool found = false;

	*ret_plan = (struct plan){ 0 };
	TRY(db_row(call->db, SQL_OIDC_KEY_CURRENT, args, COUNT(args), NULL, &ret_plan->current, &found));
	TRY(db_row(call->db, SQL_OIDC_KEY_NEXT, args, COUNT(args), NULL, &ret_plan->next, &found));
	signing_schedule_decide(ret_plan, call->now_us, early);
	return ERR_OK;
}

/* --- its steps, inside a transaction ------------------------------------------------------------------------------ */

/* A key signs until then. */
static err
signing_schedule_end_set(struct call *call, int64_t id, int64_t until_us)
{
	const struct db_value args[] = { DB_INT(id), DB_INT(until_us), DB_INT(until_us + SIGNING_PUBLISHED_US),
					 DB_INT(until_us + SIGNING_KEPT_US) };

	return db_run(call->db, SQL_OIDC_KEY_END_SET, args, COUNT(args), NULL);
}

static err
signing_schedule_promote(struct call *call, int64_t id)
{
	const struct db_value args[] = { DB_INT(id), DB_INT(call->now_us) };

	TRY(db_run(call->db, SQL_OIDC_KEY_BEGIN_SET, args, COUNT(args), NULL));
	return signing_schedule_end_set(call, id, call->now_us + SIGNING_SIGNS_US);
}

static err
signing_schedule_seal(struct call *call, int64_t id, EVP_PKEY *key, str *ret_sealed)
{
	const struct sealed_for owner = { .purpose = SEALED_SIGNING_KEY, .factor_id = id };
	CLEANUP(buf_wipe) struct buf der = BUF(JWT_KEY_DER_MAX);

	buf_reserve(&der, JWT_KEY_DER_MAX);
	TRY(jwt_key_der_put(key, &der));
	return sealing_seal(&keeper_keys(call->keeper)->sealing, &owner, buf_str(&der), &call->arena, ret_sealed);
}

static err
signing_schedule_insert(struct call *call, const struct change *change, int64_t begin_us)
{
	int64_t end_us = begin_us + SIGNING_SIGNS_US, id = 0;
	char kid[JWT_KID_SIZE];
	str sealed = { 0 };

	TRY(random_id(&id));
	TRY(jwt_key_thumbprint(change->alg, change->key, kid));
	TRY(signing_schedule_seal(call, id, change->key, &sealed));
	const struct db_value args[] = { DB_INT(id),
					 DB_TEXT(str_of(kid)),
					 DB_TEXT(str_of(oidc_alg_name(change->alg))),
					 DB_BLOB(sealed),
					 DB_INT(call->now_us),
					 DB_INT(begin_us),
					 DB_INT(end_us),
					 DB_INT(end_us + SIGNING_PUBLISHED_US),
					 DB_INT(end_us + SIGNING_KEPT_US) };
	return db_run(call->db, SQL_OIDC_KEY_INSERT, args, COUNT(args), NULL);
}

static err
signing_schedule_next(struct call *call, const struct change *change, const struct plan *plan)
{
	TRY(signing_schedule_insert(call, change, plan->begin_us));
	return signing_schedule_end_set(call, plan->current.id, plan->begin_us);
}

static err
signing_schedule_withdraw_do(struct call *call, struct change *change)
{
	const struct db_value args[] = { DB_TEXT(change->withdraw), DB_INT(call->now_us) };
	int64_t changed = 0;

	TRY(db_run(call->db, SQL_OIDC_KEY_WITHDRAW, args, COUNT(args), &changed));
	change->withdrawn = changed > 0;
	return ERR_OK;
}

/* Changes that an administrator asked for.  The others are only logged. */
static err
signing_schedule_audit(struct call *call, const struct change *change)
{
	if (change->withdrawn)
		return audit_write(call, AUDIT_ADMIN_SIGNING_KEY_WITHDRAWN, 0, REASON_ASKED);
	if (change->early && change->done != STEP_NONE)
		return audit_write(call, AUDIT_ADMIN_SIGNING_KEY_ADDED, 0, REASON_ASKED);
	return ERR_OK;
}

static err
signing_schedule_step(struct call *call, const struct change *change, const struct plan *plan)
{
	switch (plan->step) {
	case STEP_PROMOTE:
		return signing_schedule_promote(call, plan->next.id);
	case STEP_FIRST:
		return signing_schedule_insert(call, change, call->now_us);
	case STEP_NEXT:
		return signing_schedule_next(call, change, plan);
	case STEP_NONE:
		break;
	}
	return ERR_OK;
}

/* Plan again: another node may have made this change already. */
static err
signing_schedule_work(struct call *call, void *context, bool *ret_commit)
{
	struct change *change = context;
	struct plan plan;

	if (change->withdraw.n > 0)
		TRY(signing_schedule_withdraw_do(call, change));
	TRY(signing_schedule_plan(call, change->alg, change->early, &plan));
	if (change->unused)
		plan.step = STEP_NONE;
	if (change->key == NULL && (plan.step == STEP_FIRST || plan.step == STEP_NEXT))
		return ERR_BUSY; /* nothing was due before; the caller calls again later */
	TRY(signing_schedule_step(call, change, &plan));
	change->done = plan.step;
	*ret_commit = plan.step != STEP_NONE || change->withdrawn;
	return signing_schedule_audit(call, change);
}

/* --- changes ------------------------------------------------------------------------------------------------------ */

static err
signing_schedule_follow(struct call *call, struct change *change)
{
	bool done = false;

	TRY(call_transact(call, signing_schedule_work, change, &done));
	if (done && change->done != STEP_NONE)
		log_event(LOG_NOTICE, change->done == STEP_PROMOTE ? "signing.promoted" : "signing.made",
			  LOG_TEXT("algorithm", oidc_alg_name(change->alg)));
	return ERR_OK;
}

static err
signing_schedule_change(struct call *call, struct change *change)
{
	struct plan plan;

	TRY(signing_schedule_plan(call, change->alg, change->early, &plan));
	if (plan.step == STEP_NONE)
		return ERR_OK;
	if (plan.step != STEP_PROMOTE)
		TRY(jwt_key_make(change->alg, &change->key));
	return signing_schedule_follow(call, change);
}

err
signing_schedule_ensure(struct call *call, enum oidc_alg alg)
{
	CLEANUP(signing_schedule_change_wipe) struct change change = { .alg = alg };

	return signing_schedule_change(call, &change);
}

static err
signing_schedule_used(struct call *call, enum oidc_alg alg, bool *ret_used)
{
	const struct db_value args[] = { DB_TEXT(str_of(oidc_alg_name(alg))) };
	struct oidc_algorithm_used_row row = { 0 };
	bool found = false;

	TRY(db_row(call->db, SQL_OIDC_ALGORITHM_USED, args, COUNT(args), NULL, &row, &found));
	*ret_used = found && row.n > 0;
	return ERR_OK;
}

err
signing_schedule_upkeep(struct call *call)
{
	for (enum oidc_alg alg = 0; alg < OIDC_ALG_COUNT; alg++) {
		bool used = false;
		TRY(signing_schedule_used(call, alg, &used));
		if (used)
			TRY(signing_schedule_ensure(call, alg));
	}
	return ERR_OK;
}

void
keeper_make_signing_keys(struct keeper_thread *t)
{
	CLEANUP(call_wipe) struct call call;
	err e = call_of_command(t, &call);

	if (e == ERR_OK)
		e = signing_schedule_upkeep(&call);
	if (e != ERR_OK)
		log_event(LOG_WARNING, "signing.failed", LOG_TEXT("why", err_name(e)));
}

err
signing_schedule_rotate(struct call *call, unsigned *ret_made)
{
	unsigned made = 0;

	for (enum oidc_alg alg = 0; alg < OIDC_ALG_COUNT; alg++) {
		CLEANUP(signing_schedule_change_wipe) struct change change = { .alg = alg, .early = true };
		bool used = false;
		TRY(signing_schedule_used(call, alg, &used));
		if (used)
			TRY(signing_schedule_change(call, &change));
		made += change.done == STEP_FIRST || change.done == STEP_NEXT;
	}
	*ret_made = made;
	return ERR_OK;
}

/* --- withdrawing -------------------------------------------------------------------------------------------------- */

static err
signing_schedule_withdraw_begin(struct call *call, struct change *change, bool *ret_found)
{
	const struct db_value args[] = { DB_TEXT(change->withdraw) };
	struct oidc_key_algorithm_row row = { 0 };
	bool used = false;

	TRY(db_row(call->db, SQL_OIDC_KEY_ALGORITHM, args, COUNT(args), &call->arena, &row, ret_found));
	if (!*ret_found)
		return ERR_OK;
	if (!oidc_alg_read(row.algorithm, &change->alg))
		return ERR_CORRUPT;
	TRY(signing_schedule_used(call, change->alg, &used));
	change->unused = !used;
	return used ? jwt_key_make(change->alg, &change->key) : ERR_OK;
}

err
signing_schedule_withdraw(struct call *call, str kid, bool *ret_found)
{
	CLEANUP(signing_schedule_change_wipe) struct change change = { .withdraw = kid };
	bool found = false;

	TRY(signing_schedule_withdraw_begin(call, &change, &found));
	if (found)
		TRY(signing_schedule_follow(call, &change));
	if (change.withdrawn)
		log_event(LOG_WARNING, "signing.withdrawn", LOG_STR("kid", kid));
	*ret_found = change.withdrawn;
	return ERR_OK;
}

/* --- listing ------------------------------------------------------------------------------------------------------ */

struct listing {
	signing_schedule_each each;
	void *context;
};

static err
signing_schedule_list_row(void *context, const struct oidc_keys_all_row *row)
{
	const struct listing *listing = context;
	const struct signing_key_times times = { .kid = row->kid,
						 .algorithm = row->algorithm,
						 .created_us = row->created_at_us,
						 .signs_from_us = row->signs_from_us,
						 .signs_until_us = row->signs_until_us,
						 .published_until_us = row->published_until_us,
						 .kept_until_us = row->kept_until_us,
						 .withdrawn_us = row->withdrawn_at_us };

	return listing->each(listing->context, &times);
}

err
signing_schedule_list(struct call *call, signing_schedule_each each, void *context)
{
	struct listing listing = { each, context };

	return db_rows(call->db, SQL_OIDC_KEYS_ALL, NULL, 0, signing_schedule_list_row, &listing);
}
