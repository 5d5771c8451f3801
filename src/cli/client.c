#include "cli/client.h"
#include "cli/client_presets.h"

#include "base/clock.h"
#include "cli/json.h"

#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>

#define SECRET_KEEP_US DAYS_US(7)

static const char client_help[] =
    "Usage: doubletour client COMMAND [CLIENT] [OPTIONS]\n"
    "\n"
    "Manage the applications that sign users in with OpenID Connect.\n"
    "\n"
    "  presets [PRESET [URL]]     list the known applications, or show one\n"
    "  add PRESET URL             add a known application, and print the settings to paste into it\n"
    "  add CLIENT --redirect URI  add another application, and print its secret\n"
    "  list                       list all applications\n"
    "  show CLIENT                show all its settings\n"
    "  settings CLIENT            print the application's settings again, without the secret\n"
    "  check CLIENT --user NAME   show the claims it would get about an account, and which rule decides\n"
    "  doctor URL                 compare an application's request with the registered client\n"
    "  set CLIENT KEY=VALUE ...   change its settings\n"
    "  secret CLIENT              make a new secret; the old one stays valid for 7 days\n"
    "  disable CLIENT             refuse its requests and end its tokens\n"
    "  enable CLIENT              accept its requests again\n"
    "  delete CLIENT --yes        delete it, with its tokens and the consents of its users\n"
    "\n"
    "  --json               print JSON, one object per line\n"
    "  --help               show this help\n"
    "\n"
    "Run `doubletour client COMMAND --help` for more.  The audit trail records each change.  A running server applies\n"
    "it at once.\n"
    "Exit status: 0 success, 1 failure, 2 wrong usage, 78 invalid configuration.\n";

#define JSON_OPTION "  --json               print JSON, one object per line\n"

/* client_help_texts fills in the texts of `add` and `set` from the table of settings. */
static struct cli_topic client_topics[] = {
	{ "add", "PRESET URL | CLIENT --redirect URI [OPTIONS]", NULL, NULL },
	{ "list", "[OPTIONS]", "List all applications: client id, name, state, first redirect URI.\n", JSON_OPTION },
	{ "show", "CLIENT", "Show all settings of an application, and when its secrets were made.\n", JSON_OPTION },
	{ "set", "CLIENT KEY=VALUE ...", NULL, JSON_OPTION },
	{ "secret", "CLIENT [OPTIONS]",
	  "Make a new secret and print it once.  The previous secret stays valid for 7 days, so that the application\n"
	  "can change to the new one without an interruption.\n",
	  "  --now                make the old secrets invalid at once\n" JSON_OPTION },
	{ "disable", "CLIENT", "Refuse the requests of an application, and end its codes and tokens.\n", JSON_OPTION },
	{ "enable", "CLIENT", "Accept the requests of a disabled application again.\n", JSON_OPTION },
	{ "delete", "CLIENT --yes", "Delete an application, with its tokens and the consents of its users.\n",
	  "  --yes                confirm: this cannot be undone\n" JSON_OPTION },
	{ "presets", "[PRESET [URL]]",
	  "List the applications that have a preset.  With PRESET, show which client it makes, and the settings of "
	  "the\n"
	  "application, with the word SECRET in place of the secret.  Nothing is added.\n",
	  JSON_OPTION },
	{ "settings", "CLIENT [URL]",
	  "Print the settings of an application that was added with a preset again.  The server stores only a hash\n"
	  "of the secret, so the word SECRET is in its place.  URL is the address of the application, if its URIs\n"
	  "were changed.\n",
	  JSON_OPTION },
	{ "doctor", "URL [OPTIONS]",
	  "Find out why the sign-in of an application fails.  URL is the address behind its sign-in button.  The "
	  "command\n"
	  "follows the redirects to this server, at most 10, and does not sign in.  It compares client id, redirect\n"
	  "URI, response type, scopes and PKCE with the registered client, and names each difference, with the "
	  "command\n"
	  "that corrects it.  If a script of the application makes the redirect, give the address that the browser "
	  "reaches\n"
	  "on this server.  Requires the program curl (Debian package curl).  Exit status: 1 if anything differs.\n",
	  "  --ca FILE            certificates to trust, if the system's are not enough\n" JSON_OPTION },
	{ "check", "CLIENT --user NAME [OPTIONS]",
	  "Show which access rule decides about a sign-in of this account, the exact claims of the ID token and of\n"
	  "userinfo, and warnings.  The command assumes that the account has just signed in with its password and a\n"
	  "code, and that the application asks for all its scopes.\n"
	  "Exit status: 0 the sign-in passes, 1 it does not, or failure.\n",
	  "  --user NAME          the account\n"
	  "  --passkey            assume a sign-in with a passkey instead of a code\n"
	  "  --address ADDRESS    the browser's IP address, for rules with networks\n" JSON_OPTION },
	{ .name = NULL },
};

