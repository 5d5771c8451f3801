#include "config/settings.h"

#include "base/clock.h"
#include "base/dsn.h"
#include "config/nearest.h"
#include "config/values.h"

#include <arpa/inet.h>

/* --- kinds: how a value is read, and how it is written so that it can be read again --------------------------------- */

static void
number_store(void *at, size_t size, uint64_t number)
{
	if (size == sizeof(uint16_t))
		*(uint16_t *)at = (uint16_t)number;
	else if (size == sizeof(uint32_t))
		*(uint32_t *)at = (uint32_t)number;
	else
		*(uint64_t *)at = number;
}

static uint64_t
number_load(const void *at, size_t size)
{
	if (size == sizeof(uint16_t))
		return *(const uint16_t *)at;
	if (size == sizeof(uint32_t))
		return *(const uint32_t *)at;
	return *(const uint64_t *)at;
}

static err
number_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	uint64_t number = 0;

	TRY(str_number(value, setting->max, &number));
	if (number < setting->min)
		return ERR_INVALID;
	number_store(at, setting->size, number);
	return ERR_OK;
}

static void
number_put(const struct setting *setting, const void *at, struct buf *out)
{
	buf_put_number(out, (int64_t)number_load(at, setting->size));
}

static const struct setting_kind kind_number = { number_parse, number_put };

static err
choice_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	for (const struct setting_choice *c = setting->choices; c->word != NULL; c++)
		if (str_equal_nocase(value, str_of(c->word))) {
			number_store(at, setting->size, c->value);
			return ERR_OK;
		}
	return ERR_INVALID;
}

static void
choice_put(const struct setting *setting, const void *at, struct buf *out)
{
	uint64_t value = number_load(at, setting->size);

	for (const struct setting_choice *c = setting->choices; c->word != NULL; c++)
		if (c->value == value) {
			buf_put(out, str_of(c->word));
			return;
		}
}

static const struct setting_kind kind_choice = { choice_parse, choice_put };

static err
duration_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	int64_t us = 0;

	TRY(value_duration(value, &us));
	if (us < SECONDS_US(setting->min) || us > SECONDS_US(setting->max))
		return ERR_INVALID;
	*(int64_t *)at = us;
	return ERR_OK;
}

static void
duration_put(const struct setting *setting, const void *at, struct buf *out)
{
	int64_t seconds = *(const int64_t *)at / SECONDS_US(1);
	int64_t unit = seconds % 3600 == 0 ? 3600 : seconds % 60 == 0 ? 60 : 1;

	buf_put_number(out, seconds / unit);
	buf_put_byte(out, unit == 3600 ? 'h' : unit == 60 ? 'm' : 's');
}

static const struct setting_kind kind_duration = { duration_parse, duration_put };

static err
flag_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	return value_flag(value, at);
}

static void
flag_put(const struct setting *setting, const void *at, struct buf *out)
{
	buf_put_byte(out, *(const bool *)at ? '1' : '0');
}

static const struct setting_kind kind_flag = { flag_parse, flag_put };

static err
text_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	if (value.n < setting->min || value.n > setting->max || !str_is_visible(value))
		return ERR_INVALID;
	return str_copy_z(value, at, setting->size);
}

static void
text_put(const struct setting *setting, const void *at, struct buf *out)
{
	buf_put(out, str_of(at));
}

static const struct setting_kind kind_text = { text_parse, text_put };

/* The issuer in otpauth://totp/ISSUER:NAME, which a colon would cut elsewhere. */
static err
app_name_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	if (str_has_byte(value, ':') || !str_equal(str_trim(value), value))
		return ERR_INVALID;
	return text_parse(setting, value, at, why);
}

static const struct setting_kind kind_app_name = { app_name_parse, text_put };

static err
host_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	struct in6_addr address;

	if (!str_equal_nocase(value, STR("localhost")) && value_address(value, &address) != ERR_OK)
		return ERR_INVALID;
	return text_parse(setting, value, at, why);
}

static const struct setting_kind kind_host = { host_parse, text_put };

