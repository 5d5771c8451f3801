#include "keeper/ops/serve.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/sys.h"
#include "access/icons.h"
#include "keeper/core/call.h"
#include "keeper/core/counts.h"
#include "keeper/ops/figures.h"
#include "keeper/password/passwords.h"
#include "webauthn/challenge.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	CHANNELS_MAX = 64,
	PUSH_SECONDS = 1,
	RULES_TEXT_MAX = 64 * 1024,
	WATCH_MS = 1000,
	PURGE_EVERY = 60,
	PURGE_PAUSE_MS = 5,
	SLOW_NICE = 5,
	SEND_RETRY_NS = 10 * 1000 * 1000,
	SEND_ATTEMPTS = 20,
	REST_MS = 1000,
};

struct channel {
	struct keeper_server *server;
	pthread_t thread;
	int fd;
	bool slow;
};

struct keeper_server {
	struct keeper *keeper;

	pthread_mutex_t push_lock;    /* protects push_fd and the order of pushes */
	int push_fd;                  /* -1: no web process */
	struct metric_values metrics; /* the newest ones, for the next web process */
	int64_t challenge_minute;     /* web has the key for challenges in this minute; 0: none */
	struct census *census;        /* counts for the metrics; NULL: METRICS is not set; constant */
	_Atomic int64_t pushed;
	atomic_bool asked; /* a web process has asked at least one question */
	atomic_int web;    /* process id of the web process; 0: unknown */
	atomic_int starts; /* of web processes */

	struct channel channels[CHANNELS_MAX];
	size_t count;

	pthread_t watcher;
	bool watching;
	_Atomic uint32_t healthy;  /* 1: the database was writable at the last check */
	_Atomic uint32_t tiles;    /* 1: an OpenID client has a tile, or nothing was read yet */
	_Atomic int64_t turned_us; /* when the watcher began its last turn */
	int wake_fd;               /* eventfd, written once to stop the watcher */
};

/* --- pushes ------------------------------------------------------------------------------------------------------ */

static bool
serve_push_deliver_locked(struct keeper_server *server, struct push *push, int flags)
{
	CLEANUP(buf_wipe) struct buf bytes = BUF(WIRE_MAX_BYTES);

	push->number = atomic_load(&server->pushed) + 1;
	wire_put(&bytes, &wire_push, push);
	if (buf_check(&bytes) != ERR_OK ||
	    sys_send(server->push_fd, bytes.p, bytes.n, MSG_NOSIGNAL | flags) != (ssize_t)bytes.n)
		return false;
	atomic_store(&server->pushed, push->number);
	return true;
}

/*
 * If a push cannot be delivered within one second, web no longer reads. Cut it off: a web process that has not been
 * notified of an ended session must not continue to answer.
 */
static void
serve_push_send_locked(struct keeper_server *server, struct push *push)
{
	if (server->push_fd < 0 || serve_push_deliver_locked(server, push, 0))
		return;
	log_event(LOG_ERROR, "push.failed", LOG_INT("errno", errno));
	shutdown(server->push_fd, SHUT_RDWR); /* web exits when this closes */
}

static void
serve_push_send(struct keeper_server *server, enum push_kind kind, uint32_t value, const struct token *token)
{
	struct push push = { .kind = kind, .value = value };

	if (token != NULL)
		push.token = *token;
	pthread_mutex_lock(&server->push_lock);
	serve_push_send_locked(server, &push);
	pthread_mutex_unlock(&server->push_lock);
	secret_wipe(&push, sizeof(push));
}

/* When this closes, web exits and is restarted. */
static void
serve_push_end(struct keeper_server *server)
{
	pthread_mutex_lock(&server->push_lock);
	if (server->push_fd >= 0)
		shutdown(server->push_fd, SHUT_RDWR);
	pthread_mutex_unlock(&server->push_lock);
}

static void
serve_on_ended(void *context, const struct token *token_hash)
{
	serve_push_send(context, PUSH_ENDED, 0, token_hash);
}

static int64_t
serve_pushed_so_far(void *context)
{
	struct keeper_server *server = context;

	return atomic_load(&server->pushed);
}

/* The key for challenges in this minute, unless web has it.  Best effort: the watcher comes again in a second. */
static void
serve_push_challenge_locked(struct keeper_server *server)
{
	struct push push = { .kind = PUSH_CHALLENGE };
	int64_t now_us = 0, minute;

	if (server->push_fd < 0 || clock_now_us(&now_us) != ERR_OK)
		return;
	minute = challenge_minute(now_us);
	push.value = (uint32_t)minute;
	if (minute != server->challenge_minute && keeper_challenge_key(server->keeper, minute, &push.token) == ERR_OK &&
	    serve_push_deliver_locked(server, &push, MSG_DONTWAIT))
		server->challenge_minute = minute;
	secret_wipe(&push, sizeof(push));
}

