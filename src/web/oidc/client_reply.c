#include "web/oidc/client_reply.h"

#include "web/core/client_request.h"
#include "web/core/cookies.h"
#include "web/core/language.h"
#include "web/core/respond.h"
#include "web/oidc/client_problem.h"

enum { FIELDS_MAX = 16, REPLY_URL_MAX = OIDC_URI_MAX + OIDC_RESPONSE_MAX + 1 };

void
client_reply_put(const struct client_reply *reply, struct buf *out)
{
	str uri = reply->redirect_uri;
	bool fragment = reply->mode == OIDC_MODE_FRAGMENT;

	buf_put(out, uri);
	if (reply->response.n == 0)
		return;
	if (fragment)
		buf_put_byte(out, '#');
	else if (!str_has_byte(uri, '?'))
		buf_put_byte(out, '?');
	else if (!str_ends(uri, STR("?")) && !str_ends(uri, STR("&")))
		buf_put_byte(out, '&');
	buf_put(out, reply->response);
}

static bool
client_reply_is_http(str uri)
{
	return str_equal_nocase(str_upto(uri, 7), STR("http://"));
}

/* Does a browser open this address itself?  Any other scheme belongs to an application of the device. */
static bool
client_reply_is_web(str uri)
{
	return client_reply_is_http(uri) || str_equal_nocase(str_upto(uri, 8), STR("https://"));
}

static err
client_reply_layout(struct exchange *x, const struct client_reply *reply, struct page_layout *ret_layout)
{
	exchange_client(x, reply->name, reply->redirect_uri);
	TRY(exchange_layout(x, ret_layout));
	ret_layout->flash = NULL; /* the browser leaves this page at once */
	return ERR_OK;
}

static err
client_reply_lead_on(struct exchange *x, const struct client_reply *reply, str url)
{
	struct page_client_go page = { .url = url, .private_scheme = !client_reply_is_web(reply->redirect_uri) };

	TRY(client_reply_layout(x, reply, &page.layout));
	page_client_go(&x->rp->body, &page);
	return exchange_page(x, 200);
}

static err
client_reply_url(struct exchange *x, const struct client_reply *reply)
{
	CLEANUP(buf_wipe) struct buf text = BUF(REPLY_URL_MAX);
	str url = { 0 };

	client_reply_put(reply, &text);
	TRY(buf_check(&text));
	if (!reply->posted)
		return exchange_redirect(x, buf_str(&text), (str){ 0 }, FLASH_NONE);
	TRY(arena_copy(x->rq->arena, buf_str(&text), &url));
	return client_reply_lead_on(x, reply, url);
}

static err
client_reply_repeat(struct exchange *x, str address)
{
	CLEANUP(buf_wipe) struct buf text = BUF(2 * HTTP_BODY_MAX_BYTES);
	CLEANUP(buf_wipe) struct buf location = BUF(HTTP_URI_MAX_BYTES);
	struct client_request request = { .posted = false };

	buf_put(&text, x->rq->query);
	buf_put(&text, x->rq->query.n > 0 && x->rq->body.n > 0 ? STR("&") : STR(""));
	buf_put(&text, x->rq->body);
	TRY(buf_check(&text));
	TRY(client_request_read(buf_str(&text), x->rq->arena, &request));
	buf_put(&location, address);
	buf_put(&location, request.parameters);
	TRY(buf_check(&location));
	return exchange_redirect(x, buf_str(&location), (str){ 0 }, FLASH_NONE);
}

/* A route without a session has not chosen a language yet. */
static err
client_reply_too_long(struct exchange *x)
{
	const struct client_problem problem = { .problem = OIDC_PROBLEM_MALFORMED };

	x->language =
	    language_choose(exchange_cookie(x, COOKIE_LANGUAGE), request_header(x->rq, "Accept-Language"), x->language);
	return exchange_client_problem(x, &problem);
}

err
exchange_client_repeat(struct exchange *x, str address)
{
	err e = client_reply_repeat(x, address);

	return e == ERR_TOO_LONG ? client_reply_too_long(x) : e;
}

/* --- form_post ---------------------------------------------------------------------------------------------------- */

static err
client_reply_decode(struct arena *arena, str text, str *ret_text)
{
	CLEANUP(buf_wipe) struct buf decoded = BUF(OIDC_RESPONSE_MAX);

	for (size_t at = 0; at < text.n;) {
		char byte;
		if (!str_form_next(text, &at, &byte))
			return ERR_INVALID;
		buf_put_byte(&decoded, byte);
	}
	TRY(buf_check(&decoded));
	return arena_copy(arena, buf_str(&decoded), ret_text);
}

static err
client_reply_fields(struct exchange *x, str response, struct page_client_post *page)
{
	page->fields = arena_alloc(x->rq->arena, FIELDS_MAX * sizeof(*page->fields));
	if (page->fields == NULL)
		return ERR_MEMORY;
	while (response.n > 0) {
		str value = str_cut(&response, '&'), name = str_cut(&value, '=');
		struct page_client_field *field = &page->fields[page->fields_count++];
		if (page->fields_count > FIELDS_MAX)
			return ERR_TOO_LONG;
		TRY(client_reply_decode(x->rq->arena, name, &field->name));
		TRY(client_reply_decode(x->rq->arena, value, &field->value));
	}
	return ERR_OK;
}

static err
client_reply_form(struct exchange *x, const struct client_reply *reply)
{
	struct page_client_post page = { .url = reply->redirect_uri };

	TRY(client_reply_fields(x, reply->response, &page));
	TRY(client_reply_layout(x, reply, &page.layout));
	page.layout.signed_in = false; /* the page's policy forbids forms to this server */
	page_client_post(&x->rp->body, &page);
	return exchange_page_for_client(x, client_reply_is_http(reply->redirect_uri));
}

err
exchange_client_reply(struct exchange *x, const struct client_reply *reply)
{
	bool form = reply->mode == OIDC_MODE_FORM_POST && reply->response.n > 0;

	if (form && client_reply_is_web(reply->redirect_uri)) /* no application of a device receives forms */
		return client_reply_form(x, reply);
	return client_reply_url(x, reply);
}
