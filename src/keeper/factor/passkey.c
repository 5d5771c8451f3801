#include "keeper/factor/passkey.h"

#include "config/values.h"
#include "keeper/core/factor_kind.h"

/* An IPv6 address has brackets; the last label of an IPv4 address is a number, and that of a domain is not. */
static bool
passkey_host_is_address(str host)
{
	size_t at = host.n;

	while (at > 0 && host.p[at - 1] >= '0' && host.p[at - 1] <= '9')
		at--;
	return str_starts(host, STR("[")) || (at < host.n && (at == 0 || host.p[at - 1] == '.'));
}

str
passkey_rp_id(const struct config *config)
{
	str host = host_without_port(str_of(config->public_host));

	if (str_empty(host))
		return STR("localhost");
	return passkey_host_is_address(host) ? STR("") : host;
}

enum audit_reason
passkey_reason(enum webauthn_fault fault)
{
	static const enum audit_reason reasons[WEBAUTHN_FAULT_COUNT] = {
		[WEBAUTHN_NONE] = REASON_ASKED,
		[WEBAUTHN_CLIENT_DATA] = REASON_CLIENT_DATA,
		[WEBAUTHN_TYPE] = REASON_CEREMONY_TYPE,
		[WEBAUTHN_CHALLENGE] = REASON_CHALLENGE,
		[WEBAUTHN_ORIGIN] = REASON_ORIGIN,
		[WEBAUTHN_CROSS_ORIGIN] = REASON_CROSS_ORIGIN,
		[WEBAUTHN_AUTH_DATA] = REASON_AUTH_DATA,
		[WEBAUTHN_RP_ID] = REASON_RP_ID,
		[WEBAUTHN_ABSENT] = REASON_USER_ABSENT,
		[WEBAUTHN_UNVERIFIED] = REASON_USER_UNVERIFIED,
		[WEBAUTHN_BACKUP] = REASON_BACKUP_FLAGS,
		[WEBAUTHN_KEY] = REASON_KEY,
		[WEBAUTHN_CREDENTIAL] = REASON_CREDENTIAL,
		[WEBAUTHN_SIGNATURE] = REASON_SIGNATURE,
	};

	return reasons[fault];
}

/* No functions: separate questions enrol and verify a passkey. */
const struct factor_kind factor_kind_passkey = {
	.name = "passkey",
	.sealing_purpose = "passkey key",
	.amr = "pop",
	.shows = SHOWS_POSSESSION,
	.resists_phishing = true,
	.passed = AUDIT_PASSKEY_VERIFIED,
	.stepped_up = AUDIT_PASSKEY_STEP_UP,
	.why_wrong = REASON_SIGNATURE,
	.why_spent = REASON_CHALLENGE_USED,
	.why_changed = REASON_PASSKEY,
};
