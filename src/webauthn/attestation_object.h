/*
 * The attestation object of an enrolment (s6.5.4): CBOR (RFC 8949) around the authenticator data.
 *
 *	{"fmt": text, "attStmt": map, "authData": bytes}
 *
 * Only the network process calls this: the process with the keys has no CBOR parser.  The attestation statement is
 * skipped, since no decision depends on it.
 */
#ifndef WEBAUTHN_ATTESTATION_OBJECT_H
#define WEBAUTHN_ATTESTATION_OBJECT_H

#include "base/str.h"

enum { ATTESTATION_DEPTH_MAX = 8 };

/*
 * Find the authenticator data; ret_auth_data points into object.  Returns false for everything but one map of exactly
 * these three text keys in any order.  All lengths are definite and of minimal form (RFC 8949 s4.2.1), there is no tag,
 * at most ATTESTATION_DEPTH_MAX levels, and nothing follows.  The time is linear in the length of the object.
 */
bool attestation_object_read(str object, str *ret_auth_data);

#endif
