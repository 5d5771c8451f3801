#include "config/load.h"

#include "base/dsn.h"
#include "base/file.h"
#include "base/secret.h"
#include "base/user.h"
#include "config/dotenv.h"
#include "config/values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

_Static_assert(sizeof(enum config_profile) == sizeof(uint32_t), "choices are stored as 32-bit numbers");

/* The given value of each row of settings[]. */
struct given {
	str value[SETTINGS_COUNT]; /* p == NULL: not given */
	str path[SETTINGS_COUNT];  /* NAME_FILE */
	struct origins origins, path_origins;
};

/* The texts of secret files. */
struct secrets {
	struct buf of[SETTINGS_COUNT];
};

static void
config_load_secrets_wipe(struct secrets *secrets)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		buf_wipe(&secrets->of[i]);
}

static size_t
config_load_index_of(const struct setting *setting)
{
	return (size_t)(setting - settings);
}

/* --- the settings file -------------------------------------------------------------------------------------------- */

struct file_text {
	int fd; /* -1: there is no file */
	struct buf text;
	bool open_to_all; /* anyone on this machine may read it */
};

static void
config_load_file_text_wipe(struct file_text *file)
{
	buf_wipe(&file->text);
	file_close(&file->fd);
}

err
config_check_readable(const struct settings_file *file, struct why *why)
{
	if (file->by == LOCATE_NONE || user_became() == NULL || access(file->path, R_OK) == 0)
		return ERR_OK;
	return why_set(
	    why, ERR_DENIED,
	    "The server runs as the user %s, who cannot read the settings file %.150s again: SIGHUP keeps the "
	    "old settings.  Run `chgrp %u %.150s && chmod g+r %.150s`.",
	    user_became(), file->path, (unsigned)getegid(), file->path, file->path);
}

/* The file was named or seen, so it is an error if it is missing. */
static err
config_load_file_refuse(const struct settings_file *where, err e, struct why *why)
{
	static const char *const names[] = {
		[LOCATE_OPTION] = "--settings", [LOCATE_VARIABLE] = "DOUBLETOUR_SETTINGS"
	};

	if (e == ERR_NOT_FOUND && locate_is_named(where))
		return why_set(
		    why, ERR_CONFIG,
		    "The settings file %.300s, named by %s, does not exist.  Correct the path, or create the "
		    "file.",
		    where->path, names[where->by]);
	if (config_check_readable(where, why) != ERR_OK)
		return ERR_CONFIG;
	if (e == ERR_DENIED && where->by == LOCATE_SYSTEM && access(where->path, R_OK) != 0)
		return why_set(why, ERR_CONFIG,
			       "The file %.300s cannot be opened: %s.  Run the command as root or as the user of the "
			       "service, or use --settings.",
			       where->path, strerror(errno));
	return e == ERR_MEMORY ? e : ERR_CONFIG;
}

/* Without a file the text is empty.  For root, config_load_settle_user checks the owner. */
static err
config_load_read_file(const struct settings_file *where, struct file_text *file, struct why *why)
{
	err e;

	if (where->by == LOCATE_NONE)
		return ERR_OK;
	e = file_open(where->path, user_is_root() ? FILE_OF_ONE : FILE_TRUSTED, why, &file->fd);
	if (e == ERR_OK) {
		file->open_to_all = file_is_world_readable(file->fd);
		e = file_read_open(file->fd, where->path, &file->text, why);
	}
	return e == ERR_OK ? e : config_load_file_refuse(where, e, why);
}

static err
config_load_unknown_name(const char *path, const struct dotenv_entry *entry, struct why *why)
{
	const struct setting *nearest = setting_nearest(entry->name);
	str name = str_upto(entry->name, 60);

	if (nearest != NULL)
		return why_set(why, ERR_CONFIG, "%.200s, line %u: there is no setting %.*s.  Did you mean %s?", path,
			       entry->line, STR_ARG(name), nearest->name);
	return why_set(why, ERR_CONFIG,
		       "%.200s, line %u: there is no setting %.*s.  `doubletour config example` lists all settings.",
		       path, entry->line, STR_ARG(name));
}

