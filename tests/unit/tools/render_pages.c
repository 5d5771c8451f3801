/*
 * Writes every page in both languages into a folder, with the values of the table below.  The tests of pages read the
 * files.  After a change of a template or the style sheet, look at them in a browser.
 *
 *	render_pages FOLDER        → FOLDER/login-fr.html, FOLDER/login-error-en.html, ...
 */
#include "web/core/assets.h"
#include "web/core/messages.h"
#include "web/core/pages.h"

#include <stdio.h>
#include <stdlib.h>

enum { PAGE_MAX = 256 * 1024, PATH_LENGTH = 4096, NOV_3 = 1793731320 };

/* A text that would break each context in which it is not escaped. */
#define HOSTILE "\"><script>alert('1')</script>&amp;<b title='x' \" onfocus=x"

static const char SAMPLE_QR[] =
    "iVBORw0KGgoAAAANSUhEUgAAARoAAAEaAQMAAAD0fQr5AAAABlBMVEUAAAD///+l2Z/dAAAAAnRSTlP//"
    "8i138cAAAAJcEhZcwAACxIAAAsSAdLdfvwA"
    "AAJUSURBVGiB7ZldboQwDIQtcYAcKVfPkThAJNeecYDdrdQ+tRoEarVAPh4S/4zjmP/isgd6oH+AhsXVxmy+7X3b46HHfzzOHDB1KH5mGzWWH/"
    "jmIz4I"
    "jqPS0MwJDxB9gvNYi3gfL9tNIMx2bLB3mNlvBTmnHcMxFmtxG4juS7saiAxRhOu7jwtCK/V8/"
    "H2Xn9SgpQ1MOkisvtv2rbboQQhIJNMYjplnZKZ+9LT3"
    "sU6ykNFNc8yuomgvXiAK0bqRd5wpdcLATD2xCuoQU0xAVPq8SdT4qA4xjfIGH+"
    "SK2BISdQgW7dQJuiwWIhXxdF9ZqMy527Jup9hntd2GOoQIHNxFwKjO"
    "TYWhNhWHMr9MWrchB0EwNuriCk5dCOo+"
    "YOPOqpTl6by4ryxEf82wLOvmDUSxvSRWTWigiMlMOrm5hX7kS9Q64lBYFEVMY7nm1H5EZnd56HRczpzpJr9E"
    "5S0OOeOQIZpzh+NmEZDZZ6hDvDD/"
    "qkdzIHNQjUpDdrSTuDtaXZhKQ+IQlY89F9ZqlEZbrqwMDSr90XmhjdlmOmVDFsLmtleiySRrFPvtEpy6EGtrfylG"
    "B7dJfgPoqNha9QcZonZtC6pCjhZSLzOjuzQp+"
    "WgO3gBy576oYnVW6vlIrHoQNupViXrl07ZOHc6GtSjEazlxdTwhk37VFlGoSrQyM2Sexr62BXUhp97D"
    "xnWCcpQ1Rz0uC/"
    "GQb2Ih6MQURbOL5GtDvkRirMLUGKi3gdjo5Bb36MKoQ3TfdeNHubZOHbQhpJ7BUyJf2z+K4lt+EoR+vh7ogf4c+gLc9Ou9Odis6AAA"
    "AABJRU5ErkJggg==";

static struct page_passkey
sample_passkey(bool hostile)
{
	const struct page_passkey passkey = { .challenge = STR("AAZSq7gqAAA"),
					      .rp_id = STR("login.example.org"),
					      .passkeys = STR("bGFwdG9w:internal c3RpY2s:usb,nfc"),
					      .address = STR("https://login.example.org") };
	const struct page_passkey bad = { STR(HOSTILE), STR(HOSTILE), STR(HOSTILE), STR(HOSTILE), .problem = HOSTILE };

	return hostile ? bad : passkey;
}

static void
put_login(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_login page = { .layout = *layout,
				   .registration_open = true,
				   .remember_offered = true,
				   .remember_days = 30,
				   .passkey = sample_passkey(hostile) };

	page.layout.signed_in = false;
	page.layout.passkeys = true;
	if (hostile) {
		page.username = STR(HOSTILE);
		page.next = STR("/" HOSTILE);
		page.error = N_("The user name or password is wrong.");
	}
	if (hostile) {
		page.layout.logo = STR("/static/" HOSTILE);
		page.layout.logo_type = STR(HOSTILE);
		page.layout.brand_css = STR("/static/" HOSTILE);
	}
	page_login(out, &page);
}

