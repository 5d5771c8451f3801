#include "web/sandbox.h"

#include <errno.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

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

/* Debian 12's kernel headers stop at Landlock's second version; these numbers are part of the kernel's interface. */
struct ruleset {
	uint64_t handled_access_fs;
	uint64_t handled_access_net; /* version 4 */
	uint64_t scoped;             /* version 6 */
};
enum {
	NET_BIND_AND_CONNECT_TCP = 3, /* LANDLOCK_ACCESS_NET_BIND_TCP | _CONNECT_TCP */
	SCOPE_SOCKETS_AND_SIGNALS = 3 /* LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | _SIGNAL */
};

/* File system rights that each version of Landlock knows: bits 0 to n-1. */
static unsigned
fs_rights(long version)
{
	static const unsigned rights[] = { 0, 13, 14, 15, 15, 16 };

	return version < 5 ? rights[version] : rights[5];
}

static err
landlock_enter(struct why *why)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	struct ruleset rules = { 0 };
	size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
	int fd;

	if (version < 1)
		return why_set(
		    why, ERR_DENIED,
		    "The kernel offers no Landlock (Linux 5.13 or newer, with landlock in its list of security "
		    "modules): the web process cannot be walled in, so the server does not start.");
	rules.handled_access_fs = (UINT64_C(1) << fs_rights(version)) - 1;
	rules.handled_access_net = version >= 4 ? NET_BIND_AND_CONNECT_TCP : 0;
	rules.scoped = version >= 6 ? SCOPE_SOCKETS_AND_SIGNALS : 0;
	fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
	/* A ruleset that handles every right and grants none. */
	if (fd < 0 || syscall(SYS_landlock_restrict_self, fd, 0) != 0) {
		if (fd >= 0)
			close(fd);
		return why_set(why, ERR_DENIED, "Landlock refused to wall the web process in: %s.", strerror(errno));
	}
	close(fd);
	return ERR_OK;
}

/* What a web process that has its sockets and its threads needs. */
static const int allowed[] = {
	SCMP_SYS(read),
	SCMP_SYS(readv),
	SCMP_SYS(write),
	SCMP_SYS(writev),
	SCMP_SYS(recvfrom),
	SCMP_SYS(recvmsg),
	SCMP_SYS(sendto),
	SCMP_SYS(sendmsg),
	SCMP_SYS(accept),
	SCMP_SYS(accept4),
	SCMP_SYS(shutdown),
	SCMP_SYS(close),
	SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt),
	SCMP_SYS(getpeername),
	SCMP_SYS(getsockname),
	SCMP_SYS(poll),
	SCMP_SYS(ppoll),
	SCMP_SYS(epoll_create1),
	SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait),
	SCMP_SYS(epoll_pwait),
	SCMP_SYS(eventfd2),
	SCMP_SYS(fstat),
	SCMP_SYS(lseek),
	SCMP_SYS(fcntl),
	SCMP_SYS(futex),
	SCMP_SYS(munmap),
	SCMP_SYS(mremap),
	SCMP_SYS(brk),
	SCMP_SYS(madvise),
	SCMP_SYS(clock_gettime),
	SCMP_SYS(clock_nanosleep),
	SCMP_SYS(nanosleep),
	SCMP_SYS(gettimeofday),
	SCMP_SYS(time),
	SCMP_SYS(getrandom),
	SCMP_SYS(getpid),
	SCMP_SYS(gettid),
	SCMP_SYS(getppid),
	SCMP_SYS(exit),
	SCMP_SYS(exit_group),
	SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask),
	SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigtimedwait),
	SCMP_SYS(sigaltstack),
	SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity),
	SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq),
	SCMP_SYS(restart_syscall),
	SCMP_SYS(seccomp), /* can only take rights away: the seal needs it */
};

