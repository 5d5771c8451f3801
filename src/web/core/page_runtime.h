/*
 * Functions for the generated pages.  The macros select by the type of a value, so that a template that misuses a
 * value does not compile.  Hand-written code uses web/core/pages.h.
 */
#ifndef WEB_PAGE_RUNTIME_H
#define WEB_PAGE_RUNTIME_H

#include "base/buf.h"
#include "config/config.h"
#include "web/core/messages.h"
#include "ipc/terms.h"

#include <inttypes.h>

/* {{ value }}: text escaped for HTML text and quoted attributes, or a decimal number.  A bool does not compile. */
#define page_put(out, value)                                                                                           \
	_Generic((value),                                                                                              \
	    str: buf_put_html,                                                                                         \
	    const char *: page_put_z,                                                                                  \
	    char *: page_put_z,                                                                                        \
	    int: buf_put_number,                                                                                       \
	    unsigned: buf_put_number,                                                                                  \
	    long: buf_put_number,                                                                                      \
	    unsigned long: buf_put_number)(out, value)

/* {{ value|safe }}: a str without escaping. */
#define page_put_safe(out, value) _Generic((value), str : buf_put)(out, value)

/* {% if value %}: a text that is not empty, a msgid that is not NULL, a number that is not 0. */
#define page_true(value)                                                                                               \
	_Generic((value),                                                                                              \
	    bool: page_true_bool,                                                                                      \
	    str: page_true_str,                                                                                        \
	    const char *: page_true_z,                                                                                 \
	    char *: page_true_z,                                                                                       \
	    int: page_true_number,                                                                                     \
	    unsigned: page_true_number,                                                                                \
	    long: page_true_number,                                                                                    \
	    unsigned long: page_true_number)(value)

/* {% if a == b %}: two texts, two numbers or two bools. */
#define page_equal(a, b)                                                                                               \
	_Generic((a), bool                                                                                             \
		 : page_equal_bool, str                                                                                \
		 : str_equal, int                                                                                      \
		 : page_equal_number, unsigned                                                                         \
		 : page_equal_number, long                                                                             \
		 : page_equal_number, unsigned long                                                                    \
		 : page_equal_number)(a, b)

/* A number, for comparing and counting. */
#define page_number(value)                                                                                             \
	_Generic((value), int                                                                                          \
		 : page_as_number, unsigned                                                                            \
		 : page_as_number, long                                                                                \
		 : page_as_number, unsigned long                                                                       \
		 : page_as_number)(value)

void page_put_z(struct buf *out, const char *text); /* NULL: nothing */

/*
 * {{ moment|date }}: `<time datetime="2026-11-03T18:42:07Z" title="2026-11-03 18:42:07 UTC">3 November 2026 at
 * 18:42 UTC</time>`, or in French `3 novembre 2026 à 18 h 42 UTC`, with no-break spaces.  TIME_12 writes `at 6:42
 * PM`, TIME_ISO `2026-11-03 18:42`.  data-format names a format that is not the language's default, for app.js,
 * which shows the browser's time zone.
 * timestamp_us: microseconds since 1970 in UTC.  For years outside 1970 to 9999 nothing is written.
 */
void page_put_date(struct buf *out, enum config_language language, enum time_format format, int64_t timestamp_us);

/* {{ moment|clock }}: the same element with data-part="clock" and only the time of day: `18:42 UTC`. */
void page_put_clock(struct buf *out, enum config_language language, enum time_format format, int64_t timestamp_us);

/* {{ moment|weekday }}: the same element with data-part="weekday": `Tuesday at 18:42 UTC`.  For the last seven days. */
void page_put_weekday(struct buf *out, enum config_language language, enum time_format format, int64_t timestamp_us);

/* {{ moment|day }}: the day alone, in UTC, as text: `Tuesday 3 November 2026`, with TIME_ISO `2026-11-03`. */
void page_put_day(struct buf *out, enum config_language language, enum time_format format, int64_t timestamp_us);

static inline bool
page_true_bool(bool value)
{
	return value;
}

static inline bool
page_true_str(str value)
{
	return value.n > 0;
}

static inline bool
page_true_z(const char *value)
{
	return value != NULL;
}

static inline bool
page_true_number(int64_t value)
{
	return value != 0;
}

static inline bool
page_equal_bool(bool a, bool b)
{
	return a == b;
}

static inline bool
page_equal_number(int64_t a, int64_t b)
{
	return a == b;
}

static inline int64_t
page_as_number(int64_t value)
{
	return value;
}

#endif