static void
put_register(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_register page = { .layout = *layout };

	page.layout.signed_in = false;
	page.layout.flash = NULL;
	if (hostile) {
		page.username = STR(HOSTILE);
		page.username_problem = "Use only letters without accents, digits and . _ @ + -, without spaces.";
		page.password_problem = "Use at least 8 characters.";
		page.confirm_problem = "The two passwords are different.";
		page.next = STR("/" HOSTILE);
	}
	page_register(out, &page);
}

static void
put_register_closed(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_register page = { .layout = *layout, .closed = true };

	page.layout.signed_in = false;
	page.error = "Registration is closed. Ask the administrator for an account.";
	page_register(out, &page);
}

static const char not_right[] = "This code is wrong or was already used. Wait for the next code and try again.";

/* The field for a code, empty or after a refused code. */
static struct page_otp
sample_otp(bool hostile)
{
	struct page_otp otp = { .shown = true, .digits = 6, .submits = true };

	otp.swap = hostile ? STR("/" HOSTILE) : STR("/verify-2fa?recovery=1");
	if (hostile) {
		otp.problem = not_right;
		otp.drift = (struct page_drift){ .minutes = 3, .ahead = true };
	}
	return otp;
}

static struct page_key
sample_key(bool hostile)
{
	struct page_key key = { .qr_png = str_of(SAMPLE_QR), .qr_side = 282 };

	key.secret = hostile ? STR(HOSTILE) : STR("DRM2W75M27SWEVQCXAODLPRSJYU2TEIV");
	key.uri =
	    hostile ? STR("otpauth:" HOSTILE)
		    : STR("otpauth://totp/Doubletour:helene?secret=DRM2W75M27SWEVQCXAODLPRSJYU2TEIV&issuer=Doubletour");
	return key;
}

static void
put_setup_2fa(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_setup_2fa page = { .layout = *layout, .key = sample_key(hostile), .otp = sample_otp(hostile) };

	page.next = hostile ? STR("/" HOSTILE) : STR("");
	page_setup_2fa(out, &page);
}

static void
put_verify_2fa(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_verify_2fa page = { .layout = *layout, .otp = sample_otp(hostile) };

	page.layout.flash = NULL;
	if (hostile)
		page.next = STR("/" HOSTILE);
	page_verify_2fa(out, &page);
}

static void
put_verify_2fa_recovery(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_verify_2fa page = { .layout = *layout, .otp = sample_otp(hostile) };

	page.layout.flash = NULL;
	page.otp.recovery = true;
	page.otp.digits = 0;
	page.codes_disabled = hostile;
	page_verify_2fa(out, &page);
}

static void
put_verify_2fa_passkey(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_verify_2fa page = { .layout = *layout, .otp = sample_otp(hostile), .passkey_first = true };

	page.layout.flash = NULL;
	page.layout.passkeys = true;
	page.otp.passkey = sample_passkey(hostile);
	if (hostile)
		page.next = STR("/" HOSTILE);
	page_verify_2fa(out, &page);
}

static void
put_gate_code(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_gate_code page = { .layout = *layout, .otp = sample_otp(hostile), .rm = STR("GET") };

	page.rd = hostile ? STR(HOSTILE) : STR("https://wiki.example.org/");
	page.host = hostile ? STR(HOSTILE) : STR("wiki.example.org");
	page.layout.passkeys = true;
	page.otp.passkey = sample_passkey(hostile);
	page_gate_code(out, &page);
}

/* The search field appears from nine tiles on. */
static void
put_home(struct buf *out, const struct page_layout *layout, bool hostile)
{
	static struct page_app apps[] = {
		{ STR_INIT("Wiki"),
		  STR_INIT("https://wiki.example.org/"),
		  STR_INIT("Handbook and notes"),
		  { .letter = STR_INIT("W") } },
		{ STR_INIT("Photos"),
		  STR_INIT("https://photos.example.org/"),
		  STR_INIT("photos.example.org"),
		  { .icon = STR_INIT("/icons/kF3aB5cR7yQ9wE2u.svg") } },
	};
	static struct page_app hostile_apps[] = {
		{ STR_INIT(HOSTILE), STR_INIT(HOSTILE), STR_INIT(HOSTILE), { .letter = STR_INIT(HOSTILE) } }
	};
	struct page_home page = { .layout = *layout,
				  .shown_name = STR("helene"),
				  .has_apps = true,
				  .apps = apps,
				  .apps_count = COUNT(apps) };

	page.code_sign_in_us = NOV_3 * INT64_C(1000000);
	page.checkup.authenticators = 1;
	page.checkup.last_sign_in_us = (NOV_3 + 7 * 86411) * INT64_C(1000000);
	if (hostile) {
		page.shown_name = page.query = STR(HOSTILE);
		page.search = true;
		page.apps = hostile_apps;
		page.apps_count = COUNT(hostile_apps);
		page.checkup = (struct page_checkup){ .recovered = true, .other_sessions = 2 };
		page.layout.recovery_low = true;
		page.layout.recovery_left = 3;
	}
	page_home(out, &page);
}

