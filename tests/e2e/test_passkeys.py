"""Passkeys over HTTP with a software authenticator: enrolment, sign-in, second step, step-up, and faulty answers.

A refused answer changes no row, leaves one audit event with the reason, and looks like every other refused answer.
"""

import dataclasses
import functools
import hashlib
import itertools
import re
import secrets

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from harness import Person
from harness.authenticator import (
    AT, BE, BS, ED, EDDSA, ES256, RS256, UP, UV, Authenticator, KeyPair, attestation_object, base64url, base64url_bytes, eddsa_key, es256_key, rs256_key)
from harness.cbor import ARRAY, BYTES, MAP, TAG, TEXT, Raw, cbor, cbor_map, head, indefinite
from harness.passkeys import LOGIN, SECURITY, SETUP, VERIFY, Asked, KeyHolder
from harness.server import SANITIZED
from harness.together import form_bytes, together
from harness.torture import evidence
from test_memory import forget_peak, peak
from test_sameness import apart_ms, timed

RENAME, REMOVE = "/account/authenticators/rename", "/account/authenticators/remove"
SETTINGS = {"public_host": "localhost"}
ALGORITHMS = pytest.mark.parametrize("algorithm", [ES256, EDDSA, RS256], ids=["ES256", "EdDSA", "RS256"])


@pytest.fixture
def alice(server):
    return KeyHolder(server)


@pytest.fixture(autouse=True)
def no_lockouts(server):
    server.delete_attempts()


def full(person):
    return person.visit("/").status == 200


def passkeys(person):
    """Return (name, number) of each passkey that the page lists."""
    sections = person.visit(SECURITY).dom.all("section", aria_labelledby="passkeys")
    return [(b.text, b["id"].removeprefix("factor-")) for section in sections for b in section.all("b") if b.has("id")]


def removes(person, number):
    """Send the form that removes a factor; return the status."""
    return person.post(REMOVE, {"csrf_token": person.visit(SECURITY).token, "id": number}).status


def kept(person):
    """Return counter and marks of the newest passkey."""
    (row,) = person.server.sql("SELECT sign_count, uv_initialized, backup_eligible, backed_up FROM passkeys WHERE credential_id = ?", person.key.newest.id)
    return row


def max_event(server):
    return server.sql("SELECT coalesce(max(id), 0) FROM audit")[0][0]


def events_since(server, number):
    return server.sql("SELECT event, reason FROM audit WHERE id > ? ORDER BY id", number)


# Enrolment and use


@ALGORITHMS
def test_passkey_is_the_first_factor_and_signs_in_alone(server, algorithm):
    alice = KeyHolder(server, key=Authenticator(server.origin, algorithm=algorithm)).with_passkey()
    assert full(alice)
    assert alice.forget().touch().status == 303, alice.page.html
    assert full(alice)


@ALGORITHMS
def test_passkey_is_added_and_is_the_second_step(server, algorithm):
    alice = KeyHolder(server, key=Authenticator(server.origin, algorithm=algorithm)).full()
    other_browser = Person(server, alice.name, alice.password)
    other_browser.secret, other_browser.spent = alice.secret, alice.spent
    other_browser.sign_in()
    alice.add_passkey("Blue key")
    assert full(alice) and not full(other_browser), "all other sessions end"
    assert [name for name, _ in passkeys(alice)] == ["Blue key"]
    assert alice.forget().give_password().location == "/verify-2fa"
    assert alice.ask(VERIFY).ids == [alice.key.newest.id]
    assert alice.answer(alice.get()).status == 303 and full(alice)
    alice.spent = other_browser.spent
    alice.forget().give_password()
    assert alice.verify().status == 303 and full(alice), "a code still works"


def test_answers_may_differ_in_parts_that_are_not_checked(server):
    """Any order of members, unknown members, reserved flags, extensions, an attestation, unknown transports."""
    orders = itertools.permutations(("fmt", "attStmt", "authData"))
    alice = KeyHolder(server).full()
    for number, order in enumerate(orders):
        alice.key = Authenticator(server.origin)
        alice.add_passkey(f"Key {number}", attestation=lambda d, order=order: attestation_object(d, order=order, fmt="packed", attStmt={"alg": -7, "sig": b"x", "x5c": [b"y"]}),
                          flags=UP | UV | AT | ED | 0x22, extensions=cbor({"credProtect": 2}), cross_origin=None, more=[("other", {"x": [1]})], transports=("x", "", "usb"))
    alice.forget().ask(LOGIN)
    made = alice.get(flags=UP | UV | ED | 0x22, extensions=b"\xa0", client_data_then=lambda b: b'{"a":"\\u0041",' + b[1:].replace(b'"origin"', b'"\\u006frigin"') + b"\n")
    assert alice.answer(made).status == 303


def test_long_ids_and_large_counters_are_kept(server):
    alice = KeyHolder(server).with_passkey(id=secrets.token_bytes(1023), count=2**32 - 2)
    assert alice.forget().touch().status == 303
    assert server.sql("SELECT sign_count FROM passkeys WHERE credential_id = ?", alice.key.newest.id) == [(2**32 - 1,)]


