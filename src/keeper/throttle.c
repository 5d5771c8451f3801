#include "keeper/throttle.h"

#include "base/digest.h"
#include "base/log.h"
#include "base/network.h"
#include "keeper/audit.h"
#include "keeper/devices.h"
#include "keeper/factor_kind.h"
#include "keeper/turn.h"

#define WAIT_FIRST_US SECONDS_US(30)
#define WAIT_MAX_US MINUTES_US(60)

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

/* --- which counters ------------------------------------------------------------------------------------------------- */

static bool
is_local(const struct turn *turn)
{
	return network_of(turn->head.address).local;
}

/*
 * A request over a Unix socket has none unless the proxy names one.  Everybody would share the five tries for a name then, and any of
 * them could use them up: such a try counts for its name, and with the allowance of loopback for all without an address.
 */
static bool
has_address(const struct turn *turn)
{
	return network_of(turn->head.address).n > 0;
}

static void
add(struct throttle *t, enum counter counter, int64_t place)
{
	t->counts[t->n++] = (struct count){ .counter = counter, .place = place };
}

/* A place found by a keyed hash, for what has no row of its own to be counted with. */
static err
add_hashed(struct turn *turn, struct throttle *t, enum counter counter, str name, bool with_address)
{
	struct network network = network_of(turn->head.address);
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
	TRY(digest_hmac(str_bytes(keeper_name_key(turn->keeper)->b, TOKEN_BYTES), buf_str(&text), hash));
	add(t, counter, (hash[0] | hash[1] << 8) % THROTTLE_PLACES);
	count = &t->counts[t->n - 1];
	count->key_n = THROTTLE_KEY_BYTES;
	memcpy(count->key, hash + 2, THROTTLE_KEY_BYTES);
	return ERR_OK;
}

err
throttle_password(struct turn *turn, str name, int64_t account_id, struct throttle *ret_throttle)
{
	struct throttle t = { .account_id = account_id };
	int64_t device_id = 0;

	TRY(device_find(turn, account_id, &device_id));
	if (device_id != 0) {
		add(&t, COUNTER_DEVICE, device_id);
	} else {
		if (has_address(turn))
			TRY(add_hashed(turn, &t, COUNTER_NAME_ADDRESS, name, true));
		TRY(add_hashed(turn, &t, COUNTER_ADDRESS, STR(""), true));
		if (account_id != 0)
			add(&t, COUNTER_NAME, account_id);
		else
			TRY(add_hashed(turn, &t, COUNTER_NAME, name, false));
	}
	*ret_throttle = t;
	return ERR_OK;
}

/* One that a known browser has apart from all others. */
static err
add_of_account(struct turn *turn, struct throttle *t, enum counter strangers, enum counter device)
{
	int64_t device_id = 0;

	t->account_id = turn->now.session.account_id;
	TRY(device_find(turn, t->account_id, &device_id));
	if (device_id != 0)
		add(t, device, device_id);
	else
		add(t, strangers, t->account_id);
	return ERR_OK;
}

err
throttle_code(struct turn *turn, bool counts_for_all, struct throttle *ret_throttle)
{
	*ret_throttle = (struct throttle){ .n = 0 };
	TRY(add_of_account(turn, ret_throttle, COUNTER_CODE, COUNTER_CODE_DEVICE));
	if (counts_for_all)
		add(ret_throttle, COUNTER_CODES, ret_throttle->account_id);
	return ERR_OK;
}

err
throttle_recovery(struct turn *turn, struct throttle *ret_throttle)
{
	*ret_throttle = (struct throttle){ .n = 0 };
	return add_of_account(turn, ret_throttle, COUNTER_RECOVERY, COUNTER_RECOVERY_DEVICE);
}

err
throttle_own_password(struct turn *turn, struct throttle *ret_throttle)
{
	*ret_throttle = (struct throttle){ .n = 0 };
	return add_of_account(turn, ret_throttle, COUNTER_OWN, COUNTER_DEVICE);
}

