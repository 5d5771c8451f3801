/*
 * cookie_find, cookie_put: a cookie that was found can be set again, and is then found again.
 * Input: Cookie headers, separated by newlines.
 */
#include "target.h"

#include "../tests/unit/http/by_hand.h"

#include "http/cookie.h"

enum { HEADERS = 8 };

/* A browser sends back the text before the first ';'; cookie_find reads that. */
static void
set_again(str name, str value)
{
	CLEANUP(buf_wipe) struct buf out = BUF(64 * 1024);
	const struct cookie cookie = { .name = name, .value = value, .secure = true };
	CLEANUP(by_hand_free) struct job *job = by_hand();
	str text;

	PROMISE(cookie_put(&out, &cookie) == ERR_OK);
	text = buf_str(&out);
	PROMISE(!str_has_byte(text, '\r') && !str_has_byte(text, '\n') && !str_has_byte(text, '\0'));
	by_hand_field(job, STR("Cookie"), str_cut(&text, ';'));
	PROMISE(str_equal(text, STR(" Path=/; HttpOnly; SameSite=Lax; Secure")));
	PROMISE(str_equal(cookie_find(&job->rq, name), value));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const str names[] = { STR_INIT("session"), STR_INIT("__Host-doubletour"),
				     STR_INIT("doubletour-language") };
	CLEANUP(by_hand_free) struct job *job = by_hand();
	str rest = str_bytes(bytes, n);

	if (n > BY_HAND_BYTES / 2)
		return 0;
	while (rest.p != NULL && job->parser.field_count < HEADERS)
		by_hand_field(job, STR("Cookie"), str_cut(&rest, '\n'));
	for (size_t i = 0; i < COUNT(names); i++) {
		str value = cookie_find(&job->rq, names[i]);
		if (value.p != NULL)
			set_again(names[i], value);
	}
	return 0;
}
