/*
 * What each client holds of a bounded resource, and what makes way for a newcomer when all of it is taken: a member of the client
 * that holds most.  A client is a network (base/network.h).
 *
 * Pure bookkeeping: no socket, no thread, no clock.  The owner of the resource locks, and says what each member is worth.  Every
 * call takes the same time, however many members there are.
 *
 *	struct share_member *member = shares_evict(shares, &network, false, worth);
 *	if (member != NULL)
 *		shares_remove(shares, member);          and end what it stands for
 */
#ifndef HTTP_SHARES_H
#define HTTP_SHARES_H

#include "base/network.h"

struct shares;
struct share;

/* One unit of the resource: the owner embeds it in what it holds. */
struct share_member {
	struct share_member *older, *newer; /* of the same client */
	struct share *share;                /* NULL: it is in no share */
};

/* What a member is worth: the lowest goes first. */
enum share_worth {
	SHARE_IDLE,       /* nothing is lost with it */
	SHARE_UNFINISHED, /* a request is coming in */
	SHARE_REPLYING,   /* a reply is going out */
	SHARE_WORKING,    /* somebody works for it: it goes only where its client holds two more than the newcomer */
	SHARE_KEPT,       /* it never makes way */
};
typedef enum share_worth (*share_worth_of)(const struct share_member *member);

/* Room for max members.  seed: random.  NULL: no memory. */
struct shares *shares_new(size_t max, uint64_t seed);
void shares_free(struct shares **shares);

/*
 * The newest of its client.  trusted: a proxy, behind which everybody may be; it has no share, and makes way for another proxy
 * only.  false: max members are there.
 */
bool shares_add(struct shares *shares, const struct network *network, bool trusted, struct share_member *ret_member);

/* Nothing when it is in no share. */
void shares_remove(struct shares *shares, struct share_member *member);

/*
 * Which member makes way for a newcomer?  The first one found to be idle of the client that holds most, the oldest first; else the
 * least worth of those that were looked at.  A client that holds most itself makes way for itself.  NULL: nobody does.
 */
struct share_member *shares_evict(struct shares *shares, const struct network *newcomer, bool trusted,
				  share_worth_of worth_of);

/* How many members a client has. */
size_t shares_count(const struct shares *shares, const struct network *network);

#endif
