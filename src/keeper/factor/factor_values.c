#include "keeper/factor/factor_values.h"

#include "doubletour/otp.h"
#include "keeper/core/display_name.h"
#include "keeper/core/row_words.h"
#include "ipc/terms.h"
#include "webauthn/webauthn.h"

enum { PERIOD_MIN_S = 15, PERIOD_MAX_S = 300, PASSKEY_HOST_MAX = 253 };

const char *
factor_counting_wrong(const struct factor_values *values)
{
	enum otp_algorithm algorithm;

	if (values->secret.n < OTP_SECRET_MIN)
		return "the secret of its authenticator is shorter than 128 bits";
	if (values->secret.n > OTP_SECRET_MAX)
		return "the secret of its authenticator is too long";
	if (values->digits < CODE_DIGITS_MIN || values->digits > CODE_DIGITS_MAX || values->period_s < PERIOD_MIN_S ||
	    values->period_s > PERIOD_MAX_S)
		return "its authenticator has unsupported parameters: only 6 to 8 digits and 15 to 300 seconds are "
		       "possible";
	if (factor_algorithm_read(values->algorithm, &algorithm) != ERR_OK)
		return "its authenticator has an algorithm other than SHA1, SHA256 and SHA512";
	return NULL;
}

static bool
passkey_flag(int64_t value)
{
	return value == 0 || value == 1;
}

static const char *
passkey_values_credential_wrong(const struct passkey_values *v)
{
	if (v->id_bytes < 1 || v->id_bytes > WEBAUTHN_ID_MAX)
		return "its credential id has a wrong length";
	if (v->aaguid_bytes != WEBAUTHN_AAGUID_BYTES)
		return "its AAGUID does not have 16 bytes";
	if (v->rp_id.n < 1 || v->rp_id.n > PASSKEY_HOST_MAX)
		return "its host is missing or too long";
	if (v->transports.n > PASSKEY_TRANSPORTS_MAX)
		return "the list of its transports is too long";
	return NULL;
}

static const char *
passkey_values_state_wrong(const struct passkey_values *v)
{
	if (v->sign_count < 0 || v->sign_count > UINT32_MAX || v->last_challenge_us < 0)
		return "its counter or the time of its challenge is outside its range";
	if (!passkey_flag(v->uv_initialized) || !passkey_flag(v->backup_eligible) || !passkey_flag(v->backed_up))
		return "one of its flags is neither 0 nor 1";
	if (v->backed_up > v->backup_eligible)
		return "it is backed up, but not eligible for that";
	return NULL;
}

const char *
passkey_values_wrong(const struct passkey_values *v)
{
	const char *wrong;

	if (!v->present)
		return "it has no row in the table passkeys";
	if (!v->passkey)
		return "it is not a passkey, but has a row in the table passkeys";
	if (v->digits != 0)
		return "it has a number of digits, but no codes";
	if (v->handle_bytes != 0 && v->handle_bytes != WEBAUTHN_HANDLE_MAX)
		return "the user handle of its account does not have 64 bytes";
	wrong = passkey_values_credential_wrong(v);
	return wrong != NULL ? wrong : passkey_values_state_wrong(v);
}

const char *
factor_name_wrong(const struct factor_values *values)
{
	struct display_name name;

	return display_name_check(values->name, &name) == PROBLEM_NONE
		   ? NULL
		   : "its name has more than 40 characters or invisible ones, or is not UTF-8";
}
