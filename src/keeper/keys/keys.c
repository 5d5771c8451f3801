#include "keeper/keys/keys.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/random.h"
#include "base/secret.h"
#include "base/sys.h"
#include "config/values.h"
#include "keeper/core/failure.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_BYTES = sizeof((struct master_key){ 0 }.path), FILE_KEY_BYTES = 32, FILE_TEXT_BYTES = 2 * FILE_KEY_BYTES };

static const char check_text[] = "doubletour";
static const struct sealed_for check_owner = { .purpose = "key check" };

void
master_key_wipe(struct master_key *master)
{
	secret_wipe(master, sizeof(*master));
}

void
keys_wipe(struct keys *keys)
{
	sealing_wipe(&keys->sealing);
	signing_wipe(&keys->signing);
	secret_wipe(keys, sizeof(*keys));
}

/* --- key file ----------------------------------------------------------------------------------------------------- */

/* suffix: "" for the current key, ".new" for the next one, the id of a previous one. ret_path is large enough. */
static void
keys_file_path(const struct config *config, const char *suffix, char ret_path[PATH_BYTES])
{
	snprintf(ret_path, PATH_BYTES, "%s/doubletour.key%s", config->data_dir, suffix);
}

/* Refuse a file that other users can read. The caller does not follow symbolic links. */
static err
keys_file_check_mode(int fd, const char *path, struct why *why)
{
	struct stat status;

	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		return why_set(why, ERR_CONFIG, "The key file %s is not a regular file.", path);
	if (status.st_uid != geteuid() && status.st_uid != 0)
		return why_set(why, ERR_CONFIG,
			       "The key file %s belongs to another user.  Its owner must be the user that runs "
			       "doubletour: run `chown %u %s`.",
			       path, geteuid(), path);
	if ((status.st_mode & 077) != 0)
		return why_set(why, ERR_CONFIG, "Other users have access to the key file %s.  Run `chmod 600 %s`.",
			       path, path);
	return ERR_OK;
}

static err
keys_file_take(int fd, struct master_key *master, struct why *why)
{
	ssize_t n;

	TRY(keys_file_check_mode(fd, master->path, why));
	n = sys_read(fd, master->b, sizeof(master->b));
	if (n < 0)
		return why_set(why, ERR_CONFIG, "The key file %s cannot be read: %s.", master->path, strerror(errno));
	str key = str_trim(str_without_bom(str_bytes(master->b, (size_t)n)));
	const char *refused = key_check(key);
	if (refused != NULL)
		return why_set(why, ERR_CONFIG,
			       "The key in %s %s.  Restore the file from your backup.  In a new installation, delete "
			       "it: the next start creates a new key.",
			       master->path, refused);
	memmove(master->b, key.p, key.n);
	master->n = key.n;
	return ERR_OK;
}

static err
keys_file_not_opened(const char *path, int error, struct why *why)
{
	if (error == EACCES)
		return why_set(why, ERR_CONFIG,
			       "The key file %s cannot be opened: %s.  Its owner must be the user that runs "
			       "doubletour: run `chown %u %s`.",
			       path, strerror(error), geteuid(), path);
	return why_set(why, ERR_CONFIG, "The key file %s cannot be opened: %s.", path, strerror(error));
}

static err
keys_file_read(const struct config *config, const char *suffix, struct why *why, struct master_key *ret_master)
{
	CLEANUP(file_close) int fd = -1;

	keys_file_path(config, suffix, ret_master->path);
	fd = sys_open(ret_master->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0);
	if (fd < 0 && errno == ENOENT)
		return ERR_OK;
	if (fd < 0)
		return keys_file_not_opened(ret_master->path, errno, why);
	return keys_file_take(fd, ret_master, why);
}

err
master_key_read(const struct config *config, struct why *why, struct master_key *ret_master)
{
	const char *refused;

	if (config->secret_key_bytes == 0)
		return keys_file_read(config, "", why, ret_master);
	snprintf(ret_master->path, sizeof(ret_master->path), "SECRET_KEY");
	memcpy(ret_master->b, config->secret_key, config->secret_key_bytes);
	ret_master->n = config->secret_key_bytes;
	refused = key_check(str_bytes(ret_master->b, ret_master->n));
	return refused == NULL ? ERR_OK : why_set(why, ERR_CONFIG, "SECRET_KEY %s.", refused);
}

