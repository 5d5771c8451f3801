/* Client data: which JSON is read, and which is refused. */
#include "webauthn/client_data.h"

#include "base/buf.h"
#include "unit.h"

#include <jansson.h>
#include <malloc.h>
#include <stdlib.h>

enum { MEMORY_MAX = 256 * 1024 }; /* 2,048 bytes of "{}," take 229,496 */

#define ORIGIN "https://login.example.org"

static enum webauthn_fault
fault_of(str json)
{
	enum webauthn_fault fault = WEBAUTHN_FAULT_COUNT;
	struct client_data data;

	assert_int_equal(client_data_read(json, WEBAUTHN_ASSERTION, STR(ORIGIN), &data, &fault), ERR_OK);
	if (fault == WEBAUTHN_NONE)
		assert_string_equal(data.challenge, "AAEC");
	return fault;
}

#define TYPE "\"type\":\"webauthn.get\""
#define CHALLENGE "\"challenge\":\"AAEC\""
#define FROM "\"origin\":\"" ORIGIN "\""

static void
members_are_read_in_any_order_and_unknown_ones_ignored(void **state)
{
	(void)state;
	assert_int_equal(fault_of(STR("{" TYPE "," CHALLENGE "," FROM ",\"crossOrigin\":false}")), WEBAUTHN_NONE);
	assert_int_equal(fault_of(STR("{" FROM "," CHALLENGE "," TYPE "}")), WEBAUTHN_NONE);
	assert_int_equal(
	    fault_of(STR(" {\n" FROM ",\"other_keys_can_be_added_here\":\"x\",\"more\":[{}]," CHALLENGE "," TYPE "} ")),
	    WEBAUTHN_NONE);
	assert_int_equal(fault_of(STR("{" TYPE "," CHALLENGE ",\"origin\":\"https:\\/\\/login.example.\\u006frg\"}")),
			 WEBAUTHN_NONE);
}