/* unix:/path; the member holds the path.  Empty: HOST and PORT count. */
static err
listen_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	str path = str_from(value, STR("unix:").n);

	if (str_empty(value))
		return str_copy_z(value, at, setting->size);
	if (!str_starts(value, STR("unix:/")) || !str_is_visible(path) || path.p[path.n - 1] == '/')
		return ERR_INVALID;
	if (str_copy_z(path, at, setting->size) != ERR_OK)
		return why_set(why, ERR_CONFIG, "names a path of %zu bytes, and a Unix socket's has at most %zu",
			       path.n, setting->size - 1);
	return ERR_OK;
}

static void
listen_put(const struct setting *setting, const void *at, struct buf *out)
{
	if (*(const char *)at != '\0')
		buf_printf(out, "unix:%s", (const char *)at);
}

static const struct setting_kind kind_listen = { listen_parse, listen_put };

static err
public_url_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	char url[CONFIG_TEXT_MAX], host[256];
	bool https = false;

	if (str_empty(value))
		return str_copy_z(value, at, setting->size);
	if (value_public_url(value, url, sizeof(url), host, sizeof(host), &https) != ERR_OK)
		return ERR_INVALID;
	return str_copy_z(str_of(url), at, setting->size);
}

static const struct setting_kind kind_public_url = { public_url_parse, text_put };

static err
database_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	err e = value_database_url(value);

	if (e == ERR_CONFIG)
		return why_set(why, e, "cannot be read in one way only: %s", dsn_how);
	TRY(e);
	return text_parse(setting, value, at, why);
}

static const struct setting_kind kind_database = { database_parse, text_put };

static err
key_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	struct config *config = (struct config *)((char *)at - offsetof(struct config, secret_key));
	const char *refused = key_check(value);

	if (refused != NULL)
		return why_set(why, ERR_CONFIG,
			       "%s.  Delete it, and a key file is made at first start; or make a key of your own: "
			       "openssl rand -hex 32",
			       refused);
	memcpy(config->secret_key, value.p, value.n);
	config->secret_key_bytes = value.n;
	return ERR_OK;
}

static void
key_put(const struct setting *setting, const void *at, struct buf *out)
{
	const struct config *config = (const struct config *)((const char *)at - offsetof(struct config, secret_key));

	buf_put(out, str_bytes(config->secret_key, config->secret_key_bytes));
}

static const struct setting_kind kind_key = { key_parse, key_put };

/* The next of a list that commas or spaces part; empty at the end. */
static str
next_of_list(str *rest)
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
networks_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	struct config *config = (struct config *)((char *)at - offsetof(struct config, trusted_proxies));
	size_t n = 0;

	for (str one = next_of_list(&value); one.n > 0; one = next_of_list(&value)) {
		if (n == CONFIG_NETWORKS_MAX)
			return why_set(why, ERR_CONFIG, "names more than %d networks", CONFIG_NETWORKS_MAX);
		TRY(value_network(one, &config->trusted_proxies[n++]));
	}
	config->trusted_proxies_count = n;
	return ERR_OK;
}

static void
network_put(const struct config_network *network, struct buf *out)
{
	bool v4 = IN6_IS_ADDR_V4MAPPED(&network->address) && network->prefix_bits >= 96;
	const void *address = v4 ? &network->address.s6_addr[12] : network->address.s6_addr;
	char text[INET6_ADDRSTRLEN];

	if (inet_ntop(v4 ? AF_INET : AF_INET6, address, text, sizeof(text)) != NULL)
		buf_printf(out, "%s/%u", text, network->prefix_bits - (v4 ? 96 : 0));
}

static void
networks_put(const struct setting *setting, const void *at, struct buf *out)
{
	const struct config *config =
	    (const struct config *)((const char *)at - offsetof(struct config, trusted_proxies));

	for (size_t i = 0; i < config->trusted_proxies_count; i++) {
		buf_put(out, i == 0 ? STR("") : STR(","));
		network_put(&config->trusted_proxies[i], out);
	}
}

static const struct setting_kind kind_networks = { networks_parse, networks_put };

