/*
 * `doubletour user COMMAND`: accounts, by the administrator.
 */
#include "cli/admin.h"

#include "base/clock.h"
#include "cli/json.h"
#include "cli/moment.h"

#include <getopt.h>
#include <stdio.h>

static const char user_help[] =
    "Use: doubletour user COMMAND [NAME] [OPTIONS]\n"
    "\n"
    "  add NAME             make an account; prints a link, good for 24 hours and one use, by which the person chooses "
    "a\n"
    "                       password and enrols an authenticator    [--display-name TEXT] [--email ADDRESS] [--groups "
    "LIST]\n"
    "  list                 all accounts    [--disabled] [--without-2fa] [--inactive SINCE]\n"
    "  show NAME            one account\n"
    "  disable NAME         end its sessions and let nobody in\n"
    "  enable NAME          let it in again\n"
    "  unlock NAME          end waits after failures, put disabled authenticators in use again\n"
    "  reset-password NAME  end its sessions and its password; prints a link that sets a new one.  The second factor "
    "is\n"
    "                       asked for as ever\n"
    "  reset-2fa NAME       end its sessions, authenticators and recovery codes; the next sign-in enrols anew\n"
    "  sessions NAME        where it is signed in\n"
    "  logout NAME          end its sessions\n"
    "  rename NAME NEW      give it another user name; ends its sessions\n"
    "  email NAME ADDRESS   what applications are told; '' takes it away\n"
    "  groups NAME LIST     its groups, commas between them: for rules and applications; '' takes them away\n"
    "  delete NAME --yes    erase it, but for the bones of its audit trail\n"
    "\n"
    "  --json               print JSON, an object a line\n"
    "  --help               this text\n"
    "\n"
    "SINCE: 2026-11-23, 2026-11-23T08:14:07Z, or 30d, 12h, 15m before now.  Every act is in the audit trail.  A "
    "running server\n"
    "knows of it within 2 seconds.\n"
    "Exit status: 0 done, 1 could not, 2 wrong usage, 78 bad configuration.\n";

struct request {
	const struct config *config;
	struct admin *admin;
	str name, new_name;
	bool json, disabled, without_factor, yes;
	const char *display_name, *inactive, *email, *groups;
	struct buf out;
};

/* --- what is printed -------------------------------------------------------------------------------------------------- */

/* A sentence, or with --json the account and one more member. */
static err
say(struct request *r, const char *sentence, const char *member, bool value)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };

	if (!r->json) {
		buf_put(&r->out, r->name);
		buf_put(&r->out, str_of(sentence));
		return buf_check(&r->out);
	}
	cli_json_text(&line, "name", r->name);
	cli_json_bool(&line, member, value);
	return cli_json_put(&line, &r->out);
}

static err
say_link(struct request *r, const char *page, const char *sentence, const struct link_text *link)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };
	CLEANUP(buf_wipe) struct buf address = BUF(2048);

	admin_link_put(r->config, page, link, &address);
	TRY(buf_check(&address));
	if (r->json) {
		cli_json_text(&line, "name", r->name);
		cli_json_text(&line, "link", buf_str(&address));
		cli_json_number(&line, "hours", LINK_LIFE_US / MINUTES_US(60));
		return cli_json_put(&line, &r->out);
	}
	fputs(sentence, stderr);
	buf_put(&r->out, buf_str(&address));
	buf_put_byte(&r->out, '\n');
	return buf_check(&r->out);
}

static err
user_json(struct request *r, const struct admin_user *user)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };

	cli_json_number(&line, "id", user->id);
	cli_json_text(&line, "name", user->name);
	cli_json_text(&line, "display_name", user->display_name);
	cli_json_text(&line, "email", user->email);
	cli_json_text(&line, "groups", user->groups);
	moment_put_json(&line, "created", user->created_us);
	moment_put_json(&line, "last_sign_in", user->last_sign_in_us);
	cli_json_bool(&line, "disabled", user->disabled);
	cli_json_bool(&line, "password", user->has_password);
	cli_json_number(&line, "authenticators", user->factors);
	cli_json_number(&line, "authenticators_disabled", user->factors_disabled);
	cli_json_number(&line, "recovery_codes", user->recovery_codes);
	cli_json_number(&line, "sessions", user->sessions);
	cli_json_number(&line, "failures", user->failures);
	moment_put_json(&line, "blocked_until", user->blocked_until_us);
	return cli_json_put(&line, &r->out);
}

/* What fits is printed at once: a list may be long. */
static err
flush(struct request *r)
{
	TRY(buf_check(&r->out));
	if (cli_print(buf_str(&r->out)) != CLI_DONE)
		return ERR_IO;
	buf_clear(&r->out);
	return ERR_OK;
}

static const char *
state_of(const struct admin_user *user)
{
	if (user->disabled)
		return "disabled";
	if (!user->has_password)
		return "no password yet";
	return user->factors == 0 ? "no authenticator yet" : "well";
}

