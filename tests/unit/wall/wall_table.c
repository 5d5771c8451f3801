/*
 * Prints the table of system calls that the web process may make, one row per line:
 *
 *	NAME always|start seen|rare INDEX:MASK:VALUE... # WHY
 *
 * tests/e2e/test_wall.py reads it.
 */
#include "web/core/sandbox_calls.h"

#include <inttypes.h>
#include <stdio.h>

static void
print_row(const struct sandbox_call *row)
{
	printf("%s %s %s", row->name, row->phase == SANDBOX_START ? "start" : "always",
	       row->need == SANDBOX_RARE ? "rare" : "seen");
	for (size_t i = 0; i < SANDBOX_ARGUMENTS_MAX; i++)
		if (row->arguments[i].mask != 0 && !row->arguments[i].own_process)
			printf(" %u:%" PRIx64 ":%" PRIx64, row->arguments[i].index, row->arguments[i].mask,
			       row->arguments[i].value);
	printf(" # %s\n", row->why);
}

int
main(void)
{
	for (size_t i = 0; i < sandbox_call_count; i++)
		print_row(&sandbox_calls[i]);
	return 0;
}