def test_security_key_counts_only_beside_the_password(server):
    alice = KeyHolder(server, key=Authenticator(server.origin, flags=UP)).full()
    alice.ask_new(key="1")
    assert alice.answer(alice.create()).status == 303
    alice.forget().ask(LOGIN)
    unproved = refused(alice, alice.get(), "user-unverified")
    assert alice.session is None
    alice.ask(LOGIN)
    page = refused(alice, alice.get(key=KeyPair()), "signature")
    assert comparable(page) != comparable(unproved), "only its owner learns that the PIN is missing"
    alice.ask(LOGIN)
    refused(alice, alice.get(flags=UP | UV), "not-alone")  # the server does not know yet whose PIN that was
    alice.give_password()
    assert alice.touch(VERIFY, flags=UP | UV).status == 303
    assert alice.forget().touch(flags=UP | UV).status == 303, "the password has confirmed the PIN"


def test_first_factor_must_verify_its_user(server, alice):
    alice.enrolling().ask(SETUP)
    refused(alice, alice.create(flags=UP | AT), "user-unverified")
    alice.ask(SETUP)
    assert alice.answer(alice.create()).status == 303


def test_fallen_counter_demotes_the_passkey_only(server):
    alice = KeyHolder(server).with_passkey()
    assert alice.forget().touch(count=7).status == 303
    for count in (7, 3, 0):
        alice.forget().ask(LOGIN)
        answer_of_a_copy(alice, count)
        assert alice.session is None
    assert kept(alice)[:2] == (7, 0), "the counter stays at 7, and the passkey alone does not sign in"
    alice.give_password()
    assert alice.touch(VERIFY, count=5).status == 303 and full(alice), "after the password it is accepted"
    assert kept(alice)[:2] == (7, 0)
    alice.forget().give_password()
    assert alice.touch(VERIFY, count=8).status == 303
    assert alice.forget().touch(count=9).status == 303, "a verified user after the password restores the passkey"


def answer_of_a_copy(person, count):
    last = max_event(person.server)
    page = person.answer(person.get(count=count))
    assert page.status == 422
    assert ("passkey.refused", "not-alone") in events_since(person.server, last)


def test_synced_passkey_keeps_working_when_its_counter_falls(server):
    alice = KeyHolder(server, key=Authenticator(server.origin, flags=UP | UV | BE | BS)).with_passkey()
    assert alice.forget().touch(count=7).status == 303
    last = max_event(server)
    assert alice.forget().touch(count=0).status == 303
    assert ("passkey.count-fell", "passkey") in events_since(server, last)
    assert kept(alice) == (7, 1, 1, 1)


def test_changed_backup_flags_lock_no_user_out(server):
    alice = KeyHolder(server).with_passkey()
    last = max_event(server)
    for flags, eligible, backed_up in ((BE, 1, 0), (BE | BS, 1, 1), (BE, 1, 0), (0, 1, 0)):
        assert alice.forget().touch(flags=UP | UV | flags).status == 303
        assert kept(alice)[2:] == (eligible, backed_up)
    assert [event for event, _ in events_since(server, last)].count("passkey.backup-changed") == 1


def test_passkey_replaces_code_and_password(server):
    """It confirms a form that otherwise asks for a code and for the current password."""
    alice = KeyHolder(server).with_passkey().grow_stale()
    new = "another good password 42"
    asked = alice.ask("/account/password")
    page = alice.answer(alice.get(), password=new, confirm=new)
    assert page.status == 303, page.html
    alice.password = new
    assert asked.ids == [alice.key.newest.id] and full(alice)
    alice.grow_stale().ask("/account/password")
    page = refused(alice, alice.get(key=KeyPair()), "signature", password="another password 43", confirm="another password 43")
    assert full(alice) and alice.forget().give_password().status == 303


def test_last_factor_and_factor_of_the_session_cannot_be_removed(server):
    alice = KeyHolder(server).with_passkey()
    (_, only), = passkeys(alice)
    assert removes(alice, only) == 422
    alice.add_passkey("Second")
    second = dict(passkeys(alice))["Second"]
    assert removes(alice, only) == 422, "the session signed in with it"
    assert removes(alice, second) == 303 and len(passkeys(alice)) == 1
    assert server.sql("SELECT count(*) FROM passkeys_removed WHERE credential_hash = ?", hashlib.sha256(alice.key.credentials[1].id).digest()) == [(1,)]


def test_passkeys_of_other_accounts_stay_as_they_are(server):
    alice, bob = KeyHolder(server).with_passkey().add_passkey("Second"), KeyHolder(server).with_passkey()
    theirs = dict(passkeys(alice))["Second"]
    token = bob.visit(SECURITY).token
    for path, fields in ((RENAME, {"name": "Mine now"}), (REMOVE, {})):
        before = contents(server)
        page = bob.post(path, {"csrf_token": token, "id": theirs, **fields})
        assert page.status != 200 and contents(server) == before, page
    assert "Second" in dict(passkeys(alice))
    assert alice.send(RENAME + f"?id={theirs}", {"name": "Desk"}).status == 303 and "Desk" in dict(passkeys(alice))