static void
put_home_empty(struct buf *out, const struct page_layout *layout, bool hostile)
{
	const struct page_home page = { .layout = *layout, .shown_name = STR("helene") };

	page_home(out, &page);
}

static void
put_recovery_codes(struct buf *out, const struct page_layout *layout, bool hostile)
{
	static const str code = STR_INIT("ABCD-EFGH-IJKL-MNOP-QRST-UVWX");
	struct page_recovery_code codes[10];
	struct page_recovery_codes page = { .layout = *layout,
					    .username = hostile ? STR(HOSTILE) : STR("helene"),
					    .server = STR("https://login.example.org"),
					    .codes = codes,
					    .codes_count = COUNT(codes),
					    .left = COUNT(codes),
					    .made_us = NOV_3 * INT64_C(1000000) };

	for (size_t i = 0; i < COUNT(codes); i++)
		codes[i].text = hostile ? STR(HOSTILE) : code;
	if (hostile)
		page.next = STR("/" HOSTILE);
	page_recovery_codes(out, &page);
}

static void
put_recovery_left(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_recovery_codes page = { .layout = *layout, .left = 3, .otp = sample_otp(hostile) };

	page.layout.flash = NULL;
	page.made_us = NOV_3 * INT64_C(1000000);
	page.next = hostile ? STR("/" HOSTILE) : STR("");
	page_recovery_codes(out, &page);
}

static void
put_security(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_authenticator factors[] = {
		{ .id = 7, .number = 1, .created_us = NOV_3 * INT64_C(1000000), .current = true },
		{ .id = 8, .number = 2, .name = STR("Tablette d’Hélène"), .removable = true },
		{ .id = 9, .number = 3, .name = STR("Spare"), .removable = true, .disabled = true },
		{ .id = 10, .number = 1, .passkey = true, .synced = true, .alone = true },
		{ .id = 11, .number = 2, .name = STR("Blue key"), .passkey = true, .removable = true },
	};
	struct page_security page = { .layout = *layout,
				      .factors = factors,
				      .factors_count = COUNT(factors),
				      .passkeys = 2,
				      .codes = 3,
				      .codes_off_allowed = true,
				      .passkeys_possible = true,
				      .password_changed_us = NOV_3 * INT64_C(1000000),
				      .recovery_made_us = NOV_3 * INT64_C(1000000) };

	for (size_t i = 1; i < COUNT(factors); i++)
		factors[i].created_us = factors[0].created_us;
	factors[0].last_used_us = factors[0].created_us + 7 * 86411 * INT64_C(1000000);
	page.layout.recovery_left = 8;
	if (hostile) {
		factors[0].name = factors[1].name = factors[4].name = STR(HOSTILE);
		factors[3].other_host = true;
		page.codes_off = true;
		page.error = not_right;
		page.recovered = page.layout.recovery_low = true;
		page.next = STR("/" HOSTILE);
	}
	page_security(out, &page);
}

static void
put_authenticator_rename(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_authenticator_rename page = { .layout = *layout,
						  .factor = { .id = 7, .number = 1, .passkey = hostile } };

	if (hostile) {
		page.name = STR(HOSTILE);
		page.name_problem = "Another authenticator has this name. Choose another name.";
		page.error = not_right;
	}
	page_authenticator_rename(out, &page);
}

static void
put_authenticator_remove(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_authenticator_remove page = { .layout = *layout,
						  .factor = { .id = 7, .number = 1, .passkey = hostile },
						  .otp = sample_otp(hostile) };

	page.factor.created_us = NOV_3 * INT64_C(1000000);
	if (hostile) {
		page.factor.name = STR(HOSTILE);
		page.error = not_right;
	}
	page_authenticator_remove(out, &page);
}

static void
put_account(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_account page = { .layout = *layout,
				     .username = hostile ? STR(HOSTILE) : STR("helene"),
				     .display_name = hostile ? STR(HOSTILE) : STR("Hélène"),
				     .created_us = NOV_3 * INT64_C(1000000),
				     .checkup = { .authenticators = 2, .last_sign_in_us = NOV_3 * INT64_C(1000000) } };

	page.layout.recovery_left = hostile ? 0 : 8;
	if (hostile)
		page.checkup = (struct page_checkup){ .recovered = true, .authenticators = 1, .other_sessions = 2 };
	page_account(out, &page);
}