err
throttle_register(struct turn *turn, struct throttle *ret_throttle)
{
	*ret_throttle = (struct throttle){ .n = 0 };
	return add_hashed(turn, ret_throttle, COUNTER_REGISTER, STR(""), true);
}

err
throttle_link(struct turn *turn, struct throttle *ret_throttle)
{
	*ret_throttle = (struct throttle){ .n = 0 };
	return add_hashed(turn, ret_throttle, COUNTER_LINK, STR(""), true);
}

/* --- counting ------------------------------------------------------------------------------------------------------- */

static struct db_value
key_of(const struct count *count)
{
	return DB_BLOB(str_bytes(count->key, count->key_n));
}

static int64_t
wait_after(const struct turn *turn, const struct count *count)
{
	const struct counter_rule *rule = &rules[count->counter];
	int64_t free = rule->free_local != 0 && is_local(turn) ? rule->free_local : rule->free;
	int64_t over = count->failures - free, wait_us = WAIT_FIRST_US;

	if (free == 0 || over < 0)
		return 0;
	for (; over > 0 && wait_us < WAIT_MAX_US; over--)
		wait_us *= 2;
	return wait_us < WAIT_MAX_US ? wait_us : WAIT_MAX_US;
}

static err
begin_wait(struct turn *turn, struct count *count)
{
	int64_t wait_us = wait_after(turn, count);

	count->until_us = wait_us == 0 ? 0 : turn->now_us + wait_us;
	const struct db_value args[] = { DB_INT(count->until_us), DB_TEXT(str_of(counter_name(count->counter))),
					 DB_INT(count->place) };
	return wait_us == 0 ? ERR_OK : db_run(turn->db, SQL_THROTTLE_WAIT, args, COUNT(args), NULL);
}

static err
forget(struct turn *turn, const struct count *count)
{
	const struct counter_rule *rule = &rules[count->counter];
	const struct db_value args[] = { DB_INT(turn->now_us), DB_TEXT(str_of(audit_reason_name(rule->reason))),
					 DB_INT(count->place), DB_INT(rule->forget_us) };

	return rule->forget_us == 0 ? ERR_OK : db_run(turn->db, SQL_THROTTLE_FORGET, args, COUNT(args), NULL);
}

/* *ret_free false: a wait is on. */
static err
count_one(struct turn *turn, const struct throttle *t, struct count *count, bool *ret_free)
{
	const struct counter_rule *rule = &rules[count->counter];
	int64_t account_id = rule->of_account ? t->account_id : 0;
	const struct db_value args[] = { DB_TEXT(str_of(audit_reason_name(rule->reason))), DB_INT(count->place),
					 key_of(count), account_id == 0 ? DB_NULL() : DB_INT(account_id),
					 DB_INT(turn->now_us) };
	struct throttle_count_row row = { 0 };

	TRY(forget(turn, count));
	TRY(db_row(turn->db, SQL_THROTTLE_COUNT, args, COUNT(args), &turn->arena, &row, ret_free));
	count->failures = row.failures;
	return *ret_free ? begin_wait(turn, count) : ERR_OK;
}

/* What is told at the next sign-in. */
static err
refused_add(struct turn *turn, const struct throttle *t, int64_t more)
{
	const struct db_value args[] = { DB_INT(more), DB_INT(t->account_id) };

	return t->account_id == 0 ? ERR_OK : db_run(turn->db, SQL_THROTTLE_REFUSED, args, COUNT(args), NULL);
}

static err
throttle_disable_kind(struct turn *turn, int64_t account_id, const struct factor_kind *kind, int64_t *changed)
{
	const struct db_value args[] = { DB_INT(turn->now_us), DB_INT(account_id), DB_TEXT(str_of(kind->name)) };
	int64_t disabled = 0;

	if (!kind->guessable)
		return ERR_OK;
	TRY(db_run(turn->db, SQL_THROTTLE_FACTORS_DISABLE, args, COUNT(args), &disabled));
	*changed += disabled;
	return ERR_OK;
}

