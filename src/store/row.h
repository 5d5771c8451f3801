/*
 * Fills the row struct of a query (store/queries.h) from the driver's values. Used by db_row and db_rows.
 */
#ifndef STORE_ROW_H
#define STORE_ROW_H

#include "store/db.h"

/*
 * Read one row.
 *
 *   values, n  as returned by the driver
 *   ret_row    query->row_size bytes; written only on ERR_OK. Texts and blobs borrow from the values
 *
 * ERR_CORRUPT  a value has another type than its column; a NULL that is not allowed; a bool other than 0 and 1; a hash
 *              that is not 32 bytes long
 * ERR_INVALID  the number of columns differs from the compiled query
 */
MUST_USE err row_read(const struct sql_query *query, const struct db_value *values, size_t n, void *ret_row);

/*
 * Copy the texts and blobs of the row to the arena.
 *
 * ERR_MEMORY   the arena is full
 * ERR_INVALID  the arena is NULL, and the row has a text or blob
 */
MUST_USE err row_keep(const struct sql_query *query, void *row, struct arena *arena);

#endif
