"""The endpoints that applications ask: token, userinfo, introspection, revocation.  docs/reference/openid-connect.md"""

import base64
import concurrent.futures
import hashlib
import http.client
import itertools
import json
import os
import random
import re
import secrets
import signal
import sqlite3
import time
import urllib.parse

import pytest
import requests

from harness import Person, Server
from harness.passkeys import KeyHolder
from harness.raw import raw
from harness.relying_party import RelyingParty, checked, good, refused
from harness.server import ROOT, wait_until
from harness.together import form_bytes, together
from harness.torture import chance, evidence, scaled
from harness.visitor import Visitor

FORM = "application/x-www-form-urlencoded"
ENDPOINTS = ("token", "userinfo", "introspection", "revocation")
_numbers = itertools.count(1)


def party(server, *options, **more):
    """Add a client with another name for each test."""
    return RelyingParty.add(server, f"app-{next(_numbers)}", *options, **more)


@pytest.fixture(scope="module")
def app(server):
    return party(server)


def post(server, endpoint, body, headers=None):
    return checked(requests.post(f"{server.origin}/api/oidc/{endpoint}", data=body, headers={"Content-Type": FORM, **(headers or {})}, timeout=60))


def basic(name, secret):
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()}


# Reading a request

MALFORMED = {
    "JSON": ("application/json", b'{"grant_type": "refresh_token"}'),
    "multipart": ("multipart/form-data; boundary=x", b"--x--"),
    "plain text": ("text/plain", b"grant_type=refresh_token"),
    "a longer type": (FORM + "x", b"grant_type=refresh_token"),
    "a parameter twice": (FORM, b"grant_type=refresh_token&code=a&code=b"),
    "an unknown parameter twice": (FORM, b"grant_type=refresh_token&x=1&x=1"),
    "the same name, encoded differently": (FORM, b"token=a&%74oken=b"),
    "an invalid percent sequence": (FORM, b"grant_type=%zz"),
    "bytes that are not UTF-8": (FORM, b"grant_type=%ff"),
    "forty parameters": (FORM, "&".join(f"p{i}=1" for i in range(40)).encode()),
}


@pytest.mark.parametrize("why", MALFORMED)
def test_malformed_requests_are_refused_on_a_kept_connection(server, why):
    """The server refuses them before it authenticates the client: they have no credentials."""
    kind, body = MALFORMED[why]
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    for endpoint in ENDPOINTS:
        connection.request("POST", f"/api/oidc/{endpoint}", body, {"Content-Type": kind})
        socket = connection.sock
        reply = connection.getresponse()
        assert (reply.status, json.loads(reply.read())["error"]) == (400, "invalid_request"), endpoint
        assert reply.getheader("Cache-Control") == "no-store" and connection.sock is socket is not None, "the connection was closed"
    connection.close()


def test_two_content_types_are_refused(server):
    status, _, body = raw(server, b"POST /api/oidc/token HTTP/1.1\r\nHost: x\r\nContent-Type: " + FORM.encode() + b"\r\nContent-Type: text/plain\r\n"
                          b"Content-Length: 3\r\nConnection: close\r\n\r\na=b")
    assert status == 400 and json.loads(body)["error"] == "invalid_request"


@pytest.mark.parametrize("kind", [FORM, FORM + "; charset=UTF-8", FORM.upper() + ";charset=utf-8", FORM + ' ; charset="utf-8"'])
def test_a_charset_may_follow_the_media_type(app, kind):
    refused(app.ask("token", urllib.parse.urlencode({"grant_type": "authorization_code", "code": "dtc_x", **app.proof()}), headers={"Content-Type": kind}),
            "invalid_grant")


@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_a_long_request_gets_a_json_error(server, endpoint):
    assert post(server, endpoint, "a=" + "x" * (16 * 1024 - 2)).status_code in (400, 401)
    refused(post(server, endpoint, "a=" + "x" * (16 * 1024 - 1)), "invalid_request", 413)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"])
