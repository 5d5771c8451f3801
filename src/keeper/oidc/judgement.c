#include "keeper/oidc/judgement.h"

#include "base/log.h"
#include "keeper/account/identity.h"
#include "keeper/oidc/clients.h"
#include "keeper/oidc/consent.h"
#include "keeper/oidc/policy.h"
#include "keeper/oidc/signing_keys.h"
#include "oidc/errors.h"
#include "oidc/hint.h"
#include "oidc/redirect.h"

/* --- answers ------------------------------------------------------------------------------------------------------ */

static err
judge_page(struct judgement *j, enum oidc_problem problem)
{
	struct oidc_step_body *step = j->step;

	step->outcome = OIDC_PAGE;
	step->problem = problem;
	step->client_id = str_utf8_upto(j->request.client_id, OIDC_CLIENT_ID_MAX);
	step->asked_uri = str_utf8_upto(j->request.redirect_uri, OIDC_ASKED_URI_MAX);
	step->registered = str_upto(j->client.redirect_uris, OIDC_RESPONSE_MAX);
	j->decided = true;
	return ERR_OK;
}

/* `state` and `iss` are in every response: RFC 6749 s4.1.2, RFC 9207 s2. */
static err
judge_response(struct judgement *j, struct buf *response, str *ret_response)
{
	if (j->request.state.n > 0)
		oidc_parameter_put(response, STR("state"), j->request.state);
	oidc_parameter_put(response, STR("iss"), str_of(keeper_config(j->call->keeper)->public_origin));
	TRY(buf_check(response));
	return arena_copy(&j->call->arena, buf_str(response), ret_response);
}

static err
judge_error_response(struct judgement *j, enum oidc_error error, const char *description, str *ret_response)
{
	CLEANUP(buf_wipe) struct buf response = BUF(OIDC_RESPONSE_MAX);

	oidc_parameter_put(&response, STR("error"), str_of(oidc_error_name(error)));
	oidc_parameter_put(&response, STR("error_description"), str_of(description));
	return judge_response(j, &response, ret_response);
}

static void
judge_redirect_to(struct judgement *j)
{
	j->step->redirect_uri = j->request.redirect_uri;
	j->step->mode = j->request.mode;
}

err
judgement_error(struct judgement *j, enum oidc_error error, const char *description)
{
	j->step->outcome = OIDC_REDIRECT;
	j->decided = true;
	judge_redirect_to(j);
	return judge_error_response(j, error, description, &j->step->response);
}

err
judgement_code(struct judgement *j, str code)
{
	CLEANUP(buf_wipe) struct buf response = BUF(OIDC_RESPONSE_MAX);

	j->step->outcome = OIDC_REDIRECT;
	judge_redirect_to(j);
	oidc_parameter_put(&response, STR("code"), code);
	return judge_response(j, &response, &j->step->response);
}

static err
judge_seal(struct judgement *j, unsigned flags)
{
	const struct seal_subject subject = { j->client.id, j->request.scopes, j->parameters };
	const struct seal seal = { .at_us = j->seal.at_us, .flags = flags };

	return seal_make(j->call, &subject, &seal, &j->step->seal);
}

/* A page asks the person for something.  prompt=none forbids pages, so the application gets this error instead. */
static err
judge_ask(struct judgement *j, enum oidc_outcome outcome, enum oidc_error silent, const char *description)
{
	unsigned flags = j->seal.flags & SEAL_CHOSEN;

	if ((j->request.prompts & OIDC_PROMPT_NONE) != 0)
		return judgement_error(j, silent, description);
	j->step->outcome = outcome;
	j->decided = true;
	judge_redirect_to(j);
	TRY(judge_seal(j, outcome == OIDC_CONSENT ? flags | SEAL_CONSENT : flags));
	return judge_error_response(j, OIDC_ACCESS_DENIED, "The user cancelled the sign-in.", &j->step->cancel);
}

static err
judge_ready(struct judgement *j)
{
	j->step->outcome = OIDC_READY;
	j->decided = true;
	return judge_seal(j, j->seal.flags);
}

/* Only oidc-grant can write the refusal into the audit trail, so oidc-check leaves it to oidc-grant. */
static err
judge_refused(struct judgement *j, enum access_refusal refusal, bool no_passkey)
{
	if (!j->last)
		return judge_ready(j);
	j->refused = true;
	TRY(judgement_error(j, OIDC_ACCESS_DENIED, "The access rules refuse this user."));
	if ((j->request.prompts & OIDC_PROMPT_NONE) != 0)
		return ERR_OK;
	j->step->outcome = OIDC_REFUSED;
	j->step->refusal = refusal;
	j->step->no_passkey = no_passkey;
	return ERR_OK;
}

