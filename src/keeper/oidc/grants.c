#include "keeper/oidc/grants.h"

#include "keeper/core/session_lookup.h"
#include "keeper/oidc/policy.h"
#include "keeper/session/throttle.h"

err
grants_lock(struct call *call, int64_t session_id, int64_t grant_id)
{
	const struct db_value session[] = { DB_INT(session_id) }, grant[] = { DB_INT(grant_id) };

	if (session_id != 0)
		TRY(db_lock(call->db, SQL_OIDC_SESSION_LOCK, session, COUNT(session)));
	return db_lock(call->db, SQL_OIDC_GRANT_LOCK, grant, COUNT(grant));
}

err
grants_refuse_other(struct call *call, const struct oidc_client *client, enum audit_event event, int64_t account_id)
{
	struct throttle throttle;

	TRY(throttle_client(call, client->client_id, &throttle));
	TRY(throttle_take(call, &throttle));
	TRY(audit_write_client(call, event, account_id, client->client_id, REASON_OTHER_CLIENT));
	audit_log_client(call, event, account_id, client->client_id, REASON_OTHER_CLIENT);
	return throttle_wrong(call, &throttle);
}

err
grants_delete(struct call *call, int64_t grant_id)
{
	const struct db_value args[] = { DB_INT(grant_id) };

	return db_run(call->db, SQL_OIDC_GRANT_DELETE, args, COUNT(args), NULL);
}

/*
 * A session with the password alone is valid as at the gate: the access rules decide whether that is enough.  0: the
 * session has ended.
 */
static int64_t
grants_session_end(const struct call *call, const struct session_basis_row *basis)
{
	struct session session = session_from_basis(basis);

	session_decide_for_gate(&session, keeper_config(call->keeper), call->now_us);
	return session.state == STATE_FULL || session.state == STATE_PENDING ? session.expires_us : 0;
}

static err
grants_session_find(struct call *call, int64_t session_id, int64_t *ret_end_us)
{
	const struct db_value args[] = { DB_INT(session_id) };
	struct gate_session_row row;
	bool found = false;

	TRY(db_row(call->db, SQL_GATE_SESSION, args, COUNT(args), &call->arena, &row, &found));
	*ret_end_us = found ? grants_session_end(call, &row.basis) : 0;
	return ERR_OK;
}

static err
grants_person_in_session(struct call *call, int64_t account_id, int64_t session_id, struct person *ret_person,
			 int64_t *ret_until_us)
{
	const struct db_value args[] = { DB_INT(session_id), DB_INT(account_id) };
	struct oidc_person_in_session_row row;
	bool found = false;

	*ret_until_us = 0;
	TRY(db_row(call->db, SQL_OIDC_PERSON_IN_SESSION, args, COUNT(args), &call->arena, &row, &found));
	if (!found)
		return ERR_OK;
	*ret_until_us = grants_session_end(call, &row.basis);
	return person_from_row(call, &row.person, ret_person);
}

err
grants_person_find(struct call *call, int64_t account_id, int64_t session_id, struct person *ret_person,
		   int64_t *ret_until_us)
{
	bool found = false;

	if (session_id != 0)
		return grants_person_in_session(call, account_id, session_id, ret_person, ret_until_us);
	TRY(person_find(call, account_id, ret_person, &found));
	*ret_until_us = found ? INT64_MAX : 0;
	return ERR_OK;
}

bool
grants_allow(struct call *call, const struct oidc_client *client, const struct person *person, str amr)
{
	return !client->disabled && !person->disabled &&
	       policy_still_accepts(call, client, person->name, person->groups, amr);
}

err
grants_stand(struct call *call, const struct oidc_client *client, const struct person *person, int64_t session_id,
	     str amr, int64_t *ret_until_us)
{
	int64_t end_us = INT64_MAX;

	if (session_id != 0)
		TRY(grants_session_find(call, session_id, &end_us));
	*ret_until_us = grants_allow(call, client, person, amr) ? end_us : 0;
	return ERR_OK;
}
