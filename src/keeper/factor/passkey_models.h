/*
 * Names of well-known authenticators, by AAGUID. The name is the first name of a passkey whose user gave it none. It is
 * unproved, so it decides nothing.
 */
#ifndef KEEPER_PASSKEY_MODELS_H
#define KEEPER_PASSKEY_MODELS_H

#include "base/str.h"

/* "": unknown. aaguid: 16 bytes. */
str passkey_model_name(str aaguid);

#endif
