/*
 * A shared library that is loaded when it is needed, and costs a process that does not need it nothing.
 *
 *	#define LIBPQ_FUNCTIONS(F) F(PQclear) F(PQfinish)
 *	struct libpq { LIBPQ_FUNCTIONS(LIBRARY_MEMBER) } libpq;
 *	static const struct library_symbol symbols[] = { LIBPQ_FUNCTIONS(LIBPQ_SYMBOL) };
 *	library_load("libpq.so.5", symbols, COUNT(symbols), &libpq)
 */
#ifndef BASE_LIBRARY_H
#define BASE_LIBRARY_H

#include "base/err.h"

#include <stddef.h>

/* A member that points to the function of that name, with its type. */
#define LIBRARY_MEMBER(name) __typeof__ (&name)(name);

struct library_symbol {
	const char *name;
	size_t at; /* offset of its pointer in the struct of functions */
};

/*
 * file: by its soname, found as the linker finds it.  The library stays loaded.  Nothing is written unless all symbols are there.
 * ERR_NOT_FOUND with the loader's words.
 */
MUST_USE err library_load(const char *file, const struct library_symbol *symbols, size_t n, void *functions,
			  struct why *why);

#endif
