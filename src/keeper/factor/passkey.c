#include "keeper/factor/passkey.h"

#include "keeper/core/call.h"
#include "keeper/core/factor_kind.h"
#include "keeper/factor/factor_values.h"
#include "keeper/keys/keys.h"

/* --- what the server asks for ------------------------------------------------------------------------------------- */

str
passkey_rp_id(const struct config *config)
{
	return str_of(config->passkey_rp_id);
}

struct ceremony
passkey_ceremony(const struct config *config, bool verified)
{
	return (struct ceremony){ .rp_id = passkey_rp_id(config),
				  .origin = str_of(config->public_origin),
				  .verified = verified };
}

/* --- challenges --------------------------------------------------------------------------------------------------- */

/* The browser of a sign-in has no session: its form cookie takes the place of the session's token. */
static struct challenge_for
passkey_challenge_whom(const struct call *call, enum challenge_purpose purpose)
{
	str token_hash = str_bytes(call->token_hash.b, TOKEN_BYTES);

	return (struct challenge_for){ purpose, purpose == CHALLENGE_SIGN_IN ? call->browser : token_hash };
}

err
passkey_challenge_make(struct call *call, enum challenge_purpose purpose, str *ret_challenge)
{
	const struct challenge_for whom = passkey_challenge_whom(call, purpose);
	char *text = arena_alloc(&call->arena, CHALLENGE_TEXT_BYTES);

	if (text == NULL)
		return ERR_MEMORY;
	TRY(challenge_issue(keeper_keys(call->keeper)->challenges.b, &whom, call->now_us, text));
	*ret_challenge = str_bytes(text, CHALLENGE_TEXT_BYTES);
	return ERR_OK;
}

err
passkey_challenge_check(struct call *call, enum challenge_purpose purpose, const struct client_data *client,
			int64_t *ret_us)
{
	const struct challenge_for whom = passkey_challenge_whom(call, purpose);

	return challenge_check(keeper_keys(call->keeper)->challenges.b, &whom, str_of(client->challenge), call->now_us,
			       ret_us);
}

/* --- stored values ------------------------------------------------------------------------------------------------ */

static struct sealed_for
passkey_sealed_for(int64_t account_id, int64_t factor_id)
{
	return (struct sealed_for){ factor_kind_passkey.sealing_purpose, account_id, factor_id };
}

err
passkey_key_seal(struct call *call, int64_t account_id, int64_t factor_id, const struct credential_key *key,
		 str *ret_sealed)
{
	const struct sealed_for owner = passkey_sealed_for(account_id, factor_id);

	return sealing_seal(&keeper_keys(call->keeper)->sealing, &owner, key->cose, &call->arena, ret_sealed);
}

err
passkey_key_open(struct call *call, int64_t account_id, int64_t factor_id, str sealed, struct credential_key *ret_key)
{
	const struct sealed_for owner = passkey_sealed_for(account_id, factor_id);
	str cose = { 0 };

	TRY(sealing_open(&keeper_keys(call->keeper)->sealing, &owner, sealed, &call->arena, &cose));
	return credential_key_read(&cose, ret_key) && cose.n == 0 ? ERR_OK : ERR_CORRUPT;
}

bool
passkey_opens_alone(const struct passkey_alone_row *row)
{
	return row->uv_initialized && (!row->imported || row->has_handle);
}

err
passkey_list_put(void *list, const struct passkey_excluded_row *row)
{
	CLEANUP(buf_wipe) struct buf one = BUF(2048);
	const struct passkey_item item = { row->credential_id, str_upto(row->transports, PASSKEY_TRANSPORTS_MAX) };
	struct buf *out = list;

	wire_put(&one, &wire_passkey_item, &item);
	TRY(buf_check(&one));
	if (out->n + one.n <= out->max)
		buf_put(out, buf_str(&one));
	return buf_check(out);
}

str
passkey_transports_clean(str transports)
{
	for (size_t i = 0; i < transports.n; i++) {
		char c = transports.p[i];
		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') && c != '-' && c != ',')
			return STR("");
	}
	return transports;
}

err
passkey_user_handle(struct call *call, int64_t account_id, str *ret_handle)
{
	const struct db_value args[] = { DB_INT(account_id) };
	struct passkey_user_handle_row row = { 0 };
	bool found = false;

	TRY(db_row(call->db, SQL_PASSKEY_USER_HANDLE, args, COUNT(args), &call->arena, &row, &found));
	*ret_handle = row.user_handle.n <= WEBAUTHN_HANDLE_MAX ? row.user_handle : STR("");
	return ERR_OK;
}

/* --- the kind ----------------------------------------------------------------------------------------------------- */

enum audit_reason
passkey_reason(enum webauthn_fault fault)
{
	static const enum audit_reason reasons[WEBAUTHN_FAULT_COUNT] = {
		[WEBAUTHN_NONE] = REASON_ASKED,
		[WEBAUTHN_CLIENT_DATA] = REASON_CLIENT_DATA,
		[WEBAUTHN_TYPE] = REASON_CEREMONY_TYPE,
		[WEBAUTHN_CHALLENGE] = REASON_CHALLENGE,
		[WEBAUTHN_ORIGIN] = REASON_ORIGIN,
		[WEBAUTHN_CROSS_ORIGIN] = REASON_CROSS_ORIGIN,
		[WEBAUTHN_AUTH_DATA] = REASON_AUTH_DATA,
		[WEBAUTHN_RP_ID] = REASON_RP_ID,
		[WEBAUTHN_ABSENT] = REASON_USER_ABSENT,
		[WEBAUTHN_UNVERIFIED] = REASON_USER_UNVERIFIED,
		[WEBAUTHN_BACKUP] = REASON_BACKUP_FLAGS,
		[WEBAUTHN_KEY] = REASON_KEY,
		[WEBAUTHN_CREDENTIAL] = REASON_CREDENTIAL,
		[WEBAUTHN_SIGNATURE] = REASON_SIGNATURE,
	};

	return reasons[fault];
}

static const char *
passkey_row_wrong(const struct factor_values *values)
{
	struct credential_key key = { 0 };
	str rest = values->secret;

	return credential_key_read(&rest, &key) && rest.n == 0 ? NULL : "its public key has an unknown form";
}

/* Only row_wrong: separate questions enrol and verify a passkey. */
const struct factor_kind factor_kind_passkey = {
	.name = "passkey",
	.sealing_purpose = "passkey key",
	.amr = "pop",
	.shows = SHOWS_POSSESSION,
	.resists_phishing = true,
	.passed = AUDIT_PASSKEY_VERIFIED,
	.stepped_up = AUDIT_PASSKEY_STEP_UP,
	.why_wrong = REASON_SIGNATURE,
	.why_spent = REASON_CHALLENGE_USED,
	.why_changed = REASON_PASSKEY,
	.row_wrong = passkey_row_wrong,
};
