/*
 * Children as real processes.  This program executes itself under a child's name, in place of the children's code.  A
 * recording service replaces the keeper.
 */
#include "unit.h"

#include "server/children.h"

#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <sysexits.h>

enum { SLOW = 3 };

static err
empty_environment(const struct config *config, struct config_environment *ret_environment)
{
	ret_environment->variables[0] = NULL;
	return ERR_OK;
}

#define ROW(child_name)                                                                                                \
	{                                                                                                              \
		.name = (child_name), .quick = 1, .environment = empty_environment,                                    \
		.restart = { .soon_ms = 3600 * 1000, .soon_max = 2, .pause_ms = 1 }, .stop_seconds = 600, .events = {  \
			"test.forbidden",                                                                              \
			"test.died",                                                                                   \
			"test.ended",                                                                                  \
			"test.retry"                                                                                   \
		}                                                                                                      \
	}

static const struct child first_row = ROW("first");
static char record[256];
static bool asked;        /* the service reports that each child has asked it */
static size_t start_fail; /* the number of the next starts of the service that fail */

static err
record_start(void *context, const struct child *child, const int *sockets, size_t count, struct why *why)
{
	strcat(record, "+");
	strcat(record, child->name);
	assert_int_equal(count, 1 + child->quick + (child->slow ? SLOW : 0));
	for (size_t i = 0; i < count; i++)
		assert_int_equal(close(sockets[i]), 0);
	if (start_fail == 0)
		return ERR_OK;
	start_fail--;
	return why_set(why, ERR_MEMORY, "no memory");
}

static void
record_stop(void *context, const struct child *child)
{
	strcat(record, "-");
	strcat(record, child->name);
}

static bool
record_was_asked(void *context, const struct child *child)
{
	return asked;
}

static const struct child_service recording = { record_start, record_stop, record_was_asked };
static struct children children;

static void
set_up(const struct child *table, size_t n)
{
	memset(&children, 0, sizeof(children));
	children.slow = SLOW;
	children.service = &recording;
	record[0] = '\0';
	asked = false;
	start_fail = 0;
	assert_int_equal(children_init(&children, table, n, NULL), ERR_OK);
}

/* Reap children until the restart rule gives up or `starts` children have started. */
static err
reap_until(size_t starts, struct why *why)
{
	sigset_t child;
	err e = ERR_OK;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	for (size_t seen = 0; e == ERR_OK && seen < starts;) {
		sigwaitinfo(&child, NULL);
		e = children_reap(&children, why);
		seen = 0;
		for (const char *p = record; *p != '\0'; p++)
			seen += *p == '+';
	}
	return e;
}

static void
children_start_in_table_order_and_stop_in_reverse(void **state)
{
	static const struct child table[] = { ROW("first"), ROW("second"), ROW("third") };
	struct why why = { 0 };

	set_up(table, COUNT(table));
	assert_int_equal(children_launch(&children, &why), ERR_OK);
	assert_string_equal(record, ""); /* no child is served before all are launched */
	assert_int_equal(children_serve(&children, &why), ERR_OK);
	children_stop(&children);
	assert_string_equal(record, "+first+second+third-third-second-first");
	children_stop(&children); /* a second stop does nothing */
	assert_string_equal(record, "+first+second+third-third-second-first");
}

static void
a_killed_child_is_started_again_alone(void **state)
{
	static const struct child table[] = { ROW("first"), ROW("second") };
	struct why why = { 0 };

	set_up(table, COUNT(table));
	assert_int_equal(children_launch(&children, &why), ERR_OK);
	assert_int_equal(children_serve(&children, &why), ERR_OK);
	pid_t first = children.running[0].pid, second = children.running[1].pid;
	kill(second, SIGKILL);
	assert_int_equal(reap_until(3, &why), ERR_OK);
	assert_string_equal(record, "+first+second-second+second");
	assert_int_equal(children.running[0].pid, first);
	assert_int_not_equal(children.running[1].pid, second);
	children_stop(&children);
}

