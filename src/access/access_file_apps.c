/*
 * The key `applications` of the rules file.
 */
#include "access/access_file_internal.h"
#include "access/applications.h"

/* --- texts -------------------------------------------------------------------------------------------------------- */

/* Words for people: visible, and not only spaces. */
static bool
access_file_app_words_good(str text, size_t max)
{
	return str_is_visible(text) && str_trim(text).n > 0 && str_utf8_count(text) <= max;
}

static bool
access_file_app_name_good(str text)
{
	return access_file_app_words_good(text, APPLICATION_NAME_MAX);
}

static bool
access_file_app_description_good(str text)
{
	return access_file_app_words_good(text, APPLICATION_DESCRIPTION_MAX);
}

static bool
access_file_app_icon_is_file(str text)
{
	return str_ends(text, STR(".svg")) || str_ends(text, STR(".png"));
}

static bool
access_file_app_icon_good(str text)
{
	return access_file_app_words_good(text, access_file_app_icon_is_file(text) ? APPLICATION_ICON_PATH_MAX : 1);
}

static const struct access_kind kind_name = { access_file_app_name_good,
					      "the name of an application has 1 to 60 characters" };
static const struct access_kind kind_description = { access_file_app_description_good,
						     "a description has 1 to 120 characters" };
static const struct access_kind kind_icon = { access_file_app_icon_good,
					      "an icon is one letter, or a file whose name ends in .svg or .png" };

/* --- address ------------------------------------------------------------------------------------------------------ */

static str
access_file_app_scheme_cut(str *address)
{
	static const str schemes[] = { STR_INIT("https://"), STR_INIT("http://") };

	for (size_t i = 0; i < COUNT(schemes); i++)
		if (str_starts(*address, schemes[i])) {
			*address = str_from(*address, schemes[i].n);
			return schemes[i];
		}
	return (str){ 0 };
}

/* No byte that would end the address in a page, or that browsers drop or replace. */
static bool
access_file_app_fragment_good(str fragment)
{
	for (size_t i = 0; i < fragment.n; i++)
		if (fragment.p[i] <= ' ' || fragment.p[i] >= 0x7f || str_has_byte(STR("\"<>\\^`{|}"), fragment.p[i]))
			return false;
	return true;
}

/* Read http and https alike: the rules know https only. */
static err
access_file_app_target_read(struct arena *arena, str address, struct application *app)
{
	str fragment = address, url = str_cut(&fragment, '#'), scheme = access_file_app_scheme_cut(&url), authority,
	    path;

	app->https = str_equal(scheme, STR("https://"));
	if (scheme.n == 0 || address.n > APPLICATION_ADDRESS_MAX || !access_file_app_fragment_good(fragment))
		return ERR_INVALID;
	path = url;
	authority = str_cut(&path, '/');
	path = str_from(url, authority.n);
	TRY(target_join(STR("https"), authority, path, arena, &app->target));
	return app->target.dots ? ERR_INVALID : ERR_OK;
}

static bool
access_file_app_any_good(str text)
{
	return text.n > 0;
}

static err
access_file_app_address_read(struct access_reading *r, const yaml_node_t *node, void *subject)
{
	struct application *app = subject;
	static const struct access_kind kind_address = {
		access_file_app_any_good, "the address of an application is like https://wiki.example.org/"
	};
	err e;

	TRY(access_file_text_read(r, node, &kind_address, &app->address));
	e = access_file_app_target_read(&r->rules->arena, app->address, app);
	return e == ERR_INVALID || e == ERR_TOO_LONG
		   ? access_file_wrong_value(r, node, kind_address.takes, app->address)
		   : e;
}

static err
access_file_app_icon_read(struct access_reading *r, const yaml_node_t *node, void *subject)
{
	struct application *app = subject;
	str text;

	TRY(access_file_text_read(r, node, &kind_icon, &text));
	app->icon.line = yaml_text_line(node);
	*(access_file_app_icon_is_file(text) ? &app->icon.file : &app->letter) = text;
	return ERR_OK;
}

/* --- an application ----------------------------------------------------------------------------------------------- */

static const struct access_key app_keys[] = {
	ACCESS_KEY_TEXT("name", struct application, name, kind_name),
	{ .name = "address", .read = access_file_app_address_read },
	ACCESS_KEY_TEXT("description", struct application, description, kind_description),
	{ .name = "icon", .read = access_file_app_icon_read },
	ACCESS_KEY_TEXTS("groups", struct application, groups, access_kind_group),
};
_Static_assert(COUNT(app_keys) <= ACCESS_KEYS_MAX, "access_file_mapping_read has a bit for each key");

static const struct access_mapping app_mapping = {
	.keys = app_keys,
	.n = COUNT(app_keys),
	.written = "an application is written as `- name: ...` with its other keys below.",
	.takes = "an application has name, address, description, icon and groups",
	.twice = "this key occurs twice in the application.",
};

/* Without a letter: the first one of the name. */
static void
access_file_app_letter_choose(struct application *app)
{
	int32_t point = 0;

	if (app->letter.n == 0)
		app->letter = str_upto(app->name, str_utf8_next(app->name, &point));
}

static err
access_file_app_check(struct access_reading *r, const yaml_node_t *node, struct application *app)
{
	if (app->name.n == 0 || app->address.n == 0)
		return access_file_wrong(r, node, "an application needs a name and an address.");
	for (size_t i = 0; i < r->rules->applications_n; i++)
		if (str_equal_nocase(r->rules->applications[i].name, app->name))
			return access_file_wrong_value(r, node, "the names of applications differ", app->name);
	access_file_app_letter_choose(app);
	return ERR_OK;
}

static err
access_file_app_read(struct access_reading *r, const yaml_node_t *node, void *item)
{
	struct application *app = item;

	app->line = yaml_text_line(node);
	TRY(access_file_mapping_read(r, node, &app_mapping, app));
	return access_file_app_check(r, node, app);
}

err
access_file_apps_read(struct access_reading *r, const yaml_node_t *list)
{
	static const struct access_list kind = { APPLICATIONS_MAX, sizeof(struct application), access_file_app_read,
						 "applications is a list: each application begins with a dash.",
						 "there are more than 200 applications." };
	void *applications = NULL;

	TRY(access_file_list_new(r, list, &kind, &applications));
	r->rules->applications = applications;
	return access_file_list_read(r, list, &kind, applications, &r->rules->applications_n);
}
