/*
 * The page of a request that must not lead back to the application: the client or the address is not verified.  It
 * shows the requested address beside the registered ones, and the command that corrects it.
 */
#ifndef WEB_CLIENT_PROBLEM_H
#define WEB_CLIENT_PROBLEM_H

#include "web/core/exchange.h"

struct client_problem {
	enum oidc_problem problem;
	bool end;            /* of a request to end the session */
	str client_id, name; /* empty: unknown */
	str asked_uri;       /* of OIDC_PROBLEM_REDIRECT */
	str registered;      /* one per line; empty: not shown */
};

/* 400. */
MUST_USE err exchange_client_problem(struct exchange *x, const struct client_problem *problem);

#endif
