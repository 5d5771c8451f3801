#include "keeper/handlers.h"

err
oidc_check_answer(struct call *call, enum verdict *ret_verdict)
{
	return ERR_OK;
}

err
oidc_grant_answer(struct call *call, enum verdict *ret_verdict)
{
	return ERR_OK;
}

err
oidc_confirm_answer(struct call *call, enum verdict *ret_verdict)
{
	return ERR_OK;
}