/* Within a transaction. */
static err
disable(struct turn *turn, int64_t account_id)
{
	const struct db_value of_account[] = { DB_INT(account_id) };
	int64_t changed = 0;

	for (size_t i = 0; i < FACTOR_KINDS_COUNT; i++)
		TRY(throttle_disable_kind(turn, account_id, factor_kinds[i], &changed));
	if (changed == 0)
		return ERR_OK;
	TRY(db_rows(turn->db, SQL_THROTTLE_SESSIONS_END, of_account, COUNT(of_account), turn_ended_row, turn));
	TRY(audit_write(turn, AUDIT_FACTOR_DISABLED, account_id, REASON_COUNTER_CODES));
	audit_log(turn, AUDIT_FACTOR_DISABLED, account_id, REASON_COUNTER_CODES);
	return ERR_OK;
}

static bool
too_many_codes(const struct throttle *t, int64_t most)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->counts[i].counter == COUNTER_CODES && t->counts[i].failures > most)
			return true;
	return false;
}

struct taking {
	struct throttle *t;
	size_t blocked; /* which counter has a wait on */
};

static err
take(struct turn *turn, void *context, bool *ret_commit)
{
	struct taking *taking = context;
	struct throttle *t = taking->t;
	bool free = true;

	for (size_t i = 0; i < t->n && free; i++) {
		taking->blocked = i;
		TRY(count_one(turn, t, &t->counts[i], &free));
	}
	if (!free)
		return ERR_OK;
	TRY(refused_add(turn, t, 1));
	if (too_many_codes(
		t, CODES_MAX)) /* whoever refused the hundredth did not live to see to it: no code fits any more */
		TRY(disable(turn, t->account_id));
	*ret_commit = true;
	return ERR_OK;
}

static err
wait_find(struct turn *turn, const struct count *count, int64_t *ret_until_us)
{
	const struct db_value args[] = { DB_TEXT(str_of(counter_name(count->counter))), DB_INT(count->place),
					 key_of(count) };
	struct throttle_until_row row;
	bool found = false;

	TRY(db_row(turn->db, SQL_THROTTLE_UNTIL, args, COUNT(args), &turn->arena, &row, &found));
	*ret_until_us = found ? row.blocked_until_us : 0;
	return ERR_OK;
}

/* ERR_WAIT, and for how long.  A clock that was set back must not make it longer than any wait is. */
static err
refuse(struct turn *turn, const struct throttle *t, const struct count *count)
{
	const char *name = counter_name(count->counter);
	const struct db_value bound[] = { DB_INT(turn->now_us + WAIT_MAX_US), DB_TEXT(str_of(name)),
					  DB_INT(count->place) };
	int64_t until_us = 0;

	TRY(wait_find(turn, count, &until_us));
	if (until_us > turn->now_us + WAIT_MAX_US) {
		TRY(db_run(turn->db, SQL_THROTTLE_BOUND, bound, COUNT(bound), NULL));
		until_us = turn->now_us + WAIT_MAX_US;
	}
	turn->retry_us = until_us > turn->now_us ? until_us - turn->now_us : SECONDS_US(1);
	log_event(LOG_INFO, "wait.refused", LOG_TEXT("counter", name), LOG_INT("account", t->account_id),
		  LOG_STR("address", turn->head.address));
	return ERR_WAIT;
}

/*
 * Is a wait on already?  Asked without the lock that counting needs, so that a flood of tries in a wait keeps nobody from
 * writing.  That none is on says nothing yet: the count decides.
 */
static err
look_ahead(struct turn *turn, const struct throttle *t)
{
	for (size_t i = 0; i < t->n; i++) {
		int64_t until_us = 0;
		TRY(wait_find(turn, &t->counts[i], &until_us));
		if (until_us > turn->now_us)
			return refuse(turn, t, &t->counts[i]);
	}
	return ERR_OK;
}

