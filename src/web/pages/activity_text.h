/*
 * The activity page: one sentence for each event of the audit trail (ipc/audit_events.def).
 */
#ifndef WEB_ACTIVITY_TEXT_H
#define WEB_ACTIVITY_TEXT_H

#include "ipc/audit_events.h"

/*
 * AUDIT_SIGN_IN_REFUSED, REASON_PASSWORD → "Wrong password" (a msgid).  A reason that has no sentence of its own has its event's.
 * An event that no account can have, or that another version wrote, is "An event that this version ... does not know".
 */
const char *activity_text(enum audit_event event, enum audit_reason reason);

#endif
