/*
 * The questions that enrol a passkey: PASSKEY_OFFER, PASSKEY_BEGIN, PASSKEY_FIRST, PASSKEY_ADD; and CODES_OFF.
 */
#include "keeper/core/call.h"
#include "keeper/factor/passkey.h"
#include "keeper/handlers.h"

err
passkey_offer_answer(struct call *call, enum verdict *ret_verdict)
{
	return ERR_OK;
}

err
passkey_begin_answer(struct call *call, enum verdict *ret_verdict)
{
	return ERR_OK;
}

err
passkey_first_answer(struct call *call, enum verdict *ret_verdict)
{
	return ERR_OK;
}

err
passkey_add_answer(struct call *call, enum verdict *ret_verdict)
{
	return ERR_OK;
}

err
codes_off_answer(struct call *call, enum verdict *ret_verdict)
{
	return ERR_OK;
}
