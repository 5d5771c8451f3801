/* Loading all settings: defaults, precedence, refused values, and the settings of the web process. */
#include "unit.h"

#include "base/fault.h"
#include "base/clock.h"
#include "base/mem.h"
#include "config/dotenv.h"
#include "config/values.h"
#include "scene.h"

static struct config config;
static struct why why;

static err
load(const char *dotenv)
{
	scene_set(dotenv);
	why = (struct why){ 0 };
	return config_load(&config, &why);
}

static void
config_load_without_anything_gives_the_defaults(void **state)
{
	assert_int_equal(load(NULL), ERR_OK);
	assert_int_equal(config.profile, PROFILE_DEVELOPMENT);
	assert_string_equal(config.data_dir, "./data");
	assert_int_equal(config.database, DATABASE_SQLITE);
	assert_string_equal(config.database_path, "./data/doubletour.sqlite");
	assert_int_equal(config.secret_key_bytes, 0);
	assert_string_equal(config.app_name, "Doubletour");
	assert_string_equal(config.host, "127.0.0.1");
	assert_int_equal(config.port, 5000);
	assert_string_equal(config.public_url, "");
	assert_false(config.public_https);
	assert_false(config.insecure_http);
	assert_int_equal(config.trusted_proxies_count, 0);
	assert_int_equal(config.registration, REGISTRATION_OPEN);
	assert_int_equal(config.password_scheme, SCHEME_ARGON2ID);
	assert_int_equal(config.bcrypt_log_rounds, 13);
	assert_int_equal(config.argon2_memory_kib, 19456);
	assert_int_equal(config.argon2_passes, 2);
	assert_true(config.session_idle_us == MINUTES_US(60));
	assert_true(config.session_lifetime_us == MINUTES_US(24 * 60));
	assert_true(config.session_remember_us == MINUTES_US(30 * 24 * 60));
	assert_int_equal(config.default_language, LANGUAGE_FR);
	assert_int_equal(config.log_level, LOG_INFO);
	assert_int_equal(config.slow_workers, 0);
	assert_int_equal(config.audit_days, 0);
}

static void
config_load_takes_other_defaults_from_the_profile(void **state)
{
	assert_int_equal(load("APP_SETTINGS=production\n"), ERR_OK);
	assert_string_equal(config.database_path, "/var/lib/doubletour/doubletour.sqlite");
	assert_int_equal(config.registration, REGISTRATION_INVITE);
	assert_int_equal(config.audit_days, 365);
	assert_int_equal(load("APP_SETTINGS=production\nAUDIT_DAYS=0\n"), ERR_OK);
	assert_int_equal(config.audit_days, 0);
	assert_int_equal(load("APP_SETTINGS=testing\n"), ERR_OK);
	assert_int_equal(config.audit_days, 0);
	assert_int_equal(config.bcrypt_log_rounds, 4);
	assert_int_equal(config.argon2_memory_kib, 8);
	assert_int_equal(config.argon2_passes, 1);
	assert_int_equal(load("APP_SETTINGS=config.ProductionConfig\n"), ERR_OK);
	assert_int_equal(config.profile, PROFILE_PRODUCTION);
}

static void
config_load_prefers_environment_then_file_then_default(void **state)
{
	struct origins origins;
	size_t port = (size_t)(setting_find(STR("PORT")) - settings);

	scene_set("PORT=6001\nAPP_NAME='From the file'\n");
	setenv("PORT", "6002", 1);
	assert_int_equal(config_load_traced(&config, &origins, &why), ERR_OK);
	assert_int_equal(config.port, 6002);
	assert_string_equal(config.app_name, "From the file");
	assert_int_equal(origins.of[port].kind, FROM_ENVIRONMENT);
	unsetenv("PORT");
	assert_int_equal(config_load_traced(&config, &origins, &why), ERR_OK);
	assert_int_equal(config.port, 6001);
	assert_int_equal(origins.of[port].kind, FROM_FILE);
	assert_int_equal(origins.of[port].line, 1);
	setenv("PORT", "", 1); /* an empty variable selects the default, not the value in the file */
	assert_int_equal(config_load_traced(&config, &origins, &why), ERR_OK);
	assert_int_equal(config.port, 5000);
	assert_int_equal(origins.of[port].kind, FROM_DEFAULT);
}