err
throttle_take(struct turn *turn, struct throttle *throttle)
{
	struct taking taking = { .t = throttle };
	bool done = false;

	TRY(look_ahead(turn, throttle));
	TRY(turn_transact(turn, take, &taking, &done));
	return done ? ERR_OK : refuse(turn, throttle, &throttle->counts[taking.blocked]);
}

/* --- what became of it ---------------------------------------------------------------------------------------------- */

err
throttle_right(struct turn *turn, const struct throttle *throttle)
{
	for (size_t i = 0; i < throttle->n; i++) {
		const struct count *count = &throttle->counts[i];
		const struct db_value args[] = { DB_TEXT(str_of(counter_name(count->counter))), DB_INT(count->place),
						 key_of(count), DB_INT(count->until_us) };
		TRY(db_run(turn->db, SQL_THROTTLE_GIVE_BACK, args, COUNT(args), NULL));
	}
	return refused_add(turn, throttle, -1);
}

static err
clear(struct turn *turn, const struct throttle *t)
{
	for (size_t i = 0; i < t->n; i++) {
		const struct db_value args[] = { DB_TEXT(str_of(counter_name(t->counts[i].counter))),
						 DB_INT(t->counts[i].place), key_of(&t->counts[i]) };
		TRY(db_run(turn->db, SQL_THROTTLE_CLEAR, args, COUNT(args), NULL));
	}
	return ERR_OK;
}

static err
clear_of_device(struct turn *turn, int64_t device_id)
{
	struct throttle t = { .n = 0 };

	add(&t, COUNTER_DEVICE, device_id);
	add(&t, COUNTER_CODE_DEVICE, device_id);
	add(&t, COUNTER_RECOVERY_DEVICE, device_id);
	return clear(turn, &t);
}

static err
clear_of_strangers(struct turn *turn)
{
	const struct session *session = &turn->now.session;
	struct throttle codes = { .n = 0 }, passwords = { .n = 0 };

	add(&codes, COUNTER_CODE, session->account_id);
	add(&codes, COUNTER_RECOVERY, session->account_id);
	add(&codes, COUNTER_OWN, session->account_id);
	add(&passwords, COUNTER_NAME, session->account_id);
	TRY(add_hashed(turn, &passwords, COUNTER_NAME_ADDRESS, account_name_str(&session->name), true));
	TRY(clear(turn, &codes));
	return clear(turn, &passwords);
}

err
throttle_full(struct turn *turn, const struct throttle *throttle)
{
	struct throttle codes = { .n = 0 };
	int64_t account_id = turn->now.session.account_id, device_id = 0;

	TRY(refused_add(turn, throttle, -1));
	TRY(device_find(turn, account_id, &device_id));
	TRY(device_id != 0 ? clear_of_device(turn, device_id) : clear_of_strangers(turn));
	add(&codes, COUNTER_CODES, account_id);
	return clear(turn, &codes);
}

static err
tell_wait(struct turn *turn, const struct throttle *t, const struct count *count)
{
	const struct counter_rule *rule = &rules[count->counter];
	int64_t account_id = rule->of_account ? t->account_id : 0;

	if (count->until_us == 0)
		return ERR_OK;
	TRY(audit_write(turn, AUDIT_WAIT_BEGUN, account_id, rule->reason));
	audit_log(turn, AUDIT_WAIT_BEGUN, account_id, rule->reason);
	return ERR_OK;
}

static err
disable_now(struct turn *turn, void *context, bool *ret_commit)
{
	const struct throttle *t = context;

	*ret_commit = true;
	return disable(turn, t->account_id);
}

err
throttle_wrong(struct turn *turn, const struct throttle *throttle)
{
	bool done = false;

	for (size_t i = 0; i < throttle->n; i++)
		TRY(tell_wait(turn, throttle, &throttle->counts[i]));
	if (!too_many_codes(throttle, CODES_MAX - 1))
		return ERR_OK;
	return turn_transact(turn, disable_now, (void *)throttle, &done);
}
