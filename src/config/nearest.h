/*
 * The nearest known word to one that is misspelt: for settings, subcommands, options.
 */
#ifndef CONFIG_NEAREST_H
#define CONFIG_NEAREST_H

#include "base/str.h"

/*
 * How many single-byte insertions, deletions, replacements or swaps of neighbours lead from a to b; ASCII letters are
 * folded.  SIZE_MAX when either is over 63 bytes.  (Optimal string alignment distance.)
 */
size_t nearest_distance(str a, str b);

/* Is that distance so small, for a word of this length, that it was probably meant? */
bool nearest_is_near(size_t distance, size_t length);

#endif
