/*
 * `doubletour run`: this process becomes the keeper and starts the web process beside it, again whenever it dies.
 *
 * The web process is this same program executed anew, so that nothing the keeper has in memory is in its memory; it gets
 * its listening socket, its channels, and an environment that holds only what concerns it.
 *
 *	descriptors of the web process:  0       /dev/null, as here
 *	                                 1 2     as here; a file is appended to
 *	                                 3       listening socket
 *	                                 4       pushes, to read
 *	                                 5 ...   channels: first the quick ones, then the slow ones
 *
 * Ends on SIGTERM or SIGINT: web finishes what it accepted (5 s at most), then the keeper ends.  SIGHUP: the rules of access
 * are read anew.
 */
#include "cli/cli.h"
#include "cli/run.h"

#include "base/clock.h"
#include "base/fault.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/process.h"
#include "config/config.h"
#include "http/listen.h"
#include "http/server.h"
#include "keeper/core/keeper.h"
#include "keeper/ops/lock.h"
#include "keeper/ops/serve.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	QUICK_CHANNELS = 4,
	CHANNELS_MAX = 64,
	STOP_SECONDS = 6,    /* web takes 5 at most */
	SOON_DEAD_MS = 1000, /* a web process that lives shorter has not come up */
	SOON_DEAD_MAX = 8,   /* so often in a row, and the keeper gives up */
	RESTART_MS = 200,    /* pause before the next try, after the first */
	DESCRIPTORS = 16384,
	PASSING_FD = 200, /* descriptors on their way to the child stand from here on */
};

struct supervisor {
	const struct config *config;
	struct keeper *keeper;
	struct keeper_server *server;
	struct lock lock;
	struct serve_shape shape;
	struct config_environment environment;
	sigset_t signals;
	int listen_fd;                  /* -1: open it anew for the next web process */
	bool listen_kept;               /* an inherited or a Unix socket: the same one for each web process */
	struct listen_file listen_file; /* of LISTEN */
	pid_t web;                      /* 0: none */
	int64_t started_us;
	unsigned soon_dead;
	bool ever_up; /* a web process has lived for a while, or asked something */
};

/* --- starting the web process ------------------------------------------------------------------------------------- */

/* Both ends of every socket between the two processes. */
struct sockets {
	int keeper[CHANNELS_MAX + 1], web[CHANNELS_MAX + 1]; /* [0] is for pushes */
	size_t count;
};

static void
run_close_all(const int *fds, size_t n)
{
	for (size_t i = 0; i < n; i++)
		close(fds[i]);
}

static err
run_sockets_open(size_t count, struct sockets *ret_sockets)
{
	for (size_t i = 0; i < count; i++) {
		int pair[2];
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) != 0) {
			run_close_all(ret_sockets->keeper, i);
			run_close_all(ret_sockets->web, i);
			return ERR_IO;
		}
		ret_sockets->keeper[i] = pair[0];
		ret_sockets->web[i] = pair[1];
	}
	ret_sockets->count = count;
	return ERR_OK;
}

/*
 * The descriptors where the web process looks for them, and no others.  Out of the way first: a target may be another's source.
 * What fails here is told by the spawn.
 */
static bool
run_descriptors_put(posix_spawn_file_actions_t *actions, int listen_fd, const struct sockets *sockets)
{
	int n = (int)sockets->count + 1;
	bool ok = true;

	for (int i = 0; i < n; i++)
		ok &= posix_spawn_file_actions_adddup2(actions, i == 0 ? listen_fd : sockets->web[i - 1],
						       PASSING_FD + i) == 0;
	for (int i = 0; i < n; i++)
		ok &= posix_spawn_file_actions_adddup2(actions, PASSING_FD + i, WEB_LISTEN_FD + i) == 0;
	return ok && posix_spawn_file_actions_addclosefrom_np(actions, WEB_LISTEN_FD + n) == 0;
}

/* Without a copy of this process on the way (posix_spawn): that would take longer than all the rest.  Gives an errno. */
static int
run_web_spawn_by(struct supervisor *s, const struct sockets *sockets, posix_spawn_file_actions_t *actions,
		 posix_spawnattr_t *attributes)
{
	char quick[16], slow[16];
	char *arguments[] = { "doubletour", "web", quick, slow, NULL };
	sigset_t none;

	snprintf(quick, sizeof(quick), "%zu", s->shape.quick);
	snprintf(slow, sizeof(slow), "%zu", s->shape.slow);
	sigemptyset(&none);
	if (!run_descriptors_put(actions, s->listen_fd, sockets) ||
	    posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETSIGMASK) != 0 ||
	    posix_spawnattr_setsigmask(attributes, &none) != 0)
		return ENOMEM;
	return posix_spawn(&s->web, "/proc/self/exe", actions, attributes, arguments, s->environment.variables);
}

