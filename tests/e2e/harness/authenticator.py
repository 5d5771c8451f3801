"""A software authenticator for passkeys (Web Authentication, Level 3).  A test can make every field wrong.

    key = Authenticator("http://localhost:5000")
    enrolled = key.create(challenge, handle)              # what create() returns, as bytes
    answer = key.get(challenge, origin="http://evil.example", flags=UP)
    page.post(path, answer.fields())                      # base64url

Named arguments change a field before the signature is made, so that the signature fits.  An argument that ends in
_then is a function: it gets the finished bytes of a part and returns those to use.
"""

import base64
import dataclasses
import functools
import hashlib
import json
import secrets as random
import types
import urllib.parse

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from harness.cbor import cbor, cbor_map

ES256, EDDSA, RS256 = -7, -8, -257
# Flags of the authenticator data (section 6.1): user present, user verified, backup eligible, backed up, attested
# credential data, extensions.
UP, UV, BE, BS, AT, ED = 0x01, 0x04, 0x08, 0x10, 0x40, 0x80
AAGUID = bytes(16)


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def base64url_bytes(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


# Keys: COSE_Key in the canonical form of section 6.5.1.


def es256_key(x, y, **different):
    """y: 32 bytes, or a bool for a compressed point.  different: other members, such as alg, kty or crv."""
    alg, kty, crv = (different.get(name, value) for name, value in (("alg", ES256), ("kty", 2), ("crv", 1)))
    return cbor({1: kty, 3: alg, -1: crv, -2: x, -3: y})


def eddsa_key(x, **different):
    return cbor({1: 1, 3: different.get("alg", EDDSA), -1: different.get("crv", 6), -2: x})


def rs256_key(modulus, exponent=b"\x01\x00\x01", **different):
    return cbor({1: 3, 3: different.get("alg", RS256), -1: modulus, -2: exponent})


@functools.lru_cache(maxsize=None)
def rsa_private_key(bits=2048):
    """One key for all credentials, because each new one takes long."""
    return rsa.generate_private_key(65537, bits)


class KeyPair:
    def __init__(self, algorithm=ES256, private=None):
        self.algorithm = algorithm
        self.private = private or self._new()

    def _new(self):
        if self.algorithm == ES256:
            return ec.generate_private_key(ec.SECP256R1())
        return ed25519.Ed25519PrivateKey.generate() if self.algorithm == EDDSA else rsa_private_key()

    def cose(self):
        public = self.private.public_key()
        if self.algorithm == EDDSA:
            return eddsa_key(public.public_bytes(Encoding.Raw, PublicFormat.Raw))
        numbers = public.public_numbers()
        if self.algorithm == ES256:
            return es256_key(numbers.x.to_bytes(32, "big"), numbers.y.to_bytes(32, "big"))
        return rs256_key(numbers.n.to_bytes((numbers.n.bit_length() + 7) // 8, "big"))

    def sign(self, data):
        if self.algorithm == ES256:
            return self.private.sign(data, ec.ECDSA(hashes.SHA256()))
        if self.algorithm == EDDSA:
            return self.private.sign(data)
        return self.private.sign(data, padding.PKCS1v15(), hashes.SHA256())


@dataclasses.dataclass
class Credential:
    key: KeyPair
    id: bytes
    handle: bytes  # user.id
    rp_id: str
    count: int
    resident: bool  # found without its id


# The parts of an answer.


def client_data(kind, challenge, origin, cross_origin=False, more=()):
    """Encode the client data (section 5.8.1).

    None leaves a member out.  more: pairs after the others, also of names that occur already.
    """
    members = [("type", kind), ("challenge", challenge), ("origin", origin), ("crossOrigin", cross_origin)]
    pairs = [*((name, value) for name, value in members if value is not None), *more]
    return ("{" + ",".join(f"{json.dumps(name)}:{json.dumps(value)}" for name, value in pairs) + "}").encode()


def authenticator_data(rp_id, flags, count, attested=b"", extensions=b""):
    return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + count.to_bytes(4, "big") + attested + extensions


def attested_data(credential_id, cose, aaguid=AAGUID, length=None):
    """length: stated in place of the real length of the id."""
    return aaguid + (len(credential_id) if length is None else length).to_bytes(2, "big") + credential_id + cose


def attestation_object(auth_data, order=("fmt", "attStmt", "authData"), **different):
    """order: names of the members; different: other values for them."""
    members = {"fmt": "none", "attStmt": {}, "authData": auth_data, **different}
    return bytes(cbor_map([(name, members[name]) for name in order]))


@dataclasses.dataclass
class Enrolment:
    id: bytes
    client_data: bytes
    attestation: bytes
    transports: tuple = ("internal",)

    def fields(self):
        """The fields of the form that sends it."""
        return {"credential_id": base64url(self.id), "client_data": base64url(self.client_data),
                "attestation": base64url(self.attestation), "transports": ",".join(self.transports)}


@dataclasses.dataclass
class Assertion:
    id: bytes
    client_data: bytes
    auth_data: bytes
    signature: bytes
    handle: bytes  # empty where the authenticator returns none

    def fields(self):
        return {"credential_id": base64url(self.id), "client_data": base64url(self.client_data), "auth_data": base64url(self.auth_data),
                "signature": base64url(self.signature), "user_handle": base64url(self.handle)}


def _unchanged(data):
    return data


BOTH = {"cross_origin": False, "more": (), "client_data_then": _unchanged, "auth_data_then": _unchanged, "extensions": b""}


def _choose(wrong, **defaults):
    """Return the values that a test names, and the others with their defaults."""
    defaults = {**BOTH, **defaults}
    assert set(wrong) <= set(defaults), f"unknown arguments: {set(wrong) - set(defaults)}"
    return types.SimpleNamespace(**{**defaults, **wrong})


def _client_data(challenge, use):
    return use.client_data_then(client_data(use.type, challenge, use.origin, use.cross_origin, use.more))


class Authenticator:
    """Holds credentials for one origin.

    flags: those of every answer, until an argument says otherwise.  counting: False: the counter stays 0.
    """

    def __init__(self, origin, rp_id=None, algorithm=ES256, flags=UP | UV, counting=True):
        self.origin = origin
        self.rp_id = rp_id or urllib.parse.urlsplit(origin).hostname
        self.algorithm, self.flags, self.counting = algorithm, flags, counting
        self.credentials = []

    @property
    def newest(self):
        return self.credentials[-1]

    def find(self, ids):
        """Return the credential that a browser would use for this list; without a list, the newest resident one."""
        fitting = [one for one in self.credentials if (one.id in ids if ids else one.resident)]
        assert fitting, "this authenticator holds no such credential"
        return fitting[-1]

    def create(self, challenge, handle, key=None, resident=True, **wrong):
        """Make a credential.  handle: user.id.  attestation: makes the attestation object from the data."""
        key = key or KeyPair(self.algorithm)
        new_id = random.token_bytes(16)
        use = _choose(wrong, type="webauthn.create", origin=self.origin, rp_id=self.rp_id, flags=self.flags | AT, count=0,
                      id=new_id, id_attested=wrong.get("id", new_id), id_length=None, cose=key.cose(), aaguid=AAGUID,
                      attestation=attestation_object, transports=("internal",))
        attested = attested_data(use.id_attested, use.cose, use.aaguid, use.id_length)
        data = use.auth_data_then(authenticator_data(use.rp_id, use.flags, use.count, attested, use.extensions))
        self.credentials.append(Credential(key, use.id, handle, use.rp_id, use.count, resident))
        return Enrolment(use.id, _client_data(challenge, use), use.attestation(data), use.transports)

    def get(self, challenge, ids=(), credential=None, **wrong):
        """Sign a challenge.  ids: those that the server allows; none: the authenticator chooses."""
        used = credential or self.find(ids)
        used.count += self.counting and "count" not in wrong
        use = _choose(wrong, type="webauthn.get", origin=self.origin, rp_id=used.rp_id, flags=self.flags, count=used.count,
                      id=used.id, attested=b"", key=used.key, signature_then=_unchanged, handle=used.handle if used.resident else b"")
        client = _client_data(challenge, use)
        data = use.auth_data_then(authenticator_data(use.rp_id, use.flags, use.count, use.attested, use.extensions))
        signature = use.signature_then(use.key.sign(data + hashlib.sha256(client).digest()))
        return Assertion(use.id, client, data, signature, use.handle)
