#include "web/pages/checkup.h"

void
checkup_fill(const struct exchange *x, struct page_checkup *ret_checkup)
{
	const struct session_view *session = &x->session;

	*ret_checkup = (struct page_checkup){ .recovered = session->recovered,
					      .authenticators = session->authenticators,
					      .other_sessions = session->other_sessions,
					      .last_sign_in_us = session->last_sign_in_us };
}
