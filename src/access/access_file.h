/*
 * The file of rules: YAML, read by libyaml.  docs/reference/access-rules.md has each key with an example.
 *
 *	rules:
 *	  - domain: wiki.example.org
 *	    path: [/favicon.ico, /robots.txt]
 *	    policy: bypass
 *	  - domain: '*.example.org'
 *	    groups: [staff]
 *	    max_age: 15m
 *
 * Strict: an unknown key, a key twice, a value of another shape, an alias or a second document is refused, with the line.
 */
#ifndef ACCESS_ACCESS_FILE_H
#define ACCESS_ACCESS_FILE_H

#include "access/access.h"

enum { ACCESS_FILE_MAX_BYTES = 64 * 1024, ACCESS_RULES_MAX = 1000 };

/* Read the text.  name: of the file, for sentences.  On failure ret_rules is empty: nobody passes.  ERR_CONFIG with the sentence and the line; ERR_MEMORY. */
MUST_USE err access_parse(str name, str text, struct access_rules *ret_rules, struct why *why);

/* Without a file: two factors for each of GATE_DOMAINS and all below. */
MUST_USE err access_implied(const struct config *config, struct access_rules *ret_rules);

/*
 * The text of the file that ACCESS_RULES names, in the arena; empty when the setting is.  ERR_CONFIG with the sentence: it
 * cannot be read, or is too long.
 */
MUST_USE err access_file_text(const struct config *config, struct arena *arena, str *ret_text, struct why *why);

/* access_parse of a text that access_file_text gave, or access_implied. */
MUST_USE err access_take(const struct config *config, str text, struct access_rules *ret_rules, struct why *why);

/* Is this a group's name?  1 to 40 of a-z 0-9 . _ - */
bool access_group_good(str name);

#endif