@pytest.mark.parametrize("endpoint", ENDPOINTS)
def test_other_methods_are_answered_in_json_with_allow(server, endpoint, method):
    allowed = {"token": "POST, OPTIONS", "userinfo": "GET, HEAD, POST, OPTIONS", "introspection": "POST", "revocation": "POST, OPTIONS"}[endpoint]
    reply = requests.request(method, f"{server.origin}/api/oidc/{endpoint}", timeout=60)
    if method in allowed:
        return
    assert reply.status_code == 405 and reply.headers["Allow"] == allowed and reply.headers["Cache-Control"] == "no-store"
    assert method == "HEAD" or reply.json()["error"] == "invalid_request"


@pytest.mark.parametrize("endpoint", ["token", "userinfo", "revocation"])
def test_scripts_of_every_origin_may_ask_without_credentials(server, endpoint):
    reply = checked(requests.options(f"{server.origin}/api/oidc/{endpoint}", timeout=60, headers={
        "Origin": "https://spa.example.org", "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization"}))
    assert reply.status_code == 204 and reply.headers["Access-Control-Allow-Origin"] == "*"
    assert "POST" in reply.headers["Access-Control-Allow-Methods"] and "Authorization" in reply.headers["Access-Control-Allow-Headers"]
    refusal = post(server, endpoint, "a=b", {"Origin": "https://spa.example.org"})
    assert refusal.status_code in (400, 401) and refusal.headers["Access-Control-Allow-Origin"] == "*"


def test_the_endpoints_serve_any_host_and_read_no_cookie(app):
    for headers in ({"Host": "doubletour:5000"}, {"Cookie": "doubletour=" + "A" * 43}, {"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example.org"}):
        refused(app.ask("token", {"grant_type": "authorization_code", "code": "dtc_x", **app.proof()}, headers=headers), "invalid_grant")


# The client

def test_the_client_is_checked_before_grant_type_and_code(app):
    wrong = {**app.proof(), "client_secret": "wrong"}
    for fields in ({}, {"grant_type": "password"}, {"grant_type": "authorization_code", "code": "dtc_x"}, {"grant_type": "authorization_code"}):
        refused(app.ask("token", {**fields, **wrong}), "invalid_client", 401)
    app.server.delete_attempts()
    refused(app.ask("token", app.proof()), "invalid_request")
    refused(app.ask("token", {"grant_type": "password", **app.proof()}), "unsupported_grant_type")
    refused(app.ask("token", {"grant_type": "refresh_token", "refresh_token": "dtr_x", **app.proof()}), "unauthorized_client")
    refused(app.ask("token", {"grant_type": "authorization_code", **app.proof()}), "invalid_request")
    refused(app.ask("token", {"grant_type": "authorization_code", "code": "", **app.proof()}), "invalid_request")


def test_basic_credentials_are_decoded_or_taken_as_they_are(app):
    ask = {"grant_type": "authorization_code", "code": "dtc_x"}
    encoded = ["".join(f"%{b:02X}" for b in text.encode()) for text in (app.client_id, app.secret)]
    for name, secret in [(app.client_id, app.secret), encoded]:
        refused(post(app.server, "token", ask, basic(name, secret)), "invalid_grant")
        refused(post(app.server, "token", ask, {"Authorization": basic(name, secret)["Authorization"].replace("Basic", "bAsIc")}), "invalid_grant")
        refused(post(app.server, "token", ask, {"Authorization": basic(name, secret)["Authorization"].rstrip("=")}), "invalid_grant")


def test_basic_accepts_a_secret_that_is_not_form_encoded(server):
    """Some clients do not encode: the server tries the raw halves too."""
    app = party(server)
    for secret in ("100%+1", "a+b", "a:b:c", "%zz"):
        server.sql("UPDATE oidc_secrets SET secret_hash = ? WHERE client_id = (SELECT id FROM oidc_clients WHERE client_id = ?)",
                   hashlib.sha256(secret.encode()).digest(), app.client_id)
        refused(post(server, "token", {"grant_type": "authorization_code", "code": "dtc_x"}, basic(app.client_id, secret)), "invalid_grant")


