/*
 * Opens the keeper: settings, database and key must belong together before it answers the first question.
 */
#include "keeper/core/keeper.h"

#include "base/digest.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/secret.h"
#include "access/live_rules.h"
#include "keeper/keys/keys.h"
#include "keeper/ops/database.h"
#include "keeper/ops/lock.h"
#include "keeper/ops/passkey_loss.h"
#include "keeper/oidc/signing_cache.h"
#include "keeper/password/passwords.h"
#include "keeper/core/notification.h"
#include "keeper/core/call.h"
#include "keeper/core/failure.h"
#include "store/migrate.h"
#include "store/store.h"
#include "webauthn/challenge.h"

struct keeper {
	_Atomic(const struct config *) config; /* the current version (config/live.h) */
	struct keys keys;
	struct live_rules rules;
	struct signing_cache *signing_cache;
	struct password_hash dummy_hash;
	struct store_identity database; /* identity of the database opened at start */
	keeper_ended ended;
	void *ended_context;
};

const struct config *
keeper_config(const struct keeper *k)
{
	return k->config;
}

void
keeper_config_set(struct keeper *k, const struct config *config)
{
	k->config = config;
}

const struct keys *
keeper_keys(const struct keeper *k)
{
	return &k->keys;
}

const struct token *
keeper_name_key(const struct keeper *k)
{
	return &k->keys.names;
}

const char *
keeper_dummy_hash(const struct keeper *k)
{
	return k->dummy_hash.z;
}

struct live_rules *
keeper_live_rules(struct keeper *k)
{
	return &k->rules;
}

struct signing_cache *
keeper_signing_cache(struct keeper *k)
{
	return k->signing_cache;
}

/* In production the operator decides when the database is created and upgraded. */
static bool
keeper_open_creates(const struct config *config, enum keeper_mode mode)
{
	return mode == KEEPER_CREATE && config->profile != PROFILE_PRODUCTION;
}

static void
keeper_open_report_migration(void *context, const struct migration *migration, bool up)
{
	if (migration == NULL)
		log_event(LOG_NOTICE, "database.waiting");
	else
		log_event(LOG_NOTICE, up ? "database.upgrade" : "database.downgrade",
			  LOG_INT("version", migration->version), LOG_TEXT("name", migration->name));
}

/* A database whose key is missing or wrong stays as it is. */
static err
keeper_open_migrate(const struct config *config, const struct master_key *master, struct db *db, int version,
		    struct why *why)
{
	CLEANUP(keys_wipe) struct keys keys = { 0 };
	size_t rows = 0;

	if (version == 0) /* in one transaction: no other command finds a part of the schema */
		return migrate_at_once(db, migrate_head(), keeper_open_report_migration, NULL, why);
	TRY(keys_check(config, master, db, why, &keys, &rows));
	return migrate_to(db, migrate_head(), keeper_open_report_migration, NULL, why);
}

static err
keeper_open_schema_ready(const struct config *config, bool create, const struct master_key *master, struct db *db,
			 struct why *why)
{
	int version = 0;

	TRY(migrate_check(db, why));
	TRY(migrate_current(db, &version));
	if (version == migrate_head())
		return ERR_OK;
	if (create)
		return keeper_open_migrate(config, master, db, version, why);
	if (version == 0)
		return database_empty(config, why);
	return why_set(
	    why, ERR_CONFIG, "The database %.200s is at migration %04d, but this program needs %04d.  %s",
	    config->database_name, version, migrate_head(),
	    config->database == DATABASE_SQLITE
		? "Stop the server, copy the file, then run `doubletour db upgrade`.  With DATABASE_UPGRADE=auto, the "
		  "next start of the server makes the copy and upgrades."
		: "Make a backup, then run `doubletour db upgrade`.");
}

/* Fails while a command on any machine holds the database exclusively. */
static err
keeper_open_claim(const struct config *config, struct db *db, struct why *why)
{
	err e = db_claim(db, DB_CLAIM_SHARED);

	if (e == ERR_BUSY)
		return why_set(
		    why, e,
		    "Another command has exclusive access to the database %s.  Start the server after it has finished.",
		    config->database_name);
	return e;
}

