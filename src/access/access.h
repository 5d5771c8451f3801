/*
 * Rules of access: who may see which address, and how they must have proved who they are.
 *
 * Rules are looked at in order; the first that matches decides; where none matches, nobody passes.  A rule matches when each
 * thing that it names fits: domain, path, query, method, network, and person (one of its users, or a member of one of its groups; a
 * member of all of its all_groups; the user or a group in a label of the host).  A rule that names persons cannot be judged before it
 * is known who asks: unknown visitors are asked to sign in there.
 *
 * Of a path that programs read differently (access/target.h) only the beginning is certain.  Such a path never matches a rule that is looser than
 * the ones behind it: the strictest of all rules that may be meant decides, so that the decision is never looser than the one
 * about any of its readings.  The same holds of a query (access/query.h).  A path with a dot segment is refused.
 *
 * The same function decides in the web process, from what it remembers of a session; in the keeper, before it signs anything;
 * and in `doubletour gate check`.  It is pure.
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
	unsigned line; /* of the file, where it begins */
	enum access_policy policy;
	struct access_texts domains;         /* patterns; at least one */
	struct access_texts paths, methods;  /* none: any */
	const struct query_condition *query; /* all of them; none: any query */
	size_t query_n;
	struct access_texts users, groups;     /* one of either; both none: anybody, also who is unknown */
	struct access_texts all_groups;        /* and a member of each of these */
	const struct config_network *networks; /* none: any */
	size_t networks_n;
	int64_t max_age_us; /* two_factor: how old the proof may be; 0: as old as the session */
};

struct access_rules {
	struct arena arena; /* of all texts */
	struct access_rule *rules;
	size_t n;
	bool implied; /* no file was named: two factors for every protected domain */
};

void access_rules_wipe(struct access_rules *rules);

/* How far somebody has come.  With ACCESS_NOBODY name and groups are empty. */
enum access_level { ACCESS_NOBODY = 0, ACCESS_PASSWORD, ACCESS_FULL };

struct access_visitor {
	enum access_level level;
	str name;            /* user name */
	str groups;          /* "admins,staff" */
	int64_t verified_us; /* when the second factor was last proved */
};

struct access_request {
	const struct target *target;
	str method;
	str address; /* the browser's, numeric; "": in no network; any other text: unknown, each network may be meant */
};

/* What becomes of the request.  0 is the locked end. */
enum access_outcome {
	ACCESS_REFUSED = 0, /* this person may not, or nobody may */
	ACCESS_PASSES,      /* with the person's name, unless by bypass */
	ACCESS_ASKS,        /* it must be known who it is, or proved better, or anew */
	ACCESS_OUTCOME_COUNT
};

enum access_reason {
	ACCESS_BY_RULE = 0,
	ACCESS_NO_RULE, /* none matched */
	ACCESS_UNCLEAR, /* the path is ambiguous or the address unknown, and one of the readings is refused: by this rule, or (rule NULL) because none matches */
	ACCESS_UNKNOWN, /* asks: who is it? */
	ACCESS_CODE,    /* asks: the second factor is missing */
	ACCESS_OLD,     /* asks: the proof is older than max_age */
	ACCESS_DOTS,    /* the path holds a dot segment, plain or encoded: refused before any rule */
};

struct access_decision {
	enum access_outcome outcome;
	enum access_reason reason;
	const struct access_rule *rule; /* NULL: ACCESS_NO_RULE, ACCESS_DOTS, maybe ACCESS_UNCLEAR */
};

struct access_decision access_decide(const struct access_rules *rules, const struct access_request *request,
				     const struct access_visitor *visitor, int64_t now_us);

#endif
