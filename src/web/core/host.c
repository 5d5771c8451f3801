#include "web/core/host.h"

#include "base/authority.h"

static unsigned
host_default_port(const struct config *config)
{
	return config->public_https ? PORT_HTTPS : PORT_HTTP;
}

static bool
host_is_local(str host)
{
	static const str local[] = { STR_INIT("localhost"), STR_INIT("127.0.0.1"), STR_INIT("[::1]") };

	for (size_t i = 0; i < COUNT(local); i++)
		if (str_equal_nocase(host, local[i]))
			return true;
	return false;
}

/* For 127.0.0.1 and [::1]: localhost at the same port. */
static bool
host_put_localhost_port(const struct config *config, str host, struct buf *out)
{
	struct authority asked;

	if (authority_read(host, host_default_port(config), &asked) != ERR_OK || !host_is_local(asked.host) ||
	    str_equal_nocase(asked.host, STR("localhost")))
		return false;
	buf_put(out, STR("localhost"));
	if (asked.port != host_default_port(config))
		buf_printf(out, ":%u", asked.port);
	return true;
}

const char *
host_address(const struct config *config, const struct config_location *listens)
{
	bool local = str_equal(str_of(config->host), STR("::1")) || host_is_local(str_of(config->host));

	return config->public_url[0] != '\0' || (config->listen_path[0] == '\0' && local) ? config->public_origin
											  : listens->z;
}

bool
host_put_localhost(const struct config *config, str host, struct buf *out)
{
	CLEANUP(buf_wipe) struct buf better = BUF(sizeof("localhost:65535"));

	if (config->profile == PROFILE_PRODUCTION || !host_put_localhost_port(config, host, &better) ||
	    buf_check(&better) != ERR_OK || !host_ours(config, buf_str(&better)))
		return false;
	buf_put(out, config->public_https ? STR("https://") : STR("http://"));
	buf_put(out, buf_str(&better));
	return true;
}

bool
host_ours(const struct config *config, str host)
{
	struct authority asked, ours;

	if (config->public_host[0] != '\0' && str_equal(host, str_of(config->public_host))) /* nearly always */
		return true;
	if (authority_read(host, host_default_port(config), &asked) != ERR_OK)
		return false;
	if (config->public_host[0] == '\0')
		return host_is_local(asked.host);
	return authority_read(str_of(config->public_host), host_default_port(config), &ours) == ERR_OK &&
	       authority_equal(&asked, &ours);
}

bool
host_same_origin(const struct config *config, str host, str origin)
{
	str scheme = config->public_https ? STR("https://") : STR("http://");
	struct authority page, asked;

	return str_starts(origin, scheme) &&
	       authority_read(str_from(origin, scheme.n), host_default_port(config), &page) == ERR_OK &&
	       authority_read(host, host_default_port(config), &asked) == ERR_OK && authority_equal(&page, &asked);
}

void
host_put_right(const struct config *config, struct buf *out)
{
	buf_put(out, str_of(config->public_origin));
}
