/*
 * `doubletour user COMMAND`: accounts, by the administrator.
 */
#include "cli/admin.h"

#include "base/clock.h"
#include "cli/json.h"
#include "cli/timestamp.h"

#include <getopt.h>

static const char user_help[] =
    "Usage: doubletour user COMMAND [NAME] [OPTIONS]\n"
    "\n"
    "  add NAME             create an account and print a link for choosing a password\n"
    "  list                 list all accounts\n"
    "  show NAME            show one account\n"
    "  disable NAME         end its sessions and reject its sign-ins\n"
    "  enable NAME          allow its sign-ins again\n"
    "  unlock NAME          end a lockout and enable its disabled authenticators\n"
    "  reset-password NAME  end its sessions, remove its password, print a link for a new one\n"
    "  reset-2fa NAME       end its sessions, remove its authenticators, passkeys and recovery codes\n"
    "  sessions NAME        list its sessions\n"
    "  logout NAME          end its sessions\n"
    "  rename NAME NEW      change its user name and end its sessions\n"
    "  email NAME ADDRESS   set the e-mail address that applications receive\n"
    "  groups NAME LIST     set its groups, for access rules and applications\n"
    "  delete NAME --yes    delete the account; anonymised audit entries remain\n"
    "\n"
    "  --json               print JSON, one object per line\n"
    "  --help               show this help\n"
    "\n"
    "Run `doubletour user COMMAND --help` for more.  The audit trail records each change.  A running server applies "
    "it\n"
    "within 2 seconds.\n"
    "Exit status: 0 success, 1 failure, 2 wrong usage, 78 invalid configuration.\n";

#define JSON_OPTION "  --json               print JSON, one object per line\n"

static const struct cli_topic user_topics[] = {
	{ "add", "NAME [OPTIONS]",
	  "Create an account and print a link.  The link works once, within 24 hours.  The user opens it, chooses a\n"
	  "password and enrols an authenticator.\n",
	  "  --display-name TEXT  the name that pages and applications show\n"
	  "  --email ADDRESS      the e-mail address that applications receive\n"
	  "  --groups LIST        groups, separated by commas, for access rules and applications\n"
	  "  --name-again         accept a NAME that a closed or renamed account had\n" JSON_OPTION },
	{ "list", "[OPTIONS]", "List all accounts: user name, last sign-in, state.\n",
	  "  --disabled           only disabled accounts\n"
	  "  --without-2fa        only accounts without an authenticator or passkey\n"
	  "  --inactive SINCE     only accounts without a sign-in since this time: 2026-11-23,\n"
	  "                       2026-11-23T08:14:07Z, or 30d, 12h, 15m ago\n" JSON_OPTION },
	{ "show", "NAME",
	  "Show one account: names, groups, state, passkeys, and the numbers of authenticators, recovery codes and\n"
	  "sessions.\n",
	  JSON_OPTION },
	{ "disable", "NAME", "End the sessions of an account and reject its sign-ins until it is enabled.\n",
	  JSON_OPTION },
	{ "enable", "NAME", "Allow the sign-ins of a disabled account again.\n", JSON_OPTION },
	{ "unlock", "NAME", "End a lockout, and enable authenticators that were disabled after failed attempts.\n",
	  JSON_OPTION },
	{ "reset-password", "NAME",
	  "End the sessions of an account, remove its password, and print a link for choosing a new one.  The link "
	  "works\n"
	  "once, within 24 hours.  The second factor does not change.\n",
	  JSON_OPTION },
	{ "reset-2fa", "NAME",
	  "End the sessions of an account, and remove its authenticators, passkeys and recovery codes.  The user "
	  "enrols\n"
	  "a new authenticator or passkey at the next sign-in.\n",
	  JSON_OPTION },
	{ "sessions", "NAME", "List the sessions of an account: last seen, address, state, browser.\n", JSON_OPTION },
	{ "logout", "NAME", "End the sessions of an account.\n", JSON_OPTION },
	{ "rename", "NAME NEW", "Change the user name of an account and end its sessions.\n", JSON_OPTION },
	{ "email", "NAME ADDRESS", "Set the e-mail address that applications receive; '' removes it.\n", JSON_OPTION },
	{ "groups", "NAME LIST", "Set the groups of an account, separated by commas; '' removes all.\n", JSON_OPTION },
	{ "delete", "NAME --yes", "Delete an account.  Anonymised audit entries remain.\n",
	  "  --yes                confirm: this cannot be undone\n" JSON_OPTION },
	{ .name = NULL },
};

