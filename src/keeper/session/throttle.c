#include "keeper/session/throttle.h"

#include "base/digest.h"
#include "base/log.h"
#include "base/network.h"
#include "keeper/core/audit.h"
#include "keeper/session/devices.h"
#include "keeper/core/factor_kind.h"
#include "keeper/core/call.h"

#define LOCKOUT_FIRST_US SECONDS_US(30)
#define LOCKOUT_MAX_US MINUTES_US(60)

/* clang-format off */
static const struct counter_rule rules[COUNTER_COUNT] = {
	[COUNTER_NAME_ADDRESS]    = { REASON_COUNTER_NAME_ADDRESS,    "refused passwords for one user name from one address", 5, 0, 0, true },
	[COUNTER_NAME]            = { REASON_COUNTER_NAME,            "refused passwords for one user name, from anywhere", 50, 0, 0, true },
	[COUNTER_ADDRESS]         = { REASON_COUNTER_ADDRESS,         "refused passwords from one address, for any name", 30, 1000, MINUTES_US(5), false },
	[COUNTER_DEVICE]          = { REASON_COUNTER_DEVICE,          "refused passwords for one account in one browser that has signed in to it before", 5, 0, 0, true },
	[COUNTER_CODE]            = { REASON_CODE,                    "refused codes of an account's authenticators, from all unknown browsers", 5, 0, 0, true },
	[COUNTER_CODE_DEVICE]     = { REASON_COUNTER_CODE_DEVICE,     "refused codes of an account's authenticators, in one known browser", 5, 0, 0, true },
	[COUNTER_CODES]           = { REASON_COUNTER_CODES,           "refused codes of an account's authenticators, from everywhere", 0, 0, 0, true },
	[COUNTER_RECOVERY]        = { REASON_COUNTER_RECOVERY,        "refused recovery codes of an account, from all unknown browsers", 5, 0, 0, true },
	[COUNTER_RECOVERY_DEVICE] = { REASON_COUNTER_RECOVERY_DEVICE, "refused recovery codes of an account, in one known browser", 5, 0, 0, true },
	[COUNTER_OWN]             = { REASON_COUNTER_OWN,             "refused current passwords of a signed-in user, in an unknown browser", 5, 0, 0, true },
	[COUNTER_REGISTER]        = { REASON_COUNTER_REGISTER,        "forms to register from one address", 30, 1000, MINUTES_US(5), false },
	[COUNTER_PASSKEY]         = { REASON_PASSKEY,                 "refused passkeys from one address, for any account, or in one browser that has signed in to the account before", 30, 1000, MINUTES_US(5), false },
	[COUNTER_CLIENT]          = { REASON_COUNTER_CLIENT,          "refused requests of one application (OpenID Connect client) from one address", 30, 1000, MINUTES_US(5), false },
	[COUNTER_LINK]            = { REASON_COUNTER_LINK,            "uses of one-time links that have ended or never existed, from one address", 30, 1000, MINUTES_US(5), false },
};
/* clang-format on */

const struct counter_rule *
counter_rule(enum counter counter)
{
	return &rules[counter];
}

const char *
counter_name(enum counter counter)
{
	return audit_reason_name(rules[counter].reason);
}

/* --- choosing the counters ---------------------------------------------------------------------------------------- */

static bool
throttle_is_local(const struct call *call)
{
	return network_of(call->head.address).local;
}

/*
 * A request over a Unix socket has no address unless the proxy names one. If such requests shared a counter of name and
 * address, any of them could use up the five attempts for a name. They count only for the name, and in one counter with
 * the limit for loopback addresses.
 */
static bool
throttle_has_address(const struct call *call)
{
	return network_of(call->head.address).n > 0;
}

static void
throttle_add(struct throttle *t, enum counter counter, int64_t slot)
{
	t->counts[t->n++] = (struct count){ .counter = counter, .slot = slot };
}