def test_two_authentication_methods_in_one_request_are_refused(app):
    ask, header = {"grant_type": "authorization_code", "code": "dtc_x"}, basic(app.client_id, app.secret)
    refused(post(app.server, "token", {**ask, **app.proof()}, header), "invalid_request")
    refused(post(app.server, "token", {**ask, "client_id": "another"}, header), "invalid_request")
    refused(post(app.server, "token", {**ask, "client_id": app.client_id}, header), "invalid_grant")
    refused(post(app.server, "token", {**ask, "client_id": app.client_id, "client_secret": ""}, header), "invalid_grant")


WRONG_HEADERS = {
    "another scheme": "Bearer dta_x",
    "no credentials": "Basic",
    "a space": "Basic ",
    "not base64": "Basic !!!!",
    "no colon": "Basic " + base64.b64encode(b"name").decode(),
    "no name": "Basic " + base64.b64encode(b":secret").decode(),
    "not UTF-8": "Basic " + base64.b64encode(b"\xff\xfe:secret").decode(),
    "a NUL in the name": "Basic " + base64.b64encode(b"a\0b:secret").decode(),
    "an encoded NUL in the name": "Basic " + base64.b64encode(b"a%00b:secret").decode(),
    "a long name": "Basic " + base64.b64encode(b"a" * 3000 + b":secret").decode(),
    "a very long header": "Basic " + base64.b64encode(b"a" * 6000 + b":secret").decode(),
    "a wrong secret": basic("unknown", "secret")["Authorization"],
}


@pytest.mark.parametrize("why", WRONG_HEADERS)
def test_a_wrong_header_is_answered_with_a_challenge(server, why):
    server.delete_attempts()
    reply = refused(post(server, "token", "grant_type=authorization_code&code=x", {"Authorization": WRONG_HEADERS[why]}), "invalid_client", 401)
    assert reply.headers["WWW-Authenticate"].startswith("Basic ")


def test_without_a_header_there_is_no_challenge(app):
    app.server.delete_attempts()
    for fields in ({}, {"client_id": "unknown"}, {"client_id": "unknown", "client_secret": "x"}, {"client_id": app.client_id}, {"client_id": "a\0b"}):
        reply = refused(app.ask("token", {"grant_type": "authorization_code", "code": "x", **fields}), "invalid_client", 401)
        assert "WWW-Authenticate" not in reply.headers


def test_a_public_client_names_itself(server):
    app = party(server, "--public")
    assert app.secret is None
    refused(app.redeem("dtc_x"), "invalid_grant")
    refused(post(server, "token", "grant_type=authorization_code&code=x", basic(app.client_id, "")), "invalid_grant")
    refused(app.introspect("dta_x"), "invalid_client", 401)


# Userinfo without a flow

def test_userinfo_reads_the_token_from_header_or_body_only(server):
    url = f"{server.origin}/api/oidc/userinfo"
    without = [requests.get(url, timeout=60), requests.get(url + "?access_token=dta_x", timeout=60), requests.post(url, timeout=60),
               requests.post(url + "?access_token=dta_x", data={"a": "b"}, timeout=60), requests.get(url, headers=basic("a", "b"), timeout=60)]
    for reply in without:
        refused(checked(reply), "invalid_token", 401)
        assert reply.headers["WWW-Authenticate"] == 'Bearer realm="userinfo"'
    bearer = {"Authorization": "Bearer dta_x"}
    wrong = [requests.get(url, headers=bearer, timeout=60), requests.post(url, headers=bearer, timeout=60), requests.post(url, data={"access_token": "dta_x"}, timeout=60),
             requests.get(url, headers={"Authorization": "bearer " + "x" * 2000}, timeout=60), requests.get(url, headers={"Authorization": "Bearer a\tb"}, timeout=60)]
    for reply in wrong:
        refused(checked(reply), "invalid_token", 401)
        assert 'error="invalid_token"' in reply.headers["WWW-Authenticate"]
    reply = refused(checked(requests.post(url, headers=bearer, data={"access_token": "dta_x"}, timeout=60)), "invalid_request")
    assert 'error="invalid_request"' in reply.headers["WWW-Authenticate"]