static err
judge_unmet(struct judgement *j)
{
	return judgement_error(j, OIDC_UNMET_AUTHENTICATION_REQUIREMENTS,
			       "The account has no factor for the required authentication context class.");
}

/* --- client and request: the first table of the reference --------------------------------------------------------- */

static err
judge_parameters(struct judgement *j)
{
	enum oidc_problem problem = OIDC_PROBLEM_NONE;

	TRY(oidc_request_read(j->parameters, &j->call->arena, &j->request, &problem));
	return problem == OIDC_PROBLEM_NONE ? ERR_OK : judge_page(j, problem);
}

static err
judge_client(struct judgement *j)
{
	bool found = false;

	if (j->request.client_id.n == 0)
		return judge_page(j, OIDC_PROBLEM_NO_CLIENT);
	TRY(clients_find(j->call, j->request.client_id, &j->client, &found));
	if (!found)
		return judge_page(j, OIDC_PROBLEM_CLIENT);
	j->step->name = str_utf8_upto(j->client.name, DISPLAY_NAME_MAX_BYTES);
	return j->client.disabled ? judge_page(j, OIDC_PROBLEM_DISABLED) : ERR_OK;
}

static err
judge_redirect_uri(struct judgement *j)
{
	str asked = j->request.redirect_uri;

	if (asked.n == 0)
		return judge_page(j, OIDC_PROBLEM_NO_REDIRECT);
	if (asked.n > OIDC_URI_MAX || !redirect_is_registered(j->client.redirect_uris, asked))
		return judge_page(j, OIDC_PROBLEM_REDIRECT);
	return ERR_OK;
}

/* The checks of the second table that need no session. */
static err
judge_request(struct judgement *j)
{
	const char *description = "";
	enum oidc_error error = oidc_request_check(&j->client, &j->call->arena, &j->request, &description);

	j->step->language = j->request.language;
	return error == OIDC_OK ? ERR_OK : judgement_error(j, error, description);
}

static err
judge_cancel(struct judgement *j)
{
	if (j->decision != OIDC_DECISION_CANCEL)
		return ERR_OK;
	j->cancelled = true;
	return judgement_error(j, OIDC_ACCESS_DENIED, "The user cancelled the sign-in.");
}

/* --- person ------------------------------------------------------------------------------------------------------- */

/* When this request arrived, and what the previous page recorded. */
static err
judge_earlier(struct judgement *j)
{
	const struct seal_subject subject = { j->client.id, j->request.scopes, j->parameters };
	bool good = false;

	TRY(seal_open(j->call, &subject, j->seal_text, &j->seal, &good));
	if (!good)
		j->seal = (struct seal){ .at_us = j->call->now_us };
	if (good && j->seal.of_session && j->decision == OIDC_DECISION_SELECT)
		j->seal.flags |= SEAL_CHOSEN;
	j->approved =
	    good && j->seal.of_session && (j->seal.flags & SEAL_CONSENT) != 0 && j->decision == OIDC_DECISION_APPROVE;
	return ERR_OK;
}

static bool
judge_is_printable(str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < ' ' || text.p[i] > '~')
			return false;
	return true;
}

static err
judge_sign_in(struct judgement *j)
{
	str hint = j->request.login_hint;

	if (hint.n <= USERNAME_MAX && judge_is_printable(hint))
		j->step->login_hint = hint;
	return judge_ask(j, OIDC_SIGN_IN, OIDC_LOGIN_REQUIRED, "No user is signed in.");
}

static err
judge_account(struct judgement *j)
{
	const struct db_value args[] = { DB_INT(j->call->now.session.account_id) };
	struct oidc_authorize_person_row row;
	bool found = false;

	TRY(db_row(j->call->db, SQL_OIDC_AUTHORIZE_PERSON, args, COUNT(args), &j->call->arena, &row, &found));
	if (!found)
		return ERR_GONE;
	if (!groups_good(row.group_names, &j->call->arena))
		return ERR_CORRUPT; /* a rule may refuse a group that was left out */
	j->subject = row.subject;
	j->email = email_good(row.email) ? row.email : STR("");
	j->groups = row.group_names;
	return ERR_OK;
}

static err
judge_person(struct judgement *j)
{
	enum session_state state = j->call->now.session.state;

	if (state == STATE_NONE)
		return judge_sign_in(j);
	if (state == STATE_ENROLLING)
		return judge_ask(j, OIDC_ENTER, OIDC_LOGIN_REQUIRED, "The sign-in is not complete.");
	return judge_account(j);
}