/* Select the slot by a keyed hash, for subjects that have no row. */
static err
throttle_add_hashed(struct call *call, struct throttle *t, enum counter counter, str name, bool with_address)
{
	struct network network = network_of(call->head.address);
	CLEANUP(buf_wipe) struct buf text = BUF(1024);
	uint8_t hash[DIGEST_BYTES];
	struct count *count;

	buf_put(&text, str_of(counter_name(counter)));
	buf_put_byte(&text, '\0');
	buf_put(&text, name);
	buf_put_byte(&text, '\0');
	if (with_address)
		buf_put(&text, str_bytes(network.b, network.n));
	TRY(buf_check(&text));
	TRY(digest_hmac(str_bytes(keeper_name_key(call->keeper)->b, TOKEN_BYTES), buf_str(&text), hash));
	throttle_add(t, counter, (hash[0] | hash[1] << 8) % THROTTLE_SLOTS);
	count = &t->counts[t->n - 1];
	count->key_n = THROTTLE_KEY_BYTES;
	memcpy(count->key, hash + 2, THROTTLE_KEY_BYTES);
	return ERR_OK;
}

err
throttle_password(struct call *call, str name, int64_t account_id, struct throttle *ret_throttle)
{
	struct throttle t = { .account_id = account_id };
	int64_t device_id = 0;

	TRY(device_find(call, account_id, &device_id));
	if (device_id != 0) {
		throttle_add(&t, COUNTER_DEVICE, device_id);
	} else {
		if (throttle_has_address(call))
			TRY(throttle_add_hashed(call, &t, COUNTER_NAME_ADDRESS, name, true));
		TRY(throttle_add_hashed(call, &t, COUNTER_ADDRESS, STR(""), true));
		if (account_id != 0)
			throttle_add(&t, COUNTER_NAME, account_id);
		else
			TRY(throttle_add_hashed(call, &t, COUNTER_NAME, name, false));
	}
	*ret_throttle = t;
	return ERR_OK;
}

/* Add the counter of a known browser, or the one shared by all unknown browsers. */
static err
throttle_add_of_account(struct call *call, struct throttle *t, enum counter strangers, enum counter device)
{
	int64_t device_id = 0;

	t->account_id = call->now.session.account_id;
	TRY(device_find(call, t->account_id, &device_id));
	if (device_id != 0)
		throttle_add(t, device, device_id);
	else
		throttle_add(t, strangers, t->account_id);
	return ERR_OK;
}

err
throttle_code(struct call *call, bool counts_for_all, struct throttle *ret_throttle)
{
	*ret_throttle = (struct throttle){ .n = 0 };
	TRY(throttle_add_of_account(call, ret_throttle, COUNTER_CODE, COUNTER_CODE_DEVICE));
	if (counts_for_all)
		throttle_add(ret_throttle, COUNTER_CODES, ret_throttle->account_id);
	return ERR_OK;
}

err
throttle_recovery(struct call *call, struct throttle *ret_throttle)
{
	*ret_throttle = (struct throttle){ .n = 0 };
	return throttle_add_of_account(call, ret_throttle, COUNTER_RECOVERY, COUNTER_RECOVERY_DEVICE);
}

err
throttle_own_password(struct call *call, struct throttle *ret_throttle)
{
	*ret_throttle = (struct throttle){ .n = 0 };
	return throttle_add_of_account(call, ret_throttle, COUNTER_OWN, COUNTER_DEVICE);
}

err
throttle_register(struct call *call, struct throttle *ret_throttle)
{
	*ret_throttle = (struct throttle){ .n = 0 };
	return throttle_add_hashed(call, ret_throttle, COUNTER_REGISTER, STR(""), true);
}

err
throttle_link(struct call *call, struct throttle *ret_throttle)
{
	*ret_throttle = (struct throttle){ .n = 0 };
	return throttle_add_hashed(call, ret_throttle, COUNTER_LINK, STR(""), true);
}

err
throttle_passkey(struct call *call, int64_t account_id, struct throttle *ret_throttle)
{
	CLEANUP(buf_wipe) struct buf browser = BUF(32);
	int64_t device_id = 0;

	*ret_throttle = (struct throttle){ .n = 0 };
	TRY(device_find(call, account_id, &device_id));
	if (device_id == 0)
		return throttle_add_hashed(call, ret_throttle, COUNTER_PASSKEY, STR(""), true);
	buf_put_number(&browser, device_id);
	TRY(buf_check(&browser));
	return throttle_add_hashed(call, ret_throttle, COUNTER_PASSKEY, buf_str(&browser), false);
}