static void
config_load_accepts_the_tutorials_file_except_its_key(void **state)
{
	assert_int_equal(load("export DEBUG=True\n"
			      "export APP_SETTINGS=config.DevelopmentConfig\n"
			      "export DATABASE_URL=postgresql://me:secret@localhost/db\n"
			      "export FLASK_APP=src\n"
			      "export FLASK_DEBUG=1\n"),
			 ERR_OK);
	assert_int_equal(config.profile, PROFILE_DEVELOPMENT);
	assert_int_equal(config.database, DATABASE_POSTGRES);
}

#define TEXT_10 "0123456789"
#define TEXT_100 TEXT_10 TEXT_10 TEXT_10 TEXT_10 TEXT_10 TEXT_10 TEXT_10 TEXT_10 TEXT_10 TEXT_10

static void
config_load_reads_the_address_of_the_metrics(void **state)
{
	static const struct {
		const char *dotenv, *location;
		bool reaches_out;
	} cases[] = {
		{ "", "", false },
		{ "METRICS=\n", "", false },
		{ "METRICS=127.0.0.1:9980\n", "127.0.0.1:9980", false },
		{ "METRICS=[::1]:9980\n", "[::1]:9980", false },
		{ "METRICS=localhost:65535\n", "localhost:65535", false },
		{ "METRICS=0.0.0.0:1\n", "0.0.0.0:1", true },
		{ "METRICS=[::]:9980\n", "[::]:9980", true },
		{ "METRICS=10.0.0.1:9980\n", "10.0.0.1:9980", true },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(load(cases[i].dotenv), ERR_OK);
		assert_string_equal(config_metrics(&config).z, cases[i].location);
		assert_int_equal(config_metrics_reach_out(&config), cases[i].reaches_out);
	}
}

static void
config_load_reads_each_setting(void **state)
{
	assert_int_equal(load("SECRET_KEY=" GOOD_KEY "\nDATABASE_URL=sqlite:////srv/x y.db\nHOST=::1\nPORT=65535\n"
			      "LISTEN=unix:/run/doubletour/web.sock\n"
			      "PUBLIC_URL=https://Login.Example.org/\nTRUSTED_PROXIES=' 10.0.0.0/8, ::1 '\n"
			      "GATE_DOMAINS='example.org, example.co.uk'\nACCESS_RULES=/etc/access.conf\n"
			      "REGISTRATION=closed\nPASSWORD_SCHEME=bcrypt\nBCRYPT_LOG_ROUNDS=10\nSESSION_IDLE=90s\n"
			      "SESSION_LIFETIME=2d\nSESSION_REMEMBER=7d\nAUDIT_DAYS=365\nDEFAULT_LANGUAGE=en\nLOG_"
			      "FORMAT=json\nLOG_LEVEL="
			      "debug\nHASH_THREADS=3\n"),
			 ERR_OK);
	assert_int_equal(config.secret_key_bytes, 32);
	assert_memory_equal(config.secret_key, GOOD_KEY, 32);
	assert_string_equal(config.database_path, "/srv/x y.db");
	assert_string_equal(config.host, "::1");
	assert_string_equal(config.listen_path, "/run/doubletour/web.sock");
	assert_string_equal(config_listens(&config).z, "unix:/run/doubletour/web.sock");
	assert_string_equal(config_address(&config).z, "");
	assert_int_equal(config.port, 65535);
	assert_string_equal(config.public_url, "https://login.example.org");
	assert_string_equal(config.public_host, "login.example.org");
	assert_true(config.public_https);
	assert_int_equal(config.trusted_proxies_count, 2);
	assert_true(config_trusts(&config, STR("10.1.2.3")));
	assert_int_equal(config.gate_domains_count, 2);
	assert_string_equal(config.gate_domains[0].z, "example.org");
	assert_string_equal(config.gate_domains[1].z, "example.co.uk");
	assert_string_equal(config.access_rules, "/etc/access.conf");
	assert_int_equal(config.registration, REGISTRATION_CLOSED);
	assert_int_equal(config.password_scheme, SCHEME_BCRYPT);
	assert_int_equal(config.bcrypt_log_rounds, 10);
	assert_true(config.session_idle_us == SECONDS_US(90));
	assert_true(config.session_lifetime_us == MINUTES_US(2 * 24 * 60));
	assert_true(config.session_remember_us == MINUTES_US(7 * 24 * 60));
	assert_int_equal(config.audit_days, 365);
	assert_int_equal(config.default_language, LANGUAGE_EN);
	assert_int_equal(config.log_format, LOG_FORMAT_JSON);
	assert_int_equal(config.log_level, LOG_DEBUG);
	assert_int_equal(config.slow_workers, 3);
}

