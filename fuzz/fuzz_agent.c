/*
 * agent_browser, agent_system: they return a name from the tables below, and only for a User-Agent that contains a part
 * with this name.  If the first half of a User-Agent gives a name, the whole gives a name too.
 */
#include "target.h"

#include "web/pages/agent.h"

struct reason {
	const char *name, *part; /* the name is returned only for a text that contains one of its parts */
};
/* clang-format off */
static const struct reason browsers[] = {
	{ "Edge", "Edg" }, { "Opera", "OPR/" }, { "Vivaldi", "Vivaldi/" }, { "Samsung Internet", "SamsungBrowser/" },
	{ "Firefox", "FxiOS/" }, { "Firefox", "Firefox/" }, { "Chrome", "CriOS/" }, { "Chrome", "Chrome/" },
	{ "Chromium", "Chromium/" }, { "Safari", "Safari/" }, { "curl", "curl/" },
};
static const struct reason systems[] = {
	{ "iPhone", "iPhone" }, { "iPad", "iPad" }, { "Android", "Android" }, { "Windows", "Windows" },
	{ "macOS", "Macintosh" }, { "macOS", "Mac OS X" }, { "ChromeOS", "CrOS" }, { "FreeBSD", "FreeBSD" },
	{ "OpenBSD", "OpenBSD" }, { "Linux", "Linux" },
};
/* clang-format on */

static bool
has(str text, const char *part)
{
	return text.n > 0 && memmem(text.p, text.n, part, strlen(part)) != NULL;
}

static void
check(str name, str agent, const struct reason *reasons, size_t n)
{
	bool reason = name.n == 0;

	for (size_t i = 0; i < n; i++)
		reason |= str_equal(name, str_of(reasons[i].name)) && has(agent, reasons[i].part);
	PROMISE(reason);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	str agent = str_bytes(bytes, n), front = str_upto(agent, n / 2);

	check(agent_browser(agent), agent, browsers, COUNT(browsers));
	check(agent_system(agent), agent, systems, COUNT(systems));
	PROMISE(agent_browser(front).n == 0 || agent_browser(agent).n > 0);
	PROMISE(agent_system(front).n == 0 || agent_system(agent).n > 0);
	PROMISE(!has(agent, "Edg/") || str_equal(agent_browser(agent), STR("Edge")));
	PROMISE(!has(agent, "iPhone") || str_equal(agent_system(agent), STR("iPhone")));
	return 0;
}
