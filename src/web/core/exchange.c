#include "web/core/exchange.h"

#include "http/return_to.h"
#include "web/core/host.h"

/* The last trusted address of this thread.  Behind a proxy it is nearly always the same. */
static _Thread_local struct {
	const struct config *config;
	char address[64];
	size_t n;
} trusted;

/* The mode and the group of a Unix socket determine who may connect to it. */
bool
exchange_trusts(void *config, str address)
{
	if (str_equal(address, STR(HTTP_PEER_UNIX)))
		return true;
	if (trusted.config == config && str_equal(address, str_bytes(trusted.address, trusted.n)))
		return true;
	if (!config_trusts(config, address))
		return false;
	if (address.n <= sizeof(trusted.address)) {
		trusted.config = config;
		trusted.n = address.n;
		memcpy(trusted.address, address.p, address.n);
	}
	return true;
}

bool
exchange_signed_in(const struct exchange *x)
{
	return x->session_known && x->session.state != STATE_NONE;
}

str
exchange_shown_name(const struct exchange *x)
{
	const struct session_view *session = &x->session;

	return str_of(session->display_name[0] != '\0' ? session->display_name : session->name);
}

str
exchange_groups(const struct exchange *x)
{
	return x->session.groups_long ? x->groups_long : str_of(x->session.groups);
}

void
exchange_take_next(struct exchange *x, str next)
{
	if (next.n > 0)
		x->next = next_is_safe(next) ? next : (str){ 0 };
}

bool
exchange_elsewhere(const struct exchange *x)
{
	return !host_ours(x->web->config, request_header(x->rq, "Host"));
}