static void
texts_other_than_one_object_are_refused(void **state)
{
	static const str others[] = {
		STR_INIT(""),
		STR_INIT("[]"),
		STR_INIT("null"),
		STR_INIT("{"),
		STR_INIT("{" TYPE "," CHALLENGE "," FROM "}x"),
		STR_INIT("{" TYPE "," CHALLENGE "," FROM "}{}"),
		STR_INIT("{" TYPE "," CHALLENGE "," FROM ",}"),
		STR_INIT("{" TYPE "," CHALLENGE "," FROM "," FROM "}"),                        /* a member twice */
		STR_INIT("{" TYPE "," CHALLENGE "," FROM ",\"\\u006frigin\":\"" ORIGIN "\"}"), /* the same, escaped */
		STR_INIT("{" TYPE "," CHALLENGE "," FROM ",\"a\":{\"b\":1,\"b\":1}}"),
		STR_INIT("{" TYPE "," CHALLENGE "," FROM ",\"a\":\"\\u0000\"}"),
		STR_INIT("{" TYPE "," CHALLENGE "," FROM ",\"a\":\"\0\"}"),
		STR_INIT("{" TYPE "," CHALLENGE "," FROM ",\"a\":\"\xff\"}"),             /* not UTF-8 */
		STR_INIT("{" TYPE "," CHALLENGE "," FROM ",\"a\":\"\xc0\x80\"}"),         /* overlong */
		STR_INIT("{" TYPE "," CHALLENGE "," FROM ",\"a\":\"\xed\xa0\x80\"}"),     /* a surrogate */
		STR_INIT("{" TYPE "," CHALLENGE "," FROM ",\"a\":\"\xf4\x90\x80\x80\"}"), /* above U+10FFFF */
		STR_INIT("{" TYPE "," CHALLENGE "," FROM ",\"a\":\"\xc3\"}"),             /* cut */
		STR_INIT("{" TYPE "," CHALLENGE "," FROM ",\"\xff\":1}"),                 /* not UTF-8 in a name */
		STR_INIT("{" TYPE "," CHALLENGE "," FROM ",\"a\\u0000\":1}"),
		STR_INIT("{" TYPE "," CHALLENGE "," FROM "}\0"),
		STR_INIT("{" TYPE "," CHALLENGE "," FROM ",\"a\":1\0}"), /* jansson alone accepts these two */
		STR_INIT("{" TYPE "," CHALLENGE "," FROM ",\"a\":true\0}"),
		STR_INIT("\xef\xbb\xbf{" TYPE "," CHALLENGE "," FROM "}"),
		STR_INIT("{" TYPE "," CHALLENGE "," FROM ",\"a\":\"\\ud800\"}"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++)
		assert_int_equal(fault_of(others[i]), WEBAUTHN_CLIENT_DATA);
}

static void
wrong_members_are_named(void **state)
{
	static const struct {
		str json;
		enum webauthn_fault fault;
	} cases[] = {
		{ STR_INIT("{}"), WEBAUTHN_TYPE },
		{ STR_INIT("{\"type\":\"webauthn.create\"," CHALLENGE "," FROM "}"), WEBAUTHN_TYPE },
		{ STR_INIT("{\"type\":[\"webauthn.get\"]," CHALLENGE "," FROM "}"), WEBAUTHN_TYPE },
		{ STR_INIT("{\"type\":\"payment.get\"," CHALLENGE "," FROM "}"), WEBAUTHN_TYPE },
		{ STR_INIT("{" TYPE "," FROM "}"), WEBAUTHN_CHALLENGE },
		{ STR_INIT("{" TYPE ",\"challenge\":7," FROM "}"), WEBAUTHN_CHALLENGE },
		{ STR_INIT("{" TYPE "," CHALLENGE "}"), WEBAUTHN_ORIGIN },
		{ STR_INIT("{" TYPE "," CHALLENGE ",\"origin\":\"null\"}"), WEBAUTHN_ORIGIN },
		{ STR_INIT("{" TYPE "," CHALLENGE ",\"origin\":null}"), WEBAUTHN_ORIGIN },
		{ STR_INIT("{" TYPE "," CHALLENGE ",\"origin\":\"" ORIGIN "/\"}"), WEBAUTHN_ORIGIN },
		{ STR_INIT("{" TYPE "," CHALLENGE ",\"origin\":\"https://LOGIN.example.org\"}"), WEBAUTHN_ORIGIN },
		{ STR_INIT("{" TYPE "," CHALLENGE ",\"origin\":\"" ORIGIN ":444\"}"), WEBAUTHN_ORIGIN },
		{ STR_INIT("{" TYPE "," CHALLENGE ",\"origin\":\"" ORIGIN ":443\"}"), WEBAUTHN_ORIGIN },
		{ STR_INIT("{" TYPE "," CHALLENGE ",\"origin\":\"" ORIGIN ".\"}"), WEBAUTHN_ORIGIN },
		{ STR_INIT("{" TYPE "," CHALLENGE ",\"origin\":\"" ORIGIN "\\u0000\"}"), WEBAUTHN_CLIENT_DATA },
		{ STR_INIT("{" TYPE "," CHALLENGE ",\"origin\":\"" ORIGIN ".evil.example\"}"), WEBAUTHN_ORIGIN },
		{ STR_INIT("{" TYPE "," CHALLENGE ",\"origin\":\" " ORIGIN "\"}"), WEBAUTHN_ORIGIN },
		{ STR_INIT("{" TYPE "," CHALLENGE ",\"origin\":\"HTTPS://login.example.org\"}"), WEBAUTHN_ORIGIN },
		{ STR_INIT("{" TYPE "," CHALLENGE ",\"origin\":\"http://login.example.org\"}"), WEBAUTHN_ORIGIN },
		{ STR_INIT("{" TYPE "," CHALLENGE ",\"origin\":\"https://wiki.example.org\"}"), WEBAUTHN_ORIGIN },
		{ STR_INIT("{" TYPE "," CHALLENGE ",\"origin\":\"https://evil-login.example.org\"}"), WEBAUTHN_ORIGIN },
		{ STR_INIT("{" TYPE "," CHALLENGE ",\"origin\":\"https://example.org\"}"), WEBAUTHN_ORIGIN },
		{ STR_INIT("{" TYPE "," CHALLENGE ",\"origin\":\"login.example.org\"}"), WEBAUTHN_ORIGIN },
		{ STR_INIT("{" TYPE "," CHALLENGE ",\"origin\":\"\"}"), WEBAUTHN_ORIGIN },
		{ STR_INIT("{" TYPE "," CHALLENGE ",\"origin\":[\"" ORIGIN "\"]}"), WEBAUTHN_ORIGIN },
		{ STR_INIT("{" TYPE "," CHALLENGE "," FROM ",\"crossOrigin\":true}"), WEBAUTHN_CROSS_ORIGIN },
		{ STR_INIT("{" TYPE "," CHALLENGE "," FROM ",\"crossOrigin\":null}"), WEBAUTHN_CROSS_ORIGIN },
		{ STR_INIT("{" TYPE "," CHALLENGE "," FROM ",\"topOrigin\":\"" ORIGIN "\"}"), WEBAUTHN_CROSS_ORIGIN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(fault_of(cases[i].json), cases[i].fault);
}

/* Pad the client data with white space, which JSON allows. */
static enum webauthn_fault
fault_of_padded(size_t n)
{
	CLEANUP(buf_wipe) struct buf json = BUF(WEBAUTHN_CLIENT_DATA_MAX + 1);

	buf_put(&json, STR("{" TYPE "," CHALLENGE "," FROM "}"));
	while (json.n < n)
		buf_put_byte(&json, ' ');
	assert_int_equal(buf_check(&json), ERR_OK);
	return fault_of(buf_str(&json));
}

static void
size_and_depth_are_limited(void **state)
{
	static char deep[WEBAUTHN_CLIENT_DATA_MAX];

	(void)state;
	assert_int_equal(fault_of_padded(WEBAUTHN_CLIENT_DATA_MAX), WEBAUTHN_NONE);
	assert_int_equal(fault_of_padded(WEBAUTHN_CLIENT_DATA_MAX + 1), WEBAUTHN_CLIENT_DATA);
	memset(deep, '[', sizeof(deep));
	assert_int_equal(fault_of(str_bytes(deep, sizeof(deep))), WEBAUTHN_CLIENT_DATA);
}

static void
long_challenge_is_refused(void **state)
{
	CLEANUP(buf_wipe) struct buf json = BUF(WEBAUTHN_CLIENT_DATA_MAX);

	(void)state;
	buf_put(&json, STR("{" TYPE "," FROM ",\"challenge\":\""));
	for (int i = 0; i <= CLIENT_DATA_CHALLENGE_MAX; i++)
		buf_put_byte(&json, 'A');
	buf_put(&json, STR("\"}"));
	assert_int_equal(fault_of(buf_str(&json)), WEBAUTHN_CHALLENGE);
}

/* --- memory ------------------------------------------------------------------------------------------------------- */

static size_t held, peak;

static void *
count_new(size_t n)
{
	void *p = malloc(n);

	held += malloc_usable_size(p);
	peak = held > peak ? held : peak;
	return p;
}

static void
count_free(void *p)
{
	held -= malloc_usable_size(p);
	free(p);
}

/* The most memory that jansson holds for this text. */
static size_t
peak_of(str json)
{
	enum webauthn_fault fault = WEBAUTHN_FAULT_COUNT;
	struct client_data data;

	held = peak = 0;
	json_set_alloc_funcs(count_new, count_free);
	assert_int_equal(client_data_read(json, WEBAUTHN_ASSERTION, STR(ORIGIN), &data, &fault), ERR_OK);
	json_set_alloc_funcs(malloc, free);
	assert_int_not_equal(fault, WEBAUTHN_NONE);
	assert_int_equal(held, 0);
	return peak;
}

/* Each text repeats one piece: it makes as many values or names as possible, or one long text. */
static void
memory_is_in_proportion_to_the_text(void **state)
{
	static const char *const pieces[] = { "[",   "{\"a\":", "[[],", "[{},", "0,",
					      "{},", "\"\",",   "1e9,", "a",    "\\u0041" };

	(void)state;
	for (size_t i = 0; i < 3 * COUNT(pieces); i++) {
		static const char *const begins[] = { "", "[", "[\"" };
		CLEANUP(buf_wipe) struct buf json = BUF(WEBAUTHN_CLIENT_DATA_MAX + 16);
		buf_put(&json, str_of(begins[i / COUNT(pieces)]));
		while (json.n < WEBAUTHN_CLIENT_DATA_MAX)
			buf_put(&json, str_of(pieces[i % COUNT(pieces)]));
		assert_in_range(peak_of(str_upto(buf_str(&json), WEBAUTHN_CLIENT_DATA_MAX)), 0, MEMORY_MAX);
	}
}

/* 10,000 deep: longer than client data may be, so nothing is parsed. */
static void
deep_client_data_takes_no_memory(void **state)
{
	static char deep[10000];

	(void)state;
	memset(deep, '[', sizeof(deep));
	assert_int_equal(peak_of(str_bytes(deep, sizeof(deep))), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_read_in_any_order_and_unknown_ones_ignored),
		cmocka_unit_test(texts_other_than_one_object_are_refused),
		cmocka_unit_test(wrong_members_are_named),
		cmocka_unit_test(size_and_depth_are_limited),
		cmocka_unit_test(long_challenge_is_refused),
		cmocka_unit_test(memory_is_in_proportion_to_the_text),
		cmocka_unit_test(deep_client_data_takes_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
