#include "web/core/sandbox_calls.h"

#include "base/err.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* clang-format off */

#define CALL(name) SCMP_SYS(name), #name

/* Conditions.  The kernel reads flags and numbers as 32 bits, pointers as 64. */
#define IS(index, value) { (index), UINT32_MAX, (value), false }
#define ONLY(index, flags) { (index), UINT32_MAX & ~(uint64_t)(flags), 0, false }
#define HAS(index, flag) { (index), (flag), (flag), false }
#define IS_NULL(index) { (index), UINT64_MAX, 0, false }
#define IS_OWN_PROCESS(index) { (index), UINT32_MAX, 0, true }

/*
 * The flags of both clone() calls of the C library's pthread_create.  No other flag is allowed: no new namespace,
 * no new process.
 */
#define THREAD_FLAGS                                                                                                   \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | CLONE_SYSVSEM | CLONE_SETTLS |             \
	 CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID)
#define FUTEX_OPERATION(operation)                                                                                     \
	{ 1, UINT32_MAX & ~(uint64_t)(FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME), (operation), false }

#define ALWAYS SANDBOX_ALWAYS
#define START SANDBOX_START
#define SEEN SANDBOX_SEEN
#define RARE SANDBOX_RARE

const struct sandbox_call sandbox_calls[] = {
	/* sockets: only existing ones, only to connected peers */
	{ CALL(accept4), ALWAYS, SEEN, { IS(3, SOCK_NONBLOCK | SOCK_CLOEXEC) },
	  "an event thread takes a connection" },
	{ CALL(recvfrom), ALWAYS, SEEN, { ONLY(3, MSG_PEEK), IS_NULL(4) },
	  "requests, answers of the keeper, pushes" },
	{ CALL(sendto), ALWAYS, SEEN, { ONLY(3, MSG_NOSIGNAL), IS_NULL(4) },
	  "questions, and the 100 before a body; with an address it could connect" },
	{ CALL(sendmsg), ALWAYS, SEEN, { ONLY(2, MSG_NOSIGNAL) },
	  "head and body of a reply at once; without MSG_FASTOPEN the kernel ignores its address" },
	{ CALL(shutdown), ALWAYS, SEEN, { { 0 } }, "the end of a connection" },
	/* descriptors */
	{ CALL(read), ALWAYS, SEEN, { { 0 } }, "wake-ups of threads" },
	{ CALL(write), ALWAYS, SEEN, { { 0 } }, "wake-ups of threads, lines of the log" },
	{ CALL(close), ALWAYS, SEEN, { { 0 } }, "the end of a connection" },
	{ CALL(fcntl), START, SEEN, { IS(1, F_GETFL) }, "does the listening socket block?" },
	{ CALL(fcntl), START, SEEN, { IS(1, F_DUPFD_CLOEXEC) }, "how many descriptors are in use?" },
	{ CALL(epoll_ctl), ALWAYS, SEEN, { { 0 } }, "connections come and go" },
#ifdef __NR_epoll_wait
	{ CALL(epoll_wait), ALWAYS, SEEN, { { 0 } }, "an event thread looks which connections are ready" },
	{ CALL(poll), ALWAYS, RARE, { { 0 } }, "the log thread waits for its reader, stopping for connections" },
#else
	{ CALL(epoll_pwait), ALWAYS, SEEN, { { 0 } }, "an event thread looks which connections are ready" },
	{ CALL(ppoll), ALWAYS, RARE, { { 0 } }, "the log thread waits for its reader, stopping for connections" },
#endif
	{ CALL(epoll_create1), START, SEEN, { IS(0, O_CLOEXEC) }, "one for each event thread" },
	{ CALL(eventfd2), START, SEEN, { ONLY(1, O_CLOEXEC | O_NONBLOCK) }, "one for each thread that others wake" },
	/* memory: never executable, never a file */
	{ CALL(mmap), ALWAYS, SEEN, { ONLY(2, PROT_READ | PROT_WRITE), HAS(3, MAP_ANONYMOUS) }, "malloc" },
	{ CALL(mprotect), ALWAYS, SEEN, { ONLY(2, PROT_READ | PROT_WRITE) }, "malloc" },
	{ CALL(munmap), ALWAYS, SEEN, { { 0 } }, "malloc" },
	{ CALL(madvise), ALWAYS, SEEN, { IS(2, MADV_DONTNEED) }, "malloc, and the stack of a thread that ends" },
	{ CALL(brk), ALWAYS, RARE, { { 0 } }, "malloc, when the main heap grows" },
	{ CALL(mremap), ALWAYS, RARE, { ONLY(3, MREMAP_MAYMOVE) }, "malloc, when a large block grows" },
	{ CALL(sched_getaffinity), ALWAYS, RARE, { { 0 } }, "malloc, when it counts processors for its arenas" },
	/* threads */
	{ CALL(futex), ALWAYS, SEEN, { FUTEX_OPERATION(FUTEX_WAIT) }, "locks" },
	{ CALL(futex), ALWAYS, SEEN, { FUTEX_OPERATION(FUTEX_WAKE) }, "locks" },
	{ CALL(futex), ALWAYS, SEEN, { FUTEX_OPERATION(FUTEX_WAIT_BITSET) }, "conditions, the end of a thread" },
	{ CALL(clone), START, SEEN, { IS(0, THREAD_FLAGS) }, "threads, never a process" },
	{ CALL(set_robust_list), START, SEEN, { { 0 } }, "the C library, for a new thread" },
	{ CALL(rseq), START, SEEN, { { 0 } }, "the C library, for a new thread" },
	{ CALL(rt_sigaction), START, SEEN, { { 0 } }, "the C library, for the first thread" },
	{ CALL(rt_sigprocmask), ALWAYS, SEEN, { { 0 } }, "the C library, when a thread begins or ends" },
	{ CALL(rt_sigtimedwait), ALWAYS, SEEN, { { 0 } }, "the main thread waits for SIGTERM" },
	{ CALL(exit), ALWAYS, SEEN, { { 0 } }, "the end of a thread" },
	{ CALL(exit_group), ALWAYS, SEEN, { { 0 } }, "the end of the process" },
	/* the rest */
	{ CALL(getrandom), ALWAYS, SEEN, { { 0 } }, "request ids, tokens of forms" },
	{ CALL(seccomp), START, SEEN, { { 0 } }, "the seal; can only take rights away" },
	{ CALL(clock_gettime), ALWAYS, RARE, { { 0 } }, "where the clock cannot be read without a call" },
	{ CALL(restart_syscall), ALWAYS, RARE, { { 0 } },
	  "the kernel makes it after SIGSTOP and SIGCONT, and after a suspend" },
	/* 32-bit processors (armhf): numbers and times of 64 bits; the C library makes these and the ones above */
#ifdef __NR_mmap2
	{ CALL(mmap2), ALWAYS, SEEN, { ONLY(2, PROT_READ | PROT_WRITE), HAS(3, MAP_ANONYMOUS) }, "malloc" },
#endif
#ifdef __NR_fcntl64
	{ CALL(fcntl64), START, SEEN, { IS(1, F_GETFL) }, "does the listening socket block?" },
	{ CALL(fcntl64), START, SEEN, { IS(1, F_DUPFD_CLOEXEC) }, "how many descriptors are in use?" },
#endif
#ifdef __NR_send
	{ CALL(recv), ALWAYS, SEEN, { ONLY(3, MSG_PEEK) }, "as recvfrom without an address" },
	{ CALL(send), ALWAYS, SEEN, { ONLY(3, MSG_NOSIGNAL) }, "as sendto without an address" },
#endif
#ifdef __NR_futex_time64
	{ CALL(futex_time64), ALWAYS, SEEN, { FUTEX_OPERATION(FUTEX_WAIT) }, "locks" },
	{ CALL(futex_time64), ALWAYS, SEEN, { FUTEX_OPERATION(FUTEX_WAKE) }, "locks" },
	{ CALL(futex_time64), ALWAYS, SEEN, { FUTEX_OPERATION(FUTEX_WAIT_BITSET) }, "conditions, the end of a thread" },
	{ CALL(rt_sigtimedwait_time64), ALWAYS, SEEN, { { 0 } }, "the main thread waits for SIGTERM" },
	{ CALL(ppoll_time64), ALWAYS, RARE, { { 0 } }, "the log thread waits for its reader, stopping for connections" },
	{ CALL(clock_gettime64), ALWAYS, RARE, { { 0 } }, "where the clock cannot be read without a call" },
#endif
	{ CALL(getpid), ALWAYS, RARE, { { 0 } }, "abort()" },
	{ CALL(gettid), ALWAYS, RARE, { { 0 } }, "abort()" },
	{ CALL(tgkill), ALWAYS, RARE, { IS_OWN_PROCESS(0) }, "abort(): a signal to itself" },
};

