/*
 * PostgreSQL's protocol through libpq: sends a statement and waits for the result until the connection's timeout.
 * Values are sent in binary format.
 */
#include "store/postgres.h"

#include "base/clock.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>

enum { PARAMETERS_MAX = 512 };

/* OIDs of PostgreSQL's built-in types: src/include/catalog/pg_type.dat */
enum {
	TYPE_BOOL = 16,
	TYPE_BYTEA = 17,
	TYPE_NAME = 19,
	TYPE_INT8 = 20,
	TYPE_INT2 = 21,
	TYPE_INT4 = 23,
	TYPE_TEXT = 25
};

/* --- errors ------------------------------------------------------------------------------------------------------- */

/* Messages of libpq and of the server may have several lines. Keep the first. */
static void
postgres_wire_keep_message(struct postgres *p, const char *text)
{
	str rest = str_of(text == NULL ? "" : text);
	str line = str_trim(str_cut(&rest, '\n'));

	snprintf(p->message, sizeof(p->message), "%.*s", STR_ARG(line));
}

err
postgres_lost(struct postgres *p, const char *message)
{
	postgres_wire_keep_message(p, message);
	libpq.PQfinish(p->connection);
	p->connection = NULL;
	p->unfit = false;
	p->queue = 0; /* the server has released its lock */
	memset(p->prepared, 0, sizeof(p->prepared));
	return ERR_AWAY;
}

/* SQLSTATE as an err: PostgreSQL 15, appendix A. */
static err
postgres_wire_error_of(const char *state)
{
	static const struct {
		const char *begins;
		err e;
	} meanings[] = {
		{ "23505", ERR_EXISTS },  { "40001", ERR_BUSY }, { "40P01", ERR_BUSY }, { "55P03", ERR_BUSY },
		{ "08", ERR_AWAY },       { "25006", ERR_AWAY }, { "26000", ERR_AWAY }, { "42501", ERR_AWAY },
		{ "53", ERR_AWAY },       { "57", ERR_AWAY },    { "58", ERR_AWAY },    { "XX001", ERR_CORRUPT },
		{ "XX002", ERR_CORRUPT },
	};

	for (size_t i = 0; state != NULL && i < COUNT(meanings); i++)
		if (str_starts(str_of(state), str_of(meanings[i].begins)))
			return meanings[i].e;
	return state == NULL ? ERR_AWAY : ERR_INVALID;
}

/*
 * A read-only server is no longer the primary. A server that does not know our prepared statements is not the one that
 * we connected to. In both cases reconnect, to find the right server.
 */
static bool
postgres_wire_is_another(const char *state)
{
	return state != NULL && (str_equal(str_of(state), STR("25006")) || str_equal(str_of(state), STR("26000")));
}

static err
postgres_wire_failed(struct postgres *p, const PGresult *result)
{
	const char *state = libpq.PQresultErrorField(result, PG_DIAG_SQLSTATE);
	const char *words = libpq.PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
	err e = postgres_wire_error_of(state);

	p->unfit = p->unfit || postgres_wire_is_another(state);
	postgres_wire_keep_message(p, words != NULL ? words : libpq.PQresultErrorMessage(result));
	return e;
}

/* --- waiting ------------------------------------------------------------------------------------------------------ */

static int64_t
postgres_wire_deadline_of(const struct postgres *p)
{
	return p->timeout_us == 0 ? INT64_MAX : clock_monotonic_us() + p->timeout_us;
}

static int
postgres_wire_milliseconds_until(int64_t until_us)
{
	int64_t left_us;

	if (until_us == INT64_MAX)
		return -1;
	left_us = until_us - clock_monotonic_us();
	return left_us <= 0 ? 0 : (int)(left_us / 1000 + 1);
}

static err
postgres_wire_too_late(struct postgres *p)
{
	p->late = true;
	postgres_away(true);
	return postgres_lost(p, "it did not answer in time");
}

static err
postgres_wire_wait(struct postgres *p, short events, int64_t until_us)
{
	struct pollfd fd = { .fd = libpq.PQsocket(p->connection), .events = events };
	int n;

	do
		n = poll(&fd, 1, postgres_wire_milliseconds_until(until_us));
	while (n < 0 && errno == EINTR);
	if (n == 0)
		return postgres_wire_too_late(p);
	return n > 0 ? ERR_OK : postgres_lost(p, "waiting for its socket failed");
}

