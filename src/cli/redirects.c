#include "cli/redirects.h"

#include "cli/curl.h"
#include "config/values.h"

/* --- URLs --------------------------------------------------------------------------------------------------------- */

static bool
redirects_is_web(str url)
{
	return str_starts(url, STR("https://")) || str_starts(url, STR("http://"));
}

/* "https://host:port" of a URL. */
static str
redirects_origin(str url)
{
	size_t n = str_starts(url, STR("https://")) ? 8 : 7;

	while (n < url.n && !str_has_byte(STR("/?#"), url.p[n]))
		n++;
	return str_upto(url, n);
}

static str
redirects_without(str url, char mark)
{
	str rest = url;

	return str_cut(&rest, mark);
}

str
redirects_address(str url)
{
	return redirects_without(url, '?');
}

/* The text before an @ is not the host: http://localhost:x@wiki.example.org */
static bool
redirects_is_loopback(str url)
{
	str authority = str_from(redirects_origin(url), str_starts(url, STR("https://")) ? 8 : 7);

	return !str_has_byte(authority, '@') && host_is_loopback(host_without_port(authority));
}

/* "javascript:", "app.immich:": letters before a colon, before any slash. */
static bool
redirects_has_scheme(str location)
{
	size_t n = 0;

	while (n < location.n && !str_has_byte(STR(":/?#"), location.p[n]))
		n++;
	return n > 0 && n < location.n && location.p[n] == ':';
}

/* Append the part of the base that precedes a relative reference: RFC 3986 s5.2, without dot segments. */
static void
redirects_put_base(str base, str location, struct buf *out)
{
	str origin = redirects_origin(base), path = redirects_without(base, '?'), folder = path;

	if (str_starts(location, STR("//")))
		buf_put(out, str_starts(base, STR("https:")) ? STR("https:") : STR("http:"));
	else if (str_starts(location, STR("/")))
		buf_put(out, origin);
	else if (str_starts(location, STR("?")) || location.n == 0)
		buf_put(out, path);
	else {
		(void)str_cut_last(&folder, '/');
		buf_put(out, folder.n < origin.n ? origin : folder);
		buf_put_byte(out, '/');
	}
}

/* A browser encodes blanks of a Location; curl does not. */
static void
redirects_put_encoded(str location, struct buf *out)
{
	for (size_t i = 0; i < location.n; i++)
		buf_put(out, location.p[i] == ' ' ? STR("%20") : str_upto(str_from(location, i), 1));
}

static err
redirects_resolve(struct redirects *r, str location)
{
	CLEANUP(buf_wipe) struct buf url = BUF(REDIRECTS_URL_MAX);

	location = redirects_without(location, '#');
	if (!redirects_has_scheme(location))
		redirects_put_base(r->url, location, &url);
	redirects_put_encoded(location, &url);
	TRY(buf_check(&url));
	return arena_copy(&r->arena, buf_str(&url), &r->url);
}

/* --- cookies ------------------------------------------------------------------------------------------------------ */

static err
redirects_cookie_set(struct redirects *r, str name, str value)
{
	str origin = redirects_origin(r->url);
	struct redirects_cookie *cookie = r->cookies, *end = r->cookies + r->cookies_n;

	while (cookie < end && !(str_equal(cookie->origin, origin) && str_equal(cookie->name, name)))
		cookie++;
	if (cookie == r->cookies + REDIRECTS_COOKIES_MAX)
		return ERR_OK; /* the application gets along without it, or the doctor says how it answered */
	if (cookie == end)
		r->cookies_n++;
	cookie->origin = origin; /* in the arena, as the URL */
	TRY(arena_copy(&r->arena, name, &cookie->name));
	return arena_copy(&r->arena, value, &cookie->value);
}

static err
redirects_cookies_keep(struct redirects *r, const struct curl_reply *reply)
{
	str rest = curl_head(reply);

	for (str line = curl_header_next(&rest, STR("Set-Cookie")); line.n > 0;
	     line = curl_header_next(&rest, STR("Set-Cookie"))) {
		str pair = str_cut(&line, ';'), name = str_trim(str_cut(&pair, '='));
		if (name.n > 0 && pair.p != NULL && !str_has_control(pair))
			TRY(redirects_cookie_set(r, name, str_trim(pair)));
	}
	return ERR_OK;
}

