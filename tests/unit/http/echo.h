/*
 * An application that says back what it understood, for tests of the server:
 *
 *	/inline  /quick  /slow        answered in that lane with "METHOD path|query|body|peer"
 *	/hold                         slow: waits until echo_release()
 *	/hold-quick                   quick: likewise
 *	/big                          BIG_BYTES of 'x'
 *	/page                         PAGE_BYTES of 'p', made for this reply
 *	/count                        how many requests have been answered before
 *	/no-content  /not-modified    204 and 304, with a body that must not be sent
 *	/key                          like /inline; takes ECHO_KEY_BODY_BYTES, and shows Authorization in the reply's X-Authorization
 *	/broken                       a reply without a status
 *	anything else                 404, in line
 *
 * X-From: ADDRESS                on whose behalf
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

/* Start it; zero members of settings get small sensible values.  listen_fd: listening already; 0: any free port of 127.0.0.1. */
void echo_start(struct echo *echo, struct http_settings settings);
void echo_release(struct echo *echo);
void echo_stop(struct echo *echo, int max_ms);

#endif