/* A name as a cookie may have it for a domain: letters, digits, hyphens, and a dot within; more than a top-level domain. */
static bool
domain_good(str domain)
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
domains_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	struct config *config = (struct config *)((char *)at - offsetof(struct config, gate_domains));
	size_t n = 0;

	for (str one = next_of_list(&value); one.n > 0; one = next_of_list(&value)) {
		if (n == CONFIG_DOMAINS_MAX)
			return why_set(why, ERR_CONFIG, "names more than %d domains", CONFIG_DOMAINS_MAX);
		if (!domain_good(one) ||
		    str_copy_z(one, config->gate_domains[n].z, sizeof(config->gate_domains[n].z)) != ERR_OK)
			return ERR_INVALID;
		n++;
	}
	config->gate_domains_count = n;
	return ERR_OK;
}

static void
domains_put(const struct setting *setting, const void *at, struct buf *out)
{
	const struct config *config = (const struct config *)((const char *)at - offsetof(struct config, gate_domains));

	for (size_t i = 0; i < config->gate_domains_count; i++) {
		buf_put(out, i == 0 ? STR("") : STR(","));
		buf_put(out, str_of(config->gate_domains[i].z));
	}
}

static const struct setting_kind kind_domains = { domains_parse, domains_put };

static err
ignored_parse(const struct setting *setting, str value, void *at, struct why *why)
{
	return ERR_OK;
}

static void
ignored_put(const struct setting *setting, const void *at, struct buf *out)
{
}

static const struct setting_kind kind_ignored = { ignored_parse, ignored_put };

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
#define IGNORED(n) { .name = n, .kind = &kind_ignored, .flags = SETTING_IGNORED, .takes = "anything", .help = "" }

