"""The plan "Basic OP" of the OpenID Foundation's conformance suite: a test of ours for each of its modules.

Each test is named after its module, and its docstring says what the module checks.  harness/conformance.py is the
client, and makes the checks of every module.  test_conformance_form_post.py runs the same tests with form_post.
"""

import pytest

from harness import conformance
from harness.conformance import CALLBACK, LONG_STATE, NEEDS_A_PAGE, UNREQUESTED, Suite, entropy_bits, unsigned
from harness.conformance import account, person, response_mode, suite  # noqa: F401
from harness.relying_party import good, read_jwt, refused

SETTINGS = conformance.SETTINGS
CLIENT_OPTIONS = ["--id-token", "minimal"]  # ID tokens leave claims of scopes to userinfo, as Core s5.4 says
OFFLINE = "openid offline_access"


def metadata_lists(suite, member, value):
    return value in suite.metadata()[member]


def same_sign_in(first, second):
    """Check that the second flow showed no page, and has the same sign-in as the first one."""
    assert second.pages == [], second.pages
    assert (second.claims["auth_time"], second.claims["sub"]) == (first.claims["auth_time"], first.claims["sub"])


def signed_in_again(server, first, second):
    """Check that the person had to authenticate again in the second flow."""
    assert second.pages and second.claims["sub"] == first.claims["sub"]
    assert first.claims["auth_time"] < second.claims["auth_time"]
    assert second.claims["auth_time"] >= server.clock.now() - 301


# Responses, ID tokens


def test_oidcc_server(suite, person):
    """The code flow succeeds; the code cannot be guessed, and the ID token has no claim that was not asked for."""
    assert metadata_lists(suite, "token_endpoint_auth_methods_supported", "client_secret_basic")
    flow = suite.flow(person)
    assert flow.pages[0].form_to("/login"), "a browser without a session signs in first"
    assert len(flow.code) * 8 >= 128 and entropy_bits(flow.code) >= 96
    assert set(flow.claims) <= UNREQUESTED
    assert set(flow.userinfo) == {"sub"}


def test_oidcc_response_type_missing(suite, person):
    """A request without response_type returns with unsupported_response_type or invalid_request."""
    suite.error(person, suite.request(response_type=None), "unsupported_response_type", "invalid_request")


def test_oidcc_idtoken_signature(suite, person):
    """A client that names no algorithm gets ID tokens signed with RS256, whose header names the key."""
    header, _ = read_jwt(suite.flow(person).tokens["id_token"])
    assert header["alg"] == "RS256" and header["kid"] in [key["kid"] for key in suite.keys()["keys"]]


def test_oidcc_idtoken_unsigned(suite, server):
    """ID tokens without a signature are optional: the metadata does not list "none", and no client can have it."""
    assert not metadata_lists(suite, "id_token_signing_alg_values_supported", "none")
    done = server.command("client", "set", suite.client_id, "id_token_alg=none")
    assert done.returncode != 0, done.stdout


# Userinfo


def test_oidcc_userinfo_get(suite, person):
    """Userinfo answers GET with a bearer token: JSON with the sub of the ID token."""
    flow = suite.flow(person)
    conformance.check_userinfo(good(suite.userinfo(flow.tokens["access_token"])), flow.claims)


def test_oidcc_userinfo_post_header(suite, person):
    """Userinfo answers POST with the token in the header."""
    flow = suite.flow(person)
    conformance.check_userinfo(good(suite.userinfo(flow.tokens["access_token"], method="POST")), flow.claims)


def test_oidcc_userinfo_post_body(suite, person):
    """Userinfo answers POST with the token in the body."""
    flow = suite.flow(person)
    conformance.check_userinfo(good(suite.ask("userinfo", {"access_token": flow.tokens["access_token"]})), flow.claims)


# nonce, scope


def test_oidcc_ensure_request_without_nonce_succeeds_for_code_flow(suite, person):
    """A request of the code flow needs no nonce; then the ID token has none."""
    assert "nonce" not in suite.flow(person, nonce=None).claims


