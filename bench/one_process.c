/*
 * The server in one process and without the sandbox, for valgrind: valgrind counts the instructions of all threads
 * together, and needs system calls that the sandbox forbids.  Only for measurements.
 *
 * Reads the program's own settings.  One event thread and one worker in each pool, so that the same work always takes
 * the same path.
 *
 *	SIGUSR1   start the counts at zero       SIGUSR2   valgrind writes the counts to a file; then print "written"
 *	SIGTERM   exit
 */
#include "base/digest.h"
#include "base/log.h"
#include "http/server.h"
#include "keeper/ops/serve.h"
#include "web/core/dispatch.h"
#include "web/web.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include <valgrind/callgrind.h>

enum { QUICK = 1, SLOW = 1, CHANNELS = QUICK + SLOW, FIRST_FD = 20, CONNECTIONS = 16 };

/* [0] is for notifications; web's channels have the descriptors from FIRST_FD on, as web_init expects. */
static err
sockets_open(int ret_keeper[CHANNELS + 1], int *ret_push_fd)
{
	for (int i = 0; i <= CHANNELS; i++) {
		int pair[2];
		if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair) != 0 || dup2(pair[1], FIRST_FD - 1 + i) < 0)
			return ERR_IO;
		close(pair[1]);
		ret_keeper[i] = pair[0];
	}
	*ret_push_fd = FIRST_FD - 1;
	return ERR_OK;
}

static err
keeper_start(const struct config *config, const int fds[CHANNELS + 1], struct why *why)
{
	struct keeper *keeper = NULL;
	struct keeper_server *server = NULL;

	TRY(keeper_open(config, KEEPER_CREATE, why, &keeper));
	TRY(keeper_rules_read(keeper, why));
	TRY(keeper_server_new(keeper, &server));
	return keeper_server_start(server, fds + 1, CHANNELS, QUICK, fds[0]);
}

static err
start(struct config *config, struct web *web, struct why *why)
{
	struct http_settings settings = { .event_threads = 1, .connections_max = CONNECTIONS };
	struct http_server *server = NULL;
	int fds[CHANNELS + 1], push_fd = -1;

	TRY(config_load(config, why));
	log_setup(config->log_format, config->log_level);
	TRY(digest_setup());
	TRY(http_listen(str_of(config->host), config->port, why, &settings.listen_fd));
	TRY(sockets_open(fds, &push_fd));
	TRY(web_init(web, config, push_fd, FIRST_FD, QUICK, SLOW, why));
	TRY(keeper_start(config, fds, why));
	TRY(web_hello(web));
	settings.workers[HTTP_QUICK] = QUICK;
	settings.workers[HTTP_SLOW] = SLOW;
	settings.queue_max[HTTP_QUICK] = settings.queue_max[HTTP_SLOW] = CONNECTIONS;
	TRY(http_server_start(&settings, &web_app, web, &server));
	return web_listen(web);
}

static void
obey(const sigset_t *signals)
{
	int number = 0;

	while (sigwait(signals, &number) == 0 && number != SIGTERM) {
		if (number == SIGUSR1) {
			CALLGRIND_ZERO_STATS;
			puts("begun");
		} else {
			CALLGRIND_DUMP_STATS;
			puts("written");
		}
		fflush(stdout);
	}
}

int
main(void)
{
	static struct config config;
	static struct web web;
	struct why why = { "" };
	sigset_t signals;

	sigemptyset(&signals);
	sigaddset(&signals, SIGUSR1);
	sigaddset(&signals, SIGUSR2);
	sigaddset(&signals, SIGTERM);
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	err e = start(&config, &web, &why);
	if (e != ERR_OK) {
		fprintf(stderr, "%s\n", why.text[0] != '\0' ? why.text : err_name(e));
		return 1;
	}
	obey(&signals);
	_exit(0);
}
