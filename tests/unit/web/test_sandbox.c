/*
 * The wall from inside.  A child process enters the sandbox and tries one forbidden act, for each version of Landlock,
 * before and after the seal.  The outcome is 0 when the act was done, 1 when it was refused, 2 when the kernel ended
 * the process.
 */
#include "unit.h"

#include "web/core/sandbox.h"
#include "web/core/sandbox_calls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <linux/landlock.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

static char own_file[] = "/tmp/doubletour-wall-XXXXXX";

/* The descriptors that web has when it enters the sandbox; created again for each attempt. */
static int listener = -1;         /* a listening socket */
static int connection = -1;       /* an accepted socket */
static int peer = -1;             /* its other end */
static int channel = -1;          /* to the "keeper", which is this test's process */
static int log_fd = -1;           /* a log that is a file, readable and writable, opened without O_APPEND */
static int pipe_fd = -1;          /* a pipe to write to */
static struct sockaddr_in target; /* the address of a listening socket */

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

/* --- sockets ------------------------------------------------------------------------------------------------------ */

static struct sockaddr *
target_address(void)
{
	return (struct sockaddr *)&target;
}

/* True when connecting began, with any result. */
static bool
began(ssize_t result)
{
	return result >= 0 || errno == EINPROGRESS || errno == ECONNREFUSED || errno == EOPNOTSUPP;
}

static bool
connects_by_sendto(void)
{
	shutdown(listener, SHUT_RDWR);
	return began(sendto(listener, "x", 1, MSG_FASTOPEN, target_address(), sizeof(target)));
}

static bool
connects_by_sendto_of_an_accepted_socket(void)
{
	close(peer);
	shutdown(connection, SHUT_RDWR);
	return began(
	    sendto(connection, "x", 1, MSG_FASTOPEN | MSG_NOSIGNAL | MSG_DONTWAIT, target_address(), sizeof(target)));
}

static bool
sends_to_an_address(void)
{
	return sendto(connection, "x", 1, MSG_NOSIGNAL, target_address(), sizeof(target)) == 1;
}

static ssize_t
send_message(int fd, int flags, bool with_address)
{
	struct iovec part = { "x", 1 };
	struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };

	if (with_address) {
		message.msg_name = &target;
		message.msg_namelen = sizeof(target);
	}
	return sendmsg(fd, &message, flags);
}

static bool
connects_by_sendmsg(void)
{
	shutdown(listener, SHUT_RDWR);
	return began(send_message(listener, MSG_FASTOPEN, true));
}

/* The filter cannot see the address, but without MSG_FASTOPEN the kernel does not connect. */
static bool
connects_by_sendmsg_without_the_flag(void)
{
	shutdown(listener, SHUT_RDWR);
	return began(send_message(listener, MSG_NOSIGNAL, true));
}

static bool
connects_by_sendmmsg(void)
{
	struct iovec part = { "x", 1 };
	struct mmsghdr message = {
		.msg_hdr = { .msg_name = &target, .msg_namelen = sizeof(target), .msg_iov = &part, .msg_iovlen = 1 }
	};

	shutdown(listener, SHUT_RDWR);
	return began(sendmmsg(listener, &message, 1, MSG_FASTOPEN));
}

static bool
connects_a_closed_listener(void)
{
	shutdown(listener, SHUT_RDWR);
	return began(connect(listener, target_address(), sizeof(target)));
}

static bool
listens_again(void)
{
	shutdown(listener, SHUT_RDWR);
	return listen(listener, 1) == 0;
}

static bool
binds_a_socket(void)
{
	const struct sockaddr_in any = { .sin_family = AF_INET };

	shutdown(listener, SHUT_RDWR);
	return bind(listener, (const struct sockaddr *)&any, sizeof(any)) == 0;
}

static bool
accepts_by_the_older_call(void)
{
	return syscall(SYS_accept4, listener, NULL, NULL, 0) >= 0 || errno == EAGAIN;
}

static bool
makes_a_pair(void)
{
	int pair[2];

	return socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0;
}