static err
config_load_take_value(const char *path, const struct dotenv_entry *entry, str *value, struct origin *origin,
		       struct why *why)
{
	if (value->p != NULL)
		return why_set(why, ERR_CONFIG,
			       "%.200s, line %u: %.*s is already set in line %u.  Delete one of the two lines.", path,
			       entry->line, STR_ARG(entry->name), origin->line);
	*value = entry->value;
	*origin = (struct origin){ .kind = FROM_FILE, .file = path, .line = entry->line };
	return ERR_OK;
}

static err
config_load_take_entry(const struct dotenv_entry *entry, struct given *given, struct why *why)
{
	const char *path = given->origins.file.path;
	const struct setting *setting = setting_find(entry->name), *secret = secret_file_setting(entry->name);
	size_t i;

	if (setting == NULL && secret == NULL)
		return config_load_unknown_name(path, entry, why);
	i = config_load_index_of(setting != NULL ? setting : secret);
	if (setting != NULL)
		return config_load_take_value(path, entry, &given->value[i], &given->origins.of[i], why);
	return config_load_take_value(path, entry, &given->path[i], &given->path_origins.of[i], why);
}

static err
config_load_take_file(struct file_text *file, struct given *given, struct why *why)
{
	const char *path = given->origins.file.path;
	struct dotenv dotenv = dotenv_of(file->text.p, file->text.n);
	struct dotenv_entry entry;
	bool more = true;

	if (str_is_utf16(buf_str(&file->text)))
		return why_set(why, ERR_CONFIG, "%.300s is UTF-16.  Save it as UTF-8.", path);
	for (;;) {
		struct why line = { 0 };
		if (dotenv_next(&dotenv, &entry, &more, &line) != ERR_OK)
			return why_set(why, ERR_CONFIG, "%.200s, line %u %s.", path, dotenv.line, line.text);
		if (!more)
			return ERR_OK;
		TRY(config_load_take_entry(&entry, given, why));
	}
}

/* "SECRET_KEY", "a password in DATABASE_URL"; NULL: the value is not secret. */
static const char *
config_load_secret_in(const struct setting *setting, str value, char *ret_text, size_t size)
{
	bool secret = (setting->flags & SETTING_SECRET) != 0 && !str_empty(value);
	bool password = (setting->flags & SETTING_PASSWORD) != 0 && dsn_has_secret(value);

	snprintf(ret_text, size, "%s%s", password ? "a password in " : "", setting->name);
	return secret || password ? ret_text : NULL;
}

/* Every user may read the file: refuse a secret in it, even one that the environment overrides. */
static err
config_load_check_secrets(const struct given *given, struct why *why)
{
	const char *path = given->origins.file.path;
	char text[80];

	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		if (config_load_secret_in(&settings[i], given->value[i], text, sizeof(text)) != NULL)
			return why_set(why, ERR_CONFIG,
				       "%.200s contains %s, and every user may read it.  Run `chmod o-r %.200s`.", path,
				       text, path);
	return ERR_OK;
}

static void
config_load_take_variable(const char *text, str *value, struct origin *origin)
{
	if (text == NULL)
		return;
	*value = str_of(text);
	*origin = (struct origin){ .kind = FROM_ENVIRONMENT };
}

static void
config_load_take_environment(struct given *given)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		config_load_take_variable(getenv(settings[i].name), &given->value[i], &given->origins.of[i]);
		if ((settings[i].flags & SETTING_FROM_FILE) != 0)
			config_load_take_variable(secret_file_variable(&settings[i]), &given->path[i],
						  &given->path_origins.of[i]);
	}
}

