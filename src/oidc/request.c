#include "oidc/request.h"

#include "oidc/locales.h"

#include <jansson.h>

/* --- reading ------------------------------------------------------------------------------------------------------ */

struct request_pair {
	str name, value;
};

struct request_pairs {
	struct request_pair at[OIDC_PARAMETERS_COUNT_MAX];
	size_t n;
};

#define PARAMETER(member)                                                                                              \
	{                                                                                                              \
		STR_INIT(#member), offsetof(struct oidc_request, member)                                               \
	}

static const struct {
	str name;
	size_t offset;
} parameters[] = {
	PARAMETER(client_id),    PARAMETER(redirect_uri),   PARAMETER(response_type),
	PARAMETER(scope),        PARAMETER(response_mode),  PARAMETER(state),
	PARAMETER(nonce),        PARAMETER(code_challenge), PARAMETER(code_challenge_method),
	PARAMETER(prompt),       PARAMETER(max_age),        PARAMETER(claims),
	PARAMETER(acr_values),   PARAMETER(id_token_hint),  PARAMETER(login_hint),
	PARAMETER(ui_locales),   PARAMETER(request),        PARAMETER(request_uri),
	PARAMETER(registration),
};

static err
request_decode(str in, struct arena *arena, str *ret_text, bool *ret_good)
{
	char *out = arena_alloc(arena, in.n + 1);
	size_t n = 0;

	*ret_good = false;
	if (out == NULL)
		return ERR_MEMORY;
	for (size_t i = 0; i < in.n;)
		if (!str_form_next(in, &i, &out[n++]))
			return ERR_OK;
	*ret_text = str_bytes(out, n);
	*ret_good = true;
	return ERR_OK;
}

static str *
request_member(struct oidc_request *request, size_t offset)
{
	return (str *)(void *)((char *)request + offset);
}

static void
request_store(struct oidc_request *request, const struct request_pair *pair)
{
	for (size_t i = 0; i < COUNT(parameters); i++)
		if (str_equal(parameters[i].name, pair->name))
			*request_member(request, parameters[i].offset) = pair->value;
}

static bool
request_has(const struct request_pairs *pairs, str name)
{
	for (size_t i = 0; i < pairs->n; i++)
		if (str_equal(pairs->at[i].name, name))
			return true;
	return false;
}

static err
request_pair_add(struct request_pairs *pairs, str piece, struct arena *arena, enum oidc_problem *ret_problem)
{
	struct request_pair pair = { 0 };
	str value = piece;
	str name = str_cut(&value, '=');
	bool name_good = false, value_good = false;

	TRY(request_decode(name, arena, &pair.name, &name_good));
	TRY(request_decode(value, arena, &pair.value, &value_good));
	if (!name_good || !value_good || pairs->n == OIDC_PARAMETERS_COUNT_MAX)
		*ret_problem = OIDC_PROBLEM_MALFORMED;
	else if (request_has(pairs, pair.name))
		*ret_problem = OIDC_PROBLEM_TWICE;
	else
		pairs->at[pairs->n++] = pair;
	return ERR_OK;
}

err
oidc_request_read(str text, struct arena *arena, struct oidc_request *ret_request, enum oidc_problem *ret_problem)
{
	struct request_pairs pairs = { .n = 0 };
	struct oidc_request request = { .mode = OIDC_MODE_QUERY };

	*ret_problem = OIDC_PROBLEM_NONE;
	while (text.n > 0 && *ret_problem == OIDC_PROBLEM_NONE) {
		str piece = str_cut(&text, '&');
		if (piece.n > 0)
			TRY(request_pair_add(&pairs, piece, arena, ret_problem));
	}
	for (size_t i = 0; i < pairs.n; i++)
		request_store(&request, &pairs.at[i]);
	*ret_request = request;
	return ERR_OK;
}

/* --- authentication context --------------------------------------------------------------------------------------- */

static const struct {
	enum oidc_acr acr;
	str name;
} acrs[] = {
	{ OIDC_ACR_PHR, STR_INIT("phr") },
	{ OIDC_ACR_MFA, STR_INIT("https://refeds.org/profile/mfa") },
	{ OIDC_ACR_SFA, STR_INIT("https://refeds.org/profile/sfa") },
};

const char *
oidc_acr_name(enum oidc_acr acr)
{
	for (size_t i = 0; i < COUNT(acrs); i++)
		if (acrs[i].acr == acr)
			return acrs[i].name.p;
	return "";
}

enum oidc_acr
oidc_acr_answer(unsigned asked, enum oidc_acr reached)
{
	for (size_t i = 0; i < COUNT(acrs); i++)
		if ((asked & acrs[i].acr) != 0 && acrs[i].acr <= reached)
			return acrs[i].acr;
	return reached;
}

static unsigned
request_acr_bit(str name)
{
	for (size_t i = 0; i < COUNT(acrs); i++)
		if (str_equal(acrs[i].name, name))
			return acrs[i].acr;
	return 0;
}

/* --- checks ------------------------------------------------------------------------------------------------------- */

/* In the order in which they are reported. */
enum request_fault {
	REQUEST_NO_TYPE,
	REQUEST_OTHER_TYPE,
	REQUEST_MODE,
	REQUEST_OBJECT,
	REQUEST_OBJECT_URI,
	REQUEST_REGISTRATION,
	REQUEST_SCOPE,
	REQUEST_METHOD,
	REQUEST_CHALLENGE,
	REQUEST_NO_CHALLENGE,
	REQUEST_STATE,
	REQUEST_NONCE,
	REQUEST_PROMPT,
	REQUEST_MAX_AGE,
	REQUEST_CLAIMS,
	REQUEST_MEMORY,
	REQUEST_FAULT_COUNT
};

static const struct {
	enum oidc_error error;
	const char *description;
} faults[REQUEST_FAULT_COUNT] = {
	[REQUEST_NO_TYPE] = { OIDC_INVALID_REQUEST, "response_type is missing." },
	[REQUEST_OTHER_TYPE] = { OIDC_UNSUPPORTED_RESPONSE_TYPE, "The only supported response_type is code." },
	[REQUEST_MODE] = { OIDC_INVALID_REQUEST, "response_mode is not query, fragment or form_post." },
	[REQUEST_OBJECT] = { OIDC_REQUEST_NOT_SUPPORTED, "The parameter request is not supported." },
	[REQUEST_OBJECT_URI] = { OIDC_REQUEST_URI_NOT_SUPPORTED, "The parameter request_uri is not supported." },
	[REQUEST_REGISTRATION] = { OIDC_REGISTRATION_NOT_SUPPORTED, "The parameter registration is not supported." },
	[REQUEST_SCOPE] = { OIDC_INVALID_SCOPE, "scope does not contain openid." },
	[REQUEST_METHOD] = { OIDC_INVALID_REQUEST, "code_challenge_method is not S256." },
	[REQUEST_CHALLENGE] = { OIDC_INVALID_REQUEST,
				"code_challenge is not a SHA-256 in base64url without padding: 43 characters." },
	[REQUEST_NO_CHALLENGE] = { OIDC_INVALID_REQUEST, "This client must send code_challenge (PKCE)." },
	[REQUEST_STATE] = { OIDC_INVALID_REQUEST, "state is longer than 2048 bytes or not printable ASCII." },
	[REQUEST_NONCE] = { OIDC_INVALID_REQUEST, "nonce is longer than 512 bytes or not printable." },
	[REQUEST_PROMPT] = { OIDC_INVALID_REQUEST, "prompt has none together with another value." },
	[REQUEST_MAX_AGE] = { OIDC_INVALID_REQUEST, "max_age is not a number of seconds." },
	[REQUEST_CLAIMS] = { OIDC_INVALID_REQUEST, "claims is not a JSON object." },
	[REQUEST_MEMORY] = { OIDC_TEMPORARILY_UNAVAILABLE, "Try again later." },
};

/* A request that is checked, and its faults as bits. */
struct request_reading {
	const struct oidc_client *client;
	struct arena *arena;
	struct oidc_request *request;
	unsigned faults;
};

static void
request_fault_if(struct request_reading *r, bool is, enum request_fault fault)
{
	if (is)
		r->faults |= 1u << fault;
}

static void
request_type_read(struct request_reading *r)
{
	str type = r->request->response_type;

	request_fault_if(r, type.n == 0, REQUEST_NO_TYPE);
	request_fault_if(r, type.n > 0 && !str_equal(type, STR("code")), REQUEST_OTHER_TYPE);
}

static void
request_mode_read(struct request_reading *r)
{
	static const str modes[OIDC_MODE_COUNT] = { STR_INIT("query"), STR_INIT("fragment"), STR_INIT("form_post") };
	str asked = r->request->response_mode;
	bool known = asked.n == 0;

	r->request->mode = OIDC_MODE_QUERY;
	for (unsigned i = 0; i < OIDC_MODE_COUNT; i++) {
		if (!str_equal(asked, modes[i]))
			continue;
		r->request->mode = i;
		known = true;
	}
	request_fault_if(r, !known, REQUEST_MODE);
}

static void
request_unsupported_read(struct request_reading *r)
{
	request_fault_if(r, r->request->request.n > 0, REQUEST_OBJECT);
	request_fault_if(r, r->request->request_uri.n > 0, REQUEST_OBJECT_URI);
	request_fault_if(r, r->request->registration.n > 0, REQUEST_REGISTRATION);
}

static void
request_scope_read(struct request_reading *r)
{
	unsigned asked = oidc_scopes_read(r->request->scope);

	request_fault_if(r, (asked & OIDC_SCOPE_OPENID) == 0, REQUEST_SCOPE);
	r->request->scopes = asked & (r->client->scopes | OIDC_SCOPE_OPENID);
}

/* An absent method is plain: RFC 7636 s4.3. */
static void
request_challenge_read(struct request_reading *r)
{
	str challenge = r->request->code_challenge;
	bool optional = r->client->pkce_optional && !r->client->public;
	uint8_t digest[32];

	if (challenge.n == 0) {
		request_fault_if(r, !optional, REQUEST_NO_CHALLENGE);
		return;
	}
	request_fault_if(r, !str_equal(r->request->code_challenge_method, STR("S256")), REQUEST_METHOD);
	request_fault_if(r, str_base64url(challenge, digest, sizeof(digest)) != ERR_OK, REQUEST_CHALLENGE);
}

static bool
request_is_printable(str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < ' ' || text.p[i] > '~')
			return false;
	return true;
}

