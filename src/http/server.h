/*
 * An HTTP/1.1 server for small forms and pages.  It reads complete requests, checks their form and limits, and
 * passes them to an application, inline or in one of two worker pools.  It knows nothing of sessions, pages or the
 * keeper.  docs/develop/http.md explains it.
 *
 *	event thread:  admit()  →  HTTP_INLINE: the reply is ready and is sent at once
 *	                        →  HTTP_QUICK, HTTP_SLOW: the connection waits; a worker of that pool calls work();
 *	                           the event thread sends the reply
 *
 * Each pool has its own threads and a bounded queue.  If the queue is full, the reply is a 503 with Retry-After,
 * made by refuse().  Workers never use a connection; event threads never wait for a worker.
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
}; /* bits, for tables of allowed methods */

enum {
	/* request line and header fields, unless the settings set another limit: 431 */
	HTTP_HEAD_MAX_BYTES = 16 * 1024,
	HTTP_HEAD_LIMIT_BYTES = 64 * 1024, /* maximum of that setting */
	HTTP_URI_MAX_BYTES = 9 * 1024,     /* 414; an authorization request of 8 KiB has an address and a seal */
	HTTP_BODY_MAX_BYTES = 16 * 1024,   /* unless the route sets another limit: 413 */
	HTTP_HEADERS_MAX = 100,            /* 431 */
	/* timeout from the connection, or the last reply, to a complete request; then the connection is closed */
	HTTP_REQUEST_SECONDS = 20,
	HTTP_REPLY_SECONDS = 20, /* timeout for the client to receive the reply */
	HTTP_REPLY_HEADERS = 32,
	HTTP_REPLY_BODY_MAX_BYTES = 1024 * 1024, /* default maximum of reply.body; the application may change it */
	/* of one request: its texts, and everything that the application allocates */
	HTTP_ARENA_MAX_BYTES = 512 * 1024,
};

/* Address of a connection through a Unix socket. */
#define HTTP_PEER_UNIX "unix:"

/* A complete request.  All texts live as long as the request. */
struct request {
	enum http_method method;
	str method_name;
	str path;                     /* raw, as sent, without query; begins with '/' */
	enum uri_path_kind path_kind; /* can two programs read the path differently?  Routes then refuse it */
	str query;                    /* raw, without '?'; empty if there is none */
	str body;
	str peer;       /* numeric address of the connection's other end, mapped IPv4 as IPv4; or HTTP_PEER_UNIX */
	str from;       /* set by admit: numeric client address if the peer is a proxy; empty: the peer is the client */
	char id[17];    /* random hex that identifies the request in the log */
	int64_t now_us; /* when the request was complete: the request's only reading of the clock */
	struct arena *arena; /* wiped when the reply is sent */
	void *internal;      /* private to the server */
	/* private to the application, NULL at first; the server does not free it: allocate it from the arena */
	void *app;
};

/* Value of a header field (case-insensitive name), the first one if repeated; p == NULL if absent. */
str request_header(const struct request *rq, const char *name);

/* Number of header fields with this name. */
size_t request_header_count(const struct request *rq, const char *name);

/* Each value of a repeated header field, in order: *at is 0 at first; false: no more values. */
bool request_header_each(const struct request *rq, const char *name, size_t *at, str *ret_value);

/*
 * The reply to a request.  The server clears it and sets the maximum of body.  reply_header copies the value into
 * the arena; names must be constants.
 *
 *	ERR_INVALID   a control byte, or a header that the server sets itself: Connection, Content-Length, Date,
 *	              Transfer-Encoding
 *	ERR_TOO_LONG  more than HTTP_REPLY_HEADERS
 *
 * If a reply has no status, or its body is over its maximum, the server sends refuse()'s 503 instead.
 */
struct reply {
	int status;
	struct buf body; /* freed by the server */
	str fixed;       /* sent instead of body: constant bytes (a static file) */
	struct {
		str name, value;
	} headers[HTTP_REPLY_HEADERS];
	size_t header_count;
	/*
	 * Set by work(), with no other member: this worker has done nothing, and work() is called again in that pool.
	 * At most four moved requests wait in a pool; others get 503.  HTTP_INLINE: the reply is complete.
	 */
	enum http_pool move_to;
};

MUST_USE err reply_header(struct request *rq, struct reply *rp, str name, str value);
/* Does not copy the value: it must be a constant, or in the request's arena. */
MUST_USE err reply_header_borrowed(struct reply *rp, str name, str value);
/*
 * For a name and a value that are both constants of the program: they are checked only in builds for tests, whose tests
 * send every constant header.
 */
MUST_USE err reply_header_constant(struct reply *rp, str name, str value);

