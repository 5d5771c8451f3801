#include "server/preflight.h"

#include "base/clock.h"
#include "base/log.h"
#include "config/volume.h"
#include "web/core/brand.h"
#include "web/core/sandbox.h"

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

err
preflight_check(const struct config *config, struct why *why)
{
	TRY(volume_check(config, why));
	TRY(preflight_wall(config, why));
	TRY(brand_check(config, why));
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
