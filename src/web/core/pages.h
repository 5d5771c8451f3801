/*
 * The pages: for each page the values of its template, and the function that writes it.
 *
 *	struct page_login page = { .username = form->username, .error = N_("The user name or password is wrong.") };
 *	TRY(exchange_layout(x, &page.layout));
 *	page_login(&reply->body, &page);
 *	TRY(buf_check(&reply->body));
 *
 * tools/compile_templates.py makes the functions from templates/<name>.html at build time
 * (docs/develop/templates.md).  A template with an unknown or misused value does not compile.  All values are
 * escaped.  Texts may contain any byte; an empty str (zeroed struct) is an empty text.
 *
 * Members of type `const char *` are msgids: sentences marked with N_("...") and shown in the page's language; NULL
 * means no sentence.  Times are microseconds since 1970, UTC.
 */
#ifndef WEB_PAGES_H
#define WEB_PAGES_H

#include "base/buf.h"
#include "base/str.h"
#include "config/config.h"
#include "web/core/flash.h"
#include "ipc/terms.h"
#include "oidc/redirect_difference.h"

#include <stdbool.h>
#include <stdint.h>

/* The tile of an application (_seal.html): its icon, or its letter on one of the tones. */
enum { PAGE_SEAL_TONES = 6 };
struct page_seal {
	str icon; /* URL path; empty: none */
	str letter;
	unsigned tone; /* less than PAGE_SEAL_TONES */
};

/* The application that the person came from (_continue.html).  host empty: none. */
struct page_continue {
	str name; /* empty: the rules file does not list the application */
	str host; /* of an OpenID client without a host in its redirect URI: the scheme */
	struct page_seal seal;
};

/* A message for the browser about the passkeys of an account (_signal.html).  rp_id empty: none. */
struct page_signal {
	str rp_id;
	str unknown;               /* the id of a passkey that was removed here; empty: the members below */
	str user_handle, passkeys; /* of the account: all passkeys, as in page_passkey */
	bool details;              /* not the passkeys, but the names of the account */
	str username, shown_name;
};

/* Values of the layout that all pages share. */
struct page_layout {
	enum config_language language;
	str app_name;
	bool signed_in; /* shows the sign-out button: any session state except none */
	str csrf_token; /* for the page's forms and the sign-out button */
	/* prefix of the layout's links on a page at another address: this server's address; otherwise empty */
	str origin;
	str logo, logo_type; /* the administrator's logo: its URL and Content-Type; empty: the mark of Doubletour */
	bool logo_touches;   /* it is the icon of phones too */
	str brand_css;       /* URL of the style sheet with the administrator's colour; empty: none */
	str path;            /* return URL of the language switch; empty: "/"; set with exchange_layout_path */
	bool path_long;      /* it does not fit into a link: a form has it */
	const char *flash;   /* msgid: result of the previous request */
	enum flash_kind flash_kind;
	const char *demoted; /* msgid: a passkey that was accepted works only with the password from now on */
	str request_id;      /* shown on the error page only */
	/* whom to ask for help (_contact.html), and the address of its link; both empty: CONTACT is not set */
	str contact, contact_url;
	bool full;      /* fully signed in */
	str shown_name; /* for the user menu: the display name, or the user name without one; empty unless full */
	enum time_format time_format;
	uint32_t recovery_left;
	bool recovery_low;   /* three or fewer are left: home and account say so (_checkup.html) */
	bool flash_recovery; /* the flash message ends with the number of recovery codes left */
	/* lockout: time until the next attempt (_retry.html); retry_minutes 0: say it in seconds; both 0: no lockout */
	int64_t retry_s, retry_minutes;
	bool passkeys; /* the page needs the script for passkeys */
	struct page_signal signal;
	struct page_continue to; /* set if the page's return URL leads to an application */
};

/* A phone whose clock is wrong (_drift.html).  minutes 0: not known. */
struct page_drift {
	int64_t minutes;
	bool ahead;
};

/* A call of the browser for a passkey (_passkey.html).  challenge empty: the page offers none. */
struct page_passkey {
	str challenge; /* base64url */
	str rp_id;
	str passkeys;        /* those that may answer: "ID:internal,hybrid ID:"; empty: any of this site */
	str address;         /* where passkeys work: https://login.example.org */
	bool required;       /* the device must verify its user */
	bool conditional;    /* the browser offers passkeys among the names that it fills in */
	const char *problem; /* msgid: why the last one was refused */
};

