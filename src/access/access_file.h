/*
 * The access rules file: YAML, parsed by libyaml.  docs/reference/access-rules.md has each key with an example.
 *
 *	rules:
 *	  - domain: wiki.example.org
 *	    path: [/favicon.ico, /robots.txt]
 *	    policy: bypass
 *	  - domain: '*.example.org'
 *	    groups: [staff]
 *	    max_age: 15m
 *	applications:
 *	  - name: Wiki
 *	    address: https://wiki.example.org/
 *
 * Unknown keys, duplicate keys, values of another type, aliases and second documents are rejected with the line
 * number.
 */
#ifndef ACCESS_ACCESS_FILE_H
#define ACCESS_ACCESS_FILE_H

#include "access/access.h"

enum { ACCESS_FILE_MAX_BYTES = 64 * 1024, ACCESS_RULES_MAX = 1000 };

/*
 * Parse the text.  name: of the file, for error messages.  On failure ret_rules is empty and so denies all access.
 * ERR_CONFIG: why has a sentence with the line number; ERR_MEMORY.
 */
MUST_USE err access_parse(str name, str text, struct access_rules *ret_rules, struct why *why);

/* The rules without a file: two factors for each of GATE_DOMAINS and its subdomains. */
MUST_USE err access_implied(const struct config *config, struct access_rules *ret_rules);

/*
 * Read the file that ACCESS_RULES names into the arena; empty if the setting is empty.  ERR_CONFIG: the file cannot
 * be read or is too long; why is filled.
 */
MUST_USE err access_file_text(const struct config *config, struct arena *arena, str *ret_text, struct why *why);

/* access_parse for a text from access_file_text; access_implied if no file is set. */
MUST_USE err access_take(const struct config *config, str text, struct access_rules *ret_rules, struct why *why);

/* All of it: read the file into the arena, parse it, and read the icons (access/icons.h). */
MUST_USE err access_load(const struct config *config, struct arena *arena, str *ret_text,
			 struct access_rules *ret_rules, struct why *why);

/* Is this a valid group name: 1 to 40 of a-z 0-9 . _ -? */
bool access_group_good(str name);

#endif
