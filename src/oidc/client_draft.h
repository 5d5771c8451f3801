/*
 * The settings of a client as texts: one table drives `doubletour client add`, `set` and `show`, --json, the help, and
 * the check of rows in the database.
 *
 *	struct client_draft draft = { .client_id = STR("wiki") };
 *
 *	draft.of[CLIENT_REDIRECT_URIS] = STR("https://wiki.example.org/callback");
 *	TRY(client_draft_read(&draft, &arena, &client, &why));
 */
#ifndef OIDC_CLIENT_DRAFT_H
#define OIDC_CLIENT_DRAFT_H

#include "oidc/client.h"

enum client_setting {
	CLIENT_NAME = 0,
	CLIENT_PRESET,
	CLIENT_REDIRECT_URIS,
	CLIENT_LOGOUT_URIS,
	CLIENT_LAUNCH_URL,
	CLIENT_SCOPES,
	CLIENT_CLAIMS,
	CLIENT_CONSENT,
	CLIENT_PKCE,
	CLIENT_PUBLIC,
	CLIENT_AUTH_METHOD,
	CLIENT_ID_TOKEN,
	CLIENT_ID_TOKEN_ALG,
	CLIENT_MAX_AGE,
	CLIENT_ACCESS_TOKEN,
	CLIENT_REFRESH,
	CLIENT_REFRESH_SESSION,
	CLIENT_OFFLINE_WITHOUT_CONSENT,
	CLIENT_INSECURE_REDIRECT,
	CLIENT_BACKCHANNEL_URI,
	CLIENT_SETTINGS
};

enum {
	CLIENT_LIST_MAX_BYTES = 8 * 1024, /* of a list of URIs, and of all rules of claims */
	CLIENT_TEXTS_BYTES = 64 * 1024,   /* room in an arena for all texts of one client */
	CLIENT_ACCESS_TOKEN_MIN_S = 60,   /* bounds of the life of access tokens */
	CLIENT_ACCESS_TOKEN_MAX_S = 86400,
	CLIENT_MAX_AGE_MAX_S = 10 * 366 * 86400
};

/* How a text becomes a member of struct oidc_client. */
enum client_kind {
	CLIENT_KIND_TEXT,    /* str: one visible line */
	CLIENT_KIND_URL,     /* str: https or http, or empty */
	CLIENT_KIND_URIS,    /* str: redirect URIs, one per line; typed with spaces between */
	CLIENT_KIND_RULES,   /* str: rules of claims, one per line */
	CLIENT_KIND_SCOPES,  /* unsigned: bits */
	CLIENT_KIND_SECONDS, /* int64_t: "none" is -1 where it is allowed */
	CLIENT_KIND_SWITCH,  /* bool: the second word means true */
	CLIENT_KIND_CHOICE,  /* an enum: the index of the word */
};

struct client_setting_facts {
	const char *key;    /* "redirect_uris": for `client set`, and the member of --json */
	const char *option; /* "redirect": for `client add` */
	enum client_kind kind;
	size_t offset;            /* of the member of struct oidc_client */
	const char *words[4];     /* of a switch or a choice; NULL ends them */
	const char *fallback;     /* the text of a draft that has none */
	const char *takes, *help; /* "once, never or always"; what it does */
};

const struct client_setting_facts *client_setting_facts(enum client_setting setting);

/* Find a setting by its key.  Returns CLIENT_SETTINGS if there is none. */
enum client_setting client_setting_find(str key);

/* Is the value of this setting a list, which `+=` and `-=` change? */
bool client_setting_is_list(enum client_setting setting);

/* The texts of all settings.  A text with p == NULL was not given: the setting gets its fallback. */
struct client_draft {
	str client_id;
	str of[CLIENT_SETTINGS];
};

/*
 * Check all texts, and read them.  The texts of *ret_client are in the arena; id and disabled stay 0.
 *
 * ERR_INVALID  *why names the setting, what is wrong, and what it takes
 */
MUST_USE err client_draft_read(const struct client_draft *draft, struct arena *arena, struct oidc_client *ret_client,
			       struct why *why);

/* The settings of a client as texts, which point into the arena or into the client.  ERR_MEMORY. */
MUST_USE err client_draft_of(const struct oidc_client *client, struct arena *arena, struct client_draft *ret_draft);

/* A client_id: 1 to OIDC_CLIENT_ID_MAX of A-Z a-z 0-9 . _ ~ -, which no encoding changes (RFC 3986 s2.3). */
bool client_id_is_good(str client_id);

#endif
