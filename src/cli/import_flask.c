/*
 * The tutorial's database: table users, as its SQLAlchemy model makes it.  Flask-Bcrypt returns the hash as bytes.
 * SQLite stores them as a blob.  PostgreSQL stores them, through psycopg2, as the text \x2432... of a bytea in a text
 * column.
 */
#include "cli/import.h"

#include "store/import_source.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

static const char query[] =
    "SELECT id, username, password, created_at, is_two_factor_authentication_enabled, secret_token FROM users "
    /* One row more than an import accepts.  Unsorted, because sorting would first read an endless view. */
    "LIMIT 2000001";

enum { ID, NAME, PASSWORD, CREATED, ENABLED, SECRET, COLUMNS };

struct reading {
	import_take take;
	void *context;
	struct why *why;
};

/* "true" comes as 1 from SQLite, as t from PostgreSQL; None is false in Python.  Returns false for any other value. */
static bool
import_flask_truth_read(const struct db_value *value, bool *ret_truth)
{
	static const char *const yes[] = { "1", "t", "true" }, *const no[] = { "0", "f", "false" };

	*ret_truth = value->kind == DB_KIND_INT && value->number == 1;
	if (value->kind == DB_KIND_INT || value->kind == DB_KIND_NULL)
		return value->kind == DB_KIND_NULL || value->number == 0 || value->number == 1;
	for (size_t i = 0; i < COUNT(yes); i++) {
		*ret_truth = *ret_truth || str_equal_nocase(value->bytes, str_of(yes[i]));
		if (*ret_truth || str_equal_nocase(value->bytes, str_of(no[i])))
			return true;
	}
	return false;
}

/*
 * The text after the seconds: a fraction, then an optional offset from UTC in PostgreSQL's form: +02, -03:30, Z.
 * Returns false without an offset.
 */
static bool
import_flask_offset_read(str rest, int64_t *ret_seconds)
{
	uint64_t hours = 0, minutes = 0;

	if (str_starts(rest, STR(".")))
		for (rest = str_from(rest, 1); rest.n > 0 && rest.p[0] >= '0' && rest.p[0] <= '9';)
			rest = str_from(rest, 1);
	*ret_seconds = 0;
	if (str_equal(rest, STR("Z")))
		return true;
	if (rest.n < 3 || (rest.p[0] != '+' && rest.p[0] != '-') ||
	    str_number(str_upto(str_from(rest, 1), 2), 15, &hours) != ERR_OK)
		return false;
	if (rest.n == 6 && str_number(str_from(rest, 4), 59, &minutes) != ERR_OK)
		return false;
	*ret_seconds = (int64_t)(3600 * hours + 60 * minutes) * (rest.p[0] == '-' ? -1 : 1);
	return true;
}

/*
 * "2023-05-01 12:34:56.789012": the tutorial's model stores datetime.now(), which is local time without its zone.
 * Returns 0 for any other text.
 */
static int64_t
import_flask_created_at(const struct db_value *value)
{
	char text[20];
	struct tm tm = { .tm_isdst = -1 };
	int64_t offset_s = 0;
	const char *end;

	if (value->kind != DB_KIND_TEXT || value->bytes.n < 19 ||
	    str_copy_z(str_upto(value->bytes, 19), text, sizeof(text)) != ERR_OK)
		return 0;
	text[10] = text[10] == 'T' ? ' ' : text[10];
	end = strptime(text, "%Y-%m-%d %H:%M:%S", &tm);
	if (end == NULL || *end != '\0')
		return 0;
	if (import_flask_offset_read(str_from(value->bytes, 19), &offset_s))
		return ((int64_t)timegm(&tm) - offset_s) * 1000000;
	return (int64_t)mktime(&tm) * 1000000;
}

/* Refuse a time zone that the machine does not know: libc would silently use UTC. */
static err
import_flask_timezone_set(const char *zone, struct why *why)
{
	char path[300];
	struct stat status;
	int n;

	if (zone == NULL)
		return ERR_OK;
	n = snprintf(path, sizeof(path), "/usr/share/zoneinfo/%s", zone);
	if (!str_equal(str_of(zone), STR("UTC")) &&
	    (zone[0] == '/' || zone[0] == '.' || strstr(zone, "..") != NULL || n < 0 || (size_t)n >= sizeof(path) ||
	     stat(path, &status) != 0 || !S_ISREG(status.st_mode)))
		return why_set(
		    why, ERR_INVALID,
		    "This machine does not know the time zone (package tzdata).  --timezone takes a name such as "
		    "Europe/Paris or UTC.");
	if (setenv("TZ", zone, 1) != 0)
		return ERR_MEMORY;
	tzset();
	return ERR_OK;
}

struct hash {
	uint8_t b[256];
	size_t n;
};

static str
import_flask_hash_of(const struct db_value *value, struct hash *room)
{
	if (!str_starts(value->bytes, STR("\\x")))
		return value->bytes;
	if (otp_hex_decode(value->bytes.p + 2, value->bytes.n - 2, room->b, sizeof(room->b), &room->n, NULL) != OTP_OK)
		return (str){ 0 };
	return str_bytes(room->b, room->n);
}

/* Name the row by its id for a message; the id is a number in SQLite and in PostgreSQL. */
static str
import_flask_where(const struct db_value *id, char *room, size_t size)
{
	int n = id->kind == DB_KIND_INT ? snprintf(room, size, "row %lld", (long long)id->number)
					: snprintf(room, size, "row %.*s", STR_ARG(str_upto(id->bytes, 20)));

	return str_bytes(room, n < 0 ? 0 : (size_t)n);
}

static err
import_flask_row_take(void *context, const struct db_value *row, size_t columns)
{
	struct reading *reading = context;
	struct hash hash = { .n = 0 };
	char location[32];
	struct import_row out;
	bool enabled = false;

	if (columns != COLUMNS)
		return ERR_INVALID;
	out = (struct import_row){ .where = import_flask_where(&row[ID], location, sizeof(location)),
				   .name = row[NAME].bytes,
				   .password_hash = import_flask_hash_of(&row[PASSWORD], &hash),
				   .created_us = import_flask_created_at(&row[CREATED]) };
	if (!import_flask_truth_read(&row[ENABLED], &enabled))
		out.refused = "its is_two_factor_authentication_enabled is neither true nor false";
	if (enabled) /* an unconfirmed secret is not imported */
		out.secret = row[SECRET].bytes.n == 0 ? STR("-") : row[SECRET].bytes;
	return reading->take(reading->context, &out);
}

err
import_flask(void *source, import_take take, void *context, struct why *why)
{
	CLEANUP(import_source_close) struct import_source *database = NULL;
	const struct import_location *location = source;
	struct reading reading = { take, context, why };

	TRY(import_flask_timezone_set(location->timezone, why));
	TRY(import_source_open(location->location, why, &database));
	return import_source_all(database, query, import_flask_row_take, &reading, why);
}
