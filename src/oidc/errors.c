#include "oidc/errors.h"

#include "base/str.h"

static const char *const names[OIDC_ERROR_COUNT] = {
	[OIDC_OK] = "",
	[OIDC_INVALID_REQUEST] = "invalid_request",
	[OIDC_INVALID_CLIENT] = "invalid_client",
	[OIDC_INVALID_GRANT] = "invalid_grant",
	[OIDC_UNAUTHORIZED_CLIENT] = "unauthorized_client",
	[OIDC_UNSUPPORTED_GRANT_TYPE] = "unsupported_grant_type",
	[OIDC_INVALID_SCOPE] = "invalid_scope",
	[OIDC_INVALID_TOKEN] = "invalid_token",
	[OIDC_INSUFFICIENT_SCOPE] = "insufficient_scope",
	[OIDC_ACCESS_DENIED] = "access_denied",
	[OIDC_UNSUPPORTED_RESPONSE_TYPE] = "unsupported_response_type",
	[OIDC_TEMPORARILY_UNAVAILABLE] = "temporarily_unavailable",
	[OIDC_LOGIN_REQUIRED] = "login_required",
	[OIDC_CONSENT_REQUIRED] = "consent_required",
	[OIDC_INTERACTION_REQUIRED] = "interaction_required",
	[OIDC_REQUEST_NOT_SUPPORTED] = "request_not_supported",
	[OIDC_REQUEST_URI_NOT_SUPPORTED] = "request_uri_not_supported",
	[OIDC_REGISTRATION_NOT_SUPPORTED] = "registration_not_supported",
	[OIDC_UNMET_AUTHENTICATION_REQUIREMENTS] = "unmet_authentication_requirements",
};

const char *
oidc_error_name(enum oidc_error error)
{
	return error < OIDC_ERROR_COUNT ? names[error] : "";
}
