#include "cli/curl.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 40, READ_BYTES = 16 * 1024 };

static char *const environment[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C", NULL };

void
curl_reply_wipe(struct curl_reply *reply)
{
	buf_wipe(&reply->text);
}

struct arguments {
	const char *at[ARGUMENTS_MAX + 1];
	size_t n;
};

static void
curl_add(struct arguments *a, const char *first, const char *second)
{
	if (a->n + 2 > ARGUMENTS_MAX)
		return;
	a->at[a->n++] = first;
	if (second != NULL)
		a->at[a->n++] = second;
}

static void
curl_arguments_fill(const struct curl_request *r, char *connect, size_t size, char *seconds, size_t seconds_size,
		    struct arguments *a)
{
	snprintf(seconds, seconds_size, "%d", CURL_SECONDS);
	curl_add(a, "curl", "--disable"); /* first: ignore this user's settings */
	curl_add(a, "--silent", "--show-error");
	curl_add(a, "--include", "--path-as-is");
	curl_add(a, "--globoff", NULL); /* brackets and braces are bytes of the url */
	curl_add(a, "--noproxy", "*");
	curl_add(a, "--max-time", seconds);
	curl_add(a, "--user-agent", "doubletour-doctor");
	curl_add(a, r->http10 ? "--http1.0" : "--http1.1", NULL);
	if (str_equal(str_of(r->method), STR("HEAD")))
		curl_add(a, "--head", NULL);
	else
		curl_add(a, "--request", r->method);
	if (r->ca != NULL)
		curl_add(a, "--cacert", r->ca);
	if (r->connect != NULL) {
		snprintf(connect, size, "::%s", r->connect);
		curl_add(a, "--connect-to", connect);
	}
	for (size_t i = 0; i < CURL_HEADERS_MAX && r->headers[i] != NULL; i++)
		curl_add(a, "--header", r->headers[i]);
	curl_add(a, "--", r->url);
}

static err
curl_spawn(const struct arguments *a, int out, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	int e;

	if (posix_spawn_file_actions_init(&actions) != 0)
		return ERR_MEMORY;
	e = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", 0, 0);
	if (e == 0)
		e = posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	if (e == 0)
		e = posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
	if (e == 0)
		e = posix_spawnp(ret_pid, "curl", &actions, NULL, (char *const *)a->at, environment);
	posix_spawn_file_actions_destroy(&actions);
	return e == 0 ? ERR_OK : e == ENOENT ? ERR_NOT_FOUND : ERR_IO;
}

/* Read to the end of the reply, or to the limit. */
static void
curl_read_all(int fd, struct buf *text)
{
	char bytes[READ_BYTES];
	ssize_t n;

	while (text->n < CURL_REPLY_MAX_BYTES) {
		n = read(fd, bytes, sizeof(bytes));
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		buf_put(text, str_upto(str_bytes(bytes, (size_t)n), CURL_REPLY_MAX_BYTES - text->n));
	}
}

/* "HTTP/1.1 302 Found": read the status of the last head; heads with status 100 precede it. */
static void
curl_status_find(struct curl_reply *reply)
{
	str rest = buf_str(&reply->text);

	while (str_starts(rest, STR("HTTP/"))) {
		uint64_t status = 0;
		str line = str_cut(&rest, '\n');
		(void)str_cut(&line, ' ');
		if (str_number(str_cut(&line, ' '), 999, &status) != ERR_OK &&
		    str_number(str_upto(str_trim(line), 3), 999, &status) != ERR_OK)
			return;
		reply->status = (int)status;
		if (status != 100)
			return;
		while (rest.n > 0 && str_trim(str_cut(&rest, '\n')).n > 0)
			continue;
	}
}

static void
curl_trouble_keep(struct curl_reply *reply)
{
	str said = buf_str(&reply->text);

	said = str_trim(str_cut(&said, '\n'));
	if (!str_utf8_valid(said) || str_copy_z(str_utf8_upto(said, sizeof(reply->trouble) - 1), reply->trouble,
						sizeof(reply->trouble)) != ERR_OK)
		reply->trouble[0] = '\0';
}

err
curl_run(const struct curl_request *request, struct curl_reply *ret_reply)
{
	char connect[300], seconds[16];
	struct arguments arguments = { .n = 0 };
	int ends[2], status = 0;
	pid_t pid = 0;
	err e;

	*ret_reply = (struct curl_reply){ .text = BUF(CURL_REPLY_MAX_BYTES) };
	if (pipe2(ends, O_CLOEXEC) != 0)
		return ERR_IO;
	curl_arguments_fill(request, connect, sizeof(connect), seconds, sizeof(seconds), &arguments);
	e = curl_spawn(&arguments, ends[1], &pid);
	close(ends[1]);
	if (e == ERR_OK) {
		curl_read_all(ends[0], &ret_reply->text);
		if (ret_reply->text.n >= CURL_REPLY_MAX_BYTES)
			kill(pid, SIGTERM);
	}
	close(ends[0]);
	if (e != ERR_OK)
		return e;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	curl_status_find(ret_reply);
	if (ret_reply->status == 0)
		curl_trouble_keep(ret_reply);
	return buf_check(&ret_reply->text);
}

str
curl_head(const struct curl_reply *reply)
{
	str rest = buf_str(&reply->text);

	(void)str_cut(&rest, '\n');
	return rest;
}

str
curl_header_next(str *rest, str name)
{
	while (rest->n > 0) {
		str value = str_cut(rest, '\n');
		str is = str_cut(&value, ':');
		if (str_trim(is).n == 0)
			break;
		if (str_equal_nocase(str_trim(is), name))
			return str_trim(value);
	}
	return STR("");
}

str
curl_header(const struct curl_reply *reply, str name)
{
	str rest = curl_head(reply);

	return curl_header_next(&rest, name);
}

void
curl_headers_put(const struct curl_reply *reply, str name, struct buf *out)
{
	str rest = curl_head(reply);

	for (str value = curl_header_next(&rest, name); value.n > 0; value = curl_header_next(&rest, name)) {
		buf_put(out, out->n > 0 ? STR(", ") : STR(""));
		buf_put(out, value);
	}
}
