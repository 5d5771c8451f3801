/*
 * `doubletour audit`: the audit trail.
 */
#include "cli/admin.h"

#include "base/clock.h"
#include "cli/json.h"
#include "cli/timestamp.h"
#include "ipc/audit_events.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static const char audit_help[] =
    "Usage: doubletour audit [OPTIONS]\n"
    "\n"
    "Print the audit trail, oldest first: time, outcome, event and reason, account, actor, address, application.\n"
    "\n"
    "  --user NAME      only events of this account\n"
    "  --account ID     the same by account id; also for deleted accounts\n"
    "  --event PREFIX   only events whose name begins with PREFIX: signin, prove.refused, admin. ...\n"
    "  --since TIME     only events from this time on\n"
    "  --until TIME     only events before this time\n"
    "  --follow         continue to print new events, until interrupted\n"
    "  --json           print JSON, one object per line, for export\n"
    "  --help           show this help\n"
    "\n"
    "ACTOR is person (a user of the pages), system, or command:WHO.  WHO is the user that ran the command: SUDO_USER, "
    "or\n"
    "uid=NUMBER.  CLIENT is the client_id of the application that the event is about.\n"
    "TIME is, for example, 2026-11-23, 2026-11-23T08:14:07Z, or 30d, 12h, 15m ago.\n"
    "Exit status: 0 success, 1 failure, 2 wrong usage, 78 invalid configuration.\n";

/*
 * Two events that are written at the same time on PostgreSQL may become readable in another order than their numbers.
 * So each look reads this many numbers again, and prints the events that were not printed yet.
 */
enum { FOLLOW_MS = 500, LOOK_BACK = 4096 };

struct request {
	const char *user, *account, *event, *since, *until;
	bool follow, json;
	bool headed; /* the heading was printed */
	struct buf out;
	int64_t printed[LOOK_BACK]; /* each id at the index id modulo LOOK_BACK */
};

static bool
cli_audit_is_deleted(const struct admin_event *event)
{
	return event->account_id != 0 && event->name.n == 0;
}

static err
cli_audit_put_json(struct buf *out, const struct admin_event *event)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };

	cli_json_number(&line, "id", event->id);
	timestamp_put_json(&line, "at", event->at_us);
	cli_json_number(&line, "at_us", event->at_us);
	cli_json_text(&line, "event", event->event);
	cli_json_text(&line, "outcome", event->outcome);
	cli_json_text(&line, "reason", event->reason);
	if (event->account_id != 0)
		cli_json_number(&line, "account", event->account_id);
	else
		cli_json_null(&line, "account");
	cli_json_text(&line, "name", event->name);
	cli_json_bool(&line, "deleted", cli_audit_is_deleted(event));
	if (event->actor.n > 0)
		cli_json_text(&line, "actor", event->actor);
	else
		cli_json_null(&line, "actor");
	cli_json_text(&line, "client", event->client);
	cli_json_text(&line, "address", event->address);
	cli_json_text(&line, "agent", event->agent);
	cli_json_text(&line, "request", event->request_id);
	return cli_json_put(&line, out);
}

/* --- text --------------------------------------------------------------------------------------------------------- */

static str
cli_audit_text_or_dash(str text)
{
	return text.n > 0 ? text : STR("-");
}

static str
cli_audit_account_text(const struct admin_event *event, char *room, size_t size)
{
	if (event->account_id == 0)
		return STR("-");
	snprintf(room, size, "%" PRId64, event->account_id);
	return str_of(room);
}

static void
cli_audit_put_columns(struct buf *out, const str columns[8])
{
	static const size_t widths[] = { 9, 22, 18, 20, 24, 18, 18 };

	buf_put(out, STR("  "));
	for (size_t i = 0; i < COUNT(widths); i++)
		cli_column(out, columns[i], widths[i]);
	cli_line(out, "%.*s", STR_ARG(columns[COUNT(widths)]));
}

