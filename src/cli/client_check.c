/*
 * `doubletour client check CLIENT --user NAME`: which access rule decides about a sign-in, the exact claims that the
 * application would get, and warnings.
 */
#include "cli/access_text.h"
#include "cli/client.h"

#include "access/access_file.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/network.h"
#include "cli/json.h"
#include "keeper/oidc/client_preview.h"
#include "oidc/claim_rules.h"

#include <stdarg.h>
#include <stdio.h>

enum { CHECK_RULES_BYTES = 1024 * 1024, CHECK_WARNINGS_MAX = 16 + CLAIM_RULES_MAX };

struct client_check {
	struct client_request *r;
	struct client_view view;
	struct client_preview preview;
	struct access_rules rules;
	struct arena arena;
	struct access_decision decision;
	str warnings[CHECK_WARNINGS_MAX];
	size_t warnings_n;
};

static void
client_check_wipe(struct client_check *c)
{
	access_rules_wipe(&c->rules);
	arena_wipe(&c->arena);
}

/* --- the decision ------------------------------------------------------------------------------------------------- */

static err
client_check_decide(struct client_check *c)
{
	struct client_request *r = c->r;
	const struct person *person = &c->preview.person;
	struct access_visitor visitor = { .level = person->disabled ? ACCESS_NOBODY : ACCESS_FULL,
					  .name = person->name,
					  .groups = person->groups };
	const struct access_request request = { .client = c->view.client.client_id, .address = str_of(r->address) };
	int64_t now_us = 0;
	str text = { 0 };

	TRY(clock_now_us(&now_us));
	TRY(digest_setup()); /* icons are named by their digest */
	TRY(access_load(r->config, &c->arena, &text, &c->rules, &r->admin->why));
	visitor.verified_us = now_us;
	visitor.phishing_resistant_us = r->passkey ? now_us : 0;
	c->decision = access_decide(&c->rules, &request, &visitor, now_us);
	return ERR_OK;
}

static bool
client_check_passes(const struct client_check *c)
{
	return c->decision.outcome == ACCESS_PASSES && !c->preview.person.disabled && !c->view.client.disabled;
}

/* --- warnings ----------------------------------------------------------------------------------------------------- */

static err client_check_warn(struct client_check *c, const char *format, ...) PRINTF_LIKE(2, 3);

static err
client_check_warn(struct client_check *c, const char *format, ...)
{
	char text[512];
	va_list args;

	va_start(args, format);
	(void)!vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (c->warnings_n == CHECK_WARNINGS_MAX)
		return ERR_OK;
	return arena_copy(&c->arena, str_of(text), &c->warnings[c->warnings_n++]);
}

static err
client_check_warn_state(struct client_check *c)
{
	const struct oidc_client *client = &c->view.client;
	str id = client->client_id, name = c->preview.person.name;

	if (client->disabled)
		TRY(client_check_warn(
		    c, "The application is disabled.  `doubletour client enable %.*s` accepts its requests.",
		    STR_ARG(id)));
	if (!client->public && c->view.secrets_n == 0)
		TRY(client_check_warn(c, "The application has no secret.  `doubletour client secret %.*s` makes one.",
				      STR_ARG(id)));
	if (c->preview.person.disabled)
		TRY(client_check_warn(c, "The account is disabled.  `doubletour user enable %.*s` allows its sign-ins.",
				      STR_ARG(name)));
	return ERR_OK;
}

static err
client_check_warn_person(struct client_check *c)
{
	const struct person *person = &c->preview.person;
	unsigned scopes = c->view.client.scopes;

	if ((scopes & OIDC_SCOPE_EMAIL) != 0 && person->email.n == 0)
		TRY(client_check_warn(
		    c,
		    "The account has no e-mail address, and many applications need one.  `doubletour user "
		    "email %.*s ADDRESS` sets it.",
		    STR_ARG(person->name)));
	if ((scopes & OIDC_SCOPE_GROUPS) != 0 && person->groups.n == 0)
		TRY(client_check_warn(c, "The account is in no group.  `doubletour user groups %.*s LIST` sets them.",
				      STR_ARG(person->name)));
	if ((scopes & OIDC_SCOPE_PROFILE) != 0 && str_has_byte(person->name, '@'))
		TRY(client_check_warn(c, "The user name has an @, which some applications do not accept in "
					 "preferred_username."));
	return ERR_OK;
}

struct client_check_group {
	str name;
	bool found;
};

static err
client_check_group_row(void *context, const struct admin_user *user)
{
	struct client_check_group *group = context;
	str rest = user->groups;

	while (rest.n > 0)
		group->found |= str_equal(str_cut(&rest, ','), group->name);
	return ERR_OK;
}