/* state: RFC 6749 appendix A.5.  nonce becomes a string of JSON. */
static void
request_state_read(struct request_reading *r)
{
	struct oidc_request *request = r->request;
	bool good = request->state.n <= OIDC_STATE_MAX && request_is_printable(request->state);

	request_fault_if(r, !good, REQUEST_STATE);
	if (!good)
		request->state = (str){ 0 };
	request_fault_if(
	    r, request->nonce.n > OIDC_NONCE_MAX || str_has_control(request->nonce) || !str_utf8_valid(request->nonce),
	    REQUEST_NONCE);
}

static unsigned
request_prompt_bit(str word)
{
	static const struct {
		unsigned bit;
		str word;
	} prompts[] = {
		{ OIDC_PROMPT_NONE, STR_INIT("none") },
		{ OIDC_PROMPT_LOGIN, STR_INIT("login") },
		{ OIDC_PROMPT_CONSENT, STR_INIT("consent") },
		{ OIDC_PROMPT_SELECT, STR_INIT("select_account") },
	};

	for (size_t i = 0; i < COUNT(prompts); i++)
		if (str_equal(prompts[i].word, word))
			return prompts[i].bit;
	return 0;
}

static void
request_prompt_read(struct request_reading *r)
{
	str rest = r->request->prompt;
	bool other = false;

	r->request->prompts = 0;
	while (rest.n > 0) {
		str word = str_cut(&rest, ' ');
		unsigned bit = request_prompt_bit(word);
		r->request->prompts |= bit;
		other = other || (word.n > 0 && bit != OIDC_PROMPT_NONE);
	}
	request_fault_if(r, other && (r->request->prompts & OIDC_PROMPT_NONE) != 0, REQUEST_PROMPT);
}