def test_oidcc_scope_profile(suite, person):
    """Userinfo has the claims of the scope profile that the account has; no claim is empty."""
    flow = suite.flow(person, scope="openid profile")
    assert {"sub", "name", "preferred_username", "updated_at"} <= set(flow.userinfo) <= {"sub", "name", "preferred_username", "updated_at", "locale"}
    assert flow.userinfo["preferred_username"] == person.name and all(flow.userinfo.values())


def test_oidcc_scope_email(suite, person, server, response_mode):
    """The scope email gives the address in userinfo, without the name; an ID token need not repeat it."""
    flow = suite.flow(person, scope="openid email")
    assert flow.userinfo == {"sub": flow.claims["sub"], "email": "anna@example.org", "email_verified": True}
    assert not {"email", "name"} & set(flow.claims)
    # The suite warns of this.  Our default puts claims of scopes into the ID token too: some applications need them.
    full = Suite.register(server, response_mode=response_mode).flow(person, scope="openid email")
    assert full.claims["email"] == full.userinfo["email"] and "name" not in full.claims and "name" not in full.userinfo


def scope_is_left_out(suite, person, scope):
    assert not metadata_lists(suite, "scopes_supported", scope)
    flow = suite.flow(person, scope=f"openid {scope}")
    assert flow.tokens["scope"] == "openid" and set(flow.userinfo) == {"sub"}


def test_oidcc_scope_address(suite, person):
    """The module is skipped for a scope that the metadata does not list; such a scope is left out, without an error."""
    scope_is_left_out(suite, person, "address")


def test_oidcc_scope_phone(suite, person):
    """The module is skipped for a scope that the metadata does not list; such a scope is left out, without an error."""
    scope_is_left_out(suite, person, "phone")


def test_oidcc_scope_all(suite, person):
    """All standard scopes in one request: the supported ones are granted, and the answer says which."""
    flow = suite.flow(person, scope="openid email phone address profile")
    assert set(flow.tokens["scope"].split()) == {"openid", "email", "profile"}
    assert {"sub", "email", "email_verified", "name", "preferred_username", "updated_at"} <= set(flow.userinfo)


def test_oidcc_alternate_happy_flow(suite, person):
    """The order of scopes and of parameters does not matter."""
    request = suite.request(scope="email openid")
    request.parameters = dict(sorted(request.parameters.items(), reverse=True))
    flow = suite.flow(person, request)
    assert flow.userinfo["email"] == "anna@example.org" and not {"email", "name"} & set(flow.claims)


# display, prompt, max_age


def test_oidcc_display_page(suite, person):
    """display=page causes no error: the sign-in page appears, and the flow succeeds."""
    assert suite.flow(person, display="page").pages[0].form_to("/login")


def test_oidcc_display_popup(suite, person):
    """display=popup causes no error: the sign-in page appears, and the flow succeeds."""
    assert suite.flow(person, display="popup").pages[0].form_to("/login")


def test_oidcc_prompt_login(suite, person, server):
    """prompt=login makes a signed-in person authenticate again, and auth_time is later."""
    first = suite.flow(person)
    server.clock.advance(1)
    second = suite.flow(person, prompt="login")
    assert second.pages[0].form_to("/api/oidc/login")
    signed_in_again(server, first, second)


def test_oidcc_prompt_none_not_logged_in(suite, person):
    """prompt=none without a session returns with an error for "a page is needed"; a long state is unchanged."""
    suite.error(person, suite.request(prompt="none", state=LONG_STATE), *NEEDS_A_PAGE)


def test_oidcc_prompt_none_logged_in(suite, person, server):
    """prompt=none with a session shows no page; sub and auth_time are those of the first ID token."""
    first = suite.flow(person)
    server.clock.advance(60)
    same_sign_in(first, suite.flow(person, prompt="none"))


