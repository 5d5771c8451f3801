#include "keeper/ops/figures.h"

#include "base/clock.h"
#include "base/file.h"
#include "keeper/core/counts.h"
#include "store/db.h"

#include <dirent.h>
#include <stdio.h>
#include <unistd.h>

enum { COUNT_SECONDS = 60, STAT_MAX_BYTES = 4096 };

void
figures_init(struct figures *figures, struct census *census)
{
	*figures = (struct figures){ .census = census };
	metric_values_clear(&figures->values);
	(void)!clock_now_us(&figures->values.of[SERIES_START_KEEPER]);
}

/* --- the processes ------------------------------------------------------------------------------------------------ */

/* Columns of /proc/PID/stat after the name of the program, which may contain spaces: proc(5). */
enum stat_column { STAT_USER_TICKS = 11, STAT_SYSTEM_TICKS = 12, STAT_VIRTUAL_BYTES = 20, STAT_RESIDENT_PAGES = 21 };

static int64_t
figures_stat_column(str columns, enum stat_column column)
{
	uint64_t number = 0;

	for (int i = 0; i < (int)column; i++)
		(void)str_cut(&columns, ' ');
	return str_number(str_cut(&columns, ' '), INT64_MAX, &number) == ERR_OK ? (int64_t)number : 0;
}

struct process_series {
	enum metric_series cpu, resident, virtual;
};

static void
figures_process(struct figures *figures, pid_t pid, const struct process_series *series)
{
	CLEANUP(buf_wipe) struct buf text = BUF(STAT_MAX_BYTES);
	char path[64];
	str columns, before;
	int64_t ticks;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (file_read(path, FILE_ANY, &text, NULL) != ERR_OK)
		return;
	before = buf_str(&text);
	columns = str_trim(str_cut_last(&before, ')'));
	ticks = figures_stat_column(columns, STAT_USER_TICKS) + figures_stat_column(columns, STAT_SYSTEM_TICKS);
	figures->values.of[series->cpu] = ticks * SECONDS_US(1) / sysconf(_SC_CLK_TCK);
	figures->values.of[series->virtual] = figures_stat_column(columns, STAT_VIRTUAL_BYTES);
	figures->values.of[series->resident] =
	    figures_stat_column(columns, STAT_RESIDENT_PAGES) * sysconf(_SC_PAGESIZE);
}

/*
 * The keeper's open descriptors, without the one that reads them. Web can read no file, and the kernel shows web's
 * descriptors to root only.
 */
static void
figures_descriptors(struct figures *figures)
{
	DIR *folder = opendir("/proc/self/fd");
	int64_t n = 0;

	if (folder == NULL)
		return;
	for (const struct dirent *entry; (entry = readdir(folder)) != NULL;)
		n += entry->d_name[0] != '.';
	closedir(folder);
	figures->values.of[SERIES_OPEN_FDS_KEEPER] = n - 1;
}

static void
figures_processes(struct figures *figures, pid_t web)
{
	static const struct process_series of_web = { SERIES_CPU_WEB, SERIES_RESIDENT_WEB, SERIES_VIRTUAL_WEB };
	static const struct process_series own = { SERIES_CPU_KEEPER, SERIES_RESIDENT_KEEPER, SERIES_VIRTUAL_KEEPER };

	figures_process(figures, getpid(), &own);
	figures_descriptors(figures);
	if (web != 0)
		figures_process(figures, web, &of_web);
}

static void
figures_database(struct figures *figures, bool healthy)
{
	int64_t now_us = clock_monotonic_us();

	figures->values.of[SERIES_DATABASE_RETRIES] = db_retries();
	census_put(figures->census, &figures->values);
	if (!healthy || now_us < figures->count_us)
		return;
	figures->count_us = now_us + SECONDS_US(COUNT_SECONDS);
	census_ask(figures->census);
}

void
figures_read(struct figures *figures, bool healthy, pid_t web)
{
	keeper_counts(&figures->values);
	figures_processes(figures, web);
	figures_database(figures, healthy);
}
