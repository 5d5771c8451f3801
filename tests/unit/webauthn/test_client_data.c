/* Client data: which JSON is read, and which is refused. */
#include "webauthn/client_data.h"

#include "base/buf.h"
#include "unit.h"

#define ORIGIN "https://login.example.org"

static enum webauthn_fault
judge(str json)
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
	assert_int_equal(judge(STR("{" TYPE "," CHALLENGE "," FROM ",\"crossOrigin\":false}")), WEBAUTHN_NONE);
	assert_int_equal(judge(STR("{" FROM "," CHALLENGE "," TYPE "}")), WEBAUTHN_NONE);
	assert_int_equal(
	    judge(STR(" {\n" FROM ",\"other_keys_can_be_added_here\":\"x\",\"more\":[{}]," CHALLENGE "," TYPE "} ")),
	    WEBAUTHN_NONE);
	assert_int_equal(judge(STR("{" TYPE "," CHALLENGE ",\"origin\":\"https:\\/\\/login.example.\\u006frg\"}")),
			 WEBAUTHN_NONE);
}

static void
all_but_one_single_object_is_refused(void **state)
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
		STR_INIT("{" TYPE "," CHALLENGE "," FROM ",\"a\":\"\xff\"}"),
		STR_INIT("\xef\xbb\xbf{" TYPE "," CHALLENGE "," FROM "}"),
		STR_INIT("{" TYPE "," CHALLENGE "," FROM ",\"a\":\"\\ud800\"}"),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(others); i++)
		assert_int_equal(judge(others[i]), WEBAUTHN_CLIENT_DATA);
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
		{ STR_INIT("{" TYPE "," CHALLENGE "," FROM ",\"crossOrigin\":true}"), WEBAUTHN_CROSS_ORIGIN },
		{ STR_INIT("{" TYPE "," CHALLENGE "," FROM ",\"crossOrigin\":null}"), WEBAUTHN_CROSS_ORIGIN },
		{ STR_INIT("{" TYPE "," CHALLENGE "," FROM ",\"topOrigin\":\"" ORIGIN "\"}"), WEBAUTHN_CROSS_ORIGIN },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(judge(cases[i].json), cases[i].fault);
}

/* Padded with white space, which JSON allows. */
static enum webauthn_fault
judge_padded(size_t n)
{
	CLEANUP(buf_wipe) struct buf json = BUF(WEBAUTHN_CLIENT_DATA_MAX + 1);

	buf_put(&json, STR("{" TYPE "," CHALLENGE "," FROM "}"));
	while (json.n < n)
		buf_put_byte(&json, ' ');
	assert_int_equal(buf_check(&json), ERR_OK);
	return judge(buf_str(&json));
}

static void
size_and_depth_are_limited(void **state)
{
	static char deep[WEBAUTHN_CLIENT_DATA_MAX];

	(void)state;
	assert_int_equal(judge_padded(WEBAUTHN_CLIENT_DATA_MAX), WEBAUTHN_NONE);
	assert_int_equal(judge_padded(WEBAUTHN_CLIENT_DATA_MAX + 1), WEBAUTHN_CLIENT_DATA);
	memset(deep, '[', sizeof(deep));
	assert_int_equal(judge(str_bytes(deep, sizeof(deep))), WEBAUTHN_CLIENT_DATA);
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
	assert_int_equal(judge(buf_str(&json)), WEBAUTHN_CHALLENGE);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(members_are_read_in_any_order_and_unknown_ones_ignored),
		cmocka_unit_test(all_but_one_single_object_is_refused),
		cmocka_unit_test(wrong_members_are_named),
		cmocka_unit_test(size_and_depth_are_limited),
		cmocka_unit_test(long_challenge_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
