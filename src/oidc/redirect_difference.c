#include "oidc/redirect_difference.h"

#include "oidc/redirect.h"

/* The port begins at the last colon, which is not inside the brackets of an IPv6 address. */
static size_t
redirect_difference_host(str authority)
{
	for (size_t n = authority.n; n > 0 && authority.p[n - 1] != ']'; n--)
		if (authority.p[n - 1] == ':')
			return n - 1;
	return authority.n;
}

static void
redirect_difference_cut(str uri, str ret_parts[REDIRECT_PART_COUNT])
{
	str rest = uri, authority = STR("");
	size_t scheme = str_cut(&rest, ':').n + (rest.p != NULL ? 1 : 0), begin = 0; /* of the authority, with "//" */

	rest = str_from(uri, scheme);
	if (str_starts(rest, STR("//"))) {
		begin = STR("//").n;
		authority = str_from(rest, begin);
		authority.n = redirect_authority_length(authority);
	}
	ret_parts[REDIRECT_PART_SCHEME] = str_upto(uri, scheme);
	ret_parts[REDIRECT_PART_HOST] = str_upto(rest, begin + redirect_difference_host(authority));
	ret_parts[REDIRECT_PART_PORT] = str_from(authority, redirect_difference_host(authority));
	ret_parts[REDIRECT_PART_PATH] = str_from(rest, begin + authority.n);
}

unsigned
redirect_differing(str a, str b)
{
	str of_a[REDIRECT_PART_COUNT], of_b[REDIRECT_PART_COUNT];
	unsigned differing = 0;

	redirect_difference_cut(a, of_a);
	redirect_difference_cut(b, of_b);
	for (unsigned i = 0; i < REDIRECT_PART_COUNT; i++)
		differing |= str_equal(of_a[i], of_b[i]) ? 0 : 1u << i;
	return differing;
}

str
redirect_nearest(str registered, str asked, unsigned *ret_differing)
{
	str nearest = STR("");
	int fewest = REDIRECT_PART_COUNT + 1;

	*ret_differing = 0;
	while (registered.n > 0) {
		str one = str_cut(&registered, '\n');
		unsigned differing = redirect_differing(one, asked);
		if (__builtin_popcount(differing) >= fewest)
			continue;
		fewest = __builtin_popcount(differing);
		nearest = one;
		*ret_differing = differing;
	}
	return nearest;
}

static struct redirect_piece
redirect_difference_piece(str part, str other)
{
	size_t begin = 0, end = 0, least = part.n < other.n ? part.n : other.n;

	while (begin < least && part.p[begin] == other.p[begin])
		begin++;
	while (end < least - begin && part.p[part.n - end - 1] == other.p[other.n - end - 1])
		end++;
	return (struct redirect_piece){ .before = str_upto(part, begin),
					.differs = str_upto(str_from(part, begin), part.n - begin - end),
					.after = str_from(part, part.n - end),
					.missing = begin + end == part.n && part.n < other.n };
}

void
redirect_compare(str uri, str other, struct redirect_piece ret_pieces[REDIRECT_PART_COUNT])
{
	str parts[REDIRECT_PART_COUNT], others[REDIRECT_PART_COUNT];

	redirect_difference_cut(uri, parts);
	redirect_difference_cut(other, others);
	for (size_t i = 0; i < REDIRECT_PART_COUNT; i++)
		ret_pieces[i] = redirect_difference_piece(parts[i], others[i]);
}