static err
keys_file_write(int fd, const struct master_key *master)
{
	char text[FILE_TEXT_BYTES + 1];
	bool written;

	memcpy(text, master->b, FILE_TEXT_BYTES);
	text[FILE_TEXT_BYTES] = '\n';
	written = sys_write(fd, text, sizeof(text)) == (ssize_t)sizeof(text) && sys_fsync(fd) == 0;
	secret_wipe(text, sizeof(text));
	return written ? ERR_OK : ERR_IO;
}

/* Write under a temporary name first, so that another process never reads an incomplete key. */
static err
keys_file_put(const struct config *config, const struct master_key *master)
{
	char path[sizeof(master->path) + 32];
	CLEANUP(file_close) int fd = -1;
	err e;

	snprintf(path, sizeof(path), "%s.%ld", master->path, (long)getpid());
	fd = sys_open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return ERR_IO;
	e = keys_file_write(fd, master);
	if (e == ERR_OK && link(path, master->path) != 0)
		e = errno == EEXIST ? ERR_EXISTS : ERR_IO;
	unlink(path);
	if (e != ERR_OK)
		return e;
	/* Make the file's name durable too: without its key, the database is lost. */
	return file_sync_folder(config->data_dir) ? ERR_OK : ERR_IO;
}

static err
keys_random_key(struct master_key *master)
{
	uint8_t bytes[FILE_KEY_BYTES];

	TRY(random_fill(bytes, sizeof(bytes)));
	str_hex_write(bytes, sizeof(bytes), (char *)master->b);
	master->n = FILE_TEXT_BYTES;
	secret_wipe(bytes, sizeof(bytes));
	return ERR_OK;
}

static err
keys_file_make(const struct config *config, struct master_key *master, struct why *why)
{
	err e;

	if (mkdir(config->data_dir, 0700) != 0 && errno != EEXIST)
		return why_set(why, ERR_DENIED,
			       "The folder %s cannot be created: %s.  Create it, or set DATA_DIR to another folder.",
			       config->data_dir, strerror(errno));
	if (keys_random_key(master) != ERR_OK)
		return why_set(why, ERR_CRYPTO, "The system provides no random bytes for a key.");
	e = keys_file_put(config, master);
	if (e != ERR_OK && e != ERR_EXISTS)
		return why_set(why, ERR_DENIED, "The key file %s cannot be written: %s.", master->path,
			       strerror(errno));
	return e;
}

/* Create the key of a new installation. */
static err
keys_first_key(const struct config *config, struct master_key *master, struct why *why)
{
	err e = keys_file_make(config, master, why);

	/* another process created the key first: use that one */
	return e == ERR_EXISTS ? keys_file_read(config, "", why, master) : e;
}

err
master_key_new_read(const struct config *config, struct why *why, struct master_key *ret_master)
{
	return keys_file_read(config, ".new", why, ret_master);
}

err
master_key_new_make(const struct config *config, struct why *why, struct master_key *ret_master)
{
	keys_file_path(config, ".new", ret_master->path);
	return keys_file_make(config, ret_master, why);
}

err
master_key_new_install(const struct config *config, const struct keys *old_keys, struct why *why)
{
	const uint8_t *id = old_keys->sealing.key_id;
	char key[PATH_BYTES], next[PATH_BYTES], old[PATH_BYTES], suffix[16] = ".";

	str_hex_write(id, SEALING_ID_BYTES, suffix + 1);
	keys_file_path(config, "", key);
	keys_file_path(config, ".new", next);
	keys_file_path(config, suffix, old);
	/* If the process dies between the two renames, the .new file shows how to continue. */
	if ((rename(key, old) != 0 && errno != ENOENT) || rename(next, key) != 0)
		return why_set(why, ERR_DENIED, "The key file %s cannot be created: %s.", key, strerror(errno));
	return file_sync_folder(config->data_dir) ? ERR_OK : ERR_IO;
}

