#include "oidc/hint.h"

#include <jansson.h>

static void
hint_free(json_t **object)
{
	json_decref(*object);
}

static err
hint_text(const json_t *object, const char *name, struct arena *arena, str *ret_text)
{
	const json_t *member = json_object_get(object, name);

	*ret_text = (str){ 0 };
	if (!json_is_string(member))
		return ERR_OK;
	return arena_copy(arena, str_bytes(json_string_value(member), json_string_length(member)), ret_text);
}

err
oidc_hint_read(str claims, struct arena *arena, struct oidc_hint *ret_hint)
{
	json_error_t error = { .text = "" };
	CLEANUP(hint_free) json_t *object = json_loadb(claims.p, claims.n, JSON_REJECT_DUPLICATES, &error);
	struct oidc_hint hint = { 0 };

	if (object == NULL && json_error_code(&error) == json_error_out_of_memory)
		return ERR_MEMORY;
	if (!json_is_object(object))
		return ERR_INVALID;
	TRY(hint_text(object, "iss", arena, &hint.iss));
	TRY(hint_text(object, "sub", arena, &hint.sub));
	TRY(hint_text(object, "aud", arena, &hint.aud));
	TRY(hint_text(object, "sid", arena, &hint.sid));
	*ret_hint = hint;
	return ERR_OK;
}
