/* The settings of a client as texts: what each one accepts, and that reading and writing are inverse. */
#include "oidc/client_draft.h"

#include "unit.h"

static const struct {
	enum client_setting setting;
	const char *text;
	bool good;
	const char *word; /* a part of the message */
	const char *why;
} texts[] = {
	{ CLIENT_NAME, "Le Wiki é", true, "", "any script" },
	{ CLIENT_NAME, "1234567890123456789012345678901234567890", true, "", "40 characters" },
	{ CLIENT_NAME, "12345678901234567890123456789012345678901", false, "name must be", "41 characters" },
	{ CLIENT_NAME, "", false, "name must be", "empty" },
	{ CLIENT_NAME, "  ", false, "name must be", "blank" },
	{ CLIENT_NAME, "a\nb", false, "name must be", "two lines" },
	{ CLIENT_NAME, "a\xff", false, "name must be", "not UTF-8" },
	{ CLIENT_REDIRECT_URIS, "https://a/ https://b/\nhttps://c/", true, "", "with blanks or lines between" },
	{ CLIENT_REDIRECT_URIS, "", false, "needs a redirect URI", "none" },
	{ CLIENT_REDIRECT_URIS, "https://a/ http://b/", false, "http://b/ cannot be registered", "no TLS" },
	{ CLIENT_LOGOUT_URIS, "https://a/#x", false, "logout_uris: https://a/#x", "a fragment" },
	{ CLIENT_LAUNCH_URL, "https://a/", true, "", "https" },
	{ CLIENT_LAUNCH_URL, "http://nas/", true, "", "http" },
	{ CLIENT_LAUNCH_URL, "app://x", false, "launch_url must be", "a private scheme" },
	{ CLIENT_LAUNCH_URL, "javascript:x", false, "launch_url must be", "a script" },
	{ CLIENT_BACKCHANNEL_URI, "https://a/b", true, "", "https" },
	{ CLIENT_SCOPES, "openid", true, "", "the least" },
	{ CLIENT_SCOPES, "profile", false, "scopes must be openid", "without openid" },
	{ CLIENT_SCOPES, "openid quota", false, "scopes must be openid", "unknown" },
	{ CLIENT_SCOPES, "", false, "scopes must be openid", "none" },
	{ CLIENT_CLAIMS, "a = 1\n\n b = 2 \n", true, "", "empty lines are left out" },
	{ CLIENT_CLAIMS, "a = 1\nsub = 2", false, "claims: rule 2", "a claim of the server" },
	{ CLIENT_CONSENT, "never", true, "", "a word" },
	{ CLIENT_CONSENT, "sometimes", false, "consent must be once, never or always", "another word" },
	{ CLIENT_PKCE, "optional", true, "", "a word" },
	{ CLIENT_PKCE, "no", false, "pkce must be required or optional", "another word" },
	{ CLIENT_PUBLIC, "yes", true, "", "a word" },
	{ CLIENT_PUBLIC, "1", false, "public must be yes or no", "a number" },
	{ CLIENT_AUTH_METHOD, "client_secret_post", true, "", "a word" },
	{ CLIENT_AUTH_METHOD, "none", false, "auth_method must be", "another word" },
	{ CLIENT_ID_TOKEN_ALG, "EdDSA", true, "", "a word" },
	{ CLIENT_ID_TOKEN_ALG, "HS256", false, "id_token_alg must be", "never" },
	{ CLIENT_MAX_AGE, "none", true, "", "a word" },
	{ CLIENT_MAX_AGE, "0", true, "", "as prompt=login" },
	{ CLIENT_MAX_AGE, "-1", false, "max_age must be", "negative" },
	{ CLIENT_MAX_AGE, "99999999999", false, "max_age must be", "too long" },
	{ CLIENT_ACCESS_TOKEN, "60", true, "", "the least" },
	{ CLIENT_ACCESS_TOKEN, "59", false, "access_token must be 60 to 86400", "less" },
	{ CLIENT_ACCESS_TOKEN, "none", false, "access_token must be", "not for this one" },
	{ CLIENT_INSECURE_REDIRECT, "maybe", false, "insecure_redirect must be", "another word" },
};