def test_unknown_tokens_are_inactive_and_can_be_revoked(app):
    for token in ("dta_x", "dtr_x", "x", "x" * 2000, "a.b.c", "\u00e9", "a\0b", "dtr_" + "A" * 64):
        assert good(app.introspect(token)) == {"active": False}
        assert good(app.revoke(token)) == {}
    refused(app.ask("introspection", app.proof()), "invalid_request")
    refused(app.ask("revocation", app.proof()), "invalid_request")
    refused(app.introspect("dta_x", client_secret="wrong"), "invalid_client", 401)
    refused(app.revoke("dta_x", client_secret="wrong"), "invalid_client", 401)


# No 5xx

def test_no_input_makes_the_server_fail(app):
    dice = random.Random(1741)
    values = ["", "x", "\0", "a\nb", "%", "\u202e", "\u00e9" * 300, "dtc_" + "A" * 43, "dta_" + "A" * 43, "dtr_" + "A" * 64, "dtr_" + "_" * 64, "A" * 4000, app.client_id, app.secret,
              "authorization_code", "refresh_token", "openid", "openid " * 200, app.redirect_uri, "-1", "{}"]
    names = ["grant_type", "code", "redirect_uri", "code_verifier", "refresh_token", "scope", "client_id", "client_secret", "token", "token_type_hint", "access_token", "state"]
    headers = [{}, basic(app.client_id, app.secret), {"Authorization": "Bearer dtr_" + "A" * 64}, {"Authorization": "Basic ===="}, {"Authorization": ""}]
    for _ in range(400):
        fields = {name: dice.choice(values) for name in dice.sample(names, dice.randrange(len(names)))}
        reply = post(app.server, dice.choice(ENDPOINTS), urllib.parse.urlencode(fields), dice.choice(headers))
        assert reply.status_code < 500, (fields, reply.text)
        app.server.delete_attempts()


def test_an_unavailable_database_gets_a_json_error(tmp_path):
    with Server(tmp_path / "away") as server:
        app = party(server)
        server.faults.set("query", 1, lasting=True)
        try:
            for reply in (app.redeem("dtc_x"), app.userinfo("dta_x"), app.introspect("dta_x"), app.revoke("dta_x")):
                refused(reply, "temporarily_unavailable", 503)
                assert "Retry-After" in reply.headers
        finally:
            server.faults.clear("query")
        refused(app.redeem("dtc_x"), "invalid_grant")


# The flow

OFFLINE = "openid profile email groups offline_access"


def offline(server, *options, **more):
    return party(server, "--scopes", OFFLINE, *options, scope=OFFLINE, **more)


@pytest.mark.parametrize("alg", ["RS256", "ES256", "EdDSA"])
def test_the_code_flow_gives_verified_tokens(server, alg):
    app, person = offline(server, "--id-token-alg", alg, alg=alg), Person(server).full()
    server.command("user", "email", person.name, "anna@example.org")
    server.command("user", "groups", person.name, "wiki,admins")
    tokens = app.sign_in(person)
    assert set(tokens) == {"token_type", "access_token", "expires_in", "scope", "id_token", "refresh_token", "claims"}
    assert (tokens["token_type"], tokens["scope"]) == ("Bearer", OFFLINE)
    assert 3600 - 60 <= tokens["expires_in"] <= 3600, "the session, which is as old as its sign-in, ends an hour after it"
    claims, info = tokens["claims"], good(app.userinfo(tokens["access_token"]))
    assert {"iss", "sub", "aud", "exp", "iat", "auth_time", "amr", "acr", "sid", "at_hash", "jti", "nonce"} <= set(claims)
    assert claims["amr"] == ["pwd", "otp", "mfa"] and claims["acr"] == "https://refeds.org/profile/mfa"
    assert info == {name: claims[name] for name in ("sub", "name", "preferred_username", "updated_at", "email", "email_verified", "groups")}
    assert info["email_verified"] is True and info["groups"] == ["admins", "wiki"] and isinstance(info["updated_at"], int)
    assert good(app.userinfo(tokens["access_token"], method="POST")) == info
    assert good(checked(requests.post(app.url("userinfo"), data={"access_token": tokens["access_token"]}, timeout=60))) == info
    assert good(app.introspect(tokens["refresh_token"])) == {"active": False}, "a server could take it for an access token"
    assert good(app.introspect(tokens["refresh_token"], token_type_hint="refresh_token"))["active"]
    after = good(app.refresh(tokens["refresh_token"]))
    assert after["expires_in"] == 3600, "without a session"
    renewed = app.verify(after["id_token"], after["access_token"], nonce=None)
    assert {name: renewed[name] for name in ("iss", "sub", "aud", "auth_time", "sid", "amr", "acr")} == {
        name: claims[name] for name in ("iss", "sub", "aud", "auth_time", "sid", "amr", "acr")}
    assert renewed["jti"] != claims["jti"]


