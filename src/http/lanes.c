/*
 * Bounded queues in front of worker threads.  A job in a lane belongs to it; whoever takes it out gives its connection back to its event
 * loop, and may not look at it afterwards.  A full lane is shared out among addresses.
 */
#include "http/internal.h"

#include "base/mem.h"
#include "base/network.h"
#include "base/thread.h"

enum { PLACES = 2048 };

/* --- whose turn it is ----------------------------------------------------------------------------------------------- */

static size_t
waiting_from(const struct lane *lane, uint64_t from)
{
	size_t n = 0;

	for (const struct job *job = lane->first; job != NULL; job = job->next)
		n += job->from == from;
	return n;
}

/*
 * The last of those that come from where most come from.  Counted in places that two addresses may share, so that it takes two
 * walks and not one per request: what is found is to be counted again.
 */
static struct job *
of_the_busiest(const struct lane *lane)
{
	uint16_t counts[PLACES] = { 0 }, most = 0;
	struct job *found = NULL;

	for (const struct job *job = lane->first; job != NULL; job = job->next)
		if (++counts[job->from % PLACES] > most)
			most = counts[job->from % PLACES];
	for (struct job *job = lane->first; job != NULL; job = job->next)
		if (counts[job->from % PLACES] == most)
			found = job;
	return found;
}

static void
take_out(struct lane *lane, struct job *job)
{
	struct job *before = NULL;

	for (struct job *each = lane->first; each != job; each = each->next)
		before = each;
	if (before == NULL)
		lane->first = job->next;
	else
		before->next = job->next;
	if (lane->last == job)
		lane->last = before;
	lane->waiting--;
}

/*
 * The lane is full.  Where one address has two more in it than the one that comes now, the last of its requests makes way: nobody
 * keeps everybody else out by asking more.
 */
static struct job *
make_way(struct lane *lane, uint64_t from)
{
	struct job *job = of_the_busiest(lane);

	if (job == NULL || waiting_from(lane, job->from) < waiting_from(lane, from) + 2)
		return NULL;
	take_out(lane, job);
	return job;
}

static void
put_in(struct lane *lane, struct job *job)
{
	job->next = NULL;
	if (lane->last != NULL)
		lane->last->next = job;
	else
		lane->first = job;
	lane->last = job;
	lane->waiting++;
	pthread_cond_signal(&lane->filled);
}

static void
refuse_one(struct job *job)
{
	reply_refuse(job, 503);
	loop_give(job->conn);
}

bool
lane_submit(struct job *job, enum http_lane which)
{
	struct lane *lane = &job->server->lanes[which];
	struct job *gone = NULL;
	bool taken;

	const struct network network = network_of(job->rq.from.n > 0 ? job->rq.from : job->rq.peer);
	job->from = network_number(&network, job->server->id_base);
	pthread_mutex_lock(&lane->lock);
	if (!lane->closed && lane->max > 0 && lane->waiting >= lane->max)
		gone = make_way(lane, job->from);
	taken = !lane->closed && lane->waiting < lane->max;
	if (taken)
		put_in(lane, job);
	pthread_mutex_unlock(&lane->lock);
	if (gone != NULL)
		refuse_one(gone);
	return taken;
}

/* --- workers -------------------------------------------------------------------------------------------------------- */

/* NULL: the lane is closed and empty. */
static struct job *
lane_take(struct lane *lane, bool *ret_closed)
{
	struct job *job;

	pthread_mutex_lock(&lane->lock);
	while (lane->first == NULL && !lane->closed)
		pthread_cond_wait(&lane->filled, &lane->lock);
	job = lane->first;
	if (job != NULL) {
		lane->first = job->next;
		if (lane->first == NULL)
			lane->last = NULL;
		lane->waiting--;
	}
	*ret_closed = lane->closed;
	pthread_mutex_unlock(&lane->lock);
	return job;
}

static void *
worker_main(void *context)
{
	const struct worker *worker = context;
	struct http_server *server = worker->server;
	const struct http_app *app = server->app;
	void *own = app->worker_open == NULL ? NULL : app->worker_open(server->app_data, worker->lane, worker->index);
	bool closed = false;
	struct job *job;

	while ((job = lane_take(&server->lanes[worker->lane], &closed)) != NULL) {
		if (closed) {
			refuse_one(job);
			continue;
		}
		app->work(server->app_data, own, &job->rq, &job->rp);
		loop_give(job->conn);
	}
	return NULL;
}

size_t
lane_waiting(const struct lane *lane)
{
	pthread_mutex_t *lock = (pthread_mutex_t *)&lane->lock;
	size_t waiting;

	pthread_mutex_lock(lock);
	waiting = lane->waiting;
	pthread_mutex_unlock(lock);
	return waiting;
}

static err
workers_start(struct http_server *server, enum http_lane lane)
{
	for (size_t i = 0; i < server->settings.workers[lane]; i++) {
		struct worker *worker = &server->workers[server->worker_count];

		*worker = (struct worker){ .server = server, .lane = lane, .index = i };
		TRY(thread_start(worker_main, worker, &worker->thread));
		server->worker_count++;
	}
	return ERR_OK;
}

err
lanes_open(struct http_server *server)
{
	const struct http_settings *s = &server->settings;

	for (int i = HTTP_QUICK; i < HTTP_LANE_COUNT; i++)
		server->lanes[i].max = s->workers[i] == 0 ? 0 : s->queue_max[i]; /* nobody to take: nothing may wait */
	server->workers = mem_new_array(s->workers[HTTP_QUICK] + s->workers[HTTP_SLOW], sizeof(*server->workers));
	if (server->workers == NULL)
		return ERR_MEMORY;
	TRY(workers_start(server, HTTP_QUICK));
	return workers_start(server, HTTP_SLOW);
}

static void
lane_close(struct lane *lane)
{
	pthread_mutex_lock(&lane->lock);
	lane->closed = true;
	pthread_cond_broadcast(&lane->filled);
	pthread_mutex_unlock(&lane->lock);
}

void
lanes_end(struct http_server *server)
{
	for (int i = HTTP_QUICK; i < HTTP_LANE_COUNT; i++)
		lane_close(&server->lanes[i]);
	for (size_t i = 0; i < server->worker_count; i++)
		pthread_join(server->workers[i].thread, NULL);
	server->worker_count = 0;
}
