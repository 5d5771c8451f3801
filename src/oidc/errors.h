/*
 * The names of errors: RFC 6749 s4.1.2.1 and s5.2, RFC 6750 s3.1, OpenID Connect Core 1.0 s3.1.2.6, and OpenID Connect
 * Core Error Code unmet_authentication_requirements 1.0.
 */
#ifndef OIDC_ERRORS_H
#define OIDC_ERRORS_H

#include "ipc/terms.h"

/* "invalid_request"; "" for OIDC_OK. */
const char *oidc_error_name(enum oidc_error error);

#endif