err
throttle_client(struct call *call, str client_id, struct throttle *ret_throttle)
{
	*ret_throttle = (struct throttle){ .n = 0 };
	return throttle_add_hashed(call, ret_throttle, COUNTER_CLIENT, client_id, true);
}

/* --- counting ----------------------------------------------------------------------------------------------------- */

static struct db_value
throttle_key_of(const struct count *count)
{
	return DB_BLOB(str_bytes(count->key, count->key_n));
}

static int64_t
throttle_lockout_after(const struct call *call, const struct count *count)
{
	const struct counter_rule *rule = &rules[count->counter];
	int64_t free = rule->free_local != 0 && throttle_is_local(call) ? rule->free_local : rule->free;
	int64_t over = count->failures - free, lockout_us = LOCKOUT_FIRST_US;

	if (free == 0 || over < 0)
		return 0;
	for (; over > 0 && lockout_us < LOCKOUT_MAX_US; over--)
		lockout_us *= 2;
	return lockout_us < LOCKOUT_MAX_US ? lockout_us : LOCKOUT_MAX_US;
}

static err
throttle_lockout_begin(struct call *call, struct count *count)
{
	int64_t lockout_us = throttle_lockout_after(call, count);

	count->until_us = lockout_us == 0 ? 0 : call->now_us + lockout_us;
	const struct db_value args[] = { DB_INT(count->until_us), DB_TEXT(str_of(counter_name(count->counter))),
					 DB_INT(count->slot) };
	return lockout_us == 0 ? ERR_OK : db_run(call->db, SQL_THROTTLE_LOCKOUT, args, COUNT(args), NULL);
}

static err
throttle_forget(struct call *call, const struct count *count)
{
	const struct counter_rule *rule = &rules[count->counter];
	const struct db_value args[] = { DB_INT(call->now_us), DB_TEXT(str_of(audit_reason_name(rule->reason))),
					 DB_INT(count->slot), DB_INT(rule->forget_us) };

	return rule->forget_us == 0 ? ERR_OK : db_run(call->db, SQL_THROTTLE_FORGET, args, COUNT(args), NULL);
}

/* *ret_free false: a lockout or backoff is active. */
static err
throttle_count_one(struct call *call, const struct throttle *t, struct count *count, bool *ret_free)
{
	const struct counter_rule *rule = &rules[count->counter];
	int64_t account_id = rule->of_account ? t->account_id : 0;
	const struct db_value args[] = { DB_TEXT(str_of(audit_reason_name(rule->reason))), DB_INT(count->slot),
					 throttle_key_of(count), account_id == 0 ? DB_NULL() : DB_INT(account_id),
					 DB_INT(call->now_us) };
	struct throttle_count_row row = { 0 };

	TRY(throttle_forget(call, count));
	TRY(db_row(call->db, SQL_THROTTLE_COUNT, args, COUNT(args), &call->arena, &row, ret_free));
	count->failures = row.failures;
	return *ret_free ? throttle_lockout_begin(call, count) : ERR_OK;
}

/* From now on, look for alarms (keeper/core/alarm.h). */
static err
throttle_refused_add(struct call *call, const struct throttle *t)
{
	const struct db_value args[] = { DB_INT(t->account_id) };

	return t->account_id == 0 ? ERR_OK : db_run(call->db, SQL_THROTTLE_REFUSED, args, COUNT(args), NULL);
}

static err
throttle_disable_kind(struct call *call, int64_t account_id, const struct factor_kind *kind, int64_t *changed)
{
	const struct db_value args[] = { DB_INT(call->now_us), DB_INT(account_id), DB_TEXT(str_of(kind->name)) };
	int64_t disabled = 0;

	if (!kind->guessable)
		return ERR_OK;
	TRY(db_run(call->db, SQL_THROTTLE_FACTORS_DISABLE, args, COUNT(args), &disabled));
	*changed += disabled;
	return ERR_OK;
}

