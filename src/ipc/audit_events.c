#include "ipc/audit_events.h"

#include "base/err.h"

static const struct audit_event_facts events[AUDIT_COUNT] = {
	[AUDIT_UNKNOWN] = { "unknown", AUDIT_REFUSED, LOG_WARNING, false },
#define ACTOR_ASKER false
#define ACTOR_SYSTEM true
#define AUDIT_EVENT(id, name, outcome, level, actor, sentence)                                                         \
	[AUDIT_##id] = { name, AUDIT_##outcome, LOG_##level, ACTOR_##actor },
#include "ipc/audit_events.def"
};

static const char *const reasons[REASON_COUNT] = {
	[REASON_UNKNOWN] = "unknown",
#define AUDIT_REASON(id, text) [REASON_##id] = (text),
#include "ipc/audit_events.def"
};

const struct audit_event_facts *
audit_event_facts(enum audit_event event)
{
	return &events[(unsigned)event < AUDIT_COUNT ? event : AUDIT_UNKNOWN];
}

const char *
audit_event_name(enum audit_event event)
{
	return audit_event_facts(event)->name;
}

const char *
audit_outcome_name(enum audit_outcome outcome)
{
	return outcome == AUDIT_PASSED ? "passed" : "refused";
}

const char *
audit_reason_name(enum audit_reason reason)
{
	return reasons[(unsigned)reason < REASON_COUNT ? reason : REASON_UNKNOWN];
}

enum audit_outcome
audit_outcome_read(str name)
{
	return str_equal(name, STR("passed")) ? AUDIT_PASSED : AUDIT_REFUSED;
}

enum audit_event
audit_event_read(str name)
{
	for (unsigned event = AUDIT_UNKNOWN + 1; event < AUDIT_COUNT; event++)
		if (str_equal(name, str_of(events[event].name)))
			return event;
	return AUDIT_UNKNOWN;
}

enum audit_reason
audit_reason_read(str text)
{
	for (unsigned reason = REASON_UNKNOWN + 1; reason < REASON_COUNT; reason++)
		if (str_equal(text, str_of(reasons[reason])))
			return reason;
	return REASON_UNKNOWN;
}
