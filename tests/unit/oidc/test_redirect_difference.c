/* Which parts of two redirect URIs differ, and which text in each part. */
#include "oidc/redirect_difference.h"

#include "base/buf.h"
#include "unit.h"

enum { SCHEME = 1, HOST = 2, PORT = 4, PATH = 8 };

/* Join the pieces of a URI: the text that differs is in brackets; | stands where only the other URI has text. */
static void
marked_is(const char *uri, const char *other, const char *wanted)
{
	CLEANUP(buf_wipe) struct buf out = BUF(1024);
	struct redirect_piece pieces[REDIRECT_PART_COUNT];

	redirect_compare(str_of(uri), str_of(other), pieces);
	for (size_t i = 0; i < REDIRECT_PART_COUNT; i++) {
		const struct redirect_piece *piece = &pieces[i];
		buf_put(&out, piece->before);
		buf_put(&out, piece->missing ? STR("|") : piece->differs.n > 0 ? STR("[") : STR(""));
		buf_put(&out, piece->differs);
		buf_put(&out, piece->differs.n > 0 ? STR("]") : STR(""));
		buf_put(&out, piece->after);
	}
	buf_put_byte(&out, '\0');
	assert_int_equal(buf_check(&out), ERR_OK);
	assert_string_equal(out.p, wanted);
}

#define WIKI "https://wiki.example.org/callback"

static const struct {
	const char *uri, *other;
	unsigned differing;
	const char *marked, *marked_other;
} pairs[] = {
	{ WIKI, WIKI, 0, WIKI, WIKI },
	{ "https://wiki.example.org/calback", WIKI, PATH, "https://wiki.example.org/cal|back",
	  "https://wiki.example.org/cal[l]back" },
	{ "http://wiki.example.org/callback", WIKI, SCHEME, "http|://wiki.example.org/callback",
	  "http[s]://wiki.example.org/callback" },
	{ "https://wik.example.org/callback", WIKI, HOST, "https://wik|.example.org/callback",
	  "https://wik[i].example.org/callback" },
	{ "https://wiki.example.org:443/callback", WIKI, PORT, "https://wiki.example.org[:443]/callback",
	  "https://wiki.example.org|/callback" },
	{ "http://wiki.example.org:80/callback/", WIKI, SCHEME | PORT | PATH,
	  "http|://wiki.example.org[:80]/callback[/]", "http[s]://wiki.example.org|/callback|" },
	{ "https://wiki.example.org/Callback?a=b", WIKI, PATH, "https://wiki.example.org/[Callback?a=b]",
	  "https://wiki.example.org/[callback]" },
	{ "https://[::1]:8443/cb", "https://[::1]/cb", PORT, "https://[::1][:8443]/cb", "https://[::1]|/cb" },
	{ "app.wiki:/cb", "app.wiki:///cb", HOST, "app.wiki:|/cb", "app.wiki:[//]/cb" },
	{ "wiki", WIKI, SCHEME | HOST | PATH, "[wiki]||", "[https:][//wiki.example.org][/callback]" },
	{ "", WIKI, SCHEME | HOST | PATH, "|||", "[https:][//wiki.example.org][/callback]" },
	{ "aaa:", "aa:", SCHEME, "aa[a]:", "aa|:" },
};

static void
each_part_marks_what_differs(void **state)
{
	for (size_t i = 0; i < COUNT(pairs); i++) {
		unit_note("%s", pairs[i].uri);
		assert_int_equal(redirect_differing(str_of(pairs[i].uri), str_of(pairs[i].other)), pairs[i].differing);
		marked_is(pairs[i].uri, pairs[i].other, pairs[i].marked);
		marked_is(pairs[i].other, pairs[i].uri, pairs[i].marked_other);
	}
}

static void
the_nearest_differs_in_the_fewest_parts(void **state)
{
	str registered =
	    STR("http://localhost/callback\nhttps://wiki.example.org/callback\nhttps://wiki.example.org/cb");
	unsigned differing = 0;

	assert_true(
	    str_equal(redirect_nearest(registered, STR("https://wiki.example.org:1/callback"), &differing), STR(WIKI)));
	assert_int_equal(differing, PORT);
	assert_int_equal(redirect_nearest(STR(""), STR(WIKI), &differing).n, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_part_marks_what_differs),
		cmocka_unit_test(the_nearest_differs_in_the_fewest_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
