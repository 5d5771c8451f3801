/*
 * Only in a test build: SQLite's own opening, reading, writing and syncing of files fail when a test says so.
 */
#ifndef STORE_SQLITE_FAULTS_H
#define STORE_SQLITE_FAULTS_H

#ifdef DOUBLETOUR_TEST_HOOKS
void sqlite_faults_install(void); /* again is no error */
#else
static inline void
sqlite_faults_install(void)
{
}
#endif

#endif