/* The subject that the hint names; empty: there is no hint of this server. */
static err
judge_hint(struct judgement *j, str *ret_sub)
{
	str claims = { 0 };
	struct oidc_hint hint = { 0 };
	bool good = false;

	*ret_sub = (str){ 0 };
	if (j->request.id_token_hint.n == 0)
		return ERR_OK;
	TRY(signing_keys_verify(j->call, j->request.id_token_hint, &claims, &good));
	if (!good)
		return ERR_OK;
	TRY(oidc_hint_read(claims, &j->call->arena, &hint));
	if (str_equal(hint.iss, str_of(keeper_config(j->call->keeper)->public_origin)))
		*ret_sub = hint.sub;
	return ERR_OK;
}

static bool
judge_is_other(const struct judgement *j, str wanted)
{
	return wanted.n > 0 && !str_equal(wanted, j->subject);
}

/* An application that names a person gets a code for that person only: Core s3.1.2.2. */
static err
judge_identity(struct judgement *j)
{
	bool silent = (j->request.prompts & OIDC_PROMPT_NONE) != 0;
	str hinted = { 0 };

	TRY(judge_hint(j, &hinted));
	if (judge_is_other(j, j->request.sub) || judge_is_other(j, hinted))
		return judgement_error(j, OIDC_LOGIN_REQUIRED, "Another user is signed in.");
	if (silent && j->request.id_token_hint.n > 0 && hinted.n == 0)
		return judgement_error(j, OIDC_LOGIN_REQUIRED, "id_token_hint is not an ID token of this server.");
	return ERR_OK;
}

/* --- proofs ------------------------------------------------------------------------------------------------------- */

static int64_t
judge_proof_us(const struct judgement *j, unsigned shows)
{
	return proofs_newest_us(&j->call->now.session.proofs, shows);
}

/* A proof from the future is invalid: the clock was wrong at that time, or is wrong now. */
static bool
judge_is_since(const struct judgement *j, int64_t at_us, int64_t since_us)
{
	return at_us >= since_us && at_us <= j->call->now_us;
}

static bool
judge_wants_login(const struct judgement *j)
{
	return j->request.max_age_s == 0 || (j->request.prompts & OIDC_PROMPT_LOGIN) != 0;
}

/* The oldest time of a proof that the request accepts; 0: any. */
static int64_t
judge_since_us(const struct judgement *j)
{
	if (judge_wants_login(j))
		return j->seal.at_us;
	return j->request.max_age_s > 0 ? j->seal.at_us - SECONDS_US(j->request.max_age_s) : 0;
}

/*
 * If the request limits the age of the sign-in, a passkey counts only if it is that new.  A newer code does not renew
 * it.
 */
static enum oidc_acr
judge_acr_reached(const struct judgement *j)
{
	const struct session *session = &j->call->now.session;
	int64_t passkey_us = session_phishing_resistant_us(session);

	if (session->state != STATE_FULL)
		return OIDC_ACR_SFA;
	return passkey_us != 0 && judge_is_since(j, passkey_us, judge_since_us(j)) ? OIDC_ACR_PHR : OIDC_ACR_MFA;
}

/* The request asks for a passkey, and a code reaches no class that it accepts. */
static bool
judge_acr_needs_passkey(const struct judgement *j)
{
	enum oidc_acr by_code = oidc_acr_answer(j->request.acrs, OIDC_ACR_MFA);

	return j->request.acr_essential && (j->request.acrs & OIDC_ACR_PHR) != 0 && (j->request.acrs & by_code) == 0 &&
	       judge_acr_reached(j) != OIDC_ACR_PHR;
}

static bool
judge_rule_needs_passkey(const struct judgement *j)
{
	enum access_refusal refusal;
	struct access_decision decision = policy_decide(j->call, &j->client, j->groups, &refusal);

	return decision.outcome == ACCESS_ASKS &&
	       (decision.reason == ACCESS_PASSKEY || decision.reason == ACCESS_PASSKEY_OLD);
}

static bool
judge_has_passkey(const struct judgement *j)
{
	return j->call->now.session.passkeys_usable > 0;
}

/* No proof of this account, old or new, reaches a class that the request accepts. */
static bool
judge_acr_is_unreachable(const struct judgement *j)
{
	unsigned acrs = j->request.acrs;
	enum oidc_acr by_code = oidc_acr_answer(acrs, OIDC_ACR_MFA);
	enum oidc_acr answer = oidc_acr_answer(acrs, judge_acr_reached(j));

	return j->request.acr_essential && (acrs & by_code) == 0 && (acrs & answer) == 0 &&
	       !((acrs & OIDC_ACR_PHR) != 0 && judge_has_passkey(j));
}

