#include "config/settings.h"

#include "base/clock.h"
#include "base/dsn.h"
#include "config/nearest.h"
#include "config/values.h"

#include <arpa/inet.h>

/* --- kinds: each reads a value, and writes it so that it can be read again ---------------------------------------- */

static void
settings_number_store(void *at, size_t size, uint64_t number)
{
	if (size == sizeof(uint16_t))
		*(uint16_t *)at = (uint16_t)number;
	else if (size == sizeof(uint32_t))
		*(uint32_t *)at = (uint32_t)number;
	else
		*(uint64_t *)at = number;
}

static uint64_t
settings_number_load(const void *at, size_t size)
{
	if (size == sizeof(uint16_t))
		return *(const uint16_t *)at;
	if (size == sizeof(uint32_t))
		return *(const uint32_t *)at;
	return *(const uint64_t *)at;
}

static err
settings_number_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	uint64_t number = 0;

	TRY(str_number(value, setting->max, &number));
	if (number < setting->min)
		return ERR_INVALID;
	settings_number_store(at, setting->size, number);
	return ERR_OK;
}

static void
settings_number_put(const struct setting *setting, const void *at, struct buf *out)
{
	buf_put_number(out, (int64_t)settings_number_load(at, setting->size));
}

static const struct setting_kind kind_number = { settings_number_parse, settings_number_put };

static err
settings_choice_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	for (const struct setting_choice *c = setting->choices; c->word != NULL; c++)
		if (str_equal_nocase(value, str_of(c->word))) {
			settings_number_store(at, setting->size, c->value);
			return ERR_OK;
		}
	return ERR_INVALID;
}

static void
settings_choice_put(const struct setting *setting, const void *at, struct buf *out)
{
	uint64_t value = settings_number_load(at, setting->size);

	for (const struct setting_choice *c = setting->choices; c->word != NULL; c++)
		if (c->value == value) {
			buf_put(out, str_of(c->word));
			return;
		}
}

static const struct setting_kind kind_choice = { settings_choice_parse, settings_choice_put };

static err
settings_duration_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	int64_t us = 0;

	TRY(value_duration(value, &us));
	if (us < SECONDS_US(setting->min) || us > SECONDS_US(setting->max))
		return ERR_INVALID;
	*(int64_t *)at = us;
	return ERR_OK;
}

static void
settings_duration_put(const struct setting *setting, const void *at, struct buf *out)
{
	int64_t seconds = *(const int64_t *)at / SECONDS_US(1);
	int64_t unit = seconds % 3600 == 0 ? 3600 : seconds % 60 == 0 ? 60 : 1;

	buf_put_number(out, seconds / unit);
	buf_put_byte(out, unit == 3600 ? 'h' : unit == 60 ? 'm' : 's');
}

static const struct setting_kind kind_duration = { settings_duration_parse, settings_duration_put };

static err
settings_flag_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	return value_flag(value, at);
}

static void
settings_flag_put(const struct setting *setting, const void *at, struct buf *out)
{
	buf_put_byte(out, *(const bool *)at ? '1' : '0');
}

static const struct setting_kind kind_flag = { settings_flag_parse, settings_flag_put };

static err
settings_text_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	if (value.n < setting->min || value.n > setting->max || !str_is_visible(value))
		return ERR_INVALID;
	return str_copy_z(value, at, setting->size);
}

static void
settings_text_put(const struct setting *setting, const void *at, struct buf *out)
{
	buf_put(out, str_of(at));
}

static const struct setting_kind kind_text = { settings_text_parse, settings_text_put };

/* The issuer in otpauth://totp/ISSUER:NAME; a colon in it would end it early. */
static err
settings_app_name_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	if (str_has_byte(value, ':') || !str_equal(str_trim(value), value))
		return ERR_INVALID;
	return settings_text_parse(setting, value, at, why);
}

static const struct setting_kind kind_app_name = { settings_app_name_parse, settings_text_put };

static err
settings_accent_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	return accent_parse(value, at, why);
}

static void
settings_accent_put(const struct setting *setting, const void *at, struct buf *out)
{
	const struct config_accent *accent = at;

	buf_put(out, str_of(accent->light));
	buf_put(out, accent->dark[0] == '\0' ? STR("") : STR(","));
	buf_put(out, str_of(accent->dark));
}

