#include "web/core/apps.h"

#include "web/core/gate_return.h"

struct apps_reading {
	struct arena *arena;
	struct page_continue *to;
};

static err
apps_icon_path(struct arena *arena, const struct application_icon *icon, str *ret_path)
{
	CLEANUP(buf_wipe) struct buf path = BUF(64);

	buf_put(&path, STR(APP_ICONS));
	buf_put(&path, icon->name);
	TRY(buf_check(&path));
	return arena_copy(arena, buf_str(&path), ret_path);
}

static err
apps_seal_copy(struct arena *arena, const struct application *application, size_t number, struct page_seal *ret_seal)
{
	if (application->icon.name.n > 0)
		return apps_icon_path(arena, &application->icon, &ret_seal->icon);
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

/* --- the tiles of the home page ----------------------------------------------------------------------------------- */

struct apps_listing {
	struct arena *arena;
	struct app_tiles tiles;
};

static err
apps_tile_copy(void *context, const struct application *application, size_t number)
{
	struct apps_listing *listing = context;
	struct page_app *app;

	if (listing->tiles.at == NULL)
		listing->tiles.at = arena_alloc(listing->arena, APPLICATIONS_MAX * sizeof(*app));
	if (listing->tiles.at == NULL)
		return ERR_MEMORY;
	app = &listing->tiles.at[listing->tiles.n++];
	TRY(arena_copy(listing->arena, application->name, &app->name));
	TRY(arena_copy(listing->arena, application->address, &app->address));
	TRY(arena_copy(listing->arena,
		       application->description.n > 0 ? application->description : application->target.authority,
		       &app->description));
	return apps_seal_copy(listing->arena, application, number, &app->seal);
}

err
exchange_apps(struct exchange *x, struct app_tiles *ret_tiles)
{
	const struct access_visitor visitor = { .level = x->session.state == STATE_FULL ? ACCESS_FULL : ACCESS_PASSWORD,
						.name = str_of(x->session.name),
						.groups = exchange_groups(x),
						.verified_us = x->session.verified_us,
						.phishing_resistant_us = x->session.phishing_resistant_us };
	struct apps_listing listing = { .arena = x->rq->arena };

	TRY(live_rules_visible(&x->web->rules.live, &visitor, x->address, x->rq->now_us, apps_tile_copy, &listing));
	*ret_tiles = listing.tiles;
	return ERR_OK;
}

static bool
apps_text_has(str text, str word)
{
	for (size_t i = 0; i + word.n <= text.n; i++)
		if (str_equal_nocase(str_upto(str_from(text, i), word.n), word))
			return true;
	return false;
}

static bool
apps_tile_found(const struct page_app *app, str query)
{
	while (query.p != NULL) {
		str word = str_cut(&query, ' ');
		if (!apps_text_has(app->name, word) && !apps_text_has(app->description, word) &&
		    !apps_text_has(app->address, word))
			return false;
	}
	return true;
}

void
app_tiles_search(struct app_tiles *tiles, str query)
{
	size_t kept = 0;

	for (size_t i = 0; i < tiles->n; i++)
		if (apps_tile_found(&tiles->at[i], query))
			tiles->at[kept++] = tiles->at[i];
	tiles->n = kept;
}
