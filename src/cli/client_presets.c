#include "cli/client_presets.h"

#include "base/random.h"
#include "config/values.h"
#include "oidc/redirect.h"

#include <stddef.h>

enum {
	PRESET_TEXT_MAX = 16 * 1024, /* one expanded text */
	PRESET_RANDOM_BYTES = 32,
	PRESETS_MAX = 100
};

const struct preset *
preset_find(str name)
{
	for (size_t i = 0; i < presets_n; i++)
		if (str_equal(name, str_of(presets[i].name)))
			return &presets[i];
	return NULL;
}

int
preset_unknown(const char *name)
{
	const char *names[PRESETS_MAX + 1] = { NULL };

	for (size_t i = 0; i < presets_n && i < PRESETS_MAX; i++)
		names[i] = presets[i].name;
	return cli_unknown("preset", name, names, "doubletour client presets");
}

/* --- placeholders ------------------------------------------------------------------------------------------------- */

/* The texts that replace placeholders. */
struct preset_words {
	str app, app_with_port, scheme, tls, host, subfolder;
	str client_id, secret, random, issuer, issuer_scheme, issuer_host;
};

static const struct {
	str name;
	size_t offset;    /* of its text in struct preset_words */
	const char *path; /* that follows the text */
} placeholders[] = {
	{ STR_INIT("APP"), offsetof(struct preset_words, app), "" },
	{ STR_INIT("APP_WITH_PORT"), offsetof(struct preset_words, app_with_port), "" },
	{ STR_INIT("SCHEME"), offsetof(struct preset_words, scheme), "" },
	{ STR_INIT("TLS"), offsetof(struct preset_words, tls), "" },
	{ STR_INIT("HOST"), offsetof(struct preset_words, host), "" },
	{ STR_INIT("SUBFOLDER"), offsetof(struct preset_words, subfolder), "" },
	{ STR_INIT("CLIENT_ID"), offsetof(struct preset_words, client_id), "" },
	{ STR_INIT("SECRET"), offsetof(struct preset_words, secret), "" },
	{ STR_INIT("RANDOM"), offsetof(struct preset_words, random), "" },
	{ STR_INIT("ISSUER"), offsetof(struct preset_words, issuer), "" },
	{ STR_INIT("ISSUER_SCHEME"), offsetof(struct preset_words, issuer_scheme), "" },
	{ STR_INIT("ISSUER_HOST"), offsetof(struct preset_words, issuer_host), "" },
	{ STR_INIT("DISCOVERY"), offsetof(struct preset_words, issuer), "/.well-known/openid-configuration" },
	{ STR_INIT("AUTHORIZATION"), offsetof(struct preset_words, issuer), "/api/oidc/authorization" },
	{ STR_INIT("TOKEN"), offsetof(struct preset_words, issuer), "/api/oidc/token" },
	{ STR_INIT("USERINFO"), offsetof(struct preset_words, issuer), "/api/oidc/userinfo" },
	{ STR_INIT("END_SESSION"), offsetof(struct preset_words, issuer), "/api/oidc/end-session" },
	{ STR_INIT("JWKS"), offsetof(struct preset_words, issuer), "/jwks.json" },
};

static bool
preset_put_placeholder(const struct preset_words *words, str name, struct buf *out)
{
	for (size_t i = 0; i < COUNT(placeholders); i++) {
		if (!str_equal(name, placeholders[i].name))
			continue;
		buf_put(out, *(const str *)((const char *)words + placeholders[i].offset));
		buf_put(out, str_of(placeholders[i].path));
		return true;
	}
	return false;
}

/* A sign @ that begins no placeholder stays. */
static void
preset_expand(const char *text, const struct preset_words *words, struct buf *out)
{
	str rest = str_of(text);

	while (rest.n > 0) {
		buf_put(out, str_cut(&rest, '@'));
		if (rest.p == NULL)
			return;
		str after = rest, name = str_cut(&after, '@');
		if (after.p != NULL && preset_put_placeholder(words, name, out))
			rest = after;
		else
			buf_put_byte(out, '@');
	}
}

static err
preset_expand_copy(const char *text, const struct preset_words *words, struct arena *arena, str *ret_text)
{
	CLEANUP(buf_wipe) struct buf out = BUF(PRESET_TEXT_MAX);

	preset_expand(text, words, &out);
	TRY(buf_check(&out));
	return arena_copy(arena, buf_str(&out), ret_text);
}