static const struct {
	int level, name;
} options[] = {
	{ IPPROTO_TCP, TCP_NODELAY },
	{ IPPROTO_TCP, TCP_CORK },
	{ IPPROTO_TCP, TCP_FASTOPEN_CONNECT },
	{ IPPROTO_TCP, TCP_FASTOPEN },
	{ IPPROTO_TCP, TCP_REPAIR },
	{ IPPROTO_TCP, TCP_ULP },
	{ IPPROTO_TCP, TCP_CONGESTION },
	{ IPPROTO_TCP, TCP_USER_TIMEOUT },
	{ SOL_SOCKET, SO_ATTACH_FILTER },
	{ SOL_SOCKET, SO_ATTACH_BPF },
	{ SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF },
	{ SOL_SOCKET, SO_BINDTODEVICE },
	{ SOL_SOCKET, SO_REUSEPORT },
	{ SOL_SOCKET, SO_RCVBUF },
	{ SOL_SOCKET, SO_SNDTIMEO },
	{ SOL_SOCKET, SO_ZEROCOPY },
	{ SOL_SOCKET, SO_PASSCRED },
	{ SOL_SOCKET, SO_LINGER },
	{ SOL_SOCKET, SO_MARK },
	{ IPPROTO_IP, IP_OPTIONS },
	{ IPPROTO_IP, IP_TRANSPARENT },
	{ IPPROTO_IPV6, IPV6_V6ONLY },
};

static bool
sets_an_option(void)
{
	const int on = 1;
	const int sockets[] = { listener, connection, channel };

	for (size_t i = 0; i < COUNT(options); i++)
		for (size_t s = 0; s < COUNT(sockets); s++)
			if (setsockopt(sockets[s], options[i].level, options[i].name, &on, sizeof(on)) == 0 ||
			    (errno != EPERM && errno != EACCES))
				return true;
	return false;
}

static bool
reads_a_socket_error_queue(void)
{
	char byte;

	return recv(connection, &byte, 1, MSG_ERRQUEUE | MSG_DONTWAIT) >= 0 || errno != EPERM;
}

/* --- descriptors -------------------------------------------------------------------------------------------------- */

/* fcntl() with commands other than the two that web uses at its start. */
static bool
controls_a_descriptor(void)
{
	struct f_owner_ex owner = { F_OWNER_PID, getpid() };
	struct flock lock = { .l_type = F_WRLCK };
	const struct {
		int fd, command;
		unsigned long argument;
	} commands[] = {
		{ channel, F_SETOWN, 1 },
		{ channel, F_SETOWN_EX, (unsigned long)&owner },
		{ channel, F_SETSIG, SIGKILL },
		{ channel, F_SETFL, O_ASYNC },
		{ channel, F_SETFL, O_RDWR | O_NONBLOCK | O_ASYNC },
		{ log_fd, F_SETFL, 0 }, /* clears O_APPEND */
		{ log_fd, F_SETFL, O_NONBLOCK },
		{ pipe_fd, F_SETFL, O_NONBLOCK },
		{ pipe_fd, F_SETPIPE_SZ, 4096 },
		{ log_fd, F_SETLEASE, F_RDLCK },
		{ log_fd, F_NOTIFY, 0 },
		{ log_fd, F_SETLK, (unsigned long)&lock },
		{ log_fd, F_SETFD, 0 },
		{ log_fd, F_DUPFD, 0 },
		{ log_fd, F_GETOWN, 0 },
		{ log_fd, 1024 + 9, 0 }, /* F_ADD_SEALS */
	};

	for (size_t i = 0; i < COUNT(commands); i++)
		if (fcntl(commands[i].fd, commands[i].command, commands[i].argument) >= 0 || errno != EPERM)
			return true;
	return false;
}

/* Makes the kernel send SIGIO or SIGKILL to the keeper at its next answer. */
static bool
has_the_keeper_signalled(void)
{
	return fcntl(channel, F_SETOWN, getppid()) == 0 && fcntl(channel, F_SETSIG, SIGKILL) == 0 &&
	       fcntl(channel, F_SETFL, O_RDWR | O_ASYNC) == 0;
}

