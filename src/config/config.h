/*
 * Settings.  One table, settings.def, defines the parser, `config show`, `config check`, .env.example and the manual.
 *
 *	CLEANUP(config_wipe) struct config config;
 *	struct why why = { 0 };
 *	if (config_load(&config, &why) != ERR_OK) { fputs(why.text, stderr); return 78; }
 *
 * Precedence: the environment, then the settings file (locate.h), then the default.  A file may give a secret
 * (secret_file.h).
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include "base/err.h"
#include "base/log.h"
#include "base/str.h"
#include "config/accent.h"

#include <stdbool.h>
#include <stdint.h>
#include <netinet/in.h>

enum config_profile { PROFILE_DEVELOPMENT, PROFILE_TESTING, PROFILE_PRODUCTION };
enum config_registration { REGISTRATION_CLOSED = 0, REGISTRATION_INVITE, REGISTRATION_OPEN };
enum config_scheme { SCHEME_ARGON2ID, SCHEME_BCRYPT };
enum config_language { LANGUAGE_FR, LANGUAGE_EN, LANGUAGE_COUNT };
enum config_wall { WALL_FULL = 0, WALL_SECCOMP }; /* the sandbox of the web process: web/core/sandbox.h */
enum config_upgrade { UPGRADE_REFUSE = 0, UPGRADE_AUTO };
enum config_database { DATABASE_SQLITE, DATABASE_POSTGRES };

/* An address range: IPv4 as v4-mapped IPv6. */
struct config_network {
	struct in6_addr address;
	unsigned prefix_bits; /* 0 to 128 */
};

/* A protected domain: lower case, with at least one dot inside. */
struct config_domain {
	char z[254];
};

/* The address of the metrics. */
struct config_metrics {
	char host[64];
	uint16_t port; /* 0: none */
};

enum { CONFIG_TEXT_MAX = 1024, CONFIG_NETWORKS_MAX = 32, CONFIG_DOMAINS_MAX = 16, CONFIG_KEY_MAX = 256 };

struct config {
/* One member for each setting. */
#define SETTING(member, ...) member;
#define WITHOUT_EFFECT(name)
#include "config/settings.def"
#undef SETTING
#undef WITHOUT_EFFECT

	/* Values that are derived from the settings. */
	enum config_database database;
	char database_path[CONFIG_TEXT_MAX]; /* SQLite: the file, absolute, or from the working directory.
					      * PostgreSQL: the URL for libpq; may contain a password */
	char database_name[CONFIG_TEXT_MAX]; /* the same without a password, for messages */
	bool public_https;                   /* PUBLIC_URL is https: secure cookies, HSTS */
	char public_host[256];               /* host[:port] of PUBLIC_URL, lower case; "" when unset */
	char public_origin[CONFIG_TEXT_MAX]; /* PUBLIC_URL, or http://localhost:PORT: lower case, no default port */
	unsigned argon2_memory_kib;          /* 19456; 8 in testing, the lowest allowed */
	unsigned argon2_passes;              /* 2; 1 in testing */
};

/*
 * Read environment, settings file and defaults; then check the settings together.  ERR_CONFIG with a sentence that
 * names file and line.  With a settings file, a process of root becomes the user that owns DATA_DIR (base/user.h), for
 * good.
 */
MUST_USE err config_load(struct config *ret_config, struct why *why);

/* A setting from an option of the command line.  It overrides the environment, and messages name the option. */
struct config_option {
	const char *setting, *option; /* "PORT", "--port" */
	const char *value;            /* NULL: not given */
};
struct origins; /* load.h */
MUST_USE err config_load_with(struct config *ret_config, struct origins *ret_origins,
			      const struct config_option *options, size_t n, struct why *why);

/*
 * The web process gets its settings as an environment with only the settings that the table marks for web: never
 * SECRET_KEY, DATABASE_URL or DATA_DIR.  config_web_environment writes the strings into storage; config_load_web reads
 * them.
 */
enum { CONFIG_WEB_VARIABLES_MAX = 48 };
struct config_environment {
	char storage[16 * 1024];
	char *variables[CONFIG_WEB_VARIABLES_MAX + 1]; /* NULL-terminated, for execve */
};
MUST_USE err config_web_environment(const struct config *config, struct config_environment *ret_environment);
MUST_USE err config_load_web(struct config *ret_config, struct why *why);

/*
 * Fill in database, database_path and database_name from a URL in the form of DATABASE_URL.  ERR_INVALID: malformed.
 * ERR_CONFIG: ambiguous.
 */
MUST_USE err config_database(str url, struct config *config);

void config_wipe(struct config *config);

/*
 * The address that the server listens on, in the form of its log and settings: http://127.0.0.1:5000, or
 * unix:/run/doubletour/web.sock.  For proxies only the address: 127.0.0.1:5000, [::1]:5000; "" for a Unix socket.
 */
struct config_location {
	char z[300];
};
struct config_location config_listens(const struct config *config);
struct config_location config_address(const struct config *config);

/* The sandbox of the web process: "full" or "seccomp".  A server that runs has the one that WALL names. */
const char *config_wall_name(const struct config *config);

/* The address of METRICS, for logs and messages: 127.0.0.1:9980, [::1]:9980; "" without metrics. */
struct config_location config_metrics(const struct config *config);

/* Can programs on other machines read the metrics? */
bool config_metrics_reach_out(const struct config *config);

/* Is the address (numeric text) in one of the networks of TRUSTED_PROXIES? */
bool config_trusts(const struct config *config, str address);

#endif
