#include "server/preflight.h"

#include "base/clock.h"
#include "base/container.h"
#include "base/log.h"
#include "web/core/sandbox.h"

#include <string.h>
#include <time.h>

static err
preflight_wall(const struct config *config, struct why *why)
{
	return sandbox_check(config->wall, why) == ERR_OK ? ERR_OK : ERR_CONFIG;
}

static err
preflight_clock(struct why *why)
{
	int64_t now_us = 0;
	time_t now_s;
	struct tm tm;
	char date[24];

	if (clock_now_us(&now_us) != ERR_OK)
		return why_set(why, ERR_IO, "The clock of this machine cannot be read.  Set it, and start again.");
	now_s = (time_t)(now_us / SECONDS_US(1));
	if (now_s >= DOUBLETOUR_RELEASED_S)
		return ERR_OK;
	if (gmtime_r(&now_s, &tm) == NULL || strftime(date, sizeof(date), "%Y-%m-%d %H:%M", &tm) == 0)
		date[0] = '\0';
	return why_set(why, ERR_IO,
		       "The clock of this machine shows %s UTC, a time before this version was released.  Set it, and "
		       "start again.",
		       date);
}

/* The folder of a file. */
static void
preflight_folder(const char *file, char *ret_folder, size_t size)
{
	const char *slash = strrchr(file, '/');
	size_t n = slash == NULL ? 0 : slash == file ? 1 : (size_t)(slash - file);

	if (n == 0 || str_copy_z(str_bytes(file, n), ret_folder, size) != ERR_OK)
		(void)!str_copy_z(STR("."), ret_folder, size);
}

/* The folder whose files would be lost, or "". */
static void
preflight_lost_folder(const struct config *config, char ret_folder[CONFIG_TEXT_MAX])
{
	ret_folder[0] = '\0';
	if (config->secret_key_bytes == 0 && container_loses("", config->data_dir))
		(void)!str_copy_z(str_of(config->data_dir), ret_folder, CONFIG_TEXT_MAX);
	else if (config->database == DATABASE_SQLITE && container_loses("", config->database_path))
		preflight_folder(config->database_path, ret_folder, CONFIG_TEXT_MAX);
}

static err
preflight_container(const struct config *config, struct why *why)
{
	char folder[CONFIG_TEXT_MAX];

	if (config->ephemeral || config->profile != PROFILE_PRODUCTION || !container_is_temporary(""))
		return ERR_OK;
	preflight_lost_folder(config, folder);
	if (folder[0] == '\0')
		return ERR_OK;
	return why_set(why, ERR_CONFIG,
		       "Your data would be lost with this container.  Mount a volume at %s, or set EPHEMERAL=1.",
		       folder);
}

err
preflight_check(const struct config *config, struct why *why)
{
	TRY(preflight_container(config, why));
	TRY(preflight_wall(config, why));
	return preflight_clock(why);
}

void
preflight_log(const struct config *config)
{
	const char *why = sandbox_landlock_version() > 0
			      ? "WALL=seccomp: web runs without Landlock, which this kernel has.  Set WALL=full."
			      : "WALL=seccomp: web runs without Landlock, because this kernel has none.";

	if (config->wall != WALL_FULL)
		log_event(LOG_WARNING, "wall.weak", LOG_TEXT("kind", config_wall_name(config)), LOG_TEXT("why", why));
}
