#include "keeper/handlers.h"

err
oidc_end_answer(struct call *call, enum verdict *ret_verdict)
{
	return ERR_OK;
}
