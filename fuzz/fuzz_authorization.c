/*
 * oidc_request_read and oidc_request_check: an accepted request follows the rules that this file states again.  The
 * state and the description survive the round trip through a response.  The first byte chooses the client.
 */
#include "target.h"

#include "oidc/errors.h"
#include "oidc/request.h"

enum { ARENA_BYTES = 1024 * 1024 };

static bool
is_printable(str text)
{
	for (size_t i = 0; i < text.n; i++)
		if (text.p[i] < 0x20 || text.p[i] > 0x7e)
			return false;
	return true;
}

static struct oidc_client
client_of(unsigned bits)
{
	return (struct oidc_client){ .client_id = STR("wiki"),
				     .scopes = bits & OIDC_SCOPE_ALL,
				     .public = (bits & 32) != 0,
				     .pkce_optional = (bits & 64) != 0,
				     .max_age_s = (bits & 128) != 0 ? 600 : -1 };
}

static void
check_challenge(const struct oidc_client *client, const struct oidc_request *request)
{
	PROMISE(request->code_challenge.n == 0 || request->code_challenge.n == 43);
	PROMISE(request->code_challenge.n == 0 || str_equal(request->code_challenge_method, STR("S256")));
	PROMISE(request->code_challenge.n > 0 || (client->pkce_optional && !client->public));
}

static void
check_accepted(const struct oidc_client *client, const struct oidc_request *request)
{
	PROMISE(str_equal(request->response_type, STR("code")));
	PROMISE(request->request.n == 0 && request->request_uri.n == 0 && request->registration.n == 0);
	PROMISE((request->scopes & OIDC_SCOPE_OPENID) != 0);
	PROMISE((request->scopes & ~(client->scopes | OIDC_SCOPE_OPENID)) == 0);
	PROMISE(request->nonce.n <= OIDC_NONCE_MAX && str_utf8_valid(request->nonce));
	PROMISE(request->prompts == OIDC_PROMPT_NONE || (request->prompts & OIDC_PROMPT_NONE) == 0);
	PROMISE(request->max_age_s >= -1);
	PROMISE(request->claims.n == 0 || str_has_byte(request->claims, '{'));
	check_challenge(client, request);
}

/* The texts of a response are parsed back unchanged. */
static void
check_response(const struct oidc_request *request, const char *description)
{
	CLEANUP(buf_wipe) struct buf response = BUF(OIDC_RESPONSE_MAX);
	CLEANUP(arena_wipe) struct arena arena = ARENA(ARENA_BYTES);
	struct oidc_request again;
	enum oidc_problem problem;

	oidc_parameter_put(&response, STR("state"), request->state);
	oidc_parameter_put(&response, STR("scope"), str_of(description));
	PROMISE(buf_check(&response) == ERR_OK);
	PROMISE(oidc_request_read(buf_str(&response), &arena, &again, &problem) == ERR_OK);
	PROMISE(problem == OIDC_PROBLEM_NONE);
	PROMISE(str_equal(again.state, request->state) && str_equal(again.scope, str_of(description)));
}

static void
check_client(unsigned bits, struct oidc_request *request)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(ARENA_BYTES);
	const struct oidc_client client = client_of(bits);
	const char *description = NULL;
	enum oidc_error error = oidc_request_check(&client, &arena, request, &description);

	PROMISE(error < OIDC_ERROR_COUNT && description != NULL);
	PROMISE((error == OIDC_OK) == (description[0] == '\0'));
	PROMISE(error == OIDC_OK || oidc_error_name(error)[0] != '\0');
	PROMISE(is_printable(str_of(description)) && strpbrk(description, "\"\\") == NULL);
	PROMISE(request->state.n <= OIDC_STATE_MAX && is_printable(request->state));
	PROMISE(request->mode < OIDC_MODE_COUNT);
	if (error == OIDC_OK)
		check_accepted(&client, request);
	check_response(request, description);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
	CLEANUP(arena_wipe) struct arena arena = ARENA(ARENA_BYTES);
	struct oidc_request request;
	enum oidc_problem problem = OIDC_PROBLEM_COUNT;

	if (n == 0 || n > OIDC_PARAMETERS_MAX)
		return 0;
	PROMISE(oidc_request_read(str_bytes(bytes + 1, n - 1), &arena, &request, &problem) == ERR_OK);
	PROMISE(problem == OIDC_PROBLEM_NONE || problem == OIDC_PROBLEM_MALFORMED || problem == OIDC_PROBLEM_TWICE);
	if (problem == OIDC_PROBLEM_NONE)
		check_client(bytes[0], &request);
	return 0;
}
