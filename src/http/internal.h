/*
 * What the parts of the server share.  Not for others: see server.h.
 *
 * A connection (struct conn) lives from the event thread's first sight of it until just before its socket is closed.  A
 * job is one request with its reply: made when the request line is read, freed when libmicrohttpd says that it is over.
 * While a job is in a lane its connection is suspended, so that nothing of it ends before the worker has let go.
 */
#ifndef HTTP_INTERNAL_H
#define HTTP_INTERNAL_H

#include "http/mhd.h"
#include "http/server.h"
#include "http/shares.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <stdatomic.h>

enum {
	PEER_TEXT_BYTES = 46, /* INET6_ADDRSTRLEN */
	LINGER_MAX = 64,      /* connections that are read empty after an early refusal */
};

struct header {
	str name, value;
};

/* One connection, from its being accepted until just before its socket is closed. */
struct conn {
	int fd;
	bool
	    started; /* its event thread has it; before, nobody touches its socket.  Under door.lock, as are the next two */
	bool leaving; /* it makes way for a newcomer */
	struct share_member member;
	struct network network;
	_Atomic int64_t deadline_us; /* monotonic; NO_DEADLINE while the application has the request */
	atomic_bool busy;            /* a request has begun and its reply has not left */
	atomic_bool served;          /* the application has the request, or its reply is leaving */
	unsigned ends_seen; /* the doorkeeper's: looks in a row at which the client had ended and was not served */
	bool unread;        /* refused, and the client may still be sending */
	char peer[PEER_TEXT_BYTES];
	struct conn *older, *newer; /* under door.lock */

	/* the event thread's own */
	struct event_loop *loop;
	struct conn *next, *before; /* in its loop */
	char *pool; /* libmicrohttpd's memory for it, not given back since the last request; NULL: not known */
	bool rests; /* it was idle at the last look */
};
#define NO_DEADLINE INT64_MAX

/* A socket on its way from the doorkeeper to an event thread. */
struct arrival {
	struct conn *conn;
	int fd;
	socklen_t address_bytes;
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} address;
};

struct event_loop {
	struct http_server *server;
	struct MHD_Daemon *daemon;
	int daemon_fd, wake_fd;
	pthread_t thread;
	bool runs;         /* the thread was made */
	atomic_bool ended; /* the thread leaves */
	bool untidy;       /* there may be memory to give back */
	struct conn *conns;
	pthread_mutex_t lock; /* of the arrivals: a ring, which begins anew at its first place whenever it is empty */
	size_t arrivals_first, arrivals_count, arrivals_max;
	struct arrival *arrivals;
};

enum job_stage { JOB_HEAD, JOB_BODY, JOB_WAITING, JOB_READY, JOB_REPLIED };

struct job {
	struct request rq; /* first: a request is its job */
	struct reply rp;
	struct arena arena;
	struct http_server *server;
	struct MHD_Connection *connection;
	struct conn *conn;
	enum job_stage stage;
	bool close;           /* the connection ends with this reply */
	const char *raw_uri;  /* where libmicrohttpd holds it; only compared with other places */
	size_t raw_uri_bytes; /* all of it, also when over the limit */
	str target;           /* of the request line; empty when over the limit */
	struct header *headers;
	size_t header_count;
	char *body; /* body_max bytes of the arena */
	size_t body_bytes, body_max;
	size_t reply_bytes;
	int64_t begun_us; /* monotonic */
	struct job *next; /* in a lane */
	uint64_t from;    /* in a lane: the same number for the same address */
};

struct lane {
	pthread_mutex_t lock;
	pthread_cond_t filled;
	struct job *first, *last;
	size_t waiting, max;
	bool closed;
};

struct worker {
	struct http_server *server;
	enum http_lane lane;
	size_t index;
	pthread_t thread;
};

/* A closed connection whose client may still be sending: read empty, so that no reset overtakes the reply. */
struct lingerer {
	int fd;
	struct network network;
	int64_t until_us;
	size_t budget; /* bytes that will still be read */
};