static bool
has_the_keeper_signalled_by_ioctl(void)
{
	int on = 1, owner = getpid();
	const unsigned long requests[] = { FIOSETOWN, SIOCSPGRP, FIOASYNC, FIONBIO,
					   FIONREAD,  TIOCSTI,   TCGETS,   SIOCGIFCONF };

	for (size_t i = 0; i < COUNT(requests); i++)
		if (ioctl(channel, requests[i], requests[i] == FIOASYNC ? &on : &owner) == 0 || errno != EPERM)
			return true;
	return false;
}

static bool
moves_in_the_log(void)
{
	return lseek(log_fd, 0, SEEK_SET) == 0;
}

static bool
writes_at_a_place_in_the_log(void)
{
	return pwrite(log_fd, "x", 1, 0) == 1;
}

static bool
writes_parts_at_a_place_in_the_log(void)
{
	struct iovec part = { "x", 1 };

	return pwritev(log_fd, &part, 1, 0) == 1;
}

static bool
cuts_the_log(void)
{
	return ftruncate(log_fd, 0) == 0;
}

static bool
punches_the_log(void)
{
	return fallocate(log_fd, 0, 0, 4096) == 0;
}

static bool
maps_the_log(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, log_fd, 0) != MAP_FAILED;
}

/* Tries a call on each standard descriptor.  The kernel uses the lower 32 bits; `high` sets an upper bit too. */
static bool
is_done_on_a_standard_descriptor(long call, unsigned long second, unsigned long third, bool high)
{
	for (long fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (syscall(call, high ? fd | (1L << 32) : fd, second, third, MSG_DONTWAIT, 0, 0) >= 0 ||
		    errno != EPERM)
			return true;
	return false;
}

/* When the log is a socket, as with the journal, shutdown() ends it for the keeper too. */
static bool
ends_the_log_of_the_keeper(void)
{
	return is_done_on_a_standard_descriptor(SYS_shutdown, SHUT_RDWR, 0, false);
}

static bool
ends_the_log_of_the_keeper_by_upper_bits(void)
{
	return is_done_on_a_standard_descriptor(SYS_shutdown, SHUT_RDWR, 0, true);
}

static bool
has_the_log_under_another_number(void)
{
	return is_done_on_a_standard_descriptor(SYS_fcntl, F_DUPFD_CLOEXEC, 10, false) ||
	       is_done_on_a_standard_descriptor(SYS_fcntl, F_DUPFD_CLOEXEC, 10, true);
}

/* Reading a terminal would take typed input, also of the next command. */
static bool
reads_a_standard_descriptor(void)
{
	char byte;

	return is_done_on_a_standard_descriptor(SYS_read, (unsigned long)&byte, 1, false);
}

static bool
receives_from_a_standard_descriptor(void)
{
	char byte;

	return is_done_on_a_standard_descriptor(SYS_recvfrom, (unsigned long)&byte, 1, false);
}

/* Messages can carry descriptors and credentials. */
static bool
sends_messages_to_the_log(void)
{
	struct msghdr message = { .msg_iovlen = 0 };

	return is_done_on_a_standard_descriptor(SYS_sendmsg, (unsigned long)&message, 0, false);
}

static bool
sends_a_file_to_the_log(void)
{
	off_t from = 0;

	return sendfile(log_fd, log_fd, &from, 1) >= 0;
}

static bool
splices_to_the_log(void)
{
	return splice(log_fd, NULL, pipe_fd, NULL, 1, SPLICE_F_NONBLOCK) >= 0;
}

static bool
changes_the_mode_of_the_log(void)
{
	return fchmod(log_fd, 0666) == 0 || fchown(log_fd, getuid(), getgid()) == 0;
}

/* --- processes ---------------------------------------------------------------------------------------------------- */

static bool
signals_a_thread_of_the_keeper(void)
{
	return syscall(SYS_tgkill, getppid(), getppid(), 0) == 0;
}

static bool
opens_the_keeper_as_a_descriptor(void)
{
	return syscall(SYS_pidfd_open, getppid(), 0) >= 0;
}

static bool
becomes_dumpable(void)
{
	return prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0;
}

static bool
outlives_the_keeper(void)
{
	return prctl(PR_SET_PDEATHSIG, 0, 0, 0, 0) == 0;
}

static bool
raises_a_limit(void)
{
	struct rlimit limit = { RLIM_INFINITY, RLIM_INFINITY };

	return setrlimit(RLIMIT_CORE, &limit) == 0;
}

static bool
makes_a_namespace_with_a_thread(void)
{
	return syscall(SYS_clone, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | CLONE_NEWNET, 0, NULL, NULL, 0) >= 0 ||
	       errno != EPERM;
}

static bool
makes_a_ring(void)
{
	char parameters[120] = { 0 };

	return syscall(SYS_io_uring_setup, 1, parameters) >= 0;
}

static bool
makes_a_file_in_memory(void)
{
	return memfd_create("x", 0) >= 0;
}

static bool
locks_with_priority(void)
{
	static int word;

	return syscall(SYS_futex, &word, FUTEX_LOCK_PI, 0, NULL, NULL, 0) == 0 || errno != EPERM;
}

static bool
moves_memory_and_keeps_it(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return mremap(page, 4096, 4096, MREMAP_MAYMOVE | MREMAP_DONTUNMAP) != MAP_FAILED || errno != EPERM;
}

static bool
advises_memory(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return madvise(page, 4096, MADV_HUGEPAGE) == 0 || errno != EPERM;
}

/* --- allowed before the seal only --------------------------------------------------------------------------------- */

static bool
makes_an_epoll(void)
{
	return epoll_create1(EPOLL_CLOEXEC) >= 0;
}

static bool
makes_an_eventfd(void)
{
	return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK) >= 0;
}