def test_the_issuer_is_that_of_the_metadata(app):
    metadata = app.metadata()
    assert metadata["issuer"] == app.issuer
    for name in ENDPOINTS:
        assert metadata[f"{name}_endpoint"] == f"{app.issuer}/api/oidc/{name}"


def test_a_second_use_of_a_code_ends_its_tokens(server):
    app = offline(server)
    code, request = app.code(Person(server).full())
    tokens = good(app.redeem(code, request))
    refused(app.redeem(code, request), "invalid_grant")
    refused(app.userinfo(tokens["access_token"]), "invalid_token", 401)
    refused(app.refresh(tokens["refresh_token"]), "invalid_grant")
    assert good(app.introspect(tokens["access_token"])) == {"active": False}


def test_a_client_that_tries_two_ways_keeps_its_code(server):
    """Go's oauth2 tries Basic first, then the body."""
    app = party(server, "--auth-method", "client_secret_post")
    code, request = app.code(Person(server).full())
    refused(app.redeem(code, request, basic=(app.client_id, app.secret)), "invalid_client", 401)
    good(app.redeem(code, request))


@pytest.mark.parametrize("changes", [{"code_verifier": "x" * 43}, {"code_verifier": None}, {"redirect_uri": "https://app.example.org/callback/"}, {"redirect_uri": None}],
                         ids=["another verifier", "no verifier", "another redirect URI", "no redirect URI"])
def test_a_wrong_attempt_invalidates_the_code(server, changes):
    app = party(server)
    code, request = app.code(Person(server).full())
    refused(app.redeem(code, request, **changes), "invalid_grant")
    refused(app.redeem(code, request), "invalid_grant")


def test_a_code_of_another_client_stays_valid(server):
    app, other = party(server), party(server)
    code, request = app.code(Person(server).full())
    refused(other.redeem(code, request), "invalid_grant")
    good(app.redeem(code, request))


def test_a_client_without_pkce_sends_no_verifier(server):
    app = party(server, "--pkce", "optional")
    code, request = app.code(Person(server).full(), app.request(code_challenge=None, code_challenge_method=None))
    refused(app.redeem(code, request, code_verifier="x" * 43), "invalid_grant")
    code, request = app.code(Person(server).full(), app.request(code_challenge=None, code_challenge_method=None))
    good(app.redeem(code, request))


# The end of tokens

def gone(app, tokens):
    """Is the access token refused everywhere?"""
    active = good(app.introspect(tokens["access_token"]))["active"]
    status = app.userinfo(tokens["access_token"]).status_code
    assert (active, status) in ((True, 200), (False, 401))
    return not active


def test_signing_out_ends_all_but_offline_access(server):
    person, away = Person(server).full(), offline(server)
    bound = party(server, "--refresh-session")
    kept, ended = away.sign_in(person), bound.sign_in(person)
    assert not gone(away, kept) and not gone(bound, ended)
    person.log_out()
    assert gone(away, kept) and gone(bound, ended)
    refused(bound.refresh(ended["refresh_token"]), "invalid_grant")
    renewed = good(away.refresh(kept["refresh_token"]))
    assert not gone(away, renewed)


