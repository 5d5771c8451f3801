/*
 * Home, and the pages without an account: language, static files, health.
 */
#include "web/pages/handlers.h"

#include "base/clock.h"
#include "http/return_to.h"
#include "web/core/apps.h"
#include "web/core/assets.h"
#include "web/core/health.h"
#include "web/core/language.h"
#include "web/core/pages.h"
#include "web/pages/checkup.h"

enum { SEARCH_FROM = 9, SEARCH_MAX = 100 };
#define ALARM_WEEKDAY_US MINUTES_US(7 * 24 * 60)

struct home_query {
	str q;
};
static const struct field home_fields[] = { FIELD(struct home_query, q, SEARCH_MAX, optional) };
static const struct form home_form = FORM(struct home_query, home_fields);

/* The tiles, and the search for browsers without scripts: /?q=wiki. */
static err
home_apps_fill(struct exchange *x, struct page_home *page)
{
	struct home_query query = { 0 };
	struct app_tiles tiles = { .n = 0 };

	TRY(exchange_apps(x, &tiles));
	page->has_apps = tiles.n > 0;
	page->search = tiles.n >= SEARCH_FROM;
	if (page->search && x->rq->query.n > 0 &&
	    form_parse(&home_form, x->rq->query, x->rq->arena, &query, NULL) == ERR_OK)
		page->query = str_trim(query.q);
	if (page->query.n > 0)
		app_tiles_search(&tiles, page->query);
	page->apps = tiles.at;
	page->apps_count = tiles.n;
	return ERR_OK;
}

static struct page_alarm
home_alarm(const struct exchange *x)
{
	const struct alarm_view *alarm = &x->session.alarm;
	/* an ISO date has no weekday */
	bool recent = x->rq->now_us - alarm->since_us < ALARM_WEEKDAY_US && x->session.time_format != TIME_ISO;

	return (struct page_alarm){ .attempts = alarm->attempts,
				    .addresses = alarm->addresses,
				    .since_us = alarm->since_us,
				    .until_us = alarm->until_us,
				    .recent = recent,
				    .address = str_of(alarm->address) };
}

err
home_show(struct exchange *x)
{
	struct page_home page = { .shown_name = exchange_shown_name(x),
				  .alarm = home_alarm(x),
				  .code_sign_in_us = x->session.code_sign_in_us };

	checkup_fill(x, &page.checkup);
	TRY(home_apps_fill(x, &page));
	TRY(exchange_layout(x, &page.layout));
	page_home(&x->rp->body, &page);
	return exchange_page(x, 200);
}

static const struct field alarm_fields[] = { FIELD(struct alarm_form, until, 20, optional) };
const struct form alarm_form = FORM(struct alarm_form, alarm_fields);

err
alarm_dismiss_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	(void)keeper;
	exchange_error_because(x, status, sentence);
	return ERR_OK;
}

int64_t
alarm_until_us(str until)
{
	uint64_t us = 0;

	return str_number(until, INT64_MAX, &us) == ERR_OK ? (int64_t)us : 0;
}

/* Attempts since the page was made stay: home shows them. */
err
alarm_dismiss_post(struct exchange *x, struct channel *keeper)
{
	const struct alarm_form *form = x->form;
	const struct alarm_body body = { .until_us = alarm_until_us(form->until) };
	enum verdict verdict = VERDICT_REFUSED;

	TRY(exchange_ask(x, keeper, QUESTION_ALARM_DISMISS, &body, &verdict, NULL));
	return exchange_redirect(x, STR("/"), (str){ 0 }, FLASH_NONE);
}

static const struct field language_fields[] = { FIELD(struct language_form, next, NEXT_MAX_BYTES + 1, optional) };
const struct form language_form = FORM(struct language_form, language_fields);

err
language_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	(void)keeper;
	exchange_error_because(x, status, sentence);
	return ERR_OK;
}

/*
 * /language/en?next=/login.  A link is enough, because it only changes the language of pages.  A return URL that is too
 * long for a link comes in a form.
 */
err
language_set(struct exchange *x)
{
	static const str prefix = STR_INIT("/language/");
	enum config_language language = LANGUAGE_FR;

	if (!language_of(str_from(x->rq->path, prefix.n), &language))
		return ERR_NOT_FOUND;
	if (x->form != NULL)
		exchange_take_next(x, ((const struct language_form *)x->form)->next);
	TRY(exchange_language_cookie(x, language));
	return exchange_redirect(x, x->next.n > 0 ? x->next : STR("/"), (str){ 0 }, FLASH_NONE);
}

static err
home_plain(struct exchange *x, int status, str text)
{
	TRY(reply_header(x->rq, x->rp, STR("Content-Type"), STR("text/plain; charset=utf-8")));
	TRY(reply_header(x->rq, x->rp, STR("Cache-Control"), STR("no-store")));
	TRY(exchange_security_headers(x));
	x->rp->fixed = text;
	x->rp->status = status;
	return ERR_OK;
}

/* /healthz, /readyz: within seconds they say that the database is no longer, or again, writable. */
err
health_show(struct exchange *x)
{
	if (health_writable(x->web))
		return home_plain(x, 200, STR("ok\n"));
	TRY(reply_header(x->rq, x->rp, STR("Retry-After"), STR("2")));
	return home_plain(x, 503, STR("the database cannot be written\n"));
}

/* /livez: this process is running. */
err
alive_show(struct exchange *x)
{
	return home_plain(x, 200, STR("ok\n"));
}

