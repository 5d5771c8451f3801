/*
 * `doubletour gate check URL`: prints which rule decides about a URL, and why.  The decision is the server's: the same
 * function makes it.
 */
#include "cli/access_text.h"
#include "cli/admin.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/network.h"
#include "cli/json.h"
#include "access/access_file.h"
#include "access/applications.h"

#include <getopt.h>

static const char gate_help[] =
    "Usage: doubletour gate check URL [--user NAME [--passkey]] [--method METHOD] [--address ADDRESS] [--json]\n"
    "\n"
    "Print which rule in ACCESS_RULES applies to a URL of a protected application, and the decision.  Without --user, "
    "the\n"
    "visitor is not signed in.  With --user, that account has just signed in with its password and a code.  The output "
    "also\n"
    "lists the applications of the file: those on this account's home page, and the reason why the others are hidden.\n"
    "\n"
    "  --user NAME        the account of the visitor; rules see its groups\n"
    "  --passkey          that account has signed in with a passkey, not with a code\n"
    "  --method METHOD    the HTTP method; GET by default\n"
    "  --address ADDRESS  the browser's IP address, for rules with networks\n"
    "  --json             print one JSON object\n"
    "  --help             show this help\n"
    "\n"
    "Exit status: 0 the request passes, 1 it does not, or failure, 2 wrong usage, 78 invalid configuration.\n";

/* The list of applications is the largest part: each has a name, an address and a reason. */
enum { OUT_MAX = 16 * 1024 + APPLICATIONS_MAX * (APPLICATION_ADDRESS_MAX + 4 * APPLICATION_NAME_MAX + 128) };

struct request {
	const struct config *config;
	const char *user, *method, *address;
	bool json, passkey;
	str url;
	struct arena arena;
	struct access_rules rules;
	struct access_visitor visitor;
	int64_t now_us;
	struct buf out;
	struct why why;
};

static void
cli_gate_request_end(struct request *r)
{
	access_rules_wipe(&r->rules);
	arena_wipe(&r->arena);
	buf_wipe(&r->out);
}

static err
cli_gate_user_row(void *context, const struct admin_user *user)
{
	struct request *r = context;

	TRY(arena_copy(&r->arena, user->name, &r->visitor.name));
	TRY(arena_copy(&r->arena, user->groups, &r->visitor.groups));
	r->visitor.level = user->disabled ? ACCESS_NOBODY : ACCESS_FULL;
	TRY(clock_now_us(&r->visitor.verified_us));
	r->visitor.phishing_resistant_us = r->passkey ? r->visitor.verified_us : 0;
	return ERR_OK;
}

static err
cli_gate_visitor_read(struct request *r)
{
	const struct admin_filter filter = { .account = r->user };
	struct admin admin = { .why = { "" } };
	err e;

	if (r->user == NULL)
		return ERR_OK;
	e = admin_open(r->config, &admin);
	if (e == ERR_OK)
		e = admin_users(admin.thread, &filter, &admin.why, cli_gate_user_row, r);
	r->why = admin.why;
	admin_close(&admin);
	return e;
}

static bool
cli_gate_is_protected(const struct config *config, str host)
{
	for (size_t i = 0; i < config->gate_domains_count; i++)
		if (target_under(host, str_of(config->gate_domains[i].z)))
			return true;
	return false;
}

static err
cli_gate_target_take(struct request *r, struct target *target)
{
	err e = target_read(r->url, &r->arena, target);

	if (e == ERR_INVALID || e == ERR_TOO_LONG)
		return why_set(&r->why, ERR_INVALID,
			       "%s is not the URL of a protected application.  Write it as https://host/path.",
			       cli_url_of(r->url.p).z);
	TRY(e);
	if (!cli_gate_is_protected(r->config, target->host))
		return why_set(&r->why, ERR_NOT_FOUND, "%.*s is not in GATE_DOMAINS: the gate answers 400.",
			       STR_ARG(target->host));
	if (!target_method_good(str_of(r->method)))
		return why_set(&r->why, ERR_INVALID, "--method must be GET, POST or another method, not \"%.40s\".",
			       r->method);
	if (r->address[0] != '\0' && network_of(str_of(r->address)).n == 0)
		return why_set(&r->why, ERR_INVALID, "--address must be an IPv4 or IPv6 address, not \"%.60s\".",
			       r->address);
	return ERR_OK;
}