/* --- the URL of the application ----------------------------------------------------------------------------------- */

/* Cut https://host:port/path into the part before the path, and the path. */
static str
preset_cut_origin(str url, str *ret_path)
{
	size_t n = str_starts(url, STR("https://")) ? 8 : 7;

	while (n < url.n && !str_has_byte(STR("/?#"), url.p[n]))
		n++;
	*ret_path = str_from(url, n);
	return str_upto(url, n);
}

static str
preset_without_slashes(str path)
{
	while (str_ends(path, STR("/")))
		path.n--;
	return path;
}

/* Only what no format of settings must quote: RFC 3986 s2.3 and slashes. */
static bool
preset_path_is_plain(str path)
{
	while (path.n > 0) {
		str rest = str_from(path, 1), segment = str_cut(&rest, '/'); /* it begins with a slash */
		if (!client_id_is_good(segment) || str_equal(segment, STR(".")) || str_equal(segment, STR("..")))
			return false;
		path = str_from(path, 1 + segment.n);
	}
	return true;
}

static err
preset_refuse_path(const struct preset *preset, const char *url, str path, struct why *why)
{
	if (str_has_byte(path, '?') || str_has_byte(path, '#'))
		return why_set(why, ERR_INVALID,
			       "%s has a query or a fragment.  Give the address of the application only, such as "
			       "https://%s.example.org.",
			       url, preset->name);
	if (!preset_path_is_plain(path))
		return why_set(why, ERR_INVALID,
			       "The path of %s has an empty segment, a dot segment, or other characters than letters, "
			       "digits and . _ ~ -",
			       url);
	if (path.n > 0 && preset->address != PRESET_PATH)
		return why_set(why, ERR_INVALID,
			       "The preset %s is for a separate host: %s has a path.  Give the address without it, or "
			       "use the preset generic with --redirect.",
			       preset->name, url);
	return ERR_OK;
}

static err
preset_refuse_origin(const struct preset *preset, const char *url, str origin, bool insecure, struct why *why)
{
	enum redirect_problem problem = redirect_check(origin, insecure);

	if (problem == REDIRECT_INSECURE)
		return why_set(why, ERR_INVALID,
			       "%s has no TLS: anyone on the network could read codes.  Use https.  In a home "
			       "network, add --insecure-redirect.",
			       url);
	if (problem != REDIRECT_GOOD)
		return why_set(why, ERR_INVALID, "%s cannot be used: %s.", url, redirect_problem_text(problem));
	if (host_without_port(origin).n > strlen("https:") && preset->address == PRESET_HOST)
		return why_set(why, ERR_INVALID,
			       "The preset %s is for the default port: %s has another one.  Use the preset generic "
			       "with --redirect.",
			       preset->name, url);
	return ERR_OK;
}

static err
preset_words_of_origin(const char *origin, bool https, str path, struct arena *arena, struct preset_words *words)
{
	str authority = str_from(str_of(origin), https ? 8 : 7), host = host_without_port(authority);
	CLEANUP(buf_wipe) struct buf app = BUF(PRESET_TEXT_MAX), with_port = BUF(PRESET_TEXT_MAX);

	buf_put(&app, str_of(origin));
	buf_put(&app, path);
	buf_put(&with_port, str_of(origin));
	buf_put(&with_port, host.n < authority.n ? STR("") : https ? STR(":443") : STR(":80"));
	buf_put(&with_port, path);
	TRY(buf_check(&app));
	TRY(buf_check(&with_port));
	TRY(arena_copy(arena, buf_str(&app), &words->app));
	TRY(arena_copy(arena, buf_str(&with_port), &words->app_with_port));
	TRY(arena_copy(arena, host, &words->host));
	TRY(arena_copy(arena, path.n > 0 ? path : STR("None"), &words->subfolder));
	words->scheme = https ? STR("https") : STR("http");
	words->tls = https ? STR("true") : STR("false");
	return ERR_OK;
}

/* Check the URL, and set the words that come from it. */
static err
preset_read_url(const struct preset *preset, str typed, bool insecure, struct arena *arena, struct preset_words *words,
		struct why *why)
{
	char origin[CONFIG_TEXT_MAX], host[256];
	bool https = false;
	str path, url, before;

