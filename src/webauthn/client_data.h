/*
 * Client data (s5.8.1): the JSON object that the browser makes and the authenticator signs.
 *
 *	{"type":"webauthn.get","challenge":"...","origin":"https://login.example.org","crossOrigin":false}
 *
 * Any order; unknown members are ignored, since browsers add some.  Bytes are compared after the JSON escapes are
 * decoded.
 */
#ifndef WEBAUTHN_CLIENT_DATA_H
#define WEBAUTHN_CLIENT_DATA_H

#include "base/err.h"
#include "base/str.h"
#include "webauthn/webauthn.h"

enum webauthn_ceremony { WEBAUTHN_ENROLMENT, WEBAUTHN_ASSERTION };

enum { CLIENT_DATA_CHALLENGE_MAX = 128 };

struct client_data {
	char challenge[CLIENT_DATA_CHALLENGE_MAX + 1]; /* base64url as received; the caller decodes and checks it */
};

/*
 * Read it, and check type and origin.  origin: that of PUBLIC_URL, compared byte for byte.
 *
 * ERR_MEMORY; ret_fault is then not set
 */
MUST_USE err client_data_read(str json, enum webauthn_ceremony ceremony, str origin, struct client_data *ret_data,
			      enum webauthn_fault *ret_fault);

#endif
