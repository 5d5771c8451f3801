/*
 * cookie_find, cookie_put: what is found can be set again, and is found again.
 * Input: Cookie headers, a newline between two.
 */
#include "target.h"

#include "http/cookie.h"
#include "http/internal.h"

enum { HEADERS = 8 };

static str
find(struct header *headers, size_t count, str name)
{
	struct job job = { .headers = headers, .header_count = count };

	job.rq.internal = &job;
	return cookie_find(&job.rq, name);
}

/* cookie_find looks at the text before the first ';' as a browser sends it back. */
static void
set_again(str name, str value)
{
	CLEANUP(buf_wipe) struct buf out = BUF(64 * 1024);
	const struct cookie cookie = { .name = name, .value = value, .secure = true };
	struct header sent = { STR("Cookie"), { 0 } };
	str text;

	PROMISE(cookie_put(&out, &cookie) == ERR_OK);
	text = buf_str(&out);
	PROMISE(!str_has_byte(text, '\r') && !str_has_byte(text, '\n') && !str_has_byte(text, '\0'));
	sent.value = str_cut(&text, ';');
	PROMISE(str_equal(text, STR(" Path=/; HttpOnly; SameSite=Lax; Secure")));
	PROMISE(str_equal(find(&sent, 1, name), value));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const str names[] = { STR_INIT("session"), STR_INIT("__Host-doubletour"),
				     STR_INIT("doubletour-language") };
	struct header headers[HEADERS];
	size_t count = 0;
	str rest = str_bytes(bytes, n);

	while (rest.p != NULL && count < HEADERS)
		headers[count++] = (struct header){ STR("Cookie"), str_cut(&rest, '\n') };
	for (size_t i = 0; i < COUNT(names); i++) {
		str value = find(headers, count, names[i]);
		if (value.p != NULL)
			set_again(names[i], value);
	}
	return 0;
}
