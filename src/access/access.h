/*
 * Access rules: which users may see which URL, or sign in to which client of OpenID Connect, and how they must have
 * authenticated.
 *
 * The rules are evaluated in order, and the first match decides.  Without a match access is denied.  A rule matches
 * if all its keys fit: domain, path, query, method, network and user.  A user fits by users or groups (one of
 * them), by all_groups (all of them), and by a host label.  If a rule names users and the visitor is unknown, the
 * visitor is asked to sign in.
 *
 * Programs read some paths differently (access/target.h), and only the beginning of such a path is certain.  The
 * strictest rule that may match decides.  The decision is therefore never looser than that for any interpretation.
 * The same applies to queries (access/query.h).  A path with a dot segment is refused.
 *
 * A rule with `client` applies to sign-ins to these clients, and to no URL; any other rule applies to URLs only.  A
 * client that no rule names asks for both factors.
 *
 * The same function decides in the web process, with cached session data; in the keeper, before it signs an
 * identity; and in `doubletour gate check`.  It is pure.
 */
#ifndef ACCESS_ACCESS_H
#define ACCESS_ACCESS_H

#include "base/arena.h"
#include "config/config.h"
#include "access/query.h"
#include "access/target.h"

enum access_policy { ACCESS_DENY = 0, ACCESS_BYPASS, ACCESS_ONE_FACTOR, ACCESS_TWO_FACTOR, ACCESS_POLICY_COUNT };

/* "deny", "bypass", "one_factor", "two_factor". */
const char *access_policy_name(enum access_policy policy);

struct access_texts {
	str *at;
	size_t n;
};

struct access_rule {
	unsigned line; /* of the file, where the rule begins */
	enum access_policy policy;
	struct access_texts domains;        /* patterns; empty only with clients */
	struct access_texts clients;        /* client_id, or "*" for all; with them, no domain, path, query or method */
	struct access_texts paths, methods; /* empty: any */
	const struct query_condition *query; /* all must fit; none: any query */
	size_t query_n;
	struct access_texts users, groups;     /* one of either; both empty: any visitor, including unknown ones */
	struct access_texts all_groups;        /* the visitor must be a member of all of them */
	const struct config_network *networks; /* none: any */
	size_t networks_n;
	int64_t max_age_us;      /* two_factor: maximum age of the proof; 0: unlimited within the session */
	bool phishing_resistant; /* two_factor: the visitor has signed in, or confirmed, with a passkey */
};

struct application;

struct access_rules {
	struct arena arena; /* holds all texts */
	struct access_rule *rules;
	size_t n;
	struct application *applications; /* access/applications.h */
	size_t applications_n;
	bool implied; /* without a file: two factors for every protected domain */
};

void access_rules_wipe(struct access_rules *rules);

/* How far a visitor is authenticated.  With ACCESS_NOBODY, name and groups are empty. */
enum access_level { ACCESS_NOBODY = 0, ACCESS_PASSWORD, ACCESS_FULL };

struct access_visitor {
	enum access_level level;
	str name;                      /* user name */
	str groups;                    /* "admins,staff" */
	int64_t verified_us;           /* when the second factor was last verified */
	int64_t phishing_resistant_us; /* when a passkey was last verified; 0: none is among the proofs */
};

struct access_request {
	const struct target *target;
	str method;
	str address; /* client address, numeric; "": in no network; any other text: unknown, may be in any network */
	str client;  /* client_id of a sign-in; then target and method are not read.  Empty: a request for target */
};

/* The outcome of a request.  0 denies access. */
enum access_outcome {
	ACCESS_REFUSED = 0, /* this visitor, or every visitor, is denied */
	ACCESS_PASSES,      /* with the user's name, except with bypass */
	ACCESS_ASKS,        /* the visitor must sign in, enter a code, or enter a new code */
	ACCESS_OUTCOME_COUNT
};

enum access_reason {
	ACCESS_BY_RULE = 0,
	ACCESS_NO_RULE, /* no rule matches; for a client: there are rules for it */
	/*
	 * the path is ambiguous or the address unknown, and one interpretation is refused: by this rule, or (rule
	 * NULL) because no rule matches it
	 */
	ACCESS_UNCLEAR,
	ACCESS_UNKNOWN,     /* asks: the visitor is unknown */
	ACCESS_CODE,        /* asks: the second factor is missing */
	ACCESS_OLD,         /* asks: the proof is older than max_age */
	ACCESS_DOTS,        /* the path contains a dot segment, plain or encoded: refused before any rule */
	ACCESS_PASSKEY,     /* asks: both factors are verified, but neither of them is a passkey */
	ACCESS_PASSKEY_OLD, /* asks: the rule requires a passkey, and its last answer is older than max_age */
};

struct access_decision {
	enum access_outcome outcome;
	enum access_reason reason;
	/* NULL: ACCESS_NO_RULE, ACCESS_DOTS, sometimes ACCESS_UNCLEAR; line 0: no rule names the client */
	const struct access_rule *rule;
};

/* Is a visitor with these groups ("admins,staff") a member of one of the named groups? */
bool access_groups_have_one(str groups, const struct access_texts *names);

struct access_decision access_decide(const struct access_rules *rules, const struct access_request *request,
				     const struct access_visitor *visitor, int64_t now_us);

/*
 * May this person still use this client, from some network?  For tokens that an application uses from its own address,
 * after a sign-in that access_decide accepted.  The age of the proof is the caller's: set visitor->verified_us to now.
 */
bool access_client_accepts(const struct access_rules *rules, str client, const struct access_visitor *visitor,
			   int64_t now_us);

/* The reason of a refusal, as far as a visitor may know it.  It names no rule, group, network or other person. */
enum access_refusal {
	ACCESS_CLOSED = 0, /* no visitor may open the page, or with this method */
	ACCESS_PERSON,     /* other users or groups may */
	ACCESS_NETWORK,    /* users on another network may */
	ACCESS_ADDRESS,    /* ACCESS_UNCLEAR, ACCESS_DOTS */
	ACCESS_REFUSAL_COUNT
};

/* Why access_decide refused this request.  decision: its result, with the rule. */
enum access_refusal access_refusal(const struct access_rules *rules, const struct access_request *request,
				   const struct access_visitor *visitor, const struct access_decision *decision);

#endif
