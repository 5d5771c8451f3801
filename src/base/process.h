/*
 * What each process of the program does to itself right after exec: exec gives back what an earlier one had given up.
 */
#ifndef BASE_PROCESS_H
#define BASE_PROCESS_H

/*
 * Forbid core files, and the reading and tracing of this process by others of the same user.  Open /dev/null in place of
 * a standard descriptor that is closed: the next file to be opened would take its number, and log lines.
 *
 * A test build leaves the process readable where the environment has DOUBLETOUR_TEST_DUMPABLE.
 */
void process_harden(void);

/*
 * For a process that serves: standard input is /dev/null, standard output and error append where they are files, and every
 * other descriptor that came with exec is closed, from `first` on.
 */
void process_descriptors_keep(int first);

#endif