static err
list_row(void *context, const struct admin_user *user)
{
	struct request *r = context;

	if (r->json) {
		TRY(user_json(r, user));
		return flush(r);
	}
	buf_printf(&r->out, "%-40.*s  ", STR_ARG(user->name));
	moment_put(&r->out, user->last_sign_in_us);
	buf_printf(&r->out, "%*s  %s\n", user->last_sign_in_us == 0 ? 19 : 0, "", state_of(user));
	return flush(r);
}

static err
show_row(void *context, const struct admin_user *user)
{
	struct request *r = context;

	if (r->json)
		return user_json(r, user);
	buf_printf(&r->out, "name             %.*s\n", STR_ARG(user->name));
	buf_printf(&r->out, "display name     %.*s\n", STR_ARG(user->display_name));
	buf_printf(&r->out, "e-mail           %.*s\n", STR_ARG(user->email));
	buf_printf(&r->out, "groups           %.*s\n", STR_ARG(user->groups));
	buf_printf(&r->out, "id               %lld\n", (long long)user->id);
	buf_put(&r->out, STR("created          "));
	moment_put(&r->out, user->created_us);
	buf_put(&r->out, STR("\nlast sign-in     "));
	moment_put(&r->out, user->last_sign_in_us);
	buf_printf(&r->out, "\nstate            %s\n", state_of(user));
	buf_printf(&r->out, "authenticators   %lld, %lld of them disabled\n", (long long)user->factors,
		   (long long)user->factors_disabled);
	buf_printf(&r->out, "recovery codes   %lld\nsessions         %lld\nfailures         %lld\n",
		   (long long)user->recovery_codes, (long long)user->sessions, (long long)user->failures);
	return buf_check(&r->out);
}

static err
session_row(void *context, const struct admin_session *session)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };
	struct request *r = context;

	if (r->json) {
		cli_json_number(&line, "id", session->id);
		moment_put_json(&line, "created", session->created_us);
		moment_put_json(&line, "seen", session->seen_us);
		cli_json_text(&line, "address", session->address);
		cli_json_text(&line, "agent", session->agent);
		cli_json_bool(&line, "proved", session->proved);
		TRY(cli_json_put(&line, &r->out));
		return flush(r);
	}
	moment_put(&r->out, session->seen_us);
	buf_printf(&r->out, "  %-39.*s  %s  %.*s\n", STR_ARG(session->address),
		   session->proved ? "signed in" : "password  ", STR_ARG(session->agent));
	return flush(r);
}

/* --- the commands ----------------------------------------------------------------------------------------------------- */

static err
user_add(struct request *r)
{
	const struct admin_new facts = { str_of(r->display_name), str_of(r->email), str_of(r->groups) };
	struct link_text link;

	TRY(admin_add(r->admin->thread, r->name, &facts, &r->admin->why, &link));
	return say_link(r, "/set-password?link=", "Give this link to the person: it works once, within 24 hours.\n",
			&link);
}

static err
user_list(struct request *r)
{
	struct admin_filter filter = { .disabled = r->disabled, .without_factor = r->without_factor };
	int64_t now_us = 0;

	TRY(clock_now_us(&now_us));
	if (r->inactive != NULL && moment_read(str_of(r->inactive), now_us, &filter.inactive_since) != ERR_OK)
		return why_set(&r->admin->why, ERR_INVALID, "%.40s is no moment: 2026-11-23, or 30d before now.",
			       r->inactive);
	return admin_users(r->admin->thread, &filter, &r->admin->why, list_row, r);
}

static err
user_show(struct request *r)
{
	char name[256];
	struct admin_filter filter = { .account = name };

	(void)!str_copy_z(str_upto(r->name, sizeof(name) - 1), name, sizeof(name));
	return admin_users(r->admin->thread, &filter, &r->admin->why, show_row, r);
}

static err
user_disable(struct request *r)
{
	bool changed = false;

	TRY(admin_disable(r->admin->thread, r->name, &r->admin->why, &changed));
	return say(r, changed ? " is disabled.\n" : " was disabled already.\n", "changed", changed);
}

static err
user_enable(struct request *r)
{
	bool changed = false;

	TRY(admin_enable(r->admin->thread, r->name, &r->admin->why, &changed));
	return say(r, changed ? " is enabled.\n" : " was enabled already.\n", "changed", changed);
}

static err
user_unlock(struct request *r)
{
	TRY(admin_unlock(r->admin->thread, r->name, &r->admin->why));
	return say(r, " may try again.\n", "unlocked", true);
}

static err
user_reset_password(struct request *r)
{
	struct link_text link;

	TRY(admin_reset_password(r->admin->thread, r->name, &r->admin->why, &link));
	return say_link(
	    r, "/set-password?link=",
	    "The password is dead.  Give this link to the person: it sets a new one, once, within 24 hours.\n", &link);
}

static err
user_reset_2fa(struct request *r)
{
	TRY(admin_reset_factors(r->admin->thread, r->name, &r->admin->why));
	return say(r, " enrols anew at the next sign-in.\n", "reset", true);
}

static err
user_sessions(struct request *r)
{
	return admin_sessions(r->admin->thread, r->name, &r->admin->why, session_row, r);
}

