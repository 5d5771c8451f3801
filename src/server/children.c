#include "server/children.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <time.h>

enum { RETRY_US = 1000 * 1000 }; /* from a failed start to the next */

err
children_init(struct children *children, const struct child *table, size_t n, const struct config *config)
{
	if (n > CHILDREN_MAX)
		return ERR_INVALID;
	children->n = n;
	for (size_t i = 0; i < n; i++) {
		children->running[i].child = &table[i];
		TRY(table[i].environment(config, &children->running[i].environment));
	}
	return ERR_OK;
}

/* --- start -------------------------------------------------------------------------------------------------------- */

static err
children_child_execute(struct children *children, struct running *r, struct why *why)
{
	const struct child *child = r->child;
	struct child_listeners listeners = { -1, -1 };

	if (child->socket == CHILD_LISTENS)
		listeners = (struct child_listeners){ children->listening->fd, children->listening->metrics_fd };
	int error = child_spawn(child->name, child->quick, child->slow ? children->slow : 0, listeners, &r->sockets,
				r->environment.variables, &r->pid);

	r->restart.started_us = clock_monotonic_us();
	child_sockets_close_child(&r->sockets);
	if (child->socket == CHILD_LISTENS)
		listening_passed(children->listening);
	if (error == 0)
		return ERR_OK;
	child_sockets_close_keeper(&r->sockets);
	r->sockets.count = 0;
	return why_set(why, ERR_MEMORY, "The %s process could not be started: %s.", child->name, strerror(error));
}

/* Execute the child; it waits for the keeper's first pushes. */
static err
children_child_launch(struct children *children, struct running *r, struct why *why)
{
	size_t channels = r->child->quick + (r->child->slow ? children->slow : 0);

	if (r->child->socket == CHILD_LISTENS)
		TRY(listening_open(children->listening, why));
	TRY(child_sockets_open(channels + 1, &r->sockets));
	return children_child_execute(children, r, why);
}

static err
children_child_serve(struct children *children, struct running *r, struct why *why)
{
	size_t count = r->sockets.count;

	r->sockets.count = 0;
	return children->service->start(children->context, r->child, r->sockets.keeper, count, why);
}

err
children_launch(struct children *children, struct why *why)
{
	for (size_t i = 0; i < children->n; i++)
		TRY(children_child_launch(children, &children->running[i], why));
	return ERR_OK;
}

err
children_serve(struct children *children, struct why *why)
{
	for (size_t i = 0; i < children->n; i++)
		TRY(children_child_serve(children, &children->running[i], why));
	return ERR_OK;
}

/* --- end and restart ---------------------------------------------------------------------------------------------- */

static void
children_child_log_end(const struct child *child, pid_t pid, int status)
{
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		log_event(LOG_ERROR, child->events.forbidden, LOG_INT("pid", pid),
			  LOG_TEXT("why", "a forbidden system call"));
	else if (WIFSIGNALED(status))
		log_event(LOG_ERROR, child->events.died, LOG_INT("pid", pid), LOG_INT("signal", WTERMSIG(status)));
	else
		log_event(LOG_ERROR, child->events.ended, LOG_INT("pid", pid), LOG_INT("status", WEXITSTATUS(status)));
}

/* Has the child ended?  Then store its status and stop its service. */
static bool
children_child_ended(struct children *children, struct running *r, int *ret_status)
{
	if (r->pid == 0 || waitpid(r->pid, ret_status, WNOHANG) != r->pid)
		return false;
	children->service->stop(children->context, r->child);
	return true;
}