static void
put_devices(struct buf *out, const struct page_layout *layout, bool hostile)
{
	str text = hostile ? STR(HOSTILE) : STR("192.0.2.17");
	struct page_session sessions[] = {
		{ .id = 1,
		  .browser = STR("Firefox"),
		  .system = STR("Linux"),
		  .address = text,
		  .icon = STR("laptop"),
		  .full = true,
		  .current = true },
		{ .id = 2, .browser = STR("Safari"), .address = text, .icon = STR("phone") },
		{ .id = 3, .address = text, .icon = STR("laptop"), .full = true },
	};
	struct page_event events[] = {
		{ .words = "Signed in with a code",
		  .icon = STR("key"),
		  .tone = STR("good"),
		  .browser = STR("Firefox"),
		  .system = STR("Linux"),
		  .address = text },
		{ .words = "Code already used", .icon = STR("clock"), .tone = STR("warn") },
		{ .words = "Wrong password", .icon = STR("error"), .tone = STR("bad"), .address = text },
		{ .words = "Signed in to an application", .icon = STR("overview"), .client = text },
		{ .words = "Password changed", .icon = STR("lock"), .system = STR("Linux") },
	};
	struct page_day days[] = {
		{ .today = true, .events = events, .events_count = 2 },
		{ .yesterday = true, .events = events + 2, .events_count = 2 },
		{ .at_us = NOV_3 * INT64_C(1000000), .events = events + 4, .events_count = 1 },
	};
	struct page_devices page = { .layout = *layout,
				     .sessions = sessions,
				     .sessions_count = COUNT(sessions),
				     .days = days,
				     .days_count = COUNT(days) };

	for (size_t i = 0; i < COUNT(sessions); i++)
		sessions[i].created_us = sessions[i].seen_us = NOV_3 * INT64_C(1000000);
	for (size_t i = 0; i < COUNT(events); i++)
		events[i].at_us = NOV_3 * INT64_C(1000000);
	page.now_us = NOV_3 * INT64_C(1000000);
	if (hostile) {
		page.error = not_right;
		page.more = page.older = page.more_sessions = true;
		page.last = 7;
	}
	page_devices(out, &page);
}

static void
put_close(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_close page = { .layout = *layout, .name = STR("helene"), .otp = sample_otp(hostile) };

	if (hostile) {
		page.name = page.username = page.current = STR(HOSTILE);
		page.username_problem = "This is not your user name. Your account was not closed.";
		page.current_problem = "This is not your current password. Try again.";
		page.error = not_right;
	}
	page_close(out, &page);
}

static void
put_authenticator_new(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_authenticator_new page = { .layout = *layout };

	if (hostile) {
		page.name = page.current = STR(HOSTILE);
		page.name_problem = "Use at most 40 characters.";
		page.current_problem = "This is not your current password. Try again.";
		page.replaces = 7;
		page.otp = sample_otp(true);
		page.error = not_right;
	}
	page_authenticator_new(out, &page);
}

static struct page_passkey_options
sample_passkey_options(bool hostile)
{
	struct page_passkey_options options = { .challenge = STR("AAZI"),
						.rp_id = STR("login.example.org"),
						.user_handle = STR("aGVsZW5l"),
						.username = STR("helene"),
						.shown_name = STR("Hélène"),
						.address = STR("https://login.example.org"),
						.passkeys = STR("AQID:internal,hybrid BAUG:usb") };

	if (hostile)
		options.challenge = options.rp_id = options.user_handle = options.username = options.shown_name =
		    options.address = options.passkeys = STR(HOSTILE);
	options.key = hostile;
	return options;
}

static void
put_setup_passkey(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_setup_passkey page = { .layout = *layout, .passkey = sample_passkey_options(hostile) };

	if (hostile) {
		page.error = not_right;
		page.next = STR(HOSTILE);
	}
	page_setup_passkey(out, &page);
}

static void
put_passkey_new(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_passkey_new page = { .layout = *layout };

	if (hostile) {
		page.name = page.current = STR(HOSTILE);
		page.name_problem = "Use at most 40 characters.";
		page.current_problem = "This is not your current password. Try again.";
		page.key = true;
		page.otp = sample_otp(true);
		page.error = not_right;
	}
	page_passkey_new(out, &page);
}

static void
put_passkey_create(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_passkey_create page = { .layout = *layout, .passkey = sample_passkey_options(hostile) };

	page.name = hostile ? STR(HOSTILE) : STR("Laptop");
	page_passkey_create(out, &page);
}

