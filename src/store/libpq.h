/*
 * PostgreSQL's client library, loaded when a PostgreSQL database is first used. With its dependencies it is a third of
 * all libraries, and servers on SQLite never need it. After libpq_load, call its functions as libpq.PQclear(...).
 */
#ifndef STORE_LIBPQ_H
#define STORE_LIBPQ_H

#include "base/err.h"
#include "base/library.h"

#include <libpq-fe.h>

/* clang-format off */
#define LIBPQ_FUNCTIONS(F)                                                                                             \
	F(PQbackendPID) F(PQclear) F(PQcmdTuples) F(PQconnectdb) F(PQconnectdbParams) F(PQconninfoFree)                \
	F(PQconninfoParse) F(PQconsumeInput) F(PQdb) F(PQenterPipelineMode) F(PQerrorMessage) F(PQexitPipelineMode)    \
	F(PQfinish) F(PQflush) F(PQfreemem) F(PQftype) F(PQgetResult) F(PQgetisnull) F(PQgetlength) F(PQgetvalue)      \
	F(PQisBusy) F(PQnfields) F(PQnotifies) F(PQntuples) F(PQparameterStatus) F(PQpipelineSync)                     \
	F(PQresultErrorField) F(PQresultErrorMessage) F(PQresultStatus) F(PQsendPrepare) F(PQsendQuery)                \
	F(PQsendQueryParams) F(PQsendQueryPrepared) F(PQserverVersion) F(PQsetClientEncoding)                          \
	F(PQsetNoticeReceiver) F(PQsetSingleRowMode) F(PQsetnonblocking) F(PQsocket) F(PQstatus)                       \
	F(PQtransactionStatus) F(PQuser)
/* clang-format on */

struct libpq {
	LIBPQ_FUNCTIONS(LIBRARY_MEMBER)
};
extern struct libpq libpq;

/* Thread-safe; may be called repeatedly. ERR_CONFIG: libpq is not installed; `why` names the package. */
MUST_USE err libpq_load(struct why *why);

/* Does libpq accept the URL, and is it unambiguous? ERR_CONFIG; the message does not repeat the URL. */
MUST_USE err libpq_url_check(const char *url, struct why *why);

#endif
