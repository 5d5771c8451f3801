#include "keeper/handlers.h"

err
oidc_userinfo_answer(struct call *call, enum verdict *ret_verdict)
{
	return ERR_OK;
}

err
oidc_introspect_answer(struct call *call, enum verdict *ret_verdict)
{
	return ERR_OK;
}

err
oidc_revoke_answer(struct call *call, enum verdict *ret_verdict)
{
	return ERR_OK;
}