static void
put_codes(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_codes page = { .layout = *layout, .off = hostile, .otp = sample_otp(hostile) };

	page.error = hostile ? not_right : NULL;
	page_codes(out, &page);
}

static void
put_authenticator_confirm(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_authenticator_confirm page = { .layout = *layout,
						   .key = sample_key(hostile),
						   .otp = sample_otp(hostile) };

	page.layout.flash = NULL;
	page_authenticator_confirm(out, &page);
}

static void
put_logout(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_logout page = { .layout = *layout };

	page.layout.flash = NULL;
	page_logout(out, &page);
}

static void
put_denied(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_denied page = { .layout = *layout,
				    .reason = "It is open to certain people or groups only, and your account is not "
					      "among them.",
				    .username = hostile ? STR(HOSTILE) : STR("anna"),
				    .next =
					hostile ? STR("/" HOSTILE) : STR("/gate?rd=https%3A%2F%2Fwiki.example.org") };

	page.layout.flash = NULL;
	page_denied(out, &page);
}

static void
put_denied_passkey(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_denied page = { .layout = *layout,
				    .no_passkey = true,
				    .reason = "You signed in with a code. This application accepts only passkeys: use "
					      "yours now.",
				    .passkey = sample_passkey(hostile),
				    .rd = hostile ? STR(HOSTILE) : STR("https://wiki.example.org/"),
				    .rm = STR("GET"),
				    .username = hostile ? STR(HOSTILE) : STR("anna"),
				    .next = STR("/gate?rd=https%3A%2F%2Fwiki.example.org") };

	page.layout.flash = NULL;
	page_denied(out, &page);
}

static struct page_layout
sample_client_layout(const struct page_layout *layout, bool hostile)
{
	struct page_layout result = *layout;

	result.flash = NULL;
	if (hostile)
		result.to = (struct page_continue){ .name = STR(HOSTILE), .host = STR(HOSTILE) };
	return result;
}

static void
put_client_problem(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct redirect_piece asked[] = { { STR("https://wiki.example.org"), STR(":443"), STR(""), false },
					  { STR("/oidc/"), STR("C"), STR("allback"), false } };
	struct redirect_piece one[] = { { STR("https://wiki.example.org"), STR(""), STR(""), true },
					{ STR("/oidc/"), STR("c"), STR("allback"), false } };
	struct redirect_piece two[] = { { STR("http"), STR(""), STR("://localhost/"), true },
					{ STR(""), STR("callback"), STR(""), false } };
	struct page_compared registered[] = { { one, COUNT(one) }, { two, COUNT(two) } };
	struct page_client_problem page = {
		.layout = sample_client_layout(layout, hostile),
		.title = "This return address is not registered",
		.sentence = "The application wants to return to an address that is not registered for it. The two "
			    "addresses must match exactly.",
		.client_id = STR("wiki"),
		.name = STR("Wiki"),
		.asked = { asked, COUNT(asked) },
		.registered = registered,
		.registered_count = COUNT(registered),
		.advice = "If this address belongs to the application, this command registers it:",
		.command =
		    STR("doubletour client set 'wiki' redirect_uris+='https://wiki.example.org:443/oidc/Callback'"),
	};

	if (hostile) {
		page.title = page.sentence = HOSTILE;
		page.name = page.client_id = page.command = STR(HOSTILE);
		asked[0].before = asked[0].differs = one[1].differs = two[1].after = STR(HOSTILE);
	}
	page_client_problem(out, &page);
}

static void
put_client_go(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_client_go page = { .layout = sample_client_layout(layout, hostile),
				       .url =
					   hostile ? STR(HOSTILE) : STR("https://wiki.example.org/callback?code=1") };

	page_client_go(out, &page);
}

static void
put_client_go_private(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_client_go page = { .layout = sample_client_layout(layout, hostile),
				       .url = STR("app.wiki:///callback?code=1"),
				       .private_scheme = true };

	page_client_go(out, &page);
}

static void
put_client_post(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_client_field fields[] = { { STR("code"), STR("dtc_1") },
					      { STR("state"), hostile ? STR(HOSTILE) : STR("af0ifjsldkj") } };
	struct page_client_post page = { .layout = sample_client_layout(layout, hostile),
					 .url = hostile ? STR(HOSTILE) : STR("https://wiki.example.org/callback"),
					 .fields = fields,
					 .fields_count = COUNT(fields) };

	page.layout.signed_in = false;
	page_client_post(out, &page);
}

static const str client_next = STR_INIT("/api/oidc/authorization?client_id=wiki&seal=AAZSq7gq");