def test_oidcc_max_age_1(suite, person, server):
    """max_age=1 after more than a second makes the person authenticate again; auth_time is there, later, and recent."""
    first = suite.flow(person)
    server.clock.advance(2)
    signed_in_again(server, first, suite.flow(person, max_age="1"))


def test_oidcc_max_age_10000(suite, person, server):
    """max_age=10000 soon after a sign-in asks nothing; sub and auth_time are those of the first ID token."""
    first = suite.flow(person, max_age="15000")
    server.clock.advance(60)
    same_sign_in(first, suite.flow(person, max_age="10000"))


# Other parameters


def test_oidcc_ensure_request_with_unknown_parameter_succeeds(suite, person):
    """A parameter that no specification defines is ignored."""
    suite.flow(person, extra="foobar")


def test_oidcc_id_token_hint(suite, person, server):
    """prompt=none with the first ID token as id_token_hint shows no page; sub and auth_time are the same."""
    first = suite.flow(person)
    server.clock.advance(60)
    same_sign_in(first, suite.flow(person, prompt="none", id_token_hint=first.tokens["id_token"]))


def test_oidcc_login_hint(suite, person):
    """login_hint causes no error, also for a name that does not exist; it fills the sign-in page."""
    flow = suite.flow(person, login_hint="buffy@login.example.org")
    assert flow.pages[0].by_id("username")["value"] == "buffy@login.example.org"


@pytest.mark.parametrize("asked, shown", [("se", "en"), ("fr", "fr")])
def test_oidcc_ui_locales(suite, person, asked, shown):
    """ui_locales causes no error, also for an unknown language; the sign-in page has the language if there is one."""
    assert f'<html lang="{shown}"' in suite.flow(person, ui_locales=asked).pages[0].html


def test_oidcc_claims_locales(suite, person):
    """claims_locales causes no error."""
    suite.flow(person, claims_locales="se")


def test_oidcc_ensure_request_with_acr_values_succeeds(suite, person):
    """acr_values with all listed classes causes no error; the ID token names one of them."""
    listed = suite.metadata()["acr_values_supported"]
    assert suite.flow(person, acr_values=" ".join(listed)).claims["acr"] in listed


# Codes


def test_oidcc_codereuse(suite, person):
    """A code that is used again at once is refused with invalid_grant."""
    flow = suite.flow(person)
    refused(suite.redeem(flow.code, flow.request), "invalid_grant")


def test_oidcc_codereuse_30seconds(suite, person, server):
    """A code that is used again after 30 seconds is refused, and its access token ends (RFC 6749 s4.1.2)."""
    flow = suite.flow(person)
    server.clock.advance(30)
    good(suite.userinfo(flow.tokens["access_token"]))
    refused(suite.redeem(flow.code, flow.request), "invalid_grant")
    refused(suite.userinfo(flow.tokens["access_token"]), "invalid_token", 401)


# Requests in other forms


def test_oidcc_ensure_registered_redirect_uri(suite, person):
    """A redirect URI that is not registered is an error page, not a redirect."""
    page = suite.open(person, suite.request(redirect_uri=CALLBACK + "/Xq3vT9bLk2"))
    assert (page.status, page.location) == (400, None) and "not registered" in page.text and CALLBACK in page.text


def test_oidcc_ensure_post_request_succeeds(suite, person, server):
    """The authorization endpoint takes POST from another origin, without cookies; the flow succeeds."""
    first = suite.flow(person, method="POST")
    server.clock.advance(60)
    same_sign_in(first, suite.flow(person, method="POST"))


def test_oidcc_server_client_secret_post(server, person, response_mode):
    """The code flow succeeds for a client that sends its secret in the body of the token request."""
    suite = Suite.register(server, "--auth-method", "client_secret_post", response_mode=response_mode)
    suite.by_post = True
    assert metadata_lists(suite, "token_endpoint_auth_methods_supported", "client_secret_post")
    suite.flow(person)


