/*
 * Finds the known word that is most similar to a misspelt one: for settings, subcommands, options.
 */
#ifndef CONFIG_NEAREST_H
#define CONFIG_NEAREST_H

#include "base/str.h"

/*
 * The number of single-byte insertions, deletions, replacements or swaps of neighbours between a and b; ASCII letters
 * are folded.  SIZE_MAX if either has more than 63 bytes.  (Optimal string alignment distance.)
 */
size_t nearest_distance(str a, str b);

/* Is the distance so small, for a word of this length, that it is probably a misspelling? */
bool nearest_is_near(size_t distance, size_t length);

#endif