/* A number over the limit is as good as no limit: no session lives so long. */
static void
request_max_age_read(struct request_reading *r)
{
	enum { LIMIT_S = 1000000000 };
	str text = r->request->max_age;
	uint64_t seconds = 0;

	r->request->max_age_s = r->client->max_age_s;
	if (text.n == 0)
		return;
	request_fault_if(r, str_number(text, UINT64_MAX, &seconds) != ERR_OK, REQUEST_MAX_AGE);
	r->request->max_age_s = seconds > LIMIT_S ? LIMIT_S : (int64_t)seconds;
}

/* --- the parameter claims: Core s5.5 ------------------------------------------------------------------------------ */

static void
request_json_free(json_t **object)
{
	json_decref(*object);
}

static str
request_json_text(const json_t *text)
{
	return json_is_string(text) ? str_bytes(json_string_value(text), json_string_length(text)) : (str){ 0 };
}

/* {"id_token": {"acr": {"essential": true, "values": ["phr"]}}} */
static void
request_acr_claim_read(struct request_reading *r, const json_t *acr)
{
	const json_t *values = json_object_get(acr, "values"), *value = json_object_get(acr, "value");
	bool essential = json_is_true(json_object_get(acr, "essential")), named = json_is_string(value);
	unsigned bits = request_acr_bit(request_json_text(value));

	for (size_t i = 0; i < json_array_size(values); i++) {
		bits |= request_acr_bit(request_json_text(json_array_get(values, i)));
		named = true;
	}
	if (!named)
		return;
	r->request->acr_essential = essential;
	r->request->acrs = essential ? bits : bits | r->request->acrs;
}

