/*
 * `doubletour client`: applications that sign people in here (OpenID Connect).
 *
 *	client.c        the table of commands
 *	client_print.c  what they print
 *	client_presets.h, client_preset_commands.c  presets: known applications
 *	client_check.c  the claims of one account, and the access rule that decides
 *	client_doctor.c  compares the request of an application with its client
 *
 * All settings of a new client are texts in a struct client_draft (oidc/client_draft.h), which options and presets fill
 * in, and client_draft_read checks.
 */
#ifndef CLI_CLIENT_H
#define CLI_CLIENT_H

#include "cli/admin.h"
#include "cli/json.h"
#include "keeper/oidc/client_admin.h"
#include "oidc/client_draft.h"

enum { CLIENT_WORDS_MAX = 32 };

struct client_request {
	const struct config *config;
	struct admin *admin;
	str client_id;
	const char *words[CLIENT_WORDS_MAX]; /* behind the command */
	int words_n;
	bool json, yes, now, passkey;
	bool failed; /* the command has printed the fault */
	const char *id, *user, *ca, *address;
	struct client_draft draft; /* of `add`: the texts of its options */
	struct arena arena;
	struct buf out;
};

/* Show all settings, the state and the secrets, as lines or as one object. */
MUST_USE err client_show(struct client_request *r, const struct client_view *view);

/* Insert one setting: a list, true or false, a number, or a text. */
void client_json_setting(struct cli_json *line, enum client_setting setting, str text);

/* One line of the list. */
void client_list_head(struct buf *out);
MUST_USE err client_list_row(void *context, const struct client_view *view);

/* Print what the application needs: issuer, client id, and the secret ("": none). */
MUST_USE err client_print_settings(struct client_request *r, str client_id, const struct client_secret *secret);

/*
 * `client add PRESET URL`: fill in the draft.  Without a URL it stays as it is.
 *
 * ERR_INVALID  no such preset, an unsuitable URL, or a preset without a URL: the message says so
 */
MUST_USE err client_preset_draft(struct client_request *r);

/*
 * Print the settings of the application that a client was made for.  An empty url is taken from the
 * registered URIs.  secret NULL: without it.
 *
 * ERR_NOT_FOUND  it was not made from a preset, or its URL is unknown
 */
MUST_USE err client_preset_print(struct client_request *r, const struct oidc_client *client, str url,
				 const struct client_secret *secret);

/* `client settings CLIENT [URL]` */
MUST_USE err client_settings(struct client_request *r);

/* `client check CLIENT --user NAME` */
MUST_USE err client_check(struct client_request *r);

/* `client doctor URL` */
MUST_USE err client_doctor(struct client_request *r);

#endif
