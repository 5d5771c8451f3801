/*
 * The pipeline of routes for programs (ROUTE_API): no session, no cookie, any Host, JSON replies;
 * no-store, unless a reply is the same for everyone.
 *
 * A path with a row for OPTIONS may be used by scripts of every origin (CORS): these replies have
 * Access-Control-Allow-Origin: *, which browsers do not accept for requests with cookies.
 *
 * A POST has a form (http/form.h).  Another media type, a parameter sent twice, and bytes that are not UTF-8 are
 * answered with 400 invalid_request, before anything else is looked at.
 */
#ifndef WEB_OIDC_API_H
#define WEB_OIDC_API_H

#include "oidc/errors.h"
#include "web/core/exchange.h"

/* Complete a JSON reply that is already in rp->body, with this status. */
MUST_USE err api_reply(struct exchange *x, int status);

/* Complete a JSON reply with status 200 that is the same for everyone and may be kept for this time. */
MUST_USE err api_reply_cached(struct exchange *x, unsigned max_age_s);

/*
 * Reply with an error (RFC 6749 s5.2) and its status: 401 for invalid_client and invalid_token, 403 for
 * insufficient_scope, 503 for temporarily_unavailable, else 400.
 *
 *   description  a sentence in ASCII without quotes and backslashes
 */
MUST_USE err api_error(struct exchange *x, enum oidc_error error, const char *description);

#endif
