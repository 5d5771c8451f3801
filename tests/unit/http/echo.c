#include "echo.h"

#include "unit.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

enum { LONG_TIMEOUT_MS = 10 * 60 * 1000 };

static void
hold(struct echo *echo)
{
	atomic_fetch_add(&echo->holding, 1);
	pthread_mutex_lock(&echo->lock);
	while (!echo->free_to_go)
		pthread_cond_wait(&echo->released, &echo->lock);
	pthread_mutex_unlock(&echo->lock);
	atomic_fetch_sub(&echo->holding, 1);
}

static void
say(struct request *rq, struct reply *rp)
{
	const str parts[] = { rq->path, rq->query, rq->body, rq->peer };

	rp->status = 200;
	buf_put(&rp->body, rq->method_name);
	buf_put_byte(&rp->body, ' ');
	for (size_t i = 0; i < COUNT(parts); i++) {
		buf_put(&rp->body, parts[i]);
		if (i + 1 < COUNT(parts))
			buf_put_byte(&rp->body, '|');
	}
	if (reply_header(rq, rp, STR("Content-Type"), STR("text/plain")) != ERR_OK)
		rp->status = 0;
}

static void
count(struct echo *echo, struct reply *rp)
{
	buf_clear(&rp->body);
	buf_put_number(&rp->body, atomic_load(&echo->done));
}

/* The server hides Authorization from requests to other paths. */
static void
show_authorization(struct request *rq, struct reply *rp)
{
	str value = request_header(rq, "Authorization");

	if (request_header_count(rq, "authorization") > 0 &&
	    reply_header(rq, rp, STR("X-Authorization"), value) != ERR_OK)
		rp->status = 0;
}

static void
expect(void *app, const struct request *rq, struct http_expectation *expectation)
{
	(void)app;
	if (!str_equal(rq->path, STR("/key")))
		return;
	expectation->body_max_bytes = ECHO_KEY_BODY_BYTES;
	expectation->authorization = true;
}

static void
page(struct reply *rp)
{
	char *bytes;

	buf_clear(&rp->body);
	bytes = buf_room(&rp->body, ECHO_PAGE_BYTES);
	if (bytes != NULL)
		memset(bytes, 'p', ECHO_PAGE_BYTES);
}

static int
status_of_path(str path)
{
	static const struct {
		str path;
		int status;
	} statuses[] = { { STR_INIT("/inline"), 200 },      { STR_INIT("/big"), 200 },
			 { STR_INIT("/page"), 200 },        { STR_INIT("/key"), 200 },
			 { STR_INIT("/count"), 200 },       { STR_INIT("/no-content"), 204 },
			 { STR_INIT("/not-modified"), 304 } };

	for (size_t i = 0; i < COUNT(statuses); i++)
		if (str_equal(path, statuses[i].path))
			return statuses[i].status;
	return 404;
}

static enum http_pool
admit(void *app, struct request *rq, struct reply *rp)
{
	struct echo *echo = app;
	static const struct {
		str path;
		enum http_pool pool;
	} pools[] = { { STR_INIT("/quick"), HTTP_QUICK },
		      { STR_INIT("/hold-quick"), HTTP_QUICK },
		      { STR_INIT("/move"), HTTP_QUICK },
		      { STR_INIT("/slow"), HTTP_SLOW },
		      { STR_INIT("/hold"), HTTP_SLOW } };

	rq->from = request_header(rq, "X-From");
	for (size_t i = 0; i < COUNT(pools); i++)
		if (str_equal(rq->path, pools[i].path))
			return pools[i].pool;
	if (str_equal(rq->path, STR("/broken")))
		return HTTP_INLINE;
	say(rq, rp);
	show_authorization(rq, rp);
	rp->status = status_of_path(rq->path);
	if (str_equal(rq->path, STR("/big")))
		rp->fixed = str_bytes(echo->big, ECHO_BIG_BYTES);
	if (str_equal(rq->path, STR("/page")))
		page(rp);
	if (str_equal(rq->path, STR("/count")))
		count(echo, rp);
	return HTTP_INLINE;
}