/* The field for a code (_otp.html, _code.html). */
struct page_otp {
	bool shown;
	bool only_recovery; /* no code of an authenticator is accepted */
	bool only_passkey;  /* the page has no field for a code, because a code does not help */
	bool verified;      /* a device verified its user minutes ago, so no form needs the current password */
	struct page_passkey passkey;
	bool recovery;   /* for a recovery code; otherwise for a code of an authenticator */
	uint32_t digits; /* of these codes; 0: they differ */
	bool submits;    /* the script sends the form when all digits are typed: not where the form deletes something */
	str swap;        /* URL of the same page with the other field; empty: no other field */
	const char *problem; /* msgid */
	struct page_drift drift;
};

/* The secret of a new authenticator (_setup.html). */
struct page_key {
	str secret;       /* base32, ungrouped */
	str uri;          /* otpauth:// */
	str qr_png;       /* the QR code of uri, a PNG in base64 */
	unsigned qr_side; /* its pixels, on one side */
};

/* The security check-up (_checkup.html), filled by checkup_fill (web/pages/checkup.h). */
struct page_checkup {
	bool recovered;          /* this session used a recovery code: the lost authenticator should be replaced */
	uint32_t authenticators; /* active factors that work: if codes are off, only the passkeys */
	uint32_t passkeys;       /* of them */
	uint32_t other_sessions;
	int64_t last_sign_in_us; /* 0: this is the first sign-in */
};

/* Failed attempts that the user has not dismissed (_alarm.html).  attempts 0: none. */
struct page_alarm {
	uint32_t attempts, addresses;
	int64_t since_us, until_us;
	bool recent; /* since_us: name the weekday, not the date */
	str address; /* one of them; empty: unknown */
};

struct page_login {
	struct page_layout layout;
	str username;      /* as typed in the last attempt */
	const char *error; /* msgid, above the fields */
	str next;          /* safe path to redirect to; empty: none */
	bool cancel;       /* an OpenID client waits for an answer: the page can cancel */
	bool registration_open;
	bool remember_offered, remember; /* the choice to stay signed in; remember: as chosen in the last attempt */
	int64_t remember_days;           /* for how long; 0: not a number of days */
	struct page_passkey passkey;
};

struct page_register {
	struct page_layout layout;
	str username;
	uint32_t strength;                                                 /* of the new password; 0: not measured */
	const char *username_problem, *password_problem, *confirm_problem; /* msgids, each under its field */
	const char *error;                                                 /* msgid, above the fields */
	bool closed;                                                       /* no form, only the sentence of error */
	str invite;                                                        /* token of the invitation; empty: none */
	str next;
};

struct page_setup_2fa {
	struct page_layout layout;
	bool passkeys_possible; /* the server's address has a host for passkeys */
	struct page_key key;
	struct page_otp otp;
	const char *error;
	str next;
};

struct page_verify_2fa {
	struct page_layout layout;
	struct page_otp otp;
	const char *error;
	bool codes_disabled; /* codes are not accepted after 100 wrong ones: only a passkey, or a recovery code */
	bool has_passkey;    /* the page asks for a code, and the account has a passkey */
	bool passkey_first;  /* the page asks for a passkey; the form for a code is for browsers without scripts */
	str next;
};

/* An application on the home page. */
struct page_app {
	str name, address;
	str description; /* the host, if the rules file has no description */
	struct page_seal seal;
};
struct page_home {
	struct page_layout layout;
	str shown_name;        /* the display name, or the user name without one */
	struct page_app *apps; /* the ones that the person sees, and that the search finds */
	size_t apps_count;
	bool has_apps; /* the person sees some */
	bool search;   /* there are enough for a search field */
	str query;     /* as typed into it */
	struct page_alarm alarm;
	int64_t code_sign_in_us; /* a code completed a sign-in despite a passkey; 0: none, or dismissed */
	struct page_checkup checkup;
};

/* One recovery code, in groups of four letters. */
struct page_recovery_code {
	str text;
};
struct page_recovery_codes {
	struct page_layout layout;
	str username, server;             /* server: https://login.example.org */
	struct page_recovery_code *codes; /* new codes, shown only once */
	size_t codes_count;
	uint32_t left;
	int64_t made_us; /* 0: never, or unknown */
	struct page_otp otp;
	const char *error;
	str next;
};

