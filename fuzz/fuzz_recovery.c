/*
 * recovery_code_read: an accepted code has 24 letters of base32 and stays the same when it is written out, grouped or
 * not.  A refused code leaves the result unchanged.
 */
#include "target.h"

#include "doubletour/otp.h"
#include "keeper/factor/recovery.h"

enum { GROUP = 4, GROUPED_BYTES = RECOVERY_LETTERS + RECOVERY_LETTERS / GROUP };

static bool
same(const struct recovery_code *a, const struct recovery_code *b)
{
	return memcmp(a->b, b->b, sizeof(a->b)) == 0;
}

static bool
reads_as(str typed, const struct recovery_code *code)
{
	struct recovery_code read = { { 0 } };

	return recovery_code_read(typed, &read) && same(&read, code);
}

/* Convert one typed character; replace characters that people misread. */
static char
as_shown(char c)
{
	static const char misread[] = "01 8";
	static const char meant[] = "OI B";
	const char *at = c == ' ' ? NULL : strchr(misread, c);

	if (at != NULL && c != '\0')
		return meant[at - misread];
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static bool
is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static void
check_letters(str typed, str letters)
{
	size_t at = 0;

	for (size_t i = 0; i < typed.n; i++) {
		if (!is_letter_or_digit(typed.p[i]))
			continue;
		PROMISE(at < letters.n && as_shown(typed.p[i]) == letters.p[at]);
		at++;
	}
	PROMISE(at == letters.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const struct recovery_code untouched = { "fourteen bytes" };
	struct recovery_code code = untouched;
	char letters[RECOVERY_LETTERS + 8], grouped[GROUPED_BYTES];
	str typed = str_bytes(bytes, n);

	if (!recovery_code_read(typed, &code)) {
		PROMISE(same(&code, &untouched));
		return 0;
	}
	PROMISE(otp_base32_encode(code.b, sizeof(code.b), letters, sizeof(letters)) == OTP_OK);
	PROMISE(strlen(letters) == RECOVERY_LETTERS && reads_as(str_of(letters), &code));
	check_letters(typed, str_of(letters));
	for (size_t i = 0, at = 0; i < RECOVERY_LETTERS; i++) {
		grouped[at++] = letters[i];
		if (i % GROUP == GROUP - 1)
			grouped[at++] = i % 8 == 7 ? ' ' : '-';
	}
	PROMISE(reads_as(str_bytes(grouped, sizeof(grouped)), &code));
	return 0;
}
