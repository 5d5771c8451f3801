/*
 * Redirect URIs: which ones may be registered, and which ones a request may name.
 */
#ifndef OIDC_REDIRECT_H
#define OIDC_REDIRECT_H

#include "base/str.h"

enum redirect_problem {
	REDIRECT_GOOD = 0,
	REDIRECT_NO_URI,   /* no absolute URI: RFC 3986 s4.3; or a byte outside %x21-7E */
	REDIRECT_FRAGMENT, /* RFC 6749 s3.1.2 */
	REDIRECT_SCHEME,   /* javascript, data, file, vbscript, about, blob */
	REDIRECT_WILDCARD, /* a star in the host */
	REDIRECT_USERINFO, /* a name or password before the host */
	REDIRECT_INSECURE, /* http to a host that is not loopback, without the flag insecure_redirect */
	REDIRECT_NO_HOST,  /* http or https without a host */
	REDIRECT_TOO_LONG, /* over OIDC_URI_MAX bytes */
	REDIRECT_PROBLEM_COUNT
};

/* A sentence for the administrator; "" for REDIRECT_GOOD. */
const char *redirect_problem_text(enum redirect_problem problem);

/* May this redirect URI be registered?  insecure: the client's flag insecure_redirect. */
enum redirect_problem redirect_check(str uri, bool insecure);

/*
 * Is `asked` one of the registered URIs (one per line)?  URIs are compared byte for byte.  One exception (RFC 8252
 * s7.3): a registered http URI of 127.0.0.1, [::1] or localhost matches with any port, and its empty path equals "/".
 */
bool redirect_is_registered(str registered, str asked);

/* The length of the authority that follows the two slashes of a URI: RFC 3986 s3.2. */
size_t redirect_authority_length(str text);

#endif
