/*
 * Fills the struct of a query's row (store/queries.h) from the values that the database gave.  Below db_row and db_rows.
 */
#ifndef STORE_ROW_H
#define STORE_ROW_H

#include "store/db.h"

/*
 * Read one row.
 *
 *   values, n  as the driver gave them
 *   ret_row    query->row_size bytes; written only on ERR_OK.  Texts and blobs borrow from the values
 *
 * ERR_CORRUPT  a value of another type than its column has, a NULL where none may be, a bool other than 0 and 1, a hash of
 *              another length than 32 bytes
 * ERR_INVALID  the query gave another number of columns than it was compiled with
 */
MUST_USE err row_read(const struct sql_query *query, const struct db_value *values, size_t n, void *ret_row);

/*
 * Copy the row's texts and blobs, so that they live as long as the arena.
 * ERR_MEMORY: it is full.  ERR_INVALID: it is NULL, and the row has a text or a blob.
 */
MUST_USE err row_keep(const struct sql_query *query, void *row, struct arena *arena);

#endif
