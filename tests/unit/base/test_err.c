/* Names of errors, the sentences of struct why, and TRY. */
#include "unit.h"

#include "base/err.h"

#include <string.h>

static void
err_name_differs_for_every_error(void **state)
{
	for (err a = ERR_OK; a < ERR_COUNT; a++) {
		assert_non_null(err_name(a));
		assert_string_not_equal(err_name(a), "unknown");
		for (err b = ERR_OK; b < a; b++)
			assert_string_not_equal(err_name(a), err_name(b));
	}
	assert_string_equal(err_name((err)999), "unknown");
	assert_string_equal(err_name((err)-1), "unknown");
}

static void
why_set_cuts_at_its_size_and_returns_the_error(void **state)
{
	struct why why = { 0 };
	char longer[2000];

	memset(longer, 'x', sizeof(longer));
	longer[sizeof(longer) - 1] = '\0';
	assert_int_equal(why_set(&why, ERR_IO, "%s", longer), ERR_IO);
	assert_int_equal(strlen(why.text), sizeof(why.text) - 1);
	assert_int_equal(why_set(NULL, ERR_BUSY, "connection refused"), ERR_BUSY);
}

static void
why_set_keeps_a_sentence_on_one_line(void **state)
{
	struct why why = { 0 };

	assert_int_equal(why_set(&why, ERR_IO, "The file %s cannot be read.", "a\nb\x1b[2J\xff"), ERR_IO);
	assert_string_equal(why.text, "The file a\\u000ab\\u001b[2J\\xff cannot be read.");
}

static err
second(bool *ret_reached)
{
	TRY(ERR_OK);
	TRY(ERR_AWAY);
	*ret_reached = true;
	return ERR_OK;
}

static void
try_returns_the_first_error(void **state)
{
	bool reached = false;

	assert_int_equal(second(&reached), ERR_AWAY);
	assert_false(reached);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(err_name_differs_for_every_error),
		cmocka_unit_test(why_set_cuts_at_its_size_and_returns_the_error),
		cmocka_unit_test(why_set_keeps_a_sentence_on_one_line),
		cmocka_unit_test(try_returns_the_first_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
