#include "web/core/page_runtime.h"

enum {
	MONTHS = 12,
	WEEK_DAYS = 7,
	MONTH_DAYS_MAX = 31,
	EPOCH_YEAR = 1970,
	LAST_YEAR = 9999,
	DAY_SECONDS = 24 * 60 * 60
};

struct timestamp {
	int year, month, day; /* month and day count from 1 */
	int hour, minute, second;
	int weekday; /* 0: Thursday, the weekday of 1970-01-01 */
};

void
page_put_z(struct buf *out, const char *text)
{
	buf_put_html(out, str_of(text));
}

static bool
page_runtime_is_leap(int year)
{
	return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static int
page_runtime_month_days(int year, int month)
{
	static const int days[MONTHS] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };

	return days[month - 1] + (month == 2 && page_runtime_is_leap(year) ? 1 : 0);
}

/* Days from 1970-01-01 to the first day of a year. */
static int64_t
page_runtime_days_before_year(int64_t year)
{
	int64_t y = year - 1;

	return (year - EPOCH_YEAR) * 365 + (y / 4 - y / 100 + y / 400) - (1969 / 4 - 1969 / 100 + 1969 / 400);
}

/* Computes the date itself: gmtime_r would open the time zone file, which the sandbox forbids. */
static bool
page_runtime_timestamp(int64_t us, struct timestamp *ret_timestamp)
{
	int64_t seconds = us / 1000000, days = seconds / DAY_SECONDS, clock = seconds % DAY_SECONDS;
	int year = EPOCH_YEAR, month = 1, weekday = (int)(days % WEEK_DAYS);

	if (us < 0 || days >= page_runtime_days_before_year(LAST_YEAR + 1))
		return false;
	year += (int)(days / 366);
	while (page_runtime_days_before_year(year + 1) <= days)
		year++;
	days -= page_runtime_days_before_year(year);
	for (; days >= page_runtime_month_days(year, month); month++)
		days -= page_runtime_month_days(year, month);
	*ret_timestamp = (struct timestamp){
		year, month, (int)days + 1, (int)(clock / 3600), (int)(clock / 60 % 60), (int)(clock % 60), weekday
	};
	return true;
}

#define NBSP "\302\240"

static const char *const months[LANGUAGE_COUNT][MONTHS] = {
	[LANGUAGE_FR] = { "janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre",
			  "octobre", "novembre", "décembre" },
	[LANGUAGE_EN] = { "January", "February", "March", "April", "May", "June", "July", "August", "September",
			  "October", "November", "December" },
};

static const char *const weekdays[LANGUAGE_COUNT][WEEK_DAYS] = {
	[LANGUAGE_FR] = { "jeudi", "vendredi", "samedi", "dimanche", "lundi", "mardi", "mercredi" },
	[LANGUAGE_EN] = { "Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday" },
};

static void
page_runtime_put_day(struct buf *out, enum config_language language, const struct timestamp *m)
{
	buf_put_number(out, m->day);
	if (language == LANGUAGE_FR && m->day == 1)
		buf_put(out, STR("er"));
	buf_put(out, STR(NBSP));
	buf_put(out, str_of(months[language][m->month - 1]));
	buf_put_byte(out, ' ');
	buf_put_number(out, m->year);
}

static void
page_runtime_put_clock(struct buf *out, enum config_language language, bool twelve, const struct timestamp *m)
{
	bool french = language == LANGUAGE_FR && !twelve;

	buf_put_number(out, !twelve ? m->hour : m->hour % 12 == 0 ? 12 : m->hour % 12);
	buf_put(out, french ? STR(NBSP "h" NBSP) : STR(":"));
	buf_put_digits(out, (unsigned)m->minute, 2);
	if (twelve)
		buf_put(out, m->hour < 12 ? STR(NBSP "AM") : STR(NBSP "PM"));
}

static void
page_runtime_put_at(struct buf *out, enum config_language language)
{
	buf_put(out, language == LANGUAGE_FR ? STR(" à ") : STR(" at "));
}

static void
page_runtime_put_words(struct buf *out, enum config_language language, enum time_format format,
		       const struct timestamp *m)
{
	page_runtime_put_day(out, language, m);
	page_runtime_put_at(out, language);
	page_runtime_put_clock(out, language, format == TIME_12, m);
}

