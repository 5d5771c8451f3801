/*
 * The wall, seen from inside: after this the web process can talk to the sockets it already has, and nothing else.
 *
 * Two steps, because the server's threads are made in between:
 *   sandbox_enter   Landlock: no path at all may be opened, made, changed or executed, no TCP port bound or connected to.
 *                   seccomp: the calls a web process needs; opening, connecting, executing, tracing are refused.
 *                   Call with one thread, after all files are open; threads made later inherit it.
 *   sandbox_seal    no further thread or process may be made.  For all threads at once.
 *
 * What is merely not permitted (open, socket, stat ...) fails with EPERM, for libraries ask innocently; what no web
 * process ever does (execve, ptrace, mount, bpf ...) ends the process, and the keeper logs that it was the sandbox.
 * Sources: landlock(7), seccomp(2), seccomp_init(3).
 */
#ifndef WEB_SANDBOX_H
#define WEB_SANDBOX_H

#include "base/err.h"

/* ERR_DENIED with a sentence: the kernel has no seccomp or no Landlock.  There is no way to run without. */
MUST_USE err sandbox_enter(struct why *why);
MUST_USE err sandbox_seal(struct why *why);

#endif