struct page_authenticator {
	int64_t id;
	uint32_t number; /* shown for a factor without a name, counted from 1 */
	str name;
	int64_t created_us, last_used_us; /* last_used_us 0: never, as after an import */
	bool disabled, current;           /* current: this session was verified with it */
	bool removable;
	bool passkey;
	bool synced, alone; /* of a passkey: other devices may have it; it opens the account without the password */
	bool other_host;    /* of a passkey: it was made for another host, and cannot be used */
};

/* Password, authenticators, recovery codes. */
struct page_security {
	struct page_layout layout;
	int64_t password_changed_us;
	struct page_authenticator *factors;
	size_t factors_count;
	uint32_t passkeys, codes; /* number of passkeys and of authenticators with codes among them */
	bool codes_off;           /* the user switched codes off */
	bool codes_off_allowed;   /* the user may switch them off */
	bool passkeys_possible;   /* the server's address has a host for passkeys */
	int64_t recovery_made_us; /* 0: never */
	bool recovered;           /* this session used a recovery code: replacing the lost authenticator comes first */
	const char *error;
	str next;
};

/* The options of a new passkey (_passkey_create.html). */
struct page_passkey_options {
	bool unavailable;           /* the server's address has no host for passkeys; the other members are empty */
	bool key;                   /* a security key beside the password; otherwise a passkey */
	str challenge, user_handle; /* base64url */
	str rp_id;
	str passkeys; /* those that the account has: "ID:internal,hybrid ID:" */
	str username, shown_name;
	str address; /* where passkeys work: https://login.example.org */
};

struct page_setup_passkey {
	struct page_layout layout;
	struct page_passkey_options passkey;
	const char *error;
	str next;
};

struct page_passkey_new {
	struct page_layout layout;
	bool key;
	str name, current; /* as typed */
	const char *name_problem, *current_problem;
	struct page_otp otp;
	const char *error;
};

struct page_passkey_create {
	struct page_layout layout;
	struct page_passkey_options passkey;
	str name;
};

/* The switch for codes. */
struct page_codes {
	struct page_layout layout;
	bool off; /* now */
	struct page_otp otp;
	const char *error;
};

struct page_authenticator_rename {
	struct page_layout layout;
	struct page_authenticator factor;
	str name; /* as typed */
	const char *name_problem;
	const char *error;
};

struct page_authenticator_remove {
	struct page_layout layout;
	struct page_authenticator factor;
	struct page_otp otp;
	const char *error;
};

struct page_authenticator_new {
	struct page_layout layout;
	str name, current; /* as typed */
	const char *name_problem, *current_problem;
	int64_t replaces; /* 0: none */
	struct page_otp otp;
	const char *error;
};

struct page_authenticator_confirm {
	struct page_layout layout;
	struct page_key key;
	struct page_otp otp;
	const char *error;
};

struct page_account {
	struct page_layout layout;
	struct page_checkup checkup;
	str username, display_name; /* display_name empty: none */
	int64_t created_us;
};

struct page_profile {
	struct page_layout layout;
	str username, display_name; /* display_name as typed */
	const char *name_problem;
	uint32_t preferred, time_format; /* enum preferred_language, enum time_format */
	const char *error;
};

struct page_password {
	struct page_layout layout;
	str username;
	str current, password, confirm; /* as typed */
	uint32_t strength;              /* of the new password; 0: not measured */
	int64_t until_us;               /* the change dismisses the alarms up to this time */
	const char *current_problem, *password_problem, *confirm_problem;
	struct page_otp otp;
	const char *error;
};

