#include "web/web.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/sys.h"
#include "base/thread.h"
#include "http/server.h"
#include "web/core/challenge.h"
#include "web/core/dispatch.h"
#include "web/core/health.h"
#include "web/core/host.h"
#include "web/core/metrics.h"
#include "web/core/sandbox.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	CACHE_ENTRIES = 64 * 1024,
	GATE_CACHE_ENTRIES = 16 * 1024,
	EVENT_THREADS_MAX = 16,
	QUEUE_QUICK = 4096,
	QUEUE_SLOW_PER_WORKER = 16, /* requests beyond it would wait too long for a person: 503 */
	CONNECTIONS_MAX = 12000,
	DESCRIPTORS_MIN = 64, /* in addition to the channels to the keeper */
	STOP_MS = 5000,
};

/* --- pushes from the keeper --------------------------------------------------------------------------------------- */

/* bytes: WIRE_MAX_BYTES; the push's text points into it. */
static err
web_push_read(int fd, char *bytes, struct push *ret_push)
{
	ssize_t n;
	str rest;

	do
		n = sys_recv(fd, bytes, WIRE_MAX_BYTES, 0);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return ERR_AWAY;
	rest = str_bytes(bytes, (size_t)n);
	return wire_get(&rest, &wire_push, ret_push);
}

/* An error ends the process: it must not continue with old settings. */
static err
web_settings_take(struct web *web, str text)
{
	const struct config *now = web->config, *version = NULL;

	TRY(config_live_take(&web->versions, now, text, &version));
	if (version == now)
		return ERR_OK;
	web->config = version;
	log_change(version->log_format, version->log_level);
	return ERR_OK;
}

static err
web_push_apply(struct web *web, const struct push *push)
{
	if (push->kind == PUSH_HEALTH)
		health_checked(web, push->value == 1);
	if (push->kind == PUSH_TILES)
		atomic_store(&web->tiles, push->value == 1);
	if (push->kind == PUSH_SIGNER)
		web->signer = push->token;
	if (push->kind == PUSH_CHALLENGE)
		challenge_newest_push(&web->challenge_newest, push->value, &push->token);
	if (push->kind == PUSH_SETTINGS)
		TRY(web_settings_take(web, push->text));
	if (push->kind == PUSH_ICONS)
		web_rules_icons(&web->rules, push->text);
	if (push->kind == PUSH_RULES) /* an error ends the process: it must not grant access without valid rules */
		TRY(web_rules_take(&web->rules, web->config, push->text, push->value == 1));
	if (push->kind == PUSH_ENDED) /* before session_cache_pushed, which wakes the threads that wait for this push */
		gate_cache_ended(web->gate_cache, &push->token);
	if (push->kind == PUSH_METRICS)
		TRY(metrics_pushed(web, push->text));
	session_cache_pushed(web->cache, push->number, push->kind == PUSH_ENDED ? &push->token : NULL);
	return ERR_OK;
}

/*
 * The thread ends with the keeper, and then ends this process.  A web process that no longer receives the ends of
 * sessions must not answer requests.  pushes_lost is set at once, because writing the last log lines may take a
 * second.
 */
static void *
web_push_main(void *context)
{
	struct web *web = context;
	char bytes[WIRE_MAX_BYTES];
	struct push push = { 0 };

	while (web_push_read(web->push_fd, bytes, &push) == ERR_OK && web_push_apply(web, &push) == ERR_OK)
		continue;
	atomic_store(&web->pushes_lost, true);
	log_event(LOG_WARNING, "keeper.gone");
	log_end();
	_exit(1);
	return NULL;
}

err
web_hello(struct web *web)
{
	char bytes[WIRE_MAX_BYTES];
	struct push push = { 0 };

	TRY(web_push_read(web->push_fd, bytes, &push));
	secret_wipe(bytes, sizeof(bytes));
	if (push.kind != PUSH_HELLO)
		return ERR_PROTOCOL;
	web->form_key = push.token;
	secret_wipe(&push.token, sizeof(push.token));
	TRY(web_push_apply(web, &push));
	while (push.kind != PUSH_RULES || push.value != 1) {
		TRY(web_push_read(web->push_fd, bytes, &push));
		TRY(web_push_apply(web, &push));
	}
	return ERR_OK;
}