static void
request_sub_claim_read(struct request_reading *r, const json_t *member)
{
	str sub = request_json_text(json_object_get(json_object_get(member, "sub"), "value"));

	if (sub.n > 0)
		request_fault_if(r, arena_copy(r->arena, sub, &r->request->sub) != ERR_OK, REQUEST_MEMORY);
}

static void
request_claims_read(struct request_reading *r)
{
	json_error_t error = { .text = "" };
	str text = r->request->claims;
	CLEANUP(request_json_free) json_t *object = NULL;

	if (text.n == 0)
		return;
	if (!str_has_byte(text, '\0')) /* jansson skips a NUL behind a number */
		object = json_loadb(text.p, text.n, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(object)) {
		bool memory = object == NULL && json_error_code(&error) == json_error_out_of_memory;
		request_fault_if(r, true, memory ? REQUEST_MEMORY : REQUEST_CLAIMS);
		return;
	}
	request_acr_claim_read(r, json_object_get(json_object_get(object, "id_token"), "acr"));
	request_sub_claim_read(r, json_object_get(object, "userinfo"));
	request_sub_claim_read(r, json_object_get(object, "id_token"));
}

/* Voluntary, unlike an essential claim: Core s3.1.2.1. */
static void
request_acr_values_read(struct request_reading *r)
{
	str rest = r->request->acr_values;

	r->request->acrs = 0;
	while (rest.n > 0)
		r->request->acrs |= request_acr_bit(str_cut(&rest, ' '));
}

/* --- together ----------------------------------------------------------------------------------------------------- */

enum oidc_error
oidc_request_check(const struct oidc_client *client, struct arena *arena, struct oidc_request *request,
		   const char **ret_description)
{
	struct request_reading r = { .client = client, .arena = arena, .request = request };
	unsigned first = 0;

	request_type_read(&r);
	request_mode_read(&r);
	request_unsupported_read(&r);
	request_scope_read(&r);
	request_challenge_read(&r);
	request_state_read(&r);
	request_prompt_read(&r);
	request_max_age_read(&r);
	request->language = oidc_locales_choose(request->ui_locales);
	request_acr_values_read(&r);
	request_claims_read(&r);
	*ret_description = "";
	if (r.faults == 0)
		return OIDC_OK;
	while ((r.faults & 1u << first) == 0)
		first++;
	*ret_description = faults[first].description;
	return faults[first].error;
}

void
oidc_parameter_put(struct buf *out, str name, str value)
{
	if (out->n > 0)
		buf_put_byte(out, '&');
	buf_put_percent(out, name);
	buf_put_byte(out, '=');
	buf_put_percent(out, value);
}