/* Runs inside a transaction. */
static err
throttle_disable(struct call *call, int64_t account_id)
{
	const struct db_value of_account[] = { DB_INT(account_id) };
	int64_t changed = 0;

	for (size_t i = 0; i < FACTOR_KINDS_COUNT; i++)
		TRY(throttle_disable_kind(call, account_id, factor_kinds[i], &changed));
	if (changed == 0)
		return ERR_OK;
	TRY(db_rows(call->db, SQL_THROTTLE_SESSIONS_END, of_account, COUNT(of_account), call_token_ended_row, call));
	TRY(db_run(call->db, SQL_OIDC_END_OF_DISABLED, of_account, COUNT(of_account), NULL));
	TRY(audit_write(call, AUDIT_FACTOR_DISABLED, account_id, REASON_COUNTER_CODES));
	audit_log(call, AUDIT_FACTOR_DISABLED, account_id, REASON_COUNTER_CODES);
	return ERR_OK;
}

static bool
throttle_too_many_codes(const struct throttle *t, int64_t most)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->counts[i].counter == COUNTER_CODES && t->counts[i].failures > most)
			return true;
	return false;
}

struct taking {
	struct throttle *t;
	size_t blocked; /* index of the counter whose lockout or backoff is active */
};

static err
throttle_count_all(struct call *call, void *context, bool *ret_commit)
{
	struct taking *taking = context;
	struct throttle *t = taking->t;
	bool free = true;

	for (size_t i = 0; i < t->n && free; i++) {
		taking->blocked = i;
		TRY(throttle_count_one(call, t, &t->counts[i], &free));
	}
	if (!free)
		return ERR_OK;
	TRY(throttle_refused_add(call, t));
	if (throttle_too_many_codes(
		t, CODES_MAX)) /* the process that counted failure 100 may have died before it disabled the factors */
		TRY(throttle_disable(call, t->account_id));
	*ret_commit = true;
	return ERR_OK;
}

static err
throttle_lockout_find(struct call *call, const struct count *count, int64_t *ret_until_us)
{
	const struct db_value args[] = { DB_TEXT(str_of(counter_name(count->counter))), DB_INT(count->slot),
					 throttle_key_of(count) };
	struct throttle_until_row row;
	bool found = false;

	TRY(db_row(call->db, SQL_THROTTLE_UNTIL, args, COUNT(args), &call->arena, &row, &found));
	*ret_until_us = found ? row.blocked_until_us : 0;
	return ERR_OK;
}

/* Returns ERR_LOCKOUT and sets retry_us. After the clock was set back, the backoff is limited to its maximum. */
static err
throttle_refuse(struct call *call, const struct throttle *t, const struct count *count)
{
	const char *name = counter_name(count->counter);
	const struct db_value bound[] = { DB_INT(call->now_us + LOCKOUT_MAX_US), DB_TEXT(str_of(name)),
					  DB_INT(count->slot) };
	int64_t until_us = 0;

	TRY(throttle_lockout_find(call, count, &until_us));
	if (until_us > call->now_us + LOCKOUT_MAX_US) {
		TRY(db_run(call->db, SQL_THROTTLE_BOUND, bound, COUNT(bound), NULL));
		until_us = call->now_us + LOCKOUT_MAX_US;
	}
	call->retry_us = until_us > call->now_us ? until_us - call->now_us : SECONDS_US(1);
	log_event(LOG_INFO, "wait.refused", LOG_TEXT("counter", name), LOG_INT("account", t->account_id),
		  LOG_STR("address", call->head.address));
	return ERR_LOCKOUT;
}

/*
 * Check for an active backoff without the lock that counting needs, so that a flood of attempts does not block writers.
 * If none is found, only the count itself decides.
 */
err
throttle_check(struct call *call, const struct throttle *t)
{
	for (size_t i = 0; i < t->n; i++) {
		int64_t until_us = 0;
		TRY(throttle_lockout_find(call, &t->counts[i], &until_us));
		if (until_us > call->now_us)
			return throttle_refuse(call, t, &t->counts[i]);
	}
	return ERR_OK;
}

