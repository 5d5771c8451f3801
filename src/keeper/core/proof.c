#include "keeper/core/proof.h"

#include "keeper/core/factor_kind.h"

void
proofs_add(struct proofs *proofs, struct proof proof)
{
	if (proofs->n < PROOFS_MAX)
		proofs->of[proofs->n++] = proof;
}

static unsigned
proof_shows(const struct proof *proof)
{
	if (proof->kind == NULL)
		return 0;
	return proof->user_verified_us != 0 ? SHOWS_BOTH : proof->kind->shows;
}

static bool
proof_is_valid(const struct proof *proof, bool enrolled)
{
	unsigned shows = proof_shows(proof);

	return shows != 0 && ((shows & SHOWS_POSSESSION) == 0 || enrolled);
}

enum session_state
proofs_state(const struct proofs *proofs, bool enrolled)
{
	unsigned shown = 0;
	bool fallen = false;

	for (size_t i = 0; i < proofs->n; i++) {
		bool valid = proof_is_valid(&proofs->of[i], enrolled);
		shown |= valid ? proof_shows(&proofs->of[i]) : 0;
		fallen = fallen || !valid;
	}
	if (shown == SHOWS_BOTH)
		return STATE_FULL;
	if (fallen || shown != SHOWS_KNOWLEDGE)
		return STATE_NONE;
	return enrolled ? STATE_PENDING : STATE_ENROLLING;
}

/* When did the proof show this?  0: it does not.  A kind that does not show it alone shows it by user verification. */
static int64_t
proof_shown_us(const struct proof *proof, unsigned shows)
{
	if ((proof_shows(proof) & shows) == 0)
		return 0;
	return (proof->kind->shows & shows) != 0 ? proof->at_us : proof->user_verified_us;
}

int64_t
proofs_newest_us(const struct proofs *proofs, unsigned shows)
{
	int64_t newest_us = 0;

	for (size_t i = 0; i < proofs->n; i++) {
		int64_t shown_us = proof_shown_us(&proofs->of[i], shows);
		newest_us = shown_us > newest_us ? shown_us : newest_us;
	}
	return newest_us;
}

bool
proofs_have_password(const struct proofs *proofs)
{
	for (size_t i = 0; i < proofs->n; i++)
		if (proofs->of[i].kind == &factor_kind_password)
			return true;
	return false;
}

int64_t
proofs_factor_id(const struct proofs *proofs)
{
	for (size_t i = 0; i < proofs->n; i++)
		if (proofs->of[i].factor_id != 0)
			return proofs->of[i].factor_id;
	return 0;
}

bool
proofs_have_factor(const struct proofs *proofs, int64_t factor_id)
{
	for (size_t i = 0; i < proofs->n; i++)
		if (proofs->of[i].factor_id == factor_id && factor_id != 0)
			return true;
	return false;
}

bool
proofs_recovered(const struct proofs *proofs)
{
	for (size_t i = 0; i < proofs->n; i++)
		if (proofs->of[i].kind != NULL && proofs->of[i].kind->recovers)
			return true;
	return false;
}

bool
proofs_resist_phishing(const struct proofs *proofs, bool enrolled)
{
	for (size_t i = 0; i < proofs->n; i++)
		if (proof_is_valid(&proofs->of[i], enrolled) && proofs->of[i].kind->resists_phishing)
			return true;
	return false;
}

static void
proofs_amr_add(struct amr *amr, const char *value)
{
	for (size_t i = 0; i < amr->n; i++)
		if (strcmp(amr->values[i], value) == 0)
			return;
	if (amr->n < AMR_MAX)
		amr->values[amr->n++] = value;
}

struct amr
proofs_amr(const struct proofs *proofs, bool enrolled)
{
	struct amr amr = { .n = 0 };
	bool user_verified = false, synced = false;

	for (size_t i = 0; i < proofs->n; i++) {
		const struct proof *proof = &proofs->of[i];
		if (!proof_is_valid(proof, enrolled))
			continue;
		proofs_amr_add(&amr, proof->kind->amr);
		user_verified = user_verified || proof->user_verified_us != 0;
		synced = synced || proof->synced;
	}
	if (user_verified)
		proofs_amr_add(&amr, "user");
	if (synced)
		proofs_amr_add(&amr, "swk");
	if (proofs_state(proofs, enrolled) == STATE_FULL)
		proofs_amr_add(&amr, "mfa");
	return amr;
}

const char *
proofs_acr(const struct proofs *proofs, bool enrolled)
{
	if (proofs_state(proofs, enrolled) != STATE_FULL)
		return "";
	return proofs_resist_phishing(proofs, enrolled) ? "phr" : "https://refeds.org/profile/mfa";
}