static err
keeper_open_database_new(const struct config *config, bool create, struct why *why, struct db **ret_db)
{
	return create ? store_open(config->database_path, STORE_CREATE, why, ret_db)
		      : database_open(config, why, ret_db);
}

/* Opens the database, prepares its schema, and checks every query. */
static err
keeper_open_database_open(const struct config *config, bool create, const struct master_key *master, struct why *why,
			  struct db **ret_db)
{
	struct db *db = NULL;
	err e;

	TRY(keeper_open_database_new(config, create, why, &db));
	e = keeper_open_claim(config, db, why);
	if (e == ERR_OK)
		e = keeper_open_schema_ready(config, create, master, db, why);
	if (e == ERR_OK)
		e = store_understands(db, why);
	if (e == ERR_OK)
		*ret_db = db;
	else
		db_close(&db);
	/* the message does not name the file, or there is no message */
	if ((e == ERR_CORRUPT && config->database == DATABASE_SQLITE) || (e != ERR_OK && why->text[0] == '\0'))
		return why_set(why, e, "The database %.200s cannot be used.  %s  If it is damaged, restore a backup.",
			       config->database_name, failure_sentence(e));
	return e;
}

static err
keeper_open_keys_open(struct keeper *k, bool create, struct master_key *master, struct db *db, struct why *why)
{
	bool missing = master->n == 0;

	TRY(keys_open(k->config, master, db, create, why, &k->keys));
	if (missing)
		log_event(LOG_NOTICE, "key.made", LOG_TEXT("file", master->path));
	return ERR_OK;
}

/* Commands work without these passkeys.  In development and testing the log is enough. */
static err
keeper_open_check_passkeys(const struct config *config, struct db *db, struct why *why)
{
	struct why loss = { 0 };
	err e = passkey_loss_check(config, db, &loss);

	if (e == ERR_CONFIG && config->profile != PROFILE_PRODUCTION) {
		log_event(LOG_WARNING, "passkeys.lost", LOG_TEXT("why", loss.text));
		return ERR_OK;
	}
	if (e != ERR_OK)
		*why = loss;
	return e;
}

static err
keeper_open_fill(struct keeper *k, enum keeper_mode mode, struct why *why)
{
	bool create = keeper_open_creates(k->config, mode);
	CLEANUP(first_start_end) struct first_start start = { .lock = { .fd = -1 } };
	CLEANUP(master_key_wipe) struct master_key master = { 0 };
	CLEANUP(db_close) struct db *db = NULL;
	err e = digest_setup();

	if (e == ERR_OK)
		e = password_hash_dummy(k->config, &k->dummy_hash); /* unknown names are checked against this hash */
	if (e != ERR_OK)
		return why_set(why, e, "The keeper could not set up its hashes.  %s", failure_sentence(e));
	/* Report an invalid key before the database is changed. */
	TRY(master_key_read(k->config, why, &master));
	/* A command waits until the process that creates key and database has finished. */
	if (master.n == 0 || k->config->database == DATABASE_SQLITE)
		TRY(first_start_begin(k->config, create, why, &start));
	if (master.n == 0) /* another process may have created it while we waited */
		TRY(master_key_read(k->config, why, &master));
	TRY(keeper_open_database_open(k->config, create, &master, why, &db));
	if (mode == KEEPER_CREATE)
		TRY(keeper_open_check_passkeys(k->config, db, why));
	k->database = store_identity(k->config->database_path);
	return keeper_open_keys_open(k, create, &master, db, why);
}

err
keeper_open(const struct config *config, enum keeper_mode mode, struct why *why, struct keeper **ret_keeper)
{
	struct keeper *k = mem_new(sizeof(*k));
	err e;

	if (k == NULL)
		return why_set(why, ERR_MEMORY, "There is not enough memory to start.");
	if (live_rules_begin(&k->rules) != ERR_OK) {
		mem_free(&k);
		return why_set(why, ERR_MEMORY, "There is not enough memory to start.");
	}
	k->config = config;
	e = signing_cache_new(&k->signing_cache);
	if (e == ERR_OK)
		e = keeper_open_fill(k, mode, why);
	else
		(void)!why_set(why, e, "There is not enough memory to start.");
	if (e == ERR_OK)
		*ret_keeper = k;
	else
		keeper_close(&k);
	return e;
}

