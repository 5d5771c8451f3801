#include "keeper/core/accounts.h"

#include <utf8proc.h>

/* White space, or an invisible character that is often pasted with a name. */
static bool
accounts_is_blank(int32_t point)
{
	switch (utf8proc_category(point)) {
	case UTF8PROC_CATEGORY_ZS:
	case UTF8PROC_CATEGORY_ZL:
	case UTF8PROC_CATEGORY_ZP:
	case UTF8PROC_CATEGORY_CF:
		return true;
	default:
		return (point >= '\t' && point <= '\r') || point == 0x85;
	}
}

/* Length of the blank at the beginning; 0: none. */
static size_t
accounts_blank_first(str s)
{
	int32_t point;
	size_t n = str_utf8_next(s, &point);

	return n > 0 && accounts_is_blank(point) ? n : 0;
}

static size_t
accounts_blank_last(str s)
{
	size_t at = s.n > 0 ? s.n - 1 : 0;

	while (at > 0 && (s.p[at] & 0xc0) == 0x80)
		at--;
	return accounts_blank_first(str_from(s, at)) == s.n - at ? s.n - at : 0;
}

static str
accounts_trim(str s)
{
	size_t n;

	while ((n = accounts_blank_first(s)) > 0)
		s = str_from(s, n);
	while ((n = accounts_blank_last(s)) > 0)
		s.n -= n;
	return s;
}

static bool
accounts_is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool
accounts_is_allowed(char c)
{
	return accounts_is_letter_or_digit(c) || c == '.' || c == '_' || c == '@' || c == '+' || c == '-';
}

static enum problem
accounts_shape(const struct account_name *name)
{
	for (size_t i = 0; i < name->n; i++)
		if (!accounts_is_allowed(name->b[i]))
			return PROBLEM_CHARACTERS;
	if (name->n < USERNAME_MIN)
		return PROBLEM_TOO_SHORT;
	if (!accounts_is_letter_or_digit(name->b[0]) || !accounts_is_letter_or_digit(name->b[name->n - 1]))
		return PROBLEM_EDGES;
	return PROBLEM_NONE;
}

enum problem
account_name_fold(str typed, struct account_name *ret_name)
{
	struct account_name name = { .n = 0 };
	str text = accounts_trim(typed);
	enum problem problem;

	if (str_empty(text))
		return PROBLEM_MISSING;
	if (text.n > USERNAME_MAX)
		return str_utf8_valid(text) && str_utf8_count(text) <= USERNAME_MAX ? PROBLEM_CHARACTERS
										    : PROBLEM_TOO_LONG;
	for (; name.n < text.n; name.n++) {
		char c = text.p[name.n];
		name.b[name.n] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	problem = accounts_shape(&name);
	if (problem == PROBLEM_NONE)
		*ret_name = name;
	return problem;
}

err
account_find(struct db *db, str name, struct arena *arena, struct account *ret_account, bool *ret_found)
{
	const struct db_value args[] = { DB_TEXT(name) };
	struct account_by_name_row row;

	TRY(db_row(db, SQL_ACCOUNT_BY_NAME, args, COUNT(args), arena, &row, ret_found));
	if (*ret_found)
		*ret_account = (struct account){ row.id, row.password_hash, row.disabled };
	return ERR_OK;
}

err
account_name_close(struct db *db, int64_t account_id, int64_t now_us)
{
	const struct db_value args[] = { DB_INT(account_id), DB_INT(now_us) };

	return db_run(db, SQL_ACCOUNT_NAME_CLOSE, args, COUNT(args), NULL);
}

/*
 * A separate query after the insertion: another transaction may have closed the name while the insertion waited for it.
 */
err
account_name_settle(struct db *db, str name, int64_t account_id)
{
	const struct db_value args[] = { DB_TEXT(name), DB_INT(account_id) };
	struct account_name_closed_row row;
	bool found = false;

	TRY(db_row(db, SQL_ACCOUNT_NAME_CLOSED, args, COUNT(args), NULL, &row, &found));
	return found ? ERR_EXISTS : ERR_OK;
}

err
account_name_release(struct db *db, str name)
{
	const struct db_value args[] = { DB_TEXT(name) };

	return db_run(db, SQL_ACCOUNT_NAME_RELEASE, args, COUNT(args), NULL);
}

err
account_insert(struct db *db, int64_t id, str name, str password_hash, int64_t now_us)
{
	const struct db_value args[] = { DB_INT(id), DB_TEXT(name), DB_TEXT(password_hash), DB_INT(now_us) };

	TRY(db_run(db, SQL_ACCOUNT_INSERT, args, COUNT(args), NULL));
	return account_name_settle(db, name, id);
}
