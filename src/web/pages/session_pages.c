/*
 * The page of devices and activity: the sessions of an account, and its audit events.
 */
#include "web/pages/handlers.h"

#include "base/clock.h"
#include "web/pages/agent.h"
#include "web/pages/activity_text.h"
#include "web/core/pages.h"

#include <inttypes.h>

enum { ID_MAX = 20, SESSIONS_MAX = 64, EVENTS_MAX = 64, RETURN_TO_MAX = 128 };

static const int64_t DAY_US = SECONDS_US(24 * 60 * 60);

static const str devices_path = STR_INIT("/account/devices");

static const struct field session_end_fields[] = {
	FIELD(struct session_end_form, id, ID_MAX, optional),
};
const struct form session_end_form = FORM(struct session_end_form, session_end_fields);

/* /account/devices?before= */
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

/* Telephones and tablets have the icon of a phone. */
static str
session_pages_icon(str system)
{
	static const str handheld[] = { STR_INIT("iPhone"), STR_INIT("iPad"), STR_INIT("Android") };

	for (size_t i = 0; i < COUNT(handheld); i++)
		if (str_equal(system, handheld[i]))
			return STR("phone");
	return STR("laptop");
}

static err
session_pages_take_sessions(struct exchange *x, str list, struct page_devices *page)
{
	page->sessions = arena_alloc(x->rq->arena, SESSIONS_MAX * sizeof(page->sessions[0]));
	if (page->sessions == NULL)
		return ERR_MEMORY;
	while (list.n > 0 && page->sessions_count < SESSIONS_MAX) {
		struct session_item item = { 0 };
		TRY(wire_get(&list, &wire_session_item, &item));
		page->sessions[page->sessions_count++] =
		    (struct page_session){ .id = item.id,
					   .browser = agent_browser(item.agent),
					   .system = agent_system(item.agent),
					   .address = item.address,
					   .icon = session_pages_icon(agent_system(item.agent)),
					   .created_us = item.created_us,
					   .seen_us = item.seen_us,
					   .remembered_until_us = item.remembered_until_us,
					   .full = item.state == STATE_FULL,
					   .current = item.current != 0 };
	}
	return ERR_OK;
}

static err
session_pages_ask_sessions(struct exchange *x, struct channel *keeper, struct page_devices *page)
{
	struct sessions_body sessions = { 0 };

	TRY(exchange_ask_passed(x, keeper, QUESTION_SESSIONS, NULL, &sessions));
	page->more_sessions = sessions.more != 0;
	return session_pages_take_sessions(x, sessions.sessions, page);
}

/* --- activity ----------------------------------------------------------------------------------------------------- */

/* Begin a new day if the event is on another day (in UTC) than the one before. */
static struct page_day *
session_pages_day_of(const struct exchange *x, int64_t at_us, struct page_event *event, struct page_devices *page)
{
	struct page_day *day = page->days_count == 0 ? NULL : &page->days[page->days_count - 1];
	int64_t days_ago = x->rq->now_us / DAY_US - at_us / DAY_US;

	if (day != NULL && day->at_us / DAY_US == at_us / DAY_US)
		return day;
	page->days[page->days_count] =
	    (struct page_day){ .at_us = at_us, .today = days_ago == 0, .yesterday = days_ago == 1, .events = event };
	return &page->days[page->days_count++];
}

/* Leave out the browser and the address that the row above shows already. */
static void
session_pages_put_event(const struct event_item *item, const struct event_item *above, struct page_event *ret_event)
{
	bool moved = !str_equal(item->address, above->address);

	*ret_event = (struct page_event){ .at_us = item->at_us,
					  .words = activity_text(item->event, item->reason),
					  .client = item->client };
	activity_seal(item->event, item->reason, item->outcome, &ret_event->icon, &ret_event->tone);
	if (moved)
		ret_event->address = item->address;
	if (moved || !str_equal(item->agent, above->agent)) {
		ret_event->browser = agent_browser(item->agent);
		ret_event->system = agent_system(item->agent);
	}
}

static err
session_pages_take_events(struct exchange *x, str list, struct page_devices *page)
{
	struct page_event *events = arena_alloc(x->rq->arena, EVENTS_MAX * sizeof(*events));
	struct event_item item = { 0 }, above = { 0 };

	page->days = arena_alloc(x->rq->arena, EVENTS_MAX * sizeof(page->days[0]));
	if (events == NULL || page->days == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; list.n > 0 && i < EVENTS_MAX; i++, above = item) {
		TRY(wire_get(&list, &wire_event_item, &item));
		page->last = item.id;
		session_pages_put_event(&item, &above, &events[i]);
		session_pages_day_of(x, item.at_us, &events[i], page)->events_count++;
	}
	return ERR_OK;
}

/* The id in ?before=; 0: none, show the newest events. */
static err
session_pages_before(struct exchange *x, int64_t *ret_before)
{
	struct before_query query = { 0 };

	TRY(form_parse(&before_query, x->rq->query, x->rq->arena, &query, NULL));
	*ret_before = session_pages_id_of(query.before) < 0 ? 0 : session_pages_id_of(query.before);
	return ERR_OK;
}

static err
session_pages_ask_activity(struct exchange *x, struct channel *keeper, struct page_devices *page)
{
	struct activity_body body = { 0 };
	struct events_body events = { 0 };

	TRY(session_pages_before(x, &body.before));
	TRY(exchange_ask_passed(x, keeper, QUESTION_ACTIVITY, &body, &events));
	page->more = events.more != 0;
	page->older = body.before != 0;
	return session_pages_take_events(x, events.events, page);
}

/* --- the page ----------------------------------------------------------------------------------------------------- */

err
session_end_redisplay(struct exchange *x, struct channel *keeper, int status, const char *sentence)
{
	struct page_devices page = { .now_us = x->rq->now_us, .error = sentence };

	TRY(session_pages_ask_sessions(x, keeper, &page));
	TRY(session_pages_ask_activity(x, keeper, &page));
	TRY(exchange_layout(x, &page.layout));
	page.layout.path = devices_path;
	page_devices(&x->rp->body, &page);
	return exchange_page(x, status);
}

err
devices_show(struct exchange *x, struct channel *keeper)
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
		return exchange_redirect(x, devices_path, (str){ 0 }, FLASH_SESSION_GONE);
	TRY(exchange_ask(x, keeper, QUESTION_SESSION_END, &body, &verdict, NULL));
	return exchange_redirect(x, devices_path, (str){ 0 },
				 verdict != VERDICT_PASSED ? FLASH_SESSION_GONE
				 : others                  ? FLASH_SESSIONS_ENDED
							   : FLASH_SESSION_ENDED);
}

/* Sessions and activity were separate pages. */
err
sessions_moved_show(struct exchange *x)
{
	return exchange_redirect(x, STR("/account/devices#devices"), (str){ 0 }, FLASH_NONE);
}

err
activity_moved_show(struct exchange *x)
{
	CLEANUP(buf_wipe) struct buf location = BUF(RETURN_TO_MAX);
	int64_t before = 0;

	TRY(session_pages_before(x, &before));
	buf_put(&location, devices_path);
	if (before != 0)
		buf_printf(&location, "?before=%" PRId64, before);
	buf_put(&location, STR("#activity"));
	TRY(buf_check(&location));
	return exchange_redirect(x, buf_str(&location), (str){ 0 }, FLASH_NONE);
}
