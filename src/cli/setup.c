/*
 * `doubletour setup`: from an installed program to the first administrator's link.
 *
 * The order: all answers are checked against the settings that they would make. Then the settings file is written, by
 * the user that runs the command. Then config_load makes a process of root the owner of DATA_DIR, and that user
 * creates the database, the key and the account. Running the command again repeats no step that has been done.
 */
#include "cli/setup.h"

#include "base/file.h"
#include "base/user.h"
#include "config/dotenv.h"
#include "config/dotenv_edit.h"
#include "config/load.h"
#include "config/settings.h"

#include <getopt.h>
#include <grp.h>
#include <pwd.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define SERVICE "doubletour" /* the user and the group of the service */

enum { PROXY_TEXT_MAX = 1024 * 1024 };

static const char setup_help[] =
    "Usage: doubletour setup [OPTIONS]\n"
    "\n"
    "Ask four questions, write the settings, create the database and the first administrator's account.  Print a\n"
    "proxy configuration, and a link with which the administrator chooses a password.\n"
    "\n"
    "  --public-url URL      the address that people type: https://login.example.org\n"
    "  --proxy NAME          the proxy on this machine: nginx, caddy, traefik, haproxy, envoy or none\n"
    "  --registration MODE   who may register: open, invite or closed\n"
    "  --admin NAME          the first administrator's user name\n"
    "  --yes                 ask nothing: take the options, the values of the settings file, or the defaults\n"
    "  --help                show this help\n"
    "\n"
    "An option replaces its question.  The answers are written into the settings file that other commands read, or\n"
    "into the file of --settings, which need not exist.  If there is no settings file, root creates\n"
    "/etc/doubletour/doubletour.env, and other users create .env in the current directory.  Other lines and comments\n"
    "of the file stay.\n"
    "\n"
    "Running the command again is safe: an existing database, key or account is kept.  Nothing is written before\n"
    "all answers are valid.\n"
    "\n"
    "  --demo                try it out: run the server, Caddy and a sample application on this machine, until Ctrl-C\n"
    "  --port PORT           with --demo: the first of three ports, from 1024 to 65533; default 8443\n"
    "\n"
    "The demo puts all its files into the folder doubletour-demo, and reads no other settings.  Run it again to "
    "continue.\n"
    "Exit status: 0 success, 1 failure, 2 wrong usage, 78 invalid configuration.\n";

static const struct {
	const char *option, *label; /* the beginning of a message, for an option and for a typed answer */
	const char *setting;        /* NULL: no setting stores the answer */
	const char *standard;
} setup_answers[SETUP_QUESTIONS] = {
	[SETUP_URL] = { "--public-url", "The public address", "PUBLIC_URL", "" },
	[SETUP_PROXY] = { "--proxy", "The proxy", NULL, "nginx" },
	[SETUP_REGISTRATION] = { "--registration", "Registration", "REGISTRATION", "invite" },
	[SETUP_ADMIN] = { "--admin", "The user name", NULL, "" },
};

struct setup {
	const char *path; /* of the settings file */
	bool exists, of_service, yes;
	const char *options[SETUP_QUESTIONS]; /* NULL: not given */
	char answers[SETUP_QUESTIONS][SETUP_ANSWER_MAX];
	struct buf old, text;        /* of the settings file: as it is, and as it will be */
	struct config config;        /* of `text` and the answers so far */
	struct buf proxy_text, link; /* what the command prints */
	struct why why;
};

static void
setup_wipe(struct setup *s)
{
	buf_wipe(&s->old);
	buf_wipe(&s->text);
	buf_wipe(&s->proxy_text);
	buf_wipe(&s->link);
	config_wipe(&s->config);
}

/* --- the settings file -------------------------------------------------------------------------------------------- */

static void
setup_find_file(struct setup *s)
{
	struct settings_file file = locate_settings();

	s->path = file.path;
	if (file.by == LOCATE_NONE)
		s->path = user_is_root() ? locate_system_file() : ".env";
	s->of_service = user_is_root() && str_equal(str_of(s->path), str_of(locate_system_file()));
}

