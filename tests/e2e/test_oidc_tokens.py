"""The endpoints that applications ask: token, userinfo, introspection, revocation.  docs/reference/openid-connect.md"""

import base64
import hashlib
import http.client
import itertools
import json
import random
import urllib.parse

import pytest
import requests

from harness import Server
from harness.raw import raw
from harness.relying_party import RelyingParty, checked, good, refused

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
    """Before the client is looked at: no credentials are sent."""
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

def test_the_client_comes_before_the_grant_type_and_the_code(app):
    wrong = {**app.proof(), "client_secret": "wrong"}
    for fields in ({}, {"grant_type": "password"}, {"grant_type": "authorization_code", "code": "dtc_x"}, {"grant_type": "authorization_code"}):
        refused(app.ask("token", {**fields, **wrong}), "invalid_client", 401)
    app.server.forgive()
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


def test_basic_with_a_secret_that_is_not_form_encoded(server):
    """Clients that do not encode: the raw halves are tried too."""
    app = party(server)
    for secret in ("100%+1", "a+b", "a:b:c", "%zz"):
        server.sql("UPDATE oidc_secrets SET secret_hash = ? WHERE client_id = (SELECT id FROM oidc_clients WHERE client_id = ?)",
                   hashlib.sha256(secret.encode()).digest(), app.client_id)
        refused(post(server, "token", {"grant_type": "authorization_code", "code": "dtc_x"}, basic(app.client_id, secret)), "invalid_grant")


def test_one_way_to_authenticate_in_one_request(app):
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
    server.forgive()
    reply = refused(post(server, "token", "grant_type=authorization_code&code=x", {"Authorization": WRONG_HEADERS[why]}), "invalid_client", 401)
    assert reply.headers["WWW-Authenticate"].startswith("Basic ")


def test_without_a_header_there_is_no_challenge(app):
    app.server.forgive()
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


def test_other_texts_are_inactive_and_revoked(app):
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
        app.server.forgive()


def test_a_database_that_is_away_is_said_in_json(tmp_path):
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