const int sandbox_refused[] = {
	/* files and system information, which libraries read if they can */
	SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(fstat),
	SCMP_SYS(newfstatat), SCMP_SYS(statx), SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2),
	SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd), SCMP_SYS(lseek), SCMP_SYS(ioctl),
	SCMP_SYS(uname), SCMP_SYS(sysinfo), SCMP_SYS(prctl), SCMP_SYS(prlimit64), SCMP_SYS(getrusage),
	SCMP_SYS(writev), /* the C library's message before abort() */
	/* sockets: a library that would resolve a name, or write to the system log */
	SCMP_SYS(socket), SCMP_SYS(connect),
	/* time, threads and signals */
	SCMP_SYS(time), SCMP_SYS(gettimeofday), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(sched_yield), SCMP_SYS(sched_setscheduler), SCMP_SYS(setpriority), SCMP_SYS(membarrier),
	SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigreturn), SCMP_SYS(getppid), SCMP_SYS(kill),
	/* the same calls of 32-bit processors */
#ifdef __NR_futex_time64
	SCMP_SYS(stat64), SCMP_SYS(lstat64), SCMP_SYS(fstat64), SCMP_SYS(fstatat64), SCMP_SYS(_llseek), SCMP_SYS(ugetrlimit),
	SCMP_SYS(clock_nanosleep_time64), SCMP_SYS(sigreturn),
