#include "keeper/audit.h"

#include "base/digest.h"
#include "base/log.h"
#include "keeper/turn.h"

#include <inttypes.h>
#include <stdio.h>

/* clang-format off */
static const struct {
	const char *name, *outcome;
	enum log_level level;
	bool by_system; /* the server does it of itself, whoever asked */
} events[AUDIT_COUNT] = {
	[AUDIT_REGISTER]         = { "register.done",    "passed",  LOG_NOTICE },
	[AUDIT_REGISTER_REFUSED] = { "register.refused", "refused", LOG_NOTICE },
	[AUDIT_SIGN_IN]          = { "signin.passed",    "passed",  LOG_NOTICE },
	[AUDIT_SIGN_IN_REFUSED]  = { "signin.refused",   "refused", LOG_NOTICE },
	[AUDIT_ENROL]            = { "enrol.begun",      "passed",  LOG_INFO   },
	[AUDIT_ENROLLED]         = { "enrol.confirmed",  "passed",  LOG_NOTICE },
	[AUDIT_PROVED]           = { "prove.passed",     "passed",  LOG_NOTICE },
	[AUDIT_PROVE_REFUSED]    = { "prove.refused",    "refused", LOG_NOTICE },
	[AUDIT_SIGN_OUT]         = { "signout.done",     "passed",  LOG_NOTICE },
	[AUDIT_STEP_UP]               = { "stepup.passed",         "passed",  LOG_INFO },
	[AUDIT_RECOVERED]             = { "recovery.used",         "passed",  LOG_NOTICE },
	[AUDIT_RECOVERY_MADE]         = { "recovery.made",         "passed",  LOG_NOTICE },
	[AUDIT_FACTOR_REMOVED]        = { "factor.removed",        "passed",  LOG_NOTICE },
	[AUDIT_FACTOR_RENAMED]        = { "factor.renamed",        "passed",  LOG_INFO },
	[AUDIT_PASSWORD_CHANGED]      = { "password.changed",      "passed",  LOG_NOTICE },
	[AUDIT_PASSWORD_REFUSED]      = { "password.refused",      "refused", LOG_NOTICE },
	[AUDIT_PROFILE_CHANGED]       = { "profile.changed",       "passed",  LOG_INFO },
	[AUDIT_SESSION_ENDED]         = { "session.ended",         "passed",  LOG_NOTICE },
	[AUDIT_CLOSED]                = { "account.closed",        "passed",  LOG_NOTICE },
	[AUDIT_LINK_USED]             = { "link.used",             "passed",  LOG_NOTICE },
	[AUDIT_LINK_REFUSED]          = { "link.refused",          "refused", LOG_NOTICE },
	[AUDIT_CLOCK_OFF]             = { "clock.off",             "refused", LOG_NOTICE, true },
	[AUDIT_WAIT_BEGUN]            = { "wait.begun",            "refused", LOG_NOTICE, true },
	[AUDIT_FACTOR_DISABLED]       = { "factor.disabled",       "refused", LOG_WARNING, true },
	[AUDIT_ADMIN_ADDED]           = { "admin.added",           "passed",  LOG_NOTICE },
	[AUDIT_ADMIN_DISABLED]        = { "admin.disabled",        "passed",  LOG_NOTICE },
	[AUDIT_ADMIN_ENABLED]         = { "admin.enabled",         "passed",  LOG_NOTICE },
	[AUDIT_ADMIN_UNLOCKED]        = { "admin.unlocked",        "passed",  LOG_NOTICE },
	[AUDIT_ADMIN_PASSWORD_LINK]   = { "admin.password-link",   "passed",  LOG_NOTICE },
	[AUDIT_ADMIN_FACTORS_RESET]   = { "admin.factors-reset",   "passed",  LOG_NOTICE },
	[AUDIT_ADMIN_SIGNED_OUT]      = { "admin.signed-out",      "passed",  LOG_NOTICE },
	[AUDIT_ADMIN_DELETED]         = { "admin.deleted",         "passed",  LOG_NOTICE },
	[AUDIT_ADMIN_RENAMED]         = { "admin.renamed",         "passed",  LOG_NOTICE },
	[AUDIT_ADMIN_EMAIL_SET]       = { "admin.email-set",       "passed",  LOG_NOTICE },
	[AUDIT_ADMIN_GROUPS_SET]      = { "admin.groups-set",      "passed",  LOG_NOTICE },
	[AUDIT_ADMIN_INVITED]         = { "admin.invited",         "passed",  LOG_NOTICE },
	[AUDIT_ADMIN_IMPORTED]        = { "admin.imported",        "passed",  LOG_NOTICE },
	[AUDIT_ADMIN_BACKUP]          = { "admin.backup",          "passed",  LOG_NOTICE },
	[AUDIT_ADMIN_COPIED]          = { "admin.copied",          "passed",  LOG_NOTICE },
	[AUDIT_ADMIN_RESTORED]        = { "admin.restored",        "passed",  LOG_NOTICE },
	[AUDIT_ADMIN_KEY_ROTATED]     = { "admin.key-rotated",     "passed",  LOG_NOTICE },
};
/* clang-format on */