/*
 * Ask a complete session for a new proof.  If a later check will ask for the passkey of the account, this page accepts
 * nothing else: a code would be used up for nothing.  For the same reason, this page is left out if a later check will
 * refuse the account because it has no passkey.
 */
static err
judge_ask_proof(struct judgement *j, enum oidc_outcome outcome, const char *description)
{
	bool shows_pages = (j->request.prompts & OIDC_PROMPT_NONE) == 0;
	bool by_rule = judge_rule_needs_passkey(j);

	if (shows_pages && judge_acr_is_unreachable(j))
		return judge_unmet(j);
	if (shows_pages && by_rule && !judge_has_passkey(j))
		return judge_refused(j, ACCESS_CLOSED, true);
	j->step->no_passkey = judge_has_passkey(j) && (by_rule || judge_acr_needs_passkey(j));
	return judge_ask(j, outcome, OIDC_LOGIN_REQUIRED, description);
}

/* Ask for a new proof; a session that is not complete continues its sign-in. */
static err
judge_ask_newer(struct judgement *j, enum oidc_outcome outcome, const char *description)
{
	if (j->call->now.session.state == STATE_FULL)
		return judge_ask_proof(j, outcome, description);
	return judge_ask(j, OIDC_ENTER, OIDC_LOGIN_REQUIRED, description);
}

/* prompt=login and max_age=0: all proofs must be newer than the request. */
static err
judge_login(struct judgement *j)
{
	static const char old[] = "The sign-in is older than the request.";
	bool full = j->call->now.session.state == STATE_FULL;

	if (!judge_is_since(j, judge_proof_us(j, SHOWS_KNOWLEDGE), judge_since_us(j)))
		return judge_ask_newer(j, OIDC_LOGIN, old);
	if (full && !judge_is_since(j, j->auth_us, judge_since_us(j)))
		return judge_ask_proof(j, OIDC_FACTOR, old);
	return ERR_OK;
}

static err
judge_proofs(struct judgement *j)
{
	j->auth_us = judge_proof_us(j, SHOWS_POSSESSION);
	if (j->auth_us == 0)
		j->auth_us = judge_proof_us(j, SHOWS_KNOWLEDGE);
	if (judge_wants_login(j))
		return judge_login(j);
	if (j->request.max_age_s > 0 && !judge_is_since(j, j->auth_us, judge_since_us(j)))
		return judge_ask_newer(j, OIDC_FACTOR, "The sign-in is older than max_age.");
	return ERR_OK;
}

/* --- authentication context --------------------------------------------------------------------------------------- */

/* The account has a passkey, which this session has not verified. */
static err
judge_ask_passkey(struct judgement *j)
{
	j->step->no_passkey = true;
	return judge_ask(j, OIDC_FACTOR, OIDC_LOGIN_REQUIRED, "A passkey is required.");
}

/* A session with the password alone reaches the other classes by completing its sign-in. */
static err
judge_acr(struct judgement *j)
{
	const struct session *session = &j->call->now.session;
	enum oidc_acr reached = judge_acr_reached(j), answer = oidc_acr_answer(j->request.acrs, reached);

	j->acr = oidc_acr_name(answer);
	if (!j->request.acr_essential || (j->request.acrs & answer) != 0)
		return ERR_OK;
	if (session->state != STATE_FULL && (j->request.acrs & (OIDC_ACR_MFA | OIDC_ACR_PHR)) != 0)
		return judge_ask(j, OIDC_ENTER, OIDC_LOGIN_REQUIRED, "A second factor is required.");
	if ((j->request.acrs & OIDC_ACR_PHR) != 0 && judge_has_passkey(j))
		return judge_ask_passkey(j);
	return judge_unmet(j);
}

/* --- rules -------------------------------------------------------------------------------------------------------- */

static err
judge_asked_by_rule(struct judgement *j, enum access_reason reason)
{
	switch (reason) {
	case ACCESS_PASSKEY:
	case ACCESS_PASSKEY_OLD:
		return judge_has_passkey(j) ? judge_ask_passkey(j) : judge_refused(j, ACCESS_CLOSED, true);
	case ACCESS_OLD:
		return judge_ask_newer(j, OIDC_FACTOR, "A rule requires a newer code.");
	default:
		return judge_ask(j, OIDC_ENTER, OIDC_LOGIN_REQUIRED, "A second factor is required.");
	}
}

