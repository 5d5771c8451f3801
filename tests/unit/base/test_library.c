/* Libraries that are loaded at the first use. */
#include "unit.h"

#include "base/library.h"

#include <string.h>
#include <zlib.h>

#define FUNCTIONS(F) F(zlibVersion) F(crc32)

struct functions {
	FUNCTIONS(LIBRARY_MEMBER)
};

#define SYMBOL(name) { #name, offsetof(struct functions, name) },

static void
library_load_fills_in_every_function(void **state)
{
	static const struct library_symbol symbols[] = { FUNCTIONS(SYMBOL) };
	struct functions z = { 0 };
	struct why why = { "" };

	assert_int_equal(library_load("libz.so.1", symbols, COUNT(symbols), &z, &why), ERR_OK);
	assert_non_null(z.zlibVersion());
	assert_int_equal(z.crc32(0, (const Bytef *)"123456789", 9), 0xcbf43926);
}

static void
library_load_writes_nothing_when_a_function_is_missing(void **state)
{
	static const struct library_symbol symbols[] = { FUNCTIONS(SYMBOL){ "no_such_function", 0 } };
	struct functions z = { 0 };
	struct why why = { "" };

	assert_int_equal(library_load("libz.so.1", symbols, COUNT(symbols), &z, &why), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, "no_such_function"));
	assert_null(z.crc32);
	assert_int_equal(library_load("libnowhere.so.9", symbols, 2, &z, &why), ERR_NOT_FOUND);
	assert_non_null(strstr(why.text, "libnowhere.so.9"));
	assert_null(z.crc32);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(library_load_fills_in_every_function),
		cmocka_unit_test(library_load_writes_nothing_when_a_function_is_missing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