/* The hello must be the first push: no other thread may send one before it. */
static err
serve_push_begin(struct keeper_server *server, int push_fd)
{
	struct push hello = { .kind = PUSH_HELLO };
	err e;

	pthread_mutex_lock(&server->push_lock);
	server->push_fd = push_fd;
	e = keeper_form_key(server->keeper, &hello.token);
	if (e == ERR_OK)
		serve_push_send_locked(server, &hello);
	server->challenge_minute = 0;
	serve_push_challenge_locked(server);
	pthread_mutex_unlock(&server->push_lock);
	secret_wipe(&hello, sizeof(hello));
	return e;
}

/* Tell web that the watcher begins a check. Best effort: the next one follows in a second. */
static void
serve_push_beat(struct keeper_server *server)
{
	struct push push = { .kind = PUSH_HEALTH, .value = atomic_load(&server->healthy) };

	pthread_mutex_lock(&server->push_lock);
	if (server->push_fd >= 0)
		(void)serve_push_deliver_locked(server, &push, MSG_DONTWAIT);
	pthread_mutex_unlock(&server->push_lock);
}

static void
serve_push_challenge(struct keeper_server *server)
{
	pthread_mutex_lock(&server->push_lock);
	serve_push_challenge_locked(server);
	pthread_mutex_unlock(&server->push_lock);
}

/* If web does not read them, the next ones take their place. */
static void
serve_push_metrics_locked(struct keeper_server *server)
{
	struct push push = { .kind = PUSH_METRICS, .text = str_bytes(server->metrics.of, sizeof(server->metrics.of)) };

	if (server->census != NULL && server->push_fd >= 0)
		(void)serve_push_deliver_locked(server, &push, MSG_DONTWAIT);
}

static void
serve_push_metrics(struct keeper_server *server, const struct metric_values *values)
{
	pthread_mutex_lock(&server->push_lock);
	server->metrics = *values;
	server->metrics.of[SERIES_WEB_RESTARTS] = atomic_load(&server->starts) - 1;
	serve_push_metrics_locked(server);
	pthread_mutex_unlock(&server->push_lock);
}

/*
 * Send the parts without a gap, with value 1 in the last one. The caller holds the lock, so that two senders cannot mix
 * their parts.
 */
static void
serve_push_parts_locked(struct keeper_server *server, enum push_kind kind, str text)
{
	do {
		str part = str_upto(text, RULES_PART_MAX);
		text = str_from(text, part.n);
		struct push push = { .kind = kind, .value = text.n == 0, .text = part };
		serve_push_send_locked(server, &push);
	} while (text.n > 0);
}

static void
serve_push_settings_locked(struct keeper_server *server, str text)
{
	struct push push = { .kind = PUSH_SETTINGS, .text = text };

	serve_push_send_locked(server, &push);
}

/* The settings and icons first: web reads the rules with them. */
err
keeper_server_reload(struct keeper_server *server)
{
	CLEANUP(buf_wipe) struct buf text = BUF(2 * RULES_TEXT_MAX);
	CLEANUP(buf_wipe) struct buf live = BUF(RULES_PART_MAX);
	CLEANUP(buf_wipe) struct buf icons = BUF(ICONS_TEXT_MAX);
	err e;

	pthread_mutex_lock(&server->push_lock);
	keeper_settings_put(server->keeper, &live);
	e = buf_check(&live);
	if (e == ERR_OK)
		e = keeper_rules_copy(server->keeper, &text, &icons);
	if (e == ERR_OK) {
		serve_push_settings_locked(server, buf_str(&live));
		if (icons.n > 0)
			serve_push_parts_locked(server, PUSH_ICONS, buf_str(&icons));
		serve_push_parts_locked(server, PUSH_RULES, buf_str(&text));
	}
	pthread_mutex_unlock(&server->push_lock);
	if (e != ERR_OK) /* web would continue with outdated settings and rules */
		serve_push_end(server);
	return e;
}

/* --- channels ---------------------------------------------------------------------------------------------------- */

/* Is the error transient (interrupted, or short of memory), so that the call can be retried? */
static bool
serve_passing(int error)
{
	static const struct timespec pause = { .tv_nsec = SEND_RETRY_NS };

	if (error == EINTR)
		return true;
	if (error != ENOBUFS && error != ENOMEM)
		return false;
	nanosleep(&pause, NULL);
	return true;
}

