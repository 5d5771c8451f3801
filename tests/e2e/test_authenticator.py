"""The software authenticator of the tests signs what it sends, in the formats of the specification."""

import hashlib
import json
import struct

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa

from harness.authenticator import AT, BE, BS, ED, EDDSA, ES256, RS256, UP, UV, Authenticator, attestation_object, base64url, base64url_bytes
from harness.cbor import ARRAY, BYTES, MAP, TEXT, UNSIGNED, cbor, cbor_map, head, indefinite

pytestmark = [pytest.mark.without_postgres, pytest.mark.without_asan]  # tests the tests' own program

ORIGIN, HANDLE, CHALLENGE = "https://login.example.org", bytes(range(64)), base64url(bytes(56))
# RFC 8949, appendix A
ENCODED = [(0, "00"), (23, "17"), (24, "1818"), (100, "1864"), (1000, "1903e8"), (1000000, "1a000f4240"), (18446744073709551615, "1bffffffffffffffff"),
           (-1, "20"), (-1000, "3903e7"), (False, "f4"), (None, "f6"), (b"\1\2\3\4", "4401020304"), ("IETF", "6449455446"), ("\u6c34", "63e6b0b4"),
           ([1, [2, 3], [4, 5]], "8301820203820405"), ({"a": 1, "b": [2, 3]}, "a26161016162820203"), (indefinite(ARRAY, 1, [2, 3]), "9f01820203ff")]


def test_cbor_is_that_of_rfc_8949_appendix_a():
    for value, encoded in ENCODED:
        assert cbor(value).hex() == encoded
    assert head(UNSIGNED, 5, 8).hex() == "1b0000000000000005" and head(BYTES, 2**32).hex() == "5b0000000100000000"
    assert cbor_map([("a", 1), ("a", 2)]).hex() == "a2616101616102" and indefinite(MAP).hex() == "bfff" and indefinite(TEXT, "a", "b").hex() == "7f61616162ff"


def public_key(cose, algorithm):
    """Read a COSE_Key of the canonical form (section 6.5.1)."""
    if algorithm == ES256:
        assert (cose[:10].hex(), cose[42:45].hex(), len(cose)) == ("a5010203262001215820", "225820", 77)
        return ec.EllipticCurvePublicNumbers(int.from_bytes(cose[10:42], "big"), int.from_bytes(cose[45:], "big"), ec.SECP256R1()).public_key()
    if algorithm == EDDSA:
        assert (cose[:10].hex(), len(cose)) == ("a4010103272006215820", 42)
        return ed25519.Ed25519PublicKey.from_public_bytes(cose[10:])
    assert (cose[:11].hex(), cose[267:].hex()) == ("a401030339010020590100", "2143010001")
    return rsa.RSAPublicNumbers(65537, int.from_bytes(cose[11:267], "big")).public_key()


def check_signature(public, algorithm, signature, data):
    how = {ES256: (ec.ECDSA(hashes.SHA256()),), EDDSA: (), RS256: (padding.PKCS1v15(), hashes.SHA256())}[algorithm]
    public.verify(signature, data, *how)


@pytest.mark.parametrize("algorithm", [ES256, EDDSA, RS256])
def test_authenticator_signs_with_the_key_it_enrols(algorithm):
    key = Authenticator(ORIGIN, algorithm=algorithm)
    made = key.create(CHALLENGE, HANDLE)
    before = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData"
    assert made.attestation.startswith(before)
    data = made.attestation[len(before) + (2 if len(made.attestation) < 280 else 3):]
    assert data[:37] == hashlib.sha256(b"login.example.org").digest() + bytes([UP | UV | AT]) + bytes(4)
    (length,) = struct.unpack(">H", data[53:55])
    assert data[55:55 + length] == made.id == base64url_bytes(made.fields()["credential_id"])
    assert json.loads(made.client_data) == {"type": "webauthn.create", "challenge": CHALLENGE, "origin": ORIGIN, "crossOrigin": False}

    signed = key.get(CHALLENGE)
    assert signed.auth_data == hashlib.sha256(b"login.example.org").digest() + bytes([UP | UV]) + (1).to_bytes(4, "big")
    check_signature(public_key(data[55 + length:], algorithm), algorithm, signed.signature, signed.auth_data + hashlib.sha256(signed.client_data).digest())
    assert signed.handle == HANDLE and json.loads(signed.client_data)["type"] == "webauthn.get"


def test_authenticator_makes_each_field_wrong():
    key = Authenticator(ORIGIN)
    made = key.create(CHALLENGE, HANDLE, resident=False, id=b"x" * 1024, id_attested=b"y" * 3, id_length=2, cose=b"key", flags=UP, aaguid=b"a" * 16, extensions=b"e",
                      attestation=lambda data: attestation_object(data, order=("authData", "fmt"), fmt="packed") + b"!")
    assert made.id == b"x" * 1024 and made.attestation.endswith(b"a" * 16 + b"\0\2yyykeye\x63fmt\x66packed!") and made.attestation[0] == 0xA2
    wrong = key.get(CHALLENGE, [made.id], origin=None, cross_origin=None, type="webauthn.create", more=[("topOrigin", "x"), ("type", "webauthn.get")], rp_id="x",
                    flags=UP | BE | BS | ED | AT, count=7, attested=b"at", extensions=b"ed", auth_data_then=lambda b: b + b"z", signature_then=lambda s: b"s", handle=b"h")
    assert wrong.client_data == b'{"type":"webauthn.create","challenge":"%s","topOrigin":"x","type":"webauthn.get"}' % CHALLENGE.encode()
    assert wrong.auth_data == hashlib.sha256(b"x").digest() + bytes([UP | BE | BS | ED | AT, 0, 0, 0, 7]) + b"atedz"
    assert (wrong.signature, wrong.handle, wrong.id, key.newest.count) == (b"s", b"h", made.id, 0)
    with pytest.raises(AssertionError, match="flag"):
        key.get(CHALLENGE, [made.id], flag=UP)
