#include "web/oidc/client_problem.h"

#include "oidc/redirect.h"
#include "oidc/redirect_difference.h"
#include "web/core/messages.h"
#include "web/core/respond.h"

enum { VISIBLE_MAX = 16 * 1024, COMMAND_MAX = 32 * 1024 };

struct problem_text {
	const char *title, *sentence, *advice; /* msgids */
};

static const struct problem_text problem_texts[OIDC_PROBLEM_COUNT] = {
	[OIDC_PROBLEM_NONE] = { N_("This request cannot be completed"),
				N_("The application sent a request that the server "
				   "cannot read.") },
	[OIDC_PROBLEM_MALFORMED] = { N_("This request cannot be completed"),
				     N_("The application sent a request that the server cannot read, or that is too "
					"long.") },
	[OIDC_PROBLEM_TWICE] = { N_("This request cannot be completed"),
				 N_("The application sent one parameter of the request twice.") },
	[OIDC_PROBLEM_NO_CLIENT] = { N_("This request cannot be completed"),
				     N_("The application did not identify itself: client_id is missing.") },
	[OIDC_PROBLEM_CLIENT] = { N_("Unknown application"), N_("No application is registered with this client ID."),
				  N_("Compare it with the client ID in the settings of the application. This command "
				     "lists the registered ones:") },
	[OIDC_PROBLEM_DISABLED] = { N_("This application is disabled"),
				    N_("The administrator has disabled the sign-in to this application."),
				    N_("This command enables it again:") },
	[OIDC_PROBLEM_NO_REDIRECT] = { N_("This request cannot be completed"),
				       N_("The application did not say where to return: redirect_uri is missing.") },
	[OIDC_PROBLEM_REDIRECT] = { N_("This return address is not registered"),
				    N_("The application wants to return to an address that is not registered for it. "
				       "The two addresses must match exactly.") },
	[OIDC_PROBLEM_HINT] = { N_("This request cannot be completed"),
				N_("The application sent an ID token that this server did not issue to it.") },
};

/* As one word for a shell: a command that is copied must not do anything else. */
static void
client_problem_put_word(struct buf *out, str word)
{
	buf_put_byte(out, '\'');
	while (word.p != NULL) {
		str part = str_cut(&word, '\'');
		buf_put(out, part);
		if (word.p != NULL)
			buf_put(out, STR("'\\''"));
	}
	buf_put_byte(out, '\'');
}

static void
client_problem_put_client(struct buf *out, const struct client_problem *problem)
{
	if (problem->client_id.n > 0)
		client_problem_put_word(out, problem->client_id);
	else
		buf_put(out, STR("CLIENT"));
}

static void
client_problem_put_command(struct buf *out, const struct client_problem *problem)
{
	switch (problem->problem) {
	case OIDC_PROBLEM_CLIENT:
		buf_put(out, STR("doubletour client list"));
		return;
	case OIDC_PROBLEM_DISABLED:
		buf_put(out, STR("doubletour client enable "));
		client_problem_put_client(out, problem);
		return;
	case OIDC_PROBLEM_REDIRECT:
		buf_put(out, STR("doubletour client set "));
		client_problem_put_client(out, problem);
		if (redirect_check(problem->asked_uri, false) == REDIRECT_INSECURE)
			buf_put(out, STR(" insecure_redirect=yes"));
		buf_put(out, problem->end ? STR(" logout_uris+=") : STR(" redirect_uris+="));
		client_problem_put_word(out, problem->asked_uri);
		return;
	default:
		return;
	}
}

static err
client_problem_command(struct exchange *x, const struct client_problem *problem, str *ret_command)
{
	CLEANUP(buf_wipe) struct buf command = BUF(COMMAND_MAX);

	client_problem_put_command(&command, problem);
	TRY(buf_check(&command));
	return arena_copy(x->rq->arena, buf_str(&command), ret_command);
}

/*
 * As a text that a page may show and a terminal may receive: without control bytes and misleading characters.  The end
 * of a longer text is replaced by "…".
 */
static err
client_problem_visible(struct exchange *x, str text, size_t max, str *ret_text)
{
	CLEANUP(buf_wipe) struct buf visible = BUF(VISIBLE_MAX);

	buf_put_visible(&visible, str_utf8_upto(text, max));
	buf_put(&visible, text.n > max ? STR("…") : STR(""));
	TRY(buf_check(&visible));
	return arena_copy(x->rq->arena, buf_str(&visible), ret_text);
}