static struct client_draft
draft_new(void)
{
	struct client_draft draft = { .client_id = STR("wiki") };

	draft.of[CLIENT_REDIRECT_URIS] = STR("https://wiki.example.org/cb");
	return draft;
}

static void
each_setting_accepts_only_its_values(void **state)
{
	for (size_t i = 0; i < COUNT(texts); i++) {
		CLEANUP(arena_wipe) struct arena arena = ARENA(CLIENT_TEXTS_BYTES);
		struct client_draft draft = draft_new();
		struct oidc_client client;
		struct why why = { "" };
		draft.of[texts[i].setting] = str_of(texts[i].text);
		err e = client_draft_read(&draft, &arena, &client, &why);
		if (e != (texts[i].good ? ERR_OK : ERR_INVALID) || strstr(why.text, texts[i].word) == NULL)
			fail_msg("%s = %s: %s: %s", client_setting_facts(texts[i].setting)->key, texts[i].text,
				 texts[i].why, why.text);
	}
}

static void
a_draft_without_texts_has_safe_values(void **state)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(CLIENT_TEXTS_BYTES);
	struct client_draft draft = draft_new();
	struct oidc_client client;
	struct why why = { "" };

	assert_int_equal(client_draft_read(&draft, &arena, &client, &why), ERR_OK);
	assert_true(str_equal(client.name, STR("wiki")));
	assert_int_equal(client.scopes, OIDC_SCOPE_OPENID | OIDC_SCOPE_PROFILE | OIDC_SCOPE_EMAIL | OIDC_SCOPE_GROUPS);
	assert_false(client.public || client.pkce_optional || client.insecure_redirect || client.disabled);
	assert_false(client.offline_without_consent || client.refresh_fixed || client.refresh_session);
	assert_int_equal(client.consent, OIDC_CONSENT_ONCE);
	assert_int_equal(client.alg, OIDC_RS256);
	assert_int_equal(client.auth, OIDC_AUTH_NONE);
	assert_int_equal(client.max_age_s, -1);
	assert_int_equal(client.access_token_s, 3600);
}

static void
values_that_exclude_each_other_are_refused(void **state)
{
	static const struct {
		enum client_setting setting;
		const char *text, *word;
	} with_public[] = {
		{ CLIENT_PKCE, "optional", "needs PKCE" },
		{ CLIENT_AUTH_METHOD, "client_secret_post", "no secret" },
		{ CLIENT_REFRESH, "fixed", "always replaced" },
	};

	for (size_t i = 0; i < COUNT(with_public); i++) {
		CLEANUP(arena_wipe) struct arena arena = ARENA(CLIENT_TEXTS_BYTES);
		struct client_draft draft = draft_new();
		struct oidc_client client;
		struct why why = { "" };
		draft.of[with_public[i].setting] = str_of(with_public[i].text);
		assert_int_equal(client_draft_read(&draft, &arena, &client, &why), ERR_OK);
		draft.of[CLIENT_PUBLIC] = STR("yes");
		assert_int_equal(client_draft_read(&draft, &arena, &client, &why), ERR_INVALID);
		assert_non_null(strstr(why.text, with_public[i].word));
	}
}

static void
insecure_redirect_allows_http(void **state)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(CLIENT_TEXTS_BYTES);
	struct client_draft draft = draft_new();
	struct oidc_client client;
	struct why why = { "" };

	draft.of[CLIENT_REDIRECT_URIS] = STR("http://nas.local/cb");
	assert_int_equal(client_draft_read(&draft, &arena, &client, &why), ERR_INVALID);
	draft.of[CLIENT_INSECURE_REDIRECT] = STR("yes");
	assert_int_equal(client_draft_read(&draft, &arena, &client, &why), ERR_OK);
}