static void
home_manifest_icon(struct buf *out, const struct asset *icon, str sizes)
{
	buf_put(out, STR("{\"src\":"));
	buf_put_json(out, icon->path);
	buf_put(out, STR(",\"type\":"));
	buf_put_json(out, icon->type);
	buf_put(out, STR(",\"sizes\":"));
	buf_put_json(out, sizes);
	buf_put_byte(out, '}');
}

/* The logo, or the mark of Doubletour in both formats.  "any": browsers scale it. */
static void
home_manifest_icons(const struct exchange *x, struct buf *out)
{
	const struct asset *logo = &x->web->brand.logo.asset;
	const struct asset *mark = asset_named(STR("favicon.svg")), *touch = asset_named(STR("touch.png"));

	if (logo->path.n > 0) {
		home_manifest_icon(out, logo, STR("any"));
		return;
	}
	home_manifest_icon(out, mark, STR("any"));
	buf_put_byte(out, ',');
	home_manifest_icon(out, touch, STR("180x180"));
}

/* The name and icon of a shortcut to this server (Web Application Manifest).  The colours are --paper of app.css. */
err
manifest_show(struct exchange *x)
{
	struct buf *out = &x->rp->body;

	buf_put(out, STR("{\"name\":"));
	buf_put_json(out, str_of(x->web->config->app_name));
	buf_put(out, STR(",\"start_url\":\"/\",\"display\":\"browser\",\"background_color\":\"#f6f3ec\","
			 "\"theme_color\":\"#f6f3ec\",\"icons\":["));
	home_manifest_icons(x, out);
	buf_put(out, STR("]}\n"));
	TRY(reply_header(x->rq, x->rp, STR("Content-Type"), STR("application/manifest+json")));
	TRY(reply_header(x->rq, x->rp, STR("Cache-Control"), STR("public, max-age=86400")));
	TRY(exchange_security_headers(x));
	x->rp->status = 200;
	return buf_check(out);
}

/* Search engines should not index a login server. */
err
robots_show(struct exchange *x)
{
	return home_plain(x, 200, STR("User-agent: *\nDisallow: /\n"));
}

/* Accept gzip unless its weight is 0. */
static bool
home_takes_gzip(struct exchange *x)
{
	str accept = request_header(x->rq, "Accept-Encoding");

	while (accept.p != NULL && accept.n > 0) {
		str parameters = str_cut(&accept, ',');
		str coding = str_trim(str_cut(&parameters, ';'));
		str weight = str_trim(parameters);
		if (str_equal_nocase(coding, STR("gzip")))
			return !str_equal(weight, STR("q=0")) && !str_starts(weight, STR("q=0.0"));
	}
	return false;
}

static err
home_asset_reply(struct exchange *x, const struct asset *asset)
{
	bool zipped = asset->gzip.n > 0 && home_takes_gzip(x);

	TRY(reply_header(x->rq, x->rp, STR("Content-Type"), asset->type));
	TRY(reply_header(x->rq, x->rp, STR("Cache-Control"), STR("public, max-age=31536000, immutable")));
	TRY(exchange_asset_headers(x));
	TRY(reply_header(x->rq, x->rp, STR("Vary"), STR("Accept-Encoding")));
	TRY(reply_header(x->rq, x->rp, STR("ETag"), asset->etag));
	if (zipped)
		TRY(reply_header(x->rq, x->rp, STR("Content-Encoding"), STR("gzip")));
	if (str_equal(request_header(x->rq, "If-None-Match"), asset->etag)) {
		x->rp->status = 304;
		return ERR_OK;
	}
	x->rp->fixed = zipped ? asset->gzip : asset->plain;
	x->rp->status = 200;
	return ERR_OK;
}

/* The icon of an application, for anyone who knows its name: icons are not secret (docs/reference/access-rules.md). */
err
icon_show(struct exchange *x)
{
	enum image_kind kind = IMAGE_NONE;

	TRY(live_rules_icon(&x->web->rules.live, str_from(x->rq->path, sizeof(APP_ICONS) - 1), &x->rp->body, &kind));
	return exchange_image(x, kind);
}

/* The logo or the style sheet of the administrator. */
static err
home_brand_reply(struct exchange *x)
{
	const struct brand *brand = &x->web->brand;
	const struct asset *asset = brand_find(brand, x->rq->path);

	if (asset == NULL)
		return ERR_NOT_FOUND;
	if (asset != &brand->logo.asset)
		return home_asset_reply(x, asset);
	x->rp->fixed = asset->plain;
	return exchange_image(x, brand->logo_kind);
}

err
static_show(struct exchange *x)
{
	const struct asset *asset = asset_find(x->rq->path);

	return asset == NULL ? home_brand_reply(x) : home_asset_reply(x, asset);
}

/* Browsers request this name by default; the pages name the URL with the digest. */
err
favicon_show(struct exchange *x)
{
	const struct asset *logo = &x->web->brand.logo.asset;
	const struct asset *icon = logo->path.n > 0 ? logo : asset_named(STR("favicon.svg"));

	if (icon == NULL)
		return ERR_NOT_FOUND;
	TRY(reply_header(x->rq, x->rp, STR("Location"), icon->path));
	TRY(reply_header(x->rq, x->rp, STR("Cache-Control"), STR("public, max-age=86400")));
	TRY(exchange_security_headers(x));
	x->rp->status = 303;
	return ERR_OK;
}
