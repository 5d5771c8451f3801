#include "web/core/sandbox.h"

#include <errno.h>
#include <limits.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* --- Landlock ----------------------------------------------------------------------------------------------------- */

/*
 * Debian 12's kernel headers only know Landlock's second version; these numbers are part of the kernel's stable
 * interface.
 */
struct ruleset {
	uint64_t handled_access_fs;
	uint64_t handled_access_net; /* version 4 */
	uint64_t scoped;             /* version 6 */
};
enum {
	NET_BIND_AND_CONNECT_TCP = 3, /* LANDLOCK_ACCESS_NET_BIND_TCP | _CONNECT_TCP */
	SCOPE_SOCKETS_AND_SIGNALS = 3 /* LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | _SIGNAL */
};

/* Number of file system rights of each Landlock version: bits 0 to n-1. */
static unsigned
sandbox_fs_rights(long version)
{
	static const unsigned rights[] = { 0, 13, 14, 15, 15, 16 };

	return version < 5 ? rights[version] : rights[5];
}

long
sandbox_landlock_version(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	return version < 0 ? 0 : version;
}

err
sandbox_check(enum config_wall wall, struct why *why)
{
	if (wall == WALL_SECCOMP || sandbox_landlock_version() > 0)
		return ERR_OK;
	return why_set(why, ERR_DENIED,
		       "The kernel has no Landlock, so the full sandbox of the web process is not possible and the "
		       "server does not start.  Use Linux 5.13 or newer, with landlock in its list of security "
		       "modules, or set WALL=seccomp for a weaker sandbox.");
}

static err
sandbox_landlock_enter(unsigned landlock, long version_max, struct why *why)
{
	long offered = sandbox_landlock_version();
	long version = offered < version_max ? offered : version_max;
	struct ruleset rules = { 0 };
	size_t size = version >= 6 ? 24 : version >= 4 ? 16 : 8;
	int fd;

	TRY(sandbox_check(WALL_FULL, why));
	rules.handled_access_fs =
	    (landlock & SANDBOX_NO_FILES) != 0 ? (UINT64_C(1) << sandbox_fs_rights(version)) - 1 : 0;
	rules.handled_access_net = version >= 4 && (landlock & SANDBOX_NO_TCP) != 0 ? NET_BIND_AND_CONNECT_TCP : 0;
	rules.scoped = version >= 6 && (landlock & SANDBOX_NO_NEIGHBOURS) != 0 ? SCOPE_SOCKETS_AND_SIGNALS : 0;
	fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
	/* A ruleset that handles every right and grants none. */
	if (fd < 0 || syscall(SYS_landlock_restrict_self, fd, 0) != 0) {
		if (fd >= 0)
			close(fd);
		return why_set(why, ERR_DENIED, "Landlock refused the sandbox of the web process: %s.",
			       strerror(errno));
	}
	close(fd);
	return ERR_OK;
}

/* --- seccomp ------------------------------------------------------------------------------------------------------ */

/*
 * Filters are stacked, and the strictest verdict applies:
 *
 *	names      a call that is in neither table ends the process
 *	shared     a call that could change or read descriptors shared with the keeper (0 to 2) fails with EPERM
 *	arguments  a call with arguments that the table does not allow fails with EPERM
 *	sealed     the same, without the calls that are only needed at the start
 */

static int
sandbox_add(scmp_filter_ctx filter, uint32_t action, int call, unsigned n, const struct scmp_arg_cmp *conditions)
{
	int e = seccomp_rule_add_array(filter, action, call, n, conditions);

	return e == -EEXIST ? 0 : e; /* another row of the table has added it */
}

static int
sandbox_add_row(scmp_filter_ctx filter, const struct sandbox_call *row)
{
	struct scmp_arg_cmp conditions[SANDBOX_ARGUMENTS_MAX];
	unsigned n = 0;

	for (size_t i = 0; i < SANDBOX_ARGUMENTS_MAX; i++) {
		const struct sandbox_argument *a = &row->arguments[i];
		scmp_datum_t value = a->own_process ? (scmp_datum_t)getpid() : a->value;
		if (a->mask != 0)
			conditions[n++] = SCMP_CMP(a->index, SCMP_CMP_MASKED_EQ, a->mask, value);
	}
	return sandbox_add(filter, SCMP_ACT_ALLOW, row->call, n, conditions);
}

static int
sandbox_add_sanitizer(scmp_filter_ctx filter)
{
	int e = 0;

	for (size_t i = 0; e == 0 && i < sandbox_sanitizer_count; i++)
		e = sandbox_add(filter, SCMP_ACT_ALLOW, sandbox_sanitizer[i], 0, NULL);
	return e;
}

