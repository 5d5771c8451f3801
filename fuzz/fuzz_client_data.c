/*
 * client_data_read, compared with a second parser of JSON (json.h) and a second implementation of its checks, in the
 * same order.
 */
#include "target.h"

#include "json.h"
#include "webauthn/client_data.h"

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

static enum webauthn_fault
expected(str text, str type, str *ret_challenge)
{
	static struct json j;
	struct json_value challenge;

	if (text.n > JSON_TEXT_MAX || !json_read_object(text, &j))
		return WEBAUTHN_CLIENT_DATA;
	challenge = json_member(&j, STR("challenge"));
	*ret_challenge = challenge.text;
	if (!is_text(&j, STR("type"), type))
		return WEBAUTHN_TYPE;
	if (challenge.kind != JSON_A_STRING || challenge.text.n > CLIENT_DATA_CHALLENGE_MAX)
		return WEBAUTHN_CHALLENGE;
	if (!is_text(&j, STR("origin"), STR(ORIGIN)))
		return WEBAUTHN_ORIGIN;
	return is_crossed(&j) ? WEBAUTHN_CROSS_ORIGIN : WEBAUTHN_NONE;
}

static void
try_ceremony(str text, enum webauthn_ceremony ceremony, str type)
{
	enum webauthn_fault fault = WEBAUTHN_FAULT_COUNT;
	struct client_data data;
	str challenge = { 0 };

	PROMISE(client_data_read(text, ceremony, STR(ORIGIN), &data, &fault) == ERR_OK);
	PROMISE(fault == expected(text, type, &challenge));
	PROMISE(fault != WEBAUTHN_NONE || str_equal(str_of(data.challenge), challenge));
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	try_ceremony(str_bytes(bytes, n), WEBAUTHN_ASSERTION, STR("webauthn.get"));
	try_ceremony(str_bytes(bytes, n), WEBAUTHN_ENROLMENT, STR("webauthn.create"));
	return 0;
}
