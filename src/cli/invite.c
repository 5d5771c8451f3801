/*
 * `doubletour invite`.
 */
#include "cli/admin.h"

#include "cli/json.h"

static const char invite_help[] =
    "Usage: doubletour invite [--json]\n"
    "\n"
    "Print an invitation link.  One person may register with it, within 24 hours.  Requires REGISTRATION=invite.\n"
    "\n"
    "  --json   print it as JSON\n"
    "  --help   show this help\n"
    "\n"
    "Exit status: 0 success, 1 failure, 2 wrong usage, 78 invalid configuration.\n";

static err
invite_make(const struct config *config, struct admin *admin, bool json, struct buf *out)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };
	CLEANUP(buf_wipe) struct buf address = BUF(2048);
	struct link_text link;

	TRY(admin_open(config, admin));
	TRY(admin_invite(admin->thread, &admin->why, &link));
	admin_link_put(config, "/register?invite=", &link, &address);
	TRY(buf_check(&address));
	if (json) {
		cli_json_text(&line, "link", buf_str(&address));
		return cli_json_put(&line, out);
	}
	cli_say("Give this link to one person.  It works once, within 24 hours.");
	buf_put(out, buf_str(&address));
	buf_put_byte(out, '\n');
	return buf_check(out);
}

static int
invite_make_and_print(struct cli *cli, bool json)
{
	CLEANUP(admin_close) struct admin admin = { .why = { "" } };
	CLEANUP(buf_wipe) struct buf out = BUF(4096);
	err e = invite_make(&cli->config, &admin, json, &out);

	if (e != ERR_OK)
		return cli_fail(e, &admin.why);
	if (cli->config.registration != REGISTRATION_INVITE)
		cli_say("REGISTRATION is %s.  The link has an effect only after you set REGISTRATION=invite.",
			cli->config.registration == REGISTRATION_OPEN ? "open" : "closed");
	return cli_print(buf_str(&out));
}

int
cli_invite(struct cli *cli, int argc, char **argv)
{
	bool json = false;
	const struct cli_option options[] = { { .name = "json", .flag = &json } };
	int status = cli_options(argc, argv, invite_help, options, COUNT(options), 0);

	if (status == CLI_GO_ON)
		status = cli_config(cli);
	return status == CLI_GO_ON ? invite_make_and_print(cli, json) : status;
}