/* A missing file has an empty text. config_load checks its owner. */
static err
setup_read_file(struct setup *s)
{
	err e = file_read(s->path, user_is_root() ? FILE_OF_ONE : FILE_TRUSTED, &s->old, &s->why);

	s->exists = e == ERR_OK;
	if (e == ERR_NOT_FOUND) {
		s->why = (struct why){ "" };
		return ERR_OK;
	}
	return e;
}

static err
setup_set(struct setup *s, const char *name, const char *value)
{
	CLEANUP(buf_wipe) struct buf text = BUF(DOTENV_MAX_BYTES);
	struct buf before = s->text;

	TRY(dotenv_edit_set(buf_str(&s->text), str_of(name), str_of(value), &text, &s->why));
	s->text = text;
	text = before;
	return ERR_OK;
}

/* The value in the file; "" if there is none. */
static err
setup_in_file(struct setup *s, const char *name, char ret_value[SETUP_ANSWER_MAX])
{
	CLEANUP(buf_wipe) struct buf value = BUF(SETUP_ANSWER_MAX - 1);
	bool found = false;

	TRY(dotenv_edit_get(buf_str(&s->old), str_of(name), &value, &found));
	return str_copy_z(buf_str(&value), ret_value, SETUP_ANSWER_MAX);
}

/* The value in the environment, else in the file; "" if there is none. */
static err
setup_present(struct setup *s, const char *name, char ret_value[SETUP_ANSWER_MAX])
{
	const char *variable = getenv(name);

	if (variable != NULL && variable[0] != '\0')
		return str_copy_z(str_of(variable), ret_value, SETUP_ANSWER_MAX);
	return setup_in_file(s, name, ret_value);
}

/*
 * The text that the answers change. It names the profile of this command, because the server and other commands may run
 * without this environment. Without any, a server is in production.
 */
static err
setup_begin_text(struct setup *s)
{
	char in_file[SETUP_ANSWER_MAX];
	const char *variable = getenv("APP_SETTINGS");

	buf_put(&s->text, buf_str(&s->old));
	TRY(buf_check(&s->text));
	TRY(setup_in_file(s, "APP_SETTINGS", in_file));
	if (in_file[0] != '\0')
		return ERR_OK;
	return setup_set(s, "APP_SETTINGS", variable != NULL && variable[0] != '\0' ? variable : "production");
}

/* --- checking answers --------------------------------------------------------------------------------------------- */

static const char *
setup_label(const struct setup *s, enum setup_question question)
{
	return s->options[question] != NULL || s->yes ? setup_answers[question].option : setup_answers[question].label;
}

/* Check the settings with these two answers. The file may have invalid values of both. */
static err
setup_check_settings(struct setup *s, const char *url, const char *registration)
{
	const struct config_option options[] = {
		{ "PUBLIC_URL", setup_label(s, SETUP_URL), url },
		{ "REGISTRATION", setup_label(s, SETUP_REGISTRATION), registration },
	};

	return config_check_text(s->path, buf_str(&s->text), options, COUNT(options), &s->config, &s->why);
}

/* Refuse a file that no answer makes valid, before the first question. */
static err
setup_check_file(struct setup *s)
{
	return setup_check_settings(s, "https://login.example.org", "invite");
}

static err
setup_check_environment(struct setup *s, enum setup_question question)
{
	const char *name = setup_answers[question].setting, *variable = getenv(name);

	if (variable == NULL || variable[0] == '\0' || str_equal(str_of(variable), str_of(s->answers[question])))
		return ERR_OK;
	return why_set(
	    &s->why, ERR_INVALID,
	    "%s is %.100s in the environment, which takes precedence over the file.  Give the same value, or "
	    "remove it from the environment.",
	    name, variable);
}

static err
setup_check_url(struct setup *s)
{
	TRY(setup_check_settings(s, s->answers[SETUP_URL], "invite"));
	return setup_check_environment(s, SETUP_URL);
}

static bool
setup_has_proxy(const struct setup *s)
{
	return !str_equal(str_of(s->answers[SETUP_PROXY]), STR("none"));
}

