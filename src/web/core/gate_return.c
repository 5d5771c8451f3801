#include "web/core/gate_return.h"

#include "access/domain.h"
#include "http/form.h"
#include "web/core/host.h"

static const struct field gate_return_fields[] = {
	FIELD(struct gate_return, rd, GATE_URL_MAX + 1, optional),
	FIELD(struct gate_return, rm, 33, optional),
	FIELD(struct gate_return, refused, 1, optional),
};
static const struct form gate_return_form = FORM(struct gate_return, gate_return_fields);

void
gate_return_read(struct exchange *x, str query, struct gate_return *ret_to)
{
	*ret_to = (struct gate_return){ 0 };
	if (form_parse(&gate_return_form, query, x->rq->arena, ret_to, NULL) != ERR_OK)
		*ret_to = (struct gate_return){ 0 };
}

bool
gate_return_check(struct exchange *x, const struct gate_return *to, struct target *ret_target)
{
	if (target_read(to->rd, x->rq->arena, ret_target) != ERR_OK ||
	    !str_equal_nocase(str_upto(to->rd, 6), STR("https:")))
		return false; /* browsers do not open wss: pages */
	if (host_ours(x->web->config, ret_target->authority))
		return false; /* /gate would redirect to itself */
	return gate_domain_of(x->web->config, ret_target->host).n > 0;
}
