#include "store/foreign.h"

#include "base/mem.h"
#include "store/libpq.h"

#include <sqlite3.h>

struct foreign {
	sqlite3 *sqlite;
	PGconn *postgres; /* one of the two */
};

void
foreign_close(struct foreign **foreign)
{
	if (*foreign == NULL)
		return;
	sqlite3_close((*foreign)->sqlite);
	if ((*foreign)->postgres != NULL)
		libpq.PQfinish((*foreign)->postgres);
	mem_free(foreign);
}

/* --- SQLite ------------------------------------------------------------------------------------------------------- */

static err
sqlite_open(struct foreign *f, const char *path, struct why *why)
{
	int code = sqlite3_open_v2(path, &f->sqlite, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);

	if (code == SQLITE_OK)
		code = sqlite3_exec(f->sqlite, "PRAGMA trusted_schema=OFF; SELECT count(*) FROM sqlite_schema", NULL,
				    NULL, NULL);
	if (code == SQLITE_OK)
		return ERR_OK;
	return why_set(why, code == SQLITE_CANTOPEN ? ERR_NOT_FOUND : ERR_INVALID, "%s cannot be read: %s.", path,
		       f->sqlite == NULL ? "there is no memory" : sqlite3_errmsg(f->sqlite));
}

static struct db_value
sqlite_value(sqlite3_stmt *statement, int at)
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
sqlite_rows(sqlite3_stmt *statement, db_each each, void *context)
{
	struct db_value row[COLUMNS_MAX];
	int columns = sqlite3_column_count(statement), code;

	if (columns > COLUMNS_MAX)
		return ERR_INVALID;
	while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
		for (int i = 0; i < columns; i++)
			row[i] = sqlite_value(statement, i);
		TRY(each(context, row, (size_t)columns));
	}
	return code == SQLITE_DONE ? ERR_OK : ERR_AWAY;
}

static err
sqlite_all(struct foreign *f, const char *text, db_each each, void *context, struct why *why)
{
	sqlite3_stmt *statement = NULL;
	err e;

	if (sqlite3_prepare_v2(f->sqlite, text, -1, &statement, NULL) != SQLITE_OK)
		return why_set(why, ERR_INVALID, "That is not the database that is expected: %s.",
			       sqlite3_errmsg(f->sqlite));
	e = sqlite_rows(statement, each, context);
	if (e == ERR_AWAY)
		e = why_set(why, e, "The database cannot be read to its end: %s.", sqlite3_errmsg(f->sqlite));
	sqlite3_finalize(statement);
	return e;
}

/* --- PostgreSQL --------------------------------------------------------------------------------------------------- */

/* libpq's sentences end with a newline, and may have several lines. */
static str
first_line(const char *text)
{
	str rest = str_of(text);

	return str_trim(str_cut(&rest, '\n'));
}

static err
postgres_open(struct foreign *f, const char *url, struct why *why)
{
	TRY(libpq_load(why));
	f->postgres = libpq.PQconnectdb(url);
	if (f->postgres == NULL)
		return ERR_MEMORY;
	if (libpq.PQstatus(f->postgres) == CONNECTION_OK && libpq.PQsetClientEncoding(f->postgres, "UTF8") == 0)
		return ERR_OK;
	str said = first_line(libpq.PQerrorMessage(f->postgres));
	return why_set(why, ERR_AWAY, "The PostgreSQL database cannot be reached: %.*s", STR_ARG(said));
}

static err
postgres_row(PGresult *result, int row, db_each each, void *context)
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

/* Row by row: a large table need not stand in memory whole. */
static err
postgres_rows(struct foreign *f, db_each each, void *context, struct why *why)
{
	PGresult *result;
	err e = ERR_OK;

	while ((result = libpq.PQgetResult(f->postgres)) != NULL) {
		ExecStatusType status = libpq.PQresultStatus(result);
		if (e == ERR_OK && status == PGRES_SINGLE_TUPLE)
			e = postgres_row(result, 0, each, context);
		else if (e == ERR_OK && status != PGRES_TUPLES_OK) {
			str said = first_line(libpq.PQresultErrorMessage(result));
			e = why_set(why, ERR_INVALID, "That is not the database that is expected: %.*s", STR_ARG(said));
		}
		libpq.PQclear(result);
	}
	return e;
}

static err
postgres_all(struct foreign *f, const char *text, db_each each, void *context, struct why *why)
{
	if (libpq.PQsendQuery(f->postgres, text) != 1 || libpq.PQsetSingleRowMode(f->postgres) != 1) {
		str said = first_line(libpq.PQerrorMessage(f->postgres));
		return why_set(why, ERR_AWAY, "The PostgreSQL database does not answer: %.*s", STR_ARG(said));
	}
	return postgres_rows(f, each, context, why);
}

/* --- both --------------------------------------------------------------------------------------------------------- */

static err
open_either(struct foreign *f, const char *url, struct why *why)
{
	str u = str_of(url);

	if (str_starts(u, STR("postgresql://")) || str_starts(u, STR("postgres://")))
		return postgres_open(f, url, why);
	if (str_starts(u, STR("sqlite:///")) && u.n > strlen("sqlite:///"))
		return sqlite_open(f, url + strlen("sqlite:///"), why);
	return why_set(
	    why, ERR_INVALID,
	    "That is no address of a database: sqlite:///file, sqlite:////absolute/file or postgresql://...");
}

err
foreign_open(const char *url, struct why *why, struct foreign **ret_foreign)
{
	struct foreign *f = mem_new(sizeof(*f));
	err e;

	if (f == NULL)
		return ERR_MEMORY;
	e = open_either(f, url, why);
	if (e == ERR_OK)
		*ret_foreign = f;
	else
		foreign_close(&f);
	return e;
}

err
foreign_all(struct foreign *foreign, const char *text, db_each each, void *context, struct why *why)
{
	return foreign->sqlite != NULL ? sqlite_all(foreign, text, each, context, why)
				       : postgres_all(foreign, text, each, context, why);
}
