/*
 * The name of a browser and its system.  The headers are those that the browsers send, as their makers document them
 * (developer.mozilla.org, "User-Agent header"; Microsoft, Opera, Vivaldi and Samsung for theirs).
 */
#include "unit.h"

#include "web/pages/agent.h"

#include <string.h>

#define WEBKIT "AppleWebKit/537.36 (KHTML, like Gecko) "

static const struct {
	const char *agent, *browser, *system, *why;
} cases[] = {
	{ "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox", "Linux", "plain" },
	{ "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox", "Windows",
	  "plain" },
	{ "Mozilla/5.0 (Android 14; Mobile; rv:128.0) Gecko/128.0 Firefox/128.0", "Firefox", "Android",
	  "no Linux in it" },
	{ "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) FxiOS/128.0 "
	  "Mobile/15E148 Safari/605.1.15",
	  "Firefox", "iPhone", "says Safari and Mac OS X as well" },
	{ "Mozilla/5.0 (X11; Linux x86_64) " WEBKIT "Chrome/126.0.0.0 Safari/537.36", "Chrome", "Linux",
	  "says Safari as well" },
	{ "Mozilla/5.0 (Linux; Android 10; K) " WEBKIT "Chrome/126.0.0.0 Mobile Safari/537.36", "Chrome", "Android",
	  "says Linux as well" },
	{ "Mozilla/5.0 (iPad; CPU OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) CriOS/126.0.6478.54 "
	  "Mobile/15E148 Safari/604.1",
	  "Chrome", "iPad", "Chrome has another name there" },
	{ "Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) " WEBKIT "Chrome/126.0.0.0 Safari/537.36", "Chrome", "ChromeOS",
	  "plain" },
	{ "Mozilla/5.0 (X11; Linux x86_64) " WEBKIT "HeadlessChrome/126.0.0.0 Safari/537.36", "Chrome", "Linux",
	  "without a window" },
	{ "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 "
	  "Safari/605.1.15",
	  "Safari", "macOS", "plain" },
	{ "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
	  "Version/17.5 "
	  "Mobile/15E148 Safari/604.1",
	  "Safari", "iPhone", "says Mac OS X as well" },
	{ "Mozilla/5.0 (Windows NT 10.0; Win64; x64) " WEBKIT "Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0", "Edge",
	  "Windows", "says Chrome as well" },
	{ "Mozilla/5.0 (Linux; Android 10; K) " WEBKIT "Chrome/126.0.0.0 Mobile Safari/537.36 EdgA/126.0.0.0", "Edge",
	  "Android", "Edge has another name there" },
	{ "Mozilla/5.0 (Windows NT 10.0; Win64; x64) " WEBKIT "Chrome/126.0.0.0 Safari/537.36 OPR/112.0.0.0", "Opera",
	  "Windows", "says Chrome as well" },
	{ "Mozilla/5.0 (X11; Linux x86_64) " WEBKIT "Chrome/126.0.0.0 Safari/537.36 Vivaldi/6.8.3381.44", "Vivaldi",
	  "Linux", "says Chrome as well" },
	{ "Mozilla/5.0 (Linux; Android 10; K) " WEBKIT "SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36",
	  "Samsung Internet", "Android", "says Chrome as well" },
	{ "Mozilla/5.0 (X11; FreeBSD amd64; rv:128.0) Gecko/20100101 Firefox/128.0", "Firefox", "FreeBSD", "plain" },
	{ "curl/7.88.1", "curl", "", "no system" },
	{ "", "", "", "an empty header" },
	{ "Firefox", "", "", "a name without a slash" },
	{ "firefox/128.0", "", "", "a name in another case" },
	{ "Mozilla/5.0", "", "", "a name that all browsers send" },
	{ "\xff\xfe\x01 <script> %s%n", "", "", "any bytes" },
	{ "Edg", "", "", "a truncated name" },
};

static bool
is(str got, const char *expected)
{
	return str_equal(got, str_of(expected));
}

static void
browser_and_system_are_read_from_the_user_agent(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (!is(agent_browser(str_of(cases[i].agent)), cases[i].browser) ||
		    !is(agent_system(str_of(cases[i].agent)), cases[i].system))
			fail_msg("%s: %s", cases[i].agent, cases[i].why);
}

static void
bytes_after_the_end_are_not_read(void **state)
{
	const char text[] = "Mozilla Firefox/128.0 Linux";

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		str cut = { text, n };
		assert_true(is(agent_browser(cut), n >= strlen("Mozilla Firefox/") ? "Firefox" : ""));
		assert_true(is(agent_system(cut), n >= strlen("Mozilla Firefox/128.0 Linux") ? "Linux" : ""));
	}
	assert_true(is(agent_browser((str){ 0 }), "") && is(agent_system((str){ 0 }), ""));
}

static void
a_nul_byte_is_an_ordinary_byte(void **state)
{
	(void)state;
	assert_true(is(agent_browser(STR("\0\0Firefox/1\0")), "Firefox"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(browser_and_system_are_read_from_the_user_agent),
		cmocka_unit_test(bytes_after_the_end_are_not_read),
		cmocka_unit_test(a_nul_byte_is_an_ordinary_byte),
	};

	return cmocka_run_group_tests_name("agent", tests, NULL, NULL);
}
