#include "keeper/handlers.h"

err
oidc_apps_answer(struct call *call, enum verdict *ret_verdict)
{
	return ERR_OK;
}

err
oidc_withdraw_answer(struct call *call, enum verdict *ret_verdict)
{
	return ERR_OK;
}
