#!/usr/bin/python3
"""Generates the credentials and assertions of Web Authentication Level 3, chapter 16, as a C table.

All random values are HKDF-SHA-256 (RFC 5869) of one text. ECDSA signatures use the nonce of RFC 6979. The RSA key is
the product of two Mersenne primes. Certificates of attestations are left out, because no decision here depends on them.
The three credentials with algorithms that the server does not accept are left out, too.

All values were compared with those that the specification prints (editor's draft of 30 July 2026). DIGEST is the
SHA-256 of all of them.
"""

import base64
import hashlib
import hmac
import json
import sys

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

DIGEST = "ff195241bda765dc83fbe3be9f993b950c9bead64768ddb03a7a4fddd0d16898"
IKM = b"WebAuthn test vectors"
RP_HASH = hashlib.sha256(b"example.org").digest()
P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


class Values:
    """The derived values of one credential, in the specification's order: the salt is their number."""

    def __init__(self, info):
        self.info, self.number = info, 0

    def next(self, length):
        salt = bytes([self.number])
        self.number += 1
        return HKDF(hashes.SHA256(), length, salt, self.info.encode()).derive(IKM)


class Es256:
    def __init__(self, values):
        self.secret = int.from_bytes(values.next(32), "big")
        numbers = ec.derive_private_key(self.secret, ec.SECP256R1()).public_key().public_numbers()
        self.cose = b"\xa5\x01\x02\x03\x26\x20\x01\x21\x58\x20" + numbers.x.to_bytes(32, "big") + b"\x22\x58\x20" + numbers.y.to_bytes(32, "big")

    def nonces(self, digest):
        """Yield nonces: RFC 6979 s3.2, with SHA-256 and the order of P-256."""
        def mac(key, *parts):
            return hmac.new(key, b"".join(parts), hashlib.sha256).digest()

        seed = self.secret.to_bytes(32, "big") + (int.from_bytes(digest, "big") % P256_ORDER).to_bytes(32, "big")
        v, k = b"\1" * 32, b"\0" * 32
        for tag in (b"\0", b"\1"):
            k = mac(k, v, tag, seed)
            v = mac(k, v)
        while True:
            v = mac(k, v)
            nonce = int.from_bytes(v, "big")
            if 0 < nonce < P256_ORDER:
                yield nonce
            k = mac(k, v, b"\0")
            v = mac(k, v)

    def sign(self, text):
        digest = hashlib.sha256(text).digest()
        nonce = next(self.nonces(digest))
        r = ec.derive_private_key(nonce, ec.SECP256R1()).public_key().public_numbers().x % P256_ORDER
        s = pow(nonce, -1, P256_ORDER) * (int.from_bytes(digest, "big") + r * self.secret) % P256_ORDER
        return utils.encode_dss_signature(r, s)


class EdDsa:
    def __init__(self, values):
        self.key = ed25519.Ed25519PrivateKey.from_private_bytes(values.next(32))
        raw = self.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        self.cose = b"\xa4\x01\x01\x03\x27\x20\x06\x21\x58\x20" + raw

    def sign(self, text):
        return self.key.sign(text)


class Rs256:
    def __init__(self, values):
        p, q, e = 2**1279 - 1, 2**2203 - 1, 65537
        d = pow(e, -1, (p - 1) * (q - 1))
        public = rsa.RSAPublicNumbers(e, p * q)
        self.key = rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public).private_key()
        n = (p * q).to_bytes((public.n.bit_length() + 7) // 8, "big")
        self.cose = b"\xa4\x01\x03\x03\x39\x01\x00\x20\x59" + len(n).to_bytes(2, "big") + n + b"\x21\x43\x01\x00\x01"

    def sign(self, text):
        return self.key.sign(text, padding.PKCS1v15(), hashes.SHA256())


def client_data(values, kind, challenge, crossed, top):
    members = {"type": "webauthn." + kind, "challenge": base64.urlsafe_b64encode(challenge).rstrip(b"=").decode(), "origin": "https://example.org", "crossOrigin": crossed}
    flags = values.next(1)[0]
    if top:
        members["topOrigin"] = "https://example.com"
    if flags & 1:
        extra = base64.urlsafe_b64encode(values.next(16)).rstrip(b"=").decode()
        members["extraData"] = "clientDataJSON may be extended with additional fields in the future, such as this: " + extra
    return json.dumps(members, separators=(",", ":")).encode()


# info, key, bytes of the credential id, crossOrigin, topOrigin, whether it has flags, number of values for certificates
CREDENTIALS = [
    ("none.ES256", Es256, 32, False, False, True, 0),
    ("packed-self.ES256", Es256, 32, False, False, True, 0),
    ("none.ES256.crossOrigin", Es256, 32, True, False, True, 0),
    ("none.ES256.topOrigin", Es256, 32, True, True, True, 0),
    ("none.ES256.long-credential-id", Es256, 1023, False, False, True, 0),
    ("packed.ES256", Es256, 32, False, False, True, 2),
    ("packed.RS256", Rs256, 32, False, False, True, 2),
    ("packed.EdDSA", EdDsa, 32, False, False, True, 2),
    ("tpm.ES256", Es256, 32, False, False, True, 2),
    ("android-key.ES256", Es256, 32, False, False, True, 1),
    ("apple.ES256", Es256, 32, False, False, True, 1),
    ("fido-u2f.ES256", Es256, 32, False, False, False, 2),
]


def ceremony(info, kind, id_bytes, crossed, top, own_flags, certificates):
    values = Values(info)
    challenge = values.next(32)
    key = kind(values)
    made = {"name": info, "create_client": client_data(values, "create", challenge, crossed, top)}
    aaguid, credential_id = values.next(16), values.next(id_bytes)
    flags = values.next(1)[0] & 0x1C if own_flags else 0
    flags = flags if flags & 8 else flags & ~0x18
    attested = aaguid + id_bytes.to_bytes(2, "big") + credential_id + key.cose
    made |= {"id": credential_id, "create_data": RP_HASH + bytes([0x41 | flags]) + bytes(4) + attested}
    for _ in range(certificates):
        values.next(32)
    challenge, eligible = values.next(32), flags & 8
    made["get_client"] = client_data(values, "get", challenge, crossed, top)
    flags = values.next(1)[0] & 0x14
    made["get_data"] = RP_HASH + bytes([1 | eligible | (flags if eligible else flags & ~0x18)]) + bytes(4)
    made["signature"] = key.sign(made["get_data"] + hashlib.sha256(made["get_client"]).digest())
    return made


def literal(value):
    return 'STR_INIT("' + "".join(f"\\x{byte:02x}" for byte in value) + '")'


def main():
    made = [ceremony(*facts) for facts in CREDENTIALS]
    digest = hashlib.sha256(b"".join(value for one in made for name, value in one.items() if name != "name")).hexdigest()
    if digest != DIGEST:
        return f"the values differ from those of the specification: {digest}"
    print("/* Generated by vectors.py. */")
    print("static const struct vector vectors[] = {")
    for one in made:
        print(f'\t{{ "{one.pop("name")}",\n\t  ' + ",\n\t  ".join(map(literal, one.values())) + " },")
    print("};")
    return 0


if __name__ == "__main__":
    sys.exit(main())
