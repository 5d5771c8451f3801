/*
 * Apache's file of passwords: name:hash on each line.  bcrypt ($2y$) and SHA-crypt ($5$, $6$) are accepted.
 */
#include "cli/import.h"

#include <stdio.h>

static err
import_htpasswd_line_take(str line, unsigned number, import_take take, void *context)
{
	char location[32];
	struct import_row row = { 0 };
	str rest = line;

	snprintf(location, sizeof(location), "line %u", number);
	row.where = str_of(location);
	row.name = str_cut(&rest, ':');
	row.password_hash = str_trim(str_cut(&rest, ':')); /* the text after a second colon is a remark */
	return take(context, &row);
}

err
import_htpasswd(void *source, import_take take, void *context, struct why *why)
{
	struct import_location *location = source;
	unsigned number = 0;
	str rest;

	TRY(import_file(location->location, location->arena, why, &location->text));
	rest = location->text;
	while (rest.n > 0) {
		str line = str_trim(str_cut(&rest, '\n'));
		number++;
		if (line.n > 0 && line.p[0] != '#')
			TRY(import_htpasswd_line_take(line, number, take, context));
	}
	return ERR_OK;
}
