#include "store/row.h"

static const enum db_kind row_kinds[] = {
	[SQL_TYPE_int] = DB_KIND_INT,   [SQL_TYPE_bool] = DB_KIND_INT,  [SQL_TYPE_text] = DB_KIND_TEXT,
	[SQL_TYPE_blob] = DB_KIND_BLOB, [SQL_TYPE_hash] = DB_KIND_BLOB,
};

static err
row_read_bool(int64_t number, bool *member)
{
	if (number != 0 && number != 1)
		return ERR_CORRUPT;
	*member = number == 1;
	return ERR_OK;
}

static err
row_read_hash(str bytes, uint8_t *member)
{
	if (bytes.n != DIGEST_BYTES)
		return ERR_CORRUPT;
	memcpy(member, bytes.p, DIGEST_BYTES);
	return ERR_OK;
}

/* The caller has zeroed the member: NULL is read as zero. */
static err
row_read_value(const struct sql_column *column, const struct db_value *value, void *member)
{
	if (value->kind == DB_KIND_NULL)
		return column->null ? ERR_OK : ERR_CORRUPT;
	if (value->kind != row_kinds[column->type])
		return ERR_CORRUPT;
	switch (column->type) {
	case SQL_TYPE_int:
		*(int64_t *)member = value->number;
		return ERR_OK;
	case SQL_TYPE_bool:
		return row_read_bool(value->number, member);
	case SQL_TYPE_text:
	case SQL_TYPE_blob:
		*(str *)member = value->bytes;
		return ERR_OK;
	case SQL_TYPE_hash:
		return row_read_hash(value->bytes, member);
	}
	return ERR_INVALID;
}

err
row_read(const struct sql_query *query, const struct db_value *values, size_t n, void *ret_row)
{
	union sql_any_row row;

	if (query->columns == NULL || n != query->columns_count)
		return ERR_INVALID;
	memset(&row, 0, query->row_size);
	for (size_t i = 0; i < n; i++)
		TRY(row_read_value(&query->columns[i], &values[i], (char *)&row + query->columns[i].offset));
	memcpy(ret_row, &row, query->row_size);
	return ERR_OK;
}

err
row_keep(const struct sql_query *query, void *row, struct arena *arena)
{
	for (size_t i = 0; i < query->columns_count; i++) {
		const struct sql_column *column = &query->columns[i];
		str *member = (str *)((char *)row + column->offset);

		if (column->type != SQL_TYPE_text && column->type != SQL_TYPE_blob)
			continue;
		if (arena == NULL)
			return ERR_INVALID;
		TRY(arena_copy(arena, *member, member));
	}
	return ERR_OK;
}
