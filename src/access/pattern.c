#include "access/pattern.h"

#include <string.h>

/* --- hosts -------------------------------------------------------------------------------------------------------- */

static const str label_user = STR_INIT("{user}"), label_group = STR_INIT("{group}");

static bool
pattern_host_label_is_person(str label)
{
	return str_equal(label, label_user) || str_equal(label, label_group);
}

static bool
pattern_host_label_good(str label)
{
	for (size_t i = 0; i < label.n; i++) {
		char c = label.p[i];
		if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'))
			return false;
	}
	return label.n > 0;
}

bool
pattern_host_good(str pattern)
{
	bool person = true; /* the last label may not be {user} or {group} */

	if (str_equal(pattern, STR("*")))
		return true;
	if (str_starts(pattern, STR("*.")))
		pattern = str_from(pattern, 2);
	if (pattern.n == 0 || pattern.n > 253)
		return false;
	while (pattern.p != NULL) {
		str label = str_cut(&pattern, '.');
		person = pattern_host_label_is_person(label);
		if (!person && !pattern_host_label_good(label))
			return false;
	}
	return !person;
}

bool
pattern_host_names_persons(str pattern)
{
	return str_has_byte(pattern, '{');
}

str
pattern_host_fixed(str pattern)
{
	str rest = pattern, fixed = pattern;

	while (rest.p != NULL) {
		str label = str_cut(&rest, '.');
		if (str_equal(label, STR("*")) || pattern_host_label_is_person(label))
			fixed = rest;
	}
	return fixed;
}

static bool
pattern_host_label_in(str groups, str label)
{
	while (groups.n > 0)
		if (str_equal(str_cut(&groups, ','), label))
			return true;
	return false;
}

static bool
pattern_host_label_fits(str pattern, str label, str user, str groups)
{
	bool anybody = user.p == NULL;

	if (str_equal(pattern, label_user))
		return label.n > 0 && (anybody || str_equal(user, label));
	if (str_equal(pattern, label_group))
		return label.n > 0 && (anybody || pattern_host_label_in(groups, label));
	return str_equal(pattern, label);
}

/* Compare label by label from the end, so that a star at the beginning matches the remaining labels. */
static bool
pattern_host_labels_fit(str pattern, str host, str user, str groups)
{
	while (pattern.p != NULL && host.p != NULL) {
		if (str_equal(pattern, STR("*")))
			return host.n > 0;
		str label = str_cut_last(&pattern, '.');
		if (!pattern_host_label_fits(label, str_cut_last(&host, '.'), user, groups))
			return false;
	}
	return pattern.p == NULL && host.p == NULL;
}

bool
pattern_host_fits(str pattern, str host, str user, str groups)
{
	if (pattern_host_names_persons(pattern))
		return pattern_host_labels_fit(pattern, host, user, groups);
	if (str_equal(pattern, STR("*")))
		return true;
	if (!str_starts(pattern, STR("*.")))
		return str_equal(pattern, host);
	pattern = str_from(pattern, 1);
	return host.n > pattern.n && str_ends(host, pattern);
}

/* --- paths -------------------------------------------------------------------------------------------------------- */

static size_t
pattern_stars(str pattern)
{
	size_t n = 0;

	for (size_t i = 0; i < pattern.n; i++)
		n += pattern.p[i] == '*' && (i == 0 || pattern.p[i - 1] != '*');
	return n;
}

/*
 * The compared paths are decoded and have no query.  Paths with these bytes are ambiguous, so such a pattern would
 * never match.
 */
static bool
pattern_can_match(str pattern)
{
	str rest = str_from(pattern, 1);

	for (size_t i = 0; i < pattern.n; i++)
		if ((unsigned char)pattern.p[i] < ' ' || pattern.p[i] == 0x7f ||
		    str_has_byte(STR("%?#;\\"), pattern.p[i]))
			return false;
	while (rest.p != NULL) {
		str segment = str_cut(&rest, '/');
		if (str_equal(segment, STR(".")) || str_equal(segment, STR("..")) || (segment.n == 0 && rest.p != NULL))
			return false;
	}
	return true;
}

