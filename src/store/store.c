#include "store/store.h"

#include "store/postgres.h"
#include "store/sqlite.h"

#include <sys/stat.h>

static bool
store_is_postgres(const char *address)
{
	str a = str_of(address);

	return str_starts(a, STR("postgresql://")) || str_starts(a, STR("postgres://"));
}

struct store_identity
store_identity(const char *address)
{
	struct stat status;

	if (address == NULL || store_is_postgres(address) || stat(address, &status) != 0)
		return (struct store_identity){ .file = 0 };
	return (struct store_identity){ .device = (uint64_t)status.st_dev, .file = (uint64_t)status.st_ino };
}

bool
store_identity_equal(const struct store_identity *a, const struct store_identity *b)
{
	return a->device == b->device && a->file == b->file;
}

err
store_open(const char *address, enum store_mode mode, struct why *why, struct db **ret_db)
{
	if (store_is_postgres(address))
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