static int
run_web_spawn(struct supervisor *s, const struct sockets *sockets)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int error;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return ENOMEM;
	error = posix_spawnattr_init(&attributes);
	if (error == 0) {
		error = run_web_spawn_by(s, sockets, &actions, &attributes);
		posix_spawnattr_destroy(&attributes);
	}
	posix_spawn_file_actions_destroy(&actions);
	if (error != 0)
		s->web = 0;
	s->started_us = clock_monotonic_us();
	return error;
}

/* LISTEN_FDS goes before LISTEN, which goes before HOST and PORT. */
static err
run_supervisor_listen(struct supervisor *s, struct why *why)
{
	if (s->listen_fd >= 0)
		return ERR_OK;
	if (s->config->listen_path[0] == '\0')
		return http_listen(str_of(s->config->host), s->config->port, why, &s->listen_fd);
	s->listen_kept = true;
	return listen_unix(s->config->listen_path, why, &s->listen_file, &s->listen_fd);
}

/*
 * A TCP port is closed here, and opened anew when the web process has died.  A Unix socket's file and what systemd passed cannot be
 * had twice: they stay open, connections wait in them for the next web process, and the keeper never accepts one.
 */
static void
run_supervisor_listen_end(struct supervisor *s)
{
	listen_unix_remove(&s->listen_file);
	if (s->listen_fd >= 0)
		close(s->listen_fd);
	s->listen_fd = -1;
}

static void
run_supervisor_listen_pass(struct supervisor *s)
{
	if (!s->listen_kept)
		run_supervisor_listen_end(s);
}

/* Have it executed; it waits for the keeper's first pushes.  Sockets: the keeper's ends. */
static err
run_web_launch(struct supervisor *s, struct sockets *ret_sockets, struct why *why)
{
	int error;

	TRY(run_supervisor_listen(s, why));
	TRY(run_sockets_open(s->shape.quick + s->shape.slow + 1, ret_sockets));
	error = run_web_spawn(s, ret_sockets);
	run_close_all(ret_sockets->web, ret_sockets->count);
	run_supervisor_listen_pass(s);
	if (error == 0)
		return ERR_OK;
	run_close_all(ret_sockets->keeper, ret_sockets->count);
	return why_set(why, ERR_MEMORY, "The web process could not be started: %s.", strerror(error));
}

/* Takes the sockets over. */
static err
run_web_serve(struct supervisor *s, const struct sockets *sockets, struct why *why)
{
	err e =
	    keeper_server_start(s->server, sockets->keeper + 1, sockets->count - 1, s->shape.quick, sockets->keeper[0]);

	return e == ERR_OK ? e : why_set(why, e, "The keeper could not start its threads: %s.", err_name(e));
}

static err
run_web_start(struct supervisor *s, struct why *why)
{
	struct sockets sockets = { .count = 0 };

	TRY(run_web_launch(s, &sockets, why));
	return run_web_serve(s, &sockets, why);
}

/* One that nobody has asked anything yet: it says no word. */
static void
run_web_call_off(struct supervisor *s, const struct sockets *sockets)
{
	kill(s->web, SIGKILL);
	while (waitpid(s->web, NULL, 0) < 0 && errno == EINTR)
		continue;
	s->web = 0;
	run_close_all(sockets->keeper, sockets->count);
}

/* --- watching it -------------------------------------------------------------------------------------------------- */

static void
run_log_death(pid_t pid, int status)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		log_event(LOG_ERROR, "web.sandbox", LOG_INT("pid", pid), LOG_TEXT("why", "a forbidden system call"));
	else if (WIFSIGNALED(status))
		log_event(LOG_ERROR, "web.died", LOG_INT("pid", pid), LOG_INT("signal", WTERMSIG(status)));
	else
		log_event(LOG_ERROR, "web.ended", LOG_INT("pid", pid), LOG_INT("status", WEXITSTATUS(status)));
}

/* Has the web process ended?  Its status then. */
static bool
run_web_reap(struct supervisor *s, int *ret_status)
{
	if (s->web == 0 || waitpid(s->web, ret_status, WNOHANG) != s->web)
		return false;
	keeper_server_stop(s->server);
	return true;
}

/*
 * Start it again: at once, or after a pause where it ends soon after its start.  Not for ever where it has never come up; but
 * one that did is started again however often somebody makes it die, or they would have brought the server down.
 */
