#include "http/mhd.h"

struct mhd mhd;

#define SYMBOL(name) { #name, offsetof(struct mhd, name) },

err
mhd_load(struct why *why)
{
	static const struct library_symbol symbols[] = { MHD_FUNCTIONS(SYMBOL) };
	struct why loaders = { "" };

	if (mhd.MHD_run != NULL)
		return ERR_OK;
	if (library_load("libmicrohttpd.so.12", symbols, COUNT(symbols), &mhd, &loaders) == ERR_OK)
		return ERR_OK;
	return why_set(why, ERR_CONFIG, "Serving needs the package libmicrohttpd12 (%.200s).", loaders.text);
}