struct request {
	const struct config *config;
	struct admin *admin;
	str name, new_name;
	bool json, disabled, without_factor, yes, name_again;
	const char *display_name, *inactive, *email, *groups;
	struct buf out;
};

/* --- output ------------------------------------------------------------------------------------------------------- */

/* Print a sentence with the account's name, or with --json the account and one more member. */
#define say(r, format, member, value)                                                                                  \
	({                                                                                                             \
		if (!(r)->json)                                                                                        \
			cli_line(&(r)->out, format, STR_ARG((r)->name));                                               \
		user_say_end(r, member, value);                                                                        \
	})

static err
user_say_end(struct request *r, const char *member, bool value)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };

	if (!r->json)
		return buf_check(&r->out);
	cli_json_text(&line, "name", r->name);
	cli_json_bool(&line, member, value);
	return cli_json_put(&line, &r->out);
}

static err
user_say_link(struct request *r, const char *page, const char *sentence, const struct link_text *link)
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
	cli_say("%s", sentence);
	buf_put(&r->out, buf_str(&address));
	buf_put_byte(&r->out, '\n');
	return buf_check(&r->out);
}

static err
user_json_passkey(void *context, const struct admin_passkey *passkey)
{
	CLEANUP(cli_json_wipe) struct cli_json one = { 0 };

	cli_json_text(&one, "name", passkey->name);
	timestamp_put_json(&one, "created", passkey->added_us);
	timestamp_put_json(&one, "last_used", passkey->last_used_us);
	cli_json_bool(&one, "synced", passkey->synced);
	cli_json_bool(&one, "passwordless", passkey->alone);
	cli_json_bool(&one, "disabled", passkey->disabled);
	cli_json_text(&one, "rp_id", passkey->rp_id);
	cli_json_list_object(context, "passkeys", &one);
	return ERR_OK;
}

/* passkeys: list them too. */
static err
user_json(struct request *r, const struct admin_user *user, bool passkeys)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };

	cli_json_number(&line, "id", user->id);
	cli_json_text(&line, "name", user->name);
	cli_json_text(&line, "display_name", user->display_name);
	cli_json_text(&line, "email", user->email);
	cli_json_text(&line, "groups", user->groups);
	timestamp_put_json(&line, "created", user->created_us);
	timestamp_put_json(&line, "last_sign_in", user->last_sign_in_us);
	cli_json_bool(&line, "disabled", user->disabled);
	cli_json_bool(&line, "password", user->has_password);
	cli_json_number(&line, "authenticators", user->factors);
	cli_json_number(&line, "authenticators_disabled", user->factors_disabled);
	cli_json_number(&line, "recovery_codes", user->recovery_codes);
	cli_json_number(&line, "sessions", user->sessions);
	cli_json_number(&line, "failures", user->failures);
	timestamp_put_json(&line, "blocked_until", user->blocked_until_us);
	if (passkeys) {
		cli_json_list(&line, "passkeys");
		TRY(admin_passkeys(r->admin->thread, user->name, &r->admin->why, user_json_passkey, &line));
	}
	return cli_json_put(&line, &r->out);
}

/* Print the finished part of the output now, because a list may be long. */
static err
user_flush(struct request *r)
{
	TRY(buf_check(&r->out));
	if (cli_print(buf_str(&r->out)) != CLI_DONE)
		return ERR_IO;
	buf_clear(&r->out);
	return ERR_OK;
}

static const char *
user_state_of(const struct admin_user *user)
{
	if (user->disabled)
		return "disabled";
	if (!user->has_password)
		return "no password yet";
	return user->factors == 0 ? "no authenticator yet" : "active";
}

enum { NAME_COLUMNS = 42, TIMESTAMP_COLUMNS = 22, ADDRESS_COLUMNS = 41, STATE_COLUMNS = 15 };

static void
user_timestamp_column(struct buf *out, int64_t us)
{
	CLEANUP(buf_wipe) struct buf timestamp = BUF(64);

	timestamp_put(&timestamp, us);
	cli_column(out, buf_str(&timestamp), TIMESTAMP_COLUMNS);
}

static err
user_list_row(void *context, const struct admin_user *user)
{
	struct request *r = context;

	if (r->json) {
		TRY(user_json(r, user, false));
		return user_flush(r);
	}
	cli_column(&r->out, user->name, NAME_COLUMNS);
	user_timestamp_column(&r->out, user->last_sign_in_us);
	cli_line(&r->out, "%s", user_state_of(user));
	return user_flush(r);
}

