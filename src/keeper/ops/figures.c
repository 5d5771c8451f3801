#include "keeper/ops/figures.h"

#include "base/clock.h"
#include "base/file.h"
#include "keeper/core/counts.h"

#include <stdio.h>
#include <unistd.h>

enum {
	COUNT_SECONDS = 60,
	OVERLAP_SECONDS = 300, /* an entry may become visible some time after its timestamp */
	STAT_MAX_BYTES = 4096,
};

void
figures_init(struct figures *figures)
{
	*figures = (struct figures){ .count_us = 0 };
	metric_values_clear(&figures->values);
	(void)!clock_now_us(&figures->values.of[SERIES_START_KEEPER]);
}

/* --- the database ------------------------------------------------------------------------------------------------- */

static err
figures_sessions(struct figures *figures, struct db *db, int64_t now_us)
{
	const struct db_value args[] = { DB_INT(now_us - PENDING_US) };
	struct metrics_sessions_row row = { .count_complete = 0 };
	bool found = false;

	TRY(db_row(db, SQL_METRICS_SESSIONS, args, COUNT(args), NULL, &row, &found));
	figures->values.of[SERIES_SESSIONS_ENROLLING] = row.count_enrolling;
	figures->values.of[SERIES_SESSIONS_PENDING] = row.count_pending;
	figures->values.of[SERIES_SESSIONS_FULL] = row.count_complete;
	return ERR_OK;
}

/* An old count would look like a new one. */
static void
figures_sessions_forget(struct figures *figures)
{
	for (int i = SERIES_NONE + 1; i < SERIES_COUNT; i++)
		if (metric_series_facts[i].metric == METRIC_SESSIONS)
			figures->values.of[i] = METRIC_ABSENT;
}

/* PostgreSQL has its own backups. */
static err
figures_backup(struct figures *figures, const struct keeper_thread *t, int64_t now_us)
{
	const struct db_value args[] = { DB_INT(figures->backup_us),
					 DB_TEXT(str_of(audit_event_name(AUDIT_ADMIN_BACKED_UP))) };
	int64_t *last_us = &figures->values.of[SERIES_BACKUP_LAST];
	struct metrics_last_row row = { .at_us = 0 };
	bool found = false;

	if (keeper_config(t->keeper)->database != DATABASE_SQLITE)
		return ERR_OK;
	TRY(db_row(t->db, SQL_METRICS_LAST, args, COUNT(args), NULL, &row, &found));
	if (row.at_us > *last_us) /* METRIC_ABSENT is less than 0 */
		*last_us = row.at_us;
	figures->backup_us = now_us - SECONDS_US(OVERLAP_SECONDS);
	return ERR_OK;
}

static err
figures_count(struct figures *figures, const struct keeper_thread *t)
{
	int64_t now_us = 0;

	TRY(clock_now_us(&now_us));
	TRY(figures_sessions(figures, t->db, now_us));
	return figures_backup(figures, t, now_us);
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

static void
figures_processes(struct figures *figures, pid_t web)
{
	static const struct process_series of_web = { SERIES_CPU_WEB, SERIES_RESIDENT_WEB, SERIES_VIRTUAL_WEB };
	static const struct process_series own = { SERIES_CPU_KEEPER, SERIES_RESIDENT_KEEPER, SERIES_VIRTUAL_KEEPER };

	figures_process(figures, getpid(), &own);
	if (web != 0)
		figures_process(figures, web, &of_web);
}

void
figures_read(struct figures *figures, const struct keeper_thread *t, pid_t web)
{
	int64_t now_us = clock_monotonic_us();

	keeper_counts(&figures->values);
	figures->values.of[SERIES_DATABASE_RETRIES] = db_retries();
	figures_processes(figures, web);
	if (t == NULL || now_us < figures->count_us)
		return;
	figures->count_us = now_us + SECONDS_US(COUNT_SECONDS);
	if (figures_count(figures, t) != ERR_OK)
		figures_sessions_forget(figures);
}
