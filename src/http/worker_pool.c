/*
 * Bounded queues in front of worker threads.  A queued job belongs to its queue.  The worker that removes a job
 * gives the connection back to its event loop, and may not use it afterwards.  A full queue is shared fairly among
 * client addresses.
 *
 * At most MOVED_MAX jobs that another pool moved here wait in a queue.  A new job of another kind therefore waits for
 * at most MOVED_MAX of them, and for those that the workers have begun.
 */
#include "http/internal.h"

#include "base/mem.h"
#include "base/network.h"
#include "base/thread.h"

enum { SLOTS = 2048, MOVED_MAX = 4 };

/* --- fairness ----------------------------------------------------------------------------------------------------- */

/* The queue has no room for this job. */
static bool
worker_pool_is_full(const struct worker_pool *pool, const struct job *job)
{
	return pool->waiting >= pool->max || (job->moved && pool->moved >= MOVED_MAX);
}

/* Would the new job have room if this waiting one were evicted? */
static bool
worker_pool_may_evict(const struct worker_pool *pool, const struct job *waiting, const struct job *new)
{
	return waiting->moved || !new->moved || pool->moved < MOVED_MAX;
}

static size_t
worker_pool_waiting_from(const struct worker_pool *pool, uint64_t from, const struct job *new)
{
	size_t n = 0;

	for (const struct job *job = pool->first; job != NULL; job = job->next)
		n += job->from == from && worker_pool_may_evict(pool, job, new);
	return n;
}

/*
 * The newest request of the busiest address.  Requests are counted in SLOTS counters, which two addresses may
 * share.  This takes two passes over the queue instead of one for each request.  The caller must therefore count
 * the result exactly.
 */
static struct job *
worker_pool_busiest(const struct worker_pool *pool, const struct job *new)
{
	uint16_t counts[SLOTS] = { 0 }, most = 0;
	struct job *found = NULL;

	for (const struct job *job = pool->first; job != NULL; job = job->next)
		if (worker_pool_may_evict(pool, job, new) && ++counts[job->from % SLOTS] > most)
			most = counts[job->from % SLOTS];
	for (struct job *job = pool->first; job != NULL; job = job->next)
		if (worker_pool_may_evict(pool, job, new) && counts[job->from % SLOTS] == most)
			found = job;
	return found;
}

static void
worker_pool_take_out(struct worker_pool *pool, struct job *job)
{
	struct job *before = NULL;

	for (struct job *each = pool->first; each != job; each = each->next)
		before = each;
	if (before == NULL)
		pool->first = job->next;
	else
		before->next = job->next;
	if (pool->last == job)
		pool->last = before;
	pool->waiting--;
	pool->moved -= job->moved;
}

/*
 * The queue is full.  If the busiest address has at least two more requests in it than the new one's address, its
 * newest request is evicted.  No address can lock out the others by sending more requests.
 */
static struct job *
worker_pool_evict(struct worker_pool *pool, const struct job *new)
{
	struct job *job = worker_pool_busiest(pool, new);

	if (job == NULL ||
	    worker_pool_waiting_from(pool, job->from, new) < worker_pool_waiting_from(pool, new->from, new) + 2)
		return NULL;
	worker_pool_take_out(pool, job);
	return job;
}

static void
worker_pool_put_in(struct worker_pool *pool, struct job *job)
{
	job->next = NULL;
	if (pool->last != NULL)
		pool->last->next = job;
	else
		pool->first = job;
	pool->last = job;
	pool->waiting++;
	pool->moved += job->moved;
	pthread_cond_signal(&pool->filled);
}

static void
worker_pool_refuse_one(struct job *job)
{
	reply_refuse(job, 503);
	loop_give(job->conn);
}