static void
config_load_derives_the_origin_and_the_rp_id(void **state)
{
	static const struct {
		const char *dotenv, *origin, *rp_id, *why;
	} cases[] = {
		{ "", "http://localhost:5000", "localhost", "defaults" },
		{ "PORT=80\n", "http://localhost", "localhost", "the default port of http" },
		{ "APP_SETTINGS=testing\nPORT=8080\n", "http://localhost:8080", "localhost", "another port" },
		{ "PUBLIC_URL=https://Login.Example.org:443/\n", "https://login.example.org", "login.example.org",
		  "lower case, without the default port" },
		{ "PUBLIC_URL=https://login.example.org:8443\n", "https://login.example.org:8443", "login.example.org",
		  "the name has no port" },
		{ "PUBLIC_URL=https://login.example.org\nPASSKEY_RP_ID=Example.org\n", "https://login.example.org",
		  "example.org", "a parent, in capitals" },
		{ "PUBLIC_URL=https://a.b.example.org\nPASSKEY_RP_ID=b.example.org\n", "https://a.b.example.org",
		  "b.example.org", "one of two parents" },
		{ "PUBLIC_URL=https://login.example.org\nPASSKEY_RP_ID=login.example.org\n",
		  "https://login.example.org", "login.example.org", "the host itself" },
		{ "PUBLIC_URL=https://login.example.org\nPASSKEY_RP_ID=\n", "https://login.example.org",
		  "login.example.org", "an empty value counts as not set" },
		{ "PUBLIC_URL=https://192.0.2.1\n", "https://192.0.2.1", "", "IPv4" },
		{ "PUBLIC_URL=https://[2001:db8::1]:444\n", "https://[2001:db8::1]:444", "", "IPv6" },
		{ "PUBLIC_URL=http://127.0.0.1:5000\n", "http://127.0.0.1:5000", "", "this machine by its address" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		unit_note("%s: %s", cases[i].why, cases[i].dotenv);
		assert_int_equal(load(cases[i].dotenv), ERR_OK);
		assert_string_equal(config.public_origin, cases[i].origin);
		assert_string_equal(config.passkey_rp_id, cases[i].rp_id);
	}
}

/* Each refusal returns ERR_CONFIG, names the line or the setting, and does not change the caller's struct. */
static void
config_load_names_the_location_of_an_error(void **state)
{
	static const struct {
		const char *dotenv, *says, *why;
	} cases[] = {
		{ "PORT=1\nPROT=5000\n", ".env, line 2: there is no setting PROT.  Did you mean PORT?", "misspelt" },
		{ "MAIL_SERVER=x\n", ".env, line 1: there is no setting MAIL_SERVER.  `doubletour config example`",
		  "unknown" },
		{ "\nPORT\n", ".env, line 2 has no '='", "no =" },
		{ "PORT=1\nPORT=2\n", ".env, line 2: PORT is already set in line 1", "twice" },
		{ "PORT=0\n", "PORT (.env, line 1) must be a number from 1 to 65535, not \"0\".", "too small" },
		{ "PORT=65536\n", "PORT (.env, line 1)", "too large" },
		{ "PORT=http\n", "not \"http\"", "not a number" },
		{ "APP_SETTINGS=prod\n", "development, testing or production", "an unknown profile" },
		{ "DATA_DIR='a\tb'\n", "DATA_DIR", "a control byte" },
		{ "DATABASE_URL=mysql://h/d\n", "DATABASE_URL (.env, line 1) must be sqlite:///file",
		  "another database" },
		{ "DATABASE_URL=sqlite://\n", "DATABASE_URL", "in memory: a restart would lose all accounts" },
		{ "DATABASE_URL=sqlite:///:memory:\n", "DATABASE_URL", "in memory" },
		{ "DATABASE_URL=sqlite:///x?mode=ro\n", "DATABASE_URL", "a query" },
		{ "DATABASE_URL=sqlite:///folder/\n", "DATABASE_URL", "a folder" },
		{ "SECRET_KEY=fdkjshfhjsdfdskfdsfdcbsjdkfdsdf\n", "was published in a tutorial", "the tutorial's key" },
		{ "SECRET_KEY=short\n", "openssl rand -hex 32",
		  "a short key: the message names the command that makes one" },
		{ "APP_NAME=a:b\n", "APP_NAME", "a colon would split the otpauth label" },
		{ "APP_NAME=' a'\n", "APP_NAME", "a space at the beginning" },
		{ "APP_NAME=12345678901234567890123456789012345678901234567890123456789012345\n", "APP_NAME",
		  "65 bytes" },
		{ "HOST=example.org\n", "HOST", "a host name to listen on" },
		{ "HOST=[::1]\n", "HOST", "brackets" },
		{ "LISTEN=/run/web.sock\n", "LISTEN (.env, line 1) must be unix: and", "no unix: before the path" },
		{ "LISTEN=unix:web.sock\n", "LISTEN (.env, line 1) must be unix: and", "a relative path" },
		{ "LISTEN=unix:/run/\n", "LISTEN (.env, line 1) must be unix: and", "a folder" },
		{ "LISTEN=127.0.0.1:5000\n", "LISTEN (.env, line 1) must be unix: and", "a port" },
		{ "METRICS=9980\n", "METRICS (.env, line 1) must be an address", "no address" },
		{ "METRICS=127.0.0.1\n", "METRICS", "no port" },
		{ "METRICS=127.0.0.1:\n", "METRICS", "an empty port" },
		{ "METRICS=127.0.0.1:0\n", "METRICS", "port 0" },
		{ "METRICS=127.0.0.1:65536\n", "METRICS", "a port that does not exist" },
		{ "METRICS=example.org:9980\n", "METRICS", "a host name to listen on" },
		{ "METRICS=::1:9980\n", "METRICS", "no brackets" },
		{ "METRICS=[127.0.0.1]:9980\n", "METRICS", "brackets around IPv4" },
		{ "METRICS=[::1]\n", "METRICS", "no port" },
		{ "METRICS=unix:/run/metrics.sock\n", "METRICS", "a Unix socket" },
		{ "LISTEN=unix:/" TEXT_100 "/234567\n",
		  "LISTEN (.env, line 1) has a path of 108 bytes; the path of a Unix socket has at most 107",
		  "108 bytes" },
		{ "PUBLIC_URL=login.example.org\n", "PUBLIC_URL", "no scheme" },
		{ "PUBLIC_URL=https://192.0.2.1\nPASSKEY_RP_ID=192.0.2.1\n",
		  "PASSKEY_RP_ID (.env, line 2) is an IP address", "a passkey for an IP address" },
		{ "PASSKEY_RP_ID=https://a.org\n", "PASSKEY_RP_ID (.env, line 1)", "a URL" },
		{ "PUBLIC_URL=https://a.org:444\nPASSKEY_RP_ID=a.org:444\n", "PASSKEY_RP_ID", "a port" },
		{ "PUBLIC_URL=https://a.org\nPASSKEY_RP_ID=.a.org\n", "PASSKEY_RP_ID", "a dot at the beginning" },
		{ "PUBLIC_URL=https://evil-a.org\nPASSKEY_RP_ID=a.org\n",
		  "PASSKEY_RP_ID must be the host of PUBLIC_URL", "the end of a label is not a domain" },
		{ "PUBLIC_URL=https://a.org\nPASSKEY_RP_ID=b.org\n", "PASSKEY_RP_ID must be", "another domain" },
		{ "PUBLIC_URL=https://a.org\nPASSKEY_RP_ID=b.a.org\n", "PASSKEY_RP_ID must be", "a name below" },
		{ "PUBLIC_URL=https://a.org\nPASSKEY_RP_ID=org\n", "PASSKEY_RP_ID must be", "a parent without a dot" },
		{ "PASSKEY_RP_ID=example.org\n", "PASSKEY_RP_ID must be", "PUBLIC_URL is missing" },
		{ "INSECURE_HTTP=maybe\n", "INSECURE_HTTP (.env, line 1) must be 1 or 0", "not a boolean" },
		{ "TRUSTED_PROXIES=10.0.0.0/8,x\n", "TRUSTED_PROXIES", "one network of the list is invalid" },
		{ "GATE_DOMAINS=example.org\n", "PUBLIC_URL", "the gate needs https" },
		{ "GATE_DOMAINS=example.org\nPUBLIC_URL=http://localhost:5000\n", "PUBLIC_URL",
		  "the gate needs https on loopback too" },
		{ "GATE_DOMAINS=org\nPUBLIC_URL=https://a.org\n", "GATE_DOMAINS", "a top-level domain" },
		{ "GATE_DOMAINS=.example.org\nPUBLIC_URL=https://a.org\n", "GATE_DOMAINS", "a dot at the beginning" },
		{ "GATE_DOMAINS=Example.org\nPUBLIC_URL=https://a.org\n", "GATE_DOMAINS", "a capital" },
		{ "GATE_DOMAINS=example.org:443\nPUBLIC_URL=https://a.org\n", "GATE_DOMAINS", "a port" },
		{ "GATE_DOMAINS=*.example.org\nPUBLIC_URL=https://a.org\n", "GATE_DOMAINS", "a star" },
		{ "REGISTRATION=yes\n", "open, invite or closed", "an unknown value" },
		{ "BCRYPT_LOG_ROUNDS=3\n", "BCRYPT_LOG_ROUNDS", "under bcrypt's minimum" },
		{ "BCRYPT_LOG_ROUNDS=19\n", "BCRYPT_LOG_ROUNDS", "one hash would take minutes" },
		{ "SESSION_IDLE=0\n", "SESSION_IDLE", "sessions would expire at once" },
		{ "SESSION_LIFETIME=59s\n", "SESSION_LIFETIME", "less than a minute" },
		{ "SESSION_REMEMBER=367d\n", "SESSION_REMEMBER", "more than a year" },
		{ "DEFAULT_LANGUAGE=de\n", "fr or en", "an unsupported language" },
		{ "HASH_THREADS=61\n", "HASH_THREADS", "more channels than the maximum" },
		{ "APP_SETTINGS=testing\nHOST=0.0.0.0\nPUBLIC_URL=https://a.org\n", "APP_SETTINGS is testing",
		  "reachable" },
		{ "HOST=0.0.0.0\n", "so PUBLIC_URL is required", "all addresses: the accepted Host would be unknown" },
		{ "HOST=192.0.2.1\n", "so PUBLIC_URL is required", "one address: the accepted Host would be unknown" },
		{ "PUBLIC_URL=http://login.example.org\n", "INSECURE_HTTP=1", "unencrypted" },
		{ "SESSION_IDLE=2d\n", "SESSION_IDLE is longer", "the idle timeout would never be reached" },
		{ "BCRYPT_LOG_ROUNDS=9\n", "10 or more", "too low a cost outside testing" },
	};
	static struct config untouched;

	for (size_t i = 0; i < COUNT(cases); i++) {
		unit_note("%s: %s", cases[i].why, cases[i].dotenv);
		memset(&config, 0x5a, sizeof(config));
		untouched = config;
		assert_int_equal(load(cases[i].dotenv), ERR_CONFIG);
		unit_note("%s", why.text);
		assert_non_null(strstr(why.text, cases[i].says));
		assert_memory_equal(&config, &untouched, sizeof(config));
	}
}

static void
config_load_accepts_valid_combinations(void **state)
{
	static const struct {
		const char *dotenv, *why;
	} cases[] = {
		{ "HOST=0.0.0.0\nPUBLIC_URL=http://localhost:5000\n", "a container on the user's machine" },
		{ "HOST=::\nPUBLIC_URL=https://a.org\n", "behind a reverse proxy" },
		{ "PUBLIC_URL=http://[::1]:5000\n", "loopback" },
		{ "PUBLIC_URL=http://a.org\nINSECURE_HTTP=1\n", "allowed by INSECURE_HTTP" },
		{ "APP_SETTINGS=testing\nHOST=localhost\n", "loopback by its name" },
		{ "APP_SETTINGS=testing\nHOST=0.0.0.0\nLISTEN=unix:/run/web.sock\n", "LISTEN overrides HOST" },
		{ "LISTEN=unix:/" TEXT_100 "/23456\n", "a path of 107 bytes" },
		{ "LISTEN=\n", "no Unix socket" },
		{ "APP_SETTINGS=testing\nBCRYPT_LOG_ROUNDS=4\n", "a low cost in testing" },
		{ "SESSION_IDLE=24h\n", "an idle timeout as long as the lifetime" },
		{ "PUBLIC_URL=\nSECRET_KEY=\n", "an empty value is like no value" },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		unit_note("%s", cases[i].why);
		assert_int_equal(load(cases[i].dotenv), ERR_OK);
	}
}

static void
config_load_shows_no_secret_in_a_refusal(void **state)
{
	assert_int_equal(load("SECRET_KEY=my-own-short-secret\n"), ERR_CONFIG);
	assert_null(strstr(why.text, "my-own"));
	assert_int_equal(load("DATABASE_URL=pgsql://me:hunter2@host/db\n"), ERR_CONFIG);
	assert_null(strstr(why.text, "hunter2"));
}

static void
config_load_refuses_a_key_that_everyone_may_read(void **state)
{
	scene_set("SECRET_KEY=" GOOD_KEY "\n");
	assert_int_equal(chmod(".env", 0644), 0);
	assert_int_equal(config_load(&config, &why), ERR_CONFIG);
	assert_string_equal(why.text, ".env contains SECRET_KEY, and every user may read it.  Run `chmod o-r .env`.");
	setenv("SECRET_KEY", GOOD_KEY, 1); /* the file still contains a secret */
	assert_int_equal(config_load(&config, &why), ERR_CONFIG);
	unsetenv("SECRET_KEY");
	assert_int_equal(chmod(".env", 0640), 0); /* the group of the service may read it */
	assert_int_equal(config_load(&config, &why), ERR_OK);
	scene_set("PORT=1\n");
	assert_int_equal(chmod(".env", 0644), 0); /* the file has no secret */
	assert_int_equal(config_load(&config, &why), ERR_OK);
}

static void
config_load_refuses_irregular_and_oversized_files(void **state)
{
	char *big = mem_new(DOTENV_MAX_BYTES + 2);

	scene_set(NULL);
	assert_int_equal(mkdir(".env", 0700), 0);
	assert_int_equal(config_load(&config, &why), ERR_CONFIG);
	assert_non_null(strstr(why.text, "Name a regular file"));
	assert_int_equal(rmdir(".env"), 0);
	assert_int_equal(mkfifo(".env", 0600), 0); /* config_load() must not wait for a writer */
	assert_int_equal(config_load(&config, &why), ERR_CONFIG);
	assert_non_null(big);
	memset(big, '#', DOTENV_MAX_BYTES + 1);
	assert_int_equal(load(big), ERR_CONFIG);
	assert_non_null(strstr(why.text, "longer than"));
	mem_free(&big);
}

#ifdef DOUBLETOUR_TEST_HOOKS
static void
config_load_reports_a_failed_allocation(void **state)
{
	scene_set("PORT=1\n");
	fault_set(FAULT_MEMORY, 1, false);
	assert_int_equal(config_load(&config, &why), ERR_MEMORY);
	fault_set(FAULT_MEMORY, 0, false);
}
#endif

/* --- the web process's settings ----------------------------------------------------------------------------------- */

static bool
has_variable(const struct config_environment *environment, const char *text)
{
	for (size_t i = 0; environment->variables[i] != NULL; i++)
		if (strstr(environment->variables[i], text) != NULL)
			return true;
	return false;
}

static void
config_web_environment_holds_no_secret(void **state)
{
	static struct config_environment environment;

	assert_int_equal(load("SECRET_KEY=" GOOD_KEY "\nDATABASE_URL=sqlite:///hidden.db\nDATA_DIR=/hidden\n"), ERR_OK);
	assert_int_equal(config_web_environment(&config, &environment), ERR_OK);
	assert_true(has_variable(&environment, "PORT=5000"));
	assert_false(has_variable(&environment, GOOD_KEY));
	assert_false(has_variable(&environment, "hidden"));
	assert_false(has_variable(&environment, "SECRET_KEY"));
	assert_false(has_variable(&environment, "DATABASE_URL"));
	assert_false(has_variable(&environment, "DATA_DIR"));
	assert_false(has_variable(&environment, "PATH="));
}

static void
config_load_web_reads_back_the_web_environment(void **state)
{
	static struct config_environment environment;
	static struct config web;

	assert_int_equal(load("APP_NAME='A & B \"C\" $D'\nHOST=::\nPORT=81\nPUBLIC_URL=https://[2001:db8::1]:444\n"
			      "TRUSTED_PROXIES=10.0.0.0/8,2001:db8::/32,0.0.0.0/0,::/0\nREGISTRATION=invite\n"
			      "SESSION_IDLE=61\nSESSION_LIFETIME=100m\nSESSION_REMEMBER=0\nDEFAULT_LANGUAGE=en\nLOG_"
			      "FORMAT=json\nLOG_LEVEL=error\n"),
			 ERR_OK);
	assert_int_equal(config_web_environment(&config, &environment), ERR_OK);
	scene_set("PORT=9999\nNONSENSE\n"); /* web reads no file */
	for (size_t i = 0; environment.variables[i] != NULL; i++)
		assert_int_equal(putenv(environment.variables[i]), 0);
	setenv("SECRET_KEY", GOOD_KEY, 1); /* web must ignore the key */
	assert_int_equal(config_load_web(&web, &why), ERR_OK);
	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		if ((settings[i].flags & SETTING_WEB) != 0) {
			unit_note("%s", settings[i].name);
			assert_memory_equal((char *)&web + settings[i].offset, (char *)&config + settings[i].offset,
					    settings[i].size);
		}
	assert_true(web.public_https);
	assert_string_equal(web.public_host, "[2001:db8::1]:444");
	assert_string_equal(web.public_origin, "https://[2001:db8::1]:444");
	assert_int_equal(web.trusted_proxies_count, 4);
	assert_int_equal(web.secret_key_bytes, 0);
	assert_string_equal(web.data_dir, "");
}

/* --- the table ---------------------------------------------------------------------------------------------------- */

static void
settings_table_is_consistent(void **state)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		const struct setting *s = &settings[i];
		unit_note("%s", s->name);
		assert_ptr_equal(setting_find(str_of(s->name)), s); /* names are unique */
		assert_non_null(s->takes);
		assert_non_null(s->help);
		assert_true((s->flags & SETTING_IGNORED) != 0 || s->size > 0);
		assert_true((s->flags & SETTING_SECRET) == 0 || (s->flags & SETTING_WEB) == 0);
		for (unsigned p = 0; p < PROFILE_COUNT; p++)
			if (s->defaults[p] != NULL)
				assert_int_equal(setting_parse(s, str_of(s->defaults[p]), &config, &why), ERR_OK);
	}
}

