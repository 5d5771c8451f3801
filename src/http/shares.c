#include "http/shares.h"

#include "base/mem.h"

enum { LOOKS = 64 }; /* members inspected for one eviction */

/* The members of one client. */
struct share {
	struct network network;
	size_t count;
	struct share_member *oldest, *newest;
	struct share *same;           /* the next in its bucket, or in the list of free ones */
	struct share *before, *after; /* in the list of shares with the same count */
};

struct share_list {
	struct share *first, *last;
};

struct shares {
	size_t max, members, most; /* most: the largest count of a client */
	uint64_t seed;
	struct share *all, *free;
	size_t touched;              /* elements of `all` used so far: the others cost no memory */
	struct share **buckets;      /* mask + 1 */
	struct share_list *by_count; /* max + 1: the shares with each count */
	size_t mask;
	struct share trusted; /* of all proxies; in no bucket, in no list */
};

struct shares *
shares_new(size_t max, uint64_t seed)
{
	struct shares *s = mem_new(sizeof(*s));

	if (s == NULL)
		return NULL;
	s->max = max;
	s->seed = seed;
	for (s->mask = 63; s->mask < max; s->mask = s->mask * 2 + 1)
		continue;
	s->all = mem_new_array(max, sizeof(*s->all));
	s->buckets = mem_new_array(s->mask + 1, sizeof(struct share *));
	s->by_count = mem_new_array(max + 1, sizeof(*s->by_count));
	if (s->all == NULL || s->buckets == NULL || s->by_count == NULL)
		shares_free(&s);
	return s;
}

void
shares_free(struct shares **shares)
{
	if (*shares == NULL)
		return;
	mem_free(&(*shares)->all);
	mem_free(&(*shares)->buckets);
	mem_free(&(*shares)->by_count);
	mem_free(shares);
}

/* --- shares by network -------------------------------------------------------------------------------------------- */

static struct share **
share_bucket(const struct shares *s, const struct network *network)
{
	return &s->buckets[network_number(network, s->seed) & s->mask];
}

static struct share *
share_find(const struct shares *s, const struct network *network)
{
	struct share *share = *share_bucket(s, network);

	while (share != NULL && !network_equal(&share->network, network))
		share = share->same;
	return share;
}

/* There are as many shares as members, so one is free. */
static struct share *
share_new(struct shares *s, const struct network *network)
{
	struct share **bucket = share_bucket(s, network);
	struct share *share = s->free;

	if (share != NULL)
		s->free = share->same;
	else
		share = &s->all[s->touched++];
	*share = (struct share){ .network = *network, .same = *bucket };
	*bucket = share;
	return share;
}

static void
share_drop(struct shares *s, struct share *share)
{
	struct share **at = share_bucket(s, &share->network);

	while (*at != share)
		at = &(*at)->same;
	*at = share->same;
	share->same = s->free;
	s->free = share;
}

/* --- shares by count ---------------------------------------------------------------------------------------------- */

static void
shares_list_add(struct share_list *list, struct share *share)
{
	share->before = list->last;
	share->after = NULL;
	if (list->last != NULL)
		list->last->after = share;
	else
		list->first = share;
	list->last = share;
}

static void
shares_list_remove(struct share_list *list, struct share *share)
{
	if (share->before != NULL)
		share->before->after = share->after;
	else
		list->first = share->after;
	if (share->after != NULL)
		share->after->before = share->before;
	else
		list->last = share->before;
}

static void
share_count(struct shares *s, struct share *share, size_t count)
{
	size_t before = share->count;

	share->count = count;
	if (share == &s->trusted)
		return;
	if (before > 0)
		shares_list_remove(&s->by_count[before], share);
	if (count > 0)
		shares_list_add(&s->by_count[count], share);
	if (count > s->most)
		s->most = count;
	/* if the only client with the largest count lost a member, it still has the largest count */
	if (s->by_count[s->most].first == NULL && s->most > 0)
		s->most--;
	if (count == 0)
		share_drop(s, share);
}

/* --- members ------------------------------------------------------------------------------------------------------ */

static void
shares_member_link(struct share *share, struct share_member *member)
{
	*member = (struct share_member){ .older = share->newest, .share = share };
	if (share->newest != NULL)
		share->newest->newer = member;
	else
		share->oldest = member;
	share->newest = member;
}

static void
shares_member_unlink(struct share_member *member)
{
	struct share *share = member->share;

	if (member->older != NULL)
		member->older->newer = member->newer;
	else
		share->oldest = member->newer;
	if (member->newer != NULL)
		member->newer->older = member->older;
	else
		share->newest = member->older;
	*member = (struct share_member){ .share = NULL };
}

bool
shares_add(struct shares *s, const struct network *network, bool trusted, struct share_member *ret_member)
{
	struct share *share;

	if (s->members == s->max)
		return false;
	share = trusted ? &s->trusted : share_find(s, network);
	if (share == NULL)
		share = share_new(s, network);
	shares_member_link(share, ret_member);
	s->members++;
	share_count(s, share, share->count + 1);
	return true;
}

void
shares_remove(struct shares *s, struct share_member *member)
{
	struct share *share = member->share;

	if (share == NULL)
		return;
	shares_member_unlink(member);
	s->members--;
	share_count(s, share, share->count - 1);
}

size_t
shares_count(const struct shares *s, const struct network *network)
{
	const struct share *share = share_find(s, network);

	return share == NULL ? 0 : share->count;
}

/* --- eviction ----------------------------------------------------------------------------------------------------- */

/*
 * Move a member that is not idle behind the others, so that the next look finds another one.  The members of a
 * share and the shares of a list are inspected in rotation.  list: the list of the share; NULL: only this share is
 * inspected.
 */
static void
shares_look_further(struct share_list *list, struct share *share, struct share_member *member)
{
	shares_member_unlink(member);
	shares_member_link(share, member);
	if (list != NULL) {
		shares_list_remove(list, share);
		shares_list_add(list, share);
	}
}

/* Of up to LOOKS members, the one worth least, if it is worth less than the limit. */
static struct share_member *
shares_member_pick(struct share_list *list, struct share *only, enum share_worth limit, share_worth_of worth_of)
{
	struct share_member *best = NULL;

	for (int i = 0; i < LOOKS; i++) {
		struct share *share = list != NULL ? list->first : only;
		struct share_member *member = share == NULL ? NULL : share->oldest;
		enum share_worth worth = member == NULL ? SHARE_KEPT : worth_of(member);
		if (member == NULL)
			break;
		if (worth < limit) {
			best = member;
			limit = worth;
		}
		if (worth == SHARE_IDLE)
			break;
		shares_look_further(list, share, member);
	}
	return best;
}

struct share_member *
shares_evict(struct shares *s, const struct network *newcomer, bool trusted, share_worth_of worth_of)
{
	struct share *own = trusted ? NULL : share_find(s, newcomer);
	size_t has = own == NULL ? 0 : own->count;

	if (s->most > has)
		return shares_member_pick(&s->by_count[s->most], NULL, s->most >= has + 2 ? SHARE_KEPT : SHARE_WORKING,
					  worth_of);
	if (own != NULL)
		return shares_member_pick(NULL, own, SHARE_WORKING, worth_of);
	/* Proxies hold all members.  A connection that a proxy uses carries some user's request. */
	return trusted && s->trusted.count > 0 ? shares_member_pick(NULL, &s->trusted, SHARE_UNFINISHED, worth_of)
					       : NULL;
}
