"""Discovery: the two documents with the metadata of the provider, and the keys of ID tokens."""

import base64
import hashlib
import json

import pytest
import requests

from harness.server import Server, wait_until

pytestmark = pytest.mark.without_postgres

ISSUER = "https://login.example.org"
DOCUMENTS = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")
KEYS = "/jwks.json"
MEMBERS = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/api/oidc/authorization",
    "token_endpoint": f"{ISSUER}/api/oidc/token",
    "userinfo_endpoint": f"{ISSUER}/api/oidc/userinfo",
    "introspection_endpoint": f"{ISSUER}/api/oidc/introspection",
    "revocation_endpoint": f"{ISSUER}/api/oidc/revocation",
    "end_session_endpoint": f"{ISSUER}/api/oidc/end-session",
    "jwks_uri": f"{ISSUER}/jwks.json",
    "response_types_supported": ["code"],
    "response_modes_supported": ["query", "fragment", "form_post"],
    "grant_types_supported": ["authorization_code", "refresh_token"],
    "scopes_supported": ["openid", "profile", "email", "groups", "offline_access"],
    "subject_types_supported": ["public"],
    "id_token_signing_alg_values_supported": ["RS256", "ES256", "EdDSA"],
    "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
    "introspection_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
    "revocation_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post", "none"],
    "code_challenge_methods_supported": ["S256"],
    "prompt_values_supported": ["none", "login", "consent", "select_account"],
    "acr_values_supported": ["https://refeds.org/profile/mfa", "https://refeds.org/profile/sfa", "phr"],
    "claim_types_supported": ["normal"],
    "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "amr", "acr", "sid", "at_hash", "jti", "nonce", "name",
                         "preferred_username", "locale", "updated_at", "email", "email_verified", "groups"],
    "ui_locales_supported": ["en", "fr"],
    "authorization_response_iss_parameter_supported": True,
    "claims_parameter_supported": True,
    "request_parameter_supported": False,
    "request_uri_parameter_supported": False,
}
PRIVATE = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}
EACH_KIND = {"RS256": ("RSA", {"e", "n"}), "ES256": ("EC", {"crv", "x", "y"}), "EdDSA": ("OKP", {"crv", "x"})}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(tmp_path_factory.mktemp("discovery"), PUBLIC_URL=ISSUER, TRUSTED_PROXIES="127.0.0.1") as one:
        yield one


def ask(server, path, method="GET", **headers):
    return requests.request(method, server.origin + path, headers=headers, timeout=300, allow_redirects=False)


def add_client(server, client_id, algorithm="RS256"):
    server.sql("INSERT INTO oidc_clients (client_id, name, redirect_uris, scopes, id_token_alg, created_at_us) VALUES (?, ?, ?, ?, ?, ?)",
               client_id, "Wiki", "https://wiki.example.org/callback", "openid", algorithm, 1)


def keys(server):
    return ask(server, KEYS).json()["keys"]


def algorithms(server):
    return sorted(key["alg"] for key in keys(server))


def thumbprint(key):
    """RFC 7638 s3: the required members, sorted and without blanks."""
    required = {"kty", *EACH_KIND[key["alg"]][1]}
    text = json.dumps({name: key[name] for name in sorted(required)}, separators=(",", ":"))
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()


# --- the documents ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", DOCUMENTS)
def test_the_document_lists_exactly_what_works(server, path):
    answer = ask(server, path)
    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "application/json"
    assert answer.json() == MEMBERS


def test_each_endpoint_of_the_document_is_a_route(server):
    routes = {row["path"] for row in json.loads(server.command("routes", "--json").stdout)}
    named = {value.removeprefix(ISSUER) for name, value in MEMBERS.items() if name.endswith(("_endpoint", "_uri"))}
    assert named - routes == set()


@pytest.mark.parametrize("path", (*DOCUMENTS, KEYS))
def test_browsers_and_caches_of_every_origin_may_keep_it(server, path):
    answer = ask(server, path, Origin="https://app.example.net")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert "Access-Control-Allow-Credentials" not in answer.headers
    assert "Set-Cookie" not in answer.headers
    assert answer.headers["Cache-Control"] == ("public, max-age=300" if path == KEYS else "public, max-age=3600")
    assert "Pragma" not in answer.headers


@pytest.mark.parametrize("path", (*DOCUMENTS, KEYS))
def test_preflight_requests_are_answered(server, path):
    answer = ask(server, path, "OPTIONS", **{"Origin": "https://app.example.net", "Access-Control-Request-Method": "GET"})
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Access-Control-Allow-Methods"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("path", (*DOCUMENTS, KEYS))
def test_other_methods_are_refused_in_json(server, path):
    answer = ask(server, path, "POST")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD, OPTIONS"
    assert answer.json()["error"] == "invalid_request"
    assert ask(server, path, "HEAD").status_code == 200


@pytest.mark.parametrize("path", DOCUMENTS)
def test_the_issuer_does_not_depend_on_the_request(server, path):
    answer = ask(server, path, **{"Host": "evil.example.net", "X-Forwarded-Host": "evil.example.net", "X-Forwarded-Proto": "http"})
    assert answer.json() == MEMBERS


def test_without_public_url_the_issuer_is_localhost(tmp_path):
    with Server(tmp_path) as one:
        for path in DOCUMENTS:
            assert ask(one, path).json()["issuer"] == f"http://localhost:{one.port}"


# --- the keys ---------------------------------------------------------------------------------------------------------


def test_keys_follow_the_clients(tmp_path):
    """No key without a client; those of other algorithms only while a client uses them.  No restart is needed."""
    with Server(tmp_path) as one:
        assert keys(one) == []
        add_client(one, "wiki")
        one.restart()
        wait_until(lambda: algorithms(one) == ["RS256"], "the first key is published")
        add_client(one, "files", "ES256")
        add_client(one, "photos", "EdDSA")
        one.restart()
        wait_until(lambda: algorithms(one) == ["ES256", "EdDSA", "RS256"], "the others are published")
        found = keys(one)
        one.sql("UPDATE oidc_clients SET disabled_at_us = 1 WHERE client_id <> ?", "wiki")
        assert algorithms(one) == ["RS256"]
        one.restart()
        assert keys(one) == [key for key in found if key["alg"] == "RS256"]
        assert one.whole()
        for key in found:
            check_key(key)
        assert len({key["kid"] for key in found}) == 3
        gate = ask(one, "/.well-known/jwks.json").json()["keys"]
        assert {key["x"] for key in gate} & {key.get("x") for key in found} == set()


def check_key(key):
    kty, members = EACH_KIND[key["alg"]]
    assert set(key) == {"kty", "use", "alg", "kid", *members}
    assert not PRIVATE & set(key)
    assert (key["kty"], key["use"]) == (kty, "sig")
    assert key["kid"] == thumbprint(key)
    if kty == "RSA":
        modulus = base64.urlsafe_b64decode(key["n"] + "==")
        assert (len(modulus), modulus[0] >> 7, modulus[-1] & 1, key["e"]) == (256, 1, 1, "AQAB")


def test_private_keys_are_sealed_in_the_database(tmp_path):
    with Server(tmp_path) as one:
        add_client(one, "wiki")
        one.restart()
        wait_until(lambda: len(keys(one)) == 1, "the first key is published")
        (kid, sealed), = one.sql("SELECT kid, private_sealed FROM oidc_keys")
        assert kid == keys(one)[0]["kid"]
        assert sealed[0] == 1 and b"\x02\x03\x01\x00\x01" not in sealed  # neither PKCS #8 nor its exponent