def test_lockouts_of_codes_and_passwords_do_not_stop_a_passkey(server):
    alice = KeyHolder(server).full().add_passkey()
    for _ in range(6):
        alice.forget().give_password(password="not the password")
    assert alice.page.status == 429
    assert alice.forget().touch().status == 303
    server.delete_attempts()
    alice.forget().give_password()
    for _ in range(6):
        alice.verify("000000")
    assert alice.page.status == 429
    assert alice.touch(VERIFY).status == 303
    alice.forget().give_password()
    assert alice.verify("000000").status == 429, "it does not reset the count of wrong codes"


def test_reset_removes_passkeys_and_a_new_one_can_be_set_up(server):
    alice = KeyHolder(server).with_passkey()
    assert server.command("user", "reset-2fa", alice.name).returncode == 0
    alice.forget().ask(LOGIN)
    refused(alice, alice.get(), "credential")
    assert alice.give_password().status == 303
    alice.key = Authenticator(server.origin)
    alice.ask(SETUP)
    assert alice.answer(alice.create()).status == 303 and full(alice)


def test_disabled_account_accepts_no_passkey(server, usual):
    alice = KeyHolder(server).with_passkey().forget()
    assert server.command("user", "disable", alice.name).returncode == 0
    alice.ask(LOGIN)
    assert comparable(refused(alice, alice.get(), "disabled")) == usual


# Answers with a fault (docs/develop/passkeys.md).  Each row: the arguments of the authenticator, as a function of the
# server's origin, and the reason in the audit trail.

CLIENT = {
    "origin of another port": (lambda o: {"origin": "http://localhost:1"}, "origin"),
    "origin without its port": (lambda o: {"origin": "http://localhost"}, "origin"),
    "origin with a letter before it": (lambda o: {"origin": o.replace("localhost", "xlocalhost")}, "origin"),
    "origin of a sibling": (lambda o: {"origin": o.replace("localhost", "other.localhost")}, "origin"),
    "origin with https": (lambda o: {"origin": o.replace("http:", "https:")}, "origin"),
    "origin in capitals": (lambda o: {"origin": o.replace("localhost", "LOCALHOST")}, "origin"),
    "origin with a slash": (lambda o: {"origin": o + "/"}, "origin"),
    "origin null": (lambda o: {"origin": "null"}, "origin"),
    "origin that is a list": (lambda o: {"origin": [o]}, "origin"),
    "no origin": (lambda o: {"origin": None}, "origin"),
    "origin with a NUL": (lambda o: {"origin": o + "\0"}, "client-data"),
    "origin twice": (lambda o: {"more": [("origin", o)]}, "client-data"),
    "origin twice, first another": (lambda o: {"origin": "http://evil.example", "more": [("origin", o)]}, "client-data"),
    "origin twice, one with escapes": (lambda o: {"client_data_then": lambda b: b[:-1] + b',"\\u006frigin":"http://evil.example"}'}, "client-data"),
    "no type": (lambda o: {"type": None}, "type"),
    "type of a payment": (lambda o: {"type": "payment.get"}, "type"),
    "a frame of another origin": (lambda o: {"cross_origin": True}, "cross-origin"),
    "crossOrigin as text": (lambda o: {"cross_origin": "false"}, "cross-origin"),
    "topOrigin": (lambda o: {"more": [("topOrigin", o)]}, "cross-origin"),
    "client data with a byte behind it": (lambda o: {"client_data_then": lambda b: b + b"x"}, "client-data"),
    "client data with a NUL behind it": (lambda o: {"client_data_then": lambda b: b + b"\0"}, "client-data"),
    "client data twice": (lambda o: {"client_data_then": lambda b: b + b}, "client-data"),
    "client data in a list": (lambda o: {"client_data_then": lambda b: b"[" + b + b"]"}, "client-data"),
    "client data with broken UTF-8": (lambda o: {"client_data_then": lambda b: b[:-1] + b',"x":"\xc3\x28"}'}, "client-data"),
    "client data with a surrogate": (lambda o: {"client_data_then": lambda b: b[:-1] + b',"x":"\xed\xa0\x80"}'}, "client-data"),
    "client data with a byte order mark": (lambda o: {"client_data_then": lambda b: b"\xef\xbb\xbf" + b}, "client-data"),
    "client data of 2,049 bytes": (lambda o: {"client_data_then": lambda b: b.ljust(2049)}, "client-data"),
    "no client data": (lambda o: {"client_data_then": lambda b: b""}, "client-data"),
}


def faults_of_data(flags):
    """Return faults of authenticator data with these flags besides UP and UV."""
    return {
        "another host's hash": (lambda o: {"rp_id": "example.org"}, "rp-id"),
        "hash of the origin": (lambda o: {"rp_id": o}, "rp-id"),
        "user absent": (lambda o: {"flags": UV | flags}, "user-absent"),
        "backed up, but not eligible": (lambda o: {"flags": UP | UV | BS | flags}, "backup"),
        "flag of extensions without extensions": (lambda o: {"flags": UP | UV | ED | flags}, "auth-data"),
        "extensions without their flag": (lambda o: {"extensions": b"\xa0"}, "auth-data"),
        "36 bytes": (lambda o: {"auth_data_then": lambda b: b[:36]}, "auth-data"),
        "one byte": (lambda o: {"auth_data_then": lambda b: b[:1]}, "auth-data"),
        "4,097 bytes": (lambda o: {"flags": UP | UV | ED | flags, "extensions": b"x" * 4060}, "client-data"),
    }