static void
config_load_take_options(struct given *given, const struct config_option *options, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct setting *setting = setting_find(str_of(options[i].setting));
		if (setting == NULL || options[i].value == NULL)
			continue;
		given->value[config_load_index_of(setting)] = str_of(options[i].value);
		given->origins.of[config_load_index_of(setting)] =
		    (struct origin){ .kind = FROM_OPTION, .option = options[i].option };
	}
}

/* --- where a value comes from ------------------------------------------------------------------------------------- */

struct where {
	char z[SECRET_PATH_MAX + 64];
};

/* "PORT (.env, line 3)", "PORT (environment)", "--port", "SECRET_KEY (/run/secrets/key)" */
static struct where
config_load_where(const char *name, const struct origin *origin)
{
	struct where where;

	if (origin->kind == FROM_OPTION)
		snprintf(where.z, sizeof(where.z), "%s", origin->option);
	else if (origin->kind == FROM_FILE)
		snprintf(where.z, sizeof(where.z), "%s (%.200s, line %u)", name, origin->file, origin->line);
	else if (origin->kind == FROM_SECRET_FILE)
		snprintf(where.z, sizeof(where.z), "%s (%s)", name, origin->secret.path);
	else
		snprintf(where.z, sizeof(where.z), "%s (environment)", name);
	return where;
}

/* "SECRET_KEY_FILE (environment)" */
static struct where
config_load_where_path(const struct given *given, size_t i)
{
	char name[64];

	snprintf(name, sizeof(name), "%s_FILE", settings[i].name);
	return config_load_where(name, &given->path_origins.of[i]);
}

/* --- secrets in files --------------------------------------------------------------------------------------------- */

static err
config_load_refuse_two(const char *first, const char *second, struct why *why)
{
	return why_set(why, ERR_CONFIG, "%s and %s are both set.  Delete one of them.", first, second);
}

/* A value, NAME_FILE and a credential: at most one may be given, so that no program uses another secret by mistake. */
static err
config_load_check_sources(const struct given *given, size_t i, const struct secret_file *credential, struct why *why)
{
	bool by_value = !str_empty(given->value[i]), by_path = !str_empty(given->path[i]);
	struct where value = config_load_where(settings[i].name, &given->origins.of[i]),
		     path = config_load_where_path(given, i);
	char third[SECRET_PATH_MAX + 32];

	snprintf(third, sizeof(third), "the credential %s", credential->path);
	if (by_value && by_path)
		return config_load_refuse_two(value.z, path.z, why);
	if (credential->path[0] != '\0' && (by_value || by_path))
		return config_load_refuse_two(by_value ? value.z : path.z, third, why);
	return ERR_OK;
}

static err
config_load_read_path(const struct given *given, size_t i, struct buf *ret_value, struct secret_file *ret_file,
		      struct why *why)
{
	struct why sentence = { 0 };
	err e = secret_file_read(given->path[i], ret_value, ret_file, &sentence);

	return e == ERR_OK ? e : why_set(why, e, "%s: %s", config_load_where_path(given, i).z, sentence.text);
}

/* text is empty before, and holds the value afterwards if a file gave it. */
static err
config_load_take_secret(struct given *given, size_t i, struct buf *text, struct why *why)
{
	struct origin origin = { .kind = FROM_SECRET_FILE };

	TRY(secret_file_credential(&settings[i], text, &origin.secret, why));
	TRY(config_load_check_sources(given, i, &origin.secret, why));
	if (!str_empty(given->path[i]))
		TRY(config_load_read_path(given, i, text, &origin.secret, why));
	if (origin.secret.path[0] == '\0')
		return ERR_OK;
	given->value[i] = buf_str(text);
	given->origins.of[i] = origin;
	return ERR_OK;
}

static err
config_load_take_secrets(struct given *given, struct secrets *secrets, struct why *why)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++) {
		secrets->of[i] = (struct buf)BUF(SECRET_FILE_MAX_BYTES);
		if ((settings[i].flags & SETTING_FROM_FILE) != 0)
			TRY(config_load_take_secret(given, i, &secrets->of[i], why));
	}
	return ERR_OK;
}

