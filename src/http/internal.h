/*
 * Types and functions shared by the parts of the server.  Other modules include server.h.
 *
 * A connection (struct conn) belongs to one event loop, which alone uses its socket, from accept to close.  A job
 * holds the memory of one request and its reply.  A connection has a job from the first byte of a request until the
 * reply is sent, and none while it is idle.  While a worker pool processes a request, the job belongs to the pool
 * and the connection waits.
 */
#ifndef HTTP_INTERNAL_H
#define HTTP_INTERNAL_H

#include "http/parser.h"
#include "http/server.h"
#include "http/shares.h"

#include <pthread.h>
#include <stdatomic.h>

/* docs/develop/http.md has the table of the states, with the event and the deadline of each. */
enum conn_state { CONN_NEW, CONN_IDLE, CONN_HEAD, CONN_BODY, CONN_WORK, CONN_REPLY, CONN_LINGER };

/* Connections whose deadlines have the same length: the first one expires first. */
struct conn_list {
	struct conn *first, *last;
	int64_t length_us; /* 0: no deadline */
};

struct conn {
	int fd;
	uint32_t watched; /* the epoll events that are watched; 0: the socket is not in the epoll set yet */
	/* enum conn_state; written by its loop, read by the thread that looks for a connection to evict */
	atomic_int state;
	bool leaving;               /* it is being evicted; protected by acceptor.lock */
	uint32_t unread_max;        /* CONN_LINGER: bytes that will still be read */
	struct share_member member; /* protected by acceptor.lock */
	struct network network;
	int64_t deadline_us; /* monotonic */
	struct conn_list *list;
	struct conn *before, *next; /* in list */
	struct loop *loop;
	struct job *job;         /* NULL: idle */
	struct conn *inbox_next; /* in its loop's inbox */
	char peer[NETWORK_TEXT_BYTES];
};

struct job {
	struct request rq; /* first: a request pointer is also a job pointer */
	struct reply rp;
	struct arena arena;
	struct conn *conn;
	struct http_server *server;
	char *body; /* body_max bytes of the arena */
	size_t body_bytes, body_max;
	bool authorization;     /* the application may read the Authorization field */
	bool close;             /* close the connection after this reply */
	bool unread;            /* the client may still be sending the body */
	str out_head, out_body; /* unsent parts of the reply */
	size_t reply_bytes;
	int64_t begun_us; /* monotonic */
	struct job *next; /* in a worker pool's queue, or in its loop's list of spare jobs */
	uint64_t from;    /* in a queue: a number of the client's network, equal for equal networks */
	bool moved;       /* in a queue: a worker of the other pool moved it here */
	size_t filled;    /* bytes received of this request's head and of the data after it */
	struct parser parser;
	char bytes[]; /* head_max + 1 */
};

struct loop {
	struct http_server *server;
	pthread_t thread;
	bool runs; /* the thread was started */
	int epoll_fd, wake_fd;
	_Atomic(struct conn *) inbox; /* new connections, and those whose job is done; any thread may add */
	size_t conn_count;            /* protected by acceptor.lock */
	struct conn_list requests, replies, lingerers, working; /* each connection is in one of them */
	struct job *spares;                                     /* wiped jobs for reuse */
	size_t spare_count;
	int64_t now_us, grace_until_us; /* monotonic */
	bool accepting;                 /* the listening socket is in the epoll set */
	int64_t accept_retry_us;        /* while not accepting: when to try again */
	bool closing;                   /* server.closed was seen */
	uint64_t next_id;
	atomic_uint_fast64_t requests_count; /* written by this thread only */
	struct buf head;                     /* head of the reply that is being sent */
	int64_t date_s;
	char date[32];
};

struct worker_pool {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct job *first, *last;
	size_t waiting, max;
	size_t moved; /* of the waiting jobs; at most MOVED_MAX */
	bool closed;
};

struct worker {
	struct http_server *server;
	enum http_pool pool;
	size_t index;
	pthread_t thread;
};

