/*
 * Every page of web/core/pages.h with arbitrary texts: a text can only appear in the page, not change it.  The page is
 * written a second time with marks in place of the texts.  Both pages must be the same except for the escaped texts.
 * Every element that is opened must be closed.
 *
 * Input: the page, 16 bits for the optional parts, a time in seconds (4 bytes), then texts separated by 0x1f.
 */
#include "html.h"

#include "web/core/pages.h"

enum { TEXTS = 16, ITEMS = 3, HEAD_BYTES = 7, PAGE_MAX_BYTES = 8 * 1024 * 1024, MARK_BYTES = 3 };

struct values {
	str texts[TEXTS];
	size_t used;
	uint32_t bits, bits_used;
	int64_t timestamp_us;
};

static str
text(struct values *v)
{
	return v->texts[v->used++ % TEXTS];
}

static bool
bit(struct values *v)
{
	return v->bits >> (v->bits_used++ % 16) & 1;
}

static const char *
sentence(struct values *v)
{
	return bit(v) ? "The user name or password is wrong." : NULL;
}

static struct page_seal
seal(struct values *v)
{
	return (struct page_seal){ .icon = text(v), .letter = text(v), .tone = v->bits % PAGE_SEAL_TONES };
}

static struct page_layout
layout(struct values *v)
{
	return (struct page_layout){ .language = bit(v) ? LANGUAGE_FR : LANGUAGE_EN,
				     .app_name = text(v),
				     .signed_in = bit(v),
				     .csrf_token = text(v),
				     .path = text(v),
				     .flash = sentence(v),
				     .flash_kind = bit(v) ? FLASH_GOOD : FLASH_BAD,
				     .request_id = text(v),
				     .full = bit(v),
				     .time_format = (enum time_format)(v->bits % TIME_FORMAT_COUNT),
				     .recovery_left = v->bits % 11,
				     .recovery_low = bit(v),
				     .flash_recovery = bit(v),
				     .logo = text(v),
				     .logo_type = text(v),
				     .brand_css = text(v),
				     .contact = text(v),
				     .contact_url = text(v),
				     .shown_name = text(v),
				     .retry_s = v->bits % 100,
				     .retry_minutes = v->bits % 3,
				     .to = { .name = text(v), .host = text(v), .seal = seal(v) } };
}

static struct page_checkup
checkup(struct values *v)
{
	return (struct page_checkup){ .recovered = bit(v),
				      .authenticators = v->bits % 4,
				      .other_sessions = v->bits % 3,
				      .last_sign_in_us = bit(v) ? v->timestamp_us : 0 };
}

static struct page_otp
otp(struct values *v)
{
	return (struct page_otp){ .shown = bit(v),
				  .recovery = bit(v),
				  .digits = v->bits % 9,
				  .submits = bit(v),
				  .swap = text(v),
				  .problem = sentence(v),
				  .drift = { .minutes = v->bits % 7, .ahead = bit(v) } };
}

/* --- the pages ---------------------------------------------------------------------------------------------------- */

static void
put_login(struct buf *out, struct values *v)
{
	page_login(out, &(struct page_login){ .layout = layout(v),
					      .username = text(v),
					      .error = sentence(v),
					      .next = text(v),
					      .registration_open = bit(v),
					      .remember_offered = bit(v),
					      .remember = bit(v),
					      .remember_days = v->bits % 31 });
}

static void
put_register(struct buf *out, struct values *v)
{
	page_register(out, &(struct page_register){ .layout = layout(v),
						    .username = text(v),
						    .strength = v->bits % 5,
						    .username_problem = sentence(v),
						    .password_problem = sentence(v),
						    .confirm_problem = sentence(v),
						    .error = sentence(v),
						    .closed = bit(v),
						    .invite = text(v),
						    .next = text(v) });
}

static struct page_key
key(struct values *v)
{
	return (struct page_key){
		.secret = text(v), .uri = text(v), .qr_png = text(v), .qr_side = (unsigned)v->bits % 500
	};
}

static void
put_setup_2fa(struct buf *out, struct values *v)
{
	page_setup_2fa(out,
		       &(struct page_setup_2fa){
			   .layout = layout(v), .key = key(v), .otp = otp(v), .error = sentence(v), .next = text(v) });
}