/* --- from texts to settings --------------------------------------------------------------------------------------- */

static err
config_load_refuse(const struct setting *setting, const struct origin *origin, str value, struct why *why)
{
	bool hidden = (setting->flags & SETTING_FROM_FILE) != 0 ||
		      str_has_byte(value, '@'); /* a URL may contain a password, in any setting */
	struct where where = config_load_where(setting->name, origin);

	if (hidden || !str_utf8_valid(value))
		return why_set(why, ERR_CONFIG, "%s must be %s.", where.z, setting->takes);
	return why_set(why, ERR_CONFIG, "%s must be %s, not \"%.*s\".", where.z, setting->takes,
		       STR_ARG(str_upto(value, 80)));
}

static err
config_load_apply_value(const struct setting *setting, const struct origin *origin, str value, struct config *config,
			struct why *why)
{
	struct why predicate = { 0 };
	err e = setting_parse(setting, value, config, &predicate);

	if (e == ERR_OK)
		return e;
	if (e != ERR_CONFIG)
		return config_load_refuse(setting, origin, value, why);
	return why_set(why, ERR_CONFIG, "%s %s.", config_load_where(setting->name, origin).z, predicate.text);
}

/* An empty value means the default, so that NAME= works in a file or a container's configuration. */
static err
config_load_apply(const struct setting *setting, struct given *given, struct config *config, struct why *why)
{
	size_t i = config_load_index_of(setting);
	const char *standard = setting->defaults[config->profile];

	if (!str_empty(given->value[i]) || given->origins.of[i].kind == FROM_OPTION)
		return config_load_apply_value(setting, &given->origins.of[i], given->value[i], config, why);
	given->origins.of[i] = (struct origin){ .kind = FROM_DEFAULT };
	return standard == NULL ? ERR_OK : setting_parse(setting, str_of(standard), config, why);
}

static err
config_load_apply_all(struct given *given, unsigned only_flags, struct config *config, struct why *why)
{
	for (size_t i = 0; i < SETTINGS_COUNT; i++)
		if ((settings[i].flags & only_flags) == only_flags && (settings[i].flags & SETTING_IGNORED) == 0)
			TRY(config_load_apply(&settings[i], given, config, why));
	return ERR_OK;
}

/* --- values that are derived from the settings -------------------------------------------------------------------- */

/*
 * In testing the lowest cost that libargon2 accepts, otherwise the recommendation of OWASP's cheat sheet on password
 * storage.
 */
static void
config_load_derive_argon2(struct config *config)
{
	bool testing = config->profile == PROFILE_TESTING;

	config->argon2_memory_kib = testing ? 8 : 19456;
	config->argon2_passes = testing ? 1 : 2;
}

static err
config_load_derive_origin(struct config *config)
{
	char local[sizeof("http://localhost:65535")], host[sizeof(local)];
	bool https = false;

	if (config->public_url[0] != '\0')
		return value_public_url(str_of(config->public_url), config->public_origin,
					sizeof(config->public_origin), config->public_host, sizeof(config->public_host),
					&config->public_https);
	snprintf(local, sizeof(local), "http://localhost:%u", (unsigned)config->port);
	return value_public_url(str_of(local), config->public_origin, sizeof(config->public_origin), host, sizeof(host),
				&https);
}

/* The host of the public origin, without its port. */
static str
config_load_public_name(const struct config *config)
{
	str scheme = config->public_https ? STR("https://") : STR("http://");

	return host_without_port(str_from(str_of(config->public_origin), scheme.n));
}

static err
config_load_derive_public(struct config *config)
{
	TRY(config_load_derive_origin(config));
	str name = config_load_public_name(config);
	if (config->passkey_rp_id[0] != '\0' || host_is_address(name))
		return ERR_OK;
	return str_copy_z(name, config->passkey_rp_id, sizeof(config->passkey_rp_id));
}

