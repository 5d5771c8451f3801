#include "keeper/handlers.h"

err
oidc_token_answer(struct call *call, enum verdict *ret_verdict)
{
	return ERR_OK;
}