static err
cli_audit_put_heading(struct buf *out)
{
	const str columns[] = { STR("OUTCOME"), STR("EVENT"), STR("REASON"),  STR("ACCOUNT"),
				STR("NAME"),    STR("ACTOR"), STR("ADDRESS"), STR("CLIENT") };

	buf_put(out, STR("TIME                "));
	cli_audit_put_columns(out, columns);
	return buf_check(out);
}

static err
cli_audit_put_line(struct buf *out, const struct admin_event *event)
{
	char account[24];
	const str columns[] = { event->outcome,
				event->event,
				event->reason,
				cli_audit_account_text(event, account, sizeof(account)),
				cli_audit_is_deleted(event) ? STR("(deleted)") : cli_audit_text_or_dash(event->name),
				cli_audit_text_or_dash(event->actor),
				cli_audit_text_or_dash(event->address),
				cli_audit_text_or_dash(event->client) };

	timestamp_put(out, event->at_us);
	cli_audit_put_columns(out, columns);
	return buf_check(out);
}

static err
cli_audit_print(void *context, const struct admin_event *event)
{
	struct request *r = context;
	int64_t *printed = &r->printed[event->id % LOOK_BACK];

	if (*printed == event->id)
		return ERR_OK;
	*printed = event->id;
	buf_clear(&r->out);
	if (!r->json && !r->headed)
		TRY(cli_audit_put_heading(&r->out));
	r->headed = true;
	TRY(r->json ? cli_audit_put_json(&r->out, event) : cli_audit_put_line(&r->out, event));
	return cli_print(buf_str(&r->out)) == CLI_DONE ? ERR_OK : ERR_IO;
}

static err
cli_audit_bound(const char *option, const char *typed, int64_t now_us, struct why *why, int64_t *ret_us)
{
	if (typed == NULL || timestamp_read(str_of(typed), now_us, ret_us) == ERR_OK)
		return ERR_OK;
	return why_set(why, ERR_INVALID,
		       "%s: %.40s is not a time.  Write 2026-11-23, 2026-11-23T08:14:07Z, or 30d for 30 days ago.",
		       option, typed);
}

/* Print new events until an interrupt ends the process or standard output is closed. */
static err
cli_audit_follow(struct admin *admin, struct admin_audit *query, struct request *r)
{
	for (int64_t last = query->after;;) {
		int64_t newest = 0;
		nanosleep(&(struct timespec){ .tv_nsec = FOLLOW_MS * 1000000L }, NULL);
		query->after = last > LOOK_BACK ? last - LOOK_BACK : 0;
		TRY(admin_audit_read(admin->thread, query, &admin->why, cli_audit_print, r, &newest));
		last = newest > last ? newest : last;
	}
}

/* An empty list has a heading too. */
static err
cli_audit_print_heading(struct request *r)
{
	if (r->json || r->headed)
		return ERR_OK;
	r->headed = true;
	buf_clear(&r->out);
	TRY(cli_audit_put_heading(&r->out));
	return cli_print(buf_str(&r->out)) == CLI_DONE ? ERR_OK : ERR_IO;
}

/* --- the events --------------------------------------------------------------------------------------------------- */

/* The words that --event may name: "signin.refused", and once the part before the dot, "signin". */
struct known_events {
	const char *names[2 * AUDIT_COUNT];
	char groups[AUDIT_COUNT][24];
	size_t n, groups_n;
};

static void
cli_audit_add_group(struct known_events *known, str name)
{
	str group = str_cut(&name, '.');

	for (size_t i = 0; i < known->groups_n; i++)
		if (str_equal(group, str_of(known->groups[i])))
			return;
	if (str_copy_z(group, known->groups[known->groups_n], sizeof(known->groups[0])) == ERR_OK)
		known->names[known->n++] = known->groups[known->groups_n++];
}