static bool
handles_a_signal(void)
{
	return signal(SIGUSR1, SIG_IGN) != SIG_ERR;
}

static bool
seals_again(void)
{
	struct why why = { 0 };

	return sandbox_seal(&sandbox_web, &why) == ERR_OK;
}

static bool
registers_with_the_scheduler(void)
{
	return syscall(SYS_set_robust_list, NULL, 24) == 0 || errno != EPERM || syscall(SYS_rseq, NULL, 0, 0, 0) == 0 ||
	       errno != EPERM;
}

static bool
looks_at_its_descriptors(void)
{
	return fcntl(listener, F_GETFL) >= 0 || errno != EPERM || fcntl(listener, F_DUPFD_CLOEXEC, 0) >= 0;
}

/* --- web's work --------------------------------------------------------------------------------------------------- */

static bool
sends_and_receives(void)
{
	char byte;

	return send(connection, "x", 1, MSG_NOSIGNAL) == 1 && recv(peer, &byte, 1, 0) == 1 &&
	       send_message(connection, MSG_NOSIGNAL, false) == 1 && recv(peer, &byte, 1, MSG_PEEK) == 1;
}

static bool
allocates_and_writes(void)
{
	char *memory = malloc(1 << 20);
	bool allocated = memory != NULL;

	free(memory);
	return allocated && write(STDOUT_FILENO, "x", 1) == 1 && write(STDERR_FILENO, "x", 1) == 1;
}

enum outcome { WAS_DONE = 0, WAS_REFUSED = 1, WAS_ENDED = 2, COULD_NOT_ENTER = 3 };
enum { TIMEOUT_S = 300 };

/* Each attempt opens its own listener, because an earlier attempt may have shut its listener down. */
static int
listen_here(struct sockaddr_in *ret_address)
{
	socklen_t size = sizeof(*ret_address);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	*ret_address = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	if (fd < 0 || bind(fd, (struct sockaddr *)ret_address, size) != 0 || listen(fd, 64) != 0 ||
	    getsockname(fd, (struct sockaddr *)ret_address, &size) != 0)
		_exit(COULD_NOT_ENTER);
	return fd;
}

