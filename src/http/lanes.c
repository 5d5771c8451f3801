/*
 * Bounded queues in front of worker threads.  A job in a lane has its connection suspended; whoever takes it out must
 * resume it, and may not look at it afterwards.
 */
#include "http/internal.h"

#include "base/mem.h"

bool
lane_submit(struct job *job, enum http_lane which)
{
	struct lane *lane = &job->server->lanes[which];
	bool taken;

	pthread_mutex_lock(&lane->lock);
	taken = !lane->closed && lane->waiting < lane->max;
	if (taken) {
		/* Before a worker can see it: one may be done with it before this function returns. */
		job->stage = JOB_WAITING;
		MHD_suspend_connection(job->connection);
		job->next = NULL;
		if (lane->last != NULL)
			lane->last->next = job;
		else
			lane->first = job;
		lane->last = job;
		lane->waiting++;
		pthread_cond_signal(&lane->filled);
	}
	pthread_mutex_unlock(&lane->lock);
	return taken;
}

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
		if (closed)
			reply_refuse(job, 503);
		else
			app->work(server->app_data, own, &job->rq, &job->rp);
		job->stage = JOB_READY;
		MHD_resume_connection(job->connection);
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
		if (pthread_create(&worker->thread, NULL, worker_main, worker) != 0)
			return ERR_MEMORY;
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
