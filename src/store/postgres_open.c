/*
 * Connects to PostgreSQL. The URL overrides the defaults set here. libpq's environment variables, password file and
 * service file work as usual.
 */
#include "store/postgres.h"
#include "store/store.h"

#include "base/dsn.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"

#include <stdatomic.h>
#include <stdio.h>

enum { OLDEST_SERVER = 130000, OPEN_TIMEOUT_MS = 10000 };

/* The last attempt to reach the database failed. Connections with a timeout then wait for db_ping to succeed. */
static atomic_bool away;

void
postgres_away(bool is)
{
	atomic_store(&away, is);
}

/* Ignore the server's notices: they are meant for people at a terminal. */
static void
postgres_open_ignore_notice(void *context, const PGresult *result)
{
}

/*
 * Session settings. No other setting matters: names are compared as bytes, and times are numbers.
 *
 * The limit between two statements of a transaction releases the locks of a process whose machine has died. A command
 * gets a minute: on a busy machine, many seconds may pass between two of its statements.
 *
 * With sequential scans disabled, a SERIALIZABLE transaction locks the index pages that it reads instead of a whole
 * table that is still small. Some databases that speak PostgreSQL's protocol do not support the planner settings.
 */
static const char settings_all[] = "SET client_min_messages = 'error'; SET idle_in_transaction_session_timeout = '60s'";
static const char settings_planner[] = "SET enable_seqscan = off; SET jit = off";

static err
postgres_open_session_set_up(struct postgres *p)
{
	TRY(postgres_exec(p, settings_all));
	if (postgres_exec(p, settings_planner) != ERR_OK && p->connection == NULL)
		return ERR_AWAY;
	return ERR_OK;
}

/*
 * The server gives up before the caller: 1.2 of 1.5 seconds. Otherwise an abandoned statement would wait for its lock
 * in the server, beside the connection that replaces it.
 */
err
postgres_timeouts_set(struct postgres *p)
{
	long long timeout_ms = p->timeout_us / 1000;
	char text[160];

	snprintf(
	    text, sizeof(text),
	    "SET statement_timeout = %lld; SET lock_timeout = %lld; SET idle_in_transaction_session_timeout = %lld",
	    timeout_ms * 4 / 5, timeout_ms * 4 / 5, timeout_ms * 4);
	return postgres_exec(p, text);
}

/* Restore the state of the previous connection. */
static err
postgres_open_session_resume(struct postgres *p)
{
	if (p->timeout_us != 0)
		TRY(postgres_timeouts_set(p));
	if (p->claim != DB_CLAIM_NONE)
		TRY(db_claim(&p->db, p->claim));
	return p->listens ? postgres_exec(p, "LISTEN doubletour") : ERR_OK;
}

/*
 * libpq quotes its idea of host, user and database: if the password is not percent-encoded, these contain parts of it.
 */
static err
postgres_open_not_connected(struct postgres *p)
{
	CLEANUP(buf_wipe) struct buf said = BUF(POSTGRES_MESSAGE_BYTES);

	dsn_put_trouble(str_of(libpq.PQerrorMessage(p->connection)), &said);
	buf_put_byte(&said, '\0');
	return postgres_lost(p, buf_check(&said) == ERR_OK ? said.p : "it does not answer");
}

/*
 * Seconds until libpq tries the next host. With a statement timeout a user waits for the connection. Without one the
 * program is starting, or a command runs: a busy machine needs seconds to start a server process.
 */
static const char *
postgres_open_connect_timeout(const struct postgres *p)
{
	return p->timeout_us == 0 || p->timeout_us >= OPEN_TIMEOUT_MS * INT64_C(1000) ? "10" : "2";
}

static err
postgres_open_connect_once(struct postgres *p)
{
	/* Keys before dbname are defaults; the URL overrides them. */
	const char *const keys[] = { "connect_timeout",  "target_session_attrs",
				     "keepalives_idle",  "keepalives_interval",
				     "keepalives_count", "tcp_user_timeout",
				     "application_name", "dbname",
				     "client_encoding",  NULL };
	const char *const values[] = { postgres_open_connect_timeout(p),
				       "read-write",
				       "30",
				       "10",
				       "3",
				       "5000",
				       "doubletour",
				       p->url,
				       "UTF8",
				       NULL };

	p->connection = libpq.PQconnectdbParams(keys, values, 1);
	if (p->connection == NULL)
		return ERR_MEMORY;
	if (libpq.PQstatus(p->connection) != CONNECTION_OK)
		return postgres_open_not_connected(p);
	libpq.PQsetNoticeReceiver(p->connection, postgres_open_ignore_notice, NULL);
	return postgres_open_session_set_up(p);
}

