#include "oidc/client_draft.h"

#include "oidc/claim_rules.h"
#include "oidc/redirect.h"

#include <stddef.h>

enum { CLIENT_NAME_MAX_POINTS = 40 };

#define MEMBER(member) .offset = offsetof(struct oidc_client, member)
#define WORDS_YES .kind = CLIENT_KIND_SWITCH, .words = { "no", "yes" }, .fallback = "no", .takes = "yes or no"

static const struct client_setting_facts settings[CLIENT_SETTINGS] = {
	[CLIENT_NAME] = { "name", "name", CLIENT_KIND_TEXT, MEMBER(name), .fallback = "", .takes = "1 to 40 characters",
			  .help = "the name that pages show" },
	[CLIENT_PRESET] = { "preset", NULL, CLIENT_KIND_TEXT, MEMBER(preset), .fallback = "",
			    .takes = "a name, or empty", .help = "the preset that it was made from" },
	[CLIENT_REDIRECT_URIS] = { "redirect_uris", "redirect", CLIENT_KIND_URIS, MEMBER(redirect_uris), .fallback = "",
				   .takes = "URIs, separated by spaces",
				   .help = "its redirect URIs, compared byte for byte" },
	[CLIENT_LOGOUT_URIS] = { "logout_uris", "logout", CLIENT_KIND_URIS, MEMBER(logout_uris), .fallback = "",
				 .takes = "URIs, separated by spaces",
				 .help = "where users return to after signing out" },
	[CLIENT_LAUNCH_URL] = { "launch_url", "launch", CLIENT_KIND_URL, MEMBER(launch_url), .fallback = "",
				.takes = "an https or http URL, or empty",
				.help = "the page that the application's tile opens" },
	[CLIENT_SCOPES] = { "scopes", "scopes", CLIENT_KIND_SCOPES, MEMBER(scopes),
			    .fallback = "openid profile email groups",
			    .takes = "openid, and some of profile, email, groups, offline_access",
			    .help = "the scopes that it may request" },
	[CLIENT_CLAIMS] = { "claims", "claim", CLIENT_KIND_RULES, MEMBER(claims), .fallback = "",
			    .takes = "rules, one on each line", .help = "additional claims for this application" },
	[CLIENT_CONSENT] = { "consent", "consent", CLIENT_KIND_CHOICE, MEMBER(consent),
			     .words = { "once", "never", "always" }, .fallback = "once",
			     .takes = "once, never or always", .help = "when users are asked for their consent" },
	[CLIENT_PKCE] = { "pkce", "pkce", CLIENT_KIND_SWITCH, MEMBER(pkce_optional),
			  .words = { "required", "optional" }, .fallback = "required", .takes = "required or optional",
			  .help = "whether requests need PKCE" },
	[CLIENT_PUBLIC] = { "public", "public", MEMBER(public), WORDS_YES,
			    .help = "an application that cannot keep a secret" },
	[CLIENT_AUTH_METHOD] = { "auth_method", "auth-method", CLIENT_KIND_CHOICE, MEMBER(auth),
				 .words = { "any", "client_secret_basic", "client_secret_post" }, .fallback = "any",
				 .takes = "any, client_secret_basic or client_secret_post",
				 .help = "how it sends its secret" },
	[CLIENT_ID_TOKEN] = { "id_token", "id-token", CLIENT_KIND_SWITCH, MEMBER(id_token_minimal),
			      .words = { "full", "minimal" }, .fallback = "full", .takes = "full or minimal",
			      .help = "whether the claims of scopes are in the ID token too (full), or in userinfo "
				      "only (minimal)" },
	[CLIENT_ID_TOKEN_ALG] = { "id_token_alg", "id-token-alg", CLIENT_KIND_CHOICE, MEMBER(alg),
				  .words = { "RS256", "ES256", "EdDSA" }, .fallback = "RS256",
				  .takes = "RS256, ES256 or EdDSA", .help = "the algorithm that signs its ID tokens" },
	[CLIENT_MAX_AGE] = { "max_age", "max-age", CLIENT_KIND_SECONDS, MEMBER(max_age_s), .fallback = "none",
			     .takes = "seconds, or none",
			     .help = "ask for the second factor again if the last proof is older" },
	[CLIENT_ACCESS_TOKEN] = { "access_token", "access-token", CLIENT_KIND_SECONDS, MEMBER(access_token_s),
				  .fallback = "3600", .takes = "60 to 86400 seconds",
				  .help = "how long an access token is valid" },
	[CLIENT_REFRESH] = { "refresh", "refresh", CLIENT_KIND_SWITCH, MEMBER(refresh_fixed),
			     .words = { "rotate", "fixed" }, .fallback = "rotate", .takes = "rotate or fixed",
			     .help = "whether each use replaces the refresh token (rotate), or the token stays the "
				     "same (fixed)" },
	[CLIENT_REFRESH_SESSION] = { "refresh_session", "refresh-session", MEMBER(refresh_session), WORDS_YES,
				     .help = "give refresh tokens without offline_access; they end with the session" },
	[CLIENT_OFFLINE_WITHOUT_CONSENT] = { "offline_without_consent", "offline-without-consent",
					     MEMBER(offline_without_consent), WORDS_YES,
					     .help = "grant offline_access without consent" },
	[CLIENT_INSECURE_REDIRECT] = { "insecure_redirect", "insecure-redirect", MEMBER(insecure_redirect), WORDS_YES,
				       .help = "allow redirect URIs without TLS, for a home network" },
	[CLIENT_BACKCHANNEL_URI] = { "backchannel_uri", "backchannel", CLIENT_KIND_URL, MEMBER(backchannel_uri),
				     .fallback = "", .takes = "an https or http URL, or empty",
				     .help = "reserved for a later release, and not used yet" },
};

