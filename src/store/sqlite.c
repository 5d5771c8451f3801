/*
 * The SQLite driver.  WAL with synchronous=FULL: a commit that returned is on the disk.
 */
#include "store/driver.h"
#include "store/store.h"

#include "base/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUSY_MS = 2000, COLUMNS_MAX = 32, PATH_MAX_BYTES = 4096 };

struct sqlite {
	struct db db; /* first */
	sqlite3 *handle;
	sqlite3_stmt *prepared[SQL_COUNT];
};

static struct sqlite *
of(struct db *db)
{
	return (struct sqlite *)db;
}

static err
error_of(int code)
{
	if (code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY)
		return ERR_EXISTS;
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_DONE:
	case SQLITE_ROW:
		return ERR_OK;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return ERR_BUSY;
	case SQLITE_NOMEM:
		return ERR_MEMORY;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		return ERR_CORRUPT;
	case SQLITE_CONSTRAINT:
	case SQLITE_MISMATCH:
	case SQLITE_RANGE:
	case SQLITE_MISUSE:
	case SQLITE_ERROR:
		return ERR_INVALID;
	default: /* full, I/O, read-only, cannot open, ... */
		return ERR_AWAY;
	}
}

/* --- statements --------------------------------------------------------------------------------------------------- */

static int
bind_one(sqlite3_stmt *statement, int at, const struct db_value *value)
{
	const char *p = value->bytes.p == NULL ? "" : value->bytes.p;

	switch (value->kind) {
	case DB_KIND_INT:
		return sqlite3_bind_int64(statement, at, value->number);
	case DB_KIND_TEXT: /* the caller's texts outlive the step */
		return sqlite3_bind_text64(statement, at, p, value->bytes.n, SQLITE_STATIC, SQLITE_UTF8);
	case DB_KIND_BLOB:
		return sqlite3_bind_blob64(statement, at, p, value->bytes.n, SQLITE_STATIC);
	case DB_KIND_NULL:
		break;
	}
	return sqlite3_bind_null(statement, at);
}

static err
bind_all(sqlite3_stmt *statement, const struct db_value *args, size_t n)
{
	if ((size_t)sqlite3_bind_parameter_count(statement) != n)
		return ERR_INVALID;
	for (size_t i = 0; i < n; i++)
		TRY(error_of(bind_one(statement, (int)i + 1, &args[i])));
	return ERR_OK;
}

static struct db_value
column(sqlite3_stmt *statement, int at)
{
	switch (sqlite3_column_type(statement, at)) {
	case SQLITE_INTEGER:
		return DB_INT(sqlite3_column_int64(statement, at));
	case SQLITE_TEXT: {
		const void *text = sqlite3_column_text(statement, at);
		return DB_TEXT(str_bytes(text, (size_t)sqlite3_column_bytes(statement, at)));
	}
	case SQLITE_BLOB: {
		const void *blob = sqlite3_column_blob(statement, at);
		return DB_BLOB(str_bytes(blob, (size_t)sqlite3_column_bytes(statement, at)));
	}
	default:
		return DB_NULL();
	}
}

static err
each_row(sqlite3_stmt *statement, db_each each, void *context)
{
	struct db_value row[COLUMNS_MAX];
	int columns = sqlite3_column_count(statement);

	if (each == NULL)
		return ERR_OK;
	if (columns > COLUMNS_MAX)
		return ERR_INVALID;
	for (int i = 0; i < columns; i++)
		row[i] = column(statement, i);
	return each(context, row, (size_t)columns);
}

static err
step_all(sqlite3_stmt *statement, db_each each, void *context)
{
	int code;

	while ((code = sqlite3_step(statement)) == SQLITE_ROW)
		TRY(each_row(statement, each, context));
	return error_of(code);
}

static err
sqlite_step_statement(struct sqlite *s, sqlite3_stmt *statement, const struct db_value *args, size_t n, db_each each,
		      void *context, int64_t *ret_changed)
{
	err e = bind_all(statement, args, n);

	if (e == ERR_OK)
		e = step_all(statement, each, context);
	if (e == ERR_OK && ret_changed != NULL)
		*ret_changed = sqlite3_changes64(s->handle);
	sqlite3_reset(statement);
	sqlite3_clear_bindings(statement);
	return e;
}

static err
sqlite_step(struct db *db, int query, const char *text, const struct db_value *args, size_t n, db_each each,
	    void *context, int64_t *ret_changed)
{
	struct sqlite *s = of(db);
	sqlite3_stmt *statement = NULL;
	err e;

	if (query >= 0)
		return s->prepared[query] == NULL
			   ? ERR_INVALID
			   : sqlite_step_statement(s, s->prepared[query], args, n, each, context, ret_changed);
	TRY(error_of(sqlite3_prepare_v2(s->handle, text, -1, &statement, NULL)));
	e = sqlite_step_statement(s, statement, args, n, each, context, ret_changed);
	sqlite3_finalize(statement);
	return e;
}

static err
sqlite_prepare(struct db *db, struct why *why)
{
	struct sqlite *s = of(db);

	for (size_t i = 0; i < SQL_COUNT; i++) {
		int code = sqlite3_prepare_v3(s->handle, sql_queries[i].text, -1, SQLITE_PREPARE_PERSISTENT,
					      &s->prepared[i], NULL);
		if (code != SQLITE_OK)
			return why_set(why, error_of(code) == ERR_INVALID ? ERR_CORRUPT : error_of(code),
				       "The database does not take the query %s: %s.", sql_queries[i].name,
				       sqlite3_errmsg(s->handle));
	}
	return ERR_OK;
}

static err
exec(struct sqlite *s, const char *text)
{
	return error_of(sqlite3_exec(s->handle, text, NULL, NULL, NULL));
}