def test_disabling_an_account_ends_all_its_tokens(server):
    person, app = Person(server).full(), offline(server)
    tokens = app.sign_in(person)
    code, request = app.code(person)
    assert server.command("user", "disable", person.name).returncode == 0
    assert gone(app, tokens)
    refused(app.refresh(tokens["refresh_token"]), "invalid_grant")
    refused(app.redeem(code, request), "invalid_grant")


def test_a_password_chosen_by_a_link_ends_offline_access(tmp_path):
    """While the link is unused, a passkey still signs in and makes tokens that survive the session."""
    with Server(tmp_path, public_host="localhost") as server:
        person, app = KeyHolder(server).with_passkey(), offline(server)
        link = server.command("user", "reset-password", person.name).stdout.split("localhost:%d" % server.port)[1].split()[0]
        person.forget().touch()
        tokens = app.sign_in(person)
        password = "fourteen blue herons"
        assert person.send(link, {"password": password, "confirm": password}).status == 303
        assert gone(app, tokens)
        refused(app.refresh(tokens["refresh_token"]), "invalid_grant")


def test_disabling_a_client_ends_all_its_tokens(server):
    person, app = Person(server).full(), offline(server)
    tokens = app.sign_in(person)
    assert server.command("client", "disable", app.client_id).returncode == 0
    refused(app.userinfo(tokens["access_token"]), "invalid_token", 401)
    refused(app.refresh(tokens["refresh_token"]), "invalid_client", 401)


def test_a_person_who_leaves_the_group_loses_the_tokens(tmp_path):
    server = Server(tmp_path / "rules", REGISTRATION="open", PUBLIC_URL="https://login.example.org", GATE_DOMAINS="example.org", TRUSTED_PROXIES="127.0.0.1",
                    ACCESS_RULES="access.yml")
    (server.work / "access.yml").write_text("rules:\n  - client: wiki\n    groups: staff\n    policy: two_factor\n")
    with server:
        app = RelyingParty.add(server, "wiki", "--scopes", OFFLINE, scope=OFFLINE)
        person = Visitor(server).full()
        server.command("user", "groups", person.name, "staff")
        tokens = app.sign_in(person)
        code, request = app.code(person)
        assert not gone(app, tokens)
        server.command("user", "groups", person.name, "guests")
        assert gone(app, tokens)
        refused(app.refresh(tokens["refresh_token"]), "invalid_grant")
        refused(app.redeem(code, request), "invalid_grant")


def withdraw(person):
    hidden = {i["name"]: i.get("value") or "" for i in person.visit("/account/applications").form_to("/account/applications/withdraw").all("input", type="hidden")}
    assert person.post("/account/applications/withdraw", hidden).status == 303


def test_a_withdrawn_consent_ends_code_and_family(server):
    person, app = Person(server).full(), offline(server)
    tokens = app.sign_in(person)
    tokens = good(app.refresh(tokens["refresh_token"]))
    code, request = app.code(person)
    withdraw(person)
    refused(app.refresh(tokens["refresh_token"]), "invalid_grant")
    refused(app.redeem(code, request), "invalid_grant")
    assert gone(app, tokens)
    assert server.sql("SELECT count(*) FROM oidc_grants WHERE client_id = (SELECT id FROM oidc_clients WHERE client_id = ?)", app.client_id)[0][0] == 0
    page = person.visit(app.request().path)
    assert page.status == 200 and page.form_to("/api/oidc/decision"), "it asks again"


def test_revocation_ends_an_access_token_or_a_whole_sign_in(server):
    person, app = Person(server).full(), offline(server)
    tokens = app.sign_in(person)
    assert good(app.revoke(tokens["access_token"], token_type_hint="refresh_token")) == {}
    assert gone(app, tokens)
    tokens = good(app.refresh(tokens["refresh_token"]))
    assert good(app.revoke(tokens["refresh_token"])) == {}
    assert gone(app, tokens)
    refused(app.refresh(tokens["refresh_token"]), "invalid_grant")


