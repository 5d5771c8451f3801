#include "webauthn/client_data.h"

#include <jansson.h>

static void
client_data_free(json_t **object)
{
	json_decref(*object);
}

/* Is the member a string of exactly these bytes? */
static bool
client_data_is(const json_t *object, const char *name, str wanted)
{
	const json_t *member = json_object_get(object, name);

	return json_is_string(member) &&
	       str_equal(str_bytes(json_string_value(member), json_string_length(member)), wanted);
}

static bool
client_data_challenge(const json_t *object, struct client_data *ret_data)
{
	const json_t *member = json_object_get(object, "challenge");

	return json_is_string(member) && str_copy_z(str_bytes(json_string_value(member), json_string_length(member)),
						    ret_data->challenge, sizeof(ret_data->challenge)) == ERR_OK;
}

/* crossOrigin may be absent (s5.8.1); topOrigin stands only where it is true. */
static bool
client_data_same_origin(const json_t *object)
{
	const json_t *crossed = json_object_get(object, "crossOrigin");

	return (crossed == NULL || json_is_false(crossed)) && json_object_get(object, "topOrigin") == NULL;
}

static enum webauthn_fault
client_data_check(const json_t *object, enum webauthn_ceremony ceremony, str origin, struct client_data *ret_data)
{
	str type = ceremony == WEBAUTHN_ENROLMENT ? STR("webauthn.create") : STR("webauthn.get");

	if (!json_is_object(object))
		return WEBAUTHN_CLIENT_DATA;
	if (!client_data_is(object, "type", type))
		return WEBAUTHN_TYPE;
	if (!client_data_challenge(object, ret_data))
		return WEBAUTHN_CHALLENGE;
	if (!client_data_is(object, "origin", origin))
		return WEBAUTHN_ORIGIN;
	return client_data_same_origin(object) ? WEBAUTHN_NONE : WEBAUTHN_CROSS_ORIGIN;
}

err
client_data_read(str json, enum webauthn_ceremony ceremony, str origin, struct client_data *ret_data,
		 enum webauthn_fault *ret_fault)
{
	json_error_t error = { .text = "" };
	CLEANUP(client_data_free) json_t *object = NULL;

	*ret_fault = WEBAUTHN_CLIENT_DATA;
	if (json.n > WEBAUTHN_CLIENT_DATA_MAX || str_has_byte(json, '\0')) /* jansson skips a NUL behind a number */
		return ERR_OK;
	object = json_loadb(json.p, json.n, JSON_REJECT_DUPLICATES, &error);
	if (object == NULL)
		return json_error_code(&error) == json_error_out_of_memory ? ERR_MEMORY : ERR_OK;
	*ret_fault = client_data_check(object, ceremony, origin, ret_data);
	return ERR_OK;
}