static bool
channel_send(int fd, str answer)
{
	ssize_t sent = -1;

	for (int i = 0; answer.n > 0 && sent < 0 && i < SEND_ATTEMPTS; i++) {
		sent = sys_send(fd, answer.p, answer.n, MSG_NOSIGNAL);
		if (sent < 0 && !serve_passing(errno))
			break;
	}
	return answer.n > 0 && sent == (ssize_t)answer.n;
}

/* Answer while this thread has no database connection: an empty body of the type that web expects. */
static void
serve_answer_unavailable(str question, struct buf *answer)
{
	struct question_head asked = { 0 };
	struct answer_head head = { .verdict = VERDICT_UNAVAILABLE };
	_Alignas(max_align_t) char body[WIRE_BODY_MAX_BYTES] = { 0 };
	const struct wire_def *def;

	if (wire_get(&question, &wire_question_head, &asked) != ERR_OK)
		head.verdict = VERDICT_MALFORMED;
	else
		keeper_count_question(asked.id, head.verdict);
	head.number = asked.number;
	def = wire_questions[asked.id == QUESTION_NONE ? QUESTION_SESSION : asked.id].answer;
	wire_put(answer, &wire_answer_head, &head);
	wire_put(answer, def, body);
}

static err
channel_thread_open(struct channel *channel, struct keeper_thread **ret_thread)
{
	TRY(keeper_thread_open(channel->server->keeper, ret_thread));
	if (!channel->slow)
		keeper_thread_quick(*ret_thread);
	return ERR_OK;
}

/* Opens the connection on first use, and retries with each question until it succeeds. */
static void
channel_answer(struct channel *channel, struct keeper_thread **thread, str question, struct buf *answer)
{
	err e = *thread != NULL ? ERR_OK : channel_thread_open(channel, thread);

	if (e == ERR_OK) {
		keeper_answer(*thread, question, serve_pushed_so_far, channel->server, answer);
		return;
	}
	log_event(LOG_ERROR, "database.open", LOG_TEXT("why", err_name(e)));
	serve_answer_unavailable(question, answer);
}

/* Answers one question. Returns false when the channel has been closed. */
static bool
channel_serve_one(struct channel *channel, struct keeper_thread **thread, char *question, struct buf *answer)
{
	/* One byte more than a question may have, so that a longer one is detected and answered as malformed. */
	ssize_t n = sys_recv(channel->fd, question, WIRE_MAX_BYTES + 1, 0);
	bool sent;

	if (n < 0 && serve_passing(errno))
		return true;
	if (n <= 0)
		return false;
	atomic_store(&channel->server->asked, true);
	buf_clear(answer);
	channel_answer(channel, thread, str_bytes(question, (size_t)n), answer);
	secret_wipe(question, (size_t)n);
	log_request_id("");
	sent = channel_send(channel->fd, buf_str(answer));
	buf_clear(answer);
	return sent;
}

/* Hashing needs much memory: release it after a second without a question. */
static void
channel_rest(const struct channel *channel)
{
	struct pollfd question = { .fd = channel->fd, .events = POLLIN };

	if (password_memory_is_kept() && poll(&question, 1, REST_MS) == 0)
		password_memory_release();
}

static void *
channel_main(void *context)
{
	struct channel *channel = context;
	struct keeper_thread *thread = NULL;
	CLEANUP(buf_wipe) struct buf answer = BUF(WIRE_MAX_BYTES);
	char question[WIRE_MAX_BYTES + 1];

	/* Open the connection now, so that the first question need not wait. If it fails, each question retries. */
	if (channel_thread_open(channel, &thread) != ERR_OK)
		thread = NULL;
	if (channel->slow) /* hashing must not slow down signed-in users */
		(void)!setpriority(PRIO_PROCESS, (id_t)gettid(), SLOW_NICE);
	while (channel_serve_one(channel, &thread, question, &answer))
		channel_rest(channel);
	/* Web must not wait for an answer that will not come. Restart web, because a channel is missing. */
	shutdown(channel->fd, SHUT_RDWR);
	serve_push_end(channel->server);
	keeper_thread_close(&thread);
	return NULL;
}

static bool
channel_start(struct keeper_server *server, int fd, bool slow)
{
	struct channel *channel = &server->channels[server->count];

	*channel = (struct channel){ .server = server, .fd = fd, .slow = slow };
	return pthread_create(&channel->thread, NULL, channel_main, channel) == 0;
}

