"""The plan "RP-Initiated Logout OP" of the OpenID Foundation's conformance suite: a test of ours for each module."""

import hashlib
import hmac
import json

import pytest

from harness import conformance
from harness.conformance import AFTER_LOGOUT, LONG_STATE, NEEDS_A_PAGE, Suite, unsigned
from harness.conformance import account, person, response_mode, suite  # noqa: F401
from harness.relying_party import b64, read_jwt

SETTINGS = conformance.SETTINGS
END = "/api/oidc/logout"


@pytest.fixture
def hint(suite, person):
    """The ID token of a sign-in in this browser."""
    return suite.flow(person).tokens["id_token"]


def still_signed_in(suite, person):
    assert suite.flow(person, prompt="none").pages == []


def signed_out(suite, person):
    suite.error(person, suite.request(prompt="none"), *NEEDS_A_PAGE)


def refused_on_a_page(suite, person, page, sentence):
    """Check that this is an error page: no session ends, and no link or redirect leads to the client."""
    assert (page.status, page.location) == (400, None) and sentence in page.text, page.html
    assert not page.dom.all("meta", http_equiv="refresh") and AFTER_LOGOUT not in [link.get("href") for link in page.dom.all("a")]
    still_signed_in(suite, person)


def confirms_and_ends(suite, person, page):
    """Check that a page asks, its button ends the session, and then a page of the server says so."""
    assert (page.status, page.location) == (200, None) and person.name in page.text, page.html
    still_signed_in(suite, person)
    form = page.form_to(END)
    person.post(END, {i["name"]: i.get("value") or "" for i in form.all("input", type="hidden")})
    says_that_it_ended(suite, person)


def says_that_it_ended(suite, person):
    assert person.page.status == 303 and person.page.location.startswith("/"), f"{person.page!r}: it must stay here"
    assert "You are signed out." in person.follow().flashes
    signed_out(suite, person)


def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(suite):
    """The metadata names the end-session endpoint, and all endpoints have HTTPS."""
    document = suite.metadata()
    assert document["end_session_endpoint"] == suite.issuer + "/api/oidc/end-session"
    assert all(value.startswith("https://") for name, value in document.items() if name.endswith("_endpoint"))


def test_oidcc_rp_initiated_logout(suite, person, hint):
    """With the ID token, the session ends; the browser returns to the registered address with state only."""
    page = suite.end(person, id_token_hint=hint, post_logout_redirect_uri=AFTER_LOGOUT, state=LONG_STATE)
    assert (page.status, page.location) == (303, f"{AFTER_LOGOUT}?state={LONG_STATE}")
    signed_out(suite, person)


def test_oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(suite, person, hint):
    """An address that is not registered is an error page, not a redirect."""
    page = suite.end(person, id_token_hint=hint, post_logout_redirect_uri="https://suite.example.org/bad_post_logout_redirect_uri", state=LONG_STATE)
    refused_on_a_page(suite, person, page, "not registered")


def test_oidcc_rp_initiated_logout_modified_id_token_hint(suite, person, hint):
    """The ID token without its signature (alg none) is an error page, not a redirect."""
    page = suite.end(person, id_token_hint=unsigned(read_jwt(hint)[1]), post_logout_redirect_uri=AFTER_LOGOUT, state=LONG_STATE)
    refused_on_a_page(suite, person, page, "ID token that this server did not issue")


def test_oidcc_rp_initiated_logout_no_id_token_hint(suite, person, hint):
    """An address without an ID token does not end the session or redirect: a page asks first."""
    page = suite.end(person, post_logout_redirect_uri=AFTER_LOGOUT, state=LONG_STATE)
    assert (page.status, page.location) == (200, None) and page.form_to(END) and not page.dom.all("meta", http_equiv="refresh")
    still_signed_in(suite, person)


def test_oidcc_rp_initiated_logout_no_params(suite, person, hint):
    """A request without parameters signs the person out, after a page has asked."""
    confirms_and_ends(suite, person, suite.end(person))


def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(suite, person, hint):
    """Without an address, the session ends, and a page of the server says so."""
    suite.end(person, id_token_hint=hint, state=LONG_STATE)
    says_that_it_ended(suite, person)


def test_oidcc_rp_initiated_logout_no_state(suite, person, hint):
    """Without state, the browser returns to exactly the registered address."""
    page = suite.end(person, id_token_hint=hint, post_logout_redirect_uri=AFTER_LOGOUT)
    assert (page.status, page.location) == (303, AFTER_LOGOUT)
    signed_out(suite, person)


def test_oidcc_rp_initiated_logout_only_state(suite, person, hint):
    """A request with only state signs the person out, after a page has asked; the state is not used."""
    confirms_and_ends(suite, person, suite.end(person, state=LONG_STATE))


def test_oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(suite, person, hint):
    """The registered address with a query added is not registered: an error page, not a redirect."""
    page = suite.end(person, id_token_hint=hint, post_logout_redirect_uri=AFTER_LOGOUT + "?foo=bar", state=LONG_STATE)
    refused_on_a_page(suite, person, page, "not registered")


def forged(suite, server):
    """Return a token that the client signed with its secret, with iss and aud exchanged."""
    now = int(server.clock.now())
    claims = {"iss": suite.client_id, "sub": "SubjectID", "aud": suite.issuer, "nonce": "flibble", "iat": now, "exp": now + 300}
    signed = ".".join(b64(json.dumps(part).encode()) for part in ({"alg": "HS256"}, claims))
    return signed + "." + b64(hmac.digest(suite.secret.encode(), signed.encode(), hashlib.sha256))


def test_oidcc_rp_initiated_logout_bad_id_token_hint(suite, person, server, hint):
    """A token that the client signed is an error page, not a redirect."""
    page = suite.end(person, id_token_hint=forged(suite, server), post_logout_redirect_uri=AFTER_LOGOUT, state=LONG_STATE)
    refused_on_a_page(suite, person, page, "ID token that this server did not issue")