static err
setup_check_proxy(struct setup *s)
{
	err e;

	buf_clear(&s->proxy_text);
	if (!setup_has_proxy(s))
		return ERR_OK;
	if (!s->config.public_https)
		return why_set(&s->why, ERR_INVALID, "A proxy needs a public address with https.  For %s answer none.",
			       s->config.public_url);
	e = setup_proxy_put(&s->config, s->answers[SETUP_PROXY], &s->proxy_text, &s->why);
	if (e != ERR_NOT_FOUND)
		return e;
	return why_set(&s->why, ERR_INVALID, "%s must be nginx, caddy, traefik, haproxy, envoy or none.",
		       setup_label(s, SETUP_PROXY));
}

static err
setup_check_registration(struct setup *s)
{
	TRY(setup_check_settings(s, s->answers[SETUP_URL], s->answers[SETUP_REGISTRATION]));
	return setup_check_environment(s, SETUP_REGISTRATION);
}

static err
setup_check_admin(struct setup *s)
{
	return admin_name_check(str_of(s->answers[SETUP_ADMIN]), &s->why);
}

static err (*const setup_checks[SETUP_QUESTIONS])(struct setup *s) = {
	[SETUP_URL] = setup_check_url,
	[SETUP_PROXY] = setup_check_proxy,
	[SETUP_REGISTRATION] = setup_check_registration,
	[SETUP_ADMIN] = setup_check_admin,
};

/* --- the answers -------------------------------------------------------------------------------------------------- */

/* The answer to an empty line, and with --yes. The file does not store the proxy's name. */
static err
setup_default(struct setup *s, enum setup_question question, char ret_value[SETUP_ANSWER_MAX])
{
	ret_value[0] = '\0';
	if (setup_answers[question].setting != NULL)
		TRY(setup_present(s, setup_answers[question].setting, ret_value));
	if (question == SETUP_PROXY && !s->config.public_https)
		return str_copy_z(STR("none"), ret_value, SETUP_ANSWER_MAX);
	if (ret_value[0] == '\0')
		return str_copy_z(str_of(setup_answers[question].standard), ret_value, SETUP_ANSWER_MAX);
	return ERR_OK;
}

/* Ask until the answer is valid. */
static err
setup_ask_for(struct setup *s, enum setup_question question)
{
	char standard[SETUP_ANSWER_MAX];
	err e;

	TRY(setup_default(s, question, standard));
	for (;;) {
		s->why = (struct why){ "" };
		e = setup_ask(question, standard, s->answers[question]);
		if (e == ERR_NOT_FOUND)
			return why_set(&s->why, e, "The input ended before the last answer.  Nothing was changed.");
		if (e == ERR_OK)
			e = setup_checks[question](s);
		if (e == ERR_OK || e == ERR_MEMORY || e == ERR_IO)
			return e;
		cli_say("%s", s->why.text[0] == '\0' ? "The answer is too long." : s->why.text);
	}
}

/* Without questions: the option or the default. */
static err
setup_take(struct setup *s, enum setup_question question)
{
	char *answer = s->answers[question];

	if (s->options[question] == NULL)
		TRY(setup_default(s, question, answer));
	else if (str_copy_z(str_trim(str_of(s->options[question])), answer, SETUP_ANSWER_MAX) != ERR_OK)
		return why_set(&s->why, ERR_INVALID, "%s is too long.", setup_answers[question].option);
	if (answer[0] == '\0')
		return why_set(&s->why, ERR_INVALID, "Give %s too: it has no default.", setup_answers[question].option);
	return setup_checks[question](s);
}

static err
setup_answer_all(struct setup *s)
{
	for (enum setup_question question = 0; question < SETUP_QUESTIONS; question++)
		TRY(s->yes || s->options[question] != NULL ? setup_take(s, question) : setup_ask_for(s, question));
	return ERR_OK;
}