/* SQLAlchemy writes its driver in the scheme; libpq does not accept that. */
static err
config_load_derive_postgres(struct config *config, str url)
{
	CLEANUP(buf_wipe) struct buf name = BUF(4 * CONFIG_TEXT_MAX);
	str scheme = { 0 }, rest = { 0 };

	(void)value_url_split(url, &scheme, &rest);
	snprintf(config->database_path, sizeof(config->database_path), "%.*s://%.*s", STR_ARG(scheme), STR_ARG(rest));
	dsn_put(url, &name);
	TRY(buf_check(&name));
	return str_copy_z(str_upto(buf_str(&name), sizeof(config->database_name) - 1), config->database_name,
			  sizeof(config->database_name));
}

static err
config_load_derive_database(struct config *config, struct why *why)
{
	int n = 0;

	if (config->database_url[0] == '\0')
		n = snprintf(config->database_url, sizeof(config->database_url), "sqlite:///%s/doubletour.sqlite",
			     config->data_dir);
	if (n < 0 || (size_t)n >= sizeof(config->database_url))
		return why_set(why, ERR_CONFIG, "The path in DATA_DIR is too long.  Choose a shorter one.");
	return config_database(str_of(config->database_url), config);
}

err
config_database(str url, struct config *config)
{
	str scheme = { 0 }, rest = { 0 }, path;

	TRY(value_database_url(url));
	(void)value_url_split(url, &scheme, &rest);
	config->database = str_equal(scheme, STR("sqlite")) ? DATABASE_SQLITE : DATABASE_POSTGRES;
	if (config->database == DATABASE_POSTGRES)
		return config_load_derive_postgres(config, url);
	path = str_from(rest, 1);
	TRY(str_copy_z(path, config->database_path, sizeof(config->database_path)));
	return str_copy_z(path, config->database_name, sizeof(config->database_name));
}

/* --- checks of several settings together -------------------------------------------------------------------------- */

/* Can programs on other machines connect? */
static bool
config_load_reaches_out(const struct config *config)
{
	return config->listen_path[0] == '\0' && !host_is_loopback(str_of(config->host));
}

static bool
config_load_testing_reaches_out(const struct config *config)
{
	return config->profile == PROFILE_TESTING && config_load_reaches_out(config);
}

static bool
config_load_host_without_url(const struct config *config)
{
	return config_load_reaches_out(config) && config->public_url[0] == '\0';
}

static bool
config_load_http_for_strangers(const struct config *config)
{
	return config->public_url[0] != '\0' && !config->public_https && !config->insecure_http &&
	       !host_is_loopback(host_without_port(str_of(config->public_host)));
}

static bool
config_load_idle_over_lifetime(const struct config *config)
{
	return config->session_idle_us > config->session_lifetime_us;
}

static bool
config_load_gate_without_https(const struct config *config)
{
	return config->gate_domains_count > 0 && !config->public_https;
}

/* Web Authentication s5.1.2: the RP ID is the page's host, or a registrable domain above it. */
static bool
config_load_foreign_rp_id(const struct config *config)
{
	str name = config_load_public_name(config), rp_id = str_of(config->passkey_rp_id);

	if (rp_id.n == 0 || str_equal(rp_id, name))
		return false;
	return !str_has_byte(rp_id, '.') || name.n <= rp_id.n || !str_ends(name, rp_id) ||
	       name.p[name.n - rp_id.n - 1] != '.';
}

static bool
config_load_cheap_bcrypt(const struct config *config)
{
	return config->profile != PROFILE_TESTING && config->bcrypt_log_rounds < 10;
}