static err
sqlite_begin(struct db *db)
{
	return exec(of(db), "BEGIN IMMEDIATE");
}

static err
sqlite_commit(struct db *db)
{
	return exec(of(db), "COMMIT");
}

static void
sqlite_rollback(struct db *db)
{
	/* Some errors have rolled back already; then there is nothing to do. */
	if (sqlite3_get_autocommit(of(db)->handle) == 0)
		(void)!exec(of(db), "ROLLBACK");
}

static void
sqlite_close(struct db *db)
{
	struct sqlite *s = of(db);

	for (size_t i = 0; i < SQL_COUNT; i++)
		sqlite3_finalize(s->prepared[i]);
	sqlite3_close(s->handle);
	mem_drop(s);
}

static const struct db_ops sqlite_ops = { sqlite_step,   sqlite_prepare,  sqlite_begin,
					  sqlite_commit, sqlite_rollback, sqlite_close };

/* --- opening ------------------------------------------------------------------------------------------------------ */

/*
 * trusted_schema off: a tampered file cannot make us run functions; secure_delete: a deleted secret is overwritten.
 * The first statement that reads the file tells whether it is a database.
 */
static const char *const settings[] = {
	"PRAGMA trusted_schema=OFF", "PRAGMA cell_size_check=ON", "SELECT count(*) FROM sqlite_schema",
	"PRAGMA journal_mode=WAL",   "PRAGMA synchronous=FULL",   "PRAGMA foreign_keys=ON",
	"PRAGMA temp_store=MEMORY",  "PRAGMA secure_delete=ON",   "PRAGMA journal_size_limit=67108864",
};

static err
not_usable(struct sqlite *s, const char *path, err e, struct why *why)
{
	int system_error = sqlite3_system_errno(s->handle);

	if (e == ERR_CORRUPT)
		return why_set(
		    why, e,
		    "%s is damaged, or is no database of Doubletour's. Put a backup in its place, or name another "
		    "file with DATABASE_URL.",
		    path);
	if (e == ERR_BUSY)
		return why_set(why, e, "The database %s is locked by another program; end that, then try again.", path);
	return why_set(
	    why, e,
	    "The database %s cannot be used: %s%s%s. The user that runs doubletour must be able to read and write "
	    "it and its folder.",
	    path, sqlite3_errmsg(s->handle), system_error != 0 ? ": " : "",
	    system_error != 0 ? strerror(system_error) : "");
}

static err
handle_open(struct sqlite *s, const char *path, struct why *why)
{
	int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE | SQLITE_OPEN_EXRESCODE;
	int code = sqlite3_open_v2(path, &s->handle, flags, NULL);
	err e = error_of(code);

	if (s->handle == NULL)
		return why_set(why, ERR_MEMORY, "There is no memory to open the database.");
	sqlite3_busy_timeout(s->handle, BUSY_MS);
	sqlite3_db_config(s->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	for (size_t i = 0; e == ERR_OK && i < COUNT(settings); i++)
		e = exec(s, settings[i]);
	return e == ERR_OK ? e : not_usable(s, path, e, why);
}

static err
folder_make(const char *path, struct why *why)
{
	char copy[PATH_MAX_BYTES];
	const char *folder;

	snprintf(copy, sizeof(copy), "%s", path);
	folder = dirname(copy);
	if (mkdir(folder, 0700) == 0 || errno == EEXIST)
		return ERR_OK;
	return why_set(why, ERR_DENIED, "The folder %s cannot be made: %s. Make it, or set DATA_DIR to another.",
		       folder, strerror(errno));
}

/* The file is made empty here, so that it is 0600 whatever the umask; SQLite gives -wal and -shm the same mode. */
static err
file_make(const char *path, struct why *why)
{
	int fd;

	TRY(folder_make(path, why));
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 && errno != EEXIST)
		return why_set(why, ERR_DENIED, "The database %s cannot be made: %s.", path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return ERR_OK;
}

static err
file_check(const char *path, struct why *why)
{
	struct stat status;

	if (stat(path, &status) == 0) {
		if (S_ISREG(status.st_mode))
			return ERR_OK;
		return why_set(why, ERR_INVALID, "%s is not a file; DATABASE_URL must name one.", path);
	}
	if (errno == ENOENT)
		return why_set(why, ERR_NOT_FOUND, "There is no database at %s. `doubletour db init` makes one.", path);
	return why_set(why, ERR_DENIED, "The database %s cannot be reached: %s.", path, strerror(errno));
}

err
store_open(const char *path, enum store_mode mode, struct why *why, struct db **ret_db)
{
	struct sqlite *s;
	err e;

	if (mode == STORE_CREATE)
		TRY(file_make(path, why));
	TRY(file_check(path, why));
	s = mem_new(sizeof(*s));
	if (s == NULL)
		return why_set(why, ERR_MEMORY, "There is no memory to open the database.");
	s->db.ops = &sqlite_ops;
	e = handle_open(s, path, why);
	if (e == ERR_OK)
		*ret_db = &s->db;
	else
		sqlite_close(&s->db);
	return e;
}

err
store_prepare(struct db *db, struct why *why)
{
	return db->ops->prepare(db, why);
}

static err
integrity_row(void *context, const struct db_value *row, size_t columns)
{
	if (columns == 1 && str_equal(row[0].bytes, STR("ok")))
		return ERR_OK;
	return why_set(context, ERR_CORRUPT, "The database is damaged: %.*s. Put a backup in its place.",
		       columns == 1 ? (int)row[0].bytes.n : 0, row[0].bytes.p);
}

err
store_integrity(struct db *db, struct why *why)
{
	return db_text(db, "PRAGMA integrity_check(1)", NULL, 0, integrity_row, why);
}