	TRY(arena_copy(arena, typed, &url)); /* for messages: with a NUL */
	const struct cli_word shown = cli_url_of(url.p);
	before = preset_cut_origin(url, &path);
	if (value_public_url(before, origin, sizeof(origin), host, sizeof(host), &https) != ERR_OK)
		return why_set(why, ERR_INVALID,
			       "%s is not the address of an application, such as https://%s.example.org.", shown.z,
			       preset->name);
	path = preset_without_slashes(path);
	TRY(preset_refuse_origin(preset, shown.z, str_of(origin), insecure, why));
	TRY(preset_refuse_path(preset, shown.z, path, why));
	return preset_words_of_origin(origin, https, path, arena, words);
}

/* --- the client --------------------------------------------------------------------------------------------------- */

static err
preset_choose(const struct preset *preset, enum client_setting setting, const struct preset_words *words,
	      struct arena *arena, struct client_draft *draft)
{
	if (draft->of[setting].p != NULL || preset->client[setting] == NULL)
		return ERR_OK;
	return preset_expand_copy(preset->client[setting], words, arena, &draft->of[setting]);
}

err
preset_draft(const struct preset *preset, str url, struct arena *arena, struct client_draft *draft, struct why *why)
{
	bool insecure = str_equal(draft->of[CLIENT_INSECURE_REDIRECT], STR("yes"));
	struct preset_words words = { .client_id = draft->client_id };

	TRY(preset_read_url(preset, url, insecure, arena, &words, why));
	if (preset->ask != NULL && draft->of[CLIENT_REDIRECT_URIS].n == 0)
		return why_set(why, ERR_INVALID, "%s", preset->ask);
	if (draft->of[CLIENT_NAME].p == NULL && !str_equal(str_of(preset->name), STR("generic")))
		draft->of[CLIENT_NAME] = str_of(preset->title);
	draft->of[CLIENT_PRESET] = str_of(preset->name);
	for (enum client_setting setting = 0; setting < CLIENT_SETTINGS; setting++)
		TRY(preset_choose(preset, setting, &words, arena, draft));
	return ERR_OK;
}

/* If a pattern of the form @APP@/path made this URI: the URL in the place of @APP@. */
static str
preset_url_by(const char *patterns, str uri)
{
	str rest = str_of(patterns), pattern = str_cut(&rest, '\n');

	if (!str_starts(pattern, STR("@APP@")))
		return STR("");
	pattern = str_from(pattern, 5);
	return str_ends(uri, pattern) ? str_upto(uri, uri.n - pattern.n) : STR("");
}

err
preset_url_of(const struct preset *preset, const struct oidc_client *client, struct arena *arena, str *ret_url)
{
	str lines = client->redirect_uris;
	str url = preset_url_by(preset->client[CLIENT_LAUNCH_URL], client->launch_url);

	if (url.n == 0)
		url = preset_url_by(preset->client[CLIENT_REDIRECT_URIS], str_cut(&lines, '\n'));
	return url.n == 0 ? ERR_NOT_FOUND : arena_copy(arena, url, ret_url);
}

/* --- the settings ------------------------------------------------------------------------------------------------- */

static err
preset_random_text(struct arena *arena, str *ret_text)
{
	char bytes[PRESET_RANDOM_BYTES], text[STR_BASE64_LETTERS(PRESET_RANDOM_BYTES)];

	TRY(random_fill(bytes, sizeof(bytes)));
	str_base64url_write(bytes, sizeof(bytes), text);
	return arena_copy(arena, str_bytes(text, sizeof(text)), ret_text);
}

static err
preset_words_of_use(const struct preset *preset, const struct preset_use *use, struct arena *arena,
		    struct preset_words *words, struct why *why)
{
	bool https = str_starts(use->issuer, STR("https://"));

	TRY(preset_read_url(preset, use->url, true, arena, words, why));
	words->client_id = use->client_id;
	words->secret = use->secret.n > 0 ? use->secret : STR("SECRET");
	words->random = STR("RANDOM");
	words->issuer = use->issuer;
	words->issuer_scheme = https ? STR("https") : STR("http");
	words->issuer_host = str_from(use->issuer, https ? 8 : 7);
	return use->secret.n > 0 ? preset_random_text(arena, &words->random) : ERR_OK;
}