static void
descriptors_make(void)
{
	struct sockaddr_in here;
	int pair[2], ends[2];

	listener = listen_here(&here);
	listen_here(&target);
	peer = socket(AF_INET, SOCK_STREAM, 0);
	if (connect(peer, (struct sockaddr *)&here, sizeof(here)) != 0)
		_exit(COULD_NOT_ENTER);
	connection = accept(listener, NULL, NULL);
	log_fd = open(own_file, O_RDWR);
	if (fcntl(listener, F_SETFL, O_NONBLOCK) != 0 || socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0 ||
	    pipe(ends) != 0 || connection < 0 || log_fd < 0 || ftruncate(log_fd, 4096) != 0)
		_exit(COULD_NOT_ENTER);
	channel = pair[0];
	pipe_fd = ends[1];
}

/* Make standard input, output and error one socket with a byte to read. */
static void
standard_descriptors_make(void)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) != 0 || write(pair[1], "xxxxxx", 6) != 6)
		_exit(COULD_NOT_ENTER);
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (dup2(pair[0], fd) != fd)
			_exit(COULD_NOT_ENTER);
}

enum { OUTSIDE = -1, SECCOMP_ALONE = 0 }; /* instead of a version of Landlock */

/* Enter the sandbox, except OUTSIDE. */
static void
enter(long landlock_version, bool sealed)
{
	struct why why = { 0 };

	alarm(TIMEOUT_S); /* an act that is not refused may block */
	if (landlock_version == OUTSIDE)
		return;
	if (sandbox_enter_upto(&sandbox_web, landlock_version, &why) != ERR_OK ||
	    (sealed && sandbox_seal(&sandbox_web, &why) != ERR_OK))
		_exit(COULD_NOT_ENTER);
}

static int
outcome_of(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		return WTERMSIG(status) == SIGSYS ? WAS_ENDED : 100 + WTERMSIG(status);
	return WEXITSTATUS(status);
}

static int
try_inside(bool (*attempt)(void), long landlock_version, bool sealed)
{
	pid_t pid = fork();

	if (pid == 0) {
		descriptors_make();
		standard_descriptors_make();
		enter(landlock_version, sealed);
		_exit(attempt() ? WAS_DONE : WAS_REFUSED);
	}
	return outcome_of(pid);
}

enum allowed { NEVER, BEFORE_SEAL, ALWAYS };

