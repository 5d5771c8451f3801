/*
 * The wall from inside: each forbidden thing is tried in a process of its own that has entered the sandbox.
 * What the process then says is: 0 it was done, 1 it was refused, 2 the kernel ended it.
 */
#include "unit.h"

#include "web/sandbox.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char own_file[] = "/tmp/doubletour-wall-XXXXXX";

static bool
opens(const char *path, int flags)
{
	int fd = open(path, flags | O_CLOEXEC, 0600);

	return fd >= 0;
}

static bool
reads_passwd(void)
{
	return opens("/etc/passwd", O_RDONLY);
}

static bool
reads_own_file(void)
{
	return opens(own_file, O_RDONLY);
}

static bool
makes_file(void)
{
	return opens("/tmp/doubletour-wall-new", O_CREAT | O_WRONLY);
}

static bool
reads_memory_of_parent(void)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)getppid());
	return opens(path, O_RDONLY);
}

static bool
connects(void)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(9) };
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return fd >= 0 && (connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 || errno == ECONNREFUSED);
}

static bool
makes_unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static bool
executes(void)
{
	char *arguments[] = { "true", NULL };

	execv("/bin/true", arguments);
	return false;
}

static bool
forks(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid > 0;
}

static bool
traces_parent(void)
{
	return ptrace(PTRACE_SEIZE, getppid(), NULL, NULL) == 0;
}

static bool
reads_parent_by_call(void)
{
	char byte;
	struct iovec here = { &byte, 1 }, there = { own_file, 1 };

	return process_vm_readv(getppid(), &here, 1, &there, 1, 0) == 1;
}

static bool
kills_parent(void)
{
	return kill(getppid(), 0) == 0;
}

static bool
maps_executable(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static bool
makes_page_executable(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page != MAP_FAILED && mprotect(page, 4096, PROT_READ | PROT_EXEC) == 0;
}

static bool
deletes_file(void)
{
	return unlink(own_file) == 0;
}

static void *
nothing(void *context)
{
	return context;
}

static bool
makes_thread(void)
{
	pthread_t thread;

	return pthread_create(&thread, NULL, nothing, NULL) == 0 && pthread_join(thread, NULL) == 0;
}

static bool
makes_thread_after_seal(void)
{
	struct why why = { 0 };

	return sandbox_seal(&why) != ERR_OK || makes_thread();
}

static bool
forks_after_seal(void)
{
	struct why why = { 0 };

	return sandbox_seal(&why) != ERR_OK || forks();
}

static bool
allocates_and_writes(void)
{
	char *memory = malloc(1 << 20);
	int pair_end = STDERR_FILENO;

	return memory != NULL && write(pair_end, "", 0) == 0;
}

enum outcome { WAS_DONE = 0, WAS_REFUSED = 1, WAS_ENDED = 2, COULD_NOT_ENTER = 3 };

static int
try_inside(bool (*attempt)(void))
{
	struct why why = { 0 };
	int status = 0;
	pid_t pid = fork();

	if (pid == 0) {
		if (sandbox_enter(&why) != ERR_OK)
			_exit(COULD_NOT_ENTER);
		_exit(attempt() ? WAS_DONE : WAS_REFUSED);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? WAS_ENDED : 100 + WTERMSIG(status);
	return WEXITSTATUS(status);
}

static const struct {
	const char *why;
	bool (*attempt)(void);
	bool allowed;
} attempts[] = {
	{ "a web process allocates and writes to what it has", allocates_and_writes, true },
	{ "its threads are made before the seal", makes_thread, true },
	{ "reads /etc/passwd", reads_passwd, false },
	{ "reads a file of its own user, as the database and the key are", reads_own_file, false },
	{ "makes a file", makes_file, false },
	{ "deletes a file", deletes_file, false },
	{ "opens the keeper's memory", reads_memory_of_parent, false },
	{ "reads the keeper's memory by process_vm_readv", reads_parent_by_call, false },
	{ "traces the keeper", traces_parent, false },
	{ "signals the keeper", kills_parent, false },
	{ "connects out", connects, false },
	{ "makes a socket of any kind", makes_unix_socket, false },
	{ "executes a program", executes, false },
	{ "makes a process", forks, false },
	{ "maps memory that can be executed", maps_executable, false },
	{ "makes memory executable", makes_page_executable, false },
	{ "makes a thread after the seal", makes_thread_after_seal, false },
	{ "makes a process after the seal", forks_after_seal, false },
};

static void
each_attempt_is_refused_inside_and_possible_outside(void **state)
{
	int fd = mkstemp(own_file);

	(void)state;
	assert_true(fd >= 0);
	close(fd);
	assert_true(reads_own_file()); /* that it fails inside is the sandbox's doing */
	assert_true(reads_passwd());
	assert_true(makes_unix_socket());
	for (size_t i = 0; i < COUNT(attempts); i++) {
		int outcome = try_inside(attempts[i].attempt);
		bool good = attempts[i].allowed ? outcome == WAS_DONE : outcome == WAS_REFUSED || outcome == WAS_ENDED;
		if (!good)
			fail_msg("%s: outcome %d", attempts[i].why, outcome);
	}
	assert_int_equal(unlink(own_file), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_attempt_is_refused_inside_and_possible_outside),
	};

	return cmocka_run_group_tests_name("sandbox", tests, NULL, NULL);
}
