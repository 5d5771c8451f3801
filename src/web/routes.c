/*
 * The rows of the route table (web/core/route.h).
 */
#include "web/pages/handlers.h"

/* clang-format off */
const struct route web_routes[] = {
	{ HTTP_GET, STR_INIT("/"), 0, 0, .show = home_show },
	{ HTTP_GET, STR_INIT("/"), 0, ASKS(GATE_ENTER), .query = STR_INIT("rd"), .answer = gate_show },

	{ HTTP_GET, STR_INIT("/register"), OPENS_NONE, 0, .show = register_show },
	{ HTTP_POST, STR_INIT("/register"), OPENS_NONE, ASKS(REGISTER), .form = &register_form, .answer = register_post, .redisplay = register_redisplay },
	{ HTTP_GET, STR_INIT("/login"), OPENS_NONE, 0, .show = login_show },
	{ HTTP_POST, STR_INIT("/login"), OPENS_NONE, ASKS(SIGN_IN), .form = &login_form, .answer = login_post, .redisplay = login_redisplay },
	{ HTTP_GET, STR_INIT("/login/passkey"), OPENS_NONE, 0, .show = login_passkey_show },
	{ HTTP_POST, STR_INIT("/login/passkey"), OPENS_NONE, ASKS(PASSKEY_SIGN_IN), .form = &login_passkey_form, .answer = login_passkey_post, .redisplay = login_passkey_redisplay },

	{ HTTP_GET, STR_INIT("/setup-2fa"), OPENS_ENROLLING, ASKS(ENROL), .answer = setup_show },
	{ HTTP_GET, STR_INIT("/verify-2fa"), OPENS_ENROLLING | OPENS_PENDING, ASKS(ENROL), .answer = verify_show },
	{ HTTP_POST, STR_INIT("/verify-2fa"), OPENS_ENROLLING | OPENS_PENDING, ASKS(VERIFY) | ASKS(ENROL), .expired = { STATE_ENROLLING, STR_INIT("/setup-2fa"), FLASH_SECRET_OLD }, .form = &code_form, .answer = verify_post, .redisplay = verify_redisplay },
	{ HTTP_GET, STR_INIT("/verify-2fa/passkey"), OPENS_PENDING, 0, .show = verify_passkey_show },
	{ HTTP_POST, STR_INIT("/verify-2fa/passkey"), OPENS_PENDING, ASKS(PASSKEY_VERIFY), .form = &verify_passkey_form, .answer = verify_passkey_post, .redisplay = verify_passkey_redisplay },

	{ HTTP_GET, STR_INIT("/account/recovery-codes"), 0, ASKS(RECOVERY_LEFT) | ASKS(RECOVERY), .step_up = true, .redisplay = recovery_redisplay, .answer = recovery_show },
	{ HTTP_POST, STR_INIT("/account/recovery-codes"), 0, ASKS(RECOVERY), .step_up = true, .form = &renew_form, .answer = recovery_post, .redisplay = recovery_redisplay },
	{ HTTP_POST, STR_INIT("/account/recovery-codes/saved"), 0, 0, .form = &saved_form, .show = recovery_saved_post, .redisplay = recovery_saved_redisplay },
	{ HTTP_GET, STR_INIT("/account/authenticators"), 0, 0, .show = factors_moved_show },
	{ HTTP_GET, STR_INIT("/account/authenticators/new"), 0, 0, .step_up = true, .show = factor_new_show },
	{ HTTP_POST, STR_INIT("/account/authenticators/new"), 0, ASKS(FACTOR_BEGIN), .step_up = true, .form = &factor_new_form, .answer = factor_new_post, .redisplay = factor_new_redisplay },
	{ HTTP_GET, STR_INIT("/account/authenticators/confirm"), 0, ASKS(ENROL), .expired = { STATE_FULL, STR_INIT("/account/security"), FLASH_FACTOR_OLD }, .answer = factor_confirm_show },
	{ HTTP_POST, STR_INIT("/account/authenticators/confirm"), 0, ASKS(FACTOR_CONFIRM) | ASKS(ENROL), .expired = { STATE_FULL, STR_INIT("/account/security"), FLASH_FACTOR_OLD }, .form = &factor_code_form, .answer = factor_confirm_post, .redisplay = factor_confirm_redisplay },
	{ HTTP_GET, STR_INIT("/account/authenticators/rename"), 0, ASKS(ACCOUNT), .answer = factor_rename_show },
	{ HTTP_POST, STR_INIT("/account/authenticators/rename"), 0, ASKS(FACTOR_RENAME) | ASKS(ACCOUNT), .form = &factor_name_form, .answer = factor_rename_post, .redisplay = factor_rename_redisplay },
	{ HTTP_GET, STR_INIT("/account/authenticators/remove"), 0, ASKS(ACCOUNT), .step_up = true, .answer = factor_remove_show, .redisplay = factor_remove_redisplay },
	{ HTTP_POST, STR_INIT("/account/authenticators/remove"), 0, ASKS(FACTOR_REMOVE) | ASKS(ACCOUNT), .step_up = true, .form = &factor_remove_form, .answer = factor_remove_post, .redisplay = factor_remove_redisplay },

	{ HTTP_GET, STR_INIT("/setup-passkey"), OPENS_ENROLLING, ASKS(PASSKEY_OFFER), .answer = passkey_setup_show },
	{ HTTP_POST, STR_INIT("/setup-passkey"), OPENS_ENROLLING, ASKS(PASSKEY_FIRST) | ASKS(PASSKEY_OFFER), .form = &passkey_new_form, .answer = passkey_setup_post, .redisplay = passkey_setup_redisplay },
	{ HTTP_GET, STR_INIT("/account/passkeys/new"), 0, 0, .step_up = true, .show = passkey_new_show },
	{ HTTP_POST, STR_INIT("/account/passkeys/new"), 0, ASKS(PASSKEY_BEGIN), .step_up = true, .form = &passkey_begin_form, .answer = passkey_begin_post, .redisplay = passkey_begin_redisplay },
	{ HTTP_GET, STR_INIT("/account/passkeys/add"), 0, 0, .show = passkey_add_show },
	{ HTTP_POST, STR_INIT("/account/passkeys/add"), 0, ASKS(PASSKEY_ADD), .step_up = true, .form = &passkey_new_form, .answer = passkey_add_post, .redisplay = passkey_add_redisplay },
	{ HTTP_GET, STR_INIT("/account/codes"), 0, 0, .step_up = true, .show = codes_show },
	{ HTTP_POST, STR_INIT("/account/codes"), 0, ASKS(CODES_OFF), .step_up = true, .form = &codes_form, .answer = codes_post, .redisplay = codes_redisplay },

	{ HTTP_GET, STR_INIT("/set-password"), OPENS_ALL, ASKS(LINK), .answer = set_password_show },
	{ HTTP_POST, STR_INIT("/set-password"), OPENS_ALL, ASKS(LINK) | ASKS(LINK_USE), .form = &set_password_form, .answer = set_password_post, .redisplay = set_password_redisplay },

	{ HTTP_GET, STR_INIT("/account"), 0, 0, .show = account_show },
	{ HTTP_GET, STR_INIT("/account/security"), 0, ASKS(ACCOUNT), .answer = security_show },
	{ HTTP_GET, STR_INIT("/account/devices"), 0, ASKS(SESSIONS) | ASKS(ACTIVITY), .answer = devices_show },
	{ HTTP_GET, STR_INIT("/account/profile"), 0, 0, .show = profile_show },
	{ HTTP_POST, STR_INIT("/account/profile"), 0, ASKS(PROFILE), .form = &profile_form, .answer = profile_post, .redisplay = profile_redisplay },
	{ HTTP_GET, STR_INIT("/account/password"), 0, 0, .step_up = true, .show = password_show },
	{ HTTP_POST, STR_INIT("/account/password"), 0, ASKS(PASSWORD), .step_up = true, .form = &password_form, .answer = password_post, .redisplay = password_redisplay },
	{ HTTP_GET, STR_INIT("/account/sessions"), 0, 0, .show = sessions_moved_show },
	{ HTTP_POST, STR_INIT("/account/sessions/end"), 0, ASKS(SESSION_END) | ASKS(SESSIONS) | ASKS(ACTIVITY), .form = &session_end_form, .answer = session_end_post, .redisplay = session_end_redisplay },
	{ HTTP_GET, STR_INIT("/account/activity"), 0, 0, .show = activity_moved_show },
	{ HTTP_POST, STR_INIT("/account/alarm"), 0, ASKS(ALARM_DISMISS), .form = &alarm_form, .answer = alarm_dismiss_post, .redisplay = alarm_dismiss_redisplay },
	{ HTTP_GET, STR_INIT("/account/close"), 0, 0, .step_up = true, .show = close_show },
	{ HTTP_POST, STR_INIT("/account/close"), 0, ASKS(CLOSE), .step_up = true, .form = &close_form, .answer = close_post, .redisplay = close_redisplay },

	{ HTTP_GET, STR_INIT("/logout"), OPENS_SIGNED, 0, .show = logout_show },
	{ HTTP_POST, STR_INIT("/logout"), OPENS_SIGNED, ASKS(SIGN_OUT), .form = &logout_form, .answer = logout_post, .redisplay = logout_redisplay },

	{ HTTP_GET, STR_INIT("/gate"), OPENS_ALL, ASKS(GATE_ENTER), .answer = gate_show },
	{ HTTP_POST, STR_INIT("/gate"), 0, ASKS(GATE_ENTER), .step_up = true, .form = &gate_form, .answer = gate_post, .redisplay = gate_redisplay },
	{ HTTP_GET, STR_INIT("/.doubletour/enter"), OPENS_ALL, ASKS(GATE_TICKET), .any_host = true, .answer = gate_enter_show },
	{ HTTP_GET, STR_INIT("/.well-known/change-password"), OPENS_ALL, 0, .show = change_password_show },
	{ HTTP_GET, STR_INIT("/.well-known/jwks.json"), OPENS_ALL, 0, .kind = ROUTE_PLAIN, .show = gate_keys_show },
	{ HTTP_GET, STR_INIT("/api/authz/auth-request"), OPENS_ALL, ASKS(GATE), .kind = ROUTE_CHECK },
	{ HTTP_GET, STR_INIT("/api/authz/forward-auth"), OPENS_ALL, ASKS(GATE), .kind = ROUTE_CHECK },
	{ HTTP_ANY, STR_INIT("/api/authz/ext-authz"), OPENS_ALL, ASKS(GATE), .kind = ROUTE_CHECK },
	{ HTTP_ANY, STR_INIT("/api/authz/ext-authz/"), OPENS_ALL, ASKS(GATE), .kind = ROUTE_CHECK, .ambiguous = true },
	{ HTTP_ANY, STR_INIT("/api/verify"), OPENS_ALL, ASKS(GATE), .kind = ROUTE_CHECK },

	{ HTTP_GET, STR_INIT("/language/"), OPENS_ALL, 0, .show = language_set },
	{ HTTP_GET, STR_INIT("/icons/"), OPENS_ALL, 0, .kind = ROUTE_PLAIN, .show = icon_show },
	{ HTTP_GET, STR_INIT("/static/"), OPENS_ALL, 0, .kind = ROUTE_PLAIN, .show = static_show },
	{ HTTP_GET, STR_INIT("/favicon.ico"), OPENS_ALL, 0, .kind = ROUTE_PLAIN, .show = favicon_show },
	{ HTTP_GET, STR_INIT("/manifest.webmanifest"), OPENS_ALL, 0, .kind = ROUTE_PLAIN, .show = manifest_show },
	{ HTTP_GET, STR_INIT("/robots.txt"), OPENS_ALL, 0, .kind = ROUTE_PLAIN, .show = robots_show },
	{ HTTP_GET, STR_INIT("/healthz"), OPENS_ALL, 0, .kind = ROUTE_PLAIN, .show = health_show },
	{ HTTP_GET, STR_INIT("/readyz"), OPENS_ALL, 0, .kind = ROUTE_PLAIN, .show = health_show },
	{ HTTP_GET, STR_INIT("/livez"), OPENS_ALL, 0, .kind = ROUTE_PLAIN, .show = alive_show },
};
/* clang-format on */
const size_t web_routes_count = COUNT(web_routes);