/* 2026-11-23 */
static void
page_runtime_put_iso_date(struct buf *out, const struct timestamp *m)
{
	buf_put_digits(out, (unsigned)m->year, 4);
	buf_put_byte(out, '-');
	buf_put_digits(out, (unsigned)m->month, 2);
	buf_put_byte(out, '-');
	buf_put_digits(out, (unsigned)m->day, 2);
}

/* 17:05 */
static void
page_runtime_put_iso_clock(struct buf *out, const struct timestamp *m)
{
	buf_put_digits(out, (unsigned)m->hour, 2);
	buf_put_byte(out, ':');
	buf_put_digits(out, (unsigned)m->minute, 2);
}

/* 2026-11-23T17:05:59, with `between` between date and time */
static void
page_runtime_put_iso(struct buf *out, str between, const struct timestamp *m)
{
	page_runtime_put_iso_date(out, m);
	buf_put(out, between);
	page_runtime_put_iso_clock(out, m);
	buf_put_byte(out, ':');
	buf_put_digits(out, (unsigned)m->second, 2);
}

/* <time datetime="2026-11-23T17:05:59Z" title="2026-11-23 17:05:59 UTC" */
static void
page_runtime_open(struct buf *out, enum time_format format, const struct timestamp *m)
{
	static const str names[TIME_FORMAT_COUNT] = {
		[TIME_LANGUAGE] = STR_INIT(""),
		[TIME_24] = STR_INIT(" data-format=\"24\""),
		[TIME_12] = STR_INIT(" data-format=\"12\""),
		[TIME_ISO] = STR_INIT(" data-format=\"iso\""),
	};

	buf_put(out, STR("<time datetime=\""));
	page_runtime_put_iso(out, STR("T"), m);
	buf_put(out, STR("Z\" title=\""));
	page_runtime_put_iso(out, STR(" "), m);
	buf_put(out, STR(" UTC\""));
	buf_put(out, names[format]);
}

void
page_put_date(struct buf *out, enum config_language language, enum time_format format, int64_t timestamp_us)
{
	struct timestamp m = { 0 };

	if (!page_runtime_timestamp(timestamp_us, &m))
		return;
	page_runtime_open(out, format, &m);
	buf_put_byte(out, '>');
	if (format == TIME_ISO) {
		page_runtime_put_iso_date(out, &m);
		buf_put(out, STR(NBSP));
		page_runtime_put_iso_clock(out, &m);
	} else {
		page_runtime_put_words(out, language, format, &m);
	}
	buf_put(out, STR(NBSP "UTC</time>"));
}

void
page_put_clock(struct buf *out, enum config_language language, enum time_format format, int64_t timestamp_us)
{
	struct timestamp m = { 0 };

	if (!page_runtime_timestamp(timestamp_us, &m))
		return;
	page_runtime_open(out, format, &m);
	buf_put(out, STR(" data-part=\"clock\">"));
	if (format == TIME_ISO)
		page_runtime_put_iso_clock(out, &m);
	else
		page_runtime_put_clock(out, language, format == TIME_12, &m);
	buf_put(out, STR(NBSP "UTC</time>"));
}

void
page_put_weekday(struct buf *out, enum config_language language, enum time_format format, int64_t timestamp_us)
{
	struct timestamp m = { 0 };

	if (!page_runtime_timestamp(timestamp_us, &m))
		return;
	page_runtime_open(out, format, &m);
	buf_put(out, STR(" data-part=\"weekday\">"));
	buf_put(out, str_of(weekdays[language][m.weekday]));
	page_runtime_put_at(out, language);
	page_runtime_put_clock(out, language, format == TIME_12, &m);
	buf_put(out, STR(NBSP "UTC</time>"));
}

void
page_put_day(struct buf *out, enum config_language language, enum time_format format, int64_t timestamp_us)
{
	struct timestamp m = { 0 };

	if (!page_runtime_timestamp(timestamp_us, &m))
		return;
	if (format == TIME_ISO) {
		page_runtime_put_iso_date(out, &m);
		return;
	}
	buf_put(out, str_of(weekdays[language][m.weekday]));
	buf_put_byte(out, ' ');
	page_runtime_put_day(out, language, &m);
}
