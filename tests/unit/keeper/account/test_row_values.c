/* Values of rows: import, check and handlers use the same rules; unchecked names lose misleading characters. */
#include "keeper/harness.h"

#include "doubletour/otp.h"

#include "keeper/core/display_name.h"
#include "keeper/factor/factor_values.h"
#include "keeper/account/row_values.h"

#include <stdio.h>
#include <string.h>

#define X10 "xxxxxxxxxx"
#define X40 X10 X10 X10 X10
#define X62 X40 X10 X10 "xx"
#define E40 "éééééééééééééééééééééééééééééééééééééééé"

static const struct {
	const char *why;
	str stored;
	bool good;
	const char *shown;
} names[] = {
	{ "none", STR_INIT(""), true, "" },
	{ "a plain name", STR_INIT("Anna"), true, "Anna" },
	{ "40 letters", STR_INIT(X40), true, X40 },
	{ "40 letters of two bytes", STR_INIT(E40), true, E40 },
	{ "62 letters", STR_INIT(X62), false, X40 },
	{ "a line end", STR_INIT("a\nb"), false, "ab" },
	{ "an escape sequence", STR_INIT("a\x1b[2Jb"), false, "a[2Jb" },
	{ "a NUL", STR_INIT("a\0b"), false, "ab" },
	{ "an override of the text direction", STR_INIT("a\u202Eb"), false, "ab" },
	{ "an isolate without an end", STR_INIT("a\u2066b"), false, "ab" },
	{ "a C1 control", STR_INIT("a\xc2\x9bz"), false, "az" },
	{ "a paragraph separator", STR_INIT("a\u2029b"), false, "ab" },
	{ "only a zero-width space", STR_INIT("\u200B"), false, "" },
	{ "a byte that is not UTF-8",
	  STR_INIT("a\xff"
		   "b"),
	  false, "ab" },
	{ "truncated UTF-8", STR_INIT("a\xc3"), false, "a" },
	{ "a surrogate",
	  STR_INIT("a\xed\xa0\x80"
		   "b"),
	  false, "ab" },
	{ "a private-use character", STR_INIT("a\uE000b"), false, "ab" },
	{ "only a filler", STR_INIT("\u3164"), false, "" },
	{ "40 letters that NFC writes as two code points each",
	  STR_INIT("\u0958\u0958\u0958\u0958\u0958\u0958\u0958\u0958\u0958\u0958\u0958\u0958\u0958\u0958\u0958\u0958"
		   "\u0958\u0958\u0958\u0958\u0958\u0958\u0958\u0958\u0958\u0958\u0958\u0958\u0958\u0958\u0958\u0958"
		   "\u0958\u0958\u0958\u0958\u0958\u0958\u0958\u0958"),
	  false, NULL },
};

static void
a_bad_stored_display_name_is_shown_without_bad_bytes(void **state)
{
	for (size_t i = 0; i < COUNT(names); i++) {
		struct display_name checked, shown, again;
		enum problem problem = display_name_check(names[i].stored, &checked);
		unit_note("%s", names[i].why);
		assert_int_equal(problem == PROBLEM_NONE, names[i].good);
		display_name_clean(names[i].stored, &shown);
		if (names[i].shown != NULL)
			assert_true(str_equal(str_bytes(shown.b, shown.n), str_of(names[i].shown)));
		else
			assert_true(shown.n > 0);
		assert_int_equal(display_name_check(str_bytes(shown.b, shown.n), &again), PROBLEM_NONE);
	}
}

#define HASH "$2b$04$abcdefghijklmnopqrstuuyeG8laUfZvsCmc.AE6qIDYSPGM2efmK"

