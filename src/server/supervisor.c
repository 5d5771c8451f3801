#include "server/supervisor.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "config/live.h"
#include "keeper/core/failure.h"
#include "keeper/core/keeper.h"
#include "keeper/ops/lock.h"
#include "keeper/ops/serve.h"
#include "keeper/ops/upgrade.h"
#include "server/children.h"
#include "server/notify.h"
#include "server/preflight.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

struct supervisor {
	const struct config *config; /* the current version (config/live.h) */
	struct config_versions versions;
	supervisor_load load;
	void *load_context;
	struct keeper *keeper;
	struct keeper_server *server;
	struct lock lock;
	struct listening listening;
	struct children children;
	struct notify notify;
	sigset_t signals;
	int signal_fd;
	int starting_fd; /* pushes of a web process that does not answer requests yet (web.h); -1: there is none */
};

/* --- the keeper's service for the children ------------------------------------------------------------------------ */

static pid_t
supervisor_pid_of(const struct supervisor *s, const struct child *child)
{
	for (size_t i = 0; i < s->children.n; i++)
		if (s->children.running[i].child == child)
			return s->children.running[i].pid;
	return 0;
}

static err
supervisor_service_start(void *context, const struct child *child, const int *sockets, size_t count, struct why *why)
{
	struct supervisor *s = context;
	err e;

	keeper_server_web(s->server, supervisor_pid_of(s, child));
	e = keeper_server_start(s->server, sockets + 1, count - 1, child->quick, sockets[0]);

	if (e != ERR_OK)
		return why_set(why, e, "The keeper could not start its threads.  %s", failure_sentence(e));
	if (child->socket == CHILD_LISTENS)
		s->starting_fd = sockets[0];
	return ERR_OK;
}

static void
supervisor_service_stop(void *context, const struct child *child)
{
	struct supervisor *s = context;

	if (child->socket == CHILD_LISTENS)
		s->starting_fd = -1;
	keeper_server_stop(s->server);
}

static bool
supervisor_service_was_asked(void *context, const struct child *child)
{
	const struct supervisor *s = context;

	return keeper_server_was_asked(s->server);
}

static const struct child_service supervisor_service = { supervisor_service_start, supervisor_service_stop,
							 supervisor_service_was_asked };

/* --- signals ------------------------------------------------------------------------------------------------------ */

