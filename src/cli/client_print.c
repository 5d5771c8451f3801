#include "cli/client.h"

#include "cli/timestamp.h"

enum { KEY_COLUMNS = 26, ID_COLUMNS = 25, NAME_COLUMNS = 25, STATE_COLUMNS = 10 };

/* --- lines -------------------------------------------------------------------------------------------------------- */

static void
client_line(struct buf *out, const char *key, str value)
{
	cli_column(out, str_of(key), KEY_COLUMNS);
	cli_line(out, "%.*s", STR_ARG(value));
}

/* A list has one value on each line. */
static void
client_lines(struct buf *out, const char *key, str values)
{
	bool scopes = str_equal(str_of(key), STR("scopes"));

	if (values.n == 0 || scopes) {
		client_line(out, key, values);
		return;
	}
	while (values.n > 0) {
		client_line(out, key, str_cut(&values, '\n'));
		key = "";
	}
}

static void
client_line_secret(struct buf *out, const struct client_view_secret *secret)
{
	CLEANUP(buf_wipe) struct buf text = BUF(256);

	buf_put(&text, secret->imported ? STR("imported ") : STR("made "));
	timestamp_put(&text, secret->created_us);
	if (secret->expires_us != 0) {
		buf_put(&text, STR(", valid until "));
		timestamp_put(&text, secret->expires_us);
	}
	client_line(out, "secret", buf_str(&text));
}

static void
client_line_timestamp(struct buf *out, const char *key, int64_t us)
{
	CLEANUP(buf_wipe) struct buf text = BUF(64);

	timestamp_put(&text, us);
	client_line(out, key, buf_str(&text));
}

static str
client_state_of(const struct client_view *view)
{
	if (view->client.disabled)
		return STR("disabled");
	return !view->client.public && view->secrets_n == 0 ? STR("no secret") : STR("active");
}

static err
client_show_lines(struct client_request *r, const struct client_view *view, const struct client_draft *draft)
{
	client_line(&r->out, "client_id", draft->client_id);
	client_line(&r->out, "state", client_state_of(view));
	client_line_timestamp(&r->out, "created", view->created_us);
	for (size_t i = 0; i < view->secrets_n; i++)
		client_line_secret(&r->out, &view->secrets[i]);
	for (enum client_setting i = 0; i < CLIENT_SETTINGS; i++)
		client_lines(&r->out, client_setting_facts(i)->key, draft->of[i]);
	if (view->client.insecure_redirect)
		cli_line(&r->out,
			 "Warning: insecure_redirect lets codes travel without TLS.  Anyone on the network can "
			 "read them.");
	return buf_check(&r->out);
}

/* --- JSON --------------------------------------------------------------------------------------------------------- */

static void
client_json_list(struct cli_json *line, const char *key, str values)
{
	char between = str_equal(str_of(key), STR("scopes")) ? ' ' : '\n';

	cli_json_list(line, key);
	while (values.n > 0)
		cli_json_list_text(line, key, str_cut(&values, between));
}

void
client_json_setting(struct cli_json *line, enum client_setting setting, str text)
{
	const struct client_setting_facts *facts = client_setting_facts(setting);
	uint64_t number = 0;

	if (client_setting_is_list(setting))
		client_json_list(line, facts->key, text);
	else if (str_equal(str_of(facts->fallback), STR("no")))
		cli_json_bool(line, facts->key, str_equal(text, STR("yes")));
	else if (facts->kind != CLIENT_KIND_SECONDS)
		cli_json_text(line, facts->key, text);
	else if (str_number(text, INT64_MAX, &number) == ERR_OK)
		cli_json_number(line, facts->key, (int64_t)number);
	else
		cli_json_null(line, facts->key);
}

static void
client_json_secrets(struct cli_json *line, const struct client_view *view)
{
	cli_json_list(line, "secrets");
	for (size_t i = 0; i < view->secrets_n; i++) {
		CLEANUP(cli_json_wipe) struct cli_json one = { 0 };
		timestamp_put_json(&one, "created", view->secrets[i].created_us);
		timestamp_put_json(&one, "expires", view->secrets[i].expires_us);
		cli_json_bool(&one, "imported", view->secrets[i].imported);
		cli_json_list_object(line, "secrets", &one);
	}
}

static err
client_show_json(struct client_request *r, const struct client_view *view, const struct client_draft *draft)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };

	cli_json_text(&line, "client_id", draft->client_id);
	for (enum client_setting i = 0; i < CLIENT_SETTINGS; i++)
		client_json_setting(&line, i, draft->of[i]);
	timestamp_put_json(&line, "created", view->created_us);
	timestamp_put_json(&line, "disabled", view->disabled_us);
	client_json_secrets(&line, view);
	return cli_json_put(&line, &r->out);
}

/* --- the commands' output ----------------------------------------------------------------------------------------- */

err
client_show(struct client_request *r, const struct client_view *view)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(CLIENT_TEXTS_BYTES);
	struct client_draft draft;

	TRY(client_draft_of(&view->client, &arena, &draft));
	return r->json ? client_show_json(r, view, &draft) : client_show_lines(r, view, &draft);
}

void
client_list_head(struct buf *out)
{
	cli_column(out, STR("CLIENT ID"), ID_COLUMNS);
	cli_column(out, STR("NAME"), NAME_COLUMNS);
	cli_column(out, STR("STATE"), STATE_COLUMNS);
	cli_line(out, "REDIRECT URI");
}

/* Print the line now, because a list may be long. */
err
client_list_row(void *context, const struct client_view *view)
{
	struct client_request *r = context;
	str rest = view->client.redirect_uris, uri = str_cut(&rest, '\n');

	if (r->json) {
		TRY(client_show(r, view));
	} else {
		cli_column(&r->out, view->client.client_id, ID_COLUMNS);
		cli_column(&r->out, view->client.name, NAME_COLUMNS);
		cli_column(&r->out, client_state_of(view), STATE_COLUMNS);
		cli_line(&r->out, "%.*s", STR_ARG(uri));
	}
	TRY(buf_check(&r->out));
	if (cli_print(buf_str(&r->out)) != CLI_DONE)
		return ERR_IO;
	buf_clear(&r->out);
	return ERR_OK;
}

static err
client_settings_json(struct client_request *r, str client_id, const struct client_secret *secret)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };

	cli_json_text(&line, "issuer", str_of(r->config->public_origin));
	cli_json_text(&line, "client_id", client_id);
	if (secret->z[0] == '\0')
		cli_json_null(&line, "client_secret");
	else
		cli_json_text(&line, "client_secret", str_of(secret->z));
	return cli_json_put(&line, &r->out);
}

err
client_print_settings(struct client_request *r, str client_id, const struct client_secret *secret)
{
	if (r->json)
		return client_settings_json(r, client_id, secret);
	cli_line(&r->out, "%-14s %s", "issuer", r->config->public_origin);
	cli_line(&r->out, "%-14s %.*s", "client id", STR_ARG(client_id));
	if (secret->z[0] != '\0')
		cli_line(&r->out, "%-14s %s", "client secret", secret->z);
	return buf_check(&r->out);
}