static err
user_logout(struct request *r)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };
	int64_t ended = 0;

	TRY(admin_sign_out(r->admin->thread, r->name, &r->admin->why, &ended));
	if (!r->json) {
		buf_printf(&r->out, "%lld sessions ended.\n", (long long)ended);
		return buf_check(&r->out);
	}
	cli_json_text(&line, "name", r->name);
	cli_json_number(&line, "ended", ended);
	return cli_json_put(&line, &r->out);
}

static err
user_rename(struct request *r)
{
	TRY(admin_rename(r->admin->thread, r->name, r->new_name, &r->admin->why));
	return say(r, " has the new name.\n", "renamed", true);
}

static err
user_email(struct request *r)
{
	TRY(admin_set_email(r->admin->thread, r->name, r->new_name, &r->admin->why));
	return say(r, r->new_name.n > 0 ? " has the new e-mail address.\n" : " has no e-mail address.\n", "changed",
		   true);
}

static err
user_groups(struct request *r)
{
	TRY(admin_set_groups(r->admin->thread, r->name, r->new_name, &r->admin->why));
	return say(r, r->new_name.n > 0 ? " is in these groups.\n" : " is in no group.\n", "changed", true);
}

static err
user_delete(struct request *r)
{
	if (!r->yes)
		return why_set(&r->admin->why, ERR_INVALID, "This cannot be taken back.  With --yes it is done.");
	TRY(admin_delete(r->admin->thread, r->name, &r->admin->why));
	return say(r, " is no more.\n", "deleted", true);
}

static const struct user_command {
	const char *name;
	int arguments;
	err (*run)(struct request *r);
} user_commands[] = {
	{ "add", 1, user_add },
	{ "list", 0, user_list },
	{ "show", 1, user_show },
	{ "disable", 1, user_disable },
	{ "enable", 1, user_enable },
	{ "unlock", 1, user_unlock },
	{ "reset-password", 1, user_reset_password },
	{ "reset-2fa", 1, user_reset_2fa },
	{ "sessions", 1, user_sessions },
	{ "logout", 1, user_logout },
	{ "rename", 2, user_rename },
	{ "email", 2, user_email },
	{ "groups", 2, user_groups },
	{ "delete", 1, user_delete },
};

static const struct user_command *
find(const char *word)
{
	for (size_t i = 0; i < COUNT(user_commands); i++)
		if (str_equal(str_of(word), str_of(user_commands[i].name)))
			return &user_commands[i];
	return NULL;
}

static int
unknown(const char *word)
{
	const char *words[COUNT(user_commands) + 1] = { NULL };

	for (size_t i = 0; i < COUNT(user_commands); i++)
		words[i] = user_commands[i].name;
	return cli_unknown("command of user", word, words, "doubletour user");
}

static void
request_wipe(struct request *r)
{
	buf_wipe(&r->out);
	admin_close(r->admin);
}

static int
run(struct cli *cli, const struct user_command *command, struct request *typed)
{
	struct admin admin = { .why = { "" } };
	CLEANUP(request_wipe) struct request r = *typed;
	err e;

	r.config = &cli->config;
	r.admin = &admin;
	e = admin_open(&cli->config, &admin);
	if (e == ERR_OK)
		e = command->run(&r);
	if (e == ERR_IO && admin.why.text[0] == '\0') /* standard output is closed: it was said */
		return CLI_FAILED;
	return e == ERR_OK ? cli_print(buf_str(&r.out)) : cli_fail(e, &admin.why);
}

int
cli_user(struct cli *cli, int argc, char **argv)
{
	struct request r = { .out = BUF(64 * 1024) };
	const struct cli_option options[] = {
		{ .name = "json", .flag = &r.json },
		{ .name = "disabled", .flag = &r.disabled },
		{ .name = "without-2fa", .flag = &r.without_factor },
		{ .name = "inactive", .value = &r.inactive },
		{ .name = "display-name", .value = &r.display_name },
		{ .name = "email", .value = &r.email },
		{ .name = "groups", .value = &r.groups },
		{ .name = "yes", .flag = &r.yes },
	};
	const struct user_command *command;
	int status = cli_options(argc, argv, user_help, options, COUNT(options), 3);

	if (status != CLI_GO_ON)
		return status;
	if (optind == argc) {
		fputs(user_help, stderr);
		return CLI_USAGE;
	}
	command = find(argv[optind]);
	if (command == NULL)
		return unknown(argv[optind]);
	if (argc - optind - 1 != command->arguments) {
		fprintf(stderr, "doubletour user %s takes %s.  `doubletour user --help` says more.\n", command->name,
			command->arguments == 0   ? "no name"
			: command->arguments == 1 ? "one name"
						  : "a name and what it shall be");
		return CLI_USAGE;
	}
	r.name = str_of(command->arguments > 0 ? argv[optind + 1] : "");
	r.new_name = str_of(command->arguments > 1 ? argv[optind + 2] : "");
	status = cli_config(cli);
	return status == CLI_GO_ON ? run(cli, command, &r) : status;
}
