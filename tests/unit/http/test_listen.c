/* Unix sockets and inherited descriptors: accepted and refused ones, and the files that remain. */
#include "http/listen.h"
#include "client.h"
#include "echo.h"
#include "unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>

struct scene {
	char folder[64], path[LISTEN_PATH_MAX_BYTES + 1];
	struct listen_file file;
	struct why why;
	int fd;
};
static struct scene scene;

static int
begin(void **state)
{
	(void)state;
	memset(&scene, 0, sizeof(scene));
	scene.fd = -1;
	scratch_name("doubletour-listen", scene.folder, sizeof(scene.folder));
	if (mkdtemp(scene.folder) == NULL)
		return -1;
	snprintf(scene.path, sizeof(scene.path), "%s/web.sock", scene.folder);
	return 0;
}

static int
end(void **state)
{
	(void)state;
	if (scene.fd >= 0)
		close(scene.fd);
	chmod(scene.folder, 0700);
	(void)!unlink(scene.path);
	return rmdir(scene.folder); /* fails when a lock file is left */
}

static err
listen_here(void)
{
	return listen_unix(scene.path, &scene.why, &scene.file, &scene.fd);
}

static mode_t
mode_of(const char *path)
{
	struct stat status;

	return lstat(path, &status) == 0 ? status.st_mode : 0;
}