/* --- the help of settings ----------------------------------------------------------------------------------------- */

static struct cli_help client_add_options, client_set_text;

static bool
client_setting_is_flag(const struct client_setting_facts *facts)
{
	return str_equal(str_of(facts->fallback), STR("no"));
}

static bool
client_setting_repeats(const struct client_setting_facts *facts)
{
	return facts->kind == CLIENT_KIND_URIS || facts->kind == CLIENT_KIND_RULES;
}

static void client_help_put(struct cli_help *help, const char *format, ...) PRINTF_LIKE(2, 3);

static void
client_help_put(struct cli_help *help, const char *format, ...)
{
	size_t used = strlen(help->z);
	va_list args;

	va_start(args, format);
	(void)!vsnprintf(help->z + used, sizeof(help->z) - used, format, args);
	va_end(args);
}

static const char *
client_help_argument(const struct client_setting_facts *facts)
{
	static const char *const arguments[] = {
		[CLIENT_KIND_TEXT] = " TEXT",   [CLIENT_KIND_URL] = " URL",     [CLIENT_KIND_URIS] = " URI",
		[CLIENT_KIND_RULES] = " RULE",  [CLIENT_KIND_SCOPES] = " LIST", [CLIENT_KIND_SECONDS] = " SECONDS",
		[CLIENT_KIND_SWITCH] = " WORD", [CLIENT_KIND_CHOICE] = " WORD",
	};

	return client_setting_is_flag(facts) ? "" : arguments[facts->kind];
}

static void
client_help_option(const struct client_setting_facts *facts)
{
	char option[64];

	if (facts->option == NULL)
		return;
	snprintf(option, sizeof(option), "--%s%s", facts->option, client_help_argument(facts));
	client_help_put(&client_add_options, "  %-28s %s", option, facts->help);
	if (client_setting_repeats(facts))
		client_help_put(&client_add_options, "; may be repeated\n");
	else if (client_setting_is_flag(facts))
		client_help_put(&client_add_options, "\n");
	else
		client_help_put(&client_add_options, ": %s\n", facts->takes);
}

static void
client_help_texts(void)
{
	client_help_put(&client_add_options, "  %-28s the client id, if it is not the name of the preset\n", "--id ID");
	client_help_put(&client_add_options, "  %-28s print JSON, one object per line\n", "--json");
	client_help_put(
	    &client_set_text,
	    "Change the settings of an application.  KEY=VALUE replaces a value.  For lists, KEY+=VALUE adds\n"
	    "one, and KEY-=VALUE removes one.\n\n");
	for (enum client_setting i = 0; i < CLIENT_SETTINGS; i++) {
		const struct client_setting_facts *facts = client_setting_facts(i);
		client_help_option(facts);
		client_help_put(&client_set_text, "  %-24s %s: %s\n", facts->key, facts->help, facts->takes);
	}
	client_topics[0].text = "Add an application.  PRESET names a known application: `doubletour client presets` "
				"lists them.  URL is its\n"
				"address, such as https://grafana.example.org.  The command prints the settings to "
				"paste into the application.\n"
				"For any other application, CLIENT is the client id.  The command prints issuer, "
				"client id and secret: enter\n"
				"them in the application's settings.\n";
	client_topics[0].options = client_add_options.z;
	client_topics[3].text = client_set_text.z;
}

/* --- output ------------------------------------------------------------------------------------------------------- */

/* Print a sentence with the client's id, or with --json the id and one more member. */
static err
client_say(struct client_request *r, const char *before, const char *after, const char *member, bool value)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };

	if (!r->json) {
		cli_line(&r->out, "%s%.*s%s", before, STR_ARG(r->client_id), after);
		return buf_check(&r->out);
	}
	cli_json_text(&line, "client_id", r->client_id);
	cli_json_bool(&line, member, value);
	return cli_json_put(&line, &r->out);
}

/* --- the commands ------------------------------------------------------------------------------------------------- */

