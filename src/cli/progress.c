#include "cli/progress.h"

#include "base/clock.h"
#include "cli/print.h"

#include <unistd.h>

enum { BAR_COLUMNS = 40, PAUSE_US = 100000 };

struct progress
progress_begin(const char *what)
{
	return (struct progress){ .what = what, .on = isatty(STDERR_FILENO) == 1 };
}

static void
progress_draw(const struct progress *progress, int64_t done, int64_t all)
{
	static const char full[] = "########################################";
	int columns = all <= 0 ? BAR_COLUMNS : (int)(done * BAR_COLUMNS / all);

	cli_redraw("%s [%.*s%*s] %lld of %lld", progress->what, columns, full, BAR_COLUMNS - columns, "",
		   (long long)done, (long long)all);
}

void
progress_show(struct progress *progress, int64_t done, int64_t all)
{
	int64_t now_us = clock_monotonic_us();

	if (!progress->on || (progress->shown_us != 0 && now_us - progress->shown_us < PAUSE_US && done < all))
		return;
	progress->shown_us = now_us;
	progress_draw(progress, done < all ? done : all, all);
}

void
progress_end(struct progress *progress)
{
	if (progress->on && progress->shown_us != 0)
		cli_clear_line();
	progress->on = false;
}
