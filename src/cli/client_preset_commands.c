/*
 * The commands with presets: `doubletour client presets`, `client add PRESET URL`, `client settings CLIENT`.
 */
#include "cli/client.h"
#include "cli/client_presets.h"

enum { NAME_COLUMNS = 16, KEY_COLUMNS = 18, LIST_MAX = 64 * 1024 };

/* "Jellyfin (plugin SSO-Auth)" */
static void
presets_put_title(const struct preset *preset, struct buf *out)
{
	buf_put(out, str_of(preset->title));
	if (preset->about == NULL)
		return;
	buf_put(out, STR(" ("));
	buf_put(out, str_of(preset->about));
	buf_put_byte(out, ')');
}

static err
presets_list_one(const struct preset *preset, bool json, struct buf *out)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };

	if (!json) {
		cli_column(out, str_of(preset->name), NAME_COLUMNS);
		presets_put_title(preset, out);
		buf_put(out, preset->unmaintained == NULL ? STR("\n") : STR(", not maintained\n"));
		return ERR_OK;
	}
	cli_json_text(&line, "preset", str_of(preset->name));
	cli_json_text(&line, "title", str_of(preset->title));
	cli_json_text(&line, "description", str_of(preset->about));
	cli_json_bool(&line, "maintained", preset->unmaintained == NULL);
	return cli_json_put(&line, out);
}

static err
presets_list(bool json, struct buf *out)
{
	for (size_t i = 0; i < presets_n; i++)
		TRY(presets_list_one(&presets[i], json, out));
	return buf_check(out);
}

/* --- one preset --------------------------------------------------------------------------------------------------- */

struct presets_show {
	const struct preset *preset;
	struct client_draft draft;
	struct preset_use use;
	struct buf *out;
	struct why why;
};

/* One line for each value. */
static void
presets_put_setting(enum client_setting setting, str text, struct buf *out)
{
	const char *key = client_setting_facts(setting)->key;

	while (text.n > 0) {
		cli_column(out, str_of(key), KEY_COLUMNS);
		buf_put(out, str_cut(&text, '\n'));
		buf_put_byte(out, '\n');
		key = "";
	}
}

static err
presets_show_text(struct presets_show *s)
{
	presets_put_title(s->preset, s->out);
	if (s->preset->version != NULL)
		buf_put(s->out, STR(", version "));
	buf_put(s->out, str_of(s->preset->version));
	buf_put(s->out, STR("\n\n"));
	for (enum client_setting setting = 0; setting < CLIENT_SETTINGS; setting++)
		if (s->preset->client[setting] != NULL)
			presets_put_setting(setting, s->draft.of[setting], s->out);
	buf_put_byte(s->out, '\n');
	return preset_settings_put(s->preset, &s->use, s->out, &s->why);
}

static err
presets_show_json(struct presets_show *s)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };

	TRY(preset_settings_insert(s->preset, &s->use, &line, &s->why));
	for (enum client_setting setting = 0; setting < CLIENT_SETTINGS; setting++)
		if (s->preset->client[setting] != NULL)
			client_json_setting(&line, setting, s->draft.of[setting]);
	cli_json_text(&line, "redirect_uri_help", str_of(s->preset->ask));
	return cli_json_put(&line, s->out);
}

/* The client that the preset would make, as it would be stored. */
static err
presets_read(struct presets_show *s, struct arena *arena)
{
	struct oidc_client client;

	TRY(preset_draft(s->preset, s->use.url, arena, &s->draft, &s->why));
	TRY(client_draft_read(&s->draft, arena, &client, &s->why));
	return client_draft_of(&client, arena, &s->draft);
}

/* A redirect URI that the application itself chooses stays empty. */
static err
presets_show(struct presets_show *s, bool json, struct arena *arena)
{
	s->draft = (struct client_draft){ .client_id = str_of(s->preset->name) };
	s->draft.of[CLIENT_INSECURE_REDIRECT] = STR("yes"); /* http is refused when the client is added */
	if (s->preset->ask != NULL)
		s->draft.of[CLIENT_REDIRECT_URIS] = STR("https://app.example.org");
	TRY(presets_read(s, arena));
	return json ? presets_show_json(s) : presets_show_text(s);
}