struct page_session {
	int64_t id;
	str browser, system; /* in words; empty: unknown */
	str address;
	str icon; /* of icons.svg */
	int64_t created_us, seen_us;
	int64_t remembered_until_us; /* stays signed in; 0: not chosen */
	bool full, current;
};
/* One event of the account's activity. */
struct page_event {
	int64_t at_us;
	const char *words; /* msgid */
	str icon, tone;    /* an icon of icons.svg, and its class: "good", "warn", "bad" or empty */
	/* in words; empty: unknown, or the same as in the row above */
	str browser, system, address;
	str client; /* name of the application that it is about; empty: none */
};
struct page_day {
	int64_t at_us; /* of its first event */
	bool today, yesterday;
	struct page_event *events;
	size_t events_count;
};
/* Sessions, and the activity by day, in UTC.  static/app.js groups it by the days of the browser's time zone. */
struct page_devices {
	struct page_layout layout;
	struct page_session *sessions; /* the current one first */
	size_t sessions_count;
	bool more_sessions;
	int64_t now_us; /* which day is today */
	struct page_day *days;
	size_t days_count;
	bool more, older; /* more: older events exist; older: these are not the newest */
	int64_t last;     /* id of the last event shown */
	const char *error;
};

struct page_close {
	struct page_layout layout;
	str name;              /* of the account */
	str username, current; /* as typed */
	const char *username_problem, *current_problem;
	struct page_otp otp;
	const char *error;
};

struct page_set_password {
	struct page_layout layout;
	bool dead;  /* no form, only the sentence of error */
	bool first; /* the account has no factor yet */
	str username, link;
	int64_t expires_us; /* of the link */
	uint32_t strength;  /* of the new password; 0: not measured */
	const char *password_problem, *confirm_problem;
	const char *error;
};

/* Redirect to an application. */
struct page_gate_go {
	struct page_layout layout;
	str url, host;
	bool stays; /* a redirect loop was detected: do not redirect automatically */
};

/* The application's rules require a more recent code (max_age). */
struct page_gate_code {
	struct page_layout layout;
	str rd, rm, host; /* return URL and method; host of the application */
	struct page_otp otp;
	const char *error;
};

/* The rules refuse the application layout.to to this visitor.  The page shows only a general reason. */
struct page_denied {
	struct page_layout layout;
	bool no_passkey;             /* the visitor signed in without a passkey, and the rules require one */
	struct page_passkey passkey; /* the one to use now */
	str rd, rm;                  /* with passkey: return URL and method */
	const char *reason;          /* msgid */
	str username;                /* empty: the visitor is not signed in */
	str next;                    /* path of this page, for the sign-in with another account */
	str retry;                   /* URL of the application, to try again; empty: the same refusal would follow */
};

/* A page that the browser shows on an application's host: it is signed out there, or refused, or the gate failed. */
struct page_gate_notice {
	struct page_layout layout; /* language, app_name, origin, contact */
	const char *title, *sentence;
	str host;         /* of the application; empty: unknown */
	str go;           /* where the browser goes on at once; empty: nowhere */
	const char *link; /* text of the link to it */
};

/* --- OpenID Connect: layout.to is the client, and next its request with the seal ---------------------------------- */

/* A URI that the page compares with another one, part by part. */
struct page_compared {
	struct redirect_piece *pieces;
	size_t pieces_count; /* 0: no URI */
};
/* An authorization request that is answered with a page. */
struct page_client_problem {
	struct page_layout layout;
	const char *title, *sentence; /* msgids */
	str client_id, name;          /* as asked; name: as registered, empty: unknown */
	struct page_compared asked;   /* the redirect URI; empty: the problem is another one */
	struct page_compared *registered;
	size_t registered_count;
	const char *advice; /* msgid: what the administrator can do */
	str command;        /* ... with this command; empty: none */
};

/* Redirect to the client: after a form, so with a page. */
struct page_client_go {
	struct page_layout layout;
	str url;
	bool private_scheme; /* an application of the device opens it: only after a tap */
};

/* The response as a form (response mode form_post). */
struct page_client_field {
	str name, value;
};
struct page_client_post {
	struct page_layout layout;
	str url;
	struct page_client_field *fields;
	size_t fields_count;
};

/* May the client know these scopes? */
struct page_client_consent {
	struct page_layout layout;
	bool profile, email, groups, offline; /* what the client gets, as scopes */
	bool nothing_more;                    /* no scope, no claims: the client only recognizes the account */
	str claims;                           /* text that lists other claims; empty: none */
	str username, display_name;           /* display_name empty: none */
	str email_address, group_names;       /* empty: none */
	const char *error;
	str next;
};

/* This account, or another one? */
struct page_client_select {
	struct page_layout layout;
	str username, shown_name;
	const char *error;
	str next;
};