/* --- deriving ----------------------------------------------------------------------------------------------------- */

struct derivation {
	EVP_KDF *kdf;
	EVP_KDF_CTX *context;
};

static void
keys_derivation_free(struct derivation *d)
{
	EVP_KDF_CTX_free(d->context);
	EVP_KDF_free(d->kdf);
}

static err
keys_do_derive(const struct master_key *master, const char *use, uint8_t *ret_key, size_t n)
{
	static char digest[] = "SHA256", salt[] = "doubletour master key";
	CLEANUP(keys_derivation_free) struct derivation d = { .kdf = EVP_KDF_fetch(NULL, "HKDF", NULL) };
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt, sizeof(salt) - 1),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)master->b, master->n),
		OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)(uintptr_t)use, strlen(use)),
		OSSL_PARAM_construct_end(),
	};

	d.context = d.kdf == NULL ? NULL : EVP_KDF_CTX_new(d.kdf);
	if (d.context == NULL || EVP_KDF_derive(d.context, ret_key, n, params) != 1)
		return ERR_CRYPTO;
	return ERR_OK;
}

err
keys_derive(const struct master_key *master, struct keys *keys)
{
	TRY(keys_do_derive(master, "seal", keys->sealing.key, sizeof(keys->sealing.key)));
	TRY(keys_do_derive(master, "key id", keys->sealing.key_id, sizeof(keys->sealing.key_id)));
	TRY(keys_do_derive(master, "form tokens", keys->form.b, sizeof(keys->form.b)));
	TRY(keys_do_derive(master, "names", keys->names.b, sizeof(keys->names.b)));
	TRY(keys_do_derive(master, "gate cookies", keys->gate.b, sizeof(keys->gate.b)));
	TRY(keys_do_derive(master, "passkey challenges", keys->challenges.b, sizeof(keys->challenges.b)));
	TRY(keys_do_derive(master, "refresh tokens", keys->refresh.b, sizeof(keys->refresh.b)));
	TRY(keys_do_derive(master, "authorization requests", keys->requests.b, sizeof(keys->requests.b)));
	TRY(keys_do_derive(master, "identities", keys->signing.seed, sizeof(keys->signing.seed)));
	TRY(signing_setup(&keys->signing));
	return sealing_setup(&keys->sealing);
}

/* --- comparing with the database ---------------------------------------------------------------------------------- */

struct check {
	const struct keys *keys;
	struct arena *arena;
	size_t rows;
	bool opens;
};

static err
keys_check_row(void *context, const struct key_list_row *row)
{
	struct check *check = context;
	str text = { 0 };
	err e;

	check->rows++;
	if (check->keys == NULL)
		return ERR_OK;
	e = sealing_open(&check->keys->sealing, &check_owner, row->sealed_check, check->arena, &text);
	if (e == ERR_CORRUPT)
		return ERR_OK;
	check->opens = check->opens || (e == ERR_OK && str_equal(text, str_of(check_text)));
	return e;
}

err
keys_fit(const struct keys *keys, struct db *db, bool *ret_fit, size_t *ret_rows)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(16 * 1024);
	struct check check = { .keys = keys, .arena = &arena };

	TRY(db_rows(db, SQL_KEY_LIST, NULL, 0, keys_check_row, &check));
	*ret_fit = check.opens;
	if (ret_rows != NULL)
		*ret_rows = check.rows;
	return ERR_OK;
}

static err
key_row(const struct keys *keys, struct db *db, enum sql query)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(16 * 1024);
	int64_t now_us = 0;
	str sealed = { 0 };

	TRY(clock_now_us(&now_us));
	TRY(sealing_seal(&keys->sealing, &check_owner, str_of(check_text), &arena, &sealed));
	const struct db_value args[] = { DB_BLOB(str_bytes(keys->sealing.key_id, SEALING_ID_BYTES)), DB_INT(now_us),
					 DB_BLOB(sealed) };
	return db_run(db, query, args, COUNT(args), NULL);
}