/* What libraries may ask for innocently: refused, but not fatal. */
static const int refused[] = {
	SCMP_SYS(open),        SCMP_SYS(openat),
	SCMP_SYS(openat2),     SCMP_SYS(stat),
	SCMP_SYS(lstat),       SCMP_SYS(newfstatat),
	SCMP_SYS(statx),       SCMP_SYS(access),
	SCMP_SYS(faccessat),   SCMP_SYS(faccessat2),
	SCMP_SYS(readlink),    SCMP_SYS(readlinkat),
	SCMP_SYS(getcwd),      SCMP_SYS(uname),
	SCMP_SYS(sysinfo),     SCMP_SYS(prctl),
	SCMP_SYS(ioctl),       SCMP_SYS(socket),
	SCMP_SYS(connect),     SCMP_SYS(bind),
	SCMP_SYS(listen),      SCMP_SYS(sched_setscheduler),
	SCMP_SYS(setpriority), SCMP_SYS(membarrier),
	SCMP_SYS(prlimit64),   SCMP_SYS(getrusage),
	SCMP_SYS(kill),
};

static int
rules_each(scmp_filter_ctx filter, uint32_t action, const int *calls, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int e = seccomp_rule_add(filter, action, calls[i], 0);
		if (e != 0)
			return e;
	}
	return 0;
}

/* Calls that are allowed with some arguments only. */
static int
rules_with_arguments(scmp_filter_ctx filter)
{
	int e = 0;

	/* memory may be mapped and changed, never made executable */
	e |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	e |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	/* signals to itself only, which is what abort() does */
	e |=
	    seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
	return e;
}

/* Threads are made until the seal; glibc falls back from clone3 (whose flags a filter cannot see) to clone. */
static int
rules_threads(scmp_filter_ctx filter)
{
	const scmp_datum_t thread = 0x00010000; /* CLONE_THREAD */
	int e = 0;

	e |= seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
	e |= seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, thread, thread));
	e |=
	    seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1, SCMP_A0(SCMP_CMP_MASKED_EQ, thread, 0));
	return e;
}

static int
rules_all(scmp_filter_ctx filter)
{
	int e = rules_each(filter, SCMP_ACT_ALLOW, allowed, COUNT(allowed));

	if (e == 0)
		e = rules_each(filter, SCMP_ACT_ERRNO(EPERM), refused, COUNT(refused));
	if (e == 0)
		e = rules_with_arguments(filter);
	return e == 0 ? rules_threads(filter) : e;
}

static err
filter_load(scmp_filter_ctx filter, int e, struct why *why)
{
	if (e == 0)
		e = seccomp_load(filter);
	seccomp_release(filter);
	if (e != 0)
		return why_set(why, ERR_DENIED, "seccomp refused to wall the web process in: %s.", strerror(-e));
	return ERR_OK;
}

err
sandbox_enter(struct why *why)
{
	/*
	 * Under a sanitizer its runtime asks for more; it is refused rather than ended.  With an errno of its own, for
	 * libseccomp takes no rule whose action is the default's.
	 */
	scmp_filter_ctx filter = seccomp_init(SANITIZED ? SCMP_ACT_ERRNO(EACCES) : SCMP_ACT_KILL_PROCESS);

	if (filter == NULL)
		return why_set(why, ERR_MEMORY, "There is no memory for the seccomp filter.");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) {
		seccomp_release(filter);
		return why_set(why, ERR_DENIED, "The kernel refused no_new_privs: %s.", strerror(errno));
	}
	err e = landlock_enter(why);
	if (e != ERR_OK) {
		seccomp_release(filter);
		return e;
	}
	return filter_load(filter, rules_all(filter), why);
}

err
sandbox_seal(struct why *why)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	int e;

	if (filter == NULL)
		return why_set(why, ERR_MEMORY, "There is no memory for the seccomp filter.");
	e = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1); /* every thread, not this one only */
	if (e == 0)
		e = seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0); /* set already, and prctl is refused by now */
	if (e == 0)
		e = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 0);
	if (e == 0)
		e = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(seccomp), 0);
	return filter_load(filter, e, why);
}
