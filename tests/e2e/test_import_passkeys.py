"""Passkeys from `authelia storage user webauthn export`: the file, unusable passkeys, and the first sign-ins."""

import base64
import json
import secrets
import uuid

import flask_bcrypt
import pyotp
import pytest

from harness.authenticator import EDDSA, ES256, RS256, UP, UV, Authenticator, Credential, KeyPair
from harness.passkeys import LOGIN, SECURITY, VERIFY, KeyHolder

PASSWORD = "password of anna"
BCRYPT = flask_bcrypt.generate_password_hash(PASSWORD, 4).decode()
HOST = "localhost"


@pytest.fixture
def server(make_server):
    return make_server(public_host=HOST)


def made(algorithm=ES256, handle=b"of Authelia, 64 letters at most", resident=True):
    """Return a passkey that Authelia enrolled."""
    return Credential(KeyPair(algorithm), secrets.token_bytes(32), handle, HOST, 4, resident)


def entry(username, credential, **different):
    """Return an entry of the export, in the order of Authelia's keys.  None leaves a key out."""
    values = {
        "created_at": "2024-05-01T12:34:56.789Z", "last_used_at": "2024-06-01T12:34:56Z", "rpid": credential.rp_id, "username": username,
        "description": "Blue key", "kid": base64.b64encode(credential.id).decode(), "aaguid": str(uuid.UUID(bytes=bytes(16))),
        "attestation_type": "packed", "attestation_format": "packed", "attachment": "cross-platform", "transports": ["usb", "nfc"],
        "sign_count": credential.count, "clone_warning": False, "legacy": False, "discoverable": credential.resident, "present": True,
        "verified": True, "backup_eligible": False, "backup_state": False, "public_key": base64.b64encode(credential.key.cose()).decode(),
        "attestation": base64.b64encode(b'{"object":"x"}').decode(), **different}
    lines = [f"{key}: {json.dumps(value)}" for key, value in values.items() if value is not None]
    return "    - " + "\n      ".join(lines) + "\n"


def files(tmp_path, names, entries, totp=None):
    """Return the arguments of an import of these users and entries."""
    (tmp_path / "users.yml").write_text("users:\n" + "".join(f"  {name}:\n    password: '{BCRYPT}'\n" for name in names))
    text = entries if isinstance(entries, str) else "webauthn_credentials:\n" + "".join(entries)
    (tmp_path / "webauthn.yml").write_text(text)
    arguments = ["authelia", str(tmp_path / "users.yml"), "--webauthn", str(tmp_path / "webauthn.yml")]
    if totp:
        (tmp_path / "totp.txt").write_text("".join(f"otpauth://totp/Authelia:{name}?secret={secret}&issuer=Authelia\n" for name, secret in totp.items()))
        arguments += ["--totp", str(tmp_path / "totp.txt")]
    return arguments


def imported(server, arguments, status=0):
    result = server.command("import", *arguments, "--json")
    assert result.returncode == status, (result.stdout, result.stderr)
    return {**json.loads(result.stdout), "said": result.stderr}


def holder(server, name, *credentials):
    key = Authenticator(server.origin)
    key.credentials += credentials
    return KeyHolder(server, name, PASSWORD, key=key)


@pytest.mark.parametrize("algorithm", [ES256, EDDSA, RS256], ids=["ES256", "EdDSA", "RS256"])
def test_imported_passkey_signs_in_with_the_password_then_alone(server, tmp_path, algorithm):
    passkey = made(algorithm)
    report = imported(server, files(tmp_path, ["anna"], [entry("anna", passkey)]))
    assert (report["taken"], report["with_authenticator"], report["passkeys"], report["enrol_anew"]) == (1, 1, 1, 0)
    anna = holder(server, "anna", passkey)
    anna.ask(LOGIN)
    assert anna.answer(anna.get()).status == 422 and anna.session is None, "the server does not know its user handle yet"
    assert anna.give_password().location.startswith("/verify-2fa")
    assert anna.ask(VERIFY).ids == [passkey.id]
    assert anna.answer(anna.get()).status == 303 and anna.visit("/").status == 200
    assert "Blue key" in anna.visit(SECURITY).text
    assert anna.forget().touch().status == 303, "the password vouched for PIN and user handle"
    anna.forget().ask(LOGIN)
    assert anna.answer(anna.get(handle=b"another handle")).status == 422


def test_imported_security_key_without_handle_is_a_second_step(server, tmp_path):
    passkey = made(resident=False)
    imported(server, files(tmp_path, ["anna"], [entry("anna", passkey)]))
    anna = holder(server, "anna", passkey)
    anna.give_password()
    assert anna.touch(VERIFY, flags=UP | UV).status == 303
    assert server.sql("SELECT uv_initialized, imported, user_handle FROM passkeys") == [(1, 1, None)]
    assert "used after your password" in anna.visit(SECURITY).text
    assert "only with the password" in server.command("user", "show", "anna").stdout
    anna.forget().ask(LOGIN)
    assert anna.answer(anna.get(credential=passkey)).status == 422