/* The second factor again; with `password` the password too. */
struct page_client_confirm {
	struct page_layout layout;
	bool password;
	str username, current; /* current: as typed */
	const char *current_problem;
	struct page_otp otp;
	const char *error;
	str next;
};

/* The rules refuse the client to this person. */
struct page_client_refused {
	struct page_layout layout;
	bool no_passkey;             /* the person signed in without a passkey, and the rules require one */
	struct page_passkey passkey; /* the one to use now */
	const char *reason;          /* msgid */
	str username;
	const char *error;
	str next;
};

/* May this application end the session? */
struct page_end_session {
	struct page_layout layout;
	str name;     /* of the client; empty: unknown */
	str username; /* empty: no session */
	const char *error;
	str next; /* the request */
};

/* The OpenID clients that a person uses. */
struct page_application {
	int64_t id;
	str name;
	struct page_seal seal;
	bool profile, email, groups, offline; /* what it gets, as scopes */
	bool nothing_more;                    /* none of the first three, and no claims */
	str claims;                           /* text that lists other claims; empty: none */
	uint32_t claims_more;                 /* number of claims that are not in this text */
	bool by_administrator;                /* the person was not asked for a consent */
	int64_t used_us;                      /* newest sign-in to it; 0: none that is still kept */
};
struct page_applications {
	struct page_layout layout;
	struct page_application *apps;
	size_t apps_count;
	bool more; /* there are more than these */
	const char *error;
};

struct page_logout {
	struct page_layout layout;
	const char *error;
	str next;
};

struct page_wrong_address {
	struct page_layout layout;
	str opened;            /* value of Host; empty: missing */
	str right, right_host; /* https://login.example.org, login.example.org */
};

struct page_error {
	struct page_layout layout;
	int status;                   /* HTTP status */
	const char *title, *sentence; /* msgids: the error, and the user's next action */
};

void page_login(struct buf *out, const struct page_login *v);
void page_register(struct buf *out, const struct page_register *v);
void page_setup_2fa(struct buf *out, const struct page_setup_2fa *v);
void page_verify_2fa(struct buf *out, const struct page_verify_2fa *v);
void page_home(struct buf *out, const struct page_home *v);
void page_recovery_codes(struct buf *out, const struct page_recovery_codes *v);
void page_security(struct buf *out, const struct page_security *v);
void page_setup_passkey(struct buf *out, const struct page_setup_passkey *v);
void page_passkey_new(struct buf *out, const struct page_passkey_new *v);
void page_passkey_create(struct buf *out, const struct page_passkey_create *v);
void page_codes(struct buf *out, const struct page_codes *v);
void page_authenticator_rename(struct buf *out, const struct page_authenticator_rename *v);
void page_authenticator_remove(struct buf *out, const struct page_authenticator_remove *v);
void page_authenticator_new(struct buf *out, const struct page_authenticator_new *v);
void page_authenticator_confirm(struct buf *out, const struct page_authenticator_confirm *v);
void page_account(struct buf *out, const struct page_account *v);
void page_profile(struct buf *out, const struct page_profile *v);
void page_password(struct buf *out, const struct page_password *v);
void page_devices(struct buf *out, const struct page_devices *v);
void page_close(struct buf *out, const struct page_close *v);
void page_set_password(struct buf *out, const struct page_set_password *v);
void page_gate_go(struct buf *out, const struct page_gate_go *v);
void page_gate_code(struct buf *out, const struct page_gate_code *v);
void page_denied(struct buf *out, const struct page_denied *v);
void page_gate_notice(struct buf *out, const struct page_gate_notice *v);
void page_client_problem(struct buf *out, const struct page_client_problem *v);
void page_client_go(struct buf *out, const struct page_client_go *v);
void page_client_post(struct buf *out, const struct page_client_post *v);
void page_client_consent(struct buf *out, const struct page_client_consent *v);
void page_client_select(struct buf *out, const struct page_client_select *v);
void page_client_confirm(struct buf *out, const struct page_client_confirm *v);
void page_client_refused(struct buf *out, const struct page_client_refused *v);
void page_end_session(struct buf *out, const struct page_end_session *v);
void page_applications(struct buf *out, const struct page_applications *v);
void page_logout(struct buf *out, const struct page_logout *v);
void page_wrong_address(struct buf *out, const struct page_wrong_address *v);
void page_error(struct buf *out, const struct page_error *v);

#endif