static void
a_child_that_never_works_is_given_up(void **state)
{
	static const struct child table[] = { ROW("broken") };
	struct why why = { 0 };

	set_up(table, COUNT(table));
	assert_int_equal(children_launch(&children, &why), ERR_OK);
	assert_int_equal(children_serve(&children, &why), ERR_OK);
	assert_int_equal(reap_until(SIZE_MAX, &why), ERR_AWAY);
	assert_string_equal(record, "+broken-broken+broken-broken+broken-broken");
	assert_string_equal(why.text, "The broken process ended 2 times in a row right after its start.  The lines "
				      "above give the reason.");
}

/* Kill the only child and reap it. */
static err
kill_and_reap(struct why *why)
{
	siginfo_t ended;

	kill(children.running[0].pid, SIGKILL);
	assert_int_equal(waitid(P_PID, children.running[0].pid, &ended, WEXITED | WNOWAIT), 0);
	return children_reap(&children, why);
}

static void
a_failed_restart_of_a_child_that_worked_is_tried_again(void **state)
{
	struct why why = { 0 };

	set_up(&first_row, 1);
	assert_int_equal(children_launch(&children, &why), ERR_OK);
	assert_int_equal(children_serve(&children, &why), ERR_OK);
	assert_int_equal(children_timeout_ms(&children, 0), -1);
	asked = true;
	start_fail = 2;
	assert_int_equal(kill_and_reap(&why), ERR_OK);
	assert_string_equal(record, "+first-first+first-first");
	assert_int_equal(children.running[0].pid, 0);
	assert_string_equal(why.text, "");
	for (int64_t due; (due = children.running[0].retry_us) != 0;) {
		assert_int_equal(children_timeout_ms(&children, due - 5000), 6);
		assert_int_equal(children_timeout_ms(&children, due), 0);
		assert_int_equal(children_reap(&children, &why), ERR_OK); /* not due yet, or now */
	}
	assert_string_equal(record, "+first-first+first-first+first-first+first");
	assert_int_not_equal(children.running[0].pid, 0);
	children_stop(&children);
}

static void
a_failed_restart_of_a_child_that_never_worked_is_an_error(void **state)
{
	struct why why = { 0 };

	set_up(&first_row, 1);
	assert_int_equal(children_launch(&children, &why), ERR_OK);
	assert_int_equal(children_serve(&children, &why), ERR_OK);
	start_fail = 1;
	assert_int_equal(kill_and_reap(&why), ERR_MEMORY);
	assert_string_equal(why.text, "no memory");
	assert_int_equal(children.running[0].pid, 0);
}

static void
a_child_with_a_bad_configuration_is_not_started_again(void **state)
{
	static const struct child table[] = { ROW("misconfigured") };
	struct why why = { 0 };

	set_up(table, COUNT(table));
	assert_int_equal(children_launch(&children, &why), ERR_OK);
	assert_int_equal(children_serve(&children, &why), ERR_OK);
	assert_int_equal(reap_until(SIZE_MAX, &why), ERR_CONFIG);
	assert_string_equal(record, "+misconfigured-misconfigured");
}

static void
a_child_cannot_end_a_server_that_has_answered(void **state)
{
	static const struct child table[] = { ROW("misconfigured") };
	struct why why = { 0 };

	set_up(table, COUNT(table));
	assert_int_equal(children_launch(&children, &why), ERR_OK);
	assert_int_equal(children_serve(&children, &why), ERR_OK);
	children_answered(&children);
	asked = true; /* so that it is not given up */
	assert_int_equal(reap_until(6, &why), ERR_OK);
	children_stop(&children);
}

static void
a_child_has_the_descriptors_of_its_row_and_no_others(void **state)
{
	static const struct child table[] = { ROW("inspector") };
	struct why why = { 0 };

	set_up(table, COUNT(table));
	assert_int_equal(children_launch(&children, &why), ERR_OK);
	assert_int_equal(children_serve(&children, &why), ERR_OK);
	assert_int_equal(reap_until(SIZE_MAX, &why), ERR_CONFIG);
}