static void
put_verify_2fa(struct buf *out, struct values *v)
{
	page_verify_2fa(
	    out,
	    &(struct page_verify_2fa){
		.layout = layout(v), .otp = otp(v), .error = sentence(v), .codes_disabled = bit(v), .next = text(v) });
}

static struct page_app
app(struct values *v)
{
	return (struct page_app){ .name = text(v), .address = text(v), .description = text(v), .seal = seal(v) };
}

static void
put_home(struct buf *out, struct values *v)
{
	struct page_app apps[ITEMS] = { app(v), app(v), app(v) };

	page_home(out, &(struct page_home){ .layout = layout(v),
					    .shown_name = text(v),
					    .apps = apps,
					    .apps_count = v->bits % (ITEMS + 1),
					    .has_apps = bit(v),
					    .search = bit(v),
					    .query = text(v),
					    .alarm = { .attempts = v->bits % 4,
						       .addresses = v->bits % 3,
						       .since_us = v->timestamp_us,
						       .until_us = v->timestamp_us,
						       .address = text(v) },
					    .checkup = checkup(v) });
}

static void
put_recovery_codes(struct buf *out, struct values *v)
{
	struct page_recovery_code codes[ITEMS] = { { text(v) }, { text(v) }, { text(v) } };

	page_recovery_codes(out, &(struct page_recovery_codes){ .layout = layout(v),
								.username = text(v),
								.server = text(v),
								.codes = codes,
								.codes_count = v->bits % (ITEMS + 1),
								.left = v->bits % 11,
								.made_us = bit(v) ? v->timestamp_us : 0,
								.otp = otp(v),
								.error = sentence(v),
								.next = text(v) });
}

static struct page_authenticator
authenticator(struct values *v, int64_t id)
{
	return (struct page_authenticator){ .id = id,
					    .number = (uint32_t)id,
					    .name = text(v),
					    .created_us = v->timestamp_us,
					    .last_used_us = bit(v) ? v->timestamp_us : 0,
					    .disabled = bit(v),
					    .current = bit(v),
					    .removable = bit(v) };
}

static void
put_security(struct buf *out, struct values *v)
{
	struct page_authenticator factors[ITEMS] = { authenticator(v, 1), authenticator(v, 2),
						     authenticator(v, INT64_MAX) };

	page_security(out, &(struct page_security){ .layout = layout(v),
						    .password_changed_us = bit(v) ? v->timestamp_us : 0,
						    .factors = factors,
						    .factors_count = v->bits % (ITEMS + 1),
						    .recovery_made_us = bit(v) ? v->timestamp_us : 0,
						    .recovered = bit(v),
						    .error = sentence(v),
						    .next = text(v) });
}

static void
put_authenticator_rename(struct buf *out, struct values *v)
{
	page_authenticator_rename(out, &(struct page_authenticator_rename){ .layout = layout(v),
									    .factor = authenticator(v, 1),
									    .name = text(v),
									    .name_problem = sentence(v),
									    .error = sentence(v) });
}

static void
put_authenticator_remove(struct buf *out, struct values *v)
{
	page_authenticator_remove(
	    out, &(struct page_authenticator_remove){
		     .layout = layout(v), .factor = authenticator(v, 2), .otp = otp(v), .error = sentence(v) });
}

static void
put_authenticator_new(struct buf *out, struct values *v)
{
	page_authenticator_new(out, &(struct page_authenticator_new){ .layout = layout(v),
								      .name = text(v),
								      .current = text(v),
								      .name_problem = sentence(v),
								      .current_problem = sentence(v),
								      .replaces = v->bits % 3,
								      .otp = otp(v),
								      .error = sentence(v) });
}

static void
put_authenticator_confirm(struct buf *out, struct values *v)
{
	page_authenticator_confirm(out, &(struct page_authenticator_confirm){
					    .layout = layout(v), .key = key(v), .otp = otp(v), .error = sentence(v) });
}

static void
put_account(struct buf *out, struct values *v)
{
	page_account(out, &(struct page_account){ .layout = layout(v),
						  .checkup = checkup(v),
						  .username = text(v),
						  .display_name = text(v),
						  .created_us = v->timestamp_us });
}