static const struct setting_kind kind_accent = { settings_accent_parse, settings_accent_put };

static err
settings_host_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	struct in6_addr address;

	if (!str_equal_nocase(value, STR("localhost")) && value_address(value, &address) != ERR_OK)
		return ERR_INVALID;
	return settings_text_parse(setting, value, at, why);
}

static const struct setting_kind kind_host = { settings_host_parse, settings_text_put };

/* unix:/path; the member gets the path.  If empty, HOST and PORT apply. */
static err
settings_listen_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	str path = str_from(value, STR("unix:").n);

	if (str_empty(value))
		return str_copy_z(value, at, setting->size);
	if (!str_starts(value, STR("unix:/")) || !str_is_visible(path) || path.p[path.n - 1] == '/')
		return ERR_INVALID;
	if (str_copy_z(path, at, setting->size) != ERR_OK)
		return why_set(why, ERR_CONFIG, "has a path of %zu bytes; the path of a Unix socket has at most %zu",
			       path.n, setting->size - 1);
	return ERR_OK;
}

static void
settings_listen_put(const struct setting *setting, const void *at, struct buf *out)
{
	if (*(const char *)at != '\0')
		buf_printf(out, "unix:%s", (const char *)at);
}

static const struct setting_kind kind_listen = { settings_listen_parse, settings_listen_put };

/* The host of host:port without the brackets of an IPv6 address; empty: it is malformed. */
static str
settings_metrics_host(str host)
{
	bool brackets = host.n > 2 && host.p[0] == '[' && host.p[host.n - 1] == ']';
	struct in6_addr address;

	if (brackets)
		host = str_bytes(host.p + 1, host.n - 2);
	if (!brackets && str_equal_nocase(host, STR("localhost")))
		return host;
	return brackets == str_has_byte(host, ':') && value_address(host, &address) == ERR_OK ? host : STR("");
}

/* host:port or [v6]:port; an empty value means no metrics. */
static err
settings_metrics_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	str host = host_without_port(value), port = str_from(value, host.n + 1);
	struct config_metrics metrics = { .port = 0 };
	uint64_t number = 0;

	if (!str_empty(value)) {
		host = settings_metrics_host(host);
		if (str_empty(host) || str_number(port, UINT16_MAX, &number) != ERR_OK || number == 0)
			return ERR_INVALID;
		metrics.port = (uint16_t)number;
		TRY(str_copy_z(host, metrics.host, sizeof(metrics.host)));
	}
	*(struct config_metrics *)at = metrics;
	return ERR_OK;
}

static void
settings_metrics_put(const struct setting *setting, const void *at, struct buf *out)
{
	const struct config *config = (const struct config *)((const char *)at - offsetof(struct config, metrics));
	struct config_location location = config_metrics(config);

	buf_put(out, str_of(location.z));
}

static const struct setting_kind kind_metrics = { settings_metrics_parse, settings_metrics_put };

static err
settings_public_url_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	char url[CONFIG_TEXT_MAX], host[256];
	bool https = false;

	if (str_empty(value))
		return str_copy_z(value, at, setting->size);
	if (value_public_url(value, url, sizeof(url), host, sizeof(host), &https) != ERR_OK)
		return ERR_INVALID;
	return str_copy_z(str_of(url), at, setting->size);
}

static const struct setting_kind kind_public_url = { settings_public_url_parse, settings_text_put };

static err
settings_rp_id_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	if (str_empty(value))
		return str_copy_z(value, at, setting->size);
	if (host_is_address(value))
		return why_set(why, ERR_CONFIG, "is an IP address; browsers make passkeys only for host names");
	return value_host_name(value, at, setting->size);
}

static const struct setting_kind kind_rp_id = { settings_rp_id_parse, settings_text_put };

/* An empty value means no contact. */
static err
settings_contact_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	if (!str_empty(value))
		TRY(value_contact(value));
	return settings_text_parse(setting, value, at, why);
}

static const struct setting_kind kind_contact = { settings_contact_parse, settings_text_put };

static err
settings_database_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	err e = value_database_url(value);

	if (e == ERR_CONFIG)
		return why_set(why, e, "is ambiguous: %s", dsn_how);
	TRY(e);
	return settings_text_parse(setting, value, at, why);
}