static const struct {
	bool (*is_wrong)(const struct config *config);
	unsigned flags; /* SETTING_WEB: the web process checks it too */
	const char *sentence;
} rules[] = {
	{ config_load_testing_reaches_out, SETTING_WEB,
	  "APP_SETTINGS is testing.  This profile hashes passwords at the lowest cost, so it may only listen on this "
	  "machine.  Set HOST=127.0.0.1, or choose another profile." },
	{ config_load_host_without_url, SETTING_WEB,
	  "HOST is an address that other machines can reach, so PUBLIC_URL is required.  Set it to the address that "
	  "users type: for example PUBLIC_URL=https://login.example.org behind a reverse proxy, or "
	  "PUBLIC_URL=http://localhost:5000 for a container on your own machine." },
	{ config_load_http_for_strangers, SETTING_WEB,
	  "PUBLIC_URL begins with http://, so passwords and codes would travel unencrypted.  Put a reverse proxy with "
	  "https in front and set PUBLIC_URL=https://…, or set INSECURE_HTTP=1 on a network without other users." },
	{ config_load_idle_over_lifetime, SETTING_WEB,
	  "SESSION_IDLE is longer than SESSION_LIFETIME and has no effect.  Make it shorter." },
	{ config_load_gate_without_https, SETTING_WEB,
	  "GATE_DOMAINS is set, so PUBLIC_URL must be an address with https, where users sign in.  Set it, for example "
	  "PUBLIC_URL=https://login.example.org." },
	{ config_load_foreign_rp_id, SETTING_WEB,
	  "PASSKEY_RP_ID must be the host of PUBLIC_URL, or a domain above it that has a dot.  Set for example "
	  "PASSKEY_RP_ID=example.org with PUBLIC_URL=https://login.example.org." },
	{ config_load_cheap_bcrypt, 0,
	  "BCRYPT_LOG_ROUNDS must be 10 or more.  Lower values require APP_SETTINGS=testing." },
};

/* A message begins with the wrong setting, or with the option that gave it. */
static err
config_load_refuse_together(const char *sentence, const struct origins *origins, struct why *why)
{
	str rest = str_of(sentence);
	const struct setting *setting = setting_find(str_cut(&rest, ' '));
	const struct origin *origin = setting == NULL ? NULL : &origins->of[config_load_index_of(setting)];

	if (origin == NULL || origin->kind != FROM_OPTION)
		return why_set(why, ERR_CONFIG, "%s", sentence);
	return why_set(why, ERR_CONFIG, "%s %.*s", origin->option, STR_ARG(rest));
}

static err
config_load_check_together(const struct config *config, const struct origins *origins, unsigned only_flags,
			   struct why *why)
{
	for (size_t i = 0; i < COUNT(rules); i++)
		if ((rules[i].flags & only_flags) == only_flags && rules[i].is_wrong(config))
			return config_load_refuse_together(rules[i].sentence, origins, why);
	return ERR_OK;
}

err
config_check(const struct config *config, struct why *why)
{
	const struct origins origins = { 0 };

	return config_load_check_together(config, &origins, 0, why);
}

/* --- the user ----------------------------------------------------------------------------------------------------- */

/* Root becomes the user that owns DATA_DIR. */
static err
config_load_become_owner(struct given *given, struct config *config, struct why *why)
{
	uid_t uid = 0;
	gid_t gid = 0;

	TRY(config_load_apply(setting_find(STR("APP_SETTINGS")), given, config, why));
	TRY(config_load_apply(setting_find(STR("DATA_DIR")), given, config, why));
	if (file_owner(config->data_dir, &uid, &gid) != ERR_OK || uid == 0)
		return ERR_OK;
	return user_become(uid, gid, why);
}

/*
 * For root, with a settings file: only now the owner of DATA_DIR is known, who may own the settings file too.  Nothing
 * but that file has been opened; secret files are read as that user.
 */
static err
config_load_settle_user(const struct file_text *file, struct given *given, struct config *config, struct why *why)
{
	err e;

	if (file->fd < 0 || !user_is_root())
		return ERR_OK;
	TRY(config_load_become_owner(given, config, why));
	e = file_check_owner(file->fd, given->origins.file.path, why);
	return e == ERR_OK ? e : ERR_CONFIG;
}

