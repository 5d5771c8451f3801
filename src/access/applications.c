#include "access/applications.h"

bool
application_is_visible(const struct access_rules *rules, const struct application *application,
		       const struct access_visitor *visitor, str address, int64_t now_us)
{
	const struct access_request request = { &application->target, STR("GET"), address };

	if (application->groups.n > 0 && !access_groups_have_one(visitor->groups, &application->groups))
		return false;
	return !application->gated || access_decide(rules, &request, visitor, now_us).outcome != ACCESS_REFUSED;
}

/* Is the path equal to this one, or below it? */
static bool
application_path_is_below(str path, str above)
{
	if (str_ends(above, STR("/")))
		above.n--;
	return str_starts(path, above) && (path.n == above.n || path.p[above.n] == '/');
}

const struct application *
application_of_target(const struct access_rules *rules, const struct target *target)
{
	const struct application *found = NULL;

	for (size_t i = 0; i < rules->applications_n; i++) {
		const struct application *one = &rules->applications[i];
		if (!one->https || !str_equal(one->target.authority, target->authority) ||
		    !application_path_is_below(target->path, one->target.path))
			continue;
		if (found == NULL || one->target.path.n > found->target.path.n)
			found = one;
	}
	return found;
}
