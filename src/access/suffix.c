#include "access/suffix.h"

#include "base/library.h"
#include "base/log.h"
#include "config/values.h"

#include <libpsl.h>

#define PSL_FUNCTIONS(F) F(psl_latest) F(psl_free) F(psl_is_public_suffix)
#define SYMBOL(name) { #name, offsetof(struct psl, name) },

struct psl {
	PSL_FUNCTIONS(LIBRARY_MEMBER)
};

static err
suffix_load(struct psl *psl)
{
	static const struct library_symbol symbols[] = { PSL_FUNCTIONS(SYMBOL) };
	struct why why = { "" };
	err e = library_load("libpsl.so.5", symbols, COUNT(symbols), psl, &why);

	if (e != ERR_OK)
		log_event(LOG_WARNING, "suffixes.unknown", LOG_TEXT("why", why.text));
	return e;
}

/* The host of PUBLIC_URL itself is always allowed, even where it is a public suffix such as localhost. */
static bool
suffix_rp_id_is_parent(const struct config *config)
{
	return config->passkey_rp_id[0] != '\0' && config->public_host[0] != '\0' &&
	       !str_equal(str_of(config->passkey_rp_id), host_without_port(str_of(config->public_host)));
}

static err
suffix_check_each(const struct config *config, const struct psl *psl, const psl_ctx_t *list, struct why *why)
{
	if (suffix_rp_id_is_parent(config) && psl->psl_is_public_suffix(list, config->passkey_rp_id) != 0)
		return why_set(
		    why, ERR_CONFIG,
		    "PASSKEY_RP_ID: anyone may register a name under %s, so browsers make no passkeys for it.  "
		    "Name your own domain, for example example.%s.",
		    config->passkey_rp_id, config->passkey_rp_id);
	for (size_t i = 0; i < config->gate_domains_count; i++)
		if (psl->psl_is_public_suffix(list, config->gate_domains[i].z) != 0)
			return why_set(
			    why, ERR_CONFIG,
			    "GATE_DOMAINS: anyone may register a name under %s, so browsers accept no cookie for "
			    "it.  Name your own domain, for example example.%s.",
			    config->gate_domains[i].z, config->gate_domains[i].z);
	return ERR_OK;
}

err
suffix_check(const struct config *config, struct why *why)
{
	struct psl functions; /* filled by suffix_load, otherwise unused */
	psl_ctx_t *list;
	err e;

	if ((config->gate_domains_count == 0 && !suffix_rp_id_is_parent(config)) || suffix_load(&functions) != ERR_OK)
		return ERR_OK;
	list = functions.psl_latest(NULL);
	if (list == NULL)
		return ERR_OK;
	e = suffix_check_each(config, &functions, list, why);
	functions.psl_free(list);
	return e;
}
