/*
 * account_name_fold, display_name_check: an accepted name has the form that accounts.h and display_name.h describe, and
 * is accepted again unchanged.  A refused name leaves the result unchanged.
 */
#include "target.h"

#include "keeper/core/accounts.h"
#include "keeper/core/display_name.h"

static bool
is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static void
try_account_name(str typed)
{
	struct account_name name = { .b = "untouched", .n = 77 }, again = { .n = 0 };

	if (account_name_fold(typed, &name) != PROBLEM_NONE) {
		PROMISE(name.n == 77 && strcmp(name.b, "untouched") == 0);
		return;
	}
	PROMISE(name.n >= USERNAME_MIN && name.n <= USERNAME_MAX && name.n <= typed.n);
	for (size_t i = 0; i < name.n; i++)
		PROMISE(is_letter_or_digit(name.b[i]) || (name.b[i] != '\0' && strchr("._@+-", name.b[i]) != NULL));
	PROMISE(is_letter_or_digit(name.b[0]) && is_letter_or_digit(name.b[name.n - 1]));
	PROMISE(account_name_fold(account_name_str(&name), &again) == PROBLEM_NONE);
	PROMISE(str_equal(account_name_str(&name), account_name_str(&again)));
}

/* A name with upper and lower case exchanged folds to the same name. */
static void
try_case(str typed)
{
	struct account_name name = { .n = 0 }, other = { .n = 0 };
	char turned[200];

	if (typed.n > sizeof(turned))
		return;
	for (size_t i = 0; i < typed.n; i++) {
		bool letter = (typed.p[i] | 0x20) >= 'a' && (typed.p[i] | 0x20) <= 'z';
		turned[i] = (char)(letter ? typed.p[i] ^ 0x20 : typed.p[i]);
	}
	PROMISE(account_name_fold(typed, &name) == account_name_fold(str_bytes(turned, typed.n), &other));
	PROMISE(str_equal(account_name_str(&name), account_name_str(&other)));
}

/* The next code point of a well-formed text. */
static uint32_t
take_code_point(str *rest)
{
	unsigned char first = (unsigned char)rest->p[0];
	size_t n = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	uint32_t c = n == 1 ? first : first & (0x7f >> n);

	for (size_t i = 1; i < n; i++)
		c = c << 6 | ((unsigned char)rest->p[i] & 0x3f);
	*rest = str_from(*rest, n);
	return c;
}

static bool
disturbs(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029 || c == 0x061c || c == 0x200e ||
	       c == 0x200f || (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static void
try_display_name(str typed)
{
	struct display_name name = { .b = "untouched", .n = 777 }, again = { .n = 0 };

	if (display_name_check(typed, &name) != PROBLEM_NONE) {
		PROMISE(name.n == 777 && strcmp(name.b, "untouched") == 0);
		return;
	}
	str text = str_bytes(name.b, name.n), rest = text;
	PROMISE(text.n <= DISPLAY_NAME_MAX_BYTES && str_utf8_valid(text) && str_utf8_count(text) <= 40);
	PROMISE(text.n == 0 || (text.p[0] != ' ' && text.p[text.n - 1] != ' '));
	while (rest.n > 0)
		PROMISE(!disturbs(take_code_point(&rest)));
	PROMISE(display_name_check(text, &again) == PROBLEM_NONE);
	PROMISE(str_equal(text, str_bytes(again.b, again.n)));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	str typed = str_bytes(bytes, n);

	try_account_name(typed);
	try_case(typed);
	try_display_name(typed);
	return 0;
}
