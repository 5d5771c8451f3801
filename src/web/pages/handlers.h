/*
 * The handlers in routes.c, and the forms they read.
 */
#ifndef WEB_HANDLERS_H
#define WEB_HANDLERS_H

#include "web/core/ask.h"
#include "web/core/cookies.h"
#include "web/core/passkey_form.h"
#include "web/core/passkeys.h"
#include "web/core/respond.h"
#include "web/core/step_up.h"

struct register_form {
	str username, password, confirm, invite, next;
};
struct login_form {
	str username, password, next, remember;
};
struct code_form {
	str otp, next;
};
struct renew_form {
	str otp, next;
	PASSKEY_PROOF_MEMBERS;
};
struct saved_form {
	str next;
};
struct passkey_begin_form {
	str current, name, key, otp; /* key: not empty for a security key */
	PASSKEY_PROOF_MEMBERS;
};
struct passkey_new_form {
	str name, key, next, otp;
	PASSKEY_NEW_MEMBERS;
};
struct codes_form {
	str off, otp; /* off: not empty to switch codes off */
	PASSKEY_PROOF_MEMBERS;
};
struct factor_new_form {
	str current, name, replaces, otp;
	PASSKEY_PROOF_MEMBERS;
};
struct factor_code_form {
	str otp;
};
struct factor_name_form {
	str id, name;
};
struct factor_remove_form {
	str id, otp, passkey; /* passkey: not empty if the page showed one; only for the message */
	PASSKEY_PROOF_MEMBERS;
};
struct logout_form {
	str next;
};
struct login_passkey_form {
	str username, next, remember;
	PASSKEY_PROOF_MEMBERS;
};
struct verify_passkey_form {
	str next;
	PASSKEY_PROOF_MEMBERS;
};
extern const struct form register_form, login_form, login_passkey_form, code_form, verify_passkey_form, logout_form;
extern const struct form renew_form, saved_form, factor_new_form, factor_code_form, factor_name_form,
    factor_remove_form, passkey_begin_form, passkey_new_form, codes_form;

struct client_decision_form {
	str next, answer; /* next: the authorization request; answer: "allow", "cancel" or "select" */
};
struct client_confirm_form {
	str next, otp, current;
	PASSKEY_PROOF_MEMBERS;
};
extern const struct form client_decision_form, client_confirm_form;

struct profile_form {
	str display_name, language, time_format;
};
struct password_form {
	str current, password, confirm, otp;
	str until; /* as in alarm_form */
	PASSKEY_PROOF_MEMBERS;
};
struct close_form {
	str username, current, otp;
	PASSKEY_PROOF_MEMBERS;
};
struct session_end_form {
	str id; /* empty: all others */
};
struct alarm_form {
	str until; /* time of the last attempt that the notice counts */
};
extern const struct form alarm_form;
struct language_form {
	str next;
};
extern const struct form language_form;
int64_t alarm_until_us(str until); /* 0, which dismisses nothing: not a time */
struct set_password_form {
	str link, password, confirm;
};
extern const struct form profile_form, password_form, close_form, session_end_form, set_password_form;

/* Problem of a new password, and of its confirmation, as a msgid; NULL: no problem. */
const char *password_problem_text(uint32_t problem);
const char *confirm_problem_text(uint32_t problem);

/* Problem of the current password, and of the name of an authenticator or passkey. */
const char *current_problem_text(uint32_t problem);
const char *factor_name_problem_text(uint32_t problem);

/*
 * Return URL of a page with a one-time token, for the language switch.
 *
 *	page   the part before the token, such as "/set-password?link="
 *	token  as received, any bytes
 */
MUST_USE err link_return_to(struct exchange *x, str page, str token, str *ret_path);

err account_show(struct exchange *x);
err profile_show(struct exchange *x);
err profile_post(struct exchange *x, struct channel *keeper);
err profile_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);
err password_show(struct exchange *x);
err change_password_show(struct exchange *x);
err password_post(struct exchange *x, struct channel *keeper);
err password_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);
err close_show(struct exchange *x);
err close_post(struct exchange *x, struct channel *keeper);
err close_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);
err devices_show(struct exchange *x, struct channel *keeper);
err sessions_moved_show(struct exchange *x);
err activity_moved_show(struct exchange *x);
err session_end_post(struct exchange *x, struct channel *keeper);
err session_end_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);
err set_password_show(struct exchange *x, struct channel *keeper);
err set_password_post(struct exchange *x, struct channel *keeper);
err set_password_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);

err register_show(struct exchange *x, struct channel *keeper);
err register_post(struct exchange *x, struct channel *keeper);
err register_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);

err login_show(struct exchange *x);
/* The sign-in page, which leads to x->next.  error: NULL, or a msgid. */
MUST_USE err login_page(struct exchange *x, int status, str username, const char *error);
err login_post(struct exchange *x, struct channel *keeper);
err login_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);