ASSERTIONS = {
    **CLIENT, **faults_of_data(0),
    "type of an enrolment": (lambda o: {"type": "webauthn.create"}, "type"),
    "flag of attested data": (lambda o: {"flags": UP | UV | AT}, "auth-data"),
    "attested data": (lambda o: {"flags": UP | UV | AT, "attested": bytes(18) + b"id"}, "auth-data"),
    "signature of another key": (lambda o: {"key": KeyPair()}, "signature"),
    "signature of an RSA key": (lambda o: {"key": KeyPair(RS256)}, "signature"),
    "signature with another last bit": (lambda o: {"signature_then": lambda s: s[:-1] + bytes([s[-1] ^ 1])}, "signature"),
    "signature with a byte behind it": (lambda o: {"signature_then": lambda s: s + b"\0"}, "signature"),
    "signature with a long form of its length": (lambda o: {"signature_then": lambda s: b"\x30\x81" + s[1:]}, "signature"),
    "signature without its last byte": (lambda o: {"signature_then": lambda s: s[:-1]}, "signature"),
    "signature of r and s alone": (lambda o: {"signature_then": lambda s: b"\1" * 64}, "signature"),
    "signature of zeros": (lambda o: {"signature_then": lambda s: b"\x30\x06\x02\x01\x00\x02\x01\x00"}, "signature"),
    "signature of one byte": (lambda o: {"signature_then": lambda s: b"\x30"}, "signature"),
    "signature of 1,024 bytes": (lambda o: {"signature_then": lambda s: s.ljust(1024, b"\0")}, "signature"),
    "signature of 10,000 bytes": (lambda o: {"signature_then": lambda s: s.ljust(10000, b"\0")}, "client-data"),
    "no signature": (lambda o: {"signature_then": lambda s: b""}, "signature"),
    "unknown credential": (lambda o: {"id": b"unknown credential"}, "credential"),
    "credential id of 1,023 bytes": (lambda o: {"id": b"x" * 1023}, "credential"),
    "credential id of 1,024 bytes": (lambda o: {"id": b"x" * 1024}, "client-data"),
    "user handle of another account": (lambda o: {"handle": b"h" * 64}, "user-handle"),
    "user handle cut short": (lambda o: {"handle": b"h"}, "user-handle"),
    "user handle of 65 bytes": (lambda o: {"handle": b"h" * 65}, "client-data"),
}
P256_P = 0xFFFFFFFF00000001000000000000000000000000FFFFFFFFFFFFFFFFFFFFFFFF
P256_B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
POINT = ec.derive_private_key(1, ec.SECP256R1()).public_key().public_numbers()
X, Y = (number.to_bytes(32, "big") for number in (POINT.x, POINT.y))
N2048 = b"\xc1" + bytes(254) + b"\x01"
# the eight points of small order of edwards25519, and two of them in non-canonical forms
SMALL_ORDER = [bytes.fromhex(text) for text in (
    "01" + "00" * 31, "ec" + "ff" * 30 + "7f", "00" * 32, "00" * 31 + "80",
    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85",
    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
    "ee" + "ff" * 30 + "7f", "01" + "00" * 30 + "80")]
