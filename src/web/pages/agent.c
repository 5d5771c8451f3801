#include "web/pages/agent.h"

#include "base/err.h"

struct word {
	str part, name;
};

/* The first match counts, because many browsers also name others. */
static const struct word browsers[] = {
	{ STR_INIT("Edg/"), STR_INIT("Edge") },
	{ STR_INIT("EdgA/"), STR_INIT("Edge") },
	{ STR_INIT("OPR/"), STR_INIT("Opera") },
	{ STR_INIT("Vivaldi/"), STR_INIT("Vivaldi") },
	{ STR_INIT("SamsungBrowser/"), STR_INIT("Samsung Internet") },
	{ STR_INIT("FxiOS/"), STR_INIT("Firefox") },
	{ STR_INIT("Firefox/"), STR_INIT("Firefox") },
	{ STR_INIT("CriOS/"), STR_INIT("Chrome") },
	{ STR_INIT("HeadlessChrome/"), STR_INIT("Chrome") },
	{ STR_INIT("Chromium/"), STR_INIT("Chromium") },
	{ STR_INIT("Chrome/"), STR_INIT("Chrome") },
	{ STR_INIT("Safari/"), STR_INIT("Safari") },
	{ STR_INIT("curl/"), STR_INIT("curl") },
};

static const struct word systems[] = {
	{ STR_INIT("iPhone"), STR_INIT("iPhone") },   { STR_INIT("iPad"), STR_INIT("iPad") },
	{ STR_INIT("Android"), STR_INIT("Android") }, { STR_INIT("Windows"), STR_INIT("Windows") },
	{ STR_INIT("Macintosh"), STR_INIT("macOS") }, { STR_INIT("Mac OS X"), STR_INIT("macOS") },
	{ STR_INIT("CrOS"), STR_INIT("ChromeOS") },   { STR_INIT("FreeBSD"), STR_INIT("FreeBSD") },
	{ STR_INIT("OpenBSD"), STR_INIT("OpenBSD") }, { STR_INIT("Linux"), STR_INIT("Linux") },
};

static bool
agent_has(str text, str part)
{
	for (; text.n >= part.n; text = str_from(text, 1))
		if (str_starts(text, part))
			return true;
	return false;
}

static str
agent_first(const struct word *words, size_t n, str agent)
{
	for (size_t i = 0; i < n; i++)
		if (agent_has(agent, words[i].part))
			return words[i].name;
	return STR("");
}

str
agent_browser(str agent)
{
	return agent_first(browsers, COUNT(browsers), agent);
}

str
agent_system(str agent)
{
	return agent_first(systems, COUNT(systems), agent);
}