#endif
};
const int sandbox_not_shared[] = {
	SCMP_SYS(read), SCMP_SYS(fcntl), SCMP_SYS(shutdown), SCMP_SYS(accept4), SCMP_SYS(recvfrom), SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
#ifdef __NR_fcntl64
	SCMP_SYS(fcntl64),
#endif
#ifdef __NR_send
	SCMP_SYS(recv), SCMP_SYS(send),
#endif
};
/*
 * rseq: ThreadSanitizer starts a background thread at fork() or at the first pthread_create(), and the program
 * cannot wait until this thread has begun.  The C library calls abort() in a new thread that cannot call rseq, so
 * the seal would sometimes end the process.
 */
const int sandbox_sanitizer[] = {
	SCMP_SYS(rseq), SCMP_SYS(madvise), SCMP_SYS(mremap), SCMP_SYS(futex), SCMP_SYS(sigaltstack), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigaction), SCMP_SYS(sched_yield), SCMP_SYS(getppid), SCMP_SYS(time), SCMP_SYS(gettimeofday),
	SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep),
};
/* clang-format on */

const size_t sandbox_sanitizer_count = SANITIZED ? COUNT(sandbox_sanitizer) : 0;
const size_t sandbox_call_count = COUNT(sandbox_calls);
const size_t sandbox_not_shared_count = COUNT(sandbox_not_shared);
const size_t sandbox_refused_count = COUNT(sandbox_refused);

const struct sandbox_profile sandbox_web = {
	.calls = sandbox_calls,
	.call_count = COUNT(sandbox_calls),
	.refused = sandbox_refused,
	.refused_count = COUNT(sandbox_refused),
	.not_shared = sandbox_not_shared,
	.not_shared_count = COUNT(sandbox_not_shared),
	.landlock = SANDBOX_NO_FILES | SANDBOX_NO_TCP | SANDBOX_NO_NEIGHBOURS,
};