/* APP_SETTINGS is first: the defaults of the others depend on it. */
const struct setting settings[] = {
	{ .name = "APP_SETTINGS", .kind = &kind_choice, MEMBER(profile), .flags = SETTING_WEB,
	  SAME("development"), .choices = profiles,
	  .takes = "development, testing or production",
	  .help = "The profile, which decides the defaults of other settings.  testing hashes passwords at the lowest cost "
		  "and listens on this machine only; no profile switches a defence off.",
	  .example = "production" },
	{ .name = "DATA_DIR", .kind = &kind_text, MEMBER(data_dir),
	  BY_PROFILE("./data", "./data", "/var/lib/doubletour"), .min = 1, .max = 900,
	  .takes = "the path of a folder",
	  .help = "The folder where the database and the key file live.",
	  .example = "/var/lib/doubletour" },
	{ .name = "DATABASE_URL", .kind = &kind_database, MEMBER(database_url), .max = CONFIG_TEXT_MAX - 1,
	  .takes = "sqlite:///file (relative), sqlite:////absolute/file or postgresql://user:password@host/name",
	  .help = "The database.  Without it, the file doubletour.sqlite in DATA_DIR.  In a user name or a password write @ as %40, "
		  "/ as %2F, ? as %3F, : as %3A, # as %23 and % as %25.",
	  .example = "sqlite:////var/lib/doubletour/doubletour.sqlite" },
	{ .name = "SECRET_KEY", .kind = &kind_key, MEMBER(secret_key), .flags = SETTING_SECRET, .min = 32, .max = CONFIG_KEY_MAX,
	  .takes = "32 to 256 bytes that nobody can guess",
	  .help = "The master key: what seals the second factors.  Without it a key file, readable by you alone, is made in "
		  "DATA_DIR at first start.  A published, short or world-readable key is refused.  Make one with: "
		  "openssl rand -hex 32" },
	{ .name = "APP_NAME", .kind = &kind_app_name, MEMBER(app_name), .flags = SETTING_WEB,
	  SAME("Doubletour"), .min = 1, .max = 64,
	  .takes = "1 to 64 bytes of text without a colon or a space at its ends",
	  .help = "The name on the pages, and in the authenticator app.",
	  .example = "\"Example & Sons\"" },
	{ .name = "HOST", .kind = &kind_host, MEMBER(host), .flags = SETTING_WEB,
	  SAME("127.0.0.1"), .max = 64,
	  .takes = "an IPv4 or IPv6 address of this machine, or localhost",
	  .help = "The address to listen on.  One that others can reach needs PUBLIC_URL.",
	  .example = "0.0.0.0" },
	{ .name = "PORT", .kind = &kind_number, MEMBER(port), .flags = SETTING_WEB,
	  SAME("5000"), .min = 1, .max = 65535,
	  .takes = "a number from 1 to 65535",
	  .help = "The port to listen on.",
	  .example = "8080" },
	{ .name = "LISTEN", .kind = &kind_listen, MEMBER(listen_path), .flags = SETTING_WEB,
	  .takes = "unix: and the absolute path of a socket",
	  .help = "A Unix socket to listen on, in place of HOST and PORT.  Its mode is 0660 and its group that of the "
		  "folder, where the folder has the setgid bit: for example `install -d -m 2750 -o doubletour -g www-data "
		  "/run/doubletour`.  Whoever may connect to it is believed as one of TRUSTED_PROXIES is.  A socket that "
		  "systemd passes (LISTEN_FDS) goes before LISTEN.",
	  .example = "unix:/run/doubletour/web.sock" },
	{ .name = "PUBLIC_URL", .kind = &kind_public_url, MEMBER(public_url), .flags = SETTING_WEB,
	  .takes = "https://host or https://host:port, without a path",
	  .help = "The address that people type.  It decides how cookies are protected, which Host is answered, and absolute "
		  "links.  Without it, http://localhost and localhost and the loopback addresses, at any port.  http is accepted for localhost "
		  "only, unless INSECURE_HTTP=1.",
	  .example = "https://login.example.org" },
	{ .name = "INSECURE_HTTP", .kind = &kind_flag, MEMBER(insecure_http), .flags = SETTING_WEB,
	  SAME("0"),
	  .takes = "1 or 0",
	  .help = "Accept a PUBLIC_URL with http for other hosts than localhost: passwords and codes then travel in the clear.",
	  .example = "0" },
	{ .name = "TRUSTED_PROXIES", .kind = &kind_networks, MEMBER(trusted_proxies), .flags = SETTING_WEB,
	  .takes = "a list of networks like 10.0.0.0/8, ::1 with no bit set behind the prefix",
	  .help = "The reverse proxies whose X-Forwarded-* and X-Original-* are believed, and which may ask the gate.  None by "
		  "default.  127.0.0.1 stands for every program on this machine, whoever runs it: where others have accounts, use "
		  "LISTEN with a Unix socket instead.",
	  .example = "127.0.0.1,10.0.0.0/8" },
	{ .name = "GATE_DOMAINS", .kind = &kind_domains, MEMBER(gate_domains), .flags = SETTING_WEB,
	  .takes = "a list of domains like example.org, example.net, in lower case and without a port",
	  .help = "The domains whose applications are protected behind a reverse proxy, with all that is below them.  None by "
		  "default.  Needs a PUBLIC_URL with https.",
	  .example = "example.org" },
	{ .name = "ACCESS_RULES", .kind = &kind_text, MEMBER(access_rules), .flags = SETTING_WEB, .max = CONFIG_TEXT_MAX - 1,
	  .takes = "the path of a file",
	  .help = "The file of rules: who may see which protected address, and what they must have proved.  Without it, whoever "
		  "is signed in with both factors may see all of them.",
	  .example = "/etc/doubletour/access.conf" },
	{ .name = "REGISTRATION", .kind = &kind_choice, MEMBER(registration), .flags = SETTING_WEB,
	  BY_PROFILE("open", "open", "invite"), .choices = registrations,
	  .takes = "open, invite or closed",
	  .help = "Who may make an account: anyone, whoever was invited, or nobody.",
	  .example = "closed" },
	{ .name = "PASSWORD_SCHEME", .kind = &kind_choice, MEMBER(password_scheme),
	  SAME("argon2id"), .choices = schemes,
	  .takes = "argon2id or bcrypt",
	  .help = "How new passwords are hashed.  Others still verify, and are hashed anew at the next sign-in.",
	  .example = "argon2id" },
	{ .name = "BCRYPT_LOG_ROUNDS", .kind = &kind_number, MEMBER(bcrypt_log_rounds),
	  BY_PROFILE("13", "4", "13"), .min = 4, .max = 18,
	  .takes = "a number from 10 to 18, in the testing profile from 4",
	  .help = "The cost of bcrypt: each step doubles the time.",
	  .example = "13" },
	{ .name = "SESSION_IDLE", .kind = &kind_duration, MEMBER(session_idle_us), .flags = SETTING_WEB,
	  SAME("1h"), .min = 60, .max = 366 * 86400,
	  .takes = "a duration like 90s, 30m, 1h or 2d, from one minute to a year",
	  .help = "A session ends when nothing was asked for so long.",
	  .example = "30m" },
	{ .name = "SESSION_LIFETIME", .kind = &kind_duration, MEMBER(session_lifetime_us), .flags = SETTING_WEB,
	  SAME("24h"), .min = 60, .max = 366 * 86400,
	  .takes = "a duration like 90s, 30m, 1h or 2d, from one minute to a year",
	  .help = "A session ends so long after signing in, whatever happens.",
	  .example = "12h" },
	{ .name = "AUDIT_DAYS", .kind = &kind_number, MEMBER(audit_days),
	  BY_PROFILE("0", "0", "365"), .min = 0, .max = 3660,
	  .takes = "a number of days from 0 to 3660",
	  .help = "How long the audit is kept: who signed in and tried to, when and from where; 0: for good.",
	  .example = "365" },
	{ .name = "DEFAULT_LANGUAGE", .kind = &kind_choice, MEMBER(default_language), .flags = SETTING_WEB,
	  SAME("fr"), .choices = languages,
	  .takes = "fr or en",
	  .help = "The language of who has chosen none and whose browser asks for none that we have.",
	  .example = "en" },
	{ .name = "LOG_FORMAT", .kind = &kind_choice, MEMBER(log_format), .flags = SETTING_WEB,
	  SAME("auto"), .choices = log_formats,
	  .takes = "auto, text, json or terminal",
	  .help = "How a line of the log looks.  auto: coloured in a terminal, else text.",
	  .example = "json" },
	{ .name = "LOG_LEVEL", .kind = &kind_choice, MEMBER(log_level), .flags = SETTING_WEB,
	  SAME("info"), .choices = log_levels,
	  .takes = "error, warning, notice, info or debug",
	  .help = "The least that is logged.",
	  .example = "notice" },
	{ .name = "HEAD_MAX_KIB", .kind = &kind_number, MEMBER(head_max_kib), .flags = SETTING_WEB,
	  SAME("16"), .min = 16, .max = 64,
	  .takes = "a number from 16 to 64",
	  .help = "How many KiB the request line and the header fields of a request may have together; more are answered with 431.  "
		  "An application behind the gate with very large cookies needs more.",
	  .example = "32" },
	{ .name = "HASH_THREADS", .kind = &kind_number, MEMBER(slow_workers),
	  SAME("0"), .min = 0, .max = 60,
	  .takes = "a number from 0 to 60",
	  .help = "How many passwords are hashed at the same time; 0: as many as the machine has cores.",
	  .example = "2" },
	IGNORED("DEBUG"),
	IGNORED("FLASK_APP"),
	IGNORED("FLASK_DEBUG"),
	IGNORED("FLASK_ENV"),
};
/* clang-format on */
const size_t settings_count = COUNT(settings);

/* --- by name ------------------------------------------------------------------------------------------------------ */

const struct setting *
setting_find(str name)
{
	for (size_t i = 0; i < settings_count; i++)
		if (str_equal(name, str_of(settings[i].name)))
			return &settings[i];
	return NULL;
}

const struct setting *
setting_nearest(str name)
{
	const struct setting *nearest = NULL;
	size_t least = SIZE_MAX;

	for (size_t i = 0; i < settings_count; i++) {
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