/* --- loading ------------------------------------------------------------------------------------------------------ */

/* The values of options, or no options. */
struct options {
	const struct config_option *at;
	size_t n;
};

static err
config_load_layers(const struct options *options, struct given *given, struct config *config, struct why *why)
{
	CLEANUP(config_load_file_text_wipe) struct file_text file = { .fd = -1, .text = BUF(DOTENV_MAX_BYTES) };
	CLEANUP(config_load_secrets_wipe) struct secrets secrets = { 0 };

	given->origins.file = locate_settings();
	TRY(config_load_read_file(&given->origins.file, &file, why));
	if (file.text.n > 0)
		TRY(config_load_take_file(&file, given, why));
	if (file.open_to_all)
		TRY(config_load_check_secrets(given, why));
	config_load_take_environment(given);
	TRY(config_load_settle_user(&file, given, config, why));
	TRY(config_load_take_secrets(given, &secrets, why));
	config_load_take_options(given, options->at, options->n);
	TRY(config_load_apply_all(given, 0, config, why));
	config_load_derive_argon2(config);
	TRY(config_load_derive_public(config));
	TRY(config_load_derive_database(config, why));
	return config_load_check_together(config, &given->origins, 0, why);
}

static err
config_load_all(const struct options *options, struct config *ret_config, struct origins *ret_origins, struct why *why)
{
	CLEANUP(config_wipe) struct config config = { 0 };
	struct given given = { 0 };

	TRY(config_load_layers(options, &given, &config, why));
	*ret_config = config;
	*ret_origins = given.origins;
	return ERR_OK;
}

err
config_load_traced(struct config *ret_config, struct origins *ret_origins, struct why *why)
{
	return config_load_all(&(struct options){ 0 }, ret_config, ret_origins, why);
}

err
config_load_with(struct config *ret_config, struct origins *ret_origins, const struct config_option *options, size_t n,
		 struct why *why)
{
	return config_load_all(&(struct options){ options, n }, ret_config, ret_origins, why);
}

err
config_load(struct config *ret_config, struct why *why)
{
	struct origins origins;

	return config_load_traced(ret_config, &origins, why);
}

err
config_load_web(struct config *ret_config, struct why *why)
{
	struct config config = { 0 };
	struct given given = { 0 };

	config_load_take_environment(&given);
	TRY(config_load_apply_all(&given, SETTING_WEB, &config, why));
	TRY(config_load_derive_public(&config));
	TRY(config_load_check_together(&config, &given.origins, SETTING_WEB, why));
	*ret_config = config;
	return ERR_OK;
}

static err
config_load_text(struct file_text *file, struct given *given, const struct options *options, struct config *config,
		 struct why *why)
{
	if (file->text.n > 0)
		TRY(config_load_take_file(file, given, why));
	config_load_take_environment(given);
	config_load_take_options(given, options->at, options->n);
	TRY(config_load_apply_all(given, 0, config, why));
	TRY(config_load_derive_public(config));
	TRY(config_load_derive_database(config, why));
	return config_load_check_together(config, &given->origins, 0, why);
}

err
config_check_text(const char *path, str text, const struct config_option *options, size_t n, struct config *ret_config,
		  struct why *why)
{
	CLEANUP(config_load_file_text_wipe) struct file_text file = { .fd = -1, .text = BUF(DOTENV_MAX_BYTES) };
	CLEANUP(config_wipe) struct config config = { 0 };
	struct given given = { .origins.file = { LOCATE_OPTION, path } };

	buf_put(&file.text, text);
	TRY(buf_check(&file.text));
	TRY(config_load_text(&file, &given, &(struct options){ options, n }, &config, why));
	*ret_config = config;
	return ERR_OK;
}

void
config_wipe(struct config *config)
{
	secret_wipe(config, sizeof(*config));
}