static const struct setting_kind kind_database = { settings_database_parse, settings_text_put };

static err
settings_key_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	struct config *config = (struct config *)((char *)at - offsetof(struct config, secret_key));
	const char *refused = key_check(value);

	if (refused != NULL)
		return why_set(why, ERR_CONFIG,
			       "%s.  Delete it: the server makes a key file at the first start.  Or make your own key: "
			       "openssl rand -hex 32",
			       refused);
	memcpy(config->secret_key, value.p, value.n);
	config->secret_key_bytes = value.n;
	return ERR_OK;
}

static void
settings_key_put(const struct setting *setting, const void *at, struct buf *out)
{
	const struct config *config = (const struct config *)((const char *)at - offsetof(struct config, secret_key));

	buf_put(out, str_bytes(config->secret_key, config->secret_key_bytes));
}

static const struct setting_kind kind_key = { settings_key_parse, settings_key_put };

/* The next item of a list that is separated by commas or spaces; empty at the end. */
static str
settings_next_of_list(str *rest)
{
	static const char parting[] = ", \t";
	size_t from = 0, to;

	while (from < rest->n && str_has_byte(str_of(parting), rest->p[from]))
		from++;
	for (to = from; to < rest->n && !str_has_byte(str_of(parting), rest->p[to]);)
		to++;
	str one = str_bytes(rest->p + from, to - from);
	*rest = str_from(*rest, to);
	return one;
}

static err
settings_networks_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	struct config *config = (struct config *)((char *)at - offsetof(struct config, trusted_proxies));
	size_t n = 0;

	for (str one = settings_next_of_list(&value); one.n > 0; one = settings_next_of_list(&value)) {
		if (n == CONFIG_NETWORKS_MAX)
			return why_set(why, ERR_CONFIG, "has more than %d networks", CONFIG_NETWORKS_MAX);
		TRY(value_network(one, &config->trusted_proxies[n++]));
	}
	config->trusted_proxies_count = n;
	return ERR_OK;
}

static void
settings_network_put(const struct config_network *network, struct buf *out)
{
	bool v4 = IN6_IS_ADDR_V4MAPPED(&network->address) && network->prefix_bits >= 96;
	const void *address = v4 ? &network->address.s6_addr[12] : network->address.s6_addr;
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(v4 ? AF_INET : AF_INET6, address, text, sizeof(text)) != NULL)
		buf_printf(out, "%s/%u", text, network->prefix_bits - (v4 ? 96 : 0));
}

static void
settings_networks_put(const struct setting *setting, const void *at, struct buf *out)
{
	const struct config *config =
	    (const struct config *)((const char *)at - offsetof(struct config, trusted_proxies));

	for (size_t i = 0; i < config->trusted_proxies_count; i++) {
		buf_put(out, i == 0 ? STR("") : STR(","));
		settings_network_put(&config->trusted_proxies[i], out);
	}
}

static const struct setting_kind kind_networks = { settings_networks_parse, settings_networks_put };

/* A domain name that a cookie may have: letters, digits, hyphens, and a dot inside, so not a top-level domain. */
static bool
settings_domain_good(str domain)
{
	for (size_t i = 0; i < domain.n; i++) {
		char c = domain.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.'))
			return false;
	}
	return domain.n > 2 && str_has_byte(str_upto(str_from(domain, 1), domain.n - 2), '.') && domain.p[0] != '.' &&
	       domain.p[domain.n - 1] != '.' && host_without_port(domain).n == domain.n;
}

static err
settings_domains_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	struct config *config = (struct config *)((char *)at - offsetof(struct config, gate_domains));
	size_t n = 0;

	for (str one = settings_next_of_list(&value); one.n > 0; one = settings_next_of_list(&value)) {
		if (n == CONFIG_DOMAINS_MAX)
			return why_set(why, ERR_CONFIG, "has more than %d domains", CONFIG_DOMAINS_MAX);
		if (!settings_domain_good(one) ||
		    str_copy_z(one, config->gate_domains[n].z, sizeof(config->gate_domains[n].z)) != ERR_OK)
			return ERR_INVALID;
		n++;
	}
	config->gate_domains_count = n;
	return ERR_OK;
}

