/*
 * The sessions of an account, and its audit events.
 */
#include "web/pages/handlers.h"

#include "web/pages/agent.h"
#include "web/pages/activity_text.h"
#include "web/core/pages.h"

enum { ID_MAX = 20, SESSIONS_MAX = 64, EVENTS_MAX = 64 };

static const str sessions_path = STR_INIT("/account/sessions");

static const struct field session_end_fields[] = {
	FIELD(struct session_end_form, id, ID_MAX, optional),
};
const struct form session_end_form = FORM(struct session_end_form, session_end_fields);

/* /account/activity?before= */
struct before_query {
	str before;
};
static const struct field before_fields[] = { FIELD(struct before_query, before, ID_MAX, optional) };
static const struct form before_query = FORM(struct before_query, before_fields);

/* -1: not a valid id. */
static int64_t
session_pages_id_of(str text)
{
	uint64_t id = 0;

	return str_number(text, INT64_MAX, &id) == ERR_OK ? (int64_t)id : -1;
}

/* --- sessions ----------------------------------------------------------------------------------------------------- */

static err
session_pages_take_sessions(struct exchange *x, str list, struct page_sessions *page)
{
	page->sessions = arena_alloc(x->rq->arena, SESSIONS_MAX * sizeof(page->sessions[0]));
	if (page->sessions == NULL)
		return ERR_MEMORY;
	while (list.n > 0 && page->sessions_count < SESSIONS_MAX) {
		struct session_item item = { 0 };
		TRY(wire_get(&list, &wire_session_item, &item));
		page->sessions[page->sessions_count++] = (struct page_session){ .id = item.id,
										.browser = agent_browser(item.agent),
										.system = agent_system(item.agent),
										.address = item.address,
										.created_us = item.created_us,
										.seen_us = item.seen_us,
										.full = item.state == STATE_FULL,
										.current = item.current != 0 };
	}
	return ERR_OK;
}

err
session_end_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	struct page_sessions page = { .error = sentence };
	struct sessions_body sessions = { 0 };

	TRY(exchange_ask_passed(x, keeper, QUESTION_SESSIONS, NULL, &sessions));
	TRY(session_pages_take_sessions(x, sessions.sessions, &page));
	page.more = sessions.more != 0;
	TRY(exchange_layout(x, &page.layout));
	page.layout.path = sessions_path;
	page_sessions(&x->rp->body, &page);
	return exchange_page(x, status);
}

err
sessions_show(struct exchange *x, struct channel *keeper)
{
	return session_end_redisplay(x, keeper, 200, NULL);
}

/* An empty id ends all other sessions. */
err
session_end_post(struct exchange *x, struct channel *keeper)
{
	const struct session_end_form *form = x->form;
	const struct session_end_body body = { .id = form->id.n == 0 ? 0 : session_pages_id_of(form->id) };
	enum verdict verdict = VERDICT_REFUSED;
	bool others = body.id == 0 && form->id.n == 0;

	if (body.id < 0 || (body.id == 0 && !others))
		return exchange_redirect(x, sessions_path, (str){ 0 }, FLASH_SESSION_GONE);
	TRY(exchange_ask(x, keeper, QUESTION_SESSION_END, &body, &verdict, NULL));
	return exchange_redirect(x, sessions_path, (str){ 0 },
				 verdict != VERDICT_PASSED ? FLASH_SESSION_GONE
				 : others                  ? FLASH_SESSIONS_ENDED
							   : FLASH_SESSION_ENDED);
}

/* --- activity ----------------------------------------------------------------------------------------------------- */

static err
session_pages_take_events(struct exchange *x, str list, struct page_activity *page)
{
	page->events = arena_alloc(x->rq->arena, EVENTS_MAX * sizeof(page->events[0]));
	if (page->events == NULL)
		return ERR_MEMORY;
	while (list.n > 0 && page->events_count < EVENTS_MAX) {
		struct event_item item = { 0 };
		TRY(wire_get(&list, &wire_event_item, &item));
		page->last = item.id;
		page->events[page->events_count++] =
		    (struct page_event){ .at_us = item.at_us,
					 .words = activity_text(item.event, item.reason),
					 .refused = item.outcome == AUDIT_REFUSED,
					 .browser = agent_browser(item.agent),
					 .system = agent_system(item.agent),
					 .address = item.address };
	}
	return ERR_OK;
}

err
activity_show(struct exchange *x, struct channel *keeper)
{
	struct before_query query = { 0 };
	struct activity_body body = { 0 };
	struct page_activity page = { 0 };
	struct events_body events = { 0 };

	TRY(form_parse(&before_query, x->rq->query, x->rq->arena, &query, NULL));
	body.before = session_pages_id_of(query.before) < 0 ? 0 : session_pages_id_of(query.before);
	TRY(exchange_ask_passed(x, keeper, QUESTION_ACTIVITY, &body, &events));
	TRY(session_pages_take_events(x, events.events, &page));
	page.more = events.more != 0;
	page.older = body.before != 0;
	TRY(exchange_layout(x, &page.layout));
	page.layout.path = STR("/account/activity");
	page_activity(&x->rp->body, &page);
	return exchange_page(x, 200);
}