/* Put the answers into the text. A proxy on this machine is trusted, unless the settings name a proxy or a socket. */
static err
setup_put_answers(struct setup *s)
{
	bool names_proxy = s->config.trusted_proxies_count > 0 || s->config.listen_path[0] != '\0';

	TRY(setup_set(s, "PUBLIC_URL", s->answers[SETUP_URL]));
	TRY(setup_set(s, "REGISTRATION", s->answers[SETUP_REGISTRATION]));
	if (setup_has_proxy(s) && !names_proxy)
		TRY(setup_set(s, "TRUSTED_PROXIES", "127.0.0.1"));
	return config_check_text(s->path, buf_str(&s->text), NULL, 0, &s->config, &s->why);
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

/* The service's user must own its data: files that root makes there would be closed to the service. */
static err
setup_check_data(struct setup *s)
{
	uid_t uid = 0;
	gid_t gid = 0;

	if (!s->of_service || getpwnam(SERVICE) == NULL)
		return ERR_OK;
	if (file_owner(s->config.data_dir, &uid, &gid) == ERR_OK && uid != 0)
		return ERR_OK;
	return why_set(
	    &s->why, ERR_DENIED,
	    "%.150s does not belong to the user %s.  Nothing was changed.  Run `install -d -m 700 -o %s -g %s "
	    "%.150s`, then this command again.",
	    s->config.data_dir, SERVICE, SERVICE, SERVICE, s->config.data_dir);
}

static bool
setup_only_in_environment(const struct setup *s, const char *name)
{
	CLEANUP(buf_wipe) struct buf value = BUF(DOTENV_MAX_BYTES);
	const char *variable = getenv(name);
	bool found = true;

	return variable != NULL && variable[0] != '\0' &&
	       dotenv_edit_get(buf_str(&s->text), str_of(name), &value, &found) == ERR_OK && !found;
}

/* Other settings in the environment may be secret, so the file does not get them. The server still needs them. */
static void
setup_name_environment(const struct setup *s)
{
	CLEANUP(buf_wipe) struct buf names = BUF(SETTINGS_COUNT * 64);

	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		if (!setup_only_in_environment(s, settings[i].name))
			continue;
		buf_put_byte(&names, ' ');
		buf_put(&names, str_of(settings[i].name));
	}
	if (names.n > 0)
		cli_say("Only the environment of this command has these settings:%.*s.  Give them to the server too.",
			STR_ARG(buf_str(&names)));
}

/* The service's file may be the first in its folder. */
static void
setup_make_folder(const struct setup *s)
{
	char folder[SETUP_ANSWER_MAX];

	if (!s->of_service || str_copy_z(file_folder(s->path), folder, sizeof(folder)) != ERR_OK)
		return;
	(void)!mkdir(folder, 0755); /* if this fails, so does writing the file, with a message */
}

static err
setup_write_file(struct setup *s)
{
	const struct group *group = s->of_service ? getgrnam(SERVICE) : NULL;
	const struct dotenv_owner owner = { group != NULL, group == NULL ? 0 : group->gr_gid };

	if (s->exists && str_equal(buf_str(&s->old), buf_str(&s->text))) {
		cli_say("The settings in %s did not change.", s->path);
		return ERR_OK;
	}
	setup_make_folder(s);
	TRY(dotenv_edit_write(s->path, buf_str(&s->text), &owner, &s->why));
	cli_say("Wrote the settings to %s.", s->path);
	return ERR_OK;
}

/* --- the result --------------------------------------------------------------------------------------------------- */

static int
setup_print_proxy(const struct setup *s)
{
	if (!setup_has_proxy(s))
		return CLI_DONE;
	cli_say(
	    "The configuration of the proxy.  `doubletour proxy-config %s >FILE` writes it into a file; --certificate "
	    "and --key choose the paths of your certificate.",
	    s->answers[SETUP_PROXY]);
	if (str_equal(str_of(s->answers[SETUP_PROXY]), STR("haproxy")))
		cli_say("HAProxy needs a Lua file too: `doubletour proxy-config haproxy --lua "
			">/etc/haproxy/doubletour.lua`.");
	return cli_print_bytes(buf_str(&s->proxy_text));
}

static int
setup_print_link(const struct setup *s)
{
	if (s->link.n == 0)
		return CLI_DONE;
	cli_say("Start the server, then give this link to %s.  It works once, within 24 hours.",
		s->answers[SETUP_ADMIN]);
	return cli_print(buf_str(&s->link));
}

