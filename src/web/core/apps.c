#include "web/core/apps.h"

#include "web/core/gate_return.h"

struct apps_reading {
	struct arena *arena;
	struct page_continue *to;
};

static err
apps_seal_copy(struct arena *arena, const struct application *application, size_t number, struct page_seal *ret_seal)
{
	ret_seal->tone = (unsigned)(number % PAGE_SEAL_TONES);
	return arena_copy(arena, application->letter, &ret_seal->letter);
}

static err
apps_continue_copy(void *context, const struct application *application, size_t number)
{
	const struct apps_reading *reading = context;

	TRY(apps_seal_copy(reading->arena, application, number, &reading->to->seal));
	return arena_copy(reading->arena, application->name, &reading->to->name);
}

err
exchange_continue(struct exchange *x, struct page_continue *ret_to)
{
	static const str page = STR_INIT("/gate?");
	struct page_continue to = { .name = { 0 } };
	struct apps_reading reading = { x->rq->arena, &to };
	struct gate_return back;
	struct target target;

	if (!str_starts(x->next, page))
		return ERR_OK;
	gate_return_read(x, str_from(x->next, page.n), &back);
	if (!gate_return_check(x, &back, &target))
		return ERR_OK;
	TRY(live_rules_application_of(&x->web->rules.live, &target, apps_continue_copy, &reading));
	to.host = target.host;
	*ret_to = to;
	return ERR_OK;
}