static err
judge_policy(struct judgement *j)
{
	enum access_refusal refusal = ACCESS_CLOSED;
	struct access_decision decision = policy_decide(j->call, &j->client, j->groups, &refusal);

	if (decision.outcome == ACCESS_REFUSED)
		return judge_refused(j, refusal, false);
	return decision.outcome == ACCESS_PASSES ? ERR_OK : judge_asked_by_rule(j, decision.reason);
}

/* --- account and consent ------------------------------------------------------------------------------------------ */

static err
judge_selection(struct judgement *j)
{
	bool asked = (j->request.prompts & OIDC_PROMPT_SELECT) != 0;

	if (!asked || (j->seal.flags & SEAL_CHOSEN) != 0)
		return ERR_OK;
	return judge_ask(j, OIDC_SELECT, OIDC_INTERACTION_REQUIRED, "");
}

static err
judge_ask_consent(struct judgement *j)
{
	CLEANUP(buf_wipe) struct buf scopes = BUF(OIDC_SCOPES_MAX);
	struct consent_told told;

	TRY(consent_told(j->call, &j->client, j->request.scopes, j->request.claims, j->groups, OIDC_CLAIMS_MAX, &told));
	j->step->claims = told.claims;
	oidc_scopes_put(&scopes, told.scopes);
	TRY(buf_check(&scopes));
	TRY(arena_copy(&j->call->arena, buf_str(&scopes), &j->step->scopes));
	if ((told.scopes & OIDC_SCOPE_EMAIL) != 0)
		j->step->email = j->email;
	return judge_ask(j, OIDC_CONSENT, OIDC_CONSENT_REQUIRED, "");
}

static bool
judge_needs_consent(const struct judgement *j)
{
	return !j->approved && consent_is_needed(&j->client, j->request.prompts, j->request.scopes, j->given);
}

/* prompt=none: reported before the rules, as the order of the table says. */
static err
judge_silent_consent(struct judgement *j)
{
	TRY(consent_find(j->call, &j->client, &j->given));
	if ((j->request.prompts & OIDC_PROMPT_NONE) == 0 || !judge_needs_consent(j))
		return ERR_OK;
	return judgement_error(j, OIDC_CONSENT_REQUIRED, "The user must consent first.");
}

static err
judge_consent(struct judgement *j)
{
	unsigned given = j->approved ? j->request.scopes : j->given;

	if (judge_needs_consent(j))
		return judge_ask_consent(j);
	j->scopes = consent_scopes(&j->client, j->request.scopes, given);
	return judge_ready(j);
}

/* --- together ----------------------------------------------------------------------------------------------------- */

typedef err (*judge_stage)(struct judgement *j);

static err
judge_run(struct judgement *j, const judge_stage *stages, size_t n)
{
	for (size_t i = 0; i < n && !j->decided; i++)
		TRY(stages[i](j));
	return ERR_OK;
}

/* The checks before anything is sent to the redirect URI. */
static const judge_stage address_stages[] = { judge_parameters, judge_client, judge_redirect_uri };
static const judge_stage stages[] = {
	judge_request,        judge_cancel, judge_earlier, judge_person,    judge_identity, judge_proofs,
	judge_silent_consent, judge_acr,    judge_policy,  judge_selection, judge_consent,
};

err
judgement_make(struct judgement *j)
{
	*j = (struct judgement){ .call = j->call,
				 .parameters = j->parameters,
				 .seal_text = j->seal_text,
				 .decision = j->decision,
				 .last = j->last,
				 .step = j->step };
	*j->step = (struct oidc_step_body){ .outcome = OIDC_PAGE };
	TRY(judge_run(j, address_stages, COUNT(address_stages)));
	return judge_run(j, stages, COUNT(stages));
}

err
judgement_unavailable(struct judgement *j, err e)
{
	const char *description = "";

	if (e != ERR_AWAY && e != ERR_BUSY)
		return e;
	*j = (struct judgement){ .call = j->call, .parameters = j->parameters, .step = j->step };
	*j->step = (struct oidc_step_body){ .outcome = OIDC_PAGE };
	TRY(judge_run(j, address_stages, COUNT(address_stages)));
	if (j->decided)
		return ERR_OK;
	log_event(LOG_ERROR, "oidc.unavailable", LOG_TEXT("why", err_name(e)));
	if (oidc_request_check(&j->client, &j->call->arena, &j->request, &description) != OIDC_OK)
		description = ""; /* it has set mode and state */
	return judgement_error(j, OIDC_TEMPORARILY_UNAVAILABLE, "Try again later.");
}