# Secrets

def test_no_secret_or_token_is_in_the_log_or_the_database(tmp_path):
    with Server(tmp_path / "secrets", REGISTRATION="open", LOG_LEVEL="debug") as server:
        person, app = Person(server).full(), offline(server)
        code, request = app.code(person)
        tokens = good(app.redeem(code, request))
        renewed = good(app.refresh(tokens["refresh_token"]))
        app.userinfo(renewed["access_token"])
        app.introspect(renewed["access_token"])
        app.revoke(tokens["access_token"])
        app.redeem(code, request)
        app.redeem("dtc_unknown-code", basic=(app.client_id, "a-wrong-secret"))
        app.redeem("dtc_unknown-code", basic=(app.secret, app.client_id))  # id and secret are confused
        texts = {"code": code, "secret": app.secret, "verifier": request.verifier, "state": request.parameters["state"], "wrong": "a-wrong-secret", "unknown": "dtc_unknown-code",
                 **{f"{name} {i}": reply[name] for i, reply in enumerate((tokens, renewed)) for name in ("access_token", "refresh_token", "id_token")}}
        log = server.log()
        assert server.stop() == 0
        stored = b"".join(path.read_bytes() for path in server.data.iterdir() if path.name.startswith("doubletour.sqlite"))
        for what, text in texts.items():
            assert text not in log and text[4:30] not in log, what
            assert text.encode() not in stored, what


# Restarts, nodes and kills

def test_a_refresh_token_survives_a_rotation_of_the_master_key(tmp_path):
    with Server(tmp_path / "rotation", REGISTRATION="open") as server:
        app = offline(server)
        first = app.sign_in(Person(server).full())
        assert server.stop() == 0
        done = server.command("rotate-key")
        assert done.returncode == 0, done.stderr
        server.start()
        second = good(app.refresh(first["refresh_token"]))
        app.verify(second["id_token"], second["access_token"])
        again = good(app.refresh(first["refresh_token"]))
        assert again["refresh_token"] == second["refresh_token"]
        third = good(app.refresh(second["refresh_token"]))
        assert len({t["refresh_token"] for t in (first, second, third)}) == 3
        refused(app.refresh(first["refresh_token"]), "invalid_grant")
        refused(app.refresh(third["refresh_token"]), "invalid_grant")


@pytest.fixture
def pair(postgres, tmp_path):
    """Two nodes on one PostgreSQL, with one clock."""
    settings = {"DATABASE_URL": postgres.new_database(), "SECRET_KEY": secrets.token_hex(32), "REGISTRATION": "open"}
    first = Server(tmp_path / "a", **settings)
    second = Server(tmp_path / "b", **settings, DOUBLETOUR_TEST_CLOCK=first.clock.path)
    with first, second:
        yield first, second


def at_once(servers, path, fields, count=64):
    return together(servers, [form_bytes(servers[i % len(servers)], path, fields, {}) for i in range(count)])


def test_at_most_one_of_64_redemptions_gets_tokens(pair):
    one, two = pair
    app = offline(one)
    code, request = app.code(Person(one).full())
    fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": app.redirect_uri, "code_verifier": request.verifier, **app.proof()}
    answers = at_once(pair, "/api/oidc/token", fields)
    given = [json.loads(answer.body) for answer in answers if answer.status == 200]
    assert len(given) <= 1 and all(answer.status in (200, 400, 503) for answer in answers), answers
    refused(app.redeem(code, request), "invalid_grant")
    for tokens in given:
        refused(app.userinfo(tokens["access_token"]), "invalid_token", 401)
        refused(app.refresh(tokens["refresh_token"]), "invalid_grant")


def test_64_simultaneous_refreshes_on_two_nodes_have_one_successor(pair):
    one, two = pair
    app = offline(one)
    token = app.sign_in(Person(one).full())["refresh_token"]
    for _ in range(3):
        answers = at_once(pair, "/api/oidc/token", {"grant_type": "refresh_token", "refresh_token": token, **app.proof()})
        assert all(answer.status in (200, 503) for answer in answers), answers
        successors = {json.loads(answer.body)["refresh_token"] for answer in answers if answer.status == 200}
        assert len(successors) == 1
        token, = successors


