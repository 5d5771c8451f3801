#include "store/store.h"

#include "store/postgres.h"
#include "store/sqlite.h"

err
store_open(const char *address, enum store_mode mode, struct why *why, struct db **ret_db)
{
	str a = str_of(address);

	if (str_starts(a, STR("postgresql://")) || str_starts(a, STR("postgres://")))
		return postgres_open(address, why, ret_db);
	return sqlite_open(address, mode, why, ret_db);
}

err
store_understands(struct db *db, struct why *why)
{
	return db->ops->understands(db, why);
}

err
store_integrity(struct db *db, struct why *why)
{
	return db->ops->integrity(db, why);
}

err
store_copy(struct db *db, const char *path, struct why *why)
{
	err e = db->ops->copy(db, path);

	return e == ERR_OK ? ERR_OK : why_set(why, e, "The copy %s cannot be written: %s.", path, db->ops->message(db));
}
