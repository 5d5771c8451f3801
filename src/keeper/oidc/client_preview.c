#include "keeper/oidc/client_preview.h"

#include "base/random.h"
#include "keeper/account/admin.h"
#include "keeper/core/factor_kind.h"
#include "keeper/core/proof.h"
#include "keeper/oidc/issue.h"

/* The methods of a sign-in that ends now, with a space between. */
static err
client_preview_amr(const struct proofs *proofs, struct arena *arena, str *ret_amr)
{
	CLEANUP(buf_wipe) struct buf text = BUF(256);
	struct amr amr = proofs_amr(proofs, true);

	for (size_t i = 0; i < amr.n; i++) {
		buf_put(&text, i == 0 ? STR("") : STR(" "));
		buf_put(&text, str_of(amr.values[i]));
	}
	TRY(buf_check(&text));
	return arena_copy(arena, buf_str(&text), ret_amr);
}

static struct proofs
client_preview_proofs(bool passkey, int64_t now_us)
{
	struct proofs proofs = { .n = 0 };

	if (passkey) {
		proofs_add(&proofs, (struct proof){ &factor_kind_passkey, now_us, 1, true, false });
		return proofs;
	}
	proofs_add(&proofs, (struct proof){ .kind = &factor_kind_password, .at_us = now_us });
	proofs_add(&proofs, (struct proof){ .kind = &factor_kind_totp, .at_us = now_us, .factor_id = 1 });
	return proofs;
}

/* A grant as a sign-in makes it.  Its sid belongs to no session. */
static err
client_preview_grant(struct call *call, bool passkey, struct oidc_grant_row *ret_grant)
{
	struct proofs proofs = client_preview_proofs(passkey, call->now_us);
	char sid[SUBJECT_LETTERS];

	*ret_grant = (struct oidc_grant_row){ .auth_at_us = call->now_us, .acr = str_of(proofs_acr(&proofs, true)) };
	TRY(subject_make(sid));
	TRY(arena_copy(&call->arena, str_bytes(sid, sizeof(sid)), &ret_grant->sid));
	return client_preview_amr(&proofs, &call->arena, &ret_grant->amr);
}

static err
client_preview_put(struct call *call, const struct issue *issue, const struct person *person, struct arena *arena,
		   struct client_preview *ret_preview)
{
	CLEANUP(buf_wipe) struct buf id_token = BUF(ISSUE_CLAIMS_MAX);
	CLEANUP(buf_wipe) struct buf userinfo = BUF(ISSUE_CLAIMS_MAX);

	TRY(issue_id_claims_put(call, issue, person, STR("dta_"), STR(""), &id_token));
	TRY(issue_userinfo_put(issue, person, &userinfo));
	TRY(arena_copy(arena, buf_str(&id_token), &ret_preview->id_token));
	return arena_copy(arena, buf_str(&userinfo), &ret_preview->userinfo);
}

static err
client_preview_person(const struct person *person, struct arena *arena, struct person *ret_person)
{
	str *texts[] = { &ret_person->subject, &ret_person->name, &ret_person->display_name, &ret_person->email,
			 &ret_person->groups };

	*ret_person = *person;
	for (size_t i = 0; i < COUNT(texts); i++)
		TRY(arena_copy(arena, *texts[i], texts[i]));
	return ERR_OK;
}

/* The account gets its subject now, so that the claims are exact before its first sign-in. */
static err
client_preview_settle(struct call *call, void *context, bool *ret_commit)
{
	struct person *person = context;
	bool found = false;

	TRY(person_settle(call, call->subject_account_id, person, &found));
	*ret_commit = found;
	return found ? ERR_OK : ERR_NOT_FOUND;
}

err
client_preview_make(struct keeper_thread *t, const struct oidc_client *client, str account, bool passkey,
		    struct arena *arena, struct why *why, struct client_preview *ret_preview)
{
	CLEANUP(call_wipe) struct call call = { .db = t->db };
	struct oidc_grant_row grant;
	const struct issue issue = { .client = client, .grant = &grant, .scopes = client->scopes };
	struct person person;
	bool done = false;

	TRY(call_of_command(t, &call));
	TRY(admin_account_find(t, account, why, &call.subject_account_id));
	TRY(call_command_transact(&call, client_preview_settle, &person, &done));
	TRY(client_preview_grant(&call, passkey, &grant));
	TRY(client_preview_put(&call, &issue, &person, arena, ret_preview));
	return client_preview_person(&person, arena, &ret_preview->person);
}