err
keys_enter(const struct keys *keys, struct db *db)
{
	return key_row(keys, db, SQL_KEY_ENTER);
}

/* Insert the first key of a database. If two processes do this, one of them succeeds. */
static err
keys_first_check(const struct keys *keys, struct db *db)
{
	CLEANUP(db_rollback_unless_done) struct db_transaction t = { 0 };

	TRY(db_begin(db, &t));
	TRY(key_row(keys, db, SQL_KEY_INSERT));
	return db_commit(&t);
}

/* After an unfinished rotation the database uses two keys, and neither opens all values. */
static err
keys_no_change_begun(const struct config *config, struct why *why)
{
	CLEANUP(master_key_wipe) struct master_key next = { 0 };
	err e = master_key_new_read(config, why, &next);

	if (e == ERR_OK && next.n == 0)
		return ERR_OK;
	return why_set(
	    why, ERR_CONFIG,
	    "A change of the master key is not finished: %s exists.  Run `doubletour rotate-key` to finish it.",
	    next.path);
}

static err
keys_not_checked(const struct config *config, err e, struct why *why)
{
	if (e == ERR_BUSY)
		return why_set(
		    why, e,
		    "Another program has locked the database %s.  Nothing was changed.  Try again after it has "
		    "finished.",
		    config->database_name);
	return failure_explain(NULL, e, "The key could not be checked against the database.", why);
}

err
keys_refuse(const struct master_key *master, struct why *why)
{
	if (master->n == 0)
		return why_set(
		    why, ERR_CONFIG,
		    "The database was made with a key, but the key file %s is missing.  A new key cannot "
		    "decrypt the TOTP secrets.  Nothing was changed: restore the key file from your backup, or "
		    "set SECRET_KEY.",
		    master->path);
	return why_set(why, ERR_CONFIG,
		       "The key in %s is not the key of this database.  Restore the right key.  Nothing was changed.",
		       master->path);
}

err
keys_check(const struct config *config, const struct master_key *master, struct db *db, struct why *why,
	   struct keys *ret_keys, size_t *ret_rows)
{
	bool fit = false;
	err e;

	TRY(keys_no_change_begun(config, why));
	e = master->n == 0 ? ERR_OK : keys_derive(master, ret_keys);
	if (e == ERR_OK)
		e = keys_fit(master->n == 0 ? NULL : ret_keys, db, &fit, ret_rows);
	if (e != ERR_OK)
		return keys_not_checked(config, e, why);
	if (*ret_rows == 0 || fit)
		return ERR_OK;
	return keys_refuse(master, why);
}

/* The key of a database that has none; another process may be first, with another key. */
static err
keys_first_enter(const struct keys *keys, struct db *db, bool *ret_fit)
{
	struct db_retry retry = { 0 };
	err e;

	do
		e = keys_first_check(keys, db);
	while (db_retry(&retry, e));
	TRY(e);
	return keys_fit(keys, db, ret_fit, NULL);
}

err
keys_open(const struct config *config, struct master_key *master, struct db *db, bool create, struct why *why,
	  struct keys *ret_keys)
{
	size_t rows = 0;
	bool fit = false;
	err e = ERR_OK;

	TRY(keys_check(config, master, db, why, ret_keys, &rows));
	if (rows > 0)
		return ERR_OK;
	if (master->n == 0 && !create)
		return why_set(why, ERR_CONFIG,
			       "There is no key: %s does not exist.  Create it with `doubletour db init`, or set "
			       "SECRET_KEY.",
			       master->path);
	if (master->n == 0) { /* otherwise keys_check has derived the keys */
		TRY(keys_first_key(config, master, why));
		e = keys_derive(master, ret_keys);
	}
	if (e == ERR_OK)
		e = keys_first_enter(ret_keys, db, &fit);
	if (e != ERR_OK)
		return keys_not_checked(config, e, why);
	return fit ? ERR_OK : keys_refuse(master, why);
}