/* Takes ownership of the sockets. Closes those that it cannot serve. */
static err
serve_channels_start(struct keeper_server *server, const int *fds, size_t n, size_t slow_from)
{
	for (size_t i = 0; i < n; i++) {
		if (server->count == i && i < CHANNELS_MAX && channel_start(server, fds[i], i >= slow_from))
			server->count++;
		else
			close(fds[i]);
	}
	return server->count == n ? ERR_OK : ERR_MEMORY;
}

/* --- the watcher ------------------------------------------------------------------------------------------------- */

/* State of the watcher. */
struct watch {
	struct keeper_server *server;
	struct keeper_thread *thread; /* NULL: the database is not open yet */
	int64_t look_us;              /* time of the next check */
	unsigned looks, purge_at;
	bool purging;
	struct figures figures; /* only if METRICS is set */
};

/* During a purge, pause between two batches, so that other connections can use the database. */
static int
serve_milliseconds_left(const struct watch *watch)
{
	int64_t left_us = watch->look_us - clock_monotonic_us();
	int64_t left_ms = left_us <= 0 ? 0 : left_us / 1000 + 1;

	return (int)(watch->purging && left_ms > PURGE_PAUSE_MS ? PURGE_PAUSE_MS : left_ms);
}

/* Sleep until the next task, and read notifications of other nodes. Returns false when the watcher must stop. */
static bool
serve_watch_sleep(struct watch *watch)
{
	struct pollfd fds[] = { { .fd = watch->server->wake_fd, .events = POLLIN },
				{ .fd = watch->thread == NULL ? -1 : keeper_notification_fd(watch->thread),
				  .events = POLLIN } };
	int n = poll(fds, COUNT(fds), serve_milliseconds_left(watch));

	if (n > 0 && fds[0].revents != 0)
		return false;
	if (n > 0 && keeper_read_notifications(watch->thread) != ERR_OK)
		watch->look_us = 0; /* the connection is lost: check again at once, to reconnect */
	return true;
}

static void
serve_watch_open(struct watch *watch)
{
	struct keeper_thread *thread = NULL;

	if (watch->thread != NULL || keeper_thread_open(watch->server->keeper, &thread) != ERR_OK)
		return;
	if (keeper_join(thread) == ERR_OK)
		watch->thread = thread;
	else
		keeper_thread_close(&thread);
}

/* Log each change, and push it to web for /healthz. */
static void
serve_health_set(struct keeper_server *server, bool healthy, const struct why *why)
{
	if (healthy == (atomic_exchange(&server->healthy, healthy) == 1))
		return;
	if (healthy)
		log_event(LOG_NOTICE, "database.back");
	else
		log_event(LOG_ERROR, "database.away", LOG_TEXT("why", why->text));
	serve_push_send(server, PUSH_HEALTH, healthy, NULL);
}

/* Without tiles, the home page need not ask for them. */
static void
serve_tiles_look(struct watch *watch)
{
	struct keeper_server *server = watch->server;
	bool before = atomic_load(&server->tiles) == 1, tiles = before;

	keeper_find_tiles(watch->thread, &tiles);
	if (tiles == before)
		return;
	atomic_store(&server->tiles, tiles);
	serve_push_send(server, PUSH_TILES, tiles, NULL);
}

static void
serve_watch_measure(struct watch *watch, bool healthy)
{
	if (watch->server->census == NULL)
		return;
	figures_read(&watch->figures, healthy, atomic_load(&watch->server->web));
	serve_push_metrics(watch->server, &watch->figures.values);
}

static void
serve_watch_look(struct watch *watch)
{
	struct why why = { "The database cannot be opened." };
	bool now_healthy;

	serve_push_beat(watch->server);
	serve_push_challenge(watch->server);
	serve_watch_open(watch);
	now_healthy = watch->thread != NULL && keeper_probe(watch->thread, &why) == ERR_OK;
	serve_health_set(watch->server, now_healthy, &why);
	if (now_healthy)
		serve_tiles_look(watch);
	if (now_healthy && watch->looks++ % PURGE_EVERY == 0) {
		keeper_make_signing_keys(watch->thread);
		db_guard(watch->thread->db, false); /* transactions guard it; the purge needs none */
		watch->purging = true;
		watch->purge_at = 0;
	}
	serve_watch_measure(watch, now_healthy);
	watch->look_us = clock_monotonic_us() + WATCH_MS * INT64_C(1000);
}

