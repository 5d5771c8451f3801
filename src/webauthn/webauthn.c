#include "webauthn/webauthn.h"

const char *
webauthn_fault_name(enum webauthn_fault fault)
{
	static const char *const names[] = {
#define WEBAUTHN_FAULT_NAME(name, text) text,
		WEBAUTHN_FAULTS(WEBAUTHN_FAULT_NAME)
	};

	return fault < WEBAUTHN_FAULT_COUNT ? names[fault] : "unknown";
}
