/*
 * The applications of the rules file (`applications:`): who sees which of them on the home page, and the name of the
 * application that a return URL belongs to.
 *
 * The list promises nothing.  The gate decides again at each request.  An application is visible to the members of its
 * groups, unless access_decide refuses a GET of its address.  If a rule requires a newer code, the application is
 * visible.  The access rules do not apply to a host outside GATE_DOMAINS.
 *
 * Pure functions.  access/live_rules.h calls them with the rules in force.
 */
#ifndef ACCESS_APPLICATIONS_H
#define ACCESS_APPLICATIONS_H

#include "access/access.h"
#include "image/image.h"

enum {
	APPLICATIONS_MAX = 200,
	APPLICATION_NAME_MAX = 60, /* code points */
	APPLICATION_DESCRIPTION_MAX = 120,
	APPLICATION_ADDRESS_MAX = 2000,   /* bytes */
	APPLICATION_ICON_PATH_MAX = 1000, /* code points */
};

/* The icon of an application (access/icons.h). */
struct application_icon {
	unsigned line; /* of the file, for errors */
	str file;      /* as written; empty: the application has no icon */
	enum image_kind kind;
	str bytes;
	str name; /* "kF3…9w.svg": digest of the bytes, and type; empty: not read */
};

struct application {
	unsigned line; /* of the file, where the application begins */
	str name, description;
	str address;          /* as written; http or https */
	struct target target; /* the address, without its fragment, and read as https */
	bool https;
	bool gated;                 /* the host is under GATE_DOMAINS: set by access_take */
	struct access_texts groups; /* visible to members of one of them; empty: to everybody */
	str letter;                 /* shown if there is no icon */
	struct application_icon icon;
};

/* Does this visitor see the application?  address: the client's, as in struct access_request. */
bool application_is_visible(const struct access_rules *rules, const struct application *application,
			    const struct access_visitor *visitor, str address, int64_t now_us);

/*
 * The application with the longest address that this URL begins with; NULL: none.  The host and port are equal, and
 * the path of the address ends at a slash of the URL's path.
 */
const struct application *application_of_target(const struct access_rules *rules, const struct target *target);

#endif
