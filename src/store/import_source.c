#include "store/import_source.h"

#include "base/dsn.h"
#include "base/file.h"
#include "base/mem.h"
#include "base/secret.h"
#include "store/libpq.h"

#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>

struct import_source {
	sqlite3 *sqlite;
	PGconn *postgres; /* one of the two is NULL */
	int64_t steps;    /* SQLite steps since the last row */
};

void
import_source_close(struct import_source **source)
{
	if (*source == NULL)
		return;
	sqlite3_close((*source)->sqlite);
	if ((*source)->postgres != NULL)
		libpq.PQfinish((*source)->postgres);
	mem_free(source);
}

/* --- SQLite ------------------------------------------------------------------------------------------------------- */

/* Limits, because a view can return rows without end and a value can fill the memory. */
enum { VALUE_MAX_BYTES = 1024 * 1024, STEPS_AT_ONCE = 1000000, STEPS_MAX = 100000000, URL_MAX = 4096 };

/* Called after every million steps of SQLite. Stops the query after 100 million steps without a row. */
static int
import_source_sqlite_progress(void *context)
{
	struct import_source *f = context;

	f->steps += STEPS_AT_ONCE;
	return f->steps > STEPS_MAX;
}

static bool
import_source_is_file(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* Flask-SQLAlchemy 3 keeps a relative file in the application's directory instance/. */
static err
import_source_sqlite_find(const char *path, struct why *why, char *ret_path, size_t size)
{
	const char *slash = strrchr(path, '/');
	int folder = slash == NULL ? 0 : (int)(slash + 1 - path);
	int n = snprintf(ret_path, size, "%s", path);
	struct stat status;

	if (n < 0 || (size_t)n + sizeof("instance/") > size)
		return why_set(why, ERR_TOO_LONG, "The path is too long.  Choose a shorter one.");
	if (stat(path, &status) == 0)
		return file_check(path, why);
	snprintf(ret_path, size, "%.*sinstance/%s", folder, path, path + folder);
	if (import_source_is_file(ret_path))
		return ERR_OK;
	return why_set(why, ERR_NOT_FOUND, "%s cannot be read: there is no such file, nor %s.", path, ret_path);
}

static err
import_source_sqlite_open(struct import_source *f, const char *given, struct why *why)
{
	char path[4096];

	TRY(import_source_sqlite_find(given, why, path, sizeof(path)));
	int code = sqlite3_open_v2(path, &f->sqlite, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_exec(f->sqlite, "PRAGMA trusted_schema=OFF; SELECT count(*) FROM sqlite_schema", NULL,
				    NULL, NULL);
	if (code == SQLITE_OK) {
		sqlite3_limit(f->sqlite, SQLITE_LIMIT_LENGTH, VALUE_MAX_BYTES);
		sqlite3_progress_handler(f->sqlite, STEPS_AT_ONCE, import_source_sqlite_progress, f);
		return ERR_OK;
	}
	return why_set(why, code == SQLITE_CANTOPEN ? ERR_NOT_FOUND : ERR_INVALID, "%s cannot be read: %s.", path,
		       f->sqlite == NULL ? "there is no memory" : sqlite3_errmsg(f->sqlite));
}

static struct db_value
import_source_sqlite_value(sqlite3_stmt *statement, int at)
{
	switch (sqlite3_column_type(statement, at)) {
	case SQLITE_INTEGER:
		return DB_INT(sqlite3_column_int64(statement, at));
	case SQLITE_NULL:
		return DB_NULL();
	case SQLITE_BLOB: {
		const void *p = sqlite3_column_blob(statement, at);
		return DB_BLOB(str_bytes(p == NULL ? "" : p, (size_t)sqlite3_column_bytes(statement, at)));
	}
	default: {
		const void *p = sqlite3_column_text(statement, at);
		return DB_TEXT(str_bytes(p == NULL ? "" : p, (size_t)sqlite3_column_bytes(statement, at)));
	}
	}
}

enum { COLUMNS_MAX = 16 };

static err
import_source_sqlite_rows(struct import_source *f, sqlite3_stmt *statement, db_each each, void *context)
{
	struct db_value row[COLUMNS_MAX];
	int columns = sqlite3_column_count(statement), code;

	if (columns > COLUMNS_MAX)
		return ERR_INVALID;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		f->steps = 0;
		for (int i = 0; i < columns; i++)
			row[i] = import_source_sqlite_value(statement, i);
		TRY(each(context, row, (size_t)columns));
	}
	if (code == SQLITE_INTERRUPT)
		return ERR_TOO_LONG;
	return code == SQLITE_DONE ? ERR_OK : ERR_AWAY;
}

static err
import_source_sqlite_all(struct import_source *f, const char *text, db_each each, void *context, struct why *why)
{
	sqlite3_stmt *statement = NULL;
	err e;

	if (sqlite3_prepare_v2(f->sqlite, text, -1, &statement, NULL) != SQLITE_OK)
		return why_set(why, ERR_INVALID, "This is not the expected database: %s.", sqlite3_errmsg(f->sqlite));
	f->steps = 0;
	e = import_source_sqlite_rows(f, statement, each, context);
	if (f->steps > STEPS_MAX)
		e = why_set(why, e,
			    "The source returned no row within the limit of work.  The table may be an endless view.");
	if (e == ERR_AWAY)
		e = why_set(why, e, "Reading the database stopped: %s.", sqlite3_errmsg(f->sqlite));
	sqlite3_finalize(statement);
	return e;
}

/* --- PostgreSQL --------------------------------------------------------------------------------------------------- */

/* Messages of libpq end with a newline and may have several lines. */
static str
import_source_first_line(const char *text)
{
	str rest = str_of(text);

	return str_trim(str_cut(&rest, '\n'));
}

static err
import_source_postgres_open(struct import_source *f, const char *url, struct why *why)
{
	CLEANUP(buf_wipe) struct buf said = BUF(4096);

	TRY(libpq_load(why));
	if (libpq_url_check(url, why) != ERR_OK) /* the URL is an argument, not a setting */
		return ERR_INVALID;
	f->postgres = libpq.PQconnectdb(url);
	if (f->postgres == NULL)
		return ERR_MEMORY;
	if (libpq.PQstatus(f->postgres) == CONNECTION_OK && libpq.PQsetClientEncoding(f->postgres, "UTF8") == 0)
		return ERR_OK;
	dsn_put_trouble(str_of(libpq.PQerrorMessage(f->postgres)), &said);
	return why_set(why, ERR_AWAY, "The PostgreSQL database cannot be reached: %.*s", STR_ARG(buf_str(&said)));
}

static err
import_source_postgres_row(PGresult *result, int row, db_each each, void *context)
{
	struct db_value values[COLUMNS_MAX];
	int columns = libpq.PQnfields(result);

	if (columns > COLUMNS_MAX)
		return ERR_INVALID;
	for (int i = 0; i < columns; i++)
		values[i] = libpq.PQgetisnull(result, row, i) != 0
				? DB_NULL()
				: DB_TEXT(str_bytes(libpq.PQgetvalue(result, row, i),
						    (size_t)libpq.PQgetlength(result, row, i)));
	return each(context, values, (size_t)columns);
}

static err
import_source_postgres_result(PGresult *result, db_each each, void *context, struct why *why)
{
	switch (libpq.PQresultStatus(result)) {
	case PGRES_SINGLE_TUPLE:
		return import_source_postgres_row(result, 0, each, context);
	case PGRES_TUPLES_OK:
	case PGRES_COMMAND_OK:
		return ERR_OK;
	default: {
		str said = import_source_first_line(libpq.PQresultErrorMessage(result));
		return why_set(why, ERR_INVALID, "This is not the expected database: %.*s", STR_ARG(said));
	}
	}
}

/*
 * Read row by row, so that a large table need not fit into memory. After an error, do not read the remaining rows: a
 * view can be endless.
 */
static err
import_source_postgres_rows(struct import_source *f, db_each each, void *context, struct why *why)
{
	PGresult *result;
	err e = ERR_OK;

	while (e == ERR_OK && (result = libpq.PQgetResult(f->postgres)) != NULL) {
		e = import_source_postgres_result(result, each, context, why);
		libpq.PQclear(result);
	}
	return e;
}

static err
import_source_postgres_all(struct import_source *f, const char *text, db_each each, void *context, struct why *why)
{
	CLEANUP(buf_wipe) struct buf query = BUF(4096);

	buf_printf(&query, "SET DateStyle TO 'ISO'; %s", text);
	buf_put_byte(&query, '\0');
	TRY(buf_check(&query));
	if (libpq.PQsendQuery(f->postgres, query.p) != 1 || libpq.PQsetSingleRowMode(f->postgres) != 1) {
		str said = import_source_first_line(libpq.PQerrorMessage(f->postgres));
		return why_set(why, ERR_AWAY, "The PostgreSQL database does not answer: %.*s", STR_ARG(said));
	}
	return import_source_postgres_rows(f, each, context, why);
}

/* --- both --------------------------------------------------------------------------------------------------------- */

/* Remove SQLAlchemy's driver (postgresql+psycopg2://) and, for a SQLite file, the parameters. */
static err
import_source_url_normalise(const char *url, char *ret_url, size_t size)
{
	str rest = str_of(url), scheme = str_cut(&rest, ':'), name;
	int n;

	if (rest.p == NULL)
		return ERR_INVALID;
	name = str_cut(&scheme, '+');
	if (str_equal(name, STR("sqlite")))
		rest = str_cut(&rest, '?');
	n = snprintf(ret_url, size, "%.*s:%.*s", STR_ARG(name), STR_ARG(rest));
	return n < 0 || (size_t)n >= size ? ERR_INVALID : ERR_OK;
}

static err
import_source_open_either(struct import_source *f, const char *url, struct why *why)
{
	str u = str_of(url);

	if (str_starts(u, STR("postgresql://")) || str_starts(u, STR("postgres://")))
		return import_source_postgres_open(f, url, why);
	if (str_starts(u, STR("sqlite:///")) && u.n > strlen("sqlite:///"))
		return import_source_sqlite_open(f, url + strlen("sqlite:///"), why);
	return why_set(
	    why, ERR_INVALID,
	    "That is not the URL of a database: write sqlite:///file, sqlite:////absolute/file or postgresql://...");
}

err
import_source_open(const char *url, struct why *why, struct import_source **ret_source)
{
	char normal[URL_MAX];
	struct import_source *f;
	err e;

	if (import_source_url_normalise(url, normal, sizeof(normal)) != ERR_OK)
		normal[0] = '\0';
	f = mem_new(sizeof(*f));
	if (f == NULL)
		return ERR_MEMORY;
	e = import_source_open_either(f, normal, why);
	if (e == ERR_OK)
		*ret_source = f;
	else
		import_source_close(&f);
	secret_wipe(normal, sizeof(normal));
	return e;
}

err
import_source_all(struct import_source *source, const char *text, db_each each, void *context, struct why *why)
{
	return source->sqlite != NULL ? import_source_sqlite_all(source, text, each, context, why)
				      : import_source_postgres_all(source, text, each, context, why);
}