static err
client_check_warn_group(struct client_check *c, str name)
{
	const struct admin_filter all = { .account = NULL };
	struct client_check_group group = { name, false };
	struct admin *admin = c->r->admin;

	TRY(admin_users(admin->thread, &all, &admin->why, client_check_group_row, &group));
	return group.found
		   ? ERR_OK
		   : client_check_warn(c, "A claim depends on the group %.*s, and no account is in it.", STR_ARG(name));
}

/* Name a group once, also if several rules name it. */
static err
client_check_warn_groups(struct client_check *c)
{
	str rules = c->view.client.claims, seen[CLAIM_RULES_MAX], group;
	size_t n = 0;

	while (n < CLAIM_RULES_MAX && claim_rules_next_group(&rules, &group)) {
		bool again = false;
		for (size_t i = 0; i < n; i++)
			again |= str_equal(seen[i], group);
		seen[n++] = group;
		if (!again)
			TRY(client_check_warn_group(c, group));
	}
	return ERR_OK;
}

/* --- output ------------------------------------------------------------------------------------------------------- */

static void
client_check_put_decision(struct client_check *c)
{
	struct buf *out = &c->r->out;
	const struct access_rule *rule = c->decision.rule;
	const struct person *person = &c->preview.person;

	if (rule != NULL && rule->line > 0)
		access_text_put_rule(out, c->r->config->access_rules, rule);
	else if (rule != NULL)
		cli_line(out, "No access rule names this application: both factors are required.");
	if (person->groups.n > 0)
		cli_line(out, "%.*s (%.*s) %s.", STR_ARG(person->name), STR_ARG(person->groups),
			 access_text_outcome(&c->decision));
	else
		cli_line(out, "%.*s %s.", STR_ARG(person->name), access_text_outcome(&c->decision));
}

static err
client_check_put_lines(struct client_check *c)
{
	struct buf *out = &c->r->out;

	client_check_put_decision(c);
	if (!client_check_passes(c))
		cli_line(out, "The application gets nothing.  After a sign-in that passes, it would get:");
	buf_put(out, STR("ID token: "));
	TRY(cli_json_indent(c->preview.id_token, out));
	buf_put(out, STR("userinfo: "));
	TRY(cli_json_indent(c->preview.userinfo, out));
	for (size_t i = 0; i < c->warnings_n; i++)
		cli_line(out, "Warning: %.*s", STR_ARG(c->warnings[i]));
	return buf_check(out);
}

static err
client_check_put_json(struct client_check *c)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };
	const struct access_rule *rule = c->decision.rule;

	cli_json_text(&line, "client_id", c->view.client.client_id);
	cli_json_text(&line, "user", c->preview.person.name);
	cli_json_bool(&line, "passes", client_check_passes(c));
	cli_json_text(&line, "outcome", str_of(access_text_word(&c->decision)));
	cli_json_text(&line, "why", str_of(access_text_outcome(&c->decision)));
	cli_json_number(&line, "line", rule == NULL ? 0 : rule->line);
	cli_json_text(&line, "policy", str_of(rule == NULL ? "" : access_policy_name(rule->policy)));
	cli_json_object(&line, "id_token", c->preview.id_token);
	cli_json_object(&line, "userinfo", c->preview.userinfo);
	cli_json_list(&line, "warnings");
	for (size_t i = 0; i < c->warnings_n; i++)
		cli_json_list_text(&line, "warnings", c->warnings[i]);
	return cli_json_put(&line, &c->r->out);
}

static err
client_check_options(struct client_request *r)
{
	if (r->address[0] != '\0' && network_of(str_of(r->address)).n == 0)
		return why_set(&r->admin->why, ERR_INVALID, "--address must be an IPv4 or IPv6 address, not \"%.60s\".",
			       r->address);
	return ERR_OK;
}

err
client_check(struct client_request *r)
{
	CLEANUP(client_check_wipe) struct client_check c = { .r = r, .arena = ARENA(CHECK_RULES_BYTES) };
	struct admin *admin = r->admin;

	TRY(client_check_options(r));
	TRY(client_admin_find(admin->thread, r->client_id, &c.arena, &admin->why, &c.view));
	TRY(client_preview_make(admin->thread, &c.view.client, str_of(r->user), r->passkey, &c.arena, &admin->why,
				&c.preview));
	TRY(client_check_decide(&c));
	TRY(client_check_warn_state(&c));
	TRY(client_check_warn_person(&c));
	TRY(client_check_warn_groups(&c));
	r->failed = !client_check_passes(&c);
	return r->json ? client_check_put_json(&c) : client_check_put_lines(&c);
}
