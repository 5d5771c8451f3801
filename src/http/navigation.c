#include "http/navigation.h"

enum naming { NAMED_NOT, NAMED_REFUSED, NAMED_TAKEN };

/* 0, 0. and 0.000: RFC 9110 s12.4.2. */
static bool
navigation_is_zero(str weight)
{
	if (weight.n == 0 || weight.p[0] != '0' || (weight.n > 1 && weight.p[1] != '.'))
		return false;
	for (size_t i = 2; i < weight.n; i++)
		if (weight.p[i] != '0')
			return false;
	return true;
}

static bool
navigation_is_refused(str parameters)
{
	while (parameters.n > 0) {
		str value = str_cut(&parameters, ';');
		str name = str_trim(str_cut(&value, '='));
		if (str_equal_nocase(name, STR("q")))
			return navigation_is_zero(str_trim(value));
	}
	return false;
}

/* An entry that accepts the type takes precedence over one that refuses it. */
static void
navigation_name(str parameters, enum naming *naming)
{
	if (*naming != NAMED_TAKEN)
		*naming = navigation_is_refused(parameters) ? NAMED_REFUSED : NAMED_TAKEN;
}

static void
navigation_read(str accept, enum naming *html, enum naming *text)
{
	while (accept.n > 0) {
		str parameters = str_cut(&accept, ',');
		str type = str_trim(str_cut(&parameters, ';'));
		if (str_equal_nocase(type, STR("text/html")))
			navigation_name(parameters, html);
		else if (str_equal_nocase(type, STR("text/*")))
			navigation_name(parameters, text);
	}
}

static bool
navigation_taken(enum naming html, enum naming text)
{
	return html == NAMED_TAKEN || (html == NAMED_NOT && text == NAMED_TAKEN);
}

bool
navigation_accepts_html(str accept)
{
	enum naming html = NAMED_NOT, text = NAMED_NOT;

	navigation_read(accept, &html, &text);
	return navigation_taken(html, text);
}

/* Several Accept lines form one list: RFC 9110 s5.3. */
static bool
navigation_by_accept(const struct request *rq)
{
	enum naming html = NAMED_NOT, text = NAMED_NOT;
	size_t at = 0;
	str line;

	while (request_header_each(rq, "Accept", &at, &line))
		navigation_read(line, &html, &text);
	return navigation_taken(html, text);
}

static bool
navigation_is_script(const struct request *rq)
{
	return str_equal_nocase(request_header(rq, "X-Requested-With"), STR("XMLHttpRequest")) ||
	       str_equal_nocase(request_header(rq, "Upgrade"), STR("websocket")) ||
	       request_header_count(rq, "Sec-WebSocket-Key") > 0;
}

bool
navigation_asked(const struct request *rq)
{
	size_t modes = request_header_count(rq, "Sec-Fetch-Mode");

	if (navigation_is_script(rq))
		return false;
	if (modes == 0)
		return navigation_by_accept(rq);
	return modes == 1 && str_equal(request_header(rq, "Sec-Fetch-Mode"), STR("navigate"));
}