static const struct {
	const char *why;
	bool (*attempt)(void);
	enum allowed allowed;
	bool outside;   /* succeeds without the wall for any user, so its failure shows that the wall works */
	bool sanitizer; /* a build with sanitizers allows it, because their runtime does the same */
} attempts[] = {
	{ "allocates memory and writes to its descriptors", allocates_and_writes, ALWAYS, true },
	{ "sends and receives on its sockets", sends_and_receives, ALWAYS, true },
	{ "makes a thread", makes_thread, BEFORE_SEAL, true },
	{ "makes an epoll", makes_an_epoll, BEFORE_SEAL, true },
	{ "examines its descriptors", looks_at_its_descriptors, BEFORE_SEAL, true },
	{ "makes an eventfd", makes_an_eventfd, BEFORE_SEAL, true },
	{ "handles a signal of the C library", handles_a_signal, BEFORE_SEAL, true, true },
	{ "sets the seal", seals_again, BEFORE_SEAL, false },
	{ "registers a thread with the kernel", registers_with_the_scheduler, BEFORE_SEAL, true, true },
	{ "reads /etc/passwd", reads_passwd, NEVER, true },
	{ "reads a file of its user, like the database and the key", reads_own_file, NEVER, true },
	{ "makes a file", makes_file, NEVER, true },
	{ "deletes a file", deletes_file, NEVER, false },
	{ "opens the keeper's memory", reads_memory_of_parent, NEVER, false },
	{ "reads the keeper's memory by process_vm_readv", reads_parent_by_call, NEVER, false },
	{ "traces the keeper", traces_parent, NEVER, false },
	{ "signals the keeper", kills_parent, NEVER, true },
	{ "signals a thread of the keeper", signals_a_thread_of_the_keeper, NEVER, true },
	{ "opens the keeper as a descriptor", opens_the_keeper_as_a_descriptor, NEVER, true },
	{ "has the keeper killed when it answers", has_the_keeper_signalled, NEVER, true },
	{ "has the keeper signalled by ioctl", has_the_keeper_signalled_by_ioctl, NEVER, true },
	{ "connects out", connects, NEVER, true },
	{ "connects by sendto of a shut-down listener", connects_by_sendto, NEVER, true },
	{ "connects by sendto of a shut-down connection", connects_by_sendto_of_an_accepted_socket, NEVER, false },
	{ "connects by sendmsg", connects_by_sendmsg, NEVER, true },
	{ "connects by sendmsg without MSG_FASTOPEN", connects_by_sendmsg_without_the_flag, NEVER, false },
	{ "connects by sendmmsg", connects_by_sendmmsg, NEVER, true },
	{ "connects a shut-down listener", connects_a_closed_listener, NEVER, true },
	{ "sends to an address", sends_to_an_address, NEVER, true },
	{ "listens again", listens_again, NEVER, true },
	{ "binds a socket", binds_a_socket, NEVER, false },
	{ "accepts without the flags that web uses", accepts_by_the_older_call, NEVER, true },
	{ "makes a socket of any kind", makes_unix_socket, NEVER, true },
	{ "makes a pair of sockets", makes_a_pair, NEVER, true },
	{ "sets an option of a socket", sets_an_option, NEVER, true },
	{ "reads the error queue of a socket", reads_a_socket_error_queue, NEVER, true },
	{ "controls a descriptor", controls_a_descriptor, NEVER, true },
	{ "moves the position in the log", moves_in_the_log, NEVER, true },
	{ "writes at an offset in the log", writes_at_a_place_in_the_log, NEVER, true },
	{ "writes parts at an offset in the log", writes_parts_at_a_place_in_the_log, NEVER, true },
	{ "truncates the log", cuts_the_log, NEVER, true },
	{ "allocates space in the log", punches_the_log, NEVER, true },
	{ "maps the log", maps_the_log, NEVER, true },
	{ "shuts down the log that the keeper shares", ends_the_log_of_the_keeper, NEVER, true },
	{ "shuts down that log, with upper bits set", ends_the_log_of_the_keeper_by_upper_bits, NEVER, true },
	{ "duplicates the log's descriptor", has_the_log_under_another_number, NEVER, true },
	{ "reads a standard descriptor", reads_a_standard_descriptor, NEVER, true },
	{ "receives from a standard descriptor", receives_from_a_standard_descriptor, NEVER, true },
	{ "sends messages to the log", sends_messages_to_the_log, NEVER, true },
	{ "sends a file to the log", sends_a_file_to_the_log, NEVER, true },
	{ "splices to a pipe", splices_to_the_log, NEVER, true },
	{ "changes mode or owner of the log", changes_the_mode_of_the_log, NEVER, true },
	{ "executes a program", executes, NEVER, false },
	{ "makes a process", forks, NEVER, true },
	{ "makes a namespace with a thread", makes_a_namespace_with_a_thread, NEVER, true },
	{ "maps executable memory", maps_executable, NEVER, true },
	{ "makes memory executable", makes_page_executable, NEVER, true },
	{ "moves memory and keeps it", moves_memory_and_keeps_it, NEVER, true, true },
	{ "gives other memory advice than freeing", advises_memory, NEVER, false, true },
	{ "locks with priority inheritance", locks_with_priority, NEVER, true, true },
	{ "becomes dumpable", becomes_dumpable, NEVER, true },
	{ "outlives the keeper", outlives_the_keeper, NEVER, true },
	{ "raises a limit", raises_a_limit, NEVER, false },
	{ "makes an io_uring", makes_a_ring, NEVER, false },
	{ "makes a file in memory", makes_a_file_in_memory, NEVER, true },
};

