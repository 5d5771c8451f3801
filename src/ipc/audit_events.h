/*
 * The events of the audit trail (ipc/audit_events.def), with outcome and reason.  The keeper writes them as text
 * into the database and sends them to web as numbers.
 */
#ifndef IPC_AUDIT_EVENTS_H
#define IPC_AUDIT_EVENTS_H

#include "base/log.h"
#include "base/str.h"

#include <stdbool.h>

enum audit_event {
	AUDIT_UNKNOWN = 0, /* a text in the database that this version does not know */
#define AUDIT_EVENT(id, name, outcome, level, actor, sentence) AUDIT_##id,
#include "ipc/audit_events.def"
	AUDIT_COUNT
};

enum audit_reason {
	REASON_UNKNOWN = 0,
#define AUDIT_REASON(id, text) REASON_##id,
#include "ipc/audit_events.def"
	REASON_COUNT
};

enum audit_outcome { AUDIT_PASSED = 0, AUDIT_REFUSED };

/* The largest numbers in a message. */
enum { AUDIT_EVENT_LAST = AUDIT_COUNT - 1, AUDIT_REASON_LAST = REASON_COUNT - 1, AUDIT_OUTCOME_LAST = AUDIT_REFUSED };

struct audit_event_facts {
	const char *name; /* such as "signin.refused" */
	enum audit_outcome outcome;
	enum log_level level;
	bool by_system;
};
const struct audit_event_facts *audit_event_facts(enum audit_event event);

const char *audit_event_name(enum audit_event event);
const char *audit_outcome_name(enum audit_outcome outcome); /* "passed", "refused" */
const char *audit_reason_name(enum audit_reason reason);

/* Parse the texts of a row; AUDIT_UNKNOWN and REASON_UNKNOWN for a text of another version. */
enum audit_event audit_event_read(str name);
enum audit_reason audit_reason_read(str text);
enum audit_outcome audit_outcome_read(str name); /* AUDIT_REFUSED unless the text is "passed" */

#endif