struct door {
	pthread_mutex_t lock; /* of conns, shares, by_fd, leaving, lingerers */
	struct conn *conns;
	struct shares *shares;
	struct conn **by_fd; /* by_fd_count: a connection by its socket; touched only where used */
	size_t by_fd_count;
	size_t connections_max, linger_max; /* as the process's descriptors allow */
	size_t leaving, leaving_max;        /* connections that make way, and have not left yet */
	struct lingerer lingerers[LINGER_MAX];
	size_t lingerer_count;
	int listen_fd, wake_fd;
	size_t accepted;
	atomic_bool crowded; /* no connection is accepted until one has left */
	pthread_t thread;
	atomic_bool closed; /* no new connection; idle ones are sent home */
	atomic_bool ended;  /* the thread leaves */
};

struct http_server {
	struct http_settings settings;
	const struct http_app *app;
	void *app_data;
	struct event_loop *loops;
	size_t loop_count;
	struct door door;
	struct lane lanes[HTTP_LANE_COUNT];
	struct worker *workers;
	size_t worker_count;
	int64_t request_us, reply_us;
	uint64_t id_base;
	atomic_uint_fast64_t id_count;
	atomic_size_t connections;
	atomic_uint_fast64_t requests, refused, given_back, made_way;
	bool exact_layout; /* see head.c */
};

/* --- door.c: accepting, deadlines ---------------------------------------------------------------------------------- */

MUST_USE err door_prepare(struct http_server *server); /* how many connections there may be, and room for them */
MUST_USE err door_open(struct http_server *server);    /* the thread */
void door_close(struct http_server *server);           /* no new connection from now on */
void door_end(struct http_server *server);             /* the thread is gone afterwards */
void door_free(struct http_server *server);            /* no connection is left */
bool door_take(struct http_server *server, struct arrival *arrival); /* false: there is no place for it */
void door_refuse(struct http_server *server,
		 struct conn *conn); /* one that no event thread has: its socket is closed */
void door_forget(struct http_server *server, struct conn *conn); /* the same, where the socket is closed already */
void door_connection(void *context, struct MHD_Connection *connection, void **place,
		     enum MHD_ConnectionNotificationCode code);

/* --- events.c: the event threads ------------------------------------------------------------------------------------- */

MUST_USE err events_open(struct http_server *server);
void events_end(struct http_server *server); /* nothing may be suspended; all connections are closed afterwards */

/* The doorkeeper: a socket that was accepted.  It is closed when there is no room for it. */
void events_take(struct http_server *server, const struct arrival *arrival);

/* The event thread itself: a connection has begun, or ends; a head has come, at this place. */
void events_conn_add(struct event_loop *loop, struct conn *conn);
void events_conn_remove(struct event_loop *loop, struct conn *conn);
void events_request(struct job *job, const char *method);

/* Any thread: the reply of a job that was in a lane is ready.  Nobody may look at it afterwards. */
void events_resume(struct job *job);

/* --- lanes.c ------------------------------------------------------------------------------------------------------- */

MUST_USE err lanes_open(struct http_server *server);
bool lane_submit(struct job *job, enum http_lane lane); /* false: full, or closed */
size_t lane_waiting(const struct lane *lane);
void lanes_end(struct http_server *server); /* what waits is answered 503; no worker afterwards */

/* --- job.c: a request's way through the server ---------------------------------------------------------------------- */

void *job_begin(void *context, const char *uri, struct MHD_Connection *connection);
enum MHD_Result job_continue(void *context, struct MHD_Connection *connection, const char *url, const char *method,
			     const char *version, const char *upload, size_t *upload_bytes, void **job_place);
void job_over(void *context, struct MHD_Connection *connection, void **job_place, enum MHD_RequestTerminationCode code);

/* --- head.c: is it well-formed, and within the limits? --------------------------------------------------------------- */

/* Headers into the job.  ERR_MEMORY; ERR_TOO_LONG: more than HTTP_HEADERS_MAX. */
MUST_USE err head_read(struct job *job);
/* 0, or the status to refuse with.  The request's path and query are set, and body_max. */
int head_check(struct job *job, const char *method, const char *version);
/* May it stand in a field?  No control byte but tab: RFC 9110 s5.5. */
bool head_value_good(str s);
/* Does the libmicrohttpd in use keep a head as head_check's layout check expects it? */
bool head_layout_known(void);

/* --- reply.c ------------------------------------------------------------------------------------------------------- */

void reply_reset(struct job *job);
void reply_refuse(struct job *job, int status); /* the application's own words for it */
enum MHD_Result reply_queue(struct job *job);   /* hand it to libmicrohttpd; MHD_NO: close the connection */

#endif
