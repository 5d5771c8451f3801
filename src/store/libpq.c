#include "store/libpq.h"

#include "base/dsn.h"

#include <pthread.h>
#include <stdbool.h>

struct libpq libpq;

#define SYMBOL(name) { #name, offsetof(struct libpq, name) },

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool loaded;

static err
libpq_load_symbols(struct why *why)
{
	static const struct library_symbol symbols[] = { LIBPQ_FUNCTIONS(SYMBOL) };

	return library_load("libpq.so.5", symbols, COUNT(symbols), &libpq, why);
}

err
libpq_load(struct why *why)
{
	struct why loaders = { "" };
	err e = ERR_OK;

	pthread_mutex_lock(&lock);
	if (!loaded)
		e = libpq_load_symbols(&loaders);
	loaded = loaded || e == ERR_OK;
	pthread_mutex_unlock(&lock);
	if (e == ERR_OK)
		return ERR_OK;
	return why_set(why, ERR_CONFIG, "A PostgreSQL database needs the package libpq5 (%.200s).", loaders.text);
}

err
libpq_url_check(const char *url, struct why *why)
{
	char *ignored = NULL; /* unused: libpq's message may repeat the whole URL with the password */
	PQconninfoOption *options = !dsn_is_clear(str_of(url)) ? NULL : libpq.PQconninfoParse(url, &ignored);

	libpq.PQfreemem(ignored);
	if (options != NULL) {
		libpq.PQconninfoFree(options);
		return ERR_OK;
	}
	return why_set(why, ERR_CONFIG, "The address of the database cannot be read: %s.", dsn_how);
}