bool
pattern_path_good(str pattern)
{
	for (size_t i = 0; i + 2 < pattern.n; i++)
		if (str_equal(str_bytes(pattern.p + i, 3), STR("***")))
			return false;
	if (!pattern_can_match(pattern))
		return false;
	return str_starts(pattern, STR("/")) && pattern.n <= PATTERN_MAX_BYTES &&
	       pattern_stars(pattern) <= PATTERN_STARS_MAX;
}

/*
 * One pass with one backtracking point for each kind of star.  A '*' cannot match a '/'.  If it fails, only the
 * last '**' before it can still help, and of two '**' only the later one needs a retry.  Positions where the first
 * '*' after it would start in the same segment can be skipped: the '*' would only match less of the segment.
 */
struct retry {
	/* pattern: offset after the star, 0: no star; text: offset that the star has matched up to */
	size_t pattern, text;
};

struct scan {
	str pattern, text;
	size_t p, t;             /* offsets compared so far */
	struct retry one, whole; /* the last '*' after the last '**'; the last '**' */
	struct retry first;      /* the first '*' after the last '**' */
};

static void
pattern_take_star(struct scan *s)
{
	bool two = s->p + 1 < s->pattern.n && s->pattern.p[s->p + 1] == '*';

	s->p += two ? 2 : 1;
	struct retry here = { s->p, s->t };
	if (two) {
		s->whole = here;
		s->one = s->first = (struct retry){ 0 };
		return;
	}
	s->one = here;
	if (s->first.pattern == 0)
		s->first = here;
}

/* Let the star match up to this offset; false: the text is shorter. */
static bool
pattern_eat_to(struct scan *s, struct retry *star, size_t text)
{
	s->p = star->pattern;
	s->t = star->text = text;
	return text <= s->text.n;
}

static bool
pattern_back_to_one(struct scan *s)
{
	size_t at = s->one.text;

	return s->one.pattern != 0 && at < s->text.n && s->text.p[at] != '/' && pattern_eat_to(s, &s->one, at + 1);
}

static bool
pattern_back_to_whole(struct scan *s)
{
	size_t next = s->whole.text + 1;

	if (s->whole.pattern == 0)
		return false;
	if (s->first.pattern != 0) {
		const char *slash = memchr(s->text.p + s->first.text, '/', s->text.n - s->first.text);
		if (slash == NULL)
			return false;
		size_t before_star = s->first.pattern - 1 - s->whole.pattern;
		size_t behind = (size_t)(slash - s->text.p) + 1;
		if (behind > before_star && behind - before_star > next)
			next = behind - before_star;
	}
	s->one = s->first = (struct retry){ 0 };
	return pattern_eat_to(s, &s->whole, next);
}

/* begins: it is enough that the text could continue and then fit. */
static bool
pattern_fits(str pattern, str text, bool begins)
{
	struct scan s = { .pattern = pattern, .text = text };

	while (s.p < pattern.n || s.t < text.n) {
		if (begins && s.t == text.n)
			return true;
		if (s.p < pattern.n && pattern.p[s.p] == '*') {
			pattern_take_star(&s);
		} else if (s.p < pattern.n && s.t < text.n && pattern.p[s.p] == text.p[s.t]) {
			s.p++;
			s.t++;
		} else if (!pattern_back_to_one(&s) && !pattern_back_to_whole(&s)) {
			return false;
		}
	}
	return true;
}

bool
pattern_path_fits(str pattern, str path)
{
	if (str_ends(pattern, STR("/**")) && pattern_fits(str_upto(pattern, pattern.n - 3), path, false))
		return true;
	return pattern_fits(pattern, path, false);
}

bool
pattern_path_may_fit(str pattern, str beginning)
{
	return pattern_fits(pattern, beginning, true);
}

bool
pattern_path_fits_all(str pattern)
{
	return str_equal(pattern, STR("/**"));
}