/* SQLAlchemy names its driver in the scheme. The tutorial's .env stays valid. */
static void
a_driver_in_a_database_address_is_dropped(void **state)
{
	static const struct {
		const char *url, *path;
		unsigned database;
	} cases[] = {
		{ "sqlite+pysqlite:///db.sqlite", "db.sqlite", DATABASE_SQLITE },
		{ "sqlite+aiosqlite:////srv/db.sqlite", "/srv/db.sqlite", DATABASE_SQLITE },
		{ "postgresql+psycopg2://u:p@h/d", "postgresql://u:p@h/d", DATABASE_POSTGRES },
		{ "postgresql+psycopg://u@h/d?sslmode=require", "postgresql://u@h/d?sslmode=require",
		  DATABASE_POSTGRES },
		{ "postgres+asyncpg://h/d", "postgres://h/d", DATABASE_POSTGRES },
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct config other = { 0 };
		assert_int_equal(config_database(str_of(cases[i].url), &other), ERR_OK);
		assert_int_equal(other.database, cases[i].database);
		assert_string_equal(other.database_path, cases[i].path);
	}
	assert_int_equal(value_database_url(STR("mysql+pymysql://h/d")), ERR_INVALID);
	assert_int_equal(value_database_url(STR("sqlite+pysqlite:///:memory:")), ERR_INVALID);
	assert_int_equal(value_database_url(STR("sqlite+pysqlite://")), ERR_INVALID);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_driver_in_a_database_address_is_dropped),
		cmocka_unit_test(config_load_without_anything_gives_the_defaults),
		cmocka_unit_test(config_load_takes_other_defaults_from_the_profile),
		cmocka_unit_test(config_load_prefers_environment_then_file_then_default),
		cmocka_unit_test(config_load_accepts_the_tutorials_file_except_its_key),
		cmocka_unit_test(config_load_reads_the_address_of_the_metrics),
		cmocka_unit_test(config_load_reads_each_setting),
		cmocka_unit_test(config_load_derives_the_origin_and_the_rp_id),
		cmocka_unit_test(config_load_names_the_location_of_an_error),
		cmocka_unit_test(config_load_accepts_valid_combinations),
		cmocka_unit_test(config_load_shows_no_secret_in_a_refusal),
		cmocka_unit_test(config_load_refuses_a_key_that_everyone_may_read),
		cmocka_unit_test(config_load_refuses_irregular_and_oversized_files),
#ifdef DOUBLETOUR_TEST_HOOKS
		cmocka_unit_test(config_load_reports_a_failed_allocation),
#endif
		cmocka_unit_test(config_web_environment_holds_no_secret),
		cmocka_unit_test(config_load_web_reads_back_the_web_environment),
		cmocka_unit_test(settings_table_is_consistent),
	};

	return cmocka_run_group_tests(tests, scene_open, scene_close);
}
