#include "config/config.h"

#include "config/settings.h"
#include "config/values.h"

#include <stdio.h>
#include <stdlib.h>

/* --- the web process's environment -------------------------------------------------------------------------------- */

/* Other variables of web: the journal's stream (base/log.h); in a test build, its clock and its sanitizers' options. */
static const char *const other_variables[] = {
	"JOURNAL_STREAM",
#ifdef DOUBLETOUR_TEST_HOOKS
	"DOUBLETOUR_TEST_CLOCK",
	"DOUBLETOUR_TEST_FAULTS",
	"DOUBLETOUR_TEST_DUMPABLE",
	"ASAN_OPTIONS",
	"UBSAN_OPTIONS",
	"LSAN_OPTIONS",
	"TSAN_OPTIONS",
#endif
	NULL,
};

/* Append NAME=value and store a pointer to it; ERR_TOO_LONG if it does not fit. */
static err
config_variable_add(struct config_environment *environment, size_t *count, size_t *used, str name, str value)
{
	char *p = environment->storage + *used;
	size_t size = name.n + 1 + value.n + 1;

	if (*count == CONFIG_WEB_VARIABLES_MAX || size > sizeof(environment->storage) - *used)
		return ERR_TOO_LONG;
	memcpy(p, name.p, name.n);
	p[name.n] = '=';
	TRY(str_copy_z(value, p + name.n + 1, value.n + 1));
	environment->variables[*count] = p;
	*count += 1;
	*used += size;
	return ERR_OK;
}

err
config_web_environment(const struct config *config, struct config_environment *ret_environment)
{
	CLEANUP(buf_wipe) struct buf value = BUF(sizeof(ret_environment->storage));
	size_t count = 0, used = 0;

	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		if ((settings[i].flags & SETTING_WEB) == 0)
			continue;
		buf_clear(&value);
		setting_put(&settings[i], config, &value);
		TRY(buf_check(&value));
		TRY(config_variable_add(ret_environment, &count, &used, str_of(settings[i].name), buf_str(&value)));
	}
	for (const char *const *name = other_variables; *name != NULL; name++)
		if (getenv(*name) != NULL)
			TRY(config_variable_add(ret_environment, &count, &used, str_of(*name), str_of(getenv(*name))));
	ret_environment->variables[count] = NULL;
	return ERR_OK;
}

static struct config_location
config_host_and_port(const char *host, uint16_t port)
{
	bool six = str_has_byte(str_of(host), ':');
	struct config_location location;

	snprintf(location.z, sizeof(location.z), six ? "[%s]:%u" : "%s:%u", host, port);
	return location;
}

struct config_location
config_address(const struct config *config)
{
	if (config->listen_path[0] != '\0')
		return (struct config_location){ .z = "" };
	return config_host_and_port(config->host, config->port);
}

struct config_location
config_metrics(const struct config *config)
{
	if (config->metrics.port == 0)
		return (struct config_location){ .z = "" };
	return config_host_and_port(config->metrics.host, config->metrics.port);
}

bool
config_metrics_reach_out(const struct config *config)
{
	return config->metrics.port != 0 && !host_is_loopback(str_of(config->metrics.host));
}

struct config_location
config_listens(const struct config *config)
{
	struct config_location address = config_address(config), location;

	if (config->listen_path[0] != '\0')
		snprintf(location.z, sizeof(location.z), "unix:%s", config->listen_path);
	else
		snprintf(location.z, sizeof(location.z), "http://%.*s", (int)sizeof(location.z) - 8, address.z);
	return location;
}

const char *
config_wall_name(const struct config *config)
{
	return config->wall == WALL_FULL ? "full" : "seccomp";
}

bool
config_trusts(const struct config *config, str address)
{
	struct in6_addr numeric;

	if (value_address(address, &numeric) != ERR_OK)
		return false;
	for (size_t i = 0; i < config->trusted_proxies_count; i++)
		if (network_has(&config->trusted_proxies[i], &numeric))
			return true;
	return false;
}