static bool
is_right(size_t i, int outcome, bool sealed)
{
	bool allowed = attempts[i].allowed == ALWAYS || (attempts[i].allowed == BEFORE_SEAL && !sealed);

	return allowed ? outcome == WAS_DONE : outcome == WAS_REFUSED || outcome == WAS_ENDED;
}

static long
landlock_newest(void)
{
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);

	assert_true(version >= 1);
	return version;
}

static void
each_forbidden_act_fails_at_each_landlock_version(void **state)
{
	long newest = landlock_newest();

	(void)state;
	for (size_t i = 0; i < COUNT(attempts); i++)
		for (long version = SECCOMP_ALONE; version <= newest; version++)
			for (int sealed = 0; sealed <= 1; sealed++) {
				int outcome = try_inside(attempts[i].attempt, version, sealed != 0);
				if (!is_right(i, outcome, sealed != 0) &&
				    !(attempts[i].sanitizer && sandbox_sanitizer_count > 0))
					fail_msg("%s: outcome %d with Landlock %ld, %s the seal", attempts[i].why,
						 outcome, version, sealed ? "after" : "before");
			}
}

/* A child process replaces the keeper, because the attempt may kill it. */
static bool
is_done_outside(bool (*attempt)(void))
{
	int outcome;
	pid_t pid = fork();

	if (pid == 0) {
		_exit(try_inside(attempt, OUTSIDE, false));
	}
	outcome = outcome_of(pid);
	return outcome == WAS_DONE || outcome == 100 + SIGKILL;
}

static void
forbidden_acts_succeed_without_the_wall(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(attempts); i++)
		if (attempts[i].outside && !is_done_outside(attempts[i].attempt))
			fail_msg("%s: fails without the wall too, so its failure inside shows nothing",
				 attempts[i].why);
}

/* --- system calls by number --------------------------------------------------------------------------------------- */

enum { CALLS_END = 480 };

static bool
is_in_table(long number, bool sealed)
{
	for (size_t i = 0; i < sandbox_call_count; i++)
		if (sandbox_calls[i].call == number && (!sealed || sandbox_calls[i].phase == SANDBOX_ALWAYS))
			return true;
	for (size_t i = 0; i < sandbox_sanitizer_count; i++)
		if (sandbox_sanitizer[i] == number)
			return true;
	return false;
}

/* uretprobe and uprobe: the kernel exempts them from seccomp; they do nothing outside a probe. */
static bool
is_unseen_by_seccomp(long number)
{
#ifdef __x86_64__
	return number == 335 || number == 336;
#else
	return number < 0;
#endif
}

/* Each call that is not in the table is tried by its number, including newer calls. */
static void
no_other_call_reaches_the_kernel(void **state)
{
	(void)state;
	for (int sealed = 0; sealed <= 1; sealed++)
		for (long number = 0; number < CALLS_END; number++) {
			pid_t pid;
			if (is_in_table(number, sealed != 0) || is_unseen_by_seccomp(number))
				continue;
			pid = fork();
			if (pid == 0) {
				enter(SECCOMP_ALONE, sealed != 0);
				long result = syscall(number, -1L, 0L, 0L, 0L, 0L, 0L);
				bool refused = result == -1 && (errno == EPERM || errno == EACCES || errno == ENOSYS);
				_exit(refused ? WAS_REFUSED : WAS_DONE);
			}
			int outcome = outcome_of(pid);
			if (outcome != WAS_REFUSED && outcome != WAS_ENDED)
				fail_msg("system call %ld: outcome %d, %s the seal", number, outcome,
					 sealed ? "after" : "before");
		}
}

static int
set_up(void **state)
{
	int fd = mkstemp(own_file);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int
tear_down(void **state)
{
	(void)state;
	(void)!unlink("/tmp/doubletour-wall-new");
	return unlink(own_file);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_forbidden_act_fails_at_each_landlock_version),
		cmocka_unit_test(forbidden_acts_succeed_without_the_wall),
		cmocka_unit_test(no_other_call_reaches_the_kernel),
	};

	return cmocka_run_group_tests_name("sandbox", tests, set_up, tear_down);
}
