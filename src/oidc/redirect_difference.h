/*
 * Where two redirect URIs differ, for people who look for their mistake.  Not for the decision whether a URI is
 * registered: redirect.h.
 *
 *	nearest = redirect_nearest(registered, asked, &differing);      https://wiki.example.org/callback
 *	redirect_compare(asked, nearest, pieces);                       https://wiki.example.org:443/calback
 *	pieces[REDIRECT_PART_PORT]   before "", differs ":443", after ""
 *	pieces[REDIRECT_PART_PATH]   before "/cal", differs "", after "back", missing
 */
#ifndef OIDC_REDIRECT_DIFFERENCE_H
#define OIDC_REDIRECT_DIFFERENCE_H

#include "base/str.h"

/* The parts that people compare.  Without "//", a URI has scheme and path only. */
enum redirect_part {
	REDIRECT_PART_SCHEME, /* with ":" */
	REDIRECT_PART_HOST,   /* with "//" */
	REDIRECT_PART_PORT,   /* with ":" */
	REDIRECT_PART_PATH,   /* with the query */
	REDIRECT_PART_COUNT
};

/* The parts in which two URIs differ: bit 1 << part. */
unsigned redirect_differing(str a, str b);

/* The registered URI (one per line) that differs in the fewest parts; empty: none is registered. */
str redirect_nearest(str registered, str asked, unsigned *ret_differing);

/* One part of a URI: `before` and `after` are as in the other URI. */
struct redirect_piece {
	str before, differs, after;
	bool missing; /* `differs` is empty, and the other URI has more here */
};

/* Compare each part of a URI with that of another one.  The pieces one after the other are the URI. */
void redirect_compare(str uri, str other, struct redirect_piece ret_pieces[REDIRECT_PART_COUNT]);

#endif