/* Without a log line. Returns false if the child was not executed. */
static bool
children_child_kill(struct running *r)
{
	if (r->pid == 0)
		return false;
	kill(r->pid, SIGKILL);
	while (waitpid(r->pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	r->pid = 0;
	return true;
}

/* A child that has worked is started later: an attacker who ends it during a shortage must not end the server. */
static err
children_child_start(struct children *children, struct running *r, struct why *why)
{
	err e = children_child_launch(children, r, why);

	if (e == ERR_OK)
		e = children_child_serve(children, r, why);
	if (e == ERR_OK)
		return ERR_OK;
	if (children_child_kill(r))
		children->service->stop(children->context, r->child);
	if (!r->restart.worked)
		return e;
	log_event(LOG_ERROR, r->child->events.retry, LOG_TEXT("why", why->text));
	r->retry_us = clock_monotonic_us() + RETRY_US;
	*why = (struct why){ 0 };
	return ERR_OK;
}

static err
children_child_restart(struct children *children, struct running *r, struct why *why)
{
	const struct restart_rule *rule = &r->child->restart;
	bool asked = children->service->was_asked(children->context, r->child);
	enum restart next = restart_decide(rule, &r->restart, clock_monotonic_us(), asked);

	if (next == RESTART_GIVE_UP)
		return why_set(
		    why, ERR_AWAY,
		    "The %s process ended %u times in a row right after its start.  The lines above give the reason.",
		    r->child->name, rule->soon_max);
	if (next == RESTART_AFTER_PAUSE)
		nanosleep(&(struct timespec){ .tv_nsec = rule->pause_ms * 1000000L }, NULL);
	return children_child_start(children, r, why);
}

static err
children_child_retry(struct children *children, struct running *r, struct why *why)
{
	if (r->retry_us == 0 || clock_monotonic_us() < r->retry_us)
		return ERR_OK;
	r->retry_us = 0;
	return children_child_start(children, r, why);
}

static err
children_child_reap(struct children *children, struct running *r, struct why *why)
{
	int status = 0;

	if (!children_child_ended(children, r, &status))
		return children_child_retry(children, r, why);
	children_child_log_end(r->child, r->pid, status);
	r->pid = 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == EX_CONFIG && !children->answered)
		return why_set(why, ERR_CONFIG, "The %s process could not start.  The line above gives the reason.",
			       r->child->name);
	return children_child_restart(children, r, why);
}

err
children_reap(struct children *children, struct why *why)
{
	for (size_t i = 0; i < children->n; i++)
		TRY(children_child_reap(children, &children->running[i], why));
	return ERR_OK;
}

void
children_answered(struct children *children)
{
	children->answered = true;
}

int
children_timeout_ms(const struct children *children, int64_t now_us)
{
	int64_t due_us = INT64_MAX;

	for (size_t i = 0; i < children->n; i++)
		if (children->running[i].retry_us != 0 && children->running[i].retry_us < due_us)
			due_us = children->running[i].retry_us;
	if (due_us == INT64_MAX)
		return -1;
	return due_us <= now_us ? 0 : (int)((due_us - now_us) / 1000 + 1);
}

/* --- stop --------------------------------------------------------------------------------------------------------- */

/* The child has not asked anything yet, so its service has not begun. */
static void
children_child_call_off(struct running *r)
{
	if (!children_child_kill(r))
		return;
	child_sockets_close_keeper(&r->sockets);
	r->sockets.count = 0;
}

void
children_call_off(struct children *children)
{
	for (size_t i = children->n; i > 0; i--)
		children_child_call_off(&children->running[i - 1]);
}

static void
children_child_stop(struct children *children, struct running *r)
{
	struct timespec timeout = { .tv_sec = r->child->stop_seconds };
	sigset_t child;
	int status = 0;

	if (r->pid == 0)
		return;
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	kill(r->pid, SIGTERM);
	while (!children_child_ended(children, r, &status)) {
		if (sigtimedwait(&child, NULL, &timeout) >= 0 || errno == EINTR)
			continue;
		kill(r->pid, SIGKILL);
		timeout = (struct timespec){ .tv_sec = 1 };
	}
	r->pid = 0;
}

void
children_stop(struct children *children)
{
	for (size_t i = children->n; i > 0; i--)
		children_child_stop(children, &children->running[i - 1]);
}
