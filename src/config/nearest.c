#include "config/nearest.h"

enum { WORD_MAX = 63 };

static char
nearest_fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t
nearest_least(size_t a, size_t b, size_t c)
{
	size_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

static bool
nearest_is_swapped(str a, str b, size_t i, size_t j)
{
	return i > 1 && j > 1 && nearest_fold(a.p[i - 1]) == nearest_fold(b.p[j - 2]) &&
	       nearest_fold(a.p[i - 2]) == nearest_fold(b.p[j - 1]);
}

size_t
nearest_distance(str a, str b)
{
	size_t rows[WORD_MAX + 1][WORD_MAX + 1];

	if (a.n > WORD_MAX || b.n > WORD_MAX)
		return SIZE_MAX;
	for (size_t i = 0; i <= a.n; i++)
		rows[i][0] = i;
	for (size_t j = 0; j <= b.n; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= a.n; i++)
		for (size_t j = 1; j <= b.n; j++) {
			size_t change = nearest_fold(a.p[i - 1]) == nearest_fold(b.p[j - 1]) ? 0 : 1;
			rows[i][j] = nearest_least(rows[i - 1][j] + 1, rows[i][j - 1] + 1, rows[i - 1][j - 1] + change);
			if (nearest_is_swapped(a, b, i, j))
				rows[i][j] = nearest_least(rows[i][j], rows[i][j], rows[i - 2][j - 2] + 1);
		}
	return rows[a.n][b.n];
}

/* In a short word few letters may differ: two changes turn a word of three letters into another word. */
bool
nearest_is_near(size_t distance, size_t length)
{
	return distance <= (length < 6 ? (length + 1) / 3 : length / 3);
}
