/* Parsers of untrusted input: forms, cookies, `next`, X-Forwarded-For, Accept. */
#include "http/cookie.h"
#include "http/form.h"
#include "http/forwarded.h"
#include "http/navigation.h"
#include "http/return_to.h"
#include "http/by_hand.h"
#include "unit.h"

#include <stdlib.h>

#define T(literal) STR_INIT(literal)

/* --- forms -------------------------------------------------------------------------------------------------------- */

struct login_form {
	str username, password, next;
};
static const struct field login_fields[] = {
	FIELD(struct login_form, username, 8, required),
	FIELD(struct login_form, password, 16, required),
	FIELD(struct login_form, next, 2000, optional),
};
static const struct form login_form = FORM(struct login_form, login_fields);

enum { USERNAME = 1, PASSWORD = 2, NEXT = 4 };

static void
form_parse_reads_the_forms_of_browsers(void **state)
{
	static const struct {
		const char *why;
		str text, username, password;
		unsigned missing, over_long;
	} cases[] = {
		{ "plain", T("username=alice&password=x"), T("alice"), T("x"), 0, 0 },
		{ "any order, unknown names ignored", T("a=1&password=x&b&username=alice&=3"), T("alice"), T("x"), 0,
		  0 },
		{ "a plus is a space", T("username=a+b&password=+"), T("a b"), T(" "), 0, 0 },
		{ "percent sequences with both cases of hex", T("username=%c3%A9&password=%2B%26%3D"), T("\xc3\xa9"),
		  T("+&="), 0, 0 },
		{ "decoded once", T("username=%2541&password=%252B"), T("%41"), T("%2B"), 0, 0 },
		{ "an encoded name", T("%75sername=alice&password=x"), T("alice"), T("x"), 0, 0 },
		{ "= in a value", T("username=a=b&password==="), T("a=b"), T("=="), 0, 0 },
		{ "empty parameters", T("&&username=a&&&password=x&"), T("a"), T("x"), 0, 0 },
		{ "a NUL belongs to the value", T("username=a%00b&password=x"), T("a\0b"), T("x"), 0, 0 },
		{ "nothing", T(""), T(""), T(""), USERNAME | PASSWORD, 0 },
		{ "an empty value is missing", T("username=&password="), T(""), T(""), USERNAME | PASSWORD, 0 },
		{ "a name without =", T("username&password=x"), T(""), T("x"), USERNAME, 0 },
		{ "the case of names counts", T("Username=a&password=x"), T(""), T("x"), USERNAME, 0 },
		{ "a value of the maximum length", T("username=12345678&password=x"), T("12345678"), T("x"), 0, 0 },
		{ "a longer value is cut and reported", T("username=123456789&password=x"), T("12345678"), T("x"), 0,
		  USERNAME },
		{ "cut before a character, not inside it", T("username=1234567%C3%A9&password=x"), T("1234567"), T("x"),
		  0, USERNAME },
		{ "cut before a character of four bytes", T("username=12345%F0%9F%98%80&password=x"), T("12345"),
		  T("x"), 0, USERNAME },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(arena_wipe) struct arena arena = ARENA(4096);
		struct login_form form = { 0 };
		struct form_faults faults = { 99, 99 };
		err e = form_parse(&login_form, cases[i].text, &arena, &form, &faults);
		if (e != ERR_OK || !str_equal(form.username, cases[i].username) ||
		    !str_equal(form.password, cases[i].password) || faults.missing != cases[i].missing ||
		    faults.over_long != cases[i].over_long || form.next.p != NULL)
			fail_msg("%s: %s, '%.*s', '%.*s', missing %u, over-long %u", cases[i].why, err_name(e),
				 STR_ARG(form.username), STR_ARG(form.password), faults.missing, faults.over_long);
	}
}