def test_oidcc_request_uri_unsigned_supported_correctly_or_rejected_as_unsupported(suite, person):
    """request_uri is optional: a server without it answers request_uri_not_supported, and its metadata says so."""
    assert suite.metadata()["request_uri_parameter_supported"] is False
    suite.error(person, suite.request(state=None, nonce=None, request_uri="https://suite.example.org/request#a"), "request_uri_not_supported")


def with_object(suite, response_mode=None, **changes):
    """Make a request in an unsigned object; the parameters that OAuth requires are also outside of it."""
    inside = suite.request()
    changes = {"state": None, "nonce": None, "response_mode": response_mode, **changes}
    return suite.request(request=unsigned({"iss": suite.client_id, **inside.parameters}), **changes)


def test_oidcc_unsigned_request_object_supported_correctly_or_rejected_as_unsupported(suite, person, response_mode):
    """request is optional: a server without it answers request_not_supported, and its metadata says so."""
    assert suite.metadata()["request_parameter_supported"] is False
    suite.error(person, with_object(suite), "request_not_supported")
    suite.error(person, with_object(suite, response_mode), "request_not_supported")


def test_oidcc_ensure_request_object_with_redirect_uri(suite, person, response_mode):
    """A server without request objects shows an error page for a wrong redirect URI, whatever the object says."""
    for mode in {None, response_mode}:
        page = suite.open(person, with_object(suite, mode, redirect_uri=CALLBACK + "_invalid"))
        assert (page.status, page.location) == (400, None) and "not registered" in page.text


def test_oidcc_claims_essential(suite, person, server, response_mode):
    """The claim name, asked for as essential, is in userinfo and not in the ID token."""
    claims = '{"userinfo": {"name": {"essential": true}}}'
    silent = Suite.register(server, "--consent", "never", "--id-token", "minimal", response_mode=response_mode)
    flow = silent.flow(person, claims=claims)
    assert flow.userinfo["name"] and "name" not in flow.claims
    # The suite warns of this.  A client with consent needs the scope of the claim, because the page shows scopes.
    assert "name" not in suite.flow(person, claims=claims).userinfo


# Refresh tokens, PKCE


def refreshed(suite, person, server, **fields):
    """Sign in, and refresh once; return the refresh token and the new answer."""
    flow = suite.flow(person, scope=OFFLINE, prompt="consent", nonce="n" * fields.pop("nonce_length", 12))
    server.clock.advance(1)
    reply = suite.refresh(flow.tokens["refresh_token"], **fields)
    tokens = good(reply)
    claims = suite.check_id_token(tokens)
    same = ("iss", "sub", "aud", "auth_time")
    assert {name: claims[name] for name in same} == {name: flow.claims[name] for name in same} and "azp" not in claims
    assert claims["iat"] > flow.claims["iat"] and tokens["access_token"] != flow.tokens["access_token"]
    for name in ("access_token", "refresh_token"):
        assert len(tokens[name]) * 8 >= 128 and entropy_bits(tokens[name]) >= 96 and tokens[name].isascii() and tokens[name].isprintable()
    good(suite.userinfo(tokens["access_token"]))
    return tokens["refresh_token"]


def test_oidcc_refresh_token(suite, person, server, response_mode):
    """A refresh token gives new tokens of the same sign-in, and is refused from another client."""
    assert metadata_lists(suite, "grant_types_supported", "refresh_token") and metadata_lists(suite, "scopes_supported", "offline_access")
    refreshed(suite, person, server, scope=OFFLINE)
    second = Suite.register(server, response_mode=response_mode, query="?dummy1=lorem&dummy2=ipsum")
    token = refreshed(second, person, server, nonce_length=43)
    refused(suite.refresh(token), "invalid_grant")


def test_oidcc_ensure_request_with_valid_pkce_succeeds(suite, person):
    """A request with PKCE succeeds, with its verifier at the token endpoint."""
    assert metadata_lists(suite, "code_challenge_methods_supported", "S256")
    flow = suite.flow(person, pkce=True)
    assert flow.request.parameters["code_challenge_method"] == "S256"