static void
put_client_consent(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_client_consent page = { .layout = sample_client_layout(layout, hostile),
					    .profile = true,
					    .email = true,
					    .groups = true,
					    .offline = true,
					    .username = STR("anna"),
					    .display_name = STR("Anna Martin"),
					    .email_address = STR("anna@example.org"),
					    .group_names = STR("staff, wiki-editors"),
					    .claims = STR("role: \"admin\", quota: 5"),
					    .next = client_next };

	if (hostile) {
		page.username = page.display_name = page.email_address = page.group_names = page.claims = STR(HOSTILE);
		page.next = STR("/" HOSTILE);
	}
	page_client_consent(out, &page);
}

static void
put_client_consent_least(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_client_consent page = { .layout = sample_client_layout(layout, hostile),
					    .nothing_more = true,
					    .username = STR("anna"),
					    .error = "This form has expired. Try again.",
					    .next = client_next };

	page_client_consent(out, &page);
}

static void
put_client_select(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_client_select page = { .layout = sample_client_layout(layout, hostile),
					   .username = hostile ? STR(HOSTILE) : STR("anna"),
					   .shown_name = hostile ? STR(HOSTILE) : STR("Anna Martin"),
					   .next = hostile ? STR("/" HOSTILE) : client_next };

	page_client_select(out, &page);
}

static void
put_client_confirm(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_client_confirm page = { .layout = sample_client_layout(layout, hostile),
					    .password = true,
					    .username = hostile ? STR(HOSTILE) : STR("anna"),
					    .current = hostile ? STR(HOSTILE) : STR("wrong"),
					    .current_problem = hostile ? HOSTILE : "This is not your current password.",
					    .otp = sample_otp(hostile),
					    .next = hostile ? STR("/" HOSTILE) : client_next };

	page.otp.verified = false;
	page.layout.passkeys = true;
	page.otp.passkey = sample_passkey(hostile);
	page_client_confirm(out, &page);
}

static void
put_client_confirm_factor(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_client_confirm page = { .layout = sample_client_layout(layout, hostile),
					    .username = STR("anna"),
					    .otp = sample_otp(hostile),
					    .next = client_next };

	page_client_confirm(out, &page);
}

/* prompt=login of an application that accepts only passkeys */
static void
put_client_confirm_passkey(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_client_confirm page = { .layout = sample_client_layout(layout, hostile),
					    .password = true,
					    .username = STR("anna"),
					    .otp = sample_otp(hostile),
					    .next = client_next };

	page.layout.passkeys = true;
	page.otp.only_passkey = true;
	page.otp.passkey = sample_passkey(hostile);
	page_client_confirm(out, &page);
}

static void
put_client_refused(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_client_refused page = { .layout = sample_client_layout(layout, hostile),
					    .reason = "It is open to certain people or groups only, and your account "
						      "is not among them.",
					    .username = hostile ? STR(HOSTILE) : STR("anna"),
					    .next = hostile ? STR("/" HOSTILE) : client_next };

	page_client_refused(out, &page);
}

static void
put_client_refused_passkey(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_client_refused page = { .layout = sample_client_layout(layout, hostile),
					    .no_passkey = true,
					    .passkey = sample_passkey(hostile),
					    .reason = "You signed in with a code. This application accepts only "
						      "passkeys: use yours now.",
					    .username = STR("anna"),
					    .next = client_next };

	page.layout.passkeys = true;
	page_client_refused(out, &page);
}

static void
put_end_session(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_end_session page = { .layout = sample_client_layout(layout, hostile),
					 .name = hostile ? STR(HOSTILE) : STR("Wiki"),
					 .username = hostile ? STR(HOSTILE) : STR("anna"),
					 .next =
					     hostile ? STR("/" HOSTILE) : STR("/api/oidc/end-session?client_id=wiki") };

	page_end_session(out, &page);
}

static void
put_applications(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_application apps[] = {
		{ .id = 1,
		  .name = STR("Wiki"),
		  .seal = { .letter = STR("W") },
		  .profile = true,
		  .email = true,
		  .groups = true,
		  .offline = true,
		  .used_us = INT64_C(1000000) * NOV_3 },
		{ .id = 2, .name = STR("Photos"), .seal = { .letter = STR("P"), .tone = 3 }, .nothing_more = true },
		{ .id = 3,
		  .name = STR("Notes"),
		  .seal = { .letter = STR("N"), .tone = 2 },
		  .by_administrator = true,
		  .used_us = INT64_C(1000000) * NOV_3 },
	};
	struct page_applications page = { .layout = *layout, .apps = apps, .apps_count = COUNT(apps) };

	page.layout.flash = "The access of the application was withdrawn.";
	if (hostile) {
		apps[0].name = apps[0].seal.letter = STR(HOSTILE);
		page.layout.flash = HOSTILE;
	}
	page_applications(out, &page);
}

