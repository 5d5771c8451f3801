/*
 * Presets: what a known application needs as a client, and the settings that the application itself gets.  They are
 * data: presets/NAME.yaml, compiled by tools/compile_presets.py, which explains the keys and the placeholders.
 *
 *	const struct preset *preset = preset_find(STR("grafana"));
 *
 *	TRY(preset_draft(preset, STR("https://grafana.example.org"), &arena, &draft, &why));      the client
 *	TRY(preset_settings_put(preset, &use, &out, &why));                                       its settings, as text
 */
#ifndef CLI_CLIENT_PRESETS_H
#define CLI_CLIENT_PRESETS_H

#include "cli/cli.h"
#include "cli/json.h"
#include "oidc/client_draft.h"

/* The most that the URL of an application may have behind https://. */
enum preset_address { PRESET_HOST = 0, PRESET_PORT, PRESET_PATH };

/* A part of the application's settings: its text has placeholders. */
struct preset_block {
	const char *kind;  /* "ini", "env", "yaml", "ruby", "php", "html", "command", "clicks", "text" */
	const char *where; /* "grafana.ini": the file or the page */
	const char *text;
};

struct preset {
	const char *name, *title;
	const char *about;        /* NULL, or which edition or plugin */
	const char *version;      /* NULL, or which version the facts are about */
	const char *unmaintained; /* NULL: it is maintained */
	const char *ask;          /* NULL, or how to find its redirect URI, which --redirect must give */
	enum preset_address address;
	const char *client[CLIENT_SETTINGS]; /* NULL, or a text of a draft, whose URIs have placeholders */
	const char *notes, *unverified;      /* NULL, or one on each line */
	const struct preset_block *blocks;
	size_t blocks_n;
};
extern const struct preset presets[]; /* ordered by title; `generic` is the last */
extern const size_t presets_n;

/* NULL: no such preset. */
const struct preset *preset_find(str name);

/* Print that there is no such preset, and the most similar one; returns CLI_USAGE. */
int preset_unknown(const char *name);

/*
 * Choose each setting that the draft leaves open, for the application at this URL.  A draft with insecure_redirect=yes
 * may have an http URL of any host.
 *
 * ERR_INVALID  *why says what is wrong with the URL, or that the redirect URI is missing and how to find it
 */
MUST_USE err preset_draft(const struct preset *preset, str url, struct arena *arena, struct client_draft *draft,
			  struct why *why);

/* Where the settings of an application come from. */
struct preset_use {
	str url;       /* of the application */
	str client_id; /* client_id_is_good */
	str secret;    /* empty: the word SECRET stands in its place */
	str issuer;    /* config's public_origin */
};

/* The URL of the application, from the registered URIs.  ERR_NOT_FOUND: launch_url and redirect_uris are others now. */
MUST_USE err preset_url_of(const struct preset *preset, const struct oidc_client *client, struct arena *arena,
			   str *ret_url);

/* Append the settings with the notes, ready to paste.  The secret is there once, except for a public client. */
MUST_USE err preset_settings_put(const struct preset *preset, const struct preset_use *use, struct buf *out,
				 struct why *why);

/* Insert the same into an object: preset, title, version, unmaintained, settings, notes and unverified. */
MUST_USE err preset_settings_insert(const struct preset *preset, const struct preset_use *use, struct cli_json *line,
				    struct why *why);

/*
 * `client presets [NAME [URL]]`: list all presets, or print what one of them registers for an application at this URL
 * (NULL: an example), and its settings without a secret.  Returns the exit status.
 */
int client_presets_print(struct cli *cli, const char *name, const char *url, bool json);

#endif
