/*
 * The .env file: NAME=value lines as a shell would read them with `. ./.env`, without expansion.
 *
 *	# a comment                     export NAME=value           NAME = value   # a comment behind white space
 *	NAME='taken as it stands'       NAME="with \" and \\"       NAME=          (empty: as if not set)
 *
 * Inside double quotes a backslash takes its meaning from " \ $ and ` only; a $ is a dollar sign.  A value ends with its
 * line.  Windows line ends and a byte order mark are accepted.  Knows no setting by name.
 */
#ifndef CONFIG_DOTENV_H
#define CONFIG_DOTENV_H

#include "base/err.h"
#include "base/str.h"

enum { DOTENV_MAX_BYTES = 64 * 1024 };

struct dotenv {
	char *next, *end; /* what has not been read yet; the text is changed while reading */
	unsigned line;    /* of the last entry, from 1 */
};

/* Read from a text of n bytes; it must be writable and outlive the entries. */
struct dotenv dotenv_of(char *text, size_t n);

struct dotenv_entry {
	str name, value; /* borrowed from the text */
	unsigned line;
};

/*
 * The next entry; *ret_more is false at the end.  ERR_CONFIG: the line cannot be read; why is the predicate of a
 * sentence that begins with file and line.
 */
MUST_USE err dotenv_next(struct dotenv *file, struct dotenv_entry *ret_entry, bool *ret_more, struct why *why);

#endif