/* "Cookie: a=1; b=2" for the origin of this URL; NULL: none. */
static err
redirects_cookies_write(struct redirects *r, const char **ret_header)
{
	CLEANUP(buf_wipe) struct buf out = BUF(REDIRECTS_URL_MAX);
	str header = { 0 };

	for (size_t i = 0; i < r->cookies_n; i++) {
		if (!str_equal(r->cookies[i].origin, redirects_origin(r->url)))
			continue;
		buf_put(&out, out.n == 0 ? STR("Cookie: ") : STR("; "));
		buf_put(&out, r->cookies[i].name);
		buf_put_byte(&out, '=');
		buf_put(&out, r->cookies[i].value);
	}
	TRY(buf_check(&out));
	if (out.n > 0)
		TRY(arena_copy(&r->arena, buf_str(&out), &header));
	*ret_header = header.p;
	return ERR_OK;
}

/* --- following ---------------------------------------------------------------------------------------------------- */

/* Does the way end at this URL before it is requested? */
static bool
redirects_ends_here(struct redirects *r)
{
	if (r->count > REDIRECTS_MAX)
		r->end = REDIRECTS_MANY;
	else if (!redirects_is_web(r->url))
		r->end = REDIRECTS_SCHEME;
	else if (str_equal(redirects_without(r->url, '?'), r->stop))
		r->end = REDIRECTS_STOPPED;
	else if (str_equal(redirects_origin(r->url), redirects_origin(r->stop)))
		r->end = REDIRECTS_HOST;
	else if (str_starts(r->url, STR("http://")) && !(r->local && redirects_is_loopback(r->url)))
		r->end = REDIRECTS_INSECURE;
	else
		return false;
	return true;
}

static bool
redirects_is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 || status == 307 || status == 308;
}

static err
redirects_request(struct redirects *r, struct curl_reply *ret_reply, struct why *why)
{
	struct curl_request request = { .url = r->url.p, .method = "GET", .ca = r->ca };
	err e;

	TRY(redirects_cookies_write(r, &request.headers[1]));
	request.headers[0] = "Accept: text/html";
	e = curl_run(&request, ret_reply);
	if (e == ERR_NOT_FOUND)
		return why_set(why, e, "The program curl is missing.  Install it: apt install curl.");
	return e == ERR_OK ? e : why_set(why, e, "The program curl could not be run.");
}

/* *ret_more false: the way ends with this answer. */
static err
redirects_step(struct redirects *r, bool *ret_more, struct why *why)
{
	CLEANUP(curl_reply_wipe) struct curl_reply reply = { .status = 0 };
	str location;

	TRY(redirects_request(r, &reply, why));
	location = curl_header(&reply, STR("Location"));
	*ret_more = redirects_is_redirect(reply.status) && location.n > 0;
	r->status = reply.status;
	r->end = reply.status == 0 ? REDIRECTS_TROUBLE : REDIRECTS_NONE;
	memcpy(r->trouble, reply.trouble, sizeof(r->trouble));
	if (!*ret_more)
		return ERR_OK;
	if (str_has_control(location))
		return why_set(why, ERR_INVALID, "The application answered with an invalid header Location.");
	TRY(redirects_cookies_keep(r, &reply));
	r->count++;
	return redirects_resolve(r, location);
}

err
redirects_follow(struct redirects *r, str url, struct why *why)
{
	bool more = true;

	if (!redirects_is_web(url))
		return why_set(why, ERR_INVALID, "The URL must begin with https:// or http://.");
	if (str_has_control(url) || redirects_resolve(r, url) != ERR_OK)
		return why_set(why, ERR_INVALID, "The URL is too long, or has a control byte.");
	r->local = redirects_is_loopback(r->url);
	while (more && !redirects_ends_here(r))
		TRY(redirects_step(r, &more, why));
	return ERR_OK;
}

void
redirects_wipe(struct redirects *r)
{
	arena_wipe(&r->arena);
	*r = (struct redirects){ .end = REDIRECTS_NONE };
}
