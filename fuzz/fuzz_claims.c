/*
 * oidc_request_check: the requirements in the parameters claims and acr_values.  A second parser of JSON (json.h) and a
 * second implementation of the rules find the same classes (acr) and the same sub.
 *
 * Input: acr_values, a newline, then claims.
 */
#include "target.h"

#include "json.h"
#include "oidc/errors.h"
#include "oidc/request.h"

enum { ARENA_BYTES = 64 * 1024 };

struct required {
	bool good, essential;
	unsigned acrs;
	str sub; /* points into `decoded` */
	char decoded[JSON_TEXT_MAX];
};

static unsigned
class_of(str name)
{
	if (str_equal(name, STR("https://refeds.org/profile/sfa")))
		return OIDC_ACR_SFA;
	if (str_equal(name, STR("https://refeds.org/profile/mfa")))
		return OIDC_ACR_MFA;
	return str_equal(name, STR("phr")) ? OIDC_ACR_PHR : 0;
}

/* A member of the object `outer`; absent when `outer` is not an object. */
static struct json_value
inner_member(struct json_value outer, str name, struct json *j)
{
	if (outer.kind != JSON_AN_OBJECT)
		return (struct json_value){ .kind = JSON_ABSENT };
	PROMISE(json_read_object(outer.text, j));
	return json_member(j, name);
}

/* The bits of the classes in an array. */
static unsigned
classes_of(struct json_value values, bool *ret_named)
{
	static struct json j;
	struct json_value item;
	unsigned classes = 0;

	*ret_named = false;
	if (values.kind != JSON_AN_ARRAY || !json_array_begin(values.text, &j))
		return 0;
	do {
		PROMISE(json_value_read(&j, &item));
		classes |= item.kind == JSON_A_STRING ? class_of(item.text) : 0;
		*ret_named = true;
	} while (json_literal(&j, STR(",")));
	return classes;
}

static void
require_acr(struct json_value acr, struct required *required)
{
	static struct json value_in, values_in, essential_in;
	struct json_value value = inner_member(acr, STR("value"), &value_in);
	struct json_value values = inner_member(acr, STR("values"), &values_in);
	bool essential = inner_member(acr, STR("essential"), &essential_in).kind == JSON_A_TRUE, listed;
	unsigned classes = classes_of(values, &listed);

	if (value.kind == JSON_A_STRING)
		classes |= class_of(value.text);
	if (value.kind != JSON_A_STRING && !listed)
		return;
	required->essential = essential;
	required->acrs = essential ? classes : classes | required->acrs;
}

static void
require_sub(struct json_value sub, struct required *required)
{
	static struct json j;
	struct json_value value = inner_member(sub, STR("value"), &j);

	if (value.kind != JSON_A_STRING || value.text.n == 0)
		return;
	memcpy(required->decoded, value.text.p, value.text.n);
	required->sub = str_bytes(required->decoded, value.text.n);
}

static void
require(str acr_values, str claims, struct required *required)
{
	static struct json whole, id_token, userinfo;
	struct json_value member;

	*required = (struct required){ .good = true };
	while (acr_values.n > 0)
		required->acrs |= class_of(str_cut(&acr_values, ' '));
	if (claims.n == 0)
		return;
	required->good = json_read_object(claims, &whole);
	if (!required->good)
		return;
	member = json_member(&whole, STR("id_token"));
	require_acr(inner_member(member, STR("acr"), &id_token), required);
	require_sub(inner_member(json_member(&whole, STR("userinfo")), STR("sub"), &userinfo), required);
	require_sub(inner_member(member, STR("sub"), &id_token), required);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	static const struct oidc_client client = {
		.client_id = STR_INIT("wiki"), .scopes = OIDC_SCOPE_ALL, .pkce_optional = true, .max_age_s = -1
	};
	static struct required required;
	CLEANUP(arena_wipe) struct arena arena = ARENA(ARENA_BYTES);
	struct oidc_request request = { .response_type = STR("code"), .scope = STR("openid") };
	const char *description = NULL;
	str rest = str_bytes(bytes, n);

	request.acr_values = str_cut(&rest, '\n');
	request.claims = rest;
	if (rest.n > JSON_TEXT_MAX)
		return 0;
	require(request.acr_values, rest, &required);
	PROMISE(oidc_request_check(&client, &arena, &request, &description) ==
		(required.good ? OIDC_OK : OIDC_INVALID_REQUEST));
	PROMISE(str_equal(str_of(description), required.good ? STR("") : STR("claims is not a JSON object.")));
	if (!required.good)
		return 0;
	PROMISE(request.acrs == required.acrs && request.acr_essential == required.essential);
	PROMISE(str_equal(request.sub, required.sub));
	return 0;
}
