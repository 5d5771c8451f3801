/*
 * RP-initiated logout: an application asks to end the session (OpenID Connect RP-Initiated Logout 1.0 s2).
 *
 * If the hint is a valid ID token of this session, the session ends at once. Otherwise the user is asked, because any
 * page could send the browser here. A redirect leads only to an address that the client registered.
 */
#include "keeper/core/audit.h"
#include "keeper/core/session_lookup.h"
#include "keeper/handlers.h"
#include "keeper/oidc/clients.h"
#include "keeper/oidc/signing_keys.h"
#include "oidc/hint.h"
#include "oidc/locales.h"

struct ending {
	str client_id; /* of the hint or the request, or of the address's only owner; empty: none */
	str name;      /* of the client */
	str sid;       /* of the hint; empty: none */
	bool hint;     /* the hint is an ID token of this server */
	bool returns;  /* redirect to the requested address afterwards */
};

/* --- the hint ----------------------------------------------------------------------------------------------------- */

static err
end_claims_read(struct call *call, str claims, struct ending *ending)
{
	struct oidc_hint hint = { 0 };
	err e = oidc_hint_read(claims, &call->arena, &hint);

	if (e == ERR_INVALID)
		return ERR_OK;
	TRY(e);
	ending->client_id = hint.aud;
	ending->sid = hint.sid;
	ending->hint = str_equal(hint.iss, str_of(keeper_config(call->keeper)->public_origin)) && hint.aud.n > 0;
	return ERR_OK;
}

static err
end_hint_read(struct call *call, struct ending *ending, enum oidc_problem *ret_problem)
{
	const struct oidc_end_body *asked = call->body;
	bool good = false;
	str claims;

	if (asked->id_token_hint.n == 0) {
		ending->client_id = asked->client_id;
		return ERR_OK;
	}
	TRY(signing_keys_verify(call, asked->id_token_hint, &claims, &good));
	if (good)
		TRY(end_claims_read(call, claims, ending));
	if (!ending->hint || (asked->client_id.n > 0 && !str_equal(asked->client_id, ending->client_id)))
		*ret_problem = OIDC_PROBLEM_HINT;
	return ERR_OK;
}

/* --- the client and its address ----------------------------------------------------------------------------------- */

static bool
end_uri_is_registered(str registered, str uri)
{
	while (registered.n > 0)
		if (str_equal(str_cut(&registered, '\n'), uri))
			return true;
	return false;
}

static err
end_client_take(struct call *call, struct ending *ending, enum oidc_problem *ret_problem)
{
	const struct oidc_end_body *asked = call->body;
	struct oidc_client client;
	bool found = false;

	TRY(clients_find(call, ending->client_id, &client, &found));
	if (!found) {
		*ret_problem = OIDC_PROBLEM_CLIENT;
		return ERR_OK;
	}
	ending->name = client.name;
	ending->returns = asked->redirect_uri.n > 0 && !client.disabled;
	if (asked->redirect_uri.n > 0 && !end_uri_is_registered(client.logout_uris, asked->redirect_uri))
		*ret_problem = OIDC_PROBLEM_REDIRECT;
	return ERR_OK;
}

struct owners {
	struct call *call;
	struct ending *ending;
	unsigned n; /* clients that registered the address */
};

static err
end_owner_row(void *context, const struct oidc_logout_clients_row *row)
{
	struct owners *owners = context;
	const struct oidc_end_body *asked = owners->call->body;

	if (!end_uri_is_registered(row->logout_uris, asked->redirect_uri))
		return ERR_OK;
	owners->n++;
	TRY(arena_copy(&owners->call->arena, row->client_id, &owners->ending->client_id));
	return arena_copy(&owners->call->arena, row->name, &owners->ending->name);
}

/* Some applications send only the address: it is used if exactly one client registered it. */
static err
end_owner_find(struct call *call, struct ending *ending, enum oidc_problem *ret_problem)
{
	struct owners owners = { .call = call, .ending = ending };

	TRY(db_rows(call->db, SQL_OIDC_LOGOUT_CLIENTS, NULL, 0, end_owner_row, &owners));
	ending->returns = owners.n == 1;
	if (owners.n != 1)
		ending->name = ending->client_id = STR("");
	if (owners.n == 0)
		*ret_problem = OIDC_PROBLEM_REDIRECT;
	return ERR_OK;
}