def test_imported_passkeys_stand_beside_other_factors(server, tmp_path):
    secret, passkeys = pyotp.random_base32(), [made(), made()]
    report = imported(server, files(tmp_path, ["anna"], [entry("anna", one, description=f"Key {n}") for n, one in enumerate(passkeys)], {"anna": secret}))
    assert (report["with_authenticator"], report["passkeys"]) == (1, 2)
    anna = holder(server, "anna", *passkeys)
    anna.secret = secret
    anna.give_password()
    assert anna.touch(VERIFY, credential=passkeys[0]).status == 303
    anna.add_passkey("New key")
    for credential in (anna.key.newest, passkeys[0]):
        anna.forget().ask(LOGIN)
        assert anna.answer(anna.get(credential=credential, flags=UP | UV)).status == 303
    assert {"Key 0", "Key 1", "New key"} <= {b.text for b in anna.visit(SECURITY).dom.all("b")}
    assert imported(server, files(tmp_path, ["anna"], [entry("anna", made())]))["there_already"] == 1
    assert server.sql("SELECT count(*) FROM passkeys") == [(3,)], "an account with factors stays as it is"


def test_account_without_factors_gets_its_passkeys_later(server, tmp_path):
    passkey = made()
    imported(server, files(tmp_path, ["anna"], "webauthn_credentials: []\n"))
    report = imported(server, files(tmp_path, ["anna"], [entry("anna", passkey)]))
    assert (report["there_already"], report["authenticators_added"], report["passkeys"]) == (1, 1, 1)


WRONG = {
    "another host": ({"rpid": "auth.example.com"}, "it was made for auth.example.com, but passkeys are for localhost here"),
    "U2F, used since": ({"rpid": "https://auth.example.com", "legacy": True}, "it is a U2F key from before Authelia 4.34"),
    "U2F, not used since": ({"rpid": "", "legacy": True}, "it is a U2F key from before Authelia 4.34"),
    "a warning": ({"clone_warning": "maybe"}, "its clone_warning is neither true nor false"),
    "a key as a list": ({"public_key": [1]}, "its public_key is not base64"),
    "no host": ({"rpid": None}, "its kid, public_key or rpid is missing"),
    "bytes that are not a key": ({"public_key": base64.b64encode(b"no key").decode()}, "its public key has an unknown form"),
    "a key with a byte behind it": ({"public_key": base64.b64encode(made().key.cose() + b"x").decode()}, "its public key has an unknown form"),
    "a point off the curve": ({"public_key": base64.b64encode(made().key.cose()[:-32] + bytes(32)).decode()}, "its public key is weak or invalid"),
    "a key that is not base64": ({"public_key": "*"}, "its public_key is not base64"),
    "no id": ({"kid": ""}, "its kid is not base64"),
    "an id of 1,024 bytes": ({"kid": base64.b64encode(bytes(1024)).decode()}, "its kid is not base64, or too long"),
    "a counter of 33 bits": ({"sign_count": 2**32}, "its sign_count is not a number of 32 bits"),
    "a flag": ({"backup_state": "maybe"}, "its backup_state is neither true nor false"),
    "backed up, not eligible": ({"backup_state": True}, "it is backed up, but not eligible"),
    "an AAGUID of 15 bytes": ({"aaguid": "00000000-0000-0000-0000-0000000000"}, "its aaguid is not a UUID"),
    "transports": ({"transports": "usb"}, "its transports are not a list"),
}


@pytest.mark.parametrize("fault", WRONG)
def test_passkey_that_cannot_be_imported_refuses_its_account(server, tmp_path, fault):
    different, words = WRONG[fault]
    arguments = files(tmp_path, ["anna", "ben"], [entry("anna", made(), **different), entry("ben", made())])
    report = imported(server, arguments, status=1)
    assert (report["taken"], report["refused"], report["passkeys"]) == (1, 1, 1), report
    assert f'"anna": its passkey, in line 2 of the export, cannot be imported: {words}' in report["said"] and "--enrol-anew" in report["said"]
    report = imported(server, [*arguments, "--enrol-anew"])
    assert (report["taken"], report["there_already"], report["enrol_anew"]) == (1, 1, 1) and "enrols at the next sign-in" in report["said"]


def test_valid_passkeys_are_imported_when_another_is_left_out(server, tmp_path):
    report = imported(server, [*files(tmp_path, ["anna"], [entry("anna", made(), rpid="old.example.org"), entry("anna", made())]), "--enrol-anew"])
    assert (report["taken"], report["passkeys"], report["enrol_anew"]) == (1, 1, 0)
    assert "old.example.org" in report["said"] and "here.  The account is imported without it." in report["said"] and "enrols" not in report["said"]


