/*
 * Shared library loaded on first use, so that processes that never use it do not pay for it.
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

/* A member that points to the function of this name and has its type. */
#define LIBRARY_MEMBER(name) __typeof__ (&name)(name);

struct library_symbol {
	const char *name;
	size_t at; /* offset of its pointer in the struct of functions */
};

/*
 * file: the soname, resolved by the dynamic linker. The library stays loaded. `functions` is written only if all
 * symbols exist. ERR_NOT_FOUND, with the linker's message.
 */
MUST_USE err library_load(const char *file, const struct library_symbol *symbols, size_t n, void *functions,
			  struct why *why);

#endif
