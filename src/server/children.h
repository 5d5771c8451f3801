/*
 * The processes beside the keeper, as a table: child_table.c has one row for each.  What a process of this program gives up in any
 * case is no column: base/process.h (no core files, not readable by others); all run as the keeper's user.
 *
 * The table's order is the order of start.  They end in the opposite order.
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
	enum child_socket socket;              /* does it inherit the listening socket? */
	size_t quick;                          /* channels for questions that hash no password */
	bool slow;                             /* and one for each worker that may hash */
	unsigned descriptors;                  /* it wants so many; it gets what the system's limit allows */
	const struct sandbox_profile *sandbox; /* the child enters it before it reads anything from a stranger */
	err (*environment)(const struct config *config, struct config_environment *ret_environment);
	struct restart_rule restart;
	unsigned stop_seconds; /* after SIGTERM, then SIGKILL */
	struct {
		const char *forbidden, *died,
		    *ended; /* events of the log: a forbidden call, a signal, its exit status */
	} events;
};

extern const struct child child_table[];
extern const size_t child_table_count;

/* The row of this name; NULL: none. */
const struct child *child_find(const char *name);

/* What the keeper does for a child that runs. */
struct child_service {
	/* Serve its channels; sockets[0] is for pushes.  The service owns the sockets, also on failure. */
	err (*start)(void *context, const struct child *child, const int *sockets, size_t count, struct why *why);
	/* It has ended. */
	void (*stop)(void *context, const struct child *child);
	/* Has it ever asked anything? */
	bool (*was_asked)(void *context, const struct child *child);
};

enum { CHILDREN_MAX = 8 };

struct children {
	struct running {
		const struct child *child;
		pid_t pid;                    /* 0: it does not run */
		struct child_sockets sockets; /* count 0: the service has them */
		struct restart_state restart;
		struct config_environment environment;
	} running[CHILDREN_MAX];
	size_t n;
	size_t slow; /* workers that may hash */
	struct listening *listening;
	const struct child_service *service;
	void *context;
};

/* n: at most CHILDREN_MAX. */
MUST_USE err children_init(struct children *children, const struct child *table, size_t n, const struct config *config);

/* Execute each; a child waits until it is served.  On failure those before it run: children_call_off. */
MUST_USE err children_launch(struct children *children, struct why *why);

/* Serve each.  On failure: children_stop. */
MUST_USE err children_serve(struct children *children, struct why *why);

/* End, without a word, children that were launched and not served. */
void children_call_off(struct children *children);

/*
 * SIGCHLD came: log each end and start the child again as its row says.  ERR_CONFIG, ERR_AWAY: it cannot be kept alive; others: it
 * could not be started.  why is filled.
 */
MUST_USE err children_reap(struct children *children, struct why *why);

/* Ask each to finish what it has accepted, which the service still answers, and wait for its end.  SIGCHLD must be blocked. */
void children_stop(struct children *children);

#endif