const struct client_setting_facts *
client_setting_facts(enum client_setting setting)
{
	return &settings[setting];
}

enum client_setting
client_setting_find(str key)
{
	enum client_setting setting = 0;

	while (setting < CLIENT_SETTINGS && !str_equal(key, str_of(settings[setting].key)))
		setting++;
	return setting;
}

bool
client_setting_is_list(enum client_setting setting)
{
	enum client_kind kind = settings[setting].kind;

	return kind == CLIENT_KIND_URIS || kind == CLIENT_KIND_RULES || kind == CLIENT_KIND_SCOPES;
}

bool
client_id_is_good(str client_id)
{
	for (size_t i = 0; i < client_id.n; i++) {
		char c = client_id.p[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && !(c >= '0' && c <= '9') &&
		    !str_has_byte(STR("._~-"), c))
			return false;
	}
	return client_id.n > 0 && client_id.n <= OIDC_CLIENT_ID_MAX;
}

/* --- reading ------------------------------------------------------------------------------------------------------ */

struct client_reading {
	enum client_setting setting;
	str text;
	struct arena *arena;
	struct oidc_client *client;
	struct why *why;
};

static void *
client_member(struct oidc_client *client, enum client_setting setting)
{
	return (char *)client + settings[setting].offset;
}

static err
client_refuse(const struct client_reading *r)
{
	const struct client_setting_facts *facts = &settings[r->setting];

	return why_set(r->why, ERR_INVALID, "%s must be %s.  \"%.*s\" is not.", facts->key, facts->takes,
		       STR_ARG(str_utf8_upto(r->text, 60)));
}

static err
client_refuse_uri(const struct client_reading *r, str uri, enum redirect_problem problem)
{
	return why_set(r->why, ERR_INVALID, "%s: %.*s cannot be registered: %s.", settings[r->setting].key,
		       STR_ARG(str_utf8_upto(uri, 200)), redirect_problem_text(problem));
}

static err
client_read_text(const struct client_reading *r)
{
	if (!str_utf8_valid(r->text) || !str_is_visible(r->text) || str_utf8_count(r->text) > CLIENT_NAME_MAX_POINTS)
		return client_refuse(r);
	return arena_copy(r->arena, str_trim(r->text), client_member(r->client, r->setting));
}

static err
client_read_url(const struct client_reading *r)
{
	enum redirect_problem problem = redirect_check(r->text, true);
	bool web = str_starts(r->text, STR("https://")) || str_starts(r->text, STR("http://"));

	if (r->text.n > 0 && !web)
		return client_refuse(r);
	if (r->text.n > 0 && problem != REDIRECT_GOOD)
		return client_refuse_uri(r, r->text, problem);
	return arena_copy(r->arena, r->text, client_member(r->client, r->setting));
}