static int
unix_connect(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(str_copy_z(str_of(path), address.sun_path, sizeof(address.sun_path)), ERR_OK);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* A socket file without a listening process. */
static void
leave_stale_socket(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(str_copy_z(str_of(scene.path), address.sun_path, sizeof(address.sun_path)), ERR_OK);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
}

static void
refused(err wanted, const char *words)
{
	err e = listen_here();

	if (e != wanted || strstr(scene.why.text, words) == NULL)
		fail_msg("%s instead of \"%s\": %s", err_name(e), words, scene.why.text);
	assert_int_equal(scene.fd, -1);
}

/* --- a Unix socket ------------------------------------------------------------------------------------------------ */

static void
unix_sockets_have_mode_0660_whatever_the_umask(void **state)
{
	static const mode_t masks[] = { 0, 022, 077, 0777 };

	(void)state;
	for (size_t i = 0; i < COUNT(masks); i++) {
		mode_t before = umask(masks[i]);
		err e = listen_here();
		assert_int_equal(umask(before), masks[i]);
		assert_int_equal(e, ERR_OK);
		assert_int_equal(mode_of(scene.path), S_IFSOCK | 0660);
		assert_int_equal(fcntl(scene.fd, F_GETFD), FD_CLOEXEC);
		assert_true(fcntl(scene.fd, F_GETFL) & O_NONBLOCK);
		close(scene.fd);
		scene.fd = -1;
	}
}

static void
unix_socket_gets_the_group_of_a_setgid_folder(void **state)
{
	struct stat status;

	(void)state;
	if (geteuid() != 0) /* do not call skip(): meson counts its line of TAP as a failure */
		return;
	assert_int_equal(chown(scene.folder, 0, 33), 0);
	assert_int_equal(chmod(scene.folder, 02750), 0);
	assert_int_equal(listen_here(), ERR_OK);
	assert_int_equal(stat(scene.path, &status), 0);
	assert_int_equal(status.st_gid, 33);
}

static void
stale_socket_file_is_replaced(void **state)
{
	int client;

	(void)state;
	leave_stale_socket();
	assert_int_equal(listen_here(), ERR_OK);
	client = unix_connect(scene.path);
	assert_true(client >= 0);
	close(client);
}

static void
second_server_on_a_unix_socket_is_refused(void **state)
{
	struct listen_file file;
	int first = -1, client;

	(void)state;
	assert_int_equal(listen_unix(scene.path, &scene.why, &file, &first), ERR_OK);
	refused(ERR_BUSY, "Another server listens");
	client = unix_connect(scene.path);
	assert_true(client >= 0); /* the first server's socket stays */
	close(client);
	close(first);
}

static void
files_other_than_sockets_are_kept(void **state)
{
	int fd;

	(void)state;
	fd = open(scene.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	close(fd);
	refused(ERR_DENIED, "is not a socket and was not changed");
	assert_int_equal(mode_of(scene.path), S_IFREG | 0600);
	assert_int_equal(unlink(scene.path), 0);
	assert_int_equal(symlink("/dev/null", scene.path), 0);
	refused(ERR_DENIED, "is not a socket and was not changed");
	assert_true(S_ISLNK(mode_of(scene.path)));
}

static void
unix_socket_errors_name_the_folder(void **state)
{
	char folder[64];

	(void)state;
	snprintf(folder, sizeof(folder), "%s", scene.folder);
	snprintf(scene.path, sizeof(scene.path), "%s/missing/web.sock", folder);
	refused(ERR_NOT_FOUND, "There is no folder");
	snprintf(scene.path, sizeof(scene.path), "%s/web.sock", folder);
	assert_int_equal(chmod(folder, 0777), 0);
	refused(ERR_DENIED, "Every user may write");
	if (geteuid() == 0)
		return; /* root may write anywhere */
	assert_int_equal(chmod(folder, 0500), 0);
	refused(ERR_DENIED, "may not create the socket");
}

static void
unix_socket_paths_are_absolute_and_short(void **state)
{
	char longer[LISTEN_PATH_MAX_BYTES + 2] = "/";
	struct listen_file file;
	int fd = -1;

	(void)state;
	memset(longer + 1, 'a', sizeof(longer) - 2);
	assert_int_equal(listen_unix("web.sock", &scene.why, &file, &fd), ERR_INVALID);
	assert_int_equal(listen_unix(longer, &scene.why, &file, &fd), ERR_INVALID);
	assert_non_null(strstr(scene.why.text, "107 bytes"));
}

static void
socket_file_of_another_server_is_not_removed(void **state)
{
	char moved[sizeof(scene.path) + 8];

	(void)state;
	snprintf(moved, sizeof(moved), "%s.moved", scene.path);
	assert_int_equal(listen_here(), ERR_OK);
	close(scene.fd);
	assert_int_equal(rename(scene.path, moved), 0);
	leave_stale_socket(); /* a socket of another server, at the same path */
	listen_unix_remove(&scene.file);
	assert_true(S_ISSOCK(mode_of(scene.path)));
	assert_int_equal(unlink(moved), 0);
	assert_int_equal(listen_here(), ERR_OK);
	listen_unix_remove(&scene.file);
	assert_int_equal(mode_of(scene.path), 0);
}

/* Each server finds the stale file.  Without the lock, the second server would remove the socket of the first. */
static void
only_one_of_many_starting_servers_listens(void **state)
{
	enum { SERVERS = 16 };
	pid_t servers[SERVERS];
	int held[2], status = 0;

	(void)state;
	leave_stale_socket();
	assert_int_equal(pipe(held), 0);
	for (int i = 0; i < SERVERS; i++) {
		char byte;
		servers[i] = fork();
		assert_true(servers[i] >= 0);
		if (servers[i] != 0)
			continue;
		close(held[1]);
		(void)!read(held[0], &byte, 1); /* all start when the pipe closes */
		_exit(listen_here() == ERR_OK ? pause() : 1);
	}
	close(held[0]);
	close(held[1]);
	for (int i = 0; i < SERVERS - 1; i++) {
		assert_true(wait(&status) > 0);
		assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	}
	int client = unix_connect(scene.path);
	assert_true(client >= 0);
	close(client);
	for (int i = 0; i < SERVERS; i++)
		if (waitpid(servers[i], &status, WNOHANG) == 0)
			kill(servers[i], SIGKILL);
	assert_true(wait(&status) > 0);
}

static void
requests_over_a_unix_socket_have_the_peer_unix(void **state)
{
	struct echo echo = { 0 };
	struct answer a;
	int client;

	(void)state;
	assert_int_equal(listen_here(), ERR_OK);
	echo_start(&echo, (struct http_settings){ .listen_fd = scene.fd });
	scene.fd = -1; /* the server owns it */
	client = unix_connect(scene.path);
	assert_true(client >= 0);
	assert_true(client_send(client, STR("GET /quick HTTP/1.1\r\nHost: h\r\n\r\n")));
	client_read(client, false, &a);
	assert_int_equal(a.status, 200);
	assert_string_equal(a.body, "GET /quick|||" HTTP_PEER_UNIX);
	close(client);
	echo_stop(&echo, 1000);
}

/* --- inherited ---------------------------------------------------------------------------------------------------- */

enum passed { PASSED_TCP, PASSED_UNIX, PASSED_OPEN_UNIX, PASSED_ABSTRACT, PASSED_DATAGRAM, PASSED_QUIET, PASSED_FILE };

static int
passed_unix(mode_t mode, const char *path, size_t n)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(address.sun_path, path, n);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n)),
			 0);
	if (path[0] != '\0')
		assert_int_equal(chmod(path, mode), 0);
	assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static int
passed_tcp(int type, bool listens)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	int fd = socket(AF_INET, type, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	if (listens)
		assert_int_equal(listen(fd, 8), 0);
	return fd;
}

static int
passed_make(enum passed passed)
{
	switch (passed) {
	case PASSED_TCP:
		return passed_tcp(SOCK_STREAM, true);
	case PASSED_UNIX:
		return passed_unix(0660, scene.path, strlen(scene.path));
	case PASSED_OPEN_UNIX:
		return passed_unix(0666, scene.path, strlen(scene.path));
	case PASSED_ABSTRACT:
		return passed_unix(0, "\0doubletour-test", 16);
	case PASSED_DATAGRAM:
		return passed_tcp(SOCK_DGRAM, false);
	case PASSED_QUIET:
		return passed_tcp(SOCK_STREAM, false);
	default:
		return open("/dev/null", O_RDWR);
	}
}

