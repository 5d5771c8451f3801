"""An authenticator's codes (RFC 6238, SHA-1, 6 digits, 30 s): a second implementation, independent of the program."""

import base64
import hashlib
import hmac
import struct

STEP_SECONDS = 30
WRONG_CODE = "000000"  # Person.post sends another wrong code if this one is right by chance


def raw_secret(secret):
    """Decode ungrouped base32 without padding."""
    return base64.b32decode(secret + "=" * (-len(secret) % 8))


def step_at(timestamp):
    return int(timestamp) // STEP_SECONDS


def code_of_step(secret, step):
    digest = hmac.new(raw_secret(secret), struct.pack(">Q", step), hashlib.sha1).digest()
    at = digest[-1] & 15
    return "%06d" % ((struct.unpack(">I", digest[at : at + 4])[0] & 0x7FFFFFFF) % 10**6)


def code_at(secret, timestamp):
    return code_of_step(secret, step_at(timestamp))


def wrong_code_at(secret, timestamp):
    """Return a code that is neither right at this time nor within twenty steps of it."""
    near = {code_of_step(secret, step_at(timestamp) + steps) for steps in range(-20, 21)}
    return next(code for code in (WRONG_CODE, *(str(digit) * 6 for digit in range(1, 10))) if code not in near)