static void
a_client_is_written_and_read_unchanged(void **state)
{
	static const char *const other[CLIENT_SETTINGS] = {
		[CLIENT_NAME] = "The Wiki",
		[CLIENT_PRESET] = "wikijs",
		[CLIENT_REDIRECT_URIS] = "https://a/\nhttps://b/",
		[CLIENT_LOGOUT_URIS] = "https://c/",
		[CLIENT_LAUNCH_URL] = "https://a/",
		[CLIENT_SCOPES] = "openid offline_access",
		[CLIENT_CLAIMS] = "a = 1\nb = 2",
		[CLIENT_CONSENT] = "always",
		[CLIENT_PKCE] = "optional",
		[CLIENT_PUBLIC] = "no",
		[CLIENT_AUTH_METHOD] = "client_secret_post",
		[CLIENT_ID_TOKEN] = "minimal",
		[CLIENT_ID_TOKEN_ALG] = "ES256",
		[CLIENT_MAX_AGE] = "60",
		[CLIENT_ACCESS_TOKEN] = "600",
		[CLIENT_REFRESH] = "fixed",
		[CLIENT_REFRESH_SESSION] = "yes",
		[CLIENT_OFFLINE_WITHOUT_CONSENT] = "yes",
		[CLIENT_INSECURE_REDIRECT] = "yes",
		[CLIENT_BACKCHANNEL_URI] = "https://a/logout",
	};
	CLEANUP(arena_wipe) struct arena arena = ARENA(4 * CLIENT_TEXTS_BYTES);
	struct client_draft draft = draft_new(), back;
	struct oidc_client client;
	struct why why = { "" };

	for (enum client_setting i = 0; i < CLIENT_SETTINGS; i++) {
		assert_non_null(other[i]);
		draft.of[i] = str_of(other[i]);
	}
	assert_int_equal(client_draft_read(&draft, &arena, &client, &why), ERR_OK);
	assert_int_equal(client_draft_of(&client, &arena, &back), ERR_OK);
	assert_true(str_equal(back.client_id, STR("wiki")));
	for (enum client_setting i = 0; i < CLIENT_SETTINGS; i++)
		if (!str_equal(back.of[i], str_of(other[i])))
			fail_msg("%s: %.*s", client_setting_facts(i)->key, STR_ARG(back.of[i]));
}

static void
client_ids_need_no_encoding(void **state)
{
	static const char *const bad[] = { "", "a b", "a/b", "a:b", "a%41", "a+b", "\xc3\xa9", "a\n" };
	char longest[OIDC_CLIENT_ID_MAX + 2];

	assert_true(client_id_is_good(STR("Wiki-1_2.3~4")));
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(client_id_is_good(str_of(bad[i])));
	memset(longest, 'a', sizeof(longest));
	assert_true(client_id_is_good(str_bytes(longest, OIDC_CLIENT_ID_MAX)));
	assert_false(client_id_is_good(str_bytes(longest, OIDC_CLIENT_ID_MAX + 1)));
}

static void
keys_are_found_by_name(void **state)
{
	for (enum client_setting i = 0; i < CLIENT_SETTINGS; i++)
		assert_int_equal(client_setting_find(str_of(client_setting_facts(i)->key)), i);
	assert_int_equal(client_setting_find(STR("redirect")), CLIENT_SETTINGS);
	assert_true(client_setting_is_list(CLIENT_SCOPES));
	assert_false(client_setting_is_list(CLIENT_NAME));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_setting_accepts_only_its_values),
		cmocka_unit_test(a_draft_without_texts_has_safe_values),
		cmocka_unit_test(values_that_exclude_each_other_are_refused),
		cmocka_unit_test(insecure_redirect_allows_http),
		cmocka_unit_test(a_client_is_written_and_read_unchanged),
		cmocka_unit_test(client_ids_need_no_encoding),
		cmocka_unit_test(keys_are_found_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