static err
user_show_passkey(void *context, const struct admin_passkey *passkey)
{
	CLEANUP(buf_wipe) struct buf added = BUF(64), used = BUF(64);
	struct request *r = context;
	bool works = str_equal(passkey->rp_id, str_of(r->config->passkey_rp_id));

	timestamp_put(&added, passkey->added_us);
	timestamp_put(&used, passkey->last_used_us);
	cli_line(&r->out, "passkey          %.*s: added %.*s, last used %.*s, %s, %s, for %.*s%s%s",
		 STR_ARG(passkey->name.n > 0 ? passkey->name : STR("Passkey")), STR_ARG(buf_str(&added)),
		 STR_ARG(buf_str(&used)), passkey->synced ? "synced" : "on one device",
		 passkey->alone ? "opens alone" : "only with the password", STR_ARG(passkey->rp_id),
		 passkey->disabled ? ", disabled" : "", works ? "" : ", which is not the configured name");
	return buf_check(&r->out);
}

static err
user_show_row(void *context, const struct admin_user *user)
{
	struct request *r = context;

	if (r->json)
		return user_json(r, user, true);
	cli_line(&r->out, "name             %.*s", STR_ARG(user->name));
	cli_line(&r->out, "display name     %.*s", STR_ARG(user->display_name));
	cli_line(&r->out, "e-mail           %.*s", STR_ARG(user->email));
	cli_line(&r->out, "groups           %.*s", STR_ARG(user->groups));
	cli_line(&r->out, "id               %lld", (long long)user->id);
	buf_put(&r->out, STR("created          "));
	timestamp_put(&r->out, user->created_us);
	buf_put(&r->out, STR("\nlast sign-in     "));
	timestamp_put(&r->out, user->last_sign_in_us);
	buf_put_byte(&r->out, '\n');
	cli_line(&r->out, "state            %s", user_state_of(user));
	cli_line(&r->out, "authenticators   %lld (%lld disabled)", (long long)user->factors,
		 (long long)user->factors_disabled);
	TRY(admin_passkeys(r->admin->thread, user->name, &r->admin->why, user_show_passkey, r));
	cli_line(&r->out, "recovery codes   %lld", (long long)user->recovery_codes);
	cli_line(&r->out, "sessions         %lld", (long long)user->sessions);
	cli_line(&r->out, "failures         %lld", (long long)user->failures);
	return buf_check(&r->out);
}

static err
user_session_row(void *context, const struct admin_session *session)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };
	struct request *r = context;

	if (r->json) {
		cli_json_number(&line, "id", session->id);
		timestamp_put_json(&line, "created", session->created_us);
		timestamp_put_json(&line, "seen", session->seen_us);
		cli_json_text(&line, "address", session->address);
		cli_json_text(&line, "agent", session->agent);
		cli_json_bool(&line, "proved", session->verified);
		TRY(cli_json_put(&line, &r->out));
		return user_flush(r);
	}
	user_timestamp_column(&r->out, session->seen_us);
	cli_column(&r->out, session->address, ADDRESS_COLUMNS);
	cli_column(&r->out, session->verified ? STR("signed in") : STR("password only"), STATE_COLUMNS);
	cli_line(&r->out, "%.*s", STR_ARG(session->agent));
	return user_flush(r);
}

/* --- the commands ------------------------------------------------------------------------------------------------- */

/* Some applications and mail servers know users by their address only: they take the two accounts for one. */
static void
user_warn_of_shared_email(struct request *r, str email)
{
	struct account_name other = { .n = 0 };

	if (admin_email_other(r->admin->thread, r->name, email, &other) == ERR_OK && other.n > 0)
		cli_say("Warning: %.*s has the same e-mail address.  An application that identifies users by their "
			"address takes both accounts for one user.",
			STR_ARG(account_name_str(&other)));
}

static err
user_add(struct request *r)
{
	const struct admin_new facts = { str_of(r->display_name), str_of(r->email), str_of(r->groups), r->name_again };
	struct link_text link;

	TRY(admin_add(r->admin->thread, r->name, &facts, &r->admin->why, &link));
	user_warn_of_shared_email(r, facts.email);
	return user_say_link(r, "/set-password?link=", "Give this link to the user. It works once, within 24 hours.",
			     &link);
}

