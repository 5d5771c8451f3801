#include "http/internal.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/random.h"

#include <poll.h>
#include <signal.h>
#include <unistd.h>

enum {
	STOP_STEP_MS = 5,
	STOP_LAST_MS = 100, /* for replies that were still being written at the deadline */
};

static int
server_period_ms(int ms, int seconds)
{
	return ms > 0 ? ms : seconds * 1000;
}

static err
server_new(const struct http_settings *settings, const struct http_app *app, void *app_data,
	   struct http_server **ret_server)
{
	struct http_server *server;

	if (settings->event_threads == 0 || settings->event_threads > 256 || settings->connections_max > 1000 * 1000 ||
	    settings->head_max > HTTP_HEAD_LIMIT_BYTES)
		return ERR_INVALID;
	server = mem_new(sizeof(*server));
	if (server == NULL)
		return ERR_MEMORY;
	server->settings = *settings;
	server->app = app;
	server->app_data = app_data;
	server->settings.request_ms = server_period_ms(settings->request_ms, HTTP_REQUEST_SECONDS);
	server->settings.reply_ms = server_period_ms(settings->reply_ms, HTTP_REPLY_SECONDS);
	if (settings->head_max == 0)
		server->settings.head_max = HTTP_HEAD_MAX_BYTES;
	server->acceptor.listen_fd = settings->listen_fd;
	pthread_mutex_init(&server->acceptor.lock, NULL);
	for (int i = HTTP_QUICK; i < HTTP_POOL_COUNT; i++) {
		pthread_mutex_init(&server->pools[i].lock, NULL);
		pthread_cond_init(&server->pools[i].filled, NULL);
	}
	*ret_server = server;
	return ERR_OK;
}

/* All threads have ended. */
static void
server_free(struct http_server **server)
{
	struct http_server *s = *server;

	pthread_mutex_destroy(&s->acceptor.lock);
	for (int i = HTTP_QUICK; i < HTTP_POOL_COUNT; i++) {
		pthread_mutex_destroy(&s->pools[i].lock);
		pthread_cond_destroy(&s->pools[i].filled);
	}
	if (s->acceptor.listen_fd >= 0)
		close(s->acceptor.listen_fd);
	acceptor_free(s);
	mem_free(&s->workers);
	mem_free(server);
}

static err
http_server_threads_start(struct http_server *server)
{
	err e = acceptor_prepare(server);

	if (e == ERR_OK)
		e = worker_pools_open(server);
	if (e == ERR_OK)
		e = loops_open(server);
	if (e == ERR_OK)
		return e;
	worker_pools_end(server);
	loops_end(server);
	return e;
}

err
http_server_start(const struct http_settings *settings, const struct http_app *app, void *app_data,
		  struct http_server **ret_server)
{
	struct http_server *server = NULL;
	sigset_t all, before;
	err e = server_new(settings, app, app_data, &server);

	if (e != ERR_OK) {
		close(settings->listen_fd);
		return e;
	}
	/* Signals are handled by threads that the program reserves for them. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	e = random_fill(&server->id_base, sizeof(server->id_base));
	if (e == ERR_OK)
		e = http_server_threads_start(server);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (e != ERR_OK) {
		server_free(&server);
		return e;
	}
	*ret_server = server;
	return ERR_OK;
}

static void
http_server_wait_for_connections(const struct http_server *server, int max_ms)
{
	int64_t until_us = clock_monotonic_us() + (int64_t)max_ms * 1000;

	while (atomic_load(&server->connections) > 0 && clock_monotonic_us() < until_us)
		(void)poll(NULL, 0, STOP_STEP_MS);
}

void
http_server_stop(struct http_server **server, int max_ms)
{
	struct http_server *s = *server;

	if (s == NULL)
		return;
	atomic_store(&s->closed, true);
	loops_wake(s);
	http_server_wait_for_connections(s, max_ms);
	worker_pools_end(s); /* from here on no job is in a queue, and none can be added */
	http_server_wait_for_connections(s, STOP_LAST_MS);
	loops_end(s);
	server_free(server);
}

void
http_server_figures(const struct http_server *server, struct http_figures *ret_figures)
{
	*ret_figures = (struct http_figures){ .connections = atomic_load(&server->connections),
					      .connections_max = server->acceptor.connections_max,
					      .busy = atomic_load(&server->busy),
					      .evicted = atomic_load(&server->evicted),
					      .refused = atomic_load(&server->refused) };
	for (size_t i = 0; i < server->loop_count; i++)
		ret_figures->requests += atomic_load(&server->loops[i].requests_count);
	for (int i = HTTP_QUICK; i < HTTP_POOL_COUNT; i++)
		ret_figures->waiting[i] = worker_pool_waiting(&server->pools[i]);
}