static err
postgres_wire_next_result(struct postgres *p, int64_t until_us, PGresult **ret_result)
{
	while (libpq.PQisBusy(p->connection) != 0) {
		TRY(postgres_wire_wait(p, POLLIN, until_us));
		if (libpq.PQconsumeInput(p->connection) == 0)
			return postgres_lost(p, libpq.PQerrorMessage(p->connection));
	}
	*ret_result = libpq.PQgetResult(p->connection);
	return ERR_OK;
}

static void
postgres_wire_result_clear(PGresult **result)
{
	libpq.PQclear(*result);
}

/* --- values ------------------------------------------------------------------------------------------------------- */

/* Large, therefore not zeroed: only the used entries are written and read. */
struct parameters {
	Oid types[PARAMETERS_MAX];
	const char *values[PARAMETERS_MAX];
	int lengths[PARAMETERS_MAX], formats[PARAMETERS_MAX];
	uint64_t numbers[PARAMETERS_MAX];
};

static Oid
postgres_wire_type_of(enum db_kind kind)
{
	switch (kind) {
	case DB_KIND_INT:
		return TYPE_INT8;
	case DB_KIND_TEXT:
		return TYPE_TEXT;
	case DB_KIND_BLOB:
		return TYPE_BYTEA;
	case DB_KIND_NULL:
		break;
	}
	return 0; /* the server infers the type */
}

static err
postgres_wire_parameter_put(struct parameters *parameters, size_t i, const struct db_value *value)
{
	parameters->types[i] = postgres_wire_type_of(value->kind);
	parameters->formats[i] = 1;
	parameters->values[i] = NULL;
	if (value->kind == DB_KIND_NULL)
		return ERR_OK;
	if (value->kind == DB_KIND_INT) {
		parameters->numbers[i] = htobe64((uint64_t)value->number);
		parameters->values[i] = (const char *)&parameters->numbers[i];
		parameters->lengths[i] = sizeof(parameters->numbers[i]);
		return ERR_OK;
	}
	if (value->bytes.n > INT_MAX)
		return ERR_TOO_LONG;
	parameters->values[i] = value->bytes.p == NULL ? "" : value->bytes.p;
	parameters->lengths[i] = (int)value->bytes.n;
	return ERR_OK;
}

static err
postgres_wire_parameters_put(struct parameters *parameters, const struct db_value *args, size_t n)
{
	if (n > PARAMETERS_MAX)
		return ERR_INVALID;
	for (size_t i = 0; i < n; i++)
		TRY(postgres_wire_parameter_put(parameters, i, &args[i]));
	return ERR_OK;
}

static err
postgres_wire_number_take(str bytes, struct db_value *ret_value)
{
	uint64_t wide;
	uint32_t half;
	uint16_t quarter;

	switch (bytes.n) {
	case sizeof(wide):
		memcpy(&wide, bytes.p, sizeof(wide));
		*ret_value = DB_INT((int64_t)be64toh(wide));
		return ERR_OK;
	case sizeof(half):
		memcpy(&half, bytes.p, sizeof(half));
		*ret_value = DB_INT((int32_t)ntohl(half));
		return ERR_OK;
	case sizeof(quarter):
		memcpy(&quarter, bytes.p, sizeof(quarter));
		*ret_value = DB_INT((int16_t)ntohs(quarter));
		return ERR_OK;
	case 1: /* boolean */
		*ret_value = DB_INT(bytes.p[0]);
		return ERR_OK;
	default:
		return ERR_INVALID;
	}
}

static err
postgres_wire_column(const PGresult *result, int row, int at, struct db_value *ret_value)
{
	str bytes = str_bytes(libpq.PQgetvalue(result, row, at), (size_t)libpq.PQgetlength(result, row, at));

	*ret_value = DB_NULL();
	if (libpq.PQgetisnull(result, row, at) != 0)
		return ERR_OK;
	switch (libpq.PQftype(result, at)) {
	case TYPE_BOOL:
	case TYPE_INT2:
	case TYPE_INT4:
	case TYPE_INT8:
		return postgres_wire_number_take(bytes, ret_value);
	case TYPE_TEXT:
	case TYPE_NAME:
		*ret_value = DB_TEXT(bytes);
		return ERR_OK;
	case TYPE_BYTEA:
		*ret_value = DB_BLOB(bytes);
		return ERR_OK;
	default: /* no query returns such a type */
		return ERR_INVALID;
	}
}