static err
cli_gate_rules_take(struct request *r)
{
	str text = { 0 };

	TRY(digest_setup()); /* icons are named by their digest */
	return access_load(r->config, &r->arena, &text, &r->rules, &r->why);
}

static void
cli_gate_put_rule(struct request *r, const struct access_rule *rule)
{
	if (r->rules.implied)
		buf_put(&r->out, STR("ACCESS_RULES is not set: every protected domain requires both factors.\n"));
	else if (rule != NULL)
		access_text_put_rule(&r->out, r->config->access_rules, rule);
}

/* --- applications of the file ------------------------------------------------------------------------------------- */

static bool
cli_gate_application_is_visible(const struct request *r, const struct application *application)
{
	return application_is_visible(&r->rules, application, &r->visitor, str_of(r->address), r->now_us);
}

/* Why this account does not see the application.  access_decide refused it, if its groups do not hide it. */
static void
cli_gate_put_hidden(struct request *r, const struct application *a)
{
	const struct access_request request = { &a->target, STR("GET"), str_of(r->address) };
	const struct access_rule *rule;

	if (a->groups.n > 0 && !access_groups_have_one(r->visitor.groups, &a->groups)) {
		cli_line(&r->out, "hidden   %.*s  %.*s  (line %u: not a member of its groups)", STR_ARG(a->name),
			 STR_ARG(a->address), a->line);
		return;
	}
	rule = access_decide(&r->rules, &request, &r->visitor, r->now_us).rule;
	cli_line(&r->out, "hidden   %.*s  %.*s  (line %u: the gate refuses it)", STR_ARG(a->name), STR_ARG(a->address),
		 rule == NULL ? a->line : rule->line);
}

static void
cli_gate_put_applications(struct request *r)
{
	if (r->rules.applications_n == 0)
		return;
	if (r->visitor.level == ACCESS_NOBODY) {
		cli_line(&r->out, "Applications are listed after the sign-in only.");
		return;
	}
	cli_line(&r->out, "Applications on the home page of %.*s:", STR_ARG(r->visitor.name));
	for (size_t i = 0; i < r->rules.applications_n; i++) {
		const struct application *a = &r->rules.applications[i];
		if (cli_gate_application_is_visible(r, a))
			cli_line(&r->out, "visible  %.*s  %.*s", STR_ARG(a->name), STR_ARG(a->address));
		else
			cli_gate_put_hidden(r, a);
	}
}

/* The addresses: names need not be unique. */
static void
cli_gate_list_applications(const struct request *r, struct cli_json *line)
{
	cli_json_list(line, "visible_applications");
	cli_json_list(line, "hidden_applications");
	for (size_t i = 0; i < r->rules.applications_n; i++) {
		const struct application *a = &r->rules.applications[i];
		bool visible = r->visitor.level != ACCESS_NOBODY && cli_gate_application_is_visible(r, a);
		cli_json_list_text(line, visible ? "visible_applications" : "hidden_applications", a->address);
	}
}

/* --- the decision ------------------------------------------------------------------------------------------------- */

static void
cli_gate_put_visitor(struct request *r, const struct access_decision *d)
{
	if (r->visitor.level == ACCESS_NOBODY)
		cli_line(&r->out, "A visitor who is not signed in %s.", access_text_outcome(d));
	else if (r->visitor.groups.n > 0)
		cli_line(&r->out, "%.*s (%.*s) %s.", STR_ARG(r->visitor.name), STR_ARG(r->visitor.groups),
			 access_text_outcome(d));
	else
		cli_line(&r->out, "%.*s %s.", STR_ARG(r->visitor.name), access_text_outcome(d));
}

