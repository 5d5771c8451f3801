/*
 * The sandbox of the web process: afterwards the process can use only its existing sockets.
 *
 * WALL=full needs Landlock and seccomp.  WALL=seccomp leaves Landlock out, for kernels without it.  Every act that
 * Landlock refuses, seccomp refuses too.  Without Landlock, one mechanism refuses it instead of two.
 *
 * It has two steps, because the server's threads are created between them:
 *
 *  sandbox_enter   Landlock: no file access, no TCP bind or connect, no signals to other processes.
 *                  seccomp: only the calls and arguments in the table of sandbox_calls.c.
 *                  Call it with one thread, after opening all files; later threads inherit it.
 *  sandbox_seal    Refuses the calls that are only needed at the start: no new threads, processes or descriptors,
 *                  except connections.  Applies to all threads, each of which must have begun (base/thread.h).
 *
 * A call with other arguments fails with EPERM.  So does a harmless call of a library (open, socket, stat ...).  A
 * call that a web process never makes (execve, ptrace, mount, bpf ...) ends the process.  The keeper logs that the
 * sandbox ended it.
 * Sources: landlock(7), seccomp(2), seccomp_init(3).
 */
#ifndef WEB_SANDBOX_H
#define WEB_SANDBOX_H

#include "base/err.h"
#include "config/config.h"
#include "web/core/sandbox_calls.h"

/*
 * Can a process enter this sandbox?  ERR_DENIED with a sentence: the wall is full, and the kernel lacks Landlock.  The
 * server asks this before it makes a file.
 */
MUST_USE err sandbox_check(enum config_wall wall, struct why *why);

/* The version of Landlock that the kernel offers; 0: none. */
long sandbox_landlock_version(void);

/* ERR_DENIED with a sentence: the kernel lacks seccomp or Landlock.  The server cannot run without them. */
MUST_USE err sandbox_enter(const struct sandbox_profile *profile, enum config_wall wall, struct why *why);
MUST_USE err sandbox_seal(const struct sandbox_profile *profile, struct why *why);

/* For tests: as sandbox_enter, limited to this version of Landlock (1 to 7 so far); 0: seccomp alone. */
MUST_USE err sandbox_enter_upto(const struct sandbox_profile *profile, long landlock_version, struct why *why);

#endif
