/*
 * Account, Applications: the OpenID clients that the person signs in to, and the withdrawal of their consent.
 */
#include "web/pages/handlers.h"

#include "oidc/client.h"
#include "web/core/apps.h"
#include "web/core/pages.h"

static const struct field withdraw_fields[] = { FIELD(struct withdraw_form, id, 20, optional) };
const struct form withdraw_form = FORM(struct withdraw_form, withdraw_fields);

static struct page_application
application_pages_row(const struct oidc_app_item *item)
{
	unsigned scopes = oidc_scopes_read(item->scopes);
	bool profile = scopes & OIDC_SCOPE_PROFILE, email = scopes & OIDC_SCOPE_EMAIL,
	     groups = scopes & OIDC_SCOPE_GROUPS;

	return (struct page_application){ .id = item->id,
					  .name = item->name,
					  .seal = app_seal(item->name),
					  .profile = profile,
					  .email = email,
					  .groups = groups,
					  .offline = scopes & OIDC_SCOPE_OFFLINE,
					  .nothing_more = !profile && !email && !groups && item->claims.n == 0 &&
							  item->claims_more == 0,
					  .claims = item->claims,
					  .claims_more = item->claims_more,
					  .by_administrator = item->granted_us == 0,
					  .used_us = item->used_us };
}

/* The list has also tiles of applications that the person never used. */
static err
application_pages_take(void *context, const struct oidc_app_item *item)
{
	struct page_applications *page = context;

	if (item->granted_us != 0 || item->used_us != 0)
		page->apps[page->apps_count++] = application_pages_row(item);
	return ERR_OK;
}

static err
application_pages_page(struct exchange *x, struct channel *keeper, int status, const char *error)
{
	struct page_applications page = { .error = error };

	page.apps = arena_alloc(x->rq->arena, CLIENT_APPS_MAX * sizeof(*page.apps));
	if (page.apps == NULL)
		return ERR_MEMORY;
	TRY(exchange_client_apps(x, keeper, application_pages_take, &page, &page.more));
	TRY(exchange_layout(x, &page.layout));
	exchange_layout_path(&page.layout, STR("/account/applications"));
	page_applications(&x->rp->body, &page);
	return exchange_page(x, status);
}

err
applications_show(struct exchange *x, struct channel *keeper)
{
	return application_pages_page(x, keeper, 200, NULL);
}

err
withdraw_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	return application_pages_page(x, keeper, status, sentence);
}

/* An application that is gone, or has nothing left, is withdrawn already. */
err
withdraw_post(struct exchange *x, struct channel *keeper)
{
	const struct withdraw_form *form = x->form;
	struct oidc_withdraw_body body = { 0 };
	enum verdict verdict = VERDICT_REFUSED;
	uint64_t id = 0;

	if (str_number(form->id, INT64_MAX, &id) == ERR_OK)
		body.id = (int64_t)id;
	TRY(exchange_ask(x, keeper, QUESTION_OIDC_WITHDRAW, &body, &verdict, NULL));
	return exchange_redirect(x, STR("/account/applications"), (str){ 0 }, FLASH_APP_WITHDRAWN);
}
