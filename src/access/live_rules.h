/*
 * The access rules in force.  Many threads decide with them while one thread replaces them.  The keeper holds the
 * rules of the file; the web process holds the rules that the keeper pushed.
 */
#ifndef ACCESS_LIVE_RULES_H
#define ACCESS_LIVE_RULES_H

#include "base/buf.h"
#include "access/access.h"
#include "access/icons.h"

#include <pthread.h>

/* Rules, and their source text, if the owner needs it. */
struct rule_set {
	struct access_rules rules; /* n = 0: all access is denied */
	struct arena arena;        /* of the text */
	str text;                  /* empty: not kept */
};

void rule_set_wipe(struct rule_set *set);

struct live_rules {
	pthread_rwlock_t lock;
	struct rule_set set;
};

/* Until the first live_rules_swap all access is denied. */
MUST_USE err live_rules_begin(struct live_rules *live);
void live_rules_end(struct live_rules *live);

/* Put *set in force.  *set becomes the previous set, which the caller must wipe. */
void live_rules_swap(struct live_rules *live, struct rule_set *set);

/*
 * Append the text of the rules in force, and their icons (icons_put).  Errors are those of the buffers: ERR_TOO_LONG,
 * ERR_MEMORY.
 */
MUST_USE err live_rules_copy(struct live_rules *live, struct buf *text, struct buf *icons);

/* Append the bytes of the icon with this name.  ERR_NOT_FOUND: the rules in force have no such icon. */
MUST_USE err live_rules_icon(struct live_rules *live, str name, struct buf *ret_bytes, enum image_kind *ret_kind);

/* Decide with the rules in force.  ret_policy, ret_line: of the deciding rule; ACCESS_DENY and 0 without one. */
struct access_decision live_rules_decide(struct live_rules *live, const struct access_request *request,
					 const struct access_visitor *visitor, int64_t now_us,
					 enum access_policy *ret_policy, unsigned *ret_line);

/* access_client_accepts with the rules in force. */
bool live_rules_client_accepts(struct live_rules *live, str client, const struct access_visitor *visitor,
			       int64_t now_us);

/* Called with an application of the rules in force, which is valid during the call.  number: its place in the file. */
typedef err (*live_application)(void *context, const struct application *application, size_t number);

/* Call visit for each application that this visitor sees (access/applications.h), in the order of the file. */
MUST_USE err live_rules_visible(struct live_rules *live, const struct access_visitor *visitor, str address,
				int64_t now_us, live_application visit, void *context);

/* Call visit for the application that this URL belongs to, if any: application_of_target. */
MUST_USE err live_rules_application_of(struct live_rules *live, const struct target *target, live_application visit,
				       void *context);

/* Why the rules in force refuse this request; only for a request that they refuse. */
enum access_refusal live_rules_refusal(struct live_rules *live, const struct access_request *request,
				       const struct access_visitor *visitor, int64_t now_us);

#endif