static err
client_add(struct client_request *r)
{
	CLEANUP(client_secret_wipe) struct client_secret secret = { "" };
	struct oidc_client client;

	TRY(client_preset_draft(r));
	r->client_id = r->id != NULL ? str_of(r->id) : r->client_id;
	r->draft.client_id = r->client_id;
	TRY(client_draft_read(&r->draft, &r->arena, &client, &r->admin->why));
	TRY(client_admin_add(r->admin->thread, &client, &r->admin->why, &secret));
	keeper_make_signing_keys(r->admin->thread); /* published before the application asks */
	if (!r->json)
		cli_say(client.public ? "Added %.*s.  Enter these values in the application's settings."
				      : "Added %.*s.  Enter these values in the application's settings.  The secret is "
					"shown only now.",
			STR_ARG(r->client_id));
	return r->words_n > 0 ? client_preset_print(r, &client, str_of(r->words[0]), &secret)
			      : client_print_settings(r, r->client_id, &secret);
}

static err
client_list(struct client_request *r)
{
	if (!r->json)
		client_list_head(&r->out);
	return client_admin_list(r->admin->thread, &r->admin->why, client_list_row, r);
}

static err
client_show_one(struct client_request *r)
{
	struct client_view view;

	TRY(client_admin_find(r->admin->thread, r->client_id, &r->arena, &r->admin->why, &view));
	return client_show(r, &view);
}

/* --- set ---------------------------------------------------------------------------------------------------------- */

/* KEY=VALUE, KEY+=VALUE or KEY-=VALUE. */
struct client_assignment {
	enum client_setting setting;
	char how; /* '=', '+' or '-' */
	str value;
};

static err
client_unknown_key(str key, struct why *why)
{
	CLEANUP(buf_wipe) struct buf keys = BUF(1024);

	for (enum client_setting i = 0; i < CLIENT_SETTINGS; i++) {
		buf_put(&keys, i == 0 ? STR("") : STR(", "));
		buf_put(&keys, str_of(client_setting_facts(i)->key));
	}
	TRY(buf_check(&keys));
	return why_set(why, ERR_INVALID, "There is no setting \"%.*s\".  Settings are %.*s.",
		       STR_ARG(str_utf8_upto(key, 40)), STR_ARG(buf_str(&keys)));
}

static err
client_assignment_read(const char *word, struct client_assignment *ret_assignment, struct why *why)
{
	struct client_assignment a = { .how = '=', .value = str_of(word) };
	str key = str_cut(&a.value, '=');

	if (a.value.p == NULL)
		return why_set(why, ERR_INVALID, "\"%s\" is not of the form KEY=VALUE.", cli_word_of(word).z);
	if (str_ends(key, STR("+")) || str_ends(key, STR("-"))) {
		a.how = key.p[key.n - 1];
		key.n--;
	}
	a.setting = client_setting_find(key);
	if (a.setting == CLIENT_SETTINGS)
		return client_unknown_key(key, why);
	if (a.how != '=' && !client_setting_is_list(a.setting))
		return why_set(why, ERR_INVALID, "%.*s is not a list: use %.*s=VALUE.", STR_ARG(key), STR_ARG(key));
	*ret_assignment = a;
	return ERR_OK;
}

/* Append the lines of a list without one of them; scopes have a space between. */
static bool
client_list_without(str list, char between, str value, struct buf *out)
{
	bool found = false;

	while (list.n > 0) {
		str one = str_cut(&list, between);
		if (str_equal(one, value)) {
			found = true;
			continue;
		}
		buf_put(out, one);
		buf_put_byte(out, between);
	}
	return found;
}

static err
client_assign(const struct client_assignment *a, struct arena *arena, struct client_draft *draft, struct why *why)
{
	CLEANUP(buf_wipe) struct buf text = BUF(2 * CLIENT_TEXTS_BYTES);
	char between = a->setting == CLIENT_SCOPES ? ' ' : '\n';
	bool found = client_list_without(draft->of[a->setting], between, a->how == '-' ? a->value : STR(""), &text);

	if (a->how == '-' && !found)
		return why_set(why, ERR_INVALID, "%s does not have the value %.*s.",
			       client_setting_facts(a->setting)->key, STR_ARG(str_utf8_upto(a->value, 200)));
	if (a->how == '=')
		buf_clear(&text);
	if (a->how != '-')
		buf_put(&text, a->value);
	TRY(buf_check(&text));
	return arena_copy(arena, buf_str(&text), &draft->of[a->setting]);
}

static err
client_edit(void *context, const struct oidc_client *stored, struct arena *arena, struct oidc_client *ret_client,
	    struct why *why)
{
	const struct client_request *r = context;
	struct client_draft draft;

	TRY(client_draft_of(stored, arena, &draft));
	for (int i = 0; i < r->words_n; i++) {
		struct client_assignment a = { .how = '=' };
		TRY(client_assignment_read(r->words[i], &a, why));
		TRY(client_assign(&a, arena, &draft, why));
	}
	return client_draft_read(&draft, arena, ret_client, why);
}

