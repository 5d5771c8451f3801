/*
 * The form of a settings file, .env: lines NAME=value, read like a shell's `. ./.env`, without expansion.
 *
 *	# a comment                     export NAME=value           NAME = value   # a comment after white space
 *	NAME='read unchanged'           NAME="with \" and \\"       NAME=          (empty: same as not set)
 *
 * Inside double quotes a backslash is special only before " \ $ and `; a $ is a dollar sign.  A value ends with its
 * line.  Windows line ends and a byte order mark are accepted.  This module knows no names of settings.
 */
#ifndef CONFIG_DOTENV_H
#define CONFIG_DOTENV_H

#include "base/err.h"
#include "base/str.h"

enum { DOTENV_MAX_BYTES = 64 * 1024 };

struct dotenv {
	char *next, *end; /* the unread rest; reading modifies the text */
	unsigned line;    /* line of the last entry, from 1 */
};

/* Begin to read a text of n bytes; it must be writable and outlive the entries. */
struct dotenv dotenv_of(char *text, size_t n);

struct dotenv_entry {
	str name, value; /* borrowed from the text */
	unsigned line;
};

/*
 * Read the next entry; *ret_more is false at the end.  ERR_CONFIG: the line is malformed; why is the predicate of a
 * sentence that begins with file and line.
 */
MUST_USE err dotenv_next(struct dotenv *file, struct dotenv_entry *ret_entry, bool *ret_more, struct why *why);

#endif