bool
worker_pool_submit(struct job *job, enum http_pool which, bool moved)
{
	struct worker_pool *pool = &job->server->pools[which];
	struct job *gone = NULL;
	bool taken;

	const struct network network = network_of(job->rq.from.n > 0 ? job->rq.from : job->rq.peer);
	job->from = network_number(&network, job->server->id_base);
	job->moved = moved;
	pthread_mutex_lock(&pool->lock);
	if (!pool->closed && pool->max > 0 && worker_pool_is_full(pool, job))
		gone = worker_pool_evict(pool, job);
	taken = !pool->closed && !worker_pool_is_full(pool, job);
	if (taken)
		worker_pool_put_in(pool, job);
	pthread_mutex_unlock(&pool->lock);
	if (gone != NULL || !taken)
		atomic_fetch_add(&job->server->busy, 1);
	if (gone != NULL)
		worker_pool_refuse_one(gone);
	return taken;
}

/* --- workers ------------------------------------------------------------------------------------------------------ */

/* NULL: the queue is closed and empty. */
static struct job *
worker_pool_take(struct worker_pool *pool, bool *ret_closed)
{
	struct job *job;

	pthread_mutex_lock(&pool->lock);
	while (pool->first == NULL && !pool->closed)
		pthread_cond_wait(&pool->filled, &pool->lock);
	job = pool->first;
	if (job != NULL)
		worker_pool_take_out(pool, job);
	*ret_closed = pool->closed;
	pthread_mutex_unlock(&pool->lock);
	return job;
}

/* The connection goes back to its event loop, or the job to the other pool that work() asked for. */
static void
worker_pool_finish(struct job *job)
{
	enum http_pool next = job->rp.move_to;

	job->rp.move_to = HTTP_INLINE;
	if (next == HTTP_INLINE)
		loop_give(job->conn);
	else if (!worker_pool_submit(job, next, true))
		worker_pool_refuse_one(job);
}

static void *
worker_pool_main(void *context)
{
	const struct worker *worker = context;
	struct http_server *server = worker->server;
	const struct http_app *app = server->app;
	void *own = app->worker_open == NULL ? NULL : app->worker_open(server->app_data, worker->pool, worker->index);
	bool closed = false;
	struct job *job;

	while ((job = worker_pool_take(&server->pools[worker->pool], &closed)) != NULL) {
		if (closed) {
			worker_pool_refuse_one(job);
			continue;
		}
		app->work(server->app_data, own, &job->rq, &job->rp);
		worker_pool_finish(job);
	}
	return NULL;
}

size_t
worker_pool_waiting(const struct worker_pool *pool)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)&pool->lock;
	size_t waiting;

	pthread_mutex_lock(lock);
	waiting = pool->waiting;
	pthread_mutex_unlock(lock);
	return waiting;
}

static err
worker_pool_start(struct http_server *server, enum http_pool pool)
{
	for (size_t i = 0; i < server->settings.workers[pool]; i++) {
		struct worker *worker = &server->workers[server->worker_count];

		*worker = (struct worker){ .server = server, .pool = pool, .index = i };
		TRY(thread_start(worker_pool_main, worker, &worker->thread));
		server->worker_count++;
	}
	return ERR_OK;
}

err
worker_pools_open(struct http_server *server)
{
	const struct http_settings *s = &server->settings;

	for (int i = HTTP_QUICK; i < HTTP_POOL_COUNT; i++)
		/* without workers no request may wait */
		server->pools[i].max = s->workers[i] == 0 ? 0 : s->queue_max[i];
	server->workers = mem_new_array(s->workers[HTTP_QUICK] + s->workers[HTTP_SLOW], sizeof(*server->workers));
	if (server->workers == NULL)
		return ERR_MEMORY;
	TRY(worker_pool_start(server, HTTP_QUICK));
	return worker_pool_start(server, HTTP_SLOW);
}

static void
worker_pool_close(struct worker_pool *pool)
{
	pthread_mutex_lock(&pool->lock);
	pool->closed = true;
	pthread_cond_broadcast(&pool->filled);
	pthread_mutex_unlock(&pool->lock);
}

void
worker_pools_end(struct http_server *server)
{
	for (int i = HTTP_QUICK; i < HTTP_POOL_COUNT; i++)
		worker_pool_close(&server->pools[i]);
	for (size_t i = 0; i < server->worker_count; i++)
		pthread_join(server->workers[i].thread, NULL);
	server->worker_count = 0;
}