static void
each_bad_value_of_an_account_is_reported(void **state)
{
	static const struct {
		enum account_value which;
		str value;
		const char *word; /* NULL: valid */
	} cases[] = {
		{ ACCOUNT_NAME, STR_INIT("anna"), NULL },
		{ ACCOUNT_NAME, STR_INIT("Anna"), "typed" },
		{ ACCOUNT_NAME, STR_INIT(" anna"), "typed" },
		{ ACCOUNT_NAME, STR_INIT("an"), "fewer" },
		{ ACCOUNT_NAME, STR_INIT(""), "no name" },
		{ ACCOUNT_NAME, STR_INIT(X40 "x"), "more than 40" },
		{ ACCOUNT_DISPLAY_NAME, STR_INIT(X62), "more than 40" },
		{ ACCOUNT_DISPLAY_NAME, STR_INIT("a\x1b"), "cannot be seen" },
		{ ACCOUNT_PASSWORD, STR_INIT(HASH), NULL },
		{ ACCOUNT_PASSWORD, STR_INIT("!"), NULL },
		{ ACCOUNT_PASSWORD, STR_INIT(""), "no password hash" },
		{ ACCOUNT_PASSWORD, STR_INIT("$argon2id$v=19$m=8"), "Argon2id" },
		{ ACCOUNT_EMAIL, STR_INIT("anna@example.org"), NULL },
		{ ACCOUNT_EMAIL, STR_INIT("anna@example.org\r\nX: y"), "e-mail" },
		{ ACCOUNT_EMAIL, STR_INIT("anna"), "e-mail" },
		{ ACCOUNT_EMAIL, STR_INIT("anna@\u00E9.org"), "e-mail" },
		{ ACCOUNT_GROUPS, STR_INIT("admins,staff"), NULL },
		{ ACCOUNT_GROUPS, STR_INIT("staff,admins"), "groups" },
		{ ACCOUNT_GROUPS, STR_INIT("Admins"), "groups" },
		{ ACCOUNT_GROUPS, STR_INIT("a\nb"), "groups" },
		{ ACCOUNT_LANGUAGE, STR_INIT("fr"), NULL },
		{ ACCOUNT_LANGUAGE, STR_INIT("xx"), "language" },
		{ ACCOUNT_TIME_FORMAT, STR_INIT("iso"), NULL },
		{ ACCOUNT_TIME_FORMAT, STR_INIT("13"), "time format" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		CLEANUP(arena_wipe) struct arena arena = ARENA(16 * 1024);
		struct account_values values = { .of = { STR_INIT("anna") } };
		const char *wrong;
		values.of[cases[i].which] = cases[i].value;
		wrong = account_value_wrong(cases[i].which, &values, &arena);
		if ((wrong == NULL) != (cases[i].word == NULL) ||
		    (wrong != NULL && strstr(wrong, cases[i].word) == NULL))
			fail_msg("%zu: %s", i, wrong == NULL ? "in order" : wrong);
	}
}

static void
an_authenticator_out_of_bounds_is_reported(void **state)
{
	static const struct {
		struct factor_values values;
		const char *word;
	} cases[] = {
		{ { .algorithm = STR_INIT("SHA1"), .secret = { .n = 20 }, .digits = 6, .period_s = 30 }, NULL },
		{ { .algorithm = STR_INIT("SHA512"), .secret = { .n = 64 }, .digits = 8, .period_s = 300 }, NULL },
		{ { .algorithm = STR_INIT("SHA1"), .secret = { .n = 10 }, .digits = 6, .period_s = 30 }, "128 bits" },
		{ { .algorithm = STR_INIT("SHA1"), .secret = { .n = 0 }, .digits = 6, .period_s = 30 }, "128 bits" },
		{ { .algorithm = STR_INIT("SHA1"), .secret = { .n = OTP_SECRET_MAX + 1 }, .digits = 6, .period_s = 30 },
		  "too long" },
		{ { .algorithm = STR_INIT("SHA1"), .secret = { .n = 20 }, .digits = 5, .period_s = 30 }, "digits" },
		{ { .algorithm = STR_INIT("SHA1"), .secret = { .n = 20 }, .digits = 9, .period_s = 30 }, "digits" },
		{ { .algorithm = STR_INIT("SHA1"), .secret = { .n = 20 }, .digits = 6, .period_s = 0 }, "seconds" },
		{ { .algorithm = STR_INIT("SHA1"), .secret = { .n = 20 }, .digits = 6, .period_s = -30 }, "seconds" },
		{ { .algorithm = STR_INIT("SHA1"), .secret = { .n = 20 }, .digits = 6, .period_s = 301 }, "seconds" },
		{ { .algorithm = STR_INIT("MD5"), .secret = { .n = 20 }, .digits = 6, .period_s = 30 }, "algorithm" },
		{ { .algorithm = STR_INIT(""), .secret = { .n = 20 }, .digits = 6, .period_s = 30 }, "algorithm" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *wrong = factor_counting_wrong(&cases[i].values);
		if ((wrong == NULL) != (cases[i].word == NULL) ||
		    (wrong != NULL && strstr(wrong, cases[i].word) == NULL))
			fail_msg("%zu: %s", i, wrong == NULL ? "in order" : wrong);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_stored_display_name_is_shown_without_bad_bytes),
		cmocka_unit_test(each_bad_value_of_an_account_is_reported),
		cmocka_unit_test(an_authenticator_out_of_bounds_is_reported),
	};

	return cmocka_run_group_tests_name("keeper, values of rows", tests, NULL, NULL);
}
