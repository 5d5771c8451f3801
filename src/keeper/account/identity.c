#include "keeper/account/identity.h"

#include "base/buf.h"
#include "access/access_file.h"

#include <stdlib.h>

static str
identity_next_name(str *rest)
{
	size_t n = 0;

	while (rest->n > 0 && (rest->p[0] == ',' || rest->p[0] == ' '))
		*rest = str_from(*rest, 1);
	while (n < rest->n && rest->p[n] != ',' && rest->p[n] != ' ')
		n++;
	str name = str_upto(*rest, n);
	*rest = str_from(*rest, n);
	return name;
}

static int
identity_compare(const void *a, const void *b)
{
	const str *x = a, *y = b;
	size_t n = x->n < y->n ? x->n : y->n;
	int order = strncmp(x->p, y->p, n);

	return order != 0 ? order : (x->n > y->n) - (x->n < y->n);
}

err
groups_read(str typed, struct arena *arena, str *ret_groups)
{
	CLEANUP(buf_wipe) struct buf list = BUF(GROUPS_MAX_BYTES);
	str names[GROUPS_COUNT_MAX] = { { 0 } };
	size_t n = 0;

	for (str name = identity_next_name(&typed); name.n > 0; name = identity_next_name(&typed)) {
		if (!access_group_good(name))
			return ERR_INVALID;
		if (n == GROUPS_COUNT_MAX)
			return ERR_TOO_LONG;
		names[n++] = name;
	}
	qsort(names, n, sizeof(names[0]), identity_compare);
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && str_equal(names[i], names[i - 1]))
			continue;
		buf_put(&list, list.n > 0 ? STR(",") : STR(""));
		buf_put(&list, names[i]);
	}
	TRY(buf_check(&list));
	return arena_copy(arena, buf_str(&list), ret_groups);
}

bool
groups_good(str stored, struct arena *arena)
{
	str read = { 0 };

	return stored.n == 0 || (groups_read(stored, arena, &read) == ERR_OK && str_equal(read, stored));
}

bool
email_good(str email)
{
	size_t ats = 0;

	if (email.n == 0)
		return true;
	for (size_t i = 0; i < email.n; i++) {
		unsigned char c = (unsigned char)email.p[i];
		if (c <= ' ' || c >= 0x7f || str_has_byte(STR(",;:\"\\()<>[]"), (char)c))
			return false;
		ats += c == '@';
	}
	return ats == 1 && email.n <= EMAIL_MAX && email.p[0] != '@' && email.p[email.n - 1] != '@';
}