/* Later threads inherit the mask, so that only the main thread receives the signals. */
static void
supervisor_signals_block(sigset_t *ret_signals)
{
	sigemptyset(ret_signals);
	sigaddset(ret_signals, SIGTERM);
	sigaddset(ret_signals, SIGINT);
	sigaddset(ret_signals, SIGHUP);
	sigaddset(ret_signals, SIGCHLD);
	pthread_sigmask(SIG_BLOCK, ret_signals, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static err
supervisor_signals_begin(struct supervisor *s, struct why *why)
{
	supervisor_signals_block(&s->signals);
	s->signal_fd = signalfd(-1, &s->signals, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->signal_fd >= 0 ? ERR_OK
				 : why_set(why, ERR_IO, "The server cannot wait for signals: %s.", strerror(errno));
}

/* 0: no signal is waiting. */
static int
supervisor_signal_next(const struct supervisor *s)
{
	struct signalfd_siginfo signal;

	return read(s->signal_fd, &signal, sizeof(signal)) == sizeof(signal) ? (int)signal.ssi_signo : 0;
}

/* --- SIGHUP ------------------------------------------------------------------------------------------------------- */

static const char *
supervisor_reason(err e, const struct why *why)
{
	return why->text[0] != '\0' ? why->text : failure_sentence(e);
}

static void
supervisor_changes_log(const struct config_changes *changes, bool applied)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		bool live = (settings[i].flags & SETTING_LIVE) != 0;
		if (changes->of[i] && !live)
			log_event(LOG_WARNING, "settings.restart", LOG_TEXT("setting", settings[i].name));
		if (changes->of[i] && live && applied)
			log_event(LOG_NOTICE, "settings.changed", LOG_TEXT("setting", settings[i].name));
	}
}

static err
supervisor_settings_load(struct supervisor *s, struct config_changes *ret_changes, const struct config **ret_version,
			 struct why *why)
{
	CLEANUP(config_wipe) struct config fresh = { 0 };

	TRY(s->load(s->load_context, &fresh, why));
	return config_version_make(&s->versions, s->config, &fresh, ret_changes, ret_version, why);
}

/* Invalid rules are logged, and the old ones stay in force, with the old settings. */
static bool
supervisor_version_use(struct supervisor *s, const struct config *version)
{
	struct why why = { 0 };
	err e = keeper_reload(s->keeper, version, &why);

	if (e != ERR_OK) {
		log_event(LOG_ERROR, "rules.kept", LOG_TEXT("why", supervisor_reason(e, &why)));
		if (version != s->config)
			config_version_drop(&s->versions, version);
		return false;
	}
	s->config = version;
	log_change(version->log_format, version->log_level);
	if (keeper_server_reload(s->server) != ERR_OK)
		log_event(LOG_ERROR, "push.failed", LOG_INT("errno", ENOMEM));
	return true;
}

static void
supervisor_reload(struct supervisor *s)
{
	struct config_changes changes = { 0 };
	const struct config *version = s->config;
	struct why why = { 0 };
	err e;

	notify_reloading(&s->notify);
	e = supervisor_settings_load(s, &changes, &version, &why);
	if (e != ERR_OK)
		log_event(LOG_ERROR, "settings.kept", LOG_TEXT("why", supervisor_reason(e, &why)));
	supervisor_changes_log(&changes, e == ERR_OK && supervisor_version_use(s, version));
	notify_reloaded(&s->notify);
}

/* --- watching ----------------------------------------------------------------------------------------------------- */

/* Until a message to the service manager, or the start of a child, is due; -1: neither is. */
static int
supervisor_timeout_ms(const struct supervisor *s)
{
	int notify_ms = notify_timeout_ms(&s->notify);
	int child_ms = children_timeout_ms(&s->children, clock_monotonic_us());

	if (notify_ms < 0 || child_ms < 0)
		return notify_ms > child_ms ? notify_ms : child_ms;
	return notify_ms < child_ms ? notify_ms : child_ms;
}

/* Wait for a signal, for a web process that begins to answer, or until something is due. */
static void
supervisor_wait(struct supervisor *s)
{
	struct pollfd fds[] = { { .fd = s->signal_fd, .events = POLLIN },
				{ .fd = s->starting_fd, .events = POLLRDHUP } };

	if (poll(fds, COUNT(fds), supervisor_timeout_ms(s)) > 0 && fds[1].revents != 0) {
		s->starting_fd = -1;
		if ((fds[1].revents & POLLHUP) == 0) { /* otherwise the process has ended */
			children_answered(&s->children);
			notify_ready(&s->notify);
		}
	}
	notify_tick(&s->notify, clock_monotonic_us(), keeper_server_turned_us(s->server));
}

/* Closing the terminal also sends SIGHUP. */
static bool
supervisor_must_stop(int signal_number, bool terminal)
{
	return signal_number == SIGTERM || signal_number == SIGINT ||
	       (signal_number == SIGHUP && terminal && isatty(STDERR_FILENO) != 1);
}

/* Wait for SIGTERM or SIGINT (ERR_OK), or until a child cannot be kept running. */
static err
supervisor_watch(struct supervisor *s, struct why *why)
{
	bool terminal = isatty(STDERR_FILENO) == 1;
	int signal_number = 0;

	while (true) {
		supervisor_wait(s);
		signal_number = supervisor_signal_next(s);
		if (supervisor_must_stop(signal_number, terminal))
			break; /* a child that got the same signal has not failed, and is not started again */
		if (signal_number == SIGHUP)
			supervisor_reload(s);
		TRY(children_reap(&s->children, why)); /* after SIGCHLD, or to start a child again */
	}
	log_event(LOG_NOTICE, "stopping", LOG_TEXT("signal", sigabbrev_np(signal_number)));
	return ERR_OK;
}

/* --- the life of the server --------------------------------------------------------------------------------------- */

/* Limited by the channels that the quick workers of any child leave. */
static size_t
supervisor_slow_workers(const struct config *config)
{
	long n = config->slow_workers != 0 ? (long)config->slow_workers : sysconf(_SC_NPROCESSORS_ONLN);
	size_t max = CHANNELS_MAX;

	for (size_t i = 0; i < child_table_count; i++)
		if (child_table[i].slow && CHANNELS_MAX - child_table[i].quick < max)
			max = CHANNELS_MAX - child_table[i].quick;
	return n < 1 ? 1 : (size_t)n > max ? max : (size_t)n;
}

/* Children inherit the limit: the largest number in the table, as far as the system allows. */
static void
supervisor_descriptors_raise(void)
{
	struct rlimit limit;
	rlim_t wanted = 0;

	for (size_t i = 0; i < child_table_count; i++)
		wanted = child_table[i].descriptors > wanted ? child_table[i].descriptors : wanted;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = limit.rlim_max < wanted ? limit.rlim_max : wanted;
	(void)!setrlimit(RLIMIT_NOFILE, &limit); /* fewer descriptors only mean fewer connections */
}

/* It may take longer than the service manager allows for a start. */
static err
supervisor_upgrade(struct supervisor *s, struct why *why)
{
	struct notify_extension extension;
	err e;

	notify_extend_begin(&extension, &s->notify, NOTIFY_EXTEND_MS);
	e = upgrade_at_start(s->config, why);
	notify_extend_end(&extension);
	return e;
}

static err
supervisor_keeper_open(struct supervisor *s, struct why *why)
{
	TRY(supervisor_upgrade(s, why));
	TRY(keeper_open(s->config, KEEPER_CREATE, why, &s->keeper));
	TRY(keeper_rules_read(s->keeper, why));
	TRY(lock_take(s->config, LOCK_SHARED, why, &s->lock));
	err e = keeper_server_new(s->keeper, &s->server);
	return e == ERR_OK ? e : why_set(why, e, "The keeper could not start.  %s", failure_sentence(e));
}

/* Launch the children first: they load while the keeper opens its database. */
static err
supervisor_serve(struct supervisor *s, struct why *why)
{
	err e = children_launch(&s->children, why);

	if (e == ERR_OK)
		e = supervisor_keeper_open(s, why);
	if (e != ERR_OK) {
		children_call_off(&s->children);
		return e;
	}
	TRY(children_serve(&s->children, why));
	return supervisor_watch(s, why);
}

static err
supervisor_begin(struct supervisor *s, const struct config *config, int inherited_fd, struct why *why)
{
	s->config = config;
	s->lock.fd = -1;
	s->signal_fd = s->starting_fd = -1;
	notify_begin(&s->notify);
	s->listening = listening_of(config, inherited_fd);
	s->children.slow = supervisor_slow_workers(config);
	s->children.listening = &s->listening;
	s->children.service = &supervisor_service;
	s->children.context = s;
	TRY(preflight_check(config, why));
	TRY(digest_setup());
	TRY(children_init(&s->children, child_table, child_table_count, config));
	/* Open the socket first: if its address is in use, nothing has changed yet. */
	return listening_open(&s->listening, why);
}

static void
supervisor_end(struct supervisor *s)
{
	notify_stopping(&s->notify);
	listening_end(&s->listening); /* no new connections while the children finish */
	children_stop(&s->children);
	keeper_server_free(&s->server);
	keeper_close(&s->keeper);
	lock_release(&s->lock);
	config_versions_wipe(&s->versions);
	if (s->signal_fd >= 0)
		close(s->signal_fd);
	notify_end(&s->notify);
}

err
supervisor_run(const struct config *config, supervisor_load load, void *context, int inherited_fd, struct why *why)
{
	static struct supervisor s; /* too big for a stack; one for each process */
	err e;

	TRY(supervisor_begin(&s, config, inherited_fd, why));
	s.load = load;
	s.load_context = context;
	umask(077);
	supervisor_descriptors_raise();
	e = supervisor_signals_begin(&s, why);
	if (e == ERR_OK)
		e = log_thread_start();
	preflight_log(config);
	if (e == ERR_OK)
		e = supervisor_serve(&s, why);
	supervisor_end(&s);
	return e;
}