static err
cli_gate_put_words(struct request *r, const struct target *target, const struct access_decision *d)
{
	if (target->unclear && !target->dots)
		cli_line(&r->out, "Programs read this path in different ways. The strictest rule that one of them "
				  "could meet decides.");
	cli_gate_put_rule(r, d->rule);
	cli_gate_put_visitor(r, d);
	cli_gate_put_applications(r);
	return buf_check(&r->out);
}

static err
cli_gate_put_object(struct request *r, const struct target *target, const struct access_decision *d)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };

	cli_json_text(&line, "url", r->url);
	cli_json_text(&line, "outcome", str_of(access_text_word(d)));
	cli_json_text(&line, "why", str_of(access_text_outcome(d)));
	cli_json_number(&line, "line", d->rule == NULL ? 0 : d->rule->line);
	cli_json_text(&line, "policy", str_of(d->rule == NULL ? "" : access_policy_name(d->rule->policy)));
	cli_json_bool(&line, "passkey", d->rule != NULL && d->rule->phishing_resistant);
	cli_json_bool(&line, "ambiguous", target->unclear);
	cli_gate_list_applications(r, &line);
	return cli_json_put(&line, &r->out);
}

static err
cli_gate_run_check(struct request *r, enum access_outcome *ret_outcome)
{
	struct access_decision decision;
	struct target target;

	TRY(cli_gate_target_take(r, &target));
	TRY(cli_gate_rules_take(r));
	TRY(cli_gate_visitor_read(r));
	TRY(clock_now_us(&r->now_us));
	const struct access_request request = { &target, str_of(r->method), str_of(r->address) };
	decision = access_decide(&r->rules, &request, &r->visitor, r->now_us);
	*ret_outcome = decision.outcome;
	return r->json ? cli_gate_put_object(r, &target, &decision) : cli_gate_put_words(r, &target, &decision);
}

static int
cli_gate_run(struct cli *cli, struct request *typed)
{
	CLEANUP(cli_gate_request_end) struct request r = *typed;
	enum access_outcome outcome = ACCESS_REFUSED;
	int status;
	err e;

	r.config = &cli->config;
	e = cli_gate_run_check(&r, &outcome);
	if (e != ERR_OK)
		return cli_fail(e, &r.why);
	status = cli_print(buf_str(&r.out));
	return status != CLI_DONE || outcome == ACCESS_PASSES ? status : CLI_FAILED;
}

int
cli_gate(struct cli *cli, int argc, char **argv)
{
	struct request r = { .method = "GET", .address = "", .arena = ARENA(1024 * 1024), .out = BUF(OUT_MAX) };
	const struct cli_option options[] = {
		{ .name = "user", .value = &r.user },       { .name = "method", .value = &r.method },
		{ .name = "address", .value = &r.address }, { .name = "json", .flag = &r.json },
		{ .name = "passkey", .flag = &r.passkey },
	};
	static const char *const words[] = { "check", NULL };
	int status = cli_options(argc, argv, gate_help, options, COUNT(options), 2);

	if (status != CLI_GO_ON)
		return status;
	if (optind == argc)
		return cli_print_usage(gate_help);
	if (r.passkey && r.user == NULL) {
		cli_say("--passkey needs --user: it says how that account has signed in.");
		return CLI_USAGE;
	}
	if (!str_equal(str_of(argv[optind]), STR("check")))
		return cli_unknown("command of gate", argv[optind], words, "doubletour gate");
	if (argc - optind != 2) {
		cli_say("doubletour gate check takes one address.  See `doubletour gate --help`.");
		return CLI_USAGE;
	}
	r.url = str_of(argv[optind + 1]);
	status = cli_config(cli);
	return status == CLI_GO_ON ? cli_gate_run(cli, &r) : status;
}
