#include "keeper/oidc/person.h"

#include "base/random.h"
#include "keeper/account/identity.h"
#include "keeper/core/row_words.h"
#include "oidc/claim_rules.h"

#include <jansson.h>

/* --- the person --------------------------------------------------------------------------------------------------- */

err
subject_make(char ret_subject[SUBJECT_LETTERS])
{
	static const size_t starts[] = { 0, 8, 12, 16, 20, 32 }; /* of the groups, in digits */
	uint8_t bytes[16];
	char digits[2 * sizeof(bytes)];
	char *out = ret_subject;

	TRY(random_fill(bytes, sizeof(bytes)));
	bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40); /* version 4 */
	bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80); /* variant */
	str_hex_write(bytes, sizeof(bytes), digits);
	for (size_t i = 0; i + 1 < COUNT(starts); i++) {
		size_t n = starts[i + 1] - starts[i];
		if (i > 0)
			*out++ = '-';
		memcpy(out, digits + starts[i], n);
		out += n;
	}
	return ERR_OK;
}

err
person_from_row(struct call *call, const struct oidc_person_row *row, struct person *ret_person)
{
	struct display_name display_name;
	str shown = { 0 };

	if (!groups_good(row->group_names, &call->arena))
		return ERR_CORRUPT;
	display_name_clean(row->display_name, &display_name);
	TRY(arena_copy(&call->arena, str_bytes(display_name.b, display_name.n), &shown));
	*ret_person = (struct person){ .account_id = row->id,
				       .disabled = row->disabled,
				       .subject = row->subject,
				       .name = row->name,
				       .display_name = shown,
				       .email = email_good(row->email) ? row->email : (str){ 0 },
				       .groups = row->group_names,
				       .language = preferred_language_read(row->language),
				       .updated_us = row->updated_at_us };
	return ERR_OK;
}

err
person_find(struct call *call, int64_t account_id, struct person *ret_person, bool *ret_found)
{
	const struct db_value args[] = { DB_INT(account_id) };
	struct oidc_person_row row;

	TRY(db_row(call->db, SQL_OIDC_PERSON, args, COUNT(args), &call->arena, &row, ret_found));
	return *ret_found ? person_from_row(call, &row, ret_person) : ERR_OK;
}

/* A new account has no subject.  The first one stays. */
static err
person_give_subject(struct call *call, int64_t account_id)
{
	char subject[SUBJECT_LETTERS];

	TRY(subject_make(subject));
	const struct db_value args[] = { DB_TEXT(str_bytes(subject, sizeof(subject))), DB_INT(account_id) };
	return db_run(call->db, SQL_OIDC_SUBJECT_SET, args, COUNT(args), NULL);
}

err
person_settle(struct call *call, int64_t account_id, struct person *ret_person, bool *ret_found)
{
	TRY(person_find(call, account_id, ret_person, ret_found));
	if (!*ret_found || ret_person->subject.n > 0)
		return ERR_OK;
	TRY(person_give_subject(call, account_id));
	return person_find(call, account_id, ret_person, ret_found);
}

/* --- the claims --------------------------------------------------------------------------------------------------- */

static void
person_put_name(const struct person *p, struct buf *out)
{
	buf_put_json(out, p->display_name.n > 0 ? p->display_name : p->name);
}

static void
person_put_username(const struct person *p, struct buf *out)
{
	buf_put_json(out, p->name);
}

static void
person_put_locale(const struct person *p, struct buf *out)
{
	buf_put_json(out, preferred_language_text(p->language));
}

static void
person_put_updated(const struct person *p, struct buf *out)
{
	buf_put_number(out, p->updated_us / SECONDS_US(1));
}

static void
person_put_email(const struct person *p, struct buf *out)
{
	buf_put_json(out, p->email);
}

/* Only the administrator sets addresses, so that each one is verified. */
static void
person_put_verified(const struct person *p, struct buf *out)
{
	(void)p;
	buf_put(out, STR("true"));
}

static void
person_put_groups(const struct person *p, struct buf *out)
{
	str rest = p->groups;

	buf_put_byte(out, '[');
	while (rest.n > 0) {
		buf_put_json(out, str_cut(&rest, ','));
		if (rest.n > 0)
			buf_put_byte(out, ',');
	}
	buf_put_byte(out, ']');
}