/* The next word of a list with white space between; empty at its end. */
static str
client_next_word(str *list)
{
	size_t n = 0;
	str word;

	*list = str_trim(*list);
	while (n < list->n && !str_has_byte(STR(" \t\r\n"), list->p[n]))
		n++;
	word = str_upto(*list, n);
	*list = str_from(*list, n);
	return word;
}

static bool
client_list_has(str lines, str line)
{
	while (lines.n > 0)
		if (str_equal(str_cut(&lines, '\n'), line))
			return true;
	return false;
}

static void
client_put_line(struct buf *lines, str line)
{
	if (lines->n > 0)
		buf_put_byte(lines, '\n');
	buf_put(lines, line);
}

static err
client_store_lines(const struct client_reading *r, const struct buf *lines)
{
	err e = buf_check(lines);

	if (e == ERR_TOO_LONG)
		return why_set(r->why, ERR_INVALID, "%s has over %d bytes.", settings[r->setting].key,
			       CLIENT_LIST_MAX_BYTES);
	TRY(e);
	return arena_copy(r->arena, buf_str(lines), client_member(r->client, r->setting));
}

static err
client_read_uris(const struct client_reading *r)
{
	CLEANUP(buf_wipe) struct buf lines = BUF(CLIENT_LIST_MAX_BYTES);
	str rest = r->text, uri;

	while ((uri = client_next_word(&rest)).n > 0) {
		enum redirect_problem problem = redirect_check(uri, r->client->insecure_redirect);
		if (problem != REDIRECT_GOOD)
			return client_refuse_uri(r, uri, problem);
		if (!client_list_has(buf_str(&lines), uri))
			client_put_line(&lines, uri);
	}
	return client_store_lines(r, &lines);
}

static err
client_read_rules(const struct client_reading *r)
{
	CLEANUP(buf_wipe) struct buf lines = BUF(CLIENT_LIST_MAX_BYTES);
	const char *problem = "";
	str rest = r->text;
	unsigned line = 0;
	err e;

	while (rest.n > 0) {
		str rule = str_trim(str_cut(&rest, '\n'));
		if (rule.n > 0)
			client_put_line(&lines, rule);
	}
	TRY(client_store_lines(r, &lines));
	e = claim_rules_check(buf_str(&lines), &line, &problem);
	if (e == ERR_INVALID)
		return why_set(r->why, e, "claims: rule %u: %s", line, problem);
	return e;
}

static err
client_read_scopes(const struct client_reading *r)
{
	str rest = r->text, word;
	unsigned bits = 0;

	while ((word = client_next_word(&rest)).n > 0) {
		unsigned bit = oidc_scopes_read(word);
		if (bit == 0)
			return client_refuse(r);
		bits |= bit;
	}
	if ((bits & OIDC_SCOPE_OPENID) == 0)
		return client_refuse(r);
	*(unsigned *)client_member(r->client, r->setting) = bits;
	return ERR_OK;
}

static err
client_read_seconds(const struct client_reading *r)
{
	bool age = r->setting == CLIENT_MAX_AGE;
	uint64_t seconds = 0;

	if (age && str_equal(r->text, STR("none"))) {
		*(int64_t *)client_member(r->client, r->setting) = -1;
		return ERR_OK;
	}
	if (str_number(r->text, age ? CLIENT_MAX_AGE_MAX_S : CLIENT_ACCESS_TOKEN_MAX_S, &seconds) != ERR_OK ||
	    (!age && seconds < CLIENT_ACCESS_TOKEN_MIN_S))
		return client_refuse(r);
	*(int64_t *)client_member(r->client, r->setting) = (int64_t)seconds;
	return ERR_OK;
}

static err
client_read_word(const struct client_reading *r)
{
	const struct client_setting_facts *facts = &settings[r->setting];
	unsigned at = 0;

	while (facts->words[at] != NULL && !str_equal(r->text, str_of(facts->words[at])))
		at++;
	if (facts->words[at] == NULL)
		return client_refuse(r);
	if (facts->kind == CLIENT_KIND_SWITCH)
		*(bool *)client_member(r->client, r->setting) = at == 1;
	else
		*(unsigned *)client_member(r->client, r->setting) = at;
	return ERR_OK;
}