/* --- one statement ------------------------------------------------------------------------------------------------ */

struct answer {
	const struct postgres_statement *statement;
	int64_t *ret_changed;
	size_t given;
	err e;
};

static err
postgres_wire_give_row(struct answer *answer, const PGresult *result, int row)
{
	struct db_value values[DB_COLUMNS_MAX];
	int columns = libpq.PQnfields(result);

	if (columns > DB_COLUMNS_MAX)
		return ERR_INVALID;
	for (int i = 0; i < columns; i++)
		TRY(postgres_wire_column(result, row, i, &values[i]));
	answer->given++;
	return answer->statement->each(answer->statement->context, values, (size_t)columns);
}

static err
postgres_wire_give_rows(struct answer *answer, const PGresult *result)
{
	for (int i = 0; answer->statement->each != NULL && i < libpq.PQntuples(result); i++)
		TRY(postgres_wire_give_row(answer, result, i));
	return ERR_OK;
}

static void
postgres_wire_count_changed(const struct answer *answer, PGresult *result)
{
	uint64_t changed = 0;

	if (answer->ret_changed != NULL && str_number(str_of(libpq.PQcmdTuples(result)), INT64_MAX, &changed) == ERR_OK)
		*answer->ret_changed = (int64_t)changed;
}

static bool
postgres_wire_result_failed(const PGresult *result)
{
	ExecStatusType status = libpq.PQresultStatus(result);

	return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_SINGLE_TUPLE;
}

static err
postgres_wire_take_result(struct postgres *p, struct answer *answer, PGresult *result)
{
	if (postgres_wire_result_failed(result))
		return postgres_wire_failed(p, result);
	postgres_wire_count_changed(answer, result);
	return postgres_wire_give_rows(answer, result);
}

/*
 * With a timeout, read the whole result before calling each(), so that each() can run other statements. Without a
 * timeout, pass on rows as they arrive, so that a large table need not fit into memory.
 */
static err
postgres_wire_take_answer(struct postgres *p, struct answer *answer, int64_t until_us)
{
	CLEANUP(postgres_wire_result_clear) PGresult *first = NULL;
	PGresult *result = NULL;

	if (p->timeout_us == 0 && answer->statement->each != NULL)
		(void)!libpq.PQsetSingleRowMode(p->connection);
	for (;;) {
		TRY(postgres_wire_next_result(p, until_us, &result));
		if (result == NULL)
			break;
		if (p->timeout_us == 0) {
			p->busy = true;
			answer->e = answer->e == ERR_OK ? postgres_wire_take_result(p, answer, result) : answer->e;
			p->busy = false;
			libpq.PQclear(result);
		} else if (first == NULL ||
			   postgres_wire_result_failed(result)) { /* report the statement that failed */
			libpq.PQclear(first);
			first = result;
		} else
			libpq.PQclear(result);
	}
	return first != NULL ? postgres_wire_take_result(p, answer, first) : answer->e;
}

static int
postgres_wire_send_statement(struct postgres *p, const struct postgres_statement *s,
			     const struct parameters *parameters)
{
	if (s->text == NULL)
		return libpq.PQsendQueryPrepared(p->connection, s->name, (int)s->n, parameters->values,
						 parameters->lengths, parameters->formats, 1);
	return libpq.PQsendQueryParams(p->connection, s->text, (int)s->n, parameters->types, parameters->values,
				       parameters->lengths, parameters->formats, 1);
}

/* The connection may have been closed during the statement: by an administrator, or because the server stops. */
static err
postgres_wire_settled(struct postgres *p, err e)
{
	if (p->connection != NULL && (p->unfit || libpq.PQstatus(p->connection) == CONNECTION_BAD)) {
		char words[POSTGRES_MESSAGE_BYTES];
		snprintf(words, sizeof(words), "%s", p->message);
		return postgres_lost(p, words[0] != '\0' ? words : libpq.PQerrorMessage(p->connection));
	}
	return e;
}

err
postgres_run(struct postgres *p, const struct postgres_statement *statement, int64_t *ret_changed, size_t *ret_given)
{
	struct parameters parameters;
	struct answer answer = { .statement = statement, .ret_changed = ret_changed };
	int64_t until_us = postgres_wire_deadline_of(p);
	err e;

	p->late = false;
	p->message[0] = '\0';
	TRY(postgres_wire_parameters_put(&parameters, statement->args, statement->n));
	if (postgres_wire_send_statement(p, statement, &parameters) != 1)
		return postgres_lost(p, libpq.PQerrorMessage(p->connection));
	e = postgres_wire_take_answer(p, &answer, until_us);
	if (ret_given != NULL)
		*ret_given = answer.given;
	return postgres_wire_settled(p, e);
}