/* Runs in a child process with the passed descriptor 3 and variables.  The exit status is 0 for the wanted result. */
static int
inherit(enum passed passed, const char *pid, const char *fds, err wanted, int wanted_fd)
{
	char own[16];
	int fd = -1, made = passed_make(passed);

	snprintf(own, sizeof(own), "%d", (int)getpid());
	if (made != LISTEN_INHERITED_FD)
		dup2(made, LISTEN_INHERITED_FD);
	setenv("LISTEN_PID", pid == NULL ? own : pid, 1);
	if (fds != NULL)
		setenv("LISTEN_FDS", fds, 1);
	setenv("LISTEN_FDNAMES", "web", 1);
	if (listen_inherited(&scene.why, &fd) != wanted)
		return 2;
	if (getenv("LISTEN_PID") != NULL || getenv("LISTEN_FDS") != NULL || getenv("LISTEN_FDNAMES") != NULL)
		return 3;
	if (wanted != ERR_OK)
		return scene.why.text[0] == '\0' ? 4 : 0;
	if (fd != wanted_fd)
		return 5;
	return fd < 0 || (fcntl(fd, F_GETFD) == FD_CLOEXEC && (fcntl(fd, F_GETFL) & O_NONBLOCK)) ? 0 : 6;
}

static void
sockets_passed_by_systemd_are_inherited(void **state)
{
	static const struct {
		enum passed passed;
		const char *pid, *fds; /* pid NULL: this process's */
		err outcome;
		int fd;
		const char *why;
	} cases[] = {
		{ PASSED_TCP, NULL, "1", ERR_OK, 3, "TCP" },
		{ PASSED_UNIX, NULL, "1", ERR_OK, 3, "a Unix socket" },
		{ PASSED_TCP, "1", "1", ERR_OK, -1, "for another process" },
		{ PASSED_TCP, "", "1", ERR_OK, -1, "for no process" },
		{ PASSED_TCP, NULL, NULL, ERR_OK, -1, "no LISTEN_FDS" },
		{ PASSED_TCP, NULL, "0", ERR_OK, -1, "no descriptor" },
		{ PASSED_TCP, NULL, "2", ERR_CONFIG, -1, "two descriptors" },
		{ PASSED_TCP, NULL, "x", ERR_CONFIG, -1, "not a number" },
		{ PASSED_TCP, NULL, "-1", ERR_CONFIG, -1, "a negative number" },
		{ PASSED_OPEN_UNIX, NULL, "1", ERR_CONFIG, -1, "a Unix socket that others may connect to" },
		{ PASSED_ABSTRACT, NULL, "1", ERR_CONFIG, -1, "a Unix socket without a mode" },
		{ PASSED_DATAGRAM, NULL, "1", ERR_CONFIG, -1, "datagrams" },
		{ PASSED_QUIET, NULL, "1", ERR_CONFIG, -1, "a socket that does not listen" },
		{ PASSED_FILE, NULL, "1", ERR_CONFIG, -1, "a file" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		int status = 0;
		pid_t pid = fork();
		assert_true(pid >= 0);
		if (pid == 0)
			_exit(inherit(cases[i].passed, cases[i].pid, cases[i].fds, cases[i].outcome, cases[i].fd));
		assert_int_equal(waitpid(pid, &status, 0), pid);
		(void)!unlink(scene.path);
		if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
			fail_msg("%s: %d", cases[i].why, status);
	}
}

static void
listening_sockets_report_their_address(void **state)
{
	struct listen_location location;
	int tcp = passed_tcp(SOCK_STREAM, true);

	(void)state;
	assert_int_equal(listen_describe(tcp, &scene.why, &location), ERR_OK);
	assert_string_equal(location.host, "127.0.0.1");
	assert_true(location.port > 0 && location.path[0] == '\0');
	close(tcp);
	assert_int_equal(listen_here(), ERR_OK);
	assert_int_equal(listen_describe(scene.fd, &scene.why, &location), ERR_OK);
	assert_string_equal(location.path, scene.path);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(unix_sockets_have_mode_0660_whatever_the_umask),
		TEST(unix_socket_gets_the_group_of_a_setgid_folder),
		TEST(stale_socket_file_is_replaced),
		TEST(second_server_on_a_unix_socket_is_refused),
		TEST(files_other_than_sockets_are_kept),
		TEST(unix_socket_errors_name_the_folder),
		TEST(unix_socket_paths_are_absolute_and_short),
		TEST(socket_file_of_another_server_is_not_removed),
		TEST(only_one_of_many_starting_servers_listens),
		TEST(requests_over_a_unix_socket_have_the_peer_unix),
		TEST(sockets_passed_by_systemd_are_inherited),
		TEST(listening_sockets_report_their_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