/* The advice to the administrator, by the result of redirect_check without the flag. */
static const char *const redirect_advice[REDIRECT_PROBLEM_COUNT] = {
	[REDIRECT_GOOD] = N_("If this address belongs to the application, this command registers it:"),
	[REDIRECT_INSECURE] = N_(
	    "This address has no TLS: anyone on the network path can read and change the data sent to it, and sign in "
	    "as the user. If the application is behind a proxy with TLS, set its public address to "
	    "https instead. In a home network only, this command registers it:"),
	[REDIRECT_NO_URI] =
	    N_("This address cannot be registered, because it is not a complete, valid address. Correct "
	       "it in the application."),
	[REDIRECT_NO_HOST] = N_("This address cannot be registered, because it is not a complete, valid address. "
				"Correct it in the application."),
	[REDIRECT_FRAGMENT] = N_("This address cannot be registered, because of the # in it. Correct it in the "
				 "application."),
	[REDIRECT_SCHEME] = N_("This address cannot be registered, because a browser could open it itself instead of "
			       "the application."),
	[REDIRECT_WILDCARD] = N_("This address cannot be registered, because of the * in its host. Correct it in the "
				 "application."),
	[REDIRECT_USERINFO] =
	    N_("This address cannot be registered, because it has a user name before the host. Correct "
	       "it in the application."),
	[REDIRECT_TOO_LONG] = N_("This address cannot be registered, because it is too long. Shorten it in the "
				 "application."),
};

/* The advice, and whether a command follows. */
static const char *
client_problem_advice(const struct client_problem *problem, bool *ret_command)
{
	enum redirect_problem redirect = redirect_check(problem->asked_uri, false);

	*ret_command = true;
	if (problem->problem != OIDC_PROBLEM_REDIRECT)
		return problem_texts[problem->problem].advice;
	*ret_command = redirect == REDIRECT_GOOD || redirect == REDIRECT_INSECURE;
	return redirect_advice[redirect];
}

/* The pieces of a URI, beside another one. */
static err
client_problem_pieces(struct exchange *x, str uri, str other, struct page_compared *ret_compared)
{
	struct redirect_piece *pieces = arena_alloc(x->rq->arena, REDIRECT_PART_COUNT * sizeof(*pieces));

	if (pieces == NULL)
		return ERR_MEMORY;
	redirect_compare(uri, other, pieces);
	*ret_compared = (struct page_compared){ pieces, REDIRECT_PART_COUNT };
	return ERR_OK;
}

static size_t
client_problem_lines(str text)
{
	size_t lines = 0;

	for (; text.n > 0; lines++)
		(void)str_cut(&text, '\n');
	return lines;
}

/* The requested address beside the nearest registered one, and each registered one beside the requested. */
static err
client_problem_compare(struct exchange *x, str asked, str registered, struct page_client_problem *page)
{
	size_t lines = client_problem_lines(registered);
	unsigned differing;

	page->registered = arena_alloc(x->rq->arena, (lines + 1) * sizeof(*page->registered));
	if (page->registered == NULL)
		return ERR_MEMORY;
	TRY(client_problem_pieces(x, asked, redirect_nearest(registered, asked, &differing), &page->asked));
	while (registered.n > 0)
		TRY(client_problem_pieces(x, str_cut(&registered, '\n'), asked,
					  &page->registered[page->registered_count++]));
	return ERR_OK;
}

err
exchange_client_problem(struct exchange *x, const struct client_problem *problem)
{
	const struct problem_text *text = &problem_texts[problem->problem];
	struct page_client_problem page = { .title = text->title, .sentence = text->sentence, .name = problem->name };
	struct client_problem shown = *problem;
	bool command = false;

	TRY(client_problem_visible(x, problem->client_id, OIDC_CLIENT_ID_MAX, &shown.client_id));
	TRY(client_problem_visible(x, problem->asked_uri, OIDC_URI_MAX, &shown.asked_uri));
	page.client_id = shown.client_id;
	page.advice = client_problem_advice(problem, &command);
	if (problem->problem == OIDC_PROBLEM_REDIRECT)
		TRY(client_problem_compare(x, shown.asked_uri, problem->registered, &page));
	if (command)
		TRY(client_problem_command(x, &shown, &page.command));
	TRY(exchange_layout(x, &page.layout));
	page_client_problem(&x->rp->body, &page);
	return exchange_page(x, 400);
}
