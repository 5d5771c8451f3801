/*
 * Deleting what has expired.  Nothing depends on it: an expired row opens nothing while it is still there.
 */
#include "base/log.h"
#include "keeper/devices.h"
#include "keeper/turn.h"

enum { BATCH = 200, BATCHES_MAX = 50 };

/* Small batches, each a transaction of its own: nobody waits long for the lock. */
static err
purge(struct db *db, enum sql query, int64_t before_us)
{
	const struct db_value args[] = { DB_INT(before_us), DB_INT(BATCH) };
	int64_t deleted = BATCH;

	for (int i = 0; deleted == BATCH && i < BATCHES_MAX; i++)
		TRY(db_run(db, query, args, COUNT(args), &deleted));
	return ERR_OK;
}

static err
purge_all(struct keeper_thread *t)
{
	const struct config *config = t->keeper->config;
	int64_t now_us = 0;

	TRY(clock_now_us(&now_us));
	TRY(purge(t->db, SQL_SESSION_PURGE_LIFETIME, now_us - config->session_lifetime_us));
	TRY(purge(t->db, SQL_SESSION_PURGE_IDLE, now_us - config->session_idle_us));
	TRY(purge(t->db, SQL_SESSION_PURGE_PENDING, now_us - PENDING_US));
	TRY(purge(t->db, SQL_LINK_PURGE, now_us));
	TRY(purge(t->db, SQL_DEVICE_PURGE, now_us - MINUTES_US(24 * 60 * DEVICE_DAYS)));
	return purge(t->db, SQL_FACTOR_PURGE, now_us);
}

void
keeper_purge(struct keeper_thread *t)
{
	err e = purge_all(t);

	if (e != ERR_OK)
		log_event(LOG_WARNING, "purge.failed", LOG_TEXT("why", err_name(e)));
}
