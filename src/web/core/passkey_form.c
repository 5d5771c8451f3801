#include "web/core/passkey_form.h"

#include "webauthn/attestation_object.h"

_Static_assert((int)PASSKEY_ID_MAX == (int)WEBAUTHN_ID_MAX &&
		   (int)PASSKEY_CLIENT_DATA_MAX == (int)WEBAUTHN_CLIENT_DATA_MAX &&
		   (int)PASSKEY_AUTH_DATA_MAX == (int)WEBAUTHN_AUTH_DATA_MAX &&
		   (int)PASSKEY_SIGNATURE_MAX == (int)WEBAUTHN_SIGNATURE_MAX &&
		   (int)PASSKEY_HANDLE_MAX == (int)WEBAUTHN_HANDLE_MAX,
	       "the messages carry what can be verified");

bool
passkey_proof_sent(const struct form *form, const void *values)
{
	const str *id = form_value(form, values, STR("credential_id"));
	const str *signature = form_value(form, values, STR("signature")); /* an enrolment has none */

	return id != NULL && signature != NULL && id->n > 0;
}

/* Decode one field.  *good becomes false if it is malformed, or longer than max bytes. */
static err
passkey_form_bytes(str text, size_t max, struct arena *arena, bool *good, str *ret_bytes)
{
	size_t n = text.n / 4 * 3 + text.n % 4 * 3 / 4;
	char *bytes;

	*ret_bytes = STR("");
	if (n > max)
		*good = false;
	if (n > max || text.n == 0)
		return ERR_OK;
	bytes = arena_alloc(arena, n + 1);
	if (bytes == NULL)
		return ERR_MEMORY;
	if (str_base64url(text, bytes, n) != ERR_OK)
		*good = false;
	*ret_bytes = str_bytes(bytes, n);
	return ERR_OK;
}

/* One field of a form, and where its bytes go. */
struct passkey_part {
	str name;
	size_t max;
	str *ret_bytes;
};

static err
passkey_form_parts(const struct form *form, const void *values, struct arena *arena, const struct passkey_part *parts,
		   size_t n, bool *ret_good)
{
	*ret_good = true;
	for (size_t i = 0; i < n; i++) {
		const str *text = form_value(form, values, parts[i].name);
		if (text == NULL) /* a defect in the program */
			return ERR_PROTOCOL;
		TRY(passkey_form_bytes(*text, parts[i].max, arena, ret_good, parts[i].ret_bytes));
	}
	return ERR_OK;
}

err
passkey_proof_read(const struct form *form, const void *values, struct arena *arena, struct passkey_proof_body *body)
{
	const struct passkey_part parts[] = {
		{ STR("credential_id"), PASSKEY_ID_MAX, &body->credential_id },
		{ STR("client_data"), PASSKEY_CLIENT_DATA_MAX, &body->client_data },
		{ STR("auth_data"), PASSKEY_AUTH_DATA_MAX, &body->auth_data },
		{ STR("signature"), PASSKEY_SIGNATURE_MAX, &body->signature },
		{ STR("user_handle"), PASSKEY_HANDLE_MAX, &body->user_handle },
	};
	bool good;

	TRY(passkey_form_parts(form, values, arena, parts, COUNT(parts), &good));
	for (size_t i = 0; i < COUNT(parts) && !good; i++)
		*parts[i].ret_bytes = STR("");
	return ERR_OK;
}

/* A list of words of lower-case letters, digits and hyphens, separated by commas. */
static bool
passkey_form_transports_good(str transports)
{
	for (size_t i = 0; i < transports.n; i++) {
		char c = transports.p[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != ',')
			return false;
	}
	return transports.n <= PASSKEY_TRANSPORTS_MAX;
}

err
passkey_new_read(const struct form *form, const void *values, struct arena *arena, struct passkey_new_body *body)
{
	str object = STR("");
	const struct passkey_part parts[] = {
		{ STR("credential_id"), PASSKEY_ID_MAX, &body->credential_id },
		{ STR("client_data"), PASSKEY_CLIENT_DATA_MAX, &body->client_data },
		{ STR("attestation"), WEBAUTHN_ATTESTATION_MAX, &object },
	};
	const str *transports = form_value(form, values, STR("transports"));
	bool good;

	TRY(passkey_form_parts(form, values, arena, parts, COUNT(parts), &good));
	if (transports == NULL)
		return ERR_PROTOCOL;
	/* browsers may forget how a device is reached, so a list that cannot be used counts as empty */
	body->transports = passkey_form_transports_good(*transports) ? *transports : STR("");
	good = good && attestation_object_read(object, &body->auth_data) && body->auth_data.n <= PASSKEY_AUTH_DATA_MAX;
	if (!good)
		body->credential_id = body->client_data = body->auth_data = STR("");
	return ERR_OK;
}