void
keeper_on_ended(struct keeper *k, keeper_ended ended, void *context)
{
	k->ended = ended;
	k->ended_context = context;
}

void
keeper_session_ended(const struct keeper *k, const struct token *token_hash)
{
	if (k->ended != NULL)
		k->ended(k->ended_context, token_hash);
}

err
keeper_form_key(const struct keeper *k, struct token *ret_key)
{
	*ret_key = k->keys.form;
	return ERR_OK;
}

err
keeper_challenge_key(const struct keeper *k, int64_t minute, struct token *ret_key)
{
	struct challenge_key key;

	TRY(challenge_key_derive(k->keys.challenges.b, CHALLENGE_SIGN_IN, minute, &key));
	_Static_assert((int)CHALLENGE_KEY_BYTES == (int)TOKEN_BYTES, "a push carries the key as a token");
	memcpy(ret_key->b, key.b, CHALLENGE_KEY_BYTES);
	secret_wipe(&key, sizeof(key));
	return ERR_OK;
}

struct token
keeper_public_key(const struct keeper *k)
{
	struct token key;

	memcpy(key.b, k->keys.signing.public_key, sizeof(key.b));
	return key;
}

void
keeper_close(struct keeper **k)
{
	if (*k == NULL)
		return;
	live_rules_end(&(*k)->rules);
	signing_cache_free(&(*k)->signing_cache);
	keys_wipe(&(*k)->keys);
	secret_wipe(*k, sizeof(**k));
	mem_free(k);
}

/* --- threads ------------------------------------------------------------------------------------------------------ */

/* If another file has replaced the database, two threads would use different databases. */
static err
keeper_open_database_same(const struct keeper_thread *t, struct why *why)
{
	const struct store_identity found = store_identity(t->keeper->config->database_path);

	if (store_identity_equal(&found, &t->keeper->database))
		return ERR_OK;
	return why_set(why, ERR_AWAY,
		       "The database %s was deleted or replaced while the server was running.  Put the old file back, "
		       "or restart the server.",
		       t->keeper->config->database_name);
}

static err
keeper_open_thread_fill(struct keeper_thread *t)
{
	struct why why = { 0 };
	err e = keeper_open_database_same(t, &why);

	if (e == ERR_OK)
		e = store_open(t->keeper->config->database_path, STORE_EXISTING, &why, &t->db);
	if (e == ERR_OK)
		e = db_set_statement_timeout(t->db, DB_STATEMENT_TIMEOUT_MS, &why);
	if (e != ERR_OK)
		log_event(LOG_ERROR, "database.open", LOG_TEXT("why", why.text));
	return e;
}

err
keeper_thread_open(struct keeper *k, struct keeper_thread **ret_thread)
{
	struct keeper_thread *t = mem_new(sizeof(*t));
	err e;

	if (t == NULL)
		return ERR_MEMORY;
	t->keeper = k;
	e = keeper_open_thread_fill(t);
	if (e == ERR_OK)
		*ret_thread = t;
	else
		keeper_thread_close(&t);
	return e;
}

void
keeper_thread_quick(struct keeper_thread *t)
{
	t->quick = true;
}

void
keeper_thread_close(struct keeper_thread **t)
{
	if (*t == NULL)
		return;
	db_close(&(*t)->db);
	mem_free(t);
}

err
keeper_probe(struct keeper_thread *t, struct why *why)
{
	return db_probe(t->db, why);
}

/* --- several nodes ------------------------------------------------------------------------------------------------ */

err
keeper_join(struct keeper_thread *t)
{
	TRY(db_claim(t->db, DB_CLAIM_SHARED));
	return db_listen(t->db);
}

int
keeper_notification_fd(struct keeper_thread *t)
{
	return db_listening_fd(t->db);
}

static void
keeper_open_notified_ended(void *context, const struct token *hash)
{
	keeper_session_ended(context, hash);
}

static void
keeper_open_notified(void *context, str text)
{
	notification_read(text, keeper_open_notified_ended, context);
}

err
keeper_read_notifications(struct keeper_thread *t)
{
	return db_read_notifications(t->db, keeper_open_notified, t->keeper);
}