static void
cli_audit_list_events(struct known_events *known)
{
	*known = (struct known_events){ .n = 0 };
	for (enum audit_event event = AUDIT_UNKNOWN + 1; event < AUDIT_COUNT; event++) {
		known->names[known->n++] = audit_event_name(event);
		cli_audit_add_group(known, str_of(audit_event_name(event)));
	}
}

static int
cli_audit_refuse_event(const char *typed, const struct known_events *known)
{
	CLEANUP(buf_wipe) struct buf groups = BUF(1024);
	int status = cli_unknown("event", typed, known->names, "doubletour audit");

	for (size_t i = 0; i < known->groups_n; i++) {
		buf_put(&groups, i == 0 ? STR("") : STR(", "));
		buf_put(&groups, str_of(known->groups[i]));
	}
	cli_say("The names of events begin with: %.*s.", STR_ARG(buf_str(&groups)));
	return status;
}

/* A misspelt name would match nothing, which looks like an event that never happened. */
static int
cli_audit_event_check(const char *typed)
{
	struct known_events known;

	cli_audit_list_events(&known);
	for (size_t i = 0; typed != NULL && i < known.n; i++)
		if (str_starts(str_of(known.names[i]), str_of(typed)))
			return CLI_GO_ON;
	return typed == NULL ? CLI_GO_ON : cli_audit_refuse_event(typed, &known);
}

/* --- the command -------------------------------------------------------------------------------------------------- */

static err
cli_audit_account_read(const char *typed, struct why *why, int64_t *ret_id)
{
	uint64_t id = 0;

	if (typed == NULL)
		return ERR_OK;
	if (str_number(str_of(typed), INT64_MAX, &id) != ERR_OK || id == 0)
		return why_set(why, ERR_INVALID,
			       "--account: %.40s is not an account id.  Give the number that `doubletour audit` shows.",
			       typed);
	*ret_id = (int64_t)id;
	return ERR_OK;
}

static err
cli_audit_run(const struct config *config, struct admin *admin, struct request *r)
{
	struct admin_audit query = { .account = r->user, .event = r->event };
	int64_t now_us = 0;

	TRY(clock_now_us(&now_us));
	TRY(cli_audit_bound("--since", r->since, now_us, &admin->why, &query.from_us));
	TRY(cli_audit_bound("--until", r->until, now_us, &admin->why, &query.until_us));
	TRY(cli_audit_account_read(r->account, &admin->why, &query.account_id));
	TRY(admin_open(config, admin));
	TRY(admin_audit_read(admin->thread, &query, &admin->why, cli_audit_print, r, &query.after));
	TRY(cli_audit_print_heading(r));
	return r->follow ? cli_audit_follow(admin, &query, r) : ERR_OK;
}

static int
cli_audit_run_and_report(struct cli *cli, struct request *r)
{
	CLEANUP(admin_close) struct admin admin = { .why = { "" } };
	err e = cli_audit_run(&cli->config, &admin, r);

	buf_wipe(&r->out);
	if (e == ERR_IO && admin.why.text[0] == '\0') /* standard output is closed: already reported */
		return CLI_FAILED;
	return e == ERR_OK ? CLI_DONE : cli_fail(e, &admin.why);
}

int
cli_audit(struct cli *cli, int argc, char **argv)
{
	struct request r = { .out = BUF(16 * 1024) };
	const struct cli_option options[] = {
		{ .name = "user", .value = &r.user },   { .name = "account", .value = &r.account },
		{ .name = "event", .value = &r.event }, { .name = "since", .value = &r.since },
		{ .name = "until", .value = &r.until }, { .name = "follow", .flag = &r.follow },
		{ .name = "json", .flag = &r.json },
	};
	int status = cli_options(argc, argv, audit_help, options, COUNT(options), 0);

	if (status == CLI_GO_ON)
		status = cli_audit_event_check(r.event);
	if (status == CLI_GO_ON)
		status = cli_config(cli);
	return status == CLI_GO_ON ? cli_audit_run_and_report(cli, &r) : status;
}
