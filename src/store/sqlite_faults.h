/*
 * Fault injection for SQLite's file operations (open, read, write, sync). Test builds only.
 */
#ifndef STORE_SQLITE_FAULTS_H
#define STORE_SQLITE_FAULTS_H

#ifdef DOUBLETOUR_TEST_HOOKS
void sqlite_faults_install(void); /* may be called repeatedly */
#else
static inline void
sqlite_faults_install(void)
{
}
#endif

#endif
