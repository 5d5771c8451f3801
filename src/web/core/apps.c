#include "web/core/apps.h"

#include "web/core/ask.h"
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

	*ret_to = x->client;
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

/* --- OpenID clients ----------------------------------------------------------------------------------------------- */

struct page_seal
app_seal(str name)
{
	struct page_seal seal = { .tone = 0 };
	int32_t point = 0;

	seal.letter = str_upto(name, str_utf8_next(name, &point));
	for (size_t i = 0; i < name.n; i++)
		seal.tone += (unsigned char)name.p[i];
	seal.tone %= PAGE_SEAL_TONES;
	return seal;
}

err
exchange_client_apps(struct exchange *x, struct channel *keeper,
		     err (*take)(void *context, const struct oidc_app_item *item), void *context, bool *ret_more)
{
	struct oidc_apps_body answer = { 0 };
	size_t count = 0;

	TRY(exchange_ask_passed(x, keeper, QUESTION_OIDC_APPS, NULL, &answer));
	for (str list = answer.apps; list.n > 0 && count < CLIENT_APPS_MAX; count++) {
		struct oidc_app_item item = { 0 };
		TRY(wire_get(&list, &wire_oidc_app_item, &item));
		TRY(take(context, &item));
	}
	*ret_more = answer.more != 0;
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

bool
exchange_tiles_wanted(const struct exchange *x)
{
	return x->route->tiles && x->session.state == STATE_FULL && atomic_load(&x->web->tiles);
}

err
exchange_tiles(struct exchange *x, struct channel *keeper)
{
	struct oidc_apps_body answer = { 0 };

	TRY(exchange_ask_passed(x, keeper, QUESTION_OIDC_APPS, NULL, &answer));
	x->client_tiles = answer.apps;
	return ERR_OK;
}

/* Does a tile of the rules file have this address?  An application may be in that file and be a client too. */
static bool
apps_tile_exists(const struct app_tiles *tiles, str address)
{
	for (size_t i = 0; i < tiles->n; i++) {
		str other = tiles->at[i].address;
		size_t slash = str_ends(address, STR("/")) ? 1 : 0, other_slash = str_ends(other, STR("/")) ? 1 : 0;
		if (str_equal(str_upto(address, address.n - slash), str_upto(other, other.n - other_slash)))
			return true;
	}
	return false;
}

/* "wiki.example.org" of https://wiki.example.org/start */
static str
apps_tile_host(str url)
{
	str rest = url;

	(void)str_cut(&rest, '/');
	(void)str_cut(&rest, '/');
	return str_cut(&rest, '/');
}

static void
apps_tile_add(struct app_tiles *tiles, const struct oidc_app_item *item)
{
	if (item->launch_url.n == 0 || apps_tile_exists(tiles, item->launch_url))
		return;
	tiles->at[tiles->n++] = (struct page_app){ .name = item->name,
						   .address = item->launch_url,
						   .description = apps_tile_host(item->launch_url),
						   .seal = app_seal(item->name) };
}

static err
apps_tiles_of_clients(struct exchange *x, struct app_tiles *tiles)
{
	struct page_app *all;

	if (x->client_tiles.n == 0)
		return ERR_OK;
	all = arena_alloc(x->rq->arena, (tiles->n + CLIENT_APPS_MAX) * sizeof(*all));
	if (all == NULL)
		return ERR_MEMORY;
	if (tiles->n > 0)
		memcpy(all, tiles->at, tiles->n * sizeof(*all));
	tiles->at = all;
	str list = x->client_tiles;
	for (size_t i = 0; list.n > 0 && i < CLIENT_APPS_MAX; i++) {
		struct oidc_app_item item = { 0 };
		TRY(wire_get(&list, &wire_oidc_app_item, &item));
		apps_tile_add(tiles, &item);
	}
	return ERR_OK;
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
	return apps_tiles_of_clients(x, ret_tiles);
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