static err
presets_example_url(const struct preset *preset, struct arena *arena, str *ret_url)
{
	CLEANUP(buf_wipe) struct buf url = BUF(256);

	buf_put(&url, STR("https://"));
	buf_put(&url, str_of(preset->name));
	buf_put(&url, STR(".example.org"));
	TRY(buf_check(&url));
	return arena_copy(arena, buf_str(&url), ret_url);
}

static err
presets_answer(struct presets_show *s, const char *url, bool json, struct arena *arena)
{
	if (s->preset == NULL)
		return presets_list(json, s->out);
	s->use.client_id = str_of(s->preset->name);
	if (url != NULL)
		s->use.url = str_of(url);
	else
		TRY(presets_example_url(s->preset, arena, &s->use.url));
	return presets_show(s, json, arena);
}

int
client_presets_print(struct cli *cli, const char *name, const char *url, bool json)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(2 * CLIENT_TEXTS_BYTES);
	CLEANUP(buf_wipe) struct buf out = BUF(LIST_MAX);
	struct presets_show s = { .preset = name == NULL ? NULL : preset_find(str_of(name)), .out = &out };
	int status = cli_config(cli);
	err e;

	if (name != NULL && s.preset == NULL)
		return preset_unknown(name);
	if (status != CLI_GO_ON)
		return status;
	s.use.issuer = str_of(cli->config.public_origin);
	e = presets_answer(&s, url, json, &arena);
	return e == ERR_OK ? cli_print(buf_str(&out)) : cli_fail(e, &s.why);
}

/* --- add and settings --------------------------------------------------------------------------------------------- */

err
client_preset_draft(struct client_request *r)
{
	const struct preset *preset = preset_find(r->client_id);

	if (r->words_n == 0 && preset != NULL && r->draft.of[CLIENT_REDIRECT_URIS].n == 0)
		return why_set(&r->admin->why, ERR_INVALID,
			       "%s is a preset.  Give the address of the application too, such as "
			       "https://%s.example.org.",
			       preset->name, preset->name);
	if (r->words_n == 0)
		return ERR_OK;
	if (preset == NULL)
		return why_set(&r->admin->why, ERR_INVALID,
			       "There is no preset %.*s.  `doubletour client presets` lists them.  For another "
			       "application, use the preset generic.",
			       STR_ARG(str_utf8_upto(r->client_id, 40)));
	return preset_draft(preset, str_of(r->words[0]), &r->arena, &r->draft, &r->admin->why);
}

static err
client_preset_put(struct client_request *r, const struct preset *preset, const struct preset_use *use)
{
	CLEANUP(cli_json_wipe) struct cli_json line = { 0 };

	if (!r->json)
		return preset_settings_put(preset, use, &r->out, &r->admin->why);
	cli_json_text(&line, "issuer", use->issuer);
	cli_json_text(&line, "client_id", use->client_id);
	if (use->secret.n > 0)
		cli_json_text(&line, "client_secret", use->secret);
	else
		cli_json_null(&line, "client_secret");
	TRY(preset_settings_insert(preset, use, &line, &r->admin->why));
	return cli_json_put(&line, &r->out);
}

err
client_preset_print(struct client_request *r, const struct oidc_client *client, str url,
		    const struct client_secret *secret)
{
	const struct preset *preset = preset_find(client->preset);
	struct preset_use use = { .url = url,
				  .client_id = client->client_id,
				  .secret = str_of(secret == NULL ? "" : secret->z),
				  .issuer = str_of(r->config->public_origin) };

	if (preset == NULL)
		return why_set(
		    &r->admin->why, ERR_NOT_FOUND,
		    "%.*s was not made from a preset.  `doubletour client presets generic` shows which values "
		    "an application needs.",
		    STR_ARG(client->client_id));
	if (url.n == 0 && preset_url_of(preset, client, &r->arena, &use.url) != ERR_OK)
		return why_set(&r->admin->why, ERR_NOT_FOUND,
			       "The address of the application is not in its settings any more.  Give it behind the "
			       "client id.");
	return client_preset_put(r, preset, &use);
}

err
client_settings(struct client_request *r)
{
	struct client_view view;

	TRY(client_admin_find(r->admin->thread, r->client_id, &r->arena, &r->admin->why, &view));
	return client_preset_print(r, &view.client, str_of(r->words_n > 0 ? r->words[0] : ""), NULL);
}