KEYS = {
    "point off the curve": es256_key(X, (POINT.y ^ 1).to_bytes(32, "big")),
    "point at zero": es256_key(bytes(32), bytes(32)),
    "coordinate beyond the field": es256_key(P256_P.to_bytes(32, "big"), pow(P256_B, (P256_P + 1) // 4, P256_P).to_bytes(32, "big")),
    "compressed point": es256_key(X, True),
    "compressed point as bytes": es256_key(X, b"\x03"),
    "coordinate of 33 bytes": es256_key(b"\0" + X, Y),
    "coordinate of 31 bytes": es256_key(X[1:], Y),
    "ES384 with the curve of ES256": es256_key(X, Y, alg=-35),
    "ES256 with the curve of ES384": es256_key(X, Y, crv=2),
    "ES256 as ECDH": es256_key(X, Y, alg=-25),
    "ES256 in EdDSA's type": es256_key(X, Y, kty=1),
    "EdDSA on Ed448": eddsa_key(bytes(57), crv=7),
    "EdDSA with the number of ES256": eddsa_key(X, alg=ES256),
    "RS1": rs256_key(N2048, alg=-65535),
    "RS512": rs256_key(N2048, alg=-259),
    "RSA exponent 3": rs256_key(N2048, b"\x03"),
    "RSA exponent 1": rs256_key(N2048, b"\x01"),
    "RSA exponent with a zero before it": rs256_key(N2048, b"\x00\x01\x00\x01"),
    "RSA of 1,024 bits": rs256_key(N2048[:127] + b"\x01"),
    "RSA of 2,047 bits": rs256_key(b"\x7f" + N2048[1:]),
    "RSA of 4,104 bits": rs256_key(b"\xc1" + bytes(511) + b"\x01"),
    "even RSA modulus": rs256_key(N2048[:-1] + b"\x02"),
    "RSA modulus with a zero before it": rs256_key(b"\0" + N2048),
    "members in another order": cbor({3: ES256, 1: 2, -1: 1, -2: X, -3: Y}),
    "member twice": cbor_map([(1, 2), (3, ES256), (-1, 1), (-2, X), (-2, X)]),
    "member that does not belong there": cbor({1: 2, 2: b"id", 3: ES256, -1: 1, -2: X, -3: Y}),
    "number in a long form": bytes(es256_key(X, Y)).replace(b"\x01\x02", b"\x01\x18\x02", 1),
    "map in a long form": b"\xb8\x05" + es256_key(X, Y)[1:],
    "map without its length": b"\xbf" + es256_key(X, Y)[1:] + b"\xff",
    "no key": b"",
    **{f"Ed25519 point of small order, {number}": eddsa_key(x) for number, x in enumerate(SMALL_ORDER)},
}
# Web refuses these before the keeper sees them.
OBJECTS = {
    "a byte behind it": lambda d: attestation_object(d) + b"\0",
    "twice": lambda d: attestation_object(d) * 2,
    "nothing": lambda d: b"",
    "no last byte": lambda d: attestation_object(d)[:-1],
    "a list": lambda d: cbor(["fmt", "none", "attStmt", {}, "authData", d]),
    "a map of one member too many": lambda d: cbor({"fmt": "none", "attStmt": {}, "authData": d, "epAtt": True}),
    "a member missing": lambda d: attestation_object(d, order=("fmt", "authData")),
    "authData twice": lambda d: attestation_object(d, order=("fmt", "authData", "authData")),
    "authData twice besides the others": lambda d: attestation_object(d, order=("fmt", "attStmt", "authData", "authData")),
    "fmt twice, once in a long form": lambda d: cbor_map([("fmt", "none"), (Raw(b"\x78\x03fmt"), "none"), ("authData", d)]),
    "a key as bytes": lambda d: cbor_map([(b"fmt", "none"), ("attStmt", {}), ("authData", d)]),
    "a map in a long form": lambda d: b"\xb8\x03" + attestation_object(d)[1:],
    "a key in a long form": lambda d: cbor_map([(Raw(b"\x78\x03fmt"), "none"), ("attStmt", {}), ("authData", d)]),
    "authData in a long form": lambda d: attestation_object(d, authData=Raw(head(BYTES, len(d), 4) + d)),
    "authData as text": lambda d: attestation_object(d, authData=Raw(head(TEXT, len(d)) + d)),
    "authData with a tag": lambda d: attestation_object(d, authData=Raw(head(TAG, 24) + cbor(d))),
    "a tag before it": lambda d: head(TAG, 55799) + attestation_object(d),
    "a map without its length": lambda d: indefinite(MAP, "fmt", "none", "attStmt", {}, "authData", d),
    "authData without its length": lambda d: attestation_object(d, authData=indefinite(BYTES, d)),
    "fmt without its length": lambda d: attestation_object(d, fmt=indefinite(TEXT, "none")),
    "attStmt without its length": lambda d: attestation_object(d, attStmt=indefinite(MAP)),
    "attStmt as a list": lambda d: attestation_object(d, attStmt=[]),
    "attStmt 9 levels deep": lambda d: attestation_object(d, attStmt={"x": Raw(b"\x81" * 7 + b"\x01")}),
    "attStmt 4,000 levels deep": lambda d: attestation_object(d, attStmt={"x": Raw(b"\x81" * 4000 + b"\x01")}),
    "attStmt 10,000 levels deep": lambda d: attestation_object(d, attStmt={"x": Raw(b"\x81" * 10000 + b"\x01")}),
    "authData of 2^32 bytes": lambda d: attestation_object(d, authData=Raw(head(BYTES, 2**32) + d)),
    "authData of 2^64 - 1 bytes": lambda d: attestation_object(d, authData=Raw(head(BYTES, 2**64 - 1) + d)),
    "a list of 2^32 - 1 items": lambda d: attestation_object(d, attStmt={"x": Raw(head(ARRAY, 2**32 - 1))}),
    "a list of 2^64 - 1 items": lambda d: attestation_object(d, attStmt={"x": Raw(head(ARRAY, 2**64 - 1))}),
    "a map of 2^63 members": lambda d: attestation_object(d, attStmt=Raw(head(MAP, 2**63))),
    "an outer map of 2^64 - 1 members": lambda d: head(MAP, 2**64 - 1) + attestation_object(d)[1:],
    "8,193 bytes": lambda d: attestation_object(d, attStmt={"x": bytes(8193)}),
}
ENROLMENTS = {
    **CLIENT, **faults_of_data(AT),
    "type of an assertion": (lambda o: {"type": "webauthn.get"}, "type"),
    "no attested data": (lambda o: {"flags": UP | UV}, "auth-data"),
    "id in front of another one": (lambda o: {"id": b"one id", "id_attested": b"another id"}, "credential"),
    "id of no bytes": (lambda o: {"id": b"x", "id_attested": b""}, "auth-data"),
    "id of 1,024 bytes": (lambda o: {"id": b"x" * 1024}, "client-data"),
    "id of 1,024 attested bytes": (lambda o: {"id": b"x" * 1023, "id_attested": b"x" * 1024}, "auth-data"),
    "id past the end": (lambda o: {"id_length": 1000}, "auth-data"),
    "id past every end": (lambda o: {"id_length": 65535}, "auth-data"),
    **{f"key: {name}": (lambda o, cose=cose: {"cose": cose}, "key") for name, cose in KEYS.items()},
    **{f"object: {name}": (lambda o, make=make: {"attestation": make}, "client-data") for name, make in OBJECTS.items()},
}


def some_of(faults):
    """Return all faults in .ci/run, otherwise every fifth: the unit tests of webauthn have them too."""
    return [pytest.param(fault, marks=() if number % 5 == 0 else pytest.mark.whole) for number, fault in enumerate(faults)]


# All columns but last_challenge_us.
PASSKEYS = "SELECT factor_id, credential_id, rp_id, sign_count, uv_initialized, backup_eligible, backed_up, transports, aaguid FROM passkeys"


@functools.lru_cache(maxsize=None)
def tables(server):
    return sorted(set(server.tables()) - {"audit", "throttle", "sqlite_sequence"})


def contents(server):
    """Return all rows, except those that count attempts.  Refused answers use up their challenge."""
    server.sql("UPDATE accounts SET refused = 0")
    rows = {**{table: table for table in tables(server)}, "passkeys": f"({PASSKEYS}) AS passkeys"}
    if server.on_postgres():  # one connection: each takes long
        return set(server.sql(" UNION ALL ".join(f"SELECT '{table}', CAST({table} AS text) FROM {source}" for table, source in rows.items())))
    return {(table, *row) for table, source in rows.items() for row in server.sql(f"SELECT * FROM {source}")}


class Refusal:
    """The rows that a refused request must leave unchanged, and the audit events that it leaves."""

    def __init__(self, server):
        self.server = server
        self.before, self.last = contents(server), max_event(server)

    def check(self, reason):
        assert contents(self.server) ^ self.before == set()
        found = events_since(self.server, self.last)
        assert found == [("passkey.refused", reason or found[0][1])]


def comparable(page):
    """Return a reply without the parts that differ between any two: tokens, challenge, time, number of the request."""
    headers = {n.lower(): v for n, v in page.headers.items() if n.lower() not in ("date", "x-request-id", "set-cookie")}
    body = re.sub(r'(name="csrf_token" value|data-challenge)="[^"]*"', r'\1=""', page.html)
    return page.status, headers, body


def refused(person, made, reason, status=422, **typed):
    """Send an answer that must be refused; return the reply."""
    refusal = Refusal(person.server)
    page = person.answer(made, **typed)
    assert page.status == status, page
    refusal.check(reason)
    return page


@pytest.fixture(scope="module")
def holder(server):
    """A person with a passkey, signed out."""
    return KeyHolder(server).with_passkey().forget()


@pytest.fixture(scope="module")
def usual(holder):
    """The reply to a wrong signature at sign-in."""
    holder.forget().ask(LOGIN)
    return comparable(refused(holder, holder.get(key=KeyPair()), "signature"))


@pytest.mark.parametrize("fault", some_of(ASSERTIONS))
def test_sign_in_refuses_each_fault_alike(server, holder, usual, fault):
    wrong, reason = ASSERTIONS[fault]
    holder.forget().ask(LOGIN)
    page = refused(holder, holder.get(**wrong(server.origin)), reason)
    assert comparable(page) == usual
    assert holder.session is None and not full(holder)


@pytest.fixture(scope="module")
def halfway(server):
    """A person with a passkey whose password was accepted."""
    return KeyHolder(server).with_passkey().forget()


@pytest.mark.parametrize("fault", some_of(ASSERTIONS))
def test_second_step_refuses_each_fault_alike(server, halfway, fault):
    wrong, reason = ASSERTIONS[fault]
    halfway.forget().give_password()
    halfway.ask(VERIFY)
    usual = comparable(refused(halfway, halfway.get(key=KeyPair()), "signature"))
    halfway.ask(VERIFY)
    assert comparable(refused(halfway, halfway.get(**wrong(server.origin)), reason)) == usual
    assert not full(halfway)


@pytest.fixture(scope="module")
def owners_account(server):
    return KeyHolder(server).with_passkey()


@pytest.fixture
def owner(owners_account):
    """A person who has just signed in with a passkey, and adds others.  A proof is fresh for five minutes only."""
    owners_account.forget().touch(credential=owners_account.key.credentials[0])
    return owners_account


@pytest.mark.parametrize("fault", some_of(ENROLMENTS))
def test_enrolment_refuses_each_fault(server, owner, fault):
    wrong, reason = ENROLMENTS[fault]
    owner.ask_new()
    refused(owner, owner.create(**wrong(server.origin)), reason)
    assert full(owner)


# Challenges


def test_challenge_works_once_and_no_older_one_after_it(server):
    """Three pages in one browser: the second is answered, then again, then the first.  The third is newer."""
    alice = KeyHolder(server).with_passkey().forget()
    pages = [alice.ask(LOGIN) for _ in range(3)]
    cookies = dict(alice.cookies)
    answers = []
    for alice.asked in pages:
        answers.append(alice.get())
    alice.asked = pages[1]
    assert alice.answer(answers[1]).status == 303
    for again in (1, 0):
        alice.cookies, alice.asked = dict(cookies), pages[again]
        page = refused(alice, answers[again], "challenge-used")
        assert Asked(page).challenge != pages[again].challenge, "the page has a new challenge"
    alice.cookies, alice.asked = dict(cookies), pages[2]
    assert alice.answer(answers[2]).status == 303


def test_challenge_is_for_one_browser_one_session_and_one_purpose(server, holder, usual):
    """Each answer is right, but answers a challenge of another page."""
    other = KeyHolder(server).full()
    shown = {"another browser": KeyHolder(server).ask(LOGIN), "another purpose": other.ask_new()}
    halves = KeyHolder(server).with_passkey().forget()
    halves.give_password()
    shown["a second step"] = halves.ask(VERIFY)
    for asked in shown.values():
        holder.forget().ask(LOGIN)
        page = refused(holder, holder.key.get(asked.challenge), "challenge")
        assert comparable(page) == usual
    halves.ask(VERIFY)
    refused(halves, halves.key.get(holder.ask(LOGIN).challenge, halves.asked.ids), "challenge")
    for asked in (shown["another browser"], shown["a second step"], KeyHolder(server).enrolling().ask(SETUP)):
        other.ask_new()
        refused(other, other.key.create(asked.challenge, other.asked.handle), "challenge")


@pytest.mark.parametrize("challenge", ["", "A", "AAAA", "A" * 75, "A" * 76, "{}=", "{}A", " {}", "{}\0", "{:.74}", "x" * 2000],
                         ids=["none", "A", "AAAA", "zeros", "longer zeros", "padded", "longer", "blank before", "NUL behind", "shorter", "2,000 letters"])
def test_challenge_that_is_not_ours_is_refused(holder, usual, challenge):
    asked = holder.forget().ask(LOGIN)
    page = refused(holder, holder.key.get(challenge.format(asked.challenge)), None)
    assert comparable(page) == usual


def test_challenge_with_any_bit_flipped_is_refused(server, holder, usual):
    """The bits of the time (which chooses the key of its minute), of the random bytes and of the HMAC."""
    for byte in (0, 5, 7, 8, 23, 24, 55):
        asked = holder.forget().ask(LOGIN)
        raw = bytearray(base64url_bytes(asked.challenge))
        raw[byte] ^= 1
        refused(holder, holder.key.get(base64url(bytes(raw))), "challenge")


def test_challenge_is_too_old_after_ten_minutes(server):
    alice = KeyHolder(server).with_passkey().forget()
    for minutes, status in ((9, 303), (11, 422)):
        alice.forget().ask(LOGIN)
        server.clock.advance(minutes * 60)
        KeyHolder(server).ask(LOGIN)  # the server has the key of this minute
        made = alice.get()
        if status == 303:
            assert alice.answer(made).status == 303
        else:
            page = refused(alice, made, "challenge")
            assert alice.session is None and Asked(page).challenge != alice.asked.challenge
            refused(alice, alice.get(key=KeyPair()), "signature")
            alice.asked = Asked(page)
            assert alice.answer(alice.get()).status == 303, "the refusal's page has a new challenge"


def test_challenge_stays_used_after_a_restart(make_server):
    server = make_server(public_host="localhost")
    alice = KeyHolder(server).with_passkey().forget()
    first, second = alice.ask(LOGIN), alice.ask(LOGIN)
    cookies, made = dict(alice.cookies), alice.key.get(first.challenge)
    later = alice.key.get(second.challenge)
    alice.asked = first
    assert alice.answer(made).status == 303
    server.restart()
    alice.cookies, alice.asked = dict(cookies), first
    alice.asked.hidden["csrf_token"] = alice.visit(LOGIN).token
    refused(alice, made, "challenge-used")
    assert alice.answer(later).status == 303, "the challenge of the other page is still valid"


# Passkeys of other accounts


def test_passkeys_of_other_accounts_are_refused(server):
    alice, bob = KeyHolder(server).with_passkey(), KeyHolder(server).with_passkey()
    bob.forget().give_password()
    asked = bob.ask(VERIFY)
    assert asked.ids == [bob.key.newest.id]
    refused(bob, alice.key.get(asked.challenge), "credential")
    bob.ask(VERIFY)
    refused(bob, alice.key.get(bob.asked.challenge, handle=bob.key.newest.handle), "credential")
    bob.forget().ask(LOGIN)
    refused(bob, alice.key.get(bob.asked.challenge, handle=bob.key.newest.handle), "user-handle")
    bob.forget().ask(LOGIN)
    refused(bob, bob.key.get(bob.asked.challenge, id=alice.key.newest.id), "user-handle")
    assert bob.session is None


def test_refused_answer_is_not_mended_with_the_right_user_handle(server):
    """The signature does not cover the user handle."""
    alice = KeyHolder(server).with_passkey().forget()
    alice.ask(LOGIN)
    made = alice.get()
    refused(alice, dataclasses.replace(made, handle=b""), "user-handle")
    refused(alice, made, "challenge-used")
    assert alice.touch().status == 303


def test_sign_in_without_a_name_needs_the_user_handle(server, holder, usual, halfway):
    holder.forget().ask(LOGIN)
    assert comparable(refused(holder, holder.get(handle=b""), "user-handle")) == usual


def test_credential_id_of_any_account_is_not_enrolled_again(server):
    alice, bob = KeyHolder(server).with_passkey(), KeyHolder(server).full()
    taken = alice.key.newest.id
    for person in (alice, bob):
        person.ask_new()
        page = refused(person, person.create(id=taken), "taken")
        assert "This passkey was not accepted." in page.text and full(person), "the reply does not reveal that an account has it"


# At the same time


def sent_together(person, made, count):
    """Return these equal requests."""
    return [form_bytes(person.server, person.asked.path, {**person.asked.hidden, **made.fields()}, person.cookies)] * count


def statuses(server, requests):
    """Return the status of each reply; 401 for a redirect to the sign-in page."""
    return [401 if answer.status == 303 and answer.location.startswith(LOGIN) else answer.status for answer in together(server, requests)]


@pytest.mark.whole
@pytest.mark.parametrize("path", [LOGIN, VERIFY])
def test_one_of_64_equal_answers_is_accepted(server, path):
    alice = KeyHolder(server).with_passkey().forget()
    if path == VERIFY:
        alice.give_password()
    alice.ask(path)
    found = statuses(server, sent_together(alice, alice.get(), 64))
    assert found.count(303) == 1 and set(found) <= {303, 401, 422, 429}, found


@pytest.mark.whole
def test_one_of_64_enrolments_of_one_credential_is_accepted(server):
    people = [KeyHolder(server).enrolling() for _ in range(64)]
    key, taken, requests = KeyPair(), secrets.token_bytes(16), []
    for person in people:
        person.ask(SETUP)
        requests += sent_together(person, person.create(key=key, id=taken), 1)
    found = statuses(server, requests)
    assert found.count(303) == 1 and set(found) <= {303, 422, 429}, found
    assert server.sql("SELECT count(*) FROM passkeys WHERE credential_id = ?", taken) == [(1,)]
    assert [full(person) for person in people].count(True) == 0, "a new token was in the accepted reply"


@pytest.mark.whole
def test_last_factor_survives_64_removals_by_two_sessions(server):
    """Each session removes the factor that the other one signed in with."""
    alice = KeyHolder(server).full().add_passkey()
    (_, passkey), = passkeys(alice)
    (code,), = server.sql("SELECT id FROM factors WHERE account_id = (SELECT account_id FROM factors WHERE id = ?) AND kind = 'totp'", int(passkey))
    other = KeyHolder(server, alice.name, alice.password, key=alice.key)
    assert other.touch().status == 303
    requests = [form_bytes(server, REMOVE, {"csrf_token": person.visit(SECURITY).token, "id": number}, person.cookies)
                for person, number in ((alice, passkey), (other, code))] * 32
    found = statuses(server, requests)
    assert 303 in found and max(found) < 500, found
    assert server.sql("SELECT count(*) FROM factors WHERE id IN (?, ?)", int(passkey), code) == [(1,)]
    assert server.whole()


@pytest.mark.whole
def test_unknown_credential_takes_as_long_as_a_wrong_signature(server, holder):
    holder.forget().ask(LOGIN)
    wrong, unknown = holder.get(key=KeyPair()).fields(), holder.get(id=secrets.token_bytes(16)).fields()

    def longer():
        for number in itertools.count():
            if number % 2 == 0:
                server.delete_attempts()
            order = (wrong, unknown) if number % 4 < 2 else (unknown, wrong)
            times = [timed(server, {**holder.asked.hidden, **fields}, holder.asked.hidden["csrf_token"], holder.cookies, holder.asked.path) for fields in order]
            assert {status for _, status in times} == {b"422"}
            yield (times[1][0] - times[0][0]) * (1 if order[0] is wrong else -1)

    apart = apart_ms("wrong signature against unknown credential", longer())
    assert abs(apart) < 1, f"{apart:.3f} ms"


@pytest.mark.whole
@pytest.mark.skipif(SANITIZED, reason="a sanitizer keeps what was freed")
def test_hostile_answers_take_no_memory_beyond_the_message(server, owner):
    """Send everything once before the measurement, so that buffers have their size."""
    pids = (server.keeper_pid(), server.web_pid())

    def send_all():
        for wrong, _ in ENROLMENTS.values():
            owner.ask_new()
            server.delete_attempts()
            assert owner.answer(owner.create(**wrong(server.origin))).status == 422

    send_all()
    for pid in pids:
        forget_peak(pid)
    before = [peak(pid) for pid in pids]
    send_all()
    grown = [peak(pid) - kib for pid, kib in zip(pids, before)]
    evidence("memory of hostile passkeys", keeper_kib=grown[0], web_kib=grown[1], answers=len(ENROLMENTS))
    assert max(grown) <= 1024, grown