const char *
audit_event_name(enum audit_event event)
{
	return events[event].name;
}

str
audit_text(struct arena *arena, str text)
{
	char *copy = arena_alloc(arena, text.n + 1);
	size_t n = 0;

	if (copy == NULL)
		return STR("");
	while (text.n > 0) {
		int32_t point = 0;
		size_t step = str_utf8_next(text, &point);
		bool shown = step > 0 && !str_point_misleads(point);
		memcpy(copy + n, shown ? text.p : "?", shown ? step : 1);
		n += shown ? step : 1;
		text = str_from(text, step == 0 ? 1 : step);
	}
	return str_bytes(copy, n);
}

/* --- who acts ----------------------------------------------------------------------------------------------------- */

/* Written once, before there is a second thread. */
static char command_actor[AUDIT_ACTOR_MAX + 1] = "command";

/* The names of users that sudo and directories give; anything else was not written by sudo. */
static bool
user_is_plain(str user)
{
	for (size_t i = 0; i < user.n; i++)
		if (user.p[i] <= ' ' || user.p[i] > '~')
			return false;
	return user.n > 0 && user.n <= AUDIT_USER_MAX;
}

void
audit_command_by(const char *sudo_user, int64_t uid)
{
	if (sudo_user != NULL && user_is_plain(str_of(sudo_user)))
		snprintf(command_actor, sizeof(command_actor), "command:%s", sudo_user);
	else
		snprintf(command_actor, sizeof(command_actor), "command:uid=%" PRId64, uid);
}

static str
actor_of(const struct turn *turn, enum audit_event event)
{
	static const str fixed[] = { [AUDIT_BY_PERSON] = STR_INIT("person"), [AUDIT_BY_SYSTEM] = STR_INIT("system") };
	enum audit_actor actor = events[event].by_system ? AUDIT_BY_SYSTEM : turn->actor;

	return actor == AUDIT_BY_COMMAND ? str_of(command_actor) : fixed[actor];
}

/* --- the row ------------------------------------------------------------------------------------------------------ */

/* The only writer of the table. */
static err
row_insert(struct turn *turn, enum audit_event event, struct db_value account, struct db_value subject, const char *why)
{
	const struct db_value args[] = {
		DB_INT(turn->now_us),
		DB_TEXT(str_of(events[event].name)),
		DB_TEXT(str_of(events[event].outcome)),
		DB_TEXT(str_of(why)),
		account,
		subject,
		DB_TEXT(audit_text(&turn->arena, turn->head.address)),
		DB_TEXT(audit_text(&turn->arena, turn->head.agent)),
		DB_TEXT(audit_text(&turn->arena, turn->head.request_id)),
		DB_TEXT(actor_of(turn, event)),
	};

	return db_run(turn->db, SQL_AUDIT_INSERT, args, COUNT(args), NULL);
}

err
audit_write(struct turn *turn, enum audit_event event, int64_t account_id, const char *why)
{
	return row_insert(turn, event, account_id == 0 ? DB_NULL() : DB_INT(account_id), DB_NULL(), why);
}

err
audit_write_unknown(struct turn *turn, enum audit_event event, str name, const char *why)
{
	uint8_t hash[DIGEST_BYTES];

	TRY(digest_hmac(str_bytes(keeper_name_key(turn->keeper)->b, TOKEN_BYTES), name, hash));
	return row_insert(turn, event, DB_NULL(), DB_BLOB(str_bytes(hash, sizeof(hash))), why);
}

err
audit_write_command(struct db *db, enum audit_event event, int64_t account_id, const char *why)
{
	CLEANUP(turn_wipe) struct turn turn = { .db = db };

	TRY(turn_of_command(&(struct keeper_thread){ .db = db }, &turn));
	return audit_write(&turn, event, account_id, why);
}

void
audit_log(const struct turn *turn, enum audit_event event, int64_t account_id, const char *why)
{
	log_event(events[event].level, events[event].name, LOG_INT("account", account_id), LOG_TEXT("why", why),
		  LOG_TEXT("state", session_state_name(turn->now.session.state)),
		  LOG_STR("address", turn->head.address));
}