static _Thread_local enum http_pool pool_of_worker;

static void
work(void *app, void *worker, struct request *rq, struct reply *rp)
{
	struct echo *echo = app;

	assert_ptr_equal(worker, echo);
	if (str_equal(rq->path, STR("/move")) && pool_of_worker == HTTP_QUICK) {
		rp->move_to = HTTP_SLOW;
		return;
	}
	if (str_starts(rq->path, STR("/hold")))
		hold(echo);
	say(rq, rp);
}

static void
refuse(void *app, struct request *rq, int status, struct reply *rp)
{
	(void)app;
	rp->status = status;
	buf_printf(&rp->body, "refused %d %.*s", status, STR_ARG(rq->path));
}

static void *
worker_open(void *app, enum http_pool pool, size_t index)
{
	struct echo *echo = app;

	(void)index;
	pool_of_worker = pool;
	atomic_fetch_add(&echo->opened, 1);
	return echo;
}

static void
done(void *app, const struct request *rq, int status, size_t body_bytes, int64_t elapsed_us)
{
	struct echo *echo = app;

	assert_int_equal(strlen(rq->id), 16);
	assert_true(elapsed_us >= 0);
	(void)body_bytes;
	atomic_store(&echo->last_status, status);
	atomic_fetch_add(&echo->done, 1);
}

static bool
trusts(void *app, str peer)
{
	(void)app;
	return str_equal(peer, STR("127.0.0.99"));
}

static const struct http_app echo_app = {
	.expect = expect,
	.admit = admit,
	.work = work,
	.refuse = refuse,
	.worker_open = worker_open,
	.trusts = trusts,
	.done = done,
};

void
echo_start(struct echo *echo, struct http_settings settings)
{
	struct sockaddr_in address = { 0 };
	socklen_t n = sizeof(address);
	struct why why = { 0 };

	*echo = (struct echo){ .big = malloc(ECHO_BIG_BYTES) };
	assert_non_null(echo->big);
	memset(echo->big, 'x', ECHO_BIG_BYTES);
	pthread_mutex_init(&echo->lock, NULL);
	pthread_cond_init(&echo->released, NULL);
	if (settings.listen_fd == 0)
		assert_int_equal(http_listen(STR("127.0.0.1"), 0, &why, &settings.listen_fd), ERR_OK);
	assert_int_equal(getsockname(settings.listen_fd, (struct sockaddr *)&address, &n), 0);
	echo->port = ntohs(address.sin_port);
	if (settings.event_threads == 0)
		settings.event_threads = 2;
	if (settings.connections_max == 0)
		settings.connections_max = 2000;
	/* A test that is not about deadlines must not reach one, even on a slow machine. */
	if (settings.request_ms == 0)
		settings.request_ms = LONG_TIMEOUT_MS;
	if (settings.reply_ms == 0)
		settings.reply_ms = LONG_TIMEOUT_MS;
	for (int i = HTTP_QUICK; i < HTTP_POOL_COUNT; i++) {
		if (settings.workers[i] == 0)
			settings.workers[i] = 2;
		if (settings.queue_max[i] == 0)
			settings.queue_max[i] = 64;
	}
	assert_int_equal(http_server_start(&settings, &echo_app, echo, &echo->server), ERR_OK);
}

void
echo_release(struct echo *echo)
{
	pthread_mutex_lock(&echo->lock);
	echo->free_to_go = true;
	pthread_cond_broadcast(&echo->released);
	pthread_mutex_unlock(&echo->lock);
}

void
echo_stop(struct echo *echo, int max_ms)
{
	http_server_stop(&echo->server, max_ms);
	assert_null(echo->server);
	pthread_cond_destroy(&echo->released);
	pthread_mutex_destroy(&echo->lock);
	free(echo->big);
}
