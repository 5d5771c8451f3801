/*
 * Fair sharing of a bounded resource among clients.  When all of it is taken, a member of the client that holds
 * most is evicted for a new one.  A client is a network (base/network.h).
 *
 * Pure bookkeeping, without sockets, threads or a clock.  The owner of the resource locks, and says how much each
 * member is worth.  Every call takes constant time, however many members there are.
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

/* One unit of the resource.  The owner embeds it in its own struct. */
struct share_member {
	struct share_member *older, *newer; /* of the same client */
	struct share *share;                /* NULL: it is in no share */
};

/* Worth of a member: the lowest is evicted first. */
enum share_worth {
	SHARE_IDLE,       /* nothing is lost */
	SHARE_UNFINISHED, /* a request is being received */
	SHARE_REPLYING,   /* a reply is being sent */
	/* a request is being processed: evicted only if its client holds two more than the new member's */
	SHARE_WORKING,
	SHARE_KEPT, /* never evicted */
};
typedef enum share_worth (*share_worth_of)(const struct share_member *member);

/* Allocate for max members.  seed: random.  NULL: no memory. */
struct shares *shares_new(size_t max, uint64_t seed);
void shares_free(struct shares **shares);

/*
 * Add a member as the newest of its client.  trusted: the client is a proxy, which forwards requests of many
 * clients; it has no share, and is evicted only for another proxy.  false: there are already max members.
 */
bool shares_add(struct shares *shares, const struct network *network, bool trusted, struct share_member *ret_member);

/* No effect if the member is in no share. */
void shares_remove(struct shares *shares, struct share_member *member);

/*
 * Choose the member to evict for a new one: the oldest idle member of the client that holds most, otherwise the one
 * worth least of the inspected members.  If the new member's client itself holds most, it loses one of its members.
 * NULL: no member may be evicted.
 */
struct share_member *shares_evict(struct shares *shares, const struct network *newcomer, bool trusted,
				  share_worth_of worth_of);

/* Number of members of a client. */
size_t shares_count(const struct shares *shares, const struct network *network);

#endif
