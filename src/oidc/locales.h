/*
 * The parameter ui_locales: OpenID Connect Core 1.0 s3.1.2.1, RFC 5646.
 */
#ifndef OIDC_LOCALES_H
#define OIDC_LOCALES_H

#include "base/str.h"
#include "ipc/terms.h"

/* Choose the first tag of the list (with spaces between) in which pages exist.  PREFERRED_BROWSER: no tag fits. */
enum preferred_language oidc_locales_choose(str ui_locales);

#endif