static void
settings_domains_put(const struct setting *setting, const void *at, struct buf *out)
{
	const struct config *config = (const struct config *)((const char *)at - offsetof(struct config, gate_domains));

	for (size_t i = 0; i < config->gate_domains_count; i++) {
		buf_put(out, i == 0 ? STR("") : STR(","));
		buf_put(out, str_of(config->gate_domains[i].z));
	}
}

static const struct setting_kind kind_domains = { settings_domains_parse, settings_domains_put };

static err
settings_ignored_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	return ERR_OK;
}

static void
settings_ignored_put(const struct setting *setting, const void *at, struct buf *out)
{
}

static const struct setting_kind kind_ignored = { settings_ignored_parse, settings_ignored_put };

/* --- the table ---------------------------------------------------------------------------------------------------- */

/* clang-format off */
static const struct setting_choice profiles[] = {
	{ "development", PROFILE_DEVELOPMENT }, { "config.DevelopmentConfig", PROFILE_DEVELOPMENT },
	{ "testing",     PROFILE_TESTING },     { "config.TestingConfig",     PROFILE_TESTING },
	{ "production",  PROFILE_PRODUCTION },  { "config.ProductionConfig",  PROFILE_PRODUCTION },
	{ NULL, 0 },
};
static const struct setting_choice registrations[] = {
	{ "open", REGISTRATION_OPEN }, { "invite", REGISTRATION_INVITE }, { "closed", REGISTRATION_CLOSED }, { NULL, 0 },
};
static const struct setting_choice walls[] = {
	{ "full", WALL_FULL }, { "seccomp", WALL_SECCOMP }, { NULL, 0 },
};
static const struct setting_choice upgrades[] = {
	{ "refuse", UPGRADE_REFUSE }, { "auto", UPGRADE_AUTO }, { NULL, 0 },
};
static const struct setting_choice schemes[] = {
	{ "argon2id", SCHEME_ARGON2ID }, { "bcrypt", SCHEME_BCRYPT }, { NULL, 0 },
};
static const struct setting_choice languages[] = {
	{ "fr", LANGUAGE_FR }, { "en", LANGUAGE_EN }, { NULL, 0 },
};
static const struct setting_choice log_formats[] = {
	{ "auto", LOG_FORMAT_AUTO }, { "text", LOG_FORMAT_TEXT }, { "json", LOG_FORMAT_JSON },
	{ "terminal", LOG_FORMAT_TERMINAL }, { NULL, 0 },
};
static const struct setting_choice log_levels[] = {
	{ "error", LOG_ERROR }, { "warning", LOG_WARNING }, { "notice", LOG_NOTICE }, { "info", LOG_INFO },
	{ "debug", LOG_DEBUG }, { NULL, 0 },
};

#define MEMBER(m) .offset = offsetof(struct config, m), .size = sizeof(((struct config *)0)->m)
#define SAME(text) .defaults = { text, text, text }
#define BY_PROFILE(development, testing, production) .defaults = { development, testing, production }

#define SETTING(member, ...) { __VA_ARGS__ },
#define WITHOUT_EFFECT(n) { .name = n, .kind = &kind_ignored, .flags = SETTING_IGNORED, .takes = "anything", .help = "" },
const struct setting settings[SETTINGS_COUNT] = {
#include "config/settings.def"
};
#undef SETTING
#undef WITHOUT_EFFECT
/* clang-format on */

/* --- by name ------------------------------------------------------------------------------------------------------ */

const struct setting *
setting_find(str name)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		if (str_equal(name, str_of(settings[i].name)))
			return &settings[i];
	return NULL;
}

const struct setting *
setting_nearest(str name)
{
	const struct setting *nearest = NULL;
	size_t least = SIZE_MAX;

	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		size_t distance = nearest_distance(name, str_of(settings[i].name));
		if (distance < least) {
			least = distance;
			nearest = &settings[i];
		}
	}
	return nearest_is_near(least, name.n) ? nearest : NULL;
}

err
setting_parse(const struct setting *setting, str value, struct config *config, struct why *why)
{
	return setting->kind->parse(setting, value, (char *)config + setting->offset, why);
}

void
setting_put(const struct setting *setting, const struct config *config, struct buf *out)
{
	setting->kind->put(setting, (const char *)config + setting->offset, out);
}