class Killed:
    """Asks for tokens while the keeper is killed, and keeps what the application would keep."""

    def __init__(self, server):
        self.server, self.app = server, offline(server)
        self.person = Person(server).full()
        self.refresh_token = self.app.sign_in(self.person)["refresh_token"]
        self.lost = self.given = 0

    def ask(self, fields):
        """Return the tokens of an answer, or None if it was lost."""
        try:
            reply = self.app.http.post(self.app.url("token"), data={**fields, **self.app.proof()}, timeout=60)
        except requests.RequestException:
            return None
        return good(reply) if reply.status_code != 503 else None

    def kill_while(self, fields, seconds):
        """Send the request, kill the keeper after a time, start it again; return what the application got."""
        began = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(1) as thread:
            asked = thread.submit(self.ask, fields)
            time.sleep(seconds)
            os.kill(self.server.keeper_pid(), signal.SIGKILL)
            got = asked.result()
        self.server.wait()
        wait_until(lambda: not self.server.listening(), "the port is free")
        self.server.start()
        self.server.clock.advance(began - time.monotonic())  # the restart takes no part of the minute
        self.lost += got is None
        self.given += got is not None
        return got


@pytest.mark.sampled
def test_a_kill_during_a_refresh_signs_no_user_out(tmp_path):
    dice = chance()
    with Server(tmp_path / "killed", REGISTRATION="open") as server:
        client = Killed(server)
        for _ in range(scaled(6, 300, whole=25)):
            fields = {"grant_type": "refresh_token", "refresh_token": client.refresh_token}
            got = client.kill_while(fields, dice.choice((0, 0.001, 0.002, 0.004, 0.01)))
            again = good(client.app.refresh(client.refresh_token))
            assert got is None or again["refresh_token"] == got["refresh_token"]
            client.refresh_token = again["refresh_token"]
            good(client.app.userinfo(again["access_token"]))
        assert server.whole()
        evidence("refresh and kill", kills=client.lost + client.given, lost_answers=client.lost)


@pytest.mark.sampled
def test_a_kill_during_a_redemption_redeems_no_code_twice(tmp_path):
    dice = chance()
    with Server(tmp_path / "killed", REGISTRATION="open") as server:
        client = Killed(server)
        for _ in range(scaled(6, 300, whole=25)):
            code, request = client.app.code(client.person)
            fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": client.app.redirect_uri, "code_verifier": request.verifier}
            got = client.kill_while(fields, dice.choice((0, 0.001, 0.002, 0.004, 0.01)))
            again = client.app.redeem(code, request)
            assert got is None or again.status_code == 400, "the code was accepted twice"
            if again.status_code == 400:
                refused(again, "invalid_grant")
        evidence("redemption and kill", kills=client.lost + client.given, lost_answers=client.lost)


# --- queries ----------------------------------------------------------------------------------------------------------


@pytest.mark.sqlite
def test_queries_of_an_account_read_no_grants_of_others(server):
    """A client may have a hundred thousand grants, so SQLite must find the grants of an account by the account."""
    found = 0
    with sqlite3.connect(server.database()) as db:
        for file in (ROOT / "src" / "store" / "sql").glob("oidc_*.sql"):
            for query in re.split(r"^-- name: ", file.read_text(), flags=re.M)[1:]:
                name, _, text = query.partition("\n")
                if "oidc_grants" in text and re.search(r"\baccount_id = \$1", text):
                    plan = " ".join(row[3] for row in db.execute("EXPLAIN QUERY PLAN " + text, [1] * len(set(re.findall(r"\$\d+", text)))))
                    assert "oidc_grants_client" not in plan, name
                    assert name != "oidc_grant_trim" or "COVERING INDEX oidc_grants_account" in plan, plan
                    found += 1
    assert found > 2
