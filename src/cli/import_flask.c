/*
 * The tutorial's database: table users, as its SQLAlchemy model makes it.  Flask-Bcrypt gives the hash as bytes; SQLite keeps
 * them as a blob, and PostgreSQL, through psycopg2, as the text \x2432... of a bytea in a text column.
 */
#include "cli/import.h"

#include "store/foreign.h"

#include <stdio.h>
#include <time.h>

static const char query[] =
    "SELECT id, username, password, created_at, is_two_factor_authentication_enabled, secret_token "
    "FROM users ORDER BY id";

enum { ID, NAME, PASSWORD, CREATED, ENABLED, SECRET, COLUMNS };

struct reading {
	import_take take;
	void *context;
	struct why *why;
};

/* "true" comes as 1 from SQLite, as t from PostgreSQL. */
static bool
is_true(const struct db_value *value)
{
	if (value->kind == DB_KIND_INT)
		return value->number != 0;
	return str_equal(value->bytes, STR("t")) || str_equal(value->bytes, STR("1")) ||
	       str_equal_nocase(value->bytes, STR("true"));
}

/* "2023-05-01 12:34:56.789012", in UTC as near as anybody knows; 0 when it is something else. */
static int64_t
moment(const struct db_value *value)
{
	char text[20];
	struct tm tm = { 0 };
	const char *end;

	if (value->kind != DB_KIND_TEXT || value->bytes.n < 19 ||
	    str_copy_z(str_upto(value->bytes, 19), text, sizeof(text)) != ERR_OK)
		return 0;
	end = strptime(text, "%Y-%m-%d %H:%M:%S", &tm);
	return end == NULL || *end != '\0' ? 0 : (int64_t)timegm(&tm) * 1000000;
}

struct hash {
	uint8_t b[256];
	size_t n;
};

static str
hash_of(const struct db_value *value, struct hash *room)
{
	if (!str_starts(value->bytes, STR("\\x")))
		return value->bytes;
	if (otp_hex_decode(value->bytes.p + 2, value->bytes.n - 2, room->b, sizeof(room->b), &room->n, NULL) != OTP_OK)
		return (str){ 0 };
	return str_bytes(room->b, room->n);
}

/* How the person finds the row: its id is a number, in SQLite as in PostgreSQL. */
static str
where(const struct db_value *id, char *room, size_t size)
{
	int n = id->kind == DB_KIND_INT ? snprintf(room, size, "row %lld", (long long)id->number)
					: snprintf(room, size, "row %.*s", STR_ARG(str_upto(id->bytes, 20)));

	return str_bytes(room, n < 0 ? 0 : (size_t)n);
}

static err
row_take(void *context, const struct db_value *row, size_t columns)
{
	struct reading *reading = context;
	struct hash hash = { .n = 0 };
	char place[32];
	struct import_row out;

	if (columns != COLUMNS)
		return ERR_INVALID;
	out = (struct import_row){ .where = where(&row[ID], place, sizeof(place)),
				   .name = row[NAME].bytes,
				   .password_hash = hash_of(&row[PASSWORD], &hash),
				   .created_us = moment(&row[CREATED]) };
	if (is_true(&row[ENABLED])) /* a secret that was never confirmed protects nobody */
		out.secret = row[SECRET].bytes.n == 0 ? STR("-") : row[SECRET].bytes;
	return reading->take(reading->context, &out);
}

err
import_flask(void *source, import_take take, void *context, struct why *why)
{
	CLEANUP(foreign_close) struct foreign *foreign = NULL;
	const struct import_place *place = source;
	struct reading reading = { take, context, why };

	TRY(foreign_open(place->place, why, &foreign));
	return foreign_all(foreign, query, row_take, &reading, why);
}