err
throttle_take(struct call *call, struct throttle *throttle)
{
	struct taking taking = { .t = throttle };
	bool done = false;

	TRY(throttle_check(call, throttle));
	TRY(call_transact(call, throttle_count_all, &taking, &done));
	return done ? ERR_OK : throttle_refuse(call, throttle, &throttle->counts[taking.blocked]);
}

/* --- result of the attempt ---------------------------------------------------------------------------------------- */

err
throttle_right(struct call *call, const struct throttle *throttle)
{
	for (size_t i = 0; i < throttle->n; i++) {
		const struct count *count = &throttle->counts[i];
		const struct db_value args[] = { DB_TEXT(str_of(counter_name(count->counter))), DB_INT(count->slot),
						 throttle_key_of(count), DB_INT(count->until_us) };
		TRY(db_run(call->db, SQL_THROTTLE_GIVE_BACK, args, COUNT(args), NULL));
	}
	return ERR_OK;
}

static err
throttle_clear(struct call *call, const struct throttle *t)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct db_value args[] = { DB_TEXT(str_of(counter_name(t->counts[i].counter))),
						 DB_INT(t->counts[i].slot), throttle_key_of(&t->counts[i]) };
		TRY(db_run(call->db, SQL_THROTTLE_CLEAR, args, COUNT(args), NULL));
	}
	return ERR_OK;
}

/* The counters of passwords, of the known browser or of all unknown ones. */
static err
throttle_clear_passwords(struct call *call, const struct session *session, int64_t device_id)
{
	struct throttle t = { .n = 0 };

	if (device_id != 0) {
		throttle_add(&t, COUNTER_DEVICE, device_id);
		return throttle_clear(call, &t);
	}
	throttle_add(&t, COUNTER_OWN, session->account_id);
	throttle_add(&t, COUNTER_NAME, session->account_id);
	TRY(throttle_add_hashed(call, &t, COUNTER_NAME_ADDRESS, account_name_str(&session->name), true));
	return throttle_clear(call, &t);
}

static err
throttle_clear_codes(struct call *call, const struct session *session, int64_t device_id)
{
	struct throttle t = { .n = 0 };
	bool known = device_id != 0;

	throttle_add(&t, known ? COUNTER_CODE_DEVICE : COUNTER_CODE, known ? device_id : session->account_id);
	throttle_add(&t, known ? COUNTER_RECOVERY_DEVICE : COUNTER_RECOVERY, known ? device_id : session->account_id);
	throttle_add(&t, COUNTER_CODES, session->account_id);
	return throttle_clear(call, &t);
}

err
throttle_full_by_passkey(struct call *call, const struct session *session)
{
	int64_t device_id = 0;

	TRY(device_find(call, session->account_id, &device_id));
	return throttle_clear_passwords(call, session, device_id);
}

err
throttle_full(struct call *call)
{
	const struct session *session = &call->now.session;
	int64_t device_id = 0;

	TRY(device_find(call, session->account_id, &device_id));
	TRY(throttle_clear_passwords(call, session, device_id));
	return throttle_clear_codes(call, session, device_id);
}

static err
throttle_lockout_audit(struct call *call, const struct throttle *t, const struct count *count)
{
	const struct counter_rule *rule = &rules[count->counter];
	int64_t account_id = rule->of_account ? t->account_id : 0;

	if (count->until_us == 0)
		return ERR_OK;
	TRY(audit_write(call, AUDIT_LOCKOUT_BEGUN, account_id, rule->reason));
	audit_log(call, AUDIT_LOCKOUT_BEGUN, account_id, rule->reason);
	return ERR_OK;
}

static err
throttle_disable_now(struct call *call, void *context, bool *ret_commit)
{
	const struct throttle *t = context;

	*ret_commit = true;
	return throttle_disable(call, t->account_id);
}

err
throttle_wrong(struct call *call, const struct throttle *throttle)
{
	bool done = false;

	for (size_t i = 0; i < throttle->n; i++)
		TRY(throttle_lockout_audit(call, throttle, &throttle->counts[i]));
	if (!throttle_too_many_codes(throttle, CODES_MAX - 1))
		return ERR_OK;
	return call_transact(call, throttle_disable_now, (void *)throttle, &done);
}