static err
client_read_one(const struct client_reading *r)
{
	switch (settings[r->setting].kind) {
	case CLIENT_KIND_TEXT:
		return client_read_text(r);
	case CLIENT_KIND_URL:
		return client_read_url(r);
	case CLIENT_KIND_URIS:
		return client_read_uris(r);
	case CLIENT_KIND_RULES:
		return client_read_rules(r);
	case CLIENT_KIND_SCOPES:
		return client_read_scopes(r);
	case CLIENT_KIND_SECONDS:
		return client_read_seconds(r);
	case CLIENT_KIND_SWITCH:
	case CLIENT_KIND_CHOICE:
		break;
	}
	return client_read_word(r);
}

/* Settings that exclude each other. */
static err
client_read_together(const struct oidc_client *client, struct why *why)
{
	if (client->name.n == 0)
		return why_set(why, ERR_INVALID, "name must be 1 to 40 characters.");
	if (client->redirect_uris.n == 0)
		return why_set(why, ERR_INVALID,
			       "A client needs a redirect URI.  Copy it from the application's settings.");
	if (client->public && client->pkce_optional)
		return why_set(why, ERR_INVALID, "A public client needs PKCE: leave out pkce=optional.");
	if (client->public && client->auth != OIDC_AUTH_NONE)
		return why_set(why, ERR_INVALID, "A public client has no secret: leave out auth_method.");
	if (client->public && client->refresh_fixed)
		return why_set(why, ERR_INVALID,
			       "A public client's refresh tokens are always replaced: leave out refresh=fixed.");
	return ERR_OK;
}

static str
client_text_of(const struct client_draft *draft, enum client_setting setting)
{
	if (draft->of[setting].p != NULL)
		return draft->of[setting];
	return setting == CLIENT_NAME ? draft->client_id : str_of(settings[setting].fallback);
}

err
client_draft_read(const struct client_draft *draft, struct arena *arena, struct oidc_client *ret_client,
		  struct why *why)
{
	struct oidc_client client = { .id = 0 };
	struct client_reading r = { CLIENT_INSECURE_REDIRECT, client_text_of(draft, CLIENT_INSECURE_REDIRECT), arena,
				    &client, why };

	if (!client_id_is_good(draft->client_id))
		return why_set(why, ERR_INVALID, "A client's id has 1 to %d characters of a-z A-Z 0-9 . _ ~ -",
			       OIDC_CLIENT_ID_MAX);
	TRY(arena_copy(arena, draft->client_id, &client.client_id));
	TRY(client_read_one(&r)); /* first: the check of URIs needs it */
	for (r.setting = 0; r.setting < CLIENT_SETTINGS; r.setting++) {
		r.text = client_text_of(draft, r.setting);
		TRY(client_read_one(&r));
	}
	TRY(client_read_together(&client, why));
	*ret_client = client;
	return ERR_OK;
}

/* --- writing ------------------------------------------------------------------------------------------------------ */

static void
client_write_seconds(struct buf *out, int64_t seconds)
{
	if (seconds < 0)
		buf_put(out, STR("none"));
	else
		buf_put_number(out, seconds);
}

static void
client_write_one(struct buf *out, enum client_setting setting, const void *member)
{
	const struct client_setting_facts *facts = &settings[setting];

	switch (facts->kind) {
	case CLIENT_KIND_SCOPES:
		oidc_scopes_put(out, *(const unsigned *)member);
		return;
	case CLIENT_KIND_SECONDS:
		client_write_seconds(out, *(const int64_t *)member);
		return;
	case CLIENT_KIND_SWITCH:
		buf_put(out, str_of(facts->words[*(const bool *)member]));
		return;
	case CLIENT_KIND_CHOICE:
		buf_put(out, str_of(facts->words[*(const unsigned *)member]));
		return;
	case CLIENT_KIND_TEXT:
	case CLIENT_KIND_URL:
	case CLIENT_KIND_URIS:
	case CLIENT_KIND_RULES:
		break;
	}
	buf_put(out, *(const str *)member);
}

err
client_draft_of(const struct oidc_client *client, struct arena *arena, struct client_draft *ret_draft)
{
	struct oidc_client copy = *client;

	ret_draft->client_id = client->client_id;
	for (enum client_setting i = 0; i < CLIENT_SETTINGS; i++) {
		CLEANUP(buf_wipe) struct buf text = BUF(CLIENT_TEXTS_BYTES);
		client_write_one(&text, i, client_member(&copy, i));
		TRY(buf_check(&text));
		TRY(arena_copy(arena, buf_str(&text), &ret_draft->of[i]));
	}
	return ERR_OK;
}