static void
put_profile(struct buf *out, struct values *v)
{
	page_profile(out, &(struct page_profile){ .layout = layout(v),
						  .username = text(v),
						  .display_name = text(v),
						  .name_problem = sentence(v),
						  .preferred = v->bits % PREFERRED_COUNT,
						  .time_format = v->bits % TIME_FORMAT_COUNT,
						  .error = sentence(v) });
}

static void
put_password(struct buf *out, struct values *v)
{
	page_password(out, &(struct page_password){ .layout = layout(v),
						    .username = text(v),
						    .current = text(v),
						    .password = text(v),
						    .confirm = text(v),
						    .strength = v->bits % 5,
						    .current_problem = sentence(v),
						    .password_problem = sentence(v),
						    .confirm_problem = sentence(v),
						    .otp = otp(v),
						    .error = sentence(v) });
}

static struct page_session
session(struct values *v, int64_t id)
{
	return (struct page_session){ .id = id,
				      .browser = text(v),
				      .system = text(v),
				      .address = text(v),
				      .icon = text(v),
				      .created_us = v->timestamp_us,
				      .seen_us = v->timestamp_us,
				      .remembered_until_us = bit(v) ? v->timestamp_us : 0,
				      .full = bit(v),
				      .current = bit(v) };
}

static struct page_event
event(struct values *v)
{
	return (struct page_event){ .at_us = v->timestamp_us,
				    .words = sentence(v),
				    .icon = text(v),
				    .tone = text(v),
				    .browser = text(v),
				    .system = text(v),
				    .address = text(v) };
}

static void
put_devices(struct buf *out, struct values *v)
{
	struct page_session sessions[ITEMS] = { session(v, 1), session(v, 2), session(v, INT64_MAX) };
	struct page_event events[ITEMS] = { event(v), event(v), event(v) };
	struct page_day days[ITEMS] = {
		{ v->timestamp_us, true, false, events, 1 },
		{ v->timestamp_us, false, true, events + 1, 1 },
		{ v->timestamp_us, false, false, events + 2, 1 },
	};

	page_devices(out, &(struct page_devices){ .layout = layout(v),
						  .sessions = sessions,
						  .sessions_count = v->bits % (ITEMS + 1),
						  .more_sessions = bit(v),
						  .now_us = v->timestamp_us,
						  .days = days,
						  .days_count = v->bits % (ITEMS + 1),
						  .more = bit(v),
						  .older = bit(v),
						  .last = v->timestamp_us,
						  .error = sentence(v) });
}

static void
put_close(struct buf *out, struct values *v)
{
	page_close(out, &(struct page_close){ .layout = layout(v),
					      .name = text(v),
					      .username = text(v),
					      .current = text(v),
					      .username_problem = sentence(v),
					      .current_problem = sentence(v),
					      .otp = otp(v),
					      .error = sentence(v) });
}

static void
put_set_password(struct buf *out, struct values *v)
{
	page_set_password(out, &(struct page_set_password){ .layout = layout(v),
							    .dead = bit(v),
							    .first = bit(v),
							    .username = text(v),
							    .link = text(v),
							    .expires_us = v->timestamp_us,
							    .strength = v->bits % 5,
							    .password_problem = sentence(v),
							    .confirm_problem = sentence(v),
							    .error = sentence(v) });
}

static void
put_logout(struct buf *out, struct values *v)
{
	page_logout(out, &(struct page_logout){ .layout = layout(v), .error = sentence(v), .next = text(v) });
}

static void
put_denied(struct buf *out, struct values *v)
{
	page_denied(out, &(struct page_denied){
			     .layout = layout(v), .reason = sentence(v), .username = text(v), .next = text(v) });
}

static void
put_gate_notice(struct buf *out, struct values *v)
{
	page_gate_notice(out, &(struct page_gate_notice){ .layout = layout(v),
							  .title = "Access denied",
							  .sentence = "You don't have access to this page.",
							  .host = text(v),
							  .go = text(v),
							  .link = "See why, and what you can do" });
}

