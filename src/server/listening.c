#include "server/listening.h"

#include "http/server.h"

#include <unistd.h>

struct listening
listening_of(const struct config *config, int inherited_fd)
{
	return (struct listening){ .config = config, .fd = inherited_fd, .kept = inherited_fd >= 0 };
}

err
listening_open(struct listening *listening, struct why *why)
{
	const struct config *config = listening->config;

	if (listening->fd >= 0)
		return ERR_OK;
	if (config->listen_path[0] == '\0')
		return http_listen(str_of(config->host), config->port, why, &listening->fd);
	listening->kept = true;
	return listen_unix(config->listen_path, why, &listening->file, &listening->fd);
}

void
listening_end(struct listening *listening)
{
	listen_unix_remove(&listening->file);
	if (listening->fd >= 0)
		close(listening->fd);
	listening->fd = -1;
}

void
listening_passed(struct listening *listening)
{
	if (!listening->kept)
		listening_end(listening);
}