static void *
serve_watch_main(void *context)
{
	struct watch watch = { .server = context, .look_us = clock_monotonic_us() + WATCH_MS * INT64_C(1000) };

	/*
	 * Open the connection first and close it after all others. When connections close at the same time, each still
	 * sees the other, so the write-ahead log is not removed.
	 */
	serve_watch_open(&watch);
	figures_init(&watch.figures, watch.server->census);
	while (serve_watch_sleep(&watch)) {
		atomic_store(&watch.server->turned_us, clock_monotonic_us());
		if (clock_monotonic_us() >= watch.look_us)
			serve_watch_look(&watch);
		if (watch.purging)
			watch.purging = keeper_purge(watch.thread, &watch.purge_at);
	}
	keeper_thread_close(&watch.thread);
	return NULL;
}

static err
serve_census_start(struct keeper_server *server)
{
	return keeper_config(server->keeper)->metrics.port != 0 ? census_new(server->keeper, &server->census) : ERR_OK;
}

static void
serve_watch_stop(struct keeper_server *server)
{
	if (server->watching) {
		(void)!eventfd_write(server->wake_fd, 1);
		pthread_join(server->watcher, NULL);
	}
	if (server->wake_fd >= 0)
		close(server->wake_fd);
	census_free(&server->census);
}

/* --- one server, a sequence of web processes ---------------------------------------------------------------------- */

err
keeper_server_new(struct keeper *k, struct keeper_server **ret_server)
{
	struct keeper_server *server = mem_new(sizeof(*server));

	if (server == NULL)
		return ERR_MEMORY;
	server->keeper = k;
	server->push_fd = -1;
	metric_values_clear(&server->metrics);
	pthread_mutex_init(&server->push_lock, NULL);
	atomic_store(&server->healthy, 1);
	atomic_store(&server->tiles, 1);
	atomic_store(&server->turned_us, clock_monotonic_us());
	server->wake_fd = eventfd(0, EFD_CLOEXEC);
	keeper_on_ended(k, serve_on_ended, server);
	server->watching = server->wake_fd >= 0 && serve_census_start(server) == ERR_OK &&
			   pthread_create(&server->watcher, NULL, serve_watch_main, server) == 0;
	if (!server->watching) {
		keeper_server_free(&server);
		return ERR_MEMORY;
	}
	*ret_server = server;
	return ERR_OK;
}

void
keeper_server_free(struct keeper_server **server)
{
	if (*server == NULL)
		return;
	keeper_server_stop(*server);
	serve_watch_stop(*server);
	keeper_on_ended((*server)->keeper, NULL, NULL); /* no web process to notify any more */
	pthread_mutex_destroy(&(*server)->push_lock);
	mem_free(server);
}

err
keeper_server_start(struct keeper_server *server, const int *channels, size_t n, size_t slow_from, int push_fd)
{
	struct timeval timeout = { .tv_sec = PUSH_SECONDS };
	err e;

	setsockopt(push_fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
	e = serve_push_begin(server, push_fd);

	TRY(serve_channels_start(server, channels, n, slow_from));
	TRY(e);
	const struct token signer = keeper_public_key(server->keeper);
	serve_push_send(server, PUSH_SIGNER, 0, &signer);
	/* before the rules: after them web answers requests, and its last check may be older than an upgrade */
	serve_push_send(server, PUSH_HEALTH, atomic_load(&server->healthy), NULL);
	serve_push_send(server, PUSH_TILES, atomic_load(&server->tiles), NULL);
	TRY(keeper_server_reload(server));
	pthread_mutex_lock(&server->push_lock);
	serve_push_metrics_locked(server);
	pthread_mutex_unlock(&server->push_lock);
	return ERR_OK;
}

void
keeper_server_web(struct keeper_server *server, pid_t pid)
{
	atomic_store(&server->web, pid);
	atomic_fetch_add(&server->starts, 1);
}

void
keeper_server_stop(struct keeper_server *server)
{
	for (size_t i = 0; i < server->count; i++)
		shutdown(server->channels[i].fd, SHUT_RDWR);
	for (size_t i = 0; i < server->count; i++) {
		pthread_join(server->channels[i].thread, NULL);
		close(server->channels[i].fd);
	}
	server->count = 0;
	atomic_store(&server->web, 0);
	pthread_mutex_lock(&server->push_lock);
	if (server->push_fd >= 0)
		close(server->push_fd);
	server->push_fd = -1;
	pthread_mutex_unlock(&server->push_lock);
}

bool
keeper_server_was_asked(const struct keeper_server *server)
{
	return atomic_load(&server->asked);
}

int64_t
keeper_server_turned_us(const struct keeper_server *server)
{
	return atomic_load(&server->turned_us);
}
