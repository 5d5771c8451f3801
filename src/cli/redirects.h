/*
 * Follows the redirects of an application with the program curl, as a browser that is signed in nowhere.
 *
 *	struct redirects r = { .stop = STR("https://login.example.org/api/oidc/authorization"), .arena = ARENA(...) };
 *	TRY(redirects_follow(&r, STR("https://grafana.example.org/login/generic_oauth"), &why));
 *	use(r.url, r.end);
 *
 * Only https is requested.  If the first URL is on this machine, http to this machine is too: no other application can
 * send requests to services of this machine.  A cookie returns only to the origin that set it.
 */
#ifndef CLI_REDIRECTS_H
#define CLI_REDIRECTS_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>

enum { REDIRECTS_MAX = 10, REDIRECTS_COOKIES_MAX = 32, REDIRECTS_URL_MAX = 16 * 1024 };

enum redirects_end {
	REDIRECTS_NONE = 0, /* url answered with another status than a redirect */
	REDIRECTS_STOPPED,  /* url is the address of `stop`, which was not requested */
	REDIRECTS_HOST,     /* url is at the origin of `stop`, with another path; it was not requested */
	REDIRECTS_INSECURE, /* url is http to another machine, or to this one from another; it was not requested */
	REDIRECTS_SCHEME,   /* url is neither http nor https */
	REDIRECTS_MANY,     /* over REDIRECTS_MAX */
	REDIRECTS_TROUBLE,  /* url did not answer: trouble has the reason */
};

struct redirects {
	str stop;       /* scheme, host and path, without a query */
	const char *ca; /* a file of certificates to trust; NULL: the system's */
	struct arena arena;

	/* set by redirects_follow */
	bool local; /* the first URL is on this machine */
	enum redirects_end end;
	str url; /* the last one, without a fragment */
	unsigned count;
	int status; /* of the last answer */
	char trouble[200];

	struct redirects_cookie {
		str origin, name, value;
	} cookies[REDIRECTS_COOKIES_MAX];
	size_t cookies_n;
};

/*
 * Request the URL, and follow what it answers.
 *
 * ERR_INVALID    a URL over REDIRECTS_URL_MAX, or with a control byte
 * ERR_NOT_FOUND  the program curl is missing
 */
MUST_USE err redirects_follow(struct redirects *r, str url, struct why *why);

/* A URL without its query, which may hold a secret. */
str redirects_address(str url);

void redirects_wipe(struct redirects *r);

#endif
