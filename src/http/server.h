/*
 * An HTTP/1.1 server for small forms and pages: it takes requests in whole, checks that they are well-formed and within limits, and
 * hands them to an application in one of three worker pools.  It knows nothing of sessions, pages or the keeper.  docs/develop/http.md explains it.
 *
 *	event thread:  admit()  →  HTTP_INLINE: the reply is ready and leaves at once
 *	                        →  HTTP_QUICK, HTTP_SLOW: the connection waits; a worker of that pool calls work(); the event
 *	                           thread sends the reply
 *
 * Each pool has its own threads and its own bounded queue; when the queue is full the answer is 503 with
 * Retry-After, made by refuse().  A worker never touches a connection, an event thread never waits.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/str.h"
#include "base/uri_path.h"

enum http_pool { HTTP_INLINE, HTTP_QUICK, HTTP_SLOW, HTTP_POOL_COUNT };

enum http_method {
	HTTP_GET = 1,
	HTTP_HEAD = 2,
	HTTP_POST = 4,
	HTTP_OPTIONS = 8,
	HTTP_OTHER = 16,
	HTTP_ANY = 31,
}; /* bits, for tables of what is allowed */

enum {
	HTTP_HEAD_MAX_BYTES = 16 * 1024,   /* request line and header fields, unless the settings say otherwise: 431 */
	HTTP_HEAD_LIMIT_BYTES = 64 * 1024, /* what the settings may say */
	HTTP_URI_MAX_BYTES = 8 * 1024,     /* 414 */
	HTTP_BODY_MAX_BYTES = 16 * 1024,   /* unless the route says otherwise: 413 */
	HTTP_HEADERS_MAX = 100,            /* 431 */
	HTTP_REQUEST_SECONDS = 20, /* from connection, or from the last reply, to a whole request; then closed */
	HTTP_REPLY_SECONDS = 20,   /* for the client to take the reply */
	HTTP_REPLY_HEADERS = 32,
	HTTP_REPLY_BODY_MAX_BYTES = 1024 * 1024, /* what reply.body may grow to unless the application says otherwise */
	HTTP_ARENA_MAX_BYTES = 512 * 1024,       /* of one request: its texts and all that the application allocates */
};

/* Address of a connection through a Unix socket. */
#define HTTP_PEER_UNIX "unix:"

/* One request, whole.  All texts live as long as the request. */
struct request {
	enum http_method method;
	str method_name;
	str path;                     /* raw, as sent, without query; begins with '/' */
	enum uri_path_kind path_kind; /* can two programs read the path differently?  Routes refuse it then */
	str query;                    /* raw, without '?' ; empty when there is none */
	str body;
	str peer;       /* address of the connection's other end, numeric; mapped IPv4 as IPv4; or HTTP_PEER_UNIX */
	str from;       /* by admit: on whose behalf, numeric, where the peer is a proxy; empty: the peer's */
	char id[17];    /* random hex, unique enough to find the request in the log */
	int64_t now_us; /* when it was whole: the request's one reading of the clock */
	struct arena *arena; /* wiped when the reply has left */
	void *internal;      /* the server's own */
	void *app; /* the application's own, NULL at first; not freed by the server: allocate it from the arena */
};

/* Value of a header field, name compared without case; empty text with p == NULL when absent.  The first, when repeated. */
str request_header(const struct request *rq, const char *name);

/* How often a header field stands in the request. */
size_t request_header_count(const struct request *rq, const char *name);

/* Each value of a repeated header field, in order: *at is 0 at first; false when there are no more. */
bool request_header_each(const struct request *rq, const char *name, size_t *at, str *ret_value);

/*
 * Reply being made.  The server hands it over zeroed but for the maximum of body; values of headers are copied into the arena,
 * names are constants that live for ever.  A control byte in one makes it ERR_INVALID, and so does a name that is the server's own business:
 * Connection, Content-Length, Date, Transfer-Encoding.  ERR_TOO_LONG: more than HTTP_REPLY_HEADERS.
 * A reply without a status, or whose body could not be written in whole, goes out as refuse()'s 503.
 */
struct reply {
	int status;
	struct buf body; /* freed by the server */
	str fixed;       /* instead of body: bytes that live for ever (a static file) */
	struct {
		str name, value;
	} headers[HTTP_REPLY_HEADERS];
	size_t header_count;
};