static err
client_set(struct client_request *r)
{
	struct client_view view;

	TRY(client_admin_change(r->admin->thread, r->client_id, client_edit, r, &r->admin->why));
	keeper_make_signing_keys(r->admin->thread);
	TRY(client_admin_find(r->admin->thread, r->client_id, &r->arena, &r->admin->why, &view));
	if (!view.client.public && view.secrets_n == 0)
		cli_say("%.*s has no secret yet.  `doubletour client secret %.*s` makes one.", STR_ARG(r->client_id),
			STR_ARG(r->client_id));
	return client_say(r, "Changed ", ".", "changed", true);
}

static err
client_secret(struct client_request *r)
{
	CLEANUP(client_secret_wipe) struct client_secret secret = { "" };
	int64_t keep_us = r->now ? 0 : SECRET_KEEP_US;

	TRY(client_admin_secret(r->admin->thread, r->client_id, keep_us, &r->admin->why, &secret));
	if (!r->json)
		cli_say("Enter the new secret in the application's settings.  It is shown only now.  %s",
			r->now ? "Older secrets have ended." : "The old secret stays valid for 7 days.");
	return client_print_settings(r, r->client_id, &secret);
}

static err
client_disable(struct client_request *r)
{
	bool changed = false;

	TRY(client_admin_disable(r->admin->thread, r->client_id, &r->admin->why, &changed));
	return client_say(r, changed ? "Disabled " : "", changed ? "." : " is already disabled.", "changed", changed);
}

static err
client_enable(struct client_request *r)
{
	bool changed = false;

	TRY(client_admin_enable(r->admin->thread, r->client_id, &r->admin->why, &changed));
	keeper_make_signing_keys(r->admin->thread);
	return client_say(r, changed ? "Enabled " : "", changed ? "." : " is already enabled.", "changed", changed);
}

static err
client_delete(struct client_request *r)
{
	if (!r->yes)
		return why_set(&r->admin->why, ERR_INVALID,
			       "Nothing was deleted.  Deleting cannot be undone: add --yes to confirm.");
	TRY(client_admin_delete(r->admin->thread, r->client_id, &r->admin->why));
	return client_say(r, "Deleted ", ".", "deleted", true);
}

static const struct client_command {
	const char *name;
	int words_min, words_max; /* behind the command, CLIENT included */
	const char *takes;
	err (*run)(struct client_request *r);
} client_commands[] = {
	{ "add", 1, 2, "a preset and a URL, or one client id", client_add },
	{ "list", 0, 0, "no client id", client_list },
	{ "show", 1, 1, "one client id", client_show_one },
	{ "settings", 1, 2, "one client id and no more than a URL", client_settings },
	{ "check", 1, 1, "one client id and --user NAME", client_check },
	{ "doctor", 1, 1, "one URL", client_doctor },
	{ "presets", 0, 2, "no more than a preset and a URL", NULL },
	{ "set", 2, CLIENT_WORDS_MAX, "a client id and KEY=VALUE", client_set },
	{ "secret", 1, 1, "one client id", client_secret },
	{ "disable", 1, 1, "one client id", client_disable },
	{ "enable", 1, 1, "one client id", client_enable },
	{ "delete", 1, 1, "one client id", client_delete },
};

static const struct client_command *
client_command_find(const char *word)
{
	for (size_t i = 0; i < COUNT(client_commands); i++)
		if (str_equal(str_of(word), str_of(client_commands[i].name)))
			return &client_commands[i];
	return NULL;
}

static int
client_run(struct cli *cli, const struct client_command *command, struct client_request *r)
{
	struct why *why = &r->admin->why;
	int status;
	err e;

	r->config = &cli->config;
	if (command->run == NULL)
		return client_presets_print(cli, r->client_id.n > 0 ? r->client_id.p : NULL, r->words[0], r->json);
	e = admin_open(&cli->config, r->admin);
	if (e == ERR_OK)
		e = command->run(r);
	if (e == ERR_IO && why->text[0] == '\0') /* standard output is closed: already reported */
		return CLI_FAILED;
	if (e != ERR_OK)
		return cli_fail(e, why);
	status = cli_print(buf_str(&r->out));
	return status == CLI_DONE && r->failed ? CLI_FAILED : status;
}

/* --- options ------------------------------------------------------------------------------------------------------ */

enum { OWN_OPTIONS = 8 };

struct client_options {
	const char *values[CLIENT_SETTINGS];
	bool flags[CLIENT_SETTINGS];
	struct buf lines[CLIENT_SETTINGS];
	struct cli_option table[OWN_OPTIONS + CLIENT_SETTINGS];
	size_t n;
};

