#include "web/pages/activity_text.h"

#include "web/core/messages.h"

#define NO_SENTENCE NULL

static const char *const of_event[AUDIT_COUNT] = {
	[AUDIT_UNKNOWN] = N_("Event unknown to this version of the server"),
#define AUDIT_EVENT(id, name, outcome, level, actor, sentence) [AUDIT_##id] = (sentence),
#include "ipc/audit_events.def"
};

/* NULL: the event's default sentence applies. */
static const char *const of_reason[AUDIT_COUNT][REASON_COUNT] = {
#define AUDIT_SENTENCE(event, reason, sentence) [AUDIT_##event][REASON_##reason] = (sentence),
#include "ipc/audit_events.def"
};

const char *
activity_text(enum audit_event event, enum audit_reason reason)
{
	const char *words = NULL;

	if ((unsigned)event < AUDIT_COUNT && (unsigned)reason < REASON_COUNT)
		words = of_reason[event][reason] != NULL ? of_reason[event][reason] : of_event[event];
	return words != NULL ? words : of_event[AUDIT_UNKNOWN];
}
