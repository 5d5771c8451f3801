"""The keys of ID tokens in commands: rotate-keys, rotate-key, check, backup, restore, db copy."""

import json

import pytest
import requests

from harness import Person
from harness.relying_party import RelyingParty, good, refused
from harness.server import wait_until

CLIENT = ("client", "add", "wiki", "--redirect", "https://wiki.example.org/callback")


def run(server, *words):
    done = server.command(*words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def listed(server):
    return [json.loads(line) for line in run(server, "rotate-keys", "--list", "--json").splitlines()]


def published(server):
    return [key["kid"] for key in requests.get(server.origin + "/jwks.json", timeout=300).json()["keys"]]


def states(server):
    return {key["kid"]: key["state"] for key in listed(server)}


def age(server, days):
    """Make all keys older, because commands use the machine's clock."""
    us = round(days * 86400e6)
    server.sql("UPDATE oidc_keys SET signs_from_us = signs_from_us - ?, signs_until_us = signs_until_us - ?, "
               "published_until_us = published_until_us - ?, kept_until_us = kept_until_us - ?", us, us, us, us)


@pytest.fixture
def stopped(make_server):
    """A server that does not run, with one client, so that it has one key."""
    server = make_server(start=False).init()
    run(server, *CLIENT)
    return server


def with_real_keys(server):
    """Let a server and its commands make RSA keys as a release does (src/oidc/quick_key.h)."""
    del server.environment["DOUBLETOUR_TEST_QUICK_KEYS"]
    return server


def test_a_new_client_has_its_key_at_once(make_server):
    server = with_real_keys(make_server())
    assert published(server) == []
    run(server, *CLIENT)
    (kid,) = published(server)
    assert states(server) == {kid: "signs"}
    run(server, "client", "set", "wiki", "id_token_alg=ES256")
    assert len(published(server)) == 2


def test_keys_are_rotated_early_while_the_server_runs(make_server):
    server = make_server()
    assert "Made no key" in run(server, "rotate-keys")
    run(server, *CLIENT)
    (old,) = published(server)
    assert "Made 1 key." in run(server, "rotate-keys")
    assert json.loads(run(server, "rotate-keys", "--json")) == {"keys_created": 0}
    assert published(server)[0] == old  # it signs, so it comes first
    (new,) = set(published(server)) - {old}
    assert states(server) == {old: "signs", new: "next"}
    assert all(key["created"] <= key["signs_from"] < key["signs_until"] for key in listed(server))
    age(server, 7.01)
    assert states(server) == {old: "published", new: "signs"}
    age(server, 7)
    assert (states(server), published(server)) == ({old: "kept", new: "signs"}, [new])
    events = server.command("audit", "--event", "admin.signing-key-added", "--json").stdout.splitlines()
    assert len(events) == 1


def test_a_withdrawn_key_disappears_at_once(make_server):
    server = make_server()
    run(server, *CLIENT)
    (old,) = published(server)
    said = run(server, "rotate-keys", "--withdraw", old)
    assert f"Withdrew {old}." in said and "cache the keys for a day" in said
    (new,) = published(server)
    assert states(server) == {old: "withdrawn", new: "signs"}
    again = server.command("rotate-keys", "--withdraw", old)
    assert (again.returncode, again.stdout) == (1, "") and "can be withdrawn" in again.stderr
    assert len(server.command("audit", "--event", "admin.signing-key-withdrawn", "--json").stdout.splitlines()) == 1
    assert json.loads(run(server, "rotate-keys", "--withdraw", new, "--json")) == {"kid": new, "state": "withdrawn"}


def test_an_unreadable_key_is_left_out_and_its_code_stays_usable(make_server):
    server = make_server()
    app, person = RelyingParty.add(server, "wiki"), Person(server).full()
    code, request = app.code(person)
    (kid,) = states(server)
    (sealed,) = server.sql("SELECT private_sealed FROM oidc_keys")[0]
    server.sql("UPDATE oidc_keys SET private_sealed = ?", b"\0" * 100)
    server.restart()
    assert published(server) == published(server) == []
    for _ in range(2):
        refused(app.redeem(code, request), "temporarily_unavailable", 503)
    assert server.log().count("signing.unreadable") == 1 and f"kid={kid}" in server.log()
    said = server.command("check")
    assert said.returncode == 1 and "rotate-keys" in said.stdout + said.stderr
    server.sql("UPDATE oidc_keys SET private_sealed = ?", bytes(sealed))
    good(app.redeem(code, request))
    server.sql("UPDATE oidc_keys SET private_sealed = ?", b"\0" * 100)
    run(server, "rotate-keys", "--withdraw", kid)
    assert len(published(server)) == 1 and kid not in published(server)
    app.sign_in(Person(server).full())


@pytest.mark.parametrize("words", [("--list", "--withdraw", "a"), ("--withdraw",), ("--every",), ("now",)])
def test_wrong_usage_changes_nothing(stopped, words):
    before = listed(stopped)
    assert stopped.command("rotate-keys", *words).returncode == 2
    assert stopped.command("rotate-keys", "--withdraw", "x" * 300).returncode == 1
    assert listed(stopped) == before


def test_the_list_is_readable(stopped):
    (key,) = listed(stopped)
    text = run(stopped, "rotate-keys", "--list")
    assert text.split() == [key["kid"], "RS256", "signs", key["signs_from"], key["signs_until"]]


def test_signing_keys_survive_a_new_master_key(stopped):
    before = listed(stopped)
    report = json.loads(run(stopped, "rotate-key", "--json"))
    assert (report["resealed"], report["unreadable"]) == (1, 0)
    stopped.start()
    assert published(stopped) == [before[0]["kid"]]


@pytest.mark.sqlite
def test_signing_keys_survive_a_backup(stopped, tmp_path):
    before = listed(stopped)
    run(stopped, "backup", str(tmp_path / "copy.sqlite"))
    run(stopped, "rotate-keys", "--withdraw", before[0]["kid"])
    run(stopped, "restore", "--replace", str(tmp_path / "copy.sqlite"))
    assert listed(stopped) == before
    stopped.start()
    assert published(stopped) == [before[0]["kid"]]


@pytest.mark.sqlite
def test_signing_keys_are_copied(stopped, tmp_path):
    before = listed(stopped)
    run(stopped, "db", "copy", "-", f"sqlite:///{tmp_path}/other.sqlite")
    stopped.environment["DATABASE_URL"] = f"sqlite:///{tmp_path}/other.sqlite"
    assert listed(stopped) == before
    stopped.start()
    assert published(stopped) == [before[0]["kid"]]


@pytest.mark.parametrize("change, field", [("kid = 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs'", "unreadable"), ("id = id + 1", "unreadable"),
                                           ("algorithm = 'EdDSA'", "unreadable"), ("signs_until_us = 0", "bad_values")])
def test_check_reports_a_damaged_key(stopped, change, field):
    stopped.sql(f"UPDATE oidc_keys SET {change}")
    done = stopped.command("check", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)[field] == 1
    assert "signing key" in done.stderr


def test_old_keys_are_deleted(stopped):
    stopped.sql("UPDATE oidc_keys SET signs_from_us = 0, signs_until_us = 1, published_until_us = 2, kept_until_us = 3")
    (old,) = (key["kid"] for key in listed(stopped))
    with_real_keys(stopped).start()
    wait_until(lambda: states(stopped) and old not in states(stopped), "the new key has replaced the old one")
