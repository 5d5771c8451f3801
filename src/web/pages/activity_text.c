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

/* The icons of events that passed; an event without a row has "info". */
static const str icons[AUDIT_COUNT] = {
	[AUDIT_REGISTER] = STR_INIT("person"),
	[AUDIT_SIGN_IN] = STR_INIT("lock"),
	[AUDIT_ENROL] = STR_INIT("phone"),
	[AUDIT_ENROLLED] = STR_INIT("phone"),
	[AUDIT_VERIFIED] = STR_INIT("key"),
	[AUDIT_PASSKEY_VERIFIED] = STR_INIT("key"),
	[AUDIT_PASSKEY_STEP_UP] = STR_INIT("key"),
	[AUDIT_PASSKEY_ADDED] = STR_INIT("key"),
	[AUDIT_PASSKEY_BACKUP_CHANGED] = STR_INIT("key"),
	[AUDIT_CODES_OFF] = STR_INIT("phone"),
	[AUDIT_CODES_ON] = STR_INIT("phone"),
	[AUDIT_SIGN_OUT] = STR_INIT("leave"),
	[AUDIT_STEP_UP] = STR_INIT("key"),
	[AUDIT_RECOVERED] = STR_INIT("sheet"),
	[AUDIT_RECOVERY_MADE] = STR_INIT("sheet"),
	[AUDIT_FACTOR_REMOVED] = STR_INIT("phone"),
	[AUDIT_FACTOR_RENAMED] = STR_INIT("phone"),
	[AUDIT_PASSWORD_CHANGED] = STR_INIT("lock"),
	[AUDIT_PROFILE_CHANGED] = STR_INIT("person"),
	[AUDIT_SESSION_ENDED] = STR_INIT("leave"),
	[AUDIT_ALARM_DISMISSED] = STR_INIT("warning"),
	[AUDIT_LINK_USED] = STR_INIT("lock"),
	[AUDIT_APP_SIGN_IN] = STR_INIT("overview"),
	[AUDIT_APP_ALLOWED] = STR_INIT("overview"),
	[AUDIT_APP_WITHDRAWN] = STR_INIT("overview"),
	[AUDIT_OIDC_REVOKED] = STR_INIT("overview"),
	[AUDIT_ADMIN_ADDED] = STR_INIT("people"),
	[AUDIT_ADMIN_DISABLED] = STR_INIT("people"),
	[AUDIT_ADMIN_ENABLED] = STR_INIT("people"),
	[AUDIT_ADMIN_UNLOCKED] = STR_INIT("people"),
	[AUDIT_ADMIN_PASSWORD_LINK] = STR_INIT("people"),
	[AUDIT_ADMIN_FACTORS_RESET] = STR_INIT("people"),
	[AUDIT_ADMIN_SIGNED_OUT] = STR_INIT("people"),
	[AUDIT_ADMIN_RENAMED] = STR_INIT("people"),
	[AUDIT_ADMIN_EMAIL_SET] = STR_INIT("people"),
	[AUDIT_ADMIN_GROUPS_SET] = STR_INIT("people"),
	[AUDIT_ADMIN_IMPORTED] = STR_INIT("people"),
};

static str
activity_icon(enum audit_event event)
{
	return (unsigned)event < AUDIT_COUNT && icons[event].n > 0 ? icons[event] : STR("info");
}

/* Refusals with the icon of a clock: a spent code, the wrong clock of a phone, a lockout. */
static bool
activity_is_about_time(enum audit_event event, enum audit_reason reason)
{
	return event == AUDIT_CLOCK_OFF || event == AUDIT_LOCKOUT_BEGUN ||
	       (event == AUDIT_VERIFY_REFUSED && (reason == REASON_SPENT || reason == REASON_RECOVERY_SPENT));
}

void
activity_seal(enum audit_event event, enum audit_reason reason, enum audit_outcome outcome, str *ret_icon,
	      str *ret_tone)
{
	bool refused = outcome == AUDIT_REFUSED, timed = activity_is_about_time(event, reason);

	*ret_icon = !refused ? activity_icon(event) : timed ? STR("clock") : STR("error");
	*ret_tone = refused && timed                                             ? STR("warn")
		    : refused                                                    ? STR("bad")
		    : event == AUDIT_RECOVERED                                   ? STR("warn")
		    : event == AUDIT_VERIFIED || event == AUDIT_PASSKEY_VERIFIED ? STR("good")
										 : STR("");
}
