/*
 * The wall, seen from inside: after this the web process can talk to the sockets it already has, and nothing else.
 *
 * Two steps, because the server's threads are made in between:
 *   sandbox_enter   Landlock: no path at all may be opened, made, changed or executed, no TCP port bound or connected to,
 *                   no process signalled.  seccomp: the calls, and the arguments, that the table in sandbox_calls.c names.
 *                   Call with one thread, after all files are open; threads made later inherit it.
 *   sandbox_seal    the calls that were for the start only are refused: no further thread or process, no new descriptor
 *                   but connections.  For all threads at once; each must have begun (base/thread.h).
 *
 * A call with other arguments, or one that libraries make innocently (open, socket, stat ...), fails with EPERM.  A call that no
 * web process ever makes (execve, ptrace, mount, bpf ...) ends the process, and the keeper logs that it was the sandbox.
 * Sources: landlock(7), seccomp(2), seccomp_init(3).
 */
#ifndef WEB_SANDBOX_H
#define WEB_SANDBOX_H

#include "base/err.h"
#include "web/core/sandbox_calls.h"

/* ERR_DENIED with a sentence: the kernel has no seccomp or no Landlock.  There is no way to run without. */
MUST_USE err sandbox_enter(const struct sandbox_profile *profile, struct why *why);
MUST_USE err sandbox_seal(const struct sandbox_profile *profile, struct why *why);

/* For tests: as sandbox_enter, on a kernel whose Landlock is no newer than this version (1 to 7 so far). */
MUST_USE err sandbox_enter_upto(const struct sandbox_profile *profile, long landlock_version, struct why *why);

#endif
