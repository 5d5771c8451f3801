/*
 * An application for tests of the server: its replies repeat the request.
 *
 *	/inline  /quick  /slow        answered in line or in that pool with "METHOD path|query|body|peer"
 *	/hold                         in the slow pool: waits until echo_release()
 *	/hold-quick                   the same in the quick pool
 *	/big                          BIG_BYTES of 'x'
 *	/page                         PAGE_BYTES of 'p', allocated for this reply
 *	/count                        the number of requests that were answered before
 *	/no-content  /not-modified    204 and 304, with a body that must not be sent
 *	/key                          like /inline; accepts ECHO_KEY_BODY_BYTES; X-Authorization repeats Authorization
 *	/broken                       a reply without a status
 *	anything else                 404, in line
 *
 * X-From: ADDRESS                the client's address, as a proxy passes it on
 *
 * It trusts 127.0.0.99 as a proxy.
 */
#ifndef ECHO_H
#define ECHO_H

#include "http/server.h"

#include <pthread.h>
#include <stdatomic.h>

enum { ECHO_BIG_BYTES = 8 * 1024 * 1024, ECHO_PAGE_BYTES = 16 * 1024, ECHO_KEY_BODY_BYTES = 64 * 1024 };

struct echo {
	struct http_server *server;
	uint16_t port;
	char *big;
	pthread_mutex_t lock;
	pthread_cond_t released;
	bool free_to_go;
	atomic_int holding; /* workers that wait for the release */
	atomic_int done, opened;
	atomic_int last_status;
};

/* Start it; zero members of settings get small values.  listen_fd: a listening socket; 0: a free port of 127.0.0.1. */
void echo_start(struct echo *echo, struct http_settings settings);
void echo_release(struct echo *echo);
void echo_stop(struct echo *echo, int max_ms);

#endif