err
postgres_exec(struct postgres *p, const char *text)
{
	const struct postgres_statement nothing = { .text = text };
	struct answer answer = { .statement = &nothing };
	int64_t until_us = postgres_wire_deadline_of(p);

	p->late = false;
	p->message[0] = '\0';
	if (libpq.PQsendQuery(p->connection, text) != 1)
		return postgres_lost(p, libpq.PQerrorMessage(p->connection));
	return postgres_wire_settled(p, postgres_wire_take_answer(p, &answer, until_us));
}

err
postgres_keep(struct postgres *p, const char *name, const char *text, const struct db_value *args, size_t n)
{
	const struct postgres_statement nothing = { .text = text };
	struct answer answer = { .statement = &nothing };
	struct parameters parameters;
	int64_t until_us = postgres_wire_deadline_of(p);

	p->late = false;
	TRY(postgres_wire_parameters_put(&parameters, args, n));
	if (libpq.PQsendPrepare(p->connection, name, text, (int)n, parameters.types) != 1)
		return postgres_lost(p, libpq.PQerrorMessage(p->connection));
	return postgres_wire_settled(p, postgres_wire_take_answer(p, &answer, until_us));
}

/* --- checking all named queries ----------------------------------------------------------------------------------- */

/* Prepares each query under the empty name, which replaces the previous one. */
static err
postgres_wire_ask_all(struct postgres *p)
{
	for (size_t i = 0; i < SQL_COUNT; i++)
		if (libpq.PQsendPrepare(p->connection, "", sql_queries[i].text[SQL_POSTGRES], 0, NULL) != 1)
			return postgres_lost(p, libpq.PQerrorMessage(p->connection));
	if (libpq.PQpipelineSync(p->connection) != 1)
		return postgres_lost(p, libpq.PQerrorMessage(p->connection));
	return ERR_OK;
}

/* Send and receive at the same time: otherwise both sides could block on full buffers. */
static err
postgres_wire_flush_all(struct postgres *p, int64_t until_us)
{
	int left;

	while ((left = libpq.PQflush(p->connection)) == 1) {
		TRY(postgres_wire_wait(p, POLLIN | POLLOUT, until_us));
		if (libpq.PQconsumeInput(p->connection) == 0)
			break;
	}
	return left == 0 ? ERR_OK : postgres_lost(p, libpq.PQerrorMessage(p->connection));
}

static err
postgres_wire_answers_all(struct postgres *p, int64_t until_us, enum sql *ret_query)
{
	PGresult *result = NULL;
	size_t at = 0;
	err e = ERR_OK;

	for (;;) {
		TRY(postgres_wire_next_result(p, until_us, &result));
		ExecStatusType status =
		    libpq.PQresultStatus(result); /* for NULL, between two queries, the status is PGRES_FATAL_ERROR */
		if (result != NULL && status == PGRES_FATAL_ERROR && e == ERR_OK) {
			e = postgres_wire_failed(p, result);
			*ret_query = (enum sql)at;
		}
		if (result == NULL)
			at++;
		libpq.PQclear(result);
		if (result != NULL && status == PGRES_PIPELINE_SYNC)
			return e;
		if (libpq.PQstatus(p->connection) == CONNECTION_BAD)
			return postgres_wire_settled(p, e);
	}
}

err
postgres_understands(struct postgres *p, enum sql *ret_query)
{
	int64_t until_us = postgres_wire_deadline_of(p);
	err e;

	p->late = false;
	if (libpq.PQsetnonblocking(p->connection, 1) != 0 || libpq.PQenterPipelineMode(p->connection) != 1)
		return postgres_lost(p, libpq.PQerrorMessage(p->connection));
	e = postgres_wire_ask_all(p);
	if (e == ERR_OK)
		e = postgres_wire_flush_all(p, until_us);
	if (e == ERR_OK)
		e = postgres_wire_answers_all(p, until_us, ret_query);
	if (p->connection != NULL &&
	    (libpq.PQexitPipelineMode(p->connection) != 1 || libpq.PQsetnonblocking(p->connection, 0) != 0))
		return postgres_lost(p, libpq.PQerrorMessage(p->connection));
	return e;
}