static void
put_applications_empty(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_applications page = { .layout = *layout };

	page.layout.flash = NULL;
	page_applications(out, &page);
}

static void
put_gate_notice(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_gate_notice page = { .layout = *layout,
					 .title = "Access denied",
					 .sentence = "You don't have access to this page.",
					 .host = hostile ? STR(HOSTILE) : STR("wiki.example.org"),
					 .go = hostile ? STR("/" HOSTILE)
						       : STR("https://login.example.org/gate?rd=x&rm=GET"),
					 .link = "See why, and what you can do" };

	page.layout.brand_css = STR("/static/brand.css");
	page_gate_notice(out, &page);
}

static void
put_error(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_error page = { .layout = *layout, .status = 404 };

	page.layout.flash = NULL;
	page.title = hostile ? HOSTILE : "Page not found";
	page.sentence = hostile ? HOSTILE : "Check the address. The page may no longer exist.";
	page_error(out, &page);
}

static void
put_wrong_address(struct buf *out, const struct page_layout *layout, bool hostile)
{
	struct page_wrong_address page = { .layout = *layout,
					   .opened = hostile ? STR(HOSTILE) : STR("192.168.1.10:5000"),
					   .right = STR("https://login.example.org"),
					   .right_host = STR("login.example.org") };

	page.layout.flash = NULL;
	page.layout.origin = page.right;
	page_wrong_address(out, &page);
}

static const struct sample {
	const char *name;
	void (*put)(struct buf *out, const struct page_layout *layout, bool hostile);
	bool hostile;
} samples[] = {
	{ "login", put_login },
	{ "login-hostile", put_login, true },
	{ "register", put_register },
	{ "register-hostile", put_register, true },
	{ "register-closed", put_register_closed },
	{ "setup_2fa", put_setup_2fa },
	{ "setup_2fa-hostile", put_setup_2fa, true },
	{ "verify_2fa", put_verify_2fa },
	{ "verify_2fa-hostile", put_verify_2fa, true },
	{ "verify_2fa_recovery", put_verify_2fa_recovery },
	{ "verify_2fa_recovery-hostile", put_verify_2fa_recovery, true },
	{ "verify_2fa_passkey", put_verify_2fa_passkey },
	{ "verify_2fa_passkey-hostile", put_verify_2fa_passkey, true },
	{ "gate_code", put_gate_code },
	{ "gate_code-hostile", put_gate_code, true },
	{ "home", put_home },
	{ "home-hostile", put_home, true },
	{ "home-empty", put_home_empty },
	{ "recovery_codes", put_recovery_codes },
	{ "recovery_codes-hostile", put_recovery_codes, true },
	{ "recovery_left", put_recovery_left },
	{ "recovery_left-hostile", put_recovery_left, true },
	{ "account", put_account },
	{ "account-hostile", put_account, true },
	{ "security", put_security },
	{ "security-hostile", put_security, true },
	{ "devices", put_devices },
	{ "devices-hostile", put_devices, true },
	{ "close", put_close },
	{ "close-hostile", put_close, true },
	{ "authenticator_rename", put_authenticator_rename },
	{ "authenticator_rename-hostile", put_authenticator_rename, true },
	{ "authenticator_remove", put_authenticator_remove },
	{ "authenticator_remove-hostile", put_authenticator_remove, true },
	{ "setup_passkey", put_setup_passkey },
	{ "setup_passkey-hostile", put_setup_passkey, true },
	{ "passkey_new", put_passkey_new },
	{ "passkey_new-hostile", put_passkey_new, true },
	{ "passkey_create", put_passkey_create },
	{ "passkey_create-hostile", put_passkey_create, true },
	{ "codes", put_codes },
	{ "codes-hostile", put_codes, true },
	{ "authenticator_new", put_authenticator_new },
	{ "authenticator_new-hostile", put_authenticator_new, true },
	{ "authenticator_confirm", put_authenticator_confirm },
	{ "authenticator_confirm-hostile", put_authenticator_confirm, true },
	{ "logout", put_logout },
	{ "denied", put_denied },
	{ "denied-passkey", put_denied_passkey },
	{ "denied-hostile", put_denied, true },
	{ "client_problem", put_client_problem },
	{ "client_problem-hostile", put_client_problem, true },
	{ "client_go", put_client_go },
	{ "client_go-hostile", put_client_go, true },
	{ "client_post", put_client_post },
	{ "client_post-hostile", put_client_post, true },
	{ "client_consent", put_client_consent },
	{ "client_consent-hostile", put_client_consent, true },
	{ "client_select", put_client_select },
	{ "client_select-hostile", put_client_select, true },
	{ "client_confirm", put_client_confirm },
	{ "client_confirm-hostile", put_client_confirm, true },
	{ "client_refused", put_client_refused },
	{ "client_refused-hostile", put_client_refused, true },
	{ "client_go_private", put_client_go_private },
	{ "client_consent_least", put_client_consent_least },
	{ "client_confirm_factor", put_client_confirm_factor },
	{ "client_confirm_passkey", put_client_confirm_passkey },
	{ "client_refused_passkey", put_client_refused_passkey },
	{ "end_session", put_end_session },
	{ "end_session-hostile", put_end_session, true },
	{ "applications", put_applications },
	{ "applications-hostile", put_applications, true },
	{ "applications-empty", put_applications_empty },
	{ "gate_notice", put_gate_notice },
	{ "gate_notice-hostile", put_gate_notice, true },
	{ "error", put_error },
	{ "error-hostile", put_error, true },
	{ "wrong_address", put_wrong_address },
	{ "wrong_address-hostile", put_wrong_address, true },
};