/* Limits of a route that differ from the defaults. */
struct http_expectation {
	size_t body_max_bytes;
	bool authorization; /* the application may read the Authorization field */
	bool any_type;      /* the application checks the Content-Type of a POST; else only a form is accepted: 415 */
};

struct http_app {
	/*
	 * Called on the event thread after the head and before the body.  It may change the route's expectation,
	 * which is HTTP_BODY_MAX_BYTES and no Authorization by default.  It must not block.  It is called only for
	 * requests with a body or an Authorization field.  NULL: the default stays.
	 */
	void (*expect)(void *app, const struct request *rq, struct http_expectation *expectation);
	/*
	 * Called on the event thread for each well-formed request: fill the reply and return HTTP_INLINE, or return
	 * a pool.
	 */
	enum http_pool (*admit)(void *app, struct request *rq, struct reply *rp);
	/* Called on a worker: fill the reply.  worker is the value that worker_open returned in this thread. */
	void (*work)(void *app, void *worker, struct request *rq, struct reply *rp);
	/*
	 * Fill the reply for requests that the server itself refuses: 400, 411, 413, 414, 415, 431, 503.  Called on
	 * any thread; must not block.  The request may be incomplete: path is "/" if it could not be read, body is
	 * empty.  The server adds Retry-After to a 503 without one.
	 */
	void (*refuse)(void *app, struct request *rq, int status, struct reply *rp);
	/*
	 * Called in each worker thread at its start; pool is QUICK or SLOW, index counts from 0 in each pool.  May
	 * be NULL.
	 */
	void *(*worker_open)(void *app, enum http_pool pool, size_t index);
	/*
	 * Is the peer a proxy that forwards requests of other clients?  Its connections are then not counted as a
	 * client's share.  Called under a lock; must not block.  NULL: no peer is trusted.
	 */
	bool (*trusts)(void *app, str peer);
	/*
	 * Called after the reply was passed to the kernel, or sending it failed, with its time in the server; for
	 * the access log.  Not called if the client closed before there was a reply.  Called on any thread.
	 */
	void (*done)(void *app, const struct request *rq, int status, size_t body_bytes, int64_t elapsed_us);
};

struct http_settings {
	int listen_fd;                     /* already listening; the server closes it */
	size_t event_threads;              /* 1 or more */
	size_t workers[HTTP_POOL_COUNT];   /* threads of QUICK and SLOW */
	size_t queue_max[HTTP_POOL_COUNT]; /* requests that may wait in QUICK and SLOW */
	/* above it, a connection of the client that holds most is evicted: shares.h */
	size_t connections_max;
	/* of this process; few descriptors reduce connections_max; 0: the process's limit */
	size_t descriptors_max;
	int request_ms, reply_ms; /* 0: HTTP_REQUEST_SECONDS, HTTP_REPLY_SECONDS */
	size_t head_max;          /* bytes of a request's head, up to HTTP_HEAD_LIMIT_BYTES; 0: HTTP_HEAD_MAX_BYTES */
};

struct http_server;

/*
 * Listen on host (name or address, IPv4 or IPv6) and port, with SO_REUSEADDR and close-on-exec.  Errors fill why:
 * ERR_BUSY (port in use), ERR_DENIED, ERR_INVALID, ERR_IO.
 */
MUST_USE err http_listen(str host, uint16_t port, struct why *why, int *ret_fd);

/* The same for another address than HOST and PORT: messages name these settings. */
MUST_USE err http_listen_for(const char *host_setting, const char *port_setting, str host, uint16_t port,
			     struct why *why, int *ret_fd);

/*
 * Create all threads and descriptors.  Afterwards the server opens no file, resolves no name and starts no thread.
 * listen_fd becomes non-blocking; http_server_stop closes it, or this function on failure.  app must outlive the
 * server.
 */
MUST_USE err http_server_start(const struct http_settings *settings, const struct http_app *app, void *app_data,
			       struct http_server **ret_server);

/*
 * Stop accepting, finish accepted requests for at most max_ms, then end all threads, free the server and set
 * *server to NULL.  Requests still in a queue after max_ms are answered 503.  A running work() is always waited
 * for.
 */
void http_server_stop(struct http_server **server, int max_ms);

/* Current figures, for metrics, logs and tests. */
struct http_figures {
	size_t connections, connections_max, waiting[HTTP_POOL_COUNT];
	uint64_t requests, refused;
	uint64_t busy;    /* requests refused because the queue of their pool was full */
	uint64_t evicted; /* connections closed in favour of new ones */
};
void http_server_figures(const struct http_server *server, struct http_figures *ret_figures);

#endif
