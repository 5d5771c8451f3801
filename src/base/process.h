/*
 * Called by each process of the program right after exec, because exec resets the restrictions of the earlier process.
 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

/*
 * Disable core files, and forbid other processes of the same user to read or trace this one. Open /dev/null for each
 * closed standard descriptor. Otherwise the next opened file would get its number and receive log lines.
 *
 * In a test build the process stays readable if the environment variable DOUBLETOUR_TEST_DUMPABLE is set.
 */
void process_harden(void);

/*
 * For server processes: standard input becomes /dev/null, and standard output and error append if they are regular
 * files. All descriptors from `first` on are closed.
 */
void process_descriptors_keep(int first);

#endif