MUST_USE err reply_header(struct request *rq, struct reply *rp, str name, str value);
/* The value is not copied: it is a constant, or stands in the request's arena. */
MUST_USE err reply_header_borrowed(struct reply *rp, str name, str value);

/* What a route takes beyond the usual. */
struct http_expectation {
	size_t body_max_bytes;
	bool authorization; /* the application is shown the header field Authorization */
};

struct http_app {
	/*
	 * On the event thread, when the head is whole and the body is not read yet: change what this route expects; it is
	 * HTTP_BODY_MAX_BYTES and no Authorization before.  Must not wait.  NULL: so it stays.  Only asked about a request that has a
	 * body or sends Authorization.
	 */
	void (*expect)(void *app, const struct request *rq, struct http_expectation *expectation);
	/* On the event thread, for each well-formed request: fill the reply and return HTTP_INLINE, or name the lane. */
	enum http_pool (*admit)(void *app, struct request *rq, struct reply *rp);
	/* On a worker: fill the reply.  worker is what worker_open gave this thread. */
	void (*work)(void *app, void *worker, struct request *rq, struct reply *rp);
	/*
	 * A reply for what the server refuses by itself: 400, 411, 413, 414, 415, 431, 503.  Any thread; must not wait.  The request
	 * may be unfinished: path is "/" when it could not be read, body is empty.  A 503 gets Retry-After when it has none.
	 */
	void (*refuse)(void *app, struct request *rq, int status, struct reply *rp);
	/* Called in each worker thread at its start; lane is QUICK or SLOW, index counts from 0 within it.  NULL: nothing. */
	void *(*worker_open)(void *app, enum http_pool pool, size_t index);
	/*
	 * Is the peer a proxy that may speak for everybody?  It has no share of the connections then.  Asked under a lock; must
	 * not wait.  NULL: nobody is.
	 */
	bool (*trusts)(void *app, str peer);
	/*
	 * Called after the reply was handed over to the system, or the connection broke over it, with its time in the server;
	 * for the access log.  Not called for a request whose client went away before there was a reply.  Any thread.
	 */
	void (*done)(void *app, const struct request *rq, int status, size_t body_bytes, int64_t elapsed_us);
};

struct http_settings {
	int listen_fd;                     /* listening already; the server closes it */
	size_t event_threads;              /* 1 or more */
	size_t workers[HTTP_POOL_COUNT];   /* threads of QUICK and SLOW */
	size_t queue_max[HTTP_POOL_COUNT]; /* requests that may wait in QUICK and SLOW */
	size_t connections_max;            /* when there are more, whoever holds most makes way: shares.h */
	size_t descriptors_max;            /* of this process: fewer connections where these are few; 0: its limit */
	int request_ms, reply_ms;          /* 0: HTTP_REQUEST_SECONDS, HTTP_REPLY_SECONDS */
	size_t head_max; /* bytes of a request's head, up to HTTP_HEAD_LIMIT_BYTES; 0: HTTP_HEAD_MAX_BYTES */
};

struct http_server;

/* Listen on host (name or address, IPv4 or IPv6) and port; SO_REUSEADDR, close-on-exec.  ERR_BUSY port in use, ERR_DENIED, ERR_INVALID; why is filled. */
MUST_USE err http_listen(str host, uint16_t port, struct why *why, int *ret_fd);

/*
 * All threads and descriptors are made here; afterwards the server opens no file, asks no name service and starts no
 * thread.  listen_fd becomes non-blocking; it is closed by stop, or here when starting fails.  app must stay.
 */
MUST_USE err http_server_start(const struct http_settings *settings, const struct http_app *app, void *app_data,
			       struct http_server **ret_server);

/*
 * Take no new connection, finish what was accepted for at most max_ms, then end all threads and free; sets NULL.  What
 * still waits in a lane by then is answered 503; a work() that is running is waited for, however long it takes.
 */
void http_server_stop(struct http_server **server, int max_ms);

/* Figures of this moment, for logs and tests. */
struct http_figures {
	size_t connections, connections_max, waiting[HTTP_POOL_COUNT];
	uint64_t requests, refused;
	uint64_t evicted; /* connections that were ended for newcomers */
};
void http_server_figures(const struct http_server *server, struct http_figures *ret_figures);

#endif