static void
put_error(struct buf *out, struct values *v)
{
	page_error(out, &(struct page_error){ .layout = layout(v),
					      .status = (int)(v->bits % 600),
					      .title = "Activity",
					      .sentence = "The user name or password is wrong." });
}

static void (*const pages[])(struct buf *out, struct values *v) = {
	put_login,
	put_register,
	put_setup_2fa,
	put_verify_2fa,
	put_home,
	put_recovery_codes,
	put_security,
	put_authenticator_rename,
	put_authenticator_remove,
	put_authenticator_new,
	put_authenticator_confirm,
	put_account,
	put_profile,
	put_password,
	put_devices,
	put_close,
	put_set_password,
	put_logout,
	put_denied,
	put_gate_notice,
	put_error,
};

/* --- compare the two pages ---------------------------------------------------------------------------------------- */

static void
percent_text_take(str *rest, str wanted)
{
	static const char hex[] = "0123456789ABCDEF";

	for (size_t i = 0; i < wanted.n; i++) {
		unsigned char c = (unsigned char)wanted.p[i];
		bool bare = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
			    (c != '\0' && strchr("-._~", c) != NULL);
		char escaped[3] = { '%', hex[c >> 4], hex[c & 15] };
		str form = bare ? str_bytes(&c, 1) : str_bytes(escaped, sizeof(escaped));
		PROMISE(str_starts(*rest, form));
		*rest = str_from(*rest, form.n);
	}
}

/* The number of the text at this mark; TEXTS if this is not a mark. */
static size_t
mark_take(str *marked, str before, str behind)
{
	size_t n = before.n + 1 + behind.n;

	if (marked->n < n || !str_starts(*marked, before) || !str_starts(str_from(*marked, before.n + 1), behind))
		return TEXTS;
	size_t which = (size_t)(marked->p[before.n] - 'A');
	PROMISE(which < TEXTS);
	*marked = str_from(*marked, n);
	return which;
}

static void
compare(str page, str marked, const struct values *v)
{
	while (marked.n > 0) {
		size_t which = mark_take(&marked, STR("{"), STR("}"));
		if (which < TEXTS) {
			html_text_take(&page, v->texts[which]);
			continue;
		}
		which = mark_take(&marked, STR("%7B"), STR("%7D"));
		if (which < TEXTS) {
			percent_text_take(&page, v->texts[which]);
			continue;
		}
		PROMISE(page.n > 0 && page.p[0] == marked.p[0]);
		page = str_from(page, 1);
		marked = str_from(marked, 1);
	}
	PROMISE(page.n == 0);
}

static struct values
marks_for(const struct values *values)
{
	static const char marks[] = "{A}{B}{C}{D}{E}{F}{G}{H}{I}{J}{K}{L}{M}{N}{O}{P}";
	struct values v = *values;

	for (size_t i = 0; i < TEXTS; i++)
		v.texts[i] = values->texts[i].n == 0 ? STR("") : str_bytes(marks + MARK_BYTES * i, MARK_BYTES);
	return v;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	CLEANUP(buf_wipe) struct buf page = BUF(PAGE_MAX_BYTES), marked = BUF(PAGE_MAX_BYTES);
	struct values values = { 0 };
	str rest = str_from(str_bytes(bytes, n), HEAD_BYTES);

	if (n < HEAD_BYTES)
		return 0;
	values.bits = (uint32_t)bytes[1] | (uint32_t)bytes[2] << 8;
	values.timestamp_us = INT64_C(1000000) * (bytes[3] | bytes[4] << 8 | bytes[5] << 16 | (int64_t)bytes[6] << 24);
	for (size_t i = 0; i < TEXTS; i++)
		values.texts[i] = rest.p == NULL ? STR("") : str_cut(&rest, 0x1f);
	struct values marks = marks_for(&values), shown = values;
	pages[bytes[0] % COUNT(pages)](&page, &shown);
	pages[bytes[0] % COUNT(pages)](&marked, &marks);
	PROMISE(buf_check(&page) == ERR_OK && buf_check(&marked) == ERR_OK);
	compare(buf_str(&page), buf_str(&marked), &values);
	html_check_balance(buf_str(&page));
	return 0;
}
