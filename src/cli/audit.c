/*
 * `doubletour audit`: the audit trail.
 */
#include "cli/admin.h"

#include "base/clock.h"
#include "cli/json.h"
#include "cli/moment.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

static const char audit_help[] =
    "Usage: doubletour audit [OPTIONS]\n"
    "\n"
    "Print the audit trail, oldest first: when, what, how it ended and why, whose account, from where.\n"
    "\n"
    "  --user NAME      of one account\n"
    "  --event PREFIX   events whose name begins so: signin, prove.refused, admin. ...\n"
    "  --since MOMENT   from then on\n"
    "  --until MOMENT   before then\n"
    "  --follow         and go on printing what happens, until interrupted\n"
    "  --json           JSON, an object a line: for export\n"
    "  --help           this text\n"
    "\n"
    "MOMENT: 2026-11-23, 2026-11-23T08:14:07Z, or 30d, 12h, 15m before now.\n"
    "Exit status: 0 done, 1 could not, 2 wrong usage, 78 bad configuration.\n";

/*
 * Two that write at once on PostgreSQL may be seen in another order than they were numbered in: what follows looks back as
 * far as this, and prints what it has not printed yet.
 */
enum { FOLLOW_MS = 500, LOOK_BACK = 4096 };

struct request {
	const char *user, *event, *since, *until;
	bool follow, json;
	struct buf out;
	int64_t printed[LOOK_BACK]; /* ids, each at its remainder */
};

static err
put_json(struct buf *out, const struct admin_event *event)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };

	cli_json_number(&line, "id", event->id);
	moment_put_json(&line, "at", event->at_us);
	cli_json_number(&line, "at_us", event->at_us);
	cli_json_text(&line, "event", event->event);
	cli_json_text(&line, "outcome", event->outcome);
	cli_json_text(&line, "reason", event->reason);
	if (event->account_id != 0)
		cli_json_number(&line, "account", event->account_id);
	else
		cli_json_null(&line, "account");
	cli_json_text(&line, "name", event->name);
	cli_json_text(&line, "address", event->address);
	cli_json_text(&line, "agent", event->agent);
	cli_json_text(&line, "request", event->request_id);
	return cli_json_put(&line, out);
}

static err
put_line(struct buf *out, const struct admin_event *event)
{
	moment_put(out, event->at_us);
	cli_line(out, "  %-20.*s %-18.*s %-24.*s %.*s", STR_ARG(event->event), STR_ARG(event->reason),
		 STR_ARG(event->name), STR_ARG(event->address));
	return buf_check(out);
}

static err
tell(void *context, const struct admin_event *event)
{
	struct request *r = context;
	int64_t *printed = &r->printed[event->id % LOOK_BACK];

	if (*printed == event->id)
		return ERR_OK;
	*printed = event->id;
	buf_clear(&r->out);
	TRY(r->json ? put_json(&r->out, event) : put_line(&r->out, event));
	return cli_print(buf_str(&r->out)) == CLI_DONE ? ERR_OK : ERR_IO;
}

static err
bound(const char *option, const char *typed, int64_t now_us, struct why *why, int64_t *ret_us)
{
	if (typed == NULL || moment_read(str_of(typed), now_us, ret_us) == ERR_OK)
		return ERR_OK;
	return why_set(why, ERR_INVALID,
		       "%s: %.40s is not a time.  Write 2026-11-23, 2026-11-23T08:14:07Z, or 30d for 30 days ago.",
		       option, typed);
}

/* What comes, until an interrupt ends the process or standard output is closed. */
static err
follow(struct admin *admin, struct admin_audit *query, struct request *r)
{
	for (int64_t last = query->after;;) {
		int64_t newest = 0;
		nanosleep(&(struct timespec){ .tv_nsec = FOLLOW_MS * 1000000L }, NULL);
		query->after = last > LOOK_BACK ? last - LOOK_BACK : 0;
		TRY(admin_audit_read(admin->thread, query, &admin->why, tell, r, &newest));
		last = newest > last ? newest : last;
	}
}

static err
audit(const struct config *config, struct admin *admin, struct request *r)
{
	struct admin_audit query = { .account = r->user, .event = r->event };
	int64_t now_us = 0;

	TRY(clock_now_us(&now_us));
	TRY(bound("--since", r->since, now_us, &admin->why, &query.from_us));
	TRY(bound("--until", r->until, now_us, &admin->why, &query.until_us));
	TRY(admin_open(config, admin));
	TRY(admin_audit_read(admin->thread, &query, &admin->why, tell, r, &query.after));
	return r->follow ? follow(admin, &query, r) : ERR_OK;
}

static int
audit_and_tell(struct cli *cli, struct request *r)
{
	CLEANUP(admin_close) struct admin admin = { .why = { "" } };
	err e = audit(&cli->config, &admin, r);

	buf_wipe(&r->out);
	if (e == ERR_IO && admin.why.text[0] == '\0') /* standard output is closed: it was said */
		return CLI_FAILED;
	return e == ERR_OK ? CLI_DONE : cli_fail(e, &admin.why);
}

int
cli_audit(struct cli *cli, int argc, char **argv)
{
	struct request r = { .out = BUF(16 * 1024) };
	const struct cli_option options[] = {
		{ .name = "user", .value = &r.user },    { .name = "event", .value = &r.event },
		{ .name = "since", .value = &r.since },  { .name = "until", .value = &r.until },
		{ .name = "follow", .flag = &r.follow }, { .name = "json", .flag = &r.json },
	};
	int status = cli_options(argc, argv, audit_help, options, COUNT(options), 0);

	if (status == CLI_GO_ON)
		status = cli_config(cli);
	return status == CLI_GO_ON ? audit_and_tell(cli, &r) : status;
}
