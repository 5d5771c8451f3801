#include "server/children.h"

#include <string.h>

const struct child child_table[] = {
	{
	    .name = "web",
	    .socket = CHILD_LISTENS,
	    .quick = 4,
	    .slow = true,
	    .descriptors = 16384, /* one for each connection */
	    .sandbox = &sandbox_web,
	    .environment = config_web_environment,
	    .restart = { .soon_ms = 1000, .soon_max = 8, .pause_ms = 200 },
	    .stop_seconds = 6, /* web stops within 5 */
	    .events = { "web.sandbox", "web.died", "web.ended", "web.retry" },
	},
};
const size_t child_table_count = COUNT(child_table);

const struct child *
child_find(const char *name)
{
	for (size_t i = 0; i < COUNT(child_table); i++)
		if (strcmp(child_table[i].name, name) == 0)
			return &child_table[i];
	return NULL;
}