static err
postgres_open_connect_and_resume(struct postgres *p)
{
	err e = postgres_open_connect_once(p);

	if (e == ERR_OK)
		e = postgres_open_session_resume(p);
	if (e == ERR_OK)
		return ERR_OK;
	if (p->connection != NULL)
		(void)!postgres_lost(p, p->message);
	return ERR_AWAY;
}

err
postgres_reconnect(struct postgres *p)
{
	enum db_claim claim = p->claim; /* keep the claim even if it could not be renewed */
	err e = postgres_open_connect_and_resume(p);

	p->claim = claim;
	postgres_away(e != ERR_OK);
	if (e != ERR_OK)
		log_event(LOG_WARNING, "database.lost", LOG_TEXT("why", p->message));
	return e;
}

err
postgres_connected(struct postgres *p)
{
	if (p->connection != NULL)
		return ERR_OK;
	if (p->in_transaction || (p->timeout_us != 0 && atomic_load(&away)))
		return ERR_AWAY;
	return postgres_reconnect(p);
}

void
postgres_close(struct db *db)
{
	struct postgres *p = (struct postgres *)db;

	if (p->connection != NULL)
		libpq.PQfinish(p->connection);
	secret_wipe(p->url, strlen(p->url));
	mem_drop(p->url);
	mem_drop(p);
}

/* --- checks on first connection ----------------------------------------------------------------------------------- */

static err
postgres_open_version_check(struct postgres *p, struct why *why)
{
	int version = libpq.PQserverVersion(p->connection);
	const char *encoding = libpq.PQparameterStatus(p->connection, "server_encoding");

	if (version < OLDEST_SERVER)
		return why_set(why, ERR_CONFIG,
			       "The PostgreSQL server has version %d, but this program needs 13 or newer.",
			       version / 10000);
	if (encoding != NULL && !str_equal(str_of(encoding), STR("UTF8")))
		return why_set(why, ERR_CONFIG,
			       "The database's encoding is %s, and this program needs UTF8: CREATE DATABASE name "
			       "ENCODING 'UTF8' TEMPLATE template0",
			       encoding);
	return ERR_OK;
}

struct contents {
	bool schema, may_create;
	int64_t tables, ours;
};

static err
postgres_open_contents_row(void *context, const struct db_value *row, size_t columns)
{
	*(struct contents *)context =
	    (struct contents){ row[0].number != 0, row[1].number != 0, row[2].number, row[3].number };
	return ERR_OK;
}

static err
postgres_open_not_usable(const struct postgres *p, err e, struct why *why)
{
	return why_set(why, e, "The PostgreSQL database cannot be used: %s.", p->message);
}

static err
postgres_open_contents_check(struct postgres *p, struct why *why)
{
	static const char text[] = "SELECT current_schema() IS NOT NULL, "
				   "pg_catalog.has_schema_privilege(current_schema(), 'CREATE'), count(*), "
				   "count(*) FILTER (WHERE tablename = 'schema_migrations') "
				   "FROM pg_catalog.pg_tables WHERE schemaname = current_schema()";
	struct contents contents = { 0 };
	err e = db_text(&p->db, text, NULL, 0, postgres_open_contents_row, &contents);

	if (e != ERR_OK)
		return postgres_open_not_usable(p, e, why);
	if (!contents.schema)
		return why_set(why, ERR_CONFIG,
			       "The schema in the database's search_path does not exist: create it with CREATE SCHEMA, "
			       "or set search_path "
			       "for the user %s.",
			       libpq.PQuser(p->connection));
	if (contents.tables > 0 && contents.ours == 0)
		return why_set(why, ERR_CONFIG,
			       "The database %s holds another program's tables; nothing in it was changed.  Name a "
			       "database for Doubletour alone with DATABASE_URL.",
			       libpq.PQdb(p->connection));
	if (contents.ours == 0 && !contents.may_create)
		return why_set(
		    why, ERR_CONFIG,
		    "The user %s may not create tables in the database %s.  Run: ALTER DATABASE %s OWNER TO %s",
		    libpq.PQuser(p->connection), libpq.PQdb(p->connection), libpq.PQdb(p->connection),
		    libpq.PQuser(p->connection));
	return ERR_OK;
}

/* Copy the name of a table that the user may not read and write. */
static err
postgres_open_closed_row(void *context, const struct db_value *row, size_t columns)
{
	char *name = context;

	return str_copy_z(row[0].bytes, name, 64);
}

