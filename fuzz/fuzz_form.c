/* form_parse, next_is_safe, str_utf8_valid */
#include "target.h"

#include "http/form.h"
#include "http/return_to.h"

struct values {
	str csrf_token, username, password, next;
};
static const struct field fields[] = {
	FIELD(struct values, csrf_token, 64, optional),
	FIELD(struct values, username, 40, required),
	FIELD(struct values, password, 4096, required),
	FIELD(struct values, next, NEXT_MAX_BYTES + 1, optional),
};
static const struct form form = FORM(struct values, fields);

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(256 * 1024);
	struct values values = { 0 };
	struct form_faults faults = { 0 };

	if (form_parse(&form, str_bytes(bytes, n), &arena, &values, &faults) != ERR_OK)
		return 0;
	PROMISE(values.username.n <= 40 && values.password.n <= 4096);
	PROMISE(str_utf8_valid(values.username) && str_utf8_valid(values.next));
	if (!next_is_safe(values.next))
		return 0;
	PROMISE(values.next.n <= NEXT_MAX_BYTES && values.next.p[0] == '/' && !str_has_byte(values.next, '\\'));
	PROMISE(values.next.n == 1 || values.next.p[1] != '/');
	PROMISE(!str_has_byte(values.next, '\r') && !str_has_byte(values.next, '\n') &&
		!str_has_byte(values.next, '\0'));
	return 0;
}
