/*
 * The processes beside the keeper, as a table: child_table.c has a row for each.  Restrictions of every process of
 * this program are not in the table: base/process.h (no core files, not readable by other users).  All processes
 * run as the keeper's user.
 *
 * Children start in the order of the table and stop in the opposite order.
 */
#ifndef SERVER_CHILDREN_H
#define SERVER_CHILDREN_H

#include "config/config.h"
#include "server/listening.h"
#include "server/restart.h"
#include "server/child_spawn.h"
#include "web/core/sandbox_calls.h"

enum child_socket { CHILD_LISTENS_NOT = 0, CHILD_LISTENS };

struct child {
	const char *name;                      /* of the process, and of its command: `doubletour NAME QUICK SLOW` */
	enum child_socket socket;              /* does it inherit the listening sockets? */
	size_t quick;                          /* channels for questions that do not hash passwords */
	bool slow;                             /* also one channel for each worker that may hash */
	unsigned descriptors;                  /* wanted; the system's limit may allow fewer */
	const struct sandbox_profile *sandbox; /* the child enters it before it reads data from the network */
	err (*environment)(const struct config *config, struct config_environment *ret_environment);
	struct restart_rule restart;
	unsigned stop_seconds; /* between SIGTERM and SIGKILL */
	struct {
		/* names of log events: forbidden system call, signal, exit status, failed restart */
		const char *forbidden, *died, *ended, *retry;
	} events;
};

extern const struct child child_table[];
extern const size_t child_table_count;

/* The row with this name; NULL: there is none. */
const struct child *child_find(const char *name);

/* The keeper's service for a running child. */
struct child_service {
	/* Serve its channels; sockets[0] is for pushes.  The service owns the sockets, even on failure. */
	err (*start)(void *context, const struct child *child, const int *sockets, size_t count, struct why *why);
	/* The child has ended. */
	void (*stop)(void *context, const struct child *child);
	/* Has the child ever asked a question? */
	bool (*was_asked)(void *context, const struct child *child);
};

enum { CHILDREN_MAX = 8 };

struct children {
	struct running {
		const struct child *child;
		pid_t pid;                    /* 0: it is not running */
		struct child_sockets sockets; /* count 0: the service owns them */
		struct restart_state restart;
		int64_t retry_us; /* monotonic time of the next start, after a failed one; 0: none is due */
		struct config_environment environment;
	} running[CHILDREN_MAX];
	size_t n;
	size_t slow;   /* workers that may hash passwords */
	bool answered; /* the server has answered requests, so each child has started well */
	struct listening *listening;
	const struct child_service *service;
	void *context;
};

/* n: at most CHILDREN_MAX. */
MUST_USE err children_init(struct children *children, const struct child *table, size_t n, const struct config *config);

/* Execute all children; they wait until they are served.  On failure the earlier ones run: call children_call_off. */
MUST_USE err children_launch(struct children *children, struct why *why);

/* Serve all children.  On failure call children_stop. */
MUST_USE err children_serve(struct children *children, struct why *why);

/* Kill children that were launched and not served, without a log line. */
void children_call_off(struct children *children);

/*
 * Log ended children and restart them by their rules.  Call it after SIGCHLD, and when children_timeout_ms is over.  If
 * the start of a child that has worked fails, because memory or descriptors are short, log it and start it again
 * later.
 *
 * ERR_CONFIG    a child ended with EX_CONFIG before children_answered
 * ERR_AWAY      a child keeps ending
 * other errors  a child that never worked could not be started
 *
 * why is filled.
 */
MUST_USE err children_reap(struct children *children, struct why *why);

/*
 * The server answers requests: from now on EX_CONFIG is an exit status like any other.  Otherwise an attacker who
 * controls a child could end the server with it.
 */
void children_answered(struct children *children);

/* Milliseconds until a failed start is due again; -1: none is. */
int children_timeout_ms(const struct children *children, int64_t now_us);

/*
 * Ask all children to finish their accepted requests, which the service still answers, and wait until they end.
 * SIGCHLD must be blocked.
 */
void children_stop(struct children *children);

#endif