static err
postgres_open_rights_check(struct postgres *p, struct why *why)
{
	static const char text[] = "SELECT tablename::text FROM pg_catalog.pg_tables, "
				   "LATERAL pg_catalog.format('%I.%I', schemaname, tablename) AS full_name "
				   "WHERE schemaname = current_schema() AND tablename = $1 AND NOT ("
				   "pg_catalog.has_table_privilege(full_name, 'SELECT') AND "
				   "pg_catalog.has_table_privilege(full_name, 'INSERT') AND "
				   "pg_catalog.has_table_privilege(full_name, 'UPDATE') AND "
				   "pg_catalog.has_table_privilege(full_name, 'DELETE'))";
	char closed[64] = "";

	for (size_t i = 0; i < store_tables_count && closed[0] == '\0'; i++) {
		const struct db_value args[] = { DB_TEXT(str_of(store_tables[i].name)) };
		err e = db_text(&p->db, text, args, COUNT(args), postgres_open_closed_row, closed);
		if (e != ERR_OK)
			return postgres_open_not_usable(p, e, why);
	}
	if (closed[0] == '\0')
		return ERR_OK;
	return why_set(
	    why, ERR_CONFIG,
	    "The user %s may not read and write the table %s: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES "
	    "IN SCHEMA public TO %s",
	    libpq.PQuser(p->connection), closed, libpq.PQuser(p->connection));
}

static err
postgres_open_take_number(void *context, const struct db_value *row, size_t columns)
{
	*(int64_t *)context = row[0].number;
	return ERR_OK;
}

static err
postgres_open_backend_of(struct postgres *p, int64_t *ret_backend)
{
	return db_text(&p->db, "SELECT pg_catalog.pg_backend_pid()::bigint", NULL, 0, postgres_open_take_number,
		       ret_backend);
}

static struct postgres *
postgres_new(const char *url)
{
	struct postgres *p = mem_new(sizeof(*p));

	if (p == NULL)
		return NULL;
	p->db.ops = &postgres_ops;
	p->timeout_us = OPEN_TIMEOUT_MS * INT64_C(1000);
	p->url = mem_new(strlen(url) + 1);
	if (p->url == NULL)
		mem_free(&p);
	else
		memcpy(p->url, url, strlen(url));
	return p;
}

/*
 * Does a pooler assign servers per transaction instead of per session? Prepared statements, LISTEN and advisory locks
 * do not work then. Such a pooler gives a second connection the server of the first one, or moves the first connection
 * to another server while the second one is in a transaction.
 */
static err
postgres_open_shares_servers(struct postgres *p, int64_t backend, bool *ret_shares, struct why *why)
{
	struct postgres *other = postgres_new(p->url);
	CLEANUP(db_close) struct db *second = other == NULL ? NULL : &other->db; /* closed on return */
	int64_t of_second = 0, now = 0;
	err e;

	if (second == NULL)
		return ERR_MEMORY;
	e = postgres_open_connect_once(other);
	if (e == ERR_OK)
		e = postgres_exec(other, "BEGIN");
	if (e == ERR_OK)
		e = postgres_open_backend_of(other, &of_second);
	if (e != ERR_OK)
		return postgres_open_not_usable(other, e, why);
	e = postgres_open_backend_of(p, &now);
	*ret_shares = of_second == backend || now != backend;
	return e == ERR_OK ? ERR_OK : postgres_open_not_usable(p, e, why);
}

static err
postgres_open_pooler_check(struct postgres *p, struct why *why)
{
	int64_t backend = 0;
	bool shares = false;
	err e = postgres_open_backend_of(p, &backend);

	if (e != ERR_OK)
		return postgres_open_not_usable(p, e, why);
	if (backend == libpq.PQbackendPID(p->connection)) /* a pooler reports its own process ids */
		return ERR_OK;
	TRY(postgres_open_shares_servers(p, backend, &shares, why));
	if (!shares)
		return ERR_OK;
	return why_set(why, ERR_CONFIG,
		       "A pooler in front of the database shares its connections between transactions.  Set "
		       "pool_mode = session for this database, or connect to PostgreSQL directly: each node keeps only "
		       "a few connections.");
}

static err
postgres_open_checks(struct postgres *p, struct why *why)
{
	TRY(postgres_open_version_check(p, why));
	TRY(postgres_open_pooler_check(p, why));
	TRY(postgres_open_contents_check(p, why));
	return postgres_open_rights_check(p, why);
}

static err
postgres_open_first_time(struct postgres *p, struct why *why)
{
	err e;

	TRY(libpq_load(why));
	TRY(libpq_url_check(p->url, why));
	e = postgres_open_connect_once(p);
	if (e != ERR_OK)
		return why_set(
		    why, e,
		    "The PostgreSQL database cannot be reached: %s.  `doubletour config show` prints its address.",
		    p->message);
	TRY(postgres_open_checks(p, why));
	p->timeout_us = 0;
	return ERR_OK;
}

err
postgres_open(const char *url, struct why *why, struct db **ret_db)
{
	struct postgres *p = postgres_new(url);
	err e;

	if (p == NULL)
		return why_set(why, ERR_MEMORY, "There is not enough memory to open the database.");
	e = postgres_open_first_time(p, why);
	if (e == ERR_OK)
		*ret_db = &p->db;
	else
		postgres_close(&p->db);
	return e;
}
