/*
 * `doubletour rotate-keys`.
 */
#include "cli/admin.h"

#include "cli/json.h"
#include "cli/timestamp.h"
#include "keeper/oidc/signing_schedule.h"

static const char rotate_keys_help[] =
    "Usage: doubletour rotate-keys [OPTIONS]\n"
    "\n"
    "Make new keys for the ID tokens of OpenID Connect before they are due.  The server publishes a new key at once "
    "and\n"
    "signs with it after 7 days, so that all applications know it by then.  Without this command the server does so\n"
    "every 90 days.  The server may be running.  `doubletour rotate-key` is another command: it replaces the master "
    "key.\n"
    "\n"
    "  --list           list the keys: name (kid), algorithm, state, first and last signature; make none\n"
    "  --withdraw KID   withdraw a key whose private half others may know.  The next key, or a new one, signs\n"
    "                   at once.  Tokens of the withdrawn key become invalid\n"
    "  --json           print JSON, one object per line\n"
    "  --help           show this help\n"
    "\n"
    "Exit status: 0 success, 1 failure, 2 wrong usage, 78 invalid configuration.\n";

struct rotate_keys {
	struct admin admin;
	struct call call;
	bool list, json;
	const char *withdraw; /* NULL: no key */
	struct buf out;
};

static void
rotate_keys_wipe(struct rotate_keys *r)
{
	call_wipe(&r->call);
	admin_close(&r->admin);
	buf_wipe(&r->out);
}

/* --- the list ----------------------------------------------------------------------------------------------------- */

static const char *
rotate_keys_state(const struct signing_key_times *key, int64_t now_us)
{
	if (key->withdrawn_us != 0)
		return "withdrawn";
	if (key->signs_from_us > now_us)
		return "next";
	if (key->signs_until_us > now_us)
		return "signs";
	return key->published_until_us > now_us ? "published" : "kept";
}

static err
rotate_keys_put_json(struct rotate_keys *r, const struct signing_key_times *key)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };

	cli_json_text(&line, "kid", key->kid);
	cli_json_text(&line, "algorithm", key->algorithm);
	cli_json_text(&line, "state", str_of(rotate_keys_state(key, r->call.now_us)));
	timestamp_put_json(&line, "created", key->created_us);
	timestamp_put_json(&line, "signs_from", key->signs_from_us);
	timestamp_put_json(&line, "signs_until", key->signs_until_us);
	timestamp_put_json(&line, "published_until", key->published_until_us);
	timestamp_put_json(&line, "kept_until", key->kept_until_us);
	timestamp_put_json(&line, "withdrawn", key->withdrawn_us);
	return cli_json_put(&line, &r->out);
}

static err
rotate_keys_put(void *context, const struct signing_key_times *key)
{
	struct rotate_keys *r = context;

	if (r->json)
		return rotate_keys_put_json(r, key);
	cli_column(&r->out, key->kid, JWT_KID_SIZE + 1);
	cli_column(&r->out, key->algorithm, 7);
	cli_column(&r->out, str_of(rotate_keys_state(key, r->call.now_us)), 11);
	timestamp_put(&r->out, key->signs_from_us);
	buf_put(&r->out, STR("  "));
	timestamp_put(&r->out, key->signs_until_us);
	buf_put_byte(&r->out, '\n');
	return buf_check(&r->out);
}

static err
rotate_keys_list(struct rotate_keys *r)
{
	return signing_schedule_list(&r->call, rotate_keys_put, r);
}

/* --- withdrawing -------------------------------------------------------------------------------------------------- */

static err
rotate_keys_withdraw(struct rotate_keys *r)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };
	str kid = str_of(r->withdraw);
	bool found = false;

	TRY(signing_schedule_withdraw(&r->call, kid, &found));
	if (!found)
		return why_set(&r->admin.why, ERR_NOT_FOUND,
			       "No key %.60s can be withdrawn.  `doubletour rotate-keys --list` lists the keys.",
			       r->withdraw);
	if (r->json) {
		cli_json_text(&line, "kid", kid);
		cli_json_text(&line, "state", STR("withdrawn"));
		return cli_json_put(&line, &r->out);
	}
	cli_line(&r->out, "Withdrew %.*s.  It signs no more tokens.", STR_ARG(kid));
	buf_put(&r->out, STR("Most applications fetch the keys again at the next sign-in, because it names a key that "
			     "they do not know.\n"
			     "Some cache the keys for a day: restart an application in which sign-ins fail.  Until it "
			     "fetches the keys\n"
			     "again, an application accepts tokens of the withdrawn key.\n"));
	return buf_check(&r->out);
}

/* --- new keys ----------------------------------------------------------------------------------------------------- */

static err
rotate_keys_say_made(struct rotate_keys *r, unsigned made)
{
	if (made == 0) {
		buf_put(&r->out, STR("Made no key: no client needs one, or the next key exists already.  "
				     "`doubletour rotate-keys --list` shows the keys.\n"));
		return buf_check(&r->out);
	}
	buf_put(&r->out, STR("Made "));
	cli_count(&r->out, made, "key", NULL);
	buf_put(&r->out, STR(".  Published now; signing begins at "));
	timestamp_put(&r->out, r->call.now_us + SIGNING_PUBLISHED_US);
	buf_put(&r->out, STR(", or at once if there was no key.\n"
			     "Applications read the keys again by then; none needs a restart.\n"));
	return buf_check(&r->out);
}

static err
rotate_keys_make(struct rotate_keys *r)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };
	unsigned made = 0;

	TRY(signing_schedule_rotate(&r->call, &made));
	if (!r->json)
		return rotate_keys_say_made(r, made);
	cli_json_number(&line, "keys_created", made);
	return cli_json_put(&line, &r->out);
}

/* --- the command -------------------------------------------------------------------------------------------------- */

static err
rotate_keys_do(const struct config *config, struct rotate_keys *r)
{
	TRY(admin_open(config, &r->admin));
	TRY(call_of_command(r->admin.thread, &r->call));
	if (r->list)
		return rotate_keys_list(r);
	return r->withdraw != NULL ? rotate_keys_withdraw(r) : rotate_keys_make(r);
}

static int
rotate_keys_run(struct cli *cli, struct rotate_keys *r)
{
	err e = rotate_keys_do(&cli->config, r);

	return e == ERR_OK ? cli_print(buf_str(&r->out)) : cli_fail(e, &r->admin.why);
}

int
cli_rotate_keys(struct cli *cli, int argc, char **argv)
{
	CLEANUP(rotate_keys_wipe) struct rotate_keys r = { .out = BUF(64 * 1024) };
	const struct cli_option options[] = { { .name = "list", .flag = &r.list },
					      { .name = "withdraw", .value = &r.withdraw },
					      { .name = "json", .flag = &r.json } };
	int status = cli_options(argc, argv, rotate_keys_help, options, COUNT(options), 0);

	if (status == CLI_GO_ON && r.list && r.withdraw != NULL) {
		cli_say("doubletour rotate-keys: --list and --withdraw exclude each other.");
		status = CLI_USAGE;
	}
	if (status == CLI_GO_ON)
		status = cli_config(cli);
	return status == CLI_GO_ON ? rotate_keys_run(cli, &r) : status;
}