err
web_listen(struct web *web)
{
	pthread_t thread;

	TRY(thread_start(web_push_main, web, &thread));
	pthread_detach(thread);
	return ERR_OK;
}

/* --- start and stop ----------------------------------------------------------------------------------------------- */

static size_t
web_event_threads(void)
{
	long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : n > EVENT_THREADS_MAX ? EVENT_THREADS_MAX : (size_t)n;
}

static void
web_channels_take(struct web *web, int first_fd)
{
	for (size_t i = 0; i < web->quick + web->slow; i++)
		web->channels[i] = (struct channel){ .fd = first_fd + (int)i,
						     .pool = i < web->quick ? POOL_QUICK : POOL_SLOW,
						     .cache = web->cache };
}

err
web_init(struct web *web, const struct config *config, int push_fd, int first_channel_fd, size_t quick, size_t slow,
	 struct why *why)
{
	*web = (struct web){ .config = config, .push_fd = push_fd, .quick = quick, .slow = slow };
	if (quick + slow > WEB_CHANNELS_MAX)
		return why_set(why, ERR_INVALID, "There are more channels to the keeper than %d.", WEB_CHANNELS_MAX);
	web->cache = session_cache_new(CACHE_ENTRIES);
	web->gate_cache = gate_cache_new(GATE_CACHE_ENTRIES);
	if (web->cache == NULL || web->gate_cache == NULL || web_rules_begin(&web->rules) != ERR_OK)
		return why_set(why, ERR_MEMORY, "There is not enough memory for the caches of sessions.");
	challenge_newest_init(&web->challenge_newest);
	health_checked(web, true);
	web_channels_take(web, first_channel_fd);
	TRY(digest_setup());
	return brand_begin(config, &web->brand);
}

/* Descriptors that people's connections may use up to: the keeper has raised the limit as far as it can. */
static err
web_descriptors(const struct web *web, size_t *ret_max, struct why *why)
{
	struct rlimit limit = { .rlim_cur = 0 };
	size_t for_metrics = web->config->metrics.port != 0 ? METRICS_DESCRIPTORS : 0;
	size_t least = DESCRIPTORS_MIN + web->quick + web->slow + for_metrics;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur >= least) {
		*ret_max = (size_t)limit.rlim_cur - for_metrics;
		return ERR_OK;
	}
	return why_set(why, ERR_CONFIG,
		       "This process may have %zu descriptors, and each connection needs one: at least %zu are "
		       "needed.  Raise the limit (LimitNOFILE= in systemd, ulimit -n in a shell).",
		       (size_t)limit.rlim_cur, least);
}

/* Warn the administrator if the limit of descriptors reduces the number of connections. */
static void
web_connections_log(const struct http_server *server)
{
	struct http_figures figures;

	http_server_figures(server, &figures);
	if (figures.connections_max < CONNECTIONS_MAX)
		log_event(LOG_WARNING, "web.connections", LOG_INT("max", (int64_t)figures.connections_max),
			  LOG_TEXT("why", "the limit of descriptors"));
}

struct web_servers {
	struct http_server *pages, *metrics; /* metrics is NULL without METRICS */
};

/* A separate server: neither its scrapers nor people can use up the connections of the others. */
static err
web_metrics_start(struct web *web, int metrics_fd, size_t descriptors_max, struct http_server **ret_server)
{
	const struct http_settings http = { .listen_fd = metrics_fd,
					    .event_threads = 1,
					    .connections_max = METRICS_CONNECTIONS_MAX,
					    .descriptors_max = descriptors_max,
					    .request_ms = METRICS_REQUEST_MS,
					    .reply_ms = METRICS_REPLY_MS };

	return metrics_fd < 0 ? ERR_OK : http_server_start(&http, &metrics_app, web, ret_server);
}

/* The order matters: code that opens files, the sandbox, the threads, the seal. */
static err
web_start_threads(struct web *web, const struct sandbox_profile *sandbox, const struct web_descriptors *descriptors,
		  struct web_servers *servers, struct why *why)
{
	struct http_settings http = { .listen_fd = descriptors->listen_fd,
				      .event_threads = web_event_threads(),
				      .connections_max = CONNECTIONS_MAX };