static void
form_parse_refuses_malformed_input(void **state)
{
	static const struct {
		const char *why;
		str text;
	} cases[] = {
		{ "a field twice", T("username=a&password=x&username=b") },
		{ "the same field, encoded", T("username=a&%75sername=b") },
		{ "an unknown field twice", T("a=1&a=1") },
		{ "two fields without a name", T("=1&=2") },
		{ "a percent sign at the end", T("username=a%") },
		{ "a percent sign and one digit", T("username=a%4") },
		{ "a percent sign, a digit and no hex digit", T("username=%4g") },
		{ "a percent sign without a hex digit", T("username=%g4") },
		{ "a percent sequence cut by the next field", T("username=%&password=41") },
		{ "a bad percent sequence in a name", T("%zz=1") },
		{ "a bad percent sequence in an unknown field", T("a=%zz") },
		{ "an encoded byte of invalid UTF-8", T("username=%ff") },
		{ "a truncated character", T("username=%C3") },
		{ "an overlong form of /", T("username=%C0%AF") },
		{ "a surrogate", T("username=%ED%A0%80") },
		{ "a raw byte of invalid UTF-8", T("username=\xff") },
		{ "a name of invalid UTF-8", T("%ff=1") },
		{ "33 fields",
		  T("1&2&3&4&5&6&7&8&9&10&11&12&13&14&15&16&17&18&19&20&21&22&23&24&25&26&27&28&29&30&31&32&33") },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(arena_wipe) struct arena arena = ARENA(4096);
		struct login_form form = { .username = STR("untouched") };
		struct form_faults faults = { 99, 99 };
		if (form_parse(&login_form, cases[i].text, &arena, &form, &faults) != ERR_INVALID)
			fail_msg("%s", cases[i].why);
		assert_true(str_equal(form.username, STR("untouched")) && faults.missing == 99);
	}
}

static void
form_parse_takes_32_fields_and_a_null_report(void **state)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(4096);
	struct login_form form = { 0 };
	str text = STR("1&2&3&4&5&6&7&8&9&10&11&12&13&14&15&16&17&18&19&20&21&22&23&24&25&26&27&28&29&30&31&next=/x");

	(void)state;
	assert_int_equal(form_parse(&login_form, text, &arena, &form, NULL), ERR_OK);
	assert_true(str_equal(form.next, STR("/x")));
}

static void
form_parse_reports_a_full_arena(void **state)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(64);
	struct login_form form = { 0 };

	(void)state;
	assert_int_equal(
	    form_parse(&login_form,
		       STR("username=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"), &arena,
		       &form, NULL),
	    ERR_MEMORY);
}

/* No input makes the parser read or write out of bounds; with the sanitizers this is a small fuzz run. */
static void
form_parse_survives_noise(void **state)
{
	static const char alphabet[] = "%%%&&==+0fFzé\xff\xc3\xf0"
				       "user";
	unsigned seed = 1;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		CLEANUP(arena_wipe) struct arena arena = ARENA(8192);
		struct login_form form = { 0 };
		char text[64];
		size_t n = (size_t)(rand_r(&seed) % (int)sizeof(text));
		for (size_t i = 0; i < n; i++)
			text[i] = alphabet[rand_r(&seed) % (int)(sizeof(alphabet) - 1)];
		char *exact = malloc(n + 1); /* a sanitizer reports reads beyond its end */
		memcpy(exact, text, n);
		err e = form_parse(&login_form, str_bytes(exact, n), &arena, &form, NULL);
		assert_true(e == ERR_OK || e == ERR_INVALID);
		free(exact);
	}
}

/* --- a request without a socket ----------------------------------------------------------------------------------- */

enum { VALUES_MAX = 4 };

static struct job *
request_with(const char *name, const char *const *values)
{
	struct job *job = by_hand();

	for (size_t i = 0; i < VALUES_MAX && values[i] != NULL; i++)
		by_hand_field(job, str_of(name), str_of(values[i]));
	return job;
}

/* --- cookies ------------------------------------------------------------------------------------------------------ */

static void
cookie_find_takes_one_well_formed_cookie_only(void **state)
{
	static const struct {
		const char *why, *headers[4], *value; /* value NULL: no cookie */
	} cases[] = {
		{ "alone", { "session=abc" }, "abc" },
		{ "among others", { "a=1; session=abc; b=2" }, "abc" },
		{ "no space after the semicolon", { "a=1;session=abc;b=2" }, "abc" },
		{ "in the second header", { "a=1", "session=abc" }, "abc" },
		{ "empty", { "session=" }, "" },
		{ "quoted", { "session=\"abc\"" }, "abc" },
		{ "= in the value", { "session=a=b=" }, "a=b=" },
		{ "malformed cookies beside it", { "=; ;;x;y=\"; session=abc; z=\x01" }, "abc" },
		{ "no header", { NULL }, NULL },
		{ "another name", { "session2=abc; xsession=d" }, NULL },
		{ "other letter case", { "Session=abc" }, NULL },
		{ "twice", { "session=abc; session=abc" }, NULL },
		{ "twice, over two headers", { "session=abc", "session=def" }, NULL },
		{ "twice, once without a value", { "session; session=abc" }, NULL },
		{ "without =", { "session" }, NULL },
		{ "a space in the value", { "session=a b" }, NULL },
		{ "a comma", { "session=a,b" }, NULL },
		{ "a backslash", { "session=a\\b" }, NULL },
		{ "a single quote", { "session=\"abc" }, NULL },
		{ "a byte over 0x7f", { "session=\xc3\xa9" }, NULL },
		{ "a control byte", { "session=a\x01" }, NULL },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(by_hand_free) struct job *job = request_with("Cookie", cases[i].headers);
		str found = cookie_find(&job->rq, STR("session"));
		if ((found.p == NULL) != (cases[i].value == NULL) || !str_equal(found, str_of(cases[i].value)))
			fail_msg("%s: '%.*s'", cases[i].why, STR_ARG(found));
	}
}