err login_passkey_show(struct exchange *x);
err verify_passkey_show(struct exchange *x);
err login_passkey_post(struct exchange *x, struct channel *keeper);
err login_passkey_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);

err setup_show(struct exchange *x, struct channel *keeper);
/* The page of the set-up, on which the first code is entered: also for /verify-2fa.  sentence: NULL, or an error. */
MUST_USE err setup_page(struct exchange *x, struct channel *keeper, int status, const struct page_otp *otp,
			const char *sentence);

err verify_show(struct exchange *x, struct channel *keeper);
err verify_post(struct exchange *x, struct channel *keeper);
err verify_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);

err verify_passkey_post(struct exchange *x, struct channel *keeper);
err verify_passkey_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);

/* gate_pages.c */
struct gate_form {
	str otp, rd, rm;
	PASSKEY_PROOF_MEMBERS;
};
extern const struct form gate_form;
err gate_show(struct exchange *x, struct channel *keeper);
err gate_post(struct exchange *x, struct channel *keeper);
err gate_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);
err gate_enter_show(struct exchange *x, struct channel *keeper);
err gate_keys_show(struct exchange *x);

/* web/oidc/authorization.c */
err authorization_show(struct exchange *x, struct channel *keeper);
err authorization_post(struct exchange *x);
err authorization_moved_show(struct exchange *x);
err client_decision_post(struct exchange *x, struct channel *keeper);
err client_decision_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);
err client_factor_post(struct exchange *x, struct channel *keeper);
err client_login_post(struct exchange *x, struct channel *keeper);
err client_confirm_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);

/* web/oidc/end_session.c */
err end_session_show(struct exchange *x, struct channel *keeper);
err end_session_post(struct exchange *x);
err end_session_confirm_post(struct exchange *x, struct channel *keeper);
err end_session_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);

/* application_pages.c */
struct withdraw_form {
	str id;
};
extern const struct form withdraw_form;
err applications_show(struct exchange *x, struct channel *keeper);
err withdraw_post(struct exchange *x, struct channel *keeper);
err withdraw_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);

/* recovery_pages.c */
err recovery_show(struct exchange *x, struct channel *keeper);
err recovery_post(struct exchange *x, struct channel *keeper);
err recovery_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);
err recovery_saved_post(struct exchange *x);
err recovery_saved_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);

/* passkey_pages.c */
err passkey_setup_show(struct exchange *x, struct channel *keeper);
err passkey_setup_post(struct exchange *x, struct channel *keeper);
err passkey_setup_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);
err passkey_new_show(struct exchange *x);
err passkey_begin_post(struct exchange *x, struct channel *keeper);
err passkey_begin_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);
err passkey_add_show(struct exchange *x);
err passkey_add_post(struct exchange *x, struct channel *keeper);
err passkey_add_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);
err codes_show(struct exchange *x);
err codes_post(struct exchange *x, struct channel *keeper);
err codes_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);

/* factor_pages.c */
err security_show(struct exchange *x, struct channel *keeper);
err factors_moved_show(struct exchange *x);
err factor_new_show(struct exchange *x);
err factor_new_post(struct exchange *x, struct channel *keeper);
err factor_new_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);
err factor_confirm_show(struct exchange *x, struct channel *keeper);
err factor_confirm_post(struct exchange *x, struct channel *keeper);
err factor_confirm_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);
err factor_rename_show(struct exchange *x, struct channel *keeper);
err factor_rename_post(struct exchange *x, struct channel *keeper);
err factor_rename_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);
err factor_remove_show(struct exchange *x, struct channel *keeper);
err factor_remove_post(struct exchange *x, struct channel *keeper);
err factor_remove_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);

err logout_show(struct exchange *x);
err logout_post(struct exchange *x, struct channel *keeper);
err logout_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);

err home_show(struct exchange *x);
err alarm_dismiss_post(struct exchange *x, struct channel *keeper);
err alarm_dismiss_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);
err language_set(struct exchange *x);
err language_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence);
err health_show(struct exchange *x);
err alive_show(struct exchange *x);
err icon_show(struct exchange *x);
err static_show(struct exchange *x);
err favicon_show(struct exchange *x);
err robots_show(struct exchange *x);
err manifest_show(struct exchange *x);

/* web/oidc/token_family.c */
extern const struct form oidc_token_form, oidc_inspect_form, oidc_userinfo_form;
err oidc_token_post(struct exchange *x, struct channel *keeper);
err oidc_userinfo_reply(struct exchange *x, struct channel *keeper);
err oidc_introspection_post(struct exchange *x, struct channel *keeper);
err oidc_revocation_post(struct exchange *x, struct channel *keeper);
/* web/oidc/discovery.c */
err discovery_show(struct exchange *x);
err discovery_keys_show(struct exchange *x, struct channel *keeper);
/* web/oidc/api.c */
err api_preflight_show(struct exchange *x);

#endif
