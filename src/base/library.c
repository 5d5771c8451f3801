#include "base/library.h"

#include <dlfcn.h>
#include <string.h>

static err
library_missing(const char *file, struct why *why)
{
	const char *words = dlerror();

	return why_set(why, ERR_NOT_FOUND, "The library %s cannot be loaded: %s", file, words == NULL ? "" : words);
}

err
library_load(const char *file, const struct library_symbol *symbols, size_t n, void *functions, struct why *why)
{
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);

	if (library == NULL)
		return library_missing(file, why);
	for (size_t i = 0; i < n; i++)
		if (dlsym(library, symbols[i].name) == NULL)
			return library_missing(file, why);
	for (size_t i = 0; i < n; i++) {
		void *found = dlsym(library, symbols[i].name);
		memcpy((char *)functions + symbols[i].at, &found, sizeof(found));
	}
	return ERR_OK;
}
