"""The plan "Config OP" of the OpenID Foundation's conformance suite: its only module reads metadata and keys."""

import re

import pytest
import requests

from harness import conformance
from harness.conformance import Suite

pytestmark = pytest.mark.without_postgres

SETTINGS = conformance.SETTINGS
WELL_KNOWN = "/.well-known/openid-configuration"
REQUIRED = {"issuer", "authorization_endpoint", "token_endpoint", "jwks_uri", "response_types_supported", "subject_types_supported",
            "id_token_signing_alg_values_supported"}
FLAGS = {"claims_parameter_supported", "request_parameter_supported", "request_uri_parameter_supported", "require_request_uri_registration",
         "authorization_response_iss_parameter_supported"}
TEXTS = ("issuer", "jwks_uri", "service_documentation", "op_policy_uri", "op_tos_uri")
# Members of RFC 8414, of OpenID Connect Discovery 1.0 and of the specifications that add to them.
KNOWN = FLAGS | set(TEXTS) | {
    "authorization_endpoint", "token_endpoint", "userinfo_endpoint", "introspection_endpoint", "revocation_endpoint", "end_session_endpoint",
    "scopes_supported", "response_types_supported", "response_modes_supported", "grant_types_supported", "subject_types_supported", "acr_values_supported",
    "id_token_signing_alg_values_supported", "token_endpoint_auth_methods_supported", "introspection_endpoint_auth_methods_supported",
    "revocation_endpoint_auth_methods_supported", "code_challenge_methods_supported", "prompt_values_supported", "claim_types_supported", "claims_supported",
    "ui_locales_supported"}


def check_members(document):
    assert REQUIRED <= set(document) <= KNOWN, set(document) ^ KNOWN
    for name, value in document.items():
        if name.endswith("_supported") and name not in FLAGS:
            assert isinstance(value, list) and value and len(set(value)) == len(value) and all(type(each) is str and each for each in value), name
        elif name in FLAGS:
            assert type(value) is bool, name
        else:
            assert type(value) is str and value.startswith("https://"), name


def check_keys(keys):
    """At least one key that a client can verify with; every key has its own name, and no private part."""
    assert keys and len({key["kid"] for key in keys}) == len(keys)
    for key in keys:
        assert key["use"] == "sig" and key["alg"] and key["kty"] in ("RSA", "EC", "OKP"), key
        assert not {"d", "p", "q", "dp", "dq", "qi", "oth", "k"} & set(key), "a private or symmetric key"
    assert "RSA" in [key["kty"] for key in keys]


def test_oidcc_discovery_endpoint_verification(server):
    """Metadata and keys have what the specifications require: types, HTTPS, the issuer, openid, RS256, public keys."""
    suite = Suite.register(server)
    reply = requests.get(server.origin + WELL_KNOWN, timeout=60)
    assert reply.status_code == 200 and reply.headers["Content-Type"].partition(";")[0] == "application/json"
    document = reply.json()
    check_members(document)
    assert document["issuer"] == SETTINGS["PUBLIC_URL"], "where the document was found, without the path"
    assert "code" in document["response_types_supported"] and set(document["subject_types_supported"]) <= {"public", "pairwise"}
    assert "RS256" in document["id_token_signing_alg_values_supported"] and "openid" in document["scopes_supported"]
    assert all(re.fullmatch(r"[\x21\x23-\x5b\x5d-\x7e]+", scope) for scope in document["scopes_supported"])
    assert all(re.fullmatch(r"[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?", tag) for tag in document["ui_locales_supported"])
    assert document["jwks_uri"] == document["issuer"] + "/jwks.json"
    check_keys(suite.keys()["keys"])