/* The listening socket, and the number of connections of each client. */
struct acceptor {
	pthread_mutex_t lock;
	int listen_fd;
	struct shares *shares;
	size_t open;                 /* accepted, and not closed yet */
	size_t connections_max;      /* limited by the descriptors of the process */
	size_t leaving, leaving_max; /* connections that are being evicted, and are not closed yet */
};

struct http_server {
	struct http_settings settings;
	const struct http_app *app;
	void *app_data;
	struct acceptor acceptor;
	struct loop *loops;
	size_t loop_count;
	struct worker_pool pools[HTTP_POOL_COUNT];
	struct worker *workers;
	size_t worker_count;
	uint64_t id_base;
	atomic_bool closed;        /* no new connection; idle ones are closed */
	atomic_bool ended;         /* the event threads end */
	atomic_size_t connections; /* open, without the lingering ones */
	atomic_uint_fast64_t refused, busy, evicted;
};

/* --- acceptor.c: accepting and evicting connections --------------------------------------------------------------- */

MUST_USE err acceptor_prepare(struct http_server *server); /* computes connections_max and allocates the shares */
void acceptor_free(struct http_server *server);            /* all connections are closed */

enum acceptor_outcome {
	ACCEPTOR_TAKEN,   /* a connection was taken; there may be more */
	ACCEPTOR_EMPTY,   /* no connection is waiting */
	ACCEPTOR_CROWDED, /* connections, descriptors or memory are used up for now */
};
/* Accept the next waiting connection and give it to the loop with the fewest. */
enum acceptor_outcome acceptor_accept(struct http_server *server);
void acceptor_leave(struct conn *conn); /* the caller closes its socket next */

/* --- loop.c: the event threads ------------------------------------------------------------------------------------ */

MUST_USE err loops_open(struct http_server *server);
void loops_wake(struct http_server *server);
void loops_end(struct http_server *server); /* no job is in a queue; all connections are closed afterwards */

/*
 * From any thread: pass on a new connection, or one whose job a worker has finished.  The caller may not use it
 * afterwards.
 */
void loop_give(struct conn *conn);

/* Only called by the connection's loop. */
void loop_watch(struct conn *conn, uint32_t events);
void loop_list(struct conn *conn, struct conn_list *list); /* starts the deadline */
struct job *loop_job(struct conn *conn);                   /* NULL: no memory */
void loop_job_drop(struct conn *conn);                     /* wipes the job */

/* --- conn.c: one connection; only called by its loop -------------------------------------------------------------- */

void conn_begin(struct conn *conn);
void conn_event(struct conn *conn);
void conn_done(struct conn *conn);       /* a worker has written the reply */
void conn_give_up(struct conn *conn);    /* closes and frees; logs an unsent reply */
void conn_close_idle(struct conn *conn); /* the server stops: requests that have arrived are answered first */
bool conn_is(const struct conn *conn, enum conn_state state);

/* --- request.c: from head to struct request ----------------------------------------------------------------------- */

void request_begin(struct job *job); /* sets the id, and the time */
void request_end(struct job *job);   /* wipes its memory, except the bytes of the head */
/* Check a complete head: 0, or the status of the refusal. */
int request_check(struct job *job);
/* Fill in the known parts of a request whose head is refused. */
void request_name(struct job *job);

/* --- worker_pool.c ------------------------------------------------------------------------------------------------ */

MUST_USE err worker_pools_open(struct http_server *server);
/* False: full, or closed.  moved: a worker of another pool had the job. */
bool worker_pool_submit(struct job *job, enum http_pool pool, bool moved);
size_t worker_pool_waiting(const struct worker_pool *pool);
void worker_pools_end(struct http_server *server); /* waiting jobs are answered 503; all workers end */

/* --- reply.c ------------------------------------------------------------------------------------------------------ */

void reply_begin(struct job *job);
void reply_refuse(struct job *job, int status); /* filled by the application's refuse() */
/* Write the reply into out_head and out_body.  false: no memory. */
bool reply_compose(struct job *job);

#endif
