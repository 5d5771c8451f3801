/*
 * What the parts of the server share.  Not for others: see server.h.
 *
 * A connection (struct conn) belongs to one event loop, which alone touches its socket, from accept to close.  A job is the memory of one
 * request and its reply: a connection has one from the first byte of a request until the reply has left, and none while it is idle.
 * While the application works on a request in a pool, the job belongs to the pool and the connection waits.
 */
#ifndef HTTP_INTERNAL_H
#define HTTP_INTERNAL_H

#include "http/parser.h"
#include "http/server.h"
#include "http/shares.h"

#include <pthread.h>
#include <stdatomic.h>

/* docs/develop/http.md has the table of what each state waits for, and for how long. */
enum conn_state { CONN_NEW, CONN_IDLE, CONN_HEAD, CONN_BODY, CONN_WORK, CONN_REPLY, CONN_LINGER };

/* Connections with deadlines of one length: the first one's is over first. */
struct conn_list {
	struct conn *first, *last;
	int64_t length_us; /* 0: no deadline */
};

struct conn {
	int fd;
	uint32_t watched;    /* the epoll events that are asked for; 0: the socket is not in the epoll set yet */
	atomic_int state;    /* enum conn_state; written by its loop, read by who looks for a connection to end */
	bool leaving;        /* it makes way for a newcomer; under door.lock */
	uint32_t unread_max; /* CONN_LINGER: bytes that will still be read */
	struct share_member member; /* under door.lock */
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
	struct request rq; /* first: a request is its job */
	struct reply rp;
	struct arena arena;
	struct conn *conn;
	struct http_server *server;
	char *body; /* body_max bytes of the arena */
	size_t body_bytes, body_max;
	bool authorization;     /* the application is shown the field of this name */
	bool close;             /* the connection ends with this reply */
	bool unread;            /* and the client may still be sending */
	str out_head, out_body; /* of the reply: what has not left */
	size_t reply_bytes;
	int64_t begun_us; /* monotonic */
	struct job *next; /* in a lane, or in its loop's spares */
	uint64_t from;    /* in a lane: the same number for the same address */
	size_t filled;    /* bytes received, of this request's head and what follows it */
	struct parser parser;
	char bytes[]; /* head_max + 1 */
};

struct loop {
	struct http_server *server;
	pthread_t thread;
	bool runs; /* the thread was made */
	int epoll_fd, wake_fd;
	_Atomic(struct conn *) inbox; /* new connections, and those whose job is done; any thread adds */
	size_t conn_count;            /* under door.lock */
	struct conn_list requests, replies, lingerers, working; /* each connection is in one of them */
	struct job *spares;                                     /* jobs to use again, wiped */
	size_t spare_count;
	int64_t now_us, grace_until_us; /* monotonic */
	bool accepting;                 /* the listening socket is in the epoll set */
	int64_t accept_retry_us;        /* not accepting: until then */
	bool closing;                   /* server.closed was seen */
	uint64_t next_id;
	atomic_uint_fast64_t requests_count; /* written by this thread only */
	struct buf head;                     /* of the reply that is being written */
	int64_t date_s;
	char date[32];
};

struct worker_pool {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct job *first, *last;
	size_t waiting, max;
	bool closed;
};

struct worker {
	struct http_server *server;
	enum http_pool pool;
	size_t index;
	pthread_t thread;
};

/* The listening socket, and who holds how many connections. */
struct acceptor {
	pthread_mutex_t lock;
	int listen_fd;
	struct shares *shares;
	size_t open;                 /* accepted, and not closed yet */
	size_t connections_max;      /* as the process's descriptors allow */
	size_t leaving, leaving_max; /* connections that make way, and have not left yet */
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
	atomic_bool ended;         /* the event threads leave */
	atomic_size_t connections; /* open, without those that only linger */
	atomic_uint_fast64_t refused, evicted;
};

/* --- acceptor.c: who may come in ---------------------------------------------------------------------------------------------- */

MUST_USE err acceptor_prepare(struct http_server *server); /* how many connections there may be, and room for them */
void acceptor_free(struct http_server *server);            /* no connection is left */

enum acceptor_outcome {
	ACCEPTOR_TAKEN,   /* there may be more */
	ACCEPTOR_EMPTY,   /* nobody waits */
	ACCEPTOR_CROWDED, /* no place, descriptor or memory is left for a moment */
};
/* The next connection that waits: given to the loop that has fewest. */
enum acceptor_outcome acceptor_accept(struct http_server *server);
void acceptor_leave(struct conn *conn); /* its socket is closed next */

/* --- loop.c: the event threads ---------------------------------------------------------------------------------------------- */

MUST_USE err loops_open(struct http_server *server);
void loops_wake(struct http_server *server);
void loops_end(struct http_server *server); /* no job is in a lane; all connections are closed afterwards */

/* Any thread: a new connection, or one whose job a worker has done.  Nobody may look at it afterwards. */
void loop_give(struct conn *conn);

/* Its loop only. */
void loop_watch(struct conn *conn, uint32_t events);
void loop_list(struct conn *conn, struct conn_list *list); /* the deadline begins */
struct job *loop_job(struct conn *conn);                   /* NULL: no memory */
void loop_job_drop(struct conn *conn);                     /* wiped */

/* --- conn.c: one connection; its loop only ------------------------------------------------------------------------------------ */

void conn_begin(struct conn *conn);
void conn_event(struct conn *conn);
void conn_done(struct conn *conn);       /* a worker has written the reply */
void conn_give_up(struct conn *conn);    /* closed and freed; a reply that has not left is logged */
void conn_close_idle(struct conn *conn); /* the server stops: a request that has arrived is answered first */
bool conn_is(const struct conn *conn, enum conn_state state);

/* --- request.c: what the application asks of a request ------------------------------------------------------------------------- */

void request_begin(struct job *job); /* an id, and the time */
void request_end(struct job *job);   /* its memory is wiped, but for the bytes of its head */
/* The head is whole: gives 0, or the status to refuse with. */
int request_check(struct job *job);
/* As far as it is known, when the head is refused. */
void request_name(struct job *job);

/* --- worker_pool.c --------------------------------------------------------------------------------------------------------------- */

MUST_USE err worker_pools_open(struct http_server *server);
bool worker_pool_submit(struct job *job, enum http_pool pool); /* false: full, or closed */
size_t worker_pool_waiting(const struct worker_pool *pool);
void worker_pools_end(struct http_server *server); /* what waits is answered 503; no worker afterwards */

/* --- reply.c --------------------------------------------------------------------------------------------------------------- */

void reply_begin(struct job *job);
void reply_refuse(struct job *job, int status); /* the application's own words for it */
/* Its bytes into out_head and out_body.  false: there is no memory. */
bool reply_compose(struct job *job);

#endif
