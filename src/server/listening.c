#include "server/listening.h"

#include "http/server.h"

#include <unistd.h>

struct listening
listening_of(const struct config *config, int inherited_fd)
{
	return (struct listening){ .config = config, .fd = inherited_fd, .kept = inherited_fd >= 0, .metrics_fd = -1 };
}

static err
listening_open_main(struct listening *listening, struct why *why)
{
	const struct config *config = listening->config;

	if (listening->fd >= 0)
		return ERR_OK;
	if (config->listen_path[0] == '\0')
		return http_listen(str_of(config->host), config->port, why, &listening->fd);
	listening->kept = true;
	return listen_unix(config->listen_path, why, &listening->file, &listening->fd);
}

static err
listening_open_metrics(struct listening *listening, struct why *why)
{
	const struct config_metrics *metrics = &listening->config->metrics;

	if (metrics->port == 0 || listening->metrics_fd >= 0)
		return ERR_OK;
	return http_listen_for("METRICS", "METRICS", str_of(metrics->host), metrics->port, why, &listening->metrics_fd);
}

err
listening_open(struct listening *listening, struct why *why)
{
	/* first: a failure must not leave the file of a Unix socket behind */
	TRY(listening_open_metrics(listening, why));
	return listening_open_main(listening, why);
}

static void
listening_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

void
listening_end(struct listening *listening)
{
	listen_unix_remove(&listening->file);
	listening_close(&listening->fd);
	listening_close(&listening->metrics_fd);
}

void
listening_passed(struct listening *listening)
{
	if (!listening->kept)
		listening_close(&listening->fd);
}