static err
user_list(struct request *r)
{
	struct admin_filter filter = { .disabled = r->disabled, .without_factor = r->without_factor };
	int64_t now_us = 0;

	TRY(clock_now_us(&now_us));
	if (r->inactive != NULL && timestamp_read(str_of(r->inactive), now_us, &filter.inactive_since) != ERR_OK)
		return why_set(&r->admin->why, ERR_INVALID,
			       "--inactive: %.40s is not a time.  Write 2026-11-23, or 30d for 30 days ago.",
			       r->inactive);
	if (!r->json) {
		cli_column(&r->out, STR("NAME"), NAME_COLUMNS);
		cli_column(&r->out, STR("LAST SIGN-IN"), TIMESTAMP_COLUMNS);
		cli_line(&r->out, "STATE");
	}
	return admin_users(r->admin->thread, &filter, &r->admin->why, user_list_row, r);
}

/* Call `each` for the named account. */
static err
user_one_user(struct request *r, admin_each_user each)
{
	char name[256];
	struct admin_filter filter = { .account = name };

	(void)!str_copy_z(str_upto(r->name, sizeof(name) - 1), name, sizeof(name));
	return admin_users(r->admin->thread, &filter, &r->admin->why, each, r);
}

static err
user_show(struct request *r)
{
	return user_one_user(r, user_show_row);
}

static err
user_disable(struct request *r)
{
	bool changed = false;

	TRY(admin_disable(r->admin->thread, r->name, &r->admin->why, &changed));
	return say(r, changed ? "Disabled %.*s." : "%.*s is already disabled.", "changed", changed);
}

static err
user_enable(struct request *r)
{
	bool changed = false;

	TRY(admin_enable(r->admin->thread, r->name, &r->admin->why, &changed));
	return say(r, changed ? "Enabled %.*s." : "%.*s is already enabled.", "changed", changed);
}

static err
user_unlock(struct request *r)
{
	TRY(admin_unlock(r->admin->thread, r->name, &r->admin->why));
	return say(r, "Unlocked %.*s.", "unlocked", true);
}

static err
user_warn_if_disabled(void *context, const struct admin_user *user)
{
	const struct request *r = context;

	if (user->disabled)
		cli_say("Warning: this account is disabled.  The link works after `doubletour user enable %.*s`.",
			STR_ARG(r->name));
	return ERR_OK;
}

static err
user_reset_password(struct request *r)
{
	struct link_text link;

	TRY(admin_reset_password(r->admin->thread, r->name, &r->admin->why, &link));
	TRY(user_one_user(r, user_warn_if_disabled));
	return user_say_link(
	    r, "/set-password?link=",
	    "The old password no longer works. Give this link to the user: it sets a new one, once, within 24 hours.",
	    &link);
}

static err
user_reset_2fa(struct request *r)
{
	TRY(admin_reset_factors(r->admin->thread, r->name, &r->admin->why));
	return say(
	    r,
	    "Removed the authenticators, passkeys and recovery codes of %.*s, who must enrol a new one at the next "
	    "sign-in.",
	    "reset", true);
}

static err
user_sessions(struct request *r)
{
	if (!r->json) {
		cli_column(&r->out, STR("LAST SEEN"), TIMESTAMP_COLUMNS);
		cli_column(&r->out, STR("ADDRESS"), ADDRESS_COLUMNS);
		cli_column(&r->out, STR("STATE"), STATE_COLUMNS);
		cli_line(&r->out, "BROWSER");
	}
	return admin_sessions(r->admin->thread, r->name, &r->admin->why, user_session_row, r);
}

static err
user_logout(struct request *r)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };
	int64_t ended = 0;

	TRY(admin_sign_out(r->admin->thread, r->name, &r->admin->why, &ended));
	if (!r->json) {
		cli_line(&r->out, "Ended %lld session%s of %.*s.", (long long)ended, ended == 1 ? "" : "s",
			 STR_ARG(r->name));
		return buf_check(&r->out);
	}
	cli_json_text(&line, "name", r->name);
	cli_json_number(&line, "ended", ended);
	return cli_json_put(&line, &r->out);
}

static err
user_rename(struct request *r)
{
	struct account_name name = { .n = 0 };

	TRY(admin_rename(r->admin->thread, r->name, r->new_name, &r->admin->why));
	if (!r->json && account_name_fold(r->new_name, &name) == PROBLEM_NONE) /* the stored form */
		cli_line(&r->out, "Renamed %.*s to %.*s.", STR_ARG(r->name), STR_ARG(account_name_str(&name)));
	return user_say_end(r, "renamed", true);
}