def test_same_passkey_twice_belongs_to_neither(server, tmp_path):
    passkey = made()
    report = imported(server, files(tmp_path, ["anna", "ben"], [entry("anna", passkey), entry("ben", passkey)]), status=1)
    assert (report["taken"], report["refused"]) == (0, 2) and report["said"].count("another passkey of the file has its kid") == 2
    imported(server, files(tmp_path, ["anna"], [entry("anna", passkey)]))
    report = imported(server, files(tmp_path, ["carl"], [entry("carl", passkey)]), status=1)
    assert "another account has it already" in report["said"]


def test_passkey_of_an_unknown_user_is_named(server, tmp_path):
    report = imported(server, files(tmp_path, ["anna"], [entry("zoe", made()), entry("anna", made()), entry("an\0na", made())]), status=1)
    assert (report["taken"], report["authenticators_unmatched"], report["passkeys"]) == (1, 2, 1)
    assert 'line 2 of the passkeys, "zoe": this passkey belongs to no account in the file.' in report["said"]
    assert '"an\\u0000na": this passkey belongs' in report["said"]


def test_names_differ_by_capital_letters_as_in_authelia(server, tmp_path):
    """Anna was another user whose account is gone.  Neither her key nor her authenticator opens the account of anna."""
    report = imported(server, files(tmp_path, ["anna"], [entry("Anna", made())], {"ANNA": pyotp.random_base32()}), status=1)
    assert (report["taken"], report["with_authenticator"], report["authenticators_unmatched"]) == (1, 0, 2)
    assert '"Anna": this passkey belongs to no account' in report["said"] and '"ANNA": this authenticator' in report["said"]


def test_webauthn_keys_from_before_authelia_4_38_are_imported(server, tmp_path):
    passkey = made()
    report = imported(server, files(tmp_path, ["anna"], [entry("anna", passkey, legacy=True, verified=False, present=False)]))
    assert report["passkeys"] == 1
    anna = holder(server, "anna", passkey)
    anna.give_password()
    assert anna.touch(VERIFY).status == 303


def test_passkey_with_a_clone_warning_is_imported_and_named(server, tmp_path):
    passkey, other = made(), made()
    report = imported(server, files(tmp_path, ["anna", "ben"], [entry("anna", passkey, clone_warning=True), entry("ben", other)]))
    assert (report["passkeys"], report["passkeys_with_clone_warning"]) == (2, 1)
    events = [json.loads(line) for line in server.command("audit", "--event", "passkey.count-fell", "--json").stdout.splitlines()]
    assert [event["name"] for event in events] == ["anna"]
    anna = holder(server, "anna", passkey)
    anna.ask(LOGIN)
    assert anna.answer(anna.get()).status == 422, "alone it does not sign in"
    anna.give_password()
    assert anna.touch(VERIFY).status == 303, "it is a second step"


@pytest.mark.whole
@pytest.mark.without_asan
@pytest.mark.without_postgres
def test_passkey_behind_forty_thousand_others_is_imported(server, tmp_path):
    """The decoded values of all passkeys fit in memory together, because each takes only its own bytes."""
    short = ("    - " + json.dumps({"username": "zoe", "rpid": HOST, "kid": base64.b64encode(n.to_bytes(6, "big")).decode(), "public_key": "AAAA"}) + "\n"
             for n in range(40000))
    report = imported(server, files(tmp_path, ["anna"], [*short, entry("anna", made())]), status=1)
    assert (report["taken"], report["passkeys"], report["authenticators_unmatched"]) == (1, 1, 40000)


def test_account_has_at_most_ten_factors(server, tmp_path):
    report = imported(server, files(tmp_path, ["anna"], [entry("anna", made()) for _ in range(11)]), status=1)
    assert "an account has at most ten authenticators and passkeys" in report["said"] and report["taken"] == 0


@pytest.mark.parametrize("text, words", [
    ("", "webauthn_credentials"), ("users: {}\n", "webauthn_credentials"), ("webauthn_credentials: {}\n", "webauthn_credentials"),
    ("webauthn_credentials: [\n", "line"), ("webauthn_credentials: []\nwebauthn_credentials: []\n", "webauthn_credentials")])
def test_other_files_are_refused_whole(server, tmp_path, text, words):
    result = server.command("import", *files(tmp_path, ["anna"], text))
    assert result.returncode == 1 and words in result.stderr and server.sql("SELECT count(*) FROM accounts") == [(0,)]


def test_passkeys_are_for_authelia_only(server, tmp_path):
    result = server.command("import", "htpasswd", "x", "--webauthn", "y")
    assert result.returncode == 2 and "--webauthn is for authelia only" in result.stderr


def test_dry_run_writes_no_passkey(server, tmp_path):
    report = imported(server, [*files(tmp_path, ["anna"], [entry("anna", made())]), "--dry-run"])
    assert report["passkeys"] == 1 and server.sql("SELECT count(*) FROM passkeys") == [(0,)]