static bool
person_has_locale(const struct person *p)
{
	return p->language != PREFERRED_BROWSER;
}

static bool
person_has_email(const struct person *p)
{
	return p->email.n > 0;
}

/* An absent value leaves the claim out: Core s5.3.2. */
static const struct claim {
	const char *name;
	unsigned scope;
	bool (*has)(const struct person *p); /* NULL: always */
	void (*put)(const struct person *p, struct buf *out);
} claims_known[] = {
	{ "name", OIDC_SCOPE_PROFILE, NULL, person_put_name },
	{ "preferred_username", OIDC_SCOPE_PROFILE, NULL, person_put_username },
	{ "locale", OIDC_SCOPE_PROFILE, person_has_locale, person_put_locale },
	{ "updated_at", OIDC_SCOPE_PROFILE, NULL, person_put_updated },
	{ "email", OIDC_SCOPE_EMAIL, person_has_email, person_put_email },
	{ "email_verified", OIDC_SCOPE_EMAIL, person_has_email, person_put_verified },
	{ "groups", OIDC_SCOPE_GROUPS, NULL, person_put_groups },
};

static void
person_asked_free(json_t **asked)
{
	json_decref(*asked);
}

/* The names of the claims that the parameter asks for at this place; NULL: none.  It was checked when it came. */
static err
person_claims_asked(str claims, enum claims_place place, json_t **ret_asked)
{
	static const char *const members[] = { [CLAIMS_ID_TOKEN] = "id_token", [CLAIMS_USERINFO] = "userinfo" };
	json_t *all = claims.n == 0 ? NULL : json_loadb(claims.p, claims.n, 0, NULL);

	*ret_asked = json_incref(json_object_get(all, members[place]));
	json_decref(all);
	return all != NULL || claims.n == 0 ? ERR_OK : ERR_MEMORY;
}

/* Scopes whose claims the parameter may name: those that the person allowed; all if the client asks for no consent. */
static unsigned
person_scopes_named(const struct oidc_client *client, unsigned granted)
{
	return client->consent == OIDC_CONSENT_NEVER ? client->scopes : granted;
}

err
person_scopes_told(const struct oidc_client *client, str claims, unsigned *scopes)
{
	unsigned named = person_scopes_named(client, *scopes);

	for (int place = CLAIMS_ID_TOKEN; place <= CLAIMS_USERINFO; place++) {
		CLEANUP(person_asked_free) json_t *asked = NULL;
		TRY(person_claims_asked(claims, (enum claims_place)place, &asked));
		for (size_t i = 0; i < COUNT(claims_known); i++)
			if (json_object_get(asked, claims_known[i].name) != NULL)
				*scopes |= named & claims_known[i].scope;
	}
	return ERR_OK;
}

/* Scopes whose claims are all sent to this place. */
static unsigned
person_scopes_sent(const struct oidc_client *client, unsigned granted, enum claims_place place)
{
	return place == CLAIMS_ID_TOKEN && client->id_token_minimal ? granted & OIDC_SCOPE_OPENID : granted;
}

static bool
person_claim_sent(const struct claim *claim, unsigned sent, unsigned named, const json_t *asked)
{
	return (sent & claim->scope) != 0 ||
	       ((named & claim->scope) != 0 && json_object_get(asked, claim->name) != NULL);
}

err
person_claims_put(const struct person *person, const struct oidc_client *client, unsigned scopes, str claims,
		  enum claims_place place, struct buf *out)
{
	unsigned sent = person_scopes_sent(client, scopes, place), named = person_scopes_named(client, scopes);
	CLEANUP(person_asked_free) json_t *asked = NULL;
	bool groups_given = false;

	TRY(person_claims_asked(claims, place, &asked));
	for (size_t i = 0; i < COUNT(claims_known); i++) {
		const struct claim *claim = &claims_known[i];
		if (!person_claim_sent(claim, sent, named, asked) || (claim->has != NULL && !claim->has(person)))
			continue;
		buf_printf(out, ",\"%s\":", claim->name);
		claim->put(person, out);
		groups_given |= claim->scope == OIDC_SCOPE_GROUPS;
	}
	claim_rules_put(client->claims, sent, person->groups, groups_given, out);
	return buf_check(out);
}