static err
user_email(struct request *r)
{
	TRY(admin_set_email(r->admin->thread, r->name, r->new_name, &r->admin->why));
	user_warn_of_shared_email(r, r->new_name);
	if (!r->json && r->new_name.n > 0)
		cli_line(&r->out, "%.*s has the e-mail address %.*s.", STR_ARG(r->name), STR_ARG(r->new_name));
	else if (!r->json)
		cli_line(&r->out, "%.*s has no e-mail address.", STR_ARG(r->name));
	return user_say_end(r, "changed", true);
}

/* Print the groups as they are stored: sorted, each once. */
static err
user_groups_row(void *context, const struct admin_user *user)
{
	CLEANUP(buf_wipe) struct buf names = BUF(4096);
	struct request *r = context;
	str rest = user->groups;
	int64_t n = 0;

	while (rest.n > 0) {
		buf_put(&names, n++ == 0 ? STR("") : STR(", "));
		buf_put(&names, str_cut(&rest, ','));
	}
	TRY(buf_check(&names));
	if (n == 0)
		cli_line(&r->out, "%.*s is in no group.", STR_ARG(user->name));
	else
		cli_line(&r->out, "%.*s is in %lld group%s: %.*s.", STR_ARG(user->name), (long long)n,
			 n == 1 ? "" : "s", STR_ARG(buf_str(&names)));
	return buf_check(&r->out);
}

static err
user_groups(struct request *r)
{
	TRY(admin_set_groups(r->admin->thread, r->name, r->new_name, &r->admin->why));
	return r->json ? user_say_end(r, "changed", true) : user_one_user(r, user_groups_row);
}

static err
user_delete(struct request *r)
{
	if (!r->yes)
		return why_set(&r->admin->why, ERR_INVALID,
			       "Nothing was deleted.  Deleting cannot be undone: add --yes to confirm.");
	TRY(admin_delete(r->admin->thread, r->name, &r->admin->why));
	return say(r, "Deleted %.*s.", "deleted", true);
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
user_find(const char *word)
{
	for (size_t i = 0; i < COUNT(user_commands); i++)
		if (str_equal(str_of(word), str_of(user_commands[i].name)))
			return &user_commands[i];
	return NULL;
}

static void
user_request_wipe(struct request *r)
{
	buf_wipe(&r->out);
	admin_close(r->admin);
}

static int
user_run(struct cli *cli, const struct user_command *command, struct request *typed)
{
	struct admin admin = { .why = { "" } };
	CLEANUP(user_request_wipe) struct request r = *typed;
	err e;

	r.config = &cli->config;
	r.admin = &admin;
	e = admin_open(&cli->config, &admin);
	if (e == ERR_OK)
		e = command->run(&r);
	if (e == ERR_IO && admin.why.text[0] == '\0') /* standard output is closed: already reported */
		return CLI_FAILED;
	return e == ERR_OK ? cli_print(buf_str(&r.out)) : cli_fail(e, &admin.why);
}

/* Read the command and its arguments: the words after the options. */
static int
user_command_read(int n, char **words, struct request *r, const struct user_command **ret_command)
{
	static const char *const takes[] = { "no name", "one name", "a name and a value" };
	const struct user_command *command = n > 0 ? user_find(words[0]) : NULL;

	if (n == 0)
		return cli_print_usage(user_help);
	if (command == NULL)
		return cli_topic_unknown(words[0], user_topics, "doubletour user");
	if (n - 1 != command->arguments) {
		cli_say("doubletour user %s takes %s.  See `doubletour user %s --help`.", command->name,
			takes[command->arguments], command->name);
		return CLI_USAGE;
	}
	r->name = str_of(n > 1 ? words[1] : "");
	r->new_name = str_of(n > 2 ? words[2] : "");
	*ret_command = command;
	return CLI_GO_ON;
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
		{ .name = "name-again", .flag = &r.name_again },
	};
	const struct user_command *command = NULL;
	struct cli_help room;
	int status;

	if (cli_topic_missing(argc, argv, user_topics))
		return cli_topic_unknown(argv[1], user_topics, argv[0]);
	status = cli_options(argc, argv, cli_topic_help(argc, argv, user_topics, user_help, &room), options,
			     COUNT(options), 3);
	if (status != CLI_GO_ON)
		return status;
	status = user_command_read(argc - optind, argv + optind, &r, &command);
	if (status == CLI_GO_ON)
		status = cli_config(cli);
	return status == CLI_GO_ON && command != NULL ? user_run(cli, command, &r) : status;
}
