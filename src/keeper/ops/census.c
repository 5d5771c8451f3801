#include "keeper/ops/census.h"

#include "base/clock.h"
#include "base/mem.h"
#include "keeper/core/call.h"

#include <pthread.h>
#include <stdatomic.h>

enum { OVERLAP_SECONDS = 300 }; /* an entry may become visible some time after its timestamp */

struct census {
	struct keeper *keeper;
	pthread_t thread;
	atomic_bool ending;
	int64_t backup_us; /* Unix time up to which the audit trail has been searched for backups; of the thread */

	pthread_mutex_t lock; /* protects the following members */
	pthread_cond_t changed;
	bool asked;
	int64_t enrolling, pending, full, backup_last_us;
};

/* --- the database ------------------------------------------------------------------------------------------------- */

static err
census_sessions(struct db *db, int64_t now_us, struct metrics_sessions_row *ret_row)
{
	const struct db_value args[] = { DB_INT(now_us - PENDING_US) };
	bool found = false;

	return db_row(db, SQL_METRICS_SESSIONS, args, COUNT(args), NULL, ret_row, &found);
}

/* PostgreSQL has its own backups. */
static err
census_backup(struct census *census, struct db *db, int64_t now_us, struct metrics_last_row *ret_row)
{
	const struct db_value args[] = { DB_INT(census->backup_us),
					 DB_TEXT(str_of(audit_event_name(AUDIT_ADMIN_BACKED_UP))) };
	bool found = false;

	if (keeper_config(census->keeper)->database != DATABASE_SQLITE)
		return ERR_OK;
	TRY(db_row(db, SQL_METRICS_LAST, args, COUNT(args), NULL, ret_row, &found));
	census->backup_us = now_us - SECONDS_US(OVERLAP_SECONDS);
	return ERR_OK;
}

static err
census_read(struct census *census, struct db *db, struct metrics_sessions_row *ret_sessions,
	    struct metrics_last_row *ret_backup)
{
	int64_t now_us = 0;

	db_abandon_when(db, &census->ending);
	TRY(clock_now_us(&now_us));
	TRY(census_sessions(db, now_us, ret_sessions));
	return census_backup(census, db, now_us, ret_backup);
}

static void
census_take_locked(struct census *census, const struct metrics_sessions_row *sessions,
		   const struct metrics_last_row *backup)
{
	census->enrolling = sessions->count_enrolling;
	census->pending = sessions->count_pending;
	census->full = sessions->count_complete;
	if (keeper_config(census->keeper)->database == DATABASE_SQLITE && backup->at_us > census->backup_last_us)
		census->backup_last_us = backup->at_us; /* METRIC_ABSENT is less than 0 */
}

/* An old count of sessions would look like a new one. */
static void
census_count(struct census *census)
{
	const struct metrics_sessions_row none = { METRIC_ABSENT, METRIC_ABSENT, METRIC_ABSENT };
	struct metrics_sessions_row sessions = none;
	struct metrics_last_row backup = { .at_us = METRIC_ABSENT };
	struct keeper_thread *thread = NULL;
	err e = keeper_thread_open(census->keeper, &thread);

	if (e == ERR_OK)
		e = census_read(census, thread->db, &sessions, &backup);
	keeper_thread_close(&thread);
	pthread_mutex_lock(&census->lock);
	census_take_locked(census, e == ERR_OK ? &sessions : &none, &backup);
	pthread_mutex_unlock(&census->lock);
}

/* --- the thread --------------------------------------------------------------------------------------------------- */

static void *
census_main(void *context)
{
	struct census *census = context;

	pthread_mutex_lock(&census->lock);
	while (!census->ending) {
		bool count = census->asked;
		census->asked = false;
		if (!count) {
			pthread_cond_wait(&census->changed, &census->lock);
			continue;
		}
		pthread_mutex_unlock(&census->lock);
		census_count(census);
		pthread_mutex_lock(&census->lock);
	}
	pthread_mutex_unlock(&census->lock);
	return NULL;
}

err
census_new(struct keeper *k, struct census **ret_census)
{
	struct census *census = mem_new(sizeof(*census));

	if (census == NULL)
		return ERR_MEMORY;
	census->keeper = k;
	census->enrolling = census->pending = census->full = census->backup_last_us = METRIC_ABSENT;
	pthread_mutex_init(&census->lock, NULL);
	pthread_cond_init(&census->changed, NULL);
	if (pthread_create(&census->thread, NULL, census_main, census) != 0) {
		mem_free(&census);
		return ERR_MEMORY;
	}
	*ret_census = census;
	return ERR_OK;
}

void
census_free(struct census **census)
{
	if (*census == NULL)
		return;
	pthread_mutex_lock(&(*census)->lock);
	atomic_store(&(*census)->ending, true);
	pthread_cond_signal(&(*census)->changed);
	pthread_mutex_unlock(&(*census)->lock);
	pthread_join((*census)->thread, NULL);
	pthread_cond_destroy(&(*census)->changed);
	pthread_mutex_destroy(&(*census)->lock);
	mem_free(census);
}

void
census_ask(struct census *census)
{
	pthread_mutex_lock(&census->lock);
	census->asked = true;
	pthread_cond_signal(&census->changed);
	pthread_mutex_unlock(&census->lock);
}

void
census_put(struct census *census, struct metric_values *values)
{
	pthread_mutex_lock(&census->lock);
	values->of[SERIES_SESSIONS_ENROLLING] = census->enrolling;
	values->of[SERIES_SESSIONS_PENDING] = census->pending;
	values->of[SERIES_SESSIONS_FULL] = census->full;
	values->of[SERIES_BACKUP_LAST] = census->backup_last_us;
	pthread_mutex_unlock(&census->lock);
}
