/*
 * client_data_read, compared with a second parser of JSON (json.h) and a second implementation of its checks, in the
 * same order.
 */
#include "target.h"

#include "json.h"
#include "pool.h"
#include "webauthn/client_data.h"

#include <jansson.h>

#define ORIGIN "https://login.example.org"

static bool
is_text(const struct json *j, str name, str wanted)
{
	struct json_value value = json_member(j, name);

	return value.kind == JSON_A_STRING && str_equal(value.text, wanted);
}

static bool
is_crossed(const struct json *j)
{
	enum json_kind crossed = json_member(j, STR("crossOrigin")).kind;

	return (crossed != JSON_ABSENT && crossed != JSON_A_FALSE) ||
	       json_member(j, STR("topOrigin")).kind != JSON_ABSENT;
}

/* j: NULL if the text is not a JSON object */
static enum webauthn_fault
expected(const struct json *j, str type)
{
	struct json_value challenge;

	if (j == NULL)
		return WEBAUTHN_CLIENT_DATA;
	challenge = json_member(j, STR("challenge"));
	if (!is_text(j, STR("type"), type))
		return WEBAUTHN_TYPE;
	if (challenge.kind != JSON_A_STRING || challenge.text.n > CLIENT_DATA_CHALLENGE_MAX)
		return WEBAUTHN_CHALLENGE;
	if (!is_text(j, STR("origin"), STR(ORIGIN)))
		return WEBAUTHN_ORIGIN;
	return is_crossed(j) ? WEBAUTHN_CROSS_ORIGIN : WEBAUTHN_NONE;
}

static void
try_ceremony(str text, const struct json *j, enum webauthn_ceremony ceremony)
{
	str type = ceremony == WEBAUTHN_ENROLMENT ? STR("webauthn.create") : STR("webauthn.get");
	enum webauthn_fault fault = WEBAUTHN_FAULT_COUNT;
	struct client_data data;

	PROMISE(client_data_read(text, ceremony, STR(ORIGIN), &data, &fault) == ERR_OK);
	PROMISE(pool_live == 0);
	PROMISE(fault == expected(j, type));
	PROMISE(fault != WEBAUTHN_NONE || str_equal(str_of(data.challenge), json_member(j, STR("challenge")).text));
}

/* An object is read for both ceremonies. Any other text is read for one: both ceremonies begin with the same parser. */
int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static struct json read;
	str text = str_bytes(bytes, n);
	bool good = n <= JSON_TEXT_MAX && json_read_object(text, &read);
	const struct json *j = good ? &read : NULL;

	json_set_alloc_funcs(pool_new, pool_free);
	if (good || n % 2 == 0)
		try_ceremony(text, j, WEBAUTHN_ASSERTION);
	if (good || n % 2 == 1)
		try_ceremony(text, j, WEBAUTHN_ENROLMENT);
	return 0;
}