static int
setup_print(const struct setup *s)
{
	if (setup_print_proxy(s) != CLI_DONE || setup_print_link(s) != CLI_DONE)
		return CLI_FAILED;
	setup_name_environment(s);
	cli_say("Start the service with `systemctl enable --now doubletour`.  If it runs, use `systemctl restart "
		"doubletour`.");
	cli_say("Then add applications.  `doubletour client presets` lists known ones that use OpenID Connect.  For "
		"others, set GATE_DOMAINS to your domain; `doubletour proxy-config --help` explains how the proxy "
		"protects them.");
	return CLI_DONE;
}

/* --- the command -------------------------------------------------------------------------------------------------- */

/* After the settings were written. The process is the service's user now. */
static int
setup_make_data(struct cli *cli, struct setup *s)
{
	const struct admin_new facts = { STR(""), STR(""), STR("") };
	struct why why = { "" };
	int status = cli_config(cli);
	err e;

	if (status != CLI_GO_ON)
		return status;
	e = setup_database_make(&cli->config, &why);
	if (e == ERR_OK)
		e = setup_account_make(&cli->config, s->answers[SETUP_ADMIN], &facts, &why, &s->link);
	return e == ERR_OK ? setup_print(s) : cli_fail(e, &why);
}

static err
setup_prepare(struct setup *s)
{
	setup_find_file(s);
	TRY(setup_read_file(s));
	TRY(setup_begin_text(s));
	TRY(setup_check_file(s));
	TRY(setup_answer_all(s));
	TRY(setup_put_answers(s));
	TRY(setup_check_data(s));
	return setup_write_file(s);
}

static int
setup_run(struct cli *cli, struct setup *s)
{
	err e = setup_prepare(s);
	int status;

	if (e != ERR_OK)
		return cli_fail(e, &s->why);
	status = setup_make_data(cli, s);
	if (status != CLI_DONE)
		cli_say("The settings are in %s.  Correct the cause, then run `doubletour setup` again: this is safe.",
			s->path);
	return status;
}

/* The demo has its own answers and settings. */
static int
setup_run_demo(struct cli *cli, const struct setup *s, bool demo, const char *port)
{
	bool others = s->yes || locate_settings().by == LOCATE_OPTION;

	for (size_t i = 0; i < COUNT(s->options); i++)
		others = others || s->options[i] != NULL;
	if (demo && !others)
		return setup_demo(cli, port == NULL ? "8443" : port);
	cli_say("doubletour: %s  See `doubletour setup --help`.",
		demo ? "with --demo, give no other option than --port." : "--port needs --demo.");
	return CLI_USAGE;
}

int
cli_setup(struct cli *cli, int argc, char **argv)
{
	CLEANUP(setup_wipe)
	struct setup s = { .old = BUF(DOTENV_MAX_BYTES),
			   .text = BUF(DOTENV_MAX_BYTES),
			   .proxy_text = BUF(PROXY_TEXT_MAX),
			   .link = BUF(2048) };
	const char *port = NULL;
	bool demo = false;
	const struct cli_option options[] = {
		{ .name = "public-url", .value = &s.options[SETUP_URL] },
		{ .name = "proxy", .value = &s.options[SETUP_PROXY] },
		{ .name = "registration", .value = &s.options[SETUP_REGISTRATION] },
		{ .name = "admin", .value = &s.options[SETUP_ADMIN] },
		{ .name = "yes", .flag = &s.yes },
		{ .name = "demo", .flag = &demo },
		{ .name = "port", .value = &port },
	};
	int status = cli_options(argc, argv, setup_help, options, COUNT(options), 0);

	if (status != CLI_GO_ON)
		return status;
	if (demo || port != NULL)
		return setup_run_demo(cli, &s, demo, port);
	if (!s.yes && isatty(STDIN_FILENO) == 0) {
		cli_say("doubletour: setup asks questions, but standard input is not a terminal.  Give --public-url, "
			"--proxy, "
			"--registration, --admin and --yes.");
		return CLI_USAGE;
	}
	return setup_run(cli, &s);
}
