#include "web/pages/checkup.h"

void
checkup_fill(const struct exchange *x, struct page_checkup *ret_checkup)
{
	const struct session_view *session = &x->session;

	uint32_t working = session->codes_off ? session->passkeys : session->authenticators;

	*ret_checkup = (struct page_checkup){ .recovered = session->recovered,
					      .authenticators = working,
					      .passkeys = session->passkeys,
					      .other_sessions = session->other_sessions,
					      .last_sign_in_us = session->last_sign_in_us };
}
