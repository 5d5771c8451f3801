/*
 * The questions that verify a passkey: PASSKEY_SIGN_IN, PASSKEY_VERIFY, PASSKEY_STEP_UP; and PASSKEYS.
 */
#include "keeper/core/call.h"
#include "keeper/factor/passkey.h"
#include "keeper/handlers.h"

err
passkey_sign_in_answer(struct call *call, enum verdict *ret_verdict)
{
	return ERR_OK;
}

err
passkey_verify_answer(struct call *call, enum verdict *ret_verdict)
{
	return ERR_OK;
}

err
passkey_step_up_answer(struct call *call, enum verdict *ret_verdict)
{
	return ERR_OK;
}

err
passkeys_answer(struct call *call, enum verdict *ret_verdict)
{
	return ERR_OK;
}