static void
write_file(const char *folder, const char *name, const char *suffix, str content)
{
	char path[PATH_LENGTH];
	FILE *file = NULL;

	snprintf(path, sizeof(path), "%s/%s%s", folder, name, suffix);
	file = fopen(path, "wb");
	if (file == NULL || fwrite(content.p, 1, content.n, file) != content.n || fclose(file) != 0) {
		perror(path);
		exit(1);
	}
}

static void
write_sample(const char *folder, const struct sample *sample, enum config_language language)
{
	static const char *const suffix[LANGUAGE_COUNT] = { [LANGUAGE_FR] = "-fr.html", [LANGUAGE_EN] = "-en.html" };
	struct page_layout layout = {
		.language = language,
		.app_name = STR("Doubletour"),
		.signed_in = true,
		.full = true,
		.shown_name = STR("anna"),
		.csrf_token = STR("kD1mT3eX6pZ0aB5cR7yQ9wE2uI4oP8sF1gH3jK5lN7v"),
		.path = STR("/verify-2fa"),
		.flash = "You are signed in.",
		.flash_kind = FLASH_GOOD,
		.request_id = STR("4f1d9c2ab3e85706"),
		.contact = STR("help@example.org"),
		.contact_url = STR("mailto:help@example.org"),
		.to = { .name = STR("Wiki"), .host = STR("wiki.example.org"), .seal = { .letter = STR("W") } }
	};
	CLEANUP(buf_wipe) struct buf out = BUF(PAGE_MAX);

	if (sample->hostile) {
		layout.app_name = layout.csrf_token = layout.path = layout.request_id = STR(HOSTILE);
		layout.shown_name = layout.contact = layout.contact_url = layout.app_name;
		layout.flash = HOSTILE;
		layout.signal = (struct page_signal){ .rp_id = STR(HOSTILE),
						      .user_handle = STR(HOSTILE),
						      .passkeys = STR(HOSTILE) };
		layout.to.name = layout.to.host = layout.to.seal.letter = STR(HOSTILE);
	}
	sample->put(&out, &layout, sample->hostile);
	if (buf_check(&out) != ERR_OK)
		exit(1);
	write_file(folder, sample->name, suffix[language], buf_str(&out));
}

/* Writes the static files of the pages, under their URLs without the leading slash. */
static void
write_assets(const char *folder)
{
	static const char *const names[] = { "app.css", "app.js", "favicon.svg", "icons.svg" };

	for (size_t i = 0; i < COUNT(names); i++) {
		const struct asset *asset = asset_named(str_of(names[i]));
		char path[PATH_LENGTH];

		if (asset == NULL || asset_find(asset->path) != asset)
			exit(1);
		snprintf(path, sizeof(path), "%.*s", STR_ARG(asset->path));
		write_file(folder, path, "", asset->plain);
		if (asset->gzip.n > 0)
			write_file(folder, path, ".gz", asset->gzip);
	}
}

int
main(int argc, char **argv)
{
	if (argc != 2) {
		fputs("usage: render_pages FOLDER (with a folder `static` in it)\n", stderr);
		return 2;
	}
	for (size_t i = 0; i < COUNT(samples); i++)
		for (int language = 0; language < LANGUAGE_COUNT; language++)
			write_sample(argv[1], &samples[i], (enum config_language)language);
	write_assets(argv[1]);
	return 0;
}