	http.workers[HTTP_QUICK] = web->quick;
	http.workers[HTTP_SLOW] = web->slow;
	http.queue_max[HTTP_QUICK] = QUEUE_QUICK;
	http.head_max = (size_t)web->config->head_max_kib * 1024;
	http.queue_max[HTTP_SLOW] = web->slow * QUEUE_SLOW_PER_WORKER;
	TRY(web_descriptors(web, &http.descriptors_max, why));
	TRY(sandbox_enter(sandbox, web->config->wall, why));
	TRY(log_thread_start());
	TRY(web_hello(web));
	metrics_begin(web);
	TRY(http_server_start(&http, &web_app, web, &servers->pages));
	web->server = servers->pages;
	TRY(web_metrics_start(web, descriptors->metrics_fd, http.descriptors_max + METRICS_DESCRIPTORS,
			      &servers->metrics));
	web_connections_log(servers->pages);
	TRY(web_listen(web));
	return sandbox_seal(sandbox, why);
}

/* For a user at a terminal. */
static void
web_greet(const char *app_name, const char *url)
{
	CLEANUP(buf_wipe) struct buf out = BUF(8 * 1024);

	buf_put(&out, STR("\n  "));
	buf_put_visible(&out, str_of(app_name));
	buf_put(&out, STR(" is ready: "));
	buf_put_visible(&out, str_of(url));
	buf_put(&out, STR("   (Ctrl-C ends it)\n\n"));
	log_print(STDOUT_FILENO, buf_str(&out)); /* it is in the log too */
}

static void
web_metrics_announce(const struct config *config)
{
	struct config_location location = config_metrics(config);

	if (config_metrics_reach_out(config))
		log_event(LOG_WARNING, "metrics.public", LOG_TEXT("listening", location.z),
			  LOG_TEXT("why", "other machines can read the metrics"));
	else if (config->metrics.port != 0)
		log_event(LOG_NOTICE, "metrics.ready", LOG_TEXT("listening", location.z));
}

static void
web_announce(const struct config *config, bool to_person)
{
	struct config_location local = config_listens(config);
	const char *url = host_address(config, &local);

	log_event(LOG_NOTICE, "web.ready", LOG_TEXT("url", url), LOG_TEXT("listening", local.z));
	web_metrics_announce(config);
	if (to_person)
		web_greet(config->app_name, url);
}

/* Tell the keeper that this process answers requests.  It sends no data, so the keeper reads nothing from web. */
static void
web_ready(const struct web *web)
{
	(void)!shutdown(web->push_fd, SHUT_WR);
}

static void
web_wait_for_end(void)
{
	sigset_t signals;
	int signal_number = 0;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	while (sigwait(&signals, &signal_number) != 0 || signal_number != SIGTERM)
		continue;
}

/* The main thread waits for SIGTERM.  Ctrl-C goes to the keeper, which then sends SIGTERM. */
static void
web_signals_begin(void)
{
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	signal(SIGINT, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
}

err
web_run(const struct config *config, const struct sandbox_profile *sandbox, const struct web_descriptors *descriptors,
	size_t quick, size_t slow, struct why *why)
{
	static struct web web; /* lives as long as the process */
	struct web_servers servers = { .pages = NULL };
	bool terminal = isatty(STDOUT_FILENO) == 1; /* checked before the sandbox forbids it */

	/*
	 * The kernel kills web when the keeper ends, even if the keeper is killed.  If the keeper has ended
	 * already, reading its pushes fails.
	 */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		return why_set(why, ERR_DENIED,
			       "The kernel cannot be told to end the web process together with the keeper: %s.",
			       strerror(errno));
	TRY(web_init(&web, config, descriptors->push_fd, descriptors->first_channel_fd, quick, slow, why));
	web_signals_begin();
	TRY(web_start_threads(&web, sandbox, descriptors, &servers, why));
	web_announce(config, terminal);
	web_ready(&web);
	web_wait_for_end();
	http_server_stop(&servers.metrics, 0); /* first: it reads the figures of the other one */
	http_server_stop(&servers.pages, STOP_MS);
	log_end();
	_exit(0); /* the push thread still runs; the kernel cleans up the rest */
}