static err
run_web_restart(struct supervisor *s, struct why *why)
{
	bool soon = clock_monotonic_us() - s->started_us < SOON_DEAD_MS * 1000;

	s->soon_dead = soon ? s->soon_dead + 1 : 0;
	s->ever_up = s->ever_up || !soon || keeper_server_was_asked(s->server);
	if (!s->ever_up && s->soon_dead > SOON_DEAD_MAX)
		return why_set(
		    why, ERR_AWAY,
		    "The web process ended %d times in a row right after its start; the lines above say why.",
		    SOON_DEAD_MAX);
	if (s->soon_dead > 1)
		nanosleep(&(struct timespec){ .tv_nsec = RESTART_MS * 1000000L }, NULL);
	return run_web_start(s, why);
}

static err
run_on_child(struct supervisor *s, struct why *why)
{
	int status = 0;

	if (!run_web_reap(s, &status))
		return ERR_OK;
	run_log_death(s->web, status);
	s->web = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == CLI_CONFIG)
		return why_set(why, ERR_CONFIG, "The web process could not start; the line above says why.");
	return run_web_restart(s, why);
}

/* A file that is broken changes nothing; what is wrong with it is in the log. */
static void
run_reload_rules(struct supervisor *s)
{
	struct why why = { 0 };
	err e = keeper_rules_read(s->keeper, &why);

	if (e == ERR_OK)
		e = keeper_server_rules(s->server);
	if (e != ERR_OK)
		log_event(LOG_ERROR, "rules.kept", LOG_TEXT("why", why.text[0] != '\0' ? why.text : err_name(e)));
}

/* Until SIGTERM or SIGINT (ERR_OK), or until the web process cannot be kept alive. */
static err
run_watch(struct supervisor *s, struct why *why)
{
	bool terminal = isatty(STDERR_FILENO) == 1; /* when it is closed, that is a SIGHUP too */

	for (;;) {
		int signal_number = sigwaitinfo(&s->signals, NULL);
		if (signal_number == SIGTERM || signal_number == SIGINT ||
		    (signal_number == SIGHUP && terminal && isatty(STDERR_FILENO) != 1)) {
			log_event(LOG_NOTICE, "stopping", LOG_TEXT("signal", sigabbrev_np(signal_number)));
			return ERR_OK;
		}
		if (signal_number == SIGHUP)
			run_reload_rules(s);
		if (signal_number == SIGCHLD)
			TRY(run_on_child(s, why));
	}
}

/* Ask web to finish what it accepted; it still gets its answers meanwhile. */
static void
run_web_stop(struct supervisor *s)
{
	struct timespec timeout = { .tv_sec = STOP_SECONDS };
	sigset_t child;
	int status = 0;

	if (s->web == 0)
		return;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	kill(s->web, SIGTERM);
	while (!run_web_reap(s, &status)) {
		if (sigtimedwait(&child, NULL, &timeout) >= 0 || errno == EINTR)
			continue;
		kill(s->web, SIGKILL);
		timeout = (struct timespec){ .tv_sec = 1 };
	}
	s->web = 0;
}

/* --- the command -------------------------------------------------------------------------------------------------- */