static int
sandbox_add_names(scmp_filter_ctx filter, const struct sandbox_profile *profile)
{
	int e = sandbox_add_sanitizer(filter);

	for (size_t i = 0; e == 0 && i < profile->call_count; i++)
		e = sandbox_add(filter, SCMP_ACT_ALLOW, profile->calls[i].call, 0, NULL);
	for (size_t i = 0; e == 0 && i < profile->refused_count; i++)
		e = sandbox_add(filter, SCMP_ACT_ALLOW, profile->refused[i], 0, NULL);
	/* A filter cannot read the flags of clone3.  With ENOSYS, glibc falls back to clone. */
	return e != 0 ? e : sandbox_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0, NULL);
}

static int
sandbox_add_shared(scmp_filter_ctx filter, const struct sandbox_profile *profile)
{
	int e = 0;

	for (size_t i = 0; i < profile->not_shared_count; i++)
		for (scmp_datum_t fd = 0; e == 0 && fd < SANDBOX_SHARED_COUNT; fd++)
			e = sandbox_add(filter, SCMP_ACT_ERRNO(EPERM), profile->not_shared[i], 1,
					&SCMP_CMP(0, SCMP_CMP_MASKED_EQ, UINT32_MAX, fd));
	return e;
}

static int
sandbox_add_arguments(scmp_filter_ctx filter, const struct sandbox_profile *profile, bool sealed)
{
	int e = sandbox_add_sanitizer(filter);

	for (size_t i = 0; e == 0 && i < profile->call_count; i++)
		if (!sealed || profile->calls[i].phase == SANDBOX_ALWAYS)
			e = sandbox_add_row(filter, &profile->calls[i]);
	return e != 0 ? e : sandbox_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0, NULL);
}

static err
sandbox_filter_new(uint32_t otherwise, scmp_filter_ctx *ret_filter, struct why *why)
{
	*ret_filter = seccomp_init(otherwise);
	if (*ret_filter == NULL)
		return why_set(why, ERR_MEMORY, "There is no memory for the seccomp filter.");
	/* no_new_privs is already set, and prctl may be refused. */
	(void)!seccomp_attr_set(*ret_filter, SCMP_FLTATR_CTL_NNP, 0);
	return ERR_OK;
}

static err
sandbox_filter_load(scmp_filter_ctx *filter, int e, struct why *why)
{
	if (e == 0)
		e = seccomp_load(*filter);
	seccomp_release(*filter);
	if (e != 0)
		return why_set(why, ERR_DENIED, "seccomp refused the sandbox of the web process: %s.", strerror(-e));
	return ERR_OK;
}

static err
sandbox_names(const struct sandbox_profile *profile, struct why *why)
{
	scmp_filter_ctx filter;

	/* A sanitizer's runtime makes further calls: they fail, instead of ending the process. */
	TRY(sandbox_filter_new(sandbox_sanitizer_count > 0 ? SCMP_ACT_ERRNO(EACCES) : SCMP_ACT_KILL_PROCESS, &filter,
			       why));
	return sandbox_filter_load(&filter, sandbox_add_names(filter, profile), why);
}

/*
 * This filter lists the refused calls: a condition can require that an argument equals a number, but not that its
 * lower 32 bits differ from one.
 */
static err
sandbox_shared(const struct sandbox_profile *profile, struct why *why)
{
	scmp_filter_ctx filter;

	TRY(sandbox_filter_new(SCMP_ACT_ALLOW, &filter, why));
	return sandbox_filter_load(&filter, sandbox_add_shared(filter, profile), why);
}

static err
sandbox_arguments(const struct sandbox_profile *profile, struct why *why)
{
	scmp_filter_ctx filter;

	TRY(sandbox_filter_new(SCMP_ACT_ERRNO(EPERM), &filter, why));
	return sandbox_filter_load(&filter, sandbox_add_arguments(filter, profile, false), why);
}

err
sandbox_enter_upto(const struct sandbox_profile *profile, long landlock_version, struct why *why)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return why_set(why, ERR_DENIED, "The kernel refused no_new_privs: %s.", strerror(errno));
	if (landlock_version > 0)
		TRY(sandbox_landlock_enter(profile->landlock, landlock_version, why));
	TRY(sandbox_names(profile, why));
	TRY(sandbox_shared(profile, why));
	return sandbox_arguments(profile, why);
}

err
sandbox_enter(const struct sandbox_profile *profile, enum config_wall wall, struct why *why)
{
	return sandbox_enter_upto(profile, wall == WALL_SECCOMP ? 0 : LONG_MAX, why);
}

err
sandbox_seal(const struct sandbox_profile *profile, struct why *why)
{
	scmp_filter_ctx filter;
	int e;

	TRY(sandbox_filter_new(SCMP_ACT_ERRNO(EPERM), &filter, why));
	e = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1); /* for all threads */
	return sandbox_filter_load(&filter, e != 0 ? e : sandbox_add_arguments(filter, profile, true), why);
}
