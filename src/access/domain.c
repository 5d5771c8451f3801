#include "access/domain.h"

#include "access/target.h"

str
gate_domain_of(const struct config *config, str host)
{
	for (size_t i = 0; i < config->gate_domains_count; i++)
		if (target_under(host, str_of(config->gate_domains[i].z)))
			return str_of(config->gate_domains[i].z);
	return (str){ 0 };
}
