#include "cli/setup.h"

#include "base/file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHECK_MS = 50 }; /* until both processes answer, ask this often */

struct demo_process {
	const char *name, *log;
	const char *program;
	uint16_t port;
	char *arguments[8];
	pid_t pid; /* 0: does not run */
};

static void
demo_run_signals(sigset_t *ret_signals)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGCHLD };

	sigemptyset(ret_signals);
	for (size_t i = 0; i < COUNT(signals); i++)
		sigaddset(ret_signals, signals[i]);
}

/*
 * A separate process group: Ctrl-C then reaches this process only, which stops the others.  posix_spawn reports
 * errors of these actions.
 */
static bool
demo_run_prepare(const struct demo_process *process, posix_spawn_file_actions_t *actions, posix_spawnattr_t *attributes)
{
	sigset_t none;

	sigemptyset(&none);
	return posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETPGROUP) == 0 &&
	       posix_spawnattr_setsigmask(attributes, &none) == 0 && posix_spawnattr_setpgroup(attributes, 0) == 0 &&
	       posix_spawn_file_actions_addopen(actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0) == 0 &&
	       posix_spawn_file_actions_addopen(actions, STDOUT_FILENO, process->log,
						O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600) == 0 &&
	       posix_spawn_file_actions_adddup2(actions, STDOUT_FILENO, STDERR_FILENO) == 0;
}

static bool
demo_run_start(struct demo_process *process)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	bool started;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return false;
	if (posix_spawnattr_init(&attributes) != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return false;
	}
	started = demo_run_prepare(process, &actions, &attributes) &&
		  posix_spawn(&process->pid, process->program, &actions, &attributes, process->arguments, environ) == 0;
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	if (!started) {
		process->pid = 0;
		cli_say("doubletour: %s could not be started.", process->name);
	}
	return started;
}

/* Has the process ended by itself?  Says so once. */
static bool
demo_run_ended(struct demo_process *process)
{
	int status = 0;

	if (process->pid == 0 || waitpid(process->pid, &status, WNOHANG) != process->pid)
		return false;
	process->pid = 0;
	cli_say("doubletour: %s has ended.  Read the end of doubletour-demo/%s.", process->name, process->log);
	return true;
}

static bool
demo_run_listens(uint16_t port)
{
	const struct sockaddr_in address = { .sin_family = AF_INET,
					     .sin_port = htons(port),
					     .sin_addr = { htonl(INADDR_LOOPBACK) } };
	CLEANUP(file_close) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0;
}

/* Wait until a signal or the end of a process; true: a person or the system asked to stop. */
static bool
demo_run_watch(const struct demo_run *demo, struct demo_process processes[2], const sigset_t *signals)
{
	const struct timespec check = { .tv_nsec = CHECK_MS * 1000000L };
	bool ready = false;

	for (;;) {
		int arrived = sigtimedwait(signals, NULL, ready ? NULL : &check);

		if (demo_run_ended(&processes[0]) || demo_run_ended(&processes[1]))
			return false;
		if (arrived > 0 && arrived != SIGCHLD)
			return true;
		if (!ready && demo_run_listens(processes[0].port) && demo_run_listens(processes[1].port) &&
		    demo->answers(demo->context)) {
			ready = true;
			demo->ready(demo->context);
		}
	}
}

static void
demo_run_stop(struct demo_process *process)
{
	pid_t ended;

	if (process->pid == 0)
		return;
	kill(process->pid, SIGTERM);
	do
		ended = waitpid(process->pid, NULL, 0);
	while (ended < 0 && errno == EINTR);
	process->pid = 0;
}

int
demo_run(const struct demo_run *demo)
{
	struct demo_process processes[2] = {
		{ "The server", "doubletour.log", "/proc/self/exe", demo->server_port, { "doubletour", "run" }, 0 },
		{ "Caddy",
		  "caddy.log",
		  demo->caddy,
		  demo->caddy_port,
		  { "caddy", "run", "--config", "Caddyfile", "--adapter", "caddyfile" },
		  0 },
	};
	sigset_t signals;
	bool asked;

	demo_run_signals(&signals);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) != 0)
		return cli_fail(ERR_IO, NULL);
	asked =
	    demo_run_start(&processes[0]) && demo_run_start(&processes[1]) && demo_run_watch(demo, processes, &signals);
	demo_run_stop(&processes[1]);
	demo_run_stop(&processes[0]);
	return asked ? CLI_DONE : CLI_FAILED;
}