static void
preset_put_block(const struct preset *preset, const struct preset_block *block, const struct preset_words *words,
		 struct buf *out)
{
	buf_put(out, STR("Settings of "));
	buf_put(out, str_of(preset->title));
	buf_put(out, STR(": "));
	preset_expand(block->where, words, out);
	buf_put(out, STR("\n\n"));
	preset_expand(block->text, words, out);
	buf_put_byte(out, '\n');
}

/* Each line of the text, as an item of a list below its heading. */
static void
preset_put_list(const char *heading, const char *lines, const struct preset_words *words, struct buf *out)
{
	CLEANUP(buf_wipe) struct buf expanded = BUF(PRESET_TEXT_MAX);
	str rest;

	if (lines == NULL)
		return;
	preset_expand(lines, words, &expanded);
	rest = buf_str(&expanded);
	buf_put(out, str_of(heading));
	while (rest.n > 0) {
		buf_put(out, STR("\n- "));
		buf_put(out, str_cut(&rest, '\n'));
	}
	buf_put(out, STR("\n\n"));
	if (out->failed == ERR_OK)
		out->failed = expanded.failed;
}

err
preset_settings_put(const struct preset *preset, const struct preset_use *use, struct buf *out, struct why *why)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(CLIENT_TEXTS_BYTES);
	struct preset_words words = { 0 };

	TRY(preset_words_of_use(preset, use, &arena, &words, why));
	preset_put_list("Not maintained:", preset->unmaintained, &words, out);
	for (size_t i = 0; i < preset->blocks_n; i++)
		preset_put_block(preset, &preset->blocks[i], &words, out);
	preset_put_list("Notes:", preset->notes, &words, out);
	preset_put_list("Not verified:", preset->unverified, &words, out);
	return buf_check(out);
}

static err
preset_insert_block(const struct preset_block *block, const struct preset_words *words, struct cli_json *line)
{
	CLEANUP(cli_json_wipe) struct cli_json object = { 0 };
	CLEANUP(buf_wipe) struct buf where = BUF(PRESET_TEXT_MAX), text = BUF(PRESET_TEXT_MAX);

	preset_expand(block->where, words, &where);
	preset_expand(block->text, words, &text);
	TRY(buf_check(&where));
	TRY(buf_check(&text));
	cli_json_text(&object, "kind", str_of(block->kind));
	cli_json_text(&object, "where", buf_str(&where));
	cli_json_text(&object, "text", buf_str(&text));
	cli_json_list_object(line, "settings", &object);
	return ERR_OK;
}

static err
preset_insert_list(const char *name, const char *lines, const struct preset_words *words, struct cli_json *line)
{
	CLEANUP(buf_wipe) struct buf expanded = BUF(PRESET_TEXT_MAX);
	str rest;

	preset_expand(lines == NULL ? "" : lines, words, &expanded);
	TRY(buf_check(&expanded));
	rest = buf_str(&expanded);
	cli_json_list(line, name);
	while (rest.n > 0)
		cli_json_list_text(line, name, str_cut(&rest, '\n'));
	return ERR_OK;
}

err
preset_settings_insert(const struct preset *preset, const struct preset_use *use, struct cli_json *line,
		       struct why *why)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(CLIENT_TEXTS_BYTES);
	struct preset_words words = { 0 };

	TRY(preset_words_of_use(preset, use, &arena, &words, why));
	cli_json_text(line, "preset", str_of(preset->name));
	cli_json_text(line, "title", str_of(preset->title));
	cli_json_text(line, "description", str_of(preset->about));
	cli_json_text(line, "version", str_of(preset->version));
	cli_json_bool(line, "maintained", preset->unmaintained == NULL);
	cli_json_list(line, "settings");
	for (size_t i = 0; i < preset->blocks_n; i++)
		TRY(preset_insert_block(&preset->blocks[i], &words, line));
	TRY(preset_insert_list("unmaintained", preset->unmaintained, &words, line));
	TRY(preset_insert_list("notes", preset->notes, &words, line));
	return preset_insert_list("unverified", preset->unverified, &words, line);
}