/* Threads made from here on leave the signals to the main thread. */
static void
run_signals_block(sigset_t *ret_signals)
{
	sigemptyset(ret_signals);
	sigaddset(ret_signals, SIGTERM);
	sigaddset(ret_signals, SIGINT);
	sigaddset(ret_signals, SIGHUP);
	sigaddset(ret_signals, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, ret_signals, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static size_t
run_cores(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > CHANNELS_MAX - QUICK_CHANNELS ? CHANNELS_MAX - QUICK_CHANNELS : (size_t)n;
}

static err
run_keeper_ready(struct supervisor *s, struct why *why)
{
	TRY(keeper_open(s->config, why, &s->keeper));
	TRY(keeper_rules_read(s->keeper, why));
	TRY(lock_take(s->config, LOCK_SHARED, why, &s->lock));
	err e = keeper_server_new(s->keeper, &s->server);
	return e == ERR_OK ? e : why_set(why, e, "The keeper could not start: %s.", err_name(e));
}

/* Web first: it loads itself while the keeper opens its database. */
static err
run_serve(struct supervisor *s, struct why *why)
{
	struct sockets sockets = { .count = 0 };
	err e;

	TRY(run_web_launch(s, &sockets, why));
	e = run_keeper_ready(s, why);
	if (e != ERR_OK) {
		run_web_call_off(s, &sockets);
		return e;
	}
	TRY(run_web_serve(s, &sockets, why));
	return run_watch(s, why);
}

/* Connections are descriptors: web may have as many as the system lets this user have.  The child inherits it. */
static void
run_descriptors_raise(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= DESCRIPTORS)
		return;
	limit.rlim_cur = limit.rlim_max < DESCRIPTORS ? limit.rlim_max : DESCRIPTORS;
	(void)!setrlimit(RLIMIT_NOFILE, &limit); /* with fewer, fewer connections are taken */
}

static err
run_supervise(const struct config *config, int inherited_fd, struct why *why)
{
	struct supervisor s = {
		.config = config, .lock = { .fd = -1 }, .listen_fd = inherited_fd, .listen_kept = inherited_fd >= 0
	};
	err e;

	s.shape.quick = QUICK_CHANNELS;
	s.shape.slow = config->slow_workers != 0 ? config->slow_workers : run_cores();
	TRY(digest_setup());
	TRY(config_web_environment(config, &s.environment));
	/* The socket first: when its address is in use, nothing has been touched yet. */
	TRY(run_supervisor_listen(&s, why));
	umask(077);
	run_descriptors_raise();
	run_signals_block(&s.signals);
	e = log_thread_start();
	if (e == ERR_OK)
		e = run_serve(&s, why);
	run_supervisor_listen_end(&s); /* nobody connects any more while web finishes */
	run_web_stop(&s);
	keeper_server_free(&s.server);
	keeper_close(&s.keeper);
	lock_release(&s.lock);
	return e;
}

static const char run_help[] =
    "Usage: doubletour run [--host HOST] [--port PORT]\n"
    "\n"
    "Start the login server: two processes, web and keeper.  Settings come from the environment and .env\n"
    "(`doubletour config example` prints them all); the options stand above both.\n"
    "\n"
    "  --host HOST   address to listen on (HOST)\n"
    "  --port PORT   port to listen on (PORT)\n"
    "  --help        this text\n"
    "\n"
    "It listens on one socket: the one that systemd passes (LISTEN_FDS, socket activation), else the Unix socket of\n"
    "LISTEN, else HOST and PORT.\n"
    "\n"
    "Ends on SIGTERM or Ctrl-C, after finishing what it has accepted (5 seconds at most).  SIGHUP reads ACCESS_RULES\n"
    "anew; a file that is broken changes nothing.\n"
    "Exit status: 0 ended as asked, 1 could not, 2 wrong usage, 78 bad configuration.\n";

/* The options are settings that stand above all others: they are checked and reach web as settings do. */
static err
run_config(struct cli *cli, const char *host, const char *port, struct why *why)
{
	const struct config_option options[] = { { "HOST", "--host", host }, { "PORT", "--port", port } };

	return config_load_with(&cli->config, options, COUNT(options), why);
}

/* Where an inherited socket listens stands above everything: it is checked, logged and passed to web as the settings are. */
static err
run_config_inherited(struct cli *cli, int fd, struct why *why)
{
	struct listen_location location = { .port = 0 };
	char port[8], path[sizeof("unix:") + LISTEN_PATH_MAX_BYTES];

	TRY(listen_describe(fd, why, &location));
	snprintf(port, sizeof(port), "%u", (unsigned)location.port);
	snprintf(path, sizeof(path), "unix:%s", location.path);
	const struct config_option of_tcp[] = { { "HOST", "LISTEN_FDS", location.host },
						{ "PORT", "LISTEN_FDS", port },
						{ "LISTEN", "LISTEN_FDS", "" } };
	const struct config_option of_unix[] = { { "LISTEN", "LISTEN_FDS", path } };
	bool tcp = location.path[0] == '\0';
	return config_load_with(&cli->config, tcp ? of_tcp : of_unix, tcp ? COUNT(of_tcp) : COUNT(of_unix), why);
}

/* *ret_fd: the socket that systemd passed, or -1. */
static err
run_begin(struct cli *cli, const char *host, const char *port, int *ret_fd, struct why *why)
{
	TRY(listen_inherited(why, ret_fd));
	return *ret_fd >= 0 ? run_config_inherited(cli, *ret_fd, why) : run_config(cli, host, port, why);
}

int
cli_run(struct cli *cli, int argc, char **argv)
{
	const char *host = NULL, *port = NULL;
	const struct cli_option options[] = { { .name = "host", .value = &host }, { .name = "port", .value = &port } };
	struct why why = { 0 };
	int status = cli_options(argc, argv, run_help, options, COUNT(options), 0), inherited_fd = -1;
	err e;

	if (status != CLI_GO_ON)
		return status;
	e = run_begin(cli, host, port, &inherited_fd, &why);
	if (e != ERR_OK)
		return cli_fail(e, &why);
#ifdef DOUBLETOUR_TEST_HOOKS
	clock_hook_open();
	fault_hook_open();
#endif
	log_setup(cli->config.log_format, cli->config.log_level);
	process_descriptors_keep(inherited_fd >= 0 ? inherited_fd + 1 : STDERR_FILENO + 1);
	log_serve();
	e = run_supervise(&cli->config, inherited_fd, &why);
	return cli_served(e, &why);
}
