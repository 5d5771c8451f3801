/*
 * Deletes expired rows. Security does not depend on it: an expired row grants nothing even before it is deleted.
 */
#include "base/log.h"
#include "keeper/session/devices.h"
#include "keeper/core/call.h"
#include "keeper/factor/passkey_removal.h"

enum { BATCH = 200, BATCHES_MAX = 250 };

struct purging {
	enum sql query;
	int64_t (*age_us)(const struct config *config); /* delete rows older than this; NULL: expired rows */
};

static int64_t
purge_lifetime(const struct config *config)
{
	return config->session_lifetime_us;
}

static int64_t
purge_idle(const struct config *config)
{
	return config->session_idle_us;
}

/* No session outlives the later of the two: keeper/core/session_state.c. */
static int64_t
purge_remembered(const struct config *config)
{
	return config->session_remember_us > config->session_lifetime_us ? config->session_remember_us
									 : config->session_lifetime_us;
}

static int64_t
purge_pending(const struct config *config)
{
	return PENDING_US;
}

static int64_t
purge_device(const struct config *config)
{
	return MINUTES_US(24 * 60 * DEVICE_DAYS);
}

static int64_t
purge_passkey_removed(const struct config *config)
{
	return MINUTES_US(24 * 60 * PASSKEY_REMOVED_DAYS);
}

/* If all audit entries are kept, the limit lies before 1970. */
static int64_t
purge_audit(const struct config *config)
{
	return config->audit_days == 0 ? INT64_MAX / 2 : MINUTES_US(INT64_C(24) * 60 * config->audit_days);
}

static int64_t
purge_code(const struct config *config)
{
	return MINUTES_US(60);
}

static const struct purging purgings[] = {
	{ SQL_SESSION_PURGE_LIFETIME, purge_lifetime },
	{ SQL_SESSION_PURGE_IDLE, purge_idle },
	{ SQL_SESSION_PURGE_REMEMBERED, purge_remembered },
	{ SQL_SESSION_PURGE_PENDING, purge_pending },
	{ SQL_THROTTLE_PURGE_NOTHING, NULL },
	{ SQL_THROTTLE_PURGE_FORGOTTEN, NULL },
	{ SQL_THROTTLE_PURGE_DEVICES, NULL },
	{ SQL_AUDIT_PURGE, purge_audit },
	{ SQL_LINK_PURGE, NULL },
	{ SQL_DEVICE_PURGE, purge_device },
	{ SQL_FACTOR_PURGE, NULL },
	{ SQL_PASSKEY_REMOVED_PURGE, purge_passkey_removed },
	{ SQL_GATE_TICKET_PURGE, NULL },
	{ SQL_OIDC_KEY_PURGE, NULL },
	{ SQL_OIDC_CODE_PURGE, purge_code },
	{ SQL_OIDC_ACCESS_TOKEN_PURGE, NULL },
	{ SQL_OIDC_GRANT_PURGE, NULL },
};

static err
purge_batch(struct keeper_thread *t, const struct purging *purging, int64_t *ret_deleted)
{
	int64_t now_us = 0;

	TRY(clock_now_us(&now_us));
	const struct db_value args[] = {
		DB_INT(now_us - (purging->age_us == NULL ? 0 : purging->age_us(keeper_config(t->keeper)))),
		DB_INT(BATCH)
	};
	return db_run(t->db, purging->query, args, COUNT(args), ret_deleted);
}

/* *at = purging * BATCHES_MAX + batch. */
bool
keeper_purge(struct keeper_thread *t, unsigned *at)
{
	const struct purging *purging = &purgings[*at / BATCHES_MAX];
	int64_t deleted = 0;
	err e = purge_batch(t, purging, &deleted);

	if (e != ERR_OK) {
		log_event(LOG_WARNING, "purge.failed", LOG_TEXT("why", err_name(e)));
		return false;
	}
	*at += deleted == BATCH ? 1 : BATCHES_MAX - *at % BATCHES_MAX;
	return *at / BATCHES_MAX < COUNT(purgings);
}
