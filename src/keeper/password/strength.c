#include "keeper/password/strength.h"

#include "base/secret.h"

#include <zxcvbn.h>

enum {
	ESTIMATED_BYTES = 100, /* zxcvbn's time grows with the square of the length */
	NAME_PART_MIN = 3,
	OWN_WORDS_MAX = 8,
	WORDLIST_FR_MAX = 512,
};
/* The least number of bits of STRENGTH_FAIR, GOOD and STRONG: log2 of 10^6, 10^8 and 10^10. */
static const double strength_bits[] = { 19.93, 26.58, 33.22 };

static bool
strength_is_letter_or_digit(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static char
strength_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* --- passwords built from the name -------------------------------------------------------------------------------- */

/* Letters and digits of a name, in lower case. */
struct part {
	char b[USERNAME_MAX + 1];
	size_t n;
};

static struct part
strength_part_of(str text)
{
	struct part part = { .n = 0 };

	for (size_t i = 0; i < text.n && part.n < USERNAME_MAX; i++)
		if (strength_is_letter_or_digit(text.p[i]))
			part.b[part.n++] = strength_lower(text.p[i]);
	return part;
}

static struct part
strength_reversed(const struct part *part)
{
	struct part back = { .n = part->n };

	for (size_t i = 0; i < part->n; i++)
		back.b[i] = part->b[part->n - 1 - i];
	return back;
}

/*
 * If `part` occurs in text from `at` on, ignoring punctuation in the text, returns the number of bytes that it covers;
 * otherwise 0.
 */
static size_t
strength_covers(str text, size_t at, const struct part *part)
{
	size_t matched = 0, i = at;

	for (; i < text.n && matched < part->n; i++) {
		if (matched > 0 && !strength_is_letter_or_digit(text.p[i]))
			continue;
		if (strength_lower(text.p[i]) != part->b[matched])
			return 0;
		matched++;
	}
	return matched == part->n ? i - at : 0;
}

/*
 * Number of characters left after removing every occurrence of the part from the password; SIZE_MAX: it does not occur.
 */
static size_t
strength_left_without(str text, const struct part *part)
{
	size_t left = 0;
	bool found = false;

	for (size_t i = 0; i < text.n;) {
		size_t covered = strength_covers(text, i, part);
		found = found || covered > 0;
		left += covered == 0 && ((unsigned char)text.p[i] & 0xc0) != 0x80;
		i += covered > 0 ? covered : 1;
	}
	return found ? left : SIZE_MAX;
}

static bool
strength_built_from(str password, str name)
{
	struct part part = strength_part_of(name);
	struct part back = strength_reversed(&part);

	return part.n >= NAME_PART_MIN && (strength_left_without(password, &part) < PASSWORD_MIN ||
					   strength_left_without(password, &back) < PASSWORD_MIN);
}

/* --- common passwords --------------------------------------------------------------------------------------------- */

/* Additional words for zxcvbn, as C strings. */
struct words {
	struct part own[OWN_WORDS_MAX];
	const char *list[OWN_WORDS_MAX + WORDLIST_FR_MAX + 1];
	size_t n;
};

/* Add the words of a text: runs of letters and digits. */
static void
strength_words_add(struct words *words, str text)
{
	size_t from = 0;

	for (size_t i = 0; i <= text.n && words->n < OWN_WORDS_MAX; i++) {
		if (i < text.n && strength_is_letter_or_digit(text.p[i]))
			continue;
		struct part part = strength_part_of(str_bytes(text.p + from, i - from));
		if (part.n >= NAME_PART_MIN) {
			words->own[words->n] = part;
			words->list[words->n] = words->own[words->n].b;
			words->n++;
		}
		from = i + 1;
	}
}

static void
strength_words_add_fr(struct words *words)
{
	for (unsigned i = 0; i < wordlist_fr_count && i < WORDLIST_FR_MAX; i++)
		words->list[words->n++] = wordlist_fr[i];
}

static enum strength
strength_measure(const struct password *password, str name, str app_name)
{
	enum strength strength = STRENGTH_WEAK;
	struct words words = { .n = 0 };
	char begin[ESTIMATED_BYTES + 1];
	double bits;

	strength_words_add(&words, name);
	strength_words_add(&words, app_name);
	strength_words_add_fr(&words);
	memcpy(begin, password->b, sizeof(begin));
	begin[ESTIMATED_BYTES] = '\0';
	bits = ZxcvbnMatch(begin, words.list, NULL);
	secret_wipe(begin, sizeof(begin));
	for (size_t i = 0; i < COUNT(strength_bits) && bits >= strength_bits[i]; i++)
		strength++;
	return strength;
}

enum problem
strength_check(const struct password *password, str name, str app_name, enum strength *ret_strength)
{
	str text = str_bytes(password->b, password->n);
	str rest = name;

	*ret_strength = STRENGTH_WEAK;
	if (strength_built_from(text, name) || strength_built_from(text, str_cut(&rest, '@')))
		return PROBLEM_FROM_NAME;
	*ret_strength = strength_measure(password, name, app_name);
	return *ret_strength == STRENGTH_WEAK ? PROBLEM_COMMON : PROBLEM_NONE;
}