static void
cookie_find_all_keeps_the_names_apart(void **state)
{
	static const char *const headers[4] = { "form=1; \t form2 = 2;session; forms=3", "form2x=4; =5; session=6" };
	struct cookie_wanted wanted[] = {
		{ .name = T("form") }, { .name = T("form2") }, { .name = T("session") },
		{ .name = T("") },     { .name = T("f") },
	};
	CLEANUP(by_hand_free) struct job *job = request_with("Cookie", headers);

	(void)state;
	cookie_find_all(&job->rq, wanted, COUNT(wanted));
	assert_true(str_equal(cookie_value(&wanted[0]), STR("1")) && wanted[0].count == 1);
	assert_true(str_equal(cookie_value(&wanted[1]), STR("2")) && wanted[1].count == 1);
	assert_true(cookie_value(&wanted[2]).p == NULL && wanted[2].count == 2);
	assert_true(wanted[3].count == 0 && wanted[4].count == 0);
}

static void
cookie_put_writes_every_flag(void **state)
{
	static const struct {
		struct cookie cookie;
		const char *text;
	} cases[] = {
		{ { T("__Host-session"), T("abc"), 0, true, false, COOKIE_LAX },
		  "__Host-session=abc; Path=/; HttpOnly; SameSite=Lax; Secure" },
		{ { T("language"), T("fr"), 3600, false, true, COOKIE_STRICT },
		  "language=fr; Path=/; SameSite=Strict; Max-Age=3600" },
		{ { T("a"), T(""), -1, false, false, COOKIE_NONE }, "a=; Path=/; HttpOnly; SameSite=None; Max-Age=0" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(buf_wipe) struct buf out = BUF(200);
		assert_int_equal(cookie_put(&out, &cases[i].cookie), ERR_OK);
		assert_true(str_equal(buf_str(&out), str_of(cases[i].text)));
	}
}

static void
cookie_put_refuses_invalid_values(void **state)
{
	static const struct cookie cases[] = {
		{ T(""), T("x"), 0, false, false, COOKIE_LAX },
		{ T("a b"), T("x"), 0, false, false, COOKIE_LAX },
		{ T("a=b"), T("x"), 0, false, false, COOKIE_LAX },
		{ T("a"), T("x; Domain=evil"), 0, false, false, COOKIE_LAX },
		{ T("a"), T("x\r\nY: z"), 0, false, false, COOKIE_LAX },
		{ T("a"), T("\xc3\xa9"), 0, false, false, COOKIE_LAX },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(buf_wipe) struct buf out = BUF(200);
		assert_int_equal(cookie_put(&out, &cases[i]), ERR_INVALID);
		assert_int_equal(out.n, 0);
	}
}

/* --- next --------------------------------------------------------------------------------------------------------- */

static void
next_is_safe_accepts_local_paths_only(void **state)
{
	static const struct {
		const char *why;
		str next;
		bool safe;
	} cases[] = {
		{ "home", T("/"), true },
		{ "a page", T("/a/b?c=d&e=%2f"), true },
		{ "a URL as a parameter", T("/a?to=http://evil.example/"), true },
		{ "two slashes later", T("/a//b"), true },
		{ "letters outside ASCII", T("/caf\xc3\xa9"), true },
		{ "empty", T(""), false },
		{ "relative", T("a"), false },
		{ "another host", T("//evil.example"), false },
		{ "another host, as browsers read it", T("/\\evil.example"), false },
		{ "another host, as browsers read it", T("\\\\evil.example"), false },
		{ "a backslash later", T("/a\\b"), false },
		{ "another host, with a tab that browsers drop", T("/\t/evil.example"), false },
		{ "another host, with a line end that browsers drop", T("/\n/evil.example"), false },
		{ "header injection", T("/a\r\nSet-Cookie: b=c"), false },
		{ "a NUL", T("/a\0b"), false },
		{ "a space", T("/a b"), false },
		{ "a space at the beginning", T(" /a"), false },
		{ "DEL", T("/a\x7f"), false },
		{ "a scheme", T("http://evil.example"), false },
		{ "a scheme without slashes", T("javascript:alert(1)"), false },
		{ "not UTF-8", T("/a\xff"), false },
	};
	char longest[NEXT_MAX_BYTES + 1];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (next_is_safe(cases[i].next) != cases[i].safe)
			fail_msg("%s: '%.*s'", cases[i].why, STR_ARG(cases[i].next));
	memset(longest, '/', sizeof(longest));
	longest[1] = 'a';
	assert_true(next_is_safe(str_bytes(longest, NEXT_MAX_BYTES)));
	assert_false(next_is_safe(str_bytes(longest, NEXT_MAX_BYTES + 1)));
}

/* --- X-Forwarded-For ---------------------------------------------------------------------------------------------- */

static bool
trusts_ten(void *context, str address)
{
	(void)context;
	return str_starts(address, STR("10.")) || str_equal(address, STR("fd00::1"));
}

static void
forwarded_address_trusts_configured_proxies_only(void **state)
{
	static const struct {
		const char *why, *peer, *headers[4], *address;
	} cases[] = {
		{ "no header", "10.0.0.1", { NULL }, "10.0.0.1" },
		{ "one hop", "10.0.0.1", { "192.0.2.7" }, "192.0.2.7" },
		{ "a header from an untrusted peer", "192.0.2.1", { "192.0.2.7" }, "192.0.2.1" },
		{ "a forged leftmost address", "10.0.0.1", { "198.51.100.9, 192.0.2.7" }, "192.0.2.7" },
		{ "two proxies", "10.0.0.1", { "198.51.100.9, 192.0.2.7, 10.0.0.2" }, "192.0.2.7" },
		{ "two headers are one list", "10.0.0.1", { "198.51.100.9", "192.0.2.7, 10.0.0.2" }, "192.0.2.7" },
		{ "two headers, the last all trusted",
		  "10.0.0.1",
		  { "198.51.100.9, 192.0.2.7", "10.0.0.3,10.0.0.2" },
		  "192.0.2.7" },
		{ "two headers, all trusted: the leftmost of the first",
		  "10.0.0.1",
		  { "10.0.0.5, 10.0.0.4", "10.0.0.3,10.0.0.2" },
		  "10.0.0.5" },
		{ "two headers, the first malformed where it counts", "10.0.0.1", { "x", "10.0.0.2" }, "10.0.0.1" },
		{ "two headers, the first malformed where it does not", "10.0.0.1", { "x", "192.0.2.7" }, "192.0.2.7" },
		{ "two headers, the last malformed", "10.0.0.1", { "192.0.2.7", "x" }, "10.0.0.1" },
		{ "all trusted: the leftmost", "10.0.0.1", { "10.0.0.4, 10.0.0.3" }, "10.0.0.4" },
		{ "text to the left of the result is ignored", "10.0.0.1", { "<script>, 192.0.2.7" }, "192.0.2.7" },
		{ "malformed where it counts", "10.0.0.1", { "192.0.2.7, unknown" }, "10.0.0.1" },
		{ "malformed after a trusted hop", "10.0.0.1", { "192.0.2.7x, 10.0.0.2" }, "10.0.0.1" },
		{ "an empty entry", "10.0.0.1", { "192.0.2.7," }, "10.0.0.1" },
		{ "an empty header", "10.0.0.1", { "" }, "10.0.0.1" },
		{ "a port", "10.0.0.1", { "192.0.2.7:4711" }, "192.0.2.7" },
		{ "IPv6", "fd00::1", { "2001:DB8::0:7" }, "2001:db8::7" },
		{ "IPv6 in brackets", "fd00::1", { "[2001:db8::7]" }, "2001:db8::7" },
		{ "IPv6 with a port", "fd00::1", { "[2001:db8::7]:80" }, "2001:db8::7" },
		{ "mapped IPv4 is IPv4", "10.0.0.1", { "::ffff:192.0.2.7" }, "192.0.2.7" },
		{ "mapped IPv4 of a proxy is the proxy", "10.0.0.1", { "192.0.2.7, ::ffff:10.0.0.2" }, "192.0.2.7" },
		{ "IPv4 in brackets", "10.0.0.1", { "[192.0.2.7]" }, "10.0.0.1" },
		{ "a port that is not a number", "10.0.0.1", { "192.0.2.7:x" }, "10.0.0.1" },
		{ "a port over 65535", "10.0.0.1", { "[2001:db8::7]:65536" }, "10.0.0.1" },
		{ "text after the bracket", "10.0.0.1", { "[2001:db8::7]x" }, "10.0.0.1" },
		{ "an open bracket", "10.0.0.1", { "[2001:db8::7" }, "10.0.0.1" },
		{ "a zone", "10.0.0.1", { "fe80::1%eth0" }, "10.0.0.1" },
		{ "leading zeros, which some programs read as octal", "10.0.0.1", { "192.0.2.007" }, "10.0.0.1" },
		{ "a short form", "10.0.0.1", { "127.1" }, "10.0.0.1" },
		{ "a name", "10.0.0.1", { "localhost" }, "10.0.0.1" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(by_hand_free) struct job *job = request_with("X-Forwarded-For", cases[i].headers);
		job->rq.peer = str_of(cases[i].peer);
		str found = forwarded_address(&job->rq, trusts_ten, NULL);
		if (!str_equal(found, str_of(cases[i].address)))
			fail_msg("%s: '%.*s'", cases[i].why, STR_ARG(found));
	}
}

static void
request_header_finds_and_counts_names_without_case(void **state)
{
	static const char *const values[] = { "1", "2", NULL };
	CLEANUP(by_hand_free) struct job *job = request_with("X-One", values);
	const struct request *rq = &job->rq;

	(void)state;
	assert_true(str_equal(request_header(rq, "x-ONE"), STR("1")));
	assert_int_equal(request_header_count(rq, "x-one"), 2);
	assert_null(request_header(rq, "x-two").p);
	assert_int_equal(request_header_count(rq, "x-two"), 0);
}

static void
navigation_accepts_html_when_named(void **state)
{
	static const struct {
		const char *accept;
		bool taken;
		const char *why;
	} cases[] = {
		{ "text/html", true, "alone" },
		{ "application/json, Text/HTML ;q=0.3", true, "letter case, a space, a weight" },
		{ "text/html;q=0.001", true, "the smallest weight" },
		{ "text/html;level=1;q=0.5", true, "a parameter before the weight" },
		{ "text/*", true, "text/* includes HTML" },
		{ "text/*;q=0, text/html", true, "the more precise range counts" },
		{ "text/html;q=0, text/html", true, "the first of two equal ranges" },
		{ "", false, "nothing" },
		{ ",,;,", false, "only separators" },
		{ "*/*", false, "*/* is the header of programs" },
		{ "text/html;q=0", false, "refused" },
		{ "text/html;level=1; Q = 0.000", false, "weight 0, with spaces and another parameter" },
		{ "text/*, text/html;q=0.", false, "text/*, but not HTML" },
		{ "text/*;q=0", false, "not text" },
		{ "text/htmlx", false, "another type" },
		{ "xtext/html", false, "another type" },
		{ "text/html/x", false, "no type" },
		{ "image/png;x=text/html", false, "a parameter" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		if (navigation_accepts_html(str_of(cases[i].accept)) != cases[i].taken)
			fail_msg("%s: %s", cases[i].accept, cases[i].why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(form_parse_reads_the_forms_of_browsers),
		cmocka_unit_test(form_parse_refuses_malformed_input),
		cmocka_unit_test(form_parse_takes_32_fields_and_a_null_report),
		cmocka_unit_test(form_parse_reports_a_full_arena),
		cmocka_unit_test(form_parse_survives_noise),
		cmocka_unit_test(cookie_find_takes_one_well_formed_cookie_only),
		cmocka_unit_test(cookie_find_all_keeps_the_names_apart),
		cmocka_unit_test(cookie_put_writes_every_flag),
		cmocka_unit_test(cookie_put_refuses_invalid_values),
		cmocka_unit_test(next_is_safe_accepts_local_paths_only),
		cmocka_unit_test(navigation_accepts_html_when_named),
		cmocka_unit_test(forwarded_address_trusts_configured_proxies_only),
		cmocka_unit_test(request_header_finds_and_counts_names_without_case),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
