#include "store/sqlite_faults.h"

#ifdef DOUBLETOUR_TEST_HOOKS

#include "base/fault.h"

#include <pthread.h>
#include <sqlite3.h>

/* A copy of the unix VFS with fault_due in front of four functions. Each kind of file has its own table of methods. */
struct kind {
	sqlite3_io_methods methods; /* must be first: files point to it */
	const sqlite3_io_methods *real;
};

enum { KINDS_MAX = 8 };

static sqlite3_vfs faulty, *real;
static struct kind kinds[KINDS_MAX];
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

static const sqlite3_io_methods *
sqlite_faults_real_of(const sqlite3_file *file)
{
	return ((const struct kind *)file->pMethods)->real;
}

static int
sqlite_faults_faulty_read(sqlite3_file *file, void *bytes, int n, sqlite3_int64 offset)
{
	return fault_due(FAULT_READ) ? SQLITE_IOERR_READ : sqlite_faults_real_of(file)->xRead(file, bytes, n, offset);
}

static int
sqlite_faults_faulty_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 offset)
{
	return fault_due(FAULT_WRITE) ? SQLITE_FULL : sqlite_faults_real_of(file)->xWrite(file, bytes, n, offset);
}

static int
sqlite_faults_faulty_sync(sqlite3_file *file, int flags)
{
	return fault_due(FAULT_SYNC) ? SQLITE_IOERR_FSYNC : sqlite_faults_real_of(file)->xSync(file, flags);
}

static const sqlite3_io_methods *
sqlite_faults_faulty_methods(const sqlite3_io_methods *of_file)
{
	size_t i = 0;

	pthread_mutex_lock(&lock);
	while (i < KINDS_MAX - 1 && kinds[i].real != NULL && kinds[i].real != of_file)
		i++;
	if (kinds[i].real == NULL) {
		kinds[i].methods = *of_file;
		kinds[i].methods.xRead = sqlite_faults_faulty_read;
		kinds[i].methods.xWrite = sqlite_faults_faulty_write;
		kinds[i].methods.xSync = sqlite_faults_faulty_sync;
		kinds[i].real = of_file;
	}
	pthread_mutex_unlock(&lock);
	return kinds[i].real == of_file ? &kinds[i].methods : of_file;
}

static int
sqlite_faults_faulty_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags, int *ret_flags)
{
	int status;

	if (fault_due(FAULT_OPEN))
		return SQLITE_CANTOPEN;
	status = real->xOpen(real, name, file, flags, ret_flags);
	if (status != SQLITE_OK || file->pMethods == NULL)
		return status;
	file->pMethods = sqlite_faults_faulty_methods(file->pMethods);
	return status;
}

static void
sqlite_faults_do_install(void)
{
	real = sqlite3_vfs_find(NULL);
	if (real == NULL)
		return;
	faulty = *real;
	faulty.zName = "faulty";
	faulty.pNext = NULL;
	faulty.xOpen = sqlite_faults_faulty_open;
	(void)sqlite3_vfs_register(&faulty, 1);
}

void
sqlite_faults_install(void)
{
	pthread_once(&once, sqlite_faults_do_install);
}

#endif