static err
end_request_judge(struct call *call, struct ending *ending, enum oidc_problem *ret_problem)
{
	const struct oidc_end_body *asked = call->body;

	TRY(end_hint_read(call, ending, ret_problem));
	if (*ret_problem != OIDC_PROBLEM_NONE)
		return ERR_OK;
	if (ending->client_id.n > 0)
		return end_client_take(call, ending, ret_problem);
	return asked->redirect_uri.n > 0 ? end_owner_find(call, ending, ret_problem) : ERR_OK;
}

/* --- the session -------------------------------------------------------------------------------------------------- */

/* Is the hint an ID token of the session that asks? */
static err
end_hint_fits(struct call *call, const struct ending *ending, bool *ret_fits)
{
	const struct db_value args[] = { DB_INT(call->now.session.id), DB_TEXT(ending->client_id) };
	struct oidc_end_sid_row row;
	bool found = false;

	*ret_fits = false;
	if (!ending->hint || ending->sid.n == 0)
		return ERR_OK;
	TRY(db_row(call->db, SQL_OIDC_END_SID, args, COUNT(args), &call->arena, &row, &found));
	*ret_fits = found && str_equal(row.sid, ending->sid);
	return ERR_OK;
}

static err
end_session_delete(struct call *call, void *context, bool *ret_commit)
{
	const struct ending *ending = context;
	int64_t account_id = call->now.session.account_id, deleted = 0;

	TRY(session_delete(call, &call->token_hash, &deleted));
	if (deleted == 0)
		return ERR_OK;
	TRY(call_token_ended(call, &call->token_hash));
	call->next.session = (struct session){ 0 };
	*ret_commit = true;
	return audit_write_client(call, AUDIT_SIGN_OUT, account_id, ending->client_id, REASON_APPLICATION);
}

static err
end_session(struct call *call, struct ending *ending)
{
	int64_t account_id = call->now.session.account_id;
	bool done = false;

	TRY(call_transact(call, end_session_delete, ending, &done));
	if (done)
		audit_log_client(call, AUDIT_SIGN_OUT, account_id, ending->client_id, REASON_APPLICATION);
	return ERR_OK;
}

/* --- answer ------------------------------------------------------------------------------------------------------- */

static err
end_url_put(struct call *call, struct oidc_ended_body *answer)
{
	CLEANUP(buf_wipe) struct buf url = BUF(OIDC_RESPONSE_MAX);
	const struct oidc_end_body *asked = call->body;

	buf_put(&url, asked->redirect_uri);
	if (asked->state.n > 0) {
		buf_put(&url, str_has_byte(asked->redirect_uri, '?') ? STR("&state=") : STR("?state="));
		buf_put_percent(&url, asked->state);
	}
	TRY(buf_check(&url));
	return arena_copy(&call->arena, buf_str(&url), &answer->url);
}

static err
end_answer_done(struct call *call, const struct ending *ending)
{
	struct oidc_ended_body *answer = call->answer;

	answer->outcome = OIDC_END_DONE;
	return ending->returns ? end_url_put(call, answer) : ERR_OK;
}

static err
end_answer_make(struct call *call, struct ending *ending)
{
	const struct oidc_end_body *asked = call->body;
	struct oidc_ended_body *answer = call->answer;
	bool fits = false;

	answer->name = ending->name;
	if (call->now.session.state == STATE_NONE)
		return end_answer_done(call, ending);
	TRY(end_hint_fits(call, ending, &fits));
	if (!fits && !asked->confirmed) {
		answer->outcome = OIDC_END_ASK;
		return ERR_OK;
	}
	TRY(end_session(call, ending));
	return end_answer_done(call, ending);
}

err
oidc_end_answer(struct call *call, enum verdict *ret_verdict)
{
	const struct oidc_end_body *asked = call->body;
	struct oidc_ended_body *answer = call->answer;
	enum oidc_problem problem = OIDC_PROBLEM_NONE;
	struct ending ending = { .hint = false };

	answer->language = oidc_locales_choose(asked->ui_locales);
	TRY(end_request_judge(call, &ending, &problem));
	*ret_verdict = VERDICT_PASSED;
	answer->problem = problem;
	return problem == OIDC_PROBLEM_NONE ? end_answer_make(call, &ending) : ERR_OK;
}
