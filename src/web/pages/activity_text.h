/*
 * The activity page: one sentence for each event of the audit trail (ipc/audit_events.def).
 */
#ifndef WEB_ACTIVITY_TEXT_H
#define WEB_ACTIVITY_TEXT_H

#include "base/str.h"
#include "ipc/audit_events.h"

/*
 * AUDIT_SIGN_IN_REFUSED with REASON_PASSWORD is "Wrong password" (a msgid).  A reason without a separate sentence
 * gets that of its event.  An event without an account, or from another version, is "An event that this version ...
 * does not know".
 */
const char *activity_text(enum audit_event event, enum audit_reason reason);

/*
 * The seal of an event: an icon of static/icons.svg, and its tone ("good", "warn", "bad", or "" for none).  The icon
 * shows the subject; refusals have their own icons, so that the tone is never alone.
 */
void activity_seal(enum audit_event event, enum audit_reason reason, enum audit_outcome outcome, str *ret_icon,
		   str *ret_tone);

#endif