static void
client_options_wipe(struct client_options *o)
{
	for (size_t i = 0; i < CLIENT_SETTINGS; i++)
		buf_wipe(&o->lines[i]);
}

static void
client_options_add(struct client_options *o, enum client_setting setting)
{
	const struct client_setting_facts *facts = client_setting_facts(setting);
	struct cli_option *option = &o->table[o->n];

	if (facts->option == NULL)
		return;
	o->n++;
	option->name = facts->option;
	o->lines[setting].max = CLIENT_TEXTS_BYTES;
	if (client_setting_repeats(facts))
		option->lines = &o->lines[setting];
	else if (client_setting_is_flag(facts))
		option->flag = &o->flags[setting];
	else
		option->value = &o->values[setting];
}

static void
client_options_fill(struct client_options *o, struct client_request *r)
{
	o->table[o->n++] = (struct cli_option){ .name = "json", .flag = &r->json };
	o->table[o->n++] = (struct cli_option){ .name = "yes", .flag = &r->yes };
	o->table[o->n++] = (struct cli_option){ .name = "now", .flag = &r->now };
	o->table[o->n++] = (struct cli_option){ .name = "id", .value = &r->id };
	o->table[o->n++] = (struct cli_option){ .name = "ca", .value = &r->ca };
	o->table[o->n++] = (struct cli_option){ .name = "user", .value = &r->user };
	o->table[o->n++] = (struct cli_option){ .name = "address", .value = &r->address };
	o->table[o->n++] = (struct cli_option){ .name = "passkey", .flag = &r->passkey };
	for (enum client_setting i = 0; i < CLIENT_SETTINGS; i++)
		client_options_add(o, i);
}

/* Give the draft the texts of all options that were typed. */
static err
client_options_take(const struct client_options *o, struct client_draft *draft)
{
	for (enum client_setting i = 0; i < CLIENT_SETTINGS; i++) {
		TRY(buf_check(&o->lines[i]));
		if (o->lines[i].n > 0)
			draft->of[i] = buf_str(&o->lines[i]);
		else if (o->flags[i])
			draft->of[i] = STR("yes");
		else if (o->values[i] != NULL)
			draft->of[i] = str_of(o->values[i]);
	}
	return ERR_OK;
}

static int
client_words_take(struct client_request *r, const struct client_command *command, int argc, char **argv)
{
	int n = argc - optind - 1;

	if (n < command->words_min || n > command->words_max) {
		cli_say("doubletour client %s takes %s.  See `doubletour client %s --help`.", command->name,
			command->takes, command->name);
		return CLI_USAGE;
	}
	if (command->run == client_check && r->user == NULL) {
		cli_say("doubletour client check needs --user NAME: the account that would sign in.");
		return CLI_USAGE;
	}
	r->client_id = str_of(n > 0 ? argv[optind + 1] : "");
	for (int i = optind + 2; i < argc; i++)
		r->words[r->words_n++] = argv[i];
	return CLI_GO_ON;
}

static void
client_request_wipe(struct client_request *r)
{
	buf_wipe(&r->out);
	arena_wipe(&r->arena);
}

int
cli_client(struct cli *cli, int argc, char **argv)
{
	CLEANUP(admin_close) struct admin admin = { .why = { "" } };
	CLEANUP(client_request_wipe)
	struct client_request r = {
		.admin = &admin, .address = "", .out = BUF(64 * 1024), .arena = ARENA(4 * CLIENT_TEXTS_BYTES)
	};
	CLEANUP(client_options_wipe) struct client_options o = { .n = 0 };
	const struct client_command *command;
	struct cli_help room;
	int status;

	client_help_texts();
	client_options_fill(&o, &r);
	if (cli_topic_missing(argc, argv, client_topics))
		return cli_topic_unknown(argv[1], client_topics, argv[0]);
	status = cli_options(argc, argv, cli_topic_help(argc, argv, client_topics, client_help, &room), o.table, o.n,
			     CLIENT_WORDS_MAX);
	if (status != CLI_GO_ON)
		return status;
	if (optind == argc)
		return cli_print_usage(client_help);
	command = client_command_find(argv[optind]);
	if (command == NULL)
		return cli_topic_unknown(argv[optind], client_topics, "doubletour client");
	status = client_words_take(&r, command, argc, argv);
	if (status == CLI_GO_ON)
		status = cli_config(cli);
	if (status == CLI_GO_ON && client_options_take(&o, &r.draft) != ERR_OK)
		return cli_fail(ERR_TOO_LONG, NULL);
	return status == CLI_GO_ON ? client_run(cli, command, &r) : status;
}