/* Every socket goes to its own number, even if all of them have the numbers that others move to. */
static void
sockets_of_any_number_reach_the_child_in_order(void **state)
{
	enum { SOCKETS = 10, HIGHEST = 210 };
	char *const environment[] = { NULL };
	struct child_sockets sockets;
	pid_t pid = 0;

	assert_int_equal(child_sockets_open(SOCKETS, &sockets), ERR_OK);
	for (int i = 0; i < SOCKETS; i++) {
		assert_int_equal(dup3(sockets.child[i], HIGHEST - i, O_CLOEXEC), HIGHEST - i);
		assert_int_equal(close(sockets.child[i]), 0);
		sockets.child[i] = HIGHEST - i;
	}
	assert_int_equal(child_spawn("numbered", 0, 0, (struct child_listeners){ -1, -1 }, &sockets, environment, &pid),
			 0);
	child_sockets_close_child(&sockets);
	for (char i = 0, number = 0; i < SOCKETS; i++) {
		assert_int_equal(read(sockets.keeper[(int)i], &number, 1), 1);
		assert_int_equal(number, CHILD_PUSH_FD + i);
	}
	child_sockets_close_keeper(&sockets);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void
children_call_off_stops_children_before_their_service(void **state)
{
	struct why why = { 0 };

	set_up(&first_row, 1);
	assert_int_equal(children_launch(&children, &why), ERR_OK);
	children_call_off(&children);
	assert_string_equal(record, "");
	assert_int_equal(children.running[0].pid, 0);
}

static void
more_children_than_fit_are_refused(void **state)
{
	struct children many = { .n = 0 };

	assert_int_equal(children_init(&many, &first_row, CHILDREN_MAX + 1, NULL), ERR_INVALID);
}

/* Its row gives it pushes and one channel, but no listening socket; the parent's other descriptors must be closed. */
static bool
child_descriptors_good(void)
{
	for (int fd = CHILD_LISTEN_FD; fd < 100; fd++)
		if ((fcntl(fd, F_GETFD) >= 0) != (fd == CHILD_PUSH_FD || fd == CHILD_CHANNEL_FD))
			return false;
	return true;
}

/* Write the socket's own number to each socket. */
static int
child_descriptors_number(void)
{
	for (char fd = CHILD_PUSH_FD; write(fd, &fd, 1) == 1; fd++)
		continue;
	return 0;
}

/* This program as a child.  An inspector exits with EX_CONFIG when its descriptors are right. */
static int
child_main(const char *name)
{
	if (strcmp(name, "broken") == 0)
		return 1;
	if (strcmp(name, "misconfigured") == 0)
		return EX_CONFIG;
	if (strcmp(name, "inspector") == 0)
		return child_descriptors_good() ? EX_CONFIG : 1;
	if (strcmp(name, "numbered") == 0)
		return child_descriptors_number();
	for (;;)
		pause();
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(children_start_in_table_order_and_stop_in_reverse),
		cmocka_unit_test(a_killed_child_is_started_again_alone),
		cmocka_unit_test(a_child_that_never_works_is_given_up),
		cmocka_unit_test(a_failed_restart_of_a_child_that_worked_is_tried_again),
		cmocka_unit_test(a_failed_restart_of_a_child_that_never_worked_is_an_error),
		cmocka_unit_test(a_child_with_a_bad_configuration_is_not_started_again),
		cmocka_unit_test(a_child_cannot_end_a_server_that_has_answered),
		cmocka_unit_test(a_child_has_the_descriptors_of_its_row_and_no_others),
		cmocka_unit_test(sockets_of_any_number_reach_the_child_in_order),
		cmocka_unit_test(children_call_off_stops_children_before_their_service),
		cmocka_unit_test(more_children_than_fit_are_refused),
	};
	sigset_t child;

	if (argc == 4)
		return child_main(argv[1]);
	for (int fd = CHILD_LISTEN_FD; fd < 10; fd++) /* descriptors that a child must not inherit */
		if (fcntl(fd, F_GETFD) < 0)
			(void)!dup2(STDERR_FILENO, fd);
	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	sigprocmask(SIG_BLOCK, &child, NULL);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
